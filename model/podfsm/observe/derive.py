"""Evaluate a binding of the tables on JSON documents: one document in, one answer out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from podfsm.errors import PodfsmError
from podfsm.language import kubernetes
from podfsm.language.evaluate import Program
from podfsm.language.model import Model
from podfsm.language.world import World
from podfsm.observe.answer import write
from podfsm.observe.play import play


class Deriver:
    """Answers documents of one binding.

    Parameters
    ----------
    model
        The loaded tables.
    binding
        Name of an entry of `bindings:`.
    gates
        Feature gates that differ from the defaults, by name; a document's own `gates` object beats them.
    """

    def __init__(self, model: Model, binding: str, gates: Mapping[str, bool] | None = None, minor: str = "") -> None:
        if binding not in model.bindings:
            raise PodfsmError([f"no table {binding!r} to derive; known: {', '.join(sorted(model.bindings))}"])
        self.model, self.binding, self.minor = model, model.bindings[binding], minor
        self.gates = dict(gates or {})
        #: The tables as compiled so far, by the gates that are on.
        self.programs: dict[frozenset[str], Program] = {}

    def program(self, gates: Mapping[str, bool]) -> Program:
        """Return the tables under the gates of one document, compiled once."""
        on = kubernetes.gates(self.model, self.minor, {**self.gates, **gates})
        if on not in self.programs:
            self.programs[on] = Program(self.model, on)
        return self.programs[on]

    def derive(self, document: Mapping[str, Any]) -> Any:
        """Answer one document (the `in` of a vector).

        Raises
        ------
        DocumentError
            if a field has the wrong type; PodfsmError for an unknown gate.
        """
        binding = self.binding
        document = _filled(document, binding.defaults)
        program = self.program(self._gates(document))
        world = World(program, document, binding.observations, binding.sources, binding.joins)
        for procedure in binding.runs:
            world.run(procedure)
        recording = None if binding.script is None else play(binding.script, world, binding.id)
        return write(binding.out, world, (world.root,), recording)

    def _gates(self, document: Mapping[str, Any]) -> dict[str, bool]:
        """Feature gates that the document gives: its `gates` object, and what the binding reads elsewhere."""
        found = dict(document.get("gates") or {})
        for name, path in self.binding.gates.items():
            value: Any = document
            for part in path:
                value = value.get(part) if isinstance(value, Mapping) else None
            if value is not None:
                found[name] = value is True
        return found


def _filled(document: Mapping[str, Any], defaults: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put defaults where the document has nothing."""
    if not defaults:
        return document
    found = dict(document)
    for key, value in defaults.items():
        given = found.get(key)
        if given is None:
            found[key] = value
        elif isinstance(given, Mapping) and isinstance(value, Mapping):
            found[key] = _filled(given, value)
    return found
