"""Expressions back to the text of the language, and a walk over their parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from podfsm.language.model import Expr, Model, Scope

_INFIX = {"and": " and ", "or": " or ", "implies": " implies ", "contains": " in ", "same": " same "}
_SIGN = {"add": " + ", "subtract": " - "}
_AGGREGATES = ("sum", "highest", "lowest", "each")
_PICKS = ("first", "last", "next", "previous")
_QUANTIFIERS = ("any", "all", "none", "count")
_PLAIN = ("argument", "let")


def literal(value: Any) -> str:
    """Write a literal as it stands in a formula."""
    if value is None:
        return "(none)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "{" + ", ".join(literal(v) for v in value) + "}"
    text = str(value)
    return text if text and not set(text) & set(" ',(){}=") else f"'{text}'"


def wording(expr: Expr) -> str:
    """Write an expression as text; elements of quantifiers are not named, as in the language itself."""
    kind, args = expr.kind, expr.args
    if kind == "const":
        return literal(args[0])
    if kind in _PLAIN:
        return str(args[0])
    if kind == "gate":
        return f"gate {args[0]}"
    if kind in ("equal", "in"):
        return f"{wording(args[0])} {'=' if kind == 'equal' else 'in'} {literal(args[1])}"
    if kind == "less":
        return f"{wording(args[1])} {args[0]} {wording(args[2])}"
    if kind == "order":
        return f"{wording(args[1])} {args[0]} {wording(args[2])}"
    if kind in _INFIX or kind in _SIGN:
        return (_INFIX.get(kind) or _SIGN[kind]).join(_bracketed(part) for part in args)
    return _compound(expr)


def _compound(expr: Expr) -> str:
    kind, args = expr.kind, expr.args
    if kind == "not":
        return f"not {_bracketed(args[0])}"
    if kind in _QUANTIFIERS:
        body = f": {wording(args[1])}" if args[1] is not None else ""
        return f"{kind}({scope_wording(args[0])}{body})"
    if kind in _AGGREGATES:
        return f"{kind}({wording(args[0])}, {scope_wording(args[1])})"
    if kind in _PICKS:
        return f"{kind}({scope_wording(args[0])})"
    if kind == "builtin":
        return f"{args[0]}({', '.join(wording(a) for a in args[1])})"
    if kind == "call":
        return f"{_prefix(args[1])}{args[0]}({', '.join(wording(a) for a in args[2])})"
    if kind == "exists":
        return f"{wording(args[0])} exists"
    if kind == "template":
        return "".join(part if isinstance(part, str) else "{" + wording(part) + "}" for part in args)
    if kind == "list":
        return "[" + ", ".join(wording(part) for part in args) + "]"
    return _reference(expr)


def _reference(expr: Expr) -> str:
    kind, args = expr.kind, expr.args
    if kind == "element":
        return "self" if args[0] == 0 else expr.type.name
    if kind == "parent":
        return f"{_prefix(args[0])}parent"
    if kind == "field":
        return f"{_prefix(args[0])}{args[2]}"
    if kind == "item":
        return f"{wording(args[0])}.{args[1]}"
    if kind == "result":
        return f"result.{args[0]}" if args[0] else "result"
    if kind == "before":
        return f"before.{wording(args[0])}"
    return f"{kind}({', '.join(wording(a) for a in args if isinstance(a, Expr))})"


def _prefix(ref: Expr) -> str:
    return "" if ref.kind == "element" else f"{wording(ref)}."


def _bracketed(expr: Expr) -> str:
    text = wording(expr)
    return f"({text})" if expr.kind in ("and", "or", "implies", "add", "subtract") else text


def scope_wording(scope: Scope) -> str:
    """Write a scope as text."""
    text = "|".join(scope.roles) or scope.collection
    if scope.order is not None and scope.bound is not None:
        text += f" {scope.order} {wording(scope.bound)}"
    return text + (f" where {wording(scope.where)}" if scope.where is not None else "")


def parts(expr: Expr) -> Iterator[Expr]:
    """Iterate over an expression and everything in it, with the conditions of scopes."""
    todo: list[Any] = [expr]
    while todo:
        item = todo.pop()
        if isinstance(item, Expr):
            yield item
            todo.extend(item.args)
        elif isinstance(item, Scope):
            todo += [item.base, item.bound, item.where]
        elif isinstance(item, tuple):
            todo.extend(item)


def scopes(expr: Expr) -> Iterator[Scope]:
    """Iterate over all scopes in an expression."""
    for part in parts(expr):
        yield from (arg for arg in part.args if isinstance(arg, Scope))


def reads(expr: Expr, model: Model) -> Iterator[tuple[str, str]]:
    """Iterate over what an expression names: ("field", id), ("table", id) and ("gate", id); roles are looked into."""
    roles: dict[tuple[str, str], Expr] = {}
    for scope in scopes(expr):
        roles |= {
            (scope.collection, role): model.collections[scope.collection].roles[role].expr for role in scope.roles
        }
    for root in (expr, *roles.values()):
        for part in parts(root):
            if part.kind == "field":
                yield "field", f"{part.args[1]}.{part.args[2]}"
            elif part.kind == "call":
                yield "table", part.args[0]
            elif part.kind == "gate":
                yield "gate", part.args[0]
