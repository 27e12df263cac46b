"""The compiled loops: expansion of a state, breadth-first search, and the passes of the checks.

All of them live in this one file, because numba's cache watches the source file of the function it compiles and not the
files of the functions it calls. Arguments are named tuples of arrays, one type each, so that every kernel is compiled
once.

A global state is a mixed-radix integer (*code*) over local ids. `expand` walks all stages of all events depth first and
writes every successor of a state into a buffer. What it cannot find in the tables is a *miss*: it is noted once (the
table entry is marked pending), and the state is left as it was. The search then only probes a little further ahead, for
more misses, and returns to Python, which asks the system and resumes at the first state with a miss. Hence states are
found in exactly the order of a plain breadth-first search, whatever was missing when.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
from numba.extending import intrinsic
from numpy.typing import NDArray

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Function = TypeVar("Function", bound=Callable[..., object])

UNKNOWN, PENDING, NOTHING = -1, -2, -3
"""Table entries that are not answers: never asked, about to be asked, and (of plans) asked and None."""

EMPTY = -1
"""A free slot in an open-addressing table, whose keys are >= 0."""

DONE, MISSED, BUFFER_FULL, STATES_FULL, PAIRS_FULL, RECORDS_FULL, TRAIL_FULL = range(7)
"""Why a kernel returned."""

POSITION, STATES, TRANSITIONS, PAIRS, RECORDS, MISSES, INCOMPLETE = range(7)
"""Counters shared with Python: next state to expand, numbers of what was found, and states left with a miss."""
COUNTERS = 7

ENABLED, BRANCHING, DISABLED, MISSING = range(4)
"""What came of entering a stage: one way through it, several, none, or not known yet."""

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


compiler: Any = numba.njit
settings: Any = numba.config

OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
"""Wrappers that nobody calls would take half of the time to compile."""


def kernel(function: Function) -> Function:
    """Compile on first call, without the GIL, cached on disk where any directory can be written."""
    try:
        return cast(Function, compiler(**OPTIONS, cache=True)(function))
    except RuntimeError:
        # Numba can write neither beside this file, nor in the user's cache directory, nor in NUMBA_CACHE_DIR.
        directory = private_directory()
        if directory is None:
            return cast(Function, compiler(**OPTIONS)(function))
        settings.CACHE_DIR = str(directory)
        return cast(Function, compiler(**OPTIONS, cache=True)(function))


def private_directory() -> Path | None:
    """Make a directory for compiled code among the temporary files; None if others could write it, since code runs."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    directory = Path(tempfile.gettempdir(), f"podfsm-numba-{user}")
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        status = directory.lstat()
    except OSError:
        return None
    safe = not hasattr(os, "getuid") or (status.st_uid == user and not status.st_mode & 0o022)
    return directory if safe and directory.is_dir() and not directory.is_symlink() else None


def inlined(function: Function) -> Function:
    """Compile into every caller: a call would copy, and count references to, all arrays of its named tuples.

    Such a function must not be called from Python: it has no wrapper.
    """
    return cast(Function, compiler(**OPTIONS, forceinline=True, no_cpython_wrapper=True)(function))


def without_owner(_: Any, arrays: Any) -> Any:
    """Generate code for `borrowed`."""

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        value = arguments[0]
        for position, kind in enumerate(arrays.types):
            array = context.make_array(kind)(context, builder, builder.extract_value(value, position))
            array.meminfo = array.meminfo.type(None)
            value = builder.insert_value(value, array._getvalue(), position)
        return value

    return arrays(arrays), generate


borrowed: Any = intrinsic(without_owner)
"""The same named tuple of arrays, without ownership: the caller of the kernel keeps them alive.

Taking an array out of a tuple counts a reference, atomically, and the loops do that everywhere; without an owner there
is nothing to count, and the compiler drops it all. That makes the search seven times as fast.
"""


class Tables(NamedTuple):
    """The system as arrays. Stages of all events are numbered through; *slots* number their reads, or their writes."""

    stride: Int64s  # per component: weight of its local id in a code
    capacity: Int64s  # per component: its radix
    event_at: Int32s  # per event: its first position in `stage_of` (and one more entry, as in every `_at`)
    stage_of: Int32s  # per position: the stage; events share stages
    read_at: Int32s  # per stage: its first read slot
    read_component: Int32s  # per read slot
    read_table: Int64s  # per read slot: where its classes start in `classes`
    read_radix: Int64s  # per read slot: weight of its class in the joint class
    classes: Int32s  # class of a local id, or UNKNOWN, PENDING
    plan_table: Int64s  # per stage: where its plans start in `plans`, or -1 when they are in the hash table
    plans: Int32s  # per joint class: where the plan starts in `plan_rows`, or UNKNOWN, PENDING, NOTHING
    hashed_keys: Int64s  # open addressing, joint class * stages + stage
    hashed_plans: Int32s  # beside it, as `plans`
    plan_rows: Int64s  # per plan and write: where the context's row starts in `steps`
    write_at: Int32s  # per stage: its first write slot
    write_component: Int32s  # per write slot
    steps: Int32s  # per local id: index into `choice_at`, or UNKNOWN, PENDING
    choice_at: Int32s  # where the alternatives start
    choice_next: Int32s  # per alternative
    choice_label: Int32s  # per alternative
    changed_at: Int32s  # per event: start in `changed`
    changed: Int32s  # components that any stage of the event writes
    changes: Bytes  # [event, component]: the same as a matrix
    group_at: Int32s  # per symmetric group: start in `group`
    group: Int32s  # components of symmetric groups
    member_of: Int32s  # per component: first component of its symmetric group, or itself
    watched: Int32s  # components whose labels are kept
    watched_as: Int32s  # per component: position in `watched`, or -1


class Scratch(NamedTuple):
    """Working memory of one expansion; [depth] is the number of the stage within its event."""

    original: Int64s  # [component] the state that is expanded
    local: Int64s  # [component] the state at hand
    saved: Int64s  # [depth, component] the state before a stage that branches
    above: Int64s  # [depth] the last stage before it that branches, or -1
    row: Int64s  # [depth, write] alternatives: index into `choice_at`
    choice: Int64s  # [depth, write] alternative taken
    writes: Int64s  # [depth]
    label: Int32s  # [watched, depth]
    counts: Int64s  # [component]


class Buffer(NamedTuple):
    """Successors of one state."""

    local: Int32s  # [successor, component]
    code: Int64s
    event: Int32s
    label: Int32s  # [successor, watched, depth]


class Misses(NamedTuple):
    """Which (state, event) could not be expanded; Python expands them and thereby fills the tables."""

    log: Int64s  # [miss, 2]
    counters: Int64s


class Visited(NamedTuple):
    """The set of found codes: a bitmap over all codes, or, when that is empty, an open-addressing table."""

    bits: Bytes
    keys: Int64s


class Pairs(NamedTuple):
    """(before, after) local ids per component; symmetric components share one relation. `seen` empty: not recorded."""

    seen: Bytes
    table: Int64s  # per component: start in `seen`
    log: Int64s  # [pair, 5]: component, before, after, state, event


class Records(NamedTuple):
    """Distinct (group, event, before, after, labels) of watched components whose local id changed."""

    table: Int32s  # open addressing: row of the log, or EMPTY
    log: Int64s  # [record, RECORD_LABELS + depth]


class Trail(NamedTuple):
    """The transitions of all expanded states, so that later passes need not expand them again. Empty: not kept."""

    at: Int64s  # per state: its first transition, and one more entry
    code: Int64s  # per transition: the state after it, not sorted within symmetric groups
    event: Int32s  # per transition


RECORD_KEY = 4
RECORD_MEMBER, RECORD_STATE, RECORD_LABELS = 4, 5, 6
"""Columns of a record: group, event, before, after; component and state where first seen; labels by stage."""


@inlined
def spread(key: int) -> int:
    """Hash an integer to a well-mixed non-negative one."""
    mixed = np.uint64(key) * MULTIPLIER
    return int(np.int64((mixed ^ (mixed >> np.uint64(32))) & np.uint64(0x7FFFFFFFFFFFFFFF)))


@inlined
def find_slot(keys: Int64s, key: int) -> int:
    """Slot of a key, or the free slot where it belongs. The table's length is a power of two."""
    mask = len(keys) - 1
    slot = spread(key) & mask
    while keys[slot] != EMPTY and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@kernel
def put_plans(keys: Int64s, values: Int32s, new_keys: Int64s, new_values: Int32s) -> None:
    """Enter plans into the hash table, which must have room."""
    for i in range(len(new_keys)):
        slot = find_slot(keys, new_keys[i])
        keys[slot] = new_keys[i]
        values[slot] = new_values[i]


@inlined
def decode(tables: Tables, code: int, local: Int64s) -> None:
    """Local ids of a code."""
    for c in range(len(tables.capacity)):
        rest = code // tables.capacity[c]
        local[c] = code - rest * tables.capacity[c]
        code = rest


@kernel
def decode_all(tables: Tables, codes: Int64s, out: Int32s) -> None:
    """Local ids of many codes, [state, component]."""
    tables = borrowed(tables)
    for i in range(len(codes)):
        code = codes[i]
        for c in range(len(tables.capacity)):
            rest = code // tables.capacity[c]
            out[i, c] = code - rest * tables.capacity[c]
            code = rest


@kernel
def recode(codes: Int64s, capacity: Int64s, stride: Int64s) -> None:
    """Re-encode in place from old capacities to new strides."""
    for i in range(len(codes)):
        code = codes[i]
        new = 0
        for c in range(len(capacity)):
            rest = code // capacity[c]
            new += (code - rest * capacity[c]) * stride[c]
            code = rest
        codes[i] = new


@inlined
def locate(visited: Visited, code: int) -> int:
    """Where a code is or would be in the set: itself in a bitmap, its slot in a table."""
    if len(visited.bits) > 0:
        return code
    return find_slot(visited.keys, code)


@inlined
def visit(visited: Visited, code: int) -> bool:
    """Add a code to the set; True when it is new."""
    if len(visited.bits) > 0:
        bit = 1 << (code & 7)
        if visited.bits[code >> 3] & bit:
            return False
        visited.bits[code >> 3] |= bit
        return True
    slot = find_slot(visited.keys, code)
    if visited.keys[slot] == code:
        return False
    visited.keys[slot] = code
    return True


@kernel
def visit_all(visited: Visited, codes: Int64s) -> None:
    """Add many codes to the set."""
    visited = borrowed(visited)
    for i in range(len(codes)):
        visit(visited, codes[i])


@inlined
def note(misses: Misses, index: int, event: int) -> bool:
    """Log a miss, if there is room."""
    n = misses.counters[MISSES]
    if n == len(misses.log):
        return False
    misses.log[n, 0] = index
    misses.log[n, 1] = event
    misses.counters[MISSES] = n + 1
    return True


@inlined
def enter(  # noqa: C901
    tables: Tables, scratch: Scratch, stage: int, depth: int, index: int, event: int, misses: Misses
) -> int:
    """Look up the plan and the steps of a stage for the state at hand, and apply every write's first alternative."""
    local = scratch.local
    joint = 0
    for r in range(tables.read_at[stage], tables.read_at[stage + 1]):
        at = tables.read_table[r] + local[tables.read_component[r]]
        found = tables.classes[at]
        if found < 0:
            if found == UNKNOWN and note(misses, index, event):
                tables.classes[at] = PENDING
            return MISSING
        joint += found * tables.read_radix[r]
    if tables.plan_table[stage] >= 0:
        at = tables.plan_table[stage] + joint
        plan = tables.plans[at]
        if plan == UNKNOWN and note(misses, index, event):
            tables.plans[at] = PENDING
    else:
        key = joint * (len(tables.read_at) - 1) + stage
        at = find_slot(tables.hashed_keys, key)
        plan = np.int32(UNKNOWN)
        if tables.hashed_keys[at] == key:
            plan = tables.hashed_plans[at]
        elif note(misses, index, event):
            tables.hashed_keys[at] = key
            tables.hashed_plans[at] = PENDING
    if plan == NOTHING:
        scratch.writes[depth] = 0
        return DISABLED if depth == 0 else ENABLED
    if plan < 0:
        return MISSING
    start = tables.write_at[stage]
    writes = tables.write_at[stage + 1] - start
    entered = ENABLED
    for w in range(writes):
        at = tables.plan_rows[plan + w] + local[tables.write_component[start + w]]
        row = tables.steps[at]
        if row < 0:
            if row == UNKNOWN and note(misses, index, event):
                tables.steps[at] = PENDING
            return MISSING
        alternatives = tables.choice_at[row + 1] - tables.choice_at[row]
        if depth == 0 and alternatives == 0:
            return DISABLED
        if alternatives > 1:
            entered = BRANCHING
        scratch.row[depth, w] = row
        scratch.choice[depth, w] = tables.choice_at[row]
    scratch.writes[depth] = writes
    if entered == BRANCHING:
        for c in range(len(local)):
            scratch.saved[depth, c] = local[c]
    take(tables, scratch, stage, depth)
    return entered


@inlined
def take(tables: Tables, scratch: Scratch, stage: int, depth: int) -> None:
    """Apply the chosen alternative of every write; no alternative leaves the component as it is, without a label."""
    for w in range(scratch.writes[depth]):
        c = tables.write_component[tables.write_at[stage] + w]
        choice = scratch.choice[depth, w]
        label = UNKNOWN
        if choice < tables.choice_at[scratch.row[depth, w] + 1]:
            scratch.local[c] = tables.choice_next[choice]
            label = tables.choice_label[choice]
        if tables.watched_as[c] >= 0:
            scratch.label[tables.watched_as[c], depth] = label


@inlined
def advance(tables: Tables, scratch: Scratch, stage: int, depth: int) -> bool:
    """Take the next combination of alternatives, the last write turning fastest; False after the last.

    What later stages did is undone.
    """
    w = scratch.writes[depth] - 1
    while w >= 0:
        row = scratch.row[depth, w]
        scratch.choice[depth, w] += 1
        if scratch.choice[depth, w] < tables.choice_at[row + 1]:
            break
        scratch.choice[depth, w] = tables.choice_at[row]
        w -= 1
    if w < 0:
        return False
    for c in range(len(scratch.local)):
        scratch.local[c] = scratch.saved[depth, c]
    forget_labels(scratch, depth + 1)
    take(tables, scratch, stage, depth)
    return True


@inlined
def forget_labels(scratch: Scratch, depth: int) -> None:
    """Forget the labels of the stages from `depth` on."""
    for w in range(scratch.label.shape[0]):
        for d in range(depth, scratch.label.shape[1]):
            scratch.label[w, d] = UNKNOWN


@inlined
def emit(tables: Tables, scratch: Scratch, buffer: Buffer, n: int, code: int, original: Int64s, event: int) -> None:
    """Write the state at hand into the buffer."""
    local = scratch.local
    for c in range(len(local)):
        buffer.local[n, c] = local[c]
    for x in range(tables.changed_at[event], tables.changed_at[event + 1]):
        c = tables.changed[x]
        code += (local[c] - original[c]) * tables.stride[c]
    buffer.code[n] = code
    buffer.event[n] = event
    for w in range(len(tables.watched)):
        for d in range(scratch.label.shape[1]):
            buffer.label[n, w, d] = scratch.label[w, d]


@inlined
def expand(  # noqa: C901
    tables: Tables,
    scratch: Scratch,
    buffer: Buffer,
    misses: Misses,
    code: int,
    index: int,
    allowed: Bytes,
) -> int:
    """Buffer all successors of the state `scratch.original`; their number, or -1 when the buffer is too small.

    After a miss the successors are incomplete, and `misses.counters[INCOMPLETE]` has grown.
    """
    tables = borrowed(tables)
    scratch = borrowed(scratch)
    buffer = borrowed(buffer)
    misses = borrowed(misses)
    original = scratch.original
    n = 0
    missing = False
    for c in range(len(original)):
        scratch.local[c] = original[c]
    for event in range(len(tables.event_at) - 1):
        if not allowed[event]:
            continue
        first = tables.event_at[event]
        last = tables.event_at[event + 1] - first - 1
        depth = 0
        branch = -1
        entered = enter(tables, scratch, tables.stage_of[first], 0, index, event, misses)
        if entered == DISABLED:
            continue
        while True:
            if entered == BRANCHING:
                scratch.above[depth] = branch
                branch = depth
            if entered == MISSING:
                missing = True
            elif depth < last:
                depth += 1
                entered = enter(tables, scratch, tables.stage_of[first + depth], depth, index, event, misses)
                continue
            elif n == len(buffer.code):
                forget_labels(scratch, 0)
                return -1
            else:
                emit(tables, scratch, buffer, n, code, original, event)
                n += 1
            while branch >= 0 and not advance(tables, scratch, tables.stage_of[first + branch], branch):
                branch = scratch.above[branch]
            if branch < 0:
                break
            depth = branch
            entered = ENABLED
        for c in range(len(original)):
            scratch.local[c] = original[c]
        forget_labels(scratch, 0)
    if missing:
        misses.counters[INCOMPLETE] += 1
    return n


@inlined
def successors(
    tables: Tables,
    scratch: Scratch,
    buffer: Buffer,
    misses: Misses,
    trail: Trail,
    code: int,
    index: int,
    allowed: Bytes,
) -> int:
    """Buffer all successors of an expanded state, from the trail if it is kept; as `expand`, but without labels."""
    if len(trail.code) == 0:
        return expand(tables, scratch, buffer, misses, code, index, allowed)
    n = 0
    for t in range(trail.at[index], trail.at[index + 1]):
        if not allowed[trail.event[t]]:
            continue
        if n == len(buffer.code):
            return -1
        rest = trail.code[t]
        buffer.code[n] = rest
        buffer.event[n] = trail.event[t]
        for c in range(len(tables.capacity)):
            above = rest // tables.capacity[c]
            buffer.local[n, c] = rest - above * tables.capacity[c]
            rest = above
        n += 1
    return n


@inlined
def canonical(tables: Tables, local: Int32s, code: int) -> int:
    """Sort the local ids within each symmetric group, in place; the new code."""
    for g in range(len(tables.group_at) - 1):
        start, end = tables.group_at[g], tables.group_at[g + 1]
        for i in range(start + 1, end):
            value = local[tables.group[i]]
            j = i
            while j > start and local[tables.group[j - 1]] > value:
                moved = local[tables.group[j - 1]]
                code += (moved - local[tables.group[j]]) * tables.stride[tables.group[j]]
                local[tables.group[j]] = moved
                j -= 1
            code += (value - local[tables.group[j]]) * tables.stride[tables.group[j]]
            local[tables.group[j]] = value
    return code


@inlined
def add_pair(tables: Tables, pairs: Pairs, n: int, c: int, before: int, after: int, index: int, event: int) -> int:
    """Log a pair that is new; the number of pairs."""
    at = pairs.table[c] + before * tables.capacity[c] + after
    if pairs.seen[at]:
        return n
    pairs.seen[at] = 1
    pairs.log[n, 0] = c
    pairs.log[n, 1] = before
    pairs.log[n, 2] = after
    pairs.log[n, 3] = index
    pairs.log[n, 4] = event
    return n + 1


@inlined
def record_pairs(
    tables: Tables, scratch: Scratch, buffer: Buffer, k: int, pairs: Pairs, n: int, original: Int64s, index: int
) -> int:
    """Pairs of one state's `k` successors; the number of pairs. The log has room.

    Components that an event cannot change are unchanged by it: one look per state instead of one per transition.
    """
    fired = 0
    previous = -1
    for c in range(len(original)):
        scratch.counts[c] = 0
    for s in range(k):
        event = buffer.event[s]
        for x in range(tables.changed_at[event], tables.changed_at[event + 1]):
            c = tables.changed[x]
            n = add_pair(tables, pairs, n, c, original[c], buffer.local[s, c], index, event)
            if event != previous:
                scratch.counts[c] += 1
        if event != previous:
            fired += 1
            previous = event
    for c in range(len(original)):
        if (
            scratch.counts[c] < fired
            and not pairs.seen[pairs.table[c] + original[c] * tables.capacity[c] + original[c]]
        ):
            s = 0
            while tables.changes[buffer.event[s], c]:
                s += 1
            n = add_pair(tables, pairs, n, c, original[c], original[c], index, buffer.event[s])
    return n


@inlined
def find_record(records: Records, n: int) -> int:
    """Slot of the record equal to row `n` of the log, or the free slot where it belongs."""
    log = records.log
    mask = len(records.table) - 1
    key = 0
    for x in range(log.shape[1]):
        if x < RECORD_KEY or x >= RECORD_LABELS:
            key = spread(key ^ log[n, x])
    slot = key & mask
    while records.table[slot] != EMPTY:
        row = records.table[slot]
        same = True
        for x in range(log.shape[1]):
            if (x < RECORD_KEY or x >= RECORD_LABELS) and log[row, x] != log[n, x]:
                same = False
        if same:
            break
        slot = (slot + 1) & mask
    return slot


@kernel
def enter_records(records: Records, n: int) -> None:
    """Enter the first `n` rows of the log into an empty table."""
    for row in range(n):
        records.table[find_record(records, row)] = row


@inlined
def add_records(tables: Tables, buffer: Buffer, k: int, records: Records, n: int, original: Int64s, index: int) -> int:
    """Record one state's `k` successors; the number of records. The log has room for one row more than is kept."""
    log = records.log
    for s in range(k):
        for w in range(len(tables.watched)):
            c = tables.watched[w]
            if original[c] == buffer.local[s, c]:
                continue
            log[n, 0] = tables.member_of[c]
            log[n, 1] = buffer.event[s]
            log[n, 2] = original[c]
            log[n, 3] = buffer.local[s, c]
            log[n, RECORD_MEMBER] = c
            log[n, RECORD_STATE] = index
            for d in range(buffer.label.shape[2]):
                log[n, RECORD_LABELS + d] = buffer.label[s, w, d]
            slot = find_record(records, n)
            if records.table[slot] == EMPTY:
                records.table[slot] = n
                n += 1
    return n


@kernel
def search(  # noqa: C901
    tables: Tables,
    scratch: Scratch,
    buffer: Buffer,
    misses: Misses,
    visited: Visited,
    pairs: Pairs,
    records: Records,
    trail: Trail,
    states: Int64s,
    parents: NDArray[np.uint32],
    allowed: Bytes,
    end: int,
    limit: int,
    look_ahead: int,
) -> int:
    """Expand states from `counters[POSITION]` to `end`; keep at most `limit` states.

    Whatever stops it, the state at POSITION is expanded again on the next call. That repeats some insertions, which
    changes nothing: sets stay the same, and transitions are counted when a state is finished.
    """
    tables = borrowed(tables)
    scratch = borrowed(scratch)
    buffer = borrowed(buffer)
    misses = borrowed(misses)
    visited = borrowed(visited)
    pairs = borrowed(pairs)
    records = borrowed(records)
    trail = borrowed(trail)
    counters = misses.counters
    original = scratch.original
    n = counters[STATES]
    i = counters[POSITION]
    probing = False
    status = DONE
    while i < end and status == DONE:
        code = states[i]
        decode(tables, code, original)
        incomplete = counters[INCOMPLETE]
        k = expand(tables, scratch, buffer, misses, code, i, allowed)
        if not probing and counters[INCOMPLETE] != incomplete:
            probing = True
            counters[POSITION] = i
            end = min(end, i + look_ahead)
        if probing:
            if k < 0 or counters[MISSES] == len(misses.log):
                break
            i += 1
            continue
        if k < 0:
            status = BUFFER_FULL
            break
        if len(pairs.seen) > 0:
            if counters[PAIRS] + (k + 1) * len(original) > len(pairs.log):
                status = PAIRS_FULL
                break
            counters[PAIRS] = record_pairs(tables, scratch, buffer, k, pairs, counters[PAIRS], original, i)
        if len(tables.watched) > 0:
            if counters[RECORDS] + k * len(tables.watched) + 1 > len(records.log):
                status = RECORDS_FULL
                break
            counters[RECORDS] = add_records(tables, buffer, k, records, counters[RECORDS], original, i)
        if len(trail.code) > 0:
            start = trail.at[i]
            if start + k > len(trail.code):
                status = TRAIL_FULL
                break
            for s in range(k):
                trail.code[start + s] = buffer.code[s]
                trail.event[start + s] = buffer.event[s]
            trail.at[i + 1] = start + k
        for s in range(k):
            successor = buffer.code[s]
            if len(tables.group) > 0:
                successor = canonical(tables, buffer.local[s], successor)
            if n == limit:
                # Only a new state needs room.
                slot = locate(visited, successor)
                if len(visited.bits) > 0:
                    known = (visited.bits[slot >> 3] >> (slot & 7)) & 1 == 1
                else:
                    known = visited.keys[slot] == successor
                if known:
                    continue
                status = STATES_FULL
                break
            if visit(visited, successor):
                states[n] = successor
                parents[n] = i
                n += 1
        if status == DONE:
            counters[TRANSITIONS] += k
            i += 1
    counters[STATES] = n
    if probing:
        return MISSED
    counters[POSITION] = i
    return status


@kernel
def used_locals(tables: Tables, states: Int64s, start: Int64s, used: Bytes) -> None:
    """Mark the local ids that occur in states; `start` is per component the place of its local id 0 in `used`."""
    tables = borrowed(tables)
    for i in range(len(states)):
        code = states[i]
        for c in range(len(tables.capacity)):
            rest = code // tables.capacity[c]
            used[start[c] + code - rest * tables.capacity[c]] = 1
            code = rest


class Views(NamedTuple):
    """How properties see states. A *view* is a property with one arrangement of symmetric components."""

    property: Int32s  # per view
    start: Int64s  # per component: row of its local id 0 in `weights`
    weights: Int64s  # [row, view]: what a local id contributes to the joint class
    size: Int64s  # per property: number of joint classes


@inlined
def see(views: Views, local: Int64s, joint: Int64s) -> None:
    """Joint class of a state, per view."""
    for v in range(len(joint)):
        joint[v] = 0
    for c in range(len(local)):
        row = views.start[c] + local[c]
        for v in range(len(joint)):
            joint[v] += views.weights[row, v]


@kernel
def scan_states(
    tables: Tables, views: Views, states: Int64s, start: int, base: Int64s, first: Int64s, seen: Int32s, count: Int64s
) -> None:
    """Per property and joint class: first state (an index), the view that saw it, and the number of sights."""
    tables = borrowed(tables)
    views = borrowed(views)
    local = np.empty(len(tables.capacity), np.int64)
    joint = np.empty(len(views.property), np.int64)
    for i in range(len(states)):
        decode(tables, states[i], local)
        see(views, local, joint)
        for v in range(len(joint)):
            at = base[views.property[v]] + joint[v]
            if count[at] == 0:
                first[at] = start + i
                seen[at] = v
            count[at] += 1


class Steps(NamedTuple):
    """Distinct (property, joint class before, joint class after), with the first transition that showed it."""

    table: Int32s  # open addressing: row of the log, or EMPTY
    log: Int64s  # [row, 6]: property, joint pair, view, state, event, code of the successor


@inlined
def find_step(steps: Steps, number: int, key: int) -> int:
    """Slot of a property's joint pair, or the free slot where it belongs."""
    mask = len(steps.table) - 1
    slot = spread(key + (number << 48)) & mask
    while steps.table[slot] != EMPTY:
        row = steps.table[slot]
        if steps.log[row, 1] == key and steps.log[row, 0] == number:
            break
        slot = (slot + 1) & mask
    return slot


@kernel
def enter_steps(steps: Steps, n: int) -> None:
    """Enter the first `n` rows of the log into an empty table."""
    for row in range(n):
        steps.table[find_step(steps, steps.log[row, 0], steps.log[row, 1])] = row


@inlined
def add_step(
    views: Views, steps: Steps, n: int, view: int, before: int, after: int, index: int, event: int, code: int
) -> int:
    """Log a step that is new; the number of steps."""
    number = views.property[view]
    key = before * views.size[number] + after
    slot = find_step(steps, number, key)
    if steps.table[slot] != EMPTY:
        return n
    steps.table[slot] = n
    steps.log[n, 0] = number
    steps.log[n, 1] = key
    steps.log[n, 2] = view
    steps.log[n, 3] = index
    steps.log[n, 4] = event
    steps.log[n, 5] = code
    return n + 1


@kernel
def scan_steps(  # noqa: C901
    tables: Tables,
    scratch: Scratch,
    buffer: Buffer,
    misses: Misses,
    trail: Trail,
    views: Views,
    steps: Steps,
    states: Int64s,
    allowed: Bytes,
    end: int,
) -> int:
    """Log the distinct steps of all transitions of the states from `counters[POSITION]` to `end`."""
    tables = borrowed(tables)
    scratch = borrowed(scratch)
    buffer = borrowed(buffer)
    misses = borrowed(misses)
    trail = borrowed(trail)
    views = borrowed(views)
    steps = borrowed(steps)
    counters = misses.counters
    original = scratch.original
    before = np.empty(len(views.property), np.int64)
    change = np.empty(len(views.property), np.int64)
    still = np.empty(len(views.property), np.bool_)
    n = counters[RECORDS]
    i = counters[POSITION]
    status = DONE
    while i < end:
        decode(tables, states[i], original)
        k = successors(tables, scratch, buffer, misses, trail, states[i], i, allowed)
        if k < 0:
            status = BUFFER_FULL
            break
        if n + k * len(views.property) > len(steps.log):
            status = RECORDS_FULL
            break
        see(views, original, before)
        # Most steps change nothing that a view shows: of a state the first such step is enough.
        moving = len(before)
        for v in range(len(before)):
            still[v] = False
        for s in range(k):
            event = buffer.event[s]
            moved = False
            for x in range(tables.changed_at[event], tables.changed_at[event + 1]):
                c = tables.changed[x]
                if buffer.local[s, c] == original[c]:
                    continue
                old, new = views.start[c] + original[c], views.start[c] + buffer.local[s, c]
                if not moved:
                    moved = True
                    for v in range(len(change)):
                        change[v] = views.weights[new, v] - views.weights[old, v]
                else:
                    for v in range(len(change)):
                        change[v] += views.weights[new, v] - views.weights[old, v]
            if not moved:
                if moving == 0:
                    continue
                for v in range(len(change)):
                    change[v] = 0
            for v in range(len(change)):
                if change[v] == 0:
                    if still[v]:
                        continue
                    still[v] = True
                    moving -= 1
                n = add_step(views, steps, n, v, before[v], before[v] + change[v], i, event, buffer.code[s])
        i += 1
    counters[RECORDS] = n
    counters[POSITION] = i
    return status


@kernel
def mark(visited: Visited, marks: Bytes, states: Int64s, chosen: Bytes) -> None:
    """Set the bit of every chosen state, at its place in the visited set."""
    visited = borrowed(visited)
    for i in range(len(states)):
        if chosen[i]:
            at = locate(visited, states[i])
            marks[at >> 3] |= 1 << (at & 7)


@kernel
def sweep(
    tables: Tables,
    scratch: Scratch,
    buffer: Buffer,
    misses: Misses,
    trail: Trail,
    visited: Visited,
    marks: Bytes,
    states: Int64s,
    active: Int64s,
    chosen: Bytes,
    allowed: Bytes,
    end: int,
) -> int:
    """One backward pass: mark the active states (indices) which have a marked successor.

    Runs from `counters[POSITION]` down to `end`, and sets `chosen` of each newly marked entry of `active`.
    """
    tables = borrowed(tables)
    scratch = borrowed(scratch)
    buffer = borrowed(buffer)
    misses = borrowed(misses)
    trail = borrowed(trail)
    visited = borrowed(visited)
    counters = misses.counters
    original = scratch.original
    i = counters[POSITION]
    status = DONE
    while i > end:
        code = states[active[i - 1]]
        decode(tables, code, original)
        k = successors(tables, scratch, buffer, misses, trail, code, active[i - 1], allowed)
        if k < 0:
            status = BUFFER_FULL
            break
        for s in range(k):
            successor = buffer.code[s]
            if len(tables.group) > 0:
                successor = canonical(tables, buffer.local[s], successor)
            at = locate(visited, successor)
            if (marks[at >> 3] >> (at & 7)) & 1:
                at = locate(visited, code)
                marks[at >> 3] |= 1 << (at & 7)
                chosen[i - 1] = 1
                break
        i -= 1
    counters[POSITION] = i
    return status


@kernel
def scan_deadlocks(
    tables: Tables,
    scratch: Scratch,
    buffer: Buffer,
    misses: Misses,
    trail: Trail,
    states: Int64s,
    dead: Bytes,
    allowed: Bytes,
    end: int,
) -> int:
    """Mark the states from `counters[POSITION]` to `end` that have no successor."""
    tables = borrowed(tables)
    scratch = borrowed(scratch)
    buffer = borrowed(buffer)
    misses = borrowed(misses)
    trail = borrowed(trail)
    counters = misses.counters
    original = scratch.original
    i = counters[POSITION]
    status = DONE
    while i < end:
        decode(tables, states[i], original)
        k = successors(tables, scratch, buffer, misses, trail, states[i], i, allowed)
        if k < 0:
            status = BUFFER_FULL
            break
        dead[i] = k == 0
        i += 1
    counters[POSITION] = i
    return status
