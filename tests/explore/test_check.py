"""Verdicts equal those of brute force over the plain search's states and transitions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings

from explore.systems import (
    EATING,
    HUNGRY,
    LEFT,
    MAKERS,
    Toy,
    counters,
    interchangeable,
    philosophers,
    scrambled,
    stages,
    systems,
)
from podfsm.explore import check, reference, search
from podfsm.explore.check import (
    StateProperty,
    StepProperty,
    check_states,
    check_steps,
    evaluate,
    find_deadlock,
    find_stuck,
)
from podfsm.explore.reference import Reference
from podfsm.explore.search import Result, explore
from podfsm.explore.system import LimitError, State


def parity(component: int, local: int) -> int:
    return local % 2


def itself(component: int, local: int) -> int:
    return local


def properties(components: int) -> list[StateProperty]:
    """Conditions that read nothing, one component, two, all."""
    everything = tuple(range(components))
    return [
        StateProperty((), itself, lambda state: True),
        StateProperty((0,), itself, lambda state: state[0] != 2),
        StateProperty((components - 1, 0), parity, lambda state: (state[0] + state[-1]) % 2 == 0),
        StateProperty(everything, itself, lambda state: sum(state) % 3 != 1),
    ]


def step_properties(components: int) -> list[StepProperty]:
    everything = tuple(range(components))
    return [
        StepProperty((), itself, lambda before, after: True),
        StepProperty((0,), itself, lambda before, after: before[0] <= after[0]),
        StepProperty((components - 1,), parity, lambda before, after: (before[-1] - after[-1]) % 2 == 0),
        StepProperty((components - 1, 0), parity, lambda b, a: (b[0] + b[-1]) % 2 == 0 or (a[0] + a[-1]) % 2 == 1),
        StepProperty(everything, itself, lambda before, after: sum(after) - sum(before) < 2),
    ]


def compare(make: Callable[[], Toy]) -> None:
    system = make()
    result, expected = explore(system), reference.explore(make())
    compare_states(result, expected)
    for pairs in (True, False):
        compare_steps(result if pairs else explore(make(), pairs=False), expected)
    dead = [i for i in range(len(result)) if not any(index == i for index, *_ in expected.transitions)]
    verdict = find_deadlock(result)
    assert verdict.n_deadlocks == len(dead)
    assert (verdict.first.index if verdict.first else None) == (dead[0] if dead else None)
    for condition in properties(len(system.components)):
        for events in (None, range(0, len(system.events), 2)):
            stuck = brute_stuck(expected, condition, range(len(system.events)) if events is None else events)
            found = find_stuck(result, condition, events)
            assert (found.n_stuck, found.undetermined) == (len(stuck), 0)
            assert (found.first.index if found.first else None) == min(stuck, default=None)
            assert found.n_condition == sum(map(condition.holds, expected.states))


def compare_states(result: Result, expected: Reference) -> None:
    wanted = properties(len(result.system.components))
    for one, verdict in zip(wanted, check_states(result, wanted), strict=True):
        truth = [one.holds(state) for state in expected.states]
        assert (verdict.n_holds, verdict.n_fails) == (sum(truth), len(truth) - sum(truth))
        joints = {tuple(one.class_of(c, state[c]) for c in one.reads) for state in expected.states}
        assert verdict.n_classes == len(joints)
        for witness, kind in ((verdict.first_holds, True), (verdict.first_fails, False)):
            assert (witness.index if witness else None) == (truth.index(kind) if kind in truth else None)
            assert witness is None or witness.state == expected.states[witness.index]
        assert evaluate(result, one).tolist() == truth


def compare_steps(result: Result, expected: Reference) -> None:
    wanted = step_properties(len(result.system.components))
    for one, verdict in zip(wanted, check_steps(result, wanted), strict=True):
        first: dict[bool, int] = {}
        pairs: dict[bool, set[tuple[tuple[int, ...], ...]]] = {True: set(), False: set()}
        real = set()
        for index, event, _, after in expected.transitions:
            before = expected.states[index]
            truth = one.holds(before, after)
            first.setdefault(truth, index)
            real.add((index, event, before, after))
            pairs[truth].add(tuple(tuple(one.class_of(c, s[c]) for c in one.reads) for s in (before, after)))
        assert (verdict.n_holds, verdict.n_fails) == (len(pairs[True]), len(pairs[False]))
        for witness, kind in ((verdict.first_holds, True), (verdict.first_fails, False)):
            assert (witness.index if witness else None) == first.get(kind)
            if witness:
                assert (witness.index, witness.event, witness.before, witness.after) in real
                assert one.holds(witness.before, witness.after) is kind


def brute_stuck(expected: Reference, condition: StateProperty, events: range) -> set[int]:
    number = {state: index for index, state in enumerate(expected.states)}
    stuck = {index for index, state in enumerate(expected.states) if condition.holds(state)}
    edges = [(index, number[after]) for index, event, _, after in expected.transitions if event in events]
    while out := {index for index, after in edges if index in stuck and after not in stuck}:
        stuck -= out
    return stuck


@pytest.mark.parametrize("name", MAKERS)
def test_equals_brute_force(name: str) -> None:
    compare(MAKERS[name])


@pytest.mark.parametrize("trail_bytes", [0, search.TRAIL_BYTES], ids=["expanded again", "transitions kept"])
@pytest.mark.parametrize("name", MAKERS)
def test_equals_brute_force_with_everything_small(name: str, trail_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Joint classes by sorting, few states per call, small buffers and logs; transitions kept or not."""
    monkeypatch.setattr(search, "TRAIL_BYTES", trail_bytes)
    monkeypatch.setattr(search, "ROWS", 4)
    monkeypatch.setattr(check, "DENSE_CLASSES", 2)
    monkeypatch.setattr(check, "CHUNK", 7)
    monkeypatch.setattr(check, "ROWS", 4)
    monkeypatch.setattr(search, "SUCCESSORS", 1)
    compare(MAKERS[name])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(systems())
def test_random_systems_equal_brute_force(system: Toy) -> None:
    compare(lambda: system)


@pytest.mark.parametrize("seed", range(25))
def test_symmetry_does_not_change_verdicts(seed: int) -> None:
    result = explore(interchangeable(seed, 3, 4))
    expected = reference.explore(interchangeable(seed, 3, 4, declared=False))
    wanted = [
        StateProperty((1,), itself, lambda state: state[1] < 2),
        StateProperty((2, 0), itself, lambda state: state[2] <= state[0]),
        StateProperty((0, 1, 2, 3), itself, lambda state: not state[2] < state[0] < state[1] < state[3]),
    ]
    for one, verdict in zip(wanted, check_states(result, wanted), strict=True):
        truth = [one.holds(state) for state in expected.states]
        for witness, kind in ((verdict.first_holds, True), (verdict.first_fails, False)):
            assert (witness is not None) == (kind in truth)
            if witness:
                assert one.holds(witness.state) is kind
                assert result.canonical(witness.state) == result.state(witness.index)
                assert result.trace(witness.index, witness.state).last == witness.state
    transitions = {(expected.states[i], after) for i, _, _, after in expected.transitions}
    steps = [
        StepProperty((1,), itself, lambda before, after: before[1] <= after[1]),
        StepProperty((2, 3), itself, lambda before, after: before[2] + after[3] != 4),
        StepProperty((0, 1), itself, lambda before, after: not before[0] < before[1] < after[1] < after[0]),
    ]
    for step, judged in zip(steps, check_steps(result, steps), strict=True):
        truth = [step.holds(before, after) for before, after in transitions]
        assert (judged.first_holds is not None, judged.first_fails is not None) == (True in truth, False in truth)
        for shown in (judged.first_holds, judged.first_fails):
            assert shown is None or (shown.before, shown.after) in transitions
    level = StateProperty((0, 1, 2), itself, lambda state: sum(state[:3]) > 3)
    stuck = brute_stuck(expected, level, range(6))
    assert find_stuck(result, level).n_stuck == len({result.canonical(expected.states[i]) for i in stuck})


def test_conditions_that_tell_symmetric_components_apart_are_refused() -> None:
    result = explore(counters(3, 3, symmetric=True))
    with pytest.raises(ValueError, match="must not tell symmetric components apart"):
        find_stuck(result, StateProperty((0,), itself, lambda state: state[0] == 2))


def test_verdict_is_asked_once_per_joint_class() -> None:
    asked: list[State] = []

    def holds(state: State) -> bool:
        asked.append(state)
        return True

    result = explore(counters(3, 6))
    assert check_states(result, [StateProperty((0, 2), parity, holds)])[0].n_holds == 216
    assert sorted((state[0] % 2, state[2] % 2) for state in asked) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_classes_are_not_asked_of_states_in_between() -> None:
    result = explore(stages())
    expected = reference.explore(stages())
    asked = set()

    def class_of(component: int, local: int) -> int:
        asked.add((component, local))
        return local

    check_states(result, [StateProperty((0, 1, 2), class_of, lambda state: True)])
    assert asked == {(component, local) for state in expected.states for component, local in enumerate(state)}


def test_philosophers_deadlock_and_no_neighbours_eat_together() -> None:
    result = explore(philosophers(3))
    exclusion, eats = check_states(
        result,
        [
            StateProperty((0, 1), itself, lambda state: not state[0] == state[1] == EATING),
            StateProperty((2,), itself, lambda state: state[2] == EATING),
        ],
    )
    assert exclusion.n_fails == 0
    assert eats.first_holds is not None
    verdict = find_deadlock(result)
    assert verdict.n_deadlocks == 1
    assert verdict.first is not None
    assert verdict.first.state == (LEFT, LEFT, LEFT, 1, 1, 1)
    hungry = StateProperty((0,), itself, lambda state: state[0] in {HUNGRY, LEFT})
    assert find_stuck(result, hungry).first == verdict.first
    only_own = [number for number, event in enumerate(result.system.events) if event.name == "hunger0"]
    assert find_deadlock(result, only_own).n_deadlocks > 1


def test_incomplete_results_claim_only_what_was_seen() -> None:
    result = explore(counters(2, 10), max_states=40)
    low = StateProperty((0, 1), itself, lambda state: sum(state) < 10)
    verdict = find_stuck(result, low)
    assert verdict.n_stuck == 0
    assert verdict.undetermined == len(result) - result.n_expanded
    assert find_deadlock(result).n_deadlocks == 0
    assert check_steps(result, [StepProperty((0, 1), itself, lambda b, a: sum(a) == sum(b) + 1)])[0].n_fails == 0


def test_classes_beyond_integers_are_refused() -> None:
    result = explore(counters(1, 300))
    with pytest.raises(LimitError, match="too many classes"):
        check_states(result, [StateProperty((0,) * 8, itself, lambda state: True)])
    with pytest.raises(LimitError, match="too many classes"):
        check_steps(result, [StepProperty((0,) * 4, itself, lambda before, after: True)])
    many = explore(counters(8, 2, symmetric=True))
    with pytest.raises(LimitError, match="symmetric"):
        check_states(many, [StateProperty(tuple(range(8)), itself, lambda state: True)])


def test_brute_force_sees_failures() -> None:
    """The comparison above is worth something: the scrambled systems have violations, stuck states and deadlocks."""
    found = set()
    for seed in range(20):
        system = scrambled(seed, [event.stages for event in stages().events], [4, 4, 4], 4)
        result = explore(system)
        found |= {("state", v.n_fails > 0) for v in check_states(result, properties(3))}
        found |= {("step", v.n_fails > 0) for v in check_steps(result, step_properties(3))}
        found |= {("stuck", find_stuck(result, p).n_stuck > 0) for p in properties(3)[1:]}
        found.add(("dead", find_deadlock(result).n_deadlocks > 0))
    assert found == {(kind, truth) for kind in ("state", "step", "stuck", "dead") for truth in (True, False)}
