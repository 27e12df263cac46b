"""The path of a story through a diagram: its states and arrows highlighted, with the numbers of the steps."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from podfsm.draw.content import place_of
from podfsm.draw.diagram import Diagram, Edge
from podfsm.draw.pictures import Picture
from podfsm.draw.story import Story
from podfsm.draw.words import Words
from podfsm.explore.views import node
from podfsm.language.evaluate import EvaluationError
from podfsm.language.model import View


@dataclass(frozen=True, slots=True)
class Track:
    """What a diagram shows of some elements that do the same: ids of its nodes, one for each state of a story."""

    elements: tuple[str, ...]
    nodes: tuple[str, ...]

    def changes(self) -> list[tuple[int, str, str]]:
        """Return the number of each step that changes it (the first is 1), with the nodes before and after."""
        steps = enumerate(pairwise(self.nodes), 1)
        return [(number, before, after) for number, (before, after) in steps if before != after]


def tracks(story: Story, picture: Picture, view: View | None, prefixes: Mapping[str, str] | None = None) -> list[Track]:
    """Follow what a picture shows through a story.

    Parameters
    ----------
    story, picture, view
        The story, and what is drawn; the view is None if the picture does not show one.
    prefixes
        By name of an element, what the ids of its nodes begin with; elements without an entry are left out.

    Returns
    -------
    One track for each variable, or view, of elements that do the same; none of those that never change.
    """
    found: dict[tuple[str, ...], list[str]] = {}
    for name, nodes in _followed(story, picture, view):
        if prefixes is None or name in prefixes:
            prefix = prefixes[name] if prefixes is not None else ""
            found.setdefault(tuple(prefix + one for one in nodes), []).append(name)
    return [Track(tuple(names), nodes) for nodes, names in found.items() if len(set(nodes)) > 1]


def _followed(story: Story, picture: Picture, view: View | None) -> Iterator[tuple[str, list[str]]]:
    if view is not None:
        shows = story.system.program.cached_closure(view.shows)
        for element in story.elements(view.collection):
            nodes = []
            for state in story.states:
                story.system.load_state(state)
                try:
                    nodes.append(node(shows((element,), None)))
                except EvaluationError:  # an exploration of a region may lack what the view shows
                    break
            else:
                yield story.name(element), nodes
    for collection, name in picture.states:
        for element in story.elements(collection):
            nodes = []
            for state in story.states:
                story.system.load_state(state)
                nodes.append(place_of(picture, name, element.get(name)))
            yield story.name(element), nodes


def missing(made: Diagram, followed: Sequence[Track]) -> list[tuple[int, str, str]]:
    """Return the changes for which a diagram has no arrow."""
    return [change for track in followed for change in track.changes() if not _between(made, *change[1:])]


def _between(made: Diagram, before: str, after: str) -> list[Edge]:
    around = {one.id: {one.id, one.cluster} for one in made.nodes}
    ends = around.get(before, set()), around.get(after, set())
    return [edge for edge in made.edges if edge.source in ends[0] and edge.target in ends[1]]


def on_path(made: Diagram, words: Words, story: Story, followed: Sequence[Track]) -> Diagram:
    """Highlight the path of a story: states and arrows, with the numbers of the steps, and where it ends.

    Of several arrows between two nodes those are taken that the rows of the step make. They lead from node to node, and
    tell what happened; the others lose their labels. Where elements differ, the numbers have their names before them.
    """
    steps: dict[tuple[str, str, str], _Taken] = {}
    ends: dict[str, list[str]] = {}
    known = {one.id for one in made.nodes}
    several = len({track.elements for track in followed}) > 1
    for track in followed:
        who = words.elements(track.elements) if several else ""
        if track.nodes[-1] in known:
            ends.setdefault(track.nodes[-1], []).append(who)
        for number, before, after in track.changes():
            for edge, text in _taken(made, words, story, number, before, after):
                taken = steps.setdefault((before, after, edge.id), _Taken(edge))
                taken.numbers.setdefault(who, []).append(number)
                taken.texts[text] = None
    arrows = {_name(key): _arrow(words, key, taken) for key, taken in steps.items()}
    marks = {_name(key): words.steps(taken.numbers) for key, taken in steps.items()}
    marks |= {name: words.ending(names) for name, names in ends.items() if several}
    return replace(
        made,
        edges=(*arrows.values(), *_beside(made, {taken.edge.id for taken in steps.values()})),
        path=frozenset(arrows),
        visited=frozenset(known.intersection(name for track in followed for name in track.nodes)),
        ends=frozenset(ends),
        marks={**made.marks, **marks},
    )


@dataclass(frozen=True, slots=True)
class _Taken:
    """An arrow that a path takes: by the name of who takes it the numbers of the steps, and what happened."""

    edge: Edge
    numbers: dict[str, list[int]] = field(default_factory=dict)
    texts: dict[str, None] = field(default_factory=dict)


def _name(key: tuple[str, str, str]) -> str:
    before, after, edge = key
    return edge if edge.startswith(f"{before} -> {after} ") else f"{before} -> {after}: {edge}"


def _arrow(words: Words, key: tuple[str, str, str], taken: _Taken) -> Edge:
    only = (words.word("defect").format(taken.edge.defect),) if taken.edge.defect else ()
    return replace(taken.edge, id=_name(key), source=key[0], target=key[1], label=(*only, *taken.texts))


def _beside(made: Diagram, taken: Collection[str]) -> Iterator[Edge]:
    """Fade the arrows that are not taken; of several between the same ends one is left."""
    ends: set[tuple[str, str]] = set()
    for edge in made.edges:
        if edge.id not in taken and (edge.source, edge.target) not in ends:
            ends.add((edge.source, edge.target))
            yield replace(edge, label=(), actors=(), kind="faded")


def _taken(made: Diagram, words: Words, story: Story, number: int, before: str, after: str) -> list[tuple[Edge, str]]:
    """Return the arrows that a step takes, with what happened: those with its rows among their causes, else one."""
    step = story.steps[number - 1]
    event = step.event.partition("@")[0]
    decided = {"", *step.decided}
    between = _between(made, before, after)
    for rows in (step.rows, (event,)):
        found = [
            (edge, words.cause(row, by)) for edge in between for row, by in edge.causes if row in rows and by in decided
        ]
        if found:
            return found[:1]
    return [(edge, words.cause(event)) for edge in between][:1]


def with_arrow(made: Diagram, words: Words, story: Story, change: tuple[int, str, str], defect: str) -> Diagram:
    """Add an arrow for a step that the diagram does not show, since only a defect makes it."""
    number, before, after = change
    step = story.steps[number - 1]
    event = words.event_of(step.event.partition("@")[0])
    actor = (event.actor,) if event is not None else ()
    told = words.event(event) if event is not None else step.event
    arrow = Edge(
        f"{before} -> {after} by {defect}",
        before,
        after,
        (told,),
        actor,
        defect,
        causes=((step.event.partition("@")[0], ""),),
    )
    return replace(made, edges=(*made.edges, arrow))
