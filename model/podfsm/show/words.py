"""Words that people meet, such as a phase or a reason: what they mean, who writes them, what leads to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from podfsm.document.terms import listed
from podfsm.language.model import Edge, Formula, Model, Named, Row, View
from podfsm.language.source import Place
from podfsm.language.wording import parts
from podfsm.show.entry import Entry, kept

MOST_WRITERS: Final = 12
"""Rows that are told in full at most; of more, only the ids are given."""

MOST_MENTIONS: Final = 40
"""Ids that are listed at most."""

_TEXT: Final = ""
"""The domain of literals that belong to no domain."""

Say = Callable[..., str]
"""Translates: the English text, then the keys of a translation."""


@dataclass
class _Uses:
    """Where a literal of one domain stands: rows that give it, starts of results, rows that ask for it."""

    rows: dict[str, Row] = field(default_factory=dict)
    starts: dict[str, str] = field(default_factory=dict)
    askers: dict[str, None] = field(default_factory=dict)


class Words:
    """All literals of some tables.

    Parameters
    ----------
    model
        The tables.
    say
        Translates their texts.
    """

    def __init__(self, model: Model, say: Say) -> None:
        self.model, self.say = model, say

    def of(self, word: str) -> list[Entry]:
        """Explain each meaning of a word; of one that is not in the tables there is none."""
        terms = self._terms.get(word, [])
        uses = self._uses.get(word, {})
        domains = {name: domain for name, domain in self.model.domains.items() if word in domain.members}
        explained = {name for term in terms for name in listed(term, "of")}
        alone = len(terms) == 1
        found = [self.term(term, word, [*listed(term, "of"), *([_TEXT] if alone else [])]) for term in terms]
        rest = [name for name in domains if name not in explained]
        if rest:
            found.append(self._value(word, [*rest, *([] if terms else [_TEXT])]))
        elif _TEXT in uses and not alone:
            found.append(Entry(word, "word", facts=kept(self._traces(word, [_TEXT]))))
        return found

    def names(self) -> Iterator[str]:
        """Iterate over all words."""
        yield from self._uses
        yield from (value for domain in self.model.domains.values() for value in domain.members)
        yield from self._terms

    # ----------------------------------------------------------------------------------------------------- meanings

    def term(self, term: Named, name: str, domains: list[str]) -> Entry:
        """Explain what a term of the glossary says, and what the tables do with its value."""
        key = f"term {term.id}"
        group = self.model.named["titles"][term.text("group")]
        value = term.text("value")
        title = self.say(term.text("title"), key)
        facts = [
            ("one of", self.say(group.text("title"), f"title {group.id}")),
            ("nothing writes it", self.say(term.text("unwritten"), f"{key} unwritten")),
            *self._writers(term),
            *(self._traces(value, domains) if value else ()),
            *((table, self.say(self.model.tables[table].title, table)) for table in listed(term, "rows")),
            ("see", ", ".join(listed(term, "where"))),
        ]
        why = self.say(term.text("why"), f"{key} why")
        shown = "" if title == name else title
        return Entry(name, "word", shown, why, term.text("cite"), kept(facts), term.place)

    def _writers(self, term: Named) -> Iterator[tuple[str, str]]:
        cell = term.data.get("writers")
        for number, writer in enumerate(cell.value if cell is not None else (), start=1):
            actor = self.model.named["actors"][writer.get("actor").text]
            name = self.say(actor.text("title"), f"actor {actor.id}")
            yield "who writes it", f"{name}: {self.say(writer.get('when').text, f'term {term.id} writer {number}')}"

    def _value(self, word: str, names: list[str]) -> Entry:
        """Explain a value that no term explains, by its domains."""
        domains = [self.model.domains[name] for name in names if name != _TEXT]
        facts = [("value of", ", ".join(filter(None, (d.id, self.say(d.why, f"domain {d.id}"))))) for d in domains]
        open_in = [domain for domain in domains if word in domain.open]
        facts += [("nothing writes it", self.say(d.open[word], f"domain {d.id} {word}")) for d in open_in]
        place: Place = domains[0].place
        return Entry(word, "value", facts=kept([*facts, *self._traces(word, names)]), place=place)

    # ------------------------------------------------------------------------------------------------------- traces

    def _traces(self, word: str, domains: list[str]) -> Iterator[tuple[str, str]]:
        """Iterate over what gives a word, what asks for it, and the edges of views at its node."""
        found = [uses for name, uses in self._uses.get(word, {}).items() if name in domains]
        rows = {name: row for uses in found for name, row in uses.rows.items()}
        for row in list(rows.values())[:MOST_WRITERS]:
            yield "written by", self._row(row)
        if len(rows) > MOST_WRITERS:
            yield "and by", shortened(list(rows)[MOST_WRITERS:])
        yield from (("at first", f"{where}, {said}".strip(", ")) for u in found for where, said in u.starts.items())
        yield from self._edges(word, domains)
        yield "asked for by", shortened(list(dict.fromkeys(name for uses in found for name in uses.askers)))

    def _row(self, row: Row) -> str:
        actor = self.model.named["actors"].get(row.actor)
        by = f" ({self.say(actor.text('title'), f'actor {actor.id}')})" if actor is not None else ""
        gate = f" [{row.gate}]" if row.gate else ""
        defect = f" [{row.defect}]" if row.defect else ""
        return f"{row.id}{by}{gate}{defect}: {self.say(row.why, row.id)}" + (f" ({row.cite})" if row.cite else "")

    def _edges(self, word: str, domains: list[str]) -> Iterator[tuple[str, str]]:
        for view in self.model.views.values():
            node = self._node(view, word, domains)
            if not node:
                continue
            if node != word:
                yield "shown as", f"{self._node_title(view, node)} ({view.id})"
            yield from (("into it", self._edge(view, edge)) for edge in view.edges if edge.target == node)
            yield from (("out of it", self._edge(view, edge)) for edge in view.edges if edge.source == node)

    def _node(self, view: View, word: str, domains: list[str]) -> str:
        """Return the node of a view that shows a word, '' if there is none."""
        if view.shows.expr.type.name in domains and word in view.nodes:
            return word
        if _TEXT not in domains or view.shows.expr.kind != "field":
            return ""
        collection, name = view.shows.expr.args[1:]
        table = self.model.tables.get(self.model.fields[collection][name].table)
        rows = [row for row in (table.rows if table is not None else ()) if row.when is not None]
        asked = [row for row in rows if row.when is not None and (word, _TEXT) in set(_literals(row.when))]
        given = [str(f.expr.args[0]) for row in asked[:1] for f in row.then.values() if f.expr.kind == "const"]
        return given[0] if given and given[0] in view.nodes else ""

    def _edge(self, view: View, edge: Edge) -> str:
        ends = f"{self._node_title(view, edge.source)} -> {self._node_title(view, edge.target)}"
        defect = f" [{edge.defect}]" if edge.defect else ""
        return f"{ends}{defect}: {self.say(edge.why, edge.id)} ({edge.id})"

    def _node_title(self, view: View, node: str) -> str:
        return self.say(view.nodes.get(node, node), f"view {view.id} {node}")

    # -------------------------------------------------------------------------------------------------------- index

    @cached_property
    def _terms(self) -> Mapping[str, list[Named]]:
        """Terms by the value that they explain, or by their title where they explain none."""
        found: dict[str, list[Named]] = {}
        for term in self.model.named["terms"].values():
            found.setdefault(term.text("value") or term.text("title"), []).append(term)
        return found

    @cached_property
    def _uses(self) -> Mapping[str, Mapping[str, _Uses]]:
        """Uses of each literal, by the domain that it belongs to."""
        found: dict[str, dict[str, _Uses]] = {}

        def uses(word: str, domain: str) -> _Uses:
            return found.setdefault(word, {}).setdefault(domain, _Uses())

        for row in self.model.rows():
            for formula in row.then.values():
                for literal in _given(formula) if not row.unreached else ():
                    uses(*literal).rows[row.id] = row
            for literal in _literals(row.when) if row.when is not None else ():
                uses(*literal).askers[row.id] = None
        for table in self.model.tables.values():
            for result in table.results:
                for literal in _given(result.start) if result.start is not None else ():
                    uses(*literal).starts[f"{table.id} {result.name}"] = self.say(table.title, table.id)
        return found


def _given(formula: Formula) -> Iterator[tuple[str, str]]:
    """Iterate over the literals that a formula may give, with their domain; those it compares with are not given."""
    for part in parts(formula.expr):
        if part.kind == "const" and isinstance(part.args[0], str) and part.args[0].strip():
            yield part.args[0], _domain(part.type)


def _literals(formula: Formula) -> Iterator[tuple[str, str]]:
    """Iterate over the literals that a formula compares with, with their domain."""
    for part in parts(formula.expr):
        if part.kind in ("equal", "in"):
            values: tuple[Any, ...] = part.args[1] if part.kind == "in" else (part.args[1],)
            yield from ((v, _domain(part.args[0].type)) for v in values if isinstance(v, str) and v.strip())


def _domain(type_: Any) -> str:
    return type_.name if type_.kind == "enum" else _TEXT


def shortened(names: list[str]) -> str:
    """List names; of very many only the first."""
    more = len(names) - MOST_MENTIONS
    return ", ".join(names[:MOST_MENTIONS]) + (f" … (+{more})" if more > 0 else "")
