"""Coverage: which rows have fired, and which conditions have been seen true and false.

Nothing is green because it is never reached. What counts are the evaluations of explorations (which ask about reachable
states only) and of recorded answers of Kubernetes, both with the defects that Kubernetes has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from podfsm.language.evaluate import Program
from podfsm.language.model import Model, Row

MOST_UNREACHED = 0.05
"""Share of rows that may be listed as unreached."""

Seen = dict[str, tuple[int, int]]
"""By id of a row or event: how often its condition was true and false. A row without a condition counts as true."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was seen of the rows.

    Attributes
    ----------
    rows
        Number of rows, of tables and events.
    fired
        Number of rows that fired.
    unreached
        Rows that are listed as unreached, with the reason.
    problems
        What is neither seen nor listed, each with the place of the row.
    """

    rows: int
    fired: int
    unreached: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def seen_by(program: Program) -> Seen:
    """Return what a program has evaluated so far, without what it has not."""
    found = {row.row.id: (row.seen[0], row.seen[1]) for row in program.compiled_rows() if any(row.seen)}
    found |= {_guard(event): (counts[0], counts[1]) for event, counts in program.enabled.items() if any(counts)}
    return found


def joined(parts: Iterable[Seen]) -> Seen:
    """Add up what several programs have seen."""
    total: Seen = {}
    for part in parts:
        for key, (true, false) in part.items():
            before = total.get(key, (0, 0))
            total[key] = before[0] + true, before[1] + false
    return total


def judge(model: Model, seen: Seen, intended: Seen) -> Coverage:
    """Compare what was seen, as is and where defects are switched off, with what the tables declare.

    A row must be seen as is: that it would be without a defect says nothing of Kubernetes. Only what names the defect
    that hides it (`without`) must be seen as intended instead, and never as is.
    """
    rows = list(model.rows())
    listed = {row.id: row.unreached for row in rows if row.unreached}
    last = _last_reached(model)
    problems = [text for row in rows if (text := _missing(row, seen, intended, row.id in last))]
    problems += _hidden_by_nothing(model)
    for machine in model.machines.values():
        for event in machine.events:
            true, false = seen.get(_guard(event.id), (0, 0))
            if event.when is None or all(row.unreached for row in event.rows):
                continue
            if not (true and false):
                what = "true" if not true else "false"
                problems.append(f"{event.place}: the condition of event {event.id} is never seen {what}")
    if len(listed) > MOST_UNREACHED * len(rows):
        problems.append(
            f"{len(listed)} of {len(rows)} rows are listed as unreached; at most {MOST_UNREACHED:.0%} may be: "
            "delete some, or add a configuration that reaches them"
        )
    fired = sum((intended if row.without else seen).get(row.id, (0, 0))[0] > 0 for row in rows)
    return Coverage(len(rows), fired, listed, tuple(problems))


def _guard(event: str) -> str:
    """Key of the condition of an event as a whole; its row may have the same id as the event."""
    return f"when {event}"


def _groups(model: Model) -> Iterator[tuple[str, Sequence[Row]]]:
    """Yield the rows of each table and event, with their order."""
    for table in model.tables.values():
        yield table.order, table.rows
    for machine in model.machines.values():
        for event in machine.events:
            yield event.order, event.rows


def _last_reached(model: Model) -> set[str]:
    """Rows that are followed by unreached rows alone: their conditions need not be seen false."""
    found = set()
    for order, rows in _groups(model):
        reached = [row.id for row in rows if not row.unreached]
        if order == "first" and reached and rows[-1].unreached:
            found.add(reached[-1])
    return found


def _hidden_by_nothing(model: Model) -> Iterator[str]:
    """Yield a problem for each row that names a defect of which no row stands before it."""
    for _, rows in _groups(model):
        for number, row in enumerate(rows):
            if row.without and all(former.defect != row.without for former in rows[:number]):
                yield (
                    f"{row.place}: row {row.id} says `without: {row.without}`, but no row with `defect: {row.without}` "
                    "stands before it; delete `without`"
                )


def _missing(row: Row, seen: Seen, intended: Seen, last: bool) -> str:
    if row.without and seen.get(row.id, (0, 0))[0]:
        return f"{row.place}: row {row.id} says `without: {row.without}`, but it fires as is; delete `without`"
    true, false = (intended if row.without else seen).get(row.id, (0, 0))
    only_intended = not true and intended.get(row.id, (0, 0))[0] > 0
    mend = "add a configuration or vector, or say why under `unreached`"
    if row.unreached:
        if not (true or only_intended):
            return ""
        return f"{row.place}: row {row.id} is listed as unreached ({row.unreached}), but it fires; delete `unreached`"
    if only_intended:
        return (
            f"{row.place}: row {row.id} fires only where defects are switched off; mend the row before it that takes "
            "all its cases as is, or name the defect of that row under `without`"
        )
    if not true:
        return f"{row.place}: row {row.id} never fires, in no configuration and no vector; {mend}"
    if row.when is not None and not false and not last:
        return f"{row.place}: the condition of row {row.id} is never seen false; {mend}"
    return ""
