"""The tables as a `System`: components become graphs over local states, joint fields become contexts.

A component is the root element, or one element directly below it together with its children. What a formula reads of
other components is found by `language.analysis`: fields that depend on the own component are evaluated on a local
state alone; joint fields are evaluated once per joint class of the local states that decide them, and handed over as
a context. So the interpreter of the tables runs once per distinct situation, and the kernel moves integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from podfsm.explore.signs import signs
from podfsm.explore.system import Event, Stage, State
from podfsm.language.analysis import analysis
from podfsm.language.choices import choices, representatives, rule_sets, signature
from podfsm.language.evaluate import EvaluationError, Program
from podfsm.language.model import Domain, Expr, Formula, Procedure, Scope
from podfsm.language.model import Event as TableEvent
from podfsm.language.world import UNSET, DocumentError, Element, World

Key = tuple[str, str]
"""(collection, field)."""


@dataclass(frozen=True)
class Label:
    """What moved a component in a stage: rows that fired, arguments that were chosen, tables' rows that decided."""

    rows: tuple[str, ...] = ()
    arguments: tuple[tuple[str, Any], ...] = ()
    decided: tuple[str, ...] = ()


Places = tuple[tuple[int, int], ...]
"""Where a component is read: (member, field index, or minus the number of a sign, less one) each."""

Move = tuple[tuple[tuple[int, Any], ...], int]
"""Assigned variables of a component as (position, value), and the label."""

Outcome = tuple[list[list[Any]], dict[int, Any], Label]
"""Values of a component's elements after some fires, what was assigned by position, and the label so far."""


@dataclass(frozen=True)
class Write:
    """A component's part in a stage: what it needs from outside (`imports`), and which fires may concern it."""

    component: int
    imports: tuple[Key, ...]


@dataclass(frozen=True)
class FireStage:
    """First stage of an event: its own rows, and the events it fires on other elements."""

    event: TableEvent
    element: Element
    writes: tuple[Write, ...]


@dataclass(frozen=True)
class SetStage:
    """A stage of a procedure: fields of every element of a scope are rewritten."""

    collection: str
    targets: tuple[Element, ...]
    formulas: Mapping[str, Formula]
    writes: tuple[Write, ...]
    filtered: Scope | None = None
    #: Tables that the formulas ask and whose deciding row is recorded.
    decided: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Classes:
    """Numbers of the values at some places, and so of the local states that have them."""

    of_local: dict[int, int]
    of_values: dict[tuple[Any, ...], int]


class TableSystem:
    """A configuration of the tables, as the engine explores it.

    Parameters
    ----------
    program
        The tables under one choice of gates, defects and switched-off rows.
    document
        The manifest (an object with metadata and spec) that gives the static fields.
    features
        Names of the features that are on; events, rows and variables of others stay out.
    machines
        Machines whose events run; None means all.
    counters
        Bounds of counters by domain, lower than those of the tables.
    decided
        Tables whose deciding row is recorded when a procedure runs, by collection.
    """

    def __init__(
        self,
        program: Program,
        document: Mapping[str, Any],
        features: frozenset[str] = frozenset(),
        machines: frozenset[str] | None = None,
        counters: Mapping[str, int] | None = None,
        decided: Mapping[str, Sequence[str]] | None = None,
        starts: Mapping[str, Any] | None = None,
    ) -> None:
        self.program, self.model = program, program.model
        self.features, self.machines, self.starts = features, machines, dict(starts or {})
        self.counters = dict(counters or {})
        self.decided = {c: tuple(ts) for c, ts in (decided or {}).items()}
        self.analysis = analysis(self.model)
        self.world = World(program, document)
        self.earlier = World(program, document)
        self.world.stateful = self.earlier.stateful = True
        self._find_components()
        self._find_variables()
        self._locals: list[dict[tuple[Any, ...], int]] = [{} for _ in self.component_elements]
        self._states: list[list[tuple[Any, ...]]] = [[] for _ in self.component_elements]
        self._cache: list[list[list[list[Any]]]] = [[] for _ in self.component_elements]
        self._sign_cache: list[list[dict[tuple[int, int], Any]]] = [[] for _ in self.component_elements]
        self._prepare_static()
        self.labels: list[Label] = []
        self._label_ids: dict[Label, int] = {}
        self._contexts: dict[tuple[Any, ...], int] = {}
        self._context_values: list[tuple[Any, ...]] = []
        self._signs = signs(self.model)
        self._sign_closures: dict[int, Any] = {}
        self._moves: dict[tuple[int, int, int, int, int], list[Move]] = {}
        self._own_reads: dict[tuple[int, int, int], Places] = {}
        self._classes: dict[tuple[int, Places], _Classes] = {}
        self._procedures: dict[str, list[tuple[SetStage, Stage, dict[int, Places]]]] = {}
        self.stages: list[list[FireStage | SetStage]] = []
        self.table_events: list[tuple[TableEvent, Element]] = []
        self._events: list[Event] = []
        self._reads: list[list[dict[int, Places]]] = []
        self._build_events()
        self._initial = [self._initial_state()]

    # ----------------------------------------------------------------------------------------------------- components

    def _find_components(self) -> None:
        root = self.world.root
        elements: list[list[Element]] = [[root, *self._below(root, skip_components=True)]]
        for collection in self.model.collections.values():
            if collection.of == root.collection.id and self._has_variables(collection.id):
                elements.extend([child, *self._below(child)] for child in root.children_of(collection.id))
        self.component_elements = elements
        self.component_of = {id(e): k for k, members in enumerate(elements) for e in members}
        self._names = [self._element_name(members[0]) for members in elements]

    def _element_name(self, element: Element) -> str:
        if element.parent is None:
            return element.collection.id
        names = self.model.fields[element.collection.id]
        name = element.get("name") if "name" in names else str(element.index)
        return f"{element.collection.id}/{name}"

    def _has_variables(self, collection: str) -> bool:
        if any(f.variable for f in self.model.fields[collection].values()):
            return True
        return any(c.of == collection and self._has_variables(c.id) for c in self.model.collections.values())

    def _below(self, element: Element, skip_components: bool = False) -> Iterator[Element]:
        for collection in self.model.collections.values():
            if collection.of != element.collection.id or (skip_components and self._has_variables(collection.id)):
                continue
            for child in element.children_of(collection.id):
                yield child
                yield from self._below(child)

    def _find_variables(self) -> None:
        """Per component: (element, field, bound of its counter or None) of every variable, in order."""
        self.variables: list[list[tuple[int, int, str, int | None]]] = []
        for members in self.component_elements:
            found = []
            for at, element in enumerate(members):
                for field in self.program.fields[element.collection.id]:
                    variable = field.variable
                    if variable is None:
                        continue
                    bound = variable.bound
                    if bound is not None and field.name in self.counters:
                        bound = min(bound, self.counters[field.name])
                    found.append((at, field.index, field.name, bound))
            self.variables.append(found)
        self._classify = [self._find_classified(k) for k in range(len(self.component_elements))]
        self._positions = [
            {(at, index): position for position, (at, index, _, _) in enumerate(found)} for found in self.variables
        ]
        self._dying = [self._find_dying(k) for k in range(len(self.component_elements))]

    def _find_classified(self, k: int) -> list[tuple[int, dict[Any, Any], list[frozenset[Any]], Domain] | None]:
        """Per variable of a component: how its values fall into classes that the element's rules tell apart."""
        found: list[tuple[int, dict[Any, Any], list[frozenset[Any]], Domain] | None] = []
        for at, index, _, _ in self.variables[k]:
            element = self.component_elements[k][at]
            variable = self.program.fields[element.collection.id][index].variable
            domain = self.model.domains.get(variable.domain) if variable is not None else None
            if domain is None or not domain.rule_values:
                found.append(None)
                continue
            sets = rule_sets(domain, element)
            kept = {signature(domain, sets, value): value for value in reversed(representatives(domain, element))}
            found.append((at, kept, sets, domain))
        return found

    def _find_dying(self, k: int) -> list[tuple[int, int, Any, Any]]:
        """(member, field, condition, start value) of the variables of a component that can be dead."""
        found = []
        for at, index, _, _ in self.variables[k]:
            element = self.component_elements[k][at]
            variable = self.program.fields[element.collection.id][index].variable
            if variable is not None and variable.dead is not None:
                start = self.program.cached_closure(variable.start)((element,), None)
                found.append((at, index, self.program.cached_closure(variable.dead), start))
        return found

    def _prepare_static(self) -> None:
        """Compute every static field once; the rest stays unset until a local state is loaded."""
        levels = self.analysis.level
        self._base: dict[int, list[Any]] = {}
        for world in (self.world, self.earlier):
            for members in self._members_of(world):
                for element in members:
                    for field in self.program.fields[element.collection.id]:
                        if levels[field.id] == "static":
                            # Fields that only a check of manifests reads may hold what the API server would refuse.
                            with suppress(DocumentError):
                                element.get(field.name)
            for members in self._members_of(world):
                for element in members:
                    base = list(element.values)
                    for field in self.program.fields[element.collection.id]:
                        if levels[field.id] != "static":
                            base[field.index] = UNSET
                    self._base[id(element)] = base
                    element.values = list(base)

    def _members_of(self, world: World) -> list[list[Element]]:
        if world is self.world:
            return self.component_elements
        return [[self._same(world, e) for e in members] for members in self.component_elements]

    def _same(self, world: World, element: Element) -> Element:
        if element.parent is None:
            return world.root
        return self._same(world, element.parent).children_of(element.collection.id)[element.index]

    def _initial_state(self) -> State:
        values = []
        for members in self.component_elements:
            for element in members:
                for field in self.program.fields[element.collection.id]:
                    if field.variable is not None:
                        start = self.starts.get(f"{field.id}", UNSET)
                        if start is UNSET:
                            start = self.program.cached_closure(field.variable.start)((element,), None)
                        element.values[field.index] = start
        for k, members in enumerate(self.component_elements):
            values.append(self._intern(k, self._collect(k, members)))
        return tuple(values)

    # --------------------------------------------------------------------------------------------------- local states

    def _collect(self, k: int, members: list[Element]) -> tuple[Any, ...]:
        """Collect the variables' values of a component, saturated."""
        return tuple(
            self._saturated(k, position, members[at].values[index])
            for position, (at, index, _, _) in enumerate(self.variables[k])
        )

    def _saturated(self, k: int, position: int, value: Any) -> Any:
        """Give a value as the exploration keeps it: a counter at its bound, a number as its class."""
        bound, classes = self.variables[k][position][3], self._classify[k][position]
        if bound is not None and value > bound:
            return bound
        if classes is not None:
            _, kept, sets, domain = classes
            return kept.get(signature(domain, sets, value), value)
        return value

    def as_kept(self, k: int, at: int, index: int, value: Any) -> Any:
        """Give a value of a field (member, index) of a component as a local state has it."""
        position = self._positions[k].get((at, index))
        return value if position is None else self._saturated(k, position, value)

    def _intern(self, k: int, values: tuple[Any, ...]) -> int:
        """Give the number of a local state; values that differ in dead variables only have the same."""
        table = self._locals[k]
        known = table.get(values)
        if known is not None:
            return known
        members = self.component_elements[k]
        self._place(k, members, values)
        alive = self._bury(k, members, values)
        number = table.get(alive)
        if number is None:
            number = table[alive] = len(self._states[k])
            self._states[k].append(alive)
            self._cache[k].append([list(e.values) for e in members])
            self._sign_cache[k].append({})
        table[values] = number
        return number

    def _place(self, k: int, members: list[Element], values: tuple[Any, ...]) -> None:
        for element in members:
            element.values = list(self._base[id(element)])
        for (at, index, _, _), value in zip(self.variables[k], values, strict=True):
            members[at].values[index] = value

    def _bury(self, k: int, members: list[Element], values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Give dead variables their start value, so that states which cannot be told apart are one."""
        changed = False
        for at, index, dead, start in self._dying[k]:
            element = members[at]
            if element.values[index] != start and dead((element,), None):
                element.values[index] = start
                changed = True
        if changed:
            values = self._collect(k, members)
            self._place(k, members, values)
        return values

    def load(self, k: int, local: int, world: World | None = None) -> None:
        """Put a component into a local state."""
        members = self.component_elements[k] if world is None or world is self.world else self._twins[k]
        for element, values in zip(members, self._cache[k][local], strict=True):
            element.values = list(values)

    def load_state(self, state: State, before: State | None = None) -> None:
        """Put the whole world (and the world before the step) into a global state."""
        for k, local in enumerate(state):
            self.load(k, local)
        if before is not None:
            if not hasattr(self, "_twins"):
                self._twins = self._members_of(self.earlier)
            for k, local in enumerate(before):
                self.load(k, local, self.earlier)
            self.world.before = self.earlier
        else:
            self.world.before = None

    def local_values(self, k: int, local: int) -> dict[str, Any]:
        """Name the variables of a local state; those of children as `collection index.name`."""
        members = self.component_elements[k]
        found = {}
        for (at, _, name, _), value in zip(self.variables[k], self._states[k][local], strict=True):
            element = members[at]
            found[name if at == 0 else f"{element.collection.id} {element.index}.{name}"] = value
        return found

    def local_count(self, k: int) -> int:
        """Count the local states of a component that were found so far."""
        return len(self._states[k])

    # --------------------------------------------------------------------------------------------------------- events

    def _build_events(self) -> None:
        for machine in self.model.machines.values():
            if self.machines is not None and machine.id not in self.machines:
                continue
            for event in machine.events:
                if event.internal or (event.feature and event.feature not in self.features):
                    continue
                if event.level and self.program.level not in event.level:
                    continue
                if not self.program.events[event.id][2]:
                    continue
                for element in self._elements(machine.collection):
                    self._add_event(event, element)

    def _elements(self, collection: str) -> list[Element]:
        return [e for members in self.component_elements for e in members if e.collection.id == collection]

    def _add_event(self, event: TableEvent, element: Element) -> None:
        fire = self._fire_stage(event, element)
        stages: list[FireStage | SetStage] = [fire]
        shared: list[tuple[Stage, dict[int, Places]]] = [self._shape(fire)]
        for name in event.publish:
            if name not in self._procedures:
                specs = self._set_stages(self.model.procedures[name])
                self._procedures[name] = [(spec, *self._shape(spec)) for spec in specs]
            for spec, shape, seen in self._procedures[name]:
                stages.append(spec)
                shared.append((shape, seen))
        name = event.id if element.parent is None else f"{event.id}@{self._element_name(element)}"
        self.stages.append(stages)
        self.table_events.append((event, element))
        self._reads.append([seen for _, seen in shared])
        self._events.append(Event(name, tuple(shape for shape, _ in shared)))

    def _shape(self, stage: FireStage | SetStage) -> tuple[Stage, dict[int, Places]]:
        """Describe a stage as the engine sees it, and the places it reads per component."""
        seen = self._stage_reads(stage)
        return Stage(tuple(sorted(seen)), tuple(w.component for w in stage.writes)), seen

    def _event_exprs(self, event: TableEvent) -> list[Expr]:
        _, _, rows = self.program.events[event.id]
        found = [] if event.when is None else [event.when.expr]
        for compiled in rows:
            row = compiled.row
            if row.when is not None:
                found.append(row.when.expr)
            found.extend(formula.expr for formula in row.then.values())
        return found

    def _fire_stage(self, event: TableEvent, element: Element) -> FireStage:
        own = self.component_of[id(element)]
        needs: dict[int, set[Key]] = {own: set(self.analysis.imports(self._event_exprs(event)))}
        for fire in event.fires:
            inner = self._event_exprs(self.model.event(fire.event))
            keys = self.analysis.imports([*inner, *(f.expr for _, f in fire.given)])
            for target in self._elements(fire.scope.collection):
                needs.setdefault(self.component_of[id(target)], set()).update(keys)
        order = [own, *(k for k in sorted(needs) if k != own)]
        return FireStage(event, element, tuple(Write(k, tuple(sorted(needs[k]))) for k in order))

    def _set_stages(self, procedure: Procedure) -> list[SetStage]:
        found = []
        for scope, collection, formulas in procedure.stages:
            kept = {n: f for n, f in formulas.items() if self.model.fields[collection][n].variable is not None}
            if not kept:
                continue
            # Which elements a filter lets through depends on the state, so it is asked in the plan.
            filtered = scope if scope is not None and (scope.where is not None or scope.order is not None) else None
            if scope is None:
                targets = [self.world.root]
            else:
                whole = replace(scope, where=None, order=None, bound=None)
                targets = self.program.scope_of(whole)((self.world.root,), None)
            keys = set(self.analysis.imports([f.expr for f in kept.values()]))
            components = dict.fromkeys(self.component_of[id(t)] for t in targets)
            writes = tuple(Write(k, tuple(sorted(keys))) for k in components)
            exprs = [formula.expr for formula in kept.values()]
            asked = [t for t in self.decided.get(collection, ()) if any(self.analysis.asks(e, t) for e in exprs)]
            stage = SetStage(collection, tuple(targets), kept, writes, filtered, tuple(asked))
            found += self._apart(stage)
        return found

    def _apart(self, stage: SetStage) -> list[SetStage]:
        """Split a stage into one per component, if none of these reads what it writes of another one.

        One after the other they do the same as at once, and each is asked about far fewer joint classes.
        """
        written = {(stage.collection, name) for name in stage.formulas}
        behind = {variable for key in self._foreign(stage) for variable in self._variables_behind(key)}
        if stage.filtered is not None or written & behind:
            return [stage]
        return [
            replace(
                stage,
                targets=tuple(t for t in stage.targets if self.component_of[id(t)] == write.component),
                writes=(write,),
            )
            for write in stage.writes
        ]

    def _foreign(self, stage: SetStage) -> set[Key]:
        """Find the fields through which a stage reads other components than the one that it writes."""
        root = self.world.root.collection.id
        keys = {key for write in stage.writes for key in write.imports}
        found = {key for key in keys if key[0] == root != stage.collection}
        todo = list(keys - found) + [(stage.collection, table) for table in self._joint_decided(stage)]
        seen = set(todo)
        while todo:
            collection, name = todo.pop()
            for expr in self.analysis.definition(self.model.fields[collection][name]):
                for own, field in self.analysis.reads(expr):
                    key = field.collection, field.name
                    if not own:
                        found.add(key)
                    elif self.analysis.level[field.id] == "joint" and key not in seen:
                        seen.add(key)
                        todo.append(key)
        return found

    def _stage_reads(self, stage: FireStage | SetStage) -> dict[int, Places]:
        """Per component: the signs that decide the contexts of the stage."""
        needed: frozenset[int] = frozenset()
        root = (self.world.root.collection.id,)
        for write in stage.writes:
            needed |= self._signs.of_fields(write.imports)
        if isinstance(stage, FireStage):
            for fire in stage.event.fires:
                needed |= self._signs.of(fire.scope, (stage.element.collection.id,))
            return self.sign_places(needed)
        for table in self._joint_decided(stage):
            needed |= self._signs.of_fields([(stage.collection, table)])
        if stage.filtered is not None:
            return self.sign_places(needed | self._signs.of(stage.filtered, root))
        # Of a component that is not written matters only what is read from outside of it.
        written = {write.component for write in stage.writes}
        near, far = self.sign_places(needed), self.sign_places(self._signs.of_fields(self._foreign(stage)))
        return {k: places for k, places in near.items() if k in written} | {
            k: places for k, places in far.items() if k not in written
        }

    def sign_places(self, numbers: Iterable[int]) -> dict[int, Places]:
        """Per component: (member, minus the number of the sign, less one) of every sign on its elements."""
        found: dict[int, list[tuple[int, int]]] = {}
        for number in numbers:
            collection, expr = self._signs.all[number]
            if number not in self._sign_closures:
                self._sign_closures[number] = self.program.closure(expr)
            for k, members in enumerate(self.component_elements):
                for at, element in enumerate(members):
                    if element.collection.id == collection:
                        found.setdefault(k, []).append((at, -1 - number))
        return {k: tuple(sorted(places)) for k, places in found.items()}

    def property_places(self, expr: Expr) -> dict[int, Places]:
        """Per component the places of the signs that decide an expression on the root."""
        return self.sign_places(self._signs.of(expr, (self.world.root.collection.id,)))

    def places_behind(self, fields: Iterable[Key]) -> dict[int, Places]:
        """Per component the places of the signs that decide the values of fields."""
        return self.sign_places(self._signs.of_fields(fields))

    def places(self, exported: set[Key] | frozenset[Key]) -> dict[int, Places]:
        """Per component: (member, field index) of every one of these fields on its elements."""
        found: dict[int, list[tuple[int, int]]] = {}
        for k, members in enumerate(self.component_elements):
            for at, element in enumerate(members):
                for collection, name in sorted(exported):
                    if collection == element.collection.id:
                        found.setdefault(k, []).append((at, self.model.fields[collection][name].index))
        return {k: tuple(places) for k, places in found.items()}

    def _joint_decided(self, stage: SetStage) -> list[str]:
        return [t for t in stage.decided if self.analysis.level[f"{stage.collection}.{t}"] == "joint"]

    # ------------------------------------------------------------------------------------------------ System protocol

    @property
    def components(self) -> Sequence[str]:
        """Name the components."""
        return self._names

    @property
    def events(self) -> Sequence[Event]:
        """List the event instances."""
        return self._events

    @property
    def symmetric(self) -> Sequence[tuple[int, ...]]:
        """Name no interchangeable components: every element has a name of its own."""
        return ()

    def initial(self) -> Sequence[State]:
        """Give the one initial state."""
        return self._initial

    def class_of(self, event: int, stage: int, component: int, local: int) -> int:
        """Give the class of a local state, as a stage sees it."""
        places = self._reads[event][stage].get(component, ())
        return self.class_by(places, component, local)

    def class_by(self, places: Places, component: int, local: int) -> int:
        """Dense number of the values at some places (member, field index) of a local state."""
        known = self._classes.get((component, places))
        if known is None:
            known = self._classes[component, places] = _Classes({}, {})
        found = known.of_local.get(local)
        if found is None:
            values = tuple(map(_frozen, self._local_values(component, local, places)))
            found = known.of_local[local] = known.of_values.setdefault(values, len(known.of_values))
        return found

    def local_value(self, component: int, local: int, at: int, index: int) -> Any:
        """Compute a local field (or, for a negative index, a sign) of a local state, once."""
        return self._local_values(component, local, ((at, index),))[0]

    def _local_values(self, component: int, local: int, places: Places) -> list[Any]:
        """Compute fields and signs of a local state, each once."""
        cached, signs = self._cache[component][local], self._sign_cache[component][local]
        members = self.component_elements[component]
        attached = False
        found = []
        for place in places:
            at, index = place
            value = cached[at][index] if index >= 0 else signs.get(place, UNSET)
            if value is UNSET:
                if not attached:
                    # What is computed on the way is remembered in the values that are cached.
                    for element, values in zip(members, cached, strict=True):
                        element.values = values
                    attached = True
                if index >= 0:
                    value = members[at].compute(index)
                else:
                    value = signs[place] = self._sign_value(-1 - index, members[at])
            found.append(value)
        if attached:
            for element in members:
                element.values = list(element.values)
        return found

    def _sign_value(self, number: int, element: Element) -> Any:
        try:
            return self._sign_closures[number]((element,), None)
        except EvaluationError:
            # Out of its context a table may have no row for this state; then it is not asked there either.
            return EvaluationError

    def plan(self, event: int, stage: int, state: State) -> tuple[int, ...] | None:
        """Evaluate what each written component needs from outside; numbers of contexts."""
        spec = self.stages[event][stage]
        self.load_state(state)
        contexts = []
        for write in spec.writes:
            values = self._import_values(write)
            if isinstance(spec, FireStage):
                values += self._memberships(spec, write.component)
            else:
                if spec.filtered is not None:
                    inside = self.program.scope_of(spec.filtered)((self.world.root,), None)
                    values += tuple(t in inside for t in spec.targets if self.component_of[id(t)] == write.component)
                for table in self._joint_decided(spec):
                    members = [t for t in spec.targets if self.component_of[id(t)] == write.component]
                    values += tuple(self.program.decide(table, t, ())[1] for t in members)
            key = (event, stage, write.component, values)
            number = self._contexts.get(key)
            if number is None:
                number = self._contexts[key] = len(self._context_values)
                self._context_values.append(values)
            contexts.append(number)
        return tuple(contexts)

    def _import_values(self, write: Write) -> tuple[Any, ...]:
        found: list[Any] = []
        for collection, name in write.imports:
            found.extend(_frozen(e.get(name)) for e in self._import_elements(write.component, collection))
        return tuple(found)

    def _import_elements(self, component: int, collection: str) -> list[Element]:
        if collection == self.world.root.collection.id:
            return [self.world.root]
        return [e for e in self.component_elements[component] if e.collection.id == collection]

    def _memberships(self, spec: FireStage, component: int) -> tuple[Any, ...]:
        """Per fire and element of the component: is it in the scope, and with which given arguments."""
        found: list[Any] = []
        for fire in spec.event.fires:
            inside = self.program.scope_of(fire.scope)((spec.element,), None)
            members = [e for e in self.component_elements[component] if e.collection.id == fire.scope.collection]
            found.extend(element in inside for element in members)
        return tuple(found)

    def step(self, event: int, stage: int, component: int, local: int, context: int) -> Sequence[tuple[int, int]]:
        """Move one component in a context: alternatives as (local state, label)."""
        key = (event, stage, component, self._read_class(event, stage, component, local), context)
        moves = self._moves.get(key)
        if moves is None:
            moves = self._moves[key] = self._find_moves(event, stage, component, local, context)
        found: dict[tuple[int, int], None] = {}
        before = self._states[component][local]
        for assigned, label in moves:
            values = list(before)
            for position, value in assigned:
                values[position] = value
            found[(self._intern(component, tuple(values)), label)] = None
        return list(found)

    def _read_class(self, event: int, stage: int, component: int, local: int) -> int:
        """Local states that agree in what the formulas of a stage read of them move alike."""
        key = (event, stage, component)
        places = self._own_reads.get(key)
        if places is None:
            places = self._own_reads[key] = self._find_own_reads(self.stages[event][stage], component)
        return self.class_by(places, component, local)

    def _find_own_reads(self, spec: FireStage | SetStage, component: int) -> Places:
        exprs: list[Expr] = []
        if isinstance(spec, SetStage):
            exprs += [formula.expr for formula in spec.formulas.values()]
            for table in spec.decided:
                exprs += self.analysis.table_expressions(table)
        else:
            events = [self.model.event(fire.event) for fire in spec.event.fires]
            if self.component_of[id(spec.element)] == component:
                events.append(spec.event)
            for event in events:
                exprs += self._event_exprs(event)
            for fire in spec.event.fires:
                exprs += [formula.expr for _, formula in fire.given]
        level = self.analysis.level
        keys = {(f.collection, f.name) for e in exprs for _, f in self.analysis.reads(e) if level[f.id] == "local"}
        if isinstance(spec, FireStage):
            keys = self._behind_changes(keys, events)
        return self.places(keys).get(component, ())

    def _behind_changes(self, keys: set[Key], events: Sequence[TableEvent]) -> set[Key]:
        """Replace fields by the variables behind them, where a row may read them after an earlier one changed these.

        Values that are equal before the change need not be equal after it.
        """
        if len(events) == 1 and events[0].order != "sequence":
            return keys
        owners = [(self.model.machines[event.machine].collection, event) for event in events]
        changed = {(collection, name) for collection, event in owners for row in event.rows for name in row.then}
        found: set[Key] = set()
        for key in keys:
            behind = self._variables_behind(key)
            found |= behind if behind & changed else {key}
        return found

    def _variables_behind(self, key: Key) -> set[Key]:
        """Find the variables that decide a local field."""
        found, seen, todo = set[Key](), {key}, [key]
        while todo:
            collection, name = todo.pop()
            field = self.model.fields[collection][name]
            if field.variable is not None:
                found.add((collection, name))
                continue
            reads = {(f.collection, f.name) for e in self.analysis.definition(field) for _, f in self.analysis.reads(e)}
            todo += reads - seen
            seen |= reads
        return found

    def _find_moves(self, event: int, stage: int, component: int, local: int, context: int) -> list[Move]:
        """Find the alternatives of a component in a stage: assigned variables by position, and the label."""
        spec = self.stages[event][stage]
        write = next(w for w in spec.writes if w.component == component)
        values = self._context_values[context]
        self._isolate(component, local)
        at = 0
        for collection, name in write.imports:
            for element in self._import_elements(component, collection):
                element.set(name, values[at])
                at += 1
        if isinstance(spec, SetStage):
            return self._set(spec, component, values[at:])
        return self._fire(spec, component, list(values[at:]))

    def _isolate(self, component: int, local: int) -> None:
        """Only this component is in a state; of the root only the static fields are known."""
        root = self.world.root
        root.values = list(self._base[id(root)])
        self.load(component, local)

    def _assigned(self, component: int, element: Element, changes: Mapping[str, Any]) -> dict[int, Any]:
        """Key the changed variables of an element by their position in the component."""
        at = next(i for i, e in enumerate(self.component_elements[component]) if e is element)
        fields = self.model.fields[element.collection.id]
        found = {}
        for name, value in changes.items():
            position = self._positions[component][(at, fields[name].index)]
            found[position] = self._saturated(component, position, value)
        return found

    def _set(self, spec: SetStage, component: int, decided: tuple[Any, ...]) -> list[Move]:
        rows: list[str] = []
        assigned: dict[int, Any] = {}
        own = [t for t in spec.targets if self.component_of[id(t)] == component]
        if spec.filtered is not None:
            chosen, decided = decided[: len(own)], decided[len(own) :]
            own = [t for t, inside in zip(own, chosen, strict=True) if inside]
        for target in own:
            changes = {name: self.program.cached_closure(f)((target,), None) for name, f in spec.formulas.items()}
            assigned |= self._assigned(component, target, changes)
            for table in spec.decided:
                if self.analysis.level[f"{spec.collection}.{table}"] != "joint":
                    rows += self.program.decide(table, target, ())[1]
        for ids in decided:
            rows += ids
        return [(tuple(assigned.items()), self._label(Label(decided=tuple(rows))))]

    def _fire(self, spec: FireStage, component: int, flags: list[Any]) -> list[Move]:
        members = self.component_elements[component]
        outcomes: list[Outcome] = [([e.values for e in members], {}, Label())]
        if self.component_of[id(spec.element)] == component:
            arguments = self._arguments(spec.event, spec.element)
            outcomes = list(self._fire_one(spec.event, spec.element, outcomes, arguments))
            if not outcomes:
                return []
        for fire in spec.event.fires:
            fired = self.model.event(fire.event)
            for element in members:
                if element.collection.id != fire.scope.collection:
                    continue
                if flags.pop(0):
                    chosen = self._chosen(fire.choose, element)
                    given = {n: self.program.cached_closure(f)((spec.element, element), None) for n, f in fire.given}
                    outcomes = list(self._fire_one(fired, element, outcomes, [{**c, **given} for c in chosen], True))
        return [(tuple(assigned.items()), self._label(label)) for _, assigned, label in outcomes]

    def _fire_one(
        self,
        event: TableEvent,
        element: Element,
        outcomes: Sequence[Outcome],
        arguments: Sequence[dict[str, Any]],
        optional: bool = False,
    ) -> Iterator[Outcome]:
        """Every alternative of an event on every outcome so far; an optional one must find a row."""
        component = self.component_of[id(element)]
        members = self.component_elements[component]
        at = next(i for i, e in enumerate(members) if e is element)
        for values, assigned, label in outcomes:
            moved = False
            for choice in arguments:
                for member, one in zip(members, values, strict=True):
                    member.values = list(one)
                for changes, rows in self.program.fire(event.id, element, choice, explore=True):
                    moved = True
                    new = list(values)
                    new[at] = self.program.with_changes(element, changes)
                    told = Label(label.rows + rows, label.arguments + tuple(sorted(choice.items())))
                    yield new, assigned | self._assigned(component, element, changes), told
            if not moved and optional:
                raise EvaluationError(f"event {event.id} was fired on {element} but no row matches")

    def _arguments(self, event: TableEvent, element: Element) -> list[dict[str, Any]]:
        names = [name for name, _, _ in event.arguments]
        values = [choices(self.model, given, element) for _, _, given in event.arguments]
        return [dict(zip(names, combination, strict=True)) for combination in product(*values)]

    def _chosen(self, choose: Sequence[tuple[str, tuple[Any, ...]]], element: Element) -> list[dict[str, Any]]:
        names = [name for name, _ in choose]
        values = [choices(self.model, given, element) for _, given in choose]
        return [dict(zip(names, combination, strict=True)) for combination in product(*values)]

    def _label(self, label: Label) -> int:
        known = self._label_ids.get(label)
        if known is None:
            known = self._label_ids[label] = len(self.labels)
            self.labels.append(label)
        return known


class Record(dict[str, Any]):
    """The results of a table, as part of a context."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


def _frozen(value: Any) -> Any:
    """Make a value that can be part of a context."""
    if isinstance(value, dict):
        return Record((key, _frozen(item)) for key, item in value.items())
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
