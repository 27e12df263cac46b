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
    "en": {"place": "stands in"},
    "ko": {
        "why": "이유",
        "cite": "출처",
        "place": "위치",
        "verdicts": "판정",
        "table": "표",
        "of": "대상",
        "on": "대상",
        "per": "단위",
        "event": "이벤트",
        "actor": "행위자",
        "when": "조건",
        "only when": "전제",
        "then": "결과",
        "gate": "기능 게이트",
        "defect": "결함",
        "defects": "결함",
        "feature": "기능",
        "features": "기능",
        "given": "인자",
        "arguments": "인자",
        "order": "순서",
        "rows": "행",
        "values": "값",
        "value of": "값의 범위",
        "written by": "쓰는 행",
        "asked for by": "묻는 행",
        "expected": "기대",
        "assumes": "가정",
        "publishes": "게시",
        "default since": "기본값",
        "needs": "필요",
        "number": "번호",
        "type": "형",
        "read from": "읽는 곳",
        "machine": "기계",
        "mend": "고치는 방법",
        "as-is": "있는 그대로",
        "intended": "의도",
        "advice": "조언",
    },
}
"""Labels by language; those that are missing stand for themselves."""


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
        yield from _wrapped(f"  {words.get('why', 'why')}: ", entry["why"])
    for fact in entry["facts"]:
        yield from _wrapped(f"  {words.get(fact['label'], fact['label'])}: ", fact["text"])
    if entry.get("verdicts"):
        told = ", ".join(f"{mode.replace('-', ' ')} {verdict}" for mode, verdict in entry["verdicts"].items())
        yield from _wrapped(f"  {words.get('verdicts', 'verdicts')}: ", told)
    for key in ("cite", "place"):
        if entry.get(key):
            yield from _wrapped(f"  {words.get(key, key)}: ", entry[key])


def _wrapped(lead: str, text: str) -> Sequence[str]:
    """Wrap a text; its other lines are indented more."""
    return textwrap.wrap(
        lead + text, WIDTH, subsequent_indent="      ", break_long_words=False, break_on_hyphens=False
    ) or [lead.rstrip()]
