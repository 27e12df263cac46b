"""Markdown (as GitHub reads it) out of texts that may hold anything."""

from __future__ import annotations

import posixpath
import re

_SPECIAL = re.compile(r"[\\`*\[\]<>~]|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w]+;)|:(?=//)|@")
_BLOCK_START = re.compile(r"^(?:[-+#=]|\d+[.)](?=\s|$))")
_UNSAFE = re.compile(r"[^A-Za-z0-9.]+")
_NO_AUTOLINK = {":": "&#58;", "@": "&#64;"}


def plain(text: str) -> str:
    """Return Markdown that shows a text as it is, on one line."""
    words = " ".join(text.split())
    escaped = _SPECIAL.sub(lambda match: _NO_AUTOLINK.get(match[0], "\\" + match[0]), words)
    start = _BLOCK_START.match(escaped)
    if start is None:
        return escaped
    # "1." is escaped behind its digits, "-" in front.
    at = start.end() - 1
    return f"{escaped[:at]}\\{escaped[at:]}"


def sentence(markdown: str) -> str:
    """Return Markdown that begins with a capital letter, unless its first word is a name such as `nodeName`."""
    first = re.match(r"[a-z]+(?=[\s,;:?']|$)", markdown)
    return markdown[0].upper() + markdown[1:] if first is not None else markdown


def code(text: str) -> str:
    """Return a code span that shows a text as it is, on one line."""
    words = " ".join(text.split())
    if not words:
        return '`""`'
    if "\\|" in words:
        # No code span in a table can show this: readers differ about whether the first backslash escapes the second.
        return plain(words)
    runs = [len(run) for run in re.findall(r"`+", words)]
    fence = "`" * next(n for n in range(1, len(runs) + 2) if n not in runs)
    space = " " if words.startswith("`") or words.endswith("`") else ""
    return f"{fence}{space}{words}{space}{fence}"


def block(text: str) -> str:
    """Return a code block."""
    runs = [len(run) for run in re.findall(r"`+", text)]
    fence = "`" * max(3, max(runs, default=0) + 1)
    return f"{fence}\n{text.rstrip()}\n{fence}"


def cell(markdown: str) -> str:
    """Return Markdown that may stand in a cell of a table."""
    return " ".join(markdown.split()).replace("|", "\\|")


def link(label: str, target: str) -> str:
    """Return a link; `label` is Markdown already."""
    return f"[{label}]({target})"


def anchor(name: str) -> str:
    """Return a place that links can lead to."""
    return f'<a id="{slug(name)}"></a>'


def slug(name: str) -> str:
    """Return a name that may stand in a path or an anchor."""
    return _UNSAFE.sub("-", name).strip("-.") or "none"


def relative(source: str, target: str) -> str:
    """Return the way from a page to another page or picture."""
    return posixpath.relpath(target, posixpath.dirname(source) or ".")
