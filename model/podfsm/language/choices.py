"""Which values of an argument have to be told apart: all of an enumeration, one number of each kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from podfsm.language.model import Model
from podfsm.language.world import Element

LARGEST = 300
"""Numbers up to here are searched for one that no rule names."""


def representatives(model: Model, values: Sequence[Any], element: Element) -> list[Any]:
    """List the values that an argument takes for an element: those that are listed, or those of a domain that is named.

    Enumerations: all members with a writer. Numbers: the domain's constants, and of the numbers that the element's own
    rules name (and one that none names) one of each set that the rules tell apart.
    """
    domain = None
    if len(values) == 1 and isinstance(values[0], str):
        domain = model.domains.get(values[0].removeprefix("domain "))
    if domain is None:
        return list(values)
    if domain.values:
        return list(domain.values)
    found: list[Any] = list(domain.constants)
    if domain.rule_values:
        collection, _, name = domain.rule_values.partition(".")
        sets = [frozenset(child.get(name) or ()) for child in element.children_of(collection)]
        named = sorted(frozenset().union(*sets))
        unnamed = next(n for n in range(1, LARGEST) if n not in named)
        signatures = {tuple(value in s for s in sets) for value in found if value != 0}
        for value in (unnamed, *named):
            signature = tuple(value in s for s in sets)
            if value not in found and signature not in signatures:
                signatures.add(signature)
                found.append(value)
    return found
