"""Expressions as prose, almost word for word, with links to what they name.

How each construct reads stands in `words.yaml`, under ``prose-…``, by language.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from podfsm.document.markdown import code
from podfsm.document.texts import Texts, is_question
from podfsm.document.words import Words
from podfsm.language.model import Expr, Model, Scope
from podfsm.language.wording import literal, wording

_AGGREGATES = ("sum", "highest", "lowest", "each")
_PICKS = ("first", "last", "next", "previous")
_COMPOUND = ("and", "or", "implies")
_SIGNS = {"add": "+", "subtract": "-"}
_ANSWERS = ("field", "call", "item", "let", "argument", "result")

Link = Callable[[str, str, str], str]
"""Makes a link: kind, id, label in Markdown."""


class Prose:
    """Writes expressions as prose.

    Parameters
    ----------
    model, texts
        The tables, and what they say of their entries, in the language of the prose.
    link
        Makes links from the page that the prose is for.
    """

    def __init__(self, model: Model, texts: Texts, link: Link) -> None:
        self.model, self.texts, self.link = model, texts, link
        self._words = Words(texts.language)

    def _say(self, key: str, **holes: str) -> str:
        return self._words(f"prose-{key}", **holes)

    # --------------------------------------------------------------------------------------------------- conditions

    def condition(self, expr: Expr) -> str:
        """Write a condition."""
        kind, args = expr.kind, expr.args
        if kind in ("and", "or"):
            return self._say(kind).join(self._part(part) for part in args)
        if kind == "implies":
            return self._say(kind, premise=self._part(args[0]), then=self._part(args[1]))
        if kind == "not":
            return self._negated(args[0])
        if kind == "const":
            return self._say("always" if args[0] else "never")
        if kind == "gate":
            return self._say("gate-on", gate=self.link("gate", args[0], code(args[0])))
        if kind in ("any", "all", "none"):
            return self._quantified(kind, args[0], args[1])
        return self._comparison(expr)

    def _part(self, expr: Expr) -> str:
        text = self.condition(expr)
        return f"({text})" if expr.kind in _COMPOUND else text

    def _comparison(self, expr: Expr) -> str:
        kind, args = expr.kind, expr.args
        if kind in ("equal", "in", "contains", "exists", "same"):
            return self._positive(kind, args, "")
        if kind == "less":
            return f"{self.value(args[1])} {code(args[0])} {self.value(args[2])}"
        if kind == "order":
            return self._say(f"comes-{args[0]}", value=self.value(args[1]), other=self.value(args[2]))
        if kind == "before":
            return self._say("earlier", part=self._part(args[0]))
        return self._answer(expr, "yes")

    def _positive(self, kind: str, args: tuple[Any, ...], negation: str) -> str:
        """Write a comparison that has a form of its own where it is negated (`negation` is then ``not-``)."""
        value = self.value(args[0])
        if kind == "equal":
            return self._say(f"{negation}equal", value=value, other=code(literal(args[1])))
        if kind == "in":
            choice = self._say("choice").join(code(literal(one)) for one in args[1])
            return self._say(f"{negation}in", value=value, choice=choice)
        if kind == "exists":
            return self._say(f"{negation}exists", value=value)
        return self._say(f"{negation}{kind}", value=value, other=self.value(args[1]))

    def _negated(self, expr: Expr) -> str:
        kind, args = expr.kind, expr.args
        if kind in ("equal", "in", "contains", "exists", "same"):
            return self._positive(kind, args, "not-")
        if kind == "gate":
            return self._say("gate-off", gate=self.link("gate", args[0], code(args[0])))
        if kind in _ANSWERS:
            return self._answer(expr, "no")
        return self._say("not", part=self._part(expr))

    def _answer(self, expr: Expr, answer: str) -> str:
        """Write a field or table that is yes or no: the sentence that says what it means, if there is one."""
        said, whose, target = "", "", ("", "")
        if expr.kind == "field":
            ref, collection, name = expr.args
            said, target = self.texts.field(collection, name).rstrip("."), self.texts.target(collection, name)
            owner = self._owner(ref)
            whose = self._say("whose", owner=owner) if owner else ""
        if not said:
            return self._say(answer, value=self.value(expr))
        label = self.link(*target, said)
        if is_question(said):
            return self._say(f"question-{answer}", label=label, whose=whose)
        return self._say("said" if answer == "yes" else "not-said", label=label, whose=whose)

    def _quantified(self, kind: str, scope: Scope, body: Expr | None) -> str:
        scoped = self.scope(scope)
        if body is None:
            return self._say("nobody" if kind == "none" else "some", scope=scoped)
        return self._say(kind, scope=scoped, part=self._part(body))

    # ------------------------------------------------------------------------------------------------------- values

    def value(self, expr: Expr) -> str:
        """Write a value."""
        kind, args = expr.kind, expr.args
        if kind == "const":
            return code(literal(args[0]))
        if kind == "field":
            ref, collection, name = args
            return self._of(self.link(*self.texts.target(collection, name), code(name)), ref)
        if kind == "call":
            table = self.link("table", args[0], code(args[0]))
            return self._of(self._say("call", table=table, values=self._list(args[2])) if args[2] else table, args[1])
        if kind == "item":
            return self._say("item", item=code(args[1]), value=self.value(args[0]))
        if kind == "before":
            return self._say("before-step", value=self.value(args[0]))
        if kind == "count":
            return self._say("count", scope=self.scope(args[0], plural=True))
        if kind in _AGGREGATES:
            return self._say(kind, value=self.value(args[0]), scope=self.scope(args[1]))
        if kind in _PICKS:
            return self._say(kind, scope=self.scope(args[0]))
        if kind in _SIGNS:
            return f" {_SIGNS[kind]} ".join(self.value(part) for part in args)
        return self._other_value(expr)

    def _other_value(self, expr: Expr) -> str:
        kind, args = expr.kind, expr.args
        if kind == "builtin" and args[0] == "if":
            condition, then, otherwise = args[1]
            return self._say(
                "if", condition=self._part(condition), then=self.value(then), otherwise=self.value(otherwise)
            )
        if kind == "builtin":
            return self._say("builtin", name=code(args[0]), values=self._list(args[1]))
        if kind in ("element", "parent"):
            return self._say("this" if kind == "element" else "its", title=self._title(expr.type.name))
        if kind == "list":
            return self._list(args) if args else self._say("nothing")
        if kind in ("let", "argument", "result", "template") or expr.type.kind != "bool":
            return code(wording(expr))
        return self.condition(expr)

    def _list(self, values: tuple[Any, ...]) -> str:
        return ", ".join(self.value(value) for value in values)

    def _of(self, thing: str, ref: Expr) -> str:
        """Write whose something is, where it is not the element itself."""
        owner = self._owner(ref)
        return self._say("of", thing=thing, owner=owner) if owner else thing

    def _owner(self, ref: Expr) -> str:
        """Write an element; '' for the one that the formula is about."""
        if ref.kind == "element":
            return ""
        if ref.kind == "parent":
            return self._of(self._say("the", title=self._title(ref.type.name)), ref.args[0])
        return self.value(ref)

    # ------------------------------------------------------------------------------------------------------- scopes

    def scope(self, scope: Scope, *, plural: bool = False) -> str:
        """Write which elements are meant."""
        names = [self._role(role, scope.collection) for role in scope.roles] or [self._title(scope.collection)]
        text = self._say("roles").join(self._say("plural", thing=name) if plural else name for name in names)
        if scope.order is not None and scope.bound is not None:
            text = self._say(scope.order, scope=text, bound=self.value(scope.bound))
        return self._say("with", scope=text, condition=self.condition(scope.where)) if scope.where is not None else text

    def _role(self, role: str, collection: str) -> str:
        """Name an element by its role: "init container"; the title is not said twice. A term may have a translation."""
        words, title = role.replace("-", " "), self.model.collections[collection].title
        terms = {term.text("title"): f"term {term.id}" for term in self.model.named["terms"].values()}
        keys = [terms[name] for name in (f"{words} {title}", words) if name in terms]
        if words.endswith(title):
            return self.texts.of(words, *keys)
        return self.texts.of(self._say("role", role=words, title=self._title(collection)), *keys)

    def _title(self, collection: str) -> str:
        title = self.model.collections[collection].title or collection
        return self.texts.of(title, f"collection {collection}").partition(",")[0]
