"""Whether a version of a pod is one that a watcher may see, alone and after the version before it.

The rules are those of the section `watch` of the tables. What no document shows is guessed: a finding has every guess
that agrees with what is seen, and takes those of the version before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from podfsm.language import kubernetes
from podfsm.language.evaluate import Program
from podfsm.language.model import Formula, Model, WatchRow, WatchRule
from podfsm.language.watching import GuessReads
from podfsm.language.world import UNSET, Element, World

#: The entry of `bindings:` that reads a version, and writes the status that the tables expect.
BINDING = "watch"

#: The key under which a version says whether it is the first or the last one; a Pod object has no such key.
NOTES = "watch"

Guessed = tuple[Any, ...]
"""Values of the guesses, in the order of the tables."""

_NOTHING: Guessed = ()


@dataclass(frozen=True)
class Fault:
    """Where a version does not keep a rule, or keeps it only by a defect of Kubernetes.

    `place` is that of the element in its collection; `row` is the explanation by a defect, None for a violation.
    `guesses` are those under which it is so, at this version and at the one before; () if it is so under any.
    """

    rule: WatchRule
    place: int
    row: WatchRow | None
    guesses: tuple[Guessed, Guessed] = (_NOTHING, _NOTHING)


@dataclass(frozen=True)
class Finding:
    """The faults of a version, in the order of the tables, and the guesses that agree with it (all, if none does)."""

    faults: tuple[Fault, ...]
    guesses: frozenset[Guessed]

    @property
    def is_right(self) -> bool:
        """Whether the version breaks no rule, but perhaps by a defect."""
        return all(fault.row is not None for fault in self.faults)


@dataclass(frozen=True)
class Broken:
    """A fault as it is told to people.

    `subject` is where the rule was looked at, such as ``spec.containers[app]``, '' for the pod; `fields` are (path,
    value) of what is wrong; `row` is the explanation by a defect, None for a violation.
    """

    rule: WatchRule
    subject: str
    fields: tuple[tuple[str, Any], ...]
    fault: Fault
    row: WatchRow | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """The same for a fault that is only still there."""
        return self.rule.id, self.subject, repr(self.fields)


@dataclass(frozen=True)
class Judgement:
    """What a version breaks, in the order of the tables, and the guesses that agree with it (all, if none does)."""

    broken: tuple[Broken, ...]
    guesses: frozenset[Guessed]

    @property
    def violations(self) -> list[Broken]:
        """What no row explains."""
        return [one for one in self.broken if one.row is None]

    @property
    def defects(self) -> list[Broken]:
        """What only a defect explains."""
        return [one for one in self.broken if one.row is not None]


@dataclass(frozen=True)
class Version:
    """One version of a pod, as the tables read it, with the guesses at it."""

    document: Mapping[str, Any]
    guesses: frozenset[Guessed]


def noted(pod: Mapping[str, Any], first: bool, gone: bool) -> Mapping[str, Any]:
    """Note on a Pod object whether it is the first version that is seen, and whether it is the last one there is."""
    return {**pod, NOTES: {"first": first, "gone": gone}}


@dataclass(frozen=True)
class _Guarded:
    """A rule that reads guesses: their places, at the version and at the one before."""

    rule: WatchRule
    now: tuple[int, ...]
    before: tuple[int, ...]


class Watch:
    """The rules for one version of Kubernetes.

    Parameters
    ----------
    model
        The loaded tables.
    gates, minor
        Feature gates that differ from the defaults of the minor version; '' is the tables' default.
    defects
        ``as-is`` or ``intended``.
    only_server
        Look only at what the API server itself enforces.
    """

    def __init__(
        self,
        model: Model,
        gates: Mapping[str, bool] | None = None,
        minor: str = "",
        defects: str = "as-is",
        only_server: bool = False,
    ) -> None:
        self.model, self.defects = model, defects
        self.binding = model.bindings[BINDING]
        self.program = Program(model, kubernetes.gates(model, minor, dict(gates or {})), defects, "observed")
        self.rules = [rule for rule in model.watch.values() if rule.enforced or not only_server]
        self.guesses = list(model.guesses.values())
        self.every_guess = list(product(*(guess.values for guess in self.guesses)))
        self.any_guess = frozenset(self.every_guess)
        reads = GuessReads(model)
        self._derived = reads.derived()
        plain, guarded = list[WatchRule](), list[_Guarded]()
        for rule in self.rules:
            read = reads.of_rule(rule)
            if read.now or read.before:
                guarded.append(_Guarded(rule, self._places(read.now), self._places(read.before)))
            else:
                plain.append(rule)
        self._states = [rule for rule in plain if not rule.step], [rule for rule in plain if rule.step]
        self._guarded = [one for one in guarded if not one.rule.step], [one for one in guarded if one.rule.step]
        self._order = {rule.id: number for number, rule in enumerate(self.rules)}

    def judge(self, before: Version | None, document: Mapping[str, Any]) -> Judgement:
        """Judge a version (see `noted`), after the one before it if that is known.

        Raises
        ------
        DocumentError
            if a field has the wrong type.
        """
        finding = self.find(before, document)
        return Judgement(self.tell(finding.faults, document), finding.guesses)

    def find(self, before: Version | None, document: Mapping[str, Any]) -> Finding:
        """Find the faults of a version (see `noted`), after the one before it if that is known.

        Raises
        ------
        DocumentError
            if a field has the wrong type.
        """
        world = self.world(document)
        always, steps = self._states
        faults = list(self._faults(world, always))
        if before is not None:
            world.before = self.world(before.document)
            faults += self._faults(world, steps)
        ways = _Ways(self, world, before.guesses if before is not None else None).found()
        agreeing = {guess: way for guess, way in ways.items() if all(one.row is not None for one in way)}
        best: list[Fault] = min((agreeing or ways).values(), key=len, default=[])
        faults += best
        faults.sort(key=lambda one: self._order[one.rule.id])
        return Finding(tuple(faults), frozenset(agreeing) or self.any_guess)

    def tell(self, faults: Sequence[Fault], document: Mapping[str, Any]) -> tuple[Broken, ...]:
        """Put the faults of a version into words."""
        if not faults:
            return ()
        world = self.world(document)
        broken = []
        for fault in faults:
            element = world.elements_of(fault.rule.collection)[fault.place]
            fields = tuple(_field(element, path) for path in fault.rule.fields)
            broken.append(Broken(fault.rule, _subject(element), fields, fault, fault.row))
        return tuple(broken)

    def related(self, rule: WatchRule, step: bool) -> list[WatchRule]:
        """Return the other rules that read guesses and are about the same fields; those on steps only with `step`."""
        always, steps = self._guarded
        rules = [one.rule for one in (*always, *(steps if step else ()))]
        same = [one for one in rules if one.collection == rule.collection and {*one.fields} & {*rule.fields}]
        return [one for one in same if one is not rule]

    # -------------------------------------------------------------------------------------------------------- guesses

    def guess(self, world: World, guess: Guessed) -> None:
        """Guess what a document does not show; what follows from another guess is forgotten."""
        for one, value in zip(self.guesses, guess, strict=True):
            world.root.set(one.name, value)
        for element in world.elements():
            for place in self._derived[element.collection.id]:
                element.values[place] = UNSET

    def _places(self, names: frozenset[str]) -> tuple[int, ...]:
        return tuple(place for place, guess in enumerate(self.guesses) if guess.field in names)

    def world(self, document: Mapping[str, Any]) -> World:
        """Return the elements of a version."""
        return World(self.program, document, self.binding)

    # ---------------------------------------------------------------------------------------------------------- rules

    def _faults(self, world: World, rules: Iterable[WatchRule]) -> Iterator[Fault]:
        for rule in rules:
            for place, element in enumerate(world.elements_of(rule.collection)):
                if rule.where is not None and not self._value(rule.where, element):
                    continue
                row = next((row for row in rule.rows if self._value(row.when, element)), None)
                if row is None or row.defect:
                    yield Fault(rule, place, None if self.defects == "intended" else row)

    def _value(self, formula: Formula, element: Element) -> Any:
        return self.program.cached_closure(formula)((element,), None)


class _Ways:
    """What is broken under each guess at a version: a rule is looked at once per values of the guesses it reads."""

    def __init__(self, watch: Watch, world: World, before: frozenset[Guessed] | None) -> None:
        self.watch, self.world, self.before = watch, world, world.before
        self.earlier = [] if before is None else [guess for guess in watch.every_guess if guess in before]
        self._known: dict[tuple[str, Guessed, Guessed], list[Fault]] = {}
        self._guessed: tuple[Guessed, Guessed] = (_NOTHING, _NOTHING)

    def found(self) -> dict[Guessed, list[Fault]]:
        """For each guess at this version, return what is broken under the best guess at the version before."""
        always, steps = self.watch._guarded
        ways: dict[Guessed, list[Fault]] = {}
        if not always and not steps:
            return ways
        for guess in self.watch.every_guess:
            found = [fault for one in always for fault in self._faults(one, guess, _NOTHING)]
            if self.earlier and all(fault.row is not None for fault in found):
                ways[guess] = min(
                    ([*found, *(f for one in steps for f in self._faults(one, guess, was))] for was in self.earlier),
                    key=len,
                )
            else:
                ways[guess] = found
        return ways

    def _faults(self, one: _Guarded, now: Guessed, before: Guessed) -> list[Fault]:
        key = one.rule.id, tuple([now[place] for place in one.now]), tuple([before[place] for place in one.before])
        found = self._known.get(key)
        if found is None:
            self._guess(now, before)
            faults = self.watch._faults(self.world, (one.rule,))
            found = self._known[key] = [Fault(f.rule, f.place, f.row, (now, before)) for f in faults]
        return found

    def _guess(self, now: Guessed, before: Guessed) -> None:
        was_now, was_before = self._guessed
        if now != was_now:
            self.watch.guess(self.world, now)
        if before and before != was_before and self.before is not None:
            self.watch.guess(self.before, before)
        self._guessed = (now, before or was_before)


def _subject(element: Element) -> str:
    """Return the path of an element, with its key in brackets; '' for the pod."""
    if element.parent is None:
        return ""
    collection = element.collection
    key = element.object.get(collection.key) if collection.key else element.index
    return f"{collection.groups[element.group]}[{key}]"


def _field(element: Element, path: str) -> tuple[str, Any]:
    """Return the full path of a field, as ``status.containerStatuses[app].ready``, and its value."""
    parts = path.split(".")
    value = element.world.lookup(element, tuple(parts))
    collection = element.collection
    if parts[0] in collection.joins:
        where = f"{collection.joins[parts[0]].get(element.group, '')}[{element.object.get(collection.key)}]"
        parts = parts[1:]
    else:
        where = _subject(element)
    for part in parts:
        key, picks, name = part.partition("=")
        where = f"{where}[{name}]" if picks else f"{where}.{key}" if where else key
    return where, value
