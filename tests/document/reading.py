"""Reading pages: anchors, links and tables of a page, without what stands in code."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping

_BLOCK = re.compile(r"^(`{3,})\n.*?^\1$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(?<![`\\])(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_ESCAPED = re.compile(r"\\[\\`*\[\]<>~_|#+=.)-]")
_LINK = re.compile(r"(!?)\[[^\[\]]*\]\(([^()\s]*)\)")
_ANCHOR = re.compile(r'<a id="([^"]*)"></a>')


def prose(page: str) -> str:
    """Return a page without code and without escaped characters."""
    lines = [_CODE.sub("code", line) for line in _BLOCK.sub("", page).splitlines()]
    return _ESCAPED.sub("", "\n".join(lines))


def anchors(page: str) -> list[str]:
    """Return the names of all anchors of a page."""
    return _ANCHOR.findall(prose(page))


def links(page: str) -> Iterator[tuple[str, bool]]:
    """Iterate over (target, whether it is a picture)."""
    return ((target, bool(mark)) for mark, target in _LINK.findall(prose(page)))


def broken(pages: Mapping[str, str], pictures: frozenset[str]) -> list[str]:
    """Return links that lead nowhere, as "page: target"; `pictures` are the paths of pictures that there are."""
    known = {path: set(anchors(text)) for path, text in pages.items()}
    found = []
    for path, text in pages.items():
        for target, is_picture in links(text):
            page, _, anchor = target.partition("#")
            full = posixpath.normpath(posixpath.join(posixpath.dirname(path), page)) if page else path
            good = full in pictures if is_picture else full in known and (not anchor or anchor in known[full])
            if not good:
                found.append(f"{path}: {target}")
    return found


def ragged(page: str) -> list[str]:
    """Return rows of tables that have not as many cells as the head of their table, or no head."""
    found = []
    cells = 0
    for line in _BLOCK.sub("", page).splitlines():
        if not line.startswith("|"):
            cells = 0
            continue
        here = len(re.findall(r"(?<!\\)(?:\\\\)*\|", line))
        cells = cells or here
        if here != cells or not line.endswith("|"):
            found.append(line)
    return found


def empty(page: str, heads: Collection[str]) -> list[str]:
    """Return rows of tables that have nothing under one of some heads."""
    found = []
    columns: list[int] | None = None
    for line in _BLOCK.sub("", page).splitlines():
        if not line.startswith("|"):
            columns = None
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]
        if columns is None:
            columns = [i for i, cell in enumerate(cells) if cell in heads]
        elif any(not cells[i] for i in columns):
            found.append(line)
    return found


def html(page: str) -> set[str]:
    """Return the tags of HTML of a page, other than anchors."""
    return set(re.findall(r"<[^>]*>?", _ANCHOR.sub("", prose(page))))
