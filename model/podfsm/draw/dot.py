"""A diagram as DOT: the same bytes for the same diagram, whatever the order of its parts.

Sizes of nodes and of labels are ours (see :mod:`podfsm.draw.text`), names are percent-encoded (see
:func:`podfsm.draw.markup.encode`), and a tooltip on every node, edge and cluster starts with its id, which the SVG
keeps as ``<title>``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from podfsm.draw import style
from podfsm.draw.diagram import Cluster, Diagram, Edge, Node
from podfsm.draw.legend import heading, word
from podfsm.draw.markup import attributes, cell, encode, plain, table, text_colour
from podfsm.draw.text import block, clean, label_lines

_FONT = "Helvetica"  # graphviz-pure carries a font of these metrics; the SVG gets a list with Korean fonts
_NODE_SIZE = 12.0
_EDGE_SIZE = 10.5
_NODE_WRAP = 170.0  # points
_EDGE_WRAP = 140.0
_MARGIN_X = 11.0
_MARGIN_Y = 8.0
_MIN_WIDTH = 54.0
_POINTS_PER_INCH = 72

_KINDS: Mapping[str, Mapping[str, str]] = {
    "state": {},
    "initial": {},
    "terminal": {"peripheries": "2", "fillcolor": style.TERMINAL_FILL},
    "unused": {"style": "rounded,filled,dotted", "color": style.GREY, "fontcolor": style.GREY_TEXT, "penwidth": "1.6"},
    "region": {"style": "filled", "fillcolor": style.REGION_FILL, "penwidth": "1.6"},
    "note": {"shape": "note", "style": "filled", "fillcolor": style.NOTE_FILL, "color": style.GREY},
}


def to_dot(diagram: Diagram) -> str:
    """Return the diagram as DOT source, ending in a newline."""
    return "\n".join(_lines(diagram)) + "\n"


def _lines(diagram: Diagram) -> Iterator[str]:
    yield f'digraph "{encode(diagram.id)}" {{'
    yield f"  graph {attributes(_graph(diagram))};"
    yield f"  node {attributes(_NODE_DEFAULTS)};"
    yield f"  edge {attributes(_EDGE_DEFAULTS)};"
    yield from _members(diagram, None, "  ")
    by_id = {actor.id: actor.colour for actor in diagram.actors}
    returning = back_edges(diagram)
    for edge in sorted(diagram.edges, key=_by_id):
        values = _edge(edge, by_id.get(edge.actor or ""))
        ends = (edge.source, edge.target)
        if edge.id in returning:
            values["dir"] = "back"
            ends = (edge.target, edge.source)
        if edge.id in diagram.path:
            values |= {"penwidth": "3.6", "arrowsize": "1"}
        tail, head = map(encode, ends)
        yield f'  "{tail}" -> "{head}" {attributes(values)};'
    yield "}"


def back_edges(diagram: Diagram) -> frozenset[str]:
    """Return the ids of edges that close a circle when one walks from the initial nodes, depth first.

    DOT has them the other way round, with the arrow at the tail: else Graphviz breaks circles where it likes, and may
    put a later state on top.
    """
    leaving: dict[str, list[Edge]] = {node.id: [] for node in diagram.nodes}
    for edge in sorted(diagram.edges, key=_by_id, reverse=True):
        leaving[edge.source].append(edge)
    found: set[str] = set()
    open_nodes: set[str] = set()
    for start in (node.id for node in sorted(diagram.nodes, key=_initial_first)):
        if start not in leaving:
            continue
        walk = [(start, leaving.pop(start))]
        open_nodes.add(start)
        while walk:
            node, edges = walk[-1]
            if not edges:
                walk.pop()
                open_nodes.remove(node)
                continue
            edge = edges.pop()
            if edge.target in open_nodes and edge.target != node:
                found.add(edge.id)
            elif edge.target in leaving:
                open_nodes.add(edge.target)
                walk.append((edge.target, leaving.pop(edge.target)))
    return frozenset(found)


def _graph(diagram: Diagram) -> dict[str, str]:
    return {
        "bgcolor": style.PAPER,
        "charset": "UTF-8",
        "class": diagram.language,
        "fontname": _FONT,
        "fontsize": f"{_NODE_SIZE:g}",
        "label": heading(diagram),
        "labeljust": "l",
        "labelloc": "t",
        "nodesep": "0.35",
        "pad": "0.12",
        "rankdir": diagram.rankdir,
        "ranksep": "0.45",
        "tooltip": encode(clean(diagram.title)),
    }


_NODE_DEFAULTS = {
    "color": style.INK,
    "fillcolor": style.PAPER,
    "fixedsize": "true",
    "fontcolor": style.INK,
    "fontname": _FONT,
    "fontsize": f"{_NODE_SIZE:g}",
    "shape": "box",
    "style": "rounded,filled",
}
_EDGE_DEFAULTS = {
    "arrowsize": "0.8",
    "color": style.PLAIN_EDGE,
    "fontcolor": style.INK,
    "fontname": _FONT,
    "fontsize": f"{_EDGE_SIZE:g}",
    "penwidth": "1.4",
}


def _members(diagram: Diagram, parent: str | None, indent: str) -> Iterator[str]:
    """Write nodes and clusters that lie directly in the cluster `parent` (None: in the graph)."""
    for node in sorted((node for node in diagram.nodes if node.cluster == parent), key=_initial_first):
        if node.kind == "initial":
            yield from (indent + line for line in _entry(diagram, node))
        yield indent + _node(node, current=node.id in diagram.current)
    for cluster in sorted((c for c in diagram.clusters if c.parent == parent), key=_by_id):
        yield f'{indent}subgraph "cluster_{encode(cluster.id)}" {{'
        yield f"{indent}  graph {attributes(_cluster(cluster))};"
        yield from _members(diagram, cluster.id, indent + "  ")
        yield f"{indent}}}"


def _by_id(item: Edge | Cluster) -> str:
    return item.id


def _initial_first(node: Node) -> tuple[bool, str]:
    # Ranks are assigned from the first nodes on, so a lifecycle starts where it starts and not where the alphabet does.
    return node.kind != "initial", node.id


def _entry(diagram: Diagram, node: Node) -> Iterator[str]:
    name = f"%entry {encode(node.id)}"  # no encoded id is like it: there, two digits follow a percent sign
    values = {
        "fillcolor": style.INK,
        "height": "0.125",
        "label": "",
        "shape": "circle",
        "style": "filled",
        "tooltip": encode(word(diagram.language, "initial")),
        "width": "0.125",
    }
    yield f'"{name}" {attributes(values)};'
    tooltip = {"tooltip": encode(word(diagram.language, "initial")), "color": style.INK}
    yield f'"{name}" -> "{encode(node.id)}" {attributes(tooltip)};'


def _node(node: Node, *, current: bool) -> str:
    lines = label_lines(node.label, _NODE_WRAP, _NODE_SIZE)
    width, height = block(lines, _NODE_SIZE)
    values = {
        "label": plain(lines),
        "tooltip": _tooltip(node.id, node.tooltip),
        "width": _inches(max(width + 2 * _MARGIN_X, _MIN_WIDTH)),
        "height": _inches(height + 2 * _MARGIN_Y),
        **_KINDS[node.kind],
    }
    if current:
        values |= {"fillcolor": style.CURRENT_FILL, "penwidth": "2.6"}
    return f'"{encode(node.id)}" {attributes(values)};'


def _cluster(cluster: Cluster) -> dict[str, str]:
    lines = label_lines(cluster.label, 2 * _NODE_WRAP, _NODE_SIZE, bold=True)
    return {
        "class": "",
        "color": style.GREY,
        "label": _label(lines, _NODE_SIZE, bold=True),
        "style": "rounded",
        "tooltip": _tooltip(cluster.id, ""),
    }


def _edge(edge: Edge, colour: str | None) -> dict[str, str]:
    values = {"tooltip": _tooltip(edge.id, edge.tooltip)}
    if colour:
        values["color"] = colour
    if edge.label:
        lines = label_lines(edge.label, _EDGE_WRAP, _EDGE_SIZE)
        values["label"] = _label(lines, _EDGE_SIZE, colour=text_colour(colour) if colour else style.INK)
    if edge.defect:
        values["style"] = "dashed"
    return values


def _label(lines: Iterable[str], size: float, *, colour: str = style.INK, bold: bool = False) -> str:
    return table((cell(lines, size, colour=colour, bold=bold),), padding=3)


def _tooltip(identifier: str, text: str) -> str:
    return encode(identifier) + (f": {encode(clean(text))}" if text else "")


def _inches(points: float) -> str:
    return f"{points / _POINTS_PER_INCH:.3f}"
