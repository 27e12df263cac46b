"""A story as a chain of states, for what no diagram shows: one node for each state, one arrow for each step."""

from __future__ import annotations

from collections.abc import Iterator

from podfsm.draw.content import actors
from podfsm.draw.diagram import Diagram, Edge, Node
from podfsm.draw.story import Story
from podfsm.draw.words import Words
from podfsm.explore.prove import shown
from podfsm.explore.views import variables_of
from podfsm.language.model import Property
from podfsm.language.wording import literal


def chain(words: Words, story: Story, one: Property | None, name: str, title: str, caption: str = "") -> Diagram:
    """Draw a story as a chain.

    A node tells what the API shows (`settings: story:`), and what has changed of the variables that decide the
    property; without a property, of all variables.

    Parameters
    ----------
    words, story, one
        The language, the story, and the property that it breaks, if known.
    name, title, caption
        Of the diagram.
    """
    seen = list(_told(words, story, one))
    nodes = [
        Node(str(number), lines, "initial" if number == 0 else "state", tooltip="; ".join(lines))
        for number, lines in enumerate(seen)
    ]
    edges = [_arrow(words, story, number) for number in range(1, len(seen))]
    ends = frozenset([nodes[-1].id])
    return Diagram(
        name,
        title,
        tuple(nodes),
        tuple(edges),
        actors=actors(words),
        language=words.language,
        caption=caption,
        ends=ends,
        dense=True,
    )


def _arrow(words: Words, story: Story, number: int) -> Edge:
    step = story.steps[number - 1]
    name, _, element = step.event.partition("@")
    event = words.event_of(name)
    title = words.event(event) if event is not None else name
    chosen = ", ".join(f"{key} = {literal(value)}" for key, value in step.arguments)
    where = f" ({element.partition('/')[2] or element})" if element else ""
    label = (f"{number}. {title}{where}", *([chosen] if chosen else []))
    defects = dict.fromkeys(row.defect for row in words.rows_of(step.rows) if row.defect)
    only = tuple(words.word("defect").format(defect) for defect in defects)
    return Edge(
        f"step {number}",
        str(number - 1),
        str(number),
        (*only, *label),
        (event.actor,) if event is not None else (),
        next(iter(defects), ""),
        tooltip="; ".join(words.row(row) for row in words.rows_of(step.rows)),
    )


def _told(words: Words, story: Story, one: Property | None) -> Iterator[tuple[str, ...]]:
    """Yield the lines of each state: what is shown, at first and at the end whole, else what has changed."""
    before: dict[str, str] = {}
    for number, state in enumerate(story.states):
        shows = {words.heading(title): value for title, value in shown(story.system, state)}
        now = {**shows, **dict(_values(words, story, one))}
        whole = shows if number in (0, len(story.states) - 1) else {}
        changed = {name: value for name, value in now.items() if before and before.get(name) != value}
        before = now
        lines = [f"{name}: {value}" for name, value in (whole | changed).items()]
        yield tuple(lines) or (words.word("unchanged"),)


def _values(words: Words, story: Story, one: Property | None) -> Iterator[tuple[str, str]]:
    """Yield what is followed in the state that is loaded, by name."""
    model = words.model
    wanted = variables_of(model, one.condition.expr) if one is not None else frozenset()
    for members in story.system.component_elements:
        for element in members:
            place = story.name(element).partition("/")[2]
            for field in model.fields[element.collection.id].values():
                if field.variable is not None and (one is None or field.name in wanted):
                    yield f"{place} {field.name}".lstrip(), literal(element.get(field.name))
