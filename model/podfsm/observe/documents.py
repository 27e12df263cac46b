"""Documents of a YAML or JSON stream, as kubectl takes them: a file may hold several, and YAML becomes JSON.

Plain scalars mean what they mean to kubectl (sigs.k8s.io/yaml, YAML 1.1): ``yes``, ``on`` and ``y`` are truth values,
dates are strings, and so is ``12:30``. Size, depth and number of values are bounded, so that a hostile file ends in a
clear error quickly; aliases count as often as they stand.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from podfsm.errors import PodfsmError

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 100
MAX_VALUES = 500_000

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER: Any = yaml.resolver.Resolver()
_TAG = "tag:yaml.org,2002:"
_QUOTED = frozenset("'\"|>")

_NULLS = frozenset(["", "~", "null", "Null", "NULL"])
_TRUTHS: Mapping[str, bool] = {
    form: value
    for value, words in ((True, "y yes true on"), (False, "n no false off"))
    for word in words.split()
    for form in (word, word.capitalize(), word.upper())
}
_WHOLE = re.compile(r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9A-Fa-f_]+|[1-9][0-9_]*|0)\Z", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z", re.ASCII)
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")


@dataclass(frozen=True, slots=True)
class Document:
    """One document: its number in the stream from 1, its JSON value, and remarks such as keys that stand twice.

    `node` is where its places and words are looked up; None for JSON, of which they are not known.
    """

    number: int
    value: Any
    remarks: tuple[str, ...] = ()
    node: yaml.Node | None = field(default=None, repr=False, compare=False)

    def place(self, path: str) -> str:
        """Return ``line:column`` of the value at a path such as ``spec.containers[0].image``; '' if it is not known.

        Where there is no such value, it is that of the innermost object around it.
        """
        if self.node is None:
            return ""
        mark = _found(self.node, path)[0].start_mark
        return f"{mark.line + 1}:{mark.column + 1}"

    def word(self, path: str) -> str:
        """Return the word that is written for the value at a path; '' if it is not known."""
        node, rest = (None, path) if self.node is None else _found(self.node, path)
        return str(node.value) if isinstance(node, yaml.ScalarNode) and not rest else ""


@dataclass(slots=True)
class _Reader:
    """What reading one stream has to keep count of."""

    name: str
    values: int = 0
    remarks: list[str] = field(default_factory=list)

    def fail(self, mark: Any, what: str, mend: str) -> NoReturn:
        place = f"{self.name}:{mark.line + 1}:{mark.column + 1}" if mark is not None else self.name
        raise PodfsmError(f"{place}: {what}; {mend}")

    def take(self) -> tuple[str, ...]:
        remarks, self.remarks = tuple(self.remarks), []
        return remarks


def read_documents(data: bytes, name: str) -> list[Document]:
    """Read all documents of a stream; empty ones are counted but left out.

    Raises
    ------
    PodfsmError
        If the stream is neither YAML nor JSON, or too large, too deep, or repeats itself too often; the message has
        file, line and column.
    """
    if len(data) > MAX_BYTES:
        raise PodfsmError(f"{name}: larger than {MAX_BYTES} bytes; split it into smaller files")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PodfsmError(f"{name}:{line}:1: this is not UTF-8; save the file as UTF-8") from None
    reader = _Reader(name)
    if text.lstrip()[:1] in ("{", "["):
        try:
            return list(_json_documents(text, reader))
        except json.JSONDecodeError:
            reader = _Reader(name)  # It may be YAML in braces.
    return list(_yaml_documents(text, reader))


# ----------------------------------------------------------------------------------------------------------------- JSON


def _json_documents(text: str, reader: _Reader) -> Iterator[Document]:
    """Yield the documents of a stream of JSON values."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(found)
        if len(result) < len(found):
            keys = [key for key, _ in found]
            reader.remarks += [f"key {key!r} stands twice; the last one holds" for key in result if keys.count(key) > 1]
        return result

    def constant(word: str) -> NoReturn:
        reader.fail(None, f"{word} is no JSON number", "write a number")

    decoder = json.JSONDecoder(object_pairs_hook=pairs, parse_constant=constant, parse_int=_json_whole)
    at, number = _skip(text, 0), 0
    while at < len(text):
        number += 1
        try:
            value, at = decoder.raw_decode(text, at)
        except RecursionError:
            reader.fail(None, f"nested deeper than {MAX_DEPTH} levels", "mend the brackets")
        cleaned = _cleaned(value, reader, 0)
        yield Document(number, cleaned, reader.take())
        at = _skip(text, at)


def _json_whole(word: str) -> int | float:
    # Longer ones exceed every integer of the API anyway, and int() refuses thousands of digits.
    return int(word) if len(word) < 40 else float(word)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _cleaned(value: Any, reader: _Reader, depth: int) -> Any:
    """Leave out nulls of objects, write whole floats as integers, and check the bounds."""
    if depth > MAX_DEPTH:
        reader.fail(None, f"nested deeper than {MAX_DEPTH} levels", "mend the brackets")
    reader.values += 1
    if reader.values > MAX_VALUES:
        reader.fail(None, f"more than {MAX_VALUES} values", "split the file")
    if isinstance(value, dict):
        return {key: _cleaned(item, reader, depth + 1) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_cleaned(item, reader, depth + 1) for item in value]
    return _number(value, reader, None) if isinstance(value, float) else value


def _number(value: float, reader: _Reader, mark: Any) -> int | float:
    if not math.isfinite(value):
        reader.fail(mark, "this number is too large", "write a smaller one")
    return int(value) if value.is_integer() else value


# ----------------------------------------------------------------------------------------------------------------- YAML


def _yaml_documents(text: str, reader: _Reader) -> Iterator[Document]:
    """Yield the documents of a YAML stream."""
    language = "JSON or YAML" if text.lstrip()[:1] in ("{", "[") else "YAML"
    try:
        _check_bounds(text, reader)
        for number, node in enumerate(yaml.compose_all(text, Loader=_Loader), start=1):
            value = _value(node, reader, 0) if node is not None else None
            remarks = reader.take()
            if value is not None:
                yield Document(number, value, remarks, node)
    except yaml.MarkedYAMLError as error:
        what = error.problem or error.context or "a mistake"
        mark: Any = error.problem_mark or error.context_mark
        lines = text.splitlines()[mark.line : mark.line + 1] if mark is not None else []
        tab = any("\t" in line[: mark.column + 1] for line in lines)
        mend = "indent with spaces, not with tabs" if tab else f"mend the {language}"
        reader.fail(mark, f"this is not {language}: {what}", mend)
    except yaml.YAMLError as error:
        reader.fail(None, f"this is not {language}: {' '.join(str(error).split())}", f"mend the {language}")


def _found(node: yaml.Node, path: str) -> tuple[yaml.Node, str]:
    """Follow a path as far as it goes; return the node there, and the rest of the path."""
    while path:
        step = next(_steps(node, path), None)
        if step is None:
            break
        node, path = step
    return node, path


def _steps(node: yaml.Node, path: str) -> Iterator[tuple[yaml.Node, str]]:
    """Find the entries of a node with which a path can begin, each with the rest of the path."""
    if isinstance(node, yaml.SequenceNode):
        entries = [(f"[{index}]", item) for index, item in enumerate(node.value)]
    elif isinstance(node, yaml.MappingNode):
        # Of keys that stand twice the last one holds. A key with dots may look like a path, or stand in brackets.
        written = [(str(key.value), item) for key, item in reversed(node.value) if isinstance(key, yaml.ScalarNode)]
        entries = [(form, item) for key, item in written for form in (key, f"[{key}]") if key]
    else:
        entries = []
    for start, item in entries:
        rest = path.removeprefix(start)
        if rest != path and rest[:1] in ("", ".", "["):
            yield item, rest.removeprefix(".")


def _check_bounds(text: str, reader: _Reader) -> None:
    """Walk the events, which needs no recursion, before any tree is built."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_Loader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            reader.fail(
                event.start_mark, f"nested deeper than {MAX_DEPTH} levels", "mend the indentation or the brackets"
            )
        if count > MAX_VALUES:
            reader.fail(event.start_mark, f"more than {MAX_VALUES} values", "split the file")


def _value(node: yaml.Node, reader: _Reader, depth: int) -> Any:
    """Turn a node, and what its aliases stand for, into JSON."""
    reader.values += 1
    if reader.values > MAX_VALUES:
        reader.fail(node.start_mark, f"more than {MAX_VALUES} values, with what aliases stand for", "use fewer aliases")
    if depth > MAX_DEPTH:
        reader.fail(
            node.start_mark, f"nested deeper than {MAX_DEPTH} levels", "an alias may stand inside its own anchor"
        )
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, reader, depth)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, reader, depth + 1) for item in node.value]
    assert isinstance(node, yaml.ScalarNode)
    return _scalar(node, reader)


def _mapping(node: yaml.MappingNode, reader: _Reader, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    merged: dict[str, Any] = {}
    seen: set[str] = set()
    for key_node, value_node in node.value:
        value = _value(value_node, reader, depth + 1)
        if key_node.tag == _TAG + "merge":
            for part in reversed(value if isinstance(value, list) else [value]):
                if not isinstance(part, dict):
                    reader.fail(value_node.start_mark, "`<<` merges mappings only", "give an alias of a mapping")
                merged |= part
            continue
        key = _key(key_node, reader)
        if key in seen:
            place = f"line {key_node.start_mark.line + 1}"
            reader.remarks.append(f"{place}: key {key!r} stands twice; the last one holds")
        seen.add(key)
        found.pop(key, None)
        if value is not None:
            found[key] = value
    return merged | found


def _key(node: yaml.Node, reader: _Reader) -> str:
    if not isinstance(node, yaml.ScalarNode):
        reader.fail(node.start_mark, "a key must be a plain word", "write a name before the colon")
    value = _scalar(node, reader)
    if isinstance(value, str):
        return value
    return str(node.value) if value is None else json.dumps(value)


def _scalar(node: yaml.ScalarNode, reader: _Reader) -> Any:
    """Resolve a scalar as kubectl does."""
    text, tag = str(node.value), str(node.tag)
    if node.style in _QUOTED or tag in (_TAG + "binary", _TAG + "merge"):
        return text
    if tag == _TAG + "str" and _RESOLVER.resolve(yaml.ScalarNode, text, (True, False)) != tag:
        return text  # `!!str 8`
    if not tag.startswith(_TAG):
        reader.fail(node.start_mark, f"the tag {tag} has no meaning in a manifest", "leave it out")
    if text in _NULLS:
        return None
    if text in _TRUTHS:
        return _TRUTHS[text]
    if _WHOLE.match(text):
        return _whole(text, reader, node.start_mark)
    if _FLOAT.match(text):
        return _number(float(text), reader, node.start_mark)
    if _NO_NUMBER.match(text):
        reader.fail(node.start_mark, f"{text} is no JSON number", "write a number, or put quotes around it")
    return text


def _whole(text: str, reader: _Reader, mark: Any) -> int:
    digits = text.replace("_", "")
    if len(digits) > 70:
        reader.fail(mark, "this number is too large", "write a smaller one, or put quotes around it")
    sign, digits = (-1 if digits[0] == "-" else 1), digits.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0" and digits[1] in "01234567":
        return sign * int(digits, 8)
    return sign * int(digits, 0)
