"""Explore one pod in both modes, and compare every verdict with what is expected."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, Final

from podfsm.explore.adapter import TableSystem
from podfsm.explore.configuration import Configuration, system_for
from podfsm.explore.prove import PROVED, REFUTED, UNDETERMINED, Exploration, Verdict, applicable, explore_configuration
from podfsm.explore.search import Progress, Result
from podfsm.explore.system import LimitError
from podfsm.language.model import Model, Property
from podfsm.language.world import DocumentError, Element, World
from podfsm.requests import Status
from podfsm.verify import findings
from podfsm.verify.beside import Beside, Explored, Size
from podfsm.verify.findings import Found
from podfsm.verify.size import DEFAULT_LIMIT, Plan, plan_for
from podfsm.verify.subjects import Subject

EITHER: Final = "either"
"""Expected of what one pod may show and another not."""

MAX_BYTES: Final = 3 << 30
"""Memory for states, parents and the visited set; with tables and interpreter the whole stays below 4 GiB."""

NAMES: Final = frozenset(("metadata", name) for name in ("name", "generateName", "namespace", "uid"))
"""Ends of the paths that only tell which of several like objects one is."""

BESIDE: Final = 4.0
"""Where an exploration is expected to take longer, in seconds, both modes are explored at the same time."""

Report = Callable[[str, Progress | None], None]
"""Told what is being done, and how far it is."""


@dataclass(frozen=True)
class Judged:
    """A verdict, and what was expected: PROVED, REFUTED or `EITHER`."""

    verdict: Verdict
    expected: str

    @property
    def status(self) -> Status:
        """The exit status that this verdict alone asks for."""
        if self.verdict.verdict == UNDETERMINED:
            return Status.UNDETERMINED
        return Status.FINE if self.expected in (EITHER, self.verdict.verdict) else Status.DIFFERS


@dataclass
class Outcome:
    """Everything that is known of one pod.

    Attributes
    ----------
    subject, plan
        The pod, and what of it was explored.
    system
        The tables on that pod, as is (or as intended, if only that was asked for).
    exploration
        The main exploration; None if the pod was too large.
    second
        What was explored as intended, if it is not the same.
    seconds
        Wall-clock time of everything.
    modes
        Modes that were judged.
    same
        Whether the pod never meets a row of a defect, so that both modes are the same and were explored once.
    limit
        Number of states after which the exploration was to stop.
    reason
        Why the exploration stopped; '' if it is complete, or never began because of the estimate.
    open
        Findings that nothing is known about, since they depend on what was left out.
    """

    subject: Subject
    plan: Plan
    modes: tuple[str, ...]
    limit: int
    system: TableSystem = field(init=False)
    exploration: Exploration | None = None
    second: Size | None = None
    seconds: float = 0.0
    same: bool = False
    reason: str = ""
    judged: list[Judged] = field(default_factory=list)
    not_applicable: dict[str, str] = field(default_factory=dict)
    findings: list[Found] = field(default_factory=list)
    open: list[Found] = field(default_factory=list)

    @property
    def status(self) -> Status:
        """The exit status that this pod asks for."""
        return Status.worst(*(judged.status for judged in self.judged))


def verify_subject(
    model: Model,
    subject: Subject,
    properties: Sequence[Property],
    modes: tuple[str, ...],
    limit: int | None,
    language: str,
    report: Report,
    earlier: Iterable[Outcome] = (),
) -> Outcome:
    """Explore a pod, judge properties on it in each mode, and find what is to be remarked.

    A pod that is like an earlier one (judged with the same other arguments) up to its names is not explored again.
    """
    started = time.perf_counter()
    like = next((known for known in earlier if _alike(known, subject)), None)
    if like is not None:
        return _again(like, subject, started)
    report(f"{subject.name}: estimating", None)
    plan = Plan(subject.configuration) if subject.shipped else plan_for(model, subject.configuration, limit, modes)
    limit = DEFAULT_LIMIT if limit is None else limit
    outcome = Outcome(subject, plan, modes, limit)
    if plan.fits:
        try:
            _explore(model, outcome, properties, limit, language, report)
        except LimitError as error:
            outcome.reason = str(error)
    if outcome.exploration is None:
        outcome.system = plan.system or system_for(model, plan.configuration, modes[0])
        _give_up(model, outcome, properties, language)
    outcome.seconds = time.perf_counter() - started
    return outcome


def _alike(known: Outcome, subject: Subject) -> bool:
    """Tell whether a pod differs from another one in names only, as far as the tables look."""
    one, other = known.subject.configuration, subject.configuration
    if replace(one, id="", title="", document={}) != replace(other, id="", title="", document={}):
        return False
    return _constants(known.system, one.document) == _constants(known.system, other.document)


def _constants(system: TableSystem, document: Mapping[str, Any]) -> list[Any]:
    """Collect what the tables read of a manifest, but for the names of its objects."""
    world, level = World(system.program, document), system.analysis.level
    found: list[Any] = []
    elements = [world.root]
    for element in elements:
        found.append((element.collection.id, element.group))
        for one in system.program.fields[element.collection.id]:
            if level[one.id] == "static" and (one.observe is None or one.observe.path[-2:] not in NAMES):
                # Fields that only a check of manifests reads may hold what the API server would refuse.
                with suppress(DocumentError):
                    value = element.get(one.name)
                    found.append((one.id, repr(value) if isinstance(value, Element) else value))
        for collection in system.model.collections.values():
            if collection.of == element.collection.id:
                elements += element.children_of(collection.id)
    return found


def _again(known: Outcome, subject: Subject, started: float) -> Outcome:
    """Say of a pod what is known of a like one."""
    outcome = copy(known)
    kept = replace(known.plan.configuration, id=subject.configuration.id, document=subject.configuration.document)
    outcome.subject, outcome.plan = subject, replace(known.plan, configuration=kept)
    outcome.seconds = time.perf_counter() - started
    return outcome


def _explore(
    model: Model, outcome: Outcome, properties: Sequence[Property], limit: int, language: str, report: Report
) -> None:
    """Explore in each mode; the second one beside the first, in a process of its own, where that takes long."""
    configuration, name = outcome.plan.configuration, outcome.subject.name
    first, *rest = outcome.modes
    large = outcome.plan.estimate is not None and outcome.plan.estimate.seconds > BESIDE
    beside = Beside(model, configuration, rest[0], properties, limit) if rest and large else None
    try:
        title, known = f"{name}: exploring {first}", outcome.plan.known
        main = _explored(model, configuration, first, properties, limit, title, report, known)
        outcome.exploration, outcome.system, outcome.reason = main, main.system, main.result.reason or ""
        found = [Explored.of(main)]
        for mode in rest:
            title = f"{name}: exploring {mode}"
            if not meets_defect(main.system):
                outcome.same = True
                found.append(found[0].also(mode))
            elif beside is not None:
                report(title, None)
                found.append(beside.wait())
            else:
                found.append(Explored.of(_explored(model, configuration, mode, properties, limit, title, report)))
            outcome.second = found[-1].size
    finally:
        if beside is not None:
            beside.end()
    _collect(outcome, properties, found)
    if not outcome.subject.shipped:
        report(f"{name}: findings", None)
        outcome.findings, outcome.open = findings.find(main, outcome.subject.configuration.features, language)


def _explored(
    model: Model,
    configuration: Configuration,
    mode: str,
    properties: Sequence[Property],
    limit: int,
    title: str,
    report: Report,
    known: tuple[TableSystem, Result] | None = None,
) -> Exploration:
    report(title, None)
    return explore_configuration(
        model,
        configuration,
        mode,
        properties,
        max_states=limit,
        max_bytes=MAX_BYTES,
        progress=lambda progress: report(title, progress),
        known=known,
    )


def meets_defect(system: TableSystem) -> bool:
    """Tell whether a row of a defect ever applied: if not, the pod is the same without these rows."""
    program = system.program
    rows = [row for _, rows, _ in program.tables.values() for row in rows]
    rows += [row for _, _, rows in program.events.values() for row in rows]
    return any(row.row.defect and row.seen[0] for row in rows)


def _collect(outcome: Outcome, properties: Sequence[Property], explorations: Sequence[Explored]) -> None:
    """Sort verdicts; what holds only because its premise never occurs is not applicable."""
    by_id = {one.id: one for one in properties}
    told: dict[str, set[str]] = {}
    for exploration in explorations:
        outcome.not_applicable |= dict(exploration.not_applicable)
        for verdict in exploration.verdicts:
            if verdict.vacuous and verdict.verdict == PROVED:
                told.setdefault(verdict.property, set()).add(exploration.mode)
            else:
                one = by_id[verdict.property]
                outcome.judged.append(Judged(verdict, expected(one, verdict.mode, outcome.subject.shipped)))
    for identifier, modes in told.items():
        always = len(modes) == len(explorations)
        where = "" if always else f" {', '.join(sorted(modes))}"
        outcome.not_applicable[identifier] = f"what it speaks of never happens here{where}"
    order = {one.id: number for number, one in enumerate(properties)}
    outcome.judged.sort(key=lambda judged: (order[judged.verdict.property], outcome.modes.index(judged.verdict.mode)))
    outcome.not_applicable = dict(sorted(outcome.not_applicable.items(), key=lambda item: order[item[0]]))


def expected(one: Property, mode: str, shipped: bool) -> str:
    """Tell what the tables expect of a property on one pod.

    Where they expect it to be refuted (by a defect, or because it is a false belief), some pods refute it and others do
    not. Whether something can be reached is not the same for all manifests either.
    """
    if one.expect.get(mode, "proved") == "refuted" or (one.form == "reachable" and not shipped):
        return EITHER
    return PROVED


def _give_up(model: Model, outcome: Outcome, properties: Iterable[Property], language: str) -> None:
    """Nothing was explored: every property that applies is undetermined."""
    configuration: Configuration = outcome.plan.configuration
    for one in properties:
        why = applicable(model, configuration, outcome.system, one)
        if why:
            outcome.not_applicable[one.id] = why
            continue
        for mode in outcome.modes:
            wanted = expected(one, mode, outcome.subject.shipped)
            verdict = Verdict(one.id, mode, configuration.id, UNDETERMINED, wanted)
            outcome.judged.append(Judged(verdict, wanted))
    outcome.findings = findings.constant_findings(outcome.system, language)


def demand_refutations(outcomes: Sequence[Outcome], properties: Iterable[Property]) -> None:
    """Over all shipped configurations, what the tables expect to be refuted must be refuted in at least one of them."""
    for one in properties:
        for mode in {mode for outcome in outcomes for mode in outcome.modes}:
            if one.expect.get(mode, "proved") != "refuted":
                continue
            here = [
                (outcome, at)
                for outcome in outcomes
                for at, judged in enumerate(outcome.judged)
                if judged.verdict.property == one.id and judged.verdict.mode == mode
            ]
            if here and all(outcome.judged[at].verdict.verdict == PROVED for outcome, at in here):
                for outcome, at in here:
                    outcome.judged[at] = replace(outcome.judged[at], expected=REFUTED)
