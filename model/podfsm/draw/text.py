"""How much room a text needs, measured by us and not by the layout engine.

graphviz-pure 0.2.2 estimates text without a font, and gives every byte of a character outside ASCII the width of a
space, so it leaves too little room for Hangul. Every width in our DOT therefore comes from this file. Widths err on the
large side: an SVG names fonts and does not carry them, so the viewer's font decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Advance widths of Helvetica (Arial, Liberation Sans and Arimo share them) for U+0020 to U+007E, in thousandths of an
# em, from Adobe's font metrics file of Helvetica.
_HELVETICA = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
_WIDE = 1000
_OTHER = 750  # Cyrillic, Greek, accented Latin: few letters of any sans-serif font are wider
_BOLD = 1.08
_PADDING = 1.10  # the viewer's font may be wider than Helvetica

_JOINT = re.compile(r"[/\-_.,:=]|[a-z](?=[A-Z])")
LINE_HEIGHT = 1.2  # in units of the font size, as Graphviz sets lines
MAX_TEXT = 400  # characters of one label line that are kept
MAX_LINES = 30
ELLIPSIS = "…"
_REPLACEMENT = "\ufffd"


def is_wide(text: str) -> bool:
    """Return whether the text has an East Asian wide character (Hangul among them), which Latin fonts lack."""
    return any(unicodedata.east_asian_width(character) in "WF" for character in text)


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Return the text as one harmless line of at most `limit` characters.

    Every run of white space, line breaks among it, becomes one space; none is left at the ends. Control characters,
    lone surrogates, non-characters and invisible format characters, among them those that turn the direction of
    writing, become U+FFFD: XML cannot hold the first three, and the last could make a name look like another one.
    """
    if len(text) > limit:
        text = text[: limit - 1] + ELLIPSIS
    return "".join(map(_clean_character, " ".join(text.split())))


def _clean_character(character: str) -> str:
    if unicodedata.category(character) in {"Cc", "Cf", "Cs"} or ord(character) & 0xFFFE == 0xFFFE:
        return _REPLACEMENT
    return character


def _advance(character: str) -> int:
    code = ord(character)
    if 0x20 <= code <= 0x7E:
        return _HELVETICA[code - 0x20]
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    if unicodedata.east_asian_width(character) in "WFA":  # ambiguous: wide in a Korean font
        return _WIDE
    return _OTHER


def measure(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of one line in points at a font size in points, with ten per cent to spare."""
    width = sum(map(_advance, text)) * size / 1000
    return width * _PADDING * (_BOLD if bold else 1.0)


def block(lines: Iterable[str], size: float, *, bold: bool = False) -> tuple[float, float]:
    """Return width and height in points of a block of lines (of no lines: 0, 0)."""
    lines = list(lines)
    width = max((measure(line, size, bold=bold) for line in lines), default=0.0)
    return width, len(lines) * size * LINE_HEIGHT


def wrap(text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
    """Break one cleaned line into lines no wider than `width` points.

    Lines break at spaces; a word that is too wide by itself breaks after punctuation that joins words or
    before a capital letter, else anywhere.
    """
    lines: list[str] = []
    current = ""
    for word in text.split(" "):
        joined = f"{current} {word}" if current else word
        if measure(joined, size, bold=bold) <= width:
            current = joined
            continue
        if current:
            lines.append(current)
        *full, current = _break_word(word, width, size, bold=bold)
        lines += full
    if current or not lines:
        lines.append(current)
    return lines


def _break_word(word: str, width: float, size: float, *, bold: bool) -> list[str]:
    pieces = []
    while measure(word, size, bold=bold) > width and len(word) > 1:
        fitting = 1
        while measure(word[: fitting + 1], size, bold=bold) <= width:
            fitting += 1
        joints = [match.end() for match in _JOINT.finditer(word) if fitting // 2 < match.end() <= fitting]
        cut = joints[-1] if joints else fitting
        pieces.append(word[:cut])
        word = word[cut:]
    return [*pieces, word]


def label_lines(label: Iterable[str], width: float, size: float, *, bold: bool = False) -> list[str]:
    """Return the lines of a label, cleaned and wrapped to `width` points, at most `MAX_LINES` of them."""
    lines = [part for line in label for part in wrap(clean(line), width, size, bold=bold)]
    return lines if len(lines) <= MAX_LINES else [*lines[: MAX_LINES - 1], ELLIPSIS]
