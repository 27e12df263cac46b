"""One thing of the tables, as it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from podfsm.language.source import Place


@dataclass(frozen=True)
class Entry:
    """One thing of the tables.

    Attributes
    ----------
    id, kind
        Its name, and what it is, such as ``row of table restart``.
    title, why, cite
        Its texts, in the language that was asked for where there is a translation; '' if it has none.
    facts
        Whatever else there is to say: (label, text), in order.
    place
        Where it stands in the tables.
    """

    id: str
    kind: str
    title: str = ""
    why: str = ""
    cite: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    place: Place | None = None


def kept(facts: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Leave out facts that say nothing."""
    return tuple((label, text) for label, text in facts if text)
