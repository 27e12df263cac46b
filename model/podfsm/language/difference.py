"""What differs between two sets of table files, entry by entry: rows, and everything else that has a name.

Files are compared as they are read, so that changes can be told of tables that do not load. Words for people (why,
citations, titles, texts) make no difference. The order of rows belongs to what holds them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from podfsm.language.source import Cell, Place

WORDS = ("why", "cite", "title", "mend", "text")
"""Keys under which words for people stand."""

TOLD = ("texts", "titles", "terms", "seeds", "diagrams", "arrows")
"""Sections of words and pictures."""

LISTED = {"rows": "row", "edges": "edge"}
"""Keys under which a list of entries with ids stands, and what they are."""

QUOTED = tuple("binding configuration default defect edge finding guess property refusal row view watch".split())
"""Kinds of entries that are known by their names outside the tables."""

Files = Mapping[str, Cell]
"""Table files by path, as `source.read_tables` reads them."""


@dataclass(frozen=True, slots=True)
class Part:
    """An entry of the tables: where it stands, and what it says apart from words for people."""

    place: Place
    says: Any


def changes(files: Files, others: Files) -> list[str]:
    """Say which entries differ from those of other files, which are new, and which of the others' are missing.

    Each is ``what is missing``, or ``place: what is new`` or ``place: what is changed``; rows come first.
    """
    parts, before = parts_of(files), parts_of(others)
    found = [(name, f"{name} is missing") for name in before if name not in parts]
    for name, part in parts.items():
        if name not in before:
            found.append((name, f"{part.place}: {name} is new"))
        elif part.says != before[name].says:
            found.append((name, f"{part.place}: {name} is changed"))
    return [text for _, text in sorted(found, key=lambda one: not one[0].startswith("row "))]


def missing(files: Files, others: Files) -> list[str]:
    """Say which entries of the other files are missing, of those that are quoted by their names."""
    parts = parts_of(files)
    return [
        f"{part.place}: {name} of the shipped tables is missing; restore it"
        for name, part in parts_of(others).items()
        if name not in parts and name.partition(" ")[0] in QUOTED
    ]


def parts_of(files: Files) -> dict[str, Part]:
    """Find all entries, by what they are: ``row restart.never``, ``property invariant.1``, ``edge lamp.goes-off``."""
    return {name: part for file in files.values() for name, part in _of_file(file)}


def _of_file(file: Cell) -> Iterator[tuple[str, Part]]:
    """Find the entries of a file; what stands at the top in the file of a machine is told with its name."""
    machine = file.get("machine")
    owner = machine.text if machine is not None else ""
    for section, cell in file.items():
        if section in TOLD or section in WORDS:
            continue
        if section == "events":
            yield from _of_events(cell, owner)
        elif not cell.is_map:
            yield f"{section} of {owner}" if owner else section, Part(cell.place, _said(cell))
        elif section in ("let", "observe"):
            for name, entry in cell.items():
                yield from _of_section(section, entry, name)
        else:
            yield from _of_section(_singular(section), cell, owner if section == "variables" else "")


def _of_section(kind: str, section: Cell, owner: str) -> Iterator[tuple[str, Part]]:
    for name, entry in section.items():
        full = f"{owner}.{name}" if owner else name
        yield f"{kind} {full}", Part(section.keys.get(name, entry.place), _said(entry))
        yield from _of_lists(entry)
        events = entry.get("events")
        if events is not None:
            yield from _of_events(events, name)


def _of_events(events: Cell, machine: str) -> Iterator[tuple[str, Part]]:
    """Find events and their rows; an event without rows is one itself."""
    for name, event in events.items():
        kind = "event" if event.get("rows") is not None else "row"
        yield f"{kind} {machine}.{name}", Part(events.keys.get(name, event.place), _said(event))
        yield from _of_lists(event)


def _of_lists(entry: Cell) -> Iterator[tuple[str, Part]]:
    for key, kind in LISTED.items():
        listed = entry.get(key)
        for item in listed.value if listed is not None and listed.is_list else ():
            identifier = item.get("id")
            if identifier is not None:
                yield f"{kind} {identifier.text}", Part(item.place, _said(item))


def _said(cell: Cell) -> Any:
    """Return what a cell says apart from words; of entries that stand in it only the names, in their order."""
    if cell.is_list:
        return [_said(item) for item in cell.value]
    if not cell.is_map:
        return cell.value
    return {key: _names(key, value) or _said(value) for key, value in cell.items() if key not in WORDS}


def _names(key: str, cell: Cell) -> list[str] | None:
    if key == "events" and cell.is_map:
        return list(cell.value)
    if key in LISTED and cell.is_list:
        return [identifier.text for item in cell.value if (identifier := item.get("id")) is not None]
    return None


def _singular(section: str) -> str:
    if section.endswith("ies"):
        return f"{section[:-3]}y"
    return section[:-2] if section.endswith("sses") else section.removesuffix("s")
