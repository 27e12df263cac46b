"""Everything in the tables that has an id or a word, as entries that can be shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from podfsm.document.terms import listed
from podfsm.document.texts import Texts
from podfsm.language import kubernetes
from podfsm.language.model import Event, Model, Named, Row, Table, WatchRow, WatchRule
from podfsm.language.source import Cell
from podfsm.language.wording import literal
from podfsm.names import translated
from podfsm.requests import Cluster
from podfsm.show.entry import Entry, kept
from podfsm.show.labels import phrase
from podfsm.show.told import Told, unmarked
from podfsm.show.words import Words

_KINDS: Final[Mapping[str, str]] = {"kubernetes": "kubernetes version"}
"""Kinds of named entries whose section is no plural."""


@dataclass
class Entries:
    """All entries of some tables in one language, by id; several things may have the same."""

    model: Model
    lang: str
    cluster: Cluster = field(default_factory=Cluster)
    found: dict[str, list[Entry]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Collect the entries."""
        self._on = kubernetes.gates(self.model, self.cluster.kubernetes or "", self.cluster.gates)
        sources = (self._tables(), self._machines(), self._properties(), self._views(), self._findings())
        for entries in (*sources, self._explanations()):
            self._add(entries)
        for entries in (self._watch(), self._guesses()):
            self._add(entries)
        for entries in (self._named(), self._gates(), self._admission(), self._domains(), self._fields()):
            self._add(entries)

    def of(self, name: str) -> list[Entry]:
        """Find the entries of an id or word; upper and lower case count only if there are several."""
        if found := self._exactly(name):
            return found
        alike = dict.fromkeys(key for key in self.names() if key.lower() == name.lower())
        return [entry for key in alike for entry in self._exactly(key)]

    def names(self) -> Iterator[str]:
        """Iterate over all ids and words."""
        yield from self.found
        yield from self._words.names()

    def _exactly(self, name: str) -> list[Entry]:
        words = self._words.of(name)
        # A term is an entry and a word at once.
        places = {entry.place for entry in words}
        return [
            *words,
            *(entry for entry in self.found.get(name, ()) if entry.kind != "word" or entry.place not in places),
        ]

    @cached_property
    def _words(self) -> Words:
        return Words(self.model, self.say)

    @cached_property
    def _told(self) -> Told:
        return Told(self.model, self.lang)

    @cached_property
    def _texts(self) -> Texts:
        return Texts(self.model, self.lang)

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
            yield Entry(table.id, "decision table", title, "", table.cite, kept(facts), table.place)
            yield from (self._row(row, f"row of table {table.id}", table) for row in table.rows)

    def _row(self, row: Row, kind: str, owner: Table | Event) -> Entry:
        facts = [
            *self._owner(owner),
            ("actor", self._actor(row.actor)),
            ("when", self._told.condition(row.when) or self._phrase("always (if no row before it applies)")),
            ("then", self._effect(row)),
            ("gate", row.gate),
            ("defect", self._reference("defects", row.defect)),
            ("does not count", self._left_out(row)),
            ("feature", self._reference("features", row.feature)),
            ("level", ", ".join(row.level)),
            ("ends the table", self._phrase("yes") if row.end else ""),
            ("never reached", self.say(row.unreached, f"{row.id}.unreached")),
        ]
        return Entry(row.id, kind, "", self.say(row.why, row.id), row.cite, kept(facts), row.place)

    def _owner(self, owner: Table | Event) -> Iterator[tuple[str, str]]:
        if isinstance(owner, Event):
            yield "event", f"{owner.id}, {self.say(owner.title, f'event {owner.id}')}"
            yield "on", self.model.machines[owner.machine].collection
            if owner.when is not None:
                yield "only when", self._told.condition(owner.when)
        else:
            yield "table", f"{owner.id}, {self.say(owner.title, owner.id)}"
            yield "of", owner.collection

    def _left_out(self, row: Row) -> str:
        """Say why a row does not count under the cluster's gates and defects, '' if it does."""
        gate = row.gate.removeprefix("not ")
        if gate and (gate in self._on) == row.gate.startswith("not "):
            minor = self.cluster.kubernetes or kubernetes.default_minor(self.model)
            return f"{gate}: {self._phrase('on' if gate in self._on else 'off')} (Kubernetes {minor})"
        return self._phrase("intended") if row.defect and self.cluster.defects == "intended" else ""

    def _line(self, row: Row) -> str:
        return f"{self._told.condition(row.when) or self._phrase('otherwise')} -> {self._effect(row)}"

    def _effect(self, row: Row) -> str:
        """Write what a row gives or changes."""
        return self._told.effect(row) or self._phrase("nothing changes")

    def _phrase(self, english: str) -> str:
        return phrase(self.lang, english)

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
                    if fields[name].type.kind == "number" and len(variable.values) == 1:
                        # Where it starts; what it may become depends on the pod.
                        values = self._phrase("a number")
                    facts.append(
                        (
                            f"variable {name}",
                            f"{values or fields[name].type}; {self._field(machine.collection, name)}".strip("; "),
                        )
                    )
            facts += [(f"event {e.name}", self.say(e.title, f"event {e.id}")) for e in machine.events]
            title, why = self.say(machine.title, machine.id), self.say(machine.why, f"machine {machine.id} why")
            yield Entry(machine.id, "machine", title, why, "", kept(facts), machine.place)
            for event in machine.events:
                yield from self._event(event)

    def _event(self, event: Event) -> Iterator[Entry]:
        only = len(event.rows) == 1 and event.rows[0].id == event.id
        row = event.rows[0] if only else None
        facts = [
            ("actor", self._actor(event.actor)),
            ("on", self.model.machines[event.machine].collection),
            ("fired by", self._phrase("other events") if event.internal else ""),
            ("arguments", ", ".join(f"{name}: {type_}" for name, type_, _ in event.arguments)),
            ("when", self._told.condition(event.when) or self._phrase("always")),
            ("then", self._effect(row) if row is not None else ""),
            *([] if only else [(row.id, self._line(row)) for row in event.rows]),
            *((f"for each {fire.text}", f"fires {fire.event}") for fire in event.fires),
            ("publishes", ", ".join(event.publish)),
            ("feature", self._reference("features", event.feature)),
            ("gate", row.gate if row is not None else ""),
            ("defect", self._reference("defects", row.defect) if row is not None else ""),
            ("does not count", self._left_out(row) if row is not None else ""),
            ("level", ", ".join(event.level)),
        ]
        title = self.say(event.title, f"event {event.id}")
        why, cite = (self.say(row.why, row.id), row.cite) if row is not None else ("", "")
        yield Entry(event.id, f"event of machine {event.machine}", title, why, cite, kept(facts), event.place)
        if not only:
            yield from (self._row(row, f"row of event {event.id}", event) for row in event.rows)

    # ------------------------------------------------------------------------------------------- properties and views

    def _properties(self) -> Iterator[Entry]:
        for one in self.model.properties.values():
            expected = ", ".join(f"{mode} {verdict}" for mode, verdict in one.expect.items())
            facts = [
                ("number", one.number),
                (one.form, self._told.condition(one.condition)),
                ("on pods where", self._told.condition(one.where)),
                ("occurs", self._told.condition(one.witness)),
                ("features", ", ".join(one.features)),
                ("not with", ", ".join(one.without)),
                ("regions", ", ".join(one.regions)),
                ("contract", self.say(one.contract, f"{one.id} contract")),
                ("assumes", ", ".join(self._reference("assumptions", name) for name in one.assume)),
                ("defects", ", ".join(self._reference("defects", name) for name in one.defects)),
                ("expected", expected),
            ]
            title = self.say(one.title, f"{one.id} title")
            yield Entry(one.id, "property", title, self.say(one.why, one.id), one.cite, kept(facts), one.place)

    def _views(self) -> Iterator[Entry]:
        for view in self.model.views.values():
            edges = [(edge.id, f"{edge.source} -> {edge.target}") for edge in view.edges]
            facts = [
                ("per", view.collection),
                ("shows", self._told.value(view.shows)),
                ("decided by", view.decided),
                *edges,
            ]
            yield Entry(view.id, "view", self.say(view.title, view.id), "", "", kept(facts), view.place)
            for edge in view.edges:
                causes = "; ".join(", ".join(filter(None, cause)) for cause in edge.causes)
                told = [("from", edge.source), ("to", edge.target), ("causes", causes), ("defect", edge.defect)]
                why = self.say(edge.why, edge.id)
                yield Entry(edge.id, f"edge of view {view.id}", "", why, edge.cite, kept(told), edge.place)

    def _findings(self) -> Iterator[Entry]:
        for finding in self.model.findings.values():
            facts = [
                ("of", finding.collection),
                ("where", self._told.condition(finding.where)),
                *((form, self._told.condition(formula)) for form, formula in finding.conditions),
                ("features", ", ".join(finding.features)),
                ("defect", self._reference("defects", finding.defect)),
            ]
            title = finding.translations.get(self.lang, finding.text).text
            why = self.say(finding.why, finding.id)
            yield Entry(finding.id, "finding of verify", title, why, finding.cite, kept(facts), finding.place)
        for reduction in self.model.reductions.values():
            facts = [("without", ", ".join(reduction.features))]
            facts += [(name, f"0..{bound}+") for name, bound in reduction.counters.items()]
            title = self.say(reduction.title, reduction.id)
            why = self.say(reduction.why, f"{reduction.id} why")
            yield Entry(reduction.id, "reduction of large pods", title, why, "", kept(facts), reduction.place)

    # --------------------------------------------------------------------------------------------- what a watcher sees

    def _watch(self) -> Iterator[Entry]:
        for rule in self.model.watch.values():
            own = rule.rows[0] if rule.rows[0].id == rule.id else None
            facts = [
                ("of", rule.collection),
                ("judges", self._phrase("two versions in a row" if rule.step else "each version")),
                ("where", self._told.condition(rule.where)),
                ("holds", self._told.condition(own.when) if own is not None else ""),
                *(() if own is not None else ((row.id, self._explanation(row)) for row in rule.rows)),
                ("fields", ", ".join(rule.fields)),
                ("expected", self._told.value(rule.expected) if rule.expected is not None else ""),
                ("enforced by", self._phrase("the API server" if rule.enforced else "nobody; Kubernetes keeps it")),
                ("not recorded", self._unrecorded(own)),
            ]
            why = self.say(rule.why, rule.id)
            yield Entry(rule.id, "rule of conform", "", why, rule.cite, kept(facts), rule.place)
            if own is None:
                yield from (self._explaining(row, rule) for row in rule.rows)

    def _explaining(self, row: WatchRow, rule: WatchRule) -> Entry:
        facts = [
            ("of", rule.collection),
            ("when", self._told.condition(row.when)),
            ("defect", self._reference("defects", row.defect)),
            ("not recorded", self._unrecorded(row)),
        ]
        why = self.say(row.why, row.id)
        return Entry(row.id, f"explanation of {rule.id}", "", why, row.cite or rule.cite, kept(facts), row.place)

    def _explanation(self, row: WatchRow) -> str:
        defect = f" [{row.defect}]" if row.defect else ""
        return f"{self._told.condition(row.when)}{defect}: {self.say(row.why, row.id)}"

    def _unrecorded(self, row: WatchRow | None) -> str:
        return self.say(row.unreached, f"{row.id}.unreached") if row is not None and row.unreached else ""

    def _guesses(self) -> Iterator[Entry]:
        for guess in self.model.guesses.values():
            values = ", ".join(literal(value) for value in guess.values)
            why = self.say(guess.why, f"guess {guess.field}")
            yield Entry(guess.field, "guess of conform", "", why, "", kept([("values", values)]), guess.place)

    def _explanations(self) -> Iterator[Entry]:
        for one in self.model.explanations.values():
            facts = [
                ("of", one.collection),
                ("when", self._told.condition(one.when)),
                ("features", ", ".join(one.features)),
                ("events", ", ".join(one.events)),
                ("decided by", ", ".join(one.tables)),
            ]
            text = one.translations.get(self.lang, one.text)
            title = text.text if text is not None else ""
            yield Entry(one.id, "told by explain", title, self.say(one.why, one.id), one.cite, kept(facts), one.place)

    # --------------------------------------------------------------------------------------------------------- others

    def _named(self) -> Iterator[Entry]:
        for section, entries in self.model.named.items():
            kind = _KINDS.get(section, section.removesuffix("s"))
            for entry in entries.values():
                yield self._term(entry) if section == "terms" else self._texts_of(entry, kind)

    def _term(self, term: Named) -> Entry:
        return self._words.term(term, term.id, listed(term, "of"))

    def _texts_of(self, entry: Named, kind: str) -> Entry:
        """Show an entry that only has texts; those other than title, why and cite are facts."""
        texts = {key: cell.text for key, cell in entry.data.items() if cell.is_text} if entry.data.is_map else {}
        facts = [
            (key, self.say(text, f"{kind} {entry.id} {key}", *([f"{kind} {entry.id}"] if key == "notion" else [])))
            for key, text in texts.items()
            if key not in ("title", "why", "cite", "manifest")
        ]
        lists = {key: cell for key, cell in entry.data.items() if cell.is_list} if entry.data.is_map else {}
        facts += [(key, ", ".join(_words(cell.value))) for key, cell in lists.items()]
        facts = [("where modelled" if key == "where" else key, text) for key, text in facts]
        title = self.say(texts.get("title", ""), f"{kind} {entry.id}", entry.id)
        if entry.data.is_text:
            facts.append(("value", self.say(entry.data.text, f"{kind} {entry.id}")))
        why = self.say(texts.get("why", ""), f"{kind} {entry.id} why")
        facts += [("rows", ", ".join(self._rows_of(kind, entry.id)))]
        return Entry(entry.id, kind, title, why, texts.get("cite", ""), kept(facts), entry.place)

    def _rows_of(self, kind: str, name: str) -> list[str]:
        """Rows that belong to a defect, a feature or an actor."""
        rows = [row.id for row in self.model.rows() if name and getattr(row, kind, None) == name]
        return rows + [row.id for row in self.model.watch_rows() if kind == "defect" and row.defect == name]

    def _gates(self) -> Iterator[Entry]:
        for gate in self.model.gates.values():
            defaults = ", ".join(f"{minor}: {'on' if on else 'off'}" for minor, on in gate.defaults.items())
            rows = [row.id for row in self.model.rows() if row.gate.removeprefix("not ") == gate.id]
            now = self._phrase("on" if gate.id in self._on else "off")
            facts = [("default since", defaults), ("here", now), ("needs", gate.needs), ("rows", ", ".join(rows))]
            why = self.say(gate.why, f"gate {gate.id}", gate.id)
            yield Entry(gate.id, "feature gate", "", why, "", kept(facts), gate.place)

    def _admission(self) -> Iterator[Entry]:
        for refusal in self.model.refusals.values():
            facts = [
                ("of", refusal.collection),
                ("when", self._told.condition(refusal.when)),
                ("at", ".".join(refusal.at)),
            ]
            facts += [("mend", self.say(refusal.mend.text, f"{refusal.id} mend")), ("gate", refusal.gate)]
            kind = "remark on manifests" if refusal.note else "refusal of the API server"
            why = self.say(refusal.why, refusal.id)
            yield Entry(refusal.id, kind, "", why, refusal.cite, kept(facts), refusal.place)
        for default in self.model.defaults.values():
            facts = [("of", default.collection), ("field", default.field), ("value", self._told.value(default.value))]
            facts += [("when", self._told.condition(default.when))]
            why = self.say(default.why, default.id)
            yield Entry(default.id, "default of the API server", "", why, default.cite, kept(facts), default.place)
        for one in self.model.kinds.values():
            held = ("objects at", ".".join(one.items)) if one.items is not None else ("pod at", ".".join(one.pod or ()))
            facts = [("versions", ", ".join(one.versions)), held]
            why = self.say(one.why, f"kind {one.id}")
            yield Entry(one.id, "kind of manifest", "", why, one.cite, kept(facts), one.place)

    def _domains(self) -> Iterator[Entry]:
        for domain in self.model.domains.values():
            values = ", ".join(domain.members)
            why = self.say(domain.why, f"domain {domain.id}")
            yield Entry(domain.id, "domain", "", why, "", kept([("values", values)]), domain.place)

    def _fields(self) -> Iterator[Entry]:
        for fields in self.model.fields.values():
            for one in fields.values():
                if one.table:
                    continue
                facts = [
                    ("type", str(one.type)),
                    ("is", self._told.value(one.let) if one.let is not None else ""),
                    ("read from", ".".join(one.observe.path) if one.observe is not None else ""),
                    ("machine", one.variable.machine if one.variable is not None else ""),
                ]
                why = self._field(one.collection, one.name)
                for name in (one.id, one.name):
                    yield Entry(name, f"field of {one.collection}", "", why, "", kept(facts), one.place)

    def _field(self, collection: str, name: str) -> str:
        return unmarked(self._texts.field(collection, name))


def _words(cells: Iterable[Cell]) -> Iterator[str]:
    return (cell.text for cell in cells if cell.is_text)
