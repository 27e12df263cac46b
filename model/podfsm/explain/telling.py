"""What is told of one pod, from its object and from the states of the model that look like it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, Final

from podfsm.document.terms import listed
from podfsm.explain.outlook import Explorer, Goal, Outlook, Step, about
from podfsm.explain.reading import SeenPod
from podfsm.language.evaluate import EvaluationError, Program
from podfsm.language.model import Explanation, Formula
from podfsm.language.world import Element, World
from podfsm.machines.composition import element_name
from podfsm.observe.watch import Watch, noted

MOST_UNKNOWN: Final = 100
"""Unknown fields and values that are told at most."""


@dataclass(frozen=True)
class Why:
    """Why a field is what it is: the row that decides it; both are '' where the object does not tell."""

    field: str
    value: str
    row: str
    cite: str


@dataclass(frozen=True)
class Region:
    """The state of a region: its name with the element, the value of its main field, and a sentence."""

    name: str
    value: str
    text: str


@dataclass(frozen=True)
class Timer:
    """A moment (RFC 3339) at which something runs out, by the entry `id` of the tables."""

    id: str
    name: str
    at: str


@dataclass(frozen=True)
class Told:
    """Everything that is told of one pod.

    `seen` tells whether some state of the model looks like the object; `relaxed` names the entries of `likeness`
    that had to be left out for that. `left_out` tells that the pod was too large to be explored.
    """

    pod: SeenPod
    phase: str
    column: str
    regions: tuple[Region, ...]
    why: tuple[Why, ...]
    next: tuple[Step, ...]
    waiting: tuple[tuple[str, str], ...]
    timers: tuple[Timer, ...]
    goals: tuple[Goal, ...]
    hindrances: Mapping[str, str]
    defects: tuple[tuple[str, str], ...]
    unknown: tuple[tuple[str, str], ...]
    seen: bool
    relaxed: tuple[str, ...]
    left_out: bool


class Teller:
    """Tells of pods.

    Parameters
    ----------
    explorer
        What explores them.
    program
        The tables under one choice of gates and defects, to read objects with.
    lang
        Language of the texts.
    """

    def __init__(self, explorer: Explorer, program: Program, lang: str) -> None:
        self.explorer, self.program, self.model, self.lang = explorer, program, program.model, lang
        self._rows = {row.id: row for row in self.model.rows()}
        events = [event for machine in self.model.machines.values() for event in machine.events]
        self._watch = Watch(self.model, explorer.gates, explorer.minor, explorer.defects)
        self._cites = {event.id: event.rows[0].cite for event in events if event.rows}

    def outlook(self, pod: SeenPod) -> Outlook:
        """Find what is known of one pod.

        Raises
        ------
        DocumentError
            If a field that some table reads has the wrong type.
        """
        return Outlook(self.explorer, World(self.program, pod.object))

    def tell(self, pod: SeenPod) -> Told:
        """Tell everything of one pod.

        Raises
        ------
        DocumentError
            If a field that some table reads has the wrong type.
        """
        outlook = self.outlook(pod)
        world = outlook.world
        why, goals = tuple(self._why(world, outlook)), tuple(outlook.goals())
        steps = tuple(outlook.steps({goal.way for goal in goals}))
        hindered = {name: self._said(name, world) for goal in goals for name in goal.hindrances}
        ways = {goal.way: self._said(goal.way, world) for goal in goals if goal.way}
        story = self.model.named["settings"]["story"].data
        return Told(
            pod=pod,
            phase=str(world.root.get(story.value["phase"].text)),
            column=str(world.root.get(story.value["status"].text)),
            regions=tuple(self._regions(world, outlook)),
            why=why,
            next=steps,
            waiting=tuple((one.id, self._text(one, element)) for one, element in self._holding(world, "waiting")),
            timers=tuple(self._timers(world)),
            goals=goals,
            hindrances={**hindered, **ways},
            defects=tuple(self._defects(outlook, why, steps, goals)),
            unknown=tuple(self._unknown(pod, world))[:MOST_UNKNOWN],
            seen=len(outlook.states) > 0,
            relaxed=outlook.relaxed,
            left_out=outlook.explored is None or not outlook.explored.result.complete,
        )

    # ---------------------------------------------------------------------------------------------------------- pieces

    def _holding(self, world: World, kind: str) -> Iterator[tuple[Explanation, Element]]:
        """Yield the entries of a kind that hold of the object, with the elements on which they do."""
        for one in about(self.model, kind):
            for element in world.elements_of(one.collection):
                if self._ask(one.when, element):
                    yield one, element

    def _ask(self, formula: Formula | None, element: Element) -> Any:
        """Evaluate a formula; None where the tables have no answer, True where there is no formula."""
        if formula is None:
            return True
        try:
            return element.world.program.cached_closure(formula)((element,), None)
        except EvaluationError:
            return None

    def _text(self, one: Explanation, element: Element) -> str:
        text = one.translations.get(self.lang, one.text)
        return str(self._ask(text, element)) if text is not None else ""

    def _said(self, name: str, world: World) -> str:
        one = self.model.explanations[name]
        return self._text(one, world.elements_of(one.collection)[0])

    def _regions(self, world: World, outlook: Outlook) -> Iterator[Region]:
        """Tell the state of each region; where several are possible, all of them."""
        found: dict[str, dict[tuple[str, str], None]] = {}
        roots: list[Callable[[], Iterator[Element]]] = [lambda: iter([world.root])]
        if outlook.explored is not None and len(outlook.states):
            roots.append(outlook.roots)
        for number, source in enumerate(roots):
            wanted = ("object", "model")[number]
            entries = [one for one in about(self.model, "state") if one.seen == wanted]
            for root in source():
                for collection in dict.fromkeys(one.collection for one in entries):
                    here = [one for one in entries if one.collection == collection]
                    for element, one in product(root.world.elements_of(collection), here):
                        if self._ask(one.when, element):
                            below = element_name(element) if element.parent is not None else ""
                            name = f"{one.of}/{below}" if below else one.of
                            value = str(element.get(one.field))
                            found.setdefault(name, {})[value, self._text(one, element)] = None
        regions = list(dict.fromkeys(one.of for one in about(self.model, "state")))
        for name in sorted(found, key=lambda name: regions.index(name.partition("/")[0])):
            values = dict.fromkeys(value for value, _ in found[name])
            texts = dict.fromkeys(text for _, text in found[name])
            yield Region(name, "|".join(values), " / ".join(texts))

    def _timers(self, world: World) -> Iterator[Timer]:
        for one, element in self._holding(world, "timer"):
            seconds = self._ask(one.value, element)
            if isinstance(seconds, int) and not isinstance(seconds, bool):
                at = _moment(seconds)
                if at:
                    yield Timer(one.id, self._text(one, element), at)

    # ------------------------------------------------------------------------------------------------------------- why

    def _why(self, world: World, outlook: Outlook) -> Iterator[Why]:
        for one, element in self._holding(world, "reason"):
            value = str(self._ask(one.value, element))
            if not one.tables:
                row = one.events[0] if one.events else one.id
            else:
                row = self._row(one, value, element, outlook)
            yield Why(self._text(one, element), value, row, self._cite(row) or one.cite)

    def _row(self, one: Explanation, value: str, element: Element, outlook: Outlook) -> str:
        """Find the row that gives a value: on the object, else with guesses at what it hides, else in the model.

        A condition may be older than the rest; then it is the only row that can give it, if there is but one.
        """
        for other in self._views(element, outlook):
            for table in one.tables:
                try:
                    given, rows = other.world.program.decide(table, other, ())
                except EvaluationError:
                    continue
                result = next(iter(given.values())) if isinstance(given, Mapping) else given
                if str(result) == value and rows:
                    return rows[-1]
        return next(filter(None, (self._only_row(table, value) for table in one.tables)), "")

    def _only_row(self, table: str, value: str) -> str:
        """Find the one row of a table that can give a value; '' if there is none, or another one may."""
        rows = [compiled.row for compiled in self.program.tables[table][1]]
        given = [(row.id, next(iter(row.then.values())).expr) for row in rows]
        found = [name for name, expr in given if expr.kind != "const" or str(expr.args[0]) == value]
        return found[0] if len(found) == 1 else ""

    def _views(self, element: Element, outlook: Outlook) -> Iterator[Element]:
        yield element
        if element.parent is None:
            yield from self._guessed(element.world)
            if outlook.explored is not None and len(outlook.states):
                yield from outlook.roots()

    def _guessed(self, world: World) -> Iterator[Element]:
        """Yield the root with every guess at the fields that no object shows (section `guesses:`)."""
        guesses = list(self.model.guesses.values())
        for values in product(*(guess.values for guess in guesses)):
            other = World(self.program, world.document)
            for guess, value in zip(guesses, values, strict=True):
                other.root.set(guess.name, value)
            yield other.root

    def _cite(self, row: str) -> str:
        found = self._rows.get(row)
        return found.cite if found is not None and found.cite else self._cites.get(row, "")

    def _defects(
        self, outlook: Outlook, why: Sequence[Why], steps: Sequence[Step], goals: Sequence[Goal]
    ) -> Iterator[tuple[str, str]]:
        """Yield the known defects that explain what is seen, decide it, or can act; each with the row."""
        world = outlook.world
        faults = self._watch.find(None, noted(world.document, first=False, gone=False)).faults
        found = {fault.row.defect: fault.row.id for fault in faults if fault.row is not None}
        ways = [table for goal in goals if goal.way for table in self.model.explanations[goal.way].tables]
        decided = [row for table in ways for row in world.program.decide(table, world.root, ())[1]]
        for name in [*(one.row for one in why), *(step.row for step in steps), *decided]:
            row = self._rows.get(name)
            if row is not None and row.defect:
                found.setdefault(row.defect, name)
        yield from found.items()

    # --------------------------------------------------------------------------------------------------------- unknown

    def _unknown(self, pod: SeenPod, world: World) -> Iterator[tuple[str, str]]:
        """Yield fields that are not known, and values that neither a domain nor the glossary knows."""
        yield from ((path, "") for path in pod.unknown)
        for one in about(self.model, "vocabulary"):
            field = self.model.fields[one.collection][one.field]
            known = {word for term in self.model.named["terms"].values() for word in self._words(term, one.of)}
            for element in world.elements_of(one.collection):
                value = element.get(one.field)
                path = ".".join(field.observe.path) if field.observe is not None else field.name
                if isinstance(value, str) and value and value not in known:
                    below = element_name(element) if element.parent is not None else ""
                    yield f"{below}: {path}" if below else path, value

    @staticmethod
    def _words(term: Any, group: str) -> list[str]:
        return [*listed(term, "value"), term.text("title")] if term.text("group") == group else []


def _moment(seconds: int) -> str:
    """Write a time in seconds since 1970 as RFC 3339; '' where there is no such year."""
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return ""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
