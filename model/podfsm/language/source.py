"""Reading YAML table files with the place of every cell.

YAML is only syntax here: every scalar is a string (no surprise booleans), every node keeps its file, line and column,
aliases are refused, and size, depth and node count are bounded, so that a hostile file ends in a clear error quickly.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from podfsm.errors import PodfsmError

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 40
MAX_NODES = 200_000

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cell stands: file name and 1-based line and column."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def shifted(self, columns: int) -> Place:
        """Return the place so many columns further right."""
        return Place(self.file, self.line, self.column + columns)


@dataclass(frozen=True, slots=True)
class Problem:
    """One error in the tables: where, what is wrong, what would mend it."""

    place: Place
    what: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.what}" + (f"; {self.mend}" if self.mend else "")


class TablesError(PodfsmError):
    """The tables do not load; `problems` holds every error of the run, in the order of their places."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        unique = dict.fromkeys(problems)
        self.problems = sorted(unique, key=lambda p: (p.place.file, p.place.line, p.place.column, p.what))
        super().__init__([str(p) for p in self.problems])


@dataclass(slots=True)
class Problems:
    """Collects problems, so that one run shows them all; `dropped` are names that other problems have made unknown."""

    found: list[Problem] = field(default_factory=list)
    dropped: set[str] = field(default_factory=set)

    def add(self, place: Place, what: str, mend: str = "") -> None:
        """Note one problem."""
        self.found.append(Problem(place, what, mend))

    def unknown(self, place: Place, kind: str, name: str, known: Iterable[str]) -> None:
        """Report an unknown name, with the nearest known ones."""
        if name in self.dropped:
            return
        names = sorted(set(known))
        near = difflib.get_close_matches(name, names, n=2, cutoff=0.6)
        if near:
            mend = "did you mean " + " or ".join(repr(n) for n in near) + "?"
        elif names:
            mend = "known: " + ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        else:
            mend = f"no {kind} is declared here"
        self.add(place, f"unknown {kind} {name!r}", mend)

    def raise_if_any(self) -> None:
        """Raise TablesError if a problem was noted."""
        if self.found:
            raise TablesError(self.found)


@dataclass(frozen=True, slots=True)
class Cell:
    """A YAML node: `value` is str, list[Cell] or dict[str, Cell]; `keys` gives the place of each key of a mapping."""

    value: Any
    place: Place
    keys: dict[str, Place] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The text; empty for a list or mapping."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def is_text(self) -> bool:
        """Whether this is a scalar."""
        return isinstance(self.value, str)

    @property
    def is_list(self) -> bool:
        """Whether this is a list."""
        return isinstance(self.value, list)

    @property
    def is_map(self) -> bool:
        """Whether this is a mapping."""
        return isinstance(self.value, dict)

    def items(self) -> Iterator[tuple[str, Cell]]:
        """Iterate over keys and cells of a mapping; nothing for other kinds."""
        if isinstance(self.value, dict):
            yield from self.value.items()

    def get(self, key: str) -> Cell | None:
        """Return the cell under a key of a mapping, or None."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def plain(self) -> Any:
        """Return the same tree without places."""
        if isinstance(self.value, dict):
            return {k: v.plain() for k, v in self.value.items()}
        if isinstance(self.value, list):
            return [v.plain() for v in self.value]
        return self.value


def read_cells(data: bytes, file: str, problems: Problems) -> Cell | None:
    """Parse one YAML document; None (and a problem) when it cannot be read."""
    start = Place(file, 1, 1)
    if len(data) > MAX_BYTES:
        problems.add(start, f"the file has more than {MAX_BYTES} bytes", "split it")
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.add(Place(file, line, 1), "this is not UTF-8", "save the file as UTF-8")
        return None
    try:
        if not _depth_and_aliases_are_sane(text, file, problems):
            return None
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else start
        problems.add(place, f"this is not YAML: {error.problem or error.context}", "mend the YAML syntax")
        return None
    except yaml.YAMLError as error:
        problems.add(start, f"this is not YAML: {error}", "mend the YAML syntax")
        return None
    return None if node is None else _cell(node, file, problems)


def _depth_and_aliases_are_sane(text: str, file: str, problems: Problems) -> bool:
    """Walk the events, which needs no recursion, before any tree is built."""
    depth = 0
    for nodes, event in enumerate(yaml.parse(text, Loader=_Loader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        trouble = None
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            trouble = "anchors and aliases are not allowed in tables", "write the value out"
        elif depth > MAX_DEPTH:
            trouble = f"nested deeper than {MAX_DEPTH} levels", "tables are flat; mend the brackets"
        elif nodes > MAX_NODES:
            trouble = f"more than {MAX_NODES} nodes in one file", "split the file"
        if trouble is not None:
            problems.add(_place(event, file), *trouble)
            return False
    return True


def _place(marked: Any, file: str) -> Place:
    return Place(file, marked.start_mark.line + 1, marked.start_mark.column + 1)


def _cell(node: yaml.Node, file: str, problems: Problems) -> Cell:
    place = _place(node, file)
    if isinstance(node, yaml.MappingNode):
        values: dict[str, Cell] = {}
        keys: dict[str, Place] = {}
        for key_node, value_node in node.value:
            key_place = _place(key_node, file)
            if not isinstance(key_node, yaml.ScalarNode):
                problems.add(key_place, "a key must be a plain word", "write a name before the colon")
                continue
            key = str(key_node.value)
            if key in values:
                problems.add(key_place, f"duplicate key {key!r}", f"it is first given at {keys[key]}; keep one")
                continue
            values[key] = _cell(value_node, file, problems)
            keys[key] = key_place
        return Cell(values, place, keys)
    if isinstance(node, yaml.SequenceNode):
        return Cell([_cell(item, file, problems) for item in node.value], place)
    # In a quoted or plain scalar on one line the text begins at the mark (after the quote).
    quoted = getattr(node, "style", None) in ("'", '"')
    return Cell(str(node.value), place.shifted(1) if quoted else place)


def digest(directory: Path) -> str:
    """Return the SHA-256 over names and contents of the table files, 16 hexadecimal digits."""
    total = hashlib.sha256()
    for path in sorted(directory.rglob("*.yaml")):
        total.update(path.relative_to(directory).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()[:16]


def read_tables(directory: Path, problems: Problems) -> dict[str, Cell]:
    """Read every `*.yaml` below `directory`, by path relative to it.

    Raises
    ------
    TablesError
        if a file cannot be read: whatever it declares would be unknown to the others.
    """
    files: dict[str, Cell] = {}
    if not directory.is_dir():
        problems.add(Place(str(directory), 1, 1), "no such directory of tables", "give the folder that holds the YAML")
        problems.raise_if_any()
    for path in sorted(directory.rglob("*.yaml")):
        name = path.relative_to(directory).as_posix()
        try:
            with path.open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
        except OSError as error:
            problems.add(Place(name, 1, 1), f"cannot be read: {error.strerror}", "make it a readable file")
            data = b""
        cell = read_cells(data, name, problems)
        if cell is not None and not cell.is_map:
            problems.add(cell.place, "a table file is a mapping of sections", "begin with a section such as `tables:`")
        files[name] = cell if cell is not None and cell.is_map else Cell({}, Place(name, 1, 1))
    if not files and not problems.found:
        problems.add(Place(str(directory), 1, 1), "no table file here", "tables are *.yaml files")
    if problems.found and not all(cell.value for cell in files.values()):
        problems.raise_if_any()
    return files
