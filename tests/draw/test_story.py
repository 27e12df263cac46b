"""Stories of counterexamples: made again, drawn in a view with the path highlighted, or as a chain of states."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import podfsm
from podfsm.cli.output import Console
from podfsm.draw import render, run, to_dot
from podfsm.draw.command import DEFECTS, files
from podfsm.draw.defects import MODE, defect_diagrams, property_of
from podfsm.draw.diagram import Diagram
from podfsm.draw.story import Telling, make_again, read_telling, told
from podfsm.errors import PodfsmError
from podfsm.explore.configuration import shipped, system_for
from podfsm.explore.coverage import Coverage
from podfsm.explore.prove import explore_configuration
from podfsm.explore.report import PropertyReport, PropertyVerdict, Report
from podfsm.language import tables
from podfsm.language.model import Model
from podfsm.requests import Cluster, DrawRequest, VerifyRequest
from podfsm.verify import run as verify

WIDTH, HEIGHT = 1200.0, 1800.0

WHERE = {
    "K05": "region-last-statuses",
    "K10": "region-flags-readiness",
    "K12": "split-start",
    "K13": "one-always",
}
"""Defects that are explored here, and on which configuration; the others are looked at as the build has drawn them."""


@pytest.fixture(scope="module")
def model() -> Model:
    return tables.shipped()


@pytest.fixture(scope="module")
def report(model: Model) -> Report:
    """A report with the stories of some defects."""
    configurations = {one.id: one for one in shipped(model)}
    found: dict[str, PropertyReport] = {}
    for defect, where in WHERE.items():
        one = next(one for one in model.properties.values() if defect in one.defects and not one.title)
        [verdict] = explore_configuration(model, configurations[where], MODE, [one]).verdicts
        refuted = PropertyVerdict("REFUTED", "refuted", refuted=(where,), configuration=where, story=verdict.trace)
        found[one.id] = PropertyReport(one.id, {MODE: refuted}, {})
    return Report("", {}, found, {}, Coverage(0, 0), {}, (), (), 0.0)


@pytest.fixture(scope="module")
def drawn(model: Model, report: Report) -> dict[tuple[str, str], Diagram]:
    return {(name, made.language): made for name, made in defect_diagrams(model, report, ("en", "ko"))}


def test_build_gets_the_pictures_of_defects(
    model: Model, report: Report, drawn: dict[tuple[str, str], Diagram]
) -> None:
    assert list(drawn) == [(name, language) for name in WHERE for language in ("en", "ko")]
    found = files(model, report)
    wanted = {f"diagrams/{DEFECTS}/{name}.{lang}.{form}" for name, lang in drawn for form in ("dot", "svg")}
    assert {path for path in found if f"/{DEFECTS}/" in path} == wanted
    for (name, language), made in drawn.items():
        assert found[f"diagrams/{DEFECTS}/{name}.{language}.dot"] == to_dot(made)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_defect_has_a_picture_that_can_be_read(model: Model, repository: Path, language: str) -> None:
    folder = repository / "diagrams" / DEFECTS
    assert sorted(path.name for path in folder.glob(f"*.{language}.dot")) == [
        f"{name}.{language}.dot" for name in sorted(model.named["defects"])
    ]
    for path in folder.glob(f"*.{language}.dot"):
        picture = render(path.read_text(encoding="utf-8")).decode()
        width, height = (float(size) for size in re.findall(r'viewBox="0\S* \S+ (\S+) (\S+)"', picture)[0])
        assert width <= WIDTH, path.name
        assert height <= HEIGHT, path.name
        assert ("where the path ends" if language == "en" else "경로가 끝나는 상태") in picture


def test_the_legend_tells_of_the_path(drawn: dict[tuple[str, str], Diagram]) -> None:
    for (_, language), made in drawn.items():
        picture = render(to_dot(made)).decode()
        told = "path of the story" if language == "en" else "이야기의 경로"
        assert (told in picture) == bool(made.path)
        assert made.ends


def test_korean_pictures_speak_korean(drawn: dict[tuple[str, str], Diagram]) -> None:
    for (name, language), made in drawn.items():
        texts = [made.caption, *(line for edge in made.edges if edge.label for line in [" ".join(edge.label)])]
        if language == "ko":
            assert [text for text in texts if not re.search("[가-힣]", text)] == [], name


def test_a_terminal_phase_that_changes_is_an_arrow_of_its_own(drawn: dict[tuple[str, str], Diagram]) -> None:
    made = drawn["K05", "en"]
    arrow = next(edge for edge in made.edges if edge.defect == "K05")
    assert (arrow.source, arrow.target) == ("Succeeded", "Failed")
    assert arrow.id in made.path
    assert made.marks[arrow.id] == "step 7"
    assert made.ends == {"Failed"}
    assert 'style="dashed"' in to_dot(made)


def test_where_elements_differ_the_steps_have_their_names(drawn: dict[tuple[str, str], Diagram]) -> None:
    made = drawn["K12", "en"]
    assert made.marks["Running"] == "end of init, app"
    assert "init: step 2; app: step 7" in made.marks.values()


def test_what_no_diagram_shows_is_a_chain_with_what_changes(drawn: dict[tuple[str, str], Diagram]) -> None:
    made = drawn["K10", "en"]
    assert [node.id for node in made.nodes] == [str(number) for number in range(len(made.nodes))]
    assert made.ends == {made.nodes[-1].id}
    assert made.nodes[-1].label[-1] == "app ready: true"
    assert all(edge.label[-1] for edge in made.edges)


def test_a_story_that_cannot_happen_is_refused(model: Model, report: Report) -> None:
    one = property_of(model, report, model.named["defects"]["K13"])
    assert one is not None
    verdict = report.properties[one.id].modes[MODE]
    telling = Telling(verdict.configuration, "", one.id, MODE, told(verdict.story))
    [configuration] = [found for found in shipped(model) if found.id == verdict.configuration]
    story = make_again(system_for(model, configuration, MODE), telling)
    assert tuple(step.event for step in story.steps) == tuple(step.event for step in verdict.story)
    name, _, shows = telling.steps[2]
    broken = replace(telling, steps=(*telling.steps[:2], (name, frozenset({"no-row"}), shows), *telling.steps[3:]))
    with pytest.raises(PodfsmError, match=f"step 3 of the story .{re.escape(name)}. cannot happen in"):
        make_again(system_for(model, configuration, MODE), broken)


# --------------------------------------------------------------------------------------------------------- the command

POD = "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: a, image: i}]}}"

Draw = Callable[..., dict[str, Any]]


@pytest.fixture
def draw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Draw:
    """Draw with JSON as answer, which is checked."""
    monkeypatch.chdir(tmp_path)
    schema = json.loads((Path(podfsm.__file__).parent / "schemas" / "draw.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)

    def ask(**given: Any) -> dict[str, Any]:
        console = Console(io.StringIO(), io.StringIO())
        assert run(DrawRequest(console=console, output="json", **given)) == 0
        answer: dict[str, Any] = json.loads(console.out.getvalue())  # type: ignore[attr-defined]
        jsonschema.validate(answer, schema)
        return answer

    return ask


def test_the_list_of_diagrams_is_also_json(draw: Draw) -> None:
    titles = {one["id"]: one["title"] for one in draw(lang="ko")["diagrams"]}
    assert re.search("[가-힣]", titles["pod-phase"])


def test_a_counterexample_is_found_and_drawn(draw: Draw) -> None:
    answer = draw(view="pod-phase", property="defect.K13", format="dot")
    assert answer["files"] == [{"path": "pod-phase-defect.K13.dot", "format": "dot"}]
    source = Path("pod-phase-defect.K13.dot").read_text(encoding="utf-8")
    assert "step 5" in source
    assert 'penwidth="3.6"' in source


def test_a_counterexample_of_verify_is_drawn(draw: Draw, tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(POD)
    request = VerifyRequest(
        manifests=("pod.yaml",), properties=("belief.2", "defect.K13", "belief.6"), output="json", out=Path("v.json")
    )
    verify(request)
    with pytest.raises(PodfsmError, match="the story is of the pod web; name its manifest with -f"):
        draw(trace="v.json", property="belief.6")
    with pytest.raises(PodfsmError, match="stories; choose one with --property"):
        draw(trace="v.json", manifest="pod.yaml")
    with pytest.raises(PodfsmError, match="tells no story of property no-such"):
        draw(trace="v.json", manifest="pod.yaml", property="no-such")
    assert draw(trace="v.json", manifest="pod.yaml", property="belief.6", format="dot")["files"]
    assert "1. admitted by the kubelet" in " ".join(Path("belief.6.dot").read_text(encoding="utf-8").split())
    draw(trace="v.json", manifest="pod.yaml", property="belief.6", view="container-state", out=Path("p.dot"))
    assert 'penwidth="3.6"' in Path("p.dot").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"property": "defect.K1"}, "unknown property 'defect.K1'; did you mean"),
        ({"property": "invariant.1"}, "has no counterexample, as is: it holds on all shipped configurations"),
        ({"property": "defect.K13", "cluster": Cluster(defects="intended")}, "has no counterexample, intended"),
        ({"property": "defect.K13", "view": "regions"}, "regions cannot show a story"),
        ({"property": "defect.K13", "view": "pod-phas"}, "did you mean pod-phase"),
        ({"trace": "none.json"}, "none.json: cannot be read"),
        ({"trace": "-", "manifest": "-"}, "can be read only once"),
    ],
)
def test_unusable_requests(draw: Draw, given: dict[str, Any], message: str) -> None:
    with pytest.raises(PodfsmError, match=re.escape(message)):
        draw(**given)


@pytest.mark.parametrize("text", ["", "[", "[]", "{}", '{"pods": [3]}', '{"pods": [{"properties": [{"trace": [1]}]}]}'])
def test_what_is_no_answer_of_verify_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "v.json").write_text(text)
    with pytest.raises(PodfsmError, match=r"is no answer of podfsm verify -o json"):
        read_telling(str(tmp_path / "v.json"), "", MODE)
