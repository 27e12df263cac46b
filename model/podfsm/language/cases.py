"""Case splits over conditions: find an input under which conditions hold, or know that there is none.

Conditions are taken apart into *atoms*: a field or argument with few values (truth values, enumerations, numbers and
texts by the constants that they are compared with), and everything else (quantifiers, calls, picks) as an unknown truth
value.
Atoms vary freely, except that fields of an absent element have their zero value. So "no case" is certain, while a
case that is found may combine atoms that never meet; whoever writes the tables then says so with one more condition.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from podfsm.language import functions
from podfsm.language.model import BOOL, Expr, Field, Model, Table
from podfsm.language.wording import literal, wording

#: How many cases are looked at before giving up.
MAX_SPLITS = 5_000


class TooManyCasesError(Exception):
    """The conditions have more cases than anyone would look at."""


class _Other:
    def __repr__(self) -> str:
        return "another"


OTHER: Any = _Other()
"""A text that no condition compares with."""

Truth = bool | None
_UNASSIGNED: Any = _Other()


@dataclass(slots=True)
class Atom:
    """Something that varies: how it is written, its values, the constants it is compared with."""

    name: str
    kind: str
    values: list[Any] = field(default_factory=list)
    constants: set[Any] = field(default_factory=set)
    least: int | None = None

    def finish(self) -> None:
        """Choose one value per class that the constants distinguish."""
        if self.kind == "number":
            around = {c + d for c in self.constants for d in (-1, 0, 1)} or {0}
            least = min(around) if self.least is None else self.least
            self.values = [v for v in sorted(around, key=lambda v: (v < 0, v)) if v >= least] or [least]
        elif self.kind == "text":
            self.values = [*sorted(self.constants), OTHER]


@dataclass(frozen=True, slots=True)
class Case:
    """An input: values of atoms by index; the other atoms may be anything."""

    atoms: Sequence[Atom]
    values: Mapping[int, Any]

    def __str__(self) -> str:
        words = [_worded(self.atoms[i], value) for i, value in sorted(self.values.items())]
        return ", ".join(words) if words else "any input"


def _worded(atom: Atom, value: Any) -> str:
    if atom.kind == "bool":
        return atom.name if value else f"not ({atom.name})" if " " in atom.name else f"not {atom.name}"
    if atom.kind == "sign":
        return atom.name.replace(" ? ", f" {'<=>'[value + 1]} ")
    return f"{atom.name} = {'(another text)' if value is OTHER else literal(value)}"


class Node(Protocol):
    """A condition in three values: true, false, or None while it is open."""

    def holds(self, values: Sequence[Any]) -> Truth:
        """Evaluate under values of the atoms, by index."""
        ...

    def open_atom(self, values: Sequence[Any]) -> int:
        """Return an atom that must be known before the condition is; there is one while it is open."""
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """Always true or always false."""

    value: bool

    def holds(self, values: Sequence[Any]) -> Truth:  # noqa: ARG002
        """Return the constant."""
        return self.value

    def open_atom(self, values: Sequence[Any]) -> int:
        """Never open."""
        raise AssertionError(values)


@dataclass(frozen=True, slots=True)
class Test:
    """A condition on the value of one atom."""

    atom: int
    accepts: Callable[[Any], bool]

    def holds(self, values: Sequence[Any]) -> Truth:
        """Open until the atom is known."""
        value = values[self.atom]
        return None if value is _UNASSIGNED else self.accepts(value)

    def open_atom(self, values: Sequence[Any]) -> int:  # noqa: ARG002
        """Return the atom."""
        return self.atom


@dataclass(frozen=True, slots=True)
class Equality:
    """Two atoms have the same value."""

    one: int
    other: int

    def holds(self, values: Sequence[Any]) -> Truth:
        """Open until both atoms are known."""
        one, other = values[self.one], values[self.other]
        return None if one is _UNASSIGNED or other is _UNASSIGNED else bool(one == other)

    def open_atom(self, values: Sequence[Any]) -> int:
        """Return the first atom that is not known."""
        return self.one if values[self.one] is _UNASSIGNED else self.other


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold."""

    node: Node

    def holds(self, values: Sequence[Any]) -> Truth:
        """Open while the condition is."""
        found = self.node.holds(values)
        return None if found is None else not found

    def open_atom(self, values: Sequence[Any]) -> int:
        """Return the condition's."""
        return self.node.open_atom(values)


@dataclass(frozen=True, slots=True)
class And:
    """All conditions hold."""

    nodes: Sequence[Node]

    def holds(self, values: Sequence[Any]) -> Truth:
        """Return false as soon as one is."""
        result: Truth = True
        for node in self.nodes:
            found = node.holds(values)
            if found is False:
                return False
            if found is None:
                result = None
        return result

    def open_atom(self, values: Sequence[Any]) -> int:
        """Return that of the first open condition."""
        return next(node for node in self.nodes if node.holds(values) is None).open_atom(values)


def either(nodes: Sequence[Node]) -> Node:
    """At least one condition holds."""
    return Not(And([Not(node) for node in nodes]))


def _choice(condition: Node, yes: Node, no: Node) -> Node:
    return either([And([condition, yes]), And([Not(condition), no])])


class Cases:
    """Conditions of one table or event, compiled; `solve` looks for a case.

    Parameters
    ----------
    model
        The tables.
    lets
        Private lets of a table, by name.
    in_event
        The conditions are of an event, whose arguments always have a value.
    writes
        What is ever written to a variable, its start included, by field id.
    """

    def __init__(
        self,
        model: Model,
        lets: Mapping[str, Expr] | None = None,
        in_event: bool = False,
        writes: Mapping[str, Sequence[Expr]] | None = None,
    ) -> None:
        self.model, self.lets, self.in_event, self.writes = model, lets or {}, in_event, writes or {}
        self.atoms: list[Atom] = []
        self._index: dict[Hashable, int] = {}
        self._absent: list[tuple[Expr, int, Any]] = []
        self._rules: list[Node] = []
        self._finished = False
        self._splits = 0
        self._busy: set[str] = set()

    # ------------------------------------------------------------------------------------------------------- compile

    def condition(self, expr: Expr) -> Node:
        """Compile a condition."""
        kind, args = expr.kind, expr.args
        if expr.type.kind == "unknown":
            return self.word("unknown", f"formula {len(self.atoms)}")
        if kind == "const":
            return Constant(bool(args[0]))
        if kind == "not":
            return Not(self.condition(args[0]))
        if kind in ("and", "or"):
            nodes = [self.condition(arg) for arg in args]
            return And(nodes) if kind == "and" else either(nodes)
        if kind == "implies":
            return either([Not(self.condition(args[0])), self.condition(args[1])])
        if kind in ("any", "none", "all"):
            return self._quantifier(expr)
        if kind == "equal":
            return self._compare(args[0], _equals(args[1]), [args[1]])
        if kind == "in":
            return self._compare(args[0], _among(args[1]), list(args[1]))
        if kind in ("less", "same", "order", "exists"):
            return getattr(self, f"_{kind}")(expr)  # type: ignore[no-any-return]
        if kind == "builtin" and args[0] == "if":
            condition, yes, no = (self.condition(arg) for arg in args[1])
            return _choice(condition, yes, no)
        return self._truth(expr)

    def word(self, kind: str, name: str) -> Node:
        """Return a truth value that is no expression: a gate, a feature, whether the defects are in."""
        return Test(self._register((kind, name), lambda: Atom(name, "bool", [False, True])), bool)

    def _truth(self, expr: Expr) -> Node:
        if expr.kind == "gate":
            return self.word("gate", f"gate {expr.args[0]}")
        return Test(self._atom(expr, "bool"), bool)

    def _register(self, key: Hashable, make: Callable[[], Atom]) -> int:
        if key not in self._index:
            self._index[key] = len(self.atoms)
            self.atoms.append(make())
        return self._index[key]

    def _atom(self, expr: Expr, kind: str) -> int:
        index = self._index.get(expr)
        if index is not None:
            return index
        atom = Atom(wording(expr), kind)
        index = self._register(expr, lambda: atom)
        if kind == "bool":
            atom.values = [False, True]
        elif kind == "enum":
            atom.values = list(self.model.domains[expr.type.name].members)
            if self.may_be_none(expr):
                atom.values.append(None)
        elif kind == "number":
            atom.least = self._least(expr)
        if expr.kind == "field" and not _sure(expr.args[0]):
            none = self._field(expr).none
            if kind == "enum" and none not in atom.values:
                atom.values.append(none)
            if kind in ("number", "text"):
                atom.constants.add(none)
            self._absent.append((expr, index, none))
        return index

    def _compare(self, expr: Expr, holds: Callable[[Any], bool], constants: Iterable[Any]) -> Node:
        """Compile `holds` of the value of an expression, which is looked at near `constants` only."""
        if expr.kind == "const" and expr.type.kind != "unknown":
            return Constant(holds(expr.args[0]))
        if expr.kind == "builtin" and expr.args[0] == "if":
            condition, yes, no = expr.args[1]
            wanted = list(constants)
            chosen = (self._compare(branch, holds, wanted) for branch in (yes, no))
            return _choice(self.condition(condition), *chosen)
        kind = {"time": "number"}.get(expr.type.kind, expr.type.kind)
        if kind == "bool":
            node = self.condition(expr)
            if holds(True) == holds(False):
                return Constant(holds(True))
            return node if holds(True) else Not(node)
        if kind == "number" and expr.kind in ("add", "subtract") and expr.args[1].kind == "const":
            shift = expr.args[1].args[0] * (1 if expr.kind == "add" else -1)
            return self._compare(expr.args[0], lambda v: holds((v or 0) + shift), [c - shift for c in constants])
        if kind not in ("enum", "number", "text"):
            return Test(self._register(("free", expr, tuple(constants)), lambda: _free(wording(expr))), bool)
        index = self._atom(expr, kind)
        if kind != "enum":
            self.atoms[index].constants.update(c for c in constants if isinstance(c, int if kind == "number" else str))
        return Test(index, holds)

    def _quantifier(self, expr: Expr) -> Node:
        """Compile `any`, `none` and `all` to one atom where they say the same of the same elements."""
        scope, body = expr.args
        if expr.kind == "all" and body is not None:
            body = body.args[0] if body.kind == "not" else Expr("not", body.type, (body,))
        elif expr.kind == "all":
            return Constant(True)
        node = Test(self._atom(Expr("any", expr.type, (scope, body)), "bool"), bool)
        return node if expr.kind == "any" else Not(node)

    def _less(self, expr: Expr) -> Node:
        op, left, right = expr.args
        compare = functions.COMPARE[op]
        if right.kind == "const":
            bound = right.args[0]
            return self._compare(left, lambda v: compare(v or 0, bound), [bound])
        if left.kind == "const":
            bound = left.args[0]
            return self._compare(right, lambda v: compare(bound, v or 0), [bound])
        index, turned = self._sign(left, right)
        return Test(index, lambda sign: compare(-sign if turned else sign, 0))

    def _same(self, expr: Expr) -> Node:
        left, right = expr.args
        for one, other in ((left, right), (right, left)):
            if one.kind == "const":
                return self._compare(other, _equals(one.args[0]), [one.args[0]])
        kinds = {left.type.kind, right.type.kind}
        if kinds <= {"number", "time"}:
            return Test(self._sign(left, right)[0], lambda sign: sign == 0)
        if kinds in ({"enum"}, {"bool"}) and all(
            side.kind in ("field", "argument", "let", "result") for side in expr.args
        ):
            return Equality(*(self._atom(side, side.type.kind) for side in expr.args))
        return Test(self._register(("same", frozenset((left, right))), lambda: _free(wording(expr))), bool)

    def _sign(self, left: Expr, right: Expr) -> tuple[int, bool]:
        """Return the atom of the order of two numbers, and whether they stand in it the other way round."""
        turned = ("sign", right, left) in self._index
        if turned:
            left, right = right, left
        name = f"{wording(left)} ? {wording(right)}"
        return self._register(("sign", left, right), lambda: Atom(name, "sign", [-1, 0, 1])), turned

    def _order(self, expr: Expr) -> Node:
        op, left, right = expr.args
        name = f"place of {wording(left)} beside {wording(right)}"
        index = self._register(("order", left, right), lambda: Atom(name, "enum", ["before", "after", "neither"]))
        return Test(index, lambda place: place == op)

    def _exists(self, expr: Expr) -> Node:
        return Constant(True) if _sure(expr.args[0]) else Test(self._atom(expr, "bool"), bool)

    # -------------------------------------------------------------------------------------------------------- values

    def _field(self, expr: Expr) -> Field:
        _, collection, name = expr.args
        return self.model.fields[collection][name]

    def _least(self, expr: Expr) -> int | None:
        """Return the least value of a number, if there is one; what documents say has none."""
        if expr.kind == "count" or (expr.kind == "builtin" and expr.args[0] == "length"):
            return 0
        if expr.kind == "field":
            found = self._field(expr)
            if found.observe is not None:
                return 0 if found.observe.form == "count" else None
            values = found.variable.values if found.variable is not None else ()
            if values and all(isinstance(v, int) for v in values):
                return int(min(values))
        return None

    def may_be_none(self, expr: Expr) -> bool:
        """Can an enumeration have no value? Yes, unless it is certain that it cannot."""
        if expr.kind == "const":
            return expr.args[0] is None
        if expr.kind == "argument":
            return not self.in_event
        if expr.kind == "let" and expr.args[0] in self.lets:
            return self.may_be_none(self.lets[expr.args[0]])
        if expr.kind == "builtin" and expr.args[0] == "if":
            return any(self.may_be_none(branch) for branch in expr.args[1][1:])
        if expr.kind == "call":
            return not _sure(expr.args[1]) or self._table_may_be_none(self.model.tables.get(expr.args[0]))
        return expr.kind != "field" or not _sure(expr.args[0]) or self._field_may_be_none(self._field(expr))

    def _field_may_be_none(self, found: Field) -> bool:
        if found.id in self._busy:
            return False
        self._busy.add(found.id)
        try:
            if found.let is not None:
                return self.may_be_none(found.let.expr)
            if found.table:
                return self._table_may_be_none(self.model.tables.get(found.table))
            if found.observe is not None:
                return found.observe.missing is None and found.observe.otherwise is None
            inner = Cases(self.model, in_event=True, writes=self.writes)
            inner._busy = self._busy
            return any(inner.may_be_none(expr) for expr in self.writes.get(found.id, ()))
        finally:
            self._busy.discard(found.id)

    def _table_may_be_none(self, table: Table | None) -> bool:
        if table is None or not table.single:
            return True
        results = [row.then[""].expr for row in table.rows if row.then]
        if table.order == "sequence" or len(results) < len(table.rows):
            start = table.results[0].start
            if start is None:
                return True
            results.append(start.expr)
        inner = Cases(self.model, {name: formula.expr for name, formula in table.lets}, writes=self.writes)
        inner._busy = self._busy
        return any(inner.may_be_none(result) for result in results)

    # --------------------------------------------------------------------------------------------------------- solve

    def _finish(self) -> None:
        """After the last condition is compiled: values of the atoms, and what absent elements imply."""
        for atom in self.atoms:
            atom.finish()
        for expr, index, none in self._absent:
            exists = self._index.get(Expr("exists", BOOL, (expr.args[0],)))
            if exists is not None:
                present = Test(exists, bool)
                self._rules.append(either([present, Test(index, _equals(none))]))
                if self.atoms[index].kind == "enum" and none is None and not self._field_may_be_none(self._field(expr)):
                    self._rules.append(either([Not(present), Test(index, lambda value: value is not None)]))
        self._finished = True

    def solve(self, wanted: Sequence[Node]) -> Case | None:
        """Find a case under which all `wanted` hold, or None if there is none.

        Raises
        ------
        TooManyCasesError
            after MAX_SPLITS.
        """
        if not self._finished:
            self._finish()
        self._splits = 0
        values: list[Any] = [_UNASSIGNED] * len(self.atoms)
        if not self._search([*wanted, *self._rules], values):
            return None
        return Case(self.atoms, {i: v for i, v in enumerate(values) if v is not _UNASSIGNED})

    def _search(self, open_nodes: Sequence[Node], values: list[Any]) -> bool:
        left = []
        for node in open_nodes:
            found = node.holds(values)
            if found is False:
                return False
            if found is None:
                left.append(node)
        if not left:
            return True
        index = left[0].open_atom(values)
        for value in self.atoms[index].values:
            self._splits += 1
            if self._splits > MAX_SPLITS:
                raise TooManyCasesError
            values[index] = value
            if self._search(left, values):
                return True
        values[index] = _UNASSIGNED
        return False


def _equals(wanted: Any) -> Callable[[Any], bool]:
    return lambda value: bool(value == wanted)


def _among(wanted: Sequence[Any]) -> Callable[[Any], bool]:
    return lambda value: value in wanted


def _free(name: str) -> Atom:
    return Atom(name, "bool", [False, True])


def _sure(ref: Expr) -> bool:
    """Tell whether the element is certainly there."""
    return ref.kind == "element" or (ref.kind == "parent" and _sure(ref.args[0]))
