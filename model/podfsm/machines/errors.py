"""What may go wrong when events are fired on a pod."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from podfsm.errors import PodfsmError

MOST_SHOWN = 80
"""Characters of a value that are shown."""


class NotEnabledError(PodfsmError):
    """An event cannot happen in the present state.

    Parameters
    ----------
    region, event
        The region and its event.
    state
        The states of all regions that bear on it, in words.
    enabled
        What can happen instead, such as ``worker sync``.
    """

    def __init__(self, region: str, event: str, state: str, enabled: Sequence[str]) -> None:
        self.region, self.event, self.state, self.enabled = region, event, state, tuple(enabled)
        possible = ", ".join(enabled) or "nothing"
        super().__init__(f"{region}: event {event} is not enabled while {state}; enabled: {possible}")


class UnknownNameError(PodfsmError):
    """There is no region, event, argument, feature or choice of that name."""

    def __init__(self, what: str, name: Any, known: Iterable[str]) -> None:
        self.name, self.known = name, tuple(known)
        super().__init__(f"unknown {what} {shown(name)}; {nearest(name, self.known)}")


class ArgumentError(PodfsmError):
    """An argument or a choice has a value that it cannot have, or none."""


class SaveError(PodfsmError):
    """A saved pod cannot be restored."""


def nearest(name: Any, known: Sequence[str]) -> str:
    """Say which known names are meant."""
    near = difflib.get_close_matches(name, known, n=2, cutoff=0.6) if isinstance(name, str) else []
    return f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known) or 'none'}"


def shown(value: Any) -> str:
    """Write any value that somebody gave, shortened; objects that cannot be written are told by their type."""
    try:
        text = repr(value)
    except Exception:
        # Of an integer with thousands of digits, a nest of lists, or a class of the user's own.
        return f"a value of type {type(value).__name__}"
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."
