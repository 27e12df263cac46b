"""Whether a version of a pod is one that a watcher may see, alone and after the version before it.

The rules are those of the section `watch` of the tables. What no document shows is guessed: `Watch.judge` returns every
guess that agrees with what is seen, and takes those of the version before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from podfsm.language import kubernetes
from podfsm.language.evaluate import Program
from podfsm.language.model import Formula, Model, WatchRow, WatchRule
from podfsm.language.watching import guessing
from podfsm.language.world import Element, World
from podfsm.observe.answer import write

#: The entry of `bindings:` that reads a version, and writes the status that the tables expect.
BINDING = "watch"

#: The key under which a version says whether it is the first or the last one; a Pod object has no such key.
NOTES = "watch"

Guessed = tuple[Any, ...]
"""Values of the guesses, in the order of the tables."""


@dataclass(frozen=True)
class Broken:
    """A rule that a version does not keep, or that it keeps only by a defect of Kubernetes.

    `subject` is where the rule was looked at, such as ``spec.containers[app]``, '' for the pod; `fields` are (path,
    value) of what is wrong; `row` is the explanation by a defect, None for a violation.
    """

    rule: WatchRule
    subject: str
    fields: tuple[tuple[str, Any], ...]
    expected: str
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
        rules = [rule for rule in model.watch.values() if rule.enforced or not only_server]
        guessed = guessing(model)
        self._states = _by_form(rule for rule in rules if rule.id not in guessed)
        self._guessed = _by_form(rule for rule in rules if rule.id in guessed)
        self._order = {rule.id: number for number, rule in enumerate(rules)}
        self.guesses = list(model.guesses.values())
        self.every_guess = list(product(*(guess.values for guess in self.guesses)))

    def judge(self, before: Version | None, document: Mapping[str, Any]) -> Judgement:
        """Judge a version (see `noted`), after the one before it if that is known.

        Raises
        ------
        DocumentError
            if a field has the wrong type.
        """
        world = self._world(document)
        always, steps = self._states
        broken = list(self._broken(world, always))
        if before is not None:
            world.before = self._world(before.document)
            broken += self._broken(world, steps)
        ways = self._ways(before, document)
        agreeing = {guess: way for guess, way in ways.items() if all(one.row is not None for one in way)}
        best = min((agreeing or ways).values(), key=len, default=[])
        found = sorted([*broken, *best], key=lambda one: self._order[one.rule.id])
        return Judgement(tuple(found), frozenset(agreeing) or frozenset(self.every_guess))

    def expected(self, version: Version) -> Any:
        """Return the status that the tables expect of such a version, under the likeliest of its guesses."""
        guess = next(guess for guess in self.every_guess if guess in version.guesses)
        world = self._world(version.document, guess)
        return write(self.binding.out, world, (world.root,))

    def _ways(self, before: Version | None, document: Mapping[str, Any]) -> dict[Guessed, list[Broken]]:
        """For each guess at this version, what is broken under the best guess at the version before."""
        always, steps = self._guessed
        ways: dict[Guessed, list[Broken]] = {}
        if not always and not steps:
            return ways
        earlier = (
            () if before is None else [self._world(before.document, g) for g in self.every_guess if g in before.guesses]
        )
        for guess in self.every_guess:
            world = self._world(document, guess)
            found = list(self._broken(world, always))
            if earlier and all(one.row is not None for one in found):
                found = min(
                    ([*found, *self._broken(self._world(document, guess, was), steps)] for was in earlier), key=len
                )
            ways[guess] = found
        return ways

    def _world(self, document: Mapping[str, Any], guess: Guessed | None = None, before: World | None = None) -> World:
        binding = self.binding
        world = World(self.program, document, binding.observations, binding.sources, binding.joins)
        world.before = before
        if guess is not None:
            for one, value in zip(self.guesses, guess, strict=True):
                world.root.set(one.name, value)
        return world

    # ---------------------------------------------------------------------------------------------------------- rules

    def _broken(self, world: World, rules: Sequence[WatchRule]) -> Iterator[Broken]:
        for rule in rules:
            for element in _elements(world, rule.collection):
                if rule.where is not None and not self._value(rule.where, element):
                    continue
                row = next((row for row in rule.rows if self._explains(row, element)), None)
                if row is not None and not row.defect:
                    continue
                expected = "" if rule.expected is None else str(self._value(rule.expected, element))
                fields = tuple(_field(element, path) for path in rule.fields)
                yield Broken(rule, _subject(element), fields, expected, row)

    def _explains(self, row: WatchRow, element: Element) -> bool:
        if row.defect and self.defects == "intended":
            return False
        return bool(self._value(row.when, element))

    def _value(self, formula: Formula, element: Element) -> Any:
        return self.program.cached_closure(formula)((element,), None)


def _by_form(rules: Iterable[WatchRule]) -> tuple[list[WatchRule], list[WatchRule]]:
    """Rules on one version, and rules on two."""
    found: tuple[list[WatchRule], list[WatchRule]] = ([], [])
    for rule in rules:
        found[rule.step].append(rule)
    return found


def _elements(world: World, collection: str) -> Sequence[Element]:
    root = world.root
    return (root,) if collection == root.collection.id else root.children_of(collection)


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
