"""The answer of `podfsm explain` for programs and for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from podfsm.explain.labels import word
from podfsm.names import translated
from podfsm.observe.records import plain

if TYPE_CHECKING:
    from podfsm.cli.output import Console, Style
    from podfsm.explain.telling import Told
    from podfsm.language.model import Model

WIDTH: Final = 120

MOST_STEPS: Final = 6
"""Events that are told as text."""

MOST_ITEMS: Final = 12
"""Items of each other part that are told as text."""

MOST_LINES: Final = 4
"""Lines of one item: names and messages may be as long as anybody likes."""

COLOURS: Final[Mapping[str, Style]] = {"reached": "green", "possible": "yellow", "impossible": "red"}


def as_json(told: Sequence[Told]) -> dict[str, Any]:
    """Write the answer as ``schemas/explain.schema.json`` describes it."""
    return {"schema": 1, "pods": [_pod(one) for one in told]}


def _pod(told: Told) -> dict[str, Any]:
    return {
        "pod": told.pod.name,
        "uid": told.pod.metadata.get("uid") or "",
        "phase": told.phase,
        "regions": {region.name: region.value for region in told.regions},
        "why": [{"field": one.field, "value": one.value, "row": one.row, "cite": one.cite} for one in told.why],
        "next": [{"event": one.event, "actor": one.actor, "row": one.row} for one in told.next],
        "waiting_for": [text for _, text in told.waiting],
        "timers": [{"name": one.name, "at": one.at} for one in told.timers],
        "goals": {goal.id: goal.verdict for goal in told.goals},
        "defects": [{"defect": defect, "row": row} for defect, row in told.defects],
        "unknown": [{"field": field, "value": value} for field, value in told.unknown],
    }


class Printer:
    """Writes the answer for people.

    Parameters
    ----------
    model
        The tables.
    console
        Where it will be printed: it knows about colours.
    lang
        Language.
    """

    def __init__(self, model: Model, console: Console, lang: str) -> None:
        self.model, self.console, self.lang = model, console, lang
        self._rows = {row.id: row for row in model.rows()}
        self._events = {event.id: event for machine in model.machines.values() for event in machine.events}

    def lines(self, told: Told) -> Iterator[str]:
        """Yield what is told of one pod, line by line."""
        yield self.console.paint(plain(f"{told.pod.name}: {told.column}"), "bold")
        if not told.seen:
            yield from self._item(word(self.lang, "too-large" if told.left_out else "unlike"))
        elif told.relaxed:
            names = ", ".join(self._say(self.model.explanations[name].why, name) for name in told.relaxed)
            yield from self._item(word(self.lang, "relaxed").format(names))
        yield from self._part("state", (f"{one.name}: {one.text}" for one in told.regions))
        yield from self._part("why", (self._why(one) for one in told.why))
        yield from self._part("waiting", (text for _, text in told.waiting))
        yield from self._part("timers", (f"{one.name}: {one.at}" for one in told.timers))
        steps = [self._step(step) for step in told.next[:MOST_STEPS]]
        yield from self._part("next", steps if steps or not told.seen else [word(self.lang, "nothing")])
        yield self.console.paint(word(self.lang, "goals"), "bold")
        for goal in told.goals:
            yield from self._goal(goal, told)
        yield from self._part("defects", (self._defect(*one) for one in told.defects))
        yield from self._part("unknown", (f"{field} {value}".strip() for field, value in told.unknown))

    def _part(self, title: str, items: Iterable[str]) -> Iterator[str]:
        found = list(items)
        if found:
            yield self.console.paint(word(self.lang, title), "bold")
            for item in found[:MOST_ITEMS]:
                yield from self._item(item)
            if len(found) > MOST_ITEMS:
                yield from self._item(word(self.lang, "more").format(len(found) - MOST_ITEMS))

    @staticmethod
    def _item(text: str) -> Iterator[str]:
        yield from textwrap.wrap(
            plain(text), WIDTH, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False,
            max_lines=MOST_LINES, placeholder=" …",
        )  # fmt: skip

    def _why(self, one: Any) -> str:
        row = self._rows.get(one.row) or self.model.explanations.get(one.row)
        if row is None and one.row not in self._events:
            return f"{one.field} = {one.value}: {word(self.lang, 'hidden')}"
        why = self._say(row.why, row.id) if row is not None else self._event(one.row)
        return f"{one.field} = {one.value}: {why} ({one.row}; {one.cite})"

    def _event(self, name: str) -> str:
        event = self._events[name]
        return self._say(event.title, f"event {name}") if event.title else name

    def _step(self, step: Any) -> str:
        actor = self.model.named["actors"].get(step.actor)
        who = self._say(actor.text("title"), f"actor {actor.id}") if actor is not None else step.actor
        _, _, element = step.event.partition("@")
        on = f" ({element})" if element else ""
        return f"{who}: {self._event(step.id)}{on} [{step.row}]"

    def _goal(self, goal: Any, told: Told) -> Iterator[str]:
        entry = next(one for one in self.model.explanations.values() if one.about == "goal" and one.of == goal.id)
        text = entry.translations.get(self.lang, entry.text)
        assert text is not None
        verdict = word(self.lang, goal.verdict)
        why: list[str] = []
        if goal.verdict == "possible" and goal.way:
            why.append(word(self.lang, "disturbed").format(told.hindrances[goal.way]))
        if goal.verdict == "possible" and not goal.certain:
            why.append(word(self.lang, "unsure"))
        if goal.verdict == "impossible" or goal.way:
            why += [told.hindrances[name] for name in goal.hindrances]
        told_why = f" ({'; '.join(why)})" if why else ""
        first, *more = self._item(f"{text.text}: {verdict}{told_why}")
        yield first.replace(f": {verdict}", f": {self.console.paint(verdict, COLOURS[goal.verdict])}", 1)
        yield from more

    def _defect(self, name: str, row: str) -> str:
        defect = self.model.named["defects"][name]
        return f"{name}: {self._say(defect.text('title'), f'defect {name}')} [{row}]"

    def _say(self, english: str, key: str) -> str:
        return translated(self.model, self.lang, english, key)
