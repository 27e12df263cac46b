"""Whatever the files of a directory hold, loading them works or ends in a clear error, and quickly."""

import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from podfsm.language import source, tables
from podfsm.language.load import load
from podfsm.language.shapes import SECTIONS
from podfsm.language.source import TablesError

CROSSING = Path(__file__).parent.parent / "data" / "crossing" / "crossing.yaml"


def refused(directory: Path, content: str | bytes) -> list[str]:
    (directory / "x.yaml").write_bytes(content.encode() if isinstance(content, str) else content)
    start = time.perf_counter()
    with pytest.raises(TablesError) as error:
        load(directory)
    assert time.perf_counter() - start < 5
    return error.value.messages


NOT_YAML, MEND = "this is not YAML: ", "mend the YAML syntax"
BOMB = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BOMB, "x.yaml:1:4: anchors and aliases are not allowed in tables; write the value out"),
        ("[" * 100_000, "x.yaml:1:41: nested deeper than 40 levels; tables are flat; mend the brackets"),
        ("{a: " * 100_000, "x.yaml:1:161: nested deeper than 40 levels; tables are flat; mend the brackets"),
        ("- " * 100_000, "x.yaml:1:81: nested deeper than 40 levels; tables are flat; mend the brackets"),
        ("- x\n" * 250_000, "x.yaml:199999:3: more than 200000 nodes in one file; split the file"),
        ("tables:\n\tx: y\n", f"x.yaml:2:1: {NOT_YAML}found character that cannot start any token; {MEND}"),
        (b"a: \xff\xfe", "x.yaml:1:1: this is not UTF-8; save the file as UTF-8"),
        ("a: b\n---\nc: d\n", f"x.yaml:2:1: {NOT_YAML}but found another document; {MEND}"),
        ("a: {b\n", f"x.yaml:2:1: {NOT_YAML}did not find expected ',' or '}}'; {MEND}"),
        ("just text", "x.yaml:1:1: a table file is a mapping of sections; begin with a section such as `tables:`"),
        ("? [a, b]\n: c\n", "x.yaml:1:3: a key must be a plain word; write a name before the colon"),
        ("<<: {a: b}\n", "x.yaml:1:1: unknown section '<<'; known: " + ", ".join(sorted(SECTIONS)[:12]) + ", ..."),
    ],
    ids=lambda value: str(value)[:16],
)  # fmt: skip
def test_hostile_yaml(content: str | bytes, message: str, tmp_path: Path) -> None:
    assert refused(tmp_path, content)[0] == message


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    with (tmp_path / "x.yaml").open("wb") as stream:
        stream.truncate(100 * 1024 * 1024)
    start = time.perf_counter()
    with pytest.raises(TablesError) as error:
        load(tmp_path)
    assert time.perf_counter() - start < 1
    assert error.value.messages[0] == f"x.yaml:1:1: the file has more than {source.MAX_BYTES} bytes; split it"


def test_tags_make_no_objects(tmp_path: Path) -> None:
    (message, *_) = refused(tmp_path, "tables: !!python/object/apply:os.getcwd []\n")
    assert message == "x.yaml:1:9: section 'tables' is a mapping, this is a list; write `name: ...`"


def test_directories_that_hold_no_tables(tmp_path: Path) -> None:
    for directory, message in (
        (tmp_path / "none", "no such directory of tables; give the folder that holds the YAML"),
        (tmp_path, "no table file here; tables are *.yaml files"),
    ):
        with pytest.raises(TablesError) as error:
            load(directory)
        assert error.value.messages[0] == f"{directory}:1:1: {message}"
    (tmp_path / "x.yaml").mkdir()
    with pytest.raises(TablesError, match=r"x\.yaml:1:1: cannot be read: Is a directory; make it a readable file"):
        load(tmp_path)


def test_scalars_are_texts(tmp_path: Path) -> None:
    problems = source.Problems()
    cell = source.read_cells(b"a: [no, on, 010, 1e3, ~, 2001-01-01, '', !!int 7]", "x", problems)
    assert cell is not None
    assert cell.plain() == {"a": ["no", "on", "010", "1e3", "~", "2001-01-01", "", "7"]}


def test_long_chains_of_lets(tmp_path: Path) -> None:
    lets = "".join(f'    a{i}: "not (not (a{i + 1}))"\n' for i in range(3000))
    (tmp_path / "crossing.yaml").write_text(CROSSING.read_text())
    assert refused(tmp_path, "let:\n  crossing:\n" + lets + "    a3000: pressed\n") == [
        f"{tmp_path}:1:1: formulas are nested too deep; use fewer lets"
    ]


# ----------------------------------------------------------------------------------------------------------- mutations


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path, *(found for key, value in items for found in places(value, (*path, key)))]


def changed(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The tree with another value at a path; without it if the value is ..."""
    if not path:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    if len(path) == 1 and value is ...:
        del copy[path[0]]
    else:
        copy[path[0]] = changed(tree[path[0]], path[1:], value)
    return copy


PLACED = re.compile(r"\S+:[0-9]+:[0-9]+: .+")
OTHER_VALUES: list[Any] = ["", "x", "true", "-1", "9" * 30, "²", "any(light: x)", "= self", "a b", "not " * 100]
OTHER_VALUES += [..., [], ["x"], [[]], {}, {"x": "y"}, {"": {}}]


def mutated(data: st.DataObject, tree: Any) -> Any:
    for _ in range(data.draw(st.integers(1, 3))):
        candidates = places(tree)[1:]
        if candidates:
            tree = changed(tree, data.draw(st.sampled_from(candidates)), data.draw(st.sampled_from(OTHER_VALUES)))
    return tree


def check_loading(directory: Path) -> None:
    """Loading works, or says what is wrong, each message with a place."""
    start = time.perf_counter()
    try:
        load(directory)
    except TablesError as error:
        messages = error.messages
    else:
        messages = []
    assert time.perf_counter() - start < 10
    assert all(PLACED.match(message) for message in messages)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_mutated_toy_tables(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("tables")
    tree = mutated(data, yaml.load(CROSSING.read_text(), yaml.BaseLoader))
    (directory / "crossing.yaml").write_text(yaml.safe_dump(tree, allow_unicode=True))
    check_loading(directory)


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_mutated_shipped_tables(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("tables") / "tables"
    shutil.copytree(tables.DIRECTORY, directory)
    path = data.draw(st.sampled_from(sorted(directory.rglob("*.yaml"))))
    tree = mutated(data, yaml.load(path.read_text(), yaml.BaseLoader))
    path.write_text(yaml.safe_dump(tree, allow_unicode=True))
    check_loading(directory)
