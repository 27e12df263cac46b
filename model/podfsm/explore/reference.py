"""The search in plain Python, slow and plain enough to be believed: tests compare the compiled search with it.

It ignores symmetry, keeps no tables and forgets no transition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from podfsm.explore.system import NO_LABEL, State, System

Labels = tuple[tuple[int, ...], ...]
"""Per stage, one label per component (-1: it did not step)."""


@dataclass
class Reference:
    """All states in breadth-first order, their levels, and all transitions (state index, event, labels, next state)."""

    states: list[State] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    transitions: list[tuple[int, int, Labels, State]] = field(default_factory=list)


def successors(system: System, event: int, state: State, stage: int = 0) -> Iterator[tuple[Labels, State]]:
    """All ways through the event from its given stage on, in the order of the alternatives."""
    if stage == len(system.events[event].stages):
        yield (), state
        return
    writes = system.events[event].stages[stage].writes
    contexts = system.plan(event, stage, state)
    alternatives = []
    if contexts is None:
        if stage == 0:
            return
        writes = ()
    else:
        for component, context in zip(writes, contexts, strict=True):
            steps = system.step(event, stage, component, state[component], context)
            if not steps and stage == 0:
                return
            alternatives.append(steps or ((state[component], NO_LABEL),))
    for choice in product(*alternatives):
        after, labels = list(state), [NO_LABEL] * len(state)
        for component, (local, label) in zip(writes, choice, strict=True):
            after[component], labels[component] = local, label
        for rest, end in successors(system, event, tuple(after), stage + 1):
            yield (tuple(labels), *rest), end


def explore(system: System) -> Reference:
    """Breadth-first search of everything."""
    found = Reference()
    seen: set[State] = set()

    def visit(state: State, parent: int) -> None:
        if state not in seen:
            seen.add(state)
            found.parents.append(parent if parent >= 0 else len(found.states))
            found.states.append(state)

    for state in system.initial():
        visit(state, -1)
    start = 0
    while start < len(found.states):
        found.levels.append(len(found.states) - start)
        start, end = len(found.states), start
        for index in range(end, start):
            for event in range(len(system.events)):
                for labels, after in successors(system, event, found.states[index]):
                    found.transitions.append((index, event, labels, after))
                    visit(after, index)
    return found
