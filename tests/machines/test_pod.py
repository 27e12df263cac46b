"""PodMachine: events, choices, errors, what the API shows, saving and restoring."""

from __future__ import annotations

import contextlib
import doctest
import json
import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any, cast

import hypothesis
import pytest
from hypothesis import strategies as st

import podfsm
from podfsm import NotEnabledError, PodfsmError, PodMachine
from podfsm.language import tables
from podfsm.machines import pod as module
from podfsm.machines.errors import ArgumentError, SaveError, UnknownNameError

MANIFEST = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web"},
    "spec": {
        "initContainers": [{"name": "prepare", "image": "p"}],
        "containers": [{"name": "app", "image": "a"}, {"name": "log", "image": "l"}],
    },
}


def made(**given: Any) -> PodMachine:
    return PodMachine.from_manifest(MANIFEST, **given)


def bound(**given: Any) -> PodMachine:
    """A pod on its node, with a first status."""
    pod = made(**given)
    if "scheduling" not in given.get("features", ["scheduling"]):
        return pod
    pod.fire("scheduling", "bind")
    pod.fire("worker", "admit")
    return pod


def running() -> PodMachine:
    pod = bound()
    pod.fire("worker", "sync")
    pod.fire("container/prepare", "exit", code=0)
    pod.fire("worker", "sync")
    return pod


SYNCING = bound()
RUNNING = running().to_json()


def test_the_example_of_the_documentation_works() -> None:
    found = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert found.attempted
    assert not found.failed


@pytest.mark.parametrize("port", [80, "http"])
@pytest.mark.parametrize(
    "part",
    [
        lambda port: {"readinessProbe": {"httpGet": {"port": port}}},
        lambda port: {"livenessProbe": {"tcpSocket": {"port": port}}},
        lambda port: {"lifecycle": {"preStop": {"httpGet": {"port": port}}}},
    ],
)
def test_a_port_is_a_number_or_a_name(part: Callable[[int | str], dict[str, Any]], port: int | str) -> None:
    container = {"name": "app", "image": "busybox", "ports": [{"name": "http", "containerPort": 80}], **part(port)}
    pod = PodMachine.from_manifest(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}
    )
    pod.fire("scheduling", "bind")
    pod.fire("worker", "admit")
    pod.fire("worker", "sync")
    assert pod.phase == "Running"


def test_it_is_imported_without_numba() -> None:
    code = "import sys, podfsm; podfsm.PodMachine; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_package_has_no_other_names() -> None:
    assert set(podfsm.__all__) <= set(dir(podfsm))
    with pytest.raises(AttributeError, match="PodMaschine"):
        podfsm.PodMaschine  # noqa: B018


# --------------------------------------------------------------------------------------------------------------- events


def test_the_api_shows_what_happens() -> None:
    pod = made()
    assert pod.status() == {"phase": "Pending", "conditions": []}
    pod.fire("scheduling", "reject")
    assert pod.conditions["PodScheduled"] == {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    pod = running()
    assert pod.phase == "Running"
    assert {c["type"]: c["status"] for c in pod.conditions.values()} == {
        "PodReadyToStartContainers": "True",
        "Initialized": "True",
        "Ready": "True",
        "ContainersReady": "True",
        "PodScheduled": "True",
    }
    status = pod.status()
    assert status is not None
    assert [c["name"] for c in status["containerStatuses"]] == ["app", "log"]
    assert status["initContainerStatuses"][0]["state"] == {"terminated": {"exitCode": 0, "reason": "Completed"}}


def test_a_removed_pod_has_no_status() -> None:
    pod = made()
    pod.fire("deletion", "delete", requested="force")
    assert pod.status() is None
    assert pod.phase is None
    assert pod.conditions == {}


def test_the_node_controller_takes_ready_away() -> None:
    pod = running()
    pod.fire("node", "silence")
    assert pod.conditions["Ready"]["status"] == "True"
    pod.fire("node", "mark")
    assert pod.conditions["Ready"]["status"] == "False"
    assert pod.conditions["ContainersReady"]["status"] == "True"


def test_restarts_are_counted_exactly() -> None:
    pod = PodMachine.from_manifest(
        {**MANIFEST, "spec": {"nodeName": "n", "containers": [{"name": "app", "image": "a"}]}}, features=["deletion"]
    )
    pod.fire("worker", "admit")
    pod.fire("worker", "sync")
    for count in range(1, 8):
        pod.fire("container/app", "exit", code=count)
        pod.fire("worker", "sync")
        status = pod.status()
        assert status is not None
        assert status["containerStatuses"][0]["restartCount"] == count
        assert status["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == count


def test_history_has_rows_and_can_be_replayed() -> None:
    pod = running()
    assert [(f.region, f.event) for f in pod.history][:2] == [("scheduling", "bind"), ("worker", "admit")]
    assert pod.history[2].rows == ("worker.sync-new-sandbox", "container.started")
    again = made()
    for fired in pod.history:
        again.fire(fired.region, fired.event, choices=fired.choices, **fired.arguments)
    assert again.variables == pod.variables


def test_features_that_are_off_are_as_if_nothing_could_happen() -> None:
    pod = made(features=[])
    assert pod.states["worker"] == "unseen"
    assert [e.region for e in pod.enabled()] == ["worker"]
    pod.fire("worker", "admit")
    assert pod.phase == "Pending"


def test_enabled_events_are_those_that_can_be_fired() -> None:
    pod = running()
    enabled = {(e.region, e.event): e.arguments for e in pod.enabled()}
    assert ("worker", "sync") not in enabled
    for (region, event), arguments in enabled.items():
        for given in arguments:
            assert pod.copy().fire(region, event, **given).rows


def test_only_a_region_of_transitions_moves() -> None:
    pod = bound()
    machine = pod.transitions("container/app")
    assert set(machine.states) == {"none", "created", "running", "exited", "unknown"}
    assert machine.get_transitions("exit", source="none") == []
    assert [t.dest for t in machine.get_transitions("exit", source="running")] == ["exited"]
    assert pod.states["container/app"] == "none"
    assert list(pod.transitions("garbage").states) == ["garbage"]
    assert "garbage" not in pod.states


# -------------------------------------------------------------------------------------------------------------- choices


def test_choices_are_made_per_element() -> None:
    pod = running()
    pod.fire("sandbox", "die")
    alternatives = pod.alternatives("worker", "sync")
    assert alternatives[0] == {"prepare": {"outcome": "ok"}}
    fired = pod.fire("worker", "sync", choices={"prepare": "image-error"})
    assert fired.choices == {"prepare": {"outcome": "image-error"}}
    status = pod.status()
    assert status is not None
    assert status["initContainerStatuses"][0]["state"] == {"waiting": {"reason": "ErrImagePull"}}


def test_what_is_left_out_is_the_first_possibility() -> None:
    pod = bound()
    pod.fire("worker", "sync")
    pod.fire("container/prepare", "exit", code=0)
    fired = pod.fire("worker", "sync", choices={"container/log": {"outcome": "start-error"}})
    assert fired.choices == {"app": {"outcome": "ok"}, "log": {"outcome": "start-error"}}


# --------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda p: p.fire("wroker", "sync"), UnknownNameError, "unknown region 'wroker'; did you mean worker"),
        (lambda p: p.fire("worker", "snyc"), UnknownNameError, "unknown event of worker 'snyc'; did you mean sync?"),
        (lambda p: p.fire("container/app", "started"), UnknownNameError, "unknown event of container/app 'started'"),
        (lambda p: p.fire("container/app", "exit", cod=1), UnknownNameError, "'cod'; did you mean code?"),
        (lambda p: p.fire("container/app", "exit"), ArgumentError, "give code, a whole number"),
        (
            lambda p: p.fire("container/app", "exit", code="1"),
            ArgumentError,
            "code is a whole number of at most 18 digits, not '1'",
        ),
        (
            lambda p: p.fire("container/app", "exit", code=True),
            ArgumentError,
            "code is a whole number of at most 18 digits, not True",
        ),
        (lambda p: p.fire("deletion", "delete", requested="now"), ArgumentError, "one of default, shorter, force"),
        (lambda p: p.fire("worker", "complete"), NotEnabledError, "worker is syncing.*enabled: .*container/app exit"),
        (lambda p: p.fire("container/prepare", "exit", code=1), NotEnabledError, "exit code=1 is not enabled while"),
        (lambda p: p.fire("node", "silence", choices={"app": "ok"}), UnknownNameError, "choice in event silence 'app'"),
        (lambda p: p.transitions("wrker"), UnknownNameError, "did you mean worker"),
        (lambda p: made(features=["probs"]), UnknownNameError, "did you mean probes?"),
        (lambda p: made(machines="wrker"), UnknownNameError, "did you mean worker"),
        (lambda p: made(defects="maybe"), UnknownNameError, "known: as-is, intended"),
        (lambda p: made(minor="1.2"), PodfsmError, "Kubernetes 1.2 is not covered"),
        (lambda p: made(gates={"Nope": True}), PodfsmError, "unknown gate 'Nope'"),
        (lambda p: PodMachine.from_manifest("a: ["), PodfsmError, "manifest"),
        (lambda p: PodMachine.from_manifest({"kind": object()}), PodfsmError, "manifest: no JSON object"),
        (
            lambda p: PodMachine.from_manifest({}),
            PodfsmError,
            "^manifest: document 1: kind is missing; write one of Pod",
        ),
        (
            lambda p: PodMachine.from_manifest({**MANIFEST, "spec": {}}),
            PodfsmError,
            "^manifest: document 1, spec.containers: a pod needs",
        ),
        (
            lambda p: PodMachine.from_manifest(cast(Any, None)),
            PodfsmError,
            "manifest: there is no pod here; give an object of",
        ),
        (
            lambda p: PodMachine.from_manifest(cast(Any, 5)),
            PodfsmError,
            "manifest:1:1: document 1: expected an object, found 5",
        ),
        (
            lambda p: PodMachine.from_manifest(cast(Any, [])),
            PodfsmError,
            "manifest: document 1: expected an object, found a list",
        ),
        (lambda p: PodMachine.from_manifest("\ud800"), PodfsmError, "manifest: no JSON object: .*surrogates"),
        (lambda p: PodMachine.from_manifest({"kind": 10**5000}), PodfsmError, "manifest: no JSON object: "),
        (lambda p: made(features=5), ArgumentError, "features: give a list of names, not 5"),
        (lambda p: made(features=[[]]), UnknownNameError, r"unknown feature \[\]; known: "),
        (lambda p: made(machines=None), ArgumentError, "machines: give a list of names, not None"),
        (lambda p: made(gates=5), ArgumentError, "gates: give True or False by the names of gates, not 5"),
        (lambda p: made(gates={"SidecarContainers": "no"}), ArgumentError, "gates: give True or False"),
        (lambda p: made(minor=1.34), ArgumentError, "minor: give a Kubernetes minor such as '1.34', not 1.34"),
        (lambda p: made(defects=[]), UnknownNameError, r"choice of defects \[\]"),
        (lambda p: p.fire(None, "sync"), UnknownNameError, "unknown region None; known: "),
        (lambda p: p.fire([], "sync"), UnknownNameError, r"unknown region \[\]"),
        (lambda p: p.fire("worker", {}), UnknownNameError, "unknown event of worker {}; known: "),
        (lambda p: p.fire("container/app", "exit", code=10**5000), ArgumentError, "not a value of type int"),
        (lambda p: p.fire("worker", "sync", choices=5), ArgumentError, "choices: give values by the names of"),
        (lambda p: p.fire("worker", "sync", choices=[]), ArgumentError, "choices: give values by the names of"),
        (lambda p: p.transitions([]), UnknownNameError, r"unknown region \[\]"),
        (lambda p: PodMachine.from_manifest("---\n".join([json.dumps(MANIFEST) + "\n"] * 2)), PodfsmError, "2 pods"),
    ],
)
def test_errors_say_what_is_wrong(call: Callable[[PodMachine], Any], error: type[Exception], words: str) -> None:
    pod = running()
    before = pod.to_json()
    with pytest.raises(error, match=words):
        call(pod)
    assert pod.to_json() == before


@pytest.mark.parametrize(
    ("choices", "error", "words"),
    [
        ({"ap": "ok"}, UnknownNameError, "unknown choice in event sync 'ap'; did you mean app?"),
        ({"app": "okay"}, ArgumentError, "'okay' is no value of outcome of app"),
        ({"app": {"outcome": "okay"}}, ArgumentError, "outcome of app is one of ok, .*, not 'okay'"),
        ({"app": {"outcom": "ok"}}, UnknownNameError, "'outcom'; did you mean outcome?"),
        ({"app": "ok", "prepare": "ok"}, UnknownNameError, "'prepare'"),
        ({"app": []}, ArgumentError, r"\[\] is no value of outcome of app"),
        ({"app": {5: "ok"}}, UnknownNameError, "unknown choice for app in event sync 5; known: outcome"),
        ({None: "ok"}, UnknownNameError, "unknown choice in event sync None; known: app, log"),
    ],
)
def test_choices_that_cannot_be_are_refused(choices: Any, error: type[Exception], words: str) -> None:
    pod = bound()
    pod.fire("worker", "sync")
    pod.fire("container/prepare", "exit", code=0)
    before = pod.to_json()
    with pytest.raises(error, match=words):
        pod.fire("worker", "sync", choices=choices)
    assert pod.to_json() == before


def test_outcomes_of_features_that_are_off_are_no_choice() -> None:
    pod = made(features=[])
    pod.fire("worker", "admit")
    assert pod.alternatives("worker", "sync") == [{"prepare": {"outcome": "ok"}}]
    with pytest.raises(ArgumentError, match="prepare cannot have outcome 'image-error' here; possible: outcome: ok"):
        pod.fire("worker", "sync", choices={"prepare": "image-error"})


def test_the_error_can_be_asked() -> None:
    with pytest.raises(NotEnabledError) as caught:
        made().fire("worker", "sync")
    error = caught.value
    assert (error.region, error.event) == ("worker", "sync")
    assert "worker is unseen" in error.state
    assert "scheduling bind" in error.enabled


# -------------------------------------------------------------------------------------------------------------- keeping


def test_a_copy_goes_its_own_way() -> None:
    pod = running()
    other = pod.copy()
    other.fire("container/app", "exit", code=1)
    assert pod.states["container/app"] == "running"
    assert len(other.history) == len(pod.history) + 1


@pytest.mark.parametrize("seed", range(12))
def test_any_state_is_saved_and_restored(seed: int) -> None:
    dice = random.Random(seed)
    pod = made(defects=dice.choice(["as-is", "intended"]))
    for _ in range(30):
        enabled = pod.enabled()
        if not enabled:
            break
        one = dice.choice(enabled)
        given = dice.choice(one.arguments)
        pod.fire(one.region, one.event, choices=dice.choice(pod.alternatives(one.region, one.event, **given)), **given)
        pod.status()
    again = PodMachine.from_json(pod.to_json())
    assert again.variables == pod.variables
    assert again.history == pod.history
    assert again.status() == pod.status()
    assert again.enabled() == pod.enabled()


def broken(change: Callable[[dict[str, Any]], Any]) -> str:
    saved = json.loads(running().to_json())
    change(saved)
    return json.dumps(saved)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.update(schema=2), "schema is 2; this version reads schema 1"),
        (lambda s: s.pop("pod"), "pod is missing"),
        (lambda s: s.update(extra=1), "unknown key extra"),
        (lambda s: s.update(tables="0123456789abcdef"), "other tables .digest 0123456789ab, now"),
        (lambda s: s.update(features=["x"]), "features: unknown 'x'"),
        (lambda s: s.update(features=[["x"]]), "features: unknown"),
        (lambda s: s.update(gates={"x": 1}), "gates: expected true or false"),
        (lambda s: s.update(gates={"x": True}), "unknown gate 'x'"),
        (lambda s: s.update(kubernetes="0.1"), "not covered"),
        (lambda s: s.update(defects="x"), "unknown choice of defects"),
        (lambda s: s.update(pod={"spec": {"containers": 3}}), "expected a list"),
        (lambda s: s.update(pod={"spec": {"containers": [{"name": "x"}]}}), "variables of"),
        (lambda s: s["variables"]["app"].pop("instance"), "variables of app: expected"),
        (lambda s: s["variables"]["app"].update(instance="flying"), "app.instance is one of none.*, not 'flying'"),
        (lambda s: s["variables"]["app"].update(ready=1), "app.ready is True or False, not 1"),
        (lambda s: s["variables"].update(app=[]), "variables of app: expected"),
        (lambda s: s.update(history=[1]), "history.0: expected an object"),
        (lambda s: s["history"][0].pop("rows"), "history.0.rows is missing"),
        (lambda s: s.update(history=[]), "variable was-initialized is True, but the history leads to False"),
        (lambda s: s["history"].pop(1), "history.1: worker: event sync is not enabled while worker is unseen"),
        (lambda s: s["history"].pop(), "variable cached-phase is 'Running', but the history leads to 'Pending'"),
        (lambda s: s.update(features=[]), "history.0: unknown region 'scheduling'"),
        (lambda s: s.update(machines=["worker"]), "history.0: unknown region 'scheduling'"),
        (
            lambda s: s["variables"]["app"].update({"restart-count": 7}),
            "app.restart-count is 7, but the history leads to 0",
        ),
        (lambda s: s["history"][2].update(rows=["worker.sync"]), r"history.2.rows: .*, but the event has"),
        (lambda s: s["history"][3]["arguments"].update(code=1.5), "history.3: .* code is a whole number of at most"),
        (
            lambda s: s["history"][3]["arguments"].update(region="x"),
            "history.3: unknown argument of event exit 'region'",
        ),
        (lambda s: s["history"][2].update(choices={}), "history.2.choices: {}, but the event has"),
    ],
)
def test_what_was_not_saved_is_not_restored(change: Callable[[dict[str, Any]], Any], words: str) -> None:
    with pytest.raises(SaveError, match=words):
        PodMachine.from_json(broken(change))


@pytest.mark.parametrize(
    "text", [None, 5, [], {}, "\ud800", "9" * 5000, "", "no", "[]", "3", "{", "[" * 100_000, b"\xff\xfe"]
)
def test_garbage_is_not_restored(text: str | bytes) -> None:
    with pytest.raises(SaveError, match="saved pod: "):
        PodMachine.from_json(text)


def test_it_can_be_looked_at() -> None:
    pod = bound()
    assert repr(pod).startswith("<PodMachine: container/prepare is none, container/app is none, ")
    assert repr(pod).endswith(", worker is syncing; events so far: 2>")
    assert repr(pod._pod.regions["container/app"]) == "<RegionMachine container/app: none>"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.integers() | st.none(), inner, max_size=3)
        | st.tuples(inner)
    ),
    max_leaves=5,
)


@hypothesis.settings(max_examples=25, deadline=None)
@hypothesis.given(ANYTHING, st.sampled_from(["pod", "features", "machines", "gates", "minor", "defects"]))
def test_no_input_ends_in_a_traceback(value: Any, where: str) -> None:
    with contextlib.suppress(PodfsmError):
        PodMachine.from_manifest(**{"pod": MANIFEST, where: value})


@hypothesis.settings(max_examples=40, deadline=None)
@hypothesis.given(
    ANYTHING, st.sampled_from(["region", "event", "argument", "choices", "choice", "key", "text", "transitions"])
)
def test_no_event_ends_in_a_traceback(value: Any, where: str) -> None:
    pod = SYNCING.copy()
    calls: dict[str, Callable[[], Any]] = {
        "region": lambda: pod.fire(value, "sync"),
        "event": lambda: pod.fire("worker", value),
        "argument": lambda: pod.fire("deletion", "delete", requested=value),
        "choices": lambda: pod.fire("worker", "sync", choices=value),
        "choice": lambda: pod.fire("worker", "sync", choices={"prepare": value}),
        "key": lambda: pod.fire(
            "worker", "sync", choices={repr(value) if isinstance(value, list | dict | tuple) else value: "ok"}
        ),
        "text": lambda: PodMachine.from_json(value),
        "transitions": lambda: pod.transitions(value),
    }
    with contextlib.suppress(PodfsmError):
        calls[where]()


@hypothesis.settings(max_examples=25, deadline=None)
@hypothesis.given(st.data())
def test_no_save_ends_in_a_traceback(data: st.DataObject) -> None:
    """One value anywhere in a save is replaced: it is refused, or a run has given it."""
    saved = json.loads(RUNNING)
    at = saved
    while isinstance(at, dict | list) and at and data.draw(st.integers(0, 5)):
        key = data.draw(st.sampled_from(range(len(at)) if isinstance(at, list) else sorted(at)))
        parent, at = at, at[key]
    if at is not saved:
        parent[key] = data.draw(ANYTHING.filter(is_json))
    with contextlib.suppress(SaveError):
        again = PodMachine.from_json(json.dumps(saved))
        assert json.loads(again.to_json()) == saved


def is_json(value: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(value)) == value)
    except (TypeError, ValueError):
        return False


def test_other_tables_can_be_given() -> None:
    model = tables.shipped()
    pod = made(model=model)
    assert PodMachine.from_json(pod.to_json(), model).variables == pod.variables


# ---------------------------------------------------------------------------------------------------------- tolerations


UNREACHABLE = {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"}


@pytest.mark.parametrize(
    ("kind", "tolerations", "expires"),
    [
        ("Pod", [], True),
        ("Pod", [{"operator": "Exists"}], False),
        ("Pod", [{"operator": "Exists", "effect": "NoSchedule"}], True),
        ("Pod", [UNREACHABLE], False),
        ("Pod", [{"key": UNREACHABLE["key"], "effect": "NoExecute"}], False),
        ("Pod", [{"key": UNREACHABLE["key"], "value": "yes"}], True),
        ("Pod", [{"key": "node.kubernetes.io/not-ready", "operator": "Exists"}], True),
        ("Pod", [{**UNREACHABLE, "tolerationSeconds": 60}, {"operator": "Exists"}], True),
        ("Pod", [{"operator": "Exists"}, {**UNREACHABLE, "tolerationSeconds": 60}], False),
        ("DaemonSet", [], False),
        ("DaemonSet", [{**UNREACHABLE, "tolerationSeconds": 60}], False),
        ("DaemonSet", [{"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}], True),
    ],
)
def test_a_pod_that_tolerates_a_lost_node_is_not_deleted_by_it(
    kind: str, tolerations: list[dict[str, Any]], expires: bool
) -> None:
    """A lost node is marked: what may happen then depends on what the pod tolerates."""
    spec = {"nodeName": "n", "containers": [{"name": "app", "image": "a"}], "tolerations": tolerations}
    manifest: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    if kind == "DaemonSet":
        labels = {"app": "p"}
        template = {"metadata": {"labels": labels}, "spec": {k: v for k, v in spec.items() if k != "nodeName"}}
        outer = {"selector": {"matchLabels": labels}, "template": template}
        manifest = {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "p"}, "spec": outer}
    pod = PodMachine.from_manifest(manifest, features=["node-loss", "deletion", "scheduling"])
    if kind == "DaemonSet":
        pod.fire("scheduling", "bind")
    pod.fire("node", "silence")
    pod.fire("node", "mark")
    assert any(e.region == "node" and e.event == "expire" for e in pod.enabled()) == expires
