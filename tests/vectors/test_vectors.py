"""The tables answer every recorded case as Kubernetes 1.36.2 itself did (tests/data/vectors/README.md)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agreement import differences
from podfsm.language import tables
from podfsm.observe.derive import Deriver

DATA = Path(__file__).resolve().parent.parent / "data" / "vectors"
FILES = sorted(path.relative_to(DATA).as_posix() for path in DATA.glob("*/*.jsonl.gz"))

#: How many failing cases a failure shows.
SHOWN = 5


def cases(path: Path) -> Iterator[dict[str, Any]]:
    """Cases of a file of vectors."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


@pytest.fixture(scope="module")
def derivers() -> dict[str, Deriver]:
    """One deriver per folder; its compiled programs are kept."""
    return {}


@pytest.mark.parametrize("file", FILES)
def test_the_tables_agree_with_kubernetes(file: str, derivers: dict[str, Deriver]) -> None:
    folder = file.partition("/")[0]
    deriver = derivers.setdefault(folder, Deriver(tables.shipped(), folder))
    wrong: list[str] = []
    number = 0
    for number, case in enumerate(cases(DATA / file), 1):
        found = differences(deriver.derive(case["in"]), case["out"])
        if found:
            wrong.append(f"case {number}: {'; '.join(found[:3])}")
    assert number > 0
    assert not wrong, f"{len(wrong)} of {number} cases differ:\n" + "\n".join(wrong[:SHOWN])


def test_every_folder_of_vectors_has_a_binding_and_is_tested() -> None:
    folders = {file.partition("/")[0] for file in FILES}
    assert folders == {path.name for path in DATA.iterdir() if path.is_dir()}
    assert folders <= set(tables.shipped().bindings)


def test_a_wrong_answer_is_noticed() -> None:
    case = next(cases(DATA / FILES[0]))
    answer = Deriver(tables.shipped(), FILES[0].partition("/")[0]).derive(case["in"])
    key = next(key for key, value in case["out"].items() if value not in ("", [], {}, None))
    assert differences({**answer, key: "something else"}, case["out"])
