"""Expressions of the tables as Python expressions: one method per kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from podfsm.generate.emit import Names, snake
from podfsm.generate.python import code
from podfsm.generate.python.code import ADD, ATOM, COMPARE, CONDITIONAL, Code
from podfsm.language import functions
from podfsm.language.model import Expr, Scope, Table, Type

if TYPE_CHECKING:
    from podfsm.generate.python.target import Target

#: Variables of the elements that an expression may name, by depth.
Elements = tuple[str, ...]

_TRUE, _NONE = Code("True"), Code("None")


@dataclass(frozen=True)
class _Access:
    """How something of an element is read, given the element's name, and its value if there is no element."""

    ref: Expr
    read: Callable[[str], Code]
    none: object


class Expressions:
    """Writes the expressions of one function.

    Parameters
    ----------
    target
        Names and types of the module; is told which helpers are called.
    collection
        Of the element that the function is a method of.
    table
        The table that the function is, if it is one.
    local
        Names that are taken in the function.
    """

    def __init__(self, target: Target, collection: str, table: Table | None, local: Names) -> None:
        self.target, self.collection, self.table, self.local = target, collection, table, local

    # ---------------------------------------------------------------------------------------------------------- entries

    def expr(self, expr: Expr, els: Elements = ("self",)) -> Code:
        """Write an expression."""
        found = getattr(self, "_" + expr.kind)(expr, els)
        assert isinstance(found, Code)
        return found

    def assigned(self, expr: Expr, wanted: Type, els: Elements = ("self",)) -> Code:
        """Write an expression where a type is wanted, with a cast where the tables are looser than Python's types."""
        found = self.expr(expr, els)
        given = self.static(expr)
        maybe = self.nullable(expr)
        as_is = wanted == given or _is_literal(expr) or "unknown" in (wanted.kind, given.kind)
        if as_is or {wanted.kind, given.kind} <= {"number", "time"} or (wanted.kind == "text" and given.kind == "enum"):
            return found
        return self.cast(wanted, maybe, found)

    def cast(self, wanted: Type, maybe: bool, found: Code) -> Code:
        """Tell Python the type of an expression."""
        self.target.use("cast")
        return code.call("cast", Code(code.quote(self.target.python_type(wanted, maybe))), found)

    def gate(self, gate: str, els: Elements = ("self",)) -> Code:
        """Ask whether a feature gate is on, or with `not` before its name, off."""
        name = gate.removeprefix("not ")
        up = ".parent" * self.target.need.depth(self.collection)
        return code.comparison(Code(code.quote(name)), "in" if name == gate else "not in", Code(f"{els[0]}{up}.gates"))

    def nullable(self, expr: Expr) -> bool:
        """Tell whether the value of an expression may be missing."""
        return self.target.nullable.expr(expr, self.table)

    def static(self, expr: Expr) -> Type:
        """Return the type that Python sees in an expression, unless it is the one of the tables."""
        if expr.kind == "const" and isinstance(expr.args[0], str):
            return Type("text")
        if expr.kind == "builtin" and expr.args[0] == "if":
            return self._either(*expr.args[1][1:])
        return expr.type

    def _either(self, yes: Expr, no: Expr) -> Type:
        first, second = self.static(yes), self.static(no)
        if first == second or _is_literal(no):
            return first
        if _is_literal(yes):
            return second
        return Type("text") if {first.kind, second.kind} <= {"text", "enum"} else Type("object")

    # ---------------------------------------------------------------------------------------------- constants and names

    def _const(self, expr: Expr, _els: Elements) -> Code:
        value = expr.args[0]
        return Code(code.literal(value), ADD if isinstance(value, int) and value < 0 else ATOM)

    def _list(self, expr: Expr, els: Elements) -> Code:
        items = [self.expr(item, els) for item in expr.args]
        if len(items) == 1:
            return Code(f"({items[0].at(CONDITIONAL).text},)")
        return code.call("", *items)

    def _element(self, expr: Expr, els: Elements) -> Code:
        return Code(els[expr.args[0]])

    def _parent(self, expr: Expr, els: Elements) -> Code:
        return self._through(_Access(expr.args[0], lambda ref: Code(f"{ref}.parent"), None), els)

    def _field(self, expr: Expr, els: Elements) -> Code:
        return self._through(self._access(expr, els), els)

    _item = _call = _field

    def _access(self, expr: Expr, els: Elements) -> _Access:
        """Take a field, a result or a call apart: of what, how it is read, and what it is if nothing is there."""
        model, zero = self.target.model, functions.ZERO.get(expr.type.kind)
        if expr.kind == "field":
            ref, collection, name = expr.args
            field_name = self.target.member(collection, name)
            return _Access(ref, lambda found: Code(f"{found}.{field_name}"), model.fields[collection][name].none)
        if expr.kind == "item":
            record, name = expr.args
            result_name = self.target.result(record.type.name, name)
            return _Access(record, lambda found: Code(f"{found}.{result_name}"), zero)
        table, ref, arguments = expr.args
        called = model.tables[table]
        method = self.target.member(called.collection, table)
        if not called.given:
            return _Access(ref, lambda found: Code(f"{found}.{method}"), zero)
        values = [self.assigned(v, t, els) for v, (_, t) in zip(arguments, called.given, strict=True)]
        return _Access(ref, lambda found: code.call(f"{found}.{method}", *values), zero)

    def _argument(self, expr: Expr, _els: Elements) -> Code:
        return Code(self.local["argument", expr.args[0]])

    def _let(self, expr: Expr, _els: Elements) -> Code:
        return Code(self.local["let", expr.args[0]])

    def _result(self, expr: Expr, _els: Elements) -> Code:
        return Code(self.local["result", expr.args[0]])

    def _gate(self, expr: Expr, els: Elements) -> Code:
        return self.gate(expr.args[0], els)

    # ------------------------------------------------------------------------------------- elements that may be missing

    def _guarded(self, ref: Expr, els: Elements) -> tuple[str, str]:
        """How to ask whether an element is there, and its name behind that question."""
        found = self.expr(ref, els)
        if re.fullmatch(r"[\w.]+", found.text):
            return found.text, found.text
        name = self._fresh("found")
        return f"({name} := {found.at(CONDITIONAL).text})", name

    def _through(self, access: _Access, els: Elements) -> Code:
        """Something of an element that may be missing."""
        if not self.nullable(access.ref):
            return access.read(self.expr(access.ref, els).at(ATOM).text)
        asked, name = self._guarded(access.ref, els)
        inner = access.read(name)
        if access.none is False:
            return code.conjunction([Code(f"{asked} is not None", COMPARE), inner])
        if access.none is True:
            return code.disjunction([Code(f"{asked} is None", COMPARE), inner])
        return code.conditional(Code(f"{asked} is not None", COMPARE), inner, Code(code.literal(access.none)))

    def _fresh(self, wanted: str) -> str:
        """Return a variable of the function that no loop can have."""
        loops = {snake(collection) for collection in self.target.model.collections}
        return self.local.add(object(), wanted if wanted not in loops else f"{wanted}_")

    # ------------------------------------------------------------------------------------------------------- comparison

    def _equal(self, expr: Expr, els: Elements) -> Code:
        left, value = expr.args
        return self._compared(left, (value,), els)

    def _in(self, expr: Expr, els: Elements) -> Code:
        left, values = expr.args
        return self._compared(left, values, els)

    def _compared(self, left: Expr, values: tuple[Any, ...], els: Elements, negated: bool = False) -> Code:
        if left.kind in ("field", "item", "call"):
            access = self._access(left, els)
            if self.nullable(access.ref):
                return self._compared_through(left, access, values, els, negated)
        return self._against(left, self.expr(left, els), values, negated)

    def _compared_through(
        self, left: Expr, access: _Access, values: tuple[Any, ...], els: Elements, negated: bool
    ) -> Code:
        """Return a comparison that asks first whether the element is there, instead of for a value that is missing."""
        asked, name = self._guarded(access.ref, els)
        compared = self._against(left, access.read(name), values, negated)
        if (access.none in values) != negated:
            return code.disjunction([Code(f"{asked} is None", COMPARE), compared])
        return code.conjunction([Code(f"{asked} is not None", COMPARE), compared])

    def _against(self, left: Expr, found: Code, values: tuple[Any, ...], negated: bool) -> Code:
        if left.type.kind == "bool":
            return self._truth(found, values, negated)
        if len(values) == 1:
            return code.comparison(found, "!=" if negated else "==", Code(code.literal(values[0])))
        members = ", ".join(code.literal(value) for value in values)
        return code.comparison(found, "not in" if negated else "in", Code(f"{{{members}}}"))

    def _truth(self, found: Code, values: tuple[Any, ...], negated: bool) -> Code:
        if len(set(values)) > 1:
            return Code(repr(not negated))
        return found if values[0] != negated else code.negation(found)

    def _contains(self, expr: Expr, els: Elements, negated: bool = False) -> Code:
        left, right = (self.expr(part, els) for part in expr.args)
        if self.nullable(expr.args[1]):
            right = code.disjunction([right, Code("()")]).at(ATOM)
        return code.comparison(left, "not in" if negated else "in", right)

    def _same(self, expr: Expr, els: Elements, negated: bool = False) -> Code:
        left, right = (self.expr(part, els) for part in expr.args)
        if any(part.type.kind == "ref" for part in expr.args):
            return code.comparison(left, "is not" if negated else "is", right)
        return code.comparison(left, "!=" if negated else "==", right)

    def _less(self, expr: Expr, els: Elements) -> Code:
        return code.comparison(self._number(expr.args[1], els), expr.args[0], self._number(expr.args[2], els))

    def _exists(self, expr: Expr, els: Elements, negated: bool = False) -> Code:
        return code.comparison(self.expr(expr.args[0], els), "is" if negated else "is not", _NONE)

    def _order(self, expr: Expr, els: Elements) -> Code:
        word, left, right = expr.args
        helper = self.target.use(f"is_{word}")
        return code.call(helper, self.expr(left, els), self.expr(right, els))

    # ------------------------------------------------------------------------------------------------------------ logic

    def _not(self, expr: Expr, els: Elements) -> Code:
        inner = expr.args[0]
        if inner.kind == "not":
            return self.expr(inner.args[0], els)
        if inner.kind in ("equal", "in"):
            values = (inner.args[1],) if inner.kind == "equal" else inner.args[1]
            return self._compared(inner.args[0], values, els, negated=True)
        if inner.kind in ("contains", "same", "exists"):
            found: Code = getattr(self, "_" + inner.kind)(inner, els, True)
            return found
        if inner.kind == "none":
            return self._quantified("any", inner, els)
        return code.negation(self.expr(inner, els))

    def _and(self, expr: Expr, els: Elements) -> Code:
        return code.conjunction(self.expr(item, els) for item in expr.args)

    def _or(self, expr: Expr, els: Elements) -> Code:
        return code.disjunction(self.expr(item, els) for item in expr.args)

    def _implies(self, expr: Expr, els: Elements) -> Code:
        left, right = (self.expr(item, els) for item in expr.args)
        return code.disjunction([code.negation(left), right])

    # ------------------------------------------------------------------------------------------------------ quantifiers

    def _scope(self, scope: Scope, els: Elements) -> tuple[str, str, list[Code], Elements]:
        """Return the variable of a loop, what it goes through, the conditions, and the elements inside."""
        base = self.expr(scope.base, els) if scope.base.type.kind == "ref" else Code(els[0])
        source = f"{base.at(ATOM).text}.{self.target.children(scope.collection)}"
        variable = self._variable(scope.collection, els)
        inner = (*els, variable)
        conditions = []
        if scope.roles:
            roles = [Code(f"{variable}.{self.target.role(scope.collection, role)}") for role in scope.roles]
            conditions.append(code.disjunction(roles))
        if scope.bound is not None and scope.order is not None:
            conditions.append(self._within(variable, scope.order, scope.bound, els))
        if scope.where is not None:
            conditions.append(self.expr(scope.where, inner))
        return variable, source, conditions, inner

    def _variable(self, collection: str, els: Elements) -> str:
        wanted, number = snake(collection), 2
        found = wanted
        while found in els or found in self.local:
            found, number = f"{wanted}{number}", number + 1
        return found

    def _within(self, variable: str, order: str, bound: Expr, els: Elements) -> Code:
        operator = {"before": "<", "upto": "<=", "after": ">", "from": ">="}[order]
        if not self.nullable(bound):
            return Code(f"{variable}.index {operator} {self.expr(bound, els).at(ATOM).text}.index", COMPARE)
        asked, name = self._guarded(bound, els)
        compared = Code(f"{variable}.index {operator} {name}.index", COMPARE)
        if order in ("before", "upto"):
            return code.disjunction([Code(f"{asked} is None", COMPARE), compared])
        return code.conjunction([Code(f"{asked} is not None", COMPARE), compared])

    def _quantified(self, function: str, expr: Expr, els: Elements) -> Code:
        scope, body = expr.args
        variable, source, conditions, inner = self._scope(scope, els)
        if body is not None:
            conditions.append(self.expr(body, inner))
        if not conditions:
            return code.call("bool", Code(source))
        return code.comprehension(function, code.conjunction(conditions), variable, source, ())

    def _any(self, expr: Expr, els: Elements) -> Code:
        return self._quantified("any", expr, els)

    def _none(self, expr: Expr, els: Elements) -> Code:
        return code.negation(self._quantified("any", expr, els))

    def _all(self, expr: Expr, els: Elements) -> Code:
        scope, body = expr.args
        if body is None:
            return _TRUE
        variable, source, conditions, inner = self._scope(scope, els)
        return code.comprehension("all", self.expr(body, inner), variable, source, conditions)

    def _count(self, expr: Expr, els: Elements) -> Code:
        scope, body = expr.args
        variable, source, conditions, inner = self._scope(scope, els)
        if body is not None:
            conditions.append(self.expr(body, inner))
        if not conditions:
            return code.call("len", Code(source))
        return code.comprehension("sum", Code("1"), variable, source, conditions)

    def _sum(self, expr: Expr, els: Elements) -> Code:
        value, scope = expr.args
        variable, source, conditions, inner = self._scope(scope, els)
        return code.comprehension("sum", self._number(value, inner), variable, source, conditions)

    def _extreme(self, function: str, expr: Expr, els: Elements) -> Code:
        value, scope = expr.args
        variable, source, conditions, inner = self._scope(scope, els)
        found = self.expr(value, inner)
        if self.nullable(value):
            name = self._fresh("value")
            conditions.append(Code(f"({name} := {found.at(CONDITIONAL).text}) is not None", COMPARE))
            found = Code(name)
        return code.call(
            function,
            code.comprehension("", found, variable, source, conditions),
            Code("0"),
            names=("", "default"),
        )

    def _highest(self, expr: Expr, els: Elements) -> Code:
        return self._extreme("max", expr, els)

    def _lowest(self, expr: Expr, els: Elements) -> Code:
        return self._extreme("min", expr, els)

    def _each(self, expr: Expr, els: Elements) -> Code:
        value, scope = expr.args
        variable, source, conditions, inner = self._scope(scope, els)
        found = code.comprehension("tuple", self.expr(value, inner), variable, source, conditions)
        return self.cast(expr.type, False, found) if self.nullable(value) else found

    def _pick(self, expr: Expr, els: Elements) -> Code:
        variable, source, conditions, _ = self._scope(expr.args[0], els)
        if expr.kind in ("next", "previous"):
            conditions.insert(
                0, Code(f"{variable}.index {'>' if expr.kind == 'next' else '<'} {els[0]}.index", COMPARE)
            )
        if expr.kind in ("last", "previous"):
            source = f"reversed({source})"
        if not conditions:
            return code.call("next", code.call("iter", Code(source)), _NONE)
        found = code.comprehension("", Code(variable), variable, source, conditions)
        return code.call("next", found, _NONE)

    _first = _last = _next = _previous = _pick

    # --------------------------------------------------------------------------------------------- arithmetic and texts

    def _number(self, expr: Expr, els: Elements) -> Code:
        """Return a number, where nothing counts as 0."""
        found = self.expr(expr, els)
        if not self.nullable(expr):
            return found
        return code.disjunction([found, Code("0")]).at(ATOM)

    def _add(self, expr: Expr, els: Elements) -> Code:
        left, right = (self._number(part, els) for part in expr.args)
        return Code(f"{left.at(ADD).text} + {right.at(ADD).text}", ADD, (("", left.at(ADD)), ("+ ", right.at(ADD))))

    def _subtract(self, expr: Expr, els: Elements) -> Code:
        left, right = (self._number(part, els) for part in expr.args)
        return Code(f"{left.at(ADD).text} - {right.at(ATOM).text}", ADD)

    def _as_text(self, expr: Expr, els: Elements) -> Code:
        """Return a value as the text that Go prints."""
        found, kind = self.expr(expr, els), expr.type.kind
        if kind in ("text", "enum"):
            return code.disjunction([found, Code('""')]) if self.nullable(expr) else found
        if kind in ("number", "time") and not self.nullable(expr):
            return code.call("str", found)
        return code.call(self.target.use("as_text"), found)

    def _template(self, expr: Expr, els: Elements) -> Code:
        holes = [part if isinstance(part, str) else self._hole(part, els) for part in expr.args]
        if all(isinstance(part, str) or not re.search(r"""["'\\{}\n]|:=""", part.text) for part in holes):
            text = "".join(_escaped(part) if isinstance(part, str) else f"{{{part.text}}}" for part in holes)
            return Code(("f" if "{" in text else "") + code.quote(text))
        pieces = [
            Code(code.quote(part)) if isinstance(part, str) else self._as_text(part, els).at(ADD) for part in expr.args
        ]
        return Code(
            " + ".join(piece.text for piece in pieces),
            ADD,
            tuple(("+ " if at else "", piece) for at, piece in enumerate(pieces)),
        )

    def _hole(self, expr: Expr, els: Elements) -> Code:
        """Return a value as it stands in a formatted string, where whole numbers are written as they are."""
        if expr.type.kind in ("number", "time") and not self.nullable(expr):
            return self.expr(expr, els).at(CONDITIONAL)
        return self._as_text(expr, els).at(CONDITIONAL)

    # --------------------------------------------------------------------------------------------------------- builtins

    def _builtin(self, expr: Expr, els: Elements) -> Code:
        name, arguments = expr.args
        writer = getattr(self, "_builtin_" + snake(name))
        found: Code = writer(arguments, els)
        return found

    def _builtin_if(self, arguments: tuple[Expr, ...], els: Elements) -> Code:
        condition, yes, no = (self.expr(argument, els) for argument in arguments)
        return code.conditional(condition, yes, no)

    def _builtin_min(self, arguments: tuple[Expr, ...], els: Elements) -> Code:
        return code.call("min", *(self._number(argument, els) for argument in arguments))

    def _builtin_max(self, arguments: tuple[Expr, ...], els: Elements) -> Code:
        return code.call("max", *(self._number(argument, els) for argument in arguments))

    def _builtin_double(self, arguments: tuple[Expr, ...], els: Elements) -> Code:
        # Nothing binds looser than a product here but names, calls and parentheses.
        return Code(f"2 * {self._number(arguments[0], els).at(ATOM).text}", ADD)

    def _builtin_join(self, arguments: tuple[Expr, ...], els: Elements) -> Code:
        separator, items = arguments
        found = self._items(items, els)
        if items.type.name not in ("text", "enum") or self.target.gaps:
            found = code.call("map", Code(self.target.use("as_text")), found)
        return code.call(f"{self.expr(separator, els).at(ATOM).text}.join", found)

    def _builtin_length(self, arguments: tuple[Expr, ...], els: Elements) -> Code:
        return code.call("len", self._items(arguments[0], els))

    def _builtin_sorted(self, arguments: tuple[Expr, ...], els: Elements) -> Code:
        return code.call("tuple", code.call("sorted", self._items(arguments[0], els)))

    def _builtin_concat(self, arguments: tuple[Expr, ...], els: Elements) -> Code:
        return code.call("", *(code.unpacked(self._items(argument, els)) for argument in arguments))

    def _items(self, expr: Expr, els: Elements) -> Code:
        found = self.expr(expr, els)
        return code.disjunction([found, Code("()")]) if self.nullable(expr) else found

    def _builtin_go_duration(self, arguments: tuple[Expr, ...], els: Elements) -> Code:
        return code.call(self.target.use("go_duration"), self._number(arguments[0], els))

    def _builtin_human_duration(self, arguments: tuple[Expr, ...], els: Elements) -> Code:
        return code.call(self.target.use("human_duration"), self._number(arguments[0], els))

    def _builtin_go_quote(self, arguments: tuple[Expr, ...], els: Elements) -> Code:
        inner = self._as_text(arguments[0], els).at(ADD)
        quote = Code("'\"'")
        return Code(f"{quote.text} + {inner.text} + {quote.text}", ADD)

    def _builtin_text(self, arguments: tuple[Expr, ...], els: Elements) -> Code:
        return self._as_text(arguments[0], els)

    def _builtin_like(self, arguments: tuple[Expr, ...], els: Elements) -> Code:
        self.target.use("re")
        text = self._as_text(arguments[0], els)
        found = code.call("re.fullmatch", self.expr(arguments[1], els), text, Code("re.ASCII"))
        return code.comparison(found, "is not", _NONE)

    def _builtin_number(self, arguments: tuple[Expr, ...], els: Elements) -> Code:
        return code.call(self.target.use("number_of"), self.expr(arguments[0], els))

    def _builtin_type_of(self, arguments: tuple[Expr, ...], els: Elements) -> Code:
        return code.call(self.target.use("type_of"), self.expr(arguments[0], els))


def _escaped(text: str) -> str:
    """Return a text inside a formatted string."""
    return text.replace("{", "{{").replace("}", "}}")


def _is_literal(expr: Expr) -> bool:
    """Tell whether an expression is a literal, or a choice between literals."""
    if expr.kind == "builtin" and expr.args[0] == "if":
        return all(map(_is_literal, expr.args[1][1:]))
    return expr.kind == "const"
