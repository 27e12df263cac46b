"""One region of a pod as a `transitions` machine: guards and effects are evaluated by the interpreter of the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import transitions

from podfsm.language.evaluate import Program
from podfsm.language.model import Event, Expr, Field, Machine, Row
from podfsm.language.world import Element

Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Effect:
    """What an event does to its own region: the rows that fire, and the new values of variables by name."""

    rows: tuple[str, ...]
    changes: Mapping[str, Any]


class _Place:
    """What a `transitions` machine moves: the region's main variable, kept where the tables keep it."""

    def __init__(self, region: RegionMachine) -> None:
        self._region = region

    @property
    def state(self) -> str:
        return self._region.state

    @state.setter
    def state(self, name: str) -> None:
        self._region.move(name)


class RegionMachine:
    """A machine of the tables for one element (the pod, a container, a probe), as a `transitions.Machine`.

    The states are the values of the machine's main variable; a machine without one has a single state of its own name.
    The triggers are its events. Each row of an event is a transition with that trigger, from every state that its
    conditions do not exclude; a row whose new main value is computed is one transition per value. What a row says is
    evaluated on the element: nothing is looked up in an explored graph.

    Parameters
    ----------
    program
        The tables under one choice of gates, defects and features.
    machine
        The machine of the tables.
    element
        The element of a stateful `World` whose variables it moves.
    name
        The name of the region in its pod, such as ``container/app``.
    events
        The events that exist under the chosen features.
    """

    def __init__(
        self, program: Program, machine: Machine, element: Element, name: str, events: Iterable[Event]
    ) -> None:
        self.program, self.definition, self.element, self.name = program, machine, element, name
        self.events = {event.name: event for event in events}
        main = program.model.fields[machine.collection].get(machine.main)
        self.main = main if main is not None and main.type.kind in ("enum", "bool") else None
        self.values: dict[str, Any] = {machine.id: None}
        if self.main is not None and self.main.variable is not None:
            self.values = {_text(value): value for value in self.main.variable.values}
        self._effect: Effect | None = None
        self._fired: Effect | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {self.state}>"

    # ---------------------------------------------------------------------------------------------------------- state

    @property
    def state(self) -> str:
        """The value of the main variable."""
        return self.definition.id if self.main is None else _text(self.element.get(self.main.name))

    def move(self, state: str) -> None:
        """Give the main variable another value; called by `transitions`."""
        if self.main is not None:
            self.write({self.main.name: self.values[state]})

    def write(self, changes: Mapping[str, Any]) -> None:
        """Change variables; what is derived from the element's own fields is forgotten."""
        self.element.values = self.program.with_changes(self.element, changes)

    # ---------------------------------------------------------------------------------------------------------- events

    def effects(self, event: str, arguments: Arguments) -> list[Effect]:
        """Find everything that an event may do in the present state; nothing if it is not enabled.

        There are several effects only where a row is marked `explore: either`.
        """
        found = self.program.fire(self.events[event].id, self.element, arguments, explore=True)
        return [Effect(rows, changes) for changes, rows in found]

    def fire(self, event: str, arguments: Arguments, pick: int = 0) -> tuple[str, ...]:
        """Trigger an event on the `transitions` machine, and take one of its `effects`.

        Returns
        -------
        The rows that fired; none if the event is not enabled.
        """
        self._effect = self._fired = None
        self.machine.events[event].trigger(self.model, arguments=arguments, pick=pick)
        fired, self._fired = self._fired, None
        return () if fired is None else fired.rows

    # ----------------------------------------------------------------------------------------------------- transitions

    @cached_property
    def model(self) -> Any:
        """The model of the `transitions` machine; its `state` is that of the region."""
        return _Place(self)

    @cached_property
    def machine(self) -> transitions.Machine:
        """The `transitions` machine."""
        machine = transitions.Machine(
            model=None,
            states=list(self.values),
            initial=None,
            auto_transitions=False,
            queued=True,
            send_event=True,
            ignore_invalid_triggers=True,
            prepare_event=self._prepare,
            name=self.name,
        )
        for event in self.events.values():
            for sources, target, row in self._transitions(event):
                machine.add_transition(
                    event.name, sources, target, conditions=partial(self._is_effect, row, target), before=self._apply
                )
        machine.add_model(self.model, initial=self.state)
        return machine

    def _transitions(self, event: Event) -> Iterator[tuple[list[Any], str | None, str | None]]:
        """Find (sources, target or None, row or None) of every transition of an event.

        A sequence of rows is one step, so its transitions differ by target only.
        """
        sources = self._sources(event.when.expr if event.when else None)
        rows = [row.row for row in self.program.events[event.id][2]]
        if event.order == "sequence":
            targets = {target: None for row in rows for target in self._targets(row)}
            yield from ((sources, target, None) for target in {**targets, None: None})
            return
        for row in rows:
            possible = self._sources(row.when.expr if row.when else None)
            for target in self._targets(row):
                yield [state for state in sources if state in possible], target, row.id

    def _sources(self, when: Expr | None) -> list[str]:
        """Find the states that a condition does not exclude at first sight."""
        if self.main is None:
            return list(self.values)
        allowed = _allowed(when, self.main)
        return [state for state, value in self.values.items() if allowed is None or value in allowed]

    def _targets(self, row: Row) -> list[str | None]:
        """Find the states that a row may lead to; None where it leaves the main variable alone."""
        formula = row.then.get(self.main.name) if self.main is not None else None
        if formula is None:
            return [None]
        given = _constants(formula.expr)
        return [state for state, value in self.values.items() if given is None or value in given]

    def _prepare(self, data: transitions.EventData) -> None:
        """Evaluate the event once, before its transitions are tried."""
        effects = self.effects(data.event.name, data.kwargs["arguments"])
        self._effect = effects[data.kwargs["pick"]] if effects else None

    def _is_effect(self, row: str | None, target: str | None, _: transitions.EventData) -> bool:
        """Tell whether the prepared effect is that of a row, and leads to a state (None: it stays)."""
        effect = self._effect
        if effect is None or (row is not None and row not in effect.rows):
            return False
        if self.main is None or self.main.name not in effect.changes:
            return target is None
        return _text(effect.changes[self.main.name]) == target

    def _apply(self, _: transitions.EventData) -> None:
        """Write the variables other than the main one, which `transitions` itself moves."""
        effect = self._effect
        assert effect is not None
        main = self.main.name if self.main is not None else ""
        self.write({name: value for name, value in effect.changes.items() if name != main})
        self._fired = effect


def _text(value: Any) -> str:
    """Write a value as the name of a state."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _allowed(expr: Expr | None, main: Field) -> frozenset[Any] | None:
    """Find the values of the main variable for which a condition may hold; None: any."""
    if expr is None:
        return None
    if expr.kind == "and":
        return _combined([_allowed(part, main) for part in expr.args], frozenset.intersection, skip=True)
    if expr.kind == "or":
        return _combined([_allowed(part, main) for part in expr.args], frozenset.union, skip=False)
    if expr.kind == "equal" and _is_own(expr.args[0], main):
        return frozenset([expr.args[1]])
    if expr.kind == "in" and _is_own(expr.args[0], main):
        return frozenset(expr.args[1])
    return None


def _combined(
    parts: list[frozenset[Any] | None],
    combine: Callable[[frozenset[Any], frozenset[Any]], frozenset[Any]],
    skip: bool,
) -> frozenset[Any] | None:
    """Combine what parts allow; a part that allows anything is skipped, or makes the whole allow anything."""
    known = [part for part in parts if part is not None]
    if not known or (len(known) < len(parts) and not skip):
        return None
    result = known[0]
    for part in known[1:]:
        result = combine(result, part)
    return result


def _is_own(expr: Expr, main: Field) -> bool:
    """Tell whether an expression is the main variable of the element itself."""
    if expr.kind != "field":
        return False
    ref, collection, name = expr.args
    return ref.kind == "element" and ref.args[0] == 0 and (collection, name) == (main.collection, main.name)


def _constants(expr: Expr) -> frozenset[Any] | None:
    """Find the values that an expression may have, where they can be seen; None: any."""
    if expr.kind == "const":
        return frozenset(expr.args)
    if expr.kind == "builtin" and expr.args[0] == "if":
        return _combined([_constants(part) for part in expr.args[1][1:]], frozenset.union, skip=False)
    return None
