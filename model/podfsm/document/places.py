"""Where each entry of the tables is explained: page and anchor, by kind and id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from podfsm.document.markdown import relative, slug
from podfsm.language.model import Model, Named

#: Kinds that need no prefix where an entry of the tables names another one, in the order in which they are tried.
PLAIN_KINDS = (
    "row event table machine view edge property gate term lifetime seed belief refusal finding default reduction "
    "configuration region kind diagram procedure assumption actor feature defect watch explanation guess told "
    "difference"
).split()

#: Sections of entries that have a place on the page of another name.
_ON_PAGE = {
    "gate": "gates.md",
    "defect": "defects.md",
    "assumption": "properties.md",
    "actor": "glossary.md",
    "feature": "configurations.md",
    "configuration": "configurations.md",
    "region": "configurations.md",
    "reduction": "findings.md",
    "finding": "findings.md",
    "refusal": "manifests.md",
    "default": "manifests.md",
    "kind": "manifests.md",
    "procedure": "procedures.md",
    "field": "fields.md",
    "domain": "glossary.md",
    "lifetime": "lifetimes.md",
    "seed": "seeds.md",
    "belief": "beliefs.md",
    "difference": "evidence.md",
    "diagram": "README.md",
    "watch": "watching.md",
    "explanation": "watching.md",
    "guess": "watching.md",
    "told": "explaining.md",
}

#: Kinds that share a page with another one and may share names with it.
_PREFIXED = ("domain", "actor", "feature", "region", "kind", "assumption", "guess")


GLOSSARY = "glossary"
"""Page of the terms whose group names no other one."""


def page_of_term(model: Model, term: Named) -> str:
    """Return the path of the page where a term is explained."""
    group = model.named["titles"].get(term.text("group"))
    return f"{(group.text('page') if group is not None else '') or GLOSSARY}.md"


class Places:
    """Pages and anchors of everything; the same in every language."""

    def __init__(self, model: Model, beliefs: frozenset[str]) -> None:
        self.model = model
        self._found = {(kind, name): (page, anchor) for kind, name, page, anchor in _places(model, beliefs)}

    def of(self, kind: str, name: str) -> tuple[str, str]:
        """Return page and anchor.

        Raises
        ------
        KeyError
            if there is nothing of that kind and name.
        """
        return self._found[kind, name]

    def kind_of(self, name: str) -> tuple[str, str] | None:
        """Find kind and id of what a text such as ``restart.rule`` or ``field pod.phase`` names."""
        word, _, rest = name.partition(" ")
        if rest and (word, rest) in self._found:
            return word, rest
        return next(((kind, name) for kind in PLAIN_KINDS if (kind, name) in self._found), None)

    def target(self, source: str, kind: str, name: str) -> str:
        """Return the link target of an entry, as seen from the page `source`."""
        page, anchor = self.of(kind, name)
        if page == source:
            return f"#{anchor}" if anchor else f"{relative(source, page)}"
        return relative(source, page) + (f"#{anchor}" if anchor else "")

    def names(self) -> Iterator[tuple[str, str]]:
        """Iterate over (kind, id) of everything."""
        return iter(self._found)


def page_of(kind: str, name: str) -> str:
    """Return the path of the page of a machine, table or view."""
    return f"{kind}/{slug(name)}.md"


def _places(model: Model, beliefs: frozenset[str]) -> Iterator[tuple[str, str, str, str]]:
    for machine in model.machines.values():
        page = page_of("machines", machine.id)
        yield "machine", machine.id, page, ""
        for variable in machine.variables:
            yield "variable", f"{machine.id}.{variable}", page, slug(f"variable {variable}")
        for event in machine.events:
            single = len(event.rows) == 1 and event.rows[0].id == event.id
            yield "event", event.id, page, slug(event.id if single else f"event {event.id}")
            yield from (("row", row.id, page, slug(row.id)) for row in event.rows)
    for table in model.tables.values():
        page = page_of("decisions", table.id)
        yield "table", table.id, page, ""
        yield from (("row", row.id, page, slug(row.id)) for row in table.rows)
    for view in model.views.values():
        page = page_of("views", view.id)
        yield "view", view.id, page, ""
        yield from (("edge", edge.id, page, slug(edge.id)) for edge in view.edges)
    for one in model.properties:
        yield "property", one, "beliefs.md" if one in beliefs else "properties.md", slug(one)
    for term in model.named["terms"].values():
        yield "term", term.id, page_of_term(model, term), slug(term.id)
    for kind, names in _named(model).items():
        prefix = f"{kind} " if kind in _PREFIXED else ""
        yield from ((kind, name, _ON_PAGE[kind], slug(prefix + name)) for name in names)


def _named(model: Model) -> Mapping[str, Mapping[str, object]]:
    named = {
        kind: model.named[f"{kind}s"]
        for kind in (
            "defect assumption actor feature configuration region lifetime seed belief difference diagram".split()
        )
    }
    fields = {f"{c}.{name}": field for c, found in model.fields.items() for name, field in found.items()}
    return {
        **named,
        "gate": model.gates,
        "domain": model.domains,
        "procedure": model.procedures,
        "refusal": model.refusals,
        "finding": model.findings,
        "told": model.explanations,
        "default": model.defaults,
        "reduction": model.reductions,
        "kind": model.kinds,
        "watch": model.watch,
        "explanation": {row.id: row for row in model.watch_rows() if row.id not in model.watch},
        "guess": model.guesses,
        "field": fields,
    }
