"""Table files to the model: declarations first, then formulas, then checks; all problems are shown together."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from podfsm.language.model import (
    BOOL,
    NUMBER,
    TEXT,
    TIME,
    Binding,
    Collection,
    Domain,
    Edge,
    Event,
    Expr,
    Field,
    Fire,
    Formula,
    Gate,
    Machine,
    Model,
    Named,
    Observation,
    Output,
    Procedure,
    Property,
    Result,
    Row,
    Scope,
    Script,
    Table,
    Type,
    Variable,
    View,
)
from podfsm.language.resolve import UNKNOWN, Context, Resolver
from podfsm.language.source import Cell, Place, Problems, TablesError, read_tables

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
ROW_ID = re.compile(r"[a-z][a-z0-9-]*(\.[A-Za-z0-9-]+)+\Z")

#: Words of the language itself; a field or table of that name could not be written in a condition.
RESERVED = frozenset(
    "and or not implies in same exists before after upto from where gate self parent result any all none count sum "
    "highest lowest each first last next previous if min max join true false".split()
)

#: Sections that only carry named texts and settings; consumers read their cells.
NAMED_SECTIONS = (
    "defects",
    "assumptions",
    "actors",
    "features",
    "terms",
    "findings",
    "configurations",
    "diagrams",
    "kubernetes",
    "sources",
    "timers",
    "defaults",
    "refusals",
    "beliefs",
    "seeds",
    "titles",
    "regions",
    "lifetimes",
    "settings",
    "kinds",
)

SECTIONS = (
    "domains",
    "collections",
    "observe",
    "let",
    "tables",
    "machine",
    "machines",
    "procedures",
    "gates",
    "properties",
    "views",
    "bindings",
    "texts",
    *NAMED_SECTIONS,
)

BASE_TYPES = {"bool": BOOL, "number": NUMBER, "text": TEXT, "time": TIME, "object": Type("object")}


def load(directory: Path) -> Model:
    """Load and check every table below `directory`.

    Raises
    ------
    TablesError
        with every problem found, each `file:line:column: what; mend`.
    """
    problems = Problems()
    files = read_tables(directory, problems)
    loader = Loader(files, problems)
    try:
        model = loader.model()
    except TablesError:
        raise
    problems.raise_if_any()
    return model


def digest(directory: Path) -> str:
    """SHA-256 over names and contents of the table files, 16 hexadecimal digits."""
    total = hashlib.sha256()
    for path in sorted(directory.rglob("*.yaml")):
        total.update(path.relative_to(directory).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()[:16]


class Loader:
    """Builds the model; also answers the resolver's questions about names (protocol `resolve.Names`)."""

    def __init__(self, files: Mapping[str, Cell], problems: Problems) -> None:
        self.files, self.problems = files, problems
        self.domains: dict[str, Domain] = {}
        self.collections: dict[str, Collection] = {}
        self.fields: dict[str, dict[str, Field]] = {}
        self.tables: dict[str, Table] = {}
        self.machines: dict[str, Machine] = {}
        self.procedures: dict[str, Procedure] = {}
        self.gates: dict[str, Gate] = {}
        self.named: dict[str, dict[str, Named]] = {section: {} for section in NAMED_SECTIONS}
        self.resolver = Resolver(self, problems)
        self.used: set[str] = set()
        self.ids: dict[str, Place] = {}
        self._lets: dict[tuple[str, str], tuple[Cell, str]] = {}
        self._resolving: list[tuple[str, str]] = []
        self._signatures: dict[str, tuple[str, tuple[tuple[str, Type], ...], Type]] = {}
        self._records: dict[str, dict[str, Type]] = {}
        self._variables: dict[tuple[str, str], Cell] = {}
        self._sets: list[tuple[str, Cell, Place]] = []

    # ------------------------------------------------------------------------------------------------ Names protocol

    def field_type(self, collection: str, name: str) -> Type | None:
        found = self.fields.get(collection, {}).get(name)
        if found is None:
            return None
        self.used.add(found.id)
        if found.type.kind == "unresolved":
            return self._resolve_let(collection, name).type
        return found.type

    def field_names(self, collection: str) -> Iterable[str]:
        return self.fields.get(collection, {})

    def table_signature(self, name: str) -> tuple[str, Sequence[tuple[str, Type]], Type] | None:
        self.used.add(f"table {name}")
        return self._signatures.get(name)

    def table_names(self) -> Iterable[str]:
        return self._signatures

    def record_type(self, table: str, name: str) -> Type | None:
        return self._records.get(table, {}).get(name)

    def use_gate(self, name: str) -> bool:
        self.used.add(f"gate {name}")
        return name in self.gates

    def gate_names(self) -> Iterable[str]:
        return self.gates

    # -------------------------------------------------------------------------------------------------------- passes

    def model(self) -> Model:
        for cell in self.files.values():
            for key in cell.value:
                if key not in SECTIONS:
                    self.problems.unknown(cell.keys[key], "section", key, SECTIONS)
        for read in (self._read_domains, self._read_gates, self._read_collections, self._read_fields, self._read_named):
            read()
        self._declare_tables()
        self._declare_machines()
        self._read_roles()
        for collection, name in list(self._lets):
            self._resolve_let(collection, name)
        self._read_tables()
        self._read_machines()
        self._read_procedures()
        properties = self._read_properties()
        views = self._read_views()
        bindings = self._read_bindings()
        texts = self._read_texts()
        return Model(
            digest=self._digest(),
            domains=self.domains,
            collections=self.collections,
            fields=self.fields,
            tables=self.tables,
            machines=self.machines,
            procedures=self.procedures,
            properties=properties,
            views=views,
            gates=self.gates,
            bindings=bindings,
            named=self.named,
            texts=texts,
            files=self.files,
        )

    def _digest(self) -> str:
        total = hashlib.sha256()
        for name, cell in sorted(self.files.items()):
            total.update(repr((name, cell.plain())).encode())
        return total.hexdigest()[:16]

    # ------------------------------------------------------------------------------------------------------- helpers

    def entries(self, section: str) -> Iterable[tuple[str, Cell, Place]]:
        """(name, cell, place of the name) of a section, over all files."""
        for cell in self.files.values():
            body = cell.get(section)
            if body is None:
                continue
            if not body.is_map:
                self.problems.add(body.place, f"section {section!r} is a mapping from names", "write `name: ...`")
                continue
            for name, entry in body.items():
                yield name, entry, body.keys[name]

    def keys(self, cell: Cell, what: str, allowed: Sequence[str], required: Sequence[str] = ()) -> bool:
        """Check that a mapping has the required keys and no unknown one."""
        if not cell.is_map:
            self.problems.add(cell.place, f"{what} is a mapping", "write `{key: value}`; keys: " + ", ".join(allowed))
            return False
        for key in cell.value:
            if key not in allowed:
                self.problems.unknown(cell.keys[key], f"key of {what}", key, allowed)
        missing = [key for key in required if key not in cell.value]
        for key in missing:
            self.problems.add(cell.place, f"{what} has no {key!r}", f"add `{key}:`")
        return not missing

    def name(self, name: str, place: Place) -> None:
        if not NAME.match(name):
            self.problems.add(place, f"{name!r} is no name", "names are lower-case words joined by single hyphens")
        elif name in RESERVED:
            self.problems.add(place, f"{name!r} is a word of the table language", "choose another name")

    def unique(self, id: str, place: Place) -> None:
        if id in self.ids:
            self.problems.add(place, f"duplicate id {id!r}", f"it is first used at {self.ids[id]}; choose another")
        self.ids.setdefault(id, place)

    def text(self, cell: Cell, key: str, default: str = "") -> str:
        found = cell.get(key)
        if found is None:
            return default
        if not found.is_text:
            self.problems.add(found.place, f"{key!r} is a text here", "write it on one line")
            return default
        return found.text

    def words(self, cell: Cell | None) -> tuple[str, ...]:
        """A list of words, or one word."""
        if cell is None:
            return ()
        if cell.is_text:
            return (cell.text,)
        if cell.is_list:
            return tuple(item.text for item in cell.value)
        self.problems.add(cell.place, "a list of words is wanted here", "write `[a, b]`")
        return ()

    def flag(self, cell: Cell, key: str) -> bool:
        found = cell.get(key)
        if found is None:
            return False
        if found.text not in ("true", "false"):
            self.problems.add(found.place, f"{key!r} is true or false", "write true or false")
        return found.text == "true"

    def type_named(self, cell: Cell) -> Type:
        """A type by name: bool, number, text, time, a domain, `list number`, `list text`."""
        if cell.is_map and cell.get("values") is not None:
            self.problems.add(cell.place, "an anonymous domain has no name for errors", "declare it under `domains:`")
            return Type("unknown")
        text = cell.text
        if text in BASE_TYPES:
            return BASE_TYPES[text]
        if text.startswith("list "):
            return Type("list", text[5:])
        if text in self.domains:
            self.used.add(f"domain {text}")
            return self.domains[text].type
        self.problems.unknown(cell.place, "domain", text or "(none)", [*self.domains, *BASE_TYPES])
        return Type("unknown")

    # ---------------------------------------------------------------------------------------------- domains and gates

    def _read_domains(self) -> None:
        keys = ("values", "open", "number", "counter", "text", "constants", "rule-values", "why", "titles")
        for name, cell, place in self.entries("domains"):
            self.name(name, place)
            if name in self.domains:
                self.problems.add(place, f"duplicate domain {name!r}", f"first at {self.domains[name].place}")
                continue
            if not self.keys(cell, "a domain", keys):
                continue
            values = self.words(cell.get("values"))
            if len(set(values)) != len(values):
                self.problems.add(cell.place, f"domain {name} names a value twice", "keep one")
            opened = cell.get("open")
            counter = self.text(cell, "counter")
            if values:
                type_ = Type("enum", name)
            elif counter or cell.get("number"):
                type_ = NUMBER
            else:
                type_ = TEXT
            constants: tuple[int | str, ...] = self.words(cell.get("constants"))
            if type_ is NUMBER:
                constants = tuple(int(c) for c in constants if str(c).lstrip("-").isdigit())
            self.domains[name] = Domain(
                id=name,
                type=type_,
                values=values,
                place=place,
                open=dict(opened.plain()) if opened is not None and opened.is_map else {},
                counter=int(counter) if counter.isdigit() else None,
                constants=constants,
                rule_values=self.text(cell, "rule-values"),
                why=self.text(cell, "why"),
            )

    def _read_gates(self) -> None:
        for name, cell, place in self.entries("gates"):
            if not self.keys(cell, "a gate", ("defaults", "needs", "why", "cite", "locked"), ("defaults", "why")):
                continue
            defaults = cell.get("defaults")
            values: dict[str, bool] = {}
            if defaults is not None and defaults.is_map:
                for minor, on in defaults.items():
                    if on.text not in ("on", "off"):
                        self.problems.add(on.place, f"a gate is on or off, not {on.text!r}", "write on or off")
                    values[minor] = on.text == "on"
            self.gates[name] = Gate(name, values, self.text(cell, "needs"), self.text(cell, "why"), place)
        for gate in self.gates.values():
            if gate.needs and gate.needs not in self.gates:
                self.problems.unknown(gate.place, "gate", gate.needs, self.gates)

    # ------------------------------------------------------------------------------------------ collections and fields

    def _read_collections(self) -> None:
        keys = ("of", "from", "key", "match", "sort", "join", "roles", "title", "why")
        for name, cell, place in self.entries("collections"):
            self.name(name, place)
            if not self.keys(cell, "a collection", keys):
                continue
            source = cell.get("from")
            if source is None:
                groups: dict[str, str] = {}
            elif source.is_map:
                groups = {group: path.text for group, path in source.items()}
            else:
                groups = {name: source.text}
            joins: dict[str, dict[str, str]] = {}
            for join, paths in (cell.get("join") or Cell({}, place)).items():
                joins[join] = {g: p.text for g, p in paths.items()} if paths.is_map else {"": paths.text}
            self.collections[name] = Collection(
                id=name,
                of=self.text(cell, "of"),
                place=place,
                groups=groups,
                key=self.text(cell, "key"),
                match=self.text(cell, "match"),
                sort=self.text(cell, "sort"),
                joins=joins,
                title=self.text(cell, "title"),
            )
            self.fields[name] = {}
        for collection in self.collections.values():
            if collection.of and collection.of not in self.collections:
                self.problems.unknown(collection.place, "collection", collection.of, self.collections)
        for name, cell, _ in self.entries("collections"):
            roles = cell.get("roles") if cell.is_map else None
            if roles is not None and name in self.collections:
                declared = {role: Formula("", UNKNOWN, formula.place) for role, formula in roles.items()}
                for role in declared:
                    self.name(role, roles.keys[role])
                object.__setattr__(self.collections[name], "roles", declared)

    def _read_roles(self) -> None:
        """Role conditions read fields, so they are resolved after the fields are declared."""
        for name, cell, _ in self.entries("collections"):
            roles = cell.get("roles") if cell.is_map else None
            if roles is None or name not in self.collections:
                continue
            resolved = {role: self.resolver.condition(formula, Context([name])) for role, formula in roles.items()}
            object.__setattr__(self.collections[name], "roles", resolved)

    def _add_field(self, collection: str, name: str, type_: Type, place: Place, **more: Any) -> None:
        fields = self.fields[collection]
        old = fields.get(name)
        if old is not None:
            kinds = {k for k in ("observe", "variable", "let", "table") if getattr(old, k)}
            new = {k for k in more if k != "none"}
            if "table" in kinds | new or kinds & new or {"observe", "let"} <= kinds | new:
                self.problems.add(
                    place, f"duplicate field {name!r} of {collection}", f"first at {old.place}; rename one"
                )
                return
            merged = {k: getattr(old, k) for k in ("observe", "variable", "none")} | more
            if merged.get("none") is None:
                merged["none"] = old.none
            known = type_ if old.type.kind == "unresolved" else old.type
            fields[name] = Field(collection, name, known, old.index, old.place, **merged)
            return
        fields[name] = Field(collection, name, type_, len(fields), place, **more)

    def _read_fields(self) -> None:
        for collection, cell, place in self.entries("observe"):
            if collection not in self.collections:
                self.problems.unknown(place, "collection", collection, self.collections)
                continue
            for name, spec in cell.items():
                self.name(name, cell.keys[name])
                type_, observation = self.observation(spec, name)
                none = observation.missing if observation.missing is not None else _zero(type_)
                self._add_field(collection, name, type_, cell.keys[name], observe=observation, none=none)
        for collection, cell, place in self.entries("let"):
            if collection not in self.collections:
                self.problems.unknown(place, "collection", collection, self.collections)
                continue
            for name, spec in cell.items():
                self.name(name, cell.keys[name])
                formula = spec.get("is") if spec.is_map else spec
                if spec.is_map:
                    self.keys(spec, "a let", ("is", "why", "title"), ("is",))
                if formula is None:
                    continue
                self._add_field(collection, name, Type("unresolved"), cell.keys[name])
                self._lets[(collection, name)] = (formula, name)

    def observation(self, spec: Cell, name: str) -> tuple[Type, Observation]:
        """One entry of `observe:`; also used for the overrides of a binding."""
        keys = ("at", "which", "present", "count", "absent", "else", "map", "missing", "domain", "why", "title")
        self.keys(spec, f"observation {name!r}", keys)
        form = next((f for f in ("at", "which", "present", "count") if spec.get(f) is not None), "")
        if not form:
            self.problems.add(
                spec.place, f"observation {name!r} has no source", "give one of at, which, present, count"
            )
        domain = spec.get("domain")
        type_ = self.type_named(domain) if domain is not None else {"present": BOOL, "count": NUMBER}.get(form, TEXT)
        source = spec.get(form) if form else None
        which: tuple[tuple[str, tuple[str, ...]], ...] = ()
        path: tuple[str, ...] = ()
        if form == "which" and source is not None and source.is_map:
            which = tuple((value, _path(cell)) for value, cell in source.items())
        elif source is not None:
            path = _path(source)
        absent = spec.get("absent")
        mapping = spec.get("map")
        return type_, Observation(
            form=form,
            path=path,
            map={k: _typed(v.text, type_) for k, v in mapping.items()} if mapping is not None else {},
            missing=self._default(spec.get("missing"), type_),
            which=which,
            absent=_first_item(absent),
            otherwise=self._default(spec.get("else"), type_),
            place=spec.place,
        )

    def _default(self, cell: Cell | None, type_: Type) -> Any:
        if cell is None:
            return None
        if cell.is_list and not cell.value:
            return ()
        if type_.kind == "enum" and type_.name in self.domains and cell.text not in self.domains[type_.name].members:
            self.problems.unknown(
                cell.place, f"value of domain {type_.name}", cell.text, self.domains[type_.name].members
            )
        return _typed(cell.text, type_)

    def _resolve_let(self, collection: str, name: str) -> Field:
        old = self.fields[collection][name]
        if old.let is not None or (collection, name) not in self._lets:
            return old
        if (collection, name) in self._resolving:
            cycle = " -> ".join(n for _, n in self._resolving) + f" -> {name}"
            self.problems.add(old.place, f"let {name!r} is defined by itself: {cycle}", "break the circle")
            return Field(collection, name, Type("unknown"), old.index, old.place, let=Formula("", UNKNOWN, old.place))
        self._resolving.append((collection, name))
        formula = self.resolver.value(self._lets[(collection, name)][0], Context([collection]))
        self._resolving.pop()
        type_ = formula.expr.type
        if old.variable is not None:
            type_ = old.type
        fresh = Field(
            collection, name, type_, old.index, old.place, variable=old.variable, let=formula, none=_zero(type_)
        )
        self.fields[collection][name] = fresh
        return fresh

    # --------------------------------------------------------------------------------------------------------- tables

    def _declare_tables(self) -> None:
        """Names, arguments and results of all tables, before any formula is resolved."""
        for name, cell, place in self.entries("tables"):
            self.name(name, place)
            keys = ("per", "given", "let", "result", "results", "order", "rows", "title", "cite", "why", "seq")
            if not self.keys(cell, "a table", keys, ("per", "rows")):
                continue
            collection = self.text(cell, "per")
            if collection not in self.collections:
                self.problems.unknown(cell.value["per"].place, "collection", collection, self.collections)
                continue
            if name in self._signatures:
                self.problems.add(place, f"duplicate table {name!r}", "choose another name")
                continue
            given = cell.get("given")
            arguments = tuple((n, self.type_named(t)) for n, t in given.items()) if given is not None else ()
            result, results = cell.get("result"), cell.get("results")
            if (result is None) == (results is None):
                self.problems.add(cell.place, f"table {name} needs either `result:` or `results:`", "give one of them")
                continue
            if result is not None:
                type_ = self.type_named(
                    result.value["domain"] if result.is_map and "domain" in result.value else result
                )
            else:
                assert results is not None
                self._records[name] = {n: self._result_type(spec) for n, spec in results.items()}
                type_ = Type("record", name)
            self._signatures[name] = (collection, arguments, type_)
            self.unique(name, place)
            if not arguments:
                self._add_field(collection, name, type_, place, table=name, none=_zero(type_))

    def _result_type(self, spec: Cell) -> Type:
        if spec.is_map:
            self.keys(spec, "a result", ("domain", "start", "why"), ("domain",))
            domain = spec.get("domain")
            return self.type_named(domain) if domain is not None else Type("unknown")
        return self.type_named(spec)

    def _read_tables(self) -> None:
        for name, cell, place in self.entries("tables"):
            if name not in self._signatures or name in self.tables:
                continue
            collection, given, type_ = self._signatures[name]
            arguments = dict(given)
            order = self.text(cell, "order", "first")
            if order not in ("first", "sequence"):
                self.problems.unknown(cell.value["order"].place, "order of a table", order, ("first", "sequence"))
            lets: dict[str, Type] = {}
            formulas = []
            for let, formula_cell in (cell.get("let") or Cell({}, place)).items():
                formula = self.resolver.value(formula_cell, Context([collection], arguments, lets))
                lets[let] = formula.expr.type
                formulas.append((let, formula))
            results = self._results(name, cell, type_, Context([collection], arguments, lets))
            current = {r.name: r.type for r in results} if order == "sequence" else {}
            context = Context([collection], arguments, lets, current)
            rows = tuple(
                self._row(row, name, {r.name: r.type for r in results}, context, cell)
                for row in self._row_cells(cell.value["rows"])
            )
            self.tables[name] = Table(
                id=name,
                collection=collection,
                place=place,
                given=given,
                lets=tuple(formulas),
                results=results,
                order=order,
                rows=rows,
                title=self.text(cell, "title"),
                cite=self.text(cell, "cite"),
            )

    def _results(self, name: str, cell: Cell, type_: Type, context: Context) -> tuple[Result, ...]:
        def start(spec: Cell, wanted: Type) -> Formula | None:
            value = spec.get("start")
            return self.resolver.cell_value(value, wanted, context) if value is not None else None

        result = cell.get("result")
        if result is not None:
            return (Result("", type_, start(result, type_) if result.is_map else None),)
        results = cell.get("results")
        assert results is not None
        return tuple(
            Result(n, self._records[name][n], start(spec, self._records[name][n])) for n, spec in results.items()
        )

    def _row_cells(self, rows: Cell) -> list[Cell]:
        if not rows.is_list or not rows.value:
            self.problems.add(
                rows.place, "rows are a list of mappings", "write `- {id: ..., when: ..., then: ..., why: ...}`"
            )
            return []
        return list(rows.value)

    def _row(
        self,
        cell: Cell,
        owner: str,
        targets: Mapping[str, Type],
        context: Context,
        parent: Cell,
        actor: str = "",
        default_id: str = "",
    ) -> Row:
        keys = "id when then why cite actor end gate defect level feature explore unreached publish fires each title".split()
        if not self.keys(cell, "a row", keys, () if default_id else ("id", "why")):
            return Row("?", owner, cell.place, None, {}, "", "")
        id = self.text(cell, "id", default_id)
        if id and not ROW_ID.match(id):
            self.problems.add(cell.place, f"{id!r} is no row id", "row ids are dotted: `table.row`")
        self.unique(id, cell.place)
        why, cite = self.text(cell, "why"), self.text(cell, "cite") or self.text(parent, "cite")
        if not why.strip():
            self.problems.add(cell.place, f"row {id} has no why", "say in a sentence why it is so")
        if not cite.strip():
            self.problems.add(cell.place, f"row {id} has no citation", "cite the Kubernetes source file and function")
        when_cell = cell.get("when")
        when = self.resolver.condition(when_cell, context) if when_cell is not None else None
        then = self._then(cell, id, targets, context)
        gate = self.text(cell, "gate") or self.text(parent, "gate")
        if gate and not self.use_gate(gate.removeprefix("not ")):
            self.problems.unknown(cell.place, "gate", gate, self.gates)
        defect = self.text(cell, "defect")
        self._known("defects", defect, cell)
        feature = self.text(cell, "feature") or self.text(parent, "feature")
        self._known("features", feature, cell)
        return Row(
            id=id,
            owner=owner,
            place=cell.place,
            when=when,
            then=then,
            why=why,
            cite=cite,
            actor=self.text(cell, "actor") or actor,
            end=self.flag(cell, "end"),
            gate=gate,
            defect=defect,
            level=self.words(cell.get("level")),
            feature=feature,
            either=self.text(cell, "explore") == "either",
            unreached=self.text(cell, "unreached"),
        )

    def _known(self, section: str, name: str, cell: Cell) -> None:
        if name and name not in self.named[section]:
            self.problems.unknown(cell.place, section.rstrip("s"), name, self.named[section])
        self.used.add(f"{section} {name}")

    def _then(self, cell: Cell, id: str, targets: Mapping[str, Type], context: Context) -> dict[str, Formula]:
        then = cell.get("then")
        if then is None:
            return {}
        if "" in targets:
            return {"": self._list_or_value(then, targets[""], context)}
        if not then.is_map:
            self.problems.add(then.place, f"`then` of {id} is a mapping of names to values", "write `{name: value}`")
            return {}
        result = {}
        for name, value in then.items():
            if name not in targets:
                self.problems.unknown(then.keys[name], "variable or result", name, targets)
            else:
                result[name] = self._list_or_value(value, targets[name], context)
        return result

    def _list_or_value(self, cell: Cell, wanted: Type, context: Context) -> Formula:
        if cell.is_list:
            parts = [self.resolver.cell_value(item, Type(wanted.name or "text"), context) for item in cell.value]
            text = "[" + ", ".join(p.text for p in parts) + "]"
            return Formula(text, Expr("list", wanted, tuple(p.expr for p in parts)), cell.place)
        return self.resolver.cell_value(cell, wanted, context)

    # ------------------------------------------------------------------------------------------------------- machines

    def _machine_cells(self) -> Iterable[tuple[str, Cell, Place]]:
        yield from self.entries("machines")
        for cell in self.files.values():
            single = cell.get("machine")
            if single is not None and single.is_text:
                yield single.text, cell, single.place
            elif single is not None:
                self.problems.add(
                    single.place, "`machine:` is the name of the machine of this file", "or use `machines:`"
                )

    def _declare_machines(self) -> None:
        for name, cell, place in self._machine_cells():
            self.name(name, place)
            collection = self.text(cell, "per")
            if collection not in self.collections:
                self.problems.unknown(place, "collection", collection, self.collections)
                continue
            variables = cell.get("variables")
            for variable, spec in (variables or Cell({}, place)).items():
                assert variables is not None
                self.name(variable, variables.keys[variable])
                keys = ("domain", "start", "feature", "why", "title", "dead", "values")
                if not self.keys(spec, "a variable", keys, ("domain",)):
                    continue
                if (collection, variable) in self._variables:
                    self.problems.add(
                        variables.keys[variable], f"duplicate variable {variable!r} of {collection}", "rename"
                    )
                    continue
                type_ = self.type_named(spec.value["domain"])
                self._variables[(collection, variable)] = spec
                placeholder = Variable(name, (), Formula("", UNKNOWN, spec.place))
                self._add_field(
                    collection, variable, type_, variables.keys[variable], variable=placeholder, none=_zero(type_)
                )

    def _read_machines(self) -> None:
        for name, cell, place in self._machine_cells():
            collection = self.text(cell, "per")
            if collection not in self.collections:
                continue
            names = []
            for variable, spec in (cell.get("variables") or Cell({}, place)).items():
                if self._variables.get((collection, variable)) is spec:
                    names.append(variable)
                    self._finish_variable(name, collection, variable, spec)
            events = tuple(
                self._event(name, collection, event, spec, place)
                for event, spec in (cell.get("events") or Cell({}, place)).items()
            )
            self.unique(f"machine {name}", place)
            self.machines[name] = Machine(
                id=name,
                collection=collection,
                place=place,
                variables=tuple(names),
                main=self.text(cell, "main") or (names[0] if names else ""),
                events=events,
                title=self.text(cell, "title"),
                why=self.text(cell, "why"),
            )

    def _finish_variable(self, machine: str, collection: str, name: str, spec: Cell) -> None:
        old = self.fields[collection][name]
        domain = self.domains.get(spec.value["domain"].text)
        values: tuple[Any, ...] = (False, True) if old.type.kind == "bool" else ()
        if domain is not None:
            values = domain.members or domain.constants
            if domain.counter is not None:
                values = tuple(range(domain.counter + 1))
        start_cell = spec.get("start")
        context = Context([collection])
        if start_cell is not None:
            start = self.resolver.cell_value(start_cell, old.type, context)
        else:
            start = Formula("", Expr("const", old.type, (_zero(old.type),)), spec.place)
        dead = spec.get("dead")
        feature = self.text(spec, "feature")
        self._known("features", feature, spec)
        variable = Variable(
            machine,
            values,
            start,
            feature,
            self.text(spec, "why"),
            self.resolver.condition(dead, context) if dead is not None else None,
        )
        self.fields[collection][name] = Field(
            collection,
            name,
            old.type,
            old.index,
            old.place,
            observe=old.observe,
            variable=variable,
            let=old.let,
            none=old.none,
        )

    def _event(self, machine: str, collection: str, name: str, cell: Cell, place: Place) -> Event:
        id = f"{machine}.{name}"
        keys = "actor arguments when order rows each publish feature internal title why cite then gate defect level".split()
        self.keys(cell, "an event", keys)
        actor = self.text(cell, "actor")
        if not actor and not self.flag(cell, "internal"):
            self.problems.add(cell.place, f"event {id} has no actor", "say who causes it")
        self._known("actors", actor, cell)
        arguments = []
        for argument, domain in (cell.get("arguments") or Cell({}, place)).items():
            type_ = self.type_named(domain)
            arguments.append((argument, type_, self._choices(domain, type_)))
        context = Context([collection], {n: t for n, t, _ in arguments})
        when_cell = cell.get("when")
        when = self.resolver.condition(when_cell, context) if when_cell is not None else None
        targets = {n: f.type for n, f in self.fields[collection].items() if f.variable is not None}
        if cell.get("rows") is not None:
            rows = tuple(
                self._row(row, id, targets, context, cell, actor) for row in self._row_cells(cell.value["rows"])
            )
        else:
            only = {k: v for k, v in cell.items() if k in ("then", "why", "cite", "gate", "defect", "feature", "level")}
            rows = (self._row(Cell(only, cell.place, cell.keys), id, targets, context, cell, actor, id),)
        fires = tuple(self._fire(spec, collection, context) for spec in (cell.get("each") or Cell([], place)).value)
        return Event(
            id=id,
            machine=machine,
            name=name,
            actor=actor,
            place=cell.place,
            arguments=tuple(arguments),
            when=when,
            order=self.text(cell, "order", "one"),
            rows=rows,
            fires=fires,
            publish=self.words(cell.get("publish")),
            feature=self.text(cell, "feature"),
            internal=self.flag(cell, "internal"),
            title=self.text(cell, "title"),
            level=self.words(cell.get("level")),
        )

    def _choices(self, domain: Cell, type_: Type) -> tuple[Any, ...]:
        found = self.domains.get(domain.text)
        if found is not None:
            return found.members or (found.id,)
        return (False, True) if type_.kind == "bool" else ()

    def _fire(self, spec: Cell, collection: str, context: Context) -> Fire:
        self.keys(spec, "an `each` entry", ("of", "choose", "fire", "with"), ("of", "fire"))
        of = spec.get("of") or spec
        scope, text = self.resolver.scope_formula(of, context)
        if scope is None:
            raise TablesError(self.problems.found)
        choose = []
        for argument, values in (spec.get("choose") or Cell({}, spec.place)).items():
            choose.append((argument, self.words(values) if values.is_list else (f"domain {values.text}",)))
        given = []
        inner = Context([collection, scope.collection], context.arguments)
        for argument, value in (spec.get("with") or Cell({}, spec.place)).items():
            given.append((argument, self.resolver.value(value, inner)))
        return Fire(scope, text, self.text(spec, "fire"), tuple(choose), tuple(given), spec.place)

    # ------------------------------------------------------------------------------- procedures, properties, views, texts

    def _read_procedures(self) -> None:
        for name, cell, place in self.entries("procedures"):
            if not self.keys(cell, "a procedure", ("stages", "why", "cite", "per"), ("stages", "why")):
                continue
            root = self.text(cell, "per") or next(c.id for c in self.collections.values() if not c.of)
            stages = []
            for stage in cell.value["stages"].value:
                self.keys(stage, "a stage", ("of", "set", "cite", "why"), ("of", "set"))
                if stage.value["of"].text == root:
                    scope, collection = None, root
                else:
                    scope, _ = self.resolver.scope_formula(stage.value["of"], Context([root]))
                    if scope is None:
                        continue
                    collection = scope.collection
                formulas = {}
                for field_name, value in stage.value["set"].items():
                    target = self.fields[collection].get(field_name)
                    if target is None:
                        self.problems.unknown(
                            stage.value["set"].keys[field_name], "field", field_name, self.fields[collection]
                        )
                        continue
                    formulas[field_name] = self.resolver.cell_value(value, target.type, Context([collection]))
                stages.append((scope, collection, formulas))
            self.procedures[name] = Procedure(name, place, tuple(stages), self.text(cell, "why"))

    def _read_properties(self) -> dict[str, Property]:
        root = next((c.id for c in self.collections.values() if not c.of), "")
        found: dict[str, Property] = {}
        keys = (
            "always step reachable stuck where features assume expect witness defects why cite regions number title contract"
        ).split()
        for name, cell, place in self.entries("properties"):
            self.unique(name, place)
            if not self.keys(cell, "a property", keys, ("expect", "why", "cite")):
                continue
            form = next((f for f in ("always", "step", "reachable", "stuck") if cell.get(f) is not None), "")
            if not form:
                self.problems.add(
                    cell.place, f"property {name} states nothing", "give always, step, reachable or stuck"
                )
                continue
            state = Context([root], in_property=True)
            context = Context([root], in_property=True, in_step=form == "step")
            condition = self.resolver.condition(cell.value[form], context)
            where, witness = cell.get("where"), cell.get("witness")
            expect = cell.value["expect"]
            expected = (
                {k: v.text for k, v in expect.items()}
                if expect.is_map
                else {"as-is": expect.text, "intended": expect.text}
            )
            for verdict in expected.values():
                if verdict not in ("proved", "refuted"):
                    self.problems.unknown(expect.place, "verdict", verdict, ("proved", "refuted"))
            for section, key in (("features", "features"), ("defects", "defects"), ("assumptions", "assume")):
                for word in self.words(cell.get(key)):
                    self._known(section, word, cell)
            found[name] = Property(
                id=name,
                form=form,
                condition=condition,
                where=self.resolver.condition(where, state) if where is not None else None,
                features=self.words(cell.get("features")),
                assume=self.words(cell.get("assume")),
                expect=expected,
                witness=self.resolver.condition(witness, context) if witness is not None else None,
                defects=self.words(cell.get("defects")),
                why=self.text(cell, "why"),
                cite=self.text(cell, "cite"),
                place=place,
                regions=self.words(cell.get("regions")),
                number=self.text(cell, "number"),
                contract=self.text(cell, "contract"),
            )
        return found

    def _read_views(self) -> dict[str, View]:
        views: dict[str, View] = {}
        keys = "per of shows decided nodes edges title why cite unused machines region".split()
        for name, cell, place in self.entries("views"):
            self.unique(name, place)
            if not self.keys(cell, "a view", keys, ("per", "shows", "nodes", "edges")):
                continue
            collection = self.text(cell, "per")
            if collection not in self.collections:
                self.problems.unknown(place, "collection", collection, self.collections)
                continue
            nodes = {n: c.text for n, c in cell.value["nodes"].items()}
            unused = {n: c.text for n, c in (cell.get("unused") or Cell({}, place)).items()}
            edges = []
            for edge in cell.value["edges"].value:
                wanted = ("id", "from", "to", "causes", "why", "cite", "defect")
                if not self.keys(edge, "an edge", wanted, ("id", "from", "to", "causes", "why")):
                    continue
                self.unique(self.text(edge, "id"), edge.place)
                for end in ("from", "to"):
                    if self.text(edge, end) not in nodes:
                        self.problems.unknown(edge.value[end].place, "node", self.text(edge, end), nodes)
                causes = tuple((self.words(c) + ("",))[:2] for c in edge.value["causes"].value)
                edges.append(
                    Edge(
                        id=self.text(edge, "id"),
                        source=self.text(edge, "from"),
                        target=self.text(edge, "to"),
                        causes=tuple((c[0], c[1]) for c in causes),
                        why=self.text(edge, "why"),
                        cite=self.text(edge, "cite") or self.text(cell, "cite"),
                        place=edge.place,
                        defect=self.text(edge, "defect"),
                    )
                )
            views[name] = View(
                id=name,
                collection=collection,
                shows=self.resolver.value(cell.value["shows"], Context([collection])),
                decided=self.text(cell, "decided"),
                nodes=nodes,
                edges=tuple(edges),
                title=self.text(cell, "title"),
                place=place,
                scope=self.text(cell, "of"),
                unused=unused,
                machines=self.words(cell.get("machines")),
            )
        return views

    def _read_bindings(self) -> dict[str, Binding]:
        root = next((c.id for c in self.collections.values() if not c.of), "")
        found: dict[str, Binding] = {}
        keys = ("fields", "sources", "joins", "run", "out", "script", "title", "why")
        for name, cell, place in self.entries("bindings"):
            if not self.keys(cell, "a binding", keys, ("out",)):
                continue
            joins = {}
            for id, paths in (cell.get("joins") or Cell({}, place)).items():
                collection, _, join = id.partition(".")
                if collection not in self.collections:
                    self.problems.unknown(paths.place, "collection", collection, self.collections)
                joins[(collection, join)] = {g: p.text for g, p in paths.items()} if paths.is_map else {"": paths.text}
            sources = {
                id: {g: p.text for g, p in paths.items()} if paths.is_map else {id: paths.text}
                for id, paths in (cell.get("sources") or Cell({}, place)).items()
            }
            runs = self.words(cell.get("run"))
            for run in runs:
                if run not in self.procedures:
                    self.problems.unknown(cell.value["run"].place, "procedure", run, self.procedures)
            script = cell.get("script")
            found[name] = Binding(
                id=name,
                place=place,
                observations=self._overrides(cell.get("fields"), place),
                sources=sources,
                joins=joins,
                runs=runs,
                out=self._output(cell.value["out"], Context([root])),
                title=self.text(cell, "title"),
                script=self._script(script, root) if script is not None else None,
            )
        return found

    def _overrides(self, cell: Cell | None, place: Place) -> dict[str, Observation]:
        """`collection.field: observation` entries; the field must exist, its type stays."""
        found = {}
        for id, spec in (cell or Cell({}, place)).items():
            collection, _, name = id.partition(".")
            target = self.fields.get(collection, {}).get(name)
            if target is None:
                self.problems.unknown(
                    spec.place, "field", id, [f.id for fs in self.fields.values() for f in fs.values()]
                )
                continue
            self.used.add(target.id)
            type_, observation = self.observation(spec, name)
            if observation.map:
                mapped = {k: _typed(v.text, target.type) for k, v in spec.value["map"].items()}
                object.__setattr__(observation, "map", mapped)
            missing = spec.get("missing")
            if missing is not None:
                object.__setattr__(observation, "missing", self._default(missing, target.type))
            found[id] = observation
        return found

    def _output(self, cell: Cell, context: Context) -> Output:
        """The shape of a JSON answer: literals, `= expressions`, objects, `each`, `keyed` and `when`."""
        if cell.is_text:
            if cell.text.startswith("="):
                return Output("value", self.resolver.value(cell, context, cell.text[1:], 1))
            return Output("value", self.resolver.cell_value(cell, TEXT, context))
        if cell.is_list:
            return Output("list", parts={str(i): self._output(c, context) for i, c in enumerate(cell.value)})
        if cell.get("each") is not None and cell.get("is") is not None:
            self.keys(cell, "an `each` of an output", ("each", "key", "is"))
            collections = [*context.elements]
            scope, _ = self.resolver.scope_formula(cell.value["each"], context)
            if scope is None:
                return Output("object")
            inner = Context([*collections, scope.collection], context.arguments)
            key = cell.get("key")
            part = {"": self._output(cell.value["is"], inner)}
            if key is None:
                return Output("each", parts=part, scope=scope)
            return Output("keyed", self.resolver.value(key, inner, key.text.removeprefix("=")), part, scope)
        if cell.get("when") is not None and cell.get("is") is not None:
            self.keys(cell, "a `when` of an output", ("when", "is"))
            return Output(
                "when",
                self.resolver.condition(cell.value["when"], context),
                {"": self._output(cell.value["is"], context)},
            )
        return Output("object", parts={key: self._output(c, context) for key, c in cell.items()})

    def _script(self, cell: Cell, root: str) -> Script | None:
        keys = ("steps", "element", "observe", "event", "arguments", "record", "settle")
        if not self.keys(cell, "a script", keys, ("steps", "event", "record")):
            return None
        element = cell.get("element")
        formula = self.resolver.value(element, Context([root])) if element is not None else None
        event = cell.value["event"]
        if event.is_text:
            path, events = (), {"": (event.text,)}
        else:
            self.keys(event, "the event of a script", ("at", "map"), ("at", "map"))
            path = _path(event.value["at"])
            events = {word: self.words(names) for word, names in event.value["map"].items()}
        arguments = {}
        for name, spec in (cell.get("arguments") or Cell({}, cell.place)).items():
            arguments[name] = self.observation(spec, name)
        return Script(
            steps=_path(cell.value["steps"]),
            element=formula,
            observe=self._overrides(cell.get("observe"), cell.place),
            event_path=path,
            events=events,
            arguments=arguments,
            record=self._output(cell.value["record"], Context([root])),
            settle=self.words(cell.get("settle")),
        )

    def _read_named(self) -> None:
        for section in NAMED_SECTIONS:
            for name, cell, place in self.entries(section):
                if name in self.named[section]:
                    first = self.named[section][name].place
                    self.problems.add(place, f"duplicate {section} entry {name!r}", f"first at {first}; keep one")
                    continue
                self.named[section][name] = Named(name, place, cell)

    def _read_texts(self) -> dict[str, dict[str, str]]:
        texts: dict[str, dict[str, str]] = {}
        for language, cell, _ in self.entries("texts"):
            table = texts.setdefault(language, {})
            for key, value in cell.items():
                if key in table:
                    self.problems.add(cell.keys[key], f"duplicate text for {key!r} in {language}", "keep one")
                table[key] = value.text
        return texts


def _zero(type_: Type) -> Any:
    """Kubernetes' zero value of a type; absent elements and enumerations are None."""
    return {"bool": False, "number": 0, "text": "", "list": ()}.get(type_.kind)


def _typed(text: str, type_: Type) -> Any:
    if type_.kind == "bool":
        return text == "true"
    if type_.kind in ("number", "time"):
        return int(text) if text.lstrip("-").isdigit() else None
    return text


def _path(cell: Cell) -> tuple[str, ...]:
    """A dotted path, or a list where a key holds dots; a leading '/' starts at the document."""
    if cell.is_list:
        return tuple(item.text for item in cell.value)
    text = cell.text
    return ("/", *text[1:].split(".")) if text.startswith("/") else tuple(text.split(".")) if text else ()


def _first_item(cell: Cell | None) -> tuple[str, str]:
    """`{value: join}` as (value, join)."""
    if cell is None or not cell.is_map:
        return ("", "")
    return next(((value, join.text) for value, join in cell.items()), ("", ""))


_Check = Callable[[Model], None]
