"""Documents of a watch stream as they arrive: JSON Lines, concatenated JSON as kubectl prints it, or YAML.

A document that cannot be read is one error, and the stream goes on behind it. Memory holds one document at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from podfsm.errors import PodfsmError
from podfsm.language.world import type_name
from podfsm.observe.documents import Document as Source
from podfsm.observe.documents import read_documents
from podfsm.observe.kinds import Kinds
from podfsm.observe.lines import Line, Readable, batches
from podfsm.observe.shape import attribute

_MARK = b"\xef\xbb\xbf"
_SIGNS = re.compile(rb'["{}\[\]]')
_STRING_END = re.compile(rb'(?:[^"\\]|\\.)*+"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Document:
    """One document: its number from 0, the line where it begins from 1, its JSON value, and where that was written."""

    number: int
    line: int
    value: Any
    source: Source | None = None

    def line_of(self, path: str) -> int:
        """Return the line of the value at a path such as ``items[0]``; that of the document if it is not known."""
        place = self.source.place(path) if self.source is not None else ""
        return int(place.partition(":")[0]) if place else self.line


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A document that cannot be read, and why."""

    number: int
    line: int
    what: str


class Sight(msgspec.Struct, gc=False):
    """A version of one pod, decoded into a type: the line with its number, the document's number, is the pod gone."""

    number: int
    line: int
    text: bytes
    pod: Any
    gone: bool


Typed = Callable[[bytes], tuple[Any, bool] | None]
"""Takes a line and gives a version of one pod and whether it is gone; None if the line is anything else."""


def typed(type_: Any, hook: Callable[[type, Any], Any], pod_kind: str) -> Typed:
    """Return the function that decodes watch events and pods into a type with the attributes `kind` and `metadata`."""
    event = msgspec.defstruct(
        "event", [("type", str | None, None), ("object", type_ | None, None), ("kind", Any, msgspec.UNSET)], gc=False
    )
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(event, dec_hook=hook).decode
    decode_pod: Callable[[bytes], Any] = msgspec.json.Decoder(type_, dec_hook=hook).decode
    kind, metadata = attribute("kind"), attribute("metadata")

    def decoded(text: bytes) -> tuple[Any, bool] | None:
        try:
            if not text.isascii():
                text.decode()
            found = decode(text)
            if found.kind is msgspec.UNSET:
                pod, gone = found.object, found.type == "DELETED"
                known = gone or found.type in ("ADDED", "MODIFIED")
            else:
                pod, gone, known = decode_pod(text), False, True
        except (ValueError, RecursionError):
            # msgspec.DecodeError is a ValueError; so is UnicodeDecodeError.
            return None
        if not known or pod is None or getattr(pod, kind) != pod_kind or getattr(pod, metadata) is None:
            return None
        return pod, gone

    return decoded


class _Open:
    """A JSON value that takes several lines: what has come of it, and how deep its brackets are open."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.pieces: list[bytes] = []
        self.size = 0
        self.depth = 0

    def add(self, line: bytes) -> bool:
        """Add a line; tell whether the value is now complete."""
        self.pieces.append(line)
        self.size += len(line) + 1
        at = 0
        while match := _SIGNS.search(line, at):
            at = match.end()
            sign = match.group()
            if sign == b'"':
                end = _STRING_END.match(line, at)
                if end is None:
                    # No string goes on in the next line.
                    return True
                at = end.end()
            else:
                self.depth += 1 if sign in b"{[" else -1
        return self.depth <= 0

    def text(self) -> bytes:
        return b"\n".join(self.pieces)


def read(
    stream: Readable, name: str, limit: int, decode: Typed | None = None
) -> Iterator[Sight | Document | Unreadable]:
    """Yield the documents of a stream; `limit` is the most bytes of one document.

    Lines that `decode` takes are yielded as sights.

    Raises
    ------
    PodfsmError
        if the stream is YAML that cannot be read.
    """
    lines_of = _Lines(limit)
    line_number = 0
    arriving = batches(stream, limit)
    for lines in arriving:
        for at, line in enumerate(lines):
            line_number += 1
            if decode is not None and line and lines_of.opened is None and (found := decode(line)) is not None:
                yield Sight(lines_of.number, line_number, line, *found)
                lines_of.number += 1
                continue
            if line_number == 1 and line is not None:
                line = line.removeprefix(_MARK)
            if lines_of.number == 0 and lines_of.opened is None and _is_yaml(line):
                yield from _yaml(
                    [line, *lines[at + 1 :], *(later for batch in arriving for later in batch)], name, limit
                )
                return
            yield from lines_of.take(line, line_number)
    yield from lines_of.end()


class _Lines:
    """Puts lines together to JSON values; `number` is that of the next one."""

    def __init__(self, limit: int) -> None:
        self.limit, self.number = limit, 0
        self.opened: _Open | None = None

    def take(self, line: Line, line_number: int) -> Iterator[Document | Unreadable]:
        """Yield the value that a line completes, and one that it cuts off."""
        if line is None:
            yield self._too_long(line_number)
            return
        if self.opened is not None and line[:1] == b"{":
            # A value that takes several lines is indented: this one begins anew, so the one before is cut off.
            yield from self.end()
        if self.opened is None:
            if not line.strip():
                return
            self.opened = _Open(line_number)
        opened = self.opened
        complete = opened.add(line)
        if opened.size > self.limit:
            yield self._too_long(opened.line)
        elif complete:
            self.number, self.opened = self.number + 1, None
            yield whole(self.number - 1, opened.line, opened.text())

    def end(self) -> Iterator[Unreadable]:
        """Yield the value that is not complete."""
        if self.opened is not None:
            yield Unreadable(self.number, self.opened.line, "this JSON is cut off")
            self.number, self.opened = self.number + 1, None

    def _too_long(self, line: int) -> Unreadable:
        self.number, self.opened = self.number + 1, None
        return Unreadable(self.number - 1, line, f"longer than {self.limit} bytes; allow more with --max-document")


def _is_yaml(line: Line) -> bool:
    """Tell whether a first line can be no JSON of Kubernetes."""
    return line is not None and bool(line.strip()) and line.lstrip()[:1] not in b"{["


def whole(number: int, line: int, text: bytes) -> Document | Unreadable:
    """Decode the text of one document."""
    try:
        if not text.isascii():
            text.decode()
        return Document(number, line, msgspec.json.decode(text))
    except UnicodeDecodeError as error:
        return Unreadable(number, line, f"this is not UTF-8 (byte {error.start}); write it as UTF-8")
    except msgspec.DecodeError as error:
        what = str(error).removeprefix("JSON is malformed: ")
        return Unreadable(number, line, f"this is not JSON: {what[:1].lower()}{what[1:]}")
    except RecursionError:
        return Unreadable(number, line, "this is nested too deeply")


def _yaml(lines: Sequence[Line], name: str, limit: int) -> Iterator[Document]:
    whole = [line for line in lines if line is not None]
    if len(whole) < len(lines) or sum(map(len, whole)) > limit:
        raise PodfsmError(f"{name}: longer than {limit} bytes; allow more with --max-document")
    for number, document in enumerate(read_documents(b"\n".join(whole), name)):
        yield Document(number, int(document.place("").partition(":")[0] or 0), document.value, document)


@dataclass(frozen=True, slots=True)
class Item:
    """What stands for a pod in a document: its place in a list or None, the line, the value, and is the pod gone."""

    number: int | None
    line: int
    value: Any
    gone: bool = False


def pods(document: Document, kinds: Kinds) -> Iterator[Item]:
    """Yield what stands for pods in a document; nothing for what is no pod.

    Raises
    ------
    PodfsmError
        if it is neither a watch event nor an object of Kubernetes.
    """
    value = document.value
    if not isinstance(value, Mapping):
        raise PodfsmError("this is no object; give watch events or pods")
    gone = False
    if "object" in value and "type" in value and "kind" not in value:
        kind, value = value["type"], value["object"]
        if kind in ("BOOKMARK", "ERROR"):
            return
        if kind not in ("ADDED", "MODIFIED", "DELETED") or not isinstance(value, Mapping):
            raise PodfsmError('this is no watch event; give {"type": ..., "object": ...}')
        gone = kind == "DELETED"
    kind = value.get("kind")
    if not isinstance(kind, str):
        raise PodfsmError("this has no `kind`; give watch events or pods")
    if kind in kinds.lists:
        yield from _items(document, value, kinds)
    elif kind == kinds.pod:
        yield Item(None, document.line, value, gone)


def _items(document: Document, value: Mapping[str, Any], kinds: Kinds) -> Iterator[Item]:
    items = value.get(kinds.items)
    if items is not None and not isinstance(items, list):
        raise PodfsmError(f"{kinds.items}: expected a list, found {type_name(items)}")
    for number, item in enumerate(items or ()):
        if not isinstance(item, Mapping) or item.get("kind", kinds.pod) == kinds.pod:
            yield Item(number, document.line_of(f"{kinds.items}[{number}]"), item)
