"""Elements from a JSON object: the observations, joins and lists of the tables as Python statements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from podfsm.generate import emit
from podfsm.generate.emit import Names, snake
from podfsm.generate.python import code
from podfsm.generate.python.code import Code
from podfsm.language.model import Collection, Field, Type

if TYPE_CHECKING:
    from podfsm.generate.python.target import Target

_READERS: Mapping[str, str] = {"number": "whole", "text": "string", "enum": "string", "bool": "truth", "time": "moment"}
_NOTHING = Code("None")


@dataclass
class Reader:
    """How one collection is read: parameters behind the object, and the statements.

    `arguments` says what each caller passes: "document", "group", or the name of a join.
    """

    arguments: list[str]
    parameters: list[str]
    lines: list[str] = field(default_factory=list)


class Reading:
    """Writes the reader of one collection.

    Parameters
    ----------
    target
        Names and types of the module.
    collection
        The collection whose elements are read.
    readers
        Readers of the collections below it.
    """

    def __init__(self, target: Target, collection: Collection, readers: Mapping[str, Reader]) -> None:
        self.target, self.collection, self.readers = target, collection, readers
        self.names = Names([*target.reserved, "cls", "gates", "given", "key"])
        self.names.add(("found",), "found")
        self._nodes: dict[tuple[str, ...], str] = {}
        self._lines: list[str] = []
        self._used: set[str] = set()
        #: Variables that may be None.
        self._maybe: set[str] = set()
        self._joins = emit.needed_joins(target.need, collection)

    def reader(self) -> Reader:
        """Return the reader; parameters that nothing needs are left out."""
        need, collection = self.target.need, self.collection
        joins = self._joins if collection.of else {}
        for join in joins:
            self._maybe.add(self.names.add(("join", join), snake(join)))
        fields = [(f, self._value(f)) for f in need.inputs(collection.id) if not is_index(f)]
        arguments = [(self.target.member(collection.id, f.name), value) for f, value in fields]
        arguments += [(self.target.children(c.id), self._children(c)) for c in need.children[collection.id]]
        if not collection.of:
            arguments.append(("gates", Code("gates")))
        found = Reader([], [])
        for name in ("document", "group"):
            if name in self._used:
                found.arguments.append(name)
                found.parameters.append(f"{self.names[name,]}: Any")
        for join in joins:
            found.arguments.append(join)
            found.parameters.append(f"{self.names['join', join]}: Any")
        built = code.call("cls", *(value for _, value in arguments), names=[name for name, _ in arguments])
        found.lines = [*self._lines, *code.lines("return ", built)]
        return found

    def _use(self, parameter: str) -> str:
        self._used.add(parameter)
        return self.names.add((parameter,), parameter)

    # ------------------------------------------------------------------------------------------------------------ paths

    def _at(self, path: tuple[str, ...]) -> str:
        """Return the variable that holds what a path leads to; what leads there is read once."""
        if not path:
            return self.names["found",]
        if path == ("/", "") or path == ("/",):
            return self._use("document")
        if len(path) == 1 and path[0] in self._joins:
            return self._join(path[0])
        found = self._nodes.get(path)
        if found is None:
            parent = self._at(path[:-1])
            wanted = "_".join(snake(part) or "part" for part in path if part != "/")
            found = self._nodes[path] = self.names.add(("node", path), wanted)
            before = emit.path_text(path[:-1]) or "."
            value = code.call(self.target.use("member"), Code(parent), _text(path[-1]), _text(before))
            if parent in self._maybe:
                value = _unless_missing(_NOTHING, Code(parent), value)
            self._maybe.add(found)
            self._lines += code.lines(f"{found} = ", value)
        return found

    def _join(self, name: str) -> str:
        """Return the object that a join gives: a parameter; the root finds its own."""
        if self.collection.of:
            return self.names["join", name]
        if (name,) not in self._nodes:
            value = self._joined(self.collection, name, "", "found")
            self._nodes[name,] = self.names.add(("join", name), snake(name))
            self._maybe.add(self._nodes[name,])
            self._lines += code.lines(f"{self._nodes[name,]} = ", value)
        return self._nodes[name,]

    # ----------------------------------------------------------------------------------------------------------- fields

    def _value(self, item: Field) -> Code:
        """Return the value of an observed field."""
        if item.observe is None:
            return Code(self.target.default(item))
        form = item.observe.form
        if form == "which":
            return self._which(item)
        if item.observe.path == ("~group",):
            return Code(self._use("group"))
        found = Code(self._at(item.observe.path))
        if form == "present":
            return Code(f"{found.text} is not None", code.COMPARE)
        if form == "count":
            return code.call(self.target.use("count"), found)
        return self._converted(item, found)

    def _converted(self, item: Field, found: Code) -> Code:
        observation = item.observe
        assert observation is not None
        missing = Code(code.literal(observation.missing if observation.missing is not None else item.none))
        if observation.map:
            values = ", ".join(f"{code.quote(k)}: {code.literal(v)}" for k, v in observation.map.items())
            return _unless_missing(
                missing, found, code.call(self.target.use("mapped"), found, Code(f"{{{values}}}"), missing)
            )
        path = _text(emit.path_text(observation.path) or ".")
        if item.type.kind == "list":
            return self._listed(item.type, found, path, missing)
        reader = _READERS.get(item.type.kind)
        if reader is None:
            return found if missing == _NOTHING else _unless_missing(missing, found, found)
        return _unless_missing(missing, found, code.call(self.target.use(reader), found, path))

    def _listed(self, type_: Type, found: Code, path: Code, missing: Code) -> Code:
        items = code.call(self.target.use("items"), found, path)
        reader = _READERS.get(type_.name)
        value = Code("value")
        if reader is not None:
            value = code.call(self.target.use(reader), value, path)
            read = code.comprehension("tuple", value, "value", items.text, ())
        else:
            read = code.call("tuple", items)
        return read if missing.text == "()" else _unless_missing(missing, found, read)

    def _which(self, item: Field) -> Code:
        observation = item.observe
        assert observation is not None
        last = observation.otherwise if observation.otherwise is not None else observation.missing
        found = Code(code.literal(last if last is not None else item.none))
        for value, path in reversed(observation.which):
            asked = Code(f"{self._at(path)} is not None", code.COMPARE)
            found = code.conditional(asked, Code(code.literal(value)), found)
        if observation.absent[0]:
            asked = Code(f"{self._at(tuple(observation.absent[1].split('.')))} is None", code.COMPARE)
            found = code.conditional(asked, Code(code.literal(observation.absent[0])), found)
        return found

    # --------------------------------------------------------------------------------------------------------- children

    def _children(self, child: Collection) -> Code:
        """Return a tuple of the elements of a collection below this one."""
        if len(child.groups) == 1:
            return self._group("tuple", child, *next(iter(child.groups.items())))
        groups = [self._group("", child, group, path) for group, path in child.groups.items()]
        return code.call("", *map(code.unpacked, groups)) if groups else Code("()")

    def _group(self, function: str, child: Collection, group: str, path: str) -> Code:
        reader = self.readers[child.id]
        source = self._source(child, path)
        arguments = [Code("item")]
        for name in reader.arguments:
            if name == "document":
                arguments.append(Code(self._use("document")))
            elif name == "group":
                arguments.append(Code(code.quote(group)))
            else:
                arguments.append(self._joined(child, name, group))
        value = code.call(f"{self.target.classes[child.id]}.{READ}", *arguments)
        return code.comprehension(function, value, "item", source.text, ())

    def _source(self, child: Collection, path: str) -> Code:
        """Return the objects of a list, as far as they belong to this element, in order."""
        parts, single = emit.source_path(path)
        found = Code(self._at(parts))
        one = single or child.single
        found = code.call(self.target.use("single"), found) if one else self._list(found, parts)
        if child.match:
            found = code.call(self.target.use("matching"), found, _text(child.match), Code(self.names["found",]))
        if child.sort:
            by, _, direction = child.sort.partition(" ")
            found = code.call(self.target.use("ordered"), found, _text(by), Code(repr(direction == "descending")))
        if child.key:
            found = code.call(self.target.use("objects"), found, _text(emit.path_text(parts)))
        return found

    def _list(self, found: Code, parts: tuple[str, ...]) -> Code:
        return code.call(self.target.use("items"), found, _text(emit.path_text(parts)))

    def _joined(self, child: Collection, join: str, group: str, item: str = "item") -> Code:
        """Return what a join gives to an element of a group: the list is found once, for all of them."""
        paths = child.joins[join]
        path = paths.get(group, paths.get("", ""))
        if not path:
            return Code("None")
        parts, single = emit.source_path(path)
        key = ("list", child.id, join, path)
        if key not in self._nodes:
            source = Code(self._at(parts))
            values = code.call(self.target.use("single"), source) if single else self._list(source, parts)
            self._nodes[key] = self.names.add(key, f"{self._at(parts)}_list")
            self._lines += code.lines(f"{self._nodes[key]} = ", values)
        return code.call(self.target.use("entry"), Code(self._nodes[key]), _text(child.key), Code(item))


#: Name of the class method that reads an element below the root.
READ = "_from_json"


def is_index(item: Field) -> bool:
    """Tell whether a field is the place of its element in the list."""
    return item.observe is not None and item.observe.path == ("~index",)


def _text(value: str) -> Code:
    return Code(code.quote(value))


def _unless_missing(missing: Code, found: Code, value: Code) -> Code:
    return code.conditional(Code(f"{found.text} is None", code.COMPARE), missing, value)
