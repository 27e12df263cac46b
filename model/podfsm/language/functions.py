"""Functions of the table language that are no rule of any lifecycle: arithmetic, comparison, formatting."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

ZERO: Mapping[str, Any] = {"bool": False, "number": 0, "text": "", "list": ()}

COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
WITHIN: Mapping[str, Callable[[int, int], bool]] = {
    "before": operator.lt,
    "upto": operator.le,
    "after": operator.gt,
    "from": operator.ge,
}


def as_text(value: Any) -> str:
    """Write a value inside a text template, the way Go prints it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def go_duration(seconds: int) -> str:
    """Seconds as Go's time.Duration prints them: 0s, 10s, 1m20s, 1h0m0s."""
    if seconds < 0:
        return "-" + go_duration(-seconds)
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    if hours:
        return f"{hours}h{minutes}m{rest}s"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def human_duration(seconds: int) -> str:
    """Seconds as kubectl's AGE column shows them (apimachinery pkg/util/duration HumanDuration)."""
    if seconds < -1:
        return "<invalid>"
    if seconds < 0:
        return "0s"
    if seconds < 120:
        return f"{seconds}s"
    minutes = seconds // 60
    if minutes < 10:
        return f"{minutes}m" + (f"{seconds % 60}s" if seconds % 60 else "")
    if minutes < 180:
        return f"{minutes}m"
    hours = seconds // 3600
    if hours < 8:
        return f"{hours}h" + (f"{minutes % 60}m" if minutes % 60 else "")
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if hours < 192:
        return f"{days}d" + (f"{hours % 24}h" if hours % 24 else "")
    if hours < 24 * 365 * 2:
        return f"{days}d"
    years = hours // 24 // 365
    if hours < 24 * 365 * 8:
        rest = days % 365
        return f"{years}y" + (f"{rest}d" if rest else "")
    return f"{years}y"


def type_of(value: Any) -> str:
    """Return what a value of a document is: number, text, truth, list, object or nothing."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    return "list" if isinstance(value, list | tuple) else "object"


def number_of(text: str | None) -> int:
    """Read a text of at most 30 decimal digits as a number; any other text is 0."""
    return int(text) if text and len(text) <= 30 and text.isascii() and text.isdigit() else 0


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "min": lambda *values: min(v or 0 for v in values),
    "max": lambda *values: max(v or 0 for v in values),
    "double": lambda value: 2 * (value or 0),
    "join": lambda separator, items: separator.join(as_text(item) for item in items or ()),
    "length": lambda items: len(items or ()),
    "sorted": lambda items: sorted(items or ()),
    "concat": lambda *lists: [item for items in lists for item in items or ()],
    "go-duration": go_duration,
    "human-duration": human_duration,
    "go-quote": lambda text: '"' + as_text(text) + '"',
    "text": as_text,
    "like": lambda text, pattern: re.fullmatch(pattern, text or "", re.ASCII) is not None,
    "type-of": type_of,
    "number": number_of,
}
