"""Whatever is given, the answer is an explanation or an error with status 2: no traceback."""

import copy
import json
import random
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explain.conftest import Guide, Traces
from podfsm.errors import PodfsmError
from podfsm.explain.reading import pods_of
from podfsm.explain.report import as_json

SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    3.5,
    10**18,
    10**400,
    "",
    "\x1b[2J",
    "한",
    [],
    {},
    [[]],
    {"a": None},
    "2026-13-45T99:99:99Z",
)


def _explain(guide: Guide, data: bytes) -> None:
    """Explain some text; a `PodfsmError` is a clear refusal, anything else a fault."""
    with suppress(PodfsmError):
        pods, _ = pods_of(data, "x", guide.program)
        for pod in pods:
            json.dumps(as_json([guide.tell(dict(pod.object))]))


@given(data=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
@SETTINGS
def test_any_bytes(guide: Guide, data: bytes) -> None:
    _explain(guide, data)


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(metadata=_ANY, spec=_ANY, status=_ANY)
@SETTINGS
def test_any_object_of_the_kind(guide: Guide, metadata: Any, spec: Any, status: Any) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}
    _explain(guide, json.dumps(pod).encode())


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [path] * bool(path) + [place for key in keys for place in _places(value[key], (*path, key))]


@given(seed=st.integers(0, 2**32))
@SETTINGS
def test_recorded_pods_with_odd_values(guide: Guide, traces: Traces, seed: int) -> None:
    chance = random.Random(seed)
    pod = copy.deepcopy(chance.choice(_recorded(traces)))
    for _ in range(chance.randint(1, 3)):
        *path, last = chance.choice(_places(pod))
        target: Any = pod
        try:
            for key in path:
                target = target[key]
            target[last] = chance.choice(ODD)
        except (KeyError, IndexError, TypeError):
            continue
    _explain(guide, json.dumps(pod).encode())


_KEPT: list[dict[str, Any]] = []


def _recorded(traces: Traces) -> list[dict[str, Any]]:
    if not _KEPT:
        _KEPT.extend(pod for name in ("b01-never-exit1", "c02-init-fail-never") for _, pod in traces.events(name))
    return _KEPT


def test_names_and_messages_of_any_length_fit_the_screen(guide: Guide, traces: Traces) -> None:
    pod = copy.deepcopy(next(p for p in _recorded(traces) if p["status"].get("containerStatuses")))
    pod["metadata"]["name"] = "x" * 10_000
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no\x1b[2J\n" * 10_000}}
    pod["status"]["containerStatuses"][0] |= {"state": waiting, "ready": False, "started": False}
    pod["status"]["conditions"] = [{"type": f"t{number}\x1b[0m", "status": "True"} for number in range(100)]
    lines = guide.lines(pod)
    assert len(lines) <= 60
    assert max(map(len, lines[1:])) <= 120
    assert "\x1b" not in "".join(lines)


def test_many_pods_that_are_alike_cost_little(guide: Guide, traces: Traces) -> None:
    """Volumes of the pods of one owner have names of their own."""
    pod = next(p for p in _recorded(traces) if p["status"].get("containerStatuses"))
    pods = []
    for number in range(50):
        volume = {"name": f"kube-api-access-{number}", "emptyDir": {}}
        metadata = {**pod["metadata"], "name": f"p{number}"}
        pods.append({**pod, "metadata": metadata, "spec": {**pod["spec"], "volumes": [volume]}})
    seen, _ = pods_of(json.dumps({"kind": "PodList", "items": pods}).encode(), "x", guide.program)
    outlooks = {id(guide.teller("en").outlook(one).explored) for one in seen}
    assert (len(seen), len(outlooks)) == (50, 1)


def test_anchors_of_yaml_are_followed(guide: Guide) -> None:
    text = """
kind: PodList
items:
- &pod
  metadata: {name: a}
  spec: {containers: &same [{name: m, image: x}], nodeName: n1}
- {<<: *pod, metadata: {name: b}}
- {metadata: {name: c}, spec: {containers: *same, nodeName: n1}}
"""
    pods, _ = pods_of(text.encode(), "x", guide.program)
    assert [pod.name for pod in pods] == ["default/a", "default/b", "default/c"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"kind": "Pod", "spec": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested deeper"),
        ("kind: Pod\nspec: &s {containers: [*s]}", "nested deeper"),
        ('{"kind": "Pod", "status": {"containerStatuses": [{"restartCount": 1e999}]}}', "too large"),
        ('{"kind": "Pod", "status": {"containerStatuses": [{"restartCount": NaN}]}}', "NaN is no JSON number"),
        ('{"kind": "Pod", "status": {"containerStatuses": [{"restartCount": ' + "9" * 40 + "}]}}", "restartCount"),
        ('{"kind": "Pod", "status": {"conditions": [' + ", ".join(["{}"] * 2000) + "]}}", "at most 1000 are read"),
    ],
)
def test_what_cannot_be_read_is_said(guide: Guide, text: str, complaint: str) -> None:
    with pytest.raises(PodfsmError) as caught:
        pods_of(text.encode(), "x", guide.program)
    assert complaint in "; ".join(caught.value.messages)


def test_invalid_utf8_is_refused_with_its_place(guide: Guide) -> None:
    with pytest.raises(PodfsmError, match="x:1:1: this is not UTF-8"):
        pods_of(b'{"kind": "Pod", "metadata": {"name": "\xff"}}', "x", guide.program)


def test_a_key_that_stands_twice_is_noted(guide: Guide) -> None:
    _, notes = pods_of(b'{"kind": "Pod", "status": {"phase": "Failed", "phase": "Running"}}', "x", guide.program)
    assert any("'phase' stands twice" in note for note in notes)


def test_a_pod_with_very_many_containers_is_not_explored(guide: Guide) -> None:
    spec = {"containers": [{"name": f"c{number}", "image": "x"} for number in range(200)], "nodeName": "n"}
    told = guide.tell({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
    assert told.left_out
    assert {goal.verdict for goal in told.goals} == {"possible"}


def test_too_many_containers_are_refused(guide: Guide) -> None:
    spec = {"containers": [{"name": f"c{number}"} for number in range(2000)]}
    _explain(guide, json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": spec}).encode())
