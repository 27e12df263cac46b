"""What would have been legal: the nearest values keep the rule that is broken, and are those that the tables give."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from observe.corrupting import Corrupter, Corruption, recorded
from observe.judging import applicable
from podfsm.language.tables import shipped
from podfsm.observe.nearest import Legal, Nearest
from podfsm.observe.watch import Fault, Version, Watch, noted

#: Corruptions after which no value would be legal: the event itself is wrong.
NO_VALUE = {"comes-back"}
#: The value is an id that only Kubernetes can know.
NOT_KNOWN = {"running-without-id"}


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch(shipped())


@pytest.fixture(scope="module")
def corrupter() -> Corrupter:
    return Corrupter()


def put(document: Any, path: str, value: Any) -> None:
    """Put a value at a path such as ``status.containerStatuses[app].ready``; None removes what is there."""
    steps = re.findall(r"\[([^\]]*)\]|([^.\[\]]+)", path)
    holders: list[tuple[Any, Any]] = [(document, None)]
    for place, (name, key) in enumerate(steps):
        holder = holders[-1][0]
        if key:
            following = steps[place + 1 : place + 2]
            holder.setdefault(key, [] if following and following[0][0] else {})
            holders.append((holder[key], (holder, key)))
            continue
        found = next((n for n, item in enumerate(holder) if name in (item.get("name"), item.get("type"))), None)
        if found is None:
            holder.append({"name": name, "type": name})
            found = len(holder) - 1
        holders.append((holder[found], (holder, found)))
    holder, key = holders[-1][1]
    if value is None:
        del holder[key]
    else:
        holder[key] = value


def first_violation(
    watch: Watch, corrupter: Corrupter, corruption: Corruption
) -> tuple[Fault, Mapping[str, Any], Version] | None:
    """The first violation that a corruption makes, in the corrupted version, and the version before."""
    for event, _ in applicable(corrupter, corruption):
        changed = corrupter.corrupted(corruption, event)
        assert changed is not None
        assert event.before is not None
        before = Version(noted(event.before, True, False), watch.any_guess)
        document = noted(changed[0], False, changed[1] == "DELETED")
        faults = [fault for fault in watch.find(before, document).faults if fault.row is None]
        if faults:
            return faults[0], document, before
    return None


def test_nearest_values_keep_the_rule(watch: Watch, corrupter: Corrupter) -> None:
    nearest, told = Nearest(watch), 0
    for corruption in corrupter.all:
        found = None if corruption.survives else first_violation(watch, corrupter, corruption)
        if found is None:
            continue
        fault, document, before = found
        legal = nearest.of(fault, document, before)
        assert bool(legal.expected) == (corruption.id not in NO_VALUE), corruption.id
        assert bool(legal.values) == (corruption.id not in NO_VALUE | NOT_KNOWN), corruption.id
        if not legal.values:
            continue
        mended = copy.deepcopy(dict(document))
        for path, value in legal.values.items():
            put(mended, path, value)
        left = [(one.rule.id, one.place) for one in watch.find(before, mended).faults if one.row is None]
        assert (fault.rule.id, fault.place) not in left, (corruption.id, legal)
        told += 1
    assert told >= 60


def legal(watch: Watch, corrupter: Corrupter, corruption: str) -> Legal:
    found = first_violation(watch, corrupter, next(one for one in corrupter.all if one.id == corruption))
    assert found is not None
    return Nearest(watch).of(*found)


@pytest.mark.parametrize(
    ("corruption", "expected"),
    [
        (
            "ready-beside-unready",
            "status.conditions[Ready].status = False, status.conditions[Ready].reason = ContainersNotReady, status.",
        ),
        ("phase-running-to-pending", "status.phase = Running"),
        ("phase-invented", "status.phase = Pending | status.phase = Failed"),
        ("restart-without-count", "status.containerStatuses[m].restartCount > 0"),
        ("scheduled-taken-back", "status.conditions[PodScheduled].status = True"),
        ("running-without-id", "status.containerStatuses[m].containerID != null"),
        ("init-out-of-order", "status.initContainerStatuses[i2].state = waiting | "),
    ],
)
def test_expected_says_what_would_have_been_legal(
    watch: Watch, corrupter: Corrupter, corruption: str, expected: str
) -> None:
    assert legal(watch, corrupter, corruption).expected.startswith(expected)


def test_the_nearest_status_has_the_number_and_the_state(watch: Watch, corrupter: Corrupter) -> None:
    assert legal(watch, corrupter, "restart-without-count").values["status.containerStatuses[m].restartCount"] == 1
    state = legal(watch, corrupter, "instance-runs-again").values["status.containerStatuses[m].state"]
    assert list(state) == ["terminated"]
    assert state["terminated"]["exitCode"] == 0


def test_what_depends_on_the_rule_is_mended_too(watch: Watch, corrupter: Corrupter) -> None:
    """When ContainersReady is wrong, Ready has to follow."""
    values = legal(watch, corrupter, "both-ready-beside-unready").values
    for condition in ("ContainersReady", "Ready"):
        assert values[f"status.conditions[{condition}].status"] == "False"
        assert values[f"status.conditions[{condition}].reason"] == "ContainersNotReady"


def test_versions_that_look_alike_are_mended_alike(watch: Watch, corrupter: Corrupter) -> None:
    """The second time what was found is carried out on another document."""
    nearest = Nearest(watch)
    corruption = next(one for one in corrupter.all if one.id == "start-time-changes")
    for event in (event for event, _ in applicable(corrupter, corruption)):
        changed = corrupter.corrupted(corruption, event)
        assert changed is not None
        assert event.before is not None
        before = Version(noted(event.before, True, False), watch.any_guess)
        document = noted(changed[0], False, False)
        fault = next(one for one in watch.find(before, document).faults if one.rule.id == "seen.start-time-kept")
        found = nearest.of(fault, document, before, look="alike")
        assert found.values == {"status.startTime": event.before["status"]["startTime"]}
        assert found == Nearest(watch).of(fault, document, before)


def test_a_first_version_has_a_nearest_status(watch: Watch) -> None:
    pod = copy.deepcopy(dict(recorded("a03-force-delete")[0].pod))
    pod["status"]["phase"] = "Bogus"
    document = noted(pod, True, False)
    fault = next(one for one in watch.find(None, document).faults if one.row is None)
    assert Nearest(watch).of(fault, document, None).values["status.phase"] == "Pending"


@pytest.mark.parametrize("time", [2**70, -(2**70), "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
@pytest.mark.parametrize("name", ["m", "", None])
def test_odd_times_and_names_end_in_words(watch: Watch, time: Any, name: Any) -> None:
    event = next(e for e in recorded("a01-plain-graceful") if e.pod["status"].get("phase") == "Running")
    pod = copy.deepcopy(dict(event.pod))
    (slot,) = pod["status"]["containerStatuses"]
    slot |= {"ready": False, "restartCount": -1}
    pod["status"]["conditions"].append({"type": name, "status": "Maybe", "observedGeneration": 99})
    slot["state"]["running"]["startedAt"] = time
    pod["status"]["conditions"][0]["lastTransitionTime"] = time
    before = Version(noted(event.pod, True, False), watch.any_guess)
    document = noted(pod, False, False)
    faults = [fault for fault in watch.find(before, document).faults if fault.row is None]
    assert faults
    for fault in faults:
        json.dumps(Nearest(watch).of(fault, document, before).values)
