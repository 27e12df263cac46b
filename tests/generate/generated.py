"""What tests of generated Python share: modules made from tables, elements made from the interpreter's worlds."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from podfsm.generate import emit
from podfsm.generate.python.module import source
from podfsm.generate.python.reading import is_index
from podfsm.generate.python.target import Target
from podfsm.language.load import load
from podfsm.language.model import Field, Model
from podfsm.language.world import Element, World

_numbers = itertools.count()


def tables_from(directory: Path, text: str) -> Model:
    """Load tables that are written as one file into an empty directory."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "tables.yaml").write_text(text)
    return load(directory)


def imported(path: Path) -> ModuleType:
    """A module from a file, under a name of its own."""
    name = f"generated_{next(_numbers)}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


class Generated:
    """A generated module, its tables, and how the two call things."""

    def __init__(self, model: Model, directory: Path, tables: Iterable[str] | None = None) -> None:
        self.model = model
        self.tables = tuple(tables if tables is not None else emit.chosen_tables(model))
        self.need = emit.needed(model, self.tables)
        self.target = Target(model, self.need, frozenset())
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / "generated.py"
        self.path.write_text(source(model, self.tables), encoding="utf-8")
        self.module = imported(self.path)

    def read(self, document: Mapping[str, Any], gates: frozenset[str]) -> Any:
        """The root element, read from a document."""
        options = {"gates": gates} if self.need.gates else {}
        return getattr(self.module, self.target.classes[self.need.root.id]).from_json(document, **options)

    def copied(self, world: World) -> Any:
        """The root element with the values that the interpreter's world has at the moment."""
        return self._copy(world.root, world.program.gates)

    def reached(self, world: World) -> Any:
        """The root element as in an explored state: what the state holds replaces what a document would give."""
        root = self.copied(world)
        for element, other in self.pairs(world, root):
            for field in self.need.fields[element.collection.id]:
                if not emit.is_input(field) and (field.variable is not None or field.explored is not None):
                    # The elements are frozen; a remembered value is found before it would be computed.
                    vars(other)[self.target.member(field.collection, field.name)] = element.get(field.name)
        return root

    def _copy(self, element: Element, gates: frozenset[str]) -> Any:
        collection = element.collection.id
        values = {
            self.target.member(collection, field.name): self._value(element.get(field.name), field)
            for field in self.need.inputs(collection)
            if not is_index(field)
        }
        for child in self.need.children[collection]:
            inner = element.children_of(child.id)
            values[self.target.children(child.id)] = tuple(self._copy(one, gates) for one in inner)
        if not element.collection.of and self.need.gates:
            values["gates"] = gates
        return getattr(self.module, self.target.classes[collection])(**values)

    def _value(self, value: Any, field: Field) -> Any:
        return tuple(value) if field.type.kind == "list" else value

    def pairs(self, world: World, root: Any) -> list[tuple[Element, Any]]:
        """Every element of the interpreter's world with its generated counterpart."""
        found = [(world.root, root)]
        for element, other in found:
            for child in self.need.children[element.collection.id]:
                others = getattr(other, self.target.children(child.id))
                found += zip(element.children_of(child.id), others, strict=True)
        return found

    def value(self, other: Any, field: Field) -> Any:
        """The value of a field in the generated module, in a form that can be compared."""
        return self.plain(getattr(other, self.target.member(field.collection, field.name)))

    def wanted(self, element: Element, field: Field) -> Any:
        """The value of a field in the interpreter, in the same form."""
        return plain(element.get(field.name), self)

    def compare(self, world: World, root: Any, only: frozenset[str] = frozenset()) -> None:
        """Compare every value of every element (or of those fields only) with the interpreter's."""
        for element, other in self.pairs(world, root):
            for field in self.need.fields[element.collection.id]:
                if not only or field.name in only:
                    assert self.value(other, field) == self.wanted(element, field), f"{element} {field.name}"

    def compare_roles(self, world: World, root: Any) -> None:
        """Compare the roles of every element."""
        for element, other in self.pairs(world, root):
            for role in self.need.roles[element.collection.id]:
                name = self.target.role(element.collection.id, role)
                assert getattr(other, name) == element.has_role(role), f"{element} {role}"

    def call(self, world: World, element: Element, other: Any, table: str, arguments: list[Any]) -> None:
        """Compare a call of a table with arguments."""
        wanted, _ = world.program.decide(table, element, arguments)
        got = getattr(other, self.target.member(element.collection.id, table))(*arguments)
        assert self.plain(got) == plain(wanted, self), (table, arguments)

    def plain(self, value: Any) -> Any:
        """A generated value in a form that can be compared: an element is its place and its parent's."""
        if isinstance(value, self.module.Element):
            if hasattr(value, "parent"):
                return (type(value).__name__, value.index, self.plain(value.parent))
            return (type(value).__name__, 0, None)
        if hasattr(value, "__dataclass_fields__"):
            return {name: self.plain(getattr(value, name)) for name in value.__dataclass_fields__}
        return list(value) if isinstance(value, tuple) else value


def plain(value: Any, generated: Generated) -> Any:
    """A value of the interpreter in the form of `Generated.plain`."""
    if isinstance(value, Element):
        parent = None if value.parent is None else plain(value.parent, generated)
        return (generated.target.classes[value.collection.id], value.index, parent)
    if isinstance(value, dict):
        return {emit.snake(name): plain(item, generated) for name, item in value.items()}
    return list(value) if isinstance(value, tuple) else value
