"""Changed tables: what the tables of a directory become when one of their entries is deleted or changed.

The entries are the rows (those of tables and of events, each with an id), and whatever else has a name of its own:
edges of views, properties, defaults, refusals, findings. As a program, it tries mutants of the shipped tables, and says
for each which check finds it first::

    python tests/build/mutants.py --every 7 --configurations 2 --seen /tmp/seen.json

Loading is asked first, then the recorded answers of Kubernetes, then the exploration of the smallest configurations in
which the changed row fires. What is left survives here, and only ``podfsm build --check --tables DIR`` can tell.
"""

from __future__ import annotations

import argparse
import copy
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from podfsm.errors import PodfsmError
from podfsm.explore import report
from podfsm.explore.configuration import Configuration, shipped
from podfsm.language import difference, tables
from podfsm.language.load import load
from podfsm.language.model import Model
from podfsm.language.source import Problems, read_tables
from podfsm.observe import sample
from podfsm.summary import size_of

NAMED = ("defaults", "refusals", "findings", "properties", "configurations", "defects", "let", "procedures", "bindings")
"""Sections whose entries are tried besides rows and edges."""

Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry: its id (`kind` is row, edge, event or the name of its section), the file and the path in it."""

    id: str
    kind: str
    file: str
    path: Steps


@dataclass(frozen=True, slots=True)
class Mutant:
    """An entry and what is done to it, in words; `content` is that of its file afterwards."""

    entry: Entry
    change: str
    content: Any

    def write(self, directory: Path) -> None:
        """Put the changed file into a copy of the tables."""
        text = yaml.dump(self.content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
        (directory / self.entry.file).write_text(text, encoding="utf-8")


_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def read(directory: Path) -> dict[str, Any]:
    """Read the files of a directory of tables, every scalar as a string."""
    paths = sorted(directory.rglob("*.yaml"))
    return {
        p.relative_to(directory).as_posix(): yaml.load(p.read_text(encoding="utf-8"), Loader=_Loader) for p in paths
    }


def entries(files: Mapping[str, Any]) -> Iterator[Entry]:
    """Find all entries, in the order of the files."""
    for file, content in files.items():
        yield from _entries(file, content, content, ())


def _entries(file: str, top: Any, value: Any, path: Steps) -> Iterator[Entry]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict) and "id" in item:
                yield Entry(item["id"], "edge" if path[-1] == "edges" else "row", file, (*path, index))
            else:
                yield from _entries(file, top, item, (*path, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            if path and path[-1] == "events" and isinstance(item, dict):
                yield Entry(f"{path[1] if len(path) > 1 else top['machine']}.{key}", "event", file, (*path, key))
            elif len(path) == 1 and path[0] in NAMED and path[0] != "let":
                yield Entry(key, str(path[0]), file, (*path, key))
            yield from _entries(file, top, item, (*path, key))


def mutants(files: Mapping[str, Any], entry: Entry) -> Iterator[Mutant]:
    """Delete an entry; drop its condition, and turn it round; leave out or exchange each of its results."""
    yield Mutant(entry, "delete", _without(files[entry.file], entry.path))
    before = _at(files[entry.file], entry.path)
    if not isinstance(before, dict):
        return
    if "when" in before:
        yield _changed(files, entry, "drop when", {k: v for k, v in before.items() if k != "when"})
        yield _changed(files, entry, "negate when", {**before, "when": f"not ({before['when']})"})
    then = before.get("then")
    if isinstance(then, str):
        for other in _others(files, entry):
            yield _changed(files, entry, f"then: {other}", {**before, "then": other})
    elif isinstance(then, dict):
        for name, value in then.items():
            yield _changed(files, entry, f"no {name}", {**before, "then": {k: v for k, v in then.items() if k != name}})
            for other in _others(files, entry, name, value):
                yield _changed(files, entry, f"{name}: {other}", {**before, "then": {**then, name: other}})
    for key in ("from", "to"):
        if entry.kind == "edge":
            others = [edge[key] for edge in _at(files[entry.file], entry.path[:-1]) if edge[key] != before[key]]
            yield from (_changed(files, entry, f"{key}: {o}", {**before, key: o}) for o in others[:1])


def _others(files: Mapping[str, Any], entry: Entry, name: str = "", value: Any = None) -> list[Any]:
    """Find another result: one that a neighbouring row has."""
    rows = _at(files[entry.file], entry.path[:-1])
    own = _at(files[entry.file], entry.path).get("then")
    around = rows if isinstance(rows, list) else list(rows.values())
    results = [row.get("then") for row in around if isinstance(row, dict)]
    if name:
        results = [then.get(name) for then in results if isinstance(then, dict)]
        return [r for r in dict.fromkeys(r for r in results if isinstance(r, str)) if r != value][:1]
    return [r for r in dict.fromkeys(r for r in results if isinstance(r, str)) if r != own][:1]


def _changed(files: Mapping[str, Any], entry: Entry, change: str, value: Any) -> Mutant:
    content = copy.deepcopy(files[entry.file])
    _at(content, entry.path[:-1])[entry.path[-1]] = value
    return Mutant(entry, change, content)


def _without(content: Any, path: Steps) -> Any:
    content = copy.deepcopy(content)
    del _at(content, path[:-1])[path[-1]]
    # A section without entries is left out.
    if len(path) == 2 and not content[path[0]]:
        del content[path[0]]
    return content


def _at(value: Any, path: Steps) -> Any:
    for part in path:
        value = value[part]
    return value


# -------------------------------------------------------------------------------------------------------------- trying


@dataclass(frozen=True, slots=True)
class Found:
    """The check that finds a mutant first (empty: none does), what it says, and whether the entry is named."""

    check: str
    said: tuple[str, ...] = ()
    named: bool = True


class Trial:
    """Tries mutants in a copy of the tables.

    Parameters
    ----------
    directory
        An empty directory, for the copy.
    source
        The tables that are changed.
    seen
        By name of a configuration or folder of recorded answers: what it takes (seconds), and the rows that fire.
    """

    def __init__(self, directory: Path, source: Path = tables.DIRECTORY, seen: Mapping[str, Any] | None = None) -> None:
        self.directory = directory / "tables"
        shutil.copytree(source, self.directory)
        self.source, self.files, self.seen = source, read(source), seen or {}
        self.model = tables.loaded(str(source))

    def attempt(self, mutant: Mutant, folders: int = 99, configurations: int = 0) -> Found:
        """Find the check that a mutant fails first."""
        mutant.write(self.directory)
        try:
            return self._attempt(mutant, folders, configurations)
        finally:
            shutil.copyfile(self.source / mutant.entry.file, self.directory / mutant.entry.file)

    def _attempt(self, mutant: Mutant, folders: int, configurations: int) -> Found:
        try:
            model = load(self.directory)
        except PodfsmError as error:
            files = read_tables(self.directory, Problems())
            return self._found("loading", mutant, [*error.messages, *difference.changes(files, self.model.files)])
        lost = difference.missing(model.files, self.model.files)
        changes = difference.changes(model.files, self.model.files)
        if lost:
            return self._found("pins", mutant, [*lost, *changes])
        report._start(model)
        for folder in self._reached(mutant, sample.folders(), folders, "vectors of "):
            if said := report._compare(folder).problems:
                return self._found(f"vectors of {folder}", mutant, [*said, *changes])
        if mutant.entry.kind in ("defaults", "refusals") and (said := report._read(sample.MANIFESTS).problems):
            return self._found("manifests", mutant, [*said, *changes])
        by_id = {configuration.id: configuration for configuration in shipped(model)}
        for name in self._reached(mutant, list(by_id), configurations):
            if said := self._explored(model, by_id[name]):
                return self._found(f"exploring {name}", mutant, [*said, *changes])
        return self._found("", mutant, changes)

    def _found(self, check: str, mutant: Mutant, said: list[str]) -> Found:
        return Found(check, tuple(said), any(mutant.entry.id in text for text in said))

    def _reached(self, mutant: Mutant, names: list[str], most: int, prefix: str = "") -> list[str]:
        """Choose where the changed row fires, the cheapest first."""
        known = [n for n in names if prefix + n in self.seen]
        if mutant.entry.kind in ("row", "event"):
            inner = _at(self.files[mutant.entry.file], mutant.entry.path).get("rows", [])
            ids = {mutant.entry.id, *(row["id"] for row in inner)}
            known = [n for n in known if not ids.isdisjoint(self.seen[prefix + n]["seen"])]
        return sorted(known, key=lambda n: float(self.seen[prefix + n]["s"]))[:most]

    def _explored(self, model: Model, configuration: Configuration) -> list[str]:
        """Explore one configuration: properties that are refuted against expectation, edges that no view declares."""
        outcome = report._explore(configuration)
        said = list(outcome.problems)
        for mode, found in outcome.modes.items():
            said += [
                f"{v.property}, {mode}: {v.verdict}"
                for v in found.verdicts
                if v.verdict == "REFUTED"
                and v.expected == "proved"
                and model.properties[v.property].form != "reachable"
            ]
            sizes = self.seen[configuration.id]["sizes"]
            if sizes.get(mode) != size_of(found.size):
                said.append(f"{configuration.id}, {mode}: {size_of(found.size)} instead of {sizes.get(mode)}")
        return said


def measured(model: Model) -> dict[str, Any]:
    """Explore every configuration and compare every folder, which takes minutes: seconds, rows that fire, sizes."""
    report._start(model)
    found = {}
    jobs: list[tuple[str, Callable[[], Any]]] = [(c.id, partial(report._explore, c)) for c in shipped(model)]
    jobs += [(f"vectors of {folder}", partial(report._compare, folder)) for folder in sample.folders()]
    for name, job in jobs:
        started = time.process_time()
        outcome = job()
        found[name] = {
            "s": time.process_time() - started,
            "seen": [row for row, (fired, _) in outcome.seen.items() if fired],
            "sizes": {mode: size_of(one.size) for mode, one in outcome.modes.items()},
        }
    return found


def main() -> int:
    """Try a sample of all mutants and print what finds them."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--every", type=int, default=7, help="try every so many entries")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", default="", help="a kind: row, event, edge, or a section")
    parser.add_argument("--files", default="", help="only entries of the files whose path has this in it")
    parser.add_argument("--configurations", type=int, default=0, help="so many explorations for each mutant")
    parser.add_argument("--seen", type=Path, required=True, help="JSON: what fires where; written if it is not there")
    parser.add_argument("--tables", type=Path, default=tables.DIRECTORY)
    given = parser.parse_args()
    if not given.seen.exists():
        given.seen.write_text(json.dumps(measured(load(given.tables))), encoding="utf-8")
    with tempfile.TemporaryDirectory() as directory:
        trial = Trial(Path(directory), given.tables, json.loads(given.seen.read_text()))
        chosen = [e for e in entries(trial.files) if given.only in ("", e.kind) and given.files in e.file][
            given.first :: given.every
        ]
        for entry in chosen:
            for mutant in mutants(trial.files, entry):
                started = time.perf_counter()
                found = trial.attempt(mutant, configurations=given.configurations)
                verdict = found.check or "SURVIVES"
                seconds = time.perf_counter() - started
                named = "named" if found.named else "NOT NAMED"
                words = (verdict, named, f"{entry.kind} {entry.id}", mutant.change, f"{seconds:.1f} s", *found.said[:1])
                sys.stdout.write("\t".join(words) + "\n")
                sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
