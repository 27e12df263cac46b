"""The compiled search equals the plain one, whatever the tables look like inside."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from itertools import permutations
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explore.systems import MAKERS, Toy, counters, interchangeable, systems
from podfsm.explore import kernel, memo, reference, search
from podfsm.explore.reference import Reference
from podfsm.explore.search import Progress, Result, choose_capacity, explore
from podfsm.explore.system import Event, LimitError, Stage, State


def same(make: Callable[[], Toy], bitmap_bytes: int = 1 << 30) -> Result:
    """Explore both ways and compare everything that is recorded."""
    system, plain = make(), make()
    result = explore(system, watched=range(len(system.components)), bitmap_bytes=bitmap_bytes)
    expected = reference.explore(plain)
    assert result.complete
    assert list(map(tuple, result.locals().tolist())) == expected.states
    assert result.parents.tolist() == expected.parents
    assert list(result.levels) == expected.levels
    assert result.n_transitions == len(expected.transitions)
    assert result.n_expanded == len(expected.states)
    for component in range(len(system.components)):
        compare_pairs(result, expected, component)
        compare_records(result, expected, component)
    # The plain search has no use for classes.
    assert {question for question in system.asked if question[0] != "class"} == set(plain.asked)
    assert set(system.asked.values()) <= {1}
    return result


def compare_pairs(result: Result, expected: Reference, component: int) -> None:
    first: dict[tuple[int, int], int] = {}
    seen = set()
    for index, event, _, after in expected.transitions:
        pair = expected.states[index][component], after[component]
        first.setdefault(pair, index)
        seen.add((*pair, index, event))
    pairs = result.pairs(component)
    assert {(pair.before, pair.after): pair.state for pair in pairs} == first
    assert len(pairs) == len(first)
    assert all((pair.before, pair.after, pair.state, pair.event) in seen for pair in pairs)


def compare_records(result: Result, expected: Reference, component: int) -> None:
    def watch(component: int, local: int) -> int:
        return local // 2

    depth = max((len(event.stages) for event in result.system.events), default=0)
    first: dict[tuple[object, ...], int] = {}
    for index, event, labels, after in expected.transitions:
        before, now = watch(component, expected.states[index][component]), watch(component, after[component])
        if before != now:
            mine = [stage[component] for stage in labels]
            first.setdefault((event, before, now, *mine, *[-1] * (depth - len(mine))), index)
    records = result.records(component, watch)
    assert {(r.event, r.before, r.after, *r.labels): r.state for r in records} == first
    assert len(records) == len(first)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("bitmap_bytes", [1 << 30, 0], ids=["bitmap", "hash table"])
def test_equals_reference(name: str, bitmap_bytes: int) -> None:
    same(MAKERS[name], bitmap_bytes)


@pytest.mark.parametrize("name", MAKERS)
def test_equals_reference_with_everything_small(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans in the hash table, one miss at a time, few states per call, and buffers that start too small."""
    monkeypatch.setattr(memo, "DENSE_PLANS", 0)
    monkeypatch.setattr(search, "MISS_ROOM", 1)
    monkeypatch.setattr(search, "CHUNK", 3)
    monkeypatch.setattr(search, "SUCCESSORS", 1)
    monkeypatch.setattr(search, "ROWS", 4)
    same(MAKERS[name], bitmap_bytes=0)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(systems(), st.booleans())
def test_random_systems_equal_reference(system: Toy, hashed: bool) -> None:
    def again() -> Toy:
        system.asked.clear()
        return Toy(
            len(system.components), system.events, system.initial(), system._plan, system._step, view=system._view
        )

    same(again, bitmap_bytes=0 if hashed else 1 << 30)


@pytest.mark.parametrize("name", MAKERS)
def test_traces_are_shortest_runs(name: str) -> None:
    system = MAKERS[name]()
    result = explore(system)
    ends = np.cumsum(result.levels)
    for index in range(len(result)):
        trace = result.trace(index)
        assert trace.last == result.state(index)
        assert len(trace.steps) == np.searchsorted(ends, index, side="right")
        check_run(system, trace.initial, trace.steps)
    assert result.depth == len(result.levels) - 1


def check_run(system: Toy, state: State, steps: Sequence[search.TraceStep]) -> None:
    assert state in system.initial()
    for step in steps:
        possible = {
            (after, tuple((s, c, label) for s, row in enumerate(labels) for c, label in enumerate(row) if label >= 0))
            for labels, after in reference.successors(system, step.event, state)
        }
        moves = tuple(sorted(move for move in step.moves if move[2] >= 0))
        assert (step.state, moves) in possible
        state = step.state


@pytest.mark.parametrize("seed", range(25))
def test_symmetry_keeps_one_state_of_each_orbit(seed: int) -> None:
    system = interchangeable(seed, 3, 4)
    result = explore(system, watched=[0])
    expected = reference.explore(interchangeable(seed, 3, 4, declared=False))
    orbits = {result.canonical(state) for state in expected.states}
    states = list(map(tuple, result.locals().tolist()))
    assert len(states) == len(set(states))
    assert set(states) == orbits
    assert len(result.levels) == len(expected.levels)
    for component in range(4):
        pairs = {(expected.states[i][component], after[component]) for i, _, _, after in expected.transitions}
        assert {(pair.before, pair.after) for pair in result.pairs(component)} == pairs
    changes = {
        (expected.states[i][0], after[0], labels[0][0], labels[1][0])
        for i, _, labels, after in expected.transitions
        if expected.states[i][0] != after[0]
    }
    records = result.records(0, lambda component, local: local)
    assert {(r.before, r.after, *r.labels) for r in records} == changes
    for index in range(0, len(result), 7):
        *members, other = result.state(index)
        for order in permutations(members):
            trace = result.trace(index, (*order, other))
            assert trace.last == (*order, other)
            check_run(system, trace.initial, trace.steps)


def test_symmetric_counters_are_multisets() -> None:
    result = explore(counters(5, 6, symmetric=True))
    assert len(result) == 252  # C(10, 5)
    with pytest.raises(ValueError, match="no permutation"):
        result.trace(3, (9, 9, 9, 9, 9))


def test_symmetric_initial_states_must_be_closed() -> None:
    system = counters(3, 3, symmetric=True)
    system._initial = [(0, 0, 1)]
    with pytest.raises(ValueError, match="declared symmetric"):
        explore(system)


def test_state_limit() -> None:
    whole = explore(counters(3, 5))
    for limit in (1, 2, 60, 124):
        result = explore(counters(3, 5), max_states=limit)
        assert not result.complete
        assert result.reason == f"the limit of {limit} states was reached"
        assert result.states.tolist() == [encode(result, whole.state(i)) for i in range(limit)]
        assert sum(result.levels) == limit
        assert result.n_transitions == 3 * result.n_expanded
    assert explore(counters(3, 5), max_states=125).complete


def encode(result: Result, state: State) -> int:
    return int(np.dot(state, result.engine.tables.stride))


def test_time_and_memory_limits() -> None:
    result = explore(counters(4, 20), max_seconds=0)
    assert not result.complete
    assert "0 seconds" in str(result.reason)
    for bitmap_bytes in (1 << 30, 0):
        result = explore(counters(4, 20), max_bytes=600_000, bitmap_bytes=bitmap_bytes)
        assert not result.complete
        assert "600,000 bytes" in str(result.reason)
        assert result.n_expanded < len(result) < 160_000


@pytest.mark.parametrize("seconds", [70, 100, 110])
def test_the_clock_is_looked_at_after_each_state_that_is_asked_about(
    monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    """So a system that answers slowly does not make a search late: here each question takes a second."""
    system = counters(20, 5)
    monkeypatch.setattr(search, "time", SimpleNamespace(perf_counter=lambda: float(system.asked.total())))
    result = explore(system, max_seconds=seconds)
    assert f"{seconds} seconds" in str(result.reason)
    assert seconds < system.asked.total() <= seconds + 3


def test_question_limit() -> None:
    whole = explore(counters(3, 5))
    assert explore(counters(3, 5), max_questions=whole.asked).complete
    for most in (0, 5, whole.asked - 1):
        result = explore(counters(3, 5), max_questions=most)
        assert result.reason == f"the limit of {most} questions was reached"
        assert result.states.tolist() == [encode(result, whole.state(i)) for i in range(len(result))]


def test_too_many_initial_states() -> None:
    system = counters(2, 5)
    system._initial = [(i, 0) for i in range(5)]
    assert "initial" in str(explore(system, max_states=4).reason)


def test_progress_is_reported_at_the_end() -> None:
    seen: list[Progress] = []
    result = explore(counters(2, 4), progress=seen.append)
    last = seen[-1]
    assert (last.states, last.expanded, last.transitions, last.level) == (16, 16, 32, result.depth + 1)


def test_without_pairs_and_watches() -> None:
    result = explore(counters(2, 4), pairs=False)
    with pytest.raises(ValueError, match="pairs=True"):
        result.pairs(0)
    with pytest.raises(ValueError, match="not watched"):
        result.records(0, lambda component, local: local)


def test_too_many_pairs_are_a_limit_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    assert explore(counters(2, 40)).complete
    monkeypatch.setattr(search, "PAIR_BYTES", 500)
    result = explore(counters(2, 40))
    assert not result.complete
    assert result.reason is not None
    assert "too many local states" in result.reason
    assert 0 < len(result) < 1600
    assert explore(counters(2, 40), pairs=False).complete


def test_no_initial_state_and_no_event() -> None:
    empty = counters(2, 3)
    empty._initial = []
    assert len(explore(empty)) == 0
    still = Toy(1, [], [(0,)], lambda *_: None, lambda *_: [])
    assert explore(still).levels == (1,)


def test_capacity() -> None:
    assert choose_capacity([10, 4, 2], 1 << 30).tolist() == [12, 5, 2]
    assert choose_capacity([10, 4, 2], 10).tolist() == [10, 4, 2]
    assert choose_capacity([1 << 20] * 3, 1 << 30).tolist() == [(1 << 20) + (1 << 18)] * 3
    with pytest.raises(LimitError, match="80 bits"):
        choose_capacity([1 << 20] * 4, 1 << 30)


@pytest.mark.parametrize(
    ("events", "symmetric", "message"),
    [
        ([Event("e", ())], [], "no stages"),
        ([Event("e", (Stage((2,), ()),))], [], "no component 2"),
        ([Event("e", (Stage((), (0, 0)),))], [], "twice"),
        ([], [(0, 1), (1,)], "disjoint"),
    ],
)
def test_wrong_shapes_are_refused(events: list[Event], symmetric: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        explore(Toy(2, events, [(0, 0)], lambda *_: None, lambda *_: [], symmetric=symmetric))


def test_wrong_answers_are_refused() -> None:
    event = Event("e", (Stage((0,), (0,)),))
    with pytest.raises(ValueError, match="has 1 of 2 components"):
        explore(Toy(2, [event], [(0,)], lambda *_: (0,), lambda *_: []))
    with pytest.raises(ValueError, match="local id -1"):
        explore(Toy(2, [event], [(0, 0)], lambda *_: (0,), lambda *_: [(-1, 0)]))
    with pytest.raises(ValueError, match="class -1"):
        explore(Toy(2, [event], [(0, 0)], lambda *_: (0,), lambda *_: [], view=lambda *_: -1))


def test_kernels_compile_where_nothing_can_be_cached(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    tried = []

    def compiler(*, cache: bool = False, **options: object) -> Callable[[object], object]:
        tried.append(cache)
        if cache and not kernel.settings.CACHE_DIR:
            raise RuntimeError("no locator available")
        return lambda function: function

    monkeypatch.setattr(kernel, "compiler", compiler)
    monkeypatch.setattr(kernel.settings, "CACHE_DIR", "")
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    assert kernel.kernel(len) is len
    assert kernel.settings.CACHE_DIR.startswith(str(tmp_path))
    monkeypatch.setattr(kernel.settings, "CACHE_DIR", "")
    monkeypatch.setattr(kernel, "private_directory", lambda: None)
    assert kernel.kernel(len) is len
    assert tried == [True, True, True, False]


def test_cache_directory_of_others_is_not_trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    directory = kernel.private_directory()
    assert directory is not None
    directory.chmod(0o777)
    assert kernel.private_directory() is None
