"""The lifecycle of one pod: the views of whole pods, with only those values and arrows that this pod can show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from podfsm.draw.content import NOTHING, Cause, Parts, actors, highlighted, view_parts
from podfsm.draw.diagram import Cluster, Diagram, Language
from podfsm.draw.pictures import Picture, pictures
from podfsm.draw.words import Words
from podfsm.errors import PodfsmError
from podfsm.explore.prove import Exploration, explore_configuration
from podfsm.explore.views import applies, declared, project
from podfsm.language.model import Model, View

if TYPE_CHECKING:
    from podfsm.explore.search import Progress
    from podfsm.requests import Defects
    from podfsm.verify.size import Plan
    from podfsm.verify.subjects import Subject

MAX_STATES, MAX_BYTES = 30_000_000, 3 << 30
"""Limits of the exploration, those of `podfsm verify`."""


def pod_diagram(
    model: Model,
    subject: Subject,
    language: Language = "en",
    defects: Defects = "as-is",
    only: str = "",
    current: Sequence[str] = (),
    progress: Callable[[Progress], None] | None = None,
) -> Diagram:
    """Explore a pod and draw what it can do.

    Parameters
    ----------
    model, subject, language
        The tables, the pod, the language of the labels.
    defects
        Whether rows that only a defect makes exist.
    only
        A diagram of the tables that shows a view of whole pods; '' for all of them, in boxes.
    current
        Nodes to highlight.
    progress
        Told how far the exploration is.

    Raises
    ------
    PodfsmError
        If the pod is too large to be explored, or there is no such diagram or node.
    """
    shown = _shown(model, subject, only)
    words = Words(model, language)
    plan, exploration, parts = _drawn(words, model, subject, shown, defects, progress)
    made = Diagram(
        "pod",
        words.word("lifecycle").format(subject.name),
        parts.nodes,
        parts.edges,
        parts.clusters,
        actors(words),
        language,
        caption=_caption(words, plan, exploration),
        rankdir=shown[0][0].rank if len(shown) == 1 else "LR",
    )
    return highlighted(made, current)


def _drawn(
    words: Words,
    model: Model,
    subject: Subject,
    shown: Sequence[tuple[Picture, View]],
    defects: Defects,
    progress: Callable[[Progress], None] | None,
) -> tuple[Plan, Exploration, Parts]:
    """Explore the largest variant of a pod whose pairs of local states can be noted, and draw its views."""
    from podfsm.verify.size import plan_for

    why = "draw a smaller one"
    for most in (MAX_STATES, MAX_STATES // 8, MAX_STATES // 64, MAX_STATES // 512):
        plan = plan_for(model, subject.configuration, most)
        if not plan.fits:
            break
        exploration = explore_configuration(
            model, plan.configuration, defects, (), MAX_STATES, max_bytes=MAX_BYTES, watch=True, progress=progress
        )
        if exploration.result.complete:
            parts = sum((_restricted(words, exploration, *one) for one in shown), NOTHING)
            return plan, exploration, parts
        why = exploration.result.reason or why
    raise PodfsmError(f"{subject.place}: the pod {subject.name} is too large to be explored: {why}")


def _shown(model: Model, subject: Subject, only: str) -> list[tuple[Picture, View]]:
    found = [
        (picture, model.views[picture.view])
        for picture in pictures(model).values()
        if picture.view and applies(model.views[picture.view], subject.configuration)
    ]
    chosen = [(picture, view) for picture, view in found if only in ("", picture.id)]
    if not chosen:
        names = ", ".join(picture.id for picture, _ in found)
        raise PodfsmError(f"{only!r} cannot be drawn of one pod; leave it out, or name one of: {names}")
    return chosen


def _restricted(words: Words, exploration: Exploration, picture: Picture, view: View) -> Parts:
    """Draw a view of every element of the pod; elements that can do the same share one drawing."""
    system = exploration.system
    defects = declared(view)
    same: dict[tuple[frozenset[str], tuple[Cause, ...]], list[str]] = {}
    for number, members in enumerate(system.component_elements):
        projection = project(exploration, view, component=system.components[number])
        if members[0].collection.id == view.collection and projection.starts:
            told = (Cause(a.source, a.target, a.row, a.decided, defects.get(a, "")) for a in sorted(projection.arrows))
            same.setdefault((projection.starts, tuple(told)), []).append(system.components[number])
    parts = NOTHING
    for (starts, causes), names in same.items():
        shown = {end for cause in causes for end in (cause.source, cause.target)} | starts
        label = (words.titled(view), *(names if view.collection != system.analysis.root else ()))
        parts += view_parts(words, view, causes, picture, shown, starts, Cluster(names[0], label))
    return parts


def _caption(words: Words, plan: Plan, exploration: Exploration) -> str:
    text = words.word("explored").format(f"{len(exploration.result):,}")
    left_out = [words.say(f"{reduction.id}", reduction.title) for reduction in plan.reductions]
    return text + (words.word("left-out").format(", ".join(left_out)) if left_out else "")
