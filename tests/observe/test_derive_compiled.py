"""Compiled tables answer like the interpreter: on recorded cases, and on those cases made wrong in many ways."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podfsm.errors import PodfsmError
from podfsm.language import tables
from podfsm.language.evaluate import EvaluationError
from podfsm.observe import compiled, sample
from podfsm.observe.derive import Answers, Deriver, names

NAMES = names(tables.shipped())

#: Tables with scripts or procedures, which only the interpreter runs.
INTERPRETED = {name for name, b in tables.shipped().bindings.items() if b.script or b.runs or b.defaults}

COMPILED = sorted(set(NAMES) - INTERPRETED)

VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    137,
    2**63,
    1.5,
    "",
    "x",
    "Running",
    "Always",
    "c0",
    "i0",
    "True",
    [],
    {},
]


@cache
def answers(table: str, interpreted: bool = False) -> Answers:
    return Answers(tables.shipped(), table, interpreted=interpreted)


@cache
def deriver(table: str) -> Deriver:
    return Deriver(tables.shipped(), table)


@cache
def cases(table: str) -> list[Any]:
    return [case["in"] for case in sample.cases(table)]


def answer(table: str, document: Any, interpreted: bool = False) -> Any:
    line = json.dumps({"in": document}).encode()
    return json.loads(answers(table, interpreted).answer_or_error(line, 1))


def without_shape(table: str, document: Any) -> Any:
    """The answer of the interpreter to the document as it is, with all that no table is known to read."""
    try:
        return json.loads(json.dumps(deriver(table).derive(document)))
    except (PodfsmError, EvaluationError) as error:
        return str(error)


def test_everything_is_compiled_that_has_no_script_and_no_procedure() -> None:
    assert {name for name in NAMES if not answers(name).is_compiled} == INTERPRETED & set(NAMES)


@pytest.mark.parametrize("table", NAMES)
def test_recorded_cases(table: str) -> None:
    """Every answer is the interpreter's, and so it is where nothing was left out of the document before."""
    documents = cases(table)
    for document in documents[:: max(1, len(documents) // (10 if table in INTERPRETED else 100))]:
        found = answer(table, document)
        assert found == answer(table, document, interpreted=True)
        assert found["out"] == without_shape(table, document)


@pytest.mark.parametrize("table", COMPILED)
def test_what_is_remembered_does_not_depend_on_the_order(table: str) -> None:
    documents = cases(table)[:200]
    first = [answer(table, document) for document in documents]
    fresh = Answers(tables.shipped(), table)
    for document, wanted in reversed(list(zip(documents, first, strict=True))):
        line = json.dumps({"in": document}).encode()
        assert json.loads(fresh.answer_or_error(line, 1)) == wanted


@pytest.mark.parametrize(("limit", "kept"), [("PARTS", "elements"), ("ROWS", "rows"), ("ANSWERS", "answers")])
@pytest.mark.parametrize("table", ["phase", "status-column"])
def test_full_memories_start_again(table: str, limit: str, kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = cases(table)[:400]
    expected = [answer(table, document) for document in documents]
    monkeypatch.setattr(compiled, f"MOST_{limit}", 3)
    forgetful = Answers(tables.shipped(), table)
    lines = [json.dumps({"in": document}).encode() for document in documents]
    assert [json.loads(forgetful.answer(line)) for line in lines] == expected
    assert forgetful._compiled is not None
    for memory in forgetful._compiled._memories.values():
        found = getattr(memory, kept)
        assert sum(map(len, found.values() if isinstance(found, dict) else found)) <= 3


@settings(max_examples=25, deadline=None, derandomize=True)
@given(data=st.data())
@pytest.mark.parametrize("table", COMPILED)
def test_cases_made_wrong(table: str, data: st.DataObject) -> None:
    """Missing fields, values of other types, things twice: both say the same, and neither breaks."""
    document = mutated(table, data)
    found, interpreted = answer(table, document), answer(table, document, interpreted=True)
    assert found.keys() == interpreted.keys()
    assert found.get("out") == interpreted.get("out")
    if "out" in found:
        assert found["out"] == without_shape(table, document)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(data=st.data())
@pytest.mark.parametrize("table", sorted(INTERPRETED & set(NAMES)))
def test_cases_made_wrong_for_the_interpreter(table: str, data: st.DataObject) -> None:
    document = mutated(table, data)
    found = answer(table, document)
    if "out" in found:
        assert found["out"] == without_shape(table, document)
    else:
        assert found["error"]["line"] == 1
        assert found["error"]["what"]


def mutated(table: str, data: st.DataObject) -> Any:
    """A recorded case with a few changes."""
    document = copy.deepcopy(data.draw(st.sampled_from(cases(table))))
    for _ in range(data.draw(st.integers(1, 4))):
        _mutate(document, data)
    return document


def _mutate(document: Any, data: st.DataObject) -> None:
    """Change one place of a document."""
    places = list(_places(document))
    if not places:
        return
    holder, key = data.draw(st.sampled_from(places))
    change = data.draw(st.sampled_from(["leave out", "replace", "copy", "twice"]))
    if change == "leave out":
        del holder[key]
    elif change == "replace":
        holder[key] = copy.deepcopy(data.draw(st.sampled_from(VALUES)))
    elif change == "twice" and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    else:
        other, name = data.draw(st.sampled_from(places))
        holder[key] = copy.deepcopy(other[name])


def _places(value: Any) -> Any:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield value, key
        yield from _places(inner)
