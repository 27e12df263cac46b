"""How machines influence each other: what each reads of the others' variables, and what it changes in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from podfsm.draw.diagram import Edge, Node
from podfsm.draw.words import Words
from podfsm.language.analysis import Analysis, analysis
from podfsm.language.model import BOOL, Expr, Field, Machine, Model

READS, CHANGES = "reads", "changes"

COLOURS = {READS: "#0072b2", CHANGES: "#d55e00"}
"""Of the two kinds of arrows."""

_NAMES = 3  # variables that an arrow names before it counts

Influence = tuple[str, str, str]
"""Machine, machine that it influences, kind."""


def overview(words: Words, machines: Sequence[Machine]) -> tuple[list[Node], list[Edge]]:
    """Draw machines as nodes, and between them what one reads of another (from that one) and what it changes."""
    names = {machine.id for machine in machines}
    nodes = [Node(machine.id, (words.titled(machine),), "region", tooltip=machine.why) for machine in machines]
    found = influences(words.model)
    edges = [
        Edge(
            id=f"{source} {kind} {target}",
            source=source,
            target=target,
            label=_label(words, variables),
            actor=kind,
            tooltip=", ".join(variables),
        )
        for (source, target, kind), variables in found.items()
        if source != target and {source, target} <= names
    ]
    return nodes, edges


def _label(words: Words, variables: Sequence[str]) -> tuple[str, ...]:
    if len(variables) <= _NAMES + 1:
        return tuple(variables)
    return (*variables[:_NAMES], words.more(len(variables) - _NAMES))


def influences(model: Model) -> dict[Influence, tuple[str, ...]]:
    """Return variables by influence; of READS those of the first machine, of CHANGES those of the second.

    What a procedure computes is read by the machines whose variables it sets.
    """
    found: dict[Influence, dict[str, None]] = {}
    analysed = analysis(model)
    for reader, expr in _read(model):
        for field in variables_read(analysed, expr):
            assert field.variable is not None
            found.setdefault((field.variable.machine, reader, READS), {})[field.name] = None
    for machine, field in _written(model):
        if field.variable is not None:
            found.setdefault((machine, field.variable.machine, CHANGES), {})[field.name] = None
    return {key: tuple(names) for key, names in sorted(found.items())}


def _read(model: Model) -> Iterator[tuple[str, Expr]]:
    """Yield (machine, expression that it reads)."""
    for machine in model.machines.values():
        for event in machine.events:
            rows = [formula for row in event.rows for formula in (row.when, *row.then.values())]
            yield from ((machine.id, formula.expr) for formula in (event.when, *rows) if formula is not None)
            yield from ((machine.id, Expr("any", BOOL, (fire.scope, None))) for fire in event.fires)
    for procedure in model.procedures.values():
        for _, collection, formulas in procedure.stages:
            for name, formula in formulas.items():
                variable = model.fields[collection][name].variable
                if variable is not None:
                    yield variable.machine, formula.expr


def _written(model: Model) -> Iterator[tuple[str, Field]]:
    """Yield (machine, field that its events, or those that they fire, write)."""
    for machine in model.machines.values():
        for event in machine.events:
            for other in (event, *(model.event(fire.event) for fire in event.fires)):
                fields = model.fields[model.machines[other.machine].collection]
                yield from ((machine.id, fields[name]) for row in other.rows for name in row.then)


def variables_read(analysed: Analysis, expr: Expr) -> list[Field]:
    """Return the variables that decide an expression, through lets, tables and what is explored in their place."""
    found: dict[str, Field] = {}
    seen: set[str] = set()
    todo = [expr]
    while todo:
        for _, field in analysed.reads(todo.pop()):
            if field.id in seen:
                continue
            seen.add(field.id)
            if field.variable is not None:
                found[field.id] = field
            elif field.derived:
                todo.extend(analysed.definition(field))
    return list(found.values())
