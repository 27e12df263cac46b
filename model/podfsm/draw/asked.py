"""Stories that somebody asks for: of a file that `verify` wrote, or of a property, found by exploring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from podfsm.draw.chain import chain
from podfsm.draw.content import diagram
from podfsm.draw.diagram import Diagram
from podfsm.draw.manifest import MAX_BYTES, MAX_STATES, pod_diagram
from podfsm.draw.path import missing, on_path, tracks, with_arrow
from podfsm.draw.pictures import Picture, pictures, unknown
from podfsm.draw.story import Story, Telling, make_again, read_telling, told
from podfsm.draw.words import Words
from podfsm.errors import PodfsmError
from podfsm.explore.configuration import Configuration, system_for
from podfsm.explore.prove import applicable, explore_configuration
from podfsm.names import nearest
from podfsm.verify.subjects import Subject, shipped_subjects

if TYPE_CHECKING:
    from podfsm.language.model import Model, Property
    from podfsm.requests import DrawRequest


@dataclass(frozen=True, slots=True)
class Asked:
    """A story, the property that it is about (None if the tables do not have it), and the pod it happens to."""

    telling: Telling
    property: Property | None
    subject: Subject
    configuration: Configuration

    def story(self, model: Model) -> Story:
        """Make the story again."""
        assume = self.property.assume if self.property is not None else ()
        return make_again(system_for(model, self.configuration, self.telling.mode, assume), self.telling)


def story_diagram(request: DrawRequest, model: Model, subjects: Sequence[Subject]) -> Diagram:
    """Draw the story that is asked for, in a diagram that is named, else as a chain of states.

    Parameters
    ----------
    request, model
        What is asked for, and the tables.
    subjects
        The pods of the manifest; none without one.

    Raises
    ------
    PodfsmError
        If there is no such story, or the diagram shows nothing of it.
    """
    picture = _picture(model, request.view) if request.view else None
    asked = _read(request, model, subjects) if request.trace is not None else _found(request, model, subjects)
    story = asked.story(model)
    words = Words(model, request.lang)
    caption = _caption(words, asked)
    name = asked.telling.property
    if picture is None:
        return chain(words, story, asked.property, name, name, caption)
    if subjects:
        made = pod_diagram(model, asked.subject, request.lang, request.cluster.defects, picture.id)
        prefixes = {name: f"{box.id}: " for box in made.clusters for name in (box.id, *box.label[1:]) if not box.parent}
    else:
        made, prefixes = diagram(model, picture.id, request.lang), None
    highlighted = _highlighted(words, asked, story, picture, made, prefixes)
    return replace(highlighted, title=f"{name}: {made.title}", caption=caption)


def _highlighted(
    words: Words,
    asked: Asked,
    story: Story,
    picture: Picture,
    made: Diagram,
    prefixes: Mapping[str, str] | None,
) -> Diagram:
    followed = tracks(story, picture, words.model.views.get(picture.view), prefixes)
    if not followed:
        raise PodfsmError(
            f"no step of the story changes what {picture.id} shows; leave it away, then all steps are drawn as a chain"
        )
    known = {node.id for node in made.nodes}
    defects = asked.property.defects if asked.property is not None else ()
    for change in missing(made, followed):
        if known.issuperset(change[1:]):
            made = with_arrow(made, words, story, change, next(iter(defects), ""))
    return on_path(made, words, story, followed)


def _picture(model: Model, name: str) -> Picture:
    known = pictures(model)
    if name not in known:
        raise PodfsmError(unknown("diagram", name, known))
    fit = [one.id for one in known.values() if (one.view or one.states) and not one.tables]
    if name not in fit:
        raise PodfsmError(f"{name} cannot show a story; leave it away, or name one of: {', '.join(fit)}")
    return known[name]


def _caption(words: Words, asked: Asked) -> str:
    why = words.statement(asked.property) if asked.property is not None else "?"
    mode, where = words.word(asked.telling.mode), asked.telling.pod
    return words.word("story").format(property=asked.telling.property, mode=mode, configuration=where, why=why)


def _read(request: DrawRequest, model: Model, subjects: Sequence[Subject]) -> Asked:
    """Read the story from a file; the pod is that of the manifest, else a shipped configuration."""
    assert request.trace is not None
    names = {subject.name for subject in subjects}
    only = names.pop() if len(names) == 1 else ""
    telling = read_telling(request.trace, request.property, request.cluster.defects, only)
    candidates = list(subjects) if subjects else [] if telling.kind else shipped_subjects(model, request.cluster)
    subject = next((one for one in candidates if one.name == telling.pod), None)
    if subject is None:
        raise PodfsmError(f"{request.trace}: the story is of the pod {telling.pod}; name its manifest with -f")
    return Asked(telling, model.properties.get(telling.property), subject, _explored(model, subject))


def _explored(model: Model, subject: Subject) -> Configuration:
    """Return what `verify` explores of a pod."""
    if subject.shipped:
        return subject.configuration
    from podfsm.verify.size import plan_for

    return plan_for(model, subject.configuration, MAX_STATES).configuration


def _found(request: DrawRequest, model: Model, subjects: Sequence[Subject]) -> Asked:
    """Explore the pods, or the shipped configurations, until one has a story of the property; the small ones first."""
    one = model.properties.get(request.property)
    if one is None:
        raise PodfsmError(f"unknown property {request.property!r}; {nearest(request.property, model.properties)}")
    mode = request.cluster.defects
    if not subjects and one.form != "reachable" and one.expect.get(mode, "proved") == "proved":
        raise PodfsmError(
            f"property {one.id} has no counterexample, {mode.replace('-', ' ')}: it holds on all shipped "
            "configurations; name one that is REFUTED, or a manifest with -f"
        )
    candidates = subjects or sorted(shipped_subjects(model, request.cluster), key=_weight)
    judged = 0
    with request.console.progress(f"looking for a story of {one.id}", len(candidates)) as progress:
        for subject in candidates:
            progress.describe(f"looking for a story of {one.id} on {subject.name}")
            progress.advance()
            configuration = _explored(model, subject)
            if applicable(model, configuration, system_for(model, configuration, mode), one):
                continue
            explored = explore_configuration(
                model, configuration, mode, [one], max_states=MAX_STATES, max_bytes=MAX_BYTES
            )
            judged += 1
            for verdict in explored.verdicts:
                if verdict.trace:
                    telling = Telling(subject.name, subject.kind, one.id, mode, told(verdict.trace))
                    return Asked(telling, one, subject, configuration)
    where = subjects[0].name if len(subjects) == 1 else f"{judged} of {len(candidates)} configurations"
    text = f"it was judged on {where}" if judged else f"it applies to none of {where}"
    raise PodfsmError(f"property {one.id} has no story, {mode.replace('-', ' ')}: {text}; see podfsm verify --property")


def _weight(subject: Subject) -> int:
    """Guess how large a configuration is."""
    lists = [value for value in subject.configuration.document.get("spec", {}).values() if isinstance(value, list)]
    return 100 * sum(len(items) for items in lists) + len(subject.configuration.features)
