"""Expressions as English prose, almost word for word, with links to what they name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from podfsm.document.markdown import code
from podfsm.document.texts import Texts, is_question
from podfsm.language.model import Expr, Model, Scope
from podfsm.language.wording import literal, wording

_ORDERS = {"before": "before", "after": "after", "upto": "up to", "from": "from"}
_AGGREGATES = {"sum": "the sum of", "highest": "the highest", "lowest": "the lowest", "each": "all"}
_PICKS = ("first", "last", "next", "previous")
_COMPOUND = ("and", "or", "implies")
_SIGNS = {"add": "+", "subtract": "-"}

Link = Callable[[str, str, str], str]
"""Makes a link: kind, id, label in Markdown."""


class Prose:
    """Writes expressions as prose.

    Parameters
    ----------
    model, texts
        The tables, and what they say of their entries in English.
    link
        Makes links from the page that the prose is for.
    """

    def __init__(self, model: Model, texts: Texts, link: Link) -> None:
        self.model, self.texts, self.link = model, texts, link

    # --------------------------------------------------------------------------------------------------- conditions

    def condition(self, expr: Expr) -> str:
        """Write a condition."""
        kind, args = expr.kind, expr.args
        if kind in ("and", "or"):
            return f" **{kind}** ".join(self._part(part) for part in args)
        if kind == "implies":
            return f"**if** {self._part(args[0])}, **then** {self._part(args[1])}"
        if kind == "not":
            return self._negated(args[0])
        if kind == "const":
            return "always" if args[0] else "never"
        if kind == "gate":
            return f"feature gate {self.link('gate', args[0], code(args[0]))} is on"
        if kind in ("any", "all", "none"):
            return self._quantified(kind, args[0], args[1])
        return self._comparison(expr)

    def _part(self, expr: Expr) -> str:
        text = self.condition(expr)
        return f"({text})" if expr.kind in _COMPOUND else text

    def _comparison(self, expr: Expr) -> str:
        kind, args = expr.kind, expr.args
        if kind == "equal":
            return f"{self.value(args[0])} is {code(literal(args[1]))}"
        if kind == "in":
            return f"{self.value(args[0])} is {_choice(args[1])}"
        if kind == "contains":
            return f"{self.value(args[0])} is among {self.value(args[1])}"
        if kind == "less":
            return f"{self.value(args[1])} {code(args[0])} {self.value(args[2])}"
        if kind == "same":
            return f"{self.value(args[0])} equals {self.value(args[1])}"
        if kind == "order":
            return f"{self.value(args[1])} comes {args[0]} {self.value(args[2])}"
        if kind == "exists":
            return f"there is {self.value(args[0])}"
        if kind == "before":
            return f"before the step, {self._part(args[0])}"
        return self._answer(expr, "yes")

    def _negated(self, expr: Expr) -> str:
        kind, args = expr.kind, expr.args
        if kind == "equal":
            return f"{self.value(args[0])} is not {code(literal(args[1]))}"
        if kind == "in":
            return f"{self.value(args[0])} is not {_choice(args[1])}"
        if kind == "contains":
            return f"{self.value(args[0])} is not among {self.value(args[1])}"
        if kind == "exists":
            return f"there is no {self.value(args[0])}"
        if kind == "gate":
            return f"feature gate {self.link('gate', args[0], code(args[0]))} is off"
        if kind == "same":
            return f"{self.value(args[0])} does not equal {self.value(args[1])}"
        if kind in ("field", "call", "item", "let", "argument", "result"):
            return self._answer(expr, "no")
        return f"**not** {self._part(expr)}" if kind not in _COMPOUND else f"**not** ({self.condition(expr)})"

    def _answer(self, expr: Expr, answer: str) -> str:
        """Write a field or table that is yes or no: the sentence that says what it means, if there is one."""
        said, of, target = "", "", ("", "")
        if expr.kind == "field":
            ref, collection, name = expr.args
            of, said, target = self._of(ref), self._said(collection, name), self.texts.target(collection, name)
        if not said:
            return f"{self.value(expr)} is {answer}" if answer == "yes" else f"{self.value(expr)} is **no**"
        label = self.link(*target, said)
        if is_question(said):
            return f"{label} {answer if answer == 'yes' else '**no**'}{_comma(of)}"
        return f"{label}{_comma(of)}" if answer == "yes" else f"**not**: {label}{_comma(of)}"

    def _said(self, collection: str, name: str) -> str:
        return self.texts.field(collection, name)

    def _quantified(self, kind: str, scope: Scope, body: Expr | None) -> str:
        scoped = self.scope(scope)
        if body is None:
            return f"there is no {scoped}" if kind == "none" else f"there is some {scoped}"
        word = {"any": "for some", "all": "for every", "none": "for no"}[kind]
        return f"{word} {scoped}: {self._part(body)}"

    # ------------------------------------------------------------------------------------------------------- values

    def value(self, expr: Expr) -> str:
        """Write a value."""
        kind, args = expr.kind, expr.args
        if kind == "const":
            return code(literal(args[0]))
        if kind == "field":
            ref, collection, name = args
            return self.link(*self.texts.target(collection, name), code(name)) + self._of(ref)
        if kind == "call":
            values = f" of {self._list(args[2])}" if args[2] else ""
            return self.link("table", args[0], code(args[0])) + values + self._of(args[1])
        if kind == "item":
            return f"{code(args[1])} of {self.value(args[0])}"
        if kind == "before":
            return f"{self.value(args[0])} before the step"
        if kind == "count":
            return f"the number of {self.scope(args[0], 's')}"
        if kind in _AGGREGATES:
            return f"{_AGGREGATES[kind]} {self.value(args[0])} over every {self.scope(args[1])}"
        if kind in _PICKS:
            return f"the {kind} {self.scope(args[0])}"
        if kind in _SIGNS:
            return f" {_SIGNS[kind]} ".join(self.value(part) for part in args)
        return self._other_value(expr)

    def _other_value(self, expr: Expr) -> str:
        kind, args = expr.kind, expr.args
        if kind == "builtin" and args[0] == "if":
            condition, then, otherwise = args[1]
            return f"{self.value(then)} if {self._part(condition)}, else {self.value(otherwise)}"
        if kind == "builtin":
            return f"{code(args[0])} of {self._list(args[1])}"
        if kind in ("element", "parent"):
            return f"this {self._title(expr.type.name)}" if kind == "element" else f"its {self._title(expr.type.name)}"
        if kind == "list":
            return self._list(args) if args else "nothing"
        if kind in ("let", "argument", "result", "template") or expr.type.kind != "bool":
            return code(wording(expr))
        return self.condition(expr)

    def _list(self, values: tuple[Any, ...]) -> str:
        return ", ".join(self.value(value) for value in values)

    def _of(self, ref: Expr) -> str:
        """Write whose field is meant, where it is not the element itself."""
        if ref.kind == "element":
            return ""
        if ref.kind == "parent":
            return f" of the {self._title(ref.type.name)}" + self._of(ref.args[0])
        return f" of {self.value(ref)}"

    # ------------------------------------------------------------------------------------------------------- scopes

    def scope(self, scope: Scope, plural: str = "") -> str:
        """Write which elements are meant."""
        title = self._title(scope.collection)
        text = " or ".join(_role(role, title) + plural for role in scope.roles) or title + plural
        if scope.order is not None and scope.bound is not None:
            text += f" {_ORDERS[scope.order]} {self.value(scope.bound)}"
        return f"{text} with ({self.condition(scope.where)})" if scope.where is not None else text

    def _title(self, collection: str) -> str:
        title = self.model.collections[collection].title or collection
        return self.texts.of(title).partition(",")[0]


def _comma(of: str) -> str:
    return f" ({of.strip()})" if of else ""


def _choice(values: tuple[Any, ...]) -> str:
    return " or ".join(code(literal(value)) for value in values)


def _role(role: str, title: str) -> str:
    """Name an element by its role: "init container"; the title is not said twice."""
    words = role.replace("-", " ")
    return words if words.endswith(title) else f"{words} {title}"
