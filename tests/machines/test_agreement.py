"""The machines and the explored graph agree: regions in every context, pods in every state."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from machines.graph import Pair
from podfsm.explore.configuration import Configuration, shipped, whole_pod
from podfsm.explore.search import Result, explore
from podfsm.language import tables

SMALL = 2000
"""Configurations with fewer states are compared in every state."""

SAMPLE = 100
"""So many states of every larger configuration are compared."""


def configurations() -> list[Configuration]:
    return shipped(tables.shipped())


@pytest.fixture(
    scope="module",
    params=[(c, mode) for c in configurations() for mode in ("as-is", "intended")],
    ids=lambda given: f"{given[0].id}-{given[1]}",
)
def explored(request: pytest.FixtureRequest) -> tuple[Pair, Result]:
    """A shipped configuration, explored; with everything that the exploration asked."""
    configuration, mode = request.param
    pair = Pair(tables.shipped(), configuration, mode)
    return pair, explore(pair.system)


def test_regions_agree_in_every_context(explored: tuple[Pair, Result]) -> None:
    pair, _ = explored
    assert pair.questions
    for question in list(pair.questions):
        event, component, local, _ = question
        place = (pair.system.events[event].name, pair.system.local_values(component, local))
        assert pair.region_steps(question) == pair.graph_region_steps(question), place


def test_pods_agree(explored: tuple[Pair, Result]) -> None:
    pair, result = explored
    states: Sequence[int] = range(len(result))
    if len(result) >= SMALL:
        states = random.Random(len(result)).sample(states, SAMPLE)
    for index in states:
        state = result.state(index)
        expected = pair.graph_steps(result.successors(state))
        found = pair.machine_steps(state)
        for event in expected.keys() | found.keys():
            name = pair.system.events[event].name
            assert found.get(event, set()) == expected.get(event, set()), (name, pair.pod.variables)


def test_pods_start_where_the_graph_starts(explored: tuple[Pair, Result]) -> None:
    pair, _ = explored
    pair.composition.load(pair.beginning)
    assert pair.state() in pair.system.initial()


def test_every_region_is_compared() -> None:
    model = tables.shipped()
    compared = {name for c in configurations() for name in c.machines or whole_pod(model)}
    assert compared >= set(whole_pod(model))
