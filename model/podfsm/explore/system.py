"""What the engine explores: a product of components, moved by events that are sequences of stages.

A component's state is a dense *local state id*: 0, 1, 2, ... in the order in which the system hands them out. A global
state is the tuple of its components' local ids. An event is a sequence of stages. In a stage, some components are
*read*, each through a small equivalence class of its local states, and all *written* components move at once, each
given a *context*: the few bits of the others' states which matter to it.

The successors of a state under an event are the product of all alternatives of the first stage's writes, each run
through the second stage (which sees the intermediate state), and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

State = tuple[int, ...]
"""One local state id per component."""

NO_LABEL = -1
"""The label of a component that did not step in a stage."""


class LimitError(Exception):
    """The system is too large to be encoded: states or property classes do not fit 64-bit integers."""


@dataclass(frozen=True)
class Stage:
    """One simultaneous move: the components it looks at, and the components it moves.

    The same object may stand in several events: the answers about it must then be the same, and are asked for once.
    """

    reads: tuple[int, ...]
    writes: tuple[int, ...]


@dataclass(frozen=True)
class Event:
    """A named, atomic sequence of stages."""

    name: str
    stages: tuple[Stage, ...]


class System(Protocol):
    """The questions of the engine.

    Each distinct question is asked once, and only when a reachable state raises it, so a system may count what it is
    asked as what can happen. The answers must not change.
    """

    @property
    def components(self) -> Sequence[str]:
        """Names of the components; a component is its position here."""

    @property
    def events(self) -> Sequence[Event]:
        """All events; an event is its position here."""

    @property
    def symmetric(self) -> Sequence[tuple[int, ...]]:
        """Disjoint groups of interchangeable components, whose local ids mean the same."""

    def initial(self) -> Sequence[State]:
        """Give the initial states; their set must be closed under permutations within the symmetric groups."""

    def class_of(self, event: int, stage: int, component: int, local: int) -> int:
        """Class (small, >= 0) of a local state, as this stage sees it."""

    def plan(self, event: int, stage: int, state: State) -> tuple[int, ...] | None:
        """Context (any integer) per written component.

        Asked with one representative of the joint class of the stage's reads. None means: event not enabled (first
        stage), or the stage does nothing (later stages).
        """

    def step(self, event: int, stage: int, component: int, local: int, context: int) -> Sequence[tuple[int, int]]:
        """Alternatives as (next local id, label id >= 0).

        None at all means: event not enabled (first stage), or component unchanged, label -1 (later stages). Writes are
        asked in their declared order, and after an empty answer in the first stage the others are not asked.
        """


def check_shape(system: System) -> None:
    """Raise ValueError when events or symmetric groups name components wrongly."""
    count = len(system.components)
    for event in system.events:
        if not event.stages:
            raise ValueError(f"event {event.name!r} has no stages; give it at least one")
        for number, stage in enumerate(event.stages):
            for component in (*stage.reads, *stage.writes):
                if not 0 <= component < count:
                    raise ValueError(f"event {event.name!r}, stage {number}: no component {component} of {count}")
            for kind, listed in (("reads", stage.reads), ("writes", stage.writes)):
                if len(set(listed)) != len(listed):
                    raise ValueError(f"event {event.name!r}, stage {number}: {kind} a component twice")
    members = [component for group in system.symmetric for component in group]
    if len(set(members)) != len(members) or not all(0 <= component < count for component in members):
        raise ValueError("symmetric groups must be disjoint sets of components")
