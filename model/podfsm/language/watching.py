"""The sections that `conform` reads: rules on what a watcher may see, and guesses at what it cannot see.

A rule holds of every version of a pod, or with ``step`` of two versions that follow each other, with whatever happened
unseen in between (``before.`` is the earlier one). A guess is a field that no document shows: the conformance
check keeps the set of its values that agree with everything seen so far.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from podfsm.language.analysis import Analysis
from podfsm.language.model import Expr, Field, Guess, Model, WatchRow, WatchRule
from podfsm.language.resolve import Context
from podfsm.language.source import Cell, Place

if TYPE_CHECKING:
    from podfsm.language.load import Loader


@dataclass(frozen=True, slots=True)
class Watching:
    """What the two sections say."""

    rules: Mapping[str, WatchRule]
    guesses: Mapping[str, Guess]


def read_watching(loader: Loader) -> Watching:
    """Read the two sections; problems are added to those of the loader."""
    rules = [_rule(loader, *entry) for entry in loader.entries("watch")]
    guesses = [_guess(loader, *entry) for entry in loader.entries("guesses")]
    return Watching({r.id: r for r in rules if r is not None}, {g.field: g for g in guesses if g is not None})


def _rule(loader: Loader, name: str, cell: Cell, place: Place) -> WatchRule | None:
    loader.unique(name, place)
    collection = loader.text(cell, "per", loader.root)
    if collection not in loader.collections:
        loader.problems.unknown(cell.value["per"].place, "collection", collection, loader.collections)
        return None
    step = loader.flag(cell, "step")
    context = Context([collection], in_property=True, in_step=step)
    where, expected, holds = cell.get("where"), cell.get("expected"), cell.get("holds")
    rows: tuple[WatchRow, ...] = ()
    if holds is not None:
        condition = loader.resolver.condition(holds, context)
        why, cite, unreached = (loader.text(cell, key) for key in ("why", "cite", "unreached"))
        rows = (WatchRow(name, condition, "", why, cite, place, unreached),)
    else:
        rows = tuple(_row(loader, row, context) for row in cell.value["rows"].value)
    return WatchRule(
        id=name,
        collection=collection,
        step=step,
        where=loader.resolver.condition(where, context) if where is not None else None,
        rows=rows,
        fields=loader.words(cell.get("fields")),
        expected=loader.resolver.template(expected, context) if expected is not None else None,
        enforced=loader.text(cell, "enforced"),
        why=loader.text(cell, "why"),
        cite=loader.text(cell, "cite"),
        place=place,
    )


def _row(loader: Loader, cell: Cell, context: Context) -> WatchRow:
    name, place = cell.value["id"].text, cell.value["id"].place
    loader.unique(name, place)
    if cell.get("defect") is not None:
        loader._known("defects", cell.value["defect"].text, cell)
    return WatchRow(
        id=name,
        when=loader.resolver.condition(cell.value["when"], context),
        defect=loader.text(cell, "defect"),
        why=loader.text(cell, "why"),
        cite=loader.text(cell, "cite"),
        place=place,
        unreached=loader.text(cell, "unreached"),
    )


def _guess(loader: Loader, name: str, cell: Cell, place: Place) -> Guess | None:
    collection, _, field_name = name.rpartition(".")
    found = loader.fields.get(collection, {}).get(field_name)
    if found is None:
        known = [f.id for fields in loader.fields.values() for f in fields.values()]
        loader.problems.unknown(place, "field", name, known)
        return None
    if collection != loader.root:
        loader.problems.add(place, f"{name} is not a field of {loader.root}", "guesses are made of the whole pod")
        return None
    loader.field_type(collection, field_name)
    words = loader.words(cell.get("values"))
    values: tuple[str | bool, ...] = words
    if found.type.kind == "bool":
        values = tuple(word == "true" for word in words or ("false", "true"))
    elif not words and found.type.name in loader.domains:
        values = loader.domains[found.type.name].values
    return Guess(found.id, collection, field_name, values, loader.text(cell, "why"), place)


def guessing(model: Model) -> frozenset[str]:
    """Find the rules that read a guess, whether themselves or through what they read."""
    analysis = Analysis(model)
    known: dict[str, bool] = {}

    def reads(field: Field) -> bool:
        if field.id not in known:
            known[field.id] = field.id in model.guesses
            if not known[field.id]:
                known[field.id] = any(reads(inner) for expr in definition(field) for _, inner in analysis.reads(expr))
        return known[field.id]

    def definition(field: Field) -> Iterator[Expr]:
        """How a field follows from others where a document is read."""
        if field.let is not None:
            yield field.let.expr
        elif field.table:
            yield from analysis.table_expressions(field.table)

    found = set()
    for rule in model.watch.values():
        formulas = [*(row.when for row in rule.rows), *([rule.where] if rule.where else [])]
        if any(reads(field) for formula in formulas for _, field in analysis.reads(formula.expr)):
            found.add(rule.id)
    return frozenset(found)
