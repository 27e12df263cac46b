"""Corrupted streams do not conform, at the very event."""

import pytest

import evidence
from observe.corrupting import Corrupter, recorded, stream
from observe.judging import judge, survivors
from podfsm.language.tables import shipped
from podfsm.observe.watch import Watch


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch(shipped())


@pytest.fixture(scope="module")
def corrupter() -> Corrupter:
    return Corrupter()


def test_corruptions_are_found(watch: Watch, corrupter: Corrupter) -> None:
    passed = tried = 0
    missed, found = {}, {}
    for corruption in corrupter.all:
        survived, applied = survivors(watch, corrupter, corruption)
        found[corruption.id] = evidence.of_corruption(corruption, survived, applied)
        assert applied, f"{corruption.id} applies nowhere"
        if corruption.survives:
            assert survived, f"{corruption.id} is found after all"
        elif survived:
            missed[corruption.id] = (survived, applied)
        passed += survived
        tried += applied
    assert len(corrupter.all) >= 40
    assert passed <= tried * 0.05, f"{passed} of {tried} are not found: {missed}"
    assert found == evidence.committed()["corruptions"], evidence.MEND


def test_one_fault_is_one_violation(watch: Watch, corrupter: Corrupter) -> None:
    """After a corrupted version the stream goes on as recorded: nothing more is wrong."""
    corruption = next(c for c in corrupter.all if c.id == "phase-running-to-pending")
    event = next(e for e in recorded("a01-plain-graceful-idle") if corrupter.corrupted(corruption, e) is not None)
    changed = corrupter.corrupted(corruption, event)
    assert changed is not None
    events = [(e.type, changed[0] if e is event else e.pod) for e in recorded("a01-plain-graceful-idle")]
    found = [r["event"] for r in judge(watch, stream(iter(events))) if r["record"] == "violation"]
    assert found == [event.number]
