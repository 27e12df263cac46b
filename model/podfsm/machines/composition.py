"""All regions of one pod, and what one event does to them: its own rows, the events it fires, what it publishes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Any

from podfsm.errors import PodfsmError
from podfsm.language.analysis import analysis
from podfsm.language.choices import choices
from podfsm.language.evaluate import EvaluationError, Frame, Program
from podfsm.language.model import Event, Expr, Fire, Formula, Scope
from podfsm.language.world import UNSET, DocumentError, Element, World
from podfsm.machines.region import Arguments, RegionMachine

Values = tuple[Any, ...]
"""The values of all variables of a pod, in the order of `Composition.variables`."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way in which an event can go.

    Attributes
    ----------
    arguments
        Of the event.
    effect
        Which of the region's effects with these arguments.
    open
        Of rows that may fire or not (`explore: either`): does the row fire in this effect?
    """

    arguments: Arguments
    effect: int
    open: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Shot:
    """An event to fire on a region; `chosen` are the arguments that somebody has to choose."""

    region: RegionMachine
    event: Event
    arguments: tuple[Arguments, ...]
    chosen: tuple[str, ...] = ()

    def options(self) -> list[Option]:
        """Everything the event can do in the present state of its region."""
        found = []
        for given in self.arguments:
            effects = self.region.effects(self.event.name, given)
            either = [row.row.id for row in self.region.program.events[self.event.id][2] if row.either]
            disputed = [row for row in either if len({row in effect.rows for effect in effects}) > 1]
            for number, effect in enumerate(effects):
                found.append(Option(given, number, {row: row in effect.rows for row in disputed}))
        return found

    def with_chosen(self, chosen: Arguments) -> Shot:
        """Make the same shot with some arguments chosen."""
        arguments = {tuple({**given, **chosen}.items()): None for given in self.arguments}
        return Shot(self.region, self.event, tuple(dict(items) for items in arguments), self.chosen)


Decide = Callable[[Shot, Sequence[Option]], Option]
"""Chooses one of several options."""


def element_name(element: Element) -> str:
    """Name an element below the root, such as ``app`` or ``app/liveness``; that of the root is empty."""
    if element.parent is None:
        return ""
    names = element.world.program.model.fields[element.collection.id]
    own = element.get("name") if "name" in names else element.group or str(element.index)
    above = element_name(element.parent)
    return f"{above}/{own}" if above else str(own)


@dataclass(frozen=True, slots=True)
class _Stage:
    """A stage of a procedure: the elements that it is about, and what it sets."""

    scope: Scope | None
    formulas: tuple[tuple[str, Formula], ...]


class Composition:
    """The regions of a pod, over one `World`.

    An event is one step. First its own rows and all the events that it fires happen at the same time: whom they
    concern, and what they read of other containers or of the pod, is as it was before. Then the procedures that it
    publishes run, stage by stage, and a stage computes everything that it sets before it sets it.

    What the exploration does to make states fewer is left out: counters are exact, and variables that make no
    difference any more (`dead` in the tables) keep their value.

    Parameters
    ----------
    program
        The tables under one choice of gates, defects and features.
    document
        The pod, an object with ``metadata`` and ``spec``.
    starts
        Values of variables, by field id, that begin otherwise than the tables say.
    features
        Names of the features that are on.
    machines
        Names of the machines whose events are offered; None means all.
    """

    def __init__(
        self,
        program: Program,
        document: Mapping[str, Any],
        starts: Mapping[str, Any],
        features: frozenset[str],
        machines: frozenset[str] | None,
    ) -> None:
        self.program, self.model = program, program.model
        self.features, self.machines = features, machines
        self.analysis = analysis(self.model)
        self.world = World(program, document)
        self.world.stateful = True
        self.components = list(self._components())
        self.elements = [element for members in self.components for element in members]
        self._component_of = {id(e): members for members in self.components for e in members}
        self.variables = [(e, f) for e in self.elements for f in program.fields[e.collection.id] if f.variable]
        self._base = self._static_values()
        self._derived = [self._changing(element) for element in self.elements]
        self._stages: dict[str, list[_Stage]] = {}
        self._imports: dict[str, tuple[tuple[str, str], ...]] = {}
        self.regions = self._regions()
        self._start(starts)

    # ------------------------------------------------------------------------------------------------------- structure

    def _components(self) -> Iterator[list[Element]]:
        """Group elements: the pod alone, then every element below it with its own children."""
        yield [self.world.root]
        for element in self._children(self.world.root):
            yield [element, *self._below(element)]

    def _children(self, element: Element) -> Iterator[Element]:
        for collection in self.model.collections.values():
            if collection.of == element.collection.id:
                yield from element.children_of(collection.id)

    def _below(self, element: Element) -> Iterator[Element]:
        for child in self._children(element):
            yield child
            yield from self._below(child)

    def _static_values(self) -> list[list[Any]]:
        """Compute what never changes, per element; everything else is unset."""
        level = self.analysis.level
        base = []
        for element in self.elements:
            values: list[Any] = [UNSET] * len(element.values)
            for field in self.program.fields[element.collection.id]:
                if level[field.id] == "static" and field.variable is None:
                    # A port may be a number or a name: it is read as one of the two, by the rule that knows which.
                    with suppress(DocumentError):
                        values[field.index] = element.get(field.name)
            base.append(values)
        return base

    def _changing(self, element: Element) -> list[int]:
        """Indexes of the fields that are derived from variables."""
        level, fields = self.analysis.level, self.program.fields[element.collection.id]
        return [f.index for f in fields if f.variable is None and level[f.id] != "static"]

    def _regions(self) -> dict[str, RegionMachine]:
        found: dict[str, RegionMachine] = {}
        for machine in self.model.machines.values():
            events = [e for e in machine.events if self._exists(e)]
            for element in self.elements:
                if element.collection.id != machine.collection:
                    continue
                below = element_name(element)
                name = f"{machine.id}/{below}" if below else machine.id
                if name in found:
                    raise PodfsmError(f"two things are called {below!r} in this pod; give each its own name")
                found[name] = RegionMachine(self.program, machine, element, name, events)
        return found

    def _exists(self, event: Event) -> bool:
        """Whether the event exists under the chosen features and at this level of detail."""
        if event.feature and event.feature not in self.features:
            return False
        if event.level and self.program.level not in event.level:
            return False
        return bool(self.program.events[event.id][2])

    def offered(self, region: RegionMachine) -> list[Event]:
        """List the events of a region that may be fired from outside."""
        if self.machines is not None and region.definition.id not in self.machines:
            return []
        return [event for event in region.events.values() if not event.internal]

    def region_of(self, event: str, element: Element) -> RegionMachine:
        """Find the region of an element to which an event (``machine.event``) belongs."""
        machine = event.partition(".")[0]
        return next(r for r in self.regions.values() if r.definition.id == machine and r.element is element)

    # ---------------------------------------------------------------------------------------------------------- values

    def _start(self, starts: Mapping[str, Any]) -> None:
        for element, base in zip(self.elements, self._base, strict=True):
            element.values = list(base)
        for element, field in self.variables:
            assert field.variable is not None
            value = starts.get(field.id, UNSET)
            if value is UNSET:
                value = self.program.cached_closure(field.variable.start)((element,), None)
            element.values[field.index] = value
        self._forget()

    def values(self) -> Values:
        """Read the values of all variables."""
        return tuple(element.values[field.index] for element, field in self.variables)

    def load(self, values: Values) -> None:
        """Give all variables a value."""
        for element, base in zip(self.elements, self._base, strict=True):
            element.values = list(base)
        for (element, field), value in zip(self.variables, values, strict=True):
            element.values[field.index] = value

    def _forget(self) -> None:
        """Forget what is derived from variables."""
        for element, derived in zip(self.elements, self._derived, strict=True):
            values = element.values
            for index in derived:
                values[index] = UNSET

    # ----------------------------------------------------------------------------------------------------------- steps

    def arguments(self, event: Event, element: Element) -> list[Arguments]:
        """List the arguments that tell an event's effects apart; of numbers one of each kind."""
        names = [name for name, _, _ in event.arguments]
        values = [choices(self.model, given, element) for _, _, given in event.arguments]
        return [dict(zip(names, combination, strict=True)) for combination in product(*values)]

    def run(self, region: RegionMachine, event: Event, arguments: Arguments, decide: Decide) -> tuple[str, ...]:
        """Take one step; on an error, nothing has happened.

        Returns
        -------
        The rows of events that fired; none if the event is not enabled.
        """
        own = Shot(region, event, (arguments,))
        if not own.options():
            return ()
        before = self.values()
        try:
            rows = self._fire(own, decide)
            self._forget()
            for name in event.publish:
                self._publish(name)
        except BaseException:
            self.load(before)
            raise
        return rows

    def _fire(self, own: Shot, decide: Decide) -> tuple[str, ...]:
        """Fire an event together with those that it fires on others, all of them on the same state."""
        shots: dict[int, list[Shot]] = {}
        for shot in [own, *self._fired(own)]:
            members = self._component_of[id(shot.region.element)]
            self._look(shot, members)
            shots.setdefault(id(members), []).append(shot)
        after: list[tuple[Element, list[Any]]] = []
        rows: list[str] = []
        for group in shots.values():
            members = self._component_of[id(group[0].region.element)]
            before = [element.values for element in members]
            for shot in group:
                options = shot.options()
                if not options:
                    raise EvaluationError(f"event {shot.event.id} was fired on {shot.region.name} but no row matches")
                option = decide(shot, options)
                rows += shot.region.fire(shot.event.name, option.arguments, option.effect)
                self._forget_local(members)
            after += [(element, element.values) for element in members]
            for element, values in zip(members, before, strict=True):
                element.values = values
        for element, values in after:
            element.values = values
        return tuple(rows)

    def _fired(self, own: Shot) -> Iterator[Shot]:
        """Find the events that an event fires, with what can be chosen for each."""
        element = own.region.element
        for fire in own.event.fires:
            for target in self.program.scope_of(fire.scope)((element,), Frame(own.arguments[0], {})):
                yield self.shot(fire, element, target, own.arguments[0])

    def shot(self, fire: Fire, element: Element, target: Element, arguments: Arguments) -> Shot:
        """Describe the event that an event of `element` fires on `target`."""
        event, frame = self.model.event(fire.event), Frame(arguments, {})
        given = {n: self.program.cached_closure(f)((element, target), frame) for n, f in fire.given}
        names = tuple(name for name, _ in fire.choose)
        values = [choices(self.model, words, target) for _, words in fire.choose]
        possible = tuple({**dict(zip(names, chosen, strict=True)), **given} for chosen in product(*values))
        return Shot(self.region_of(fire.event, target), event, possible, names)

    def _look(self, shot: Shot, members: list[Element]) -> None:
        """Compute what the event reads of others, before anything has changed."""
        event = shot.event
        if event.id not in self._imports:
            self._imports[event.id] = self.analysis.imports(list(self._expressions(event)))
        for collection, name in self._imports[event.id]:
            if collection == self.world.root.collection.id:
                self.world.root.get(name)
            for element in members:
                if element.collection.id == collection:
                    element.get(name)

    def _expressions(self, event: Event) -> Iterator[Expr]:
        if event.when is not None:
            yield event.when.expr
        for row in self.program.events[event.id][2]:
            if row.row.when is not None:
                yield row.row.when.expr
            yield from (formula.expr for formula in row.row.then.values())

    def _forget_local(self, members: list[Element]) -> None:
        """After a change within a component, forget what its elements derive from each other."""
        if len(members) > 1:
            for element in members:
                element.values = self.program.with_changes(element, {})

    def _publish(self, procedure: str) -> None:
        for stage in self._stages_of(procedure):
            targets = self._targets(stage.scope)
            writes = [
                (target, name, self.program.cached_closure(formula)((target,), None))
                for target in targets
                for name, formula in stage.formulas
            ]
            for target, name, value in writes:
                target.set(name, value)
            self._forget()

    def _targets(self, scope: Scope | None) -> list[Element]:
        root = self.world.root
        return [root] if scope is None else self.program.scope_of(scope)((root,), None)

    def _stages_of(self, procedure: str) -> list[_Stage]:
        """Find the stages of a procedure; fields that are no variables belong to documents only."""
        if procedure not in self._stages:
            self._stages[procedure] = [
                _Stage(scope, kept)
                for scope, collection, formulas in self.model.procedures[procedure].stages
                if (kept := tuple((n, f) for n, f in formulas.items() if self._is_variable(collection, n)))
            ]
        return self._stages[procedure]

    def _is_variable(self, collection: str, name: str) -> bool:
        return self.model.fields[collection][name].variable is not None

    # ---------------------------------------------------------------------------------------------------- alternatives

    def outcomes(
        self, region: RegionMachine, event: Event, arguments: Arguments
    ) -> Iterator[tuple[tuple[tuple[Shot, Option], ...], tuple[str, ...]]]:
        """Take the step in every possible way: (what was chosen, rows that fired) while the pod is in the new state.

        Afterwards the pod is in the state that it was in before.
        """
        if not region.effects(event.name, arguments):
            return
        before = self.values()
        script: list[int] = []
        while True:
            decider = _Scripted(script)
            rows = self.run(region, event, arguments, decider)
            yield tuple(decider.taken), rows
            self.load(before)
            script = decider.next_script()
            if not script:
                return


class _Scripted:
    """Decides as a list of numbers says, then for the first option; knows the next list in counting order."""

    def __init__(self, script: Sequence[int]) -> None:
        self.script = list(script)
        self.counts: list[int] = []
        self.taken: list[tuple[Shot, Option]] = []

    def __call__(self, shot: Shot, options: Sequence[Option]) -> Option:
        at = len(self.counts)
        if at == len(self.script):
            self.script.append(0)
        self.counts.append(len(options))
        option = options[self.script[at]]
        self.taken.append((shot, option))
        return option

    def next_script(self) -> list[int]:
        """Count on to the next list; empty after the last one."""
        script = list(self.script)
        while script:
            script[-1] += 1
            if script[-1] < self.counts[len(script) - 1]:
                return script
            script.pop()
        return []
