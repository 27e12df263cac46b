"""Which values of an argument have to be told apart: all of an enumeration, one number of each kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from podfsm.language.model import Domain, Model
from podfsm.language.world import Element

LARGEST = 300
"""Numbers below this are searched for one that no rule names."""

Signature = tuple[Any, ...]


def choices(model: Model, values: Sequence[Any], element: Element) -> list[Any]:
    """List the values that an argument takes for an element: those given, or those of the domain that is named."""
    if len(values) == 1 and isinstance(values[0], str):
        domain = model.domains.get(values[0].removeprefix("domain "))
        if domain is not None:
            return representatives(domain, element)
    return list(values)


def representatives(domain: Domain, element: Element) -> list[Any]:
    """List the values of a domain that the exploration takes for an element.

    Enumerations: all members with a writer. Numbers: the domain's constants, and of the numbers that the element's own
    rules name (and one that none names) one of each set that the rules tell apart.
    """
    if domain.values:
        return list(domain.values)
    found: list[Any] = list(domain.constants)
    if domain.rule_values:
        sets = rule_sets(domain, element)
        named = sorted(frozenset().union(*sets))
        unnamed = next(n for n in range(1, LARGEST) if n not in named)
        known = {signature(domain, sets, value) for value in found}
        for value in (unnamed, *named):
            one = signature(domain, sets, value)
            if one not in known:
                known.add(one)
                found.append(value)
    return found


def rule_sets(domain: Domain, element: Element) -> list[frozenset[Any]]:
    """Collect the sets of values that the element's own rules name."""
    collection, _, name = domain.rule_values.partition(".")
    return [frozenset(child.get(name) or ()) for child in element.children_of(collection)]


def signature(domain: Domain, sets: Sequence[frozenset[Any]], value: Any) -> Signature:
    """Tell what a value differs in from others: which constant it is, which rules name it."""
    return (value if value in domain.constants else None, *(value in one for one in sets))
