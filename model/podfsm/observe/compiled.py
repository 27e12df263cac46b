"""A binding compiled to Python: documents that were decoded into the types of `shape` become answers in JSON.

What the tables say is compiled by the generator of Python modules. Around it, two memories make it fast: what a part of
a document shows to the rest of it (its signs, see `local`) is found once per part, and the answer once per tuple of
signs. So a new combination of known containers costs one evaluation of what combines them, and a known one nothing.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from operator import itemgetter
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
from podfsm.language.analysis import own_field
from podfsm.language.model import Binding, Collection, Field, Formula, Model, Observation, Output
from podfsm.observe import local, needs
from podfsm.observe.shape import Node, Shape, attribute

#: Entries of a memory; a full one starts again empty.
MOST_PARTS, MOST_ROWS, MOST_ANSWERS, MOST_GATES = 20_000, 20_000, 50_000, 8

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
        tables |= {name: _fast_record(tables[name]) for name in target.records.values()}
        writer = _Writer(model, need, target, shape)
        outs = _columns(binding.out)
        parts = need.children[need.root.id]
        names = [(item.name, target.member(need.root.id, item.name)) for item in local.inputs(need, need.root.id)]
        self._members = [member for _, member in names]
        splits = [local.split(model, need, needs.of_output(out)) for out in outs.values()]
        given = {name for split in splits for name in split.given}
        text = [writer.answer(f"column_{at}", out) for at, out in enumerate(outs.values())]
        text += map(writer.reader, need.collections)
        reads = [
            _Reads(
                root=[at for at, (field, _) in enumerate(names) if field in split.root],
                parts=[at for at, c in enumerate(parts) if c.id in split.listed or split.signs[c.id]],
            )
            for split in splits
        ]
        around = [at for at, (name, _) in enumerate(names) if name in given]
        text += _answer_lines(_reader_name(need.root), len(parts), around, list(outs.values()), reads, None not in outs)
        exec(compile("\n".join(text), f"<{binding.id} documents>", "exec"), tables)
        self._answer: Callable[[Compiled, _Memory, Any, frozenset[str]], bytes] = tables["answer_document"]
        self._has_gates = bool(need.gates)
        classes = {c.id: _fast(tables[target.classes[c.id]]) for c in need.collections}
        self._root = classes[need.root.id]
        self._parts = [
            _Part(
                number=number,
                siblings=target.children(c.id),
                build=_builder(c, need, target, classes),
                make=classes[c.id],
                columns={
                    at: _seen(model, need, target, c, split)
                    for at, split in enumerate(splits)
                    if number in reads[at].parts
                },
            )
            for number, c in enumerate(parts)
        ]
        self._columns = [
            _Column(
                head=b"" if name is None else _ENCODER.encode(name) + b":",
                write=tables[f"column_{number}"],
                parts=reads[number].parts,
            )
            for number, name in enumerate(outs)
        ]
        #: By the gates that are on: parts, signs and answers that are known.
        self._memories: dict[frozenset[str], _Memory] = {}

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
            memory = self._memories[gates] = _Memory(len(self._parts), len(self._columns))
        try:
            return self._answer(self, memory, document, gates)
        except runtime.NoRowError as error:
            raise NoAnswerError(str(error)) from None

    def look(
        self, memory: _Memory, at: int, given: Any, inputs: Any, values: Any, gates: frozenset[str]
    ) -> tuple[_Look, ...]:
        """Return how the elements of a part look, of which not all are known yet."""
        known = memory.parts.get((at, given))
        if known is None:
            known = memory.parts[at, given] = _Known(self._parts[at])
            memory.elements[at, given] = known.elements
        root = self._element(values, gates)
        return tuple([known.elements.get(one) or memory.look(known, one, root) for one in inputs])

    def row(self, memory: _Memory, at: int, looks: tuple[_Look, ...]) -> _Row:
        """Return what is seen of elements that look so, for each part of the answer, and remember it."""
        row: _Row = [()] * len(self._columns)
        for number in self._parts[at].columns:
            row[number] = tuple([look.signs[number] for look in looks])
        memory.add_row(at, looks, row)
        return row

    def _element(self, values: Iterable[Any], gates: frozenset[str]) -> Any:
        """Make a root element without anything below it."""
        element: Any = object.__new__(self._root)
        element.__dict__ = dict(zip(self._members, values, strict=True))
        if self._has_gates:
            element.gates = gates
        return element

    def piece(
        self, memory: _Memory, number: int, key: Any, rows: tuple[_Row, ...], values: Any, gates: frozenset[str]
    ) -> bytes:
        """Compute a part of an answer, and remember it by its key: JSON, or nothing where it is left out."""
        column = self._columns[number]
        root = self._element(values, gates)
        for at in column.parts:
            part = self._parts[at]
            setattr(root, part.siblings, part.elements(rows[at][number], number, root))
        value = column.write(root)
        piece = b"" if value is _ABSENT else column.head + _ENCODER.encode(value)
        # The elements and the root name each other: nothing but this would free them at once.
        root.__dict__.clear()
        memory.add(number, key, piece)
        return piece


class _Absent:
    """Stands for a part of an answer that is left out."""


_ABSENT = _Absent()


@dataclass
class _Reads:
    """What a part of an answer reads: places of values among the root's inputs, and numbers of parts."""

    root: list[int]
    parts: list[int]


@dataclass
class _Column:
    """A part of an answer: what comes before it, how it is computed, and the parts of the document that it reads."""

    head: bytes
    write: Callable[[Any], Any]
    parts: list[int]


@dataclass
class _Seen:
    """What a part of an answer reads of elements: attributes (None: anything), and the inputs that decide them.

    Unless they are `placed`, elements that look the same are one object, which has neither place nor parent.
    """

    signs: list[str] | None
    pick: Callable[[tuple[Any, ...]], tuple[Any, ...]]
    placed: bool


@dataclass
class _Part:
    """A collection below the root.

    `build` makes an element, of class `make`, of its inputs; `columns` says what parts of the answer, by number, see of
    it.
    """

    number: int
    siblings: str
    build: Callable[[tuple[Any, ...], Any], Any]
    make: type
    columns: dict[int, _Seen]

    def elements(self, found: Iterable[_Signs], column: int, root: Any) -> tuple[Any, ...]:
        """Return the elements of one document as a part of the answer sees them."""
        seen = self.columns[column]
        if not seen.placed:
            return tuple([signs.element for signs in found])
        made = []
        new: Callable[[type], Any] = object.__new__
        for index, signs in enumerate(found):
            if seen.signs is None:
                element = self.build(signs.inputs, root)
                element.index = index
            else:
                element = new(self.make)
                element.__dict__ = {**signs.element.__dict__, "parent": root, "index": index}
            made.append(element)
        return tuple(made)


class _Signs:
    """What a part of the answer sees of an element; there is one object for all elements that look the same.

    `element` has the signs alone. Where anything may be read it is None, and `inputs` are those of one such element.
    """

    __slots__ = ("element", "inputs")

    def __init__(self, element: Any, inputs: Any = None) -> None:
        self.element, self.inputs = element, inputs


class _Look:
    """What each part of the answer, by number, sees of an element; one object for all elements that look the same."""

    __slots__ = ("signs",)

    def __init__(self, signs: tuple[Any, ...]) -> None:
        self.signs = signs


_Row = list[tuple[_Signs, ...]]
"""What the parts of the answer see of the elements of one part of a document, by number."""


class _Known:
    """Elements of one part that are known, where the same is around them, and how they look."""

    def __init__(self, part: _Part) -> None:
        self.part = part
        self.elements: dict[Any, _Look] = {}
        #: By the number of a part of the answer, and by what it reads of an element.
        self.seen: dict[int, dict[Any, _Signs]] = {number: {} for number in part.columns}


class _Memory:
    """What is known under one choice of gates: elements, by what is around them, lists of them, and parts of answers.

    `rows` are by the number of a part, and by how its elements look; `answers` by the number of a part of the answer.
    `elements` are those of `parts`.
    """

    def __init__(self, parts: int, columns: int) -> None:
        self.rows: list[dict[Any, _Row]] = [{} for _ in range(parts)]
        self.answers: list[dict[Any, bytes]] = [{} for _ in range(columns)]
        self.parts: dict[Any, _Known] = {}
        self.elements: dict[Any, dict[Any, _Look]] = {}
        self._looks: dict[tuple[Any, ...], _Look] = {}
        self._signs: dict[Any, _Signs] = {}
        self._count = self._listed = self._answered = 0

    def add_row(self, part: int, key: Any, row: _Row) -> None:
        """Remember what is seen of a list of elements."""
        if self._listed >= MOST_ROWS:
            self._forget_rows()
        self._listed += 1
        self.rows[part][key] = row

    def add(self, column: int, key: Any, piece: bytes) -> None:
        """Remember a part of an answer."""
        if self._answered >= MOST_ANSWERS:
            self._forget_answers()
        self._answered += 1
        self.answers[column][key] = piece

    def _forget_rows(self) -> None:
        for part in self.rows:
            part.clear()
        self._listed = 0

    def _forget_answers(self) -> None:
        for column in self.answers:
            column.clear()
        self._answered = 0

    def look(self, known: _Known, inputs: tuple[Any, ...], root: Any) -> _Look:
        """Look at a new element; `root` has no elements, since nothing that is remembered may depend on them."""
        if self._count >= MOST_PARTS:
            for memory in (self.parts, self.elements, self._looks, self._signs):
                memory.clear()
            self._forget_rows()
            self._forget_answers()
            self._count = 0
        self._count += 1
        part = known.part
        found: list[Any] = [None] * len(self.answers)
        for column, seen in part.columns.items():
            # Elements that differ in what this part of the answer does not read are the same to it.
            key = seen.pick(inputs)
            signs = known.seen[column].get(key)
            if signs is None:
                signs = known.seen[column][key] = self._see(part, column, seen, inputs, root)
            found[column] = signs
        key = (part.number, *found)
        look = self._looks.get(key)
        if look is None:
            look = self._looks[key] = _Look(tuple(found))
        known.elements[inputs] = look
        return look

    def _see(self, part: _Part, column: int, seen: _Seen, inputs: tuple[Any, ...], root: Any) -> _Signs:
        if seen.signs is None:
            return _Signs(None, inputs)
        element = part.build(inputs, root)
        values = tuple([getattr(element, name) for name in seen.signs])
        key = (part.number, column, values)
        found = self._signs.get(key)
        if found is None:
            shown: Any = object.__new__(part.make)
            shown.__dict__.update(zip(seen.signs, values, strict=True))
            found = self._signs[key] = _Signs(shown)
        return found


def _seen(model: Model, need: emit.Needed, target: Target, part: Collection, split: local.Split) -> _Seen:
    """Find out what a part of the answer sees of the elements of a collection below the root."""
    if part.id in split.open:
        return _Seen(None, tuple, True)
    signs = sorted(split.signs[part.id])
    formulas, members = [], []
    for sign in signs:
        role = sign.removeprefix("role ")
        if role != sign:
            formulas.append(part.roles[role])
            members.append(target.role(part.id, role))
        else:
            formulas.append(Formula(sign, own_field(model.fields[part.id][sign]), part.place))
            members.append(target.member(part.id, sign))
    read = emit.needed(model, (), formulas)
    wanted = {item.name for item in local.inputs(read, part.id)} if part in read.collections else set()
    pick = _picker(at for at, item in enumerate(local.inputs(need, part.id)) if item.name in wanted)
    below = {c.id for c in read.collections}
    if any(c.id in below for c in need.children[part.id]):
        return _Seen(members, lambda inputs: (pick(inputs[0]), inputs[1:]), split.placed)
    return _Seen(members, lambda inputs: pick(inputs[0]), split.placed)


def _picker(places: Iterable[int]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """Return the function that picks the values at some places of a tuple, as a tuple."""
    wanted = list(places)
    if not wanted:
        return lambda _: ()
    get = itemgetter(*wanted)
    return get if len(wanted) > 1 else lambda values: (get(values),)


def _builder(
    collection: Collection, need: emit.Needed, target: Target, classes: Mapping[str, type]
) -> Callable[[tuple[Any, ...], Any], Any]:
    """Return a function that makes an element of its inputs and its parent, with all elements below it."""
    class_ = classes[collection.id]
    members = [target.member(collection.id, item.name) for item in local.inputs(need, collection.id)]
    below = [(target.children(c.id), _builder(c, need, target, classes)) for c in need.children[collection.id]]

    def build(inputs: tuple[Any, ...], parent: Any) -> Any:
        element: Any = object.__new__(class_)
        element.__dict__.update(zip(members, inputs[0], strict=True))
        element.parent = parent
        for (name, inner), found in zip(below, inputs[1:], strict=True):
            children = tuple([inner(one, element) for one in found])
            for index, child in enumerate(children):
                child.index = index
            setattr(element, name, children)
        return element

    return build


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


class _Record:
    """Results of a table; those that a row leaves out are attributes of the class."""

    def __init__(self, **results: Any) -> None:
        self.__dict__ = results


def _fast_record(class_: type) -> type:
    """Return a class that is made faster than a data class."""
    fields = class_.__dataclass_fields__  # type: ignore[attr-defined]  # a record of a generated module
    return type(class_.__name__, (_Record,), {name: vars(class_)[name] for name in fields if name in vars(class_)})


# -------------------------------------------------------------------------------------------------------------- source


def moment(value: datetime | int) -> int:
    """Return seconds since 1970."""
    if isinstance(value, datetime):
        return int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())
    return value


_ENCODER = msgspec.json.Encoder()


def _answer_lines(
    reader: str, parts: int, around: list[int], outs: list[Output], reads: list[_Reads], is_object: bool
) -> Iterator[str]:
    """Write the function that answers a document from memory, and asks `Compiled` for what is not known."""
    yield f"_NOTHING, _EMPTY = {{}}, [()] * {len(outs)}"
    yield "def answer_document(compiled, memory, d, gates):"
    yield f"    values, {''.join(f'in_{at}, ' for at in range(parts))}= {reader}(d)"
    yield f"    given = ({_values(around)})"
    for at in range(parts):
        yield f"    if in_{at}:"
        yield f"        elements = memory.elements.get(({at}, given), _NOTHING)"
        yield "        try:"
        yield f"            looks = tuple([elements[one] for one in in_{at}])"
        yield "        except KeyError:"
        yield f"            looks = compiled.look(memory, {at}, given, in_{at}, values, gates)"
        yield f"        row_{at} = memory.rows[{at}].get(looks)"
        yield f"        if row_{at} is None:"
        yield f"            row_{at} = compiled.row(memory, {at}, looks)"
        yield "    else:"
        yield f"        row_{at} = _EMPTY"
    rows = "".join(f"row_{at}, " for at in range(parts))
    for number, read in enumerate(reads):
        yield f"    key = ({_values(read.root)}{''.join(f'row_{at}[{number}], ' for at in read.parts)})"
        yield f"    piece_{number} = memory.answers[{number}].get(key)"
        yield f"    if piece_{number} is None:"
        yield f"        piece_{number} = compiled.piece(memory, {number}, key, ({rows}), values, gates)"
    found = "".join(f"piece_{number}, " for number in range(len(outs)))
    may_lack = any(out.kind == "when" for out in outs)
    found = f"[piece for piece in ({found}) if piece]" if may_lack else f"({found})"
    opened, closed = (b'{"out":{', b"}}\n") if is_object else (b'{"out":', b"}\n")
    yield f"    return {opened!r} + b','.join({found}) + {closed!r}"


def _values(places: Iterable[int]) -> str:
    return "".join(f"values[{at}], " for at in places)


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
        """Return the function that reads an element: a tuple of its inputs, and for each collection below, theirs."""
        paths = _Paths(self.shape, collection)
        values = "".join(f"{self._value(item, paths)}, " for item in local.inputs(self.need, collection.id))
        body: list[str] = []
        below = []
        for number, child in enumerate(self.need.children[collection.id]):
            # It is a key of the memory.
            body.append(f"    found_{number} = ()")
            for group, path in child.groups.items():
                body += self._group_lines(child, group, path, paths, f"found_{number}")
            below.append(f"found_{number}")
        parameters = ["d", "group", "o", *map(_join, self._joins(collection))] if collection.of else ["d"]
        first = [] if collection.of else ["    o = d"]
        head = f"def {_reader_name(collection)}({', '.join(parameters)}):"
        result = "".join(f"{part}, " for part in [f"({values})", *below])
        return "\n".join([head, *first, *paths.lines(), *body, f"    return ({result})"])

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

    def _group_lines(
        self, collection: Collection, group: str, path: str, paths: _Paths, found_name: str
    ) -> Iterator[str]:
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
        element = f"{_reader_name(collection)}(d, {group!r}, item{joined})"
        yield f"        {found_name} += tuple([{element} for item in items])"

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
        self._known: dict[tuple[str, ...], str] = {}
        #: By the variable that a step starts from: the variable that it gives, and the part of a path that it follows.
        self._steps: dict[str, dict[str, str]] = {}

    def at(self, path: tuple[str, ...]) -> tuple[str, list[Node]]:
        """Return the variable that holds what stands at a path, and the nodes that it may be."""
        if path in (("/",), ("/", "")):
            raise NotCompiledError("the whole document")
        return self._variable(path), self.shape.start(self.collection, path)

    def lines(self) -> Iterator[str]:
        """Yield the statements: what is missing is looked at once for all that stands in it."""
        known = set(self._known.values())
        for start in [start for start in self._steps if start not in known]:
            yield from self._below(start, "    ")

    def _below(self, start: str, indent: str) -> Iterator[str]:
        steps = self._steps.get(start, {})
        if not steps:
            return
        if start not in ("o", "d"):
            yield f"{indent}if {start} is None:"
            yield f"{indent}    {' = '.join(self._all_below(start))} = None"
            yield f"{indent}else:"
            indent += "    "
        for found, part in steps.items():
            key, picks, wanted = part.partition("=")
            if picks:
                yield f"{indent}for {found} in {start}:"
                yield f"{indent}    if {found}.{attribute(key)} == {wanted!r}:"
                yield f"{indent}        break"
                yield f"{indent}else:"
                yield f"{indent}    {found} = None"
            else:
                yield f"{indent}{found} = {start}.{attribute(part)}"
            yield from self._below(found, indent)

    def _all_below(self, start: str) -> Iterator[str]:
        for found in self._steps.get(start, {}):
            yield found
            yield from self._all_below(found)

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
        self._steps.setdefault(before, {})[found] = part
        return found


def _reader_name(collection: Collection) -> str:
    return f"read_{emit.snake(collection.id)}"


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
