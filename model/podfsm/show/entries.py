"""Everything in the tables that has an id or a word, as entries that can be shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from podfsm.language.model import Domain, Event, Formula, Model, Named, Row, Table
from podfsm.language.source import Place
from podfsm.language.wording import literal, parts
from podfsm.names import translated

MOST_MENTIONS = 40
"""Rows that are listed at most for a word."""


@dataclass(frozen=True)
class Entry:
    """One thing of the tables.

    Attributes
    ----------
    id, kind
        Its name, and what it is, such as ``row of table restart``.
    title, why, cite
        Its texts, in the language that was asked for where there is a translation; '' if it has none.
    facts
        Whatever else there is to say: (label, text), in order.
    place
        Where it stands in the tables.
    """

    id: str
    kind: str
    title: str = ""
    why: str = ""
    cite: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    place: Place | None = None


@dataclass
class Entries:
    """All entries of some tables in one language, by id; several things may have the same."""

    model: Model
    lang: str
    found: dict[str, list[Entry]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Collect the entries."""
        for entries in (self._tables(), self._machines(), self._properties(), self._views(), self._findings()):
            self._add(entries)
        for entries in (self._named(), self._gates(), self._admission(), self._domains(), self._fields()):
            self._add(entries)

    def of(self, name: str) -> list[Entry]:
        """Find the entries of an id or word; upper and lower case count only if there are several."""
        if name in self.found:
            return self.found[name]
        alike = [key for key in self.found if key.lower() == name.lower()]
        return [entry for key in alike for entry in self.found[key]] or self._mentioned(name)

    def say(self, english: str, *keys: str) -> str:
        """Return a text in the language of the entries."""
        return translated(self.model, self.lang, english, *keys)

    def _add(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.found.setdefault(entry.id, []).append(entry)

    # -------------------------------------------------------------------------------------------------- rows, tables

    def _tables(self) -> Iterator[Entry]:
        for table in self.model.tables.values():
            inputs = ", ".join(f"{name}: {type_}" for name, type_ in table.given)
            rows = [(row.id, self._line(row)) for row in table.rows]
            facts = [("per", table.collection), ("given", inputs), ("order", table.order), *rows]
            title = self.say(table.title, table.id)
            yield Entry(table.id, "decision table", title, "", table.cite, _kept(facts), table.place)
            yield from (self._row(row, f"row of table {table.id}", table) for row in table.rows)

    def _row(self, row: Row, kind: str, owner: Table | Event) -> Entry:
        facts = [
            *self._owner(owner),
            ("actor", self._actor(row.actor)),
            ("when", row.when.text if row.when is not None else "always (if no row before it applies)"),
            ("then", _effect(row)),
            ("gate", row.gate),
            ("defect", self._reference("defects", row.defect)),
            ("feature", self._reference("features", row.feature)),
            ("level", ", ".join(row.level)),
            ("ends the table", "yes" if row.end else ""),
            ("never reached", row.unreached),
        ]
        return Entry(row.id, kind, "", self.say(row.why, row.id), row.cite, _kept(facts), row.place)

    def _owner(self, owner: Table | Event) -> Iterator[tuple[str, str]]:
        if isinstance(owner, Event):
            yield "event", f"{owner.id}, {self.say(owner.title, f'event {owner.id}')}"
            yield "on", self.model.machines[owner.machine].collection
            if owner.when is not None:
                yield "only when", owner.when.text
        else:
            yield "table", f"{owner.id}, {self.say(owner.title, owner.id)}"
            yield "of", owner.collection

    def _line(self, row: Row) -> str:
        when = row.when.text if row.when is not None else "otherwise"
        return f"{when} -> {_effect(row)}"

    def _actor(self, name: str) -> str:
        return self._reference("actors", name)

    def _reference(self, section: str, name: str) -> str:
        entry = self.model.named[section].get(name)
        if entry is None:
            return name
        title = self.say(entry.text("title"), f"{section.removesuffix('s')} {name}", name)
        return f"{name}, {title}" if title else name

    # ------------------------------------------------------------------------------------------------------- machines

    def _machines(self) -> Iterator[Entry]:
        for machine in self.model.machines.values():
            fields = self.model.fields[machine.collection]
            facts = [("per", machine.collection)]
            for name in machine.variables:
                variable = fields[name].variable
                if variable is not None:
                    values = ", ".join(literal(value) for value in variable.values)
                    facts.append((f"variable {name}", f"{values or fields[name].type}; {variable.why}".strip("; ")))
            facts += [(f"event {e.name}", self.say(e.title, f"event {e.id}")) for e in machine.events]
            title, why = self.say(machine.title, machine.id), self.say(machine.why, f"machine {machine.id} why")
            yield Entry(machine.id, "machine", title, why, "", _kept(facts), machine.place)
            for event in machine.events:
                yield from self._event(event)

    def _event(self, event: Event) -> Iterator[Entry]:
        only = len(event.rows) == 1 and event.rows[0].id == event.id
        row = event.rows[0] if only else None
        facts = [
            ("actor", self._actor(event.actor)),
            ("on", self.model.machines[event.machine].collection),
            ("fired by", "other events" if event.internal else ""),
            ("arguments", ", ".join(f"{name}: {type_}" for name, type_, _ in event.arguments)),
            ("when", event.when.text if event.when is not None else "always"),
            ("then", _effect(row) if row is not None else ""),
            *([] if only else [(row.id, self._line(row)) for row in event.rows]),
            *((f"for each {fire.text}", f"fires {fire.event}") for fire in event.fires),
            ("publishes", ", ".join(event.publish)),
            ("feature", self._reference("features", event.feature)),
            ("gate", row.gate if row is not None else ""),
            ("defect", self._reference("defects", row.defect) if row is not None else ""),
            ("level", ", ".join(event.level)),
        ]
        title = self.say(event.title, f"event {event.id}")
        why, cite = (self.say(row.why, row.id), row.cite) if row is not None else ("", "")
        yield Entry(event.id, f"event of machine {event.machine}", title, why, cite, _kept(facts), event.place)
        if not only:
            yield from (self._row(row, f"row of event {event.id}", event) for row in event.rows)

    # ------------------------------------------------------------------------------------------- properties and views

    def _properties(self) -> Iterator[Entry]:
        for one in self.model.properties.values():
            expected = ", ".join(f"{mode} {verdict}" for mode, verdict in one.expect.items())
            facts = [
                ("number", one.number),
                (one.form, one.condition.text),
                ("on pods where", one.where.text if one.where is not None else ""),
                ("occurs", one.witness.text if one.witness is not None else ""),
                ("features", ", ".join(one.features)),
                ("not with", ", ".join(one.without)),
                ("regions", ", ".join(one.regions)),
                ("contract", one.contract),
                ("assumes", ", ".join(self._reference("assumptions", name) for name in one.assume)),
                ("defects", ", ".join(self._reference("defects", name) for name in one.defects)),
                ("expected", expected),
            ]
            title = self.say(one.title, f"{one.id} title")
            yield Entry(one.id, "property", title, self.say(one.why, one.id), one.cite, _kept(facts), one.place)

    def _views(self) -> Iterator[Entry]:
        for view in self.model.views.values():
            edges = [(edge.id, f"{edge.source} -> {edge.target}") for edge in view.edges]
            facts = [("per", view.collection), ("shows", view.shows.text), ("decided by", view.decided), *edges]
            yield Entry(view.id, "view", self.say(view.title, view.id), "", "", _kept(facts), view.place)
            for edge in view.edges:
                causes = "; ".join(", ".join(filter(None, cause)) for cause in edge.causes)
                told = [("from", edge.source), ("to", edge.target), ("causes", causes), ("defect", edge.defect)]
                why = self.say(edge.why, edge.id)
                yield Entry(edge.id, f"edge of view {view.id}", "", why, edge.cite, _kept(told), edge.place)

    def _findings(self) -> Iterator[Entry]:
        for finding in self.model.findings.values():
            facts = [
                ("of", finding.collection),
                ("where", finding.where.text if finding.where is not None else ""),
                *((form, formula.text) for form, formula in finding.conditions),
                ("features", ", ".join(finding.features)),
                ("defect", self._reference("defects", finding.defect)),
            ]
            title = finding.translations.get(self.lang, finding.text).text
            why = self.say(finding.why, finding.id)
            yield Entry(finding.id, "finding of verify", title, why, finding.cite, _kept(facts), finding.place)
        for reduction in self.model.reductions.values():
            facts = [("without", ", ".join(reduction.features))]
            facts += [(name, f"0 to {bound} and more") for name, bound in reduction.counters.items()]
            title = self.say(reduction.title, reduction.id)
            yield Entry(
                reduction.id, "reduction of large pods", title, reduction.why, "", _kept(facts), reduction.place
            )

    # --------------------------------------------------------------------------------------------------------- others

    def _named(self) -> Iterator[Entry]:
        for section, entries in self.model.named.items():
            kind = section.removesuffix("s")
            for entry in entries.values():
                yield self._texts_of(entry, kind)

    def _texts_of(self, entry: Named, kind: str) -> Entry:
        """Show an entry that only has texts; those other than title, why and cite are facts."""
        texts = {key: cell.text for key, cell in entry.data.items() if cell.is_text} if entry.data.is_map else {}
        facts = [
            (key, self.say(text, f"{kind} {entry.id} {key}"))
            for key, text in texts.items()
            if key not in ("title", "why", "cite", "manifest")
        ]
        lists = {key: cell for key, cell in entry.data.items() if cell.is_list} if entry.data.is_map else {}
        facts += [(key, ", ".join(_words(cell.value))) for key, cell in lists.items()]
        title = self.say(texts.get("title", ""), f"{kind} {entry.id}", entry.id)
        said = entry.data.text if entry.data.is_text else texts.get("why", "")
        why = self.say(said, f"{kind} {entry.id} why")
        facts += [("rows", ", ".join(self._rows_of(kind, entry.id)))]
        return Entry(entry.id, kind, title, why, texts.get("cite", ""), _kept(facts), entry.place)

    def _rows_of(self, kind: str, name: str) -> list[str]:
        """Rows that belong to a defect, a feature or an actor."""
        return [row.id for row in self.model.rows() if name and getattr(row, kind, None) == name]

    def _gates(self) -> Iterator[Entry]:
        for gate in self.model.gates.values():
            defaults = ", ".join(f"{minor}: {'on' if on else 'off'}" for minor, on in gate.defaults.items())
            rows = [row.id for row in self.model.rows() if row.gate.removeprefix("not ") == gate.id]
            facts = [("default since", defaults), ("needs", gate.needs), ("rows", ", ".join(rows))]
            why = self.say(gate.why, f"gate {gate.id}", gate.id)
            yield Entry(gate.id, "feature gate", "", why, "", _kept(facts), gate.place)

    def _admission(self) -> Iterator[Entry]:
        for refusal in self.model.refusals.values():
            facts = [("of", refusal.collection), ("when", refusal.when.text), ("at", ".".join(refusal.at))]
            facts += [("mend", self.say(refusal.mend.text, f"{refusal.id} mend")), ("gate", refusal.gate)]
            kind = "remark on manifests" if refusal.note else "refusal of the API server"
            why = self.say(refusal.why, refusal.id)
            yield Entry(refusal.id, kind, "", why, refusal.cite, _kept(facts), refusal.place)
        for default in self.model.defaults.values():
            facts = [("of", default.collection), ("field", default.field), ("value", default.value.text)]
            facts += [("when", default.when.text if default.when is not None else "")]
            why = self.say(default.why, default.id)
            yield Entry(default.id, "default of the API server", "", why, default.cite, _kept(facts), default.place)
        for one in self.model.kinds.values():
            held = ("objects at", ".".join(one.items)) if one.items is not None else ("pod at", ".".join(one.pod or ()))
            facts = [("versions", ", ".join(one.versions)), held]
            why = self.say(one.why, f"kind {one.id}")
            yield Entry(one.id, "kind of manifest", "", why, one.cite, _kept(facts), one.place)

    def _domains(self) -> Iterator[Entry]:
        having: dict[str, list[Domain]] = {}
        for domain in self.model.domains.values():
            values = ", ".join(domain.members)
            why = self.say(domain.why, f"domain {domain.id}")
            yield Entry(domain.id, "domain", "", why, "", _kept([("values", values)]), domain.place)
            for value in domain.members:
                having.setdefault(value, []).append(domain)
        for value, domains in having.items():
            facts = [("value of", f"{one.id}, {one.why}" if one.why else one.id) for one in domains]
            why = "; ".join(dict.fromkeys(one.open[value] for one in domains if value in one.open))
            yield Entry(value, "value", "", why, "", _kept([*facts, *self._uses(value)]), domains[0].place)

    def _fields(self) -> Iterator[Entry]:
        for fields in self.model.fields.values():
            for one in fields.values():
                if one.table:
                    continue
                variable = one.variable
                why = variable.why if variable is not None else ""
                facts = [
                    ("type", str(one.type)),
                    ("is", one.let.text if one.let is not None else ""),
                    ("read from", ".".join(one.observe.path) if one.observe is not None else ""),
                    ("machine", variable.machine if variable is not None else ""),
                ]
                why = self.say(why, f"field {one.id}")
                for name in (one.id, one.name):
                    yield Entry(name, f"field of {one.collection}", "", why, "", _kept(facts), one.place)

    # ---------------------------------------------------------------------------------------------------------- words

    def _mentioned(self, word: str) -> list[Entry]:
        """Show a word that is no id: a reason, say, that rows write or ask for."""
        uses = self._uses(word)
        return [Entry(word, "word", facts=uses)] if uses else []

    def _uses(self, word: str) -> tuple[tuple[str, str], ...]:
        """Rows that write a literal, and rows that ask for it."""
        writers: dict[str, None] = {}
        askers: dict[str, None] = {}
        for row in self.model.rows():
            if any(_names(formula, word) for formula in row.then.values()):
                writers[row.id] = None
            if row.when is not None and _names(row.when, word):
                askers[row.id] = None
        return _kept([("written by", _listed(writers)), ("asked for by", _listed(askers))])


def _names(formula: Formula, word: str) -> bool:
    """Tell whether a formula has a literal."""
    for part in parts(formula.expr):
        if part.kind == "const" and part.args[0] == word and isinstance(part.args[0], str):
            return True
        if part.kind == "equal" and part.args[1] == word:
            return True
        if part.kind == "in" and word in part.args[1]:
            return True
    return False


def _listed(names: Mapping[str, None]) -> str:
    shown = list(names)[:MOST_MENTIONS]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _effect(row: Row) -> str:
    """Write what a row gives or changes."""
    if not row.then:
        return "nothing changes"
    return "; ".join(f"{name} := {f.text.strip()}" if name else f.text.strip() for name, f in row.then.items())


def _kept(facts: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Leave out facts that say nothing."""
    return tuple((label, text) for label, text in facts if text)


def _words(cells: Iterable[Any]) -> Iterator[str]:
    return (cell.text for cell in cells if cell.is_text)
