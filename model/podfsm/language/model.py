"""The intermediate representation: typed, immutable, without any knowledge of pods.

A `Model` is what the tables say after names are resolved. Consumers (evaluation, exploration, drawing, documents,
generators) walk it; none of them reads YAML.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from podfsm.language.source import Cell, Place

# --------------------------------------------------------------------------------------------------------------- types


@dataclass(frozen=True, slots=True)
class Type:
    """What a value is.

    `kind`: bool, number, text, time (seconds since 1970 as number), enum (`name` is the domain), ref (`name` is the
    collection; the value may be absent), list (`name` is the kind of its items) or record (`name` is the table).
    """

    kind: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".strip()


BOOL, NUMBER, TEXT, TIME = Type("bool"), Type("number"), Type("text"), Type("time")


@dataclass(frozen=True, slots=True)
class Domain:
    """A named set of values.

    `values` are the members of an enumeration, in the order of the table; `open` gives members without a writer, each
    with the reason; `counter` bounds a saturating counter; `explore` says which values the exploration takes.
    """

    id: str
    type: Type
    values: tuple[str, ...]
    place: Place
    open: Mapping[str, str] = field(default_factory=dict)
    counter: int | None = None
    constants: tuple[int | str, ...] = ()
    rule_values: str = ""
    why: str = ""

    @property
    def members(self) -> tuple[str, ...]:
        """All values, those without a writer last."""
        return self.values + tuple(self.open)


# ---------------------------------------------------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Expr:
    """An expression; `kind` says which, `type` what it gives, `args` its parts (see `load.Resolver`)."""

    kind: str
    type: Type
    args: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """Elements of one collection below `base`, filtered by role, order and condition; `depth` numbers the element."""

    collection: str
    roles: tuple[str, ...]
    base: Expr
    depth: int
    order: str | None = None
    bound: Expr | None = None
    where: Expr | None = None


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression together with the text it was written as and its place."""

    text: str
    expr: Expr
    place: Place


# ------------------------------------------------------------------------------------------------- collections, fields


@dataclass(frozen=True, slots=True)
class Collection:
    """Things that exist several times (containers, rules, ...); `of` is the parent collection, '' for the root.

    With `single`, each path of `groups` holds one object instead of a list of them.
    """

    id: str
    of: str
    place: Place
    groups: Mapping[str, str] = field(default_factory=dict)
    #: In place of `groups` in a stateful world, where there is no status to list the elements.
    explored: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    match: str = ""
    sort: str = ""
    joins: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    roles: Mapping[str, Formula] = field(default_factory=dict)
    title: str = ""
    single: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """How a field is read from a JSON document. `form`: at, which, present, count."""

    form: str
    path: tuple[str, ...] = ()
    map: Mapping[str, Any] = field(default_factory=dict)
    missing: Any = None
    which: tuple[tuple[str, tuple[str, ...]], ...] = ()
    absent: tuple[str, str] = ("", "")
    otherwise: Any = None
    place: Place = field(default_factory=lambda: Place("", 0, 0))


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a machine: its domain, its start value, the feature it belongs to."""

    machine: str
    values: tuple[Any, ...]
    start: Formula
    feature: str = ""
    why: str = ""
    dead: Formula | None = None
    bound: int | None = None
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A named value of every element of a collection: observed, variable, let or table.

    A variable may stand for an observed or derived field, and `explored` may say how an observed field follows from
    others: both hold in a stateful world (the exploration, a `PodMachine`), where there is no document to read a status
    from.
    """

    collection: str
    name: str
    type: Type
    index: int
    place: Place
    observe: Observation | None = None
    variable: Variable | None = None
    let: Formula | None = None
    table: str = ""
    none: Any = None
    explored: Formula | None = None

    @property
    def derived(self) -> bool:
        """Whether, in a stateful world, it is computed from other fields."""
        return self.variable is None and bool(self.let or self.table or self.explored)

    @property
    def id(self) -> str:
        """`collection.name`."""
        return f"{self.collection}.{self.name}"


# --------------------------------------------------------------------------------------------------------- rows, tables


@dataclass(frozen=True, slots=True)
class Row:
    """One row: when it matches, what it gives or changes, why, and who says so.

    With `defect`, the row exists only as is. `without` names a defect whose rows before this one take all its cases as
    is: it is reached only where that defect is switched off.
    """

    id: str
    owner: str
    place: Place
    when: Formula | None
    then: Mapping[str, Formula]
    why: str
    cite: str
    actor: str = ""
    end: bool = False
    gate: str = ""
    defect: str = ""
    level: tuple[str, ...] = ()
    feature: str = ""
    either: bool = False
    unreached: str = ""
    without: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One output of a table; the name is '' when it has a single one."""

    name: str
    type: Type
    start: Formula | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A decision table, evaluated per element: `order` first (the first matching row) or sequence (rows in order)."""

    id: str
    collection: str
    place: Place
    given: tuple[tuple[str, Type], ...]
    lets: tuple[tuple[str, Formula], ...]
    results: tuple[Result, ...]
    order: str
    rows: tuple[Row, ...]
    title: str = ""
    cite: str = ""

    @property
    def single(self) -> bool:
        """Whether there is one result, without a name."""
        return len(self.results) == 1 and not self.results[0].name


@dataclass(frozen=True, slots=True)
class Fire:
    """For each element of `scope` and every choice of arguments, fire the event `machine.event`."""

    scope: Scope
    text: str
    event: str
    choose: tuple[tuple[str, tuple[Any, ...]], ...]
    given: tuple[tuple[str, Formula], ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a machine. `order`: one (exactly one row may match), first, or sequence."""

    id: str
    machine: str
    name: str
    actor: str
    place: Place
    arguments: tuple[tuple[str, Type, tuple[Any, ...]], ...]
    when: Formula | None
    order: str
    rows: tuple[Row, ...]
    fires: tuple[Fire, ...]
    publish: tuple[str, ...]
    feature: str
    internal: bool
    title: str
    level: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Machine:
    """A region: variables of every element of a collection, and the events that change them."""

    id: str
    collection: str
    place: Place
    variables: tuple[str, ...]
    main: str
    events: tuple[Event, ...]
    title: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Procedure:
    """Fields rewritten together, stage by stage: each stage sets fields of every element of a scope."""

    id: str
    place: Place
    stages: tuple[tuple[Scope | None, str, Mapping[str, Formula]], ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Property:
    """A statement about all states (`always`), all steps (`step`), some state (`reachable`) or stuck states."""

    id: str
    form: str
    condition: Formula
    where: Formula | None
    features: tuple[str, ...]
    assume: tuple[str, ...]
    expect: Mapping[str, str]
    witness: Formula | None
    defects: tuple[str, ...]
    why: str
    cite: str
    place: Place
    regions: tuple[str, ...] = ()
    number: str = ""
    contract: str = ""
    without: tuple[str, ...] = ()
    title: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge of a view: from and to are node ids, causes are (event row, decision row) pairs."""

    id: str
    source: str
    target: str
    causes: tuple[tuple[str, str], ...]
    why: str
    cite: str
    place: Place
    defect: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """A machine as people know it, declared; proved equal to the projection of the explored graph."""

    id: str
    collection: str
    shows: Formula
    decided: str
    nodes: Mapping[str, str]
    edges: tuple[Edge, ...]
    title: str
    place: Place
    scope: str = ""
    unused: Mapping[str, str] = field(default_factory=dict)
    machines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """A feature gate and its default per Kubernetes minor.

    `unread`: it is one of Kubernetes' gates, and no rule of the tables depends on it.
    """

    id: str
    defaults: Mapping[str, bool]
    needs: str
    why: str
    place: Place
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of manifest that holds a pod at the path `pod`, or other objects in the list at `items`.

    `versions` are the API versions that have it; `given` is what it tells conditions (below `/manifest.given`).
    """

    id: str
    versions: tuple[str, ...]
    pod: tuple[str, ...] | None
    items: tuple[str, ...] | None
    given: Mapping[str, Any]
    why: str
    cite: str
    place: Place


@dataclass(frozen=True, slots=True)
class Default:
    """A value for a field of a manifest that says nothing there; where `keeps_zero`, a zero is something."""

    id: str
    collection: str
    field: str
    value: Formula
    when: Formula | None
    keeps_zero: bool
    why: str
    cite: str
    place: Place


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is refused in a manifest, or with `note` only remarked.

    `at` is the path below the element, or where it begins with "/", below the whole object. `gate` is as in a `Row`.
    """

    id: str
    collection: str
    when: Formula
    at: tuple[str, ...]
    mend: Formula
    note: bool
    gate: str
    why: str
    cite: str
    place: Place


@dataclass(frozen=True, slots=True)
class Finding:
    """A remark on one pod: where it applies, and what must hold of everything that was explored.

    `conditions` are (one of `verification.FORMS`, formula on an element of the collection). `translations` are other
    languages of the text.
    """

    id: str
    collection: str
    where: Formula | None
    conditions: tuple[tuple[str, Formula], ...]
    features: tuple[str, ...]
    text: Formula
    defect: str
    why: str
    cite: str
    place: Place
    translations: Mapping[str, Formula] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A feature that is explored of the pods for which `when` holds."""

    feature: str
    when: Formula | None
    why: str
    place: Place


@dataclass(frozen=True, slots=True)
class Reduction:
    """A step that makes a pod smaller: features go off, counters end earlier."""

    id: str
    features: tuple[str, ...]
    counters: Mapping[str, int]
    title: str
    why: str
    place: Place


@dataclass(frozen=True, slots=True)
class WatchRow:
    """One explanation of what is seen: a rule holds if one of its rows does; with `defect`, a defect does.

    `unreached` says why no recorded stream shows it.
    """

    id: str
    when: Formula
    defect: str
    why: str
    cite: str
    place: Place
    unreached: str = ""


@dataclass(frozen=True, slots=True)
class WatchRule:
    """What holds of every version of a pod, or with `step` of two that follow each other.

    `fields` are paths below the pod, or below the status of the element. `enforced` is ``server`` if the API server
    itself refuses anything else. The rule looks at the elements of its collection for which `where` holds.
    """

    id: str
    collection: str
    step: bool
    where: Formula | None
    rows: tuple[WatchRow, ...]
    fields: tuple[str, ...]
    expected: Formula | None
    enforced: str
    why: str
    cite: str
    place: Place


@dataclass(frozen=True, slots=True)
class Guess:
    """A field that no document shows, with the values that it may have."""

    field: str
    collection: str
    name: str
    values: tuple[Any, ...]
    why: str
    place: Place


@dataclass(frozen=True, slots=True)
class Explanation:
    """What `explain` can say of a pod; `explaining` tells what each `about` is for, and which parts it has."""

    id: str
    about: str
    collection: str
    when: Formula | None
    value: Formula | None
    text: Formula | None
    of: str
    field: str
    seen: str
    features: tuple[str, ...]
    fields: tuple[str, ...]
    tables: tuple[str, ...]
    events: tuple[str, ...]
    settles: bool
    why: str
    cite: str
    place: Place
    translations: Mapping[str, Formula]


@dataclass(frozen=True, slots=True)
class Output:
    """A part of a JSON answer.

    `kind`: value (`formula`), object (`parts`), list (`parts`), each (a list: `scope`, `parts` has one), keyed (an
    object: `scope`, `formula` is the key, `parts` has one), when (left out unless `formula` holds; `parts` has one). Of
    scripts: records (all records, or one `name` of each), fired (did one of the rows `names` fire in this step?), log
    (an entry per fired row of `parts`, written before the row's changes; `name` last: only the last one, if any).
    """

    kind: str
    formula: Formula | None = None
    parts: Mapping[str, Output] = field(default_factory=dict)
    scope: Scope | None = None
    name: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Binding:
    """One way to feed the tables from a JSON document and to write an answer: a folder of vectors, or a live object.

    `gates` are feature gates that the document gives as plain booleans elsewhere, by name; `defaults` is a JSON tree of
    what the document leaves out.
    """

    id: str
    place: Place
    observations: Mapping[str, Observation]
    sources: Mapping[str, Mapping[str, str]]
    joins: Mapping[tuple[str, str], Mapping[str, str]]
    runs: tuple[str, ...]
    out: Output
    title: str = ""
    script: Script | None = None
    gates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shot:
    """An event that a script fires, and the arguments that are computed on its element."""

    event: str
    given: Mapping[str, Formula]


@dataclass(frozen=True, slots=True)
class Script:
    """Events fired one after another, from a list in the document.

    Parameters
    ----------
    steps
        Path of the list.
    element
        Picks the element (None: the root); an event of a machine of one of its ancestors is fired on that ancestor.
    observe
        Fields of the element and its ancestors, set anew from each step.
    word
        How the word that chooses the events is read from a step; None: the events under '' are fired at every step.
    events
        Events to fire, by word.
    arguments
        Arguments of events that are read from the step.
    settle
        Events fired again and again after those of the step, until none is enabled.
    record
        Written after each step, except those whose word is in `unrecorded`.
    """

    steps: tuple[str, ...]
    element: Formula | None
    observe: Mapping[str, Observation]
    word: Observation | None
    events: Mapping[str, tuple[Shot, ...]]
    arguments: Mapping[str, tuple[Type, Observation]]
    settle: tuple[Shot, ...]
    record: Output
    unrecorded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Named:
    """A declaration that only carries texts: defect, assumption, actor, feature, ...; `data` is the rest."""

    id: str
    place: Place
    data: Cell

    def text(self, key: str) -> str:
        """Return the text under a key, or ''."""
        cell = self.data.get(key)
        return cell.text if cell is not None else ""


@dataclass(frozen=True, slots=True)
class Model:
    """Everything the tables say."""

    digest: str
    domains: Mapping[str, Domain]
    collections: Mapping[str, Collection]
    fields: Mapping[str, Mapping[str, Field]]
    tables: Mapping[str, Table]
    machines: Mapping[str, Machine]
    procedures: Mapping[str, Procedure]
    properties: Mapping[str, Property]
    views: Mapping[str, View]
    gates: Mapping[str, Gate]
    bindings: Mapping[str, Binding]
    named: Mapping[str, Mapping[str, Named]]
    texts: Mapping[str, Mapping[str, str]]
    files: Mapping[str, Cell]
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    objects: Mapping[str, Mapping[str, Type]] = field(default_factory=dict)
    defaults: Mapping[str, Default] = field(default_factory=dict)
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    findings: Mapping[str, Finding] = field(default_factory=dict)
    chosen: Mapping[str, Chosen] = field(default_factory=dict)
    reductions: Mapping[str, Reduction] = field(default_factory=dict)
    explanations: Mapping[str, Explanation] = field(default_factory=dict)
    watch: Mapping[str, WatchRule] = field(default_factory=dict)
    guesses: Mapping[str, Guess] = field(default_factory=dict)

    def rows(self) -> Iterator[Row]:
        """Every row of every table and every event, in the order of the files."""
        for table in self.tables.values():
            yield from table.rows
        for machine in self.machines.values():
            for event in machine.events:
                yield from event.rows

    def watch_rows(self) -> Iterator[WatchRow]:
        """Every row of every rule on what a watcher may see; one that only says `holds` is its own row."""
        for rule in self.watch.values():
            yield from rule.rows

    def event(self, name: str) -> Event:
        """Return the event `machine.event`."""
        machine, _, _ = name.partition(".")
        return next(e for e in self.machines[machine].events if e.id == name)

    def korean(self, key: str) -> str:
        """Return the Korean text of a row, table, ...; '' if there is none."""
        return self.texts.get("ko", {}).get(key, "")
