"""Which diagrams there are: the section `diagrams:` of the tables, read and checked.

A diagram shows one of these, or states and tables together:

=========== ==========================================================================================================
``view``    a view: its nodes and its declared edges
``states``  variables, as ``collection.variable``: their values and how events change them; several variables stand in
            boxes. ``follow`` names further variables that are looked at and not drawn, ``never`` lists changes
            (from, to, event) that cannot happen for a reason that lies elsewhere
``tables``  decision tables: what they give, and the rows that decide so; of several ``results`` those that are named;
            ``actor`` is who writes them
``regions`` machines, what each reads of the others, and what it changes in them. ``contract`` names, by machine, the
            variables of others that stand for what it does in detail
=========== ==========================================================================================================

``clusters`` draws nodes of a view in a box, and arrows between boxes as one. ``nodes`` gives
better names to values, and the section `arrows:` short ones to rows. A node from which arrows lead
to ``ends`` only looks terminal, as one without arrows does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from podfsm.draw.diagram import RankDirection
from podfsm.errors import PodfsmError
from podfsm.language.model import Model, Named
from podfsm.language.source import Cell
from podfsm.names import nearest

Variable = tuple[str, str]
"""Collection and name."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One entry of the section; see above."""

    id: str
    title: str
    caption: str
    rank: RankDirection
    view: str
    states: tuple[Variable, ...]
    follow: tuple[Variable, ...]
    never: frozenset[tuple[str, ...]]
    tables: tuple[str, ...]
    results: tuple[str, ...]
    regions: tuple[str, ...]
    ends: frozenset[str]
    clusters: Mapping[str, tuple[str, ...]]
    nodes: Mapping[str, str]
    contract: Mapping[str, tuple[str, ...]]
    actor: str

    def key(self, *parts: str) -> str:
        """Return the key of a translation."""
        return " ".join(("diagram", self.id, *parts))


def pictures(model: Model) -> dict[str, Picture]:
    """Read the section `diagrams:`, in the order of the tables.

    Raises
    ------
    PodfsmError
        if entries name what the tables do not have; each message has its place and a mend.
    """
    found = {name: _read(named) for name, named in model.named["diagrams"].items()}
    problems = [
        f"{model.named['diagrams'][name].place}: {text}"
        for name, picture in found.items()
        for text in _problems(model, picture)
    ]
    rows = [row.id for row in model.rows()]
    problems += [
        f"{t.place}: {unknown('row', name, rows)}"
        for t in model.named["arrows"].values()
        for name in t.id.split()
        if name not in rows
    ]
    if problems:
        raise PodfsmError(problems)
    return found


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Say that there is no such thing, and what comes near."""
    return f"unknown {kind} {name!r}; {nearest(name, known)}"


def _read(named: Named) -> Picture:
    cell = named.data

    def variables(key: str) -> tuple[Variable, ...]:
        return tuple((w.partition(".")[0], w.partition(".")[2]) for w in _words(cell.get(key)))

    never = cell.get("never")
    return Picture(
        id=named.id,
        title=named.text("title"),
        caption=named.text("caption"),
        rank=named.text("rank") or "TB",  # type: ignore[arg-type]  # the shape of the section allows no other
        view=named.text("view"),
        states=variables("states"),
        follow=variables("follow"),
        never=frozenset(map(_words, never.value)) if never is not None else frozenset(),
        tables=_words(cell.get("tables")),
        results=_words(cell.get("results")),
        regions=_words(cell.get("regions")),
        clusters=_lists(cell.get("clusters")),
        ends=frozenset(_words(cell.get("ends"))),
        nodes=_texts(cell.get("nodes")),
        contract=_lists(cell.get("contract")),
        actor=named.text("actor"),
    )


def _words(cell: Cell | None) -> tuple[str, ...]:
    if cell is None:
        return ()
    return (cell.text,) if cell.is_text else tuple(item.text for item in cell.value)


def _lists(cell: Cell | None) -> dict[str, tuple[str, ...]]:
    return {name: _words(value) for name, value in cell.items()} if cell is not None else {}


def _texts(cell: Cell | None) -> dict[str, str]:
    return {name: value.text for name, value in cell.items()} if cell is not None else {}


def _problems(model: Model, picture: Picture) -> Iterator[str]:
    shown = [bool(picture.view), bool(picture.states or picture.tables), bool(picture.regions)]
    if sum(shown) != 1:
        yield f"diagram {picture.id} must show one of: view, states and tables, regions"
    variables = {
        name for fields in model.fields.values() for name, field in fields.items() if field.variable is not None
    }
    named: list[tuple[str, Iterable[str], Collection[str]]] = [
        ("view", [picture.view] if picture.view else [], model.views),
        ("table", picture.tables, model.tables),
        ("machine", [*picture.regions, *picture.contract], model.machines),
        ("variable", [name for names in picture.contract.values() for name in names], variables),
        ("actor", [picture.actor] if picture.actor else [], model.named["actors"]),
    ]
    for kind, names, known in named:
        yield from (unknown(kind, name, known) for name in names if name not in known)
    for collection, name in (*picture.states, *picture.follow):
        field = model.fields.get(collection, {}).get(name)
        if field is None or field.variable is None:
            ids = [f.id for fields in model.fields.values() for f in fields.values() if f.variable is not None]
            yield unknown("variable", f"{collection}.{name}", ids)
    if len({collection for collection, _ in picture.follow} - {collection for collection, _ in picture.states}):
        yield "variables to follow must be of a collection whose states are drawn"
    events = [event.id for machine in model.machines.values() for event in machine.events]
    if any(len(change) != 3 for change in picture.never):
        yield "each of `never` is a list of three: the value before, the value after, the event"
    for name in (change[-1] for change in picture.never):
        if name not in events:
            yield unknown("event", name, events)
