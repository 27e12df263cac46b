"""What can become of a pod: the states of the model that look like its object, and the goals that they can reach.

A pod is explored with the features that its object asks for (entries `base` of the tables), from its creation; the
states that agree with the object in the fields of the entries `likeness` are where it may be now. Where none does, the
last fields are left out, one entry after the other, which only makes the set larger. A goal that Kubernetes by itself
can reach from none of these states is looked for with further features (entries `way`), and is impossible where no
exploration finds it and none was cut short.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from podfsm.explain.alike import Reader
from podfsm.explore.adapter import TableSystem
from podfsm.explore.check import can_reach
from podfsm.explore.configuration import Configuration, decided_tables, program_for, starts_of, whole_pod
from podfsm.explore.prove import state_property
from podfsm.explore.search import Result, explore
from podfsm.explore.system import LimitError, State
from podfsm.language import kubernetes
from podfsm.language.evaluate import EvaluationError, Program
from podfsm.language.model import Explanation, Formula, Model
from podfsm.language.world import Element, World

MAX_STATES: Final = 200_000
"""States of one exploration."""

MAX_SECONDS: Final = 30.0
"""Seconds of one exploration; most take less than one, but the first of all may have to compile the kernels."""

MOST_ELEMENTS: Final = 24
"""Containers of a pod that is explored."""

MOST_SHOWN: Final = 64
"""States that are looked at closely, evenly chosen from those that look like the object."""

REMEMBERED: Final = 64
"""Explorations that are kept, for pods that are alike."""

COUNTERS: Final = 1
"""Where counters stop: whether there was a restart decides, how many there were does not."""


@dataclass(frozen=True)
class Goal:
    """What is known of a goal: ``reached``, ``possible`` or ``impossible``, by which way, and what is in its way.

    `certain` is False where it is only called possible because nothing is known.
    """

    id: str
    verdict: str
    way: str = ""
    hindrances: tuple[str, ...] = ()
    certain: bool = True


@dataclass(frozen=True)
class Manifest:
    """An object with metadata and spec, and how it looks to the exploration (see `podfsm.explain.alike`)."""

    document: Mapping[str, Any]
    look: str


@dataclass(frozen=True)
class Step:
    """An event that can happen next: its name with the element, its id, its actor, and the row."""

    event: str
    id: str
    actor: str
    row: str


@dataclass
class Explored:
    """One exploration."""

    system: TableSystem
    result: Result
    own: list[int]
    reach: dict[str, NDArray[np.bool_]] = field(default_factory=dict)

    @cached_property
    def locals(self) -> NDArray[np.int32]:
        """Local ids of all states, shape (states, components)."""
        return self.result.locals()

    def reaching(self, goal: Explanation) -> NDArray[np.bool_]:
        """Whether Kubernetes by itself can reach a goal; shape (states,)."""
        assert goal.when is not None
        if goal.id not in self.reach:
            condition = state_property(self.system, goal.when.expr)
            self.reach[goal.id] = can_reach(self.result, condition, self.own)
        return self.reach[goal.id]


class Explorer:
    """Explores pods, and remembers what it explored.

    Parameters
    ----------
    model
        The tables.
    minor, gates, defects
        The Kubernetes that is modelled.
    """

    def __init__(self, model: Model, minor: str = "", gates: Mapping[str, bool] | None = None, defects: str = "as-is"):
        self.model, self.minor, self.gates, self.defects = model, minor, dict(gates or {}), defects
        self._known: OrderedDict[tuple[Any, ...], Explored | None] = OrderedDict()
        self._programs: dict[tuple[str, ...], Program] = {}
        self._reader = Reader(Program(model, kubernetes.gates(model, minor, self.gates), defects))
        counted = {name for one in about(model, "counted") for name in one.events}
        actors = model.named["actors"]
        self._own = {
            event.id
            for machine in model.machines.values()
            for event in machine.events
            if event.id in counted or event.actor not in actors or actors[event.actor].text("voluntary") != "true"
        }

    def manifest(self, document: Mapping[str, Any]) -> Manifest:
        """Look at an object with metadata and spec."""
        return Manifest(document, self._reader.look(document))

    def explored(
        self, manifest: Manifest, features: Collection[str], way: Explanation | None = None
    ) -> Explored | None:
        """Explore a pod with some features, by a way, or remember a pod that looks the same; None if it is too much."""
        more, counted = (way.features, way.events) if way is not None else ((), ())
        names = tuple(name for name in self.model.named["features"] if name in features or name in more)
        key = (manifest.look, names, counted)
        if key not in self._known:
            self._known[key] = self._explore(manifest.document, names, counted)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    def _explore(
        self, document: Mapping[str, Any], features: tuple[str, ...], counted: tuple[str, ...]
    ) -> Explored | None:
        counters = {
            name: COUNTERS
            for fields in self.model.fields.values()
            for name, one in fields.items()
            if one.variable is not None and one.variable.bound is not None
        }
        configuration = Configuration("", document, features, counters=counters, minor=self.minor, gates=self.gates)
        if features not in self._programs:
            self._programs[features] = program_for(self.model, configuration, self.defects, frozenset())
        system = TableSystem(
            self._programs[features],
            document,
            features=frozenset(features),
            machines=frozenset(whole_pod(self.model)),
            counters=counters,
            decided=decided_tables(self.model),
            starts=starts_of(self.model, configuration),
        )
        try:
            result = explore(system, pairs=False, max_states=MAX_STATES, max_seconds=MAX_SECONDS)
        except (LimitError, EvaluationError):
            return None
        own = [number for number, (event, _) in enumerate(system.table_events) if event.id in (*self._own, *counted)]
        return Explored(system, result, own)


def about(model: Model, kind: str) -> list[Explanation]:
    """Return the entries of one kind, in the order of the tables."""
    return [one for one in model.explanations.values() if one.about == kind]


class Outlook:
    """What is known of one pod.

    Attributes
    ----------
    explored
        The exploration with the features that the object asks for; None if it is too large.
    states
        Indices of the states that look like the object; none if no state does.
    relaxed
        Ids of the entries of `likeness` that had to be left out.
    """

    def __init__(self, explorer: Explorer, world: World) -> None:
        self.explorer, self.model, self.world = explorer, explorer.model, world
        created = {key: _as_created(world.document.get(key) or {}) for key in ("metadata", "spec")}
        self.manifest = explorer.manifest(created)
        self.likeness = [one for one in about(self.model, "likeness") if self.holds(one.when)]
        self.features = {f for one in about(self.model, "base") if self.holds(one.when) for f in one.features}
        kinds = {one.collection for one in self.likeness} - {world.root.collection.id}
        large = sum(len(world.root.children_of(kind)) for kind in kinds) > MOST_ELEMENTS
        self.explored = None if large else explorer.explored(self.manifest, self.features)
        self.states, self.relaxed = self._like()

    # -------------------------------------------------------------------------------------------------------- likeness

    def _like(self) -> tuple[NDArray[np.intp], tuple[str, ...]]:
        """Find the states that look like the object, with as many entries of likeness as possible."""
        if self.explored is not None:
            found = self._like_in(self.explored)
            if found is not None:
                return found
            for way in self.ways():
                wider = self.explorer.explored(self.manifest, self.features, way)
                if wider is not None and (found := self._like_in(wider)) is not None:
                    self.features |= set(way.features)
                    self.explored = wider
                    return found
        return np.zeros(0, np.intp), tuple(one.id for one in self.likeness)

    def _like_in(self, explored: Explored) -> tuple[NDArray[np.intp], tuple[str, ...]] | None:
        alike = np.ones(len(explored.result), np.bool_)
        best: tuple[NDArray[np.intp], tuple[str, ...]] | None = None
        for number, entry in enumerate(self.likeness):
            alike &= self._agree(explored, entry)
            if not alike.any():
                break
            left = tuple(one.id for one in self.likeness[number + 1 :])
            best = (np.flatnonzero(alike), left)
        return best

    def _agree(self, explored: Explored, entry: Explanation) -> NDArray[np.bool_]:
        """Whether each state agrees with the object in the fields of one entry."""
        found = np.ones(len(explored.result), np.bool_)
        used = explored.result.used_locals()
        for component, members in enumerate(explored.system.component_elements):
            agree = np.ones(len(used[component]), np.bool_)
            for at, element in enumerate(members):
                if element.collection.id == entry.collection:
                    for name in entry.fields:
                        agree &= self._flags(explored.system, component, at, name, used[component])
            found &= agree[explored.locals[:, component]]
        return found

    def _flags(self, system: TableSystem, component: int, at: int, name: str, used: Any) -> NDArray[np.bool_]:
        """Whether each local state of a component agrees with the object in one field."""
        element = system.component_elements[component][at]
        index = self.model.fields[element.collection.id][name].index
        value = system.as_kept(component, at, index, self.same(element).get(name))
        flags = np.zeros(len(used), np.bool_)
        for local in np.flatnonzero(used).tolist():
            flags[local] = system.local_value(component, local, at, index) == value
        return flags

    def same(self, element: Element) -> Element:
        """Return the element of the object that an element of an explored pod stands for."""
        if element.parent is None:
            return self.world.root
        return self.same(element.parent).children_of(element.collection.id)[element.index]

    def holds(self, when: Formula | None, element: Element | None = None) -> bool:
        """Ask a condition of the object."""
        if when is None:
            return True
        try:
            return bool(self.world.program.cached_closure(when)((element or self.world.root,), None))
        except EvaluationError:
            return False

    # ----------------------------------------------------------------------------------------------------------- goals

    def ways(self) -> list[Explanation]:
        """Return the further features to explore with, as far as they are not explored anyway."""
        found = [one for one in about(self.model, "way") if not one.settles and self.holds(one.when)]
        return [one for one in found if not set(one.features) <= self.features]

    def goals(self) -> list[Goal]:
        """Judge every goal, in the order of the tables."""
        return [self._goal(goal) for goal in about(self.model, "goal")]

    def _goal(self, goal: Explanation) -> Goal:
        if self.holds(goal.when):
            return Goal(goal.of, "reached")
        for way in about(self.model, "way"):
            if way.settles and way.of == goal.of and self.holds(way.when):
                return Goal(goal.of, "possible", way=way.id)
        hindrances = [one for one in about(self.model, "hindrance") if one.of == goal.of and self.holds(one.when)]
        names = tuple(one.id for one in hindrances)
        if any(one.settles for one in hindrances):
            return Goal(goal.of, "impossible", hindrances=names)
        if self.explored is None or not len(self.states):
            return Goal(goal.of, "possible", hindrances=names, certain=False)
        if self._reaches(self.explored, goal, self.states):
            return Goal(goal.of, "possible", certain=self.explored.result.complete)
        unsure = False
        for way in self.ways():
            wider = self.explorer.explored(self.manifest, self.features, way)
            states = self.alike(wider) if wider is not None else None
            if wider is None or states is None or not wider.result.complete:
                unsure = True
            elif self._reaches(wider, goal, states):
                return Goal(goal.of, "possible", way=way.id, hindrances=names)
        return Goal(goal.of, "possible" if unsure else "impossible", hindrances=names, certain=not unsure)

    def alike(self, wider: Explored) -> NDArray[np.intp] | None:
        """Find the states of a wider exploration that look like the object by the same entries."""
        alike = np.ones(len(wider.result), np.bool_)
        for entry in self.likeness:
            if entry.id not in self.relaxed:
                alike &= self._agree(wider, entry)
        return np.flatnonzero(alike) if alike.any() else None

    @staticmethod
    def _reaches(explored: Explored, goal: Explanation, states: NDArray[np.intp]) -> bool:
        return bool(explored.reaching(goal)[states].any())

    # ---------------------------------------------------------------------------------------------------------- states

    def shown(self) -> list[State]:
        """Choose some of the states that look like the object."""
        return _chosen(self.explored, self.states) if self.explored is not None else []

    def after(self) -> list[State]:
        """List the states one step after the shown states."""
        if self.explored is None:
            return []
        found = (after for state in self.shown() for _, _, after in self.explored.result.successors(state))
        return list(dict.fromkeys(found))

    def steps(self, ways: Collection[str] = ()) -> list[Step]:
        """List what can happen next, by itself or by some ways, most likely first."""
        found: dict[Step, None] = {}
        if self.explored is not None:
            found.update(dict.fromkeys(_steps(self.explored, self.states)))
        for way in self.ways():
            wider = self.explorer.explored(self.manifest, self.features, way) if way.id in ways else None
            states = self.alike(wider) if wider is not None else None
            if wider is not None and states is not None:
                found.update(dict.fromkeys(_steps(wider, states)))
        order = self._order()
        return sorted(found, key=lambda step: (order.get(step.id, len(order)), step.event, step.row))

    def _order(self) -> dict[str, int]:
        """Give each event its place, by the entries of `order` that hold of the object."""
        found: dict[str, int] = {}
        for one in about(self.model, "order"):
            if self.holds(one.when):
                for name in one.events:
                    found.setdefault(name, len(found))
        return found

    def roots(self) -> Iterator[Element]:
        """Put the model into each of the shown states, and yield its root element."""
        return map(self.root_in, self.shown())

    def root_in(self, state: State) -> Element:
        """Put the model into a state, and return its root element."""
        assert self.explored is not None
        self.explored.system.load_state(state)
        return self.explored.system.world.root


def _chosen(explored: Explored, states: NDArray[np.intp]) -> list[State]:
    step = max(1, -(-len(states) // MOST_SHOWN))
    return [explored.result.state(int(index)) for index in states[::step]]


def _steps(explored: Explored, states: NDArray[np.intp]) -> Iterator[Step]:
    """Yield the events that can happen in some states and change something."""
    system = explored.system
    for state in _chosen(explored, states):
        for number, moves, after in explored.result.successors(state):
            if after != state:
                event, _ = system.table_events[number]
                labels = [system.labels[label].rows for stage, _, label in moves if stage == 0 and label >= 0]
                rows = [row for told in labels for row in told]
                yield Step(system.events[number].name, event.id, event.actor, (rows or [event.id])[0])


def _as_created(part: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what a delete has written: the exploration begins with the creation."""
    return {key: value for key, value in part.items() if key not in ("deletionTimestamp", "deletionGracePeriodSeconds")}
