"""The command `podfsm derive`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema

import podfsm as package
from podfsm.observe import sample

Run = Callable[..., Any]

PROGRAM = (sys.executable, "-c", "import sys; from podfsm.cli import main; sys.exit(main())", "derive")


def test_lists_the_tables(podfsm: Run) -> None:
    result = podfsm("derive", "--list")
    assert result.status == 0
    assert sorted(result.out.splitlines()) == sample.folders()


def test_the_list_as_json_has_titles_and_the_committed_schema(podfsm: Run) -> None:
    schema = json.loads((Path(package.__file__).parent / "schemas" / "derive.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    answer = json.loads(podfsm("derive", "--list", "-o", "json").out)
    jsonschema.validate(answer, schema)
    assert sorted(one["table"] for one in answer["tables"]) == sample.folders()
    assert "" not in {one["title"] for one in answer["tables"]}
    korean = json.loads(podfsm("derive", "--list", "-o", "json", "--lang", "ko").out)
    assert all(re.search("[가-힣]", one["title"]) for one in korean["tables"])


def test_answers_standard_input(podfsm: Run) -> None:
    result = podfsm("derive", "duration", stdin=b'{"in":{"seconds":90}}\n\n{"in":{"seconds":3}}')
    assert result.status == 0
    assert result.out == '{"out":{"text":"90s"}}\n{"out":{"text":"3s"}}\n'


def test_errors_stand_in_their_place_and_make_the_status_2(podfsm: Run) -> None:
    result = podfsm("derive", "duration", "-", stdin=b'\n{"in":{"seconds":1}}\nx\n{"in":5}\n{"in":{"seconds":2}}\n')
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert result.status == 2
    assert result.err == ""
    assert [line.get("out", line.get("error", {}).get("line")) for line in lines] == [
        {"text": "1s"},
        3,
        4,
        {"text": "2s"},
    ]


def test_files(podfsm: Run, tmp_path: Path) -> None:
    given, answers = tmp_path / "in.jsonl", tmp_path / "deep" / "out.jsonl"
    answers.parent.mkdir()
    given.write_bytes(b'\xef\xbb\xbf{"in":{"seconds":90}}\r\n')
    assert podfsm("derive", "duration", str(given), "--out", str(answers)).status == 0
    assert answers.read_text() == '{"out":{"text":"90s"}}\n'
    assert [path.name for path in answers.parent.iterdir()] == ["out.jsonl"]
    result = podfsm("derive", "duration", str(tmp_path / "missing"))
    assert (result.status, result.out) == (2, "")
    assert "cannot be read" in result.err


def test_bad_usage(podfsm: Run) -> None:
    for arguments, said in (
        (("phaze",), "did you mean phase"),
        (("phase", "--gate", "No=true"), "unknown gate 'No'"),
        (("phase", "--kubernetes", "1.2"), "not covered"),
        (("phase", "--list"), "--list"),
        ((), "--list"),
    ):
        result = podfsm("derive", *arguments)
        assert result.status == 2
        assert result.out == ""
        assert said in result.err


def test_gates(podfsm: Run) -> None:
    gate = "ContainerRestartRules"
    container = {"name": "c0", "restartPolicy": "Never"}
    status = {"containerStatuses": [{"name": "c0", "state": {"terminated": {"exitCode": 1}}}]}
    document: dict[str, Any] = {"spec": {"restartPolicy": "Always", "containers": [container]}, "status": status}
    both = [document, {**document, "gates": {gate: True}}]
    lines = "".join(json.dumps({"in": one}) + "\n" for one in both).encode()
    assert podfsm("derive", "phase", "--gate", f"{gate}=false", stdin=lines).out == (
        '{"out":{"phase":"Running"}}\n{"out":{"phase":"Failed"}}\n'
    )
    assert podfsm("derive", "phase", "--kubernetes", "1.34", stdin=lines).out.startswith('{"out":{"phase":"Running"}}')


def test_long_lines_are_refused(podfsm: Run) -> None:
    lines = b'{"in":{"seconds":1}}\n{"in":{"seconds":1,"note":"' + b"x" * 100 + b'"}}\n{"in":{"seconds":2}}\n'
    result = podfsm("derive", "duration", "--max-document", "60", stdin=lines)
    first, second, third = (json.loads(line) for line in result.out.splitlines())
    assert (result.status, first["out"], third["out"]) == (2, {"text": "1s"}, {"text": "2s"})
    assert second["error"]["line"] == 2
    assert "60 bytes" in second["error"]["what"]


def test_a_pipe_is_answered_line_by_line(repository: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(repository / "model")}
    with subprocess.Popen(
        [*PROGRAM, "duration"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for seconds in range(3):
            process.stdin.write(b'{"in":{"seconds":%d}}\n' % seconds)
            process.stdin.flush()
            assert process.stdout.readline() == b'{"out":{"text":"%ds"}}\n' % seconds
        process.stdin.close()
        assert process.wait() == 0


def test_a_reader_that_goes_away_ends_it_quietly(repository: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(repository / "model")}
    with subprocess.Popen(
        [*PROGRAM, "duration"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        try:
            process.stdin.write(b'{"in":{"seconds":1}}\n' * 100_000)
            process.stdin.close()
        except BrokenPipeError:
            pass
        assert process.wait() == 141
        assert process.stderr.read() == b""
