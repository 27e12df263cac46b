"""The picture of each defect: the shortest counterexample of its property, in the diagram that shows it best.

A diagram of a view is taken where the whole pod is explored and the last step of the story changes what the view shows,
or else the one that changes most; it must have an arrow for every step, but for the last one, which may be the defect
itself. Where no diagram shows the story, it is drawn as a chain of states.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from podfsm.document.markdown import sentence
from podfsm.document.texts import BASE
from podfsm.draw.chain import chain
from podfsm.draw.content import diagram
from podfsm.draw.diagram import Diagram, Language
from podfsm.draw.path import Track, missing, on_path, tracks, with_arrow
from podfsm.draw.pictures import Picture, pictures
from podfsm.draw.story import Story, Telling, make_again, told
from podfsm.draw.words import Words
from podfsm.explore.configuration import shipped, system_for
from podfsm.language.model import Model, Named, Property

if TYPE_CHECKING:
    from podfsm.explore.report import Report

MODE = "as-is"
"""The mode in which defects are there."""


@dataclass(frozen=True, slots=True)
class Shown:
    """How a story is shown: the diagram and its tracks, or None for a chain; the change that has no arrow."""

    picture: Picture | None
    followed: tuple[Track, ...] = ()
    added: tuple[int, str, str] | None = None


def property_of(model: Model, report: Report, defect: Named) -> Property | None:
    """Return the property whose story shows a defect: the first that is refuted because of it, beliefs last."""
    found = [
        one
        for one in model.properties.values()
        if defect.id in one.defects and one.id in report.properties and report.properties[one.id].modes[MODE].story
    ]
    return min(found, key=lambda one: bool(one.title), default=None)


def defect_diagrams(model: Model, report: Report, languages: tuple[Language, ...]) -> Iterator[tuple[str, Diagram]]:
    """Yield the id of each defect that has a story, with its picture in each language."""
    configurations = {one.id: one for one in shipped(model)}
    drawn = Drawn(model)
    for defect in model.named["defects"].values():
        one = property_of(model, report, defect)
        if one is None:
            continue
        verdict = report.properties[one.id].modes[MODE]
        system = system_for(model, configurations[verdict.configuration], MODE, one.assume)
        story = make_again(system, Telling(verdict.configuration, "", one.id, MODE, told(verdict.story)))
        shown = choose(drawn, story, bool(configurations[verdict.configuration].machines))
        for language in languages:
            yield defect.id, picture_of(drawn, story, shown, defect, one, verdict.configuration, language)


@dataclass(frozen=True)
class Drawn:
    """The diagrams of some tables that can show a path, each drawn once."""

    model: Model
    _made: dict[tuple[str, Language], Diagram] = field(default_factory=dict)

    @cached_property
    def pictures(self) -> list[Picture]:
        """Those of views and of variables."""
        found = pictures(self.model).values()
        return [picture for picture in found if (picture.view or picture.states) and not picture.tables]

    def diagram(self, picture: Picture, language: Language) -> Diagram:
        """Return one of them."""
        key = picture.id, language
        if key not in self._made:
            self._made[key] = diagram(self.model, *key)
        return self._made[key]


def choose(drawn: Drawn, story: Story, region: bool) -> Shown:
    """Choose how a story is shown.

    Parameters
    ----------
    drawn, story
        The diagrams, and the story.
    region
        Whether a region alone was explored. Then what diagrams of whole pods show is not what the story is about,
        unless its last step is one that they do not have.
    """
    found: list[tuple[tuple[bool, bool, int], Shown]] = []
    for picture in drawn.pictures:
        followed = tuple(tracks(story, picture, drawn.model.views.get(picture.view)))
        if not followed:
            continue
        made = drawn.diagram(picture, "en")
        without = missing(made, followed)
        last = any(number == len(story.steps) for track in followed for number, _, _ in track.changes())
        if not fits_but_for(made, followed, len(story.steps)) or (region and not without):
            continue
        key = (last, bool(picture.view), sum(len(track.changes()) for track in followed))
        found.append((key, Shown(picture, followed, next(iter(without), None))))
    return max(found, key=lambda item: item[0])[1] if found else Shown(None)


def fits_but_for(made: Diagram, followed: tuple[Track, ...], last: int) -> bool:
    """Tell whether a diagram has all nodes of some tracks, and an arrow for each change but one at the last step."""
    known = {one.id for one in made.nodes}
    without = missing(made, followed)
    return all(known.issuperset(track.nodes) for track in followed) and (
        not without or (len(without) == 1 and without[0][0] == last)
    )


def picture_of(
    drawn: Drawn, story: Story, shown: Shown, defect: Named, one: Property, configuration: str, language: Language
) -> Diagram:
    """Draw the story of a defect."""
    words = Words(drawn.model, language)
    title = words.say(f"defect {defect.id}", defect.text("title"))
    title = f"{defect.id}: {sentence(title) if language == BASE else title}"
    caption = words.word("story").format(
        property=one.id, mode=words.word(MODE), configuration=configuration, why=words.statement(one)
    )
    if shown.picture is None:
        return chain(words, story, one, defect.id, title, caption)
    made = drawn.diagram(shown.picture, language)
    if shown.added is not None:
        made = with_arrow(made, words, story, shown.added, defect.id)
    return replace(on_path(made, words, story, shown.followed), id=defect.id, title=title, caption=caption)
