"""Diagrams of the shipped tables and of small tables of a lamp."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from podfsm.draw import files, render, run, to_dot
from podfsm.draw.abstract import follow, start_values
from podfsm.draw.content import diagram, highlighted
from podfsm.draw.diagram import Cluster, Diagram, Edge, Language, Node
from podfsm.draw.pictures import pictures
from podfsm.draw.regions import influences
from podfsm.draw.words import Words
from podfsm.errors import PodfsmError
from podfsm.language.load import load
from podfsm.language.model import Model
from podfsm.language.tables import shipped
from podfsm.requests import DrawRequest

LAMP = """
actors:
  hand: {title: hand, colour: "#0072b2", why: somebody}
  fuse: {title: fuse, colour: "#d55e00", why: the fuse}
features: {}
collections:
  room: {of: "", from: ""}
domains:
  light: {values: [off, dim, bright, broken], open: {blue: no lamp is blue}, why: how it shines}
  fuse-state: {values: [whole, blown], why: the fuse}
machines:
  lamp:
    title: lamp
    per: room
    why: it shines
    main: light
    variables:
      light: {domain: light, start: "off", why: how it shines}
    events:
      press:
        title: switch pressed
        actor: hand
        when: "fuse = whole"
        order: first
        cite: the manual
        rows:
        - {id: lamp.on, when: "light = off", then: {light: dim}, why: it begins to shine}
        - {id: lamp.more, when: "light = dim", then: {light: bright}, why: it shines more}
        - {id: lamp.off, when: "light = bright", then: {light: "off"}, why: it stops}
      slam:
        title: door slammed
        actor: hand
        when: "light != broken"
        then: {light: "= if(light = bright, 'broken', light)"}
        why: a hot wire breaks
        cite: the manual
  box:
    title: fuse box
    per: room
    why: it protects
    main: fuse
    variables:
      fuse: {domain: fuse-state, start: whole, why: the fuse}
    events:
      blow:
        title: fuse blows
        actor: fuse
        when: "fuse = whole and light = bright"
        then: {fuse: blown, light: "off"}
        why: too much light
        cite: the manual
tables:
  bill:
    title: Is there something to pay?
    per: room
    result: bool
    cite: the manual
    rows:
    - {id: bill.dark, when: "light = off", then: false, why: dark is free}
    - {id: bill.blown, when: "fuse = blown", then: false, why: so is a blown fuse}
    - {id: bill.light, then: true, why: light costs}
views:
  shine:
    title: shine
    per: room
    shows: light
    decided: bill
    nodes: {"off": dark, dim: dim, bright: bright, broken: broken}
    unused: {blue: no lamp is blue}
    edges:
    - {id: shine.on, from: "off", to: dim, causes: [[lamp.on]], why: x}
    - {id: shine.more, from: dim, to: bright, causes: [[lamp.more]], why: x}
    - {id: shine.out, from: bright, to: "off", causes: [[lamp.off], [box.blow]], why: x}
    - {id: shine.break, from: bright, to: broken, defect: D1, causes: [[lamp.slam]], why: x}
defects:
  D1: {title: the wire breaks}
arrows:
  lamp.more: pressed again
diagrams:
  shine: {title: Shine, view: shine}
  boxed: {title: Shine, view: shine, clusters: {lit: [dim, bright], unlit: ["off", broken]}}
  both: {title: Lamp and fuse, states: [room.light, room.fuse], nodes: {whole: the fuse is whole}}
  light: {title: Light, states: room.light, never: [[bright, "off", box.blow]]}
  bill: {title: Bill, tables: bill, nodes: {"true": pay}}
  house: {title: House, regions: [lamp, box]}
"""


@pytest.fixture(scope="module")
def lamp(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return tables(tmp_path_factory.mktemp("tables"), LAMP)


def tables(folder: Path, text: str) -> Model:
    (folder / "lamp.yaml").write_text(text)
    return load(folder)


def arrows(made: Diagram) -> dict[tuple[str, str, str | None], tuple[str, ...]]:
    return {(edge.source, edge.target, edge.actors[0] if edge.actors else None): edge.label for edge in made.edges}


def kinds(made: Diagram) -> dict[str, str]:
    return {node.id: node.kind for node in made.nodes}


# --------------------------------------------------------------------------------------------------------- small tables


def test_a_view_has_one_arrow_per_ends_and_actor(lamp: Model) -> None:
    made = diagram(lamp, "shine")
    assert arrows(made) == {
        ("off", "dim", "hand"): ("switch pressed",),
        ("dim", "bright", "hand"): ("pressed again",),
        ("bright", "off", "hand"): ("switch pressed",),
        ("bright", "off", "fuse"): ("fuse blows",),
        ("bright", "broken", "hand"): ("by defect D1 only:", "door slammed"),
    }
    assert [edge.id for edge in made.edges if edge.defect] == ["bright -> broken by hand D1"]
    assert kinds(made) == {
        "off": "initial",
        "dim": "state",
        "bright": "state",
        "broken": "terminal",
        "blue": "unused",
    }


def test_arrows_between_boxes_are_one_and_tell_where_they_lead(lamp: Model) -> None:
    found = arrows(diagram(lamp, "boxed"))
    assert found["bright", "off", "hand"] == ("switch pressed",)
    assert found["bright", "broken", "hand"] == ("by defect D1 only:", "door slammed")
    assert found["off", "dim", "hand"] == ("switch pressed",)
    assert found["dim", "bright", "hand"] == ("pressed again",)


def test_variables_are_drawn_in_boxes_with_what_makes_a_change_possible(lamp: Model) -> None:
    made = diagram(lamp, "both")
    assert {cluster.label for cluster in made.clusters} == {("lamp",), ("fuse box",)}
    assert next(node.label for node in made.nodes if node.id == "fuse: whole") == ("the fuse is whole",)
    influences = {(e.source, e.target) for e in made.edges if e.actors == ("influence",)}
    assert ("fuse: whole", "light: dim") in influences  # with a blown fuse the lamp stays off
    assert ("light: bright", "fuse: blown") not in influences  # the same event changes both
    assert arrows(made)["light: bright", "light: off", "fuse"] == ("fuse blows",)


def test_what_a_diagram_says_never_happens_is_left_out(lamp: Model) -> None:
    assert ("bright", "off", "fuse") not in arrows(diagram(lamp, "light"))
    assert ("bright", "off", "hand") in arrows(diagram(lamp, "light"))


def test_a_table_shows_its_results_with_the_rows_that_decide(lamp: Model) -> None:
    (node,) = diagram(lamp, "bill").nodes
    assert node.label == ("Is there something to pay?",)
    assert node.rows == (("1. dark is free", "false"), ("2. so is a blown fuse", "false"), ("3. light costs", "pay"))


def test_regions_read_and_change_each_other(lamp: Model) -> None:
    found = {key: (list(share.variables), share.actors) for key, share in influences(lamp).items()}
    assert found["box", "lamp", "reads"] == (["fuse"], {"hand"})
    assert found["lamp", "box", "reads"] == (["light"], {"fuse"})
    assert found["box", "lamp", "changes"] == (["light"], {"fuse"})
    assert ("lamp", "box", "changes") not in found
    assert {(edge.source, edge.target, edge.kind, edge.actors) for edge in diagram(lamp, "house").edges} == {
        ("box", "lamp", "reads", ("hand",)),
        ("lamp", "box", "reads", ("fuse",)),
        ("box", "lamp", "changes", ("fuse",)),
    }


def test_followed_variables_know_their_guards(lamp: Model) -> None:
    followed = follow(lamp, "room", ["light", "fuse"])
    assert followed.starts == {("off", "whole")}
    assert ("broken", "blown") not in followed.reached
    assert all(change.before[1] == "whole" for change in followed.changes)
    assert set(start_values(lamp, "room", lamp.views["shine"].shows.expr) or ()) == {"off"}


def test_a_current_state_and_a_path_are_highlighted(lamp: Model) -> None:
    made = diagram(lamp, "shine", current=["dim"], visited=["off", "dim", "bright"])
    assert made.current == {"dim"}
    assert made.path == {"off -> dim by hand", "dim -> bright by hand"}
    assert diagram(lamp, "both", current=["dim"]).current == {"light: dim"}
    with pytest.raises(PodfsmError, match="did you mean bright"):
        diagram(lamp, "shine", current=["brigt"])


def test_a_path_goes_along_arrows_of_boxes() -> None:
    nodes = (Node("a", ("a",), cluster="box"), Node("b", ("b",), cluster="box"), Node("c", ("c",)))
    edges = (Edge("out", "box", "c"), Edge("in", "c", "box"))
    made = Diagram("d", "D", nodes, edges, (Cluster("box", ("box",)),))
    assert highlighted(made, [], ["a", "c"]).path == {"out"}
    source = to_dot(made)
    assert '"b" -> "c" [ltail="cluster_box"' in source
    assert '"c" -> "a" [lhead="cluster_box"' in source


def test_a_label_groups_causes_by_where_they_lead(lamp: Model) -> None:
    words = Words(lamp, "en")
    assert words.listed({"": ["one"]}) == ("one",)
    assert words.listed({"from a:": ["two", "three"], "": ["one"]}) == ("• one", "from a:", "• two", "• three")
    assert words.listed({words.between("", "b"): ["one"], words.between("a", "b"): ["two"]}) == (
        "→ b: one",
        "a → b: two",
    )
    assert words.between("", "") == ""


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("x: {title: X}", "diagram x must show one of: view, states and tables, regions"),
        ("x: {title: X, view: shin}", "unknown view 'shin'; did you mean shine?"),
        ("x: {title: X, view: shine, tables: bill}", "must show one of"),
        ("x: {title: X, tables: bil}", "unknown table 'bil'; did you mean bill?"),
        ("x: {title: X, states: room.lihgt}", "unknown variable 'room.lihgt'; did you mean room.light"),
        ("x: {title: X, regions: [lamb]}", "unknown machine 'lamb'; did you mean lamp?"),
        ("x: {title: X, states: room.light, never: [[a, b, lamp.prss]]}", "unknown event 'lamp.prss'"),
        ("x: {title: X, states: room.light, never: [[a, b]]}", "a list of three"),
    ],
)
def test_wrong_entries_are_refused_with_their_place(tmp_path: Path, entry: str, message: str) -> None:
    model = tables(tmp_path, f"{LAMP}  {entry}\n")
    line = (LAMP + entry).count("\n") + 1
    with pytest.raises(PodfsmError, match=rf"lamp\.yaml:{line}:3: .*{re.escape(message)}"):
        pictures(model)


# -------------------------------------------------------------------------------------------------- the shipped tables

NAMES = tuple(pictures(shipped()))


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_diagram_is_drawn(name: str, language: Language) -> None:
    made = diagram(shipped(), name, language)
    source = to_dot(made)
    assert source == to_dot(diagram(shipped(), name, language))
    width, height = (float(size) for size in re.findall(r'viewBox="0\S* \S+ (\S+) (\S+)"', render(source).decode())[0])
    assert width <= 1200, "at 1200 pixels its labels, of 11 points, would be too small to read"
    assert height <= 1800
    assert len(made.edges) <= 45, "nobody finds a way through so many arrows"


def test_every_view_has_a_diagram() -> None:
    assert {picture.view for picture in pictures(shipped()).values()} >= set(shipped().views)


@pytest.mark.parametrize("name", [name for name in NAMES if pictures(shipped())[name].view])
def test_no_edge_of_a_view_is_lost(name: str) -> None:
    """Every declared edge is an arrow between its nodes, or between the boxes around them."""
    model = shipped()
    made, view = diagram(model, name), model.views[pictures(model)[name].view]
    box = {node.id: node.cluster for node in made.nodes}
    drawn = {(edge.source, edge.target) for edge in made.edges}
    for edge in view.edges:
        ends = [{end, box[end]} for end in (edge.source, edge.target)]
        assert edge.source == edge.target or any((s, t) in drawn for s in ends[0] for t in ends[1]), edge.id


def test_a_korean_diagram_says_everything_in_korean() -> None:
    model = shipped()
    for name in NAMES:
        for part in (diagram(model, name, "ko").title, diagram(model, name, "ko").caption):
            assert re.search("[가-힣]", part), f"{name}: {part}"


def test_build_gets_dot_and_svg_of_every_diagram(lamp: Model) -> None:
    found = files(lamp, None)
    names = [f"diagrams/{name}.{language}" for name in pictures(lamp) for language in get_args(Language)]
    assert sorted(found) == sorted(f"{name}.{suffix}" for name in names for suffix in ("dot", "svg"))
    assert found == files(lamp, None)


def test_without_an_engine_the_dot_is_made_all_the_same(
    lamp: Model, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> bytes:
        raise PodfsmError("no Graphviz found")

    monkeypatch.setattr("podfsm.draw.command.render", fail)
    found = files(lamp, None)
    assert {Path(path).suffix for path in found} == {".dot"}
    assert capsys.readouterr().err == "no Graphviz found; only the DOT is made\n"


# --------------------------------------------------------------------------------------------------------- the command


def test_without_a_name_the_diagrams_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(DrawRequest()) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == list(NAMES)


def test_the_picture_is_named_after_the_view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(DrawRequest(view="scheduling")) == 0
    assert run(DrawRequest(view="scheduling", format="dot")) == 0
    assert run(DrawRequest(view="scheduling", out=Path("sub/s.png"))) == 0
    assert (tmp_path / "scheduling.svg").read_text().startswith("<svg ")
    assert (tmp_path / "scheduling.dot").read_text() == to_dot(diagram(shipped(), "scheduling"))
    assert (tmp_path / "sub" / "s.png").read_bytes().startswith(b"\x89PNG")


def test_unusable_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PodfsmError, match="unknown diagram 'schedulin'; did you mean scheduling"):
        run(DrawRequest(view="schedulin"))
    with pytest.raises(PodfsmError, match="its suffix is none of svg, png, pdf, dot"):
        run(DrawRequest(view="scheduling", out=Path("s.gif")))
    with pytest.raises(PodfsmError, match=r"no program.*\n.*s\.dot: written instead"):
        run(DrawRequest(view="scheduling", out=Path("s.svg"), dot="no-such-dot"))
    assert (tmp_path / "s.dot").is_file()


def test_a_pod_is_drawn_with_what_it_can_do_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pod = "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: a, image: i}]}}"
    (tmp_path / "pod.yaml").write_text(pod)
    assert run(DrawRequest(manifest="pod.yaml", view="pod-phase", format="dot")) == 0
    made = (tmp_path / "web.dot").read_text()
    whole = to_dot(diagram(shipped(), "pod-phase"))
    assert "web" in made
    assert len(re.findall("->", made)) < len(re.findall("->", whole))
    with pytest.raises(PodfsmError, match="'scheduling' cannot be drawn of one pod"):
        run(DrawRequest(manifest="pod.yaml", view="scheduling"))
