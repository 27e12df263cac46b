"""Names and types of a generated Python module."""

from __future__ import annotations

import builtins
import keyword

from podfsm.generate.emit import Names, Needed, Nullable, pascal, plural, snake
from podfsm.generate.python import code
from podfsm.language.model import Domain, Field, Model, Table, Type

#: Words of Python, and names that every function of the module may see.
RESERVED = frozenset(keyword.kwlist) | frozenset(dir(builtins)) | {"self", "value", "item"}

#: Built-in names that annotations of a class body use; other ones may be names of its members.
_ANNOTATIONS = frozenset("bool int str tuple frozenset object property classmethod".split())

_PLAIN = {"bool": "bool", "number": "int", "text": "str", "time": "int"}


class Target:
    """What the module calls things, and which helpers it carries.

    Parameters
    ----------
    model
        The tables.
    need
        The part of them that is written.
    helpers
        Names that helpers may have; they are reserved.
    """

    def __init__(self, model: Model, need: Needed, helpers: frozenset[str]) -> None:
        self.model, self.need = model, need
        self.nullable = Nullable(model, need)
        self.gaps = self.nullable.items()
        self.used: set[str] = set()
        self.reserved = RESERVED | helpers
        self.module = Names(self.reserved | {"Element", "GATES", "GATES_BY_MINOR", "DEFAULT_GATES"})
        self.classes = {c.id: self.module.add(("class", c.id), pascal(c.id)) for c in need.collections}
        self.records = {t.id: self._record(t) for tables in need.tables.values() for t in tables if not t.single}
        self.domains = {d.id: self._domain(d) for d in need.domains}
        self._members = {c.id: self._class(c.id) for c in need.collections}
        self._results = {t.id: self._fields(t) for tables in need.tables.values() for t in tables if not t.single}

    def _record(self, table: Table) -> str:
        return self.module.add(("record", table.id), pascal(table.id), pascal(table.id) + "Result")

    def _domain(self, domain: Domain) -> str:
        return self.module.add(("domain", domain.id), pascal(domain.id), pascal(domain.id) + "Value")

    def _class(self, collection: str) -> Names:
        names = Names(
            frozenset(keyword.kwlist) | _ANNOTATIONS | {"index", "parent", "from_json", "_from_json", "gates"}
        )
        for field in self.need.fields[collection]:
            names.add(("field", field.name), snake(field.name))
        for table in self.need.tables[collection]:
            names.add(("field", table.id), snake(table.id))
        for child in self.need.children[collection]:
            names.add(("children", child.id), plural(snake(child.id)))
        for role in self.need.roles[collection]:
            names.add(("role", role), f"is_{snake(role)}")
        return names

    def _fields(self, table: Table) -> Names:
        names = Names(frozenset(keyword.kwlist) | _ANNOTATIONS)
        for result in table.results:
            names.add(result.name, snake(result.name))
        return names

    # ------------------------------------------------------------------------------------------------------------ names

    def use(self, helper: str) -> str:
        """Note that the module needs a helper or import; its name."""
        self.used.add(helper)
        return helper

    def member(self, collection: str, name: str) -> str:
        """Return a field or table of a collection."""
        return self._members[collection]["field", name]

    def children(self, collection: str) -> str:
        """Return the tuple of a collection's elements in their parent."""
        of = self.model.collections[collection].of
        return self._members[of]["children", collection]

    def role(self, collection: str, role: str) -> str:
        """Return the property that tells whether an element has a role."""
        return self._members[collection]["role", role]

    def result(self, table: str, name: str) -> str:
        """Return the attribute for a result of a table that has several."""
        return self._results[table][name]

    # ------------------------------------------------------------------------------------------------------------ types

    def python_type(self, type_: Type, maybe: bool) -> str:
        """Return an annotation; with `maybe` the value may be None."""
        found = self._plain_type(type_)
        if found == "Any":
            self.use("Any")
        return f"{found} | None" if maybe and found != "Any" else found

    def _plain_type(self, type_: Type) -> str:
        if type_.kind == "enum":
            return self.domains[type_.name]
        if type_.kind == "ref":
            return self.classes[type_.name]
        if type_.kind == "record":
            return self.records[type_.name]
        if type_.kind == "list":
            inner = "str" if type_.name == "enum" else _PLAIN.get(type_.name, "Any")
            if inner == "Any":
                self.use("Any")
            return f"tuple[{inner}, ...]"
        return _PLAIN.get(type_.kind, "Any")

    def default(self, field: Field) -> str:
        """Return what an input is if nothing is given: what an empty object gives; '' if it has to be given."""
        observation = field.observe
        if observation is None:
            start = field.variable.start.expr if field.variable is not None else None
            return code.literal(start.args[0] if start is not None else field.none)
        if observation.path == ("~group",):
            groups = list(self.model.collections[field.collection].groups)
            return code.quote(groups[0]) if len(groups) == 1 else ""
        if observation.form in ("present", "count"):
            return "False" if observation.form == "present" else "0"
        ways = [observation.missing, field.none]
        if observation.form == "which":
            ways = [observation.absent[0] or None, observation.otherwise, *ways]
        return code.literal(next((way for way in ways if way is not None), None))
