"""Judge recorded and corrupted streams."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from observe.corrupting import Corrupter, Corruption, Event, names, recorded, stream
from podfsm.observe.conform import Conformance
from podfsm.observe.stream import read
from podfsm.observe.track import Tracker
from podfsm.observe.watch import Watch

#: Recorded streams in which each corruption is tried, and events of each.
STREAMS = 8


def judge(watch: Watch, text: bytes) -> list[dict[str, Any]]:
    conformance = Conformance(Tracker(watch))
    return [*conformance.records(read(io.BytesIO(text), "test", 1 << 26)), conformance.summary()]


def whole(name: str) -> bytes:
    return stream((event.type, event.pod) for event in recorded(name))


def applicable(corrupter: Corrupter, corruption: Corruption) -> Iterator[tuple[Event, bytes]]:
    """Events to corrupt, at most one of a stream, spread over the streams; each with the stream up to it."""
    found = 0
    known = names()
    # A different part of the streams for each corruption.
    start = sum(map(ord, corruption.id)) % len(known)
    for name in [*known[start:], *known[:start]]:
        for event in recorded(name):
            changed = corrupter.corrupted(corruption, event)
            if changed is None:
                continue
            pod, type_ = changed
            uid = pod["metadata"]["uid"]
            former = [(e.type, e.pod) for e in recorded(name)[: event.number] if e.pod["metadata"]["uid"] == uid]
            if corruption.data.get("again"):
                former.append((event.type, event.pod))
            yield event, stream(iter([*former, (type_, pod)]))
            found += 1
            break
        if found == STREAMS:
            return


def survivors(watch: Watch, corrupter: Corrupter, corruption: Corruption) -> tuple[int, int]:
    """(corrupted events that pass as right, corrupted events)."""
    passed = tried = 0
    for _, text in applicable(corrupter, corruption):
        tried += 1
        *records, _ = judge(watch, text)
        last = text.count(b"\n") - 1
        violations = [record["event"] for record in records if record["record"] == "violation"]
        assert violations in ([], [last]), f"{corruption.id}: violations at {violations}, corrupted is {last}"
        passed += not violations
    return passed, tried
