"""Names to meanings: syntax trees become typed expressions.

Kinds of `Expr` and their `args`:

====================================  ==================================================================
``const``                             (value,)
``element``                           (depth,): 0 is the element the table is evaluated for, n the nth quantifier's
``parent``                            (ref,)
``field``                             (ref, collection, name)
``item``                              (record, result name)
``argument`` ``let`` ``result``       (name,)
``gate``                              (name,)
``any`` ``all`` ``none`` ``count``    (scope, body or None)
``sum`` ``highest`` ``lowest``
``each``                              (value, scope)
``first`` ``last`` ``next``
``previous``                          (scope,)
``not`` ``and`` ``or`` ``implies``    (expr, ...)
``equal`` ``in``                      (expr, literal value) or (expr, (literal value, ...))
``contains`` ``same``                 (expr, expr)
``less``                              (operator, expr, expr)
``exists``                            (ref or value,)
``order``                             ("before" or "after", ref, ref)
``add`` ``subtract``                  (expr, expr)
``call``                              (table, ref, arguments)
``builtin``                           (name, arguments)
``template``                          (str or expr, ...)
``before``                            (expr,): its value in the state before the step
====================================  ==================================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from podfsm.language.model import BOOL, NUMBER, TEXT, Collection, Domain, Expr, Formula, Scope, Type
from podfsm.language.source import Cell, Place, Problems
from podfsm.language.syntax import (
    AGGREGATES,
    ExpressionError,
    ScopeSyntax,
    Syntax,
    parse,
    parse_template,
)

#: name -> (least number of arguments, most, type of the result; None: that of the second argument)
BUILTINS: Mapping[str, tuple[int, int, Type | None]] = {
    "if": (3, 3, None),
    "min": (2, 8, NUMBER),
    "max": (2, 8, NUMBER),
    "double": (1, 1, NUMBER),
    "join": (2, 2, TEXT),
    "length": (1, 1, NUMBER),
    "sorted": (1, 1, Type("list", "text")),
    "concat": (2, 8, Type("list", "text")),
    "go-duration": (1, 1, TEXT),
    "human-duration": (1, 1, TEXT),
    "go-quote": (1, 1, TEXT),
    "text": (1, 1, TEXT),
    "like": (2, 2, BOOL),
    "type-of": (1, 1, TEXT),
    "number": (1, 1, NUMBER),
}


class Names(Protocol):
    """What the resolver asks of the tables."""

    @property
    def domains(self) -> Mapping[str, Domain]:
        """Domains by name."""
        ...

    @property
    def collections(self) -> Mapping[str, Collection]:
        """Collections by name."""
        ...

    def field_type(self, collection: str, name: str) -> Type | None:
        """Return the type of a field, which is then in use; None if there is none."""
        ...

    def field_names(self, collection: str) -> Iterable[str]:
        """Return the names of all fields of a collection."""
        ...

    def table_signature(self, name: str) -> tuple[str, Sequence[tuple[str, Type]], Type] | None:
        """Return collection, arguments and result type of a table, which is then in use."""
        ...

    def table_names(self) -> Iterable[str]:
        """Return the names of all tables."""
        ...

    def record_type(self, table: str, name: str) -> Type | None:
        """Return the type of one of the results of a table; None if there is none."""
        ...

    def use_gate(self, name: str) -> bool:
        """Tell whether there is a gate, which is then in use."""
        ...

    def gate_names(self) -> Iterable[str]:
        """Return the names of all gates."""
        ...


@dataclass(slots=True)
class Context:
    """What a formula may name: the collections of its elements by depth, arguments, private lets, current results."""

    elements: list[str]
    arguments: Mapping[str, Type] = field(default_factory=dict)
    lets: Mapping[str, Type] = field(default_factory=dict)
    results: Mapping[str, Type] = field(default_factory=dict)
    in_property: bool = False
    in_step: bool = False


class Resolver:
    """Resolves one formula after another; problems are collected with their places."""

    def __init__(self, names: Names, problems: Problems) -> None:
        self.names, self.problems = names, problems

    # ------------------------------------------------------------------------------------------------------ entries

    def condition(self, cell: Cell, context: Context) -> Formula:
        """Resolve an expression that must be a truth value."""
        formula = self.value(cell, context)
        if formula.expr.type.kind not in ("bool", "unknown"):
            self.problems.add(
                cell.place,
                f"this is a {formula.expr.type}, a condition is wanted",
                "compare it with a literal, as `x = y`",
            )
        return formula

    def value(self, cell: Cell, context: Context, text: str | None = None, shift: int = 0) -> Formula:
        """Resolve an expression; on an error a problem is added and an `unknown` expression given."""
        if not cell.is_text:
            self.problems.add(cell.place, "an expression is a short text", "write it on one line")
            return Formula("", UNKNOWN, cell.place)
        text = cell.text if text is None else text
        return Formula(text, self._guarded(cell, shift, lambda: self.expr(parse(text), context)), cell.place)

    def scope_formula(self, cell: Cell, context: Context) -> tuple[Scope | None, str]:
        """Resolve a text such as ``container where kill-now``."""
        text = f"count({cell.text})"
        formula = self._guarded(cell, -6, lambda: self.expr(parse(text), context))
        return (formula.args[0] if formula.kind == "count" else None), cell.text

    def template(self, cell: Cell, context: Context) -> Formula:
        """Resolve a text with holes."""

        def build() -> Expr:
            parts = parse_template(cell.text).parts
            return Expr("template", TEXT, tuple(p if isinstance(p, str) else self.expr(p, context) for p in parts))

        return Formula(cell.text, self._guarded(cell, 0, build), cell.place)

    def cell_value(self, cell: Cell, wanted: Type, context: Context) -> Formula:
        """Resolve a `then`: ``= expression``, ``text with {holes}``, or a literal of the wanted type."""
        if not cell.is_text:
            self.problems.add(cell.place, "expected one value here", "a literal, or `= expression`")
            return Formula("", UNKNOWN, cell.place)
        text = cell.text
        if text.startswith("="):
            formula = self.value(cell, context, text[1:], 1)
            self._check_assignable(cell.place, formula.expr, wanted)
            return formula
        if wanted.kind == "text" and "{" in text:
            return self.template(cell, context)
        return Formula(text, self._guarded(cell, 0, lambda: self.literal(text, 0, wanted)), cell.place)

    def _check_assignable(self, place: Place, expr: Expr, wanted: Type) -> None:
        """Check that a value fits; the branches of an `if` are looked at one by one."""
        given = expr.type
        if expr.kind == "builtin" and expr.args[0] == "if":
            for branch in expr.args[1][1:]:
                self._check_assignable(place, branch, wanted)
        elif wanted.kind == "enum" and expr.kind == "const" and given.kind == "text":
            members = self.names.domains[wanted.name].members
            if expr.args[0] not in members:
                self.problems.unknown(place, f"value of domain {wanted.name}", expr.args[0], members)
        elif not self._fits(given, wanted):
            self.problems.add(place, f"this gives a {given}, wanted is a {wanted}", "give a value of that domain")

    def _fits(self, given: Type, wanted: Type) -> bool:
        if given.kind == "enum" and wanted.kind == "enum":
            return set(self.names.domains[given.name].members) <= set(self.names.domains[wanted.name].members)
        kinds = {given.kind, wanted.kind}
        # Which texts a formula can give is known only after all are resolved (`check`).
        same = given.kind == wanted.kind or "unknown" in kinds
        return same or kinds <= {"number", "time"} or kinds == {"enum", "text"}

    def _guarded(self, cell: Cell, shift: int, build: Callable[[], Expr]) -> Expr:
        try:
            return build()
        except ExpressionError as error:
            self.problems.add(cell.place.shifted(shift + error.column), error.what, error.mend)
        except _UnknownNameError as error:
            self.problems.unknown(cell.place.shifted(shift + error.column), error.kind, error.name, error.known)
        return UNKNOWN

    # --------------------------------------------------------------------------------------------------- expressions

    def expr(self, node: Syntax, context: Context) -> Expr:
        """Resolve a syntax tree."""
        return getattr(self, "_" + node.kind)(node, context)  # type: ignore[no-any-return]

    def literal(self, text: str, column: int, wanted: Type) -> Expr:
        """Resolve a literal of the wanted type."""
        if wanted.kind == "bool":
            if text not in ("true", "false"):
                raise ExpressionError(column, f"{text!r} is no truth value", "true or false")
            return Expr("const", BOOL, (text == "true",))
        if wanted.kind in ("number", "time"):
            try:
                return Expr("const", NUMBER, (int(text),))
            except ValueError:
                raise ExpressionError(column, f"{text!r} is no number", "write digits") from None
        if wanted.kind == "enum":
            domain = self.names.domains[wanted.name]
            if text not in domain.members:
                raise _UnknownNameError(column, f"value of domain {domain.id}", text, domain.members)
            return Expr("const", wanted, (text,))
        if wanted.kind not in ("text", "unknown"):
            raise ExpressionError(column, f"a {wanted} has no literals", "write `= expression`; compare with `same`")
        return Expr("const", TEXT, (text,))

    def _number(self, node: Syntax, _context: Context) -> Expr:
        return Expr("const", NUMBER, (node.parts[0],))

    def _literal(self, node: Syntax, _context: Context) -> Expr:
        return Expr("const", TEXT, (node.parts[0],))

    def _gate(self, node: Syntax, _context: Context) -> Expr:
        name = node.parts[0]
        if not self.names.use_gate(name):
            raise _UnknownNameError(node.column, "gate", name, self.names.gate_names())
        return Expr("gate", BOOL, (name,))

    def _path(self, node: Syntax, context: Context) -> Expr:
        parts = list(node.parts)
        if parts[0] == "before" and len(parts) > 1:
            if not context.in_step:
                raise ExpressionError(node.column, "`before.` has a meaning in step properties only")
            inner = self._path(Syntax("path", node.column, tuple(parts[1:])), context)
            return Expr("before", inner.type, (inner,))
        expr = self._head(parts, node.column, context)
        for part in parts:
            expr = self._member(expr, part, node.column)
        return expr

    def _head(self, parts: list[str], column: int, context: Context) -> Expr:
        """Resolve and remove the first word of a path."""
        name = parts.pop(0)
        if name == "self":
            return self._element(0, context)
        if name == "this":
            return self._element(len(context.elements) - 1, context)
        if name == "parent":
            return self._parent(self._element(0, context), column)
        if name == "result" and context.results:
            key = parts.pop(0) if "" not in context.results and parts else ""
            if key not in context.results:
                raise _UnknownNameError(column, "result", key, context.results)
            return Expr("result", context.results[key], (key,))
        if name in context.arguments:
            return Expr("argument", context.arguments[name], (name,))
        if name in context.lets:
            return Expr("let", context.lets[name], (name,))
        known: set[str] = set(context.arguments) | set(context.lets)
        for depth in range(len(context.elements) - 1, -1, -1):
            ref: Expr | None = self._element(depth, context)
            while ref is not None:
                collection = ref.type.name
                found = self.names.field_type(collection, name)
                if found is not None:
                    return Expr("field", found, (ref, collection, name))
                known.update(self.names.field_names(collection))
                ref = self._parent(ref, column) if self.names.collections[collection].of else None
        raise _UnknownNameError(column, "name", name, known)

    def _member(self, expr: Expr, part: str, column: int) -> Expr:
        if expr.type.kind == "ref":
            if part == "parent":
                return self._parent(expr, column)
            found = self.names.field_type(expr.type.name, part)
            if found is None:
                raise _UnknownNameError(
                    column, f"field of {expr.type.name}", part, self.names.field_names(expr.type.name)
                )
            return Expr("field", found, (expr, expr.type.name, part))
        if expr.type.kind == "record":
            found = self.names.record_type(expr.type.name, part)
            if found is None:
                raise ExpressionError(column, f"table {expr.type.name} has no result {part!r}")
            return Expr("item", found, (expr, part))
        raise ExpressionError(column, f"a {expr.type} has no field {part!r}")

    def _element(self, depth: int, context: Context) -> Expr:
        return Expr("element", Type("ref", context.elements[depth]), (depth,))

    def _parent(self, ref: Expr, column: int) -> Expr:
        of = self.names.collections[ref.type.name].of
        if not of:
            raise ExpressionError(column, f"a {ref.type.name} has no parent")
        return Expr("parent", Type("ref", of), (ref,))

    def _call(self, node: Syntax, context: Context) -> Expr:
        name, arguments = node.parts
        values = tuple(self.expr(a, context) for a in arguments)
        if name in BUILTINS:
            least, most, result = BUILTINS[name]
            if not least <= len(values) <= most:
                raise ExpressionError(node.column, f"{name} takes {least} to {most} values, not {len(values)}")
            if name == "like":
                _check_pattern(values[1], arguments[1].column)
            return Expr("builtin", result or values[1].type, (name, values))
        *path, table = name.split(".")
        signature = self.names.table_signature(table)
        if signature is None:
            raise _UnknownNameError(
                node.column, "table or function", table, [*self.names.table_names(), *BUILTINS, *AGGREGATES]
            )
        collection, given, result_type = signature
        if len(given) != len(values):
            raise ExpressionError(
                node.column, f"{table} takes {len(given)} arguments, not {len(values)}", ", ".join(n for n, _ in given)
            )
        if path:
            ref = self._path(Syntax("path", node.column, tuple(path)), context)
        else:
            ref = self._nearest(collection, node.column, context)
        if ref.type != Type("ref", collection):
            raise ExpressionError(node.column, f"{table} is a table of {collection}, not of {ref.type.name}")
        return Expr("call", result_type, (table, ref, values))

    def _nearest(self, collection: str, column: int, context: Context) -> Expr:
        """Find the innermost element that is, or stands below, an element of the collection."""
        for depth in range(len(context.elements) - 1, -1, -1):
            ref: Expr | None = self._element(depth, context)
            while ref is not None:
                if ref.type.name == collection:
                    return ref
                ref = self._parent(ref, column) if self.names.collections[ref.type.name].of else None
        raise ExpressionError(column, f"no {collection} is at hand here", "name one, as `ref.table(...)`")

    def scope(self, node: ScopeSyntax, context: Context) -> tuple[Scope, Context]:
        """Resolve a scope; the second result is the context of formulas about its elements."""
        collection = ""
        roles: list[str] = []
        for role in node.roles:
            owner = next((c for c in self.names.collections.values() if role == c.id or role in c.roles), None)
            if owner is None:
                known = [n for c in self.names.collections.values() for n in (c.id, *c.roles)]
                raise _UnknownNameError(node.column, "role or collection", role, known)
            if collection and owner.id != collection:
                raise ExpressionError(node.column, f"{role} is of {owner.id}, the roles before it of {collection}")
            collection = owner.id
            if role != owner.id:
                roles.append(role)
        of = self.names.collections[collection].of
        base = self._nearest(of, node.column, context) if of else UNKNOWN
        bound = None
        if node.bound is not None:
            bound = self._path(node.bound, context)
            if bound.type != Type("ref", collection):
                raise ExpressionError(node.bound.column, f"a bound of this scope is a {collection}, not a {bound.type}")
        inner = Context(
            [*context.elements, collection],
            context.arguments,
            context.lets,
            context.results,
            context.in_property,
            context.in_step,
        )
        where = self.expr(node.where, inner) if node.where is not None else None
        return Scope(collection, tuple(roles), base, len(context.elements), node.order, bound, where), inner

    def _quant(self, node: Syntax, context: Context) -> Expr:
        kind, scope_node, body_node = node.parts
        scope, inner = self.scope(scope_node, context)
        body = self.expr(body_node, inner) if body_node is not None else None
        if body is not None and body.type.kind not in ("bool", "unknown"):
            raise ExpressionError(body_node.column, f"a condition is wanted here, this is a {body.type}")
        return Expr(kind, NUMBER if kind == "count" else BOOL, (scope, body))

    def _aggregate(self, node: Syntax, context: Context) -> Expr:
        kind, value_node, scope_node = node.parts
        scope, inner = self.scope(scope_node, context)
        value = self.expr(value_node, inner)
        result = Type("list", value.type.kind) if kind == "each" else value.type
        return Expr(kind, result, (value, scope))

    def _pick(self, node: Syntax, context: Context) -> Expr:
        kind, scope_node = node.parts
        scope, _ = self.scope(scope_node, context)
        return Expr(kind, Type("ref", scope.collection), (scope,))

    def _boolean(self, node: Syntax, context: Context) -> Expr:
        items = []
        for part in node.parts:
            item = self.expr(part, context)
            if item.type.kind not in ("bool", "unknown"):
                raise ExpressionError(part.column, f"a condition is wanted here, this is a {item.type}", "compare it")
            items.append(item)
        return Expr(node.kind, BOOL, tuple(items))

    _and = _or = _not = _boolean

    def _implies(self, node: Syntax, context: Context) -> Expr:
        if not context.in_property:
            raise ExpressionError(node.column, "`implies` is allowed in properties only", "use `not a or b`")
        return self._boolean(node, context)

    def _equal(self, node: Syntax, context: Context) -> Expr:
        left_node, literal = node.parts
        left = self.expr(left_node, context)
        right = self._as_literal(literal, left.type)
        return Expr("equal", BOOL, (left, right.args[0]))

    def _unequal(self, node: Syntax, context: Context) -> Expr:
        return Expr("not", BOOL, (self._equal(node, context),))

    def _as_literal(self, node: Syntax, wanted: Type) -> Expr:
        value = node.parts[0]
        if node.kind == "number" and wanted.kind not in ("text", "enum"):
            return Expr("const", NUMBER, (value,))
        return self.literal(str(value), node.column, wanted)

    def _in(self, node: Syntax, context: Context) -> Expr:
        left = self.expr(node.parts[0], context)
        values = tuple(self._as_literal(item, left.type).args[0] for item in node.parts[1])
        return Expr("in", BOOL, (left, values))

    def _contains(self, node: Syntax, context: Context) -> Expr:
        left, right = (self.expr(part, context) for part in node.parts)
        if right.type.kind not in ("list", "unknown"):
            raise ExpressionError(node.parts[1].column, f"`in` wants a list or {{...}}, this is a {right.type}")
        return Expr("contains", BOOL, (left, right))

    def _less(self, node: Syntax, context: Context) -> Expr:
        op, left, right = node.parts
        sides = tuple(self.expr(side, context) for side in (left, right))
        for side, side_node in zip(sides, (left, right), strict=True):
            if side.type.kind not in ("number", "time", "unknown"):
                raise ExpressionError(side_node.column, f"a number is wanted here, this is a {side.type}")
        return Expr("less", BOOL, (op, *sides))

    def _same(self, node: Syntax, context: Context) -> Expr:
        return Expr("same", BOOL, tuple(self.expr(part, context) for part in node.parts))

    def _exists(self, node: Syntax, context: Context) -> Expr:
        return Expr("exists", BOOL, (self.expr(node.parts[0], context),))

    def _order(self, node: Syntax, context: Context) -> Expr:
        op, left, right = node.parts
        return Expr("order", BOOL, (op, self.expr(left, context), self.expr(right, context)))

    def _arithmetic(self, node: Syntax, context: Context) -> Expr:
        sides = tuple(self.expr(part, context) for part in node.parts)
        return Expr(node.kind, NUMBER, sides)

    _add = _subtract = _arithmetic


UNKNOWN = Expr("const", Type("unknown"), (None,))


def _check_pattern(pattern: Expr, column: int) -> None:
    """Check that a pattern is given word for word, and is one."""
    if pattern.kind != "const":
        raise ExpressionError(column, "a pattern is written word for word", "put it in single quotes")
    try:
        re.compile(str(pattern.args[0]))
    except re.error as error:
        raise ExpressionError(column, f"this is no pattern: {error}", "write a regular expression") from None


class _UnknownNameError(Exception):
    def __init__(self, column: int, kind: str, name: str, known: Iterable[str]) -> None:
        super().__init__(name)
        self.column, self.kind, self.name, self.known = column, kind, name, tuple(known)
