"""The signs of a model, numbered: each is found, and compared with the others, once for all systems of the model.

A *sign* is an expression on one element that decides, with others, what a component needs to know of the rest; see
`language.analysis`. Formulas are deep, so a sign is compared with others slowly, and its number quickly.
"""

from __future__ import annotations

from collections.abc import Iterable

from podfsm.language.analysis import Sign, analysis
from podfsm.language.model import NUMBER, Expr, Model, Scope


class Signs:
    """Numbers of the signs behind fields and expressions of one model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.all: list[Sign] = []
        self._analysis = analysis(model)
        self._numbers: dict[Sign, int] = {}
        self._of_fields: dict[tuple[str, str], frozenset[int]] = {}
        #: What was read is kept beside its signs, so that its id stays its own.
        self._of: dict[tuple[int, tuple[str, ...]], tuple[Expr | Scope, frozenset[int]]] = {}

    def of_fields(self, fields: Iterable[tuple[str, str]]) -> frozenset[int]:
        """Find the signs that decide the values of fields, each given as (collection, field)."""
        found: set[int] = set()
        for key in fields:
            known = self._of_fields.get(key)
            if known is None:
                known = self._of_fields[key] = self._numbered(self._analysis.signs_of_fields([key]))
            found |= known
        return frozenset(found)

    def of(self, read: Expr | Scope, elements: tuple[str, ...]) -> frozenset[int]:
        """Find the signs that decide the value of an expression, or which elements are in a scope.

        `elements` gives the collections of the elements that it stands on.
        """
        known = self._of.get((id(read), elements))
        if known is None:
            expr = read if isinstance(read, Expr) else Expr("count", NUMBER, (read, None))
            known = self._of[id(read), elements] = (read, self._numbered(self._analysis.signs(expr, elements)))
        return known[1]

    def _numbered(self, signs: Iterable[Sign]) -> frozenset[int]:
        found = []
        for sign in signs:
            number = self._numbers.setdefault(sign, len(self.all))
            if number == len(self.all):
                self.all.append(sign)
            found.append(number)
        return frozenset(found)


#: Of the model looked at last; models are compared by identity, because their hash would walk all tables.
_made: list[Signs] = []


def signs(model: Model) -> Signs:
    """Give the signs of a model; those of the model asked for last are kept."""
    if not _made or _made[0].model is not model:
        _made[:] = [Signs(model)]
    return _made[0]
