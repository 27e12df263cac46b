"""Guards as prose, on the toy tables: almost word for word, with links."""

import re
from pathlib import Path

import pytest

from document.samples import report_of
from podfsm.document.book import Book, Page
from podfsm.document.places import Places
from podfsm.language.load import load
from podfsm.language.model import Row

CROSSING = Path(__file__).parent.parent / "data" / "crossing"

#: The condition of a row, without links.
GUARDS = {
    "sound.broken": "there is `first-broken`",
    "sound.busy": "`mood` is `busy` **or** feature gate `Radar` is on",
    "sound.quiet": "",
    "advice.stop": "`colour` is `red` **and** `cars` is **no**",
    "advice.loud": "`louder` is yes",
    "count-down.end": "`result.shown` `>` `5`",
    "press.first": "`pressed` is **no**",
    "press.again": "`pressed` is yes **and** `waiting` `<` `3`",
}


def _page(language: str) -> tuple[Page, dict[str, Row]]:
    model = load(CROSSING)
    book = Book(model, report_of(model), language, Places(model, frozenset()))
    return Page(book, "decisions/sound.md"), {row.id: row for row in model.rows()}


@pytest.mark.parametrize(("name", "expected"), GUARDS.items())
def test_guards_are_prose(name: str, expected: str) -> None:
    page, rows = _page("en")
    assert re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", page.condition(rows[name].when)) == expected


def test_fields_are_links_to_where_they_are_explained() -> None:
    page, rows = _page("en")
    assert page.condition(rows["sound.busy"].when) == (
        "[`mood`](../fields.md#crossing.mood) is `busy` **or** feature gate [`Radar`](../gates.md#Radar) is on"
    )
    assert page.condition(rows["press.first"].when) == "[`pressed`](../machines/press.md#variable-pressed) is **no**"


def test_other_languages_show_the_formula_itself() -> None:
    page, rows = _page("ko")
    assert page.condition(rows["sound.busy"].when) == "`mood = busy or gate Radar`"


def test_quantifiers_and_values_are_prose() -> None:
    page, _ = _page("en")
    fields = page.model.fields
    values = {
        name: re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", page.value(let.expr))
        for collection in ("crossing", "light")
        for name, field in fields[collection].items()
        if (let := field.let) is not None
    }
    assert values == {
        "all-red": "for every light: `colour` is `red`",
        "first-broken": "the first light with (`broken` is yes)",
        "before-me": "the previous light",
        "power": "the sum of `watts` over every lamp",
    }
