"""Documents and streams of documents are answered as the tables say; what is wrong is said in its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agreement import differences
from podfsm.errors import PodfsmError
from podfsm.language import tables
from podfsm.observe import sample
from podfsm.observe.derive import Answers, derive, derive_lines, names
from podfsm.observe.lines import batches
from podfsm.observe.shape import MAX_OBJECTS


def line(document: Any) -> bytes:
    return json.dumps({"in": document}).encode()


def what(table: str, text: bytes) -> str:
    """What is said to be wrong with a line."""
    (answer,) = derive_lines(table, [text])
    error = json.loads(answer)["error"]
    assert error["line"] == 1
    return str(error["what"])


def test_one_document() -> None:
    assert derive("duration", {"seconds": 90}) == {"text": "90s"}
    assert derive("duration", {}) == {"text": "0s"}
    assert derive("phase", {}) == {"phase": "Pending"}


def test_a_stream_is_answered_in_order_and_blank_lines_are_skipped() -> None:
    lines: list[bytes | str] = [b'{"in":{"seconds":1}}\n', b"\n", "  ", b"[]", b'{"in":{"seconds":2},"out":0}\r\n']
    found = [json.loads(answer) for answer in derive_lines("duration", lines)]
    assert [entry.get("out") for entry in found] == [{"text": "1s"}, None, {"text": "2s"}]
    assert found[1]["error"]["line"] == 4


def test_the_tables_are_those_with_recorded_answers() -> None:
    assert sorted(names(tables.shipped())) == sample.folders()
    assert len(names(tables.shipped())) == 30


@pytest.mark.parametrize("table", sample.folders())
def test_every_table_agrees_with_the_sample(table: str) -> None:
    cases = list(sample.cases(table))
    answers = list(derive_lines(table, (line(case["in"]) for case in cases)))
    assert len(answers) == len(cases) > 0
    for case, answer in zip(cases, answers, strict=True):
        assert sample.difference(json.loads(answer).get("out"), case["out"]) is None, case["in"]


def test_an_unknown_table_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(PodfsmError, match="did you mean phase"):
        derive("phaze", {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"nonsense", "this is not JSON"),
        (b'{"in": {"seconds": 1}', "this is not JSON"),
        (b'{"in": {}} {}', "this is not JSON"),
        (b'{"in": {"x": NaN}}', "this is not JSON"),
        (b"[]", "expected an object, found a list"),
        (b"null", "expected an object, found null"),
        (b"{}", "there is no `in`"),
        (b'{"in": null}', "in: expected an object, found null"),
        (b'{"in": [1]}', "in: expected an object, found a list"),
        (b'{"in": {"spec": 5}}', "in.spec: expected an object, found a whole number"),
        (b'{"in": {"spec": {"containers": {}}}}', "in.spec.containers: expected a list, found an object"),
        (b'{"in": {"spec": {"containers": [5]}}}', "in.spec.containers[0]: expected an object, found a whole number"),
        (b'{"in": {"spec": {"containers": [{"name": 5}]}}}', "in.spec.containers[0].name: expected a string"),
        (b'{"in": {"spec": {"containers": [null]}}}', "in.spec.containers[0]: expected an object, found null"),
        (b'{"in": {"podIsTerminal": "true"}}', "in.podIsTerminal: expected true or false, found a string"),
        (
            b'{"in": {"status": {"containerStatuses": [{"state": {"terminated": {"exitCode": 1.0}}}]}}}',
            "in.status.containerStatuses[0].state.terminated.exitCode: expected a whole number, found a number",
        ),
        (
            b'{"in": {"status": {"containerStatuses": [{"state": {"terminated": {"exitCode": 1e400}}}]}}}',
            "in.status.containerStatuses[0].state.terminated.exitCode: this number is too large",
        ),
        (b'{"in": {"spec": {"restartPolicy": true}}}', "in.spec.restartPolicy: expected a string, found a boolean"),
        (b'{"in": {"metadata": {"creationTimestamp": "soon"}}}', "in.metadata.creationTimestamp: expected a time"),
        (b'{"in": {"gates": {"Nonsense": true}}}', "in.gates: unknown gate 'Nonsense'"),
        (b'{"in": {"gates": {"SidecarContainer": true}}}', "did you mean SidecarContainers"),
        (b'{"in": {"gates": {"SidecarContainers": 1}}}', "expected true or false"),
        (b'{"in": {"note": "\xff"}}', "this is not UTF-8 (byte 17)"),
        (b'{"in": {"spec": {"restartPolicy": "\\ud800"}}}', "this is not JSON"),
        (b'{"in": {"note": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}", "nested too deeply"),
        (b'{"in": ' + b'{"spec":' * 100_000, "in.spec"),
        (line({"spec": {"containers": [{"name": "c"}] * (MAX_OBJECTS + 1)}}), "in.spec.containers: this list is too"),
    ],
)
def test_a_line_that_cannot_be_answered(text: bytes, said: str) -> None:
    if said == "in.spec":
        assert what("phase", text)
    else:
        assert said in what("phase", text)


def test_fields_of_other_tables_are_checked_too() -> None:
    assert "in.metadata.creationTimestamp" in what("duration", line({"metadata": {"creationTimestamp": "?"}}))
    assert derive("duration", {"seconds": 1, "unheard-of": [[]]}) == {"text": "1s"}


def test_null_is_a_missing_value_and_the_last_of_two_keys_counts() -> None:
    assert derive("phase", {"spec": None, "status": {"containerStatuses": None}}) == {"phase": "Pending"}
    (answer,) = derive_lines("duration", [b'{"in":{"seconds":5,"seconds":6}}'])
    assert json.loads(answer)["out"] == {"text": "6s"}


def test_a_missing_list_differs_from_an_empty_one() -> None:
    assert derive("conditions", {"status": {"containerStatuses": []}}) != derive("conditions", {"status": {}})


def test_gates_of_a_document_go_before_those_of_the_call() -> None:
    container = {"name": "c0", "restartPolicy": "Never"}
    document = {"spec": {"restartPolicy": "Always", "containers": [container]}, "exitCode": 1}
    gate = "ContainerRestartRules"
    on = derive("restart-rules", document)
    off = derive("restart-rules", document, gates={gate: False})
    other = {**document, "gates": {gate: True}}
    assert derive("restart-rules", other, gates={gate: False}) == on
    assert [json.loads(a)["out"] for a in derive_lines("restart-rules", [line(document), line(other)])] == [on, on]
    with pytest.raises(PodfsmError, match="unknown gate 'No'"):
        derive("phase", {}, gates={"No": True})
    with pytest.raises(PodfsmError, match=r"1\.99 is not covered"):
        derive("phase", {}, minor="1.99")
    assert isinstance(off, dict)


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(PodfsmError, match="no JSON"):
        derive("phase", {"spec": {1, 2}, "x": object()})


def test_other_tables(tmp_path: Path) -> None:
    (tmp_path / "tables.yaml").write_text(
        "collections: {lamp: {title: lamp}}\n"
        "observe: {lamp: {watt: {at: watt, domain: number}}}\n"
        'bindings: {bright: {title: is it bright, out: {bright: "= watt > 40"}}}\n'
    )
    assert derive("bright", {"watt": 60}, tables=tmp_path) == {"bright": True}
    assert derive("bright", {}, tables=tmp_path) == {"bright": False}


class _Pipe:
    """A stream that gives its data in pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)

    def read1(self, size: int, /) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


def test_lines_are_given_as_soon_as_they_have_arrived() -> None:
    pipe = _Pipe(b"one\ntw", b"o\nthr", b"ee", b"\n\nfive")
    found = batches(pipe, 100)
    assert next(found) == [b"one"]
    assert len(pipe.pieces) == 3
    assert list(found) == [[b"two"], [b"three", b""], [b"five"]]


def test_lines_that_are_too_long_are_told_and_not_kept() -> None:
    pieces = [b"a\n", b"b" * 6, b"c" * 6, b"\nfits\n", b"d" * 20 + b"\ne\n" + b"f" * 11, b"f"]
    assert list(batches(_Pipe(*pieces), 10)) == [[b"a"], [None, b"fits"], [None, b"e"], [None]]
    assert list(batches(_Pipe(b"x" * 10), 10)) == [[b"x" * 10]]
    assert list(batches(_Pipe(), 10)) == []


def test_a_wrong_answer_would_be_noticed() -> None:
    case = next(sample.cases("phase"))
    answer = json.loads(Answers(tables.shipped(), "phase").answer(line(case["in"])))["out"]
    assert differences({**answer, "phase": "Unknown"}, case["out"])
