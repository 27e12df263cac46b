"""Properties of states and of steps, stuck states and deadlocks, on the result of a search.

A property reads a few components through classes of their local states; its verdict is asked once per joint class that
occurs, with a representative. Classes are asked once per local id that occurs.

On an incomplete result the verdicts concern what was found: a violation or a stuck state is real, its absence proves
nothing.

Symmetric components are stored sorted, and every permutation of a stored state is reachable too. A property which reads
some of them is therefore looked at in all arrangements of its group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from math import prod

import numpy as np
from numpy.typing import NDArray

from podfsm.explore import kernel
from podfsm.explore.kernel import Bytes, Int64s
from podfsm.explore.memo import LARGEST
from podfsm.explore.search import Result, doubled
from podfsm.explore.system import LimitError, State

DENSE_CLASSES = 1 << 16
"""Properties with more joint classes than this are counted by sorting."""

CHUNK = 1 << 18
"""States per call of a kernel, or per sort."""

ROWS = 1 << 11
"""Rows of the log of steps, to begin with."""

ARRANGEMENTS = 5040
"""Most arrangements of symmetric components in one property."""

Arrangement = dict[int, int]
"""Which stored component is seen in the place of another of its symmetric group."""


@dataclass(frozen=True)
class StateProperty:
    """A condition on states.

    `class_of(component, local)` gives a hashable class as an integer; `holds(state)` is asked with one state per joint
    class of the components in `reads`, and must depend on nothing else.
    """

    reads: tuple[int, ...]
    class_of: Callable[[int, int], int]
    holds: Callable[[State], bool]


@dataclass(frozen=True)
class StepProperty:
    """A condition on steps; `holds(before, after)` is asked once per pair of joint classes. Otherwise as for states."""

    reads: tuple[int, ...]
    class_of: Callable[[int, int], int]
    holds: Callable[[State, State], bool]


@dataclass(frozen=True)
class Witness:
    """A state: its index in the result, and its local ids (a permutation of the stored ones, under symmetry)."""

    index: int
    state: State


@dataclass(frozen=True)
class StateVerdict:
    """How often a property holds and fails, and where first in breadth-first order.

    Counts are of states; under symmetry of (stored state, arrangement of the symmetric components it reads).
    `n_classes` is the number of joint classes that occur.
    """

    n_holds: int
    n_fails: int
    n_classes: int
    first_holds: Witness | None
    first_fails: Witness | None


@dataclass(frozen=True)
class StepWitness:
    """A step: index of the state before, the event, and the local ids before and after."""

    index: int
    event: int
    before: State
    after: State


@dataclass(frozen=True)
class StepVerdict:
    """In how many pairs of joint classes (before, after) a step property holds and fails, and where first."""

    n_holds: int
    n_fails: int
    first_holds: StepWitness | None
    first_fails: StepWitness | None


@dataclass(frozen=True)
class StuckVerdict:
    """Number of states where the condition can never be left, and the first of them.

    `undetermined` counts states with the condition about which an incomplete result says nothing.
    """

    n_condition: int
    n_stuck: int
    undetermined: int
    first: Witness | None


@dataclass(frozen=True)
class DeadlockVerdict:
    """Number of expanded states in which no event is enabled, and the first of them."""

    n_deadlocks: int
    first: Witness | None


def check_states(result: Result, properties: Sequence[StateProperty]) -> list[StateVerdict]:
    """Judge conditions on states, all of them in one pass; for `always` see `first_fails`, for `reachable` the other.

    Raises
    ------
    LimitError
        When a property reads more joint classes than 62 bits can name, or too many symmetric components.
    """
    views = _Views(result, properties)
    dense = [p for p in range(len(properties)) if views.size[p] <= DENSE_CLASSES]
    found: dict[int, _Sights] = dict(zip(dense, _scan(result, views, dense), strict=True))
    for p in range(len(properties)):
        if p not in found:
            found[p] = _sort(result, views, p)
    return [_judge_states(result, properties[p], found[p]) for p in range(len(properties))]


def check_steps(result: Result, properties: Sequence[StepProperty]) -> list[StepVerdict]:
    """Judge conditions on (before, after) of all transitions of expanded states, self-loops included.

    Properties that read one component are answered from the recorded pairs; for all others, all states are expanded
    once more.

    Raises
    ------
    LimitError
        As `check_states`, when the pairs of joint classes do not fit.
    """
    verdicts: dict[int, StepVerdict] = {}
    for p, step_property in enumerate(properties):
        if len(step_property.reads) == 1 and result.has_pairs:
            verdicts[p] = _judge_pairs(result, step_property)
    rest = [p for p in range(len(properties)) if p not in verdicts]
    if rest:
        verdicts.update(zip(rest, _scan_steps(result, [properties[p] for p in rest]), strict=True))
    return [verdicts[p] for p in range(len(properties))]


def find_stuck(result: Result, condition: StateProperty, events: Sequence[int] | None = None) -> StuckVerdict:
    """States with the condition from which no sequence of these events (default: all) leads out of it.

    Unexpanded states of an incomplete result count as leading out. Under symmetry the condition, and the choice of
    events, must not tell symmetric components apart; the former is checked.

    Raises
    ------
    ValueError
        When the condition tells symmetric components apart.
    """
    holds = evaluate(result, condition, symmetric=True)
    active = _never_left(result, holds, events)
    expanded = np.arange(len(result)) < result.n_expanded
    first = _witness(result, int(active[0])) if len(active) else None
    return StuckVerdict(int(holds.sum()), len(active), int((holds & ~expanded).sum()), first)


def can_reach(result: Result, goal: StateProperty, events: Sequence[int] | None = None) -> NDArray[np.bool_]:
    """Whether some sequence of these events (default: all) leads to a state with the goal; shape (states,).

    Unexpanded states of an incomplete result count as leading there. Under symmetry see `find_stuck`.

    Raises
    ------
    ValueError
        When the goal tells symmetric components apart.
    """
    reached = evaluate(result, goal, symmetric=True)
    found = np.ones(len(result), np.bool_)
    found[_never_left(result, ~reached, events)] = False
    return found


def _never_left(result: Result, holds: NDArray[np.bool_], events: Sequence[int] | None) -> Int64s:
    """Find the states of a set from which these events never lead out of it; what was not expanded leads out."""
    expanded = np.arange(len(result)) < result.n_expanded
    places = max(8 * len(result.visited.bits), len(result.visited.keys))
    marks = np.zeros(places // 8 + 1, np.uint8)
    kernel.mark(result.visited, marks, result.states, (~(holds & expanded)).astype(np.uint8))
    active = np.flatnonzero(holds & expanded)
    allowed = result.engine.allowed(events)
    while len(active):
        chosen = _sweep(result, marks, active, allowed)
        if not chosen.any():
            break
        active = active[chosen == 0]
    return active


def find_deadlock(result: Result, events: Sequence[int] | None = None) -> DeadlockVerdict:
    """Find expanded states in which none of these events (default: all) is enabled; a self-loop counts as enabled."""
    engine = result.engine
    dead = np.zeros(len(result), np.uint8)
    allowed = engine.allowed(events)
    engine.start(0)
    while (position := int(engine.misses.counters[kernel.POSITION])) < result.n_expanded:
        end = min(position + CHUNK, result.n_expanded)
        tables, scratch, buffer, misses, trail = engine.arrays
        if kernel.scan_deadlocks(tables, scratch, buffer, misses, trail, result.states, dead, allowed, end):
            engine.enlarge()
    found = np.flatnonzero(dead)
    return DeadlockVerdict(len(found), _witness(result, int(found[0])) if len(found) else None)


def evaluate(
    result: Result,
    condition: StateProperty,
    *,
    symmetric: bool = False,
    among: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Whether the condition holds, per stored state; shape (states,).

    With `symmetric`, raise ValueError when the condition differs between permutations of a state. With `among` (shape
    (states,)), only those states are asked about; of the others it says False.
    """
    if symmetric:
        condition = _closed(result, condition)
    views = _Views(result, [condition], arranged=False)
    holds = np.zeros(len(result), np.bool_)
    verdicts: dict[int, bool] = {}
    for start in range(0, len(result), CHUNK):
        local = result.locals(start, start + CHUNK)
        chosen = np.arange(len(local)) if among is None else np.flatnonzero(among[start : start + CHUNK])
        joints, first, inverse = np.unique(views.joints(local[chosen], 0), return_index=True, return_inverse=True)
        for joint, i in zip(joints.tolist(), chosen[first].tolist(), strict=True):
            if joint not in verdicts:
                verdicts[joint] = _ask(result, condition, start + i, symmetric)
        holds[start + chosen] = np.array([verdicts[joint] for joint in joints.tolist()], np.bool_)[inverse]
    return holds


def _closed(result: Result, condition: StateProperty) -> StateProperty:
    """Read whole groups, each member as every member is read, so that a joint class knows all permutations."""
    reads = list(condition.reads)
    readers = {component: [component] for component in reads}
    for group in result.engine.groups:
        inside = [component for component in group if component in condition.reads]
        if inside:
            readers.update(dict.fromkeys(group, inside))
            reads.extend(component for component in group if component not in inside)
    numbers: dict[tuple[int, ...], int] = {}

    def class_of(component: int, local: int) -> int:
        seen = tuple(condition.class_of(reader, local) for reader in readers[component])
        return numbers.setdefault(seen, len(numbers))

    return StateProperty(tuple(reads), class_of, condition.holds)


def _ask(result: Result, condition: StateProperty, index: int, symmetric: bool) -> bool:
    state = result.state(index)
    verdict = bool(condition.holds(state))
    if symmetric:
        for arrangement in _arrangements(result, condition.reads):
            other = _arranged(result, state, arrangement)
            if bool(condition.holds(other)) != verdict:
                raise ValueError(
                    f"the condition is {verdict} in {state} and {not verdict} in its permutation {other}: under "
                    "symmetry it must not tell symmetric components apart; declare them apart instead"
                )
    return verdict


def _witness(result: Result, index: int) -> Witness:
    return Witness(index, result.state(index))


def _arrangements(result: Result, reads: Sequence[int]) -> Iterator[Arrangement]:
    """All ways to see symmetric components in the places of those which are read; the plain one first."""
    choices: list[list[Arrangement]] = []
    for group in result.engine.groups:
        wanted = [component for component in group if component in reads]
        if wanted:
            # Members that are read come first, so that the first arrangement is the identity.
            order = [*wanted, *(component for component in group if component not in wanted)]
            choices.append([dict(zip(wanted, seen, strict=True)) for seen in permutations(order, len(wanted))])
    if prod(len(choice) for choice in choices) > ARRANGEMENTS:
        raise LimitError("a property reads too many symmetric components: read fewer, or declare them apart")
    for combination in product(*choices):
        yield {place: seen for choice in combination for place, seen in choice.items()}


def _arranged(result: Result, state: State, arrangement: Arrangement) -> State:
    """Permute a state, so that each place holds what was seen there."""
    out = list(state)
    for group in result.engine.groups:
        places = [component for component in group if component in arrangement]
        taken = [arrangement[component] for component in places]
        others = [component for component in group if component not in arrangement]
        left = [component for component in group if component not in taken]
        for place, seen in zip([*places, *others], [*taken, *left], strict=True):
            out[place] = state[seen]
    return tuple(out)


@dataclass(frozen=True)
class _Sights:
    """Per joint class that occurs: number of states, the first one's index, and its arrangement."""

    count: Int64s
    first: Int64s
    arrangement: list[Arrangement]


class _Views:
    """Properties as arrays for the kernel, one view per arrangement of symmetric components."""

    def __init__(
        self, result: Result, properties: Sequence[StateProperty | StepProperty], *, arranged: bool = True
    ) -> None:
        used = result.used_locals()
        self.size: list[int] = []
        self.arrangement: list[Arrangement] = []
        self.of_property: list[list[int]] = []
        views: list[int] = []
        start = np.cumsum([0, *(len(flags) for flags in used)])
        columns: list[Int64s] = []
        for number, one in enumerate(properties):
            weighted: dict[int, Int64s] = {}
            size = 1
            for component in one.reads:
                table, n_classes = _class_table(one, component, used[component])
                weighted[component] = table * size
                size *= n_classes
                if size >= LARGEST:
                    raise LimitError("a property reads too many classes: make them coarser, or split the property")
            self.size.append(size)
            self.of_property.append([])
            for arrangement in _arrangements(result, one.reads) if arranged else ({},):
                self.of_property[-1].append(len(views))
                self.arrangement.append(arrangement)
                views.append(number)
                column = np.zeros(start[-1], np.int64)
                for component, weights in weighted.items():
                    seen = arrangement.get(component, component)
                    column[start[seen] : start[seen + 1]] = weights
                columns.append(column)
        self.arrays = kernel.Views(
            property=np.array(views, np.int32),
            start=start[:-1].astype(np.int64),
            weights=np.array(columns, np.int64).reshape(len(views), start[-1]).T.copy(),
            size=np.array(self.size, np.int64),
        )

    def joints(self, local: NDArray[np.int32], view: int) -> Int64s:
        """Joint class per row of local ids."""
        weights = self.arrays.weights[:, view]
        joint = np.zeros(len(local), np.int64)
        for component, part in enumerate(np.split(weights, self.arrays.start[1:])):
            if part.any():
                joint += part[local[:, component]]
        return joint

    def only(self, properties: Sequence[int]) -> tuple[kernel.Views, list[int]]:
        """Select the views of some properties, renumbered, and tell which they are."""
        chosen = [view for p in properties for view in self.of_property[p]]
        arrays = self.arrays
        renumbered = {p: i for i, p in enumerate(properties)}
        some = arrays._replace(
            property=np.array([renumbered[int(arrays.property[view])] for view in chosen], np.int32),
            weights=arrays.weights[:, chosen].copy(),
            size=arrays.size[list(properties)],
        )
        return some, chosen


def _class_table(one: StateProperty | StepProperty, component: int, used: Bytes) -> tuple[Int64s, int]:
    """Dense classes of the local ids that occur, and their number."""
    table = np.zeros(len(used), np.int64)
    classes: dict[int, int] = {}
    for local in np.flatnonzero(used).tolist():
        table[local] = classes.setdefault(one.class_of(component, local), len(classes))
    return table, max(len(classes), 1)


def _scan(result: Result, views: _Views, properties: Sequence[int]) -> list[_Sights]:
    """Sights of properties with few joint classes, in one pass."""
    if not properties:
        return []
    arrays, chosen = views.only(properties)
    base = np.cumsum([0, *(views.size[p] for p in properties)]).astype(np.int64)
    first = np.zeros(base[-1], np.int64)
    seen = np.zeros(base[-1], np.int32)
    count = np.zeros(base[-1], np.int64)
    for start in range(0, len(result), CHUNK):
        states = result.states[start : start + CHUNK]
        kernel.scan_states(result.engine.tables, arrays, states, start, base, first, seen, count)
    sights = []
    for i in range(len(properties)):
        present = base[i] + np.flatnonzero(count[base[i] : base[i + 1]])
        arrangement = [views.arrangement[chosen[view]] for view in seen[present].tolist()]
        sights.append(_Sights(count[present], first[present], arrangement))
    return sights


def _sort(result: Result, views: _Views, number: int) -> _Sights:
    """Sights of a property with many joint classes, by sorting a chunk at a time."""
    found: dict[int, tuple[int, int, int]] = {}
    for start in range(0, len(result), CHUNK):
        local = result.locals(start, start + CHUNK)
        for view in views.of_property[number]:
            joints, first, count = np.unique(views.joints(local, view), return_index=True, return_counts=True)
            for joint, i, n in zip(joints.tolist(), first.tolist(), count.tolist(), strict=True):
                known = found.get(joint, (0, start + i, view))
                at = min(known[1:], (start + i, view))
                found[joint] = (known[0] + n, *at)
    rows = list(found.values())
    return _Sights(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.int64),
        [views.arrangement[row[2]] for row in rows],
    )


def _judge_states(result: Result, one: StateProperty, sights: _Sights) -> StateVerdict:
    totals = {True: 0, False: 0}
    witnesses: dict[bool, Witness] = {}
    for i in np.argsort(sights.first, kind="stable").tolist():
        index = int(sights.first[i])
        state = _arranged(result, result.state(index), sights.arrangement[i])
        verdict = bool(one.holds(state))
        totals[verdict] += int(sights.count[i])
        witnesses.setdefault(verdict, Witness(index, state))
    return StateVerdict(totals[True], totals[False], len(sights.first), witnesses.get(True), witnesses.get(False))


class _StepJudge:
    """Collects the verdicts of one step property, asked in breadth-first order."""

    def __init__(self, one: StepProperty) -> None:
        self.property = one
        self.totals = {True: 0, False: 0}
        self.witnesses: dict[bool, StepWitness] = {}

    def ask(self, witness: StepWitness) -> None:
        verdict = bool(self.property.holds(witness.before, witness.after))
        self.totals[verdict] += 1
        self.witnesses.setdefault(verdict, witness)

    def verdict(self) -> StepVerdict:
        return StepVerdict(self.totals[True], self.totals[False], self.witnesses.get(True), self.witnesses.get(False))


def _judge_pairs(result: Result, one: StepProperty) -> StepVerdict:
    """Answer a property of one component from the recorded pairs."""
    judge = _StepJudge(one)
    component = one.reads[0]
    classes: dict[int, int] = {}
    asked = set()
    for pair in result.pairs(component):
        for local in (pair.before, pair.after):
            if local not in classes:
                classes[local] = one.class_of(component, local)
        key = classes[pair.before], classes[pair.after]
        if key in asked:
            continue
        asked.add(key)
        before = result.state(pair.state)
        after = next(
            after for _, _, after in result.successors(before, [pair.event]) if after[pair.member] == pair.after
        )
        seen = {component: pair.member} if component != pair.member else {}
        witness = (_arranged(result, state, seen) for state in (before, after))
        judge.ask(StepWitness(pair.state, pair.event, *witness))
    return judge.verdict()


def _scan_steps(result: Result, properties: Sequence[StepProperty]) -> list[StepVerdict]:
    """Answer properties by expanding all states again."""
    views = _Views(result, properties)
    if any(size >= 1 << 31 for size in views.size):
        raise LimitError("a step property reads too many classes: make them coarser, or split the property")
    engine = result.engine
    allowed = engine.allowed(None)
    steps = kernel.Steps(np.full(2 * ROWS, kernel.EMPTY, np.int32), np.zeros((ROWS, 6), np.int64))
    engine.start(0)
    counters = engine.misses.counters
    while counters[kernel.POSITION] < result.n_expanded:
        end = min(int(counters[kernel.POSITION]) + CHUNK, result.n_expanded)
        tables, scratch, buffer, misses, trail = engine.arrays
        status = kernel.scan_steps(
            tables, scratch, buffer, misses, trail, views.arrays, steps, result.states, allowed, end
        )
        if status == kernel.BUFFER_FULL:
            engine.enlarge()
        elif status == kernel.RECORDS_FULL:
            log = doubled(steps.log)
            steps = kernel.Steps(np.full(2 * len(log), kernel.EMPTY, np.int32), log)
            kernel.enter_steps(steps, int(counters[kernel.RECORDS]))
    judges = [_StepJudge(one) for one in properties]
    for number, _, view, index, event, code in steps.log[: counters[kernel.RECORDS]].tolist():
        ends = (
            _arranged(result, state, views.arrangement[view]) for state in (result.state(index), result.decode(code))
        )
        judges[number].ask(StepWitness(index, event, *ends))
    return [judge.verdict() for judge in judges]


def _sweep(result: Result, marks: Bytes, active: Int64s, allowed: Bytes) -> Bytes:
    """Mark active states with a marked successor, last state first; which ones were marked."""
    engine = result.engine
    chosen = np.zeros(len(active), np.uint8)
    engine.start(len(active))
    while (position := int(engine.misses.counters[kernel.POSITION])) > 0:
        end = max(0, position - CHUNK)
        tables, scratch, buffer, misses, trail = engine.arrays
        if kernel.sweep(
            tables, scratch, buffer, misses, trail, result.visited, marks, result.states, active, chosen, allowed, end
        ):
            engine.enlarge()
    return chosen
