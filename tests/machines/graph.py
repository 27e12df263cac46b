"""The explored graph and the machines side by side: which state of one is which state of the other."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from podfsm.explore.adapter import FireStage, TableSystem, Write
from podfsm.explore.configuration import Configuration, shipped, system_for
from podfsm.explore.search import Result, explore
from podfsm.explore.system import State
from podfsm.language import tables
from podfsm.language.model import Model
from podfsm.language.world import UNSET, Element
from podfsm.machines.composition import Composition, Shot, Values, element_name
from podfsm.machines.pod import PodMachine, Setup

Key = tuple[Any, ...]
Step = tuple[tuple[str, ...], State]
"""The rows of events that fire, sorted, and the state that they lead to."""
Question = tuple[int, int, int, int]
"""Event, component, local state, context: what the exploration asks of the first stage of an event."""

SMALL = 2000
"""Configurations with fewer states are compared in every state."""

SAMPLE = 100
"""So many states of every larger configuration are compared."""


@dataclass(frozen=True)
class Comparison:
    """What was compared in one configuration: contexts of regions, states of pods; and what differs."""

    contexts: int
    states: int
    regions: list[str]
    pods: list[str]


def compare(directory: str, configuration: str, mode: str) -> Comparison:
    """Compare machines and graph in a configuration of the tables."""
    model = tables.loaded(directory)
    pair = Pair(model, next(c for c in shipped(model) if c.id == configuration), mode)
    pods = [] if pair.state() in pair.system.initial() else ["they begin differently"]
    result = explore(pair.system)
    questions = list(pair.questions)
    regions = [pair.describe(q) for q in questions if pair.region_steps(q) != pair.graph_region_steps(q)]
    states: Sequence[int] = range(len(result))
    dice = random.Random(len(result))
    if len(result) >= SMALL:
        states = dice.sample(states, SAMPLE)
    for index in states:
        pods += pair.differences(result, result.state(index), dice)
    return Comparison(len(questions), len(states), regions, pods)


def key_of(element: Element) -> Key:
    """Where an element is: the same for the same element of another world."""
    above = key_of(element.parent) if element.parent is not None else ()
    return (*above, element.collection.id, element.index)


class Pair:
    """One configuration: the system that is explored, and the composed machines."""

    def __init__(self, model: Model, configuration: Configuration, mode: str) -> None:
        self.system: TableSystem = system_for(model, configuration, mode)
        self.pod = PodMachine(Setup(model, configuration, mode))
        self.composition: Composition = self.pod._pod
        self.questions: dict[Question, Sequence[tuple[int, int]]] = {}
        places = {
            (key_of(members[at]), index): (component, position)
            for component, members in enumerate(self.system.component_elements)
            for position, (at, index, _, _) in enumerate(self.system.variables[component])
        }
        self.places = [places[key_of(e), f.index] for e, f in self.composition.variables]
        self.events = {
            (event.id, key_of(element)): number for number, (event, element) in enumerate(self.system.table_events)
        }
        self.elements = {key_of(e): e for e in self.composition.elements}
        same = {key_of(e): e for members in self.system.component_elements for e in members}
        self.twins = {id(e): same[key_of(e)] for e in self.composition.elements if key_of(e) in same}
        self._ask = self.system.step
        self.system.step = self._record  # type: ignore[method-assign]

    def _record(self, event: int, stage: int, component: int, local: int, context: int) -> Sequence[tuple[int, int]]:
        answer = self._ask(event, stage, component, local, context)
        if stage == 0:
            self.questions[event, component, local, context] = answer
        return answer

    # ---------------------------------------------------------------------------------------------------------- states

    def values(self, state: State) -> Values:
        """The values of all variables in a state of the graph."""
        return tuple(self.system._states[component][state[component]][at] for component, at in self.places)

    def other_values(self, state: State, dice: random.Random) -> Values:
        """Values that are this state of the graph, but other ones where the graph does not care."""
        values = list(self.values(state))
        self.composition.load(tuple(values))
        for position, (element, field) in enumerate(self.composition.variables):
            component, at = self.places[position]
            bound = self.system.variables[component][at][3]
            if bound is not None and values[position] == bound:
                values[position] += dice.randrange(4)
            elif field.variable is not None and field.variable.dead is not None:
                dead = self.composition.program.cached_closure(field.variable.dead)
                if dead((element,), None):
                    values[position] = dice.choice(self.system._states[component])[at]
        return tuple(values)

    def state(self) -> State:
        """The state of the graph that the composed machines are in: counters saturate there."""
        for (element, field), value in zip(self.composition.variables, self.composition.values(), strict=True):
            self.twins[id(element)].values[field.index] = value
        return tuple(self._local(component) for component in range(len(self.system.components)))

    def _local(self, component: int) -> int:
        members = self.system.component_elements[component]
        return self.system._intern(component, self.system._collect(component, members))

    # ----------------------------------------------------------------------------------------------------------- steps

    def machine_steps(self, values: Values) -> dict[int, set[Step]]:
        """What the composed machines can do with these values of variables, by event."""
        composition, found = self.composition, dict[int, set[Step]]()
        composition.load(values)
        for region in composition.regions.values():
            for event in composition.offered(region):
                steps = {
                    (tuple(sorted(rows)), self.state())
                    for arguments in composition.arguments(event, region.element)
                    for _, rows in composition.outcomes(region, event, arguments)
                }
                if steps:
                    found[self.events[event.id, key_of(region.element)]] = steps
        return found

    def graph_steps(self, successors: Iterable[tuple[int, Any, State]]) -> dict[int, set[Step]]:
        """What the graph has, by event; `successors` are its transitions from a state."""
        found: dict[int, set[Step]] = {}
        for event, moves, after in successors:
            labels = [self.system.labels[label] for _, _, label in moves if label >= 0]
            rows = tuple(sorted(row for label in labels for row in label.rows))
            found.setdefault(event, set()).add((rows, after))
        return found

    def differences(self, result: Result, state: State, dice: random.Random) -> list[str]:
        """What the two can do differently in a state."""
        values = self.other_values(state, dice)
        self.composition.load(values)
        if self.state() != state:
            return [f"{self.pod.variables} is not the state {state} of the graph"]
        expected, found = self.graph_steps(result.successors(state)), self.machine_steps(values)
        changed = [
            f"{element_name(element)}.{field.name} = {value!r}"
            for (element, field), value, kept in zip(
                self.composition.variables, values, self.values(state), strict=True
            )
            if value != kept
        ]
        return [
            f"{self.system.events[event].name}: {found.get(event)}, in the graph {expected.get(event)}, "
            f"at {state} = {self.described(state)}, with {', '.join(changed)}"
            for event in expected.keys() | found.keys()
            if found.get(event) != expected.get(event)
        ]

    def described(self, state: State) -> str:
        """The variables of a state that are not as in the beginning."""
        beginning = self.system.initial()[0]
        return "; ".join(
            f"{name}: {', '.join(f'{n} = {v!r}' for n, v in now.items() if first[n] != v)}"
            for k, name in enumerate(self.system.components)
            for now, first in [(self.system.local_values(k, state[k]), self.system.local_values(k, beginning[k]))]
        )

    # --------------------------------------------------------------------------------------------------------- regions

    def region_steps(self, question: Question) -> set[tuple[tuple[str, ...], int]]:
        """What the regions of one component do in a context: rows in order, and the next local state.

        Only this component is in a state. What it reads of others is what the context says, and nothing else is known.
        """
        event_number, component, local, context = question
        stage = self.system.stages[event_number][0]
        assert isinstance(stage, FireStage)
        write = next(w for w in stage.writes if w.component == component)
        members = [self.elements[key_of(e)] for e in self.system.component_elements[component]]
        flags = self._place(members, write, local, self.system._context_values[context])
        outcomes: list[tuple[list[list[Any]], tuple[str, ...]]] = [([e.values for e in members], ())]
        for shot in list(self._shots(stage, members, flags)):
            outcomes = [after for before in outcomes for after in self._after(shot, members, *before)]
        return {(rows, self._project(component, members, values)) for values, rows in outcomes}

    def _place(self, members: list[Element], write: Write, local: int, known: tuple[Any, ...]) -> list[Any]:
        """Put a component into a local state and a context; gives what the context says besides imported fields."""
        composition = self.composition
        for element, base in zip(composition.elements, composition._base, strict=True):
            element.values = list(base)
        numbers = {key_of(m): at for at, m in enumerate(self.system.component_elements[write.component])}
        variables = self.system.variables[write.component]
        for (at, index, _, _), value in zip(variables, self.system._states[write.component][local], strict=True):
            next(m for m in members if numbers[key_of(m)] == at).values[index] = value
        values = list(known)
        root = composition.world.root
        for collection, name in write.imports:
            for element in [root] if collection == root.collection.id else members:
                if element.collection.id == collection:
                    element.set(name, values.pop(0))
        return values

    def _shots(self, stage: FireStage, members: list[Element], flags: list[Any]) -> Iterator[Shot]:
        composition = self.composition
        own = self.elements[key_of(stage.element)]
        if any(own is e for e in members):
            region = composition.region_of(stage.event.id, own)
            yield Shot(region, stage.event, tuple(composition.arguments(stage.event, own)))
        for fire in stage.event.fires:
            for element in members:
                if element.collection.id == fire.scope.collection and flags.pop(0):
                    yield composition.shot(fire, own, element, {})

    def _after(
        self, shot: Shot, members: list[Element], values: list[list[Any]], rows: tuple[str, ...]
    ) -> Iterator[tuple[list[list[Any]], tuple[str, ...]]]:
        self._load(members, values)
        for option in shot.options():
            self._load(members, values)
            fired = shot.region.fire(shot.event.name, option.arguments, option.effect)
            assert fired, f"{shot.region.name}: transitions did not move under {shot.event.id}"
            self.composition._forget_local(members)
            yield [e.values for e in members], rows + fired

    def _load(self, members: list[Element], values: list[list[Any]]) -> None:
        for element, one in zip(members, values, strict=True):
            element.values = list(one)

    def _project(self, component: int, members: list[Element], values: list[list[Any]]) -> int:
        twins = [self.twins[id(element)] for element in members]
        for element, twin, one in zip(members, twins, values, strict=True):
            for field in self.composition.program.fields[element.collection.id]:
                if field.variable is not None:
                    assert one[field.index] is not UNSET
                    twin.values[field.index] = one[field.index]
        return self._local(component)

    def graph_region_steps(self, question: Question) -> set[tuple[tuple[str, ...], int]]:
        """What the graph's step of the component is."""
        return {(self.system.labels[label].rows, local) for local, label in self.questions[question]}

    def describe(self, question: Question) -> str:
        """A question, and both answers."""
        event, component, local, _ = question
        place = self.system.local_values(component, local)
        answers = f"{self.region_steps(question)}, in the graph {self.graph_region_steps(question)}"
        return f"{self.system.events[event].name}: {answers}, at {place}"
