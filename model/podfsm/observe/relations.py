"""Which values of a document matter only by how they compare with others, and the comparisons that are made of them.

Ids, addresses, times and counters differ from pod to pod, but rules only compare them: with the same value of the
version before, with another one of the same element or of the root, or with a constant. What all formulas make of such
a value is then known from the outcome of these comparisons. Any other value counts as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from podfsm.generate import emit
from podfsm.language import functions
from podfsm.language.model import Collection, Expr, Field, Formula, Model, Scope

#: Kinds of values that may matter only by comparison.
_KINDS = ("text", "number", "time")

_COMPARISONS = ("same", "less", "equal", "in")


@dataclass(frozen=True, slots=True)
class Leaf:
    """An input of an element (`up` = 0) or of the root above it (`up` = 1), in this version or in the one before."""

    before: bool
    up: int
    name: str


@dataclass
class Relations:
    """What `relations` finds.

    Parameters
    ----------
    plain
        Ids of the inputs that count as they are.
    own, across
        By collection, comparisons within one version, and of two versions of an element; their inputs are expressions
        of the kind ``leaf``.
    """

    plain: set[str] = field(default_factory=set)
    own: dict[str, list[Expr]] = field(default_factory=dict)
    across: dict[str, list[Expr]] = field(default_factory=dict)


def relations(
    model: Model, need: emit.Needed, formulas: Iterable[tuple[str, Formula]], fixed: Container[str]
) -> Relations:
    """Find the inputs that count as they are, and how all others are compared.

    Parameters
    ----------
    model
        The tables.
    need
        What the formulas need.
    formulas
        Formulas on the elements of a collection, given with its id.
    fixed
        Ids of inputs that count as they are in any case.
    """
    finder = _Finder(model, need, fixed)
    for collection, formula in formulas:
        finder.walk(formula.expr, (collection,))
    finder.definitions()
    return finder.found()


def leaves(expr: Expr) -> list[Leaf]:
    """Return the inputs that a comparison reads."""
    if expr.kind == "leaf":
        return [expr.args[0]]
    return [leaf for part in emit.parts(expr) if isinstance(part, Expr) for leaf in leaves(part)]


def with_leaves(expr: Expr, change: Callable[[Leaf], Leaf]) -> Expr:
    """Return a comparison with other inputs."""
    if expr.kind == "leaf":
        return replace(expr, args=(change(expr.args[0]),))

    def inside(part: Any) -> Any:
        if isinstance(part, Expr):
            return with_leaves(part, change)
        return tuple(map(inside, part)) if isinstance(part, tuple) else part

    return replace(expr, args=inside(expr.args))


class _Finder:
    def __init__(self, model: Model, need: emit.Needed, fixed: Container[str]) -> None:
        self.model, self.need, self.fixed = model, need, fixed
        self.root = need.root.id
        self.collections: Mapping[str, Collection] = {c.id: c for c in need.collections}
        self._plain: set[str] = set()
        self._comparisons: dict[tuple[str, Expr], None] = {}

    def found(self) -> Relations:
        """Return what is found; a comparison of values that all count as they are tells nothing new."""
        result = Relations(plain=self._plain)
        for collection, expr in self._comparisons:
            read = leaves(expr)
            if all(self._id(collection, leaf) in self._plain for leaf in read):
                continue
            times = {leaf.before for leaf in read}
            if times == {True}:
                expr = with_leaves(expr, lambda leaf: replace(leaf, before=False))
            found = (result.own if len(times) == 1 else result.across).setdefault(collection, [])
            if expr not in found:
                found.append(expr)
        return result

    def _id(self, collection: str, leaf: Leaf) -> str:
        return f"{self.root if leaf.up else collection}.{leaf.name}"

    def definitions(self) -> None:
        """Walk through roles, and through all that is computed."""
        for collection in self.need.collections:
            env = (collection.id,)
            for role in self.need.roles[collection.id]:
                self.walk(collection.roles[role].expr, env)
            for item in self.need.fields[collection.id]:
                formula = None if item.table else emit.definition(item)
                if formula is not None and not self._is_term(item):
                    self.walk(formula.expr, env)
            for table in self.need.tables[collection.id]:
                for formula in emit.table_formulas(table):
                    self.walk(formula.expr, env)

    # ------------------------------------------------------------------------------------------------------------ walks

    def walk(self, expr: Expr, env: tuple[str, ...]) -> None:
        """Note what an expression reads; `env` has the collections of the elements in scope."""
        if expr.kind in _COMPARISONS and self._comparison(expr, env):
            return
        if expr.kind == "field":
            item = self.model.fields[expr.args[1]][expr.args[2]]
            if emit.is_input(item):
                self._plain.add(item.id)
            elif item.let is not None and self._is_term(item):
                self.walk(item.let.expr, (item.collection,))
        scope = next((part for part in expr.args if isinstance(part, Scope)), None)
        inner = env if scope is None else (*env, scope.collection)
        for part in emit.parts(expr):
            if isinstance(part, Expr):
                self.walk(part, inner)
        if scope is not None:
            self.walk(scope.base, env)
            if scope.bound is not None:
                self.walk(scope.bound, env)
            if scope.where is not None:
                self.walk(scope.where, inner)

    def _is_term(self, item: Field) -> bool:
        """Tell whether a field is a sum of inputs: it counts where it is read, not where it is defined."""
        if item.let is None or item.type.kind not in _KINDS:
            return False
        return _Term(self, (item.collection,)).of(item.let.expr, False, 0, None) is not None

    def _comparison(self, expr: Expr, env: tuple[str, ...]) -> bool:
        """Note a comparison of inputs of one element, of the root and of constants; False if it is none."""
        term = _Term(self, env)
        if expr.kind in ("equal", "in"):
            values = (expr.args[1],) if expr.kind == "equal" else expr.args[1]
            # Where a text is compared with words, it is one of a few.
            if any(value != "" if isinstance(value, str) else type(value) is not int for value in values):
                return False
        args = tuple(term.of(part, False, 0, None) if isinstance(part, Expr) else part for part in expr.args)
        if None in args or len(term.elements) > 1:
            return False
        found = replace(expr, args=args)
        read = leaves(found)
        if not term.elements:
            self._comparisons[self.root, with_leaves(found, lambda leaf: replace(leaf, up=0))] = None
            return bool(read)
        if any(leaf.before and leaf.up for leaf in read):
            # The root before is not read where the element is new.
            return False
        self._comparisons[env[term.elements.pop()], found] = None
        return True

    def is_element(self, collection: str) -> bool:
        """Tell whether elements of a collection are found in the version before as they are in a list."""
        known = self.collections[collection]
        if not known.of:
            return True
        paths = known.groups.values()
        return known.of == self.root and not (
            known.single or known.match or known.sort or any(path.endswith("?") or path[:1] == "/" for path in paths)
        )

    def may_compare(self, item: Field) -> bool:
        """Tell whether an input may matter only by comparison."""
        forms = item.observe is not None and item.observe.form in ("at", "count") and not item.observe.map
        return forms and item.type.kind in _KINDS and item.id not in self.fixed


class _Term:
    """Turns operands of one comparison into sums of inputs; `elements` are places of elements other than the root."""

    def __init__(self, finder: _Finder, env: tuple[str, ...]) -> None:
        self.finder, self.env = finder, env
        self.elements: set[int] = set()

    def of(self, expr: Expr, before: bool, up: int, at: int | None) -> Expr | None:
        """Return an operand, None if it is none; `at` is the element that stands for the own one, `up` above it."""
        kind, args = expr.kind, expr.args
        if kind == "const":
            return expr if args[0] is None or isinstance(args[0], str) or type(args[0]) is int else None
        if kind == "field":
            return self._field(expr, before, up, at)
        if kind == "before" and not before:
            return self.of(args[0], True, up, at)
        if kind in ("add", "subtract") or (kind == "builtin" and args[0] in functions.FUNCTIONS):
            found = tuple(self.of(part, before, up, at) for part in emit.parts(expr) if isinstance(part, Expr))
            if None in found:
                return None
            return replace(expr, args=(args[0], found) if kind == "builtin" else found)
        return None

    def _field(self, expr: Expr, before: bool, up: int, at: int | None) -> Expr | None:
        ref, collection, name = expr.args
        while ref.kind == "parent":
            up, ref = up + 1, ref.args[0]
        if ref.kind != "element" or up > 1 or (before and up):
            return None
        place = ref.args[0] if at is None else at
        item = self.finder.model.fields[collection][name]
        if not emit.is_input(item):
            if item.let is None or (at is not None and ref.args[0] != 0):
                return None
            return self.of(item.let.expr, before, up, place)
        if not self.finder.may_compare(item) or not self.finder.is_element(self.env[place]):
            return None
        if item.collection == self.finder.root:
            return Expr("leaf", item.type, (Leaf(before, 1, name),))
        self.elements.add(place)
        return Expr("leaf", item.type, (Leaf(before, 0, name),))
