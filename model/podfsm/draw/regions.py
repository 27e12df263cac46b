"""How machines influence each other: what each reads of the others' variables, and what it changes in them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from podfsm.draw.diagram import Edge, EdgeKind, Node
from podfsm.draw.words import Words
from podfsm.language.analysis import Analysis, analysis
from podfsm.language.model import BOOL, Event, Expr, Field, Machine, Model

Influence = tuple[str, str, EdgeKind]
"""Machine, machine that it influences, kind."""


@dataclasses.dataclass(frozen=True, slots=True)
class Share:
    """What an influence is made of: names of variables, and the actors of the events that read or change them."""

    variables: dict[str, None] = dataclasses.field(default_factory=dict)
    actors: set[str] = dataclasses.field(default_factory=set)


def overview(
    words: Words, machines: Sequence[Machine], contract: Mapping[str, Sequence[str]]
) -> tuple[list[Node], list[Edge]]:
    """Draw machines as nodes, and between them what one reads of another (from that one) and what it changes.

    `contract` gives, by machine, variables of others that stand for what it does in detail: it changes them.
    """
    names = {machine.id for machine in machines}
    nodes = [Node(machine.id, (words.titled(machine),), "region", tooltip=machine.why) for machine in machines]
    order = list(words.model.named["actors"])
    edges = [
        Edge(
            id=f"{source} {kind} {target}",
            source=source,
            target=target,
            label=tuple(share.variables) if kind == "changes" else (),
            actors=tuple(sorted(share.actors, key=order.index)),
            kind=kind,
            tooltip=", ".join(share.variables),
        )
        for (source, target, kind), share in influences(words.model, contract).items()
        if source != target and {source, target} <= names
    ]
    return nodes, edges


def influences(model: Model, contract: Mapping[str, Sequence[str]] | None = None) -> dict[Influence, Share]:
    """Return what machines read and change of each other; READS is of the first machine, CHANGES of the second.

    What a procedure computes is read by the machines whose variables it sets.
    """
    found: dict[Influence, Share] = {}

    def note(source: str, target: str, kind: EdgeKind, name: str, actors: set[str]) -> None:
        share = found.setdefault((source, target, kind), Share())
        share.variables[name] = None
        share.actors.update(actors)

    analysed = analysis(model)
    for reader, actors, expr in _read(model):
        for read in variables_read(analysed, expr):
            assert read.variable is not None
            note(read.variable.machine, reader, "reads", read.name, actors)
    for machine, actor, written in _written(model):
        if written.variable is not None:
            note(machine, written.variable.machine, "changes", written.name, {actor})
            for detailed, names in (contract or {}).items():
                if written.name in names and written.variable.machine == machine:
                    note(detailed, machine, "changes", written.name, {actor})
    return dict(sorted(found.items()))


def _events(model: Model) -> Iterator[Event]:
    for machine in model.machines.values():
        yield from machine.events


def _read(model: Model) -> Iterator[tuple[str, set[str], Expr]]:
    """Yield (machine, actors, expression that it reads)."""
    for event in _events(model):
        formulas = [formula for row in event.rows for formula in (row.when, *row.then.values())]
        read = [formula.expr for formula in (event.when, *formulas) if formula is not None]
        read += [Expr("any", BOOL, (fire.scope, None)) for fire in event.fires]
        yield from ((event.machine, {event.actor}, expr) for expr in read)
    for procedure in model.procedures.values():
        running = [event for event in _events(model) if procedure.id in event.publish]
        for _, collection, formulas_by_name in procedure.stages:
            for name, formula in formulas_by_name.items():
                variable = model.fields[collection][name].variable
                if variable is not None:
                    actors = {event.actor for event in running if event.machine == variable.machine}
                    yield variable.machine, actors, formula.expr


def _written(model: Model) -> Iterator[tuple[str, str, Field]]:
    """Yield (machine, actor, field that its events, or those that they fire, write)."""
    for event in _events(model):
        for other in (event, *(model.event(fire.event) for fire in event.fires)):
            fields = model.fields[model.machines[other.machine].collection]
            yield from ((event.machine, event.actor, fields[name]) for row in other.rows for name in row.then)


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
