"""Findings: what the tables remark on a pod, where the explored graph says so."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, Final

import numpy as np

from podfsm.explore.adapter import TableSystem
from podfsm.explore.check import StateProperty, StepProperty, check_states, check_steps, evaluate, find_stuck
from podfsm.explore.prove import Exploration
from podfsm.explore.search import Result
from podfsm.explore.system import State
from podfsm.language.model import Finding, Formula
from podfsm.language.verification import STEPS
from podfsm.language.world import Element

DENSE_CLASSES: Final = 4096
"""Conditions with more joint classes than this are asked part by part."""

Places = dict[int, tuple[tuple[int, int], ...]]
"""Per component: (member, field index) of what a condition reads."""


@dataclass(frozen=True)
class Found:
    """A finding that holds of one element: its component, and the text by language."""

    finding: Finding
    subject: str
    text: str


@dataclass
class _Case:
    """A finding on one element, and whether it still may hold."""

    finding: Finding
    element: Element
    holds: bool = True
    known: bool = True


@dataclass(frozen=True)
class _Question:
    case: _Case
    form: str
    formula: Formula
    reads: tuple[int, ...]
    class_of: Callable[[int, int], int] = field(repr=False)


def find(exploration: Exploration, met: Collection[str], language: str) -> tuple[list[Found], list[Found]]:
    """Return the findings that hold, in the order of the tables, and what else may hold.

    It may where a feature that the pod can meet (`met`) was left out, or where only a complete exploration
    could tell.
    """
    system = exploration.system
    system.load_state(system.initial()[0])
    cases: list[_Case] = []
    left: list[_Case] = []
    for finding in system.model.findings.values():
        if any(feature not in met for feature in finding.features):
            continue
        chosen = list(_elements(system, finding))
        if chosen and any(feature not in exploration.configuration.features for feature in finding.features):
            left += [_Case(finding, element) for element in chosen]
        else:
            cases += [_Case(finding, element) for element in chosen]
    _decide(exploration, cases)
    left += [case for case in cases if case.holds and not case.known]
    system.load_state(system.initial()[0])
    found = [_found(system, case, language) for case in cases if case.holds and case.known]
    return found, [_found(system, case, language) for case in left]


def constant_findings(system: TableSystem, language: str) -> list[Found]:
    """Return the findings that need no exploration, for a pod that is too large."""
    system.load_state(system.initial()[0])
    return [
        _found(system, _Case(finding, element), language)
        for finding in system.model.findings.values()
        if not finding.conditions
        for element in _elements(system, finding)
    ]


def _elements(system: TableSystem, finding: Finding) -> Iterator[Element]:
    """Elements that a finding may be about."""
    for members in system.component_elements:
        for element in members:
            if element.collection.id == finding.collection and (
                finding.where is None or system.program.cached_closure(finding.where)((element,), None)
            ):
                yield element


def _found(system: TableSystem, case: _Case, language: str) -> Found:
    text = case.finding.translations.get(language, case.finding.text)
    subject = system.components[system.component_of[id(case.element)]]
    return Found(case.finding, subject, str(system.program.cached_closure(text)((case.element,), None)))


def _decide(exploration: Exploration, cases: Sequence[_Case]) -> None:
    """Ask the explored graph every condition of every case."""
    system, result = exploration.system, exploration.result
    questions = [_question(system, case, *condition) for case in cases for condition in case.finding.conditions]
    states = [q for q in questions if q.form in ("reachable", "never", "always")]
    small = [q for q in states if _classes(result, q) <= DENSE_CLASSES]
    for question, verdict in zip(small, check_states(result, [_on_states(system, q) for q in small]), strict=True):
        seen = verdict.first_fails if question.form == "always" else verdict.first_holds
        _answer(question, seen is not None, result.complete)
    for question in states:
        if question not in small:
            _answer(question, _seen(exploration, question), result.complete)
    for question in (q for q in questions if q.form == "stuck"):
        stuck = find_stuck(result, _on_states(system, question), own_events(system))
        _answer(question, stuck.n_stuck > 0, result.complete)
    steps = [q for q in questions if q.form in STEPS]
    for question, step in zip(steps, check_steps(result, [_on_steps(system, q) for q in steps]), strict=True):
        _answer(question, step.first_holds is not None, result.complete)


def _answer(question: _Question, seen: bool, complete: bool) -> None:
    """Note whether what the condition speaks of (its contrary, for `always`) was seen."""
    question.case.known &= seen or complete
    question.case.holds &= seen == (question.form in ("reachable", "step", "stuck")) or not (seen or complete)


def _seen(exploration: Exploration, question: _Question) -> bool:
    """Look for a state with a condition of many classes: its parts are asked one after the other, simple ones first."""
    system, result = exploration.system, exploration.result
    expr = question.formula.expr
    if question.form == "always":
        return not evaluate(result, _on_states(system, question)).all()
    parts = [
        _question(system, question.case, question.form, replace(question.formula, expr=part))
        for part in (expr.args if expr.kind == "and" else (expr,))
    ]
    among = np.ones(len(result), np.bool_)
    for part in sorted(parts, key=lambda part: _classes(result, part)):
        among = evaluate(result, _on_states(system, part), among=among)
    return bool(among.any())


def _classes(result: Result, question: _Question) -> int:
    """Count the joint classes that a condition may have to be asked for."""
    used = result.used_locals()
    return prod(
        len({question.class_of(component, local) for local in np.flatnonzero(used[component]).tolist()})
        for component in question.reads
    )


def own_events(system: TableSystem) -> list[int]:
    """Events that happen without anybody's will."""
    actors = system.model.named["actors"]
    return [
        number
        for number, (event, _) in enumerate(system.table_events)
        if event.actor not in actors or actors[event.actor].text("voluntary") != "true"
    ]


def _question(system: TableSystem, case: _Case, form: str, formula: Formula) -> _Question:
    places = _places(system, formula, case.element)

    def class_of(component: int, local: int) -> int:
        return system.class_by(places.get(component, ()), component, local)

    return _Question(case, form, formula, tuple(sorted(places)), class_of)


def _places(system: TableSystem, formula: Formula, element: Element) -> Places:
    """Where a condition on an element reads: its own component only, as far as it names its own fields."""
    own: set[tuple[str, str]] = set()
    others: set[tuple[str, str]] = set()
    for is_own, read in system.analysis.reads(formula.expr):
        key = (read.collection, read.name)
        local = is_own and system.analysis.level[read.id] == "local"
        (own if local else others).add(key)
    found = {component: list(places) for component, places in system.places_behind(others).items()}
    home = system.component_of[id(element)]
    for place in system.places(frozenset(own)).get(home, ()):
        if place not in found.setdefault(home, []):
            found[home].append(place)
    return {component: tuple(places) for component, places in found.items()}


def _on_states(system: TableSystem, question: _Question) -> StateProperty:
    closure = system.program.cached_closure(question.formula)

    def holds(state: State) -> bool:
        system.load_state(state)
        return bool(closure((question.case.element,), None))

    return StateProperty(question.reads, question.class_of, holds)


def _on_steps(system: TableSystem, question: _Question) -> StepProperty:
    closure: Any = system.program.cached_closure(question.formula)

    def holds(before: State, after: State) -> bool:
        system.load_state(after, before)
        return bool(closure((question.case.element,), None))

    return StepProperty(question.reads, question.class_of, holds)
