"""What is drawn: nodes, edges, clusters and the actors who cause the edges.

Everything here is immutable and checked when a :class:`Diagram` is made, so that the writers of DOT need no checks.
Labels are tuples of lines; a line that is too long is wrapped when it is drawn.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Language = Literal["en", "ko"]
NodeKind = Literal["state", "initial", "terminal", "unused", "region"]
EdgeKind = Literal["transition", "reads", "changes", "faded"]
RankDirection = Literal["TB", "LR", "BT", "RL"]

# Okabe and Ito, "Color Universal Design" (2008), without the yellow that white paper swallows.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")

_COLOUR = re.compile(r"#[0-9a-f]{6}")


def palette_colour(index: int) -> str:
    """Return the colour of the actor with this index (0-based); colours repeat after seven."""
    return PALETTE[index % len(PALETTE)]


@dataclass(frozen=True, slots=True)
class Actor:
    """One who causes edges. `colour` is ``#rrggbb`` in lower case."""

    id: str
    title: str
    colour: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """A box around nodes; `parent` is the id of the cluster that holds it."""

    id: str
    label: tuple[str, ...]
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A node. ``unused`` is a state that exists and that nothing leads to; ``region`` is a machine in an overview.

    With `rows` it is a table: each has a reason and a result; `actor` is the id of who decides by it.
    """

    id: str
    label: tuple[str, ...]
    kind: NodeKind = "state"
    cluster: str | None = None
    tooltip: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge between nodes, or from or to the border of a cluster, which stands for all that it holds.

    `actors` are the ids of those who cause it; `defect` is the one without which it would not be, or ''. Between
    machines, `kind` tells whether the target reads what the source has, or the source changes what the target has;
    ``faded`` is a transition beside a path.
    `causes` are the ids of the rows or events that make it, each with the row that decided, or ''.
    """

    id: str
    source: str
    target: str
    label: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    defect: str = ""
    kind: EdgeKind = "transition"
    tooltip: str = ""
    causes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Diagram:
    """A drawing.

    Parameters
    ----------
    id, title, caption
        Name in files, heading, and one sentence below the heading (may be empty).
    current, path
        Ids of nodes and of edges to highlight.
    visited, ends
        Ids of nodes that a path goes through, and of those where it ends.
    marks
        What is written in bold on a node or edge, by its id: the numbers of the steps of a path.
    dense
        Whether arrows are short, as in a long chain.
    label_width
        Points after which labels of arrows are broken; 0 for what fits the direction.
    legend
        Whether to explain the actors and line styles that occur.

    Raises
    ------
    ValueError
        An id that is empty, occurs twice or names nothing; a colour that is not ``#rrggbb``; clusters in a circle.
    """

    id: str
    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    actors: tuple[Actor, ...] = ()
    language: Language = "en"
    legend: bool = True
    caption: str = ""
    rankdir: RankDirection = "TB"
    dense: bool = False
    label_width: float = 0.0
    current: frozenset[str] = frozenset()
    path: frozenset[str] = frozenset()
    visited: frozenset[str] = frozenset()
    ends: frozenset[str] = frozenset()
    marks: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problems = [*self._problems()]
        if problems:
            raise ValueError(f"diagram {self.id!r}: " + "; ".join(problems))

    def _problems(self) -> Iterable[str]:
        for kind, items in (
            ("node", self.nodes),
            ("edge", self.edges),
            ("cluster", self.clusters),
            ("actor", self.actors),
        ):
            counts = Counter(item.id for item in items)
            yield from (f"{kind} id {name!r} occurs {count} times" for name, count in counts.items() if count > 1)
            if "" in counts:
                yield f"a {kind} has an empty id"
        nodes, edges = _ids(self.nodes), _ids(self.edges)
        clusters, actors = _ids(self.clusters), _ids(self.actors)
        holding = {cluster for cluster in (node.cluster for node in self.nodes) if cluster is not None} & clusters
        yield from _unknown("node", [e.source for e in self.edges] + [e.target for e in self.edges], nodes | holding)
        yield from _unknown("node", self.current | self.visited | self.ends, nodes)
        yield from _unknown("node or edge", self.marks, nodes | edges)
        yield from _unknown("edge", self.path, edges)
        yield from _unknown("actor", [actor for e in self.edges for actor in e.actors], actors)
        yield from _unknown("actor", [n.actor for n in self.nodes], actors)
        yield from _unknown("cluster", [n.cluster for n in self.nodes] + [c.parent for c in self.clusters], clusters)
        yield from (f"{name!r} is a node and a cluster" for name in sorted(nodes & clusters))
        for actor in self.actors:
            if not _COLOUR.fullmatch(actor.colour):
                yield f"the colour of actor {actor.id!r} is {actor.colour!r}, not six digits like #0072b2"
        yield from _circles({cluster.id: cluster.parent for cluster in self.clusters})


def _ids(items: Iterable[Node | Edge | Cluster | Actor]) -> frozenset[str]:
    return frozenset(item.id for item in items)


def _unknown(kind: str, names: Iterable[str | None], known: Collection[str]) -> Iterable[str]:
    missing = {name for name in names if name is not None} - set(known)
    return (f"no {kind} has the id {name!r}" for name in sorted(missing))


def _circles(parents: dict[str, str | None]) -> Iterable[str]:
    for start in parents:
        ancestor = parents[start]
        for _ in parents:
            if ancestor is None or ancestor == start:
                break
            ancestor = parents.get(ancestor)
        if ancestor == start:
            yield f"cluster {start!r} holds itself"
