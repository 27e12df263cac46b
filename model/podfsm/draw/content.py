"""Tables to diagrams: nodes and arrows of a `Picture`.

Arrows with the same ends and the same actor are one, with the titles of all events that cause it as its label.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from podfsm.draw import regions
from podfsm.draw.abstract import Change, Followed, follow, start_values
from podfsm.draw.diagram import Actor, Cluster, Diagram, Edge, Language, Node, NodeKind
from podfsm.draw.pictures import Picture, Variable, pictures, unknown
from podfsm.draw.style import GREY
from podfsm.draw.words import Words
from podfsm.errors import PodfsmError
from podfsm.language.model import Formula, Model, Table, View
from podfsm.language.wording import wording

INFLUENCE = "influence"


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of one arrow: the ids of its nodes, the row or event, the row that decided, and the defect it needs."""

    source: str
    target: str
    cause: str
    decided: str = ""
    defect: str = ""


@dataclass(frozen=True, slots=True)
class Parts:
    """Nodes, arrows and boxes of (a part of) a diagram."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    clusters: tuple[Cluster, ...] = ()

    def __add__(self, other: Parts) -> Parts:
        return Parts(self.nodes + other.nodes, self.edges + other.edges, self.clusters + other.clusters)


NOTHING = Parts(())


def diagram(
    model: Model, name: str, language: Language = "en", current: Sequence[str] = (), visited: Sequence[str] = ()
) -> Diagram:
    """Make a diagram of the section `diagrams:`.

    Parameters
    ----------
    model, name, language
        The tables, the diagram, the language of its labels.
    current
        Nodes to highlight, by value.
    visited
        Values one after another, as a counterexample shows them; the arrows between them are highlighted.

    Raises
    ------
    PodfsmError
        for a name that the diagram, or the tables, do not have.
    """
    known = pictures(model)
    if name not in known:
        raise PodfsmError(unknown("diagram", name, known))
    picture, words = known[name], Words(model, language)
    parts = NOTHING
    if picture.view:
        view = model.views[picture.view]
        causes = [
            Cause(e.source, e.target, *cause[:2], defect=e.defect) for e in view.edges for cause in e.causes if cause
        ]
        parts = view_parts(words, view, causes, picture)
    if picture.states:
        parts += _states(words, picture)
    if picture.tables:
        parts += _tables(words, picture)
    if picture.regions:
        nodes, edges = regions.overview(words, [model.machines[name] for name in picture.regions], picture.contract)
        parts = Parts(tuple(nodes), tuple(edges))
    title = words.say(picture.key(), picture.title)
    caption = words.say(picture.key("caption"), picture.caption) if picture.caption else ""
    made = Diagram(
        picture.id, title, parts.nodes, parts.edges, parts.clusters, actors(words), language,
        caption=caption, rankdir=picture.rank,
    )  # fmt: skip
    return highlighted(made, current, visited)


def actors(words: Words) -> tuple[Actor, ...]:
    """Return the actors of the tables, and the arrows that nobody causes."""
    found = [
        Actor(name, words.say(f"actor {name}", named.text("title") or name), named.text("colour") or "#000000")
        for name, named in words.model.named["actors"].items()
    ]
    found.append(Actor(INFLUENCE, words.word(INFLUENCE), GREY))
    return tuple(found)


# ---------------------------------------------------------------------------------------------------------- highlights


def highlighted(made: Diagram, current: Sequence[str], visited: Sequence[str] = ()) -> Diagram:
    """Highlight nodes and a path, given as ids or values of nodes."""
    around = {node.id: {node.id, node.cluster} for node in made.nodes}
    steps = [(around[one], around[other]) for one, other in pairwise(_node_id(made, name) for name in visited)]
    return replace(
        made,
        current=frozenset(_node_id(made, name) for name in current),
        path=frozenset(
            edge.id for edge in made.edges if any(edge.source in one and edge.target in other for one, other in steps)
        ),
    )


def _node_id(made: Diagram, name: str) -> str:
    ids = [node.id for node in made.nodes]
    if name in ids:
        return name
    found = [identifier for identifier in ids if identifier.rpartition(": ")[2] == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise PodfsmError(f"{name!r} is the name of several nodes; give one of: {', '.join(found)}")
    raise PodfsmError(unknown(f"node of diagram {made.id}", name, ids))


# -------------------------------------------------------------------------------------------------------------- arrows


def arrows(
    words: Words,
    causes: Iterable[Cause],
    names: Mapping[str, str],
    boxes: Mapping[str, Cluster] | None = None,
) -> tuple[Edge, ...]:
    """Merge causes with the same ends, actor and defect; arrows from a node to itself are left out.

    Parameters
    ----------
    words, causes
        The language, and the causes of all arrows.
    names
        How nodes are called, by id.
    boxes
        Boxes of nodes that are drawn together, by node: arrows between different boxes lead from box to box, and their
        labels tell from where and to where in the box each event leads.
    """
    boxes = boxes or {}
    bundles: dict[tuple[str, str, str, str], list[Cause]] = {}
    for cause in causes:
        event = words.event_of(cause.cause)
        if cause.source != cause.target and event is not None:
            inside = boxes.get(cause.source) == boxes.get(cause.target)
            ends = [name if inside or name not in boxes else boxes[name].id for name in (cause.source, cause.target)]
            bundles.setdefault((ends[0], ends[1], event.actor, cause.defect), []).append(cause)
    members: dict[str, set[str]] = {}
    for name, box in boxes.items():
        members.setdefault(box.id, set()).add(name)
    return tuple(_arrow(words, names, found, ends, members) for ends, found in bundles.items())


def _arrow(
    words: Words,
    names: Mapping[str, str],
    causes: Sequence[Cause],
    bundle: tuple[str, str, str, str],
    members: Mapping[str, set[str]],
) -> Edge:
    source, target, actor, defect = bundle
    texts: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for cause in causes:
        sources, targets = texts.setdefault(words.cause(cause.cause, cause.decided), ({}, {}))
        sources[cause.source], targets[cause.target] = None, None
    from_all, to_all = ({name for ends in texts.values() for name in ends[side]} for side in (0, 1))
    # A box of which only one node is meant is not meant.
    source = source if len(from_all) > 1 else from_all.pop()
    target = target if len(to_all) > 1 else to_all.pop()
    told: dict[str, list[str]] = {}
    for text, (sources, targets) in texts.items():
        here = [names[name] for name in sources] if members.get(source, set(sources)) != set(sources) else []
        there = [names[name] for name in targets] if target in members else []
        told.setdefault(words.between(", ".join(here), ", ".join(there)), []).append(text)
    label = words.listed(told)
    return Edge(
        id=" ".join(filter(None, (f"{source} -> {target} by {actor}", defect))),
        source=source,
        target=target,
        label=((words.word("defect").format(defect),) if defect else ()) + label,
        actors=(actor,) if actor in words.model.named["actors"] else (),
        defect=defect,
        tooltip="; ".join(label),
        causes=tuple(dict.fromkeys((cause.cause, cause.decided) for cause in causes)),
    )


def terminal(nodes: Collection[str], causes: Iterable[Cause], ends: Collection[str] = ()) -> frozenset[str]:
    """Return the nodes without a way out, or with none but to `ends`; without any arrows there is none."""
    ways: dict[str, set[str]] = {name: set() for name in nodes}
    causes = list(causes)
    for cause in causes:
        if cause.source != cause.target:
            ways[cause.source].add(cause.target)
    return frozenset(name for name, targets in ways.items() if causes and targets <= set(ends))


# --------------------------------------------------------------------------------------------------------------- views


def view_parts(
    words: Words,
    view: View,
    causes: Sequence[Cause],
    picture: Picture | None = None,
    shown: Collection[str] | None = None,
    starts: Collection[str] | None = None,
    around: Cluster | None = None,
) -> Parts:
    """Draw a view.

    Parameters
    ----------
    words, view, picture
        The language, the view, and its entry in `diagrams:`, for labels.
    causes
        Of its arrows; ends are values of the view.
    shown, starts
        Values to show, and those to start from (all, and as the tables say, by default).
    around
        A box that says what it is a view of; its id stands before those of the nodes in it.
    """
    prefix = f"{around.id}: " if around is not None else ""
    outer = around.id if around is not None else None
    if starts is None:
        starts = {str(value) for value in start_values(words.model, view.collection, view.shows.expr) or ()}
    causes = [replace(c, source=prefix + c.source, target=prefix + c.target) for c in causes]
    names = [name for name in (*view.nodes, *view.unused) if shown is None or name in shown]
    boxes = {name: replace(box, parent=outer) for name, box in _boxes(words, picture, prefix, names).items()}
    labels = {prefix + name: _view_node(words, picture, view, name) for name in names}
    edges = arrows(words, causes, labels, boxes)
    ends = terminal(
        [prefix + n for n in names if n not in view.unused],
        causes,
        [prefix + n for n in (picture.ends if picture is not None else ())],
    )
    nodes = []
    for name in names:
        kind: NodeKind = "terminal" if prefix + name in ends else "initial" if name in starts else "state"
        label: tuple[str, ...] = (labels[prefix + name],)
        if name in view.unused:
            kind, label = "unused", (name, words.say(f"view {view.id} {name}", view.unused[name]))
        box = boxes.get(prefix + name)
        nodes.append(Node(prefix + name, label, kind, box.id if box is not None else outer))
    clusters = dict.fromkeys(filter(None, [around, *boxes.values()]))
    return Parts(tuple(nodes), edges, tuple(clusters))


def _boxes(words: Words, picture: Picture | None, prefix: str, names: Sequence[str]) -> dict[str, Cluster]:
    """Return the box of each node that is in one of the picture's; a box for a single node is none."""
    found: dict[str, Cluster] = {}
    for title, members in picture.clusters.items() if picture is not None else ():
        present = [name for name in names if name in members]
        box = Cluster(prefix + title, (_named(words, picture, title),))
        found |= {prefix + name: box for name in present if len(present) > 1}
    return found


def _view_node(words: Words, picture: Picture | None, view: View, name: str) -> str:
    if picture is not None and name in picture.nodes:
        return _named(words, picture, name)
    return words.say(f"view {view.id} {name}", view.nodes.get(name, ""))


# -------------------------------------------------------------------------------------------------------------- states


def _states(words: Words, picture: Picture) -> Parts:
    """Draw the values of variables, each variable in a box if there are several."""
    parts = NOTHING
    for collection in dict.fromkeys(collection for collection, _ in picture.states):
        followed = follow(
            words.model, collection, [n for c, n in (*picture.states, *picture.follow) if c == collection]
        )
        drawn = [name for c, name in picture.states if c == collection]
        for index, name in enumerate(drawn):
            parts += _variable(words, picture, (collection, name), followed, index)
        parts += Parts((), tuple(_influences(picture, followed, len(drawn))))
    return parts


def place_of(picture: Picture, name: str, value: Any) -> str:
    """Return the id of the node of a variable's value."""
    return f"{name}: {_value(value)}" if len(picture.states) > 1 or picture.tables else _value(value)


def _value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _possible(picture: Picture, change: Change, index: int) -> bool:
    before, after = _value(change.before[index]), _value(change.after[index])
    return before != after and (before, after, change.event.id) not in picture.never


def _variable(words: Words, picture: Picture, variable: Variable, followed: Followed, index: int) -> Parts:
    model, (collection, name) = words.model, variable
    field = model.fields[collection][name].variable
    assert field is not None
    causes: dict[Cause, None] = {}
    for change in followed.changes:
        if _possible(picture, change, index):
            row = next((row for row in reversed(change.rows) if name in row.then), None)
            source, target = (place_of(picture, name, values[index]) for values in (change.before, change.after))
            cause = (
                Cause(source, target, change.event.id)
                if row is None
                else Cause(source, target, row.id, defect=row.defect)
            )
            causes[cause] = None
    box = Cluster(name, (words.titled(model.machines[field.machine]),)) if len(picture.states) > 1 else None
    if box is not None and model.machines[field.machine].main != name:
        box = Cluster(name, (_named(words, picture, name),))
    edges = arrows(words, causes, {})
    reached = {values[index] for values in followed.reached}
    values = [value for value in field.values if value in reached]
    places = [place_of(picture, name, value) for value in values]
    ends = terminal(places, causes, [place_of(picture, name, value) for value in picture.ends])
    starts = {values[index] for values in followed.starts}
    nodes = []
    for value in values:
        identifier = place_of(picture, name, value)
        kind: NodeKind = "terminal" if identifier in ends else "initial" if value in starts else "state"
        nodes.append(Node(identifier, (_named(words, picture, _value(value)),), kind, box.id if box else None))
    return Parts(tuple(nodes), edges, (box,) if box else ())


def _named(words: Words, picture: Picture | None, name: str) -> str:
    if picture is None or name not in picture.nodes:
        return name
    return words.say(picture.key("node", name), picture.nodes[name])


def _influences(picture: Picture, followed: Followed, drawn: int) -> Iterator[Edge]:
    """Yield an arrow from each value without which something of another variable cannot happen."""
    found: dict[tuple[str, str], list[str]] = {}
    for index in range(drawn):
        groups: dict[tuple[Any, Any, str], list[Change]] = {}
        for change in followed.changes:
            if _possible(picture, change, index):
                groups.setdefault((change.before[index], change.after[index], change.event.id), []).append(change)
        for (before, after, _), changes in groups.items():
            for other in range(drawn):
                if other == index or any(c.before[other] != c.after[other] for c in changes):
                    continue
                needed = {c.before[other] for c in changes}
                possible = {values[other] for values in followed.reached if values[index] == before}
                if len(needed) == 1 and needed < possible:
                    source = place_of(picture, followed.names[other], needed.pop())
                    target = place_of(picture, followed.names[index], after)
                    found.setdefault((source, target), []).append(changes[0].event.title)
    for (source, target), titles in found.items():
        yield Edge(f"{source} -> {target}", source, target, (), (INFLUENCE,), tooltip="; ".join(dict.fromkeys(titles)))


# -------------------------------------------------------------------------------------------------------------- tables


def _tables(words: Words, picture: Picture) -> Parts:
    """Draw decision tables, in rows of `_COLUMNS`, with arrows to those that take over what another gives."""
    tables = [words.model.tables[name] for name in picture.tables]
    by = (picture.actor,) if picture.actor else ()
    edges = [
        Edge(f"{other.id} -> {table.id}", other.id, table.id, actors=by)
        for table in tables
        for other in tables
        if other is not table and any(other.id in formula.text for row in table.rows for formula in row.then.values())
    ]
    return Parts(tuple(_table(words, picture, table) for table in tables), tuple(edges))


def _table(words: Words, picture: Picture, table: Table) -> Node:
    """Draw a decision table: its rows, numbered in their order, with what each gives."""
    rows = []
    for number, row in enumerate(table.rows, 1):
        only = f"{words.word('defect').format(row.defect)} " if row.defect else ""
        rows.append((f"{number}. {only}{words.row(row)}", _named(words, picture, _result(picture, table, row.then))))
    return Node(table.id, (words.titled(table),), "region", rows=tuple(rows), actor=picture.actor or None)


def _result(picture: Picture, table: Table, then: Mapping[str, Formula]) -> str:
    names = [r.name for r in table.results if table.single or not picture.results or r.name in picture.results]
    values = [wording(then[name].expr) for name in names if name in then]
    return ": ".join(value for value in values if value and value != "''")
