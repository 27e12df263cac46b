"""Breadth-first search of everything a system can reach.

States are found level by level, in the order of a plain breadth-first search, so a state's index never decreases with
its distance from the initial states and every parent chain is a shortest trace. The visited set is a bitmap over all
codes; when that would exceed its memory limit, it is an open-addressing hash table, with the same results.

Symmetric components are sorted by local id before a state is looked up, which is exact for components that are fully
interchangeable: one stored state stands for all permutations within the groups.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from podfsm.explore import kernel
from podfsm.explore.kernel import Bytes, Int32s, Int64s
from podfsm.explore.memo import LARGEST, Layout, Memo, Move
from podfsm.explore.system import LimitError, State, System

Number = TypeVar("Number", np.uint8, np.int32, np.uint32, np.int64)

CHUNK = 1 << 15
"""States expanded between two looks at the clock."""

MISS_ROOM = 1024
"""Misses that are collected before the system is asked."""

LOOK_AHEAD = 2048
"""States, at most, that are searched for more misses after one: more asks the system less often, and wastes more."""

SUCCESSORS = 256
"""Room for successors of one state, to begin with."""

ROWS = 256
"""Rows of the logs of pairs and records, to begin with."""

PAIR_BYTES = 1 << 30
"""Largest matrix of (before, after) pairs, over all components."""

TRAIL_BYTES = 1 << 28
"""Memory for transitions that are kept; where there are more, later passes expand all states again."""


@dataclass(frozen=True)
class Progress:
    """How far a search is."""

    level: int
    states: int
    expanded: int
    transitions: int
    seconds: float


@dataclass(frozen=True)
class TraceStep:
    """One event of a trace: its index, the moves of its stages, and the state after it."""

    event: int
    moves: tuple[Move, ...]
    state: State


@dataclass(frozen=True)
class Trace:
    """A run from an initial state."""

    initial: State
    steps: tuple[TraceStep, ...]

    @property
    def last(self) -> State:
        """The state where it ends."""
        return self.steps[-1].state if self.steps else self.initial


@dataclass(frozen=True)
class Pair:
    """A component's local ids before and after one event, and the first state, with one event, that shows it.

    `member` is the component that moved so: another one of its symmetric group, perhaps.
    """

    before: int
    after: int
    state: int
    event: int
    member: int


@dataclass(frozen=True)
class Record:
    """A change of a watched component's class: by which event, from what to what, with which label in each stage.

    `labels` has one entry per stage of the longest event; -1 where the component did not step. `state` is the index of
    the first state that shows it, `member` the component (of the symmetric group) that changed there.
    """

    event: int
    before: int
    after: int
    labels: tuple[int, ...]
    state: int
    member: int


class Result:
    """What a search found.

    Attributes
    ----------
    states : int64 array, shape (n,)
        Codes, in breadth-first order; `decode` and `locals` give local ids.
    parents : uint32 array, shape (n,)
        Index of the state from which each was found first; initial states are their own parents.
    levels
        Number of states by distance from the initial states. The last is unfinished when the search is incomplete.
    n_transitions
        Number of (state, event, combination of alternatives over all stages) from expanded states: self-loops count,
        and two combinations that end in the same state count twice. Under symmetry, of stored states only.
    n_expanded
        The first so many states had all their successors generated; all of them when complete.
    asked
        Number of plans and steps that the system was asked for.
    complete, reason
        Whether everything reachable was expanded, and, if not, which limit was met.
    seconds
        Wall-clock time.
    """

    def __init__(self, search: _Search, seconds: float, reason: str | None) -> None:
        n = search.n_states
        self.system = search.memo.system
        self.states: Int64s = search.states[:n]
        self.parents: NDArray[np.uint32] = search.parents[:n]
        self.levels: tuple[int, ...] = search.level_sizes()
        self.n_transitions = int(search.counters[kernel.TRANSITIONS])
        self.n_expanded = int(search.counters[kernel.POSITION])
        self.asked = search.memo.asked
        self.complete = reason is None
        self.reason = reason
        self.seconds = seconds
        self.engine = Engine(search.layout, search.trail)
        self.visited = search.visited
        self._pairs = search.pairs.log[: search.counters[kernel.PAIRS]] if len(search.pairs.seen) else None
        self._records = search.records.log[: search.counters[kernel.RECORDS]]
        self._memo = search.memo
        self._used: list[Bytes] | None = None
        self._pairs_of: dict[int, list[Pair]] = {}

    def __len__(self) -> int:
        return len(self.states)

    @property
    def depth(self) -> int:
        """Largest distance from an initial state."""
        return len(self.levels) - 1

    def decode(self, code: int) -> State:
        """Local ids of a code."""
        return decoded(int(code), self.engine.tables.capacity)

    def state(self, index: int) -> State:
        """Local ids of a state (sorted within symmetric groups)."""
        return self.decode(self.states[index])

    def locals(self, start: int = 0, stop: int | None = None) -> Int32s:
        """Local ids of a range of states, shape (states, components)."""
        codes = self.states[start:stop]
        out = np.empty((len(codes), len(self.system.components)), np.int32)
        kernel.decode_all(self.engine.tables, codes, out)
        return out

    def successors(
        self, state: State, events: Iterable[int] | None = None
    ) -> Iterator[tuple[int, tuple[Move, ...], State]]:
        """Transitions of any state by all events, or these, as (event, moves, state after).

        States are not sorted within symmetric groups.
        """
        for event in range(len(self.system.events)) if events is None else events:
            for moves, after in self._memo.successors(event, state):
                yield event, moves, after

    @property
    def has_pairs(self) -> bool:
        """Whether pairs were recorded."""
        return self._pairs is not None

    def used_locals(self) -> list[Bytes]:
        """Per component, flags of the local ids that occur in any permutation of a found state (not in between)."""
        if self._used is None:
            tables = self.engine.tables
            start = (np.cumsum(tables.capacity) - tables.capacity).astype(np.int64)
            flags = np.zeros(int(tables.capacity.sum()), np.uint8)
            kernel.used_locals(tables, self.states, start, flags)
            used = np.split(flags, start[1:])
            for group in self.engine.groups:
                union = np.maximum.reduce([used[component] for component in group])
                for component in group:
                    used[component] = union
            self._used = used
        return self._used

    def pairs(self, component: int) -> list[Pair]:
        """All (before, after) local ids of a component over all transitions, ordered by the first state that shows it.

        Includes pairs of equal ids: of events that leave the component as it is, or do not write it at all.
        """
        if self._pairs is None:
            raise ValueError("pairs were not recorded: explore with pairs=True")
        group = self.engine.tables.member_of
        first = int(group[component])
        if first not in self._pairs_of:
            self._pairs_of[first] = [
                Pair(before, after, state, event, member)
                for member, before, after, state, event in self._pairs[group[self._pairs[:, 0]] == first].tolist()
            ]
        return self._pairs_of[first]

    def records(self, component: int, watch: Callable[[int, int], int]) -> list[Record]:
        """Distinct changes of `watch(component, local id)`, ordered by the first state that shows each.

        The component must have been watched by the search. Symmetric components share their records.
        """
        group = self.engine.tables.member_of
        if component not in self.engine.tables.watched:
            raise ValueError(f"component {self.system.components[component]!r} was not watched by the search")
        found: dict[tuple[int, ...], Record] = {}
        classes: dict[int, int] = {}
        for first, event, old, new, member, state, *labels in self._records.tolist():
            if first != group[component]:
                continue
            for local in (old, new):
                if local not in classes:
                    classes[local] = watch(component, local)
            before, after = classes[old], classes[new]
            if before != after:
                key = (event, before, after, *labels)
                found.setdefault(key, Record(event, before, after, tuple(labels), state, member))
        return list(found.values())

    def trace(self, index: int, goal: State | None = None) -> Trace:
        """Tell a shortest run to a state, derived again by expanding the states on its way.

        Without symmetry the run ends in the state itself. With symmetry it ends in one of its permutations: in `goal`
        if that is given (which must be one).
        """
        chain = [index]
        while self.parents[chain[-1]] != chain[-1]:
            chain.append(int(self.parents[chain[-1]]))
        wanted = [self.state(i) for i in reversed(chain)]
        start = next(state for state in self._memo.initial() if self.canonical(state) == wanted[0])
        trace = self._follow(start, wanted, self.canonical)
        if goal is None or goal == trace.last:
            return trace
        order = self._order(trace.last, goal)
        exact = [tuple(state[c] for c in order) for state in (trace.initial, *(step.state for step in trace.steps))]
        return self._follow(exact[0], exact, tuple)

    def canonical(self, state: State) -> State:
        """Sort a state within symmetric groups."""
        return sort_groups(state, self.engine.groups)

    def _follow(self, start: State, wanted: Sequence[State], view: Callable[[State], State]) -> Trace:
        steps: list[TraceStep] = []
        state = start
        for target in wanted[1:]:
            found = (step for step in self.successors(state) if view(step[2]) == target)
            event, moves, state = next(found)
            steps.append(TraceStep(event, moves, state))
        return Trace(start, tuple(steps))

    def _order(self, state: State, goal: State) -> list[int]:
        """Per component the one whose local id in `state` is wanted there by `goal`."""
        order = list(range(len(state)))
        for group in self.engine.groups:
            free = list(group)
            for component in group:
                order[component] = next((c for c in free if state[c] == goal[component]), -1)
                if order[component] in free:
                    free.remove(order[component])
        if tuple(state[c] for c in order) != goal:
            raise ValueError(f"state {goal} is no permutation of {state} within the symmetric groups")
        return order


class Engine:
    """Tables and working memory for expanding states again. The tables know every answer that expanded states need."""

    def __init__(self, layout: Layout, trail: kernel.Trail) -> None:
        self.groups = layout.groups
        self.tables = layout.tables()
        self.trail = trail
        self.scratch = new_scratch(layout)
        self.buffer = new_buffer(layout, SUCCESSORS)
        self.misses = kernel.Misses(np.zeros((0, 2), np.int64), np.zeros(kernel.COUNTERS, np.int64))
        self._layout = layout

    @property
    def arrays(self) -> tuple[kernel.Tables, kernel.Scratch, kernel.Buffer, kernel.Misses, kernel.Trail]:
        """The first arguments of every kernel that looks at successors again."""
        return self.tables, self.scratch, self.buffer, self.misses, self.trail

    def start(self, position: int) -> None:
        """Begin a pass at a state."""
        self.misses.counters[:] = 0
        self.misses.counters[kernel.POSITION] = position

    def enlarge(self) -> None:
        """Make room for more successors of one state."""
        self.buffer = new_buffer(self._layout, 2 * len(self.buffer.code))

    def allowed(self, events: Sequence[int] | None) -> Bytes:
        """Flag these events, or all."""
        flags = np.zeros(len(self.tables.event_at) - 1, np.uint8)
        flags[slice(None) if events is None else list(events)] = 1
        return flags


def new_scratch(layout: Layout) -> kernel.Scratch:
    """Working memory of one expansion."""
    stages = layout.memo.stages
    depth = longest(layout)
    width = max((len(stage.writes) for stage in stages), default=0)
    components = len(layout.capacity)
    return kernel.Scratch(
        original=np.zeros(components, np.int64),
        local=np.zeros(components, np.int64),
        saved=np.zeros((depth, components), np.int64),
        above=np.zeros(depth, np.int64),
        row=np.zeros((depth, width), np.int64),
        choice=np.zeros((depth, width), np.int64),
        writes=np.zeros(depth, np.int64),
        label=np.full((len(layout.watched), depth), kernel.UNKNOWN, np.int32),
        counts=np.zeros(components, np.int64),
    )


def new_buffer(layout: Layout, room: int) -> kernel.Buffer:
    """Room for the successors of one state."""
    return kernel.Buffer(
        local=np.zeros((room, len(layout.capacity)), np.int32),
        code=np.zeros(room, np.int64),
        event=np.zeros(room, np.int32),
        label=np.zeros((room, len(layout.watched), longest(layout)), np.int32),
    )


def new_trail(states: int, room: int) -> kernel.Trail:
    """Room for the transitions of so many states; none to keep nothing."""
    return kernel.Trail(np.zeros(states + 1, np.int64), np.zeros(room, np.int64), np.zeros(room, np.int32))


def longest(layout: Layout) -> int:
    """Count the stages of the longest event."""
    return max((len(event.stages) for event in layout.memo.events), default=0)


def explore(
    system: System,
    *,
    max_states: int | None = None,
    max_seconds: float | None = None,
    max_bytes: int | None = None,
    max_questions: int | None = None,
    bitmap_bytes: int = 1 << 30,
    pairs: bool = True,
    watched: Sequence[int] = (),
    progress: Callable[[Progress], None] | None = None,
) -> Result:
    """Find all reachable states of a system, or as many as the limits allow.

    Parameters
    ----------
    system
        What to explore.
    max_states, max_seconds, max_bytes, max_questions
        Limits on states, wall-clock time, the memory of states, parents and the visited set, and the plans and steps
        that the system is asked for; the result then has `complete` False and a `reason`. The time and the questions
        are looked at after each state that is expanded in Python, and after each call of the kernel.
    bitmap_bytes
        Largest bitmap of visited states (at most half of `max_bytes`); beyond it, a hash table.
    pairs
        Record (before, after) local ids per component, which answers one-component step properties without a pass.
    watched
        Components whose changes and labels are recorded for `Result.records`.
    progress
        Called about five times a second, and once at the end.

    Raises
    ------
    ValueError
        When the system's shape or answers are wrong.
    LimitError
        When an initial state does not fit 62 bits; when a later one does not, the result is incomplete.
    """
    if max_bytes is not None:
        bitmap_bytes = min(bitmap_bytes, max_bytes // 2)
    started = time.perf_counter()
    until = None if max_seconds is None else started + max_seconds
    limits = _Limits(max_states, max_seconds, max_bytes, max_questions, until)
    search = _Search(system, bitmap_bytes, pairs, watched, limits)
    reason = search.run(progress)
    return Result(search, time.perf_counter() - started, reason)


@dataclass(frozen=True)
class _Limits:
    """The limits of `explore`; `until` is when the time is over."""

    states: int | None
    seconds: float | None
    bytes: int | None
    questions: int | None
    until: float | None


class _Search:
    """The state of a search between calls of the kernel."""

    def __init__(self, system: System, bitmap_bytes: int, pairs: bool, watched: Sequence[int], limits: _Limits) -> None:
        self.limits = limits
        self.memo = Memo(system)
        initial = self.memo.initial()
        groups = [group for group in system.symmetric if set(group) & set(watched)]
        self.layout = Layout(self.memo, [*watched, *(c for group in groups for c in group)], MISS_ROOM)
        check_closed(initial, self.layout.groups)
        self.bitmap_bytes = bitmap_bytes
        self.counters = np.zeros(kernel.COUNTERS, np.int64)
        self.misses = kernel.Misses(np.zeros((MISS_ROOM, 2), np.int64), self.counters)
        self.scratch = new_scratch(self.layout)
        self.buffer = new_buffer(self.layout, SUCCESSORS)
        self.states = np.zeros(1 << 12, np.int64)
        self.parents = np.zeros(1 << 12, np.uint32)
        self.level_starts = [0]
        self.with_pairs = pairs
        self.pairs = kernel.Pairs(np.zeros(0, np.uint8), np.zeros(0, np.int64), np.zeros((ROWS, 5), np.int64))
        width = kernel.RECORD_LABELS + longest(self.layout)
        self.records = kernel.Records(np.full(2 * ROWS, kernel.EMPTY, np.int32), np.zeros((ROWS, width), np.int64))
        self.trail = new_trail(0, 0)
        self.look_ahead = 64
        self._resize()
        self._seed(initial)

    @property
    def n_states(self) -> int:
        return int(self.counters[kernel.STATES])

    def level_sizes(self) -> tuple[int, ...]:
        """Count the states per level; the unfinished one last."""
        bounds = [*self.level_starts, self.n_states]
        return tuple(end - start for start, end in pairwise(bounds) if end > start)

    def run(self, progress: Callable[[Progress], None] | None) -> str | None:
        """Search until done or a limit is met; the reason of the latter."""
        started = reported = time.perf_counter()
        reason = None
        if self.limits.states is not None and self.n_states > self.limits.states:
            reason = f"there are more initial states than the limit of {self.limits.states:,} states"
        while reason is None and self._unfinished:
            if self.counters[kernel.POSITION] == self.level_starts[-1]:
                self.level_starts.append(self.n_states)
            reason = self._advance()
            if reason is None and self._unfinished:
                reason = self._spent()
            now = time.perf_counter()
            if progress is not None and now - reported > 0.2:
                progress(self._progress(now - started))
                reported = now
        if progress is not None:
            progress(self._progress(time.perf_counter() - started))
        return reason

    @property
    def _unfinished(self) -> bool:
        return bool(self.counters[kernel.POSITION] < self.n_states)

    def _spent(self) -> str | None:
        """Tell whether time or questions are used up."""
        limits = self.limits
        if limits.questions is not None and self.memo.asked > limits.questions:
            return f"the limit of {limits.questions:,} questions was reached"
        if limits.until is not None and time.perf_counter() > limits.until:
            return f"the limit of {limits.seconds:g} seconds was reached"
        return None

    def _progress(self, seconds: float) -> Progress:
        expanded, transitions = self.counters[kernel.POSITION], self.counters[kernel.TRANSITIONS]
        return Progress(len(self.level_starts) - 1, self.n_states, int(expanded), int(transitions), seconds)

    def _advance(self) -> str | None:
        """Call the kernel once, and give it what it asks for; a reason to stop."""
        max_states = self.limits.states
        room = len(self.states) if max_states is None else min(len(self.states), max_states)
        status = kernel.search(
            self.tables,
            self.scratch,
            self.buffer,
            self.misses,
            self.visited,
            self.pairs,
            self.records,
            self.trail,
            self.states,
            self.parents,
            self.all_events,
            min(self.level_starts[-1], int(self.counters[kernel.POSITION]) + CHUNK),
            room,
            self.look_ahead,
        )
        if status == kernel.MISSED:
            return self._resolve()
        if status == kernel.BUFFER_FULL:
            self.buffer = new_buffer(self.layout, 2 * len(self.buffer.code))
        elif status == kernel.PAIRS_FULL:
            self.pairs = self.pairs._replace(log=doubled(self.pairs.log))
        elif status == kernel.RECORDS_FULL:
            self._grow_records()
        elif status == kernel.TRAIL_FULL:
            self._grow_trail()
        elif status == kernel.STATES_FULL:
            if room == max_states:
                return f"the limit of {max_states:,} states was reached"
            return self._grow_states()
        return None

    def _resolve(self) -> str | None:
        """Ask the system whatever was missing, by expanding in Python."""
        missed = self.misses.log[: self.counters[kernel.MISSES]]
        reason = None
        for index, event in dict.fromkeys(map(tuple, missed.tolist())):
            self.memo.learn(event, self._state(index))
            reason = self._spent()
            if reason is not None:
                break
        self.look_ahead = min(max(64, 256 * len(missed)), LOOK_AHEAD)
        self.counters[kernel.MISSES] = 0
        self.layout.extend()
        if self.layout.fits():
            self.tables = self.layout.tables()
        else:
            try:
                self._resize()
            except LimitError as error:
                # What was found until now is as good as at any other limit.
                return str(error)
            reason = reason or self._over()
        return reason

    def _state(self, index: int) -> State:
        return decoded(int(self.states[index]), self.layout.capacity)

    def _seed(self, initial: Sequence[State]) -> None:
        sorted_states = dict.fromkeys(sort_groups(state, self.layout.groups) for state in initial)
        codes = [int(np.dot(state, self.tables.stride)) for state in sorted_states]
        n = len(codes)
        room = max(len(self.states), 2 * n)
        self.states, self.parents = enlarged(self.states, room), enlarged(self.parents, room)
        self.trail = new_trail(room, ROWS)
        self.states[:n] = codes
        self.parents[:n] = np.arange(n)
        self.counters[kernel.STATES] = n
        self.visited = self._new_visited()

    def _resize(self) -> None:
        """Choose capacities for the local ids known by now, and encode everything anew."""
        old = self.layout.capacity
        self.layout.encode(choose_capacity(self.memo.locals, self.bitmap_bytes))
        self.tables = self.layout.tables()
        self.all_events = np.ones(len(self.memo.events), np.uint8)
        kernel.recode(self.states[: self.n_states], old, self.layout.stride)
        if len(self.trail.code):
            kept = self.trail.at[self.counters[kernel.POSITION]]
            kernel.recode(self.trail.code[:kept], old, self.layout.stride)
        self.visited = self._new_visited()
        if self.with_pairs:
            self._place_pairs()

    def _new_visited(self) -> kernel.Visited:
        total = prod(self.layout.capacity.tolist())
        if total <= 8 * self.bitmap_bytes:
            visited = kernel.Visited(np.zeros(total // 8 + 1, np.uint8), np.zeros(0, np.int64))
        else:
            # A quarter to a half full: probes stay short.
            length = 1 << (2 * len(self.states) - 1).bit_length()
            visited = kernel.Visited(np.zeros(0, np.uint8), np.full(length, kernel.EMPTY, np.int64))
        kernel.visit_all(visited, self.states[: self.n_states])
        return visited

    def _place_pairs(self) -> None:
        capacity = self.layout.capacity
        table = np.zeros(len(capacity), np.int64)
        size = 0
        for component, first in enumerate(self.layout.member_of):
            if first == component:
                table[component] = size
                size += max(int(capacity[c]) for c in np.flatnonzero(self.layout.member_of == first)) ** 2
            else:
                table[component] = table[first]
        if size > PAIR_BYTES:
            raise LimitError("components have too many local states to record pairs of them")
        seen = np.zeros(max(size, 1), np.uint8)
        log = self.pairs.log[: self.counters[kernel.PAIRS]]
        member, before, after = log[:, 0], log[:, 1], log[:, 2]
        seen[table[member] + before * capacity[member] + after] = 1
        self.pairs = kernel.Pairs(seen, table, self.pairs.log)

    def _grow_records(self) -> None:
        log = doubled(self.records.log)
        self.records = kernel.Records(np.full(2 * len(log), kernel.EMPTY, np.int32), log)
        kernel.enter_records(self.records, int(self.counters[kernel.RECORDS]))

    def _grow_trail(self) -> None:
        """Make room for more transitions, or for none from now on."""
        if 2 * sum(array.nbytes for array in self.trail) > TRAIL_BYTES:
            self.trail = new_trail(0, 0)
        else:
            code, event = doubled(self.trail.code), doubled(self.trail.event)
            self.trail = self.trail._replace(code=code, event=event)

    def _grow_states(self) -> str | None:
        max_bytes = self.limits.bytes
        if len(self.states) * 2 > np.iinfo(np.uint32).max:
            return "more states than 32-bit indices can name"
        if max_bytes is not None and self._bytes(2 * len(self.states)) > max_bytes:
            return f"the limit of {max_bytes:,} bytes was reached"
        try:
            self.states, self.parents = doubled(self.states), doubled(self.parents)
            if len(self.trail.code):
                self.trail = self.trail._replace(at=enlarged(self.trail.at, len(self.states) + 1))
            if len(self.visited.bits) == 0:
                self.visited = self._new_visited()
        except MemoryError:
            return "the memory of the machine was used up"
        return None

    def _bytes(self, room: int) -> int:
        """Memory with room for so many states."""
        fixed = self.visited.bits.nbytes + self.pairs.seen.nbytes
        return fixed + room * 12 + (0 if len(self.visited.bits) else 32 * room)

    def _over(self) -> str | None:
        max_bytes = self.limits.bytes
        if max_bytes is not None and self._bytes(len(self.states)) > max_bytes:
            return f"the limit of {max_bytes:,} bytes was reached"
        return None


def enlarged(array: NDArray[Number], room: int) -> NDArray[Number]:
    """Copy the array, with room for so many rows."""
    out = np.zeros((room, *array.shape[1:]), array.dtype)
    out[: len(array)] = array
    return out


def doubled(array: NDArray[Number]) -> NDArray[Number]:
    """Copy the array, with twice its room."""
    return enlarged(array, 2 * len(array))


def choose_capacity(counts: Sequence[int], bitmap_bytes: int) -> Int64s:
    """Capacities with a little slack if the bitmap, or else 62-bit codes, allow it.

    Slack saves re-encoding, and costs speed: it spreads the bitmap over more memory.

    Raises
    ------
    LimitError
        When not even the bare numbers of local ids fit.
    """
    exact = list(counts)
    loose = [n + n // 4 for n in counts]
    bits = min(8 * bitmap_bytes, LARGEST)
    for limit, capacity in ((bits, loose), (bits, exact), (LARGEST, loose), (LARGEST, exact)):
        if prod(capacity) <= limit:
            return np.array(capacity, np.int64)
    raise LimitError(
        f"a global state of {len(counts)} components needs {np.log2([float(n) for n in counts]).sum():.0f} bits; "
        "62 are the limit: leave components out, or make their local states fewer"
    )


def decoded(code: int, capacities: Int64s) -> State:
    """Local ids of a code. For a single one this is quicker than a call of the kernel."""
    state = []
    for capacity in capacities.tolist():
        code, local = divmod(code, capacity)
        state.append(local)
    return tuple(state)


def sort_groups(state: State, groups: Sequence[Sequence[int]]) -> State:
    """Sort a state by local id within each group."""
    out = list(state)
    for group in groups:
        for component, local in zip(group, sorted(state[c] for c in group), strict=True):
            out[component] = local
    return tuple(out)


def check_closed(initial: Sequence[State], groups: Sequence[Sequence[int]]) -> None:
    """Raise ValueError unless permuting symmetric components maps initial states to initial states."""
    known = set(initial)
    for state in initial:
        for group in groups:
            for left, right in pairwise(group):
                swapped = list(state)
                swapped[left], swapped[right] = state[right], state[left]
                if tuple(swapped) not in known:
                    raise ValueError(
                        f"components {left} and {right} are declared symmetric, but {tuple(swapped)} is no initial "
                        f"state while {state} is one: declare them apart, or add the initial state"
                    )
