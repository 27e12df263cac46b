"""Places in a document: where fields are read from; how to read, write and remove what stands there."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from podfsm.language.model import Field, Observation
from podfsm.language.world import Element


@dataclass(frozen=True, slots=True)
class Item:
    """A step into a list: to the object that has a text under a key, or without a key to the one at an index."""

    key: str
    wanted: str
    index: int = 0


Step = str | Item
Steps = tuple[Step, ...]


def own_steps(element: Element) -> Steps | None:
    """Return the steps from the document to the object of an element; None if it stands elsewhere."""
    if element.parent is None:
        return ()
    collection = element.collection
    outer = own_steps(element.parent)
    path = element.world.sources.get(collection.id, collection.groups)[element.group]
    if outer is None or collection.single or path.startswith("/") or path.endswith("?"):
        return None
    items = element.world.items(element.parent, path)
    index = next((index for index, item in enumerate(items) if item is element.object), 0)
    name = _name(element)
    return (*outer, *path.split("."), Item(collection.key if name else "", name, index))


def steps(element: Element, path: tuple[str, ...]) -> Steps | None:
    """Return the steps from the document to what stands at a path of an element; None if it is not in the document."""
    collection = element.collection
    if not path or path[0][:1] in ("/", "~"):
        return None
    rest = tuple(_step(part) for part in path)
    if path[0] not in collection.joins:
        own = own_steps(element)
        return None if own is None else (*own, *rest)
    paths = element.world.joins.get((collection.id, path[0])) or collection.joins[path[0]]
    joined = paths.get(element.group, paths.get("", ""))
    outer = own_steps(element.parent) if element.parent is not None else None
    name = _name(element)
    if not joined or joined.startswith("/") or outer is None or not name:
        return None
    return (*outer, *joined.split("."), Item(collection.key, name, -1), *rest[1:])


def _name(element: Element) -> str:
    """Return what an element is called in its list; '' if it has no name."""
    key = element.collection.key
    found = element.object.get(key) if key and isinstance(element.object, Mapping) else None
    return found if isinstance(found, str) else ""


def _step(part: str) -> Step:
    key, picks, wanted = part.partition("=")
    return Item(key, wanted, -1) if picks else part


def shown(place: Steps) -> str:
    """Write a place as people read it: ``status.containerStatuses[app].ready``."""
    text = ""
    for step in place:
        if isinstance(step, Item):
            text += f"[{step.wanted if step.key else step.index}]"
        else:
            text += f".{step}" if text else step
    return text


def is_within(place: Steps, outer: Steps) -> bool:
    """Tell whether a place is another one or lies inside of it."""
    return len(place) >= len(outer) and all(map(_is_same, place, outer))


def _is_same(one: Step, two: Step) -> bool:
    if isinstance(one, Item) and isinstance(two, Item) and one.key and two.key:
        return (one.key, one.wanted) == (two.key, two.wanted)
    return one == two


# ---------------------------------------------------------------------------------------------------------- documents


def read(document: Any, place: Steps) -> Any:
    """Return what stands at a place; None where there is nothing."""
    current = document
    for step in place:
        current = _inside(current, step)
    return current


def _inside(holder: Any, step: Step) -> Any:
    if isinstance(step, Item):
        index = _index(holder, step) if isinstance(holder, list) else None
        return None if index is None else holder[index]
    return holder.get(step) if isinstance(holder, Mapping) else None


def _index(items: list[Any], step: Item) -> int | None:
    """Return where an item is; by its index if that is known, since a list may have two of the same key."""
    if 0 <= step.index < len(items):
        return step.index
    if not step.key:
        return None
    return next(
        (n for n, item in enumerate(items) if isinstance(item, Mapping) and item.get(step.key) == step.wanted), None
    )


def write(document: Any, place: Steps, value: Any) -> None:
    """Put a value at a place, None to remove what is there; objects and lists on the way are made."""
    if value is None and read(document, place) is None:
        return
    holder = document
    for step, following in pairwise(place):
        found = _inside(holder, step)
        if found is None:
            found = [] if isinstance(following, Item) else {}
            _put(holder, step, found)
            found = _inside(holder, step)
        holder = found
    _put(holder, place[-1], value)


def _put(holder: Any, step: Step, value: Any) -> None:
    if not isinstance(step, Item):
        if value is None:
            holder.pop(step, None)
        else:
            holder[step] = value
        return
    index = _index(holder, step)
    if index is not None:
        holder[index : index + 1] = [] if value is None else [value]
    elif isinstance(value, dict) and step.key:
        holder.append({step.key: step.wanted, **value})


# -------------------------------------------------------------------------------------------------------------- fields


def places_of(element: Element, observation: Observation) -> tuple[Steps, ...]:
    """Return all places that a field is read from; nothing if one of them is not in the document."""
    paths = [path for _, path in observation.which] if observation.form == "which" else [observation.path]
    found = [steps(element, path) for path in paths]
    return tuple(place for place in found if place is not None) if all(found) else ()


def written(field: Field, observation: Observation, value: Any) -> Any:
    """Return the JSON value that an observation (of the form ``at``) reads as a value; None where nothing stands."""
    missing = observation.missing if observation.missing is not None else field.none
    if observation.map:
        key = next((key for key, mapped in observation.map.items() if mapped == value), None)
        return {"true": True, "false": False}.get(key, key) if key is not None else None
    if value is None or (value == missing and value not in (False, 0)):
        return None
    if field.type.kind == "time":
        return _moment(value)
    return copy.deepcopy(value)


def _moment(seconds: int) -> Any:
    """Write seconds since 1970 as Kubernetes does; as they are where there is no such year."""
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return seconds
    return moment.isoformat().replace("+00:00", "Z")
