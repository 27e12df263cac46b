"""The keys of a translation: every text that people read, also where several things share an id."""

from pathlib import Path

from podfsm.language import tables
from podfsm.language.check import titled
from podfsm.language.load import load

CROSSING = Path(__file__).parent.parent / "data" / "crossing"


def test_keys_name_the_kind_and_the_text() -> None:
    model = load(CROSSING)
    names = set(titled(model))
    for machine in model.machines.values():
        assert {f"event {event.id}" for event in machine.events} <= names
    for view in model.views.values():
        assert {f"view {view.id} {node}" for node in view.nodes} <= names
    assert {f"{refusal} mend" for refusal in model.refusals} <= names
    assert {f"actor {actor}" for actor in model.named["actors"]} <= names
    assert {f"defect {defect}" for defect in model.named["defects"]} <= names
    assert {row.id for row in model.rows()} <= names


def test_the_shipped_texts_are_those_that_are_wanted() -> None:
    model = tables.shipped()
    wanted, korean = set(titled(model)), {key for key, text in model.texts["ko"].items() if text.strip()}
    assert sorted(wanted - korean) == [], "these have no Korean"
    assert sorted(korean - wanted) == [], "these are the Korean of nothing"


def test_korean_keeps_the_fields_of_a_mend() -> None:
    model = tables.shipped()
    for refusal in model.refusals.values():
        english, korean = refusal.mend.text, model.korean(f"{refusal.id} mend")
        assert _fields(korean) == _fields(english), refusal.id


def _fields(text: str) -> list[str]:
    return sorted(part.partition("}")[0] for part in text.split("{")[1:])
