"""Which values of an element follow from the element itself, so that equal elements need to be looked at only once.

A *part* of a document is an element directly below the root, together with the elements below it. A field of a part is
local if it is a function of the part's own inputs and of the root's inputs. What formulas outside of the part read of
it, its *signs*, is all that matters there: two parts with the same signs are the same to the rest of the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from podfsm.generate import emit
from podfsm.language.model import Collection, Expr, Field, Formula, Model, Scope, Table

_OWN, _ROOT, _OTHER = "own", "root", "other"

#: Of which part the elements in scope are, by depth.
_Tags = tuple[str, ...]


@dataclass
class Split:
    """What is read of a document outside of its parts.

    Parameters
    ----------
    root
        Inputs of the root that are read outside of parts.
    given
        Inputs of the root that local fields of parts read.
    signs
        Fields, and roles as ``role NAME``, that are read of parts from outside, by collection.
    open
        Collections whose parts cannot be replaced by their signs.
    listed
        Collections whose parts are counted or listed.
    placed
        Whether it matters which element of several that look the same one is: its place, its parent, or values that
        follow from other elements.
    """

    root: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    signs: dict[str, set[str]] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)
    placed: bool = False


def split(model: Model, need: emit.Needed, formulas: Iterable[Formula]) -> Split:
    """Find out what formulas on the root read of a document outside of its parts."""
    return _Splitter(model, need).split(formulas)


class _Splitter:
    def __init__(self, model: Model, need: emit.Needed) -> None:
        self.model, self.need = model, need
        self.collections = {collection.id: collection for collection in need.collections}
        self.found = Split(signs={collection.id: set() for collection in need.children[need.root.id]})
        self._local: dict[tuple[str, str], bool] = {}
        self._seen: set[tuple[str, str]] = set()

    def split(self, formulas: Iterable[Formula]) -> Split:
        for formula in formulas:
            self._expr(formula.expr)
        return self.found

    # --------------------------------------------------------------------------------------------- outside of the parts

    def _expr(self, expr: Expr) -> None:
        if expr.kind in ("parent", "order", "next", "previous", "same"):
            self.found.placed = True
        if expr.kind == "field":
            self._field(expr.args[1], expr.args[2])
        elif expr.kind == "call":
            table = self.model.tables[expr.args[0]]
            # It asks for gates, which its element knows by its parent.
            self.found.placed |= table.collection != self.need.root.id
            self._once("table", table.id, emit.table_formulas(table))
        for part in emit.parts(expr):
            if isinstance(part, Scope):
                self._scope(part)
            else:
                self._expr(part)

    def _scope(self, scope: Scope) -> None:
        if scope.collection not in self.found.signs and scope.collection in self.collections:
            self.found.open.add(self._part_of(scope.collection))
        self.found.listed.add(scope.collection)
        if scope.bound is not None:
            self.found.placed = True
        for role in scope.roles:
            formula = self.collections[scope.collection].roles[role]
            if self._is_local(formula.expr, (_OWN,), None):
                self.found.signs.setdefault(scope.collection, set()).add(f"role {role}")
            else:
                self.found.placed = True
                self._once("role", f"{scope.collection}.{role}", [formula])
        for expr in (scope.base, scope.bound, scope.where):
            if expr is not None and expr.type.kind != "unknown":
                self._expr(expr)

    def _field(self, collection: str, name: str) -> None:
        item = self.model.fields[collection][name]
        if collection == self.need.root.id:
            if emit.is_input(item):
                self.found.root.add(name)
            else:
                self._once("field", item.id, self._definition(item))
        elif collection not in self.found.signs:
            self.found.open.add(self._part_of(collection))
        elif self._is_local_field(item):
            self.found.signs[collection].add(name)
            if item.type.kind == "ref":
                self.found.open.add(collection)
        else:
            self.found.placed = True
            self._once("field", item.id, self._definition(item))

    def _once(self, kind: str, name: str, formulas: Iterable[Formula]) -> None:
        if (kind, name) not in self._seen:
            self._seen.add((kind, name))
            for formula in formulas:
                self._expr(formula.expr)

    def _part_of(self, collection: str) -> str:
        while collection not in self.found.signs:
            collection = self.collections[collection].of
        return collection

    def _definition(self, item: Field) -> list[Formula]:
        if item.table:
            return list(emit.table_formulas(self.model.tables[item.table]))
        formula = emit.definition(item)
        return [formula] if formula is not None else []

    # ----------------------------------------------------------------------------------------------- inside of one part

    def _is_local_field(self, item: Field) -> bool:
        key = ("field", item.id)
        if key not in self._local:
            table = self.model.tables[item.table] if item.table else None
            formulas = self._definition(item)
            self._local[key] = not _is_place(item) and all(self._is_local(f.expr, (_OWN,), table) for f in formulas)
        return self._local[key]

    def _is_local_table(self, table: Table, tag: str) -> bool:
        key = (tag, table.id)
        if key not in self._local:
            self._local[key] = all(self._is_local(f.expr, (tag,), table) for f in emit.table_formulas(table))
        return self._local[key]

    def _is_local(self, expr: Expr, tags: _Tags, table: Table | None) -> bool:
        """Tell whether an expression follows from the part's own inputs and the root's."""
        kind, args = expr.kind, expr.args
        if kind in ("before", "order", "parent", "element"):
            return False
        if kind == "field":
            owner = self._owner(args[0], tags, table)
            item = self.model.fields[args[1]][args[2]]
            return self._reads(item, owner)
        if kind == "call":
            owner = self._owner(args[1], tags, table)
            called = self._is_local_table(self.model.tables[args[0]], owner) if owner != _OTHER else False
            return called and all(self._is_local(argument, tags, table) for argument in args[2])
        if kind == "let":
            assert table is not None
            formula = dict(table.lets)[args[0]]
            return self._owner(expr, tags, table) == _OWN or self._is_local(formula.expr, tags[:1], table)
        if kind == "exists":
            return self._owner(args[0], tags, table) != _OTHER
        if kind == "same" and any(part.type.kind == "ref" for part in args):
            return False
        inner = tags
        for part in emit.parts(expr):
            if isinstance(part, Scope):
                if not self._is_local_scope(part, tags, table):
                    return False
                inner = (*tags, _OWN)
        return all(self._is_local(part, inner, table) for part in emit.parts(expr) if isinstance(part, Expr))

    def _is_local_scope(self, scope: Scope, tags: _Tags, table: Table | None) -> bool:
        if scope.base.kind == "const" or self._owner(scope.base, tags, table) != _OWN:
            return False
        if scope.bound is not None and self._owner(scope.bound, tags, table) != _OWN:
            return False
        collection: Collection = self.collections[scope.collection]
        roles = all(self._is_local(collection.roles[role].expr, (_OWN,), None) for role in scope.roles)
        return roles and (scope.where is None or self._is_local(scope.where, (*tags, _OWN), table))

    def _reads(self, item: Field, owner: str) -> bool:
        if owner == _ROOT:
            if not emit.is_input(item):
                key = (_ROOT, item.id)
                if key not in self._local:
                    table = self.model.tables[item.table] if item.table else None
                    self._local[key] = all(self._is_local(f.expr, (_ROOT,), table) for f in self._definition(item))
                return self._local[key]
            self.found.given.add(item.name)
        return owner == _ROOT or (owner == _OWN and self._is_local_field(item))

    def _owner(self, ref: Expr, tags: _Tags, table: Table | None) -> str:
        """Tell of which part the element is that an expression gives."""
        if ref.kind == "element":
            return tags[ref.args[0]] if ref.args[0] < len(tags) else _OTHER
        if ref.kind == "parent":
            inner = self._owner(ref.args[0], tags, table)
            if inner != _OWN:
                return _OTHER
            return _ROOT if ref.args[0].type.name in self.found.signs else _OWN
        if ref.kind in ("first", "last", "next", "previous"):
            return _OWN if self._is_local_scope(ref.args[0], tags, table) else _OTHER
        if ref.kind == "let" and table is not None:
            return self._owner(dict(table.lets)[ref.args[0]].expr, tags[:1], table)
        if ref.kind == "field" and self._owner(ref.args[0], tags, table) == _OWN:
            formula = self.model.fields[ref.args[1]][ref.args[2]].let
            return _OTHER if formula is None else self._owner(formula.expr, (_OWN,), None)
        return _OTHER


def _is_place(item: Field) -> bool:
    """Tell whether a field is the place of its element in the list."""
    return item.observe is not None and item.observe.path == ("~index",)


def inputs(need: emit.Needed, collection: str) -> Iterator[Field]:
    """Return the fields of a collection that are read from a document."""
    return (item for item in need.inputs(collection) if not _is_place(item))
