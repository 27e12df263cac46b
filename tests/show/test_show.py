import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import podfsm
from podfsm.cli.output import Console
from podfsm.errors import PodfsmError
from podfsm.language import tables
from podfsm.requests import Lang, Output, ShowRequest, Status
from podfsm.show import run
from podfsm.show.entries import Entries

Show = Callable[..., str]


@pytest.fixture
def show() -> Show:
    def ask(name: str, lang: Lang = "en", output: Output = "text") -> str:
        console = Console(io.StringIO(), io.StringIO())
        assert run(ShowRequest(id=name, lang=lang, output=output, console=console)) == Status.FINE
        written: str = console.out.getvalue()  # type: ignore[attr-defined]
        return written

    return ask


@pytest.fixture(scope="session")
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(podfsm.__file__).parent / "schemas" / "show.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(found)
    return found


def test_a_row_with_condition_effect_why_and_citation(show: Show) -> None:
    text = show("restart.own-on-failure")
    assert text.startswith("restart.own-on-failure (row of table restartable)\n")
    assert "why: the container's own policy OnFailure restarts it after a non-zero exit code" in text
    assert "table: restartable, May this container run again after that exit code?" in text
    assert "when: own-policy = OnFailure" in text
    assert "then: not code = 0" in text
    assert "cite: pkg/api/v1/pod/util.go ContainerShouldRestart" in text
    assert "stands in: tables/decisions/restart.yaml:" in text


def test_an_event_with_its_actor(show: Show) -> None:
    text = show("container.exit")
    assert "(event of machine container): the process ends" in text
    assert "actor: runtime" in text
    assert "when: instance = running" in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("restartable", ["decision table", "restart.never"]),
        ("deletion", ["machine", "feature"]),
        ("invariant.13", ["property", "expected: as-is refuted, intended proved"]),
        ("K01", ["defect", "rows: create-sandbox.never-restartable", "advice"]),
        ("finding.K01", ["finding of verify", "reachable:"]),
        ("reduction.node-loss", ["reduction"]),
        ("ContainerRestartRules", ["feature gate", "1.35: on"]),
        ("Running", ["value of: phase", "written by: phase.running"]),
        ("CrashLoopBackOff", ["written by", "container.held-back"]),
        ("crashloopbackoff", ["CrashLoopBackOff"]),
        ("phase", ["domain", "field of pod"]),
        ("kubelet", ["actor"]),
        ("CronJob", ["kind of manifest"]),
        ("pod-phase", ["view", "Pending"]),
    ],
)
def test_whatever_has_a_name_is_shown(show: Show, name: str, words: list[str]) -> None:
    text = show(name)
    assert [word for word in words if word not in text] == []


def test_a_reason_that_is_only_written_in_rows(show: Show) -> None:
    text = show("PostStartHookError")
    assert "container.hook-error" in text


def test_korean(show: Show) -> None:
    text = show("restart.own-never", lang="ko")
    assert "이유: 컨테이너 자체 정책 Never" in text
    assert "출처: pkg/api/v1/pod/util.go" in text


@pytest.mark.parametrize("name", ["restart.own-never", "deletion", "Running", "K01", "invariant.13", "finding.K01"])
def test_json_has_the_committed_schema(show: Show, schema: dict[str, Any], name: str) -> None:
    answer = json.loads(show(name, output="json"))
    jsonschema.validate(answer, schema)
    assert {entry["id"] for entry in answer["entries"]} == {name}


def test_an_unknown_id_names_the_nearest() -> None:
    with pytest.raises(PodfsmError) as caught:
        run(ShowRequest(id="restart.own-alway"))
    assert "did you mean restart.own-always" in caught.value.messages[0]


def test_pinned_verdicts_are_shown(
    show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schema: dict[str, Any]
) -> None:
    (tmp_path / "generated").mkdir()
    manifest = tmp_path / "generated" / "manifest.json"
    manifest.write_text(json.dumps({"properties": {"invariant.1": {"as-is": "PROVED", "intended": "PROVED"}}}))
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert "verdicts: as is PROVED, intended PROVED" in show("invariant.1")
    jsonschema.validate(json.loads(show("invariant.1", output="json")), schema)
    manifest.write_text("[]")
    assert "verdicts" not in show("invariant.1")


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_every_row_and_every_titled_thing_can_be_shown(lang: Lang) -> None:
    model = tables.shipped()
    entries = Entries(model, lang)
    names = [row.id for row in model.rows()]
    names += [*model.tables, *model.machines, *model.properties, *model.views, *model.findings, *model.refusals]
    names += [*model.defaults, *model.gates, *model.named["defects"], *model.named["features"]]
    assert [name for name in names if not entries.of(name)] == []
    assert [e.id for name in names for e in entries.of(name) if not (e.why or e.title or e.facts)] == []
