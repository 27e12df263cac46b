"""What is said of recorded pods must not be refuted by what became of them."""

from typing import Any

import pytest

from explain.conftest import Guide, Traces

SCENARIOS = (
    "a09-finalizer",
    "a16-two-containers-delete",
    "b01-never-exit1",
    "b05-onfailure-eventually-ok",
    "c02-init-fail-always",
    "c19-sidecar-backoff-main-done",
    "d04-startup-fail-always",
    "e04-image-appears",
    "g01-unschedulable-cpu",
    "h01-deadline-always",
    "h08-evict-emptydir",
    "i01-readiness-gate",
    "k02-node-failure",
    "y19-init-start-error",
)


def _told(guide: Guide, traces: Traces, scenario: str) -> dict[str, list[dict[str, str]]]:
    """Judge the goals of every version of every pod; what was removed has reached the last goal."""
    found: dict[str, list[dict[str, str]]] = {}
    for kind, pod in traces.events(scenario):
        goals = {goal.id: goal.verdict for goal in guide.tell(pod).goals}
        found.setdefault(pod["metadata"]["uid"], []).append({"gone": "reached"} if kind == "DELETED" else goals)
    return found


def _refuted(versions: list[dict[str, str]]) -> list[tuple[int, str]]:
    """Find goals that were called impossible and were reached later."""
    return [
        (number, goal)
        for number, goals in enumerate(versions)
        for goal, verdict in goals.items()
        if verdict == "impossible" and any(later.get(goal) == "reached" for later in versions[number + 1 :])
    ]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_is_impossible_never_happens(guide: Guide, traces: Traces, scenario: str) -> None:
    for versions in _told(guide, traces, scenario).values():
        assert _refuted(versions) == []


def test_a_wrong_verdict_is_found() -> None:
    assert _refuted([{"ready": "possible"}, {"ready": "impossible"}, {"ready": "reached"}]) == [(1, "ready")]


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
