"""Bugs that Kubernetes has shipped: changed tables are refuted, changed streams are flagged.

Each file beside this one is a bug. `tables` changes rows (and events, by `machine.event`) of the shipped tables; the
property it names, proved on the configuration before, must then be refuted by a shortest story: these events, and in
the end this phase. `stream` is a recorded stream with some fields edited: `path: value`, where a part of a path may
choose an item of a list by its number or by `key=value`, and null removes; `without` leaves events out. It must be
flagged at the event, by the rule. The edited streams stand in `tests/data/regressions`, written by this file run as a
program.
"""

from __future__ import annotations

import copy
import gzip
import io
import json
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from podfsm.explore.configuration import shipped as configurations
from podfsm.explore.prove import PROVED, REFUTED, Verdict, explore_configuration
from podfsm.language.load import load
from podfsm.language.model import Model
from podfsm.language.tables import DIRECTORY, shipped
from podfsm.observe.conform import Conformance
from podfsm.observe.stream import read
from podfsm.observe.track import Tracker
from podfsm.observe.watch import Watch

HERE = Path(__file__).parent
DATA = HERE.parent / "data"
BUGS = sorted(path.stem for path in HERE.glob("*.yaml"))


@cache
def bug(name: str) -> Any:
    return yaml.safe_load((HERE / f"{name}.yaml").read_text())


# -------------------------------------------------------------------------------------------------------------- tables


def changed(value: Any, rows: dict[str, Any], owner: str = "") -> set[str]:
    """Change rows and events in a part of a file that stands under the name `owner`; return which were found."""
    found: set[str] = set()
    for name, item in named(value, owner):
        if name in rows and isinstance(item, dict):
            item.update(rows[name])
            found.add(name)
        found |= changed(item, rows, name)
    return found


def named(value: Any, owner: str) -> Iterator[tuple[str, Any]]:
    """Items of a list by their ids, of an object by their keys; events together with their machine."""
    if isinstance(value, list):
        for item in value:
            yield item.get("id", "") if isinstance(item, dict) else "", item
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "events" and isinstance(item, dict):
                machine = value.get("machine", owner)
                yield from ((f"{machine}.{event}", content) for event, content in item.items())
            else:
                yield key, item


def changed_tables(rows: dict[str, Any], directory: Path) -> Model:
    """Load a copy of the shipped tables in which some rows are changed."""
    shutil.copytree(DIRECTORY, directory)
    found: set[str] = set()
    for path in directory.rglob("*.yaml"):
        content = yaml.load(path.read_text(), Loader=yaml.BaseLoader)
        here = changed(content, rows)
        if here:
            path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=10_000))
        found |= here
    assert found == set(rows)
    return load(directory)


def judged(model: Model, case: Any) -> Verdict:
    """Judge the property of a bug on its configuration."""
    (configuration,) = (one for one in configurations(model) if one.id == case["configuration"])
    exploration = explore_configuration(model, configuration, case["mode"], [model.properties[case["property"]]])
    (verdict,) = exploration.verdicts
    return verdict


@pytest.mark.parametrize("name", BUGS)
def test_the_tables_without_the_bug_are_proved(name: str) -> None:
    verdict = judged(shipped(), bug(name)["tables"])
    assert (verdict.verdict, verdict.vacuous) == (PROVED, False)


@pytest.mark.parametrize("name", BUGS)
def test_the_tables_with_the_bug_are_refuted_by_a_story(name: str, tmp_path: Path) -> None:
    case = bug(name)["tables"]
    verdict = judged(changed_tables(case["rows"], tmp_path / "tables"), case)
    assert verdict.verdict == REFUTED
    assert [step.event.partition("@")[0] for step in verdict.trace] == case["story"]
    assert dict(verdict.trace[-1].shows)["phase"] == case["phase"]


# -------------------------------------------------------------------------------------------------------------- streams


def edited(name: str) -> bytes:
    """Edit the recorded stream of a bug."""
    stream = bug(name)["stream"]
    with gzip.open(DATA / "traces" / f"{stream['from']}.jsonl.gz", "rt") as lines:
        events = [json.loads(line) for line in lines]
    for number, edits in stream["edits"].items():
        for path, value in edits.items():
            set_at(events[number]["object"], path.split("."), value)
    kept = [event for number, event in enumerate(events) if number not in stream.get("without", ())]
    return b"".join(json.dumps(event, separators=(",", ":")).encode() + b"\n" for event in kept)


def set_at(value: Any, path: list[str], new: Any) -> None:
    """Set what a path leads to; an object is merged, null removes."""
    *way, last = path
    for part in way:
        value = value[step(value, part)]
    at = step(value, last)
    if new is None:
        value.pop(at, None)
    elif isinstance(new, dict):
        for key, part in new.items():
            set_at(value[at], [key], part)
    else:
        value[at] = copy.deepcopy(new)


def step(value: Any, part: str) -> Any:
    """Turn a part of a path into a key or a number."""
    if not isinstance(value, list):
        return part
    key, found, wanted = part.partition("=")
    return next(i for i, item in enumerate(value) if item[key] == wanted) if found else int(part)


@pytest.mark.parametrize("name", BUGS)
def test_the_stream_is_edited_as_its_bug_says(name: str) -> None:
    assert (DATA / "regressions" / f"{name}.jsonl").read_bytes() == edited(name)


@pytest.mark.parametrize("name", BUGS)
def test_the_stream_is_flagged(name: str) -> None:
    conformance = Conformance(Tracker(Watch(shipped())))
    text = (DATA / "regressions" / f"{name}.jsonl").read_bytes()
    records = list(conformance.records(read(io.BytesIO(text), name, 1 << 26)))
    violations = [(record["event"], record["rule"]) for record in records if record["record"] == "violation"]
    assert violations == [(bug(name)["stream"]["event"], bug(name)["stream"]["rule"])]


if __name__ == "__main__":
    for one in BUGS:
        (DATA / "regressions" / f"{one}.jsonl").write_bytes(edited(one))
