import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import podfsm
from podfsm.cli import main
from podfsm.cli.output import Console
from podfsm.errors import PodfsmError
from podfsm.language import tables
from podfsm.requests import Cluster, Lang, Output, ShowRequest, Status
from podfsm.show import run
from podfsm.show.entries import Entries
from podfsm.show.labels import kind
from podfsm.show.told import unmarked

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
    assert "when: own-policy is OnFailure" in text
    assert "then: code is not 0" in text
    assert "cite: pkg/api/v1/pod/util.go ContainerShouldRestart" in text
    assert "stands in: model/podfsm/tables/decisions/restart.yaml:" in text


def test_an_event_with_its_actor(show: Show) -> None:
    text = show("container.exit")
    assert "(event of machine container): the process ends" in text
    assert "actor: runtime" in text
    assert "when: instance is running and the worker syncs the pod" in text


def test_a_number_that_is_not_counted_has_no_list_of_values(show: Show) -> None:
    assert "variable instance-exit: a number; its exit code" in show("container")
    assert "variable instance-restarts: 0, 1, 2; its attempt number" in show("container")
    assert "instance-exit: 수; " in show("container", lang="ko")


def test_conditions_in_korean_words(show: Show) -> None:
    row = show("restart.own-on-failure", lang="ko")
    assert "조건: own-policy = OnFailure\n" in row
    assert " and " not in show("container.exit", lang="ko")
    assert " 그리고 " in show("container.exit", lang="ko")


def test_a_term_that_is_an_entry_too_is_told_once(show: Show) -> None:
    found = json.loads(show("phase", output="json"))["entries"]
    assert [entry["kind"] for entry in found].count("word") == 1


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
        ("Running", ["one of: Phases", "who writes it: kubelet", "written by: phase.running"]),
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


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        (
            "Pending",
            ["who writes it: user: the API server", "phase.waiting: a container", "Pending -> Running: "],
        ),
        ("CrashLoopBackOff", ["written by: container.held-back (kubelet): ", "into it: ", "out of it: ", "cite: pkg/"]),
        ("ContainerCreating", ["who writes it: kubelet", "at first: new-slot", "shown as: Waiting (container-state)"]),
        ("NodeLost", ["nothing writes it: ", "asked for by: column-status.node-lost"]),
        ("PostStartHookError", ["container.hook-error (kubelet): ", "cite: "]),
        ("Ready", ["one of: Condition types", "who writes it: controllers: "]),
        ("Terminating", ["no phase and no state", "written by: column-status.terminating"]),
    ],
)
def test_a_word_tells_what_it_is_who_writes_it_why_and_its_edges(show: Show, word: str, parts: list[str]) -> None:
    text = " ".join(show(word).split())
    assert text.startswith(f"{word} (word)")
    assert [part for part in ["why: ", *parts] if part not in text] == []


def test_a_word_without_a_writer_has_no_rows_that_write_it(show: Show) -> None:
    phase = show("Unknown").split("one of: Phases")[1].split("stands in")[0]
    assert "nothing writes it" in phase
    assert "written by" not in phase


def test_every_waiting_reason_phase_and_reason_of_a_pod_has_a_writer_or_says_that_it_has_none() -> None:
    entries = Entries(tables.shipped(), "en")
    groups = {"phase-value", "waiting-reason", "terminated-reason", "pod-reason", "condition-type"}
    terms = [term for term in tables.shipped().named["terms"].values() if term.text("group") in groups]
    shown = {term.id: {label for entry in entries.of(term.id) for label, _ in entry.facts} for term in terms}
    silent = [name for name, labels in shown.items() if not labels & {"who writes it", "nothing writes it"}]
    # The object that is gone has no status that anyone could write.
    assert silent == ["phase.removed"]


def test_a_rule_of_conform_with_what_holds_and_who_enforces_it(show: Show) -> None:
    text = show("seen.node-kept")
    assert text.startswith("seen.node-kept (rule of conform)\n  why: a pod is bound to one node and never moves\n")
    assert "of: pod" in text
    assert "judges: two versions in a row" in text
    assert "holds: " in text
    assert "node-name before the step" in text
    assert "fields: spec.nodeName" in text
    assert "enforced by: the API server" in text
    assert "cite: pkg/registry/core/pod/storage/storage.go setPodNodeAndMetadata" in text
    assert "stands in: model/podfsm/tables/observed/watch.yaml:" in text


def test_a_rule_of_conform_with_its_explanations(show: Show) -> None:
    text = " ".join(show("seen.phase-terminal").split())
    assert "seen-phase.kept: " in text
    assert "seen-phase.late-deadline: " in text
    assert "[K05]: the deadline ran out" in text
    row = show("seen-phase.late-deadline")
    assert row.startswith("seen-phase.late-deadline (explanation of seen.phase-terminal)")
    assert "defect: K05, a terminal phase changes" in row
    assert "seen-phase.late-deadline" in show("K05")
    assert "not recorded: " in show("seen-beside-init.created")


def test_rules_and_guesses_of_conform_in_korean(show: Show) -> None:
    text = show("seen.node-kept", lang="ko")
    assert text.startswith("seen.node-kept (conform의 규칙)\n  이유: 파드는 한 노드에 바인딩되며 옮겨지지 않는다.\n")
    assert "강제하는 주체: API 서버" in text
    assert "판단 대상: 잇따른 두 버전" in text
    assert "(seen.phase-terminal의 설명)" in show("seen-phase.kept", lang="ko")
    assert "(conform의 추측)" in show("pod.cached-phase", lang="ko")


def test_spelling_counts_before_likeness(show: Show) -> None:
    assert show("Ready").startswith("Ready (word)")
    assert "\nready (" not in show("Ready")


@pytest.mark.parametrize("name", ["", " ", "\t"])
def test_an_empty_id_is_a_usage_error(name: str) -> None:
    with pytest.raises(PodfsmError) as caught:
        run(ShowRequest(id=name))
    assert "the ID is empty" in caught.value.messages[0]


def test_an_empty_id_ends_with_the_status_of_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", ""]) == Status.UNUSABLE
    assert "the ID is empty" in capsys.readouterr().err


def test_korean(show: Show) -> None:
    text = show("restart.own-never", lang="ko")
    assert "이유: 컨테이너 자체 정책 Never" in text
    assert "출처: pkg/api/v1/pod/util.go" in text


@pytest.mark.parametrize("name", ["restart.own-never", "deletion", "Running", "K01", "invariant.13", "seen.stuck"])
def test_json_has_the_committed_schema(show: Show, schema: dict[str, Any], name: str) -> None:
    answer = json.loads(show(name, output="json"))
    jsonschema.validate(answer, schema)
    assert {entry["id"] for entry in answer["entries"]} == {name}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("restart.own-alway", "restart.own-always"),
        ("Pendng", "Pending"),
        ("CrashLoopBackof", "CrashLoopBackOff"),
        ("NodLost", "NodeLost"),
        ("seen.node-kep", "seen.node-kept"),
        ("seen-phase.late-dedline", "seen-phase.late-deadline"),
    ],
)
def test_an_unknown_id_names_only_what_was_meant(name: str, meant: str) -> None:
    with pytest.raises(PodfsmError) as caught:
        run(ShowRequest(id=name))
    assert caught.value.messages[0].endswith(f"did you mean {meant}?")


def test_what_is_like_nothing_gets_no_suggestion() -> None:
    with pytest.raises(PodfsmError) as caught:
        run(ShowRequest(id="xyzzyqqq"))
    assert "did you mean" not in caught.value.messages[0]


def test_what_gates_and_defects_leave_out_is_said() -> None:
    def show(name: str, **cluster: Any) -> str:
        console = Console(io.StringIO(), io.StringIO())
        run(ShowRequest(id=name, console=console, cluster=Cluster(**cluster)))
        return " ".join(console.out.getvalue().split())  # type: ignore[attr-defined]

    row = next(row for row in tables.shipped().rows() if row.gate == "ContainerRestartRules")
    assert "does not count" not in show(row.id)
    said = "does not count: ContainerRestartRules: off (Kubernetes 1.36)"
    assert said in show(row.id, gates={"ContainerRestartRules": False})
    assert "does not count" not in show("create-sandbox.never-restartable")
    assert "does not count: intended" in show("create-sandbox.never-restartable", defects="intended")
    assert "here: on" in show("ContainerRestartRules")
    assert "here: off" in show("ContainerRestartRules", kubernetes="1.34")


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
    names += [*model.watch, *(row.id for row in model.watch_rows()), *model.guesses]
    names += [*model.defaults, *model.gates, *model.named["defects"], *model.named["features"]]
    assert [name for name in names if not entries.of(name)] == []
    assert [e.id for name in names for e in entries.of(name) if not (e.why or e.title or e.facts)] == []


def test_every_sentence_has_korean() -> None:
    entries = Entries(tables.shipped(), "ko")
    shown = [entry for name in dict.fromkeys(entries.names()) for entry in entries.of(name)]
    korean = re.compile("[\uac00-\ud7a3]")
    assert [(e.id, e.why) for e in shown if " " in e.why and not korean.search(e.why)] == []
    assert sorted({entry.kind for entry in shown if not korean.search(kind("ko", entry.kind))}) == []


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("`a` is **not** b", "a is not b"),
        ("``a`b`` \\*c\\*", "a`b *c*"),
        ("plain", "plain"),
        ("`a\\b`", "a\\b"),
    ],
)
def test_markdown_becomes_the_text_that_it_shows(markdown: str, text: str) -> None:
    assert unmarked(markdown) == text
