"""Views: a machine as people know it, computed from explored configurations and compared with the declared one.

A view shows one value of every element of a collection. Its computed edges are the changes of that value over all
reachable transitions. The *cause* of an edge is a pair of rows: the one that fired on the element (or, where none did,
on the element that the event happened to), and the one of the view's decision table that decided when the event last
asked it ('' if it did not).

``python -m podfsm.explore.views`` prints the computed edges of views as YAML.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podfsm.explore.adapter import Label, SetStage
from podfsm.explore.configuration import Configuration, shipped
from podfsm.explore.prove import Exploration, Step, explore_configuration, last_step, story
from podfsm.explore.search import Record
from podfsm.explore.system import State
from podfsm.language import tables
from podfsm.language.analysis import analysis, parts
from podfsm.language.model import Edge, Event, Expr, Model, View
from podfsm.language.world import Element

MODES = ("as-is", "intended")


@dataclass(frozen=True, order=True, slots=True)
class Arrow:
    """One cause of one edge: the values before and after, the row that fired, the row that decided ('' if none)."""

    source: str
    target: str
    row: str
    decided: str

    def __str__(self) -> str:
        cause = f"{self.row}, {self.decided}" if self.decided else self.row
        return f"{self.source} -> {self.target} by [{cause}]"


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where an arrow is seen first: the configuration, and a shortest story that ends with it (if it was told)."""

    configuration: str
    steps: int
    story: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Projection:
    """What is computed of a view in one mode: values at the beginning, and all arrows with where they are seen."""

    view: str
    mode: str
    starts: frozenset[str] = frozenset()
    arrows: Mapping[Arrow, Sighting] = field(default_factory=dict)

    def merged(self, other: Projection) -> Projection:
        """Join with the same view's projection of another configuration; of two stories the shorter one is kept."""
        arrows = dict(self.arrows)
        for arrow, sighting in other.arrows.items():
            if arrow not in arrows or sighting.steps < arrows[arrow].steps:
                arrows[arrow] = sighting
        return Projection(self.view, self.mode, self.starts | other.starts, arrows)


def applies(view: View, configuration: Configuration) -> bool:
    """Tell whether a view is computed on a configuration: both are of whole pods, or of the same region."""
    return set(view.machines) == set(configuration.machines)


def declared(view: View) -> dict[Arrow, str]:
    """Return the arrows that a view declares, with the defect that each needs ('' if none)."""
    return {arrow: edge.defect for edge in view.edges for arrow in _arrows(edge)}


def project(
    exploration: Exploration, view: View, tells: Callable[[Arrow], bool] = lambda _: False, component: str = ""
) -> Projection:
    """Compute a view from an exploration whose watched components include those of the view.

    Parameters
    ----------
    exploration
        The explored configuration.
    view
        The view.
    tells
        For which arrows a story is told; that costs time.
    component
        Name of the only component to look at; '' for all.

    Raises
    ------
    ValueError
        if what the view shows depends on other components than the element's own.
    """
    return _Projector(exploration, view, component).project(tells)


class _Projector:
    def __init__(self, exploration: Exploration, view: View, component: str) -> None:
        self.exploration, self.view, self.component = exploration, view, component
        self.system, self.result = exploration.system, exploration.result
        if self.system.analysis.level_of_expr(view.shows.expr) == "joint":
            raise ValueError(
                f"{view.place}: view {view.id} shows what depends on other elements; show a variable instead"
            )
        self.shows = self.system.program.cached_closure(view.shows)
        self.shown_fields = variables_of(self.system.model, view.shows.expr)
        self.rows = {row.id: row for row in self.system.model.rows()}
        self._last_deciding: dict[tuple[int, int], tuple[int, frozenset[str]]] = {}

    def project(self, tells: Callable[[Arrow], bool]) -> Projection:
        starts: set[str] = set()
        arrows: dict[Arrow, Sighting] = {}
        for component, element in self._elements():
            value_of = self._value_of(element)
            names: dict[str, int] = {}

            def watch(k: int, local: int, value_of: Any = value_of, names: dict[str, int] = names) -> int:
                return names.setdefault(value_of(k, local), len(names))

            starts |= {value_of(component, state[component]) for state in self.system.initial()}
            for record in self.result.records(component, watch):
                values = list(names)
                arrow = Arrow(values[record.before], values[record.after], *self._cause(record))
                if arrow not in arrows:
                    arrows[arrow] = self._sighting(record, component, watch, tells(arrow))
        return Projection(self.view.id, self.exploration.mode, frozenset(starts), arrows)

    def _elements(self) -> Iterator[tuple[int, Element]]:
        """Elements that the view is about, with their components."""
        roles = [name.strip() for name in self.view.scope.split("|") if name.strip()]
        conditions = self.system.program.roles[self.view.collection]
        self.system.load_state(self.system.initial()[0])
        chosen = [
            (k, element)
            for k, members in enumerate(self.system.component_elements)
            for element in members
            if element.collection.id == self.view.collection
            and self.component in ("", self.system.components[k])
            and (not roles or any(conditions[role]((element,), None) for role in roles))
        ]
        yield from chosen

    def _value_of(self, element: Element) -> Callable[[int, int], str]:
        known: dict[int, str] = {}

        def value_of(component: int, local: int) -> str:
            if local not in known:
                self.system.load(component, local)
                known[local] = node(self.shows((element,), None))
            return known[local]

        return value_of

    # --------------------------------------------------------------------------------------------------------- causes

    def _cause(self, record: Record) -> tuple[str, str]:
        labels = [self.system.labels[label] if label >= 0 else None for label in record.labels]
        event, _ = self.system.table_events[record.event]
        own = labels[0].rows if labels and labels[0] is not None else ()
        return self._initiating(own, event), self._deciding(record.event, record.member, labels)

    def _initiating(self, own: Sequence[str], event: Event) -> str:
        """Choose the row to name: of those that fired on the element the last that sets what is shown, else anything.

        Where nothing fired on the element, the row of the event; its name, if it has several.
        """
        for wanted in (self.shown_fields, None):
            for name in reversed(own):
                then = self.rows[name].then
                if then if wanted is None else any(key in wanted for key in then):
                    return name
        if own:
            return own[-1]
        active = [compiled.row.id for compiled in self.system.program.events[event.id][2]]
        return active[0] if len(active) == 1 else event.id

    def _deciding(self, event: int, component: int, labels: Sequence[Label | None]) -> str:
        """Find the row of the decision table, in the last stage that asked it for a component."""
        key = event, component
        if key not in self._last_deciding:
            self._last_deciding[key] = self._find_deciding(event, component)
        stage, results = self._last_deciding[key]
        label = labels[stage] if stage >= 0 else None
        if label is None:
            return ""
        rows = [self.rows[row] for row in label.decided if self.rows[row].owner == self.view.decided]
        named = [row for row in rows if results & set(row.then)] or rows
        return named[-1].id if named else ""

    def _find_deciding(self, event: int, component: int) -> tuple[int, frozenset[str]]:
        """Find the last stage that asks the decision table (-1: none), and the results that are shown of it."""
        found = (-1, frozenset[str]())
        for number, stage in enumerate(self.system.stages[event]):
            if not isinstance(stage, SetStage) or stage.collection != self.view.collection:
                continue
            if all(write.component != component for write in stage.writes):
                continue
            model, table = self.system.model, self.view.decided
            if table in stage.decided:
                shown = [formula.expr for name, formula in stage.formulas.items() if name in self.shown_fields]
                found = (number, frozenset(name for expr in shown for name in _results(model, expr, table)))
        return found

    # -------------------------------------------------------------------------------------------------------- stories

    def _sighting(self, record: Record, component: int, watch: Callable[[int, int], int], tell: bool) -> Sighting:
        chain = self._distance(record.state)
        if not tell:
            return Sighting(self.exploration.configuration.id, chain + 1)
        before = self.result.state(record.state)
        after = self._after(record, before, component, watch)
        steps = (*story(self.exploration, record.state), last_step(self.exploration, before, record.event, after))
        return Sighting(self.exploration.configuration.id, len(steps), steps)

    def _distance(self, index: int) -> int:
        steps = 0
        while self.result.parents[index] != index:
            index, steps = int(self.result.parents[index]), steps + 1
        return steps

    def _after(self, record: Record, before: State, component: int, watch: Callable[[int, int], int]) -> State:
        """Find the state after the recorded change."""
        for event, moves, after in self.result.successors(before):
            if event != record.event or watch(component, after[component]) != record.after:
                continue
            labels = [-1] * len(record.labels)
            for stage, moved, label in moves:
                if moved == component:
                    labels[stage] = label
            if tuple(labels) == record.labels:
                return after
        raise AssertionError("the recorded change is no transition of the system")


def node(value: Any) -> str:
    """Name of a shown value, as a view declares it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


# ------------------------------------------------------------------------------------------------------- what is read


def variables_of(model: Model, expr: Expr) -> frozenset[str]:
    """Names of the variables that decide a formula, through lets and tables."""
    found: set[str] = set()
    seen: set[str] = set()
    todo = [expr]
    while todo:
        for _, read in analysis(model).reads(todo.pop()):
            if read.id in seen:
                continue
            seen.add(read.id)
            if read.variable is not None:
                found.add(read.name)
            else:
                todo.extend(analysis(model).definition(read))
    return frozenset(found)


def _results(model: Model, expr: Expr, table: str) -> Iterator[str]:
    """Results that a formula takes directly from a table with several."""
    if expr.kind == "item" and expr.args[0].kind == "field":
        _, collection, name = expr.args[0].args
        if model.fields[collection][name].table == table:
            yield expr.args[1]
    for part in parts(expr.args):
        yield from _results(model, part, table)


# ---------------------------------------------------------------------------------------------------------- comparison


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between a declared view and the computed one.

    `arrow` is what happens in `mode` and should not, or is declared wrongly; first seen in `configuration`. They are
    None and '' where nothing happens that could be told.
    """

    text: str
    view: str
    arrow: Arrow | None = None
    mode: str = ""
    configuration: str = ""


def compare(view: View, as_is: Projection, intended: Projection) -> list[Difference]:
    """Compare the declared machine with the computed ones, edge by edge, causes included."""
    wanted = declared(view)
    found = []
    for arrow in sorted({**intended.arrows, **as_is.arrows}):
        if arrow not in wanted:
            only = as_is if arrow in as_is.arrows else intended
            found.append(_seen(view, only, arrow, f"{view.place}: view {view.id} declares no edge {arrow}, but"))
    for edge in view.edges:
        for arrow in _arrows(edge):
            found += _judge(view, edge, arrow, as_is, intended)
    return found + [Difference(text, view.id) for text in _compare_nodes(view, as_is, intended)]


def _judge(view: View, edge: Edge, arrow: Arrow, as_is: Projection, intended: Projection) -> Iterator[Difference]:
    here, there = arrow in as_is.arrows, arrow in intended.arrows
    place = f"{edge.place}: edge {edge.id}: {arrow}"
    if not here and not there:
        others = sorted(a for a in as_is.arrows if (a.source, a.target) == (arrow.source, arrow.target))
        causes = "; ".join(str(a).partition(" by ")[2] for a in others) or "none"
        yield Difference(f"{place} never happens in any configuration (causes of this edge that do: {causes})", view.id)
    elif edge.defect and here and there:
        yield _seen(view, intended, arrow, f"{place} is declared for defect {edge.defect}, but without it")
    elif not edge.defect and here != there:
        yield _seen(view, as_is if here else intended, arrow, f"{place} needs a `defect`: only in one mode")


def _seen(view: View, projection: Projection, arrow: Arrow, text: str) -> Difference:
    configuration, mode = projection.arrows[arrow].configuration, projection.mode
    text = f"{text} it happens {mode.replace('-', ' ')} in configuration {configuration}"
    return Difference(text, view.id, arrow, mode, configuration)


def _compare_nodes(view: View, as_is: Projection, intended: Projection) -> list[str]:
    reached = {value for p in (as_is, intended) for value in p.starts}
    reached |= {value for p in (as_is, intended) for arrow in p.arrows for value in (arrow.source, arrow.target)}
    problems = [
        f"view {view.id} has no node {value!r}, which is reached" for value in sorted(reached - set(view.nodes))
    ]
    problems += [
        f"node {name!r} of view {view.id} is never reached; list it under `unused`, with the reason"
        for name in view.nodes
        if name not in reached | set(view.unused)
    ]
    problems += [f"{n!r} is listed as unused in view {view.id}, but it is reached" for n in view.unused if n in reached]
    return [f"{view.place}: {text}" for text in problems]


def explain(model: Model, differences: Sequence[Difference], limit: int = 5) -> list[str]:
    """Write out differences, the first few with a shortest story of what happens (which explores again)."""
    configurations = {configuration.id: configuration for configuration in shipped(model)}
    lines = []
    for difference in differences:
        lines.append(difference.text)
        if difference.arrow is None or limit == 0:
            continue
        limit -= 1
        configuration = configurations[difference.configuration]
        exploration = explore_configuration(model, configuration, difference.mode, watch=True)
        projection = project(exploration, model.views[difference.view], difference.arrow.__eq__)
        lines.append(told(projection.arrows[difference.arrow].story))
    return lines


def told(steps: Sequence[Step]) -> str:
    """Write a story as indented lines."""
    lines = []
    for number, step in enumerate(steps, 1):
        arguments = ", ".join(f"{name}={value}" for name, value in step.arguments)
        shown = ", ".join(f"{title} {value}" for title, value in step.shows)
        rows = ", ".join((*step.rows, *step.decided))
        lines.append(f"    {number:>3}. {step.event}{f' ({arguments})' if arguments else ''}: {shown}  [{rows}]")
    return "\n".join(lines)


# ---------------------------------------------------------------------------------------------------------- as YAML


def as_yaml(view: View, as_is: Projection, intended: Projection) -> str:
    """Write the computed edges in the syntax of a view; declared edges keep their id, why, citation and defect."""
    known = {arrow: edge for edge in view.edges for arrow in _arrows(edge)}
    groups: dict[tuple[str, str, str], list[Arrow]] = {}
    for arrow in sorted({**intended.arrows, **as_is.arrows}):
        only = (
            ""
            if arrow in as_is.arrows and arrow in intended.arrows
            else "?"
            if arrow in as_is.arrows
            else "only-intended"
        )
        edge = known.get(arrow)
        groups.setdefault(
            (arrow.source, arrow.target, edge.defect if edge and edge.defect and only else only), []
        ).append(arrow)
    lines = [f"  {view.id}:", f"    # starts: {', '.join(sorted(as_is.starts))}", "    edges:"]
    for (source, target, defect), arrows in groups.items():
        found = next((known[a] for a in arrows if a in known), None)
        name = (
            found.id if found else f"{view.id}.{_slug(source)}-{_slug(target)}{'-' + _slug(defect) if defect else ''}"
        )
        lines += [
            f"    - id: {name}",
            f"      from: {_quoted(source)}",
            f"      to: {_quoted(target)}",
            *([f"      defect: {_quoted(defect)}"] if defect else []),
            "      causes:",
            *(f"      - [{', '.join(filter(None, (a.row, a.decided)))}]" for a in arrows),
            f"      why: {_quoted(found.why if found else '')}",
        ]
    return "\n".join(lines)


def _arrows(edge: Edge) -> Iterator[Arrow]:
    for row, decided in edge.causes:
        yield Arrow(edge.source, edge.target, row, decided)


def _slug(value: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in value.lower()).strip("-") or "none"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def computed(model: Model, view: View, part: str = "") -> tuple[Projection, Projection]:
    """Compute a view on every shipped configuration whose name contains `part`, as is and as intended."""
    found = {mode: Projection(view.id, mode) for mode in MODES}
    for configuration in shipped(model):
        if part in configuration.id and applies(view, configuration):
            for mode in MODES:
                exploration = explore_configuration(model, configuration, mode, watch=True)
                found[mode] = found[mode].merged(project(exploration, view))
    return found["as-is"], found["intended"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the computed edges of views."""
    parser = argparse.ArgumentParser(prog="python -m podfsm.explore.views", description=main.__doc__)
    parser.add_argument("views", nargs="*", metavar="VIEW", help="names of views (default: all)")
    parser.add_argument("--tables", type=Path, metavar="DIR", help="tables to use instead of the shipped ones")
    parser.add_argument("--configuration", default="", metavar="PART", help="only configurations named so")
    parser.add_argument("--differences", action="store_true", help="print what differs from the declared edges instead")
    options = parser.parse_args(arguments)
    model = tables.loaded(str(options.tables)) if options.tables else tables.shipped()
    for view in model.views.values():
        if options.views and view.id not in options.views:
            continue
        as_is, intended = computed(model, view, options.configuration)
        if options.differences:
            text = "\n".join(explain(model, compare(view, as_is, intended)))
        else:
            text = as_yaml(view, as_is, intended)
        sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
