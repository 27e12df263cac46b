"""Which rows of the rules on a watch stream explain something that was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from observe.corrupting import Event, recorded
from podfsm.language.evaluate import Program
from podfsm.language.kubernetes import gates
from podfsm.language.model import Formula, Model, WatchRule
from podfsm.language.watching import GuessReads
from podfsm.language.world import Element, World
from podfsm.observe.watch import BINDING, Version, Watch, noted


@dataclass
class Explained:
    """Rows that explain a version, each with the first (stream, event) that it explains.

    A row explains an element if it is the first of its rule that matches; where the rule reads guesses, it must be so
    under each guess that agrees with the version and with all before it.
    """

    model: Model
    rows: dict[str, tuple[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Compile what is asked."""
        self.program = Program(self.model, gates(self.model, "", {}), "as-is", "observed")
        self.binding = self.model.bindings[BINDING]
        self.watch = Watch(self.model)
        reads = GuessReads(self.model)
        found: tuple[list[WatchRule], list[WatchRule]] = ([], [])
        for rule in self.model.watch.values():
            read = reads.of_rule(rule)
            found[bool(read.now or read.before)].append(rule)
        self.plain, self.guessed = found

    def read(self, names: Iterable[str]) -> None:
        """Look at recorded streams."""
        for name in names:
            versions: dict[str, Version] = {}
            for event in recorded(name):
                uid = event.pod["metadata"]["uid"]
                before = versions.get(uid)
                document = noted(event.pod, before is None, event.type == "DELETED")
                self._note(self._plain(before, document), name, event)
                judged = self.watch.judge(before, document)
                versions[uid] = Version(document, judged.guesses)
                self._note(self._guessed(before, versions[uid]), name, event)

    def _note(self, rows: Iterable[str], name: str, event: Event) -> None:
        for row in rows:
            self.rows.setdefault(row, (name, event.number))

    def _open(self, rules: Sequence[WatchRule]) -> list[WatchRule]:
        """Rules of which some row is not yet found."""
        return [rule for rule in rules if any(row.id not in self.rows for row in rule.rows)]

    def _plain(self, before: Version | None, document: Mapping[str, Any]) -> list[str]:
        rules = self._open(self.plain)
        world = self._world(document)
        if before is not None:
            world.before = self._world(before.document)
        return [row for _, row in self._explaining(world, rules) if row]

    def _guessed(self, before: Version | None, version: Version) -> list[str]:
        """Rows that explain an element of a rule under each guess, with the best guess at the version before."""
        rules = self._open(self.guessed)
        found: dict[tuple[str, object], set[str]] = {}
        befores = [None] if before is None else [self._world(before.document, guess) for guess in before.guesses]
        for guess in version.guesses if rules else ():
            for was in befores:
                world = self._world(version.document, guess)
                world.before = was
                ways = list(self._explaining(world, rules))
                if all(row for _, row in ways):
                    for element, row in ways:
                        found.setdefault(element, set()).add(row)
        return [row for rows in found.values() if len(rows) == 1 for row in rows]

    def _explaining(self, world: World, rules: Sequence[WatchRule]) -> Iterator[tuple[tuple[str, object], str]]:
        """Iterate over ((rule, element), the first row that matches, '' if none does)."""
        for rule in rules:
            if rule.step and world.before is None:
                continue
            for number, element in enumerate(world.elements_of(rule.collection)):
                if rule.where is None or self._value(rule.where, element):
                    row = next((row.id for row in rule.rows if self._value(row.when, element)), "")
                    yield (rule.id, number), row

    def _value(self, formula: Formula, element: Element) -> bool:
        return bool(self.program.cached_closure(formula)((element,), None))

    def _world(self, document: Mapping[str, Any], guess: Sequence[Any] = ()) -> World:
        world = World(self.program, document, self.binding)
        for one, value in zip(self.watch.guesses, guess, strict=False):
            world.root.set(one.name, value)
        return world
