"""What the tables say of their entries, in one language: titles and sentences, by kind and id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from podfsm.document.markdown import plain
from podfsm.language.model import Event, Model, Named, Property
from podfsm.language.source import Cell

BASE = "en"
"""The language of the tables themselves."""

_FIRST_TEXTS = ("title", "notion", "why")


def is_question(text: str) -> bool:
    """Tell whether a title asks something."""
    return text.rstrip().endswith("?")


class Texts:
    """Titles and sentences in one language, as Markdown.

    Keys of translations are those of `podfsm.language.check.titled`. Where there is no translation, the text of the
    tables is shown.

    Parameters
    ----------
    model
        The tables.
    language
        ``en``, or a language of section `texts`.
    """

    def __init__(self, model: Model, language: str) -> None:
        self.model, self.language = model, language
        self._translations = model.texts.get(language, {}) if language != BASE else {}
        self._field_texts = dict(_field_texts(model))
        self._property_titles = {
            name: title for name, cell in cells(model, "properties") if (title := _text(cell, "title"))
        }

    def of(self, text: str, *keys: str) -> str:
        """Return a text of the tables in this language; the first key that has a translation counts."""
        return plain(next((found for key in keys if (found := self._translations.get(key, "").strip())), text))

    # ------------------------------------------------------------------------------------------------------ entries

    def title(self, entry: Any) -> str:
        """Return the title of a table, machine, event, view and the like; its id where it has none."""
        if isinstance(entry, Event):
            return self.of(entry.title or entry.id, f"event {entry.id}")
        if isinstance(entry, Named):
            return self.of(entry.text("title") or entry.id, f"{_kind(self.model, entry)} {entry.id}", entry.id)
        return self.of(entry.title or entry.id, entry.id)

    def why(self, entry: Any) -> str:
        """Return the sentence of an entry."""
        if isinstance(entry, Named):
            return self.named(entry, "why")
        kind = type(entry).__name__.lower()
        # Where there is a title, the bare id is its key; but the title of a property has a key of its own.
        titled = getattr(entry, "title", "") and not isinstance(entry, Property)
        keys = () if titled else (f"{kind} {entry.id}", entry.id)
        return self.of(entry.why, *_further(kind, entry.id, "why"), *keys)

    def named(self, entry: Named, key: str) -> str:
        """Return a text of an entry that only carries texts, '' if it has none under that key."""
        text = entry.text(key)
        if not text:
            return ""
        kind = _kind(self.model, entry)
        first = next(name for name in (*_FIRST_TEXTS, key) if entry.text(name))
        keys = (f"{kind} {entry.id}", entry.id) if key == first else ()
        return self.of(text, *_further(kind, entry.id, key), *keys)

    def belief(self, name: str) -> str:
        """Return the title of a property, that is what people believe; '' if it has none."""
        text = self._property_titles.get(name, "")
        return self.of(text, f"{name} title") if text else ""

    def beliefs(self) -> frozenset[str]:
        """Return the properties that have a title."""
        return frozenset(self._property_titles)

    # ------------------------------------------------------------------------------------------------------- fields

    def field(self, collection: str, name: str) -> str:
        """Return what a field means, '' if the tables do not say."""
        field = self.model.fields[collection][name]
        if field.table:
            return self.title(self.model.tables[field.table])
        variable = field.variable
        text = variable.why if variable is not None and variable.why else self._field_texts.get((collection, name), "")
        return self.of(text, f"field {collection}.{name}")

    def target(self, collection: str, name: str) -> tuple[str, str]:
        """Return kind and id of where a field is explained."""
        field = self.model.fields[collection][name]
        if field.table:
            return "table", field.table
        if field.variable is not None:
            return "variable", f"{field.variable.machine}.{name}"
        return "field", f"{collection}.{name}"


def _further(kind: str, name: str, key: str) -> tuple[str, ...]:
    return f"{kind} {name} {key}", f"{name} {key}"


def _kind(model: Model, entry: Named) -> str:
    sections = (section for section, entries in model.named.items() if entries.get(entry.id) is entry)
    return next(sections, "").removesuffix("s")


def cells(model: Model, section: str) -> Iterator[tuple[str, Cell]]:
    """Iterate over the entries of a section of all files."""
    for file in model.files.values():
        found = file.get(section)
        yield from found.items() if found is not None else ()


def _field_texts(model: Model) -> Iterator[tuple[tuple[str, str], str]]:
    for section in ("observe", "let"):
        for collection, entries in cells(model, section):
            for name, cell in entries.items():
                text = _text(cell, "why") or _text(cell, "title")
                if text:
                    yield (collection, name), text


def _text(cell: Cell, key: str) -> str:
    found = cell.get(key)
    return found.text if found is not None else ""
