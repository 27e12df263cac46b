"""Functions that a generated module may carry: their source is copied into it, so each stands on its own.

A generated module gets only those that it calls. They are checked and tested here like any other code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")


class NoRowError(Exception):
    """The tables cannot decide: no row of a table matches."""


class DocumentError(ValueError):
    """A document has a value of the wrong type; the message names its path."""

    def __init__(self, path: str, wanted: str, found: object) -> None:
        super().__init__(f"{path}: expected {wanted}, found {json_type(found)}")


@dataclass(frozen=True, kw_only=True)
class Element:
    """Something that stands in a list: `index` is its place there."""

    index: int = field(default=0, init=False, repr=False, compare=False)


_E = TypeVar("_E", bound=Element)


def adopt(parent: Element, children: tuple[_E, ...]) -> tuple[_E, ...]:
    """Tell each child its parent and its place; a child of another parent is copied first."""
    found = []
    for index, given in enumerate(children):
        child = replace(given) if hasattr(given, "parent") else given
        object.__setattr__(child, "parent", parent)
        object.__setattr__(child, "index", index)
        found.append(child)
    return tuple(found)


def is_before(first: Element | None, second: Element | None) -> bool:
    """Tell whether `first` stands before `second`; everything that is there stands before what is not."""
    return first is not None and (second is None or first.index < second.index)


def is_after(first: Element | None, second: Element | None) -> bool:
    """Tell whether `first` stands after `second`; nothing stands after what is not there."""
    return first is not None and second is not None and first.index > second.index


def json_type(value: object) -> str:
    """Name the kind of a JSON value, in JSON's words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "a list" if isinstance(value, (list, tuple)) else "an object"


def member(value: Any, key: str, path: str) -> Any:
    """Look up a key of an object, or of a list the object that `key` names as `type=Name`; None if it is missing."""
    if isinstance(value, (dict, Mapping)):
        return value.get(key)
    if "=" in key and isinstance(value, (list, tuple)):
        name, _, wanted = key.partition("=")
        return next((item for item in value if isinstance(item, Mapping) and item.get(name) == wanted), None)
    raise DocumentError(path, "an object", value)


def items(value: Any, path: str) -> Sequence[Any]:
    """Check that a value is a list; a missing one is empty."""
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise DocumentError(path, "a list", value)
    return value


def single(value: Any) -> Sequence[Any]:
    """Take one object in place of a list."""
    return () if value is None else (value,)


def objects(values: Sequence[Any], path: str) -> Sequence[Any]:
    """Check that a list holds objects only."""
    for value in values:
        if not isinstance(value, Mapping):
            raise DocumentError(path, "objects", value)
    return values


def entry(values: Sequence[Any], key: str, found: Any) -> Any:
    """Find the object of another list that has the same value under a key; None if there is none."""
    wanted = found.get(key) if isinstance(found, Mapping) else None
    return next((value for value in values if isinstance(value, Mapping) and value.get(key) == wanted), None)


def matching(values: Sequence[Any], key: str, found: Any) -> Sequence[Any]:
    """Keep the objects of a list that have the same value under a key."""
    wanted = found.get(key) if isinstance(found, Mapping) else None
    return [value for value in values if isinstance(value, Mapping) and value.get(key) == wanted]


def ordered(values: Sequence[Any], key: str, descending: bool) -> Sequence[Any]:
    """Order the objects of a list by what stands under a key; those without it count as 0."""
    return sorted(values, key=lambda value: value.get(key) or 0, reverse=descending)


def whole(value: Any, path: str) -> int:
    """Check that a value is a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise DocumentError(path, "a whole number", value)
    return value


def string(value: Any, path: str) -> Any:
    """Check that a value is a text, or of an enumeration: Kubernetes may have values that are not listed here."""
    if not isinstance(value, str):
        raise DocumentError(path, "a string", value)
    return value


def truth(value: Any, path: str) -> bool:
    """Check that a value is true or false."""
    if not isinstance(value, bool):
        raise DocumentError(path, "true or false", value)
    return value


def moment(value: Any, path: str) -> int:
    """Turn a time into seconds since 1970."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise DocumentError(path, "a time", value)
    try:
        found = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        raise DocumentError(path, "a time", value) from None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


def mapped(value: Any, values: Mapping[str, _T], missing: _T) -> _T:
    """Look up what a value stands for; `missing` if nothing is said of it."""
    return values.get(("true" if value else "false") if isinstance(value, bool) else str(value), missing)


def count(value: Any) -> int:
    """Count the items of a list; anything else has none."""
    return len(value) if isinstance(value, list) else 0


class State(StrEnum):
    """A state of a machine as people know it; each machine is an enumeration of its own."""


_S = TypeVar("_S", bound=State)


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What makes an edge happen: rows of the event and of the decision that shows it, and the event's sentence."""

    event: str
    decision: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Edge(Generic[_S]):
    """A transition of a machine. `defect` names the defect of Kubernetes without which it would not exist."""

    id: str
    source: _S
    target: _S
    causes: tuple[Cause, ...]
    why: str
    cite: str = ""
    defect: str = ""


#: The edges of each machine.
MACHINES: dict[type[State], tuple[Edge[Any], ...]] = {}


def edges(machine: type[_S]) -> tuple[Edge[_S], ...]:
    """Return every transition of a machine."""
    return MACHINES[machine]


def successors(state: _S) -> tuple[_S, ...]:
    """Return the states that can follow a state at once."""
    return tuple(dict.fromkeys(edge.target for edge in edges(type(state)) if edge.source is state))


def is_possible(source: _S, target: _S) -> bool:
    """Tell whether `target` can follow `source` at once."""
    return target in successors(source)


def why(edge: Edge[_S]) -> str:
    """Say why a transition happens: its sentence, then those of its causes."""
    return "; ".join(dict.fromkeys(text for text in (edge.why, *(cause.why for cause in edge.causes)) if text))
