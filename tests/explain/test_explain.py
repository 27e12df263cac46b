"""The command, end to end, and what it says of pods whose state is plain."""

import copy
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import podfsm
from explain.conftest import Guide, Object, Traces
from podfsm.cli.application import run as command
from podfsm.cli.output import Console
from podfsm.errors import PodfsmError
from podfsm.explain import IMPOSSIBLE, POSSIBLE, run
from podfsm.explain.outlook import about
from podfsm.requests import ExplainRequest, Status


@pytest.fixture(scope="module")
def failed(traces: Traces) -> Object:
    """The first version of a pod that has failed."""
    return next(pod for _, pod in traces.events("b01-never-exit1") if pod["status"]["phase"] == "Failed")


@pytest.fixture(scope="module")
def starting(traces: Traces) -> Object:
    """The first version of a pod."""
    return traces.object("b01-never-exit1", 0)


#: Lines of the answer on one pod.
SCREENFUL = 45


def _write(path: Path, *pods: Object) -> str:
    path.write_text(json.dumps(pods[0] if len(pods) == 1 else {"apiVersion": "v1", "kind": "List", "items": pods}))
    return str(path)


def _explained(**given: Any) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    status = run(ExplainRequest(console=Console(out, err), **given))
    return status, out.getvalue(), err.getvalue()


def _schema() -> dict[str, Any]:
    path = Path(podfsm.__file__).parent / "schemas" / "explain.schema.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_json_is_as_its_schema_says(tmp_path: Path, failed: Object, starting: Object) -> None:
    _, out, _ = _explained(files=(_write(tmp_path / "pods.json", failed, starting),), output="json")
    jsonschema.validate(json.loads(out), _schema())
    assert [pod["phase"] for pod in json.loads(out)["pods"]] == ["Failed", "Pending"]


def test_the_schema_refuses_other_json() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"schema": 1, "pods": [{"pod": "a"}]}, _schema())


@pytest.mark.parametrize(
    ("goal", "status"), [("failed", Status.FINE), ("ready", IMPOSSIBLE), ("succeeded", IMPOSSIBLE), ("gone", POSSIBLE)]
)
def test_the_goal_decides_the_status(tmp_path: Path, failed: Object, goal: str, status: int) -> None:
    assert _explained(files=(_write(tmp_path / "pod.json", failed),), goal=goal)[0] == status


def test_the_worst_of_several_pods_decides(tmp_path: Path, failed: Object, starting: Object) -> None:
    files = (_write(tmp_path / "pods.json", starting, failed, starting),)
    assert _explained(files=files, goal="ready")[0] == IMPOSSIBLE
    assert _explained(files=files, goal="failed")[0] == POSSIBLE


def test_yaml_is_read_like_json(tmp_path: Path, failed: Object) -> None:
    (tmp_path / "pod.yaml").write_text(yaml.safe_dump(failed))
    assert (
        _explained(files=(str(tmp_path / "pod.yaml"),))[1]
        == _explained(files=(_write(tmp_path / "pod.json", failed),))[1]
    )


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_answer_is_a_screenful(tmp_path: Path, starting: Object, failed: Object, lang: Any) -> None:
    for pod in (starting, failed):
        lines = _explained(files=(_write(tmp_path / "pod.json", pod),), lang=lang)[1].splitlines()
        assert 10 < len(lines) <= SCREENFUL
        assert max(map(len, lines)) <= 120


def test_korean_says_it_in_korean(tmp_path: Path, starting: Object) -> None:
    text = _explained(files=(_write(tmp_path / "pod.json", starting),), lang="ko")[1]
    assert sum("가" <= letter <= "힣" for letter in text) > 100


def test_every_part_is_explained(guide: Guide, traces: Traces) -> None:
    """Phase, conditions and column of every version of an undisturbed pod have a row with a citation."""
    for kind, pod in traces.events("b01-never-exit0"):
        if kind != "DELETED" and "deletionTimestamp" not in pod["metadata"]:
            told = guide.tell(pod)
            assert {one.field for one in told.why} >= {"phase", "STATUS"}
            assert [one for one in told.why if not one.row or not one.cite] == []


def test_the_column_is_that_of_kubectl(guide: Guide, traces: Traces, repository: Path) -> None:
    import gzip

    with gzip.open(repository / "tests/data/traces/c02-init-fail-always.jsonl.gz", "rt") as lines:
        for event in map(json.loads, lines):
            assert guide.tell(event["object"]).column == event["table"]["status"]


def test_a_goal_that_needs_a_disturbance_says_so(guide: Guide, traces: Traces) -> None:
    told = guide.tell(next(p for _, p in traces.events("b01-always-exit0") if p["status"]["phase"] == "Running"))
    [goal] = [goal for goal in told.goals if goal.id == "succeeded"]
    assert goal.verdict == "possible"
    assert told.hindrances[goal.way]


def test_two_disturbances_are_tried_together_where_one_takes_something_back(guide: Guide, traces: Traces) -> None:
    """A container has failed for good by its own policy: a new sandbox runs it again, and a delete ends the rest."""
    pod = copy.deepcopy(next(p for _, p in traces.events("b02-always-ok-and-bad") if p["status"]["phase"] == "Running"))
    (first, second), slots = pod["spec"]["containers"], pod["status"]["containerStatuses"]
    first["restartPolicy"] = "Never"
    at = {"startedAt": "2026-01-01T00:00:00Z"}
    ended = {"exitCode": 1, "reason": "Error", "finishedAt": "2026-01-01T00:00:01Z", **at}
    for slot in slots:
        states = {first["name"]: {"terminated": ended}, second["name"]: {"running": at}}
        runs = slot["name"] == second["name"]
        slot |= {"state": states[slot["name"]], "lastState": {}, "restartCount": 0, "ready": runs, "started": runs}
    [goal] = [goal for goal in guide.tell(pod).goals if goal.id == "succeeded"]
    assert (goal.verdict, goal.way) == ("possible", "way.sandbox-loss-deletion")


@pytest.mark.parametrize("scenario", ["b01-never-exit1", "b01-onfailure-exit0", "i04-container-always-in-never"])
def test_no_further_combination_of_disturbances_reaches_more(guide: Guide, traces: Traces, scenario: str) -> None:
    """What is impossible by each way is so by all ways at once."""
    model = guide.program.model
    goals = {goal.of: goal for goal in about(model, "goal")}
    ways = [way for way in about(model, "way") if not way.settles]
    features = tuple(dict.fromkeys(feature for way in ways for feature in way.features))
    together = replace(ways[0], features=features, events=tuple(event for way in ways for event in way.events))
    for _, pod in traces.events(scenario):
        outlook = guide.outlook(pod)
        wider = guide.explorer.explored(outlook.manifest, outlook.features, together)
        assert wider is not None
        assert wider.result.complete
        alike = outlook.alike(wider)
        for goal in outlook.goals():
            if goal.verdict == "impossible":
                assert alike is not None
                assert not wider.reaching(goals[goal.id])[alike].any(), goal.id


def test_settled_goals_agree_with_the_exploration(guide: Guide, traces: Traces) -> None:
    """What the tables settle without an exploration is what an exploration finds."""
    goals = {goal.of: goal for goal in about(guide.program.model, "goal")}
    settled = 0
    for scenario in ("b01-never-exit0", "b01-never-exit1"):
        for kind, pod in traces.events(scenario):
            outlook = guide.outlook(pod)
            for one in about(guide.program.model, "hindrance"):
                if kind != "DELETED" and one.settles and outlook.holds(one.when) and len(outlook.states):
                    assert outlook.explored is not None
                    assert not outlook.explored.reaching(goals[one.of])[outlook.states].any(), (scenario, one.id)
                    settled += 1
    assert settled


def test_unknown_fields_and_reasons_are_told_not_guessed(guide: Guide, starting: Object, traces: Traces) -> None:
    pod = copy.deepcopy(next(p for _, p in traces.events("b01-never-exit1") if p["status"].get("containerStatuses")))
    pod["status"]["newField"] = {"a": 1}
    pod["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "FromTheFuture"}}
    pod["status"]["conditions"].append({"type": "example.com/own", "status": "True"})
    unknown = {value or field for field, value in guide.tell(pod).unknown}
    assert unknown >= {"status.newField", "FromTheFuture", "example.com/own"}
    assert guide.tell(starting).unknown == ()


def test_an_object_that_no_state_looks_like_is_said_so(guide: Guide, starting: Object) -> None:
    pod = copy.deepcopy(starting)
    pod["status"]["phase"] = "Lost"
    told = guide.tell(pod)
    assert not told.seen
    assert {goal.verdict for goal in told.goals} == {"possible"}
    assert not any(goal.certain for goal in told.goals)


def test_timers_have_dates(guide: Guide, traces: Traces) -> None:
    pod = copy.deepcopy(next(p for _, p in traces.events("h01-deadline-always") if p["status"].get("startTime")))
    pod["status"]["startTime"] = "2026-01-01T00:00:00Z"
    pod["spec"]["activeDeadlineSeconds"] = 90
    pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:30Z"
    assert {timer.id: timer.at for timer in guide.tell(pod).timers} == {
        "timer.deadline": "2026-01-01T00:01:30Z",
        "timer.grace": "2026-01-01T00:00:30Z",
    }


@pytest.mark.parametrize(
    ("scenario", "number", "wanted"),
    [
        ("b07-always-crash-service", 15, "waits: CrashLoopBackOff, restarts 2, last ended with exit code 1 (Error)"),
        ("e04-image-appears", 5, "image 127.0.0.1:5999/later:1 of container m; the kubelet says: Back-off pulling"),
        ("g01-unschedulable-cpu", 1, "a node that fits; the scheduler says: 0/2 nodes are available"),
        ("c01-init-two-ok", 4, "init container i1 to end"),
        ("c13-two-sidecars-delete", 8, "these containers to stop: s1, s2, main"),
        ("k02-node-failure", 38, "its node node2 to report again"),
        ("y01-evict-exit1", 6, "reason = Evicted: memory, disk or process ids run short"),
        ("d02-readiness-flip", 7, "the readiness probe of container m to succeed"),
        ("w01-never-pod-restartable-container-sandbox-killed", 84, "its sandbox is gone, and with restartPolicy Never"),
        ("l02-job-backoff", 15, "its phase is Failed, which it never leaves"),
    ],
)
def test_what_somebody_on_call_looks_for(guide: Guide, traces: Traces, scenario: str, number: int, wanted: str) -> None:
    pod = traces.object(scenario, number)
    for lang in ("en", "ko"):
        lines = guide.lines(pod, lang)
        assert len(lines) <= SCREENFUL
        assert max(map(len, lines)) <= 120
    assert wanted in " ".join(" ".join(guide.lines(pod)).split())


def test_an_unready_pod_becomes_ready_by_its_probe(guide: Guide, traces: Traces) -> None:
    told = guide.tell(traces.object("d02-readiness-flip", 7))
    assert {goal.id: (goal.verdict, goal.way) for goal in told.goals}["ready"] == ("possible", "")
    assert told.next[0].id == "container.readiness-passed"


def test_a_pod_deleted_before_it_has_a_node_never_becomes_ready(guide: Guide, traces: Traces) -> None:
    told = guide.tell(traces.object("g01-unschedulable-cpu", 2))
    assert {goal.id: goal.verdict for goal in told.goals}["ready"] == "impossible"


def test_pods_that_the_model_sees_alike_are_explored_once(guide: Guide, traces: Traces) -> None:
    """Names of volumes, annotations and commands tell nothing; the policy does."""
    pod = copy.deepcopy(next(p for _, p in traces.events("b01-never-exit1") if p["status"].get("containerStatuses")))
    first = guide.outlook(pod)
    other = copy.deepcopy(pod)
    other["metadata"]["annotations"] = {"example.com/own": "x"}
    other["spec"]["containers"][0]["command"] = ["true"]
    other["spec"]["containers"][0]["image"] = "example.com/other"
    assert guide.outlook(other).explored is first.explored
    other["spec"]["restartPolicy"] = "Always"
    assert guide.outlook(other).explored is not first.explored


def test_likely_events_come_first(guide: Guide, starting: Object) -> None:
    told = guide.tell(starting)
    assert told.next[0].id == "scheduling.bind"
    assert told.next[0].actor == "scheduler"


def test_the_lifecycle_is_drawn(tmp_path: Path, failed: Object) -> None:
    target = tmp_path / "now.dot"
    status, out, err = _explained(files=(_write(tmp_path / "pod.json", failed),), diagram=target, output="json")
    assert status == Status.FINE
    assert "digraph" in target.read_text()
    assert json.loads(out)
    assert str(target) in err


def test_the_state_of_each_container_is_highlighted_and_what_comes_next(guide: Guide, traces: Traces) -> None:
    """An init container runs, two containers wait for it: the two share a drawing."""
    from podfsm.explain.picture import lifecycle

    pod = traces.object("c01-init-two-ok", 4)
    drawn = lifecycle(guide.program.model, guide.outlook(pod), "p", "en")
    assert drawn.current == {
        "pod-phase: Pending",
        "container-state i1: Running",
        "container-state i2: Waiting",
    }
    ends = {(edge.source, edge.target) for edge in drawn.edges if edge.id in drawn.path}
    assert {source for source, _ in ends} == {"container-state i1: Running"}
    assert ends


def test_a_picture_needs_a_known_form(tmp_path: Path, failed: Object) -> None:
    with pytest.raises(PodfsmError, match="its suffix is none of svg"):
        _explained(files=(_write(tmp_path / "pod.json", failed),), diagram=tmp_path / "a.gif")


def test_only_one_pod_is_drawn(tmp_path: Path, failed: Object) -> None:
    with pytest.raises(PodfsmError, match="give one"):
        _explained(files=(_write(tmp_path / "pods.json", failed, failed),), diagram=tmp_path / "a.svg")


# ------------------------------------------------------------------------------------------------------------- kubectl


def _kubectl(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = directory / "kubectl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(directory), prepend=":")


def test_a_name_is_asked_of_kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failed: Object) -> None:
    _write(tmp_path / "pod.json", failed)
    _kubectl(tmp_path, monkeypatch, f'echo "$@" >{tmp_path}/arguments; cat {tmp_path}/pod.json')
    assert _explained(names=("app",), namespace="shop", goal="ready")[0] == IMPOSSIBLE
    assert (tmp_path / "arguments").read_text().split() == "get pod -o json --namespace shop -- app".split()


def test_what_kubectl_complains_of_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _kubectl(tmp_path, monkeypatch, 'echo "Error: no such pod" >&2; exit 1')
    with pytest.raises(PodfsmError, match="kubectl: Error: no such pod"):
        _explained(names=("app",))


def test_a_missing_kubectl_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PodfsmError, match="kubectl is not installed"):
        _explained(names=("app",))


# ------------------------------------------------------------------------------------------------------------ bad usage


def test_an_unknown_goal_is_refused() -> None:
    with pytest.raises(PodfsmError, match="unknown goal 'happy'; known: ready"):
        _explained(names=("app",), goal="happy")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1]",
        "nonsense",
        '{"kind": "Pod", "metadata": 3}',
        '{"kind": "Pod", "spec": {"containers": "a"}}',
        '{"kind": "Pod", "status": {"containerStatuses": [{"restartCount": "many"}]}}',
        '{"kind": "Pod", "metadata": {"deletionTimestamp": "yesterday"}}',
        '{"kind": "Deployment", "apiVersion": "apps/v1"}',
        '{"kind": "List", "items": {"a": 1}}',
        '{"items": []}',
    ],
)
def test_bad_input_ends_with_two(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    (tmp_path / "bad").write_text(text)
    assert command(["explain", "-f", str(tmp_path / "bad")]) == Status.UNUSABLE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "bad" in captured.err


def test_an_empty_list_is_fine(tmp_path: Path) -> None:
    (tmp_path / "none.json").write_text('{"kind": "List", "apiVersion": "v1", "items": []}')
    status, out, _ = _explained(files=(str(tmp_path / "none.json"),), output="json")
    assert (status, json.loads(out)) == (Status.FINE, {"schema": 1, "pods": []})


def test_escape_sequences_are_neutralised(tmp_path: Path, failed: Object) -> None:
    pod = copy.deepcopy(failed)
    pod["metadata"]["name"] = "a\x1b[31mb\u202e"
    pod["spec"]["containers"][0]["name"] = "c\x1b]0;x\x07"
    pod["status"]["containerStatuses"][0]["name"] = "c\x1b]0;x\x07"
    pod["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "R\x9b2J"}}
    text = _explained(files=(_write(tmp_path / "pod.json", pod),))[1]
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(text)
