"""Scripts of bindings: events with computed arguments, settling, logs, records; the toy tables are a lift."""

from pathlib import Path
from typing import Any

import pytest

from podfsm.errors import PodfsmError
from podfsm.language.load import load
from podfsm.language.source import TablesError
from podfsm.observe.derive import Deriver

LIFT = Path(__file__).parent.parent / "data" / "scripts" / "lift.yaml"


@pytest.fixture(scope="module")
def lift() -> Deriver:
    return Deriver(load(LIFT.parent), "ride")


def step(storey: int, lit: int, through: list[int], *, roof: bool = False, last: int | None = None) -> dict[str, Any]:
    return {"storey": storey, "lit": lit, "roof": roof, "through": through, "last": last}


def test_a_script_settles_logs_and_records(lift: Deriver) -> None:
    answer = lift.derive({"calls": [{"steps": 2}, {"flash": True}, {"steps": 9}, {"steps": 2, "load": 4}]})
    assert answer["steps"] == [
        step(2, 1, [0, 1], last=2),
        step(5, 3, [2, 3, 4], roof=True, last=9),
        step(3, 4, [4]),
    ]
    assert answer["storeys"] == [2, 5, 3]


def test_defaults_fill_what_a_document_leaves_out(lift: Deriver) -> None:
    assert lift.derive({})["colour"] == "red"
    assert lift.derive({"door": {"lamp": {"colour": "green"}}})["colour"] == "green"
    assert lift.derive({"top": 1, "calls": [{"steps": 9}]})["storeys"] == [1]


def test_a_document_may_give_gates_elsewhere(lift: Deriver) -> None:
    assert [lift.derive(d)["music"] for d in ({}, {"music": {"on": True}}, {"gates": {"Music": True}})] == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"calls": [{}]}, "unknown step"),
        ({"calls": 3}, "calls: expected a list, found a number"),
        ({"calls": [{"steps": "x"}]}, "steps: expected a whole number, found a string"),
    ],
)
def test_bad_documents_are_told(lift: Deriver, document: dict[str, Any], says: str) -> None:
    with pytest.raises(PodfsmError) as error:
        lift.derive(document)
    assert says in error.value.messages[0]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("flash: light.flash", "flash: light.flush", "unknown event 'light.flush'; did you mean 'light.flash'?"),
        ('{steps: "= steps", way: ', '{way2: "= steps", way: ', "unknown argument of event ride.call 'way2'"),
        (", way: \"= if(load > 3, 'down', 'up')\"", "", "event ride.call is fired without its argument 'way'"),
        ("fired: [ride.roof]", "fired: [ride.rof]", "unknown row of an event 'ride.rof'"),
        ("log: {ride.climb:", "log: {ride.clim:", "unknown row of an event 'ride.clim'"),
        ("settle: [ride.climb,", "settle: [light.flash,", "event light.flash is always enabled"),
        ("unrecorded: flash", "unrecorded: flush", "unknown word of the script 'flush'"),
        ("element: door-lamp", "element: top", "this is a number, an element is wanted"),
        ("gates: {Music: music.on}", "gates: {Musik: music.on}", "unknown gate 'Musik'"),
        ("take: last", "take: first", "unknown value of `take` 'first'"),
        (
            "defaults: {top: 5,",
            "fields: {lift.plays: {at: x}}\n    defaults: {top: 5,",
            "lift.plays is derived, not read",
        ),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, old: str, new: str, says: str) -> None:
    right = LIFT.read_text()
    assert right.count(old) == 1
    (tmp_path / "lift.yaml").write_text(right.replace(old, new))
    with pytest.raises(TablesError) as error:
        load(tmp_path)
    assert says in error.value.messages[0]
    line = right[: right.index(old)].count("\n") + 1
    assert error.value.messages[0].startswith("lift.yaml:")
    assert abs(int(error.value.messages[0].split(":")[1]) - line) <= 1


def test_events_that_never_end_are_told(tmp_path: Path) -> None:
    (tmp_path / "lift.yaml").write_text(LIFT.read_text().replace('then: {storey: "= storey + 1"}', "then: {}"))
    with pytest.raises(PodfsmError, match="do not come to an end"):
        Deriver(load(tmp_path), "ride").derive({"calls": [{"steps": 1}]})
