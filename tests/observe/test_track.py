"""Versions that look alike are judged once: the outcome is that of judging each by itself."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from observe.corrupting import Corrupter, names, recorded, stream
from podfsm.language.tables import shipped
from podfsm.observe import likeness
from podfsm.observe.conform import Conformance
from podfsm.observe.likeness import compared, seconds
from podfsm.observe.relations import Relations, relations
from podfsm.observe.stream import read
from podfsm.observe.track import Tracker
from podfsm.observe.watch import Watch


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch(shipped())


def judge(tracker: Tracker, text: bytes, by_line: bool = True) -> list[dict[str, object]]:
    conformance = Conformance(tracker)
    documents = read(io.BytesIO(text), "test", 1 << 26, tracker.typed if by_line else None)
    return [*conformance.records(documents), conformance.summary()]


def alike(watch: Watch, text: bytes) -> Tracker:
    """Check that all ways to judge a stream agree."""
    tracker, reference = Tracker(watch), Tracker(watch, by_look=False)
    wanted = judge(reference, text)
    assert judge(tracker, text) == wanted
    assert judge(Tracker(watch), text, by_line=False) == wanted
    assert tracker.judged < reference.judged
    return tracker


def test_recorded_streams_are_judged_alike(watch: Watch) -> None:
    chosen = [*names()[::3], *names(foreign=True)]
    tracker = alike(watch, b"".join(stream((e.type, e.pod) for e in recorded(name)) for name in chosen))
    assert tracker.typed is not None


def corrupted(corrupter: Corrupter) -> Iterator[bytes]:
    """One stream for each corruption, up to the corrupted version, and one event further."""
    for number, corruption in enumerate(corrupter.all):
        known = names()
        for name in [*known[number:], *known[:number]]:
            for event in recorded(name):
                changed = corrupter.corrupted(corruption, event)
                if changed is None:
                    continue
                pod, type_ = changed
                own = [e for e in recorded(name) if e.pod["metadata"]["uid"] == pod["metadata"]["uid"]]
                former = [(e.type, e.pod) for e in own if e.number < event.number]
                later = [(e.type, e.pod) for e in own if e.number > event.number][:1]
                yield stream(iter([*former, (type_, pod), *later])).replace(
                    pod["metadata"]["uid"].encode(), f"uid-{number}".encode()
                )
                break
            else:
                continue
            break


def test_corrupted_streams_are_judged_alike(watch: Watch) -> None:
    alike(watch, b"".join(corrupted(Corrupter())))


def test_rules_only_compare_times_and_ids(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise no two pods look alike, and each version is judged by itself."""
    found: list[Relations] = []

    def noted(*arguments: Any) -> Relations:
        found.append(relations(*arguments))
        return found[-1]

    monkeypatch.setattr(likeness, "relations", noted)
    likeness.Likeness(watch)
    fields = {field.id: field for of in watch.model.fields.values() for field in of.values()}
    assert [name for name in sorted(found[0].plain) if fields[name].type.kind == "time"] == []
    assert not found[0].plain & {"container.id", "container.last-id", "pod.version", "pod.pod-ip", "pod.host-ip"}


def test_lists_of_the_wrong_type_are_told_as_where_all_is_decoded(watch: Watch) -> None:
    event = next(e for e in recorded("a01-plain-graceful") if e.pod["status"].get("conditions"))
    for path, value in (("conditions", [1]), ("containerStatuses", {"name": 1}), ("phase", 3), ("startTime", "soon")):
        pod = {**event.pod, "status": {**event.pod["status"], path: value}}
        text = stream(iter([("ADDED", event.pod), ("MODIFIED", pod), ("MODIFIED", event.pod)]))
        wanted = judge(Tracker(watch, by_look=False), text)
        assert judge(Tracker(watch), text) == wanted
        assert "error" in [record["record"] for record in wanted]


def test_events_without_pods_are_passed_over(watch: Watch) -> None:
    bookmark = {"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {"resourceVersion": "9"}}}
    gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410}}
    text = "\n".join(map(json.dumps, [bookmark, gone])).encode()
    assert judge(Tracker(watch), text) == [{"record": "summary", "events": 2, "pods": 0, "violations": 0, "defects": 0}]


def test_memory_grows_with_pods_that_live(watch: Watch) -> None:
    tracker = Tracker(watch, forgotten=2)
    event = recorded("a01-plain-graceful")[0]
    for number in range(5):
        pod = {**event.pod, "metadata": {**event.pod["metadata"], "uid": f"uid-{number}"}}
        judge(tracker, stream(iter([("ADDED", pod), ("DELETED", pod)])))
    assert list(tracker.pods) == ["uid-3", "uid-4"]


def test_times_are_compared_in_whole_seconds() -> None:
    from datetime import UTC, datetime

    whole = datetime(2026, 11, 21, 22, 14, 18, tzinfo=UTC)
    later = whole.replace(microsecond=5)
    assert seconds(later) == seconds(whole) == int(whole.timestamp())
    assert seconds(whole.replace(tzinfo=None)) == seconds(whole)
    assert seconds(None) is None
    first, second = 1, 2
    assert [compared(first, first), compared(first, second), compared(second, first)] == [0, -1, 1]
    assert len({compared(None, first), compared(first, None), compared(first, first)}) == 3
