"""The command `podfsm show`: any row, table, event, property, state, reason or defect, with its why and citation."""

from __future__ import annotations

import difflib
import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from podfsm.requests import ShowRequest, Status
from podfsm.show.labels import kind, label, phrase

if TYPE_CHECKING:
    from podfsm.cli.output import Console
    from podfsm.show.entry import Entry

WIDTH: Final = 120

REPOSITORY_TABLES: Final = "model/podfsm/tables"
"""Where the shipped tables stand in the repository."""

MOST_NEAR: Final = 3
"""Names that are suggested at most."""


def run(request: ShowRequest) -> int:
    """Print everything that has the id of the request, or mentions that word.

    Raises
    ------
    PodfsmError
        If the tables cannot be used, or nothing has that id; with the nearest known ones.
    """
    from podfsm.errors import PodfsmError
    from podfsm.language import tables
    from podfsm.show.entries import Entries

    name = request.id.strip()
    if not name:
        raise PodfsmError("the ID is empty; name a row, table, event, property, state, reason or defect")
    model = tables.loaded(str(request.tables)) if request.tables is not None else tables.shipped()
    entries = Entries(model, request.lang, request.cluster)
    found = entries.of(name)
    if not found:
        raise PodfsmError(f"nothing in the tables is called {name!r}; {suggestion(name, entries.names())}")
    directory = str(request.tables) if request.tables is not None else REPOSITORY_TABLES
    verdicts = pinned_verdicts(Path.cwd()) if request.tables is None else {}
    shown = [as_json(entry, directory, verdicts) for entry in found]
    if request.output == "json":
        request.console.print(json.dumps({"schema": 1, "entries": shown}, ensure_ascii=False, indent=2))
    else:
        request.console.print("\n\n".join("\n".join(_lines(one, request.console, request.lang)) for one in shown))
    return Status.FINE


def suggestion(name: str, known: Iterable[str]) -> str:
    """Say which known names may have been meant: of those that are like it only those that are about as near as any."""
    by_lower: dict[str, dict[str, None]] = {}
    for one in known:
        by_lower.setdefault(one.lower(), {})[one] = None
    matcher = difflib.SequenceMatcher(b=name.lower())

    def likeness(one: str) -> float:
        matcher.set_seq1(one)
        return matcher.ratio()

    close = difflib.get_close_matches(name.lower(), by_lower, n=MOST_NEAR, cutoff=0.6)
    best = [one for one in close if likeness(one) > likeness(close[0]) - 0.05]
    # A name that starts as the asked one does, with a capital or without, is meant rather than its namesake.
    found = [min(by_lower[one], key=lambda spelt: spelt[:1] != name[:1]) for one in best]
    if found:
        return f"did you mean {', '.join(found)}?"
    return "name a row, table, event, property, state, reason or defect"


def pinned_verdicts(start: Path) -> dict[str, dict[str, str]]:
    """Read the verdicts that the last build wrote, by property and mode; nothing outside of a checkout."""
    for directory in (start, *start.parents):
        try:
            manifest = json.loads((directory / "generated" / "manifest.json").read_text(encoding="utf-8"))
            return {str(k): {str(m): str(v) for m, v in modes.items()} for k, modes in manifest["properties"].items()}
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            continue
    return {}


def as_json(entry: Entry, directory: str, verdicts: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Write an entry as a JSON object."""
    found: dict[str, Any] = {"id": entry.id, "kind": entry.kind}
    found |= {key: text for key in ("title", "why", "cite") if (text := getattr(entry, key))}
    found["facts"] = [{"label": label, "text": text} for label, text in entry.facts]
    if entry.id in verdicts and entry.kind == "property":
        found["verdicts"] = dict(verdicts[entry.id])
    if entry.place is not None:
        found["place"] = f"{directory}/{entry.place.file}:{entry.place.line}"
    return found


def _lines(entry: Mapping[str, Any], console: Console, lang: str) -> Iterator[str]:
    title = f": {entry['title']}" if entry.get("title") else ""
    yield from _wrapped("", console.paint(f"{entry['id']} ({kind(lang, entry['kind'])})", "bold") + title)
    if entry.get("why"):
        yield from _wrapped(f"  {label(lang, 'why')}: ", entry["why"])
    for fact in entry["facts"]:
        yield from _wrapped(f"  {label(lang, fact['label'])}: ", fact["text"])
    if entry.get("verdicts"):
        told = ", ".join(f"{phrase(lang, mode.replace('-', ' '))} {v}" for mode, v in entry["verdicts"].items())
        yield from _wrapped(f"  {label(lang, 'verdicts')}: ", told)
    for key in ("cite", "place"):
        if entry.get(key):
            yield from _wrapped(f"  {label(lang, key)}: ", entry[key])


def _wrapped(lead: str, text: str) -> Sequence[str]:
    """Wrap a text; its other lines are indented more."""
    return textwrap.wrap(
        lead + text, WIDTH, subsequent_indent="      ", break_long_words=False, break_on_hyphens=False
    ) or [lead.rstrip()]
