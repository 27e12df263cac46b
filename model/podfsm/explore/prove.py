"""Properties on explored configurations: PROVED, REFUTED with a shortest story, or UNDETERMINED."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from podfsm.explore.adapter import Label, TableSystem
from podfsm.explore.check import StateProperty, StepProperty, check_states, check_steps, find_stuck
from podfsm.explore.configuration import Configuration, system_for
from podfsm.explore.search import Progress, Result, explore
from podfsm.explore.system import State
from podfsm.language.model import Expr, Model, Property

PROVED, REFUTED, UNDETERMINED = "PROVED", "REFUTED", "UNDETERMINED"


@dataclass(frozen=True)
class Step:
    """One step of a story: the event, the rows that fired, and what the API shows afterwards."""

    event: str
    rows: tuple[str, ...]
    arguments: tuple[tuple[str, Any], ...]
    decided: tuple[str, ...]
    shows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Verdict:
    """What is known of a property on one configuration.

    `trace` is a shortest story to the violation (or, for `reachable`, to the witness); `vacuous` says that the premise
    never occurs here, so that the verdict says nothing.
    """

    property: str
    mode: str
    configuration: str
    verdict: str
    expected: str
    trace: tuple[Step, ...] = ()
    vacuous: bool = False
    counted: int = 0

    def is_as_expected(self) -> bool:
        """Compare the verdict with the tables' expectation."""
        return self.verdict.lower() == self.expected


@dataclass
class Exploration:
    """One configuration, explored in one mode."""

    configuration: Configuration
    mode: str
    system: TableSystem
    result: Result
    verdicts: list[Verdict] = field(default_factory=list)
    not_applicable: list[tuple[str, str]] = field(default_factory=list)


def applicable(model: Model, configuration: Configuration, system: TableSystem, one: Property) -> str:
    """Why a property does not apply to a configuration; '' if it does."""
    missing = [f for f in one.features if f not in configuration.features]
    if missing:
        titles = ", ".join(model.named["features"][f].text("title") for f in missing)
        return f"needs what this configuration leaves out: {titles}"
    present = [f for f in one.without if f in configuration.features]
    if present:
        titles = ", ".join(model.named["features"][f].text("title") for f in present)
        return f"does not hold with: {titles}"
    if one.regions and not set(one.regions) <= set(configuration.machines):
        return "is a property of one region: " + ", ".join(one.regions)
    if not one.regions and configuration.machines:
        return "is a property of whole pods"
    if one.where is not None:
        system.load_state(system.initial()[0])
        if not system.program.cached_closure(one.where)((system.world.root,), None):
            return f"applies where {one.where.text}"
    return ""


def explore_configuration(
    model: Model,
    configuration: Configuration,
    mode: str = "as-is",
    properties: Iterable[Property] = (),
    max_states: int | None = None,
    max_seconds: float | None = None,
    watch: bool = False,
    max_bytes: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    known: tuple[TableSystem, Result] | None = None,
) -> Exploration:
    """Explore a configuration exhaustively and judge properties on it; limits and `progress` are those of `explore`.

    `known` is what an earlier exploration of the same configuration in the same mode, with pairs, has found.
    """
    by_assumption: dict[tuple[str, ...], list[Property]] = {}
    switchable = _switchable(model, configuration)
    for one in properties:
        by_assumption.setdefault(_switching(model, switchable, one), []).append(one)
    main: Exploration | None = None
    for assume in sorted({(), *by_assumption}, key=len):
        if known is not None and not assume:
            system, result = known
        else:
            system = system_for(model, configuration, mode, assume)
            result = explore(
                system,
                max_states=max_states,
                max_seconds=max_seconds,
                max_bytes=max_bytes,
                watched=watched(system) if watch and not assume else (),
                progress=progress,
            )
        exploration = Exploration(configuration, mode, system, result)
        judge(model, exploration, by_assumption.get(assume, []))
        if main is None:
            main = exploration
        else:
            main.verdicts += exploration.verdicts
            main.not_applicable += exploration.not_applicable
    assert main is not None
    return main


def watched(system: TableSystem) -> list[int]:
    """Components that some view shows."""
    collections = {view.collection for view in system.model.views.values()}
    return [k for k, members in enumerate(system.component_elements) if members[0].collection.id in collections]


def view_class(system: TableSystem, component: int, expr: Expr) -> Any:
    """Make a function (component, local) -> class of a view's local expression."""
    places = system.property_places(expr).get(component, ())
    return lambda c, local: system.class_by(places, c, local)


def _switchable(model: Model, configuration: Configuration) -> set[str]:
    """Find the rows that exist in a configuration, as far as its features go."""
    features = {event.id: event.feature for machine in model.machines.values() for event in machine.events}
    on = ("", *configuration.features)
    return {row.id for row in model.rows() if (row.feature or features.get(row.owner, "")) in on}


def _switching(model: Model, switchable: Collection[str], one: Property) -> tuple[str, ...]:
    """Find the assumptions of a property that switch off rows which exist."""
    found = []
    for name in one.assume:
        rows = model.named["assumptions"][name].data.get("rows")
        if rows is not None and any(cell.text in switchable for cell in rows.value):
            found.append(name)
    return tuple(sorted(found))


def judge(model: Model, exploration: Exploration, properties: Sequence[Property]) -> None:
    """Judge properties on an explored configuration; verdicts are added to it."""
    system, result = exploration.system, exploration.result
    state_jobs: list[tuple[Property, str, StateProperty]] = []
    step_jobs: list[tuple[Property, str, StepProperty]] = []
    for one in properties:
        reason = applicable(model, exploration.configuration, system, one)
        if reason:
            exploration.not_applicable.append((one.id, reason))
            continue
        premise = premise_of(one)
        if one.form == "step":
            step_jobs.append((one, "holds", _step_property(system, one.condition.expr)))
            if premise is not None:
                step_jobs.append((one, "premise", _step_property(system, premise)))
        elif one.form == "stuck":
            exploration.verdicts.append(_judge_stuck(exploration, one))
        else:
            state_jobs.append((one, "holds", state_property(system, one.condition.expr)))
            if premise is not None:
                state_jobs.append((one, "premise", state_property(system, premise)))
    found: dict[tuple[str, str], Any] = {}
    for (one, what, _), verdict in zip(state_jobs, check_states(result, [j[2] for j in state_jobs]), strict=True):
        found[(one.id, what)] = verdict
    for (one, what, _), step in zip(step_jobs, check_steps(result, [j[2] for j in step_jobs]), strict=True):
        found[(one.id, what)] = step
    for one in properties:
        if (one.id, "holds") in found:
            exploration.verdicts.append(_verdict(exploration, one, found))


def premise_of(one: Property) -> Expr | None:
    """Find what must occur for a property not to be vacuous: its witness, or the left side of `implies`."""
    if one.witness is not None:
        return one.witness.expr
    expr = one.condition.expr
    return expr.args[0] if expr.kind == "implies" and isinstance(expr.args[0], Expr) else None


def _verdict(exploration: Exploration, one: Property, found: dict[tuple[str, str], Any]) -> Verdict:
    result, holds = exploration.result, found[(one.id, "holds")]
    premise = found.get((one.id, "premise"))
    vacuous = premise is not None and premise.first_holds is None
    expected = one.expect.get(exploration.mode, "proved")
    if one.form == "reachable":
        hit = holds.first_holds
        verdict = PROVED if hit is not None else REFUTED if result.complete else UNDETERMINED
        found_at = story(exploration, hit.index) if hit is not None else ()
        return Verdict(one.id, exploration.mode, exploration.configuration.id, verdict, expected, found_at, False)
    hit = holds.first_fails
    verdict = REFUTED if hit is not None else PROVED if result.complete else UNDETERMINED
    trace: tuple[Step, ...] = ()
    if hit is not None:
        trace = story(exploration, hit.index)
        if one.form == "step":
            trace += (last_step(exploration, hit.before, hit.event, hit.after),)
    return Verdict(
        one.id, exploration.mode, exploration.configuration.id, verdict, expected, trace, vacuous, holds.n_holds
    )


def _judge_stuck(exploration: Exploration, one: Property) -> Verdict:
    """PROVED: no reachable state with the condition from which nothing that Kubernetes does leaves it."""
    system, result = exploration.system, exploration.result
    allowed = [
        i
        for i, (event, _) in enumerate(system.table_events)
        if system.model.named["actors"][event.actor].text("voluntary") != "true"
    ]
    found = find_stuck(result, state_property(system, one.condition.expr), allowed)
    verdict = REFUTED if found.n_stuck else PROVED if result.complete and not found.undetermined else UNDETERMINED
    trace = story(exploration, found.first.index) if found.first is not None else ()
    expected = one.expect.get(exploration.mode, "proved")
    vacuous = found.n_condition == 0
    if one.witness is not None:
        [seen] = check_states(result, [state_property(system, one.witness.expr)])
        vacuous = seen.first_holds is None
    return Verdict(one.id, exploration.mode, exploration.configuration.id, verdict, expected, trace, vacuous)


def state_property(system: TableSystem, expr: Expr) -> StateProperty:
    """Make a property of the engine of a condition on the root element."""
    places = system.property_places(expr)
    closure = system.program.closure(expr)

    def class_of(component: int, local: int) -> int:
        return system.class_by(places.get(component, ()), component, local)

    def holds(state: State) -> bool:
        system.load_state(state)
        return bool(closure((system.world.root,), None))

    return StateProperty(tuple(sorted(places)), class_of, holds)


def _step_property(system: TableSystem, expr: Expr) -> StepProperty:
    places = system.property_places(expr)
    closure = system.program.closure(expr)

    def class_of(component: int, local: int) -> int:
        return system.class_by(places.get(component, ()), component, local)

    def holds(before: State, after: State) -> bool:
        system.load_state(after, before)
        return bool(closure((system.world.root,), None))

    return StepProperty(tuple(sorted(places)), class_of, holds)


def story(exploration: Exploration, index: int) -> tuple[Step, ...]:
    """Tell a shortest run to a state, as readable steps."""
    trace = exploration.result.trace(index)
    return tuple(_told(exploration.system, s.event, s.moves, s.state) for s in trace.steps)


def last_step(exploration: Exploration, before: State, event: int, after: State) -> Step:
    """Tell the step that breaks a step property."""
    for number, moves, state in exploration.result.successors(before):
        if number == event and state == after:
            return _told(exploration.system, event, moves, state)
    raise AssertionError("the step is no transition of the system")


def _told(system: TableSystem, event: int, moves: Any, state: State) -> Step:
    labels: list[Label] = [system.labels[label] for _, _, label in moves if label >= 0]
    return Step(
        event=system.events[event].name,
        rows=tuple(dict.fromkeys(row for label in labels for row in label.rows)),
        arguments=tuple(pair for label in labels for pair in label.arguments),
        decided=tuple(dict.fromkeys(row for label in labels for row in label.decided)),
        shows=shown(system, state),
    )


def shown(system: TableSystem, state: State) -> tuple[tuple[str, str], ...]:
    """Show what a reader sees of a state: the fields that `settings: story:` names."""
    setting = system.model.named["settings"].get("story")
    if setting is None:
        return ()
    system.load_state(state)
    found = []
    for title, path in setting.data.items():
        value: Any = system.world.root
        for part in path.text.split("."):
            value = value[part] if isinstance(value, dict) else value.get(part)
        found.append((title, str(value)))
    return tuple(found)
