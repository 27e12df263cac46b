"""The interpreter: every construct of the language, on a document and on states."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podfsm.language.evaluate import EvaluationError, Program
from podfsm.language.load import load
from podfsm.language.model import Model
from podfsm.language.world import DocumentError, Element, World

CROSSING = Path(__file__).parent.parent / "data" / "crossing"

DOCUMENT: Mapping[str, Any] = {
    "mood": "busy",
    "limit": 4,
    "labels": {"a.b/c": "hello"},
    "meters": [{"name": "north", "load": 7}, {"name": "walk", "load": 3}],
    "lights": {
        "road": [
            {"name": "north", "colour": "red", "lamps": [{"watts": 5}, {"watts": 6}], "tags": ["x", "y"]},
            {"name": "south", "colour": "green", "broken": {}, "lamps": [{"watts": 2}], "works": {"now": {}}},
        ],
        "walk": [{"name": "walk", "colour": "red"}],
    },
}


def model_with(directory: Path, formulas: Mapping[str, str], of: str = "crossing") -> Model:
    """The toy tables with a let for every formula."""
    lets = "".join(
        f"    {name}: {{is: '{formula.replace(chr(39), chr(39) * 2)}'}}\n" for name, formula in formulas.items()
    )
    (directory / "extra.yaml").write_text(f"let:\n  {of}:\n{lets}")
    (directory / "crossing.yaml").write_text((CROSSING / "crossing.yaml").read_text())
    return load(directory)


FORMULAS: list[tuple[str, Any]] = [
    # fields, missing ones, paths with dots, joins, which
    ("note", "hello"),
    ("limit", 4),
    ("first-light.name", "north"),
    ("each(load, light)", [7, 0, 3]),
    ("each(if(broken, 'yes', 'no'), light)", ["no", "yes", "no"]),
    ("each(state, light)", ["unset", "unset", "unset"]),
    ("first-light.tags", ("x", "y")),
    ("'y' in first-light.tags", True),
    ("last-light.tags", ()),
    ("nobody.name", ""),
    ("nobody.load", 0),
    ("nobody.broken", False),
    # conditions
    ("mood = busy", True),
    ("mood != busy", False),
    ("mood in {calm, busy}", True),
    ("mood not in {calm, busy}", False),
    ("not mood = busy or limit > 3 and limit < 5", True),
    ("limit >= 4 and limit <= 4", True),
    ("limit > 4", False),
    ("limit + 2 - 1", 5),
    ("note same note", True),
    ("limit same 4", True),
    ("note same name-of-first", False),
    ("gate Radar", True),
    ("first-broken exists", True),
    ("first-light.lit-lamp exists", False),
    # quantifiers and scopes
    ("any(light: colour = green)", True),
    ("all(light: colour = green)", False),
    ("all(light where side = walk: colour = red)", True),
    ("none(light: colour = off)", True),
    ("none(for-people where colour = green)", True),
    ("any(for-people)", True),
    ("count(light)", 3),
    ("count(light: colour = red)", 2),
    ("count(for-cars|for-people)", 3),
    ("count(light before first-broken)", 1),
    ("count(light upto first-broken)", 2),
    ("count(light after first-broken)", 1),
    ("count(light from first-broken)", 2),
    ("count(light before nobody)", 3),
    ("count(light after nobody)", 0),
    ("any(light: any(lamp: watts > 5))", True),
    ("any(light: any(lamp: watts > limit + 1))", True),
    ("count(light where count(lamp) = 0)", 1),
    ("sum(power, light)", 13),
    ("highest(power, light)", 11),
    ("lowest(power, light)", 0),
    ("highest(power, light where name = nowhere)", 0),
    ("each(name, light)", ["north", "south", "walk"]),
    ("last-light.name", "walk"),
    ("last-red.name", "walk"),
    ("first-light before last-light", True),
    ("first-light after last-light", False),
    ("first-light before nobody", True),
    ("first-light after nobody", False),
    ("nobody before first-light", False),
    # relative picks
    ("each(before-me.name, light)", ["", "north", "south"]),
    ("each(if(before-me exists, 'yes', 'no'), light)", ["no", "yes", "yes"]),
    ("each(after-me.name, light)", ["south", "walk", ""]),
    # tables
    ("sound", False),
    ("first-light.advice(not pressed)", '"north"'),
    ("last-light.advice(pressed)", "stop, walk{!}"),
    ("count-down.shown", 8),
    ("count-down.last", True),
    ("nobody.advice(not pressed)", ""),
    # functions
    ("min(limit, 9, 7)", 4),
    ("max(limit, 9)", 9),
    ("double(limit)", 8),
    ("join(', ', each(name, light))", "north, south, walk"),
    ("length(each(name, light))", 3),
    ("sorted(each(colour, light))", ["green", "red", "red"]),
    ("concat(each(name, light where broken), each(name, for-people))", ["south", "walk"]),
    ("go-duration(limit)", "4s"),
    ("human-duration(limit)", "4s"),
    ("go-quote(note)", '"hello"'),
    ("text(limit)", "4"),
    ("if(mood = calm, 'a', if(limit = 4, 'b', 'c'))", "b"),
]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    directory = tmp_path_factory.mktemp("tables")
    (directory / "more.yaml").write_text(
        "let:\n"
        "  crossing:\n    first-light: first(light)\n    last-light: last(light)\n"
        "    last-red: last(light where colour = red)\n    nobody: first(light where name = nowhere)\n"
        "    name-of-first: first-light.name\n"
        "  light: {lit-lamp: first(lamp where watts > 99), after-me: next(light)}\n"
    )
    formulas = {f"f{i}": text for i, (text, _) in enumerate(FORMULAS)}
    world = World(Program(model_with(directory, formulas), frozenset({"Radar"})), DOCUMENT)
    return {text: world.root.get(f"f{i}") for i, (text, _) in enumerate(FORMULAS)}


@pytest.mark.parametrize(("text", "value"), FORMULAS, ids=[text for text, _ in FORMULAS])
def test_formula(text: str, value: Any, answers: Mapping[str, Any]) -> None:
    assert answers[text] == value
    assert type(answers[text]) is type(value)


@pytest.fixture(scope="module")
def model() -> Model:
    return load(CROSSING)


def test_gates(model: Model) -> None:
    document = {"lights": {"walk": [{"name": "w", "colour": "red"}]}}
    assert World(Program(model), document).root.get("sound") is False
    assert World(Program(model, frozenset({"Radar"})), document).root.get("sound") is True


def test_decisions_name_their_rows(model: Model) -> None:
    program = Program(model)
    root = World(program, DOCUMENT).root
    assert program.decide("sound", root, ()) == (False, ("sound.broken",))
    assert program.decide("count-down", root, ()) == (
        {"shown": 8, "last": True},
        ("count-down.double", "count-down.end"),
    )
    calm = World(program, {"limit": 4}).root
    assert program.decide("count-down", calm, ()) == ({"shown": 5, "last": False}, ("count-down.one",))
    assert program.tables["sound"][1][0].seen == [1, 0]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"limit": "4"}, "limit: expected a whole number, found a string"),
        ({"limit": True}, "limit: expected a whole number, found a boolean"),
        ({"mood": 1}, "mood: expected a string, found a number"),
        ({"labels": []}, "labels: expected an object, found a list"),
        ({"lights": {"road": {}}}, "lights.road: expected a list, found an object"),
        ({"lights": {"road": ["x"]}}, "lights.road: expected objects, found a string"),
        ({"lights": {"road": [{"tags": "x"}]}}, "tags: expected a list, found a string"),
    ],
)
def test_documents_of_the_wrong_shape(document: Mapping[str, Any], message: str, model: Model) -> None:
    root = World(Program(model), document).root
    with pytest.raises(DocumentError) as error:
        read_everything(root)
    assert str(error.value) == message


def read_everything(root: Element) -> None:
    for element in (root, *root.children_of("light")):
        for name in root.world.program.model.fields[element.collection.id]:
            element.get(name)


# -------------------------------------------------------------------------------------------------------------- events


def test_an_event_changes_variables(model: Model) -> None:
    program = Program(model)
    root = World(program, {}).root
    assert program.fire("press.push", root, {"hard": True}) == [({"pressed": True, "waiting": 1}, ("press.first",))]
    assert root.get("pressed") is False
    root.set("pressed", True)
    root.set("waiting", 2)
    assert program.fire("press.push", root, {"hard": True}) == [({"waiting": 3}, ("press.again",))]
    root.set("waiting", 3)
    assert program.fire("press.push", root, {"hard": True}) == []


def test_a_sequence_sees_what_former_rows_wrote(model: Model) -> None:
    root = World(Program(model), {}).root
    root.set("pressed", True)
    assert Program(model).fire("press.reset", root, {}) == [
        ({"pressed": False, "waiting": 0}, ("press.release", "press.stick"))
    ]
    assert Program(model, defects="intended").fire("press.reset", root, {}) == [
        ({"pressed": False, "waiting": 0}, ("press.release", "press.tidy"))
    ]
    assert root.get("pressed") is True


def test_rows_can_be_switched_off(model: Model) -> None:
    program = Program(model, switched_off=frozenset({"press.first"}))
    assert program.fire("press.push", World(program, {}).root, {"hard": True}) == []


def test_events_have_conditions_and_elements(model: Model) -> None:
    program = Program(model)
    world = World(program, DOCUMENT)
    light = world.root.children_of("light")[0]
    assert program.fire("bulb.burn", light, {"how": "road"}) == [({"lit": False}, ("bulb.burn",))]
    light.set("lit", False)
    assert program.fire("bulb.burn", light, {"how": "road"}) == []


def test_two_rows_may_not_match(model: Model, tmp_path: Path) -> None:
    # The loader refuses such tables, so the rows are made to match by a variable outside its domain.
    program = Program(model)
    event, when, rows = program.events["press.push"]
    rows[1].when = lambda _els, _frame: True
    program.events["press.push"] = (event, when, rows)
    with pytest.raises(
        EvaluationError, match=r"rows press\.first, press\.again all match for crossing 0; exactly one must"
    ):
        program.fire("press.push", World(program, {}).root, {"hard": False})


def test_a_procedure_writes_stage_by_stage(model: Model) -> None:
    world = World(Program(model), DOCUMENT)
    assert world.root.get("all-red") is False
    world.run("dim")
    assert world.root.get("all-red") is True
    assert world.root.get("mood") == "calm"


def test_before_is_the_former_state(tmp_path: Path) -> None:
    text = (CROSSING / "crossing.yaml").read_text()
    step = 'properties:\n  grows: {step: "before.waiting < waiting", expect: refuted, why: a belief, cite: hearsay}\n'
    (tmp_path / "crossing.yaml").write_text(text.replace("properties:\n", step))
    model = load(tmp_path)
    program = Program(model)
    now, former = World(program, {}), World(program, {})
    now.before = former
    former.root.set("waiting", 1)
    holds = program.closure(model.properties["grows"].condition.expr)
    assert not holds((now.root,), None)
    now.root.set("waiting", 2)
    assert holds((now.root,), None)


@given(st.lists(st.sampled_from(["red", "green"]), max_size=4))
def test_quantifiers_are_those_of_logic(colours: list[str]) -> None:
    world = World(Program(load_once()), {"lights": {"road": [{"name": "x", "colour": c} for c in colours]}})
    assert world.root.get("all-red") is all(c == "red" for c in colours)


def load_once() -> Model:
    from podfsm.language import tables

    return tables.loaded(str(CROSSING))
