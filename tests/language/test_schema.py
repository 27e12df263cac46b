"""The JSON Schema of table files, and what is known of the tables without loading them."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from podfsm.language import info, kubernetes, tables
from podfsm.language.load import load
from podfsm.language.schema import json_schema
from podfsm.language.source import TablesError

CROSSING = Path(__file__).parent.parent / "data" / "crossing"
LOADERS = [getattr(yaml, "C" + name, getattr(yaml, name)) for name in ("BaseLoader", "SafeLoader")]
TABLE = "per: y, result: bool, rows"
FILES = [*sorted(tables.DIRECTORY.rglob("*.yaml")), *CROSSING.glob("*.yaml")]


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@pytest.mark.parametrize("loader", LOADERS, ids=["texts", "editor"])
def test_tables_are_valid(path: Path, loader: Any, validator: Draft202012Validator) -> None:
    """Both as the loader reads scalars and as an editor does."""
    tree = yaml.load(path.read_text(encoding="utf-8"), loader)
    assert [error.message for error in validator.iter_errors(tree)] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tabels: {}", "Additional properties are not allowed ('tabels' was unexpected)"),
        ("gates: {X: {defaults: {'1.2': off}}}", "'why' is a required property"),
        ("gates: {X: {defaults: {'1.2': maybe}, why: x}}", "'maybe' is not one of ['on', 'off', True, False]"),
        ("domains: {x: {values: {}}}", "{} is not of type 'string', 'number', 'boolean', 'null', 'array'"),
        ("let: {x: {y: {why: z}}}", "'is' is a required property"),
        ("properties: {x: {expect: proved, why: x, cite: x}}", "{...} is not valid under any of the given schemas"),
        (f"tables: {{x: {{{TABLE}: [{{id: x.y, why: , end: 7}}]}}}}", "7 is not one of ['true', 'false', True, False]"),
        ("watch: {x: {why: x, cite: x}}", "{...} is not valid under any of the given schemas"),
        ("watch: {x: {holds: a, enforced: kubelet, why: x, cite: x}}", "'kubelet' is not one of ['server']"),
        ("watch: {x: {rows: [{id: a, when: b}], why: x, cite: x}}", "'why' is a required property"),
        ("guesses: {x.y: {values: [a]}}", "'why' is a required property"),
        ("bindings: {x: {out: {each: a, is: b, k: c}}}", "Additional properties are not allowed ('k' was unexpected)"),
    ],
)  # fmt: skip
def test_mistakes_are_refused_by_schema_and_loader(
    text: str, message: str, validator: Draft202012Validator, tmp_path: Path
) -> None:
    found = [error.message for error in validator.iter_errors(yaml.safe_load(text))]
    assert len(found) == 1
    assert found[0].endswith(message.replace("{...}", "").strip())
    (tmp_path / "crossing.yaml").write_text((CROSSING / "crossing.yaml").read_text())
    (tmp_path / "extra.yaml").write_text(text)
    with pytest.raises(TablesError, match=r"extra\.yaml"):
        load(tmp_path)


def test_info() -> None:
    model = tables.shipped()
    assert info().kubernetes == kubernetes.default_minor(model)
    assert info().digest == model.digest
    assert len(info().digest) == 16


def test_info_imports_nothing_heavy() -> None:
    heavy = ("numpy", "numba", "msgspec", "podfsm.language.load")
    code = f"import sys; from podfsm.language import info; info(); print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_digest_tells_tables_apart(tmp_path: Path) -> None:
    text = (CROSSING / "crossing.yaml").read_text()
    (tmp_path / "crossing.yaml").write_text(text)
    assert load(tmp_path).digest == load(CROSSING).digest
    (tmp_path / "crossing.yaml").write_text(text.replace("it burns out", "it burns down"))
    assert load(tmp_path).digest != load(CROSSING).digest
