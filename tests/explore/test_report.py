"""Reports on a toy: what is as expected is green, and each thing that can be wrong is found and named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from podfsm.explore import views
from podfsm.explore.configuration import shipped
from podfsm.explore.prove import explore_configuration
from podfsm.explore.report import Report, make_report
from podfsm.language.evaluate import EvaluationError
from podfsm.language.load import load
from podfsm.observe import sample

LAMP = Path(__file__).resolve().parent.parent / "data" / "lamp"


@pytest.fixture(autouse=True)
def no_sample(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The sample of recorded answers is about pods."""
    monkeypatch.setattr(sample, "DIRECTORY", tmp_path / "nothing")


def report_with(directory: Path, old: str = "", new: str = "") -> Report:
    """The report of the toy tables, with one text replaced."""
    shutil.copytree(LAMP, directory / "tables")
    path = directory / "tables" / "lamp.yaml"
    text = path.read_text(encoding="utf-8")
    assert not old or text.count(old) == 1
    path.write_text(text.replace(old, new) if old else text, encoding="utf-8")
    return make_report(load(directory / "tables"), jobs=1)


def test_everything_is_as_expected(tmp_path: Path) -> None:
    report = report_with(tmp_path)
    assert (report.problems, report.undetermined) == ((), ())
    assert report.coverage.fired == report.coverage.rows == 7
    assert {name: one.same for name, one in report.configurations.items()} == {"one-lamp": False, "two-lamps": True}
    assert {mode: size.states for mode, size in report.configurations["one-lamp"].sizes.items()} == {
        "as-is": 5,
        "intended": 4,
    }


def test_a_verdict_is_taken_over_all_configurations_with_the_shortest_story(tmp_path: Path) -> None:
    properties = report_with(tmp_path).properties
    defect = properties["no-current"]
    assert (defect.modes["as-is"].verdict, defect.modes["intended"].verdict) == ("REFUTED", "PROVED")
    assert [step.event for step in defect.modes["as-is"].story][-1] == "switch.glimmer@lamp/hall"
    assert set(defect.not_applicable) == {"two-lamps"}
    assert properties["light"].modes["as-is"].proved == ("one-lamp", "two-lamps")
    assert len(properties["light"].modes["as-is"].story) == 1


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("expect: {as-is: refuted, intended: proved}", "expect: proved", "no-current, as is: REFUTED on one-lamp"),
        ("expect: refuted, why: a belief", "expect: proved, why: a belief", "always-dark, intended: REFUTED on"),
        ("expect: proved, why: lamps work", "expect: refuted, why: lamps work", "light, as is: PROVED on"),
        ('witness: "not before.power same power"', 'witness: "count(lamp) = 9"', "by-hand, as is: its premise never"),
        ("features: [outage]\n    manifest", "manifest", "no-current, as is: applies to no configuration"),
        ("when: pressed, then: {pressed: false}", "when: pressed, then: {}", "dark by [switch.off, brightness.dark]"),
        ("{shown: bright}, defect: D1", "{shown: bright}", "lamp.glimmers: dark -> bright by [switch.glimmer] is decl"),
        (", defect: D1, why: a stray current}\nconf", ", why: a stray current}\nconf", "needs a `defect`: only in one"),
        (", [supply.cut, brightness.dark]", "", "declares no edge bright -> dark by [supply.cut, brightness.dark]"),
        ("nodes: {dark: dark", "nodes: {dim: it is dim, dark: dark", "node 'dim' of view lamp is never reached"),
        ('"pressed and parent.power = on"', '"pressed"', "[supply.cut, brightness.dark] never happens"),
        ("why: otherwise not", "unreached: nobody looks, why: otherwise not", "brightness.dark is listed as unreached"),
        (
            "then: dark, why",
            "without: D1, then: dark, why",
            "row brightness.dark says `without: D1`, but it fires as is",
        ),
        ("then: dark, why", "without: D1, then: dark, why", "but no row with `defect: D1` stands before it"),
        ("then: {power: cut}, publish", "then: {}, publish", "row supply.restore never fires"),
        ("then: {pressed: true}", "then: {}", "row switch.off never fires"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert any(problem in text for text in report_with(tmp_path, old, new).problems)


GHOST = "why: a switch and a current}"
"""After this, a row of a defect is put before the last row of a table."""


@pytest.mark.parametrize(
    ("when", "without", "problems"),
    [
        ("", "", 1),
        ("", ", without: D1", 0),
        ('when: "not pressed", ', "", 0),
    ],
)
def test_a_row_must_fire_as_is_unless_it_names_the_defect_that_hides_it(
    tmp_path: Path, when: str, without: str, problems: int
) -> None:
    ghost = f"{GHOST}\n    - {{id: brightness.ghost, defect: D1, {when}then: bright, why: a ghost}}"
    dark = "    - {id: brightness.dark"
    found = report_with(tmp_path, f"{GHOST}\n{dark}", f"{ghost}\n{dark}{without}").problems
    assert sum("fires only where defects are switched off" in text for text in found) == problems
    assert [text for text in found if "brightness.dark" in text and "row " in text][problems:] == []


def test_a_difference_of_views_is_told_as_a_story(tmp_path: Path) -> None:
    problems = report_with(tmp_path, ", [supply.cut, brightness.dark]", "").problems
    (text,) = [text for text in problems if "supply.cut" in text and "declares" not in text]
    assert text.splitlines()[-1].startswith("      2. supply.cut")


def test_an_exploration_that_fails_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise EvaluationError("two rows match")

    monkeypatch.setattr("podfsm.explore.report.explore_configuration", fail)
    report = report_with(tmp_path)
    assert "configuration one-lamp, as is: two rows match" in report.problems


def test_printed_edges_are_the_declared_ones(tmp_path: Path) -> None:
    """What is printed for a view without edges can be pasted, and is then without differences."""
    text = (LAMP / "lamp.yaml").read_text(encoding="utf-8")
    start, end = text.index("    edges:"), text.index("configurations:")
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "lamp.yaml").write_text(text[:start] + "    edges: []\n" + text[end:], encoding="utf-8")
    model = load(tmp_path / "bare")
    view = model.views["lamp"]
    edges = views.as_yaml(view, *views.computed(model, view)).partition("    edges:")[2]
    edges = edges.replace('why: ""', 'why: "so"').replace('"?"', '"D1"')
    (tmp_path / "bare" / "lamp.yaml").write_text(f"{text[:start]}    edges:{edges}\n{text[end:]}", encoding="utf-8")
    pasted = load(tmp_path / "bare")
    assert len(pasted.views["lamp"].edges) == 3
    assert views.compare(pasted.views["lamp"], *views.computed(pasted, pasted.views["lamp"])) == []


def test_worker_processes_find_the_same(tmp_path: Path) -> None:
    alone = report_with(tmp_path)
    together = make_report(load(tmp_path / "tables"), jobs=2)
    assert together.properties == alone.properties
    assert together.coverage == alone.coverage
    assert together.views == alone.views


def test_an_unfinished_exploration_is_undetermined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podfsm.explore.report.LIMITS", {"max_states": 2})
    report = report_with(tmp_path)
    assert any("by-hand, as is: undetermined on one-lamp" in text for text in report.undetermined)


def test_views_apply_to_whole_pods_or_to_their_region() -> None:
    model = load(LAMP)
    (one, _) = shipped(model)
    assert views.applies(model.views["lamp"], one)
    exploration = explore_configuration(model, one, watch=True)
    assert views.project(exploration, model.views["lamp"]).starts == {"dark"}
