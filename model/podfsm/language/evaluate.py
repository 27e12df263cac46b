"""The interpreter of the tables: expressions become closures over elements; rows decide, events change variables.

A `Program` is a model for one choice of gates, defects and level of detail: rows that do not exist under that choice
are left out. A `World` holds the elements of one document or one state. Every derived value is computed when it is
first read and remembered until a variable is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from podfsm.language import functions
from podfsm.language.model import Event, Expr, Field, Formula, Model, Row, Scope, Table
from podfsm.language.world import UNSET, Element

Closure = Callable[[tuple[Element | None, ...], Any], Any]


class EvaluationError(Exception):
    """The tables cannot decide: no row matches, or two match where exactly one must."""


class Frame:
    """Arguments, private lets and current results of one evaluation of a table or event."""

    __slots__ = ("arguments", "lets", "results", "sources")

    def __init__(self, arguments: Mapping[str, Any], sources: Mapping[str, Closure]) -> None:
        self.arguments = arguments
        self.lets: dict[str, Any] = {}
        self.results: dict[str, Any] = {}
        self.sources = sources


class CompiledRow:
    """A row with its closures; `seen` counts how often its condition was true and false (coverage)."""

    __slots__ = ("either", "end", "row", "seen", "then", "when")

    def __init__(self, row: Row, when: Closure | None, then: list[tuple[str, Closure]]) -> None:
        self.row, self.when, self.then = row, when, then
        self.end, self.either = row.end, row.either
        self.seen = [0, 0]

    def matches(self, els: tuple[Element | None, ...], frame: Frame) -> bool:
        """Evaluate the condition, and count it."""
        if self.when is None:
            self.seen[0] += 1
            return True
        found = bool(self.when(els, frame))
        self.seen[0 if found else 1] += 1
        return found


class Program:
    """A model under one choice of gates (names that are on), defects (as-is or intended) and level of detail.

    `switched_off` names rows that an assumption or a feature removes.
    """

    def __init__(
        self,
        model: Model,
        gates: frozenset[str] = frozenset(),
        defects: str = "as-is",
        level: str = "sync",
        switched_off: frozenset[str] = frozenset(),
    ) -> None:
        self.model, self.gates, self.defects, self.level = model, gates, defects, level
        self.switched_off = switched_off
        self.fields: dict[str, list[Field]] = {
            collection: sorted(fields.values(), key=lambda f: f.index) for collection, fields in model.fields.items()
        }
        self.tables: dict[str, tuple[Table, list[CompiledRow], dict[str, Closure]]] = {}
        self.events: dict[str, tuple[Event, Closure | None, list[CompiledRow]]] = {}
        #: How often the condition of an event as a whole was true and false (coverage), by event id.
        self.enabled: dict[str, list[int]] = {}
        self.getters: dict[str, list[Callable[[Element], Any] | None]] = {}
        self.explored: dict[str, list[Callable[[Element], Any] | None]] = {}
        self.roles: dict[str, dict[str, Closure]] = {}
        self._formulas: dict[int, tuple[Formula, Closure]] = {}
        self._scopes: dict[int, tuple[Scope, Callable[[tuple[Element | None, ...], Any], list[Element]]]] = {}
        self._stages: dict[tuple[str, str, int], list[tuple[str, Closure]]] = {}
        self._local_derived: dict[str, list[int]] = {}
        self._compile()

    def compiled_rows(self) -> list[CompiledRow]:
        """All rows that exist under the program's choices, of tables and events."""
        rows = [row for _, found, _ in self.tables.values() for row in found]
        return rows + [row for _, _, found in self.events.values() for row in found]

    def fired(self) -> set[str]:
        """Ids of the rows whose condition was ever true."""
        return {compiled.row.id for compiled in self.compiled_rows() if compiled.seen[0]}

    # -------------------------------------------------------------------------------------------------------- compile

    def active(self, row: Row) -> bool:
        """Tell whether this row exists under the program's choices."""
        if row.gate:
            wanted = not row.gate.startswith("not ")
            if (row.gate.removeprefix("not ") in self.gates) != wanted:
                return False
        if row.defect and self.defects == "intended":
            return False
        if row.level and self.level not in row.level:
            return False
        return row.id not in self.switched_off

    def _compile(self) -> None:
        for table in self.model.tables.values():
            sources = {name: self.closure(formula.expr) for name, formula in table.lets}
            self.tables[table.id] = (table, [self._row(r) for r in table.rows if self.active(r)], sources)
        for machine in self.model.machines.values():
            for event in machine.events:
                when = self.closure(event.when.expr) if event.when else None
                self.events[event.id] = (event, when, [self._row(r) for r in event.rows if self.active(r)])
                self.enabled[event.id] = [0, 0]
        for name, collection in self.model.collections.items():
            self.roles[name] = {role: self.closure(f.expr) for role, f in collection.roles.items()}
            self.getters[name] = [self._getter(field) for field in self.fields[name]]
            self.explored[name] = [self._explored(field) for field in self.fields[name]]

    def _row(self, row: Row) -> CompiledRow:
        when = self.closure(row.when.expr) if row.when else None
        return CompiledRow(row, when, [(name, self.closure(f.expr)) for name, f in row.then.items()])

    def _explored(self, field: Field) -> Callable[[Element], Any] | None:
        """How a field follows from others where no document is observed."""
        if field.variable is not None:
            return None
        if field.explored is not None:
            closure = self.closure(field.explored.expr)
            return lambda element: closure((element,), None)
        return self._getter(field)

    def _getter(self, field: Field) -> Callable[[Element], Any] | None:
        """How a derived field is computed; None for fields that are only observed or stored."""
        if field.let is not None:
            closure = self.closure(field.let.expr)
            return lambda element: closure((element,), None)
        if field.table:
            table = field.table
            return lambda element: self.decide(table, element, ())[0]
        return None

    # --------------------------------------------------------------------------------------------------------- tables

    def decide(self, table_id: str, element: Element, arguments: Sequence[Any]) -> tuple[Any, tuple[str, ...]]:
        """Evaluate a table for an element: its result (a dict if it has several) and the rows that decided, by id."""
        table, rows, sources = self.tables[table_id]
        frame = Frame({name: value for (name, _), value in zip(table.given, arguments, strict=True)}, sources)
        els = (element,)
        if table.order == "first":
            for row in rows:
                if row.matches(els, frame):
                    return self._first_result(table, row, els, frame), (row.row.id,)
            raise EvaluationError(f"no row of table {table_id} matches for {element}")
        for result in table.results:
            frame.results[result.name] = self._start(result.start, result.type.kind, els, frame)
        fired = []
        for row in rows:
            if row.matches(els, frame):
                fired.append(row.row.id)
                values = [(name, then(els, frame)) for name, then in row.then]
                frame.results.update(values)
                if row.end:
                    break
        return (frame.results[""] if table.single else frame.results), tuple(fired)

    def _first_result(self, table: Table, row: CompiledRow, els: tuple[Element | None, ...], frame: Frame) -> Any:
        if table.single:
            return (
                row.then[0][1](els, frame)
                if row.then
                else self._start(table.results[0].start, table.results[0].type.kind, els, frame)
            )
        given = {name: then(els, frame) for name, then in row.then}
        for result in table.results:
            if result.name not in given:
                given[result.name] = self._start(result.start, result.type.kind, els, frame)
        return given

    def _start(self, start: Formula | None, kind: str, els: tuple[Element | None, ...], frame: Frame) -> Any:
        if start is None:
            return functions.ZERO.get(kind)
        return self.cached_closure(start)(els, frame)

    # --------------------------------------------------------------------------------------------------------- events

    def fire(
        self, event_id: str, element: Element, arguments: Mapping[str, Any], explore: bool = False
    ) -> list[tuple[dict[str, Any], tuple[str, ...]]]:
        """Find the alternatives of an event's own rows: changed variables and the rows that fired; empty = not enabled.

        The element is left as it was. With `explore`, a row marked `explore: either` is taken both ways.
        """
        event, when, rows = self.events[event_id]
        frame = Frame(arguments, {})
        els = (element,)
        if when is not None:
            enabled = bool(when(els, frame))
            self.enabled[event_id][0 if enabled else 1] += 1
            if not enabled:
                return []
        if event.order == "sequence":
            return list(self._sequence(rows, 0, element, frame, {}, (), explore))
        matching = []
        for row in rows:
            if row.matches(els, frame):
                matching.append(row)
                if event.order == "first":
                    break
        if len(matching) > 1:
            names = ", ".join(row.row.id for row in matching)
            raise EvaluationError(f"event {event_id}: rows {names} all match for {element}; exactly one must")
        return [({name: then(els, frame) for name, then in row.then}, (row.row.id,)) for row in matching]

    def _sequence(
        self,
        rows: list[CompiledRow],
        at: int,
        element: Element,
        frame: Frame,
        changes: dict[str, Any],
        fired: tuple[str, ...],
        explore: bool,
    ) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
        els = (element,)
        while at < len(rows):
            row = rows[at]
            at += 1
            taken = (True, False) if explore and row.either else (row.matches(els, frame),)
            if len(taken) == 2:
                row.seen[0] += 1
                row.seen[1] += 1
                yield from self._sequence(rows, at, element, frame, dict(changes), fired, explore)
            if not taken[0]:
                continue
            new = {name: then(els, frame) for name, then in row.then}
            changes |= new
            fired = (*fired, row.row.id)
            if row.end:
                break
            if new and at < len(rows):
                saved = element.values
                element.values = self.with_changes(element, new)
                try:
                    yield from self._sequence(rows, at, element, frame, changes, fired, explore)
                finally:
                    element.values = saved
                return
        yield changes, fired

    def with_changes(self, element: Element, changes: Mapping[str, Any]) -> list[Any]:
        """Copy the element's values with variables changed; what is derived from its own fields is forgotten."""
        fields = self.model.fields[element.collection.id]
        values = list(element.values)
        for index in self.local_derived(element.collection.id):
            values[index] = UNSET
        for name, value in changes.items():
            values[fields[name].index] = value
        return values

    def stage_closures(
        self, procedure: str, collection: str, formulas: Mapping[str, Formula]
    ) -> list[tuple[str, Closure]]:
        """Compile the assignments of a stage of a procedure, once."""
        key = (procedure, collection, id(formulas))
        found = self._stages.get(key)
        if found is None:
            found = self._stages[key] = [(name, self.closure(f.expr)) for name, f in formulas.items()]
        return found

    def cached_closure(self, formula: Formula) -> Closure:
        """Compile a formula, once."""
        found = self._formulas.get(id(formula))
        if found is None:
            found = self._formulas[id(formula)] = (formula, self.closure(formula.expr))
        return found[1]

    def local_derived(self, collection: str) -> Sequence[int]:
        """Indexes of the derived fields that depend on the element's own component only."""
        from podfsm.language.analysis import levels

        known = self._local_derived.get(collection)
        if known is None:
            found = levels(self.model)
            known = [f.index for f in self.fields[collection] if f.derived and found[f.id] == "local"]
            self._local_derived[collection] = known
        return known

    # ---------------------------------------------------------------------------------------------------- expressions

    def closure(self, expr: Expr) -> Closure:
        """Compile an expression."""
        return getattr(self, "_" + expr.kind)(expr)  # type: ignore[no-any-return]

    def _const(self, expr: Expr) -> Closure:
        value = expr.args[0]
        return lambda _els, _frame: value

    def _element(self, expr: Expr) -> Closure:
        depth = expr.args[0]
        return lambda els, _frame: els[depth]

    def _parent(self, expr: Expr) -> Closure:
        inner = self.closure(expr.args[0])

        def parent(els: tuple[Element | None, ...], frame: Any) -> Any:
            element = inner(els, frame)
            return None if element is None else element.parent

        return parent

    def _field(self, expr: Expr) -> Closure:
        ref, collection, name = expr.args
        field = self.model.fields[collection][name]
        index, none = field.index, field.none
        if ref.kind == "element":
            depth = ref.args[0]

            def own(els: tuple[Element | None, ...], _frame: Any) -> Any:
                element = els[depth]
                if element is None:
                    return none
                value = element.values[index]
                return element.compute(index) if value is UNSET else value

            return own
        inner = self.closure(ref)

        def other(els: tuple[Element | None, ...], frame: Any) -> Any:
            element = inner(els, frame)
            if element is None:
                return none
            value = element.values[index]
            return element.compute(index) if value is UNSET else value

        return other

    def _item(self, expr: Expr) -> Closure:
        inner, name = self.closure(expr.args[0]), expr.args[1]
        none = functions.ZERO.get(expr.type.kind)

        def item(els: tuple[Element | None, ...], frame: Any) -> Any:
            record = inner(els, frame)
            return none if record is None else record[name]

        return item

    def _argument(self, expr: Expr) -> Closure:
        name = expr.args[0]
        return lambda _els, frame: frame.arguments[name]

    def _let(self, expr: Expr) -> Closure:
        name = expr.args[0]

        def let(els: tuple[Element | None, ...], frame: Frame) -> Any:
            if name not in frame.lets:
                frame.lets[name] = frame.sources[name](els[:1], frame)
            return frame.lets[name]

        return let

    def _result(self, expr: Expr) -> Closure:
        name = expr.args[0]
        return lambda _els, frame: frame.results[name]

    def _gate(self, expr: Expr) -> Closure:
        on = expr.args[0] in self.gates
        return lambda _els, _frame: on

    def _list(self, expr: Expr) -> Closure:
        items = [self.closure(item) for item in expr.args]
        return lambda els, frame: [item(els, frame) for item in items]

    def scope_of(self, scope: Scope) -> Callable[[tuple[Element | None, ...], Any], list[Element]]:
        """Compile a scope to a function that gives its elements, once."""
        found = self._scopes.get(id(scope))
        if found is None:
            # The scope is kept beside its function, so that its id stays its own.
            found = self._scopes[id(scope)] = (scope, self._scope(scope))
        return found[1]

    def _scope(self, scope: Scope) -> Callable[[tuple[Element | None, ...], Any], list[Element]]:
        base = self.closure(scope.base)
        collection, roles, order = scope.collection, scope.roles, scope.order
        bound = self.closure(scope.bound) if scope.bound is not None else None
        where = self.closure(scope.where) if scope.where is not None else None

        def elements(els: tuple[Element | None, ...], frame: Any) -> list[Element]:
            owner = base(els, frame)
            if owner is None:
                return []
            found: list[Element] = owner.children_of(collection)
            if roles:
                found = [e for e in found if any(e.has_role(role) for role in roles)]
            if bound is not None and order is not None:
                limit = bound(els, frame)
                found = _within(found, order, limit)
            if where is not None:
                found = [e for e in found if where((*els, e), frame)]
            return found

        return elements

    def _quantifier(self, expr: Expr, reduce: Callable[[Iterator[bool]], Any]) -> Closure:
        scope, body = expr.args
        elements = self._scope(scope)
        inner = self.closure(body) if body is not None else None

        def quantified(els: tuple[Element | None, ...], frame: Any) -> Any:
            found = elements(els, frame)
            if inner is None:
                return reduce(iter([True] * len(found)))
            return reduce(bool(inner((*els, e), frame)) for e in found)

        return quantified

    def _any(self, expr: Expr) -> Closure:
        return self._quantifier(expr, any)

    def _all(self, expr: Expr) -> Closure:
        return self._quantifier(expr, all)

    def _none(self, expr: Expr) -> Closure:
        return self._quantifier(expr, lambda items: not any(items))

    def _count(self, expr: Expr) -> Closure:
        return self._quantifier(expr, lambda items: sum(1 for item in items if item))

    def _aggregate(self, expr: Expr, reduce: Callable[[list[Any]], Any]) -> Closure:
        value, scope = expr.args
        elements, inner = self._scope(scope), self.closure(value)
        return lambda els, frame: reduce([inner((*els, e), frame) for e in elements(els, frame)])

    def _sum(self, expr: Expr) -> Closure:
        return self._aggregate(expr, sum)

    def _highest(self, expr: Expr) -> Closure:
        return self._aggregate(expr, lambda items: max((i for i in items if i is not None), default=0))

    def _lowest(self, expr: Expr) -> Closure:
        return self._aggregate(expr, lambda items: min((i for i in items if i is not None), default=0))

    def _each(self, expr: Expr) -> Closure:
        return self._aggregate(expr, lambda items: items)

    def _pick(self, expr: Expr) -> Closure:
        scope = expr.args[0]
        elements = self._scope(scope)
        first = expr.kind in ("first", "next")
        relative = {"next": "after", "previous": "before"}.get(expr.kind)

        def pick(els: tuple[Element | None, ...], frame: Any) -> Any:
            found = elements(els, frame)
            if relative is not None:
                found = _within(found, relative, els[0])
            return None if not found else found[0] if first else found[-1]

        return pick

    _first = _last = _next = _previous = _pick

    def _not(self, expr: Expr) -> Closure:
        inner = self.closure(expr.args[0])
        return lambda els, frame: not inner(els, frame)

    def _and(self, expr: Expr) -> Closure:
        items = [self.closure(item) for item in expr.args]
        if len(items) == 2:
            a, b = items
            return lambda els, frame: bool(a(els, frame) and b(els, frame))

        def conjunction(els: tuple[Element | None, ...], frame: Any) -> bool:
            return all(item(els, frame) for item in items)

        return conjunction

    def _or(self, expr: Expr) -> Closure:
        items = [self.closure(item) for item in expr.args]

        def disjunction(els: tuple[Element | None, ...], frame: Any) -> bool:
            return any(item(els, frame) for item in items)

        return disjunction

    def _implies(self, expr: Expr) -> Closure:
        left, right = (self.closure(item) for item in expr.args)
        return lambda els, frame: not left(els, frame) or bool(right(els, frame))

    def _equal(self, expr: Expr) -> Closure:
        inner, value = self.closure(expr.args[0]), expr.args[1]
        return lambda els, frame: inner(els, frame) == value

    def _in(self, expr: Expr) -> Closure:
        inner, values = self.closure(expr.args[0]), frozenset(expr.args[1])
        return lambda els, frame: inner(els, frame) in values

    def _contains(self, expr: Expr) -> Closure:
        left, right = (self.closure(item) for item in expr.args)
        return lambda els, frame: left(els, frame) in (right(els, frame) or ())

    def _same(self, expr: Expr) -> Closure:
        left, right = (self.closure(item) for item in expr.args)
        return lambda els, frame: left(els, frame) == right(els, frame)

    def _less(self, expr: Expr) -> Closure:
        op = expr.args[0]
        left, right = (self.closure(item) for item in expr.args[1:])
        compare = functions.COMPARE[op]
        return lambda els, frame: compare(left(els, frame) or 0, right(els, frame) or 0)

    def _exists(self, expr: Expr) -> Closure:
        inner = self.closure(expr.args[0])
        return lambda els, frame: inner(els, frame) is not None

    def _order(self, expr: Expr) -> Closure:
        op = expr.args[0]
        left, right = (self.closure(item) for item in expr.args[1:])

        def ordered(els: tuple[Element | None, ...], frame: Any) -> bool:
            a, b = left(els, frame), right(els, frame)
            if a is None or b is None:
                return op == "before" and a is not None
            return bool(a.index < b.index if op == "before" else a.index > b.index)

        return ordered

    def _add(self, expr: Expr) -> Closure:
        left, right = (self.closure(item) for item in expr.args)
        return lambda els, frame: (left(els, frame) or 0) + (right(els, frame) or 0)

    def _subtract(self, expr: Expr) -> Closure:
        left, right = (self.closure(item) for item in expr.args)
        return lambda els, frame: (left(els, frame) or 0) - (right(els, frame) or 0)

    def _call(self, expr: Expr) -> Closure:
        table, ref, arguments = expr.args
        inner = self.closure(ref)
        values = [self.closure(argument) for argument in arguments]
        none = functions.ZERO.get(expr.type.kind)

        def call(els: tuple[Element | None, ...], frame: Any) -> Any:
            element = inner(els, frame)
            if element is None:
                return none
            return self.decide(table, element, [value(els, frame) for value in values])[0]

        return call

    def _builtin(self, expr: Expr) -> Closure:
        name, arguments = expr.args
        values = [self.closure(argument) for argument in arguments]
        if name == "if":
            condition, yes, no = values
            return lambda els, frame: yes(els, frame) if condition(els, frame) else no(els, frame)
        function = functions.FUNCTIONS[name]
        return lambda els, frame: function(*[value(els, frame) for value in values])

    def _template(self, expr: Expr) -> Closure:
        parts = [part if isinstance(part, str) else self.closure(part) for part in expr.args]

        def template(els: tuple[Element | None, ...], frame: Any) -> str:
            return "".join(part if isinstance(part, str) else functions.as_text(part(els, frame)) for part in parts)

        return template

    def _before(self, expr: Expr) -> Closure:
        inner = self.closure(expr.args[0])

        def before(els: tuple[Element | None, ...], frame: Any) -> Any:
            return inner(tuple(None if e is None else e.twin() for e in els), frame)

        return before


def _within(found: list[Element], order: str, limit: Element | None) -> list[Element]:
    """`before none` is everything, `after none` is nothing."""
    if limit is None:
        return found if order in ("before", "upto") else []
    keep = functions.WITHIN[order]
    return [e for e in found if keep(e.index, limit.index)]
