"""The command `podfsm show`: any row, table, event, property, state, reason or defect, with its why and citation."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from podfsm.requests import ShowRequest, Status

if TYPE_CHECKING:
    from podfsm.cli.output import Console
    from podfsm.show.entries import Entry

WIDTH: Final = 120

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {"why": "why", "cite": "cite", "place": "stands in", "verdicts": "verdicts"},
    "ko": {"why": "이유", "cite": "출처", "place": "위치", "verdicts": "판정"},
}


def run(request: ShowRequest) -> int:
    """Print everything that has the id of the request, or mentions that word.

    Raises
    ------
    PodfsmError
        If the tables cannot be used, or nothing has that id; with the nearest known ones.
    """
    from podfsm.errors import PodfsmError
    from podfsm.language import tables
    from podfsm.names import nearest
    from podfsm.show.entries import Entries

    model = tables.loaded(str(request.tables)) if request.tables is not None else tables.shipped()
    entries = Entries(model, request.lang)
    found = entries.of(request.id)
    if not found:
        raise PodfsmError(f"nothing in the tables is called {request.id!r}; {nearest(request.id, entries.found)}")
    directory = request.tables if request.tables is not None else tables.DIRECTORY
    verdicts = pinned_verdicts(Path.cwd()) if request.tables is None else {}
    shown = [as_json(entry, directory, verdicts) for entry in found]
    if request.output == "json":
        request.console.print(json.dumps({"schema": 1, "entries": shown}, ensure_ascii=False, indent=2))
    else:
        request.console.print("\n\n".join("\n".join(_lines(one, request.console, request.lang)) for one in shown))
    return Status.FINE


def pinned_verdicts(start: Path) -> dict[str, dict[str, str]]:
    """Read the verdicts that the last build wrote, by property and mode; nothing outside of a checkout."""
    for directory in (start, *start.parents):
        try:
            manifest = json.loads((directory / "generated" / "manifest.json").read_text(encoding="utf-8"))
            return {str(k): {str(m): str(v) for m, v in modes.items()} for k, modes in manifest["properties"].items()}
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            continue
    return {}


def as_json(entry: Entry, directory: Path, verdicts: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Write an entry as a JSON object."""
    found: dict[str, Any] = {"id": entry.id, "kind": entry.kind}
    found |= {key: text for key in ("title", "why", "cite") if (text := getattr(entry, key))}
    found["facts"] = [{"label": label, "text": text} for label, text in entry.facts]
    if entry.id in verdicts and entry.kind == "property":
        found["verdicts"] = dict(verdicts[entry.id])
    if entry.place is not None:
        found["place"] = f"{directory.name}/{entry.place.file}:{entry.place.line}"
    return found


def _lines(entry: Mapping[str, Any], console: Console, lang: str) -> Iterator[str]:
    words = _WORDS[lang]
    title = f": {entry['title']}" if entry.get("title") else ""
    yield from _wrapped("", console.paint(f"{entry['id']} ({entry['kind']})", "bold") + title)
    if entry.get("why"):
        yield from _wrapped(f"  {words['why']}: ", entry["why"])
    for fact in entry["facts"]:
        yield from _wrapped(f"  {fact['label']}: ", fact["text"])
    if entry.get("verdicts"):
        told = ", ".join(f"{mode.replace('-', ' ')} {verdict}" for mode, verdict in entry["verdicts"].items())
        yield from _wrapped(f"  {words['verdicts']}: ", told)
    for key in ("cite", "place"):
        if entry.get(key):
            yield from _wrapped(f"  {words[key]}: ", entry[key])


def _wrapped(lead: str, text: str) -> Sequence[str]:
    """Wrap a text; its other lines are indented more."""
    return textwrap.wrap(
        lead + text, WIDTH, subsequent_indent="      ", break_long_words=False, break_on_hyphens=False
    ) or [lead.rstrip()]
