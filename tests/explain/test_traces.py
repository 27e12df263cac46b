"""What is said of recorded pods must not be refuted by what became of them."""

from typing import Any

import pytest

from explain.conftest import Guide, Traces
from explain.refuting import Refuted, Refuter, refuted, sampled
from observe.corrupting import recorded

SEED, STREAMS, VERSIONS = 3, 12, 3


@pytest.fixture(scope="module")
def refuter(guide: Guide) -> Refuter:
    return Refuter(guide.teller("en"))


def test_what_is_impossible_never_happens(refuter: Refuter) -> None:
    """A sample; `tests/explain/refuting.py` asks all versions of all streams."""
    for name, asked in sampled(SEED, STREAMS, VERSIONS):
        assert (name, refuter.refuted(recorded(name), asked)) == (name, [])


def test_a_wrong_verdict_is_found() -> None:
    said = [{"ready": "possible"}, {"ready": "impossible"}, {"ready": "impossible"}, {"ready": "reached"}]
    assert refuted(enumerate(said)) == [Refuted("ready", 1, 3)]


def test_a_succeeded_pod_may_fail_by_a_late_deadline(guide: Guide, refuter: Refuter, traces: Traces) -> None:
    """Defect K05: the deadline is looked at again after the end of the pod."""
    name, said = "w10e-succeeded-then-failed-deadline", 52
    assert refuter.refuted(recorded(name), frozenset({said, said + 6})) == []
    pod = traces.object(name, said)
    assert "K05" in {defect for defect, _ in guide.tell(pod).defects}
    pod["spec"]["activeDeadlineSeconds"] = None
    assert {goal.id: goal.verdict for goal in guide.tell(pod).goals}["failed"] == "impossible"


def test_a_pod_that_is_stuck_without_a_sandbox_is_told_so(guide: Guide, traces: Traces) -> None:
    """Defect K01: Never, a container that its own policy restarts, and the sandbox is gone."""
    told = guide.tell(traces.object("w01-never-pod-restartable-container-sandbox-killed", 84))
    verdicts = {goal.id: goal.verdict for goal in told.goals}
    assert (verdicts["ready"], verdicts["succeeded"]) == ("impossible", "impossible")
    assert "K01" in {defect for defect, _ in told.defects}
    assert {step.actor for step in told.next} == {"user"}


def test_most_recorded_objects_look_like_a_state(guide: Guide, traces: Traces) -> None:
    seen = [guide.tell(pod) for _, pod in traces.events("b05-onfailure-eventually-ok")]
    assert [told.seen for told in seen] == [True] * len(seen)
    assert sum(not told.relaxed for told in seen) >= 0.8 * len(seen)


def test_back_off_ends_as_the_message_says(guide: Guide, traces: Traces) -> None:
    """The message of CrashLoopBackOff gives the seconds, and lastState their beginning."""
    checked = 0
    for _, pod in traces.events("c02-init-fail-always"):
        slots: list[dict[str, Any]] = pod.get("status", {}).get("initContainerStatuses", [])
        for slot in slots:
            message = slot["state"].get("waiting", {}).get("message", "")
            if message.startswith("back-off ") and "deletionTimestamp" not in pod["metadata"]:
                [timer] = [one for one in guide.tell(pod).timers if one.id == "timer.back-off"]
                assert _seconds(slot["lastState"]["terminated"]["finishedAt"], timer.at) == _duration(
                    message.split()[1]
                )
                checked += 1
    assert checked


def _seconds(start: str, end: str) -> float:
    from datetime import datetime

    moments = [datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (start, end)]
    return (moments[1] - moments[0]).total_seconds()


def _duration(text: str) -> float:
    minutes, _, seconds = text.rstrip("s").rpartition("m")
    return int(minutes or 0) * 60 + float(seconds)
