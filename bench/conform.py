"""What `podfsm conform` costs, in multiples of what decoding the same stream into typed pods with msgspec costs.

    python bench/conform.py [--pods 100000] [--rounds 5] [--live 500] [--tables DIRECTORY]

The stream is made of recorded lifecycles, again and again with fresh uids, names, addresses, container ids, resource
versions and times, so many pods interleaved as `--live` says. Its lines are made as they are read: making them is not
measured. Every round judges a part of the stream, so that they come in turn with rounds of decoding; nothing is
forgotten between them, as in one long run, and the first round has the versions that no memory knows yet. Printed are
CPU times of one core.
"""

# ruff: noqa: N815  # names of the API

from __future__ import annotations

import argparse
import gzip
import io
import json
import random
import re
import resource
import statistics
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from podfsm import collector
from podfsm.language import tables
from podfsm.observe.conform import Conformance
from podfsm.observe.stream import read
from podfsm.observe.track import Tracker
from podfsm.observe.watch import Watch

TRACES = Path(__file__).resolve().parent.parent / "tests" / "data" / "traces"

#: In these streams a user writes status by hand.
FOREIGN = ("x02", "x03", "x16", "w16")

_TIME = re.compile(r'"(2\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z"')
_ID = re.compile(r"containerd://([0-9a-f]{64})")
_ADDRESS = re.compile(r'"(10\.\d+\.\d+\.\d+)"')
_FORMAT = "%Y-%m-%dT%H:%M:%S"


# ----------------------------------------------------------------------------------------------------------- the stream


class Life:
    """A recorded lifecycle as lines with gaps, which are filled anew for each pod."""

    def __init__(self, events: list[Any]) -> None:
        first = events[0]["object"]["metadata"]
        self.start = datetime.strptime(first["creationTimestamp"], f"{_FORMAT}Z")
        names = {first["uid"]: "uid", f'"name":"{first["name"]}","namespace":"{first["namespace"]}"': "names"}
        self.lines = [self._line(event, names) for event in events]

    def _line(self, event: Any, names: dict[str, str]) -> list[tuple[str, str]]:
        """Cut a line into (text, kind of what follows it, and its recorded value)."""
        event = {"type": event["type"], "object": event["object"]}
        text = json.dumps(event, separators=(",", ":"))
        version = f'"resourceVersion":"{event["object"]["metadata"]["resourceVersion"]}"'
        known = "|".join(map(re.escape, [*names, version]))
        gap = re.compile(f"({_TIME.pattern}|{_ID.pattern}|{_ADDRESS.pattern}|{known})")
        found: list[tuple[str, str]] = []
        at = 0
        for match in gap.finditer(text):
            found.append(("text", text[at : match.start()]))
            value = match.group()
            kind = "time" if match[2] else "id" if match[3] else "address" if match[4] else names.get(value, "version")
            found.append((kind, match[2] or match[3] or match[4] or value))
            at = match.end()
        return [*found, ("text", text[at:])]


def lives() -> list[Life]:
    """Read the recorded lifecycles, one for each pod of a stream."""
    found = []
    for path in sorted(TRACES.glob("*.jsonl.gz")):
        if path.name.startswith(FOREIGN):
            continue
        by_uid: dict[str, list[Any]] = {}
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for event in map(json.loads, lines):
                by_uid.setdefault(event["object"]["metadata"]["uid"], []).append(event)
        found += [Life(events) for events in by_uid.values() if events[0]["type"] == "ADDED"]
    return found


class Pod:
    """One pod of the made stream, with names of its own."""

    def __init__(self, number: int, life: Life, start: datetime, draw: random.Random) -> None:
        self.number, self.life, self.draw = number, life, draw
        self.shift = start - life.start
        self.at = 0
        self._known: dict[tuple[str, str], str] = {}

    def line(self, version: int) -> str:
        """Return the next line."""
        pieces = [
            value if kind == "text" else self._filled(kind, value, version) for kind, value in self.life.lines[self.at]
        ]
        self.at += 1
        return "".join(pieces)

    def _filled(self, kind: str, value: str, version: int) -> str:
        if kind == "version":
            return f'"resourceVersion":"{version}"'
        known = self._known.get((kind, value))
        if known is None:
            known = self._known[kind, value] = self._made(kind, value)
        return known

    def _made(self, kind: str, value: str) -> str:
        draw = self.draw
        if kind == "time":
            return f'"{(datetime.strptime(value, _FORMAT) + self.shift).strftime(_FORMAT)}Z"'
        if kind == "id":
            return f"containerd://{draw.getrandbits(256):064x}"
        if kind == "address":
            return f'"10.{draw.randrange(256)}.{draw.randrange(256)}.{draw.randrange(1, 255)}"'
        if kind == "uid":
            text = f"{draw.getrandbits(128):032x}"
            return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
        return f'"name":"web-{self.number}","namespace":"team-{self.number % 50}"'


def stream(pods: int, live: int) -> Iterator[bytes]:
    """Yield the lines of so many pods, `live` of them at a time."""
    draw = random.Random(1)
    known = lives()
    started, version = 0, 1000
    now = datetime(2026, 11, 22, tzinfo=UTC).replace(tzinfo=None)
    at_work: list[Pod] = []
    while started < pods or at_work:
        while started < pods and len(at_work) < live:
            at_work.append(Pod(started, draw.choice(known), now, draw))
            started += 1
        place = draw.randrange(len(at_work))
        pod = at_work[place]
        version += 1
        now += timedelta(seconds=draw.random() * 0.2)
        yield pod.line(version).encode()
        if pod.at == len(pod.life.lines):
            at_work[place] = at_work[-1]
            at_work.pop()


# ----------------------------------------------------------------------------------------------------------- typed pods


class Metadata(msgspec.Struct):
    """What the stream has of ObjectMeta."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resourceVersion: str = ""
    generation: int = 0
    creationTimestamp: datetime | None = None
    deletionTimestamp: datetime | None = None
    deletionGracePeriodSeconds: int | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    finalizers: list[str] = []


class ExitCodes(msgspec.Struct):
    """Exit codes of a restart rule."""

    operator: str = ""
    values: list[int] = []


class Rule(msgspec.Struct):
    """A restart rule."""

    action: str = ""
    exitCodes: ExitCodes | None = None


class Container(msgspec.Struct):
    """A container of the spec; its probes, hooks and resources are kept as they are."""

    name: str = ""
    image: str = ""
    command: list[str] = []
    args: list[str] = []
    env: list[dict[str, Any]] = []
    restartPolicy: str = ""
    restartPolicyRules: list[Rule] = []
    imagePullPolicy: str = ""
    resources: Any = None
    ports: Any = None
    startupProbe: Any = None
    livenessProbe: Any = None
    readinessProbe: Any = None
    lifecycle: Any = None
    volumeMounts: Any = None


class Spec(msgspec.Struct):
    """The spec of a pod."""

    containers: list[Container] = []
    initContainers: list[Container] = []
    ephemeralContainers: list[Container] = []
    restartPolicy: str = ""
    nodeName: str = ""
    nodeSelector: dict[str, str] = {}
    terminationGracePeriodSeconds: int | None = None
    activeDeadlineSeconds: int | None = None
    readinessGates: list[dict[str, str]] = []
    schedulingGates: list[dict[str, str]] = []
    tolerations: Any = None
    priority: int | None = None
    volumes: Any = None


class Condition(msgspec.Struct):
    """A condition of a pod."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    observedGeneration: int = 0
    lastTransitionTime: datetime | None = None


class Waiting(msgspec.Struct):
    """A state."""

    reason: str = ""
    message: str = ""


class Running(msgspec.Struct):
    """A state."""

    startedAt: datetime | None = None


class Terminated(msgspec.Struct):
    """A state."""

    exitCode: int = 0
    signal: int = 0
    reason: str = ""
    message: str = ""
    startedAt: datetime | None = None
    finishedAt: datetime | None = None
    containerID: str = ""


class State(msgspec.Struct):
    """A state."""

    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class Slot(msgspec.Struct):
    """The status of a container."""

    name: str = ""
    state: State | None = None
    lastState: State | None = None
    ready: bool = False
    restartCount: int = 0
    image: str = ""
    imageID: str = ""
    containerID: str = ""
    started: bool | None = None
    resources: Any = None
    volumeMounts: Any = None
    user: Any = None


class PodStatus(msgspec.Struct):
    """The status of a pod."""

    phase: str = ""
    reason: str = ""
    message: str = ""
    conditions: list[Condition] = []
    hostIP: str = ""
    hostIPs: list[dict[str, str]] = []
    podIP: str = ""
    podIPs: list[dict[str, str]] = []
    startTime: datetime | None = None
    containerStatuses: list[Slot] = []
    initContainerStatuses: list[Slot] = []
    ephemeralContainerStatuses: list[Slot] = []
    qosClass: str = ""
    observedGeneration: int = 0


class TypedPod(msgspec.Struct):
    """A pod as the API has it."""

    apiVersion: str = ""
    kind: str = ""
    metadata: Metadata | None = None
    spec: Spec | None = None
    status: PodStatus | None = None


class WatchEvent(msgspec.Struct):
    """A line of the stream."""

    type: str
    object: TypedPod


# -------------------------------------------------------------------------------------------------------------- measure


def decoding(lines: list[bytes]) -> float:
    """Return the CPU seconds that decoding lines takes."""
    decode = msgspec.json.Decoder(WatchEvent).decode
    started = time.process_time()
    for line in lines:
        decode(line)
    return time.process_time() - started


def conforming(conformance: Conformance, lines: list[bytes]) -> float:
    """Return the CPU seconds that the command takes for lines, without its start."""
    data = io.BytesIO(b"".join(line + b"\n" for line in lines))
    started = time.process_time()
    for record in conformance.records(read(data, "stream", 1 << 26, conformance.tracker.typed)):
        json.dumps(record)
    return time.process_time() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what podfsm conform costs.")
    parser.add_argument("--pods", type=int, default=100_000)
    parser.add_argument("--live", type=int, default=500, help="pods that live at the same time")
    parser.add_argument("--rounds", type=int, default=5, help="parts of the stream that are measured one by one")
    parser.add_argument("--tables", default=None)
    parser.add_argument("--memory", action="store_true", help="measure memory instead, which takes longer")
    arguments = parser.parse_args()
    model = tables.shipped() if arguments.tables is None else tables.loaded(arguments.tables)
    with collector.never():
        measure(Conformance(Tracker(Watch(model))), arguments)


def measure(conformance: Conformance, arguments: argparse.Namespace) -> None:
    """Judge the stream part by part, and print a line for each."""
    if arguments.memory:
        tracemalloc.start()
    print(f"{'events':>10}{'decode µs':>11}{'conform µs':>12}{'ratio':>8}{'judged':>8}{'pods kept':>11}{'MiB':>8}")
    size = 1 + arguments.pods // arguments.rounds
    ratios: list[float] = []
    total = [0.0, 0.0]
    lines: list[bytes] = []
    events = 0

    def part() -> None:
        nonlocal events
        judged = conformance.tracker.judged
        decoded, conformed = decoding(lines), conforming(conformance, lines)
        total[0] += decoded
        total[1] += conformed
        ratios.append(conformed / decoded)
        events += len(lines)
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        if arguments.memory:
            used = tracemalloc.get_traced_memory()[0]
        print(
            f"{len(lines):>10,}{decoded / len(lines) * 1e6:>11.2f}{conformed / len(lines) * 1e6:>12.2f}"
            f"{conformed / decoded:>8.2f}{conformance.tracker.judged - judged:>8,}{len(conformance.tracker.pods):>11,}"
            f"{used / 2**20:>8.0f}",
            flush=True,
        )
        lines.clear()

    for line in stream(arguments.pods, arguments.live):
        lines.append(line)
        if len(lines) >= 12 * size:
            part()
    if lines:
        part()
    print(f"{events:,} events: decoded {total[0]:.1f} s, conform {total[1]:.1f} s")
    print(f"median of {len(ratios)}: {statistics.median(ratios):.2f} times; all: {total[1] / total[0]:.2f} times")
    print({**conformance.summary(), "events": events})


if __name__ == "__main__":
    main()
