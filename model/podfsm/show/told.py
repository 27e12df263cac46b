"""Conditions and effects as sentences for a terminal."""

from __future__ import annotations

import re
from functools import cached_property

from podfsm.document.prose import Prose
from podfsm.document.texts import Texts
from podfsm.language.model import Formula, Model, Row
from podfsm.language.wording import literal

_CODE = re.compile(r"(`+) ?(.*?) ?\1")
_ESCAPED = re.compile(r"\\([^\w\s])")


def unmarked(markdown: str) -> str:
    """Return the text that a line of Markdown shows."""
    spans = _CODE.split(markdown)
    # Of three parts, the first is text, the second the fence, the third code, which has no escapes.
    text = [_ESCAPED.sub(r"\1", part).replace("**", "") for part in spans[::3]]
    code = [*spans[2::3], ""]
    return "".join(word for pair in zip(text, code, strict=True) for word in pair)


class Told:
    """Writes formulas as sentences.

    Parameters
    ----------
    model
        The tables.
    lang
        The language.
    """

    def __init__(self, model: Model, lang: str) -> None:
        self.model, self.lang = model, lang

    @cached_property
    def _prose(self) -> Prose:
        return Prose(self.model, Texts(self.model, self.lang), lambda _, __, label: label)

    def condition(self, formula: Formula | None) -> str:
        """Write a condition, '' if there is none."""
        return unmarked(self._prose.condition(formula.expr)) if formula is not None else ""

    def value(self, formula: Formula) -> str:
        """Write a value."""
        expr = formula.expr
        if expr.kind == "const":
            return literal(expr.args[0])
        return unmarked(self._prose.condition(expr) if expr.type.kind == "bool" else self._prose.value(expr))

    def effect(self, row: Row) -> str:
        """Write what a row gives or changes, '' if nothing."""
        return "; ".join(f"{name} := {self.value(f)}" if name else self.value(f) for name, f in row.then.items())
