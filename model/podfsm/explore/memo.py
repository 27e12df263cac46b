"""What a system has answered so far: as dictionaries, which are the truth, and as arrays, which the kernel reads.

`Memo` asks the system, each question once, and expands single states in Python; that serves to fill the tables when the
kernel misses something, and to tell a trace. `Layout` holds the same answers as the arrays of `kernel.Tables`. New
answers are appended; when one does not fit (a local id beyond its component's capacity, a class beyond its radix) the
arrays are rebuilt from the dictionaries with more room.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, product
from math import prod
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from podfsm.explore import kernel
from podfsm.explore.kernel import Int32s, Int64s
from podfsm.explore.system import NO_LABEL, LimitError, Stage, State, System, check_shape

Move = tuple[int, int, int]
"""Stage, component, label (-1: the component was to step, and had no alternative)."""

Alternatives = tuple[tuple[int, int], ...]

Number = TypeVar("Number", np.int32, np.int64)

DENSE_PLANS = 1 << 16
"""Stages with more joint classes than this keep their plans in the hash table."""

LARGEST = 2**62
"""Codes and keys stay below this."""


class Memo:
    """The answers of a system, by stage (numbered through all events) and by read or write slot (likewise).

    Parameters
    ----------
    system
        Asked for its shape at once (ValueError when that is wrong), and for the rest when needed.
    """

    def __init__(self, system: System) -> None:
        check_shape(system)
        self.system = system
        self.events = tuple(system.events)
        # The same Stage object in several events is one stage: it is asked about once.
        numbers: dict[int, int] = {}
        stages: list[Stage] = []
        for event in self.events:
            for stage in event.stages:
                if id(stage) not in numbers:
                    numbers[id(stage)] = len(stages)
                    stages.append(stage)
        self.stages = tuple(stages)
        self.stage_of = np.array([numbers[id(s)] for event in self.events for s in event.stages], np.int32)
        self.event_at = starts(len(event.stages) for event in self.events)
        self.read_at = starts(len(stage.reads) for stage in self.stages)
        self.write_at = starts(len(stage.writes) for stage in self.stages)
        self._numbers = [[numbers[id(stage)] for stage in event.stages] for event in self.events]
        self._first_read, self._first_write = self.read_at.tolist(), self.write_at.tolist()
        self.asked = 0
        """Number of plans and steps that were asked for."""
        self.locals = [1] * len(system.components)
        """Number of local ids seen, per component; the same throughout a symmetric group."""
        self.group: list[tuple[int, ...]] = [(component,) for component in range(len(self.locals))]
        for group in system.symmetric:
            for component in group:
                self.group[component] = tuple(group)
        self.classes: list[dict[int, int]] = [{} for stage in self.stages for _ in stage.reads]
        """Per read slot: class of a local id."""
        self.plans: list[dict[State, tuple[int, ...] | None]] = [{} for _ in self.stages]
        """Per stage: contexts, as row numbers, by joint class."""
        self.rows: list[dict[int, int]] = [{} for stage in self.stages for _ in stage.writes]
        """Per write slot: row number of a context."""
        self.steps: list[dict[int, Alternatives]] = []
        """Per row: alternatives of a local id."""
        self.row_slot: list[tuple[int, int, int, int]] = []
        """Per row: event, stage, component, context."""
        self.new_classes: list[tuple[int, int]] = []
        self.new_plans: list[tuple[int, State]] = []
        self.new_steps: list[tuple[int, int]] = []

    def initial(self) -> list[State]:
        """Ask for the distinct initial states, in the system's order."""
        states = list(dict.fromkeys(tuple(map(int, state)) for state in self.system.initial()))
        for state in states:
            if len(state) != len(self.locals):
                raise ValueError(f"initial state {state} has {len(state)} of {len(self.locals)} components")
            for component, local in enumerate(state):
                self._register(component, local)
        return states

    def successors(self, event: int, state: State) -> Iterator[tuple[tuple[Move, ...], State]]:
        """All ways through an event, in the order of the kernel."""
        return self._through(event, 0, state)

    def learn(self, event: int, state: State) -> None:
        """Ask everything that the ways through an event lead to; ways that meet are followed once."""
        states = [state]
        for stage in range(len(self.events[event].stages)):
            writes = self.events[event].stages[stage].writes
            found: dict[State, None] = {}
            for one in states:
                choices = self._choices(event, stage, one)
                if not choices:
                    if choices is not None:
                        found[one] = None
                    continue
                for choice in product(*({local: None for local, _ in alternatives} for alternatives in choices)):
                    after = list(one)
                    for component, local in zip(writes, choice, strict=True):
                        after[component] = local
                    found[tuple(after)] = None
            states = list(found)

    def _through(self, event: int, stage: int, state: State) -> Iterator[tuple[tuple[Move, ...], State]]:
        if stage == len(self.events[event].stages):
            yield (), state
            return
        choices = self._choices(event, stage, state)
        if choices is None:
            return
        writes = self.events[event].stages[stage].writes if choices else ()
        for choice in product(*choices):
            after = list(state)
            for component, (local, _) in zip(writes, choice, strict=True):
                after[component] = local
            moves = tuple((stage, component, label) for component, (_, label) in zip(writes, choice, strict=True))
            for later, end in self._through(event, stage + 1, tuple(after)):
                yield moves + later, end

    def _choices(self, event: int, stage: int, state: State) -> list[Alternatives] | None:
        """Alternatives per write of a stage; none at all where it does nothing, None where the event is not enabled."""
        rows = self._plan(event, stage, state)
        if rows is None:
            return None if stage == 0 else []
        choices: list[Alternatives] = []
        for component, row in zip(self.events[event].stages[stage].writes, rows, strict=True):
            alternatives = self._step(row, state[component])
            if not alternatives and stage == 0:
                return None
            choices.append(alternatives or ((state[component], NO_LABEL),))
        return choices

    def _plan(self, event: int, stage: int, state: State) -> tuple[int, ...] | None:
        number = self._numbers[event][stage]
        joint = tuple(
            [
                self._class(slot, event, stage, component, state[component])
                for slot, component in enumerate(self.stages[number].reads, self._first_read[number])
            ]
        )
        known = self.plans[number]
        if joint not in known:
            self.asked += 1
            contexts = self.system.plan(event, stage, state)
            if contexts is None:
                known[joint] = None
            else:
                first = self._first_write[number]
                known[joint] = tuple(
                    self._row(first + i, event, stage, component, int(context))
                    for i, (component, context) in enumerate(zip(self.stages[number].writes, contexts, strict=True))
                )
            self.new_plans.append((number, joint))
        return known[joint]

    def _class(self, slot: int, event: int, stage: int, component: int, local: int) -> int:
        known = self.classes[slot]
        if local not in known:
            found = int(self.system.class_of(event, stage, component, local))
            if found < 0:
                raise ValueError(f"class {found} of component {self.system.components[component]!r} is negative")
            known[local] = found
            self.new_classes.append((slot, local))
        return known[local]

    def _row(self, slot: int, event: int, stage: int, component: int, context: int) -> int:
        rows = self.rows[slot]
        if context not in rows:
            rows[context] = len(self.steps)
            self.steps.append({})
            self.row_slot.append((event, stage, component, context))
        return rows[context]

    def _step(self, row: int, local: int) -> Alternatives:
        known = self.steps[row]
        if local not in known:
            self.asked += 1
            event, stage, component, context = self.row_slot[row]
            alternatives = tuple(
                (int(after), int(label)) for after, label in self.system.step(event, stage, component, local, context)
            )
            for after, _ in alternatives:
                self._register(component, after)
            known[local] = alternatives
            self.new_steps.append((row, local))
        return known[local]

    def _register(self, component: int, local: int) -> None:
        if local < 0:
            raise ValueError(f"local id {local} of component {self.system.components[component]!r} is negative")
        if local >= self.locals[component]:
            for member in self.group[component]:
                self.locals[member] = local + 1


class Layout:
    """The answers of a memo as arrays.

    Parameters
    ----------
    memo
        Where the answers are.
    watched
        Components whose labels the kernel is to keep.
    hash_room
        Number of entries that the kernel may add to the hash table of plans between two calls of `extend`.
    """

    def __init__(self, memo: Memo, watched: Sequence[int], hash_room: int) -> None:
        self.memo = memo
        self.hash_room = hash_room
        components = len(memo.locals)
        groups = [group for group in memo.system.symmetric if len(group) > 1]
        self.groups = tuple(tuple(group) for group in groups)
        self.member_of = np.arange(components, dtype=np.int32)
        for group in groups:
            self.member_of[list(group)] = min(group)
        self.changes = np.zeros((len(memo.events), components), np.uint8)
        for number, event in enumerate(memo.events):
            for stage in event.stages:
                self.changes[number, list(stage.writes)] = 1
        self.watched = np.array(sorted(set(watched)), np.int32)
        self.watched_as = np.full(components, -1, np.int32)
        self.watched_as[self.watched] = np.arange(len(self.watched))
        self.room = np.zeros(components, np.int64)
        """Per component: local ids that the tables can hold."""
        self.encode(np.ones(components, np.int64))
        self.extend()

    def encode(self, capacity: Int64s) -> None:
        """Set the radices of codes (product below 2^62); the tables do not depend on them."""
        self.capacity = capacity
        self.stride = np.cumprod(np.concatenate(([1], capacity)))[:-1].astype(np.int64)

    def fits(self) -> bool:
        """Whether all local ids are below their component's capacity."""
        return bool(np.all(np.array(self.memo.locals) <= self.capacity))

    def extend(self) -> None:
        """Take over what the memo learned since the last call."""
        memo = self.memo
        if any(count > room for count, room in zip(memo.locals, self.room, strict=True)):
            self._rebuild()
            return
        dense = self.plan_table >= 0
        if any(memo.classes[slot][local] >= self.class_room[slot] for slot, local in memo.new_classes) or (
            4 * (self.hashed + len(memo.new_plans) + self.hash_room) > len(self.hashed_keys) and not dense.all()
        ):
            self._place_plans()
        else:
            for stage, joint in memo.new_plans:
                self._add_plan(stage, joint)
        for slot, local in memo.new_classes:
            self.class_table[self.read_table[slot] + local] = memo.classes[slot][local]
        self._put_hashed()
        for row, local in memo.new_steps:
            self._add_step(row, local)
        self._settle()

    def _rebuild(self) -> None:
        """Lay the tables out anew, with room to grow."""
        memo = self.memo
        self.room = np.array([count + max(128, count // 2) for count in memo.locals], np.int64)
        self._place_classes()
        self.row_at: list[int] = []
        self.steps = Growing(np.int32, kernel.UNKNOWN)
        self.new_steps: list[tuple[int, int]] = []
        self.choice_at = Growing(np.int32)
        self.choice_at.append([0])
        self.choice_next = Growing(np.int32)
        self.choice_label = Growing(np.int32)
        self._place_plans()
        self._put_hashed()
        for row, steps in enumerate(memo.steps):
            for local in steps:
                self._add_step(row, local)
        self._settle()

    def _settle(self) -> None:
        """Write down where the steps are, and forget what was new."""
        if self.new_steps:
            at, rows = np.array(self.new_steps, np.int64).T
            self.steps.data[at] = rows
            self.new_steps.clear()
        self.memo.new_classes.clear()
        self.memo.new_plans.clear()
        self.memo.new_steps.clear()

    def _place_classes(self) -> None:
        memo = self.memo
        components = [component for stage in memo.stages for component in stage.reads]
        self.read_component = np.array(components, np.int32)
        lengths = self.room[self.read_component] if components else np.zeros(0, np.int64)
        self.read_table = np.concatenate(([0], np.cumsum(lengths)))[:-1].astype(np.int64)
        self.class_table = np.full(int(lengths.sum()), kernel.UNKNOWN, np.int32)
        for slot, classes in enumerate(memo.classes):
            at = self.read_table[slot]
            for local, found in classes.items():
                self.class_table[at + local] = found

    def _place_plans(self) -> None:
        """Lay out the plans, with room for the classes known by now, and enter all of them."""
        memo = self.memo
        counts = [max(classes.values(), default=0) + 1 for classes in memo.classes]
        self.class_room = [1 << max(1, (count - 1).bit_length()) for count in counts]
        self.read_radix = np.ones(len(counts), np.int64)
        self.plan_table = np.full(len(memo.stages), -1, np.int64)
        size = hashed = 0
        for stage, plans in enumerate(memo.plans):
            slots = range(self.read_at[stage], self.read_at[stage + 1])
            if prod(self.class_room[slot] for slot in slots) * len(memo.stages) >= LARGEST:
                for slot in slots:
                    self.class_room[slot] = counts[slot]
            total = 1
            for slot in slots:
                self.read_radix[slot] = total
                total *= self.class_room[slot]
                if total * len(memo.stages) >= LARGEST:
                    raise LimitError("a stage reads too many components, in too many classes: make the classes coarser")
            if total <= DENSE_PLANS:
                self.plan_table[stage] = size
                size += total
            else:
                hashed += len(plans)
        self.plan_entries = np.full(size, kernel.UNKNOWN, np.int32)
        length = 1 << (8 * (hashed + self.hash_room) - 1).bit_length() if (self.plan_table < 0).any() else 1
        self.hashed_keys = np.full(length, kernel.EMPTY, np.int64)
        self.hashed_plans = np.full(length, kernel.UNKNOWN, np.int32)
        self.hashed = 0
        self.pending: list[tuple[int, int]] = []
        self.plan_rows = Growing(np.int64)
        for stage, plans in enumerate(memo.plans):
            for joint in plans:
                self._add_plan(stage, joint)

    @property
    def read_at(self) -> Int32s:
        """First read slot per stage."""
        return self.memo.read_at

    def _add_plan(self, stage: int, joint: State) -> None:
        rows = self.memo.plans[stage][joint]
        entry = kernel.NOTHING
        if rows is not None:
            entry = self.plan_rows.append([self._row_start(row) for row in rows])
        first = int(self.read_at[stage])
        index = sum(found * int(self.read_radix[first + i]) for i, found in enumerate(joint))
        if self.plan_table[stage] >= 0:
            self.plan_entries[self.plan_table[stage] + index] = entry
        else:
            self.pending.append((index * len(self.memo.stages) + stage, entry))

    def _put_hashed(self) -> None:
        if self.pending:
            keys = np.array([key for key, _ in self.pending], np.int64)
            entries = np.array([entry for _, entry in self.pending], np.int32)
            kernel.put_plans(self.hashed_keys, self.hashed_plans, keys, entries)
            self.hashed += len(self.pending)
            self.pending.clear()

    def _row_start(self, row: int) -> int:
        while len(self.row_at) <= row:
            component = self.memo.row_slot[len(self.row_at)][2]
            self.row_at.append(self.steps.reserve(int(self.room[component])))
        return self.row_at[row]

    def _add_step(self, row: int, local: int) -> None:
        alternatives = self.memo.steps[row][local]
        at = self._row_start(row) + local
        self.choice_next.append([after for after, _ in alternatives])
        end = self.choice_label.append([label for _, label in alternatives]) + len(alternatives)
        self.new_steps.append((at, self.choice_at.append([end]) - 1))

    def tables(self) -> kernel.Tables:
        """Give the arrays as the kernel takes them; to be called again after `extend` and `encode`."""
        memo = self.memo
        changed = [np.flatnonzero(row) for row in self.changes]
        return kernel.Tables(
            stride=self.stride,
            capacity=self.capacity,
            event_at=memo.event_at,
            stage_of=memo.stage_of,
            read_at=memo.read_at,
            read_component=self.read_component,
            read_table=self.read_table,
            read_radix=self.read_radix,
            classes=self.class_table,
            plan_table=self.plan_table,
            plans=self.plan_entries,
            hashed_keys=self.hashed_keys,
            hashed_plans=self.hashed_plans,
            plan_rows=self.plan_rows.data,
            write_at=memo.write_at,
            write_component=np.array([component for stage in memo.stages for component in stage.writes], np.int32),
            steps=self.steps.data,
            choice_at=self.choice_at.data,
            choice_next=self.choice_next.data,
            choice_label=self.choice_label.data,
            changed_at=starts(len(row) for row in changed),
            changed=np.array([component for row in changed for component in row], np.int32),
            changes=self.changes,
            group_at=starts(len(group) for group in self.groups),
            group=np.array([component for group in self.groups for component in group], np.int32),
            member_of=self.member_of,
            watched=self.watched,
            watched_as=self.watched_as,
        )


class Growing(Generic[Number]):
    """An array that grows at its end, by values (which wait in a list until it is asked for) or by fillings."""

    def __init__(self, dtype: type[Number], fill: int = 0) -> None:
        self._data: NDArray[Number] = np.full(64, fill, dtype)
        self._fill = fill
        self._waiting: list[int] = []
        self.length = 0

    def append(self, values: Sequence[int]) -> int:
        """Append values; the position of the first."""
        start = self.length
        self._waiting.extend(values)
        self.length += len(values)
        return start

    def reserve(self, count: int) -> int:
        """Append so many fillings, to be written over; the position of the first."""
        start = self.length
        self.length += count
        return start

    @property
    def data(self) -> NDArray[Number]:
        """The array, with room at its end."""
        if self.length > len(self._data):
            more = np.full(self.length, self._fill, self._data.dtype)
            self._data = np.concatenate((self._data, more))
        if self._waiting:
            self._data[self.length - len(self._waiting) : self.length] = self._waiting
            self._waiting.clear()
        return self._data


def starts(lengths: Iterable[int]) -> Int32s:
    """Offsets of consecutive runs, and their total."""
    return np.array([0, *accumulate(lengths)], np.int32)
