"""The command `podfsm conform`: the forms of its output, bad input, and a stream that grows."""

from __future__ import annotations

import copy
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import podfsm as package
from observe.corrupting import recorded, stream
from podfsm.cli import main
from podfsm.requests import Status

Run = Callable[..., Any]

PROGRAM = (sys.executable, "-c", "import sys; from podfsm.cli import main; sys.exit(main())", "conform")

BY_A_USER = "x03-user-sets-pending"
BY_DEFECTS = "w10b-deadline-after-terminal"
RIGHT = "a03-force-delete"


def whole(name: str) -> bytes:
    return stream((event.type, event.pod) for event in recorded(name))


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    found = json.loads((Path(package.__file__).parent / "schemas" / "conform.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


# --------------------------------------------------------------------------------------------------------------- forms


@pytest.mark.parametrize(
    ("name", "arguments", "status", "kinds"),
    [
        (RIGHT, (), Status.FINE, {"summary"}),
        (BY_A_USER, (), Status.DIFFERS, {"violation", "summary"}),
        (BY_A_USER, ("--writer", "any"), Status.FINE, {"summary"}),
        (BY_DEFECTS, (), Status.FINE, {"defect", "summary"}),
        (BY_DEFECTS, ("--strict",), Status.DIFFERS, {"violation", "summary"}),
    ],
)
def test_json_lines_have_the_committed_schema(
    podfsm: Run,
    schema: jsonschema.Draft202012Validator,
    name: str,
    arguments: tuple[str, ...],
    status: int,
    kinds: set[str],
) -> None:
    result = podfsm("conform", "-o", "json", *arguments, stdin=whole(name))
    records = lines(result.out)
    assert [error.message for record in records for error in schema.iter_errors(record)] == []
    assert {record["record"] for record in records} == kinds
    assert records[-1]["events"] == len(recorded(name))
    assert records[-1]["violations"] == sum(record["record"] == "violation" for record in records)
    assert records[-1]["defects"] == sum(record["record"] == "defect" for record in records)
    assert (result.status, result.err) == (status, "")


def test_the_schema_refuses_other_records(schema: jsonschema.Draft202012Validator) -> None:
    summary = {"record": "summary", "events": 1, "pods": 1, "violations": 0, "defects": 0}
    assert schema.is_valid(summary)
    assert not schema.is_valid({**summary, "events": -1})
    assert not schema.is_valid({**summary, "record": "end"})
    assert not schema.is_valid({"record": "violation", "event": 3})


def test_junit_is_xml_with_a_case_for_each_rule(podfsm: Run) -> None:
    result = podfsm("conform", "-o", "junit", stdin=whole(BY_A_USER) + b'{"cut": \n')
    suite = ElementTree.fromstring(result.out)
    cases = list(suite)
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    unreadable = [case.get("name") for case in cases if case.find("error") is not None]
    assert failed == ["seen.phase-back"]
    assert unreadable == [f"event {len(recorded(BY_A_USER))}"]
    assert {key: suite.get(key) for key in ("tests", "failures", "errors")} == {
        "tests": str(len(cases)),
        "failures": "1",
        "errors": "1",
    }
    assert result.status == Status.UNUSABLE


#: What GitHub and other readers of SARIF 2.1.0 need of it.
SARIF = {
    "type": "object",
    "required": ["version", "$schema", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "$schema": {"type": "string", "format": "uri"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name", "version", "rules"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id", "shortDescription", "help"],
                                            "properties": {
                                                "shortDescription": {"$ref": "#/$defs/message"},
                                                "help": {"$ref": "#/$defs/message"},
                                            },
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["ruleId", "ruleIndex", "level", "message", "locations"],
                            "properties": {
                                "ruleId": {"type": "string", "minLength": 1},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"$ref": "#/$defs/message"},
                                "locations": {
                                    "type": "array",
                                    "minItems": 1,
                                    "items": {
                                        "type": "object",
                                        "required": ["physicalLocation"],
                                        "properties": {
                                            "physicalLocation": {
                                                "type": "object",
                                                "required": ["artifactLocation", "region"],
                                                "properties": {
                                                    "artifactLocation": {
                                                        "type": "object",
                                                        "required": ["uri"],
                                                        "properties": {"uri": {"type": "string"}},
                                                    },
                                                    "region": {
                                                        "type": "object",
                                                        "required": ["startLine"],
                                                        "properties": {"startLine": {"type": "integer", "minimum": 1}},
                                                    },
                                                },
                                            },
                                            "logicalLocations": {
                                                "type": "array",
                                                "items": {
                                                    "type": "object",
                                                    "required": ["name", "fullyQualifiedName", "kind"],
                                                },
                                            },
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
    "$defs": {"message": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}},
}


@pytest.mark.parametrize("name", [RIGHT, BY_A_USER, BY_DEFECTS])
def test_sarif_has_what_its_readers_need(podfsm: Run, tmp_path: Path, name: str) -> None:
    file = tmp_path / "a stream.jsonl"
    file.write_bytes(whole(name))
    found = json.loads(podfsm("conform", "-o", "sarif", str(file)).out)
    jsonschema.Draft202012Validator(SARIF).validate(found)
    (run,) = found["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert set(rules) == {result["ruleId"] for result in run["results"]}
    levels = {BY_A_USER: "error", BY_DEFECTS: "note"}
    for result in run["results"]:
        (place,) = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"].endswith("a%20stream.jsonl")
        assert place["physicalLocation"]["region"]["startLine"] == result["properties"]["event"] + 1
        (pod,) = place["logicalLocations"]
        assert pod["fullyQualifiedName"] == f"{name}/{pod['name']}"
        assert result["level"] == levels[name]
        assert rules[result["ruleIndex"]] == result["ruleId"]


def test_sarif_tells_the_line_of_what_cannot_be_read(podfsm: Run) -> None:
    found = json.loads(podfsm("conform", "-o", "sarif", stdin=b"\n{}\n").out)
    jsonschema.Draft202012Validator(SARIF).validate(found)
    (result,) = found["runs"][0]["results"]
    assert result["ruleId"] == "unreadable"
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "stdin"},
        "region": {"startLine": 2},
    }


def test_sarif_tells_what_was_expected(podfsm: Run) -> None:
    found = json.loads(podfsm("conform", "-o", "sarif", stdin=whole(BY_A_USER)).out)
    (result,) = found["runs"][0]["results"]
    assert result["message"]["text"].endswith("(seen status.phase = Pending; expected status.phase = Running)")
    assert result["properties"]["nearest"] == {"status.phase": "Running"}


def bogus(name: str) -> dict[str, Any]:
    """A pod in a phase that there is not."""
    pod = copy.deepcopy(dict(recorded(RIGHT)[0].pod))
    pod["metadata"] |= {"name": name, "uid": f"uid-of-{name}"}
    pod["status"]["phase"] = "Bogus"
    return {**pod, "kind": "Pod"}


def test_records_tell_the_line_where_what_is_wrong_begins(podfsm: Run) -> None:
    event = json.dumps({"type": "ADDED", "object": bogus("a")}).encode()
    over_lines = json.dumps({"type": "ADDED", "object": bogus("b")}, indent=2).encode()
    stream = event + b"\n\n" + over_lines + b"\n" + event.replace(b'"uid-of-a"', b'"other"') + b"\n"
    found = lines(podfsm("conform", "-o", "json", stdin=stream).out)[:-1]
    assert [record["line"] for record in found] == [1, 3, 4 + over_lines.count(b"\n")]


def test_items_of_a_yaml_list_have_their_own_line(podfsm: Run) -> None:
    listed = yaml.safe_dump({"kind": "List", "items": [bogus("a"), bogus("b")]}, sort_keys=False)
    found = lines(podfsm("conform", "-o", "json", stdin=listed.encode()).out)[:-1]
    begins = [at for at, line in enumerate(listed.splitlines(), 1) if line.startswith("- ")]
    assert [(record["item"], record["line"]) for record in found] == [(0, begins[0]), (1, begins[1])]
    found = json.loads(podfsm("conform", "-o", "sarif", stdin=listed.encode()).out)["runs"][0]["results"]
    places = [result["locations"][0]["physicalLocation"]["region"]["startLine"] for result in found]
    assert places == begins


def test_text_names_rule_fields_what_was_expected_and_the_source(podfsm: Run) -> None:
    text = podfsm("conform", stdin=whole(BY_A_USER)).out
    assert "event 5  x03-user-sets-pending/p  seen.phase-back: without init containers" in text
    assert "    seen: status.phase = Pending\n" in text
    assert "    expected: status.phase = Running\n" in text
    assert '    nearest legal status: {"status.phase": "Running"}\n' in text
    assert "    see: pkg/kubelet/kubelet_pods.go getPhase" in text
    assert text.endswith("12 events, 1 pods: 1 violations, 0 steps by defects of Kubernetes\n")
    text = podfsm("conform", stdin=whole(BY_DEFECTS)).out
    assert "known defect K06: DeadlineExceeded written over another end\n    because: " in text
    assert "    advice: trust the exit codes of the containers\n" in text


def test_text_in_korean(podfsm: Run) -> None:
    text = podfsm("conform", "--lang", "ko", stdin=whole(BY_A_USER)).out
    assert "이벤트 5  x03-user-sets-pending/p  seen.phase-back: init 컨테이너가 없으면" in text
    assert "    보인 값: status.phase = Pending\n" in text
    assert "이벤트 12개, 파드 1개: 위반 1개" in text
    text = podfsm("conform", "--lang", "ko", stdin=whole(BY_DEFECTS)).out
    assert "알려진 결함 K06: 다른 끝을 덮어쓰는 DeadlineExceeded\n    이유: 기한이 지난 뒤에" in text
    assert "    조언: 컨테이너의 종료 코드를 믿는다.\n" in text


ESCAPE = "\x1b]0;gone\x07\x1b[2J\u202e\u200f\x9b31m\r\n\uffff"


@pytest.mark.parametrize("form", ["text", "json", "junit", "sarif"])
def test_escapes_of_terminals_in_names_are_shown_not_sent(podfsm: Run, form: str) -> None:
    events = copy.deepcopy([(event.type, dict(event.pod)) for event in recorded(BY_A_USER)])
    for _, pod in events:
        pod["metadata"] |= {"name": f"p{ESCAPE}", "namespace": ESCAPE}
        pod["status"]["message"] = ESCAPE
        pod["status"]["phase"] = pod["status"]["phase"] + ESCAPE
    out = podfsm("conform", "-o", form, stdin=stream(iter(events)) + f'{{"kind": "{ESCAPE[:1]}"}}\n'.encode()).out
    assert "seen.phase-known" in out
    assert [sign for sign in out if sign in "\x1b\x07\x9b\u202e\u200f\r"] == []
    assert form != "text" or "\\u001b]0;gone\\u0007" in out


def test_what_is_written_to_a_file_is_there_when_the_stream_ends(podfsm: Run, tmp_path: Path) -> None:
    out = tmp_path / "found.jsonl"
    result = podfsm("conform", "-o", "json", "--out", str(out), stdin=whole(BY_A_USER))
    assert (result.status, result.out) == (Status.DIFFERS, "")
    assert [record["record"] for record in lines(out.read_text())] == ["violation", "summary"]
    assert [path.name for path in tmp_path.iterdir()] == ["found.jsonl"]


# ----------------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b'{"type": "ADDED", "object": {"kind": "Pod"', "cut off"),
        (b'{"kind": "Pod", "metadata": {"name": "\xff"}}', "not UTF-8"),
        (b"[" * 100_000 + b"]" * 100_000, "deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "deeply"),
        (b"[]", "this is no object"),
        (b'"text"', "this is no object"),
        (b"{}", "has no `kind`"),
        (b'{"kind": 7}', "has no `kind`"),
        (b'{"kind": "Pod"}', "metadata: expected an object"),
        (b'{"kind": "Pod", "metadata": {"name": 7}}', "namespace, name and uid are strings"),
        (b'{"kind": "PodList", "items": 7}', "items: expected a list"),
        (b'{"kind": "PodList", "items": {}}', "items: expected a list, found an object"),
        (b'{"kind": "List", "items": ""}', "items: expected a list, found a string"),
        (b'{"kind": "PodList", "items": [7]}', "items[0]: expected an object"),
        (b'{"type": "CHANGED", "object": {"kind": "Pod"}}', "no watch event"),
        (b'{"type": "ADDED", "object": 7}', "no watch event"),
        (b"{not json}", "not JSON"),
        (b'{"kind": "Pod", "metadata": {}, "status": {"phase": 7}}', "status.phase"),
        (b'{"kind": "Pod", "metadata": {}, "status": []}', "status"),
        (b'{"kind": "Pod", "metadata": {}, "spec": {"containers": {}}}', "spec.containers"),
        (b'{"kind": "Pod", "metadata": {}, "status": {"observedGeneration": 1e400}}', "number"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place_and_the_rest_is_judged(
    podfsm: Run, schema: jsonschema.Draft202012Validator, bad: bytes, said: str
) -> None:
    good = whole(BY_A_USER)
    result = podfsm("conform", "-o", "json", stdin=good + bad + b"\n" + whole(RIGHT))
    records = lines(result.out)
    assert [error.message for record in records for error in schema.iter_errors(record)] == []
    (error,) = (record for record in records if record["record"] == "error")
    assert said in error["what"]
    assert (error["event"], error["line"]) == (len(recorded(BY_A_USER)), len(recorded(BY_A_USER)) + 1)
    summary = records[-1]
    assert summary["events"] == len(recorded(BY_A_USER)) + 1 + len(recorded(RIGHT))
    assert (summary["violations"], summary["unreadable"]) == (1, 1)
    assert (result.status, result.err) == (Status.UNUSABLE, "")


def test_a_document_that_is_too_long_is_refused_with_its_place(podfsm: Run) -> None:
    long = json.dumps({"kind": "Pod", "metadata": {"name": "x" * 30_000}}).encode()
    result = podfsm("conform", "--max-document", "20000", stdin=whole(RIGHT) + long + b"\n" + whole(RIGHT))
    number = len(recorded(RIGHT))
    assert f"event {number} (line {number + 1}): longer than 20000 bytes; allow more with --max-document" in result.out
    assert result.status == Status.UNUSABLE
    assert podfsm("conform", "--max-document", "40000", stdin=whole(RIGHT)).status == Status.FINE


def test_bookmarks_errors_and_other_kinds_are_passed_over(podfsm: Run) -> None:
    others: list[dict[str, Any]] = [
        {"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {"resourceVersion": "7"}}},
        {"type": "ERROR", "object": {"kind": "Status", "status": "Failure", "code": 410, "reason": "Expired"}},
        {"type": "ADDED", "object": {"kind": "ConfigMap", "metadata": {"name": "c"}}},
        {"kind": "Namespace", "metadata": {"name": "n"}},
        {"kind": "DeploymentList", "items": [{"metadata": {"name": "d"}}]},
    ]
    noise = b"".join(json.dumps(other).encode() + b"\n" for other in others)
    result = podfsm("conform", "-o", "json", stdin=noise + whole(BY_A_USER) + noise)
    *found, summary = lines(result.out)
    assert [(record["record"], record["event"]) for record in found] == [("violation", len(others) + 5)]
    assert summary["events"] == 2 * len(others) + len(recorded(BY_A_USER))
    assert summary["pods"] == 1


def test_duplicate_keys_are_read_as_the_api_server_does(podfsm: Run) -> None:
    """Go's decoder takes the last one."""
    pod = json.dumps(recorded(RIGHT)[0].pod)
    twice = pod.replace('"status": {', '"status": {"phase": "Bogus"}, "status": {', 1)
    assert twice != pod
    assert podfsm("conform", stdin=twice.encode()).status == Status.FINE


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\n\n \n"])
def test_lists_and_snapshots(podfsm: Run, end: bytes) -> None:
    pods = [event.pod for event in recorded(BY_A_USER)[5:6]] + [event.pod for event in recorded(RIGHT)[:1]]
    listed = json.dumps({"kind": "List", "items": [{**pod, "kind": "Pod"} for pod in pods]}, indent=2).encode()
    result = podfsm("conform", "-o", "json", stdin=listed + end)
    assert lines(result.out)[-1]["pods"] == 2
    assert lines(result.out)[-1]["events"] == 1


def test_a_list_may_lack_its_items_and_the_items_their_kind(podfsm: Run) -> None:
    pod = {key: value for key, value in bogus("p").items() if key != "kind"}
    for listed, found in (({}, 0), ({"items": None}, 0), ({"items": []}, 0), ({"items": [pod]}, 1)):
        result = podfsm("conform", "-o", "json", stdin=json.dumps({"kind": "PodList", **listed}).encode())
        assert lines(result.out)[-1]["pods"] == found


def test_an_item_that_cannot_be_read_does_not_hide_the_others(podfsm: Run) -> None:
    listed = json.dumps({"kind": "PodList", "items": [bogus("a"), 7, bogus("b")]}).encode()
    *found, summary = lines(podfsm("conform", "-o", "json", stdin=listed).out)
    assert [(record["record"], record["item"]) for record in found] == [
        ("violation", 0),
        ("error", 1),
        ("violation", 2),
    ]
    assert summary["pods"] == 2


def test_a_pod_counts_when_a_version_of_it_was_judged(podfsm: Run) -> None:
    good, bad = bogus("good"), bogus("bad")
    bad["status"]["containerStatuses"] = 7
    both = [good, bad, {**bad, "metadata": {**bad["metadata"], "uid": good["metadata"]["uid"]}}]
    events = b"".join(json.dumps({"type": "MODIFIED", "object": pod}).encode() + b"\n" for pod in both)
    for text in (events, json.dumps({"kind": "List", "items": both}).encode()):
        summary = lines(podfsm("conform", "-o", "json", stdin=text).out)[-1]
        assert (summary["pods"], summary["unreadable"]) == (1, 2)
    readable = json.dumps({"type": "MODIFIED", "object": bogus("bad")}).encode()
    assert lines(podfsm("conform", "-o", "json", stdin=events + readable).out)[-1]["pods"] == 2


def test_the_tables_say_which_objects_are_pods(podfsm: Run, tmp_path: Path) -> None:
    """`explain` reads the same setting."""
    tables = tmp_path / "tables"
    shutil.copytree(Path(package.__file__).parent / "tables", tables)
    file = tables / "observed" / "watch.yaml"
    said = file.read_text()
    assert "pod-objects: {pod: Pod, lists: [List, PodList]" in said
    file.write_text(
        said.replace("pod-objects: {pod: Pod, lists: [List, PodList]", "pod-objects: {pod: Beast, lists: [Zoo]")
    )
    beast = {**bogus("p"), "kind": "Beast"}
    inputs = [bogus("q"), {"kind": "PodList", "items": [beast]}, {"kind": "Zoo", "items": [beast]}, beast]
    for form in (json.dumps, lambda one: json.dumps({"type": "ADDED", "object": one})):
        text = "\n".join(map(form, inputs)).encode()
        found = lines(podfsm("conform", "-o", "json", "--tables", str(tables), stdin=text).out)
        assert [record["event"] for record in found if record["record"] == "violation"] == [2]
    assert "p" in podfsm("explain", "--tables", str(tables), stdin=json.dumps(beast).encode()).out


def test_yaml_that_cannot_be_read_is_an_error(podfsm: Run) -> None:
    result = podfsm("conform", stdin=b"kind: Pod\nmetadata: {name: [}\n")
    assert result.status == Status.UNUSABLE
    assert "Traceback" not in result.err + result.out


def test_a_missing_file_is_bad_usage(podfsm: Run) -> None:
    result = podfsm("conform", "no-such-file")
    assert (result.status, result.out) == (Status.UNUSABLE, "")
    assert "no-such-file" in result.err


#: Values that stand where Kubernetes has others.
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["", "Running", "True", "9" * 400, "2026-99-99T99:99:99Z", ESCAPE]),
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just([[{}]]),
    st.just({"a": {"b": []}}),
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Iterate over the places of a JSON value."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from paths(part, (*path, key))


def put(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """Return a value with something else at a place."""
    if not path:
        return odd
    changed = copy.copy(value)
    changed[path[0]] = put(value[path[0]], path[1:], odd)
    return changed


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_pods_end_in_records_never_in_a_traceback(
    data: st.DataObject, tmp_path: Path, schema: jsonschema.Draft202012Validator
) -> None:
    events = [(event.type, event.pod) for event in recorded(BY_A_USER)[:8]]
    number = data.draw(st.integers(0, len(events) - 1))
    type_, pod = events[number]
    places = [path for path in paths(pod) if path]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(places))
        try:
            pod = put(pod, place, data.draw(ODD))
        except (KeyError, IndexError, TypeError):
            continue
    events[number] = (type_, pod)
    text = stream(iter(events))
    if data.draw(st.booleans()):
        text = text[: data.draw(st.integers(1, len(text)))]
    file, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    file.write_bytes(text)
    status = main(["conform", "-o", "json", "--out", str(out), str(file)])
    records = lines(out.read_text())
    assert [error.message for record in records for error in schema.iter_errors(record)] == []
    errors = [record for record in records if record["record"] == "error"]
    expected = Status.UNUSABLE if errors else Status.DIFFERS if len(records) > 1 else Status.FINE
    assert status == expected


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.binary(max_size=80) | st.text('{}[]":,kinds Pod\n', max_size=60).map(str.encode))
def test_any_bytes_end_in_messages(text: bytes, tmp_path: Path) -> None:
    file, out = tmp_path / "in", tmp_path / "out"
    file.write_bytes(text)
    assert main(["conform", "-o", "json", "--out", str(out), str(file)]) in (Status.FINE, Status.UNUSABLE)


# ---------------------------------------------------------------------------------------------------------------- live


@pytest.fixture
def live() -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "PYTHONUNBUFFERED": ""}
    with subprocess.Popen(
        [*PROGRAM, "-o", "json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        yield process
        process.kill()


def feed(process: subprocess.Popen[bytes], text: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(text)
    process.stdin.flush()


def record(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Wait for the next record."""
    assert process.stdout is not None
    found: dict[str, Any] = json.loads(process.stdout.readline())
    return found


def test_each_record_is_printed_at_once(live: subprocess.Popen[bytes]) -> None:
    """The pipe stays open: a record that was held back would never come."""
    feed(live, whole(BY_A_USER))
    assert (record(live)["record"], live.poll()) == ("violation", None)
    feed(live, b"{}\n")
    assert (record(live)["record"], live.poll()) == ("error", None)
    assert live.stdin is not None
    live.stdin.close()
    assert record(live)["record"] == "summary"
    assert live.wait(60) == Status.UNUSABLE


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize(("text", "kind", "status"), [(whole(BY_A_USER), "violation", 1), (b"{}\n", "error", 2)])
def test_an_interrupt_prints_the_summary(live: subprocess.Popen[bytes], text: bytes, kind: str, status: int) -> None:
    feed(live, text)
    assert record(live)["record"] == kind
    live.send_signal(signal.SIGINT)
    out, err = live.communicate(timeout=60)
    assert [found["record"] for found in lines(out.decode())] == ["summary"]
    assert (live.returncode, err) == (status, b"")
