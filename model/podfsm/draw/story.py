"""Stories: runs of a pod, as a counterexample tells them, made again so that every state on the way can be seen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from podfsm.errors import PodfsmError
from podfsm.explore.adapter import Label, TableSystem
from podfsm.explore.prove import Step, shown
from podfsm.explore.reference import successors
from podfsm.explore.system import State
from podfsm.files import read_input
from podfsm.language.world import Element

MAX_BYTES = 64 << 20
"""Largest answer of `verify` that is read."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A story as it is told: of which pod (or shipped configuration) and property, in which mode, and its steps.

    Each step is an event with its arguments, the rows that fired, and what is shown afterwards.
    """

    pod: str
    kind: str
    property: str
    mode: str
    steps: tuple[tuple[str, frozenset[str], tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True, slots=True)
class Story:
    """A story that was made again: its steps, and all states, of which there is one more."""

    system: TableSystem
    steps: tuple[Step, ...]
    states: tuple[State, ...]

    def elements(self, collection: str) -> list[Element]:
        """Return the elements of a collection."""
        members = [element for found in self.system.component_elements for element in found]
        return [element for element in members if element.collection.id == collection]

    def name(self, element: Element) -> str:
        """Return what stories call an element, such as ``container/app``."""
        return self.system.components[self.system.component_of[id(element)]]


def event_of(step: Step) -> str:
    """Write an event with the arguments that were chosen, as the answer of ``verify`` does."""
    arguments = ", ".join(f"{name}={value}" for name, value in step.arguments)
    return f"{step.event}({arguments})" if arguments else step.event


def told(steps: Sequence[Step]) -> tuple[tuple[str, frozenset[str], tuple[tuple[str, str], ...]], ...]:
    """Return steps as a `Telling` has them."""
    return tuple((event_of(step), frozenset(step.rows), step.shows) for step in steps)


# ------------------------------------------------------------------------------------------------------------- reading


def read_telling(name: str, wanted: str, mode: str, pod: str = "") -> Telling:
    """Read the counterexample of a property from the answer of ``podfsm verify -o json``.

    Parameters
    ----------
    name
        File, ``-`` for standard input.
    wanted
        The property; '' if the answer tells one story only.
    mode
        ``as-is`` or ``intended``: which one, if both have a story.
    pod
        Name of the pod; '' for any.

    Raises
    ------
    PodfsmError
        If it is no such answer, or tells no such story, or several.
    """
    found = [
        telling
        for telling in _tellings(name)
        if wanted in ("", telling.property) and pod in ("", telling.pod) and telling.mode == mode
    ]
    ids = list(dict.fromkeys(telling.property for telling in found))
    if not found:
        of = f" of property {wanted}" if wanted else ""
        raise PodfsmError(
            f"{name}: tells no story{of}{f' of pod {pod}' if pod else ''}, {mode.replace('-', ' ')}; write it with: "
            "podfsm verify -o json, and name a property that is REFUTED there"
        )
    if len(ids) > 1:
        raise PodfsmError(f"{name}: tells {len(ids)} stories; choose one with --property: {', '.join(ids)}")
    return found[0]


def _tellings(name: str) -> Iterator[Telling]:
    try:
        answer = json.loads(read_input(name, MAX_BYTES))
        for pod in answer["pods"]:
            for one in pod["properties"]:
                if one.get("trace"):
                    steps = tuple(_step(step) for step in one["trace"])
                    yield Telling(str(pod["name"]), str(pod["kind"]), str(one["id"]), str(one["mode"]), steps)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise PodfsmError(f"{name}: is no answer of podfsm verify -o json ({type(error).__name__}: {error})") from None


def _step(step: Mapping[str, Any]) -> tuple[str, frozenset[str], tuple[tuple[str, str], ...]]:
    shows = tuple((key, str(value)) for key, value in step.items() if key not in ("event", "rows"))
    return str(step["event"]), frozenset(map(str, step["rows"])), shows


# ----------------------------------------------------------------------------------------------------- making it again


def make_again(system: TableSystem, telling: Telling) -> Story:
    """Run a story again.

    Raises
    ------
    PodfsmError
        If it cannot happen in this system.
    """
    furthest = 0
    todo: list[tuple[tuple[Step, ...], tuple[State, ...]]] = [((), (state,)) for state in system.initial()]
    while todo:
        steps, states = todo.pop()
        if len(steps) == len(telling.steps):
            return Story(system, steps, states)
        furthest = max(furthest, len(steps))
        wanted = telling.steps[len(steps)]
        following = [(step, state) for step, state in _possible(system, states[-1], wanted[0])]
        todo += [
            ((*steps, step), (*states, state))
            for step, state in reversed(following)
            if (event_of(step), frozenset(step.rows), step.shows) == wanted
        ]
    raise PodfsmError(
        f"step {furthest + 1} of the story ({telling.steps[furthest][0]}) cannot happen in {telling.pod} with these "
        "tables; give the manifest, --kubernetes and --gate with which podfsm verify told it"
    )


def _possible(system: TableSystem, state: State, event: str) -> Iterator[tuple[Step, State]]:
    """Yield what an event, named with or without its arguments, can do."""
    name = event.partition("(")[0]
    for number, one in enumerate(system.events):
        if one.name != name:
            continue
        for stages, after in successors(system, number, state):
            labels: list[Label] = [
                system.labels[moved[component]]
                for stage, moved in zip(one.stages, stages, strict=True)
                for component in stage.writes
                if moved[component] >= 0
            ]
            yield (
                Step(
                    event=name,
                    rows=tuple(dict.fromkeys(row for label in labels for row in label.rows)),
                    arguments=tuple(pair for label in labels for pair in label.arguments),
                    decided=tuple(dict.fromkeys(row for label in labels for row in label.decided)),
                    shows=shown(system, after),
                ),
                after,
            )
