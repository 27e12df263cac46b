"""Drawings of pods, which are as wide as the pod has parts, made to fit a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from podfsm.draw.diagram import Diagram, RankDirection
from podfsm.draw.dot import to_dot
from podfsm.draw.engine import render
from podfsm.errors import PodfsmError

PAGE = 1200.0
"""Points. A wider drawing is shown smaller, and then its labels, of 11 points, are too small to read."""

_LABEL_WIDTHS = (100.0, 85.0, 70.0)
_VIEW = re.compile(rb'viewBox="\S+ \S+ (\S+) (\S+)"')


def fitted(diagram: Diagram) -> Diagram:
    """Return a drawing that is at most as wide as a page, if narrower labels or another direction can make it so.

    The same diagram gives the same drawing. Without an engine it stays as it is.
    """
    found: list[tuple[float, Diagram]] = []
    for one in (diagram, *_narrower(diagram)):
        try:
            found.append((width(one), one))
        except PodfsmError:
            return diagram
        if found[-1][0] <= PAGE:
            return one
    return min(found, key=lambda item: item[0])[1]


def width(diagram: Diagram) -> float:
    """Return the width of a drawing in points.

    Raises
    ------
    PodfsmError
        If no engine can draw it.
    """
    view = _VIEW.search(render(to_dot(diagram)))
    return float(view.group(1)) if view is not None else 0.0


def _narrower(diagram: Diagram) -> Iterator[Diagram]:
    for points in _LABEL_WIDTHS:
        yield replace(diagram, label_width=points)
    other: RankDirection = "TB" if diagram.rankdir in ("LR", "RL") else "LR"
    for points in _LABEL_WIDTHS:
        yield replace(diagram, rankdir=other, label_width=points)
