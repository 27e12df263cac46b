"""What templates ask while they write one page: texts, links, prose, tables of a story."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from podfsm.document import markdown
from podfsm.document.places import Places, page_of
from podfsm.document.prose import Prose
from podfsm.document.terms import listed
from podfsm.document.texts import Texts
from podfsm.document.words import Words
from podfsm.language.model import (
    Event,
    Expr,
    Formula,
    Model,
    Named,
    Observation,
    Row,
    Scope,
    Table,
    Variable,
    WatchRule,
)
from podfsm.language.source import Cell
from podfsm.language.wording import literal, reads, wording

if TYPE_CHECKING:
    from podfsm.explore.prove import Step
    from podfsm.explore.report import PropertyVerdict, Report

DIRECTORY = "generated/reference"
"""The folder of all pages, which has a folder for each language."""

PICTURES = "diagrams"
"""The folder of pictures."""

DEFECTS = "defects"
"""The folder, below it, of the pictures of defects."""

AS_IS = "as-is"
"""The mode of the exploration in which defects are on."""


@dataclass(frozen=True, slots=True)
class Told:
    """One step of a story: links to the event and the rows, what they mean, and what is seen afterwards."""

    event: str
    meaning: str
    seen: tuple[str, ...]


class Book:
    """Everything that does not depend on the page: the tables, what was proved of them, texts in one language."""

    def __init__(self, model: Model, report: Report, language: str, places: Places) -> None:
        self.model, self.report, self.language, self.places = model, report, language, places
        self.texts, self.words = Texts(model, language), Words(language)

    @cached_property
    def rows(self) -> Mapping[str, Row]:
        """All rows by id."""
        return {row.id: row for row in self.model.rows()}

    @cached_property
    def events(self) -> Mapping[str, Event]:
        """All events by id."""
        return {event.id: event for machine in self.model.machines.values() for event in machine.events}

    @cached_property
    def readers(self) -> Mapping[tuple[str, str], list[tuple[str, str]]]:
        """Who reads a field or table: kind and id of tables, events and lets, by kind and id of what is read."""
        found: dict[tuple[str, str], dict[tuple[str, str], None]] = {}
        for reader, formulas in self._formulas():
            for formula in formulas:
                for kind, name in reads(formula.expr, self.model):
                    read = self.texts.target(*name.split(".", 1)) if kind == "field" else (kind, name)
                    if read != reader:
                        found.setdefault(read, {})[reader] = None
        return {read: list(readers) for read, readers in found.items()}

    def _formulas(self) -> Iterator[tuple[tuple[str, str], list[Formula]]]:
        for table in self.model.tables.values():
            yield ("table", table.id), formulas_of(table)
        for event in self.events.values():
            yield ("event", event.id), formulas_of(event)
        for fields in self.model.fields.values():
            for field in fields.values():
                if field.let is not None:
                    yield ("field", field.id), [field.let]
        for one in self.model.properties.values():
            yield ("property", one.id), [one.condition]


def formulas_of(owner: Table | Event) -> list[Formula]:
    """Return all formulas of a table or an event."""
    found: list[Formula | None] = []
    if isinstance(owner, Table):
        found += [formula for _, formula in owner.lets] + [result.start for result in owner.results]
    else:
        found.append(owner.when)
    for row in owner.rows:
        found += [row.when, *row.then.values()]
    return [formula for formula in found if formula is not None]


def watched(rule: WatchRule) -> list[Formula]:
    """Return all formulas of a rule on what a watcher may see."""
    found = [rule.where, rule.expected, *(row.when for row in rule.rows)]
    return [formula for formula in found if formula is not None]


class Page:
    """One page: everything a template may call as ``page.…``. Texts that are returned are Markdown."""

    def __init__(self, book: Book, path: str) -> None:
        self.book, self.path = book, path
        self.model, self.report, self.texts, self.words = book.model, book.report, book.texts, book.words
        self._prose = Prose(book.model, book.texts, self.link)
        self._words: dict[str, int] = {}

    # -------------------------------------------------------------------------------------------------------- texts

    def why(self, entry: Any) -> str:
        """Return the sentence of an entry."""
        return self.texts.why(entry)

    def title(self, entry: Any) -> str:
        """Return the title of an entry."""
        return self.texts.title(entry)

    def named(self, entry: Named, key: str) -> str:
        """Return a text of an entry that only carries texts."""
        return self.texts.named(entry, key)

    def say(self, text: str, *keys: str) -> str:
        """Return a text of the tables, or its translation under one of the keys."""
        return self.texts.of(text, *keys)

    def cite(self, entry: Any) -> str:
        """Return where Kubernetes' own source says so: paths and functions."""
        text = entry.text("cite") if isinstance(entry, Named) else entry.cite
        return "; ".join(markdown.code(part) for part in text.split("; ") if part.strip())

    def code(self, value: object) -> str:
        """Return a literal as a code span."""
        return markdown.code(value if isinstance(value, str) else literal(value))

    def anchor(self, kind: str, name: str) -> str:
        """Return the anchor of an entry, for the place where it is explained."""
        page, anchor = self.book.places.of(kind, name)
        if page != self.path:
            raise ValueError(f"{kind} {name} is explained on {page}, not on {self.path}")
        return markdown.anchor(anchor)

    def heading(self, name: str) -> str:
        """Return a heading from section `titles` of the tables; the name itself if there is none."""
        entry = self.model.named["titles"].get(name)
        return self.named(entry, "title") if entry is not None else self.texts.of(name)

    # -------------------------------------------------------------------------------------------------------- links

    def link(self, kind: str, name: str, label: str = "") -> str:
        """Return a link to where an entry is explained, with its id as label if there is no other."""
        return markdown.link(label or markdown.code(name), self.book.places.target(self.path, kind, name))

    def linked(self, name: str) -> str:
        """Return a link to what a text such as ``restart.rule`` or ``field pod.phase`` names."""
        found = self.book.places.kind_of(name)
        return self.link(*found, label=self._label(*found)) if found is not None else markdown.code(name)

    def _label(self, kind: str, name: str) -> str:
        if kind == "table":
            return self.title(self.model.tables[name])
        if kind in ("machine", "view"):
            return self.title((self.model.machines if kind == "machine" else self.model.views)[name])
        if kind in ("term", "lifetime"):
            return self.title(self.model.named[f"{kind}s"][name])
        return markdown.code(name)

    def linked_list(self, entry: Named, key: str) -> str:
        """Return links to everything that an entry names under a key."""
        return ", ".join(self.linked(name) for name in listed(entry, key))

    def evidence(self, entry: Named) -> str:
        """Return links to what an entry names as evidence; properties with their verdicts as is."""
        return ", ".join(self.linked(name) + self._judged(name) for name in listed(entry, "evidence"))

    def _judged(self, name: str) -> str:
        found = self.report.properties.get(name)
        return f" **{found.modes[AS_IS].verdict}**" if found is not None else ""

    def to(self, path: str, label: str) -> str:
        """Return a link to another page."""
        return markdown.link(label, markdown.relative(self.path, path))

    def tables_of(self, formulas: Iterable[Formula]) -> list[str]:
        """Return links to everything that formulas read, in the order in which they do."""
        found: dict[tuple[str, str], None] = {}
        for formula in formulas:
            for kind, name in reads(formula.expr, self.model):
                if kind != "gate":
                    found[self.texts.target(*name.split(".", 1)) if kind == "field" else (kind, name)] = None
        return [self.link(kind, name, markdown.code(name.rpartition(".")[2])) for kind, name in found]

    def inputs(self, owner: Table | Event) -> str:
        """Return links to everything that a table or event reads."""
        return ", ".join(self.tables_of(formulas_of(owner)))

    def readers(self, kind: str, name: str) -> str:
        """Return links to everything that reads a field or table."""
        found = self.book.readers.get((kind, name), ())
        return ", ".join(self.link(reader, who, markdown.code(who)) for reader, who in found)

    def watch_readers(self, field: str) -> str:
        """Return links to the tables, and to the rules on what a watcher may see, that read a field themselves."""
        found = [
            rule.id
            for rule in self.model.watch.values()
            if any(field == name for formula in watched(rule) for _, name in reads(formula.expr, self.model))
        ]
        return ", ".join(filter(None, [self.readers("field", field), *(self.link("watch", name) for name in found)]))

    # -------------------------------------------------------------------------------------------------------- prose

    def written(self, variable: Variable) -> list[object]:
        """Return the values of a variable, without those that nothing writes."""
        domain = self.model.domains.get(variable.domain)
        return [value for value in variable.values if domain is None or value not in domain.open]

    def condition(self, formula: Formula | None) -> str:
        """Return a condition as prose."""
        return self._prose.condition(formula.expr) if formula is not None else ""

    def value(self, expr: Expr) -> str:
        """Return a value: a literal, or prose."""
        if expr.kind == "const":
            return markdown.code(literal(expr.args[0]))
        return self._prose.condition(expr) if expr.type.kind == "bool" else self._prose.value(expr)

    def effect(self, row: Row, owner: Event) -> str:
        """Return what a row of an event changes, as sentences."""
        machine = self.model.machines[owner.machine]
        return "; ".join(
            self.words("becomes", name=self._variable(machine.collection, name), value=self.value(formula.expr))
            for name, formula in row.then.items()
        )

    def _variable(self, collection: str, name: str) -> str:
        return self.link(*self.texts.target(collection, name), label=markdown.code(name))

    def result(self, row: Row, table: Table) -> str:
        """Return what a row of a decision table gives."""
        if table.single:
            return "; ".join(self.value(formula.expr) for formula in row.then.values())
        return "; ".join(f"{markdown.code(name)} = {self.value(formula.expr)}" for name, formula in row.then.items())

    def scope(self, scope: Scope) -> str:
        """Return which elements an event is fired on, or a stage of a procedure writes."""
        return self._prose.scope(scope)

    def marks(self, row: Row, event: Event | None = None) -> str:
        """Return on what the row depends: a gate, a defect, a feature of the exploration, a level of detail."""
        found = []
        if row.gate:
            found.append(self.gate_mark(row.gate))
        if row.defect:
            found.append(self.words("only-defect", defect=self.link("defect", row.defect)))
        if row.feature and (event is None or row.feature != event.feature):
            found.append(self.words("only-feature", feature=self.feature(row.feature)))
        if row.level:
            found.append(self.words("only-level", level=", ".join(row.level)))
        if row.end:
            found.append(self.words("ends-here"))
        if row.either:
            found.append(self.words("either-way"))
        if row.unreached:
            found.append(self.words("unreached", why=self.say(row.unreached, f"{row.id}.unreached")))
        return "; ".join(found)

    def feature(self, name: str) -> str:
        """Return a link to a feature."""
        return self.link("feature", name, self.title(self.model.named["features"][name]))

    def type(self, type_: Any) -> str:
        """Return a type, with a link where it is a domain."""
        if type_.kind == "enum":
            return self.link("domain", type_.name)
        return markdown.code(str(type_))

    def values(self, values: Iterable[object]) -> str:
        """Return literals."""
        return ", ".join(self.code(value) for value in values)

    # ----------------------------------------------------------------------------------------------------- verdicts

    def verdict(self, found: PropertyVerdict) -> str:
        """Return a verdict and on how many configurations."""
        n = len(found.refuted) if found.refuted else len(found.proved)
        text = f"**{found.verdict}** ({self.words('on', n=n)})"
        return text if found.as_expected else f"{text} {self.words('unexpected')}"

    def seen_heads(self, story: Iterable[Step]) -> list[str]:
        """Return the heads of what a story shows."""
        return list(dict.fromkeys(title for step in story for title, _ in step.shows))

    def told(self, story: Iterable[Step]) -> Iterator[Told]:
        """Iterate over the steps of a story."""
        steps = list(story)
        heads = self.seen_heads(steps)
        for step in steps:
            name, _, element = step.event.partition("@")
            shows = dict(step.shows)
            yield Told(self._event(name, element), self._meaning(step), tuple(shows.get(head, "") for head in heads))

    def _event(self, name: str, element: str) -> str:
        event = self.book.events.get(name)
        label = self.link("event", name, self.title(event)) if event is not None else markdown.code(name)
        return f"{label} ({markdown.code(element)})" if element else label

    def _meaning(self, step: Step) -> str:
        found = [f"{self.why(row)} ({self.link('row', row.id)})" for name in step.rows if (row := self._row(name))]
        chosen = ", ".join(f"{markdown.code(name)} = {self.code(value)}" for name, value in step.arguments)
        return "; ".join([*found, *([chosen] if chosen else [])])

    def _row(self, name: str) -> Row | None:
        return self.book.rows.get(name)

    def cause(self, pair: tuple[str, str]) -> str:
        """Return the cause of an edge: the row that fired, and the one that decided."""
        return " + ".join(self.link("row", name) for name in pair if name)

    # ----------------------------------------------------------------------------------------------------- pictures

    def pictures(self, *names: str) -> str:
        """Return the pictures whose entry in section `diagrams` names one of these, or has it as id."""
        wanted = set(names)
        found = [
            diagram
            for diagram in self.model.named["diagrams"].values()
            if diagram.id in wanted or wanted & set(_words(diagram.data))
        ]
        return "\n\n".join(self.picture(diagram) for diagram in found)

    def picture(self, diagram: Named) -> str:
        """Return one picture."""
        return self._image(markdown.slug(diagram.id), self.title(diagram))

    def defect_picture(self, defect: Named) -> str:
        """Return the picture of a defect, whose counterexample it shows; '' if there is none."""
        from podfsm.draw.defects import property_of

        if property_of(self.model, self.report, defect) is None:
            return ""
        return self._image(f"{DEFECTS}/{defect.id}", f"{defect.id}: {self.title(defect)}")

    def _image(self, name: str, title: str) -> str:
        path = f"{PICTURES}/{name}.{self.book.language}.svg"
        page = f"{DIRECTORY}/{self.book.language}/{self.path}"
        return f"![{title}]({markdown.relative(page, path)})"

    # ------------------------------------------------------------------------------------------------ parts of pages

    def page_of(self, kind: str, entry: Any) -> str:
        """Return a link to the page of a machine, table or view."""
        return self.to(page_of(kind, entry.id), self.title(entry))

    def machine_list(self, names: Iterable[str]) -> str:
        """Return links to machines."""
        return ", ".join(self.link("machine", name) for name in names)

    def rows_of(self, term: Named) -> list[Row]:
        """Return the rows of the tables that a term names under ``rows``."""
        return [row for name in listed(term, "rows") for row in self.model.tables[name].rows]

    def observed(self, found: Observation) -> str:
        """Return how a field is read from a JSON object."""
        if found.form == "which":
            parts = [
                self.words("read-which", value=self.code(value), path=self.path_of(path)) for value, path in found.which
            ]
        else:
            parts = [self.words(f"read-{found.form}", path=self.path_of(found.path))]
        missing = found.otherwise if found.otherwise is not None else found.missing
        if missing not in (None, "", False, 0, ()):
            parts.append(self.words("read-missing", value=self.code(missing)))
        return ", ".join(parts)

    def path_of(self, path: tuple[str, ...]) -> str:
        """Return a path in a JSON object."""
        return markdown.code(".".join(path).replace("/.", "/")) if path else ""

    def gate_mark(self, gate: str) -> str:
        """Return on which gate something depends."""
        name = gate.removeprefix("not ")
        return self.words("gate-off" if name != gate else "gate-on", gate=self.link("gate", name))

    def template_text(self, formula: Formula) -> str:
        """Return the text of a formula that is a text with holes."""
        return wording(formula.expr) if formula.expr.kind != "const" else str(formula.expr.args[0])

    def word_anchor(self, text: str) -> str:
        """Return the anchor of a word of the index; words that look alike in a link get a number."""
        name = markdown.slug(text)
        self._words[name] = self._words.get(name, 0) + 1
        return markdown.anchor(name if self._words[name] == 1 else f"{name}-{self._words[name]}")

    def meanings(self, value: str, domains: Iterable[str]) -> str:
        """Return links to what a word means: the terms that explain it, or the domains that have it."""
        terms = [
            term
            for term in self.model.named["terms"].values()
            if term.text("value") == value or (term.text("title") == value and not term.text("value"))
        ]
        if terms:
            return "; ".join(self.link("term", term.id, self.named(term, "title")) for term in terms)
        return ", ".join(self.link("domain", name) for name in domains)


def _words(cell: Cell) -> Iterator[str]:
    if cell.is_text:
        yield cell.text
    elif cell.is_list:
        for item in cell.value:
            yield from _words(item)
    else:
        yield from (word for _, value in cell.items() for word in _words(value))
