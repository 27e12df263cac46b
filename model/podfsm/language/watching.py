"""The sections that `conform` reads: rules on what a watcher may see, and guesses at what it cannot see.

A rule holds of every version of a pod, or with ``step`` of two versions that follow each other, with whatever happened
unseen in between (``before.`` is the earlier one). A guess is a field that no document shows: the conformance
check keeps the set of its values that agree with everything seen so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from podfsm.language.analysis import Analysis
from podfsm.language.model import Expr, Field, Guess, Model, Scope, WatchRow, WatchRule
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


@dataclass(frozen=True, slots=True)
class Read:
    """The guesses that a rule reads, itself or through what it reads: at the version, and at the one before."""

    now: frozenset[str]
    before: frozenset[str]


class GuessReads:
    """Which rules and which derived fields follow from guesses."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._analysis = Analysis(model)
        self._known: dict[str, frozenset[str]] = {}

    def of_rule(self, rule: WatchRule) -> Read:
        """Find the guesses that a rule reads."""
        now, before = set[str](), set[str]()
        for formula in [*(row.when for row in rule.rows), *([rule.where] if rule.where else [])]:
            now |= self._of_expr(without_before(formula.expr))
            for inner in befores(formula.expr):
                before |= self._of_expr(inner)
        return Read(frozenset(now), frozenset(before))

    def derived(self) -> dict[str, list[int]]:
        """By collection, places of the derived fields that follow from a guess."""
        return {
            collection: [f.index for f in fields.values() if f.id not in self.model.guesses and self._of_field(f)]
            for collection, fields in self.model.fields.items()
        }

    def _of_field(self, field: Field) -> frozenset[str]:
        if field.id not in self._known:
            own = frozenset({field.id} & self.model.guesses.keys())
            self._known[field.id] = own
            self._known[field.id] = own.union(*map(self._of_expr, self._definition(field)))
        return self._known[field.id]

    def _of_expr(self, expr: Expr) -> frozenset[str]:
        return frozenset[str]().union(*(self._of_field(field) for _, field in self._analysis.reads(expr)))

    def _definition(self, field: Field) -> Iterator[Expr]:
        """How a field follows from others where a document is read."""
        if field.let is not None:
            yield field.let.expr
        elif field.table:
            yield from self._analysis.table_expressions(field.table)


def rewritten(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Return an expression with the expressions in it changed, those in its scopes too."""

    def inside(part: Any) -> Any:
        if isinstance(part, Expr):
            return change(part)
        if isinstance(part, Scope):
            return replace(part, base=inside(part.base), bound=inside(part.bound), where=inside(part.where))
        return tuple(map(inside, part)) if isinstance(part, tuple) else part

    return replace(expr, args=inside(expr.args))


def without_before(expr: Expr) -> Expr:
    """Return an expression with a constant in place of what it reads of the version before."""
    return Expr("const", expr.type, (None,)) if expr.kind == "before" else rewritten(expr, without_before)


def befores(expr: Expr) -> list[Expr]:
    """Return what an expression reads of the version before."""
    found: list[Expr] = []

    def look(part: Expr) -> Expr:
        if part.kind == "before":
            found.append(part.args[0])
            return part
        return rewritten(part, look)

    look(expr)
    return found
