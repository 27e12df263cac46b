"""What the model reads of a manifest: pods that agree in it go on alike, and are explored once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from podfsm.language.analysis import Analysis, analysis
from podfsm.language.evaluate import Program
from podfsm.language.model import Expr, Field, Formula, Model, Scope, Type
from podfsm.language.world import DocumentError, Element, World


class Reader:
    """Reads of a manifest what the exploration of its pod, and what is asked of its states, can depend on.

    Parameters
    ----------
    program
        The tables.
    """

    def __init__(self, program: Program) -> None:
        self.program, model = program, program.model
        found = _read(model, analysis(model))
        self._inputs: dict[str, list[Field]] = {
            name: [one for one in known.values() if one.id in found and not one.derived and one.variable is None]
            for name, known in model.fields.items()
        }
        self._below = {
            name: [one.id for one in model.collections.values() if one.of == name] for name in model.collections
        }

    def look(self, document: Mapping[str, Any]) -> str:
        """Return a text that is the same for manifests (objects with metadata and spec) that agree."""
        world = World(self.program, document)
        world.stateful = True
        return json.dumps(self._look(world.root), sort_keys=True, default=str)

    def _look(self, element: Element) -> list[Any]:
        collection = element.collection.id
        values = [_value(element, one.name) for one in self._inputs[collection]]
        below = [[self._look(child) for child in element.children_of(name)] for name in self._below[collection]]
        return [element.group, values, below]


def _value(element: Element, name: str) -> Any:
    try:
        return element.get(name)
    except DocumentError as error:
        return str(error)


def _read(model: Model, read: Analysis) -> set[str]:
    """Find the ids of all fields that machines, views, or questions about states read, directly or by others."""
    asked = [one for one in model.explanations.values() if one.about == "goal" or one.seen == "model"]
    owners = (model.machines, model.procedures, model.views, model.collections, asked)
    todo = [expr for owner in owners for expr in _expressions(owner)]
    decided = [name for one in model.explanations.values() for name in one.tables]
    todo += [expr for name in decided for expr in read.table_expressions(name)]
    found: set[str] = set()
    direct = [model.fields[one.collection][name] for one in model.explanations.values() for name in one.fields]
    direct += [field for known in model.fields.values() for field in known.values() if _is_given(model, field)]
    _add(direct, found, todo, read)
    while todo:
        _add((field for _, field in read.reads(todo.pop())), found, todo, read)
    return found


def _is_given(model: Model, field: Field) -> bool:
    """Whether a field is read by the exploration itself: a variable, a name, or the values that rules tell apart."""
    named = field.name == "name" and any(one.variable is not None for one in model.fields[field.collection].values())
    ruled = any(domain.rule_values == field.id for domain in model.domains.values())
    return field.variable is not None or named or ruled


def _add(more: Iterable[Field], found: set[str], todo: list[Expr], read: Analysis) -> None:
    for field in more:
        if field.id not in found:
            found.add(field.id)
            todo += read.definition(field)
            if field.variable is not None:
                todo += _expressions(field.variable)


def _expressions(value: Any) -> Iterator[Expr]:
    """Iterate over the expressions in a part of the tables, at any depth."""
    if isinstance(value, Formula):
        yield value.expr
    elif isinstance(value, Scope):
        yield Expr("any", Type("bool"), (value,))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _expressions(one)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _expressions(one)
    elif is_dataclass(value):
        for one in fields(value):
            yield from _expressions(getattr(value, one.name))
