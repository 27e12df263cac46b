"""What a binding needs of the tables, and the tables as it reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from podfsm.language.model import Binding, Event, Expr, Formula, Model, Output, Scope, Shot, Type
from podfsm.language.source import Place


def bound(model: Model, binding: Binding, defects: str = "as-is") -> Model:
    """Return the tables as a binding reads them: its paths in place of the fields' and collections' own.

    With the defects ``intended``, rows that only a defect of Kubernetes makes are left out.
    """
    fields = {
        collection: {
            name: replace(item, observe=binding.observations.get(item.id, item.observe))
            for name, item in members.items()
        }
        for collection, members in model.fields.items()
    }
    collections = {
        name: replace(
            collection,
            groups=binding.sources.get(name, collection.groups),
            joins={join: binding.joins.get((name, join), paths) for join, paths in collection.joins.items()},
        )
        for name, collection in model.collections.items()
    }
    tables = model.tables
    if defects == "intended":
        tables = {
            name: replace(table, rows=tuple(row for row in table.rows if not row.defect))
            for name, table in tables.items()
        }
    return replace(model, fields=fields, collections=collections, tables=tables)


def formulas(model: Model, binding: Binding) -> list[Formula]:
    """Return the formulas that a binding evaluates: of its answer, its procedures and the events of its script."""
    found = list(of_output(binding.out))
    for name in binding.runs:
        for scope, _, values in model.procedures[name].stages:
            found += values.values()
            if scope is not None:
                found.append(_elements(scope))
    script = binding.script
    if script is None:
        return found
    found += of_output(script.record)
    if script.element is not None:
        found.append(script.element)
    events = {event.id: event for machine in model.machines.values() for event in machine.events}
    for shot in [*script.settle, *(shot for shots in script.events.values() for shot in shots)]:
        found += _of_shot(shot, events[shot.event])
    return found


def of_output(out: Output) -> Iterator[Formula]:
    """Return the formulas of an output."""
    if out.formula is not None:
        yield out.formula
    if out.scope is not None:
        yield _elements(out.scope)
    for part in out.parts.values():
        yield from of_output(part)


def elements(scope: Scope) -> Expr:
    """Return the expression that lists the elements of a scope."""
    element = Expr("element", Type("ref", scope.collection), (scope.depth,))
    return Expr("each", Type("list", "ref"), (element, scope))


def _elements(scope: Scope) -> Formula:
    return Formula("", elements(scope), Place("", 0, 0))


def _of_shot(shot: Shot, event: Event) -> Iterator[Formula]:
    yield from shot.given.values()
    if event.when is not None:
        yield event.when
    for row in event.rows:
        if row.when is not None:
            yield row.when
        yield from row.then.values()
