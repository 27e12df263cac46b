"""Evaluate a binding of the tables on JSON documents: one document in, one answer out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from podfsm.errors import PodfsmError
from podfsm.language import kubernetes
from podfsm.language.evaluate import Program
from podfsm.language.model import Binding, Model, Output, Script
from podfsm.language.world import Element, World


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
        self._programs: dict[frozenset[str], Program] = {}

    def program(self, gates: Mapping[str, bool]) -> Program:
        on = kubernetes.gates(self.model, self.minor, {**self.gates, **gates})
        if on not in self._programs:
            self._programs[on] = Program(self.model, on)
        return self._programs[on]

    def derive(self, document: Mapping[str, Any]) -> Any:
        """The answer for one document (the `in` of a vector).

        Raises
        ------
        DocumentError
            if a field has the wrong type; PodfsmError for an unknown gate.
        """
        gates = document.get("gates") or {}
        binding = self.binding
        world = World(self.program(gates), document, binding.observations, binding.sources, binding.joins)
        for procedure in binding.runs:
            world.run(procedure)
        recorded: list[Any] = []
        if binding.script is not None:
            recorded = self._play(world, binding, binding.script)
        return write(binding.out, world, (world.root,), recorded)

    def _play(self, world: World, binding: Binding, script: Script) -> list[Any]:
        """Fire the events of a script; the record after each step."""
        program = world.program
        if script.element is None:
            element: Element = world.root
        else:
            element = program.closure(script.element.expr)((world.root,), None)
            if element is None:
                raise PodfsmError([f"{binding.id}: the document has no element for the script"])
        steps = world.lookup(world.root, script.steps) or []
        recorded = []
        for item in steps:
            holder = Element(world, element.collection, element.index, element.group, element.parent, item)
            for id, observation in script.observe.items():
                collection, _, name = id.partition(".")
                target = element if collection == element.collection.id else world.root
                field = self.model.fields[collection][name]
                target.set(name, world.observe(holder, field, observation))
            world.forget()
            word = "" if not script.event_path else world.lookup(holder, script.event_path)
            arguments = {}
            for name, (type_, observation) in script.arguments.items():
                field = type("Argument", (), {"type": type_, "none": None})
                arguments[name] = world.observe(holder, field, observation)  # type: ignore[arg-type]
            if word not in script.events:
                raise PodfsmError([f"{binding.id}: unknown step {word!r}; known: {', '.join(script.events)}"])
            for event in (*script.events[word], *script.settle):
                fire(world, event, element, arguments)
            recorded.append(write(script.record, world, (world.root,), recorded))
        return recorded


def fire(world: World, event: str, element: Element, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """Fire an event on an element of a world; () when it is not enabled, else the rows that fired."""
    alternatives = world.program.fire(event, element, arguments)
    if not alternatives:
        return ()
    changes, rows = alternatives[0]
    for name, value in changes.items():
        element.set(name, value)
    world.forget()
    return rows


def write(out: Output, world: World, els: tuple[Element | None, ...], recorded: list[Any]) -> Any:
    """The JSON value of an output."""
    program = world.program
    if out.kind == "value":
        assert out.formula is not None
        if out.formula.text.strip() == "recorded":
            return recorded
        return _plain(_closure(program, out)(els, None))
    if out.kind == "object":
        result = {}
        for key, part in out.parts.items():
            if part.kind == "when":
                if not _closure(program, part)(els, None):
                    continue
                part = part.parts[""]
            if part.kind == "recorded":
                result[key] = [item.get(part.formula.text if part.formula else "") for item in recorded]
            else:
                result[key] = write(part, world, els, recorded)
        return result
    if out.kind == "list":
        return _write_list(out, world, els, recorded)
    assert out.scope is not None
    elements = program.scope_of(out.scope)(els, None)
    if out.kind == "each":
        return [write(out.parts[""], world, (*els, e), recorded) for e in elements]
    return {_closure(program, out)((*els, e), None): write(out.parts[""], world, (*els, e), recorded) for e in elements}


def _write_list(out: Output, world: World, els: tuple[Element | None, ...], recorded: list[Any]) -> list[Any]:
    """Write a list; an `each` in it gives several entries, a `when` one or none."""
    found: list[Any] = []
    for part in out.parts.values():
        if part.kind == "each":
            found += write(part, world, els, recorded)
        elif part.kind != "when":
            found.append(write(part, world, els, recorded))
        elif _closure(world.program, part)(els, None):
            found.append(write(part.parts[""], world, els, recorded))
    return found


def _closure(program: Program, out: Output) -> Any:
    assert out.formula is not None
    return program.cached_closure(out.formula)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def agrees(answer: Any, wanted: Any) -> bool:
    """Does an answer agree with the output of a vector?

    Extra keys of the answer are fine; lists have equal length and order; a missing key equals null, "", [] or {} (except
    where the key's presence is the fact: an empty object under a key that the answer must also have).
    """
    return not differences(answer, wanted)


#: Keys of container states: an empty object there is a fact.
_PRESENCE = ("running", "waiting", "terminated")


def differences(answer: Any, wanted: Any, path: str = "") -> list[str]:
    """What differs, as `path: answer instead of wanted`."""
    if isinstance(wanted, Mapping):
        if not isinstance(answer, Mapping):
            if answer in (None, "", [], ()) and not _facts(wanted):
                return []
            return [f"{path}: {answer!r} instead of {wanted!r}"]
        found: list[str] = []
        for key, value in wanted.items():
            if key.endswith("Nil"):
                continue
            if key in _PRESENCE and (key in answer) != True:  # noqa: E712
                found.append(f"{path}.{key}: missing")
                continue
            found += differences(answer.get(key), value, f"{path}.{key}")
        found += [
            f"{path}.{key}: not wanted"
            for key in answer
            if key in _PRESENCE and key not in wanted and answer[key] is not None
        ]
        return found
    if isinstance(wanted, list):
        if wanted == [] and answer in (None, "", {}, (), []):
            return []
        if not isinstance(answer, list | tuple) or len(answer) != len(wanted):
            return [f"{path}: {answer!r} instead of {wanted!r}"]
        return [
            d for i, (a, w) in enumerate(zip(answer, wanted, strict=True)) for d in differences(a, w, f"{path}[{i}]")
        ]
    if wanted in (None, "") and wanted is not False:
        return (
            [] if answer in (None, "", [], {}, ()) and answer is not False else [f"{path}: {answer!r}, wanted nothing"]
        )
    if type(answer) is not type(wanted) or answer != wanted:
        return [f"{path}: {answer!r} instead of {wanted!r}"]
    return []


def _facts(wanted: Mapping[str, Any]) -> bool:
    return any(value not in (None, "", [], {}) or key in _PRESENCE for key, value in wanted.items())


@lru_cache(maxsize=4)
def shipped() -> Model:
    """The shipped tables, loaded once."""
    from podfsm.language import tables

    return tables.shipped()
