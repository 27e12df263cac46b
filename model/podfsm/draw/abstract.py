"""How chosen variables of a machine can change, found in its rows without an exploration.

A few variables of one collection are *followed*; everything else may have any value. So a change that is found here may
in truth never happen, where something that is not followed forbids it; none is missing, as far as events of rows go.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from podfsm.language import functions, kubernetes
from podfsm.language.model import Event, Expr, Field, Model, Row

Values = frozenset[Any] | None
"""What an expression can give; None: anything."""

Tuple = tuple[Any, ...]

BOTH: frozenset[Any] = frozenset({True, False})


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """An event with the rows that fired, and the values of the followed variables before and after."""

    event: Event
    rows: tuple[Row, ...]
    before: Tuple
    after: Tuple


@dataclass(frozen=True, slots=True)
class Followed:
    """Everything that followed variables can do: values at the beginning, all values reached, all changes."""

    names: tuple[str, ...]
    starts: frozenset[Tuple]
    reached: frozenset[Tuple]
    changes: tuple[Change, ...]


def follow(model: Model, collection: str, names: Sequence[str]) -> Followed:
    """Follow variables of a collection through all events on its elements.

    Parameters
    ----------
    model
        The tables.
    collection
        Whose variables.
    names
        The variables; each has few values.
    """
    return _Follower(model, collection, tuple(names)).follow()


def start_values(model: Model, collection: str, expr: Expr) -> Values:
    """Return what a formula on an element can give while all variables have their start values."""
    fields = model.fields[collection]
    follower = _Follower(model, collection, ())
    starts = {n: follower.values(f.variable.start.expr, {}) for n, f in fields.items() if f.variable is not None}
    return follower.values(expr, {name: values for name, values in starts.items() if values is not None})


class _Follower:
    def __init__(self, model: Model, collection: str, names: tuple[str, ...], depth: int = 0) -> None:
        self.model, self.collection, self.names, self.depth = model, collection, names, depth
        self.gates = kubernetes.gates(model)
        self.events = [
            event
            for machine in model.machines.values()
            if machine.collection == collection
            for event in machine.events
            if any(name in row.then for row in event.rows for name in names)
        ]
        self._busy: set[str] = set()

    def follow(self) -> Followed:
        starts = frozenset(self._product([self._members(self._variable(n).start.expr, {}, n) for n in self.names]))
        reached, todo = set(starts), sorted(starts, key=repr)
        changes: list[Change] = []
        while todo:
            before = todo.pop(0)
            for event in self.events:
                for rows, after in self._fire(event, before):
                    if after != before:
                        changes.append(Change(event, rows, before, after))
                    if after not in reached:
                        reached.add(after)
                        todo.append(after)
        return Followed(self.names, starts, frozenset(reached), tuple(changes))

    def _variable(self, name: str) -> Any:
        variable = self.model.fields[self.collection][name].variable
        assert variable is not None
        return variable

    # ---------------------------------------------------------------------------------------------------------- events

    def _fire(self, event: Event, before: Tuple) -> Iterator[tuple[tuple[Row, ...], Tuple]]:
        """Yield (rows that set a followed variable, values afterwards) of every way in which an event can go."""
        if True not in self._occurs(event, self._environment(before)):
            return
        open_ways: list[tuple[tuple[Row, ...], Tuple]] = [((), before)]
        for row in event.rows:
            following: list[tuple[tuple[Row, ...], Tuple]] = []
            for rows, values in open_ways:
                holds = self._matches(row, values)
                if True in holds:
                    ways = [
                        ((*rows, row) if set(row.then) & set(self.names) else rows, after)
                        for after in self._after(row, values)
                    ]
                    if row.end or event.order != "sequence":
                        yield from ways
                    else:
                        following += ways
                if False in holds:
                    following.append((rows, values))
            open_ways = following
        if event.order == "sequence":
            yield from open_ways

    def _occurs(self, event: Event, environment: Mapping[str, Values]) -> frozenset[Any]:
        """Tell whether an event can happen: what fires an internal one chooses the elements."""
        if event.when is not None:
            return self._truth(event.when.expr, environment)
        choices = [fire.scope for other in self._all_events() for fire in other.fires if fire.event == event.id]
        if not event.internal or not choices:
            return BOTH
        return frozenset().union(
            *(
                _Follower(self.model, self.collection, self.names, scope.depth)._truth(scope.where, environment)
                if scope.where is not None
                else BOTH
                for scope in choices
            )
        )

    def _all_events(self) -> Iterator[Event]:
        for machine in self.model.machines.values():
            yield from machine.events

    def _matches(self, row: Row, values: Tuple) -> frozenset[Any]:
        if row.gate and (row.gate.removeprefix("not ") in self.gates) == row.gate.startswith("not "):
            return frozenset({False})
        holds = self._truth(row.when.expr, self._environment(values)) if row.when is not None else frozenset({True})
        return BOTH if True in holds and (row.either or row.defect or row.feature) else holds

    def _after(self, row: Row, values: Tuple) -> Iterator[Tuple]:
        environment = self._environment(values)
        yield from self._product(
            [
                self._members(row.then[name].expr, environment, name) if name in row.then else frozenset({value})
                for name, value in zip(self.names, values, strict=True)
            ]
        )

    def _members(self, expr: Expr, environment: Mapping[str, Values], name: str) -> frozenset[Any]:
        found = self.values(expr, environment)
        return frozenset(self._variable(name).values) if found is None else found

    def _environment(self, values: Tuple) -> dict[str, Values]:
        return {name: frozenset({value}) for name, value in zip(self.names, values, strict=True)}

    @staticmethod
    def _product(choices: Iterable[frozenset[Any]]) -> list[Tuple]:
        found: list[Tuple] = [()]
        for values in choices:
            found = [(*head, value) for head in found for value in sorted(values, key=repr)]
        return found

    # ----------------------------------------------------------------------------------------------------- expressions

    def _truth(self, expr: Expr, environment: Mapping[str, Values]) -> frozenset[Any]:
        return self.values(expr, environment) or BOTH

    def values(self, expr: Expr, environment: Mapping[str, Values]) -> Values:
        """Return what an expression on the element can give."""
        kind, args = expr.kind, expr.args
        if kind == "const":
            return frozenset({args[0]}) if not isinstance(args[0], list | dict) else None
        if kind in ("not", "and", "or", "implies"):
            return _logic(kind, [self._truth(arg, environment) for arg in args])
        if kind in ("equal", "in"):
            found = self.values(args[0], environment)
            wanted = (args[1],) if kind == "equal" else args[1]
            return None if found is None else frozenset(value in wanted for value in found)
        if kind == "same":
            return _pairs(self.values(args[0], environment), self.values(args[1], environment), operator.eq)
        if kind == "less":
            left, right = (self.values(arg, environment) for arg in args[1:])
            return _pairs(left, right, functions.COMPARE[args[0]])
        if kind == "gate":
            return frozenset({args[0] in self.gates})
        if kind == "builtin" and args[0] == "if":
            return self._choice(args[1], environment)
        if kind == "field" and self._is_own(args[0]):
            return self._inner._field(self.model.fields[args[1]][args[2]], environment)
        if kind == "call" and self._is_own(args[1]):
            return self._inner._table(args[0], environment)
        return None

    def _is_own(self, ref: Expr) -> bool:
        return ref.kind == "element" and ref.args[0] == self.depth

    @property
    def _inner(self) -> _Follower:
        """For what is defined on the element itself: there it is the outermost one."""
        return self if self.depth == 0 else _Follower(self.model, self.collection, self.names)

    def _choice(self, args: Sequence[Expr], environment: Mapping[str, Values]) -> Values:
        condition = self._truth(args[0], environment)
        ways = zip(args[1:], (True, False), strict=True)
        return _union([self.values(arg, environment) for arg, way in ways if way in condition])

    def _field(self, field: Field, environment: Mapping[str, Values]) -> Values:
        if field.collection != self.collection:
            return None
        if field.name in environment:
            return environment[field.name]
        if field.variable is not None or field.id in self._busy:
            return None
        self._busy.add(field.id)
        try:
            if field.explored is not None:
                return self.values(field.explored.expr, environment)
            if field.let is not None:
                return self.values(field.let.expr, environment)
            return self._table(field.table, environment) if field.table else None
        finally:
            self._busy.discard(field.id)

    def _table(self, name: str, environment: Mapping[str, Values]) -> Values:
        table = self.model.tables.get(name)
        if table is None or table.order != "first" or not table.single or table.lets:
            return None
        parts: list[Values] = []
        for row in table.rows:
            if row.gate and (row.gate.removeprefix("not ") in self.gates) == row.gate.startswith("not "):
                continue
            holds = self._truth(row.when.expr, environment) if row.when is not None else frozenset({True})
            if True in holds:
                parts.append(self.values(row.then[""].expr, environment))
            if holds == {True} and not row.defect:
                break
        return _union(parts)


def _logic(kind: str, parts: Sequence[frozenset[Any]]) -> frozenset[Any]:
    if kind == "not":
        return frozenset(not value for value in parts[0])
    if kind == "implies":
        return _logic("or", [_logic("not", parts[:1]), parts[1]])
    settles = kind == "or"
    if any(part == {settles} for part in parts):
        return frozenset({settles})
    if all(part == {not settles} for part in parts):
        return frozenset({not settles})
    return BOTH


def _pairs(left: Values, right: Values, compare: Any) -> Values:
    if left is None or right is None:
        return None
    return frozenset(bool(compare(one, other)) for one in left for other in right)


def _union(parts: Iterable[Values]) -> Values:
    found: frozenset[Any] = frozenset()
    for part in parts:
        if part is None:
            return None
        found |= part
    return found or None
