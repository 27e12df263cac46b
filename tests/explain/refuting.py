"""What became of recorded pods, against what was said of them before.

Run it after a change of the tables, over all streams or some of them; all take a quarter of an hour::

    python tests/explain/refuting.py [STREAM ...]

A goal that was called impossible at one version of a pod must not be reached at a later one. Users do nothing in these
streams that would excuse it; those in which they write status are left out.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from observe.corrupting import Event, names, recorded
from podfsm.explain.outlook import Explorer
from podfsm.explain.reading import pods_of
from podfsm.explain.telling import Teller, Told
from podfsm.language import kubernetes, tables
from podfsm.language.evaluate import Program

REACHED, IMPOSSIBLE = "reached", "impossible"

#: What is reached when an object is removed.
REMOVED = "gone"

#: Keys whose values tell versions apart that look alike otherwise.
VOLATILE = frozenset(
    "uid resourceVersion generation observedGeneration creationTimestamp lastTransitionTime lastProbeTime startedAt "
    "finishedAt startTime containerID imageID podIP podIPs hostIP hostIPs message".split()
)

Verdicts = Mapping[str, str]
"""Verdict by goal."""


@dataclass(frozen=True)
class Refuted:
    """A goal of a pod that was called impossible at one event, and was reached at a later one."""

    goal: str
    said: int
    reached: int


@dataclass
class Refuter:
    """Tells of recorded pods, once of versions that look alike."""

    teller: Teller
    told: dict[str, Told] = field(default_factory=dict)

    def tell(self, pod: Mapping[str, Any]) -> Told:
        """Tell of one version."""
        key = json.dumps(_look(pod), sort_keys=True)
        if key not in self.told:
            [seen], _ = pods_of(json.dumps(pod).encode(), "pod.json", self.teller.program)
            self.told[key] = self.teller.tell(seen)
        return self.told[key]

    def refuted(self, events: Iterable[Event], asked: frozenset[int] | None = None) -> list[Refuted]:
        """Judge the events of one stream, or what was said at some of them, by all."""
        pods: dict[str, list[Event]] = {}
        for event in events:
            pods.setdefault(event.pod["metadata"]["uid"], []).append(event)
        return [one for found in pods.values() for one in refuted(self._verdicts(found, asked))]

    def _verdicts(self, events: Sequence[Event], asked: frozenset[int] | None) -> Iterator[tuple[int, Verdicts]]:
        for event in events:
            if asked is None or event.number in asked or event is events[-1]:
                goals = {goal.id: goal.verdict for goal in self.tell(event.pod).goals}
                yield event.number, goals | ({REMOVED: REACHED} if event.type == "DELETED" else {})


def refuted(versions: Iterable[tuple[int, Verdicts]]) -> list[Refuted]:
    """Find the goals of one pod that were called impossible, and were reached later."""
    said: dict[str, int] = {}
    found: list[Refuted] = []
    for number, goals in versions:
        for goal, verdict in goals.items():
            if verdict == IMPOSSIBLE:
                said.setdefault(goal, number)
            elif verdict == REACHED and goal in said:
                found.append(Refuted(goal, said.pop(goal), number))
    return found


def sampled(seed: int, streams: int, versions: int) -> Iterator[tuple[str, frozenset[int]]]:
    """Choose streams, and versions in each that are asked."""
    chance = random.Random(seed)
    for name in chance.sample(names(), streams):
        numbers = [event.number for event in recorded(name)]
        yield name, frozenset(chance.sample(numbers, min(versions, len(numbers))))


def _look(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _look(one) for key, one in value.items() if key not in VOLATILE}
    return [_look(one) for one in value] if isinstance(value, list) else value


def main(streams: Sequence[str]) -> int:
    """Judge whole streams; the number of refutations is the exit status."""
    model = tables.shipped()
    refuter = Refuter(Teller(Explorer(model), Program(model, kubernetes.gates(model)), "en"))
    versions = count = 0
    for name in streams or names():
        found = refuter.refuted(recorded(name))
        versions, count = versions + len(recorded(name)), count + len(found)
        for one in found:
            sys.stdout.write(f"{name}: {one.goal} impossible at event {one.said}, reached at {one.reached}\n")
    sys.stdout.write(f"{versions} versions, {len(refuter.told)} that look different, {count} refuted\n")
    return min(count, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
