"""The sample that the package ships: taken from the vectors, free of contradictions, able to contradict."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from podfsm.language import kubernetes, tables
from podfsm.language.evaluate import Program
from podfsm.observe import sample
from podfsm.observe.derive import Deriver

DATA = Path(__file__).resolve().parent.parent / "data" / "vectors"


def test_every_folder_of_vectors_has_a_sample() -> None:
    assert sample.folders() == sorted(path.name for path in DATA.iterdir() if path.is_dir())


@pytest.mark.parametrize("folder", sample.folders())
def test_the_sample_is_taken_from_the_vectors_and_agrees(folder: str) -> None:
    recorded = set()
    for path in (DATA / folder).glob("*.jsonl.gz"):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            recorded |= {json.dumps(json.loads(line)["in"], sort_keys=True) for line in lines}
    taken = [json.dumps(case["in"], sort_keys=True) for case in sample.cases(folder)]
    assert taken
    assert set(taken) <= recorded
    model = tables.shipped()
    assert list(sample.contradictions(model, Deriver(model, folder), folder)) == []


def test_manifests_become_what_they_used_to() -> None:
    model = tables.shipped()
    assert list(sample.contradicted_manifests(Program(model, kubernetes.gates(model)))) == []


@pytest.mark.parametrize(
    ("answer", "wanted", "said"),
    [
        ({"a": 1, "more": 2}, {"a": 1}, None),
        ({"a": 1}, {"a": 2}, "answer.a is 1"),
        ({"a": True}, {"a": 1}, "answer.a is True"),
        ({}, {"a": 1}, "answer.a is None"),
        ({"a": ""}, {"a": None}, None),
        ({"a": {"b": 1}}, {"a": None}, "Kubernetes has nothing there"),
        ({"a": {"b": 1}}, {"a": {}}, None),
        ({}, {"a": {}}, "answer.a is None"),
        ({"a": [1, 2]}, {"a": [1]}, "answer.a is [1, 2]"),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, "answer.a[1].b is 2"),
        ([], {"a": 1}, "answer is []"),
    ],
)
def test_differences(answer: object, wanted: object, said: str | None) -> None:
    found = sample.difference(answer, wanted)
    assert found is None if said is None else found is not None and said in found
