"""Sections that only documents read: `titles`, `terms`, `lifetimes`, `seeds`, `beliefs`, `differences`; checked here.

titles
    Headings: ``title``, ``why``; of groups of terms also ``page``, where the terms of the group are explained; of
    groups of rules on what a watcher may see ``begins``, the first rule of the group.
terms
    ``title``, ``why``, ``group`` (an entry of `titles`); ``value`` and ``of`` (domains) for a value of a domain;
    ``unwritten`` for what exists without a writer; ``writers``, a list of ``{actor, when}``.
lifetimes
    ``title``, ``ends`` (what becomes of it with the pod), ``anew`` (what a replacement gets).
seeds
    ``note`` (an entry of `titles`), ``notion``, ``verdict``, ``why``.
beliefs
    ``title``, ``why``, ``evidence``; ``number`` if it has one.

differences
    ``title`` (what the documentation says), ``why`` (what is so), ``documented`` (the page), ``stream``, ``event`` and
    ``shows``: a condition that holds at an event of a recorded stream.

All of them may have ``where`` and ``evidence`` (ids, or ``field pod.phase`` and the like) and ``cite``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from podfsm.document.places import Places
from podfsm.errors import PodfsmError
from podfsm.language.model import Model, Named
from podfsm.language.source import Cell, Problems

SECTIONS = ("terms", "lifetimes", "seeds", "beliefs", "differences")

VERDICTS = ("right", "outdated", "wrong", "incomplete")
"""What a seed can be."""

_NEEDED: Mapping[str, tuple[str, ...]] = {
    "terms": ("title", "why", "group"),
    "lifetimes": ("title", "ends", "anew"),
    "seeds": ("note", "notion", "verdict", "why"),
    "beliefs": ("title", "why", "evidence", "cite"),
    "differences": ("title", "why", "documented", "stream", "event", "shows", "cite"),
}


def listed(entry: Named, key: str) -> list[str]:
    """Return the texts under a key, which holds one text or a list of them."""
    cell = entry.data.get(key)
    if cell is None:
        return []
    return [item.text for item in cell.value] if cell.is_list else [cell.text]


def check(model: Model, places: Places) -> None:
    """Check every entry.

    Raises
    ------
    PodfsmError
        with all that is wrong, each with its place and what would mend it.
    """
    problems = Problems()
    for section in SECTIONS:
        for entry in model.named[section].values():
            for key in _NEEDED[section]:
                if not "".join(listed(entry, key)).strip():
                    problems.add(entry.place, f"{section} entry {entry.id!r} has no {key!r}", f"add `{key}:`")
            for cell in _names(entry):
                if places.kind_of(cell.text) is None:
                    known = [name for kind, name in places.names() if kind not in ("field", "variable")]
                    problems.unknown(cell.place, "row, table, property or other entry", cell.text, known)
    _check_groups(model, problems)
    for seed in model.named["seeds"].values():
        if seed.text("verdict") not in VERDICTS:
            problems.unknown(seed.place, "verdict", seed.text("verdict"), VERDICTS)
        _check_title(model, seed, "note", problems)
    for term in model.named["terms"].values():
        _check_title(model, term, "group", problems)
        _check_value(model, term, problems)
        _check_writers(model, term, problems)
    if problems.found:
        raise PodfsmError([str(problem) for problem in problems.found])


def _names(entry: Named) -> Iterator[Cell]:
    for key in ("where", "evidence"):
        cell = entry.data.get(key)
        if cell is not None:
            yield from cell.value if cell.is_list else [cell]


def _check_groups(model: Model, problems: Problems) -> None:
    """Check that the rules on what a watcher may see have headings."""
    begins = {title.text("begins"): title for title in model.named["titles"].values() if title.text("begins")}
    for rule, title in begins.items():
        if rule not in model.watch:
            problems.unknown(title.place, "rule (an entry of `watch`)", rule, model.watch)
    if model.watch and not begins:
        first = next(iter(model.watch.values()))
        mend = f"add an entry of `titles` with `begins: {first.id}`"
        problems.add(first.place, "the rules on a watch stream have no heading", mend)


def _check_title(model: Model, entry: Named, key: str, problems: Problems) -> None:
    if entry.text(key) not in model.named["titles"]:
        problems.unknown(entry.place, f"{key} (an entry of `titles`)", entry.text(key), model.named["titles"])


def _check_value(model: Model, term: Named, problems: Problems) -> None:
    for name in listed(term, "of"):
        domain = model.domains.get(name)
        if domain is None:
            problems.unknown(term.place, "domain", name, model.domains)
        elif domain.members and term.text("value") not in domain.members:
            problems.unknown(term.place, f"value of domain {name}", term.text("value"), domain.members)


def _check_writers(model: Model, term: Named, problems: Problems) -> None:
    cell = term.data.get("writers")
    for writer in cell.value if cell is not None else ():
        actor = writer.get("actor") if writer.is_map else None
        if actor is None or writer.get("when") is None:
            problems.add(writer.place, "a writer has an `actor` and a `when`", "add them")
        elif actor.text not in model.named["actors"]:
            problems.unknown(actor.place, "actor", actor.text, model.named["actors"])
