"""What a formula reads: own fields, other components, constants.

A *component* is the root element, or an element of a collection directly below it together with its own children. A
field is ``static`` (constant in one configuration), ``local`` (a function of the variables of its own component) or
``joint`` (it reads variables of other components). The exploration turns local fields into classes and joint ones into
contexts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from podfsm.language.model import Expr, Field, Model, Scope, Type

_ORDER = {"static": 0, "local": 1, "joint": 2}


class Analysis:
    """Levels of all fields, and the reads of any expression."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.root = next(c.id for c in model.collections.values() if not c.of)
        self.level: dict[str, str] = {}
        self._busy: set[str] = set()
        for fields in model.fields.values():
            for field in fields.values():
                self.level_of(field)

    # --------------------------------------------------------------------------------------------------------- levels

    def level_of(self, field: Field) -> str:
        """Find the level of a field."""
        known = self.level.get(field.id)
        if known is not None:
            return known
        if field.variable is not None:
            self.level[field.id] = "local"
            return "local"
        if not field.derived:
            self.level[field.id] = "static"
            return "static"
        if field.id in self._busy:
            return "static"
        self._busy.add(field.id)
        level = max((self.level_of_expr(e) for e in self.definition(field)), key=_ORDER.__getitem__, default="static")
        self._busy.discard(field.id)
        self.level[field.id] = level
        return level

    def definition(self, field: Field) -> Iterator[Expr]:
        """Iterate over the expressions that define a derived field."""
        if field.explored is not None:
            yield field.explored.expr
        elif field.let is not None:
            yield field.let.expr
        elif field.table:
            yield from self.table_expressions(field.table)

    def table_expressions(self, table_id: str) -> Iterator[Expr]:
        """Iterate over all formulas of a table."""
        table = self.model.tables.get(table_id)
        if table is None:
            return
        for _, formula in table.lets:
            yield formula.expr
        for result in table.results:
            if result.start is not None:
                yield result.start.expr
        for row in table.rows:
            if row.when is not None:
                yield row.when.expr
            for formula in row.then.values():
                yield formula.expr

    def level_of_expr(self, expr: Expr) -> str:
        """Find the level of an expression evaluated on an element of some component."""
        level = "static"
        for own, field in self.reads(expr):
            found = self.level_of(field)
            if found != "static" and not own:
                found = "joint"
            if _ORDER[found] > _ORDER[level]:
                level = found
        return level

    # ---------------------------------------------------------------------------------------------------------- reads

    def reads(self, expr: Expr, tags: tuple[bool, ...] = (True,)) -> Iterator[tuple[bool, Field]]:
        """(is it the own component's, field) of every field the expression names; `tags` tells it of each depth."""
        kind, args = expr.kind, expr.args
        scope = next((arg for arg in args if isinstance(arg, Scope)), None)
        if scope is not None:
            yield from self._scope_reads(scope, tags)
            inner = (*tags, self.scope_owner(scope, tags))
            for part in args:
                if isinstance(part, Expr):
                    yield from self.reads(part, inner)
        elif kind == "field":
            ref, collection, name = args
            yield from self.reads(ref, tags)
            yield self.owner(ref, tags), self.model.fields[collection][name]
        elif kind == "call":
            table, ref, arguments = args
            yield from self.reads(ref, tags)
            own = self.owner(ref, tags)
            for formula in self.table_expressions(table):
                yield from self.reads(formula, (own,))
            for argument in arguments:
                yield from self.reads(argument, tags)
        elif kind == "builtin":
            for argument in args[1]:
                yield from self.reads(argument, tags)
        else:
            for part in args:
                if isinstance(part, Expr):
                    yield from self.reads(part, tags)

    def _scope_reads(self, scope: Scope, tags: tuple[bool, ...]) -> Iterator[tuple[bool, Field]]:
        if scope.base.kind != "const":
            yield from self.reads(scope.base, tags)
        if scope.bound is not None:
            yield from self.reads(scope.bound, tags)
        inner = (*tags, self.scope_owner(scope, tags))
        for role in scope.roles:
            for _, field in self.reads(self.model.collections[scope.collection].roles[role].expr):
                yield inner[-1], field
        if scope.where is not None:
            yield from self.reads(scope.where, inner)

    def owner(self, ref: Expr, tags: tuple[bool, ...]) -> bool:
        """Tell whether the element that `ref` gives is in the own component."""
        if ref.kind == "element":
            return tags[ref.args[0]] if ref.args[0] < len(tags) else False
        if ref.kind == "parent":
            return self.owner(ref.args[0], tags) and self.model.collections[ref.args[0].type.name].of != self.root
        if ref.kind in ("first", "last", "next", "previous"):
            return self.scope_owner(ref.args[0], tags)
        if ref.kind == "field":
            inner, collection, name = ref.args
            formula = self.model.fields[collection][name].let
            return formula is not None and self.owner(inner, tags) and self.owner(formula.expr, (True,))
        return False

    def scope_owner(self, scope: Scope, tags: tuple[bool, ...]) -> bool:
        """Tell whether the elements of a scope are in the own component."""
        crosses = self.model.collections[scope.collection].of == self.root
        return not crosses and scope.base.kind != "const" and self.owner(scope.base, tags)

    def asks(self, expr: Expr, table: str, seen: set[str] | None = None) -> bool:
        """Tell whether evaluating an expression asks a table, itself or through lets and other tables."""
        seen = set() if seen is None else seen
        if expr.kind == "call" and self._asks_table(expr.args[0], table, seen):
            return True
        if expr.kind == "field":
            field = self.model.fields[expr.args[1]][expr.args[2]]
            if field.id not in seen and field.variable is None:
                seen.add(field.id)
                if self._asks_table(field.table, table, seen):
                    return True
                if any(self.asks(inner, table, seen) for inner in self.definition(field)):
                    return True
        return any(self.asks(part, table, seen) for part in parts(expr.args))

    def _asks_table(self, asked: str, table: str, seen: set[str]) -> bool:
        if asked == table or not asked or f"table {asked}" in seen:
            return asked == table
        seen.add(f"table {asked}")
        return any(self.asks(inner, table, seen) for inner in self.table_expressions(asked))

    # --------------------------------------------------------------------------------------------- imports and exports

    def imports(self, exprs: list[Expr]) -> tuple[tuple[str, str], ...]:
        """Find (collection, field) of what the expressions of an element's component take from outside of it.

        Joint fields of the own component, and non-static fields of the root (for components below it).

        Raises
        ------
        ValueError
            if they read other elements directly; such a reading belongs into a let.
        """
        found: dict[tuple[str, str], None] = {}
        for expr in exprs:
            for own, field in self.reads(expr):
                level = self.level_of(field)
                if level == "static":
                    continue
                if not own:
                    if field.collection != self.root:
                        raise ValueError(f"it reads {field.id} of another element; put that into a let")
                    found[(field.collection, field.name)] = None
                elif level == "joint":
                    found[(field.collection, field.name)] = None
        return tuple(sorted(found))

    def exports(self, fields: tuple[tuple[str, str], ...]) -> frozenset[tuple[str, str]]:
        """Find the local fields, over all components, that decide the values of the given fields."""
        found: set[tuple[str, str]] = set()
        todo = list(fields)
        seen = set(todo)
        while todo:
            collection, name = todo.pop()
            field = self.model.fields[collection][name]
            level = self.level_of(field)
            if level == "local":
                found.add((collection, name))
            elif level == "joint":
                for expr in self.definition(field):
                    for _, read in self.reads(expr):
                        key = (read.collection, read.name)
                        if key not in seen:
                            seen.add(key)
                            todo.append(key)
        return frozenset(found)

    def exports_of(self, expr: Expr) -> frozenset[tuple[str, str]]:
        """Find the local fields that decide the value of an expression on the root."""
        return self.exports(tuple({(f.collection, f.name) for _, f in self.reads(expr)}))

    # ---------------------------------------------------------------------------------------------------------- signs

    def signs(self, expr: Expr, elements: tuple[str, ...]) -> frozenset[Sign]:
        """Find the local expressions, over all components, that decide the value of an expression.

        They are as large as possible: of `any(regular: state = running)` the sign is `state = running`, not `state`.
        Local states that agree in all signs need not be told apart. `elements` gives the collections of its elements.
        """
        found: set[Sign] = set()
        self._walk(expr, elements, found, set())
        return frozenset(found)

    def signs_of_fields(self, fields: Iterable[tuple[str, str]]) -> frozenset[Sign]:
        """Find the signs that decide the values of fields."""
        found: set[Sign] = set()
        seen: set[str] = set()
        for collection, name in fields:
            self._walk(own_field(self.model.fields[collection][name]), (collection,), found, seen)
        return frozenset(found)

    def _walk(  # noqa: C901
        self, expr: Expr, elements: tuple[str, ...], found: set[Sign], seen: set[str]
    ) -> None:
        depth = self._only_depth(expr, elements)
        if depth is not None:
            if depth >= 0:
                found.add((elements[depth], rebased(expr, depth, len(elements))))
            return
        kind, args = expr.kind, expr.args
        if kind == "field":
            ref, collection, name = args
            self._walk(ref, elements, found, seen)
            field = self.model.fields[collection][name]
            if self.level_of(field) == "local":
                found.add((collection, own_field(field)))
            elif self.level_of(field) == "joint" and field.id not in seen:
                seen.add(field.id)
                for definition in self.definition(field):
                    self._walk(definition, (collection,), found, seen)
        elif kind == "call":
            table, ref, arguments = args
            for inner in (ref, *arguments):
                self._walk(inner, elements, found, seen)
            if f"table {table}" not in seen:
                seen.add(f"table {table}")
                for inner in self.table_expressions(table):
                    self._walk(inner, (ref.type.name,), found, seen)
        else:
            for arg in args:
                if isinstance(arg, Scope):
                    self._walk_scope(arg, elements, found, seen)
            inner_elements = elements
            scopes = [arg for arg in args if isinstance(arg, Scope)]
            if scopes:
                inner_elements = (*elements, scopes[0].collection)
            for inner in parts(arg for arg in args if not isinstance(arg, Scope)):
                self._walk(inner, inner_elements, found, seen)

    def _walk_scope(self, scope: Scope, elements: tuple[str, ...], found: set[Sign], seen: set[str]) -> None:
        for inner in (scope.base, scope.bound):
            if inner is not None and inner.kind != "const":
                self._walk(inner, elements, found, seen)
        if scope.where is not None:
            self._walk(scope.where, (*elements, scope.collection), found, seen)
        for role in scope.roles:
            self._walk(self.model.collections[scope.collection].roles[role].expr, (scope.collection,), found, seen)

    def _only_depth(self, expr: Expr, elements: tuple[str, ...]) -> int | None:
        """Find the depth of the one element that an expression depends on; -1: static, None: there are more."""
        if not _closed(expr):
            return None
        if all(self.level_of(field) == "static" for _, field in self.reads(expr, (True,) * len(elements))):
            return -1
        named = {depth for depth in _depths(expr) if depth < len(elements)}
        for depth in named if len(named) == 1 else ():
            tags = tuple(d == depth for d in range(len(elements)))
            levels = [(own, self.level_of(field)) for own, field in self.reads(expr, tags)]
            if all(level == "static" or (own and level == "local") for own, level in levels):
                return depth
        return None


Sign = tuple[str, Expr]
"""An expression on one element of a collection."""


def own_field(field: Field) -> Expr:
    """Make the expression that reads a field of the element itself."""
    return Expr(
        "field", field.type, (Expr("element", Type("ref", field.collection), (0,)), field.collection, field.name)
    )


def _closed(expr: Expr) -> bool:
    """Tell whether it stands on its own: no arguments, private lets, current results, earlier state."""
    return expr.kind not in ("argument", "let", "result", "before") and all(
        _closed(inner) for inner in parts(expr.args)
    )


def _depths(expr: Expr) -> Iterator[int]:
    """Depths of the elements that an expression names."""
    if expr.kind == "element":
        yield expr.args[0]
    for inner in parts(expr.args):
        yield from _depths(inner)


def rebased(expr: Expr, depth: int, height: int) -> Expr:
    """Rewrite an expression for the element at `depth` as its only outer one; `height` were around it."""

    def move(value: Any) -> Any:
        if isinstance(value, Expr):
            if value.kind == "element":
                old = value.args[0]
                return Expr(value.kind, value.type, (0 if old == depth else old - height + 1,))
            return Expr(value.kind, value.type, tuple(move(arg) for arg in value.args))
        if isinstance(value, Scope):
            return replace(
                value,
                base=move(value.base),
                depth=value.depth - height + 1,
                bound=move(value.bound) if value.bound is not None else None,
                where=move(value.where) if value.where is not None else None,
            )
        return tuple(move(item) for item in value) if isinstance(value, tuple) else value

    return move(expr)  # type: ignore[no-any-return]


def parts(args: Iterable[Any]) -> Iterator[Expr]:
    """Iterate over the expressions directly inside the arguments of one, scopes included."""
    for arg in args:
        if isinstance(arg, Expr):
            yield arg
        elif isinstance(arg, Scope):
            yield from parts((arg.base, arg.bound, arg.where))
        elif isinstance(arg, tuple | list):
            yield from parts(arg)


#: The last analyses; models are compared by identity, because their hash would walk all tables.
_made: list[tuple[Model, Analysis]] = []


def analysis(model: Model) -> Analysis:
    """Analyse a model, once."""
    for known, found in _made:
        if known is model:
            return found
    fresh = Analysis(model)
    _made.append((model, fresh))
    del _made[:-8]
    return fresh


def levels(model: Model) -> dict[str, str]:
    """Level of every field, by field id."""
    return analysis(model).level
