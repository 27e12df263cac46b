"""A diagram as DOT: the same bytes for the same diagram, whatever the order of its parts.

Sizes of nodes and of labels are ours (see :mod:`podfsm.draw.text`), names are percent-encoded (see
:func:`podfsm.draw.markup.encode`), and a tooltip on every node, edge and cluster starts with its id, which the SVG
keeps as ``<title>``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from podfsm.draw import style
from podfsm.draw.diagram import Cluster, Diagram, Edge, Node
from podfsm.draw.legend import heading, word
from podfsm.draw.markup import attributes, cell, encode, plain, table, text_colour
from podfsm.draw.text import block, clean, label_lines

_FONT = "Helvetica"  # graphviz-pure carries a font of these metrics; the SVG gets a list with Korean fonts
_NODE_SIZE = 12.0
_EDGE_SIZE = 11.0
_NODE_WRAP = 170.0  # points
_EDGE_WRAP = {"TB": 165.0, "BT": 165.0, "LR": 120.0, "RL": 120.0}
_TALL = 8  # lines; a label with more of them is wider
_REASON_WRAP = 180.0
_RESULT_WRAP = 165.0
_MARGIN_X = 11.0
_MARGIN_Y = 10.0
_MIN_WIDTH = 54.0
_POINTS_PER_INCH = 72
_COLUMNS = 3

_KINDS: Mapping[str, Mapping[str, str]] = {
    "state": {},
    "initial": {},
    "terminal": {"peripheries": "2", "fillcolor": style.TERMINAL_FILL},
    "unused": {"style": "rounded,filled,dotted", "color": style.GREY, "fontcolor": style.GREY_TEXT, "penwidth": "1.6"},
    "region": {"style": "filled", "fillcolor": style.REGION_FILL, "penwidth": "1.6"},
}
_EDGE_KINDS: Mapping[str, Mapping[str, str]] = {
    "transition": {},
    "reads": {"arrowhead": "vee", "penwidth": "1"},
    "changes": {"penwidth": "2.4"},
    "faded": {"color": style.GREY, "penwidth": "1"},
}
_DENSE = "0.18"
_RANK_GAP = {"TB": "0.5", "BT": "0.5", "LR": "0.2", "RL": "0.2"}  # inches; sideways, labels already need much room


def to_dot(diagram: Diagram) -> str:
    """Return the diagram as DOT source, ending in a newline."""
    return "\n".join(_lines(diagram)) + "\n"


def _lines(diagram: Diagram) -> Iterator[str]:
    yield f'digraph "{encode(diagram.id)}" {{'
    yield f"  graph {attributes(_graph(diagram))};"
    yield f"  node {attributes(_NODE_DEFAULTS)};"
    yield f"  edge {attributes(_EDGE_DEFAULTS)};"
    yield from _members(diagram, None, "  ")
    colours = {actor.id: actor.colour for actor in diagram.actors}
    returning = back_edges(diagram)
    for edge in sorted(diagram.edges, key=_by_id):
        yield from (f"  {line}" for line in _arrow(diagram, edge, colours, returning=edge.id in returning))
    yield from (f"  {line}" for line in _grid(diagram))
    yield "}"


def _grid(diagram: Diagram) -> Iterator[str]:
    """Keep tables in rows of `_COLUMNS`: nothing else holds them below each other."""
    tables = [encode(node.id) for node in diagram.nodes if node.rows]
    for above, below in zip(tables, tables[_COLUMNS:], strict=False):
        yield f'"{above}" -> "{below}" [style="invis"];'


def _arrow(diagram: Diagram, edge: Edge, colours: Mapping[str, str], *, returning: bool) -> Iterator[str]:
    """Write an edge: in two halves if it has a label, which is a node between them.

    So no label is laid upon a node or a line, and each stands on its own edge. A returning edge is written the other
    way round, with its arrow at the tail.
    """
    values = _edge(edge, colours)
    if edge.id in diagram.path:
        values |= {"penwidth": "3.6", "arrowsize": "1"} | ({"weight": "8"} if diagram.marks else {})
    boxes = {cluster.id for cluster in diagram.clusters}
    tables = {node.id for node in diagram.nodes if node.rows}
    source, target = _ends(diagram, edge)
    leaving = {"ltail": f"cluster_{encode(edge.source)}"} if edge.source in boxes else {}
    arriving = {"lhead": f"cluster_{encode(edge.target)}"} if edge.target in boxes else {}
    if source in tables and target in tables:
        values["constraint"] = "false"  # the grid alone says where tables stand
    if not _labelled(diagram, edge):
        yield _line(encode(source), encode(target), values | leaving | arriving, returning=returning)
        return
    label = _label_name(edge)
    yield _line(encode(source), label, values | leaving | {"arrowhead": "none"}, returning=returning)
    yield _line(label, encode(target), values | arriving, returning=returning or edge.source == edge.target)


def _line(tail: str, head: str, values: dict[str, str], *, returning: bool) -> str:
    if returning:
        tail, head = head, tail
        opposite = {"arrowhead": "arrowtail", "ltail": "lhead", "lhead": "ltail"}
        values = {opposite.get(key, key): value for key, value in values.items()} | {"dir": "back"}
    return f'"{tail}" -> "{head}" {attributes(values)};'


def _ends(diagram: Diagram, edge: Edge) -> tuple[str, str]:
    """Return the nodes at the ends of an edge.

    Of a cluster it is the last that it holds where an edge leaves, and the first where one arrives; Graphviz cuts the
    edge off at the border.
    """
    source, target = ([n.id for n in _sorted(diagram, end)] or [end] for end in (edge.source, edge.target))
    return source[-1], target[0]


def _sorted(diagram: Diagram, cluster: str | None) -> list[Node]:
    return sorted((node for node in diagram.nodes if node.cluster == cluster), key=_initial_first)


def back_edges(diagram: Diagram) -> frozenset[str]:
    """Return the ids of edges that close a circle when one walks from the initial nodes, depth first.

    DOT has them the other way round, with the arrow at the tail: else Graphviz breaks circles where it likes, and may
    put a later state on top.
    """
    leaving: dict[str, list[tuple[str, str]]] = {node.id: [] for node in diagram.nodes}
    for edge in sorted(diagram.edges, key=_by_id, reverse=True):
        source, target = _ends(diagram, edge)
        leaving[source].append((edge.id, target))
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
            identifier, target = edges.pop()
            if target in open_nodes and target != node:
                found.add(identifier)
            elif target in leaving:
                open_nodes.add(target)
                walk.append((target, leaving.pop(target)))
    return frozenset(found)


def _graph(diagram: Diagram) -> dict[str, str]:
    return {
        "bgcolor": style.PAPER,
        "charset": "UTF-8",
        "compound": "true",
        "class": diagram.language,
        "fontname": _FONT,
        "fontsize": f"{_NODE_SIZE:g}",
        "label": heading(diagram),
        "labeljust": "l",
        "labelloc": "t",
        "nodesep": "0.4" if any(node.rows for node in diagram.nodes) else "0.2",
        "pad": "0.12",
        "rankdir": diagram.rankdir,
        "ranksep": _DENSE if diagram.dense else _RANK_GAP[diagram.rankdir],
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
    "penwidth": "1.4",
}


def _members(diagram: Diagram, parent: str | None, indent: str) -> Iterator[str]:
    """Write nodes and clusters that lie directly in the cluster `parent` (None: in the graph)."""
    colours = {actor.id: actor.colour for actor in diagram.actors}
    for node in _sorted(diagram, parent):
        if node.kind == "initial":
            yield from (indent + line for line in _entry(diagram, node))
        yield indent + _node(diagram, node, colours)
    labelled = (edge for edge in diagram.edges if _labelled(diagram, edge) and _place(diagram, edge) == parent)
    for edge in sorted(labelled, key=_by_id):
        yield indent + _edge_label(diagram, edge)
    for cluster in sorted((c for c in diagram.clusters if c.parent == parent), key=_by_id):
        yield f'{indent}subgraph "cluster_{encode(cluster.id)}" {{'
        yield f"{indent}  graph {attributes(_cluster(diagram, cluster))};"
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


def _labelled(diagram: Diagram, edge: Edge) -> bool:
    return bool(edge.label or edge.id in diagram.marks)


def _node(diagram: Diagram, node: Node, colours: Mapping[str, str]) -> str:
    if node.rows:
        return _decision(node, colours.get(node.actor or "", style.INK))
    mark = (diagram.marks[node.id],) if node.id in diagram.marks else ()
    lines = label_lines((*node.label, *mark), _NODE_WRAP, _NODE_SIZE)
    width, height = block(lines, _NODE_SIZE)
    values = {
        "label": plain(lines),
        "tooltip": _tooltip(node.id, node.tooltip),
        "width": _inches(max(width + 2 * _MARGIN_X, _MIN_WIDTH)),
        "height": _inches(height + 2 * _MARGIN_Y),
        **_KINDS[node.kind],
    }
    if node.id in diagram.current | diagram.ends:
        values |= {"fillcolor": style.CURRENT_FILL, "penwidth": "2.6"}
    elif node.id in diagram.visited:
        values |= {"fillcolor": style.VISITED_FILL, "penwidth": "2.6"}
    return f'"{encode(node.id)}" {attributes(values)};'


def _decision(node: Node, colour: str) -> str:
    """Write a table: its title, and below it reasons and results; its lines have the colour of who decides."""
    widths = (_REASON_WRAP, _RESULT_WRAP)
    title = cell(label_lines(node.label, sum(widths), _NODE_SIZE, bold=True), _NODE_SIZE, bold=True)
    rows = [title.replace("<TD", f'<TD COLSPAN="2" BGCOLOR="{style.REGION_FILL}"', 1)]
    for row in node.rows:
        sides = zip(row, widths, strict=True)
        rows.append("".join(cell(label_lines((text,), width, _EDGE_SIZE), _EDGE_SIZE) for text, width in sides))
    values = {
        "fixedsize": "false",
        "label": table(rows, padding=4, lines=colour),
        "shape": "plain",
        "style": "",
        "tooltip": _tooltip(node.id, node.tooltip),
    }
    return f'"{encode(node.id)}" {attributes(values)};'


def _cluster(diagram: Diagram, cluster: Cluster) -> dict[str, str]:
    lines = label_lines(cluster.label, 2 * _NODE_WRAP, _NODE_SIZE, bold=True)
    return {
        "class": "",
        "color": style.GREY,
        "label": table((cell(lines, _NODE_SIZE, bold=True),), padding=3),
        "style": "rounded",
        "tooltip": _tooltip(cluster.id, ""),
        # The arrows of a path lead into boxes, mostly from above.
        **({"labeljust": "l", "labelloc": "b"} if diagram.marks else {}),
    }


def _edge(edge: Edge, colours: Mapping[str, str]) -> dict[str, str]:
    values = {"tooltip": _tooltip(edge.id, edge.tooltip)}
    if edge.actors:
        values["color"] = ":".join(colours[actor] for actor in edge.actors)  # lines beside each other
    if edge.defect:
        values["style"] = "dashed"
    return {**values, **_EDGE_KINDS[edge.kind]}


def _place(diagram: Diagram, edge: Edge) -> str | None:
    """Return the cluster of a label: the innermost that holds both ends."""
    around = {node.id: node.cluster for node in diagram.nodes} | {c.id: c.parent for c in diagram.clusters}
    place, outside = around[edge.source], [around[edge.target]]
    while outside[-1] is not None:
        outside.append(around[outside[-1]])
    while place not in outside:
        place = around[place or ""]
    return place


def _label_name(edge: Edge) -> str:
    return f"%label {encode(edge.id)}"  # no encoded id is like it: there, two digits follow a percent sign


def _edge_label(diagram: Diagram, edge: Edge) -> str:
    colours = [actor.colour for actor in diagram.actors if actor.id in edge.actors]
    colour = text_colour(colours[0]) if len(colours) == 1 else style.INK
    width = diagram.label_width or _EDGE_WRAP[diagram.rankdir]
    lines = label_lines(edge.label, width, _EDGE_SIZE)
    if len(lines) > _TALL:
        lines = label_lines(edge.label, 1.5 * width, _EDGE_SIZE)
    rows = [cell(lines, _EDGE_SIZE, colour=colour)] if lines else []
    if edge.id in diagram.marks:
        mark = label_lines((diagram.marks[edge.id],), width, _EDGE_SIZE, bold=True)
        rows.insert(0, cell(mark, _EDGE_SIZE, colour=style.INK, bold=True))
    values = {
        "fixedsize": "false",
        "label": table(rows, padding=3),
        "shape": "plain",
        "style": "",
        "tooltip": _tooltip(edge.id, edge.tooltip),
    }
    return f'"{_label_name(edge)}" {attributes(values)};'


def _tooltip(identifier: str, text: str) -> str:
    return encode(identifier) + (f": {encode(clean(text))}" if text else "")


def _inches(points: float) -> str:
    return f"{points / _POINTS_PER_INCH:.3f}"
