"""Writing DOT safely: names, quoted strings and HTML-like labels.

Text that is laid out by Graphviz comes in two kinds. A plain label is centred on a node of a size that we fix, so it
sits right whatever width the engine believes it has. Every other text goes into a table cell of at least our width and
starts at its left edge, for the same reason.
"""

from __future__ import annotations

import html
import math
import string
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

from podfsm.draw.text import block, clean

_SAFE = frozenset(string.ascii_letters + string.digits + " _-./:,;=+*()[]{}?!@#$'^~|")
_CONTRAST = 4.5  # WCAG 2.1, success criterion 1.4.3


def encode(text: str) -> str:
    """Percent-encode what DOT, its escapes or its HTML entities could take for their own; `decode` undoes it.

    Different texts stay different. Letters of every script stay as they are, so that
    names remain readable in DOT.
    """
    return "".join(map(_encode_character, text))


def _encode_character(character: str) -> str:
    if character in _SAFE or (character > "\x7f" and clean(character) == character):
        return character
    return quote(character.encode("utf-8", "surrogatepass"), safe="")


def decode(text: str) -> str:
    """Return the text that `encode` was given (lone surrogates come back as U+FFFD)."""
    return unquote(text)


def plain(lines: Iterable[str]) -> str:
    """Return cleaned lines as the content of a plain label, centred."""
    # Graphviz resolves HTML entities in plain labels too.
    return r"\n".join(html.escape(line.replace("\\", r"\\")) for line in lines)


def cell(lines: Iterable[str], size: float, *, colour: str = "#1a1a1a", bold: bool = False) -> str:
    """Return a ``<TD>`` of cleaned lines, flush left, as wide as we measured them; `size` in points."""
    lines = list(lines)
    width, _ = block(lines, size, bold=bold)
    # Graphviz resolves backslash escapes such as \N in HTML-like labels too.
    body = "".join(html.escape(line.replace("\\", r"\\")) + '<BR ALIGN="LEFT"/>' for line in lines)
    body = f"<B>{body}</B>" if bold else body
    font = f'<FONT COLOR="{colour}" POINT-SIZE="{size:g}">{body}</FONT>'
    return f'<TD ALIGN="LEFT" BALIGN="LEFT" WIDTH="{math.ceil(width)}">{font}</TD>'


def table(rows: Iterable[str], *, padding: int = 1, lines: str = "") -> str:
    """Return a ``<TABLE>`` of rows, each the ``<TD>`` elements of one row, with lines of a colour, or none."""
    border = f'BORDER="1" CELLBORDER="1" COLOR="{lines}"' if lines else 'BORDER="0" CELLBORDER="0"'
    body = "".join(f"<TR>{row}</TR>" for row in rows)
    return f'<TABLE {border} CELLSPACING="0" CELLPADDING="{padding}">{body}</TABLE>'


def attributes(values: Mapping[str, str]) -> str:
    """Return ``[a="x", b=<y>]``, sorted; values that start with ``<TABLE`` are HTML-like labels."""
    pairs = (f"{key}={_value(value)}" for key, value in sorted(values.items()))
    return f"[{', '.join(pairs)}]"


def _value(value: str) -> str:
    return f"<{value}>" if value.startswith("<TABLE") else f'"{value}"'


def text_colour(colour: str) -> str:
    """Darken ``#rrggbb`` until text in it can be read on white."""
    channels = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
    while 1.05 / (_luminance(channels) + 0.05) < _CONTRAST:
        channels = [channel * 19 // 20 for channel in channels]
    return "#" + "".join(f"{channel:02x}" for channel in channels)


def _luminance(channels: Iterable[int]) -> float:
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in (channel / 255 for channel in channels)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
