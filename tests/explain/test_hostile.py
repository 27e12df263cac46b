"""Whatever is given, the answer is an explanation or an error with status 2: no traceback."""

import copy
import json
import random
from contextlib import suppress
from typing import Any

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


def test_a_pod_with_very_many_containers_is_not_explored(guide: Guide) -> None:
    spec = {"containers": [{"name": f"c{number}", "image": "x"} for number in range(200)], "nodeName": "n"}
    told = guide.tell({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
    assert told.left_out
    assert {goal.verdict for goal in told.goals} == {"possible"}


def test_too_many_containers_are_refused(guide: Guide) -> None:
    spec = {"containers": [{"name": f"c{number}"} for number in range(2000)]}
    _explain(guide, json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": spec}).encode())
