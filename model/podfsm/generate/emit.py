"""What every target needs before it writes a line: which parts of the model, in which order, under which names.

Nothing here knows a programming language. A target asks `needed` what a set of tables reads, `Nullable` which values
may be missing, and `Names` for identifiers that clash with nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from podfsm.errors import PodfsmError
from podfsm.language import functions
from podfsm.language.model import Collection, Domain, Expr, Field, Formula, Gate, Model, Row, Scope, Table, Type

_SETTING = "generated-tables"

#: The level of detail that generated tables have.
_LEVEL = "sync"


# ------------------------------------------------------------------------------------------------------------- settings


def chosen_tables(model: Model) -> tuple[str, ...]:
    """Ids of the tables that `settings: generated-tables:` names.

    Raises
    ------
    PodfsmError
        if there is no such setting, or it names something that is no table.
    """
    setting = model.named["settings"].get(_SETTING)
    if setting is None:
        raise PodfsmError(f"no table is chosen for generated code; name some under `settings: {_SETTING}:`")
    cells = setting.data.value if setting.data.is_list else [setting.data]
    unknown = [cell for cell in cells if cell.text not in model.tables]
    if unknown:
        raise PodfsmError([f"{cell.place}: no table {cell.text!r}; name a table" for cell in unknown])
    return tuple(cell.text for cell in cells)


def module_name(model: Model) -> str:
    """Name of the module or package that is generated, in the spelling of the tables."""
    setting = model.named["settings"].get("generated-module")
    return setting.data.text if setting is not None else "lifecycle"


# --------------------------------------------------------------------------------------------------------------- names


def words(name: str) -> list[str]:
    """Words of a name in any spelling: `own-policy`, `ownPolicy`, `own_policy`."""
    return [word.lower() for word in re.findall(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[0-9]+", name)]


def snake(name: str) -> str:
    """`own-policy` as `own_policy`."""
    return "_".join(words(name))


def pascal(name: str) -> str:
    """`own-policy` as `OwnPolicy`."""
    return "".join(word.capitalize() for word in words(name))


def constant(name: str) -> str:
    """`own-policy` as `OWN_POLICY`."""
    return snake(name).upper()


def plural(name: str) -> str:
    """Return an English plural by the spelling of the word."""
    if re.search(r"(s|x|z|ch|sh)\Z", name):
        return name + "es"
    if re.search(r"[^aeiou]y\Z", name):
        return name[:-1] + "ies"
    return name + "s"


class Names:
    """Identifiers of one scope of the target; what is reserved or taken gets underscores behind it.

    Parameters
    ----------
    reserved
        Words that the target keeps for itself, and names that are taken in this scope.
    """

    def __init__(self, reserved: Iterable[str]) -> None:
        self._taken = set(reserved)
        self._known: dict[object, str] = {}

    def add(self, key: object, *wanted: str) -> str:
        """Give `key` an identifier, the first wanted one that is free; the same key always has the same one."""
        found = self._known.get(key)
        if found is None:
            legal = [name if re.match(r"[A-Za-z_]", name) else f"n{name}" for name in wanted]
            found = next((name for name in legal if name not in self._taken), legal[-1])
            while found in self._taken:
                found += "_"
            self._taken.add(found)
            self._known[key] = found
        return found

    def __getitem__(self, key: object) -> str:
        return self._known[key]

    def __contains__(self, name: str) -> bool:
        return name in self._taken


# --------------------------------------------------------------------------------------------------- what tables need


def active_rows(table: Table) -> list[Row]:
    """Rows of a table that the generated code has; those behind a row that always matches are left out."""
    found = []
    for row in table.rows:
        if row.level and _LEVEL not in row.level:
            continue
        found.append(row)
        if table.order == "first" and row.when is None and not row.gate:
            break
    return found


def table_formulas(table: Table) -> Iterator[Formula]:
    """Every formula of a table that the generated code has."""
    for _, formula in table.lets:
        yield formula
    for result in table.results:
        if result.start is not None:
            yield result.start
    for row in active_rows(table):
        if row.when is not None:
            yield row.when
        yield from row.then.values()


def parts(expr: Expr) -> Iterator[Expr | Scope]:
    """Return the expressions and scopes that an expression is made of."""
    todo = list(expr.args)
    for item in todo:
        if isinstance(item, Expr | Scope):
            yield item
        elif isinstance(item, tuple):
            yield from (part for part in item if isinstance(part, Expr | Scope))


def definition(field: Field) -> Formula | None:
    """Return the formula that computes a field from a document: a let, or a variable's start if nothing is observed.

    A constant start is no formula: the field can then be given.
    """
    if field.let is not None:
        return field.let
    if field.observe is None and field.variable is not None and field.variable.start.expr.kind != "const":
        return field.variable.start
    return None


def is_input(field: Field) -> bool:
    """Tell whether a field is given from outside, and not computed from other fields."""
    return not field.table and definition(field) is None


@dataclass(frozen=True)
class Needed:
    """What a set of tables needs, each in the order of the model; collections have parents before children.

    `fields` (by collection) holds lets, tables without arguments and inputs; `tables` every table.
    """

    collections: tuple[Collection, ...]
    fields: Mapping[str, tuple[Field, ...]]
    tables: Mapping[str, tuple[Table, ...]]
    roles: Mapping[str, tuple[str, ...]]
    children: Mapping[str, tuple[Collection, ...]]
    domains: tuple[Domain, ...]
    gates: tuple[Gate, ...]

    @property
    def root(self) -> Collection:
        """The collection that has no parent."""
        return self.collections[0]

    def inputs(self, collection: str) -> list[Field]:
        """Return the fields of a collection that are given from outside."""
        return [field for field in self.fields[collection] if is_input(field)]

    def depth(self, collection: str) -> int:
        """How many steps an element is below the root."""
        of = next(c.of for c in self.collections if c.id == collection)
        return self.depth(of) + 1 if of else 0


def needed(model: Model, tables: Iterable[str], formulas: Iterable[Formula] = ()) -> Needed:
    """Collect what tables, and further formulas, need."""
    return _Collector(model).collect(tables, formulas)


class _Collector:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.fields: set[str] = set()
        self.tables: set[str] = set()
        self.roles: set[tuple[str, str]] = set()
        self.collections: set[str] = set()
        self.gates: set[str] = set()
        self.types: set[Type] = set()

    def collect(self, tables: Iterable[str], formulas: Iterable[Formula]) -> Needed:
        for table in tables:
            self._table(table)
        for formula in formulas:
            self._expr(formula.expr)
        collections = self._ordered()
        self.collections = {c.id for c in collections}
        return Needed(
            collections=collections,
            fields={
                c.id: tuple(
                    sorted((f for f in self.model.fields[c.id].values() if f.id in self.fields), key=lambda f: f.index)
                )
                for c in collections
            },
            tables={
                c.id: tuple(t for t in self.model.tables.values() if t.id in self.tables and t.collection == c.id)
                for c in collections
            },
            roles={c.id: tuple(r for r in c.roles if (c.id, r) in self.roles) for c in collections},
            children={c.id: tuple(d for d in collections if d.of == c.id) for c in collections},
            domains=self._domains(),
            gates=tuple(gate for gate in self.model.gates.values() if gate.id in self.gates),
        )

    def _ordered(self) -> tuple[Collection, ...]:
        known = self.model.collections
        root = next(c.id for c in known.values() if not c.of)
        wanted = {root}
        for name in self.collections:
            while name and name not in wanted:
                wanted.add(name)
                name = known[name].of
        found = [known[root]]
        for parent in found:
            found.extend(c for c in known.values() if c.of == parent.id and c.id in wanted)
        return tuple(found)

    def _domains(self) -> tuple[Domain, ...]:
        for fields in self.model.fields.values():
            self.types.update(f.type for f in fields.values() if f.id in self.fields)
        for name in self.tables:
            table = self.model.tables[name]
            self.types.update(type_ for _, type_ in table.given)
            self.types.update(result.type for result in table.results)
            self.types.update(formula.expr.type for _, formula in table.lets)
        names = {type_.name for type_ in self.types if type_.kind == "enum"}
        return tuple(domain for domain in self.model.domains.values() if domain.id in names)

    def _table(self, name: str) -> None:
        if name in self.tables:
            return
        table = self.model.tables[name]
        self.tables.add(name)
        self.collections.add(table.collection)
        if not table.given:
            self.fields.add(f"{table.collection}.{name}")
        self.gates.update(row.gate.removeprefix("not ") for row in active_rows(table) if row.gate)
        for formula in table_formulas(table):
            self._expr(formula.expr)

    def _field(self, collection: str, name: str) -> None:
        field = self.model.fields[collection][name]
        if field.id in self.fields:
            return
        self.fields.add(field.id)
        self.collections.add(collection)
        formula = definition(field)
        if field.table:
            self._table(field.table)
        elif formula is not None:
            self._expr(formula.expr)

    def _expr(self, expr: Expr) -> None:
        self.types.add(expr.type)
        if expr.kind == "before":
            raise PodfsmError("`before.` looks at two states: it cannot be part of a generated decision")
        if expr.kind == "field":
            self._field(expr.args[1], expr.args[2])
        elif expr.kind == "gate":
            self.gates.add(expr.args[0])
        elif expr.kind == "call":
            self._table(expr.args[0])
        for part in parts(expr):
            if isinstance(part, Scope):
                self._scope(part)
            else:
                self._expr(part)

    def _scope(self, scope: Scope) -> None:
        self.collections.add(scope.collection)
        for role in scope.roles:
            if (scope.collection, role) not in self.roles:
                self.roles.add((scope.collection, role))
                self._expr(self.model.collections[scope.collection].roles[role].expr)
        for part in (scope.base, scope.bound, scope.where):
            if part is not None and part.type.kind != "unknown":
                self._expr(part)


# ------------------------------------------------------------------------------------------------- values that may miss


class Nullable:
    """Which values may be missing: the least answer that agrees with all formulas.

    Enumerations, times, objects and elements may be missing; texts, numbers, truth values and lists have a zero value
    instead, unless a formula gives them a missing one.
    """

    def __init__(self, model: Model, need: Needed) -> None:
        self.model = model
        self._maybe: set[tuple[str, ...]] = set()
        self._formulas = _formulas(need)
        for fields in need.fields.values():
            for field in fields:
                if is_input(field) and _may_miss(field):
                    self._maybe.add(("field", field.id))
        while self._pass():
            pass

    def items(self) -> bool:
        """Tell whether any list that a formula makes may have missing items."""
        return any(self._gaps(formula.expr, table) for _, formula, table in self._formulas)

    def _gaps(self, expr: Expr, table: Table | None) -> bool:
        made = [expr.args[0]] if expr.kind == "each" else expr.args if expr.kind == "list" else ()
        if any(self.expr(item, table) for item in made):
            return True
        inner = [e for part in parts(expr) for e in _expressions(part)]
        return any(self._gaps(item, table) for item in inner)

    def field(self, field: Field) -> bool:
        """Tell whether the value of a field may be missing."""
        if field.table:
            table = self.model.tables[field.table]
            return table.single and self.result(table, "")
        return ("field", field.id) in self._maybe

    def result(self, table: Table, name: str) -> bool:
        """Tell whether a result of a table may be missing."""
        return ("result", table.id, name) in self._maybe

    def argument(self, table: Table, name: str) -> bool:
        """Tell whether an argument of a table may be missing."""
        return ("argument", table.id, name) in self._maybe

    def expr(self, expr: Expr, table: Table | None = None) -> bool:
        """Tell whether the value of an expression, inside `table` or a let, may be missing."""
        own = table.id if table is not None else ""
        kind, args = expr.kind, expr.args
        if kind == "const":
            return args[0] is None
        if kind == "parent":
            return self.expr(args[0], table)
        if kind == "field":
            field = self.model.fields[args[1]][args[2]]
            return self.field(field) or (field.none is None and self.expr(args[0], table))
        if kind == "item":
            record = self.model.tables[args[0].type.name]
            return self.result(record, args[1]) or (_no_zero(expr.type) and self.expr(args[0], table))
        if kind in ("argument", "let", "result"):
            return (kind, own, args[0]) in self._maybe
        if kind == "call":
            called = self.model.tables[args[0]]
            missing = _no_zero(expr.type) and self.expr(args[1], table)
            return missing or (called.single and self.result(called, ""))
        if kind == "builtin" and args[0] == "if":
            return any(self.expr(value, table) for value in args[1][1:])
        return kind in ("first", "last", "next", "previous")

    def _pass(self) -> bool:
        """Go over all formulas once; tell whether anything has changed."""
        before = len(self._maybe)
        for key, formula, table in self._formulas:
            expr = formula if isinstance(formula, Expr) else formula.expr
            if key and self.expr(expr, table):
                self._maybe.add(key)
            self._arguments(expr, table)
        for key in self._unstarted():
            self._maybe.add(key)
        return len(self._maybe) > before

    def _unstarted(self) -> Iterator[tuple[str, ...]]:
        """Results without a start and without a zero value, which some row does not give."""
        for table in {t.id: t for _, _, t in self._formulas if t is not None}.values():
            for result in table.results:
                given = table.order == "first" and all(result.name in row.then for row in active_rows(table))
                if result.start is None and _no_zero(result.type) and not given:
                    yield ("result", table.id, result.name)

    def _arguments(self, expr: Expr, table: Table | None) -> None:
        if expr.kind == "call":
            called = self.model.tables[expr.args[0]]
            for (name, _), value in zip(called.given, expr.args[2], strict=True):
                if self.expr(value, table):
                    self._maybe.add(("argument", called.id, name))
        for part in parts(expr):
            for item in _expressions(part):
                self._arguments(item, table)


def _formulas(need: Needed) -> list[tuple[tuple[str, ...], Formula, Table | None]]:
    """Return what each formula defines (() for conditions), the formula, and the table it stands in."""
    found: list[tuple[tuple[str, ...], Formula, Table | None]] = []
    for collection in need.collections:
        found += [((), collection.roles[role], None) for role in need.roles[collection.id]]
        for field in need.fields[collection.id]:
            formula = None if field.table else definition(field)
            if formula is not None:
                found.append((("field", field.id), formula, None))
        for table in need.tables[collection.id]:
            found += [(("let", table.id, name), formula, table) for name, formula in table.lets]
            found += [(("result", table.id, r.name), r.start, table) for r in table.results if r.start is not None]
            for row in active_rows(table):
                if row.when is not None:
                    found.append(((), row.when, table))
                found += [(("result", table.id, name), formula, table) for name, formula in row.then.items()]
    return found


def _expressions(part: Expr | Scope) -> list[Expr]:
    """Return the expressions that a part of an expression consists of."""
    if isinstance(part, Expr):
        return [part]
    return [expr for expr in (part.bound, part.where) if expr is not None]


def _no_zero(type_: Type) -> bool:
    return type_.kind not in functions.ZERO


def _may_miss(field: Field) -> bool:
    """Tell whether an input may be missing."""
    observation = field.observe
    if observation is None:
        return field.none is None and (field.variable is None or field.variable.start.expr.args[0] is None)
    if observation.form in ("present", "count") or observation.path in (("~group",), ("~index",)):
        return False
    ways = (observation.missing, field.none, observation.otherwise if observation.form == "which" else None)
    return all(value is None for value in ways)


# ---------------------------------------------------------------------------------------------------------------- texts


def let_why(model: Model, collection: str, name: str) -> str:
    """Return the sentence that a let carries in its table file."""
    return _cell_text(model, ("let", collection, name, "why"))


def observed_why(model: Model, collection: str, name: str) -> str:
    """Return the sentence that an observed field carries in its table file."""
    return _cell_text(model, ("observe", collection, name, "why"))


def _cell_text(model: Model, path: tuple[str, ...]) -> str:
    for file in model.files.values():
        cell = file
        for part in path:
            inner = cell.get(part) if cell.is_map else None
            if inner is None:
                break
            cell = inner
        else:
            return cell.text
    return ""


def path_text(path: tuple[str, ...]) -> str:
    """Return a path the way the tables write it."""
    return "/" + ".".join(path[1:]) if path[:1] == ("/",) else ".".join(path)


def source_path(path: str) -> tuple[tuple[str, ...], bool]:
    """Return the parts of a collection's path ("/" first: from the document), and whether it holds one object."""
    text, single = path.removesuffix("?"), path.endswith("?")
    return (("/", *text[1:].split(".")) if text.startswith("/") else tuple(text.split("."))), single


def document_keys(need: Needed) -> dict[str, list[tuple[tuple[str, ...], Type, str]]]:
    """Keys beside the root's own object that paths from the document's root begin with.

    For each, the paths behind it, and the type and form of what is read there (`list` and `single` for collections).
    Keys that the root's own fields and lists read as well are part of its object, and left out.
    """
    found: dict[str, list[tuple[tuple[str, ...], Type, str]]] = {}
    own: set[str] = set()
    for collection in need.collections:
        for path, type_, form in _reads(need, collection):
            if path[:1] == ("/",):
                if path != ("/", ""):
                    found.setdefault(path[1], []).append((path[2:], type_, form))
            elif not collection.of and path:
                own.add(path[0])
    return {key: reads for key, reads in found.items() if key not in own}


def _reads(need: Needed, collection: Collection) -> Iterator[tuple[tuple[str, ...], Type, str]]:
    """Paths that start at an element: of its fields, and of the lists and joins of its children."""
    for field in need.inputs(collection.id):
        if field.observe is not None:
            for path in [field.observe.path] if field.observe.form != "which" else which_paths(field):
                yield path, field.type, field.observe.form
    for child in need.children[collection.id]:
        sources = [*child.groups.values(), *(s for paths in needed_joins(need, child).values() for s in paths.values())]
        for source in sources:
            path, single = source_path(source)
            yield path, Type("list", "object"), "single" if single or child.single else "list"


def which_paths(field: Field) -> list[tuple[str, ...]]:
    """Every path that a `which` looks at, that of `absent` first."""
    assert field.observe is not None
    absent = [tuple(field.observe.absent[1].split("."))] if field.observe.absent[0] else []
    return absent + [path for _, path in field.observe.which]


def needed_joins(need: Needed, collection: Collection) -> dict[str, Mapping[str, str]]:
    """Return joins of a collection that its fields or its children's lists go through."""
    starts: set[str] = set()
    for field in need.inputs(collection.id):
        if field.observe is not None:
            starts.update(p[0] for p in ([field.observe.path, *which_paths(field)]) if p)
    for child in need.children[collection.id]:
        starts.update(source_path(source)[0][0] for source in child.groups.values())
        for paths in child.joins.values():
            starts.update(source_path(source)[0][0] for source in paths.values())
    return {name: paths for name, paths in collection.joins.items() if name in starts}
