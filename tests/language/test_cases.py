"""Case splits agree with trying every input."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podfsm.language import tables
from podfsm.language.cases import Cases, Not
from podfsm.language.evaluate import Program
from podfsm.language.model import Expr, Model, Type
from podfsm.language.resolve import Context, Resolver
from podfsm.language.source import Cell, Place, Problems
from podfsm.language.wording import wording

CROSSING = Path(__file__).parent.parent / "data" / "crossing"
ATOMS = ["pressed", "mood = busy", "mood in {calm, unset}", "waiting < 2", "waiting = 1", "waiting >= 3", "2 > waiting"]
ATOMS += ["gate Radar", "waiting + 1 = 3", "if(pressed, mood = busy, waiting = 0)", "pressed same closed", "limit < 3"]
ATOMS += ["limit < waiting", "waiting > limit", "limit same waiting", "mood != calm"]


BROKEN_NONE = "first-broken.colour = (none), first-broken exists"


class Names:
    """What the resolver asks, answered by a loaded model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.domains, self.collections, self.gates = model.domains, model.collections, model.gates

    def field_type(self, collection: str, name: str) -> Type | None:
        found = self.model.fields[collection].get(name)
        return found.type if found is not None else None

    def field_names(self, collection: str) -> Iterator[str]:
        yield from self.model.fields[collection]

    def table_signature(self, name: str) -> None:
        return None

    def table_names(self) -> tuple[str, ...]:
        return ()

    def record_type(self, table: str, name: str) -> None:
        return None

    def use_gate(self, name: str) -> bool:
        return name in self.gates

    def gate_names(self) -> Iterator[str]:
        yield from self.gates


@pytest.fixture(scope="module")
def model() -> Model:
    return tables.loaded(str(CROSSING))


def resolve(model: Model, text: str) -> Expr:
    problems = Problems()
    cell = Cell(text, Place("x", 1, 1))
    formula = Resolver(Names(model), problems).condition(cell, Context(["crossing"]))
    assert not problems.found
    return formula.expr


def inputs() -> Iterator[tuple[frozenset[str], dict[str, Any]]]:
    names = ("pressed", "closed", "mood", "waiting", "limit")
    for radar, *values in product(
        (False, True), (False, True), (False, True), ("calm", "busy", "unset"), range(4), range(-1, 5)
    ):
        yield frozenset({"Radar"} if radar else ()), dict(zip(names, values, strict=True))


class State:
    """An element of nothing but values."""

    def __init__(self, model: Model, values: dict[str, Any]) -> None:
        self.values = [values.get(name) for name in model.fields["crossing"]]


def formulas() -> st.SearchStrategy[str]:
    return st.recursive(
        st.sampled_from(ATOMS),
        lambda inner: (
            st.builds("({} and {})".format, inner, inner)
            | st.builds("({} or {})".format, inner, inner)
            | st.builds("not ({})".format, inner)
        ),
        max_leaves=6,
    )


@settings(max_examples=60, deadline=None)
@given(formulas(), formulas())
def test_no_case_means_no_input(model: Model, one: str, other: str) -> None:
    """Conditions over `limit` and `waiting` together may have a case without an input, never the other way round."""
    exprs = resolve(model, one), resolve(model, other)
    cases = Cases(model, in_event=True)
    first, second = (cases.condition(expr) for expr in exprs)
    found = cases.solve([first, Not(second)])
    programs = {gates: Program(model, gates) for gates in (frozenset[str](), frozenset({"Radar"}))}
    closures = {gates: [program.closure(expr) for expr in exprs] for gates, program in programs.items()}
    holds = []
    for gates, values in inputs():
        state: Any = (State(model, values),)
        a, b = (closure(state, None) for closure in closures[gates])
        holds.append(bool(a) and not b)
    if found is None:
        assert not any(holds)
    elif not ("limit" in one + other and "waiting" in one + other):
        assert any(holds), str(found)


@pytest.mark.parametrize(
    ("conditions", "case"),
    [
        (["pressed", "not pressed"], None),
        (["mood = busy", "mood = calm"], None),
        (["waiting < 2", "waiting > 1"], None),
        (["waiting < 2", "waiting > 0"], "waiting = 1"),
        (["waiting < 0"], None),
        (["limit < 0"], "limit = -1"),
        (["limit < waiting", "waiting <= limit"], None),
        (["limit < waiting", "waiting > limit"], "limit < waiting"),
        (["limit same waiting", "limit < waiting"], None),
        (["all(light: colour = red)", "any(light: not colour = red)"], None),
        (["none(light where broken)", "any(light where broken)"], None),
        (["note = a", "note = b"], None),
        (["note != a", "note != ''"], "note = (another text)"),
        (["first-broken.colour = red", "not first-broken exists"], None),
        (["first-broken.broken", "not first-broken exists"], None),
        (["first-broken.load > 0", "not first-broken exists"], None),
        (["first-broken.colour = red"], "first-broken.colour = red"),
        (["gate Radar", "not gate Radar"], None),
        (["pressed same closed", "pressed", "not closed"], None),
        (["self before first-broken", "self after first-broken"], None),
        (["mood = busy"], "mood = busy"),
        (["mood != busy", "mood not in {calm, unset}"], None),
        (["self.colour not in {red, green, off}"], "colour = (none)"),
        (["first-broken.colour not in {red, green, off}", "first-broken exists"], BROKEN_NONE),
        (["first-broken.side not in {road, walk}", "first-broken exists"], BROKEN_NONE.replace("colour", "side")),
        ([], "any input"),
    ],
)
def test_case(model: Model, conditions: list[str], case: str | None) -> None:
    collection = "light" if any("self" in condition for condition in conditions) else "crossing"
    problems = Problems()
    resolver = Resolver(Names(model), problems)
    cases = Cases(model, in_event=True)
    exprs = [resolver.condition(Cell(text, Place("x", 1, 1)), Context([collection])).expr for text in conditions]
    assert not problems.found
    found = cases.solve([cases.condition(expr) for expr in exprs])
    assert (None if found is None else str(found)) == case


@settings(max_examples=60, deadline=None)
@given(formulas() | st.sampled_from(["any(light before first-broken: colour = red)", "sum(power, light) > 3"]))
def test_wording_reads_back(model: Model, text: str) -> None:
    expr = resolve(model, text)
    assert resolve(model, wording(expr)) == expr
