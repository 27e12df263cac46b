"""`podfsm build` on a toy: what it writes, compares, refuses and says."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import podfsm
from podfsm import build
from podfsm.cli.output import Console
from podfsm.errors import PodfsmError
from podfsm.language import tables
from podfsm.language.check import check_pins, pinned
from podfsm.language.difference import changes, missing
from podfsm.language.load import load
from podfsm.language.source import Problems, read_tables
from podfsm.observe import sample
from podfsm.requests import BuildRequest, Cluster, Status

LAMP = Path(__file__).resolve().parent.parent / "data" / "lamp"

Build = Callable[..., tuple[int, str, str]]


@pytest.fixture
def lamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the toy tables, which stand in for the shipped ones; nothing else is made of them."""
    directory = tmp_path / "tables"
    shutil.copytree(LAMP, directory)
    monkeypatch.setattr(sample, "DIRECTORY", tmp_path / "nothing")
    monkeypatch.setattr(build, "WORKERS", 1)
    monkeypatch.setattr(build, "find_spec", lambda _: None)
    monkeypatch.setattr(tables, "shipped", lambda: load(LAMP))
    monkeypatch.setattr(tables, "loaded", lambda place: load(Path(place)))
    return directory


@pytest.fixture
def run(lamp: Path) -> Build:
    """Run the command: its status, and what it writes to standard output and error."""

    def call(**given: object) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        status = build.run(BuildRequest(console=Console(out, err), **given))  # type: ignore[arg-type]
        return status, out.getvalue(), err.getvalue()

    return call


def change(lamp: Path, old: str, new: str) -> None:
    path = lamp / "lamp.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_it_writes_and_then_finds_no_difference(run: Build, tmp_path: Path) -> None:
    status, out, err = run(out=tmp_path / "out")
    assert (status, err) == (Status.FINE, "")
    assert (
        "as is: 2 configurations, 9 states, 19 transitions; of 4 properties 2 proved and 2 refuted, as expected" in out
    )
    assert "everything is as the tables expect" in out
    assert run(out=tmp_path / "out", check=True)[0] == Status.FINE


def test_json_has_the_committed_schema(run: Build, lamp: Path, tmp_path: Path) -> None:
    path = Path(podfsm.__file__).parent / "schemas" / "build.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)

    def ask(**given: object) -> tuple[int, dict[str, Any]]:
        status, out, _ = run(output="json", **given)
        answer: dict[str, Any] = json.loads(out)
        jsonschema.validate(answer, schema)
        return status, answer

    status, answer = ask(out=tmp_path / "out")
    assert status == Status.FINE
    sizes = {one["id"]: one["modes"]["as-is"] for one in answer["configurations"]}
    assert sizes["one-lamp"] == {"states": 5, "transitions": 11, "depth": 3}
    assert {"id": "no-current", "mode": "as-is", "verdict": "REFUTED", "expected": "REFUTED"} in answer["properties"]
    assert answer["files"]["written"] == [build.MANIFEST, "generated/schema/tables.json"]
    (tmp_path / "out" / build.MANIFEST).write_text("{}", encoding="utf-8")
    status, answer = ask(out=tmp_path / "out", check=True)
    assert status == Status.DIFFERS
    assert answer["files"]["different"] == [{"path": build.MANIFEST, "kind": "differs"}]
    assert answer["files"]["written"] == []
    status, answer = ask(tables=lamp, check=True)
    assert "files" not in answer


def test_the_summary_is_also_in_korean(run: Build, tmp_path: Path) -> None:
    _, out, _ = run(out=tmp_path / "out", lang="ko")
    assert "현재 동작: 구성 2개, 상태 9개, 전이 19개" in out
    assert "모두 테이블이 예상하는 대로다" in out


@pytest.mark.parametrize(
    "cluster", [Cluster(kubernetes="1.30"), Cluster(gates={"Bright": False}), Cluster(defects="intended")]
)
def test_what_is_committed_is_of_the_default_kubernetes(run: Build, tmp_path: Path, cluster: Cluster) -> None:
    with pytest.raises(PodfsmError):
        run(out=tmp_path / "out", cluster=cluster)
    assert not (tmp_path / "out").exists()


def test_the_manifest_pins_sizes_verdicts_and_rows(run: Build, tmp_path: Path) -> None:
    run(out=tmp_path / "out")
    first = (tmp_path / "out" / build.MANIFEST).read_bytes()
    manifest = json.loads(first)
    assert manifest["configurations"]["one-lamp"]["as-is"] == {"states": 5, "transitions": 11, "depth": 3}
    assert manifest["properties"]["no-current"] == {"as-is": "REFUTED", "intended": "PROVED"}
    assert manifest["rows"] == sorted(row.id for row in load(LAMP).rows())
    (tmp_path / "out" / build.MANIFEST).unlink()
    run(out=tmp_path / "out")
    assert (tmp_path / "out" / build.MANIFEST).read_bytes() == first


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda path: path.write_text("{}"), "generated/manifest.json: differs; run podfsm build"),
        (lambda path: path.unlink(), "generated/manifest.json: missing"),
        (lambda path: (path.parent / "old.txt").write_text("x"), "generated/old.txt: unexpected"),
    ],
)
def test_check_finds_every_difference_and_writes_nothing(
    run: Build, tmp_path: Path, harm: Callable[[Path], object], said: str
) -> None:
    run(out=tmp_path / "out")
    harm(tmp_path / "out" / build.MANIFEST)
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    status, _, err = run(out=tmp_path / "out", check=True)
    assert status == Status.DIFFERS
    assert said in err
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before


def test_of_pictures_only_the_presence_is_compared(tmp_path: Path) -> None:
    wanted: build.Files = {"diagrams/a.dot": "digraph {}", "diagrams/a.svg": "<svg/>"}
    assert build.written(tmp_path, wanted, remove=True).written == ("diagrams/a.dot", "diagrams/a.svg")
    (tmp_path / "diagrams" / "a.svg").write_text("<svg>other</svg>")
    assert build.compared(tmp_path, wanted) == []
    (tmp_path / "diagrams" / "a.svg").rename(tmp_path / "diagrams" / "b.svg")
    assert [str(d) for d in build.compared(tmp_path, wanted)] == [
        "diagrams/a.svg: missing",
        "diagrams/b.svg: unexpected",
    ]
    again = build.written(tmp_path, wanted, remove=True)
    assert (len(again.written), len(again.removed)) == (1, 1)
    assert build.compared(tmp_path, wanted) == []


def test_nothing_is_written_of_tables_that_fail(run: Build, lamp: Path, tmp_path: Path) -> None:
    change(lamp, "then: {power: cut}, publish", "then: {}, publish")
    status, _, err = run(tables=lamp, out=tmp_path / "out")
    assert status == Status.DIFFERS
    assert "nothing was written" in err
    assert not (tmp_path / "out").exists()


def test_other_tables_are_checked_and_what_differs_is_named(run: Build, lamp: Path) -> None:
    assert run(tables=lamp, check=True)[0] == Status.FINE
    change(lamp, "when: pressed, then: {pressed: false}", "when: pressed, then: {}")
    status, _, err = run(tables=lamp, check=True)
    assert status == Status.DIFFERS
    assert "compared with the shipped tables: lamp.yaml:43:11: row switch.off is changed" in err
    assert "edge lamp.goes-off" in err


def test_a_missing_row_is_named_even_if_the_tables_do_not_load(run: Build, lamp: Path) -> None:
    change(lamp, "    - {id: brightness.dark, then: dark, why: otherwise not}\n", "")
    with pytest.raises(PodfsmError) as error:
        run(tables=lamp, check=True)
    assert "compared with the shipped tables: row brightness.dark is missing" in error.value.messages


def test_a_pinned_row_that_is_gone_is_named(run: Build, lamp: Path, tmp_path: Path) -> None:
    run(out=tmp_path / "out")
    change(lamp, "id: brightness.dark", "id: brightness.none")
    change(lamp, "[[switch.off, brightness.dark], [supply.cut, brightness.dark]]", "[[switch.off, brightness.none]]")
    status, _, err = run(tables=lamp, check=True, out=tmp_path / "out")
    assert status == Status.DIFFERS
    assert "row brightness.dark of the shipped tables is missing; restore it" in err


@pytest.mark.parametrize("place", [".", "/"])
def test_what_other_tables_lack_does_not_depend_on_the_working_directory(
    run: Build, lamp: Path, repository: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(repository / place)
    assert run(tables=lamp, check=True)[::2] == (Status.FINE, "")
    change(lamp, "id: brightness.dark", "id: brightness.none")
    change(lamp, "[[switch.off, brightness.dark], [supply.cut, brightness.dark]]", "[[switch.off, brightness.none]]")
    status, _, err = run(tables=lamp, check=True)
    assert status == Status.DIFFERS
    assert "row brightness.dark of the shipped tables is missing; restore it" in err


def test_a_missing_property_is_named(run: Build, lamp: Path) -> None:
    change(
        lamp, '  always-dark: {always: "all(lamp: shown = dark)", expect: refuted, why: a belief, cite: hearsay}\n', ""
    )
    status, _, err = run(tables=lamp, check=True)
    assert status == Status.DIFFERS
    assert "property always-dark of the shipped tables is missing; restore it" in err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('when: "power = cut", then', 'when: "not power = on", then', "row supply.restore"),
        ("from: bright, to: dark", "from: dark, to: dark", "edge lamp.goes-off"),
        ("stages: [{of: lamp, set", "stages: [{of: lamp where pressed, set", "procedure shine"),
        ('always: "all(lamp', 'always: "none(lamp', "property always-dark"),
        ("{pressed: true}", "{pressed: true, shown: bright}", "row switch.on"),
        ("        publish: [shine]\n", "", "event switch.press"),
    ],
)
def test_whatever_is_changed_is_named(lamp: Path, old: str, new: str, said: str) -> None:
    change(lamp, old, new)
    (text,) = (text for text in changes(load(lamp).files, load(LAMP).files))
    assert re.fullmatch(rf"lamp.yaml:\d+:\d+: {said} is changed", text)


def test_words_change_nothing(lamp: Path) -> None:
    change(lamp, "a tree falls", "a storm")
    assert changes(load(lamp).files, load(LAMP).files) == []


def test_sizes_are_compared_with_those_committed_for_the_shipped_tables(run: Build, lamp: Path, tmp_path: Path) -> None:
    run(out=tmp_path / "out")
    manifest = tmp_path / "out" / build.MANIFEST
    manifest.write_text(manifest.read_text("utf-8").replace('"states": 5', '"states": 6'), encoding="utf-8")
    status, _, err = run(tables=lamp, check=True, out=tmp_path / "out")
    assert status == Status.DIFFERS
    assert "one-lamp, as is: 5 states, 11 transitions, depth 3; with the shipped tables 6 states, 11 trans" in err
    manifest.write_text(manifest.read_text("utf-8").replace(load(LAMP).digest, "0" * 16), encoding="utf-8")
    assert run(tables=lamp, check=True, out=tmp_path / "out")[0] == Status.FINE


@pytest.mark.parametrize("committed", ["of earlier tables", "missing"])
def test_sizes_are_compared_whatever_is_committed(run: Build, lamp: Path, tmp_path: Path, committed: str) -> None:
    """A grid that fails once more while it has failed: only the number of transitions tells of it."""
    (tmp_path / "out").mkdir()
    if committed == "of earlier tables":
        run(out=tmp_path / "out")
        manifest = tmp_path / "out" / build.MANIFEST
        manifest.write_text(manifest.read_text("utf-8").replace(load(LAMP).digest, "0" * 16), encoding="utf-8")
    change(lamp, 'when: "power = on", then: {power: cut}', "then: {power: cut}")
    status, _, err = run(tables=lamp, check=True, out=tmp_path / "out")
    assert status == Status.DIFFERS
    (line,) = (line for line in err.splitlines() if "configuration one-lamp, as is" in line)
    assert "with the shipped tables 5 states, 11 transitions, depth 3" in line
    assert "row supply.cut is changed" in err


def test_outside_a_checkout_it_needs_a_directory(run: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PodfsmError, match="no checkout of podfsm is around this directory; give --out DIR"):
        run()


def test_other_tables_do_not_overwrite_what_is_committed(run: Build, lamp: Path) -> None:
    with pytest.raises(PodfsmError, match="give --out DIR, or --check"):
        run(tables=lamp)


def test_an_undetermined_property_is_no_pass(run: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podfsm.explore.report.LIMITS", {"max_states": 4})
    monkeypatch.setattr("podfsm.explore.views.compare", lambda *_: [])
    monkeypatch.setattr("podfsm.explore.coverage._missing", lambda *_: "")
    status, out, err = run(out=tmp_path / "out")
    assert status == Status.UNDETERMINED
    assert "undetermined on one-lamp" in err
    assert "0 problems, 2 undetermined" in out
    assert not (tmp_path / "out").exists()


def test_the_checkout_is_found_from_below(repository: Path) -> None:
    assert build.checkout(repository / "tests" / "build") == repository
    assert build.checkout(Path("/")) is None


WATCH = """
watch:
  seen.power:
    per: lamp
    fields: [power]
    why: a lamp has power or not
    cite: hearsay
    rows:
    - {id: seen-power.known, when: "power in {on, cut}", why: there are no other values}
  seen.shown: {per: lamp, holds: "shown in {bright, dark}", why: a lamp is bright or dark, cite: hearsay}
guesses:
  lamp.pressed: {why: nobody sees the switch}
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seen-power.known", "seen-power.other", "row seen-power.known of the shipped tables is missing; restore it"),
        ("  seen.shown: {", "  seen.other: {", "watch seen.shown of the shipped tables is missing; restore it"),
        ("\nguesses:", "\nlet: {}\n#", "guess lamp.pressed of the shipped tables is missing; restore it"),
    ],
)
def test_a_missing_rule_on_what_is_seen_is_named(lamp: Path, old: str, new: str, said: str) -> None:
    (lamp / "watch.yaml").write_text(WATCH, encoding="utf-8")
    before = read_tables(lamp, Problems())
    (lamp / "watch.yaml").write_text(WATCH.replace(old, new).partition("#")[0], encoding="utf-8")
    found = missing(read_tables(lamp, Problems()), before)
    assert [text.partition(": ")[2] for text in found] == [said]


def test_the_ids_of_rules_on_what_is_seen_are_pinned() -> None:
    model = tables.shipped()
    ids = set(pinned(model))
    assert {row.id for row in model.watch_rows()} | set(model.watch) <= ids
    pins = {"rows": [*ids, "seen-phase.keept", "seen.node-keptt"]}
    first, second = check_pins(model, pins)
    assert "row 'seen-phase.keept' is pinned and the tables no longer have it" in str(first)
    assert "was it renamed to 'seen.node-kept'?" in str(second)
    assert first.place.file == model.watch["seen.node-kept"].place.file
