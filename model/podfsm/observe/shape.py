"""What a binding reads of a JSON document, as types: decoding checks every field, and says where one is wrong.

The types come from the tables alone: each field, collection and join names a path, and the paths make a tree. A null is
a missing value, as in Kubernetes; a list that is missing is None, an empty one is ``()``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Annotated, Any

import msgspec

from podfsm.errors import PodfsmError
from podfsm.generate import emit
from podfsm.language.model import Binding, Collection, Model, Observation, Type

#: Most items of one list; tables compare the objects of a list with each other, so longer ones would take forever.
MAX_OBJECTS, MAX_VALUES = 500, 10_000

#: Kubernetes has no larger numbers (int64).
_WHOLE = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


#: The key of a document under which it sets feature gates.
GATES = "gates"


class Given:
    """Stands for a value of which only the presence counts."""


GIVEN = Given()

#: A list that is missing, where lists are left undecoded.
NULL = msgspec.Raw(b"null")

_SCALARS: Mapping[str, tuple[Any, ...]] = {
    "text": (str,),
    "enum": (str,),
    "number": (_WHOLE,),
    "bool": (bool,),
    # A time may be given as seconds since 1970.
    "time": (datetime, _WHOLE),
    "gates": (dict[str, bool],),
}


@dataclass
class Node:
    """What stands at one path: an object with `keys`, a list of `item`, values of `kinds`, or several of these."""

    keys: dict[str, Node] = field(default_factory=dict)
    item: Node | None = None
    kinds: set[str] = field(default_factory=set)

    @property
    def is_plain(self) -> bool:
        """Whether only one sort of value may stand here, so that nobody need look which one it is."""
        kinds = {"text" if kind == "enum" else kind for kind in self.kinds - {"given"}}
        return len(kinds) + bool(self.keys) + (self.item is not None) <= 1

    def key(self, name: str) -> Node:
        """Return the node under a key."""
        return self.keys.setdefault(name, Node())

    def items(self) -> Node:
        """Return the node of the items of the list that stands here."""
        self.item = self.item or Node()
        return self.item

    def at(self, path: Iterable[str]) -> Node:
        """Return the node that a path leads to; a part ``type=Ready`` picks an item of a list by a text."""
        node = self
        for part in path:
            name, picks, _ = part.partition("=")
            if picks:
                node = node.items()
                node.key(name).kinds.add("text")
            else:
                node = node.key(part)
        return node


class Shape:
    """The type of the documents of a binding.

    Parameters
    ----------
    model
        The tables, as the binding reads them (`needs.bound`).
    binding
        The binding.
    need
        The fields that are checked.
    more
        Paths of texts that are read as well.
    in_pieces
        Leave lists of objects undecoded; `pieces` has their types then, by the identity of their nodes.
    """

    def __init__(
        self,
        model: Model,
        binding: Binding,
        need: emit.Needed,
        more: Iterable[tuple[str, ...]] = (),
        in_pieces: bool = False,
    ) -> None:
        self.model, self.binding = model, binding
        self.document = Node()
        self.pieces: dict[int, Any] = {}
        self._in_pieces = in_pieces
        self.collections = {collection.id: collection for collection in need.collections}
        self._nodes: dict[str, list[Node]] = {need.root.id: [self.document]}
        self._steps: Node | None = None
        for collection in need.collections:
            self._collection(collection)
        for collection in need.collections:
            for item in need.fields[collection.id]:
                if item.observe is not None and emit.is_input(item):
                    self._observation(collection, item.type, item.observe)
        self.document.key(GATES).kinds.add("gates")
        for path in binding.gates.values():
            self.document.at(path).kinds.add("bool")
        _add((self.document.at(path) for path in more), "text")
        if binding.script is not None:
            self._script(binding)
        self.type = self._type(self.document, "in")

    # ------------------------------------------------------------------------------------------------------------ paths

    def _collection(self, collection: Collection) -> None:
        """Find where the elements of a collection stand."""
        if not collection.of:
            return
        parent = self.collections[collection.of]
        found: list[Node] = []
        for path in collection.groups.values():
            parts, single = emit.source_path(path)
            nodes = self.start(parent, parts)
            found += nodes if single or collection.single else [node.items() for node in nodes]
        self._nodes[collection.id] = found
        if collection.key:
            self._each(found, collection.key, "text")
        if collection.match:
            self._each(found, collection.match, "text")
            self._each(self._nodes[parent.id], collection.match, "text")
        if collection.sort:
            self._each(found, collection.sort.partition(" ")[0], "number")

    def _each(self, nodes: Iterable[Node], key: str, kind: str) -> None:
        for node in nodes:
            node.key(key).kinds.add(kind)

    def start(self, collection: Collection, path: tuple[str, ...]) -> list[Node]:
        """Return the nodes that a path from an element of a collection leads to."""
        if path[:1] == ("/",):
            return [self.document.at(part for part in path[1:] if part)]
        if path in (("~group",), ("~index",)):
            return []
        if path and path[0] in collection.joins:
            return [node.at(path[1:]) for node in self._joined(collection, path[0])]
        return [node.at(path) for node in self._nodes[collection.id]]

    def _joined(self, collection: Collection, join: str) -> list[Node]:
        parent = self.collections[collection.of] if collection.of else collection
        found: list[Node] = []
        for path in collection.joins[join].values():
            if not path:
                continue
            parts, single = emit.source_path(path)
            nodes = self.start(parent, parts)
            found += nodes if single else [node.items() for node in nodes]
        self._each(found, collection.key, "text")
        return found

    def _observation(self, collection: Collection, type_: Type, observation: Observation) -> None:
        if observation.form == "which":
            paths = [path for _, path in observation.which]
            if observation.absent[0]:
                paths.append(tuple(observation.absent[1].split(".")))
            for path in paths:
                _add(self.start(collection, path), "given")
            return
        nodes = self.start(collection, observation.path)
        if observation.form == "present":
            _add(nodes, "given")
        elif observation.form == "count" or type_.kind == "list":
            _add([node.items() for node in nodes], type_.name if type_.kind == "list" else "given")
        elif observation.map:
            _add(nodes, "bool" if observation.map.keys() <= {"true", "false"} else "text")
        else:
            _add(nodes, type_.kind)

    def _script(self, binding: Binding) -> None:
        """Add what a script reads of each of its steps."""
        script = binding.script
        assert script is not None
        root = self.collections[next(iter(self._nodes))]
        self._steps = self.document.at(script.steps)
        steps = self._steps.items()
        # The paths of a step start at the step, which stands in for the root.
        kept, self._nodes[root.id] = self._nodes[root.id], [steps]
        stand_in = replace(root, joins={})
        for name, observation in script.observe.items():
            collection, _, short = name.partition(".")
            self._observation(stand_in, self.model.fields[collection][short].type, observation)
        for type_, observation in script.arguments.values():
            self._observation(stand_in, type_, observation)
        if script.word is not None:
            self._observation(stand_in, Type("text"), script.word)
        self._nodes[root.id] = kept

    # ------------------------------------------------------------------------------------------------------------ types

    def _type(self, node: Node, name: str) -> Any:
        if self._in_pieces and node.item is not None and node.item.keys:
            self._in_pieces = False
            self.pieces[id(node)] = self._type(node, name) | None
            self._in_pieces = True
            return msgspec.Raw
        found: list[Any] = []
        if node.keys:
            found.append(self._struct(node, name))
        if node.item is not None:
            most = msgspec.Meta(max_length=MAX_OBJECTS if node.item.keys and node is not self._steps else MAX_VALUES)
            inner = self._type(node.item, name)
            found.append(Annotated[tuple[inner, ...], most])  # type: ignore[valid-type]  # made at run time
        kinds = node.kinds - {"given"}
        if kinds - _SCALARS.keys():
            return Any
        if {"text", "enum"} & kinds:
            kinds -= {"time"}
        found += [one for kind in _SCALARS if kind in kinds for one in _SCALARS[kind]]
        return reduce(or_, dict.fromkeys(found)) if found else Given

    def _struct(self, node: Node, name: str) -> Any:
        types = ((attribute(key), self._type(inner, key)) for key, inner in node.keys.items())
        fields = [(key, type_, NULL) if type_ is msgspec.Raw else (key, type_ | None, None) for key, type_ in types]
        rename = {attribute(key): key for key in node.keys}
        return msgspec.defstruct(name, fields, frozen=True, omit_defaults=True, rename=rename, gc=False)


def attribute(key: str) -> str:
    """Return the attribute that holds a key of an object; different keys have different ones."""
    return "j_" + re.sub(r"[^A-Za-z0-9]", lambda sign: f"_{ord(sign[0]):x}_", key)


def _add(nodes: Iterable[Node], kind: str) -> None:
    for node in nodes:
        node.kinds.add(kind)


# ------------------------------------------------------------------------------------------------------------ documents


def decoder(shape: Shape) -> Callable[[bytes], Any]:
    """Return the function that decodes a line ``{"in": document}``; it raises PodfsmError where a line is not so."""
    line: Any = msgspec.defstruct("line", [("document", shape.type)], rename={"document": "in"}, gc=False)
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(line, dec_hook=given).decode

    def document(text: bytes) -> Any:
        try:
            # What is skipped is not looked at by msgspec.
            if not text.isascii():
                text.decode()
            return decode(text).document
        except UnicodeDecodeError as error:
            raise PodfsmError(f"this is not UTF-8 (byte {error.start}); write the line as UTF-8") from None
        except msgspec.ValidationError as error:
            raise PodfsmError(_wrong(str(error))) from None
        except msgspec.DecodeError as error:
            raise PodfsmError(f"this is not JSON: {_lower(str(error).removeprefix('JSON is malformed: '))}") from None
        except RecursionError:
            raise PodfsmError("this is nested too deeply; mend the brackets") from None

    return document


def plain(document: Any) -> dict[str, Any]:
    """Return a decoded document as JSON objects and lists, without what no table reads."""
    found: dict[str, Any] = msgspec.json.decode(_ENCODER.encode(document))
    return found


#: What is only given is written as true.
_ENCODER = msgspec.json.Encoder(enc_hook=lambda _: True)


def getter(path: Iterable[str]) -> Callable[[Any], Any]:
    """Return the function that follows keys in a decoded document; it gives None where something is missing."""
    attributes = [attribute(key) for key in path]

    def get(found: Any) -> Any:
        for name in attributes:
            if found is None:
                return None
            found = getattr(found, name)
        return found

    return get


def given(type_: type, _value: Any) -> Any:
    """Stand for any value of which only the presence counts: the hook of decoders."""
    assert type_ is Given
    return GIVEN


_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a string",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
    "datetime": "a time",
}


def _wrong(message: str) -> str:
    """Say what msgspec found wrong in JSON's words, with the path first."""
    what, _, path = message.partition(" - at `$")
    path = path.removesuffix("`").removeprefix(".")
    found = re.fullmatch(r"Expected `(.*)`, got `(\w+)`", what)
    if found:
        wanted = [_WORDS.get(word, word) for word in found[1].split(" | ") if word != "null" or found[1] == "null"]
        got = {"bool": "a boolean", "datetime": "a string"}.get(found[2]) or _WORDS.get(found[2], found[2])
        what = f"expected {' or '.join(dict.fromkeys(wanted))}, found {got}"
    elif "required field" in what:
        what = 'there is no `in`; write {"in": {...}}'
    elif "encoded datetime" in what:
        what = "expected a time, found another string"
    elif "of length" in what:
        what = f"this list is too long: {_lower(what)}"
    elif "out of range" in what or "`int` >=" in what or "`int` <=" in what:
        what = "this number is too large"
    else:
        what = _lower(what)
    return f"{path}: {what}" if path else what


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
