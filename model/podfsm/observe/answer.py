"""Write JSON answers as a binding's `out:` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from podfsm.language.evaluate import Frame
from podfsm.language.model import Output
from podfsm.language.world import Element, World

Elements = tuple[Element | None, ...]


@dataclass
class Recording:
    """What a script has left behind: the records of its steps, and of the present step the rows and logs.

    `logs` holds (row, value) pairs by the identity of their `log` output.
    """

    records: list[Any] = field(default_factory=list)
    fired: list[str] = field(default_factory=list)
    logs: dict[int, list[Any]] = field(default_factory=dict)


def write(out: Output, world: World, els: Elements, recording: Recording | None = None, frame: Any = None) -> Any:
    """Write the JSON value of an output.

    Parameters
    ----------
    out
        The output.
    world
        The world whose values are written.
    els
        Elements in scope, outermost first; plain names mean the last one, then its ancestors, then the others.
    recording
        What a script has left behind, if the binding has one.
    frame
        Arguments of the event of a logged row.
    """
    return _Writer(world, recording or Recording(), frame).value(out, els)


class _Writer:
    def __init__(self, world: World, recording: Recording, frame: Frame | None) -> None:
        self.world, self.recording, self.frame = world, recording, frame

    def value(self, out: Output, els: Elements) -> Any:
        return getattr(self, "_" + out.kind)(out, els)

    def holds(self, out: Output, els: Elements) -> bool:
        return bool(self.formula(out, els))

    def formula(self, out: Output, els: Elements) -> Any:
        assert out.formula is not None
        return self.world.program.cached_closure(out.formula)(els, self.frame)

    def _value(self, out: Output, els: Elements) -> Any:
        found = self.formula(out, els)
        return list(found) if isinstance(found, tuple) else found

    def _object(self, out: Output, els: Elements) -> dict[str, Any]:
        found = {}
        for key, part in out.parts.items():
            if part.kind != "when":
                found[key] = self.value(part, els)
            elif self.holds(part, els):
                found[key] = self.value(part.parts[""], els)
        return found

    def _list(self, out: Output, els: Elements) -> list[Any]:
        """Write a list; an `each` in it gives several entries, a `when` one or none."""
        found: list[Any] = []
        for part in out.parts.values():
            if part.kind == "each":
                found += self.value(part, els)
            elif part.kind != "when":
                found.append(self.value(part, els))
            elif self.holds(part, els):
                found.append(self.value(part.parts[""], els))
        return found

    def _each(self, out: Output, els: Elements) -> list[Any]:
        return [self.value(out.parts[""], (*els, e)) for e in self._elements(out, els)]

    def _keyed(self, out: Output, els: Elements) -> dict[str, Any]:
        return {self.formula(out, (*els, e)): self.value(out.parts[""], (*els, e)) for e in self._elements(out, els)}

    def _elements(self, out: Output, els: Elements) -> list[Element]:
        assert out.scope is not None
        return self.world.program.scope_of(out.scope)(els, self.frame)

    def _when(self, out: Output, els: Elements) -> Any:
        """Outside of objects and lists, nothing can be left out: it is null."""
        return self.value(out.parts[""], els) if self.holds(out, els) else None

    def _records(self, out: Output, _: Elements) -> list[Any]:
        records = self.recording.records
        return [r.get(out.name) if isinstance(r, Mapping) else None for r in records] if out.name else list(records)

    def _fired(self, out: Output, _: Elements) -> bool:
        return any(row in out.names for row in self.recording.fired)

    def _log(self, out: Output, _: Elements) -> Any:
        entries = self.recording.logs.get(id(out), [])
        if out.name == "last":
            return entries[-1] if entries else None
        return entries
