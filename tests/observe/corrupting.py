"""Corrupt versions of pods in recorded streams, as `tests/data/corruptions/corruptions.yaml` says."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from observe.asking import asking
from podfsm.language.evaluate import Program
from podfsm.language.kubernetes import gates
from podfsm.language.model import WatchRule
from podfsm.language.world import Element, World
from podfsm.observe.watch import noted

DATA = Path(__file__).parent.parent / "data"
TRACES = DATA / "traces"
#: Scenarios in which a user writes status by hand.
FOREIGN = ("x02", "x03", "x16", "w16")


@dataclass(frozen=True)
class Event:
    """One event of a recorded stream, with the version before of the same pod."""

    number: int
    type: str
    pod: Mapping[str, Any]
    before: Mapping[str, Any] | None


@cache
def recorded(name: str) -> tuple[Event, ...]:
    """Read a recorded stream."""
    found: list[Event] = []
    last: dict[str, Mapping[str, Any]] = {}
    with gzip.open(TRACES / f"{name}.jsonl.gz", "rt") as lines:
        for number, line in enumerate(lines):
            event = json.loads(line)
            uid = event["object"]["metadata"]["uid"]
            found.append(Event(number, event["type"], event["object"], last.get(uid)))
            last[uid] = event["object"]
    return tuple(found)


def names(foreign: bool = False) -> list[str]:
    """Names of the recorded streams, with those into which a user wrote, or without."""
    found = sorted(path.name.removesuffix(".jsonl.gz") for path in TRACES.glob("*.jsonl.gz"))
    return [name for name in found if name.startswith(FOREIGN) == foreign]


@dataclass(frozen=True)
class Corruption:
    """One way to corrupt a version: where it applies, and what it does."""

    id: str
    rule: WatchRule
    data: Mapping[str, Any]

    @property
    def survives(self) -> str:
        """Why no observer could tell, '' if one can."""
        return str(self.data.get("survives", ""))


class Corrupter:
    """The corruptions, with the program that selects where they apply."""

    def __init__(self) -> None:
        self.data = yaml.safe_load((DATA / "corruptions" / "corruptions.yaml").read_text())["corruptions"]
        self.model = asking({_rule(name): (data.get("per", "pod"), data["where"]) for name, data in self.data.items()})
        self.binding = self.model.bindings["watch"]
        self.program = Program(self.model, gates(self.model, "", {}), "as-is", "observed")
        self.all = [Corruption(name, self.model.watch[_rule(name)], data) for name, data in self.data.items()]

    def corrupted(self, corruption: Corruption, event: Event) -> tuple[Mapping[str, Any], str] | None:
        """Return the corrupted Pod object and its event type, or None where the corruption does not apply."""
        if event.before is None:
            return None
        pod = copy.deepcopy(dict(event.pod))
        gone = event.type == "DELETED"
        world = self._world(noted(pod, first=False, gone=gone))
        world.before = self._world(noted(event.before, first=False, gone=False))
        holds = self.program.cached_closure(corruption.rule.rows[0].when)
        for element in world.elements_of(corruption.rule.collection):
            if holds((element,), None):
                if corruption.data.get("again"):
                    return event.pod, "MODIFIED"
                _change(element, corruption.data, world.before)
                return (pod, event.type) if pod != event.pod else None
        return None

    def _world(self, document: Mapping[str, Any]) -> World:
        return World(self.program, document, self.binding)


def _rule(name: str) -> str:
    return f"corruption.{name}"


def _change(element: Element, data: Mapping[str, Any], before: World) -> None:
    for path, value in data.get("set", {}).items():
        holder, key = _holder(element, path)
        holder[key] = copy.deepcopy(value)
    for path, more in data.get("add", {}).items():
        holder, key = _holder(element, path)
        holder[key] = holder.get(key, 0) + more
    twin = element.twin()
    for path in data.get("as-before", ()):
        assert twin is not None
        holder, key = _holder(element, path)
        holder[key] = twin.world.lookup(twin, tuple(path.split(".")))
    for path in data.get("remove", ()):
        _remove(element, path)


def _holder(element: Element, path: str) -> tuple[dict[str, Any], str]:
    parts = path.split(".")
    for at in range(1, len(parts)):
        if element.world.lookup(element, tuple(parts[:at])) is None:
            outer, missing = _holder(element, ".".join(parts[:at]))
            outer[missing] = {}
    holder = element.world.lookup(element, tuple(parts[:-1])) if len(parts) > 1 else element.object
    return holder, parts[-1]


def _remove(element: Element, path: str) -> None:
    parts = path.split(".")
    key, picks, wanted = parts[-1].partition("=")
    if path == "slot":
        slot = element.world.lookup(element, ("slot",))
        for items in element.world.root.object["status"].values():
            if isinstance(items, list) and any(item is slot for item in items):
                items[:] = [item for item in items if item is not slot]
    elif picks:
        items = element.world.lookup(element, tuple(parts[:-1]))
        items[:] = [item for item in items if item.get(key) != wanted]
    else:
        holder = element.world.lookup(element, tuple(parts[:-1])) if len(parts) > 1 else element.object
        holder.pop(key, None)


def stream(events: Iterator[tuple[str, Mapping[str, Any]]]) -> bytes:
    """Write events as the lines of a watch stream."""
    return b"".join(json.dumps({"type": type_, "object": pod}).encode() + b"\n" for type_, pod in events)
