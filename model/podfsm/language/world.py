"""Elements and where their values come from: a JSON document, or the variables of a state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from podfsm.errors import PodfsmError
from podfsm.language.model import Binding, Collection, Field, Observation, Type

if TYPE_CHECKING:
    from podfsm.language.evaluate import Program


class _Unset:
    def __repr__(self) -> str:
        return "UNSET"


UNSET: Any = _Unset()


class DocumentError(PodfsmError):
    """A document has a value of the wrong type; the message names its path."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__([f"{path}: {what}"])
        self.path, self.what = path, what


class Element:
    """One element of a collection: its place in order, its parent, its values by field index."""

    __slots__ = ("_children", "_roles", "collection", "group", "index", "object", "parent", "values", "world")

    def __init__(
        self, world: World, collection: Collection, index: int, group: str, parent: Element | None, source: Any
    ) -> None:
        self.world, self.collection, self.index, self.group, self.parent = world, collection, index, group, parent
        self.object = source
        self.values: list[Any] = [UNSET] * len(world.program.fields[collection.id])
        self._children: dict[str, list[Element]] = {}
        self._roles: dict[str, bool] = {}

    def __repr__(self) -> str:
        names = self.world.program.model.fields[self.collection.id]
        label = self.get("name") if "name" in names else self.index
        return f"{self.collection.id} {label}"

    def compute(self, index: int) -> Any:
        """Compute and remember the value of a field that is not yet known."""
        value = self.world.compute(self, index)
        self.values[index] = value
        return value

    def get(self, name: str) -> Any:
        """Return the value of a field by name."""
        index = self.world.program.model.fields[self.collection.id][name].index
        value = self.values[index]
        return self.compute(index) if value is UNSET else value

    def set(self, name: str, value: Any) -> None:
        """Write a field; what is derived from it must be forgotten with `World.forget`."""
        self.values[self.world.program.model.fields[self.collection.id][name].index] = value

    def has_role(self, role: str) -> bool:
        """Tell whether the element has a role of its collection."""
        found = self._roles.get(role)
        if found is None:
            found = self._roles[role] = bool(self.world.program.roles[self.collection.id][role]((self,), None))
        return found

    def children_of(self, collection: str) -> list[Element]:
        """Return the elements of a child collection, in order."""
        found = self._children.get(collection)
        if found is None:
            found = self._children[collection] = self.world.children(self, collection)
        return found

    def twin(self) -> Element | None:
        """Return the same element in the state before the step."""
        before = self.world.before
        if before is None:
            return None
        if self.parent is None:
            return before.root
        parent = self.parent.twin()
        if parent is None:
            return None
        siblings = parent.children_of(self.collection.id)
        if self.index < len(siblings) and self.is_same(siblings[self.index]):
            return siblings[self.index]
        return next((sibling for sibling in siblings if self.is_same(sibling)), None)

    def is_same(self, other: Element) -> bool:
        """Tell whether an element of another document stands for the same thing: by its key, or else by its place."""
        key = self.collection.key
        if not key:
            return self.index == other.index
        return self.group == other.group and bool(self.object.get(key) == other.object.get(key))


class World:
    """All elements of one document or state.

    Parameters
    ----------
    program
        The tables under one choice of gates.
    document
        The JSON document: a mapping (a Pod object, or the `in` of a vector).
    binding
        Says where fields, collections and joins are read from, where that is not where the tables say.
    """

    def __init__(self, program: Program, document: Mapping[str, Any], binding: Binding | None = None) -> None:
        self.program, self.document = program, document
        self.observations: Mapping[str, Observation] = {} if binding is None else binding.observations
        self.sources: Mapping[str, Mapping[str, str]] = {} if binding is None else binding.sources
        self.joins: Mapping[tuple[str, str], Mapping[str, str]] = {} if binding is None else binding.joins
        self.before: World | None = None
        #: In a stateful world (exploration, PodMachine) a field that is a variable is never computed from elsewhere.
        self.stateful = False
        collection = next(c for c in program.model.collections.values() if not c.of)
        self.root = Element(self, collection, 0, "", None, document)

    # -------------------------------------------------------------------------------------------------------- values

    def compute(self, element: Element, index: int) -> Any:
        """Derive, start or read the value of a field."""
        collection = element.collection.id
        getter = (self.program.explored if self.stateful else self.program.getters)[collection][index]
        if getter is not None:
            return getter(element)
        field = self.program.fields[collection][index]
        observation = self.observations.get(field.id, field.observe)
        if observation is None:
            if field.variable is not None:
                return self.program.closure(field.variable.start.expr)((element,), None)
            return field.none
        return self.observe(element, field, observation)

    def observe(self, element: Element, field: Field, observation: Observation) -> Any:
        """Read a field from the document; Kubernetes' zero value where nothing is given."""
        missing = observation.missing if observation.missing is not None else field.none
        if observation.form == "which":
            if observation.absent[0] and self.lookup(element, tuple(observation.absent[1].split("."))) is None:
                return observation.absent[0]
            for value, path in observation.which:
                if self.lookup(element, path) is not None:
                    return value
            return observation.otherwise if observation.otherwise is not None else missing
        found = self.lookup(element, observation.path)
        if observation.form == "present":
            return found is not None
        if observation.form == "count":
            return len(found) if isinstance(found, list) else 0
        if found is None:
            return missing
        if observation.map:
            key = ("true" if found else "false") if isinstance(found, bool) else str(found)
            return observation.map.get(key, missing)
        return convert(found, field.type, ".".join(observation.path))

    def lookup(self, element: Element, path: tuple[str, ...]) -> Any:
        """Follow a path from the element's object, one of its joins, or the document; None when something is missing.

        In a list, a part `type=Ready` takes the first object whose `type` is `Ready`.
        """
        if not path:
            return element.object
        current: Any
        if path[0] == "/":
            current, rest = self.document, path[1:]
            if rest == ("",):
                return current
        elif path[0] in element.collection.joins:
            current, rest = self.joined(element, path[0]), path[1:]
        elif path == ("~group",):
            return element.group
        elif path == ("~index",):
            return element.index
        else:
            current, rest = element.object, path
        for at, part in enumerate(rest):
            if current is None:
                return None
            if "=" in part and isinstance(current, list | tuple):
                current = entry(current, *part.split("=", 1))
                continue
            if not isinstance(current, Mapping):
                holder = path[: at + len(path) - len(rest)] or path[:1]
                raise DocumentError(".".join(holder), f"expected an object, found {type_name(current)}")
            current = current.get(part)
        return current

    def joined(self, element: Element, join: str) -> Any:
        """Find the object of another list that has the same key as the element, or None."""
        paths = self.joins.get((element.collection.id, join)) or element.collection.joins.get(join)
        if paths is None:
            return None
        path = paths.get(element.group, paths.get("", ""))
        if not path:
            return None
        key = element.collection.key
        wanted = element.object.get(key) if isinstance(element.object, Mapping) else None
        for item in self.items(self.root_or(element, path), path):
            if isinstance(item, Mapping) and item.get(key) == wanted:
                return item
        return None

    def elements_of(self, collection: str) -> Sequence[Element]:
        """Return the elements of a collection, in order: the root, or what stands below it, at any depth."""
        if collection == self.root.collection.id:
            return (self.root,)
        parent = self.program.model.collections[collection].of
        return [child for element in self.elements_of(parent) for child in element.children_of(collection)]

    def root_or(self, element: Element, path: str) -> Element:
        """Where a list path starts: the parent element, or the document when it begins with '/'."""
        return self.root if path.startswith("/") or element.parent is None else element.parent

    def items(self, base: Element, path: str) -> Sequence[Any]:
        """Read the list at a path below an element's object, or with ``?`` the one object there.

        Missing and null are empty.
        """
        path, single = path.removesuffix("?"), path.endswith("?")
        parts = tuple(path[1:].split(".")) if path.startswith("/") else tuple(path.split("."))
        current = self.lookup(base, ("/", *parts) if path.startswith("/") else parts)
        if current is None:
            return ()
        if single:
            return (current,)
        if not isinstance(current, list | tuple):
            raise DocumentError(path, f"expected a list, found {type_name(current)}")
        return current

    def single(self, base: Element, path: str) -> list[Any]:
        """Read the object at a path below an element's object, as a list of it; empty if it is missing."""
        found = self.lookup(base, tuple(path.split(".")))
        return [] if found is None else [found]

    def children(self, element: Element, collection_id: str) -> list[Element]:
        """Make the elements of a child collection from the document."""
        collection = self.program.model.collections[collection_id]
        groups = self.sources.get(collection_id, collection.groups)
        if self.stateful and collection.explored:
            groups = collection.explored
        found: list[Element] = []
        for group, path in groups.items():
            items = self.single(element, path) if collection.single else list(self.items(element, path))
            if collection.match:
                key = collection.match
                wanted = element.object.get(key) if isinstance(element.object, Mapping) else None
                items = [item for item in items if isinstance(item, Mapping) and item.get(key) == wanted]
            if collection.sort:
                by, _, direction = collection.sort.partition(" ")
                items.sort(key=lambda item: item.get(by) or 0, reverse=direction == "descending")
            for item in items:
                if collection.key and not isinstance(item, Mapping):
                    raise DocumentError(path, f"expected objects, found {type_name(item)}")
                found.append(Element(self, collection, len(found), group, element, item))
        return found

    # --------------------------------------------------------------------------------------------------------- writes

    def elements(self) -> list[Element]:
        """Every element that has been touched, parents first."""
        found, at = [self.root], 0
        while at < len(found):
            for children in found[at]._children.values():
                found.extend(children)
            at += 1
        return found

    def forget(self) -> None:
        """Forget every derived value, after variables or observed fields were written."""
        getters = self.program.explored if self.stateful else self.program.getters
        for element in self.elements():
            for index, getter in enumerate(getters[element.collection.id]):
                if getter is not None:
                    element.values[index] = UNSET

    def run(self, procedure: str) -> None:
        """Run a procedure: every stage computes all its new values, then writes them."""
        for scope, collection, formulas in self.program.model.procedures[procedure].stages:
            targets = [self.root] if scope is None else self.program._scope(scope)((self.root,), None)
            writes: list[tuple[Element, str, Any]] = []
            for target in targets:
                for name, closure in self.program.stage_closures(procedure, collection, formulas):
                    writes.append((target, name, closure((target,), None)))
            for target, name, value in writes:
                target.set(name, value)
            self.forget()


def entry(items: Sequence[Any], key: str, wanted: str) -> Any:
    """Find the first object of a list that has a text under a key; None if there is none."""
    return next((item for item in items if isinstance(item, Mapping) and item.get(key) == wanted), None)


def type_name(value: Any) -> str:
    """Say what a JSON value is, in JSON's words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "a list" if isinstance(value, list | tuple) else "an object"


def convert(value: Any, wanted: Type, path: str) -> Any:
    """Convert a JSON value to the field's type.

    Raises
    ------
    DocumentError
        if the JSON type is another one.
    """
    converter = _CONVERT.get(wanted.kind)
    if converter is None:
        return value
    try:
        return converter(value, wanted)
    except (TypeError, ValueError):
        raise DocumentError(
            path, f"expected {_WORDS.get(wanted.kind, wanted.kind)}, found {type_name(value)}"
        ) from None


def _number(value: Any, _wanted: Type) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _text(value: Any, _wanted: Type) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _bool(value: Any, _wanted: Type) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _list(value: Any, wanted: Type) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError
    item = _CONVERT.get(wanted.name)
    return tuple(value) if item is None else tuple(item(v, Type(wanted.name)) for v in value)


def _time(value: Any, _wanted: Type) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise TypeError
    moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


_CONVERT: Mapping[str, Callable[[Any, Type], Any]] = {
    "number": _number,
    "text": _text,
    "enum": _text,
    "bool": _bool,
    "list": _list,
    "time": _time,
}
_WORDS = {
    "number": "a whole number",
    "text": "a string",
    "enum": "a string",
    "bool": "true or false",
    "list": "a list",
    "time": "a time",
}
