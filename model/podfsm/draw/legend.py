"""The heading of a drawing: title, caption and legend, as one HTML-like label.

It is the label of the graph itself: so it stands above the drawing and cannot push nodes about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from podfsm.draw.diagram import Diagram, Language
from podfsm.draw.markup import cell, table
from podfsm.draw.style import CURRENT_FILL, GREY, INK, PLAIN_EDGE, TERMINAL_FILL, VISITED_FILL
from podfsm.draw.text import block, label_lines

_TITLE_SIZE = 17.0
_SIZE = 11.0
_WIDTH = 620.0  # points; wider headings would make small drawings wide
_SAMPLE_WIDTH = 68.0  # points, with the space around it

_GAP = '<TD WIDTH="8"></TD>'

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "initial": "start",
        "terminal": "final state",
        "unused": "exists, but nothing leads to it",
        "defect": "happens only because of a defect",
        "current": "current state",
        "path": "highlighted path",
        "story": "path of the story, with the numbers of its steps",
        "visited": "state on the path",
        "faded": "what can happen besides",
        "end": "where the path ends",
        "reads": "the target reads the source",
        "changes": "the source changes the target",
    },
    "ko": {
        "initial": "시작",
        "terminal": "최종 상태",
        "unused": "정의되어 있지만 이 상태로 가는 전이가 없음",
        "defect": "결함 때문에만 일어나는 전이",
        "current": "현재 상태",
        "path": "강조한 경로",
        "story": "이야기의 경로(숫자는 단계)",
        "visited": "경로가 지나는 상태",
        "faded": "그 밖에 일어날 수 있는 전이",
        "end": "경로가 끝나는 상태",
        "reads": "화살표가 가리키는 쪽이 읽음",
        "changes": "화살표가 가리키는 쪽을 바꿈",
    },
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a legend: `sample` is an HTML-like table, drawn before `text`."""

    sample: str
    text: str


def word(language: Language, key: str) -> str:
    """Return what the legend calls a line style or a kind of node."""
    return _WORDS[language][key]


def entries(diagram: Diagram) -> tuple[Entry, ...]:
    """Return what the legend explains: the actors that occur, in their order, then the styles that occur."""
    used = {actor for edge in diagram.edges for actor in edge.actors} | {node.actor for node in diagram.nodes}
    actors = [Entry(_line(actor.colour, 3), actor.title) for actor in diagram.actors if actor.id in used]
    return *actors, *_styles(diagram)


def _styles(diagram: Diagram) -> Iterator[Entry]:
    kinds, edges = {node.kind for node in diagram.nodes}, {edge.kind for edge in diagram.edges}
    samples = {
        "initial": (_dot(), "initial" in kinds),
        "terminal": (_box(f'BORDER="1" CELLBORDER="1" CELLSPACING="2" BGCOLOR="{TERMINAL_FILL}"'), "terminal" in kinds),
        "unused": (_box(f'BORDER="1" CELLBORDER="0" CELLSPACING="0" STYLE="DOTTED" COLOR="{GREY}"'), "unused" in kinds),
        "defect": (_line(PLAIN_EDGE, 2, dashed=True), any(edge.defect for edge in diagram.edges)),
        "current": (_highlight(CURRENT_FILL), bool(diagram.current)),
        "path": (_line(PLAIN_EDGE, 5), bool(diagram.path) and not diagram.marks),
        "story": (_line(PLAIN_EDGE, 5), bool(diagram.path) and bool(diagram.marks)),
        "visited": (_highlight(VISITED_FILL), bool(diagram.visited - diagram.ends)),
        "end": (_highlight(CURRENT_FILL), bool(diagram.ends)),
        "faded": (_line(GREY, 1), "faded" in edges),
        "reads": (_line(PLAIN_EDGE, 1), "reads" in edges),
        "changes": (_line(PLAIN_EDGE, 3), "changes" in edges),
    }
    for key, (sample, occurs) in samples.items():
        if occurs:
            yield Entry(sample, word(diagram.language, key))


def _line(colour: str, width: int, *, dashed: bool = False) -> str:
    style = ' STYLE="DASHED"' if dashed else ""
    stroke = f'<TD WIDTH="30" HEIGHT="8" BORDER="{width}" SIDES="B" COLOR="{colour}"{style}></TD>'
    return table((stroke, '<TD HEIGHT="6"></TD>'), padding=0)


def _box(style: str) -> str:
    return f'<TABLE {style} CELLPADDING="0"><TR><TD WIDTH="24" HEIGHT="9"></TD></TR></TABLE>'


def _highlight(fill: str) -> str:
    return _box(f'BORDER="2" CELLBORDER="0" CELLSPACING="0" COLOR="{INK}" BGCOLOR="{fill}"')


def _dot() -> str:
    dot = f'<TD FIXEDSIZE="TRUE" WIDTH="9" HEIGHT="9" BGCOLOR="{INK}" STYLE="ROUNDED"></TD>'
    return table((dot,), padding=0)


def heading(diagram: Diagram) -> str:
    """Return title, caption and legend of a diagram as an HTML-like table."""
    rows = [cell(label_lines((diagram.title,), _WIDTH, _TITLE_SIZE, bold=True), _TITLE_SIZE, bold=True)]
    if diagram.caption:
        rows.append(cell(label_lines((diagram.caption,), _WIDTH, _SIZE), _SIZE))
    if diagram.legend:
        rows += (f'<TD ALIGN="LEFT">{table((row,), padding=2)}</TD>' for row in _legend_rows(entries(diagram)))
    rows.append('<TD HEIGHT="6"></TD>')  # keeps the drawing at a distance
    return table(rows, padding=3)


def _legend_rows(items: Iterable[Entry]) -> Iterator[str]:
    """Yield the cells of each row; a last empty cell takes the room that would else be shared out among the others."""
    row, used = "", 0.0
    for item in items:
        lines = label_lines((item.text,), _WIDTH / 2, _SIZE)
        width = _SAMPLE_WIDTH + block(lines, _SIZE)[0]
        if row and used + width > _WIDTH:
            yield row + _filler(used)
            row, used = "", 0.0
        row += _sample(item.sample) + cell(lines, _SIZE) + _GAP
        used += width
    if row:
        yield row + _filler(used)


def _sample(sample: str) -> str:
    return f'<TD WIDTH="34">{sample}</TD><TD WIDTH="4"></TD>'


def _filler(used: float) -> str:
    return f'<TD WIDTH="{max(1, round(_WIDTH - used))}"></TD>'
