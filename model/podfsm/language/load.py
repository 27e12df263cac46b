"""Table files to the model: declarations first, then formulas, then checks; all problems are shown together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from podfsm.language.admission import read_admission
from podfsm.language.check import check
from podfsm.language.explaining import read_explanations
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
    Table,
    Type,
    Variable,
    View,
)
from podfsm.language.resolve import UNKNOWN, Context, Resolver
from podfsm.language.scripts import read_fired, read_log, read_script
from podfsm.language.shapes import NAMED_SECTIONS, prune
from podfsm.language.source import Cell, Place, Problem, Problems, TablesError, digest, read_tables
from podfsm.language.verification import read_verification
from podfsm.language.watching import read_watching

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
WHOLE = re.compile(r"-?[0-9]{1,18}\Z")
MINOR = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}\Z")
ROW_ID = re.compile(r"[a-z][a-z0-9-]*(\.[A-Za-z0-9-]+)+\Z")

#: Words that no formula could use as a name.
OPERATORS = frozenset("and or not implies in same exists before after upto from where gate self parent result".split())

#: Words of the language that a field or table would be mistaken for.
RESERVED = OPERATORS | frozenset(
    "any all none count sum highest lowest each first last next previous if min max join true false".split()
)

#: Ways to take the defects of Kubernetes: with them, and without.
MODES = ("as-is", "intended")

#: Greatest bound of a counter: the exploration takes every value.
MAX_COUNTER = 255

BASE_TYPES = {"bool": BOOL, "number": NUMBER, "text": TEXT, "time": TIME, "object": Type("object")}


def load(directory: Path) -> Model:
    """Load and check every table below `directory`.

    Raises
    ------
    TablesError
        with every problem found, each `file:line:column: what; mend`.
    """
    problems = Problems()
    files = prune(read_tables(directory, problems), problems)
    loader = Loader(files, problems)
    try:
        model = loader.model()
        check(model, loader.used, problems)
    except RecursionError:
        here = Place(str(directory), 1, 1)
        raise TablesError([*problems.found, Problem(here, "formulas are nested too deep", "use fewer lets")]) from None
    problems.raise_if_any()
    return replace(model, digest=digest(directory))


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
        """Return the type of a field, which is then in use; None if there is none."""
        found = self.fields.get(collection, {}).get(name)
        if found is None:
            return None
        self.used.add(found.id)
        if found.type.kind == "unresolved":
            return self._resolve_let(collection, name).type
        return found.type

    def field_names(self, collection: str) -> Iterable[str]:
        """Return the names of all fields of a collection."""
        return self.fields.get(collection, {})

    def table_signature(self, name: str) -> tuple[str, Sequence[tuple[str, Type]], Type] | None:
        """Return collection, arguments and result type of a table, which is then in use."""
        self.used.add(f"table {name}")
        return self._signatures.get(name)

    def table_names(self) -> Iterable[str]:
        """Return the names of all tables."""
        return self._signatures

    def record_type(self, table: str, name: str) -> Type | None:
        """Return the type of one of the results of a table; None if there is none."""
        return self._records.get(table, {}).get(name)

    def use_gate(self, name: str) -> bool:
        """Tell whether there is a gate, which is then in use."""
        self.used.add(f"gate {name}")
        return name in self.gates

    def gate_names(self) -> Iterable[str]:
        """Return the names of all gates."""
        return self.gates

    # -------------------------------------------------------------------------------------------------------- passes

    def model(self) -> Model:
        """Read all sections; problems are collected, not raised."""
        for read in (self._read_domains, self._read_gates, self._read_collections, self._read_fields, self._read_named):
            read()
        self._declare_tables()
        self._declare_machines()
        self._read_roles()
        for collection, name in list(self._lets):
            self._resolve_let(collection, name)
        self._read_explored()
        self._read_tables()
        self._read_machines()
        self._read_procedures()
        properties = self._read_properties()
        views = self._read_views()
        bindings = self._read_bindings()
        texts = self._read_texts()
        admission = read_admission(self)
        verification = read_verification(self)
        watching = read_watching(self)
        return Model(
            digest="",
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
            kinds=admission.kinds,
            objects=admission.objects,
            defaults=admission.defaults,
            refusals=admission.refusals,
            findings=verification.findings,
            chosen=verification.chosen,
            reductions=verification.reductions,
            explanations=read_explanations(self),
            watch=watching.rules,
            guesses=watching.guesses,
        )

    # ------------------------------------------------------------------------------------------------------- helpers

    @property
    def root(self) -> str:
        """The collection that has no parent."""
        return next(c.id for c in self.collections.values() if not c.of)

    def entries(self, section: str) -> Iterable[tuple[str, Cell, Place]]:
        """(name, cell, place of the name) of a section, over all files."""
        for cell in self.files.values():
            body = cell.get(section)
            if body is not None:
                for name, entry in body.items():
                    yield name, entry, body.keys[name]

    def name(self, name: str, place: Place, words: frozenset[str] = RESERVED) -> None:
        """Check that a name is well-formed and no word of the language."""
        if not NAME.match(name):
            self.problems.add(place, f"{name!r} is no name", "names are lower-case words joined by single hyphens")
        elif name in words:
            self.problems.add(place, f"{name!r} is a word of the table language", "choose another name")

    def unique(self, identifier: str, place: Place) -> None:
        """Check that an id is used once."""
        if identifier in self.ids:
            first = self.ids[identifier]
            self.problems.add(place, f"duplicate id {identifier!r}", f"it is first used at {first}; choose another")
        self.ids.setdefault(identifier, place)

    def text(self, cell: Cell, key: str, default: str = "") -> str:
        """Return the text under a key."""
        found = cell.get(key)
        return default if found is None else found.text

    def words(self, cell: Cell | None) -> tuple[str, ...]:
        """Return a list of words, or one word, as a tuple."""
        if cell is None:
            return ()
        return (cell.text,) if cell.is_text else tuple(item.text for item in cell.value)

    def flag(self, cell: Cell, key: str) -> bool:
        """Return whether a flag is given and true."""
        return self.text(cell, key) == "true"

    def type_named(self, cell: Cell) -> Type:
        """Look up a type: bool, number, text, time, object, a domain, or `list` and one of the first five."""
        text = cell.text
        if text in BASE_TYPES:
            return BASE_TYPES[text]
        if text.startswith("list ") and text[5:] in BASE_TYPES:
            return Type("list", text[5:])
        if text in self.domains:
            self.used.add(f"domain {text}")
            return self.domains[text].type
        self.problems.unknown(cell.place, "domain", text or "(none)", [*self.domains, *BASE_TYPES])
        return Type("unknown")

    # ---------------------------------------------------------------------------------------------- domains and gates

    def _read_domains(self) -> None:
        for name, cell, place in self.entries("domains"):
            self.name(name, place)
            if name in BASE_TYPES:
                self.problems.add(place, f"{name!r} is a type of the language", "choose another name")
            if name in self.domains:
                self.problems.add(place, f"duplicate domain {name!r}", f"first at {self.domains[name].place}")
                continue
            values = self.words(cell.get("values"))
            if len(set(values)) != len(values):
                self.problems.add(cell.place, f"domain {name} names a value twice", "keep one")
            opened = cell.get("open")
            both = sorted(set(values) & set(opened.value)) if opened is not None else []
            if both:
                self.problems.add(cell.place, f"domain {name} has {both[0]!r} in `values` and in `open`", "keep one")
            counter = self._counter(cell)
            if values:
                type_ = Type("enum", name)
            elif counter is not None or cell.get("number"):
                type_ = NUMBER
            else:
                type_ = TEXT
            constants: tuple[int | str, ...] = self.words(cell.get("constants"))
            if type_ is NUMBER:
                constants = tuple(int(c) for c in constants if WHOLE.match(str(c)))
            self.domains[name] = Domain(
                id=name,
                type=type_,
                values=values,
                place=place,
                open=dict(opened.plain()) if opened is not None else {},
                counter=counter,
                constants=constants,
                rule_values=self.text(cell, "rule-values"),
                why=self.text(cell, "why"),
            )

    def _counter(self, cell: Cell) -> int | None:
        counter = cell.get("counter")
        if counter is None:
            return None
        if not WHOLE.match(counter.text) or not 1 <= int(counter.text) <= MAX_COUNTER:
            self.problems.add(counter.place, f"{counter.text!r} is no bound of a counter", f"write 1 to {MAX_COUNTER}")
            return 1
        return int(counter.text)

    def _read_gates(self) -> None:
        for name, cell, place in self.entries("gates"):
            if name in self.gates:
                self.problems.add(place, f"duplicate gate {name!r}", f"first at {self.gates[name].place}")
                continue
            defaults = cell.value["defaults"]
            for minor in defaults.value:
                if not MINOR.match(minor):
                    self.problems.add(defaults.keys[minor], f"{minor!r} is no Kubernetes minor", 'write it as "1.36"')
            values = {minor: on.text == "on" for minor, on in defaults.items()}
            unread = self.flag(cell, "unread")
            self.gates[name] = Gate(name, values, self.text(cell, "needs"), self.text(cell, "why"), place, unread)
        for gate in self.gates.values():
            if gate.needs and gate.needs not in self.gates:
                self.problems.unknown(gate.place, "gate", gate.needs, self.gates)

    # ------------------------------------------------------------------------------------------ collections and fields

    def _read_collections(self) -> None:
        for name, cell, place in self.entries("collections"):
            self.name(name, place)
            if name in self.collections:
                self.problems.add(place, f"duplicate collection {name!r}", f"first at {self.collections[name].place}")
                continue
            joins: dict[str, dict[str, str]] = {}
            for join, paths in (cell.get("join") or Cell({}, place)).items():
                joins[join] = {g: p.text for g, p in paths.items()} if paths.is_map else {"": paths.text}
            self.collections[name] = Collection(
                id=name,
                of=self.text(cell, "of"),
                place=place,
                groups=_groups(cell.get("from"), name),
                explored=_groups(cell.get("explored"), name),
                key=self.text(cell, "key"),
                match=self.text(cell, "match"),
                sort=self.text(cell, "sort"),
                single=self.flag(cell, "single"),
                joins=joins,
                title=self.text(cell, "title"),
            )
            self.fields[name] = {}
        self._check_tree()
        taken = dict.fromkeys(self.collections, "a collection")
        for name, cell, _ in self.entries("collections"):
            roles = cell.get("roles")
            if roles is not None and name in self.collections:
                for role in roles.value:
                    self.name(role, roles.keys[role])
                    if role in taken:
                        self.problems.add(roles.keys[role], f"{role!r} is {taken[role]} already", "choose another name")
                    taken[role] = f"a role of {name}"
                declared = {role: Formula("", UNKNOWN, formula.place) for role, formula in roles.items()}
                self.collections[name] = replace(self.collections[name], roles=declared)

    def _check_tree(self) -> None:
        """Every collection must stand below the one root; those that do not are left out.

        Raises
        ------
        TablesError
            if there is no root, because nothing can be resolved then.
        """
        roots = [c for c in self.collections.values() if not c.of]
        if not roots:
            start = next((Place(file, 1, 1) for file in self.files), Place("", 1, 1))
            if not self.problems.found:
                self.problems.add(start, "no collection is the root", "give `collections:` with one that has no `of:`")
            raise TablesError(self.problems.found)
        for other in roots[1:]:
            self.problems.add(other.place, f"{other.id!r} is a second root beside {roots[0].id!r}", "give it an `of:`")
        below = {root.id for root in roots}
        while fresh := {c.id for c in self.collections.values() if c.of in below} - below:
            below |= fresh
        for collection in [c for c in self.collections.values() if c.id not in below]:
            if collection.of in self.collections:
                self.problems.add(
                    collection.place, f"{collection.id!r} is not below the root", "break the circle of `of:`"
                )
            else:
                self.problems.unknown(collection.place, "collection", collection.of, self.collections)
        for name in set(self.collections) - below:
            self.problems.dropped.add(name)
            del self.collections[name], self.fields[name]

    def _read_roles(self) -> None:
        """Role conditions read fields, so they are resolved after the fields are declared."""
        for name, cell, _ in self.entries("collections"):
            roles = cell.get("roles")
            if roles is None or name not in self.collections:
                continue
            resolved = {role: self.resolver.condition(formula, Context([name])) for role, formula in roles.items()}
            self.collections[name] = replace(self.collections[name], roles=resolved)

    def _add_field(self, collection: str, name: str, type_: Type, place: Place, **more: Any) -> None:
        fields = self.fields[collection]
        old = fields.get(name)
        if old is not None:
            kinds = {k for k in ("observe", "variable", "let", "table") if getattr(old, k)}
            kinds |= {"let"} if old.type.kind == "unresolved" else set()
            new = {k for k in more if k != "none"} or {"let"}
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
                type_, observation = self.observation(spec)
                none = observation.missing if observation.missing is not None else _zero(type_)
                self._add_field(collection, name, type_, cell.keys[name], observe=observation, none=none)
        for collection, cell, place in self.entries("let"):
            if collection not in self.collections:
                self.problems.unknown(place, "collection", collection, self.collections)
                continue
            for name, spec in cell.items():
                self.name(name, cell.keys[name])
                formula = spec.value["is"] if spec.is_map else spec
                self._add_field(collection, name, Type("unresolved"), cell.keys[name])
                self._lets[(collection, name)] = (formula, name)

    def observation(self, spec: Cell, wanted: Type | None = None) -> tuple[Type, Observation]:
        """Read one entry of `observe:`, or an override in a binding, whose field has the type `wanted` already."""
        form = next(f for f in ("at", "which", "present", "count") if spec.get(f) is not None)
        source = spec.value[form]
        domain = spec.get("domain")
        type_ = {"present": BOOL, "count": NUMBER}.get(form, TEXT) if domain is None else self.type_named(domain)
        type_ = wanted or type_
        if (form == "which") != source.is_map:
            mend = (
                "write `which: {value: path}`" if form == "which" else "write a path, or a list where a key holds dots"
            )
            self.problems.add(
                source.place, f"`{form}` does not take {'a mapping' if source.is_map else 'a path'}", mend
            )
            return type_, Observation(form="at", place=spec.place)
        mapping, absent = spec.get("map"), spec.get("absent")
        if form == "which":
            self._in_domain([(word, source.keys[word]) for word in source.value], type_)
        if absent is not None:
            self._in_domain([(word, absent.keys[word]) for word in absent.value], type_)
        return type_, Observation(
            form=form,
            path=() if form == "which" else _path(source),
            map={k: self._default(v, type_) for k, v in mapping.items()} if mapping is not None else {},
            missing=self._default(spec.get("missing"), type_),
            which=tuple((value, _path(cell)) for value, cell in source.items()) if form == "which" else (),
            absent=_first_item(absent),
            otherwise=self._default(spec.get("else"), type_),
            place=spec.place,
        )

    def _in_domain(self, words: Iterable[tuple[str, Place]], type_: Type) -> None:
        """Check that words are values of an enumeration."""
        if type_.kind == "enum":
            members = self.domains[type_.name].members
            for word, place in words:
                if word not in members:
                    self.problems.unknown(place, f"value of domain {type_.name}", word, members)

    def _default(self, cell: Cell | None, type_: Type) -> Any:
        """Read a literal of a type."""
        if cell is None:
            return None
        if cell.is_list:
            return tuple(_typed(item.text, Type(type_.name)) for item in cell.value)
        self._in_domain([(cell.text, cell.place)], type_)
        if type_.kind in ("number", "time") and not WHOLE.match(cell.text):
            self.problems.add(cell.place, f"{cell.text!r} is no number", "write digits")
        if type_.kind == "bool" and cell.text not in ("true", "false"):
            self.problems.add(cell.place, f"{cell.text!r} is no truth value", "write true or false")
        return _typed(cell.text, type_)

    def _resolve_let(self, collection: str, name: str) -> Field:
        old = self.fields[collection][name]
        if old.let is not None or (collection, name) not in self._lets:
            return old
        if (collection, name) in self._resolving:
            # The circle is reported when all formulas are known (`check`).
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

    def _read_explored(self) -> None:
        """`explored: collection: field: expression`: what an observed field is where no document is observed."""
        for collection, cell, place in self.entries("explored"):
            if collection not in self.collections:
                self.problems.unknown(place, "collection", collection, self.collections)
                continue
            for name, spec in cell.items():
                field = self.fields[collection].get(name)
                if field is None or field.observe is None:
                    observed = [f.name for f in self.fields[collection].values() if f.observe is not None]
                    self.problems.unknown(cell.keys[name], "observed field", name, observed)
                    continue
                formula = self.resolver.cell_value(spec, field.type, Context([collection]))
                self.fields[collection][name] = replace(field, explored=formula)

    # --------------------------------------------------------------------------------------------------------- tables

    def _declare_tables(self) -> None:
        """Names, arguments and results of all tables, before any formula is resolved."""
        for name, cell, place in self.entries("tables"):
            self.name(name, place)
            collection = self.text(cell, "per")
            if collection not in self.collections:
                self.problems.unknown(cell.value["per"].place, "collection", collection, self.collections)
                self.problems.dropped.add(name)
                continue
            if name in self._signatures:
                self.problems.add(place, f"duplicate table {name!r}", "choose another name")
                continue
            given = cell.get("given")
            arguments = tuple((n, self.type_named(t)) for n, t in given.items()) if given is not None else ()
            for part in ("given", "let", "results"):
                names = cell.get(part) or Cell({}, place)
                for word in names.value:
                    self.name(word, names.keys[word], OPERATORS)
            result, results = cell.get("result"), cell.get("results")
            if result is not None:
                type_ = self._result_type(result)
            else:
                assert results is not None
                self._records[name] = {n: self._result_type(spec) for n, spec in results.items()}
                type_ = Type("record", name)
            self._signatures[name] = (collection, arguments, type_)
            self.unique(name, place)
            if not arguments:
                self._add_field(collection, name, type_, place, table=name, none=_zero(type_))

    def _result_type(self, spec: Cell) -> Type:
        return self.type_named(spec.value["domain"] if spec.is_map else spec)

    def _read_tables(self) -> None:
        for name, cell, place in self.entries("tables"):
            if name not in self._signatures or name in self.tables:
                continue
            collection, given, type_ = self._signatures[name]
            arguments = dict(given)
            order = self.text(cell, "order", "first")
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
        if not rows.value:
            self.problems.add(rows.place, "there are no rows", "write `- {id: ..., when: ..., then: ..., why: ...}`")
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
        row_id = self.text(cell, "id", default_id)
        if not ROW_ID.match(row_id):
            self.problems.add(cell.place, f"{row_id!r} is no row id", "row ids are dotted: `table.row`")
        self.unique(row_id, cell.place)
        why, cite = self.text(cell, "why"), self.text(cell, "cite") or self.text(parent, "cite")
        if not why.strip():
            self.problems.add(cell.place, f"row {row_id} has no why", "say in a sentence why it is so")
        if not cite.strip():
            self.problems.add(
                cell.place, f"row {row_id} has no citation", "cite the Kubernetes source file and function"
            )
        when_cell = cell.get("when")
        when = self.resolver.condition(when_cell, context) if when_cell is not None else None
        then = self._then(cell, row_id, targets, context)
        gate = self.text(cell, "gate") or self.text(parent, "gate")
        if gate and not self.use_gate(gate.removeprefix("not ")):
            self.problems.unknown(cell.place, "gate", gate, self.gates)
        defect = self.text(cell, "defect")
        without = self.text(cell, "without")
        for name in (defect, without):
            self._known("defects", name, cell)
        feature = self.text(cell, "feature") or self.text(parent, "feature")
        self._known("features", feature, cell)
        return Row(
            id=row_id,
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
            without=without,
        )

    def _known(self, section: str, name: str, cell: Cell) -> None:
        if name and name not in self.named[section]:
            self.problems.unknown(cell.place, section.rstrip("s"), name, self.named[section])
        self.used.add(f"{section} {name}")

    def _then(self, cell: Cell, row_id: str, targets: Mapping[str, Type], context: Context) -> dict[str, Formula]:
        then = cell.get("then")
        if then is None:
            return {}
        if "" in targets:
            return {"": self._list_or_value(then, targets[""], context)}
        if not then.is_map:
            self.problems.add(
                then.place, f"`then` of {row_id} is a mapping of names to values", "write `{name: value}`"
            )
            return {}
        result = {}
        for name, value in then.items():
            if name not in targets:
                self.problems.unknown(then.keys[name], "variable or result", name, targets)
            else:
                result[name] = self._list_or_value(value, targets[name], context)
        return result

    def _list_or_value(self, cell: Cell, wanted: Type, context: Context) -> Formula:
        if cell.is_list and wanted.kind in ("list", "unknown"):
            parts = [self.resolver.cell_value(item, Type(wanted.name or "text"), context) for item in cell.value]
            text = "[" + ", ".join(p.text for p in parts) + "]"
            return Formula(text, Expr("list", wanted, tuple(p.expr for p in parts)), cell.place)
        return self.resolver.cell_value(cell, wanted, context)

    # ------------------------------------------------------------------------------------------------------- machines

    def _machine_cells(self) -> Iterable[tuple[str, Cell, Place]]:
        yield from self.entries("machines")
        for cell in self.files.values():
            single = cell.get("machine")
            if single is not None:
                yield single.text, cell, single.place
            elif any(key in cell.value for key in ("per", "events", "variables")):
                self.problems.add(cell.place, "this file has no `machine:`", "give the name of its machine")

    def _declare_machines(self) -> None:
        for name, cell, place in self._machine_cells():
            self.name(name, place)
            collection = self.text(cell, "per")
            if collection not in self.collections:
                self.problems.unknown(cell.value["per"].place, "collection", collection, self.collections)
                self.problems.dropped.update([name, *(cell.get("variables") or Cell({}, place)).value])
                continue
            variables = cell.get("variables")
            for variable, spec in (variables or Cell({}, place)).items():
                assert variables is not None
                self.name(variable, variables.keys[variable])
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
            if name in self.machines:
                self.problems.add(place, f"duplicate machine {name!r}", f"first at {self.machines[name].place}")
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
            domain.counter if domain is not None else None,
            domain.id if domain is not None else "",
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
        event_id = f"{machine}.{name}"
        actor = self.text(cell, "actor")
        if not actor and not self.flag(cell, "internal"):
            self.problems.add(cell.place, f"event {event_id} has no actor", "say who causes it")
        self._known("actors", actor, cell)
        arguments = []
        for argument, domain in (cell.get("arguments") or Cell({}, place)).items():
            type_ = self.type_named(domain)
            self.name(argument, cell.value["arguments"].keys[argument], OPERATORS)
            arguments.append((argument, type_, self._choices(domain, type_)))
        context = Context([collection], {n: t for n, t, _ in arguments})
        when_cell = cell.get("when")
        when = self.resolver.condition(when_cell, context) if when_cell is not None else None
        targets = {n: f.type for n, f in self.fields[collection].items() if f.variable is not None}
        if cell.get("rows") is not None:
            rows = tuple(
                self._row(row, event_id, targets, context, cell, actor) for row in self._row_cells(cell.value["rows"])
            )
        else:
            only = {k: v for k, v in cell.items() if k in ("then", "why", "cite", "gate", "defect", "feature", "level")}
            rows = (self._row(Cell(only, cell.place, cell.keys), event_id, targets, context, cell, actor, event_id),)
        fires = [self._fire(spec, collection, context) for spec in (cell.get("each") or Cell([], place)).value]
        return Event(
            id=event_id,
            machine=machine,
            name=name,
            actor=actor,
            place=cell.place,
            arguments=tuple(arguments),
            when=when,
            order=self.text(cell, "order", "one"),
            rows=rows,
            fires=tuple(fire for fire in fires if fire is not None),
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

    def _fire(self, spec: Cell, collection: str, context: Context) -> Fire | None:
        scope, text = self.resolver.scope_formula(spec.value["of"], context)
        if scope is None:
            return None
        choose = []
        for argument, values in (spec.get("choose") or Cell({}, spec.place)).items():
            choose.append((argument, self.words(values) if values.is_list else (f"domain {values.text}",)))
        given = []
        inner = Context([collection, scope.collection], context.arguments)
        for argument, value in (spec.get("with") or Cell({}, spec.place)).items():
            given.append((argument, self.resolver.value(value, inner)))
        return Fire(scope, text, self.text(spec, "fire"), tuple(choose), tuple(given), spec.place)

    # ----------------------------------------------------------------------------- procedures, properties, views, texts

    def _read_procedures(self) -> None:
        for name, cell, place in self.entries("procedures"):
            if name in self.procedures:
                self.problems.add(place, f"duplicate procedure {name!r}", f"first at {self.procedures[name].place}")
                continue
            root = self.text(cell, "per") or self.root
            if root not in self.collections:
                self.problems.unknown(cell.value["per"].place, "collection", root, self.collections)
                continue
            stages = []
            for stage in cell.value["stages"].value:
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
        found: dict[str, Property] = {}
        for name, cell, place in self.entries("properties"):
            self.unique(name, place)
            form = next(f for f in ("always", "step", "reachable", "stuck") if cell.get(f) is not None)
            state = Context([self.root], in_property=True)
            context = Context([self.root], in_property=True, in_step=form == "step")
            condition = self.resolver.condition(cell.value[form], context)
            where, witness = cell.get("where"), cell.get("witness")
            expect = cell.value["expect"]
            expected = (
                {k: v.text for k, v in expect.items()}
                if expect.is_map
                else {"as-is": expect.text, "intended": expect.text}
            )
            for mode in expected:
                if mode not in MODES:
                    self.problems.unknown(expect.keys[mode], "mode", mode, MODES)
            for section, key in (
                ("features", "features"),
                ("features", "without"),
                ("defects", "defects"),
                ("assumptions", "assume"),
            ):
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
                title=self.text(cell, "title"),
                contract=self.text(cell, "contract"),
                without=self.words(cell.get("without")),
            )
        return found

    def _read_views(self) -> dict[str, View]:
        views: dict[str, View] = {}
        for name, cell, place in self.entries("views"):
            self.unique(name, place)
            collection = self.text(cell, "per")
            if collection not in self.collections:
                self.problems.unknown(cell.value["per"].place, "collection", collection, self.collections)
                continue
            nodes = {n: c.text for n, c in cell.value["nodes"].items()}
            unused = {n: c.text for n, c in (cell.get("unused") or Cell({}, place)).items()}
            edges = []
            for edge in cell.value["edges"].value:
                self.unique(self.text(edge, "id"), edge.place)
                for end in ("from", "to"):
                    if self.text(edge, end) not in nodes:
                        self.problems.unknown(edge.value[end].place, "node", self.text(edge, end), nodes)
                causes = tuple((*self.words(c), "", "")[:2] for c in edge.value["causes"].value)
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
        root = self.root
        found: dict[str, Binding] = {}
        for name, cell, place in self.entries("bindings"):
            joins = {}
            for path, paths in (cell.get("joins") or Cell({}, place)).items():
                collection, _, join = path.partition(".")
                if collection not in self.collections:
                    self.problems.unknown(paths.place, "collection", collection, self.collections)
                joins[(collection, join)] = {g: p.text for g, p in paths.items()} if paths.is_map else {"": paths.text}
            sources = {
                source: {g: p.text for g, p in paths.items()} if paths.is_map else {source: paths.text}
                for source, paths in (cell.get("sources") or Cell({}, place)).items()
            }
            runs = self.words(cell.get("run"))
            for run in runs:
                if run not in self.procedures:
                    self.problems.unknown(cell.value["run"].place, "procedure", run, self.procedures)
            script = cell.get("script")
            found[name] = Binding(
                id=name,
                place=place,
                observations=self.overrides(cell.get("fields"), place),
                sources=sources,
                joins=joins,
                runs=runs,
                out=self.output(cell.value["out"], Context([root])),
                title=self.text(cell, "title"),
                script=read_script(self, script, root) if script is not None else None,
                gates=self._binding_gates(cell.get("gates"), place),
                defaults=_json(cell.get("defaults") or Cell({}, place)),
            )
        return found

    def overrides(self, cell: Cell | None, place: Place) -> dict[str, Observation]:
        """Read `collection.field: observation` entries; the field must exist, its type stays."""
        found = {}
        for path, spec in (cell or Cell({}, place)).items():
            collection, _, name = path.partition(".")
            target = self.fields.get(collection, {}).get(name)
            if target is None:
                self.problems.unknown(
                    spec.place, "field", path, [f.id for fs in self.fields.values() for f in fs.values()]
                )
                continue
            self.used.add(target.id)
            if target.let is not None or target.table:
                self.problems.add(spec.place, f"{path} is derived, not read", "read what it is made from")
                continue
            _, observation = self.observation(spec, target.type)
            found[path] = observation
        return found

    def output(self, cell: Cell, context: Context) -> Output:
        """Read the shape of a JSON answer: literals, `= expressions`, objects, `each`, `keyed` and `when`."""
        if cell.is_text:
            if cell.text.startswith("="):
                return Output("value", self.resolver.value(cell, context, cell.text[1:], 1))
            return Output("value", self.resolver.cell_value(cell, TEXT, context))
        if cell.is_list:
            return Output("list", parts={str(i): self.output(c, context) for i, c in enumerate(cell.value)})
        if cell.get("each") is not None and cell.get("is") is not None:
            collections = [*context.elements]
            scope, _ = self.resolver.scope_formula(cell.value["each"], context)
            if scope is None:
                return Output("object")
            inner = Context([*collections, scope.collection], context.arguments)
            key = cell.get("key")
            part = {"": self.output(cell.value["is"], inner)}
            if key is None:
                return Output("each", parts=part, scope=scope)
            return Output("keyed", self.resolver.value(key, inner, key.text.removeprefix("=")), part, scope)
        if cell.get("when") is not None and cell.get("is") is not None:
            return Output(
                "when",
                self.resolver.condition(cell.value["when"], context),
                {"": self.output(cell.value["is"], context)},
            )
        if cell.get("records") is not None:
            return Output("records", name=self.text(cell, "records").removeprefix("all"))
        if cell.get("fired") is not None:
            return read_fired(self, cell)
        if cell.get("log") is not None:
            return read_log(self, cell)
        return Output("object", parts={key: self.output(c, context) for key, c in cell.items()})

    def _binding_gates(self, cell: Cell | None, place: Place) -> dict[str, tuple[str, ...]]:
        """Read `gate: path` entries: where the document gives a feature gate as true or false."""
        found = {}
        for name, path in (cell or Cell({}, place)).items():
            if not self.use_gate(name):
                assert cell is not None
                self.problems.unknown(cell.keys[name], "gate", name, self.gates)
            found[name] = _path(path)
        return found

    def path(self, cell: Cell) -> tuple[str, ...]:
        """Return a path in a document."""
        return _path(cell)

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


def _groups(source: Cell | None, name: str) -> dict[str, str]:
    """List paths by group; a single list is a group of the collection's own name."""
    if source is None:
        return {}
    return {group: path.text for group, path in source.items()} if source.is_map else {name: source.text}


def _zero(type_: Type) -> Any:
    """Kubernetes' zero value of a type; absent elements and enumerations are None."""
    return {"bool": False, "number": 0, "text": "", "list": ()}.get(type_.kind)


def _typed(text: str, type_: Type) -> Any:
    if type_.kind == "bool":
        return text == "true"
    if type_.kind in ("number", "time"):
        return int(text) if WHOLE.match(text) else None
    return text


def _json(cell: Cell) -> Any:
    """Return a plain tree: digits become numbers, true and false booleans."""
    if cell.is_map:
        return {key: _json(value) for key, value in cell.items()}
    if cell.is_list:
        return [_json(item) for item in cell.value]
    if cell.text in ("true", "false"):
        return cell.text == "true"
    return int(cell.text) if WHOLE.match(cell.text) else cell.text


def _path(cell: Cell) -> tuple[str, ...]:
    """Read a dotted path, or a list where a key holds dots; a leading '/' starts at the document."""
    if cell.is_list:
        return tuple(item.text for item in cell.value)
    text = cell.text
    return ("/", *text[1:].split(".")) if text.startswith("/") else tuple(text.split(".")) if text else ()


def _first_item(cell: Cell | None) -> tuple[str, str]:
    """`{value: join}` as (value, join)."""
    if cell is None or not cell.is_map:
        return ("", "")
    return next(((value, join.text) for value, join in cell.items()), ("", ""))
