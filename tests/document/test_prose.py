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


#: The same in Korean.
KOREAN = {
    "sound.broken": "`first-broken` 있음",
    "sound.busy": "`mood` = `busy` **또는** 기능 게이트 `Radar` 켜짐",
    "sound.quiet": "",
    "advice.stop": "`colour` = `red` **그리고** `cars` = **아니요**",
    "advice.loud": "`louder` = 예",
    "count-down.end": "`result.shown` `>` `5`",
    "press.first": "`pressed` = **아니요**",
    "press.again": "`pressed` = 예 **그리고** `waiting` `<` `3`",
}


@pytest.mark.parametrize(("name", "expected"), KOREAN.items())
def test_guards_are_korean_prose(name: str, expected: str) -> None:
    page, rows = _page("ko")
    assert re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", page.condition(rows[name].when)) == expected


def test_korean_formulas_have_the_links_of_the_english() -> None:
    english, rows = _page("en")
    korean, _ = _page("ko")
    for name in KOREAN:
        links = [set(re.findall(r"\]\(([^)]*)\)", page.condition(rows[name].when))) for page in (english, korean)]
        assert links[0] == links[1]


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
