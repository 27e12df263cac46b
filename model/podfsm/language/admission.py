"""The sections that say what becomes of a manifest before there is a pod: kinds, objects, defaults and refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from podfsm.language.model import Default, Kind, Refusal, Type
from podfsm.language.resolve import Context
from podfsm.language.source import Cell, Place

if TYPE_CHECKING:
    from podfsm.language.load import Loader

#: Types of the fields of an object, beside the names of other objects. `object` and `any` are not looked into.
PLAIN_TYPES = ("text", "bool", "int32", "int64", "int-or-text", "quantity", "object", "any")


@dataclass(frozen=True, slots=True)
class Admission:
    """What the four sections say."""

    kinds: Mapping[str, Kind]
    objects: Mapping[str, Mapping[str, Type]]
    defaults: Mapping[str, Default]
    refusals: Mapping[str, Refusal]


def read_admission(loader: Loader) -> Admission:
    """Read the four sections; problems are added to those of the loader."""
    objects = {name: cell for name, cell, _ in loader.entries("objects")}
    kinds = {name: _kind(loader, name, cell, place, objects) for name, cell, place in loader.entries("kinds")}
    read = {name: _fields(loader, cell, objects) for name, cell in objects.items()}
    defaults = [_default(loader, *entry) for entry in loader.entries("defaults")]
    refusals = [_refusal(loader, *entry) for entry in loader.entries("refusals")]
    return Admission(
        kinds, read, {d.id: d for d in defaults if d is not None}, {r.id: r for r in refusals if r is not None}
    )


def _kind(loader: Loader, name: str, cell: Cell, place: Place, objects: Mapping[str, Cell]) -> Kind:
    loader.unique(f"kind {name}", place)
    if name not in objects:
        loader.problems.add(place, f"kind {name} has no fields", f"add `{name}:` to the section `objects:`")
    given: dict[str, Any] = {}
    for key, value in (cell.get("given") or Cell({}, place)).items():
        given[key] = value.text if value.is_text else list(loader.words(value))
    return Kind(
        id=name,
        versions=loader.words(cell.get("versions")),
        pod=_path(cell.get("pod")),
        items=_path(cell.get("items")),
        given=given,
        why=loader.text(cell, "why"),
        cite=loader.text(cell, "cite"),
        place=place,
    )


def _fields(loader: Loader, cell: Cell, objects: Mapping[str, Cell]) -> dict[str, Type]:
    """`{field: type}`; a type is a name, `list NAME` or `map NAME`."""
    found = {}
    for field, type_ in cell.items():
        kind, _, name = type_.text.rpartition(" ")
        if kind not in ("", "list", "map"):
            loader.problems.unknown(type_.place, "type of a field", type_.text, ("list ...", "map ..."))
        elif name not in objects and name not in PLAIN_TYPES:
            loader.problems.unknown(type_.place, "type of a field", name, (*objects, *PLAIN_TYPES))
        found[field] = Type(kind or "one", name)
    return found


def _default(loader: Loader, name: str, cell: Cell, place: Place) -> Default | None:
    loader.unique(name, place)
    collection, field = loader.text(cell, "per"), loader.text(cell, "field")
    if not _known(loader, cell, collection):
        return None
    target = loader.fields[collection].get(field)
    if target is None or target.observe is None or not target.observe.path:
        observed = [f.name for f in loader.fields[collection].values() if f.observe is not None and f.observe.path]
        loader.problems.unknown(cell.value["field"].place, f"observed field of {collection}", field, observed)
        return None
    loader.used.add(target.id)
    context, when = Context([collection]), cell.get("when")
    return Default(
        id=name,
        collection=collection,
        field=field,
        value=loader.resolver.cell_value(cell.value["value"], target.type, context),
        when=loader.resolver.condition(when, context) if when is not None else None,
        keeps_zero=cell.get("zero") is not None,
        why=loader.text(cell, "why"),
        cite=loader.text(cell, "cite"),
        place=place,
    )


def _refusal(loader: Loader, name: str, cell: Cell, place: Place) -> Refusal | None:
    loader.unique(name, place)
    collection, gate = loader.text(cell, "per"), loader.text(cell, "gate")
    if not _known(loader, cell, collection):
        return None
    if gate and not loader.use_gate(gate.removeprefix("not ")):
        loader.problems.unknown(cell.value["gate"].place, "gate", gate.removeprefix("not "), loader.gate_names())
    context = Context([collection])
    return Refusal(
        id=name,
        collection=collection,
        when=loader.resolver.condition(cell.value["when"], context),
        at=_path(cell.get("at")) or (),
        mend=loader.resolver.template(cell.value["mend"], context),
        note=loader.flag(cell, "note"),
        gate=gate,
        why=loader.text(cell, "why"),
        cite=loader.text(cell, "cite"),
        place=place,
    )


def _known(loader: Loader, cell: Cell, collection: str) -> bool:
    if collection not in loader.collections:
        loader.problems.unknown(cell.value["per"].place, "collection", collection, loader.collections)
        return False
    return True


def _path(cell: Cell | None) -> tuple[str, ...] | None:
    """Read a dotted path, or a list of keys; a leading `/` is a key of its own."""
    if cell is None:
        return None
    if cell.is_list:
        return tuple(item.text for item in cell.value)
    root = ("/",) if cell.text.startswith("/") else ()
    return root + tuple(part for part in cell.text.removeprefix("/").split(".") if part)
