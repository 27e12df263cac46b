"""Manifests: real ones become pods with defaults, invalid ones end in messages with place and mend.

Every file `tests/data/manifests/invalid/NAME` has its messages in `NAME.err`. After a change that is meant, write them
anew with ``PODFSM_UPDATE=1 pytest tests/observe/test_manifest.py`` and read the difference. A first line
``# kubernetes: MINOR`` chooses the version.
"""

import io
import json
import os
import random
import re
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from podfsm.errors import PodfsmError
from podfsm.language import kubernetes, tables
from podfsm.language.evaluate import Program
from podfsm.language.load import load
from podfsm.language.model import Model
from podfsm.language.source import TablesError
from podfsm.observe.documents import MAX_BYTES, MAX_DEPTH, MAX_VALUES, read_documents
from podfsm.observe.manifest import MAX_ENTRIES, PodShape, Reading, read_manifest, read_manifests

DATA = Path(__file__).resolve().parent.parent / "data" / "manifests"
VALID = sorted(path for path in DATA.iterdir() if path.is_file())
INVALID = sorted(path for path in (DATA / "invalid").iterdir() if path.suffix != ".err")
UPDATE = os.environ.get("PODFSM_UPDATE", "0") not in ("", "0")


@pytest.fixture(scope="module")
def model() -> Model:
    return tables.shipped()


@pytest.fixture(scope="module")
def program(model: Model) -> Program:
    return Program(model, kubernetes.gates(model))


def minor_of(data: bytes) -> str:
    first = data.partition(b"\n")[0].decode("utf-8", "replace")
    return first.removeprefix("# kubernetes: ") if first.startswith("# kubernetes: ") else ""


def read(path: Path, model: Model) -> Reading:
    data = path.read_bytes()
    return read_manifest(data, path.name, Program(model, kubernetes.gates(model, minor_of(data))))


def only(text: str, program: Program) -> PodShape:
    (pod,) = read_manifest(text.encode(), "x.yaml", program).pods
    return pod


def messages(text: str | bytes, program: Program) -> list[str]:
    with pytest.raises(PodfsmError) as caught:
        read_manifest(text if isinstance(text, bytes) else text.encode(), "x.yaml", program)
    return caught.value.messages


# ------------------------------------------------------------------------------------------------------------ real ones


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.name)
def test_real_manifest_is_read(path: Path, program: Program) -> None:
    reading = read_manifests([str(path)], program)
    assert reading.pods
    for pod in reading.pods:
        assert pod.name
        assert pod.file == str(path)
        assert pod.pod["spec"]["containers"]


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.name)
def test_defaults_are_written_once(path: Path, program: Program) -> None:
    documents = {d.number: d.value for d in read_documents(path.read_bytes(), path.name)}
    for pod in read_manifests([str(path)], program).pods:
        if not pod.place:
            again = with_spec(documents[pod.document], [*filter(None, pod.path.split(".")), "spec"], pod.spec)
            assert only(json.dumps(again), program).spec == pod.spec


def with_spec(value: Any, path: list[str], spec: Any) -> Any:
    return {**value, path[0]: with_spec(value[path[0]], path[1:], spec)} if path else spec


def test_what_was_written_is_kept(program: Program) -> None:
    for path in VALID:
        documents = [d.value for d in read_documents(path.read_bytes(), path.name)]
        for pod in read_manifests([str(path)], program).pods:
            assert any(contains(pod.spec, spec) for spec in specs(documents)), (path, pod.name)


def specs(value: Any) -> Iterator[Any]:
    """Every object below a `spec` key."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "spec":
                yield item
            yield from specs(item)
    elif isinstance(value, list):
        for item in value:
            yield from specs(item)


def contains(whole: Any, part: Any) -> bool:
    if isinstance(part, dict):
        return isinstance(whole, Mapping) and all(k in whole and contains(whole[k], v) for k, v in part.items())
    if isinstance(part, list):
        return len(whole) == len(part) and all(map(contains, whole, part))
    return bool(whole == part)


def test_places_and_names(program: Program) -> None:
    pods = read_manifests([str(DATA / "list.json"), str(DATA / "multi-document.yaml")], program).pods
    assert [(p.kind, p.name, p.document, p.place, p.path) for p in pods] == [
        ("Pod", "one", 1, "items[0]", ""),
        ("ReplicationController", "two", 1, "items[1].items[0]", "spec.template"),
        ("ReplicaSet", "api", 3, "", "spec.template"),
        ("PodTemplate", "api-template", 4, "", "template"),
    ]


def test_notes_do_not_refuse(program: Program) -> None:
    reading = read_manifests([str(DATA / "port-clash.yaml"), str(DATA / "multi-document.yaml")], program)
    assert [note.id for note in reading.notes] == ["refusal.port-shared", "", ""]
    assert [len(pod.notes) for pod in reading.pods] == [1, 0, 1]
    told = [str(note).removeprefix(f"{DATA}/") for note in reading.notes]
    assert told[0].startswith("port-clash.yaml:13:29: document 1, spec.")
    assert re.fullmatch(
        r"multi-document.yaml:\d+:\d+: document \d, .*livenesProbe: "
        r"unknown field, which does nothing; did you mean livenessProbe\?",
        told[2],
    )


def test_standard_input(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    data = (DATA / "readiness-example.yaml").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    (pod,) = read_manifests(["-"], program).pods
    assert (pod.file, pod.name) == ("-", "example-pod")


# -------------------------------------------------------------------------------------------------------- invalid ones


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.name)
def test_invalid_manifest_is_refused(path: Path, model: Model) -> None:
    with pytest.raises(PodfsmError) as caught:
        read(path, model)
    found = "".join(message + "\n" for message in caught.value.messages)
    expected = path.with_name(path.name + ".err")
    if UPDATE:
        expected.write_text(found, encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8")


def test_every_invalid_manifest_has_messages_and_every_message_a_manifest() -> None:
    names = {path.name for path in (DATA / "invalid").iterdir()}
    assert {name.removesuffix(".err") for name in names} == {path.name for path in INVALID}
    assert not UPDATE, "the messages were written anew; run again without PODFSM_UPDATE"


def test_every_refusal_refuses_something(model: Model, program: Program) -> None:
    """A row of `refusals:` that no manifest here meets would be untested."""
    said = "".join(path.with_name(path.name + ".err").read_text(encoding="utf-8") for path in INVALID)
    noted = {note.id for note in read_manifests([str(path) for path in VALID], program).notes}
    silent = [r.id for r in model.refusals.values() if f": {r.why}" not in said and r.id not in noted]
    assert silent == []


def test_every_default_matters(model: Model, program: Program) -> None:
    specs = [pod.spec for pod in all_pods(program)]
    for left_out in model.defaults:
        fewer = {name: default for name, default in model.defaults.items() if name != left_out}
        other = Program(replace(model, defaults=fewer, refusals={}), program.gates)
        assert [pod.spec for pod in all_pods(other)] != specs, left_out


def all_pods(program: Program) -> tuple[PodShape, ...]:
    return read_manifests([str(path) for path in VALID], program).pods


def test_defaults_depend_on_what_is_written(program: Program) -> None:
    text = """
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  terminationGracePeriodSeconds: 0
  hostNetwork: true
  containers:
  - {name: a, image: "localhost:5000/a/b", ports: [{containerPort: 80}]}
  - {name: b, image: "a:latest@sha256:00"}
  - {name: c, image: "localhost:5000/a:1"}
  - name: d
    image: "a@sha256:00"
    imagePullPolicy: Never
    readinessProbe: {grpc: {port: 1}, timeoutSeconds: 0, failureThreshold: 7}
    startupProbe: {exec: {command: [a]}}
    lifecycle: {postStart: {httpGet: {port: 1}}}
"""
    spec = only(text, program).spec
    a, _, _, d = spec["containers"]
    assert [c["imagePullPolicy"] for c in spec["containers"]] == ["Always", "Always", "IfNotPresent", "Never"]
    assert (spec["terminationGracePeriodSeconds"], spec["restartPolicy"], spec["dnsPolicy"]) == (
        0,
        "Always",
        "ClusterFirst",
    )
    assert spec["schedulerName"] == "default-scheduler"
    assert a["ports"] == [{"containerPort": 80, "hostPort": 80, "protocol": "TCP"}]
    assert (a["terminationMessagePath"], a["terminationMessagePolicy"]) == ("/dev/termination-log", "File")
    thresholds = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 7}
    assert d["startupProbe"] == {"exec": {"command": ["a"]}, **thresholds, "failureThreshold": 3}
    assert d["readinessProbe"] == {"grpc": {"port": 1}, **thresholds}
    assert d["lifecycle"]["postStart"] == {"httpGet": {"port": 1, "path": "/", "scheme": "HTTP"}}


@pytest.mark.parametrize("word", "y Y yes Yes on ON no n off true False".split())
def test_a_truth_value_is_told_as_it_is_written(word: str, program: Program) -> None:
    text = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: {word}}}]}}\n"
    (message,) = messages(text, program)
    assert message.startswith("x.yaml:4:38: document 1, spec.containers[0].image: expected a string, found ")
    assert f'; put quotes around it: "{word}" (without quotes' in message


def test_places_are_those_in_the_file(program: Program) -> None:
    text = """\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata:
    name: a
    annotations: {example.org/a.b: on, "x.y": 5}
  spec:
    nodeSelector: {}
    hostNetwork: 7
"""
    assert [message.partition(": expected")[0] for message in messages("---\n" + text, program)] == [
        "x.yaml:9:36: document 1, items[0], metadata.annotations.example.org/a.b",
        "x.yaml:9:47: document 1, items[0], metadata.annotations.x.y",
        "x.yaml:12:18: document 1, items[0], spec.hostNetwork",
    ]


def test_an_empty_list_is_told_with_the_kinds_that_hold_pods(program: Program) -> None:
    (message,) = messages("{apiVersion: v1, kind: List, items: []}", program)
    assert message.startswith("x.yaml: there is no pod here; give an object of kind Pod, ")


def test_problems_of_all_files_are_reported_together(program: Program) -> None:
    with pytest.raises(PodfsmError) as caught:
        read_manifests([str(DATA / "invalid" / "no-pod.yaml"), "/no/such/file", str(DATA / "finalizer.yaml")], program)
    first, *_, last = caught.value.messages
    assert "no-pod.yaml:2:7: document 1, kind: an object of kind 'ConfigMap' holds no pod" in first
    assert last.startswith("/no/such/file: cannot be read")


# ------------------------------------------------------------------------------------------------------------- hostile


HOSTILE = {
    "deep brackets": "[" * 100_000,
    "deep braces": '{"a":' * 100_000,
    "deep closed brackets": "[" * 100_000 + "]" * 100_000,
    "deep indentation": "".join(" " * i + "a:\n" for i in range(2_000)),
    "many values": "a: [" + "x, " * MAX_VALUES + "x]",
    "many documents": "---\nx\n" * MAX_VALUES,
    "many values of JSON": "[" + "1," * MAX_VALUES + "1]",
    "long number": "9" * 100_000,
    "long number of JSON": '{"a": ' + "9" * 100_000 + "}",
    "long name": "apiVersion: v1\nkind: Pod\nmetadata: {name: " + "a-" * 500_000 + "}",
    "control character": "a: \x00",
    "half a surrogate": b'{"a": "\\ud800", "kind": "\\ud800"}',
    "byte order mark": b"\xef\xbb\xbfkind: Pod",
    "UTF-16": "kind: Pod".encode("utf-16"),
    "only a separator": "---",
    "scalar": "42",
    "JSON scalar in a list": "[1, 2]",
    "null": "null",
    "unclosed quote": "a: 'b",
    "unknown anchor": "a: *b",
    "end of document": "...",
    "directive": "%YAML 9.9\n---\na",
    "two JSON values": '{"kind": "Pod"} {"kind": "Pod"} x',
    "list of lists": "".join(
        f"{'  ' * i}apiVersion: v1\n{'  ' * i}kind: List\n{'  ' * i}items:\n{'  ' * i}-\n" for i in range(20)
    ),
}


ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    2**31,
    2**63,
    10**50,
    1.5,
    "",
    "x",
    "x" * 300,
    "a/b/c",
    [],
    [None],
    [[]],
    ["x"],
    {},
    {"": 1},
]


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.name)
def test_a_changed_value_is_read_or_refused(path: Path, program: Program) -> None:
    """Every value of a real manifest, replaced by odd ones in turn."""
    chosen = random.Random(path.name)
    for document in read_documents(path.read_bytes(), path.name):
        for place in places(document.value):
            for odd in chosen.sample(ODD, 3):
                text = json.dumps(changed(document.value, place, odd))
                try:
                    read_manifest(text.encode(), "x.json", program)
                except PodfsmError as error:
                    for message in error.messages:
                        assert re.match(r"x\.json(:1:1)?: ", message), (place, odd, message)
                        assert "; " in message


def places(value: Any) -> Iterator[tuple[Any, ...]]:
    """The path of every value."""
    yield ()
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        for rest in places(item):
            yield (key, *rest)


def changed(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[place[0]] = changed(copied[place[0]], place[1:], new)
    return copied


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_input_ends_in_a_message_quickly(text: str | bytes, program: Program) -> None:
    began = time.monotonic()
    found = messages(text, program)
    assert time.monotonic() - began < 20
    assert found
    for message in found:
        assert message.startswith("x.yaml")
        assert "; " in message
        assert len(message) < 2_000


def test_number_of_entries_is_bounded(program: Program) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "a"}] * (MAX_ENTRIES + 1)}}
    assert messages(json.dumps(pod), program) == [
        f"x.yaml: document 1: its lists have {MAX_ENTRIES + 1} entries; at most {MAX_ENTRIES} are read; leave some out"
    ]


def test_size_is_bounded(program: Program) -> None:
    assert messages(b"#" * (MAX_BYTES + 1), program) == [
        f"x.yaml: larger than {MAX_BYTES} bytes; split it into smaller files"
    ]


def test_depth_below_the_bound_is_read() -> None:
    text = "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    assert len(read_documents(text.encode(), "x")) == 1
    assert len(read_documents(("- " * (MAX_DEPTH - 1) + "a").encode(), "x")) == 1


# ------------------------------------------------------------------------------------------------------------ documents


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("Off", False),
        ("y", True),
        ('"yes"', "yes"),
        ("~", None),
        ("2024-05-01", "2024-05-01"),
        ("12:30", "12:30"),
        ("0777", 511),
        ("0o17", 15),
        ("0x10", 16),
        ("1_000", 1000),
        ("-3", -3),
        ("1e3", 1000),
        ("1.5", 1.5),
        ("8080.0", 8080),
        ("08", 8),
        ("!!str 8", "8"),
        ("1.2.3", "1.2.3"),
        ("|\n 1\n", "1\n"),
        ("100m", "100m"),
    ],
)
def test_scalars_mean_what_they_mean_to_kubectl(text: str, value: Any) -> None:
    (document,) = read_documents(f"a: {text}\nb: 1".encode(), "x")
    expected = {"a": value, "b": 1} if value is not None else {"b": 1}
    assert document.value == expected
    assert type(document.value.get("a")) is type(value)


def test_keys_become_strings_and_doubled_keys_are_remarked() -> None:
    (document,) = read_documents(b"1: a\non: b\nx: c\nx: d", "x")
    assert document.value == {"1": "a", "true": "b", "x": "d"}
    assert document.remarks == ("line 4: key 'x' stands twice; the last one holds",)
    (document,) = read_documents(b'{"x": 1, "x": 2, "y": null}', "x")
    assert (document.value, len(document.remarks)) == ({"x": 2}, 1)


def test_merge_keys_give_way_to_written_ones() -> None:
    (document,) = read_documents(b"a: &a {x: 1, z: 2}\nb: &b {z: 3}\nc: {z: 4, <<: *a}\nd: {<<: [*a, *b]}", "x")
    assert document.value["c"] == {"x": 1, "z": 4}
    assert document.value["d"] == {"x": 1, "z": 2}


def test_json_and_yaml_agree(program: Program) -> None:
    for path in VALID:
        for document in read_documents(path.read_bytes(), path.name):
            assert read_documents(json.dumps(document.value).encode(), "x")[0].value == document.value
            assert read_documents(yaml.safe_dump(document.value).encode(), "x")[0].value == document.value


# --------------------------------------------------------------------------------------------------------------- tables


TABLES = """
collections: {pod: {}}
observe: {pod: {policy: {at: spec.restartPolicy}}}
objects: {Thing: {a: text, b: list Thing}}
kinds: {Thing: {versions: v1, pod: spec, why: w, cite: c}}
defaults: {default.a: {per: pod, field: policy, value: x, why: w, cite: c}}
refusals: {refusal.a: {per: pod, when: "policy = x", at: spec, mend: "write {policy}", why: w, cite: c}}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("list Thing", "list Thin", "unknown type of a field 'Thin'; did you mean 'Thing'?"),
        ("list Thing", "set Thing", "unknown type of a field 'set Thing'"),
        ("pod: spec, why", "why", "pod"),
        ("kinds: {Thing", "kinds: {Other", "kind Other has no fields"),
        ("field: policy", "field: polcy", "unknown observed field of pod 'polcy'; did you mean 'policy'?"),
        ("per: pod, field", "per: pad, field", "unknown collection 'pad'; did you mean 'pod'?"),
        ("value: x", "value: '= polcy'", "unknown name 'polcy'"),
        ("policy = x", "policy", "a condition is wanted"),
        ("policy = x", "like(policy, '(')", "this is no pattern"),
        ("policy = x", "like(policy, policy)", "a pattern is written word for word"),
        ("write {policy}", "write {polcy}", "unknown name 'polcy'"),
        ("at: spec, mend", "gate: G, at: spec, mend", "unknown gate 'G'"),
        ("refusal.a:", "default.a:", "duplicate id 'default.a'"),
    ],
)
def test_mistakes_in_the_tables_have_a_place(old: str, new: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(TABLES)
    assert load(tmp_path).refusals["refusal.a"].why == "w"
    assert old in TABLES
    (tmp_path / "a.yaml").write_text(TABLES.replace(old, new))
    with pytest.raises(TablesError) as caught:
        load(tmp_path)
    assert any(m.startswith("a.yaml:") and message in m for m in caught.value.messages), caught.value.messages
