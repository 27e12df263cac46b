"""A binding compiled to Python: documents that were decoded into the types of `shape` become answers in JSON.

What the tables say is compiled by the generator of Python modules. Around it, two memories make it fast: what a part of
a document shows to the rest of it (its signs, see `local`) is found once per part, and the answer once per tuple of
signs. So a new combination of known containers costs one evaluation of what combines them.
"""

from __future__ import annotations

import itertools
import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from types import FunctionType
from typing import Any

import msgspec

from podfsm.errors import PodfsmError
from podfsm.generate import emit
from podfsm.generate.python import helpers, runtime
from podfsm.generate.python.code import literal
from podfsm.generate.python.expressions import Expressions
from podfsm.generate.python.module import source
from podfsm.generate.python.target import Target
from podfsm.language import functions
from podfsm.language.model import Binding, Collection, Field, Model, Observation, Output
from podfsm.observe import local, needs
from podfsm.observe.shape import Node, Shape, attribute

#: Entries of a memory; a full one starts again empty.
MOST_PARTS, MOST_ANSWERS, MOST_GATES = 50_000, 100_000, 64

_KINDS: Mapping[str, frozenset[str]] = {
    "text": frozenset(["text", "enum"]),
    "enum": frozenset(["text", "enum"]),
    "number": frozenset(["number"]),
    "bool": frozenset(["bool"]),
    "time": frozenset(["time"]),
}


class NotCompiledError(Exception):
    """A binding does what only the interpreter can do."""


class NoAnswerError(Exception):
    """The tables cannot decide."""


class Compiled:
    """Answers decoded documents of one binding.

    Parameters
    ----------
    model
        The tables as the binding reads them (`needs.bound`).
    binding
        The binding.
    shape
        The type of its documents.

    Raises
    ------
    NotCompiledError
        if the binding has a script or procedures, or reads values of any type.
    """

    def __init__(self, model: Model, binding: Binding, shape: Shape) -> None:
        if binding.script is not None or binding.runs or binding.defaults:
            raise NotCompiledError(binding.id)
        formulas = needs.formulas(model, binding)
        try:
            need = emit.needed(model, (), formulas)
        except PodfsmError as error:
            raise NotCompiledError(str(error)) from None
        reserved = frozenset(helpers.known()) | {name for names in helpers.IMPORTS.values() for name in names} | {"re"}
        target = Target(model, need, reserved)
        tables: dict[str, Any] = {"__name__": __name__}
        exec(compile(source(model, (), formulas), f"<{binding.id}>", "exec"), tables)
        for helper in helpers.known():
            tables.setdefault(helper, getattr(runtime, helper, None) or getattr(functions, helper, None))
        tables |= {"re": re, "cast": typing.cast, "moment": moment, "_ABSENT": _ABSENT}
        writer = _Writer(model, need, target, shape)
        outs = _columns(binding.out)
        text = [writer.answer(f"column_{at}", out) for at, out in enumerate(outs.values())]
        parts = need.children[need.root.id]
        text += [writer.beside(c) for c in parts]
        text += [*map(writer.reader, need.collections), *map(writer.keys, need.collections)]
        exec(compile("\n".join(text), f"<{binding.id} documents>", "exec"), tables)
        self._classes = {c.id: _fast(tables[target.classes[c.id]]) for c in need.collections}
        self._has_gates = bool(need.gates)
        self._read_root = tables[f"read_{emit.snake(need.root.id)}"]
        self._keys = tables["keys"]
        self._root = self._classes[need.root.id]
        splits = [local.split(model, need, needs.of_output(out)) for out in outs.values()]
        names = [(item.name, target.member(need.root.id, item.name)) for item in local.inputs(need, need.root.id)]
        self._root_members = [member for _, member in names]
        given = {name for split in splits for name in split.given}
        self._given = [at for at, (name, _) in enumerate(names) if name in given]
        self._parts = [self._part(c, splits, need, target, tables) for c in parts]
        self._columns = [
            _Column(
                head=b"" if name is None else _ENCODER.encode(name) + b":",
                write=tables[f"column_{at}"],
                root=[i for i, (field, _) in enumerate(names) if field in split.root],
                parts=[i for i, c in enumerate(parts) if split.signs[c.id] or c.id in split.open | split.listed],
            )
            for at, (name, split) in enumerate(zip(outs, splits, strict=True))
        ]
        self._is_object = None not in outs
        #: By the gates that are on: parts, signs and answers that are known.
        self._memories: dict[frozenset[str], _Memory] = {}

    def _part(
        self,
        collection: Collection,
        splits: list[local.Split],
        need: emit.Needed,
        target: Target,
        made: Mapping[str, Any],
    ) -> _Part:
        members = {
            name: _member(target, collection.id, name) for split in splits for name in split.signs[collection.id]
        }
        signs = sorted(members)
        return _Part(
            id=collection.id,
            siblings=target.children(collection.id),
            beside=made[f"beside_{emit.snake(collection.id)}"],
            build=self._builder(collection, need, target, made),
            make=self._classes[collection.id],
            signs=None if any(collection.id in split.open for split in splits) else [members[name] for name in signs],
            columns=[[at for at, name in enumerate(signs) if name in split.signs[collection.id]] for split in splits],
        )

    def _builder(
        self, collection: Collection, need: emit.Needed, target: Target, made: Mapping[str, Any]
    ) -> Callable[..., Any]:
        """Return a function that makes an element from what `keys` gives, with all elements below it."""
        class_, read = self._classes[collection.id], made[f"read_{emit.snake(collection.id)}"]
        members = [target.member(collection.id, item.name) for item in local.inputs(need, collection.id)]
        keys = made[f"keys_{emit.snake(collection.id)}"]
        below = [(target.children(c.id), self._builder(c, need, target, made)) for c in need.children[collection.id]]

        def build(key: tuple[Any, ...], document: Any, parent: Any) -> Any:
            element: Any = object.__new__(class_)
            element.__dict__.update(zip(members, read(document, *key), strict=True))
            element.parent = parent
            for (name, inner), found in zip(below, keys(key[1], document), strict=True):
                children = tuple(inner(one, document, element) for one in found)
                for index, child in enumerate(children):
                    child.index = index
                setattr(element, name, children)
            return element

        return build

    def answer(self, document: Any, gates: frozenset[str]) -> bytes:
        """Return the answer to a decoded document as a line of JSON.

        Raises
        ------
        NoAnswerError
            if the tables cannot decide.
        """
        memory = self._memories.get(gates)
        if memory is None:
            if len(self._memories) >= MOST_GATES:
                self._memories.clear()
            memory = self._memories[gates] = _Memory(len(self._columns))
        values = self._read_root(document)
        root = None
        pieces = []
        try:
            given = tuple([values[at] for at in self._given])
            found = [
                memory.known(part, keys, given, self, document, values, gates) if keys else ()
                for part, keys in zip(self._parts, self._keys(document), strict=True)
            ]
            for number, column in enumerate(self._columns):
                key = (
                    *[values[at] for at in column.root],
                    *[tuple([signs.columns[number] for signs in found[at]]) for at in column.parts],
                )
                answers = memory.answers[number]
                piece = answers.get(key)
                if piece is None:
                    root = root or self._elements(found, document, values, gates)
                    piece = column.piece(root)
                    memory.add(answers, key, piece)
                if piece:
                    pieces.append(piece)
        except runtime.NoRowError as error:
            raise NoAnswerError(str(error)) from None
        if self._is_object:
            return b'{"out":{' + b",".join(pieces) + b"}}\n"
        return b'{"out":' + pieces[0] + b"}\n"

    def root(self, values: Iterable[Any], gates: frozenset[str]) -> Any:
        """Make a root element without anything below it."""
        element: Any = object.__new__(self._root)
        element.__dict__.update(zip(self._root_members, values, strict=True))
        if self._has_gates:
            element.gates = gates
        return element

    def _elements(
        self, found: list[tuple[_Signs, ...]], document: Any, values: Iterable[Any], gates: frozenset[str]
    ) -> Any:
        root = self.root(values, gates)
        for part, signs in zip(self._parts, found, strict=True):
            setattr(root, part.siblings, tuple(part.elements(signs, document, root)))
        return root


class _Absent:
    """Stands for a part of an answer that is left out."""


_ABSENT = _Absent()


@dataclass
class _Column:
    """A part of an answer: what comes before it, how it is computed, and which of the root and the parts it reads."""

    head: bytes
    write: Callable[[Any], Any]
    root: list[int]
    parts: list[int]

    def piece(self, root: Any) -> bytes:
        """Return the part as JSON; nothing where it is left out."""
        value = self.write(root)
        return b"" if value is _ABSENT else self.head + _ENCODER.encode(value)


@dataclass
class _Part:
    """A collection below the root.

    `beside` gives what its elements read elsewhere in the document; `build` makes an element; `signs` are the
    attributes that the rest of a document reads of it, None if it may read anything; `columns` says which of them each
    part of the answer reads.
    """

    id: str
    siblings: str
    beside: Callable[[Any], tuple[Any, ...]]
    build: Callable[..., Any]
    make: type
    signs: list[str] | None
    columns: list[list[int]]

    def elements(self, found: Iterable[_Signs], document: Any, root: Any) -> Iterator[Any]:
        """Make the elements of one document, from their signs if these are all that matters."""
        new: Callable[[type], Any] = object.__new__
        make = self.make
        for index, signs in enumerate(found):
            if self.signs is None:
                element = self.build(signs.key, document, root)
                element.index = index
            else:
                element = new(make)
                element.__dict__ = {**signs.values, "parent": root, "index": index}
            yield element


class _Signs:
    """What the rest of a document sees of a part, and, as a number, what each part of the answer sees of it.

    There is one object for all parts that look the same. Where anything may be read, `key` is all of the part.
    """

    __slots__ = ("columns", "key", "values")

    def __init__(self, key: Any, values: Mapping[str, Any], columns: list[Any]) -> None:
        self.key, self.values, self.columns = key, values, columns


class _Memory:
    """What is known under one choice of gates."""

    def __init__(self, columns: int) -> None:
        self.answers: list[dict[Any, bytes]] = [{} for _ in range(columns)]
        self._parts: dict[tuple[Any, ...], dict[Any, _Signs]] = {}
        self._signs: dict[Any, _Signs] = {}
        self._numbers: dict[Any, int] = {}
        #: Numbers are never given twice, so that what was forgotten is not mistaken for something else.
        self._count = itertools.count()
        self._known = 0
        self._answered = 0

    def add(self, answers: dict[Any, bytes], key: Any, piece: bytes) -> None:
        """Remember a part of an answer."""
        if self._answered >= MOST_ANSWERS:
            for column in self.answers:
                column.clear()
            self._answered = 0
        self._answered += 1
        answers[key] = piece

    def known(
        self,
        part: _Part,
        keys: list[Any],
        given: tuple[Any, ...],
        compiled: Compiled,
        document: Any,
        root: Any,
        gates: frozenset[str],
    ) -> tuple[_Signs, ...]:
        """Return what a document shows of each element of a part; new ones are looked at."""
        around = (part.id, given, part.beside(document))
        known = self._parts.setdefault(around, {})
        try:
            return tuple([known[key] for key in keys])
        except KeyError:
            return tuple(
                [known.get(key) or self._look(part, around, key, compiled, document, root, gates) for key in keys]
            )

    def _look(
        self,
        part: _Part,
        around: tuple[Any, ...],
        key: Any,
        compiled: Compiled,
        document: Any,
        root: Any,
        gates: frozenset[str],
    ) -> _Signs:
        if self._known >= MOST_PARTS:
            self._parts.clear()
            self._signs.clear()
            self._numbers.clear()
            for column in self.answers:
                column.clear()
            self._known = self._answered = 0
        self._known += 1
        known = self._parts.setdefault(around, {})
        if part.signs is None:
            found = known[key] = _Signs(key, {}, [(around, key)] * len(part.columns))
            return found
        element = part.build(key, document, compiled.root(root, gates))
        values = tuple([getattr(element, name) for name in part.signs])
        seen = self._signs.get((part.id, values))
        if seen is None:
            numbers = self._numbers
            columns = [
                numbers.setdefault((part.id, number, tuple([values[at] for at in column])), next(self._count))
                for number, column in enumerate(part.columns)
            ]
            seen = self._signs[part.id, values] = _Signs(None, dict(zip(part.signs, values, strict=True)), columns)
        known[key] = seen
        return seen


class _Lazy:
    """An attribute that is computed when it is first asked for (`functools.cached_property` locks in Python 3.11)."""

    def __init__(self, function: Callable[[Any], Any], name: str) -> None:
        self.function, self.name = function, name

    def __get__(self, element: Any, _class: type) -> Any:
        value = element.__dict__[self.name] = self.function(element)
        return value


def _fast(class_: type) -> type:
    """Return a class of the generated module without its checks and without values for what is not given."""
    members: dict[str, Any] = {}
    for name, member in vars(class_).items():
        if isinstance(member, cached_property):
            members[name] = _Lazy(member.func, name)
        elif isinstance(member, property) or (isinstance(member, FunctionType) and not name.startswith("__")):
            members[name] = member
    return type(class_.__name__, (), members)


def _columns(out: Output) -> dict[str | None, Output]:
    """Return the parts of an answer that are computed one by one: the values of an object, else the whole."""
    found: dict[str | None, Output] = {}
    if out.kind != "object":
        return {None: out}
    found.update(out.parts.items())
    return found


def _member(target: Target, collection: str, sign: str) -> str:
    role = sign.removeprefix("role ")
    return target.member(collection, sign) if role == sign else target.role(collection, role)


# -------------------------------------------------------------------------------------------------------------- source


def moment(value: datetime | int) -> int:
    """Return seconds since 1970."""
    if isinstance(value, datetime):
        return int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())
    return value


_ENCODER = msgspec.json.Encoder()


class _Writer:
    """Writes the functions that read documents and write answers."""

    def __init__(self, model: Model, need: emit.Needed, target: Target, shape: Shape) -> None:
        self.model, self.need, self.target, self.shape = model, need, target, shape
        self._functions: list[str] = []

    # ---------------------------------------------------------------------------------------------------------- answers

    def answer(self, name: str, out: Output) -> str:
        """Return a function that computes a part of an answer, and those that it needs."""
        first = len(self._functions)
        expressions = Expressions(self.target, self.need.root.id, None, emit.Names(self.target.reserved))
        if out.kind == "when":
            inner = self._output(out.parts[""], ("self",), expressions)
            body = f"{inner} if {self._condition(out, ('self',), expressions)} else _ABSENT"
        else:
            body = self._output(out, ("self",), expressions)
        return "\n".join([*self._functions[first:], f"def {name}(self):\n    return {body}"])

    def _output(self, out: Output, els: tuple[str, ...], write: Expressions) -> str:
        if out.kind == "value":
            if out.formula is None or out.formula.expr.type.kind in ("record", "ref"):
                raise NotCompiledError("an answer that is a whole record")
            return f"({write.expr(out.formula.expr, els).text})"
        if out.kind == "object":
            return "{" + ", ".join(self._entry(key, part, els, write) for key, part in out.parts.items()) + "}"
        if out.kind == "list":
            return "[" + ", ".join(self._item(part, els, write) for part in out.parts.values()) + "]"
        if out.kind == "when":
            return f"({self._output(out.parts[''], els, write)} if {self._condition(out, els, write)} else None)"
        if out.kind in ("each", "keyed"):
            return self._loop(out, els, write)
        raise NotCompiledError(f"an output of the kind {out.kind}")

    def _condition(self, out: Output, els: tuple[str, ...], write: Expressions) -> str:
        assert out.formula is not None
        return f"({write.expr(out.formula.expr, els).text})"

    def _entry(self, key: str, part: Output, els: tuple[str, ...], write: Expressions) -> str:
        if part.kind != "when":
            return f"{key!r}: {self._output(part, els, write)}"
        inner = self._output(part.parts[""], els, write)
        return f"**({{{key!r}: {inner}}} if {self._condition(part, els, write)} else {{}})"

    def _item(self, part: Output, els: tuple[str, ...], write: Expressions) -> str:
        if part.kind == "each":
            return "*" + self._output(part, els, write)
        if part.kind == "when":
            inner = self._output(part.parts[""], els, write)
            return f"*([{inner}] if {self._condition(part, els, write)} else [])"
        return self._output(part, els, write)

    def _loop(self, out: Output, els: tuple[str, ...], write: Expressions) -> str:
        """Write a loop as a function of its own: an iterable may hold assignments there."""
        assert out.scope is not None
        inner = (*els, f"element_{len(els)}")
        items = write.expr(needs.elements(out.scope), els).text
        value = self._output(out.parts[""], inner, write)
        opened, closed = "[", "]"
        if out.kind == "keyed":
            assert out.formula is not None
            opened, closed = f"{{{write.expr(out.formula.expr, inner).text}: ", "}"
        name, parameters = f"loop_{len(self._functions)}", ", ".join(els)
        self._functions.append(
            f"def {name}({parameters}):\n    found = {items}\n"
            f"    return {opened}{value} for {inner[-1]} in found{closed}"
        )
        return f"{name}({parameters})"

    # -------------------------------------------------------------------------------------------------------- documents

    def reader(self, collection: Collection) -> str:
        """Return the function that reads the inputs of an element, as a tuple."""
        paths = _Paths(self.shape, collection)
        values = [self._value(item, paths) for item in local.inputs(self.need, collection.id)]
        name = f"read_{emit.snake(collection.id)}"
        parameters = ["o"]
        if collection.of:
            parameters = ["d", "group", "o", *map(_join, self._joins(collection))]
        head = f"def {name}({', '.join(parameters)}):"
        first = [] if collection.of else ["    d = o"]
        return "\n".join([head, *first, *paths.lines, f"    return ({''.join(value + ', ' for value in values)})"])

    def _joins(self, collection: Collection) -> list[str]:
        return list(emit.needed_joins(self.need, collection))

    def _value(self, item: Field, paths: _Paths) -> str:
        observation = item.observe
        if observation is None:
            return str(self.target.default(item))
        if observation.path == ("~group",):
            return "group"
        if observation.form == "which":
            return _which(item, observation, paths)
        found, nodes = paths.at(observation.path)
        if observation.form == "present":
            return f"{found} is not None"
        if not all(node.is_plain for node in nodes):
            raise NotCompiledError(f"{item.id} reads values of several types")
        if observation.form == "count":
            return f"(0 if {found} is None else len({found}))"
        missing = literal(observation.missing if observation.missing is not None else item.none)
        return f"({missing} if {found} is None else {_converted(item, observation, found, nodes, missing)})"

    def keys(self, parent: Collection) -> str:
        """Return the function that finds the elements of the collections below an object, as a list of each."""
        paths = _Paths(self.shape, parent)
        body: list[str] = []
        children = self.need.children[parent.id]
        for number, collection in enumerate(children):
            body.append(f"    keys_{number} = []")
            for group, path in collection.groups.items():
                body += self._group_lines(collection, group, path, paths, f"keys_{number}")
        found = "".join(f"keys_{number}, " for number in range(len(children)))
        name, parameters, first = f"keys_{emit.snake(parent.id)}", "o, d", []
        if not parent.of:
            name, parameters, first = "keys", "o", ["    d = o"]
        return "\n".join([f"def {name}({parameters}):", *first, *paths.lines, *body, f"    return ({found})"])

    def beside(self, part: Collection) -> str:
        """Return the function that gives, as a tuple, what elements of a part read elsewhere in the document."""
        paths = _Paths(self.shape, self.need.root)
        found: list[str] = []
        inside = [part]
        for collection in inside:
            inside += self.need.children[collection.id]
            for path in self._read(collection, is_part=collection is part):
                if path[:1] == ("/",):
                    variable, nodes = paths.at(path)
                    if not all(node.is_plain for node in nodes):
                        raise NotCompiledError(f"{collection.id} reads values of several types")
                    found.append(variable)
        values = "".join(f"{name}, " for name in dict.fromkeys(found))
        return "\n".join([f"def beside_{emit.snake(part.id)}(d):", *paths.lines, f"    return ({values})"])

    def _read(self, collection: Collection, is_part: bool) -> Iterator[tuple[str, ...]]:
        """Return the paths that elements of a collection read; the lists and joins of a part itself are known."""
        for item in local.inputs(self.need, collection.id):
            if item.observe is not None:
                yield from emit.which_paths(item) if item.observe.form == "which" else [item.observe.path]
        if not is_part:
            joins = emit.needed_joins(self.need, collection).values()
            for source_ in [*collection.groups.values(), *(path for paths in joins for path in paths.values())]:
                yield emit.source_path(source_)[0]

    def _group_lines(self, collection: Collection, group: str, path: str, paths: _Paths, keys: str) -> Iterator[str]:
        """Write the search for the elements of one list."""
        parts, single = emit.source_path(path)
        found, nodes = paths.at(parts)
        if not all(node.is_plain for node in nodes):
            raise NotCompiledError(f"{collection.id} stands among values of other types")
        is_one = single or collection.single
        yield f"    if {found} is not None:" if is_one else f"    if {found}:"
        yield f"        items = ({found},)" if is_one else f"        items = {found}"
        if collection.match:
            key = attribute(collection.match)
            yield f"        items = [item for item in items if item.{key} == o.{key}]"
        if collection.sort:
            by, _, direction = collection.sort.partition(" ")
            order = f"key=lambda item: item.{attribute(by)} or 0, reverse={direction == 'descending'}"
            yield f"        items = sorted(items, {order})"
        yield from ("    " + line for line in self._join_lines(collection, group, paths))
        key = attribute(collection.key) if collection.key else ""
        joined = "".join(f", {_join(join)}.get(item.{key})" for join in self._joins(collection))
        yield f"        {keys} += [({group!r}, item{joined}) for item in items]"

    def _join_lines(self, collection: Collection, group: str, paths: _Paths) -> Iterator[str]:
        for join in self._joins(collection):
            sources = collection.joins[join]
            path = sources.get(group, sources.get("", ""))
            if not path:
                yield f"    {_join(join)} = {{}}"
                continue
            parts, single = emit.source_path(path)
            found, nodes = paths.at(parts)
            if single or not all(node.is_plain for node in nodes):
                raise NotCompiledError(f"{collection.id} is joined with {path}")
            # The first one with a key counts.
            key = attribute(collection.key)
            yield f"    {_join(join)} = {{x.{key}: x for x in reversed({found})}} if {found} else {{}}"


class _Paths:
    """Statements that follow paths from an element `o` in the document `d`; each path is followed once."""

    def __init__(self, shape: Shape, collection: Collection) -> None:
        self.shape, self.collection = shape, collection
        self.lines: list[str] = []
        self._known: dict[tuple[str, ...], str] = {}

    def at(self, path: tuple[str, ...]) -> tuple[str, list[Node]]:
        """Return the variable that holds what stands at a path, and the nodes that it may be."""
        if path in (("/",), ("/", "")):
            raise NotCompiledError("the whole document")
        return self._variable(path), self.shape.start(self.collection, path)

    def _variable(self, path: tuple[str, ...]) -> str:
        if not path:
            return "o"
        if path == ("/",):
            return "d"
        if len(path) == 1 and path[0] in self.collection.joins:
            if not self.collection.of:
                raise NotCompiledError("the root is joined with a list")
            return _join(path[0])
        if path in self._known:
            return self._known[path]
        before, part = self._variable(path[:-1]), path[-1]
        if not all(node.is_plain for node in self.shape.start(self.collection, path[:-1])):
            raise NotCompiledError(f"{'.'.join(path)} stands among values of other types")
        found = self._known[path] = f"v{len(self._known)}"
        key, picks, wanted = part.partition("=")
        value = f"{before}.{attribute(part)}"
        if picks:
            value = f"next((x for x in {before} if x.{attribute(key)} == {wanted!r}), None)"
        self.lines.append(
            f"    {found} = {value}" + ("" if before in ("o", "d") else f" if {before} is not None else None")
        )
        return found


def _join(name: str) -> str:
    return f"join_{emit.snake(name)}"


def _which(item: Field, observation: Observation, paths: _Paths) -> str:
    last = observation.otherwise if observation.otherwise is not None else observation.missing
    found = literal(last if last is not None else item.none)
    for value, path in reversed(observation.which):
        found = f"{literal(value)} if {paths.at(path)[0]} is not None else {found}"
    if observation.absent[0]:
        absent = paths.at(tuple(observation.absent[1].split(".")))[0]
        found = f"{literal(observation.absent[0])} if {absent} is None else {found}"
    return f"({found})"


def _converted(item: Field, observation: Observation, found: str, nodes: list[Node], missing: str) -> str:
    """Return a value that is there, in the field's type."""
    kinds = {kind for node in nodes for kind in node.kinds} - {"given"}
    if observation.map:
        if kinds == {"bool"}:
            values: dict[Any, Any] = {key == "true": value for key, value in observation.map.items()}
        elif kinds <= {"text", "enum"}:
            values = dict(observation.map)
        else:
            raise NotCompiledError(f"{item.id} maps values of several types")
        entries = ", ".join(f"{key!r}: {literal(value)}" for key, value in values.items())
        return f"{{{entries}}}.get({found}, {missing})"
    if item.type.kind == "list":
        inner = {kind for node in nodes if node.item is not None for kind in node.item.kinds}
        if not inner <= _KINDS.get(item.type.name, frozenset()) or item.type.name == "time":
            raise NotCompiledError(f"{item.id} is a list of {item.type.name}")
        return found
    if not kinds <= _KINDS.get(item.type.kind, frozenset()):
        raise NotCompiledError(f"{item.id} is read as {item.type.kind}")
    return f"moment({found})" if item.type.kind == "time" else found
