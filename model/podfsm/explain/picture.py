"""The lifecycle of a pod with its present states and what may come next highlighted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from podfsm.draw.content import NOTHING, Cause, actors, highlighted, view_parts
from podfsm.draw.diagram import Cluster, Diagram, Language
from podfsm.draw.dot import to_dot
from podfsm.draw.engine import FORMATS, render
from podfsm.draw.pictures import Picture, pictures
from podfsm.draw.words import Words
from podfsm.errors import PodfsmError
from podfsm.explain.outlook import Outlook
from podfsm.files import write_atomically
from podfsm.language.evaluate import EvaluationError
from podfsm.language.model import Model, View
from podfsm.language.world import Element
from podfsm.machines.composition import element_name


@dataclass(frozen=True)
class Spot:
    """Where an element (its name, '' for the pod) is in a view, and the values that it may have after one step."""

    element: str
    value: str
    next: frozenset[str]


def lifecycle(model: Model, outlook: Outlook, name: str, language: Language) -> Diagram:
    """Draw what `settings: explained-diagram` names, each view once for the elements that are at the same spot.

    Raises
    ------
    PodfsmError
        If the tables do not say what is drawn.
    """
    words = Words(model, language)
    parts = NOTHING
    marks: list[tuple[str, Spot]] = []
    for picture in _shown(model):
        view = model.views[picture.view]
        for spot, names in _together(_spots(outlook, view)):
            box = Cluster(f"{view.id} {names[0]}".strip(), (words.titled(view), *filter(None, names)))
            parts += view_parts(words, view, _causes(view), picture, around=box)
            marks.append((f"{box.id}: ", spot))
    made = Diagram(
        "pod", words.word("lifecycle").format(name), parts.nodes, parts.edges, parts.clusters, actors(words), language,
        rankdir="LR",
    )  # fmt: skip
    return _marked(made, marks)


def write_picture(path: Path, drawn: Diagram) -> None:
    """Write a diagram in the form that the suffix of the file names.

    Raises
    ------
    PodfsmError
        If it names none, or there is no engine; the DOT is then written all the same.
    """
    form, source = form_of(path), to_dot(drawn)
    try:
        write_atomically(path, render(source, form))
    except PodfsmError as error:
        rescue = path.with_suffix(".dot")
        write_atomically(rescue, source)
        raise PodfsmError([*error.messages, f"{rescue}: written instead"]) from error


def form_of(path: Path) -> str:
    """Return the form of a picture that the suffix of its file names.

    Raises
    ------
    PodfsmError
        If it names none.
    """
    form = path.suffix.removeprefix(".").lower()
    if form not in FORMATS:
        raise PodfsmError(f"{path}: its suffix is none of {', '.join(FORMATS)}; choose one of them")
    return form


def _shown(model: Model) -> list[Picture]:
    setting = model.named["settings"].get("explained-diagram")
    if setting is None:
        raise PodfsmError("these tables do not say what is drawn; add `settings: explained-diagram:`")
    known = pictures(model)
    return [known[cell.text] for cell in setting.data.value]


def _causes(view: View) -> list[Cause]:
    return [
        Cause(edge.source, edge.target, *cause[:2], defect=edge.defect)
        for edge in view.edges
        for cause in edge.causes
        if cause
    ]


def _spots(outlook: Outlook, view: View) -> Iterator[Spot]:
    elements = outlook.world.elements_of(view.collection)
    after: list[set[str]] = [set() for _ in elements]
    for root in map(outlook.root_in, outlook.after()):
        for found, element in zip(after, root.world.elements_of(view.collection), strict=True):
            found.add(_value(view, element))
    for found, element in zip(after, elements, strict=True):
        value = _value(view, element)
        yield Spot(element_name(element) if element.parent is not None else "", value, frozenset(found - {value}))


def _value(view: View, element: Element) -> str:
    """Return the node of a view at which an element is; '' where the tables have no answer."""
    try:
        value: Any = element.world.program.cached_closure(view.shows)((element,), None)
    except EvaluationError:
        return ""
    return str(value)


def _together(spots: Iterable[Spot]) -> list[tuple[Spot, Sequence[str]]]:
    found: dict[tuple[str, frozenset[str]], tuple[Spot, list[str]]] = {}
    for spot in spots:
        found.setdefault((spot.value, spot.next), (spot, []))[1].append(spot.element)
    return list(found.values())


def _marked(made: Diagram, marks: Sequence[tuple[str, Spot]]) -> Diagram:
    nodes = {node.id for node in made.nodes}
    current = [prefix + spot.value for prefix, spot in marks if prefix + spot.value in nodes]
    steps = [(prefix + spot.value, prefix + after) for prefix, spot in marks for after in spot.next]
    path = [highlighted(made, (), step).path for step in steps if nodes.issuperset(step)]
    return replace(made, current=frozenset(current), path=frozenset().union(*path))
