"""Every page of the reference in one language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from podfsm.document import markdown, terms
from podfsm.document.book import Book, Page
from podfsm.document.evidence import evidence
from podfsm.document.places import GLOSSARY, Places, page_of, page_of_term
from podfsm.document.texts import BASE, Texts
from podfsm.language import kubernetes
from podfsm.language.model import (
    Event,
    Expr,
    Formula,
    Machine,
    Model,
    Named,
    Property,
    Row,
    WatchRow,
    WatchRule,
)
from podfsm.language.wording import parts, wording

if TYPE_CHECKING:
    from podfsm.explore.report import Report

LANGUAGES = (BASE, "ko")


def pages(model: Model, report: Report, language: str) -> dict[str, str]:
    """Write every page.

    Returns
    -------
    dict
        Markdown by path, relative to the folder of the language.

    Raises
    ------
    PodfsmError
        if an entry that only documents read names what the tables do not have.
    """
    places = Places(model, Texts(model, language).beliefs())
    terms.check(model, places)
    book = Book(model, report, language, places)
    return {path: _render(book, path, template, context) for path, template, context in _contents(book)}


def _render(book: Book, path: str, template: str, context: Mapping[str, Any]) -> str:
    text = (
        _environment(book.language)
        .get_template(template)
        .render(page=Page(book, path), t=book.words, model=book.model, report=book.report, **context)
    )
    # Blocks that are left out leave blank lines behind.
    lines = [line.rstrip() for line in text.strip().splitlines()]
    kept = [line for i, line in enumerate(lines) if line or (i and lines[i - 1])]
    return "\n".join(kept) + "\n"


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # Markdown, not HTML: texts are escaped by `markdown.plain` and `markdown.code`
    )
    environment.filters["head"] = markdown.sentence if language == BASE else str
    environment.filters["cell"] = markdown.cell
    environment.filters["code"] = markdown.code
    environment.filters["plain"] = markdown.plain
    environment.filters["block"] = markdown.block
    return environment


def _contents(book: Book) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Iterate over path, template and context of every page."""
    model = book.model
    yield "README.md", "index.md.j2", {"groups": _grouped_tables(model), "term_pages": _term_pages(model)}
    for machine in model.machines.values():
        yield (
            page_of("machines", machine.id),
            "machine.md.j2",
            {"machine": machine, "actors": _by_actor(model, machine)},
        )
    for table in model.tables.values():
        yield page_of("decisions", table.id), "decision.md.j2", {"table": table}
    for view in model.views.values():
        yield page_of("views", view.id), "view.md.j2", {"view": view, "shown": book.report.views.get(view.id)}
    yield "properties.md", "properties.md.j2", {"groups": _property_groups(model)}
    yield "beliefs.md", "beliefs.md.j2", {"beliefs": list(_properties(book, beliefs=True))}
    yield "defects.md", "defects.md.j2", {"defects": _defects(book), "recorded": evidence().defects}
    yield "watching.md", "watching.md.j2", {"groups": _watch_groups(model)}
    yield "evidence.md", "evidence.md.j2", {"evidence": evidence()}
    yield "gates.md", "gates.md.j2", {"minors": kubernetes.minors(model), "gates": _gates(model)}
    for page, groups in _term_pages(model).items():
        yield page, "terms.md.j2", {"groups": groups, "whole": page == f"{GLOSSARY}.md", "domains": _domains(model)}
    yield "lifetimes.md", "lifetimes.md.j2", {}
    yield "seeds.md", "seeds.md.j2", _seeds(model)
    yield "fields.md", "fields.md.j2", {}
    yield "procedures.md", "procedures.md.j2", {}
    yield "configurations.md", "configurations.md.j2", {}
    yield "manifests.md", "manifests.md.j2", {}
    yield "findings.md", "findings.md.j2", {}
    yield "explaining.md", "explaining.md.j2", {}
    yield "words.md", "words.md.j2", {"sections": _words(model)}


# ------------------------------------------------------------------------------------------------------------ machines


def _by_actor(model: Model, machine: Machine) -> dict[str, list[Event]]:
    """Group events by actor, in the order of the actors; internal events, that others fire, come last."""
    found: dict[str, list[Event]] = {actor: [] for actor in (*model.named["actors"], "")}
    for event in machine.events:
        found.setdefault("" if event.internal else event.actor, []).append(event)
    return {actor: events for actor, events in found.items() if events}


def _grouped_tables(model: Model) -> dict[str, list[Any]]:
    """Group decision tables by their file."""
    found: dict[str, list[Any]] = {}
    for table in model.tables.values():
        found.setdefault(table.place.file.removesuffix(".yaml"), []).append(table)
    return found


# ---------------------------------------------------------------------------------------------------------- properties


def _properties(book: Book, *, beliefs: bool) -> Iterator[Property]:
    names = book.texts.beliefs()
    return (one for one in book.model.properties.values() if (one.id in names) == beliefs)


def _property_groups(model: Model) -> dict[str, list[Property]]:
    """Group properties by what is expected of them."""
    found: dict[str, list[Property]] = {"properties-hold": [], "properties-defects": [], "properties-beliefs": []}
    for one in model.properties.values():
        expected = [one.expect.get(mode, "proved") for mode in ("as-is", "intended")]
        refuted = expected.count("refuted")
        found[tuple(found)[refuted]].append(one)
    return {name: group for name, group in found.items() if group}


@dataclass(frozen=True, slots=True)
class _Defect:
    entry: Named
    rows: list[Row]
    watched: list[WatchRow]
    properties: list[Property]
    findings: list[str]


def _defects(book: Book) -> list[_Defect]:
    model = book.model
    return [
        _Defect(
            entry,
            [row for row in model.rows() if row.defect == entry.id],
            [row for row in model.watch_rows() if row.defect == entry.id],
            [one for one in model.properties.values() if entry.id in one.defects],
            [finding.id for finding in model.findings.values() if finding.defect == entry.id],
        )
        for entry in model.named["defects"].values()
    ]


def _gates(model: Model) -> list[dict[str, Any]]:
    return [
        {
            "gate": gate,
            "refusals": [one for one in model.refusals.values() if one.gate.removeprefix("not ") == gate.id],
            "on": [kubernetes.default_of(gate.defaults, minor) for minor in kubernetes.minors(model)],
            "rows": [
                row for row in model.rows() if row.gate.removeprefix("not ") == gate.id or _reads_gate(row, gate.id)
            ],
        }
        for gate in model.gates.values()
    ]


def _reads_gate(row: Row, gate: str) -> bool:
    return any(
        part.kind == "gate" and part.args[0] == gate for formula in _formulas(row) for part in parts(formula.expr)
    )


def _formulas(row: Row) -> list[Formula]:
    return [*([row.when] if row.when is not None else []), *row.then.values()]


# ------------------------------------------------------------------------------------------------------------ watching


def _watch_groups(model: Model) -> list[tuple[Named, list[WatchRule]]]:
    """Group rules on what a watcher may see; a group begins with the rule that a heading names.

    Rules before the first heading, as of files that are read first, belong to the first group.
    """
    heads = {title.text("begins"): title for title in model.named["titles"].values() if title.text("begins")}
    found: list[tuple[Named, list[WatchRule]]] = []
    rules: list[WatchRule] = []
    for rule in model.watch.values():
        if rule.id in heads:
            rules = rules if not found else []
            found.append((heads[rule.id], rules))
        rules.append(rule)
    return found


# --------------------------------------------------------------------------------------------------------------- terms


def _term_pages(model: Model) -> dict[str, dict[str, list[Named]]]:
    """Group terms by page and by group; the glossary is always there."""
    found: dict[str, dict[str, list[Named]]] = {f"{GLOSSARY}.md": {}}
    for term in model.named["terms"].values():
        found.setdefault(page_of_term(model, term), {}).setdefault(term.text("group"), []).append(term)
    return found


def _domains(model: Model) -> list[dict[str, Any]]:
    """List domains that have names for their values, with the terms that explain those."""
    meanings = {
        (domain, term.text("value")): term
        for term in model.named["terms"].values()
        for domain in terms.listed(term, "of")
    }
    return [
        {"domain": domain, "values": [(value, meanings.get((domain.id, value))) for value in domain.members]}
        for domain in model.domains.values()
    ]


def _seeds(model: Model) -> dict[str, Any]:
    notes: dict[str, list[Named]] = {}
    for seed in model.named["seeds"].values():
        notes.setdefault(seed.text("note"), []).append(seed)
    counts = {note: Counter(seed.text("verdict") for seed in seeds) for note, seeds in notes.items()}
    return {"notes": notes, "counts": counts, "verdicts": terms.VERDICTS}


# --------------------------------------------------------------------------------------------------------------- words


@dataclass(slots=True)
class _Word:
    """A word of Kubernetes or of the tables: rows that give it, rows that ask for it, and domains that have it."""

    text: str
    given: dict[str, None] = field(default_factory=dict)
    asked: dict[str, None] = field(default_factory=dict)
    domains: dict[str, None] = field(default_factory=dict)


def _words(model: Model) -> dict[str, list[_Word]]:
    """Collect every literal of rows and domains; words of Kubernetes begin with a capital letter."""
    found: dict[str, _Word] = {}

    def word(text: str) -> _Word:
        return found.setdefault(text, _Word(text))

    for domain in model.domains.values():
        for value in domain.members:
            word(value).domains[domain.id] = None
    for row in model.rows():
        for formula in row.then.values():
            for text in _literals(formula.expr):
                word(text).given[row.id] = None
        for text in _literals(row.when.expr) if row.when is not None else ():
            word(text).asked[row.id] = None
    ordered = sorted(found.values(), key=lambda item: (item.text.lower(), item.text))
    return {
        "words-capital": [item for item in ordered if item.text[:1].isupper()],
        "words-small": [item for item in ordered if not item.text[:1].isupper()],
    }


def _literals(expr: Expr) -> Iterator[str]:
    """Iterate over the texts in an expression that stand for themselves; empty ones are no words."""
    for part in parts(expr):
        if part.kind == "const":
            values: tuple[Any, ...] = (part.args[0],)
        elif part.kind in ("equal", "in"):
            values = part.args[1] if part.kind == "in" else (part.args[1],)
        elif part.kind == "template":
            values = (wording(part),)
        else:
            continue
        yield from (value for value in values if isinstance(value, str) and value.strip())
