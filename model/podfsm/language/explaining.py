"""The section that `explain` reads: what can be told of a pod from its object, and how.

Each entry says with `about` what it is for:

============== =======================================================================================================
``base``       features that are explored of the pods whose object makes `when` true
``way``        features that are explored besides, as long as a goal has not been found, and events that then count;
               with `settles` no exploration is needed to know that the goal that it is `of` is possible so
``likeness``   fields in which a state of the model must agree with the object, to look like it
``goal``       a condition on the object and on states of the model
``hindrance``  why the goal that it is `of` cannot be reached any more; with `settles` no exploration is needed to know
``counted``    events that count for goals although their actor is free not to cause them
``order``      events, most likely first
``state``      a sentence on the region that it is `of`; `seen: model` asks the states that look like the object
``reason``     a field of the status, its value, and the tables whose rows, or the events that, decide it; or itself
``waiting``    what the pod waits for
``timer``      a moment at which something runs out
``vocabulary`` the field whose values are explained by a group of terms (`of`); others are unknown
============== =======================================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from podfsm.language.model import Explanation, Formula
from podfsm.language.resolve import Context
from podfsm.language.shapes import EXPLAINED
from podfsm.language.source import Cell, Place

if TYPE_CHECKING:
    from podfsm.language.load import Loader


def read_explanations(loader: Loader) -> dict[str, Explanation]:
    """Read the section; problems are added to those of the loader."""
    found = (_explanation(loader, *entry) for entry in loader.entries("explanations"))
    return {one.id: one for one in found if one is not None}


def _explanation(loader: Loader, name: str, cell: Cell, place: Place) -> Explanation | None:
    loader.unique(name, place)
    about = loader.text(cell, "about")
    missing = [key for key in EXPLAINED[about] if cell.get(key) is None]
    if missing:
        loader.problems.add(place, f"{name} has no {' and no '.join(missing)}", f"add `{missing[0]}:`")
        return None
    collection = loader.text(cell, "per", loader.root)
    if collection not in loader.collections:
        loader.problems.unknown(cell.value["per"].place, "collection", collection, loader.collections)
        return None
    _check_names(loader, cell, collection)
    return Explanation(
        id=name,
        about=about,
        collection=collection,
        when=_formula(loader, cell, "when", collection),
        value=_formula(loader, cell, "value", collection),
        text=_text(loader, cell.get("text"), collection),
        of=loader.text(cell, "of"),
        field=loader.text(cell, "field"),
        seen=loader.text(cell, "seen", "object"),
        features=loader.words(cell.get("features")),
        fields=loader.words(cell.get("fields")),
        tables=loader.words(cell.get("tables")),
        events=loader.words(cell.get("events")),
        settles=loader.flag(cell, "settles"),
        why=loader.text(cell, "why"),
        cite=loader.text(cell, "cite"),
        place=place,
        translations=_translations(loader, name, collection),
    )


def _check_names(loader: Loader, cell: Cell, collection: str) -> None:
    """Check that what an entry names exists, and note that it is used."""
    events = tuple(event.id for machine in loader.machines.values() for event in machine.events)
    fields = tuple(loader.field_names(collection))
    tables = tuple(name for name, table in loader.tables.items() if table.collection == collection)
    of = cell.get("of")
    for key, kind, known in (
        ("features", "feature", loader.named["features"]),
        ("events", "event", events),
        ("fields", f"field of {collection}", fields),
        ("field", f"field of {collection}", fields),
        ("tables", f"table of {collection}", tables),
    ):
        given = cell.get(key)
        for word in loader.words(given):
            if given is not None and word not in known:
                loader.problems.unknown(given.place, kind, word, known)
            loader.used.update((f"{collection}.{word}", f"table {word}", f"{key} {word}"))
    if of is not None and loader.text(cell, "about") == "vocabulary" and of.text not in loader.named["titles"]:
        loader.problems.unknown(of.place, "group of terms", of.text, loader.named["titles"])


def _formula(loader: Loader, cell: Cell, key: str, collection: str) -> Formula | None:
    given = cell.get(key)
    if given is None:
        return None
    resolve = loader.resolver.condition if key == "when" else loader.resolver.value
    return resolve(given, Context([collection]))


def _text(loader: Loader, cell: Cell | None, collection: str) -> Formula | None:
    return loader.resolver.template(cell, Context([collection])) if cell is not None else None


def _translations(loader: Loader, name: str, collection: str) -> dict[str, Formula]:
    entries: Iterable[tuple[str, Cell, Place]] = loader.entries("texts")
    found = ((language, _text(loader, texts.get(f"{name} text"), collection)) for language, texts, _ in entries)
    return {language: text for language, text in found if text is not None}
