import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podfsm.draw.text import ELLIPSIS, MAX_LINES, MAX_TEXT, block, clean, is_wide, label_lines, measure, wrap


def test_widths_are_those_of_helvetica_and_ten_per_cent_more() -> None:
    assert measure("iiii", 1000) == pytest.approx(4 * 222 * 1.1)
    assert measure("WW", 10) == pytest.approx(2 * 9.44 * 1.1)


def test_a_hangul_syllable_is_an_em_wide() -> None:
    assert measure("한글", 12) == pytest.approx(2 * 12 * 1.1)
    assert measure("한글", 12, bold=True) > measure("한글", 12)


def test_a_combining_mark_takes_no_room() -> None:
    assert measure("e\u0301", 12) == measure("e", 12)


def test_a_block_is_as_wide_as_its_widest_line() -> None:
    assert block(["a", "wide line"], 10) == (measure("wide line", 10), 24)
    assert block([], 10) == (0, 0)


@given(st.text())
def test_clean_text_is_harmless_and_bounded(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned) <= MAX_TEXT
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in cleaned)
    assert clean(cleaned) == cleaned


def test_what_turns_the_direction_of_writing_is_replaced() -> None:
    assert clean("ab\u202edc") == "ab\ufffddc"


def test_long_text_is_cut() -> None:
    assert clean("x" * 10_000) == "x" * (MAX_TEXT - 1) + ELLIPSIS
    assert len(label_lines(["word " * 2_000] * 40, 100, 12)) == MAX_LINES


@given(st.text(st.characters(categories=("L", "N", "P", "Zs"))), st.floats(20, 300))
def test_wrapped_lines_fit_and_lose_nothing_but_spaces(text: str, width: float) -> None:
    lines = wrap(clean(text), width, 12)
    assert all(measure(line, 12) <= width or len(line) == 1 for line in lines)
    assert "".join(lines).replace(" ", "") == clean(text).replace(" ", "")


def test_a_long_word_breaks_after_punctuation() -> None:
    assert (
        wrap("container/app-with-a-long-name", measure("container/app-with-a-lo", 12), 12)[0] == "container/app-with-a-"
    )


def test_wide_text_is_recognised() -> None:
    assert is_wide("go 한글")
    assert not is_wide("naïve Ελλάς")


def test_a_long_word_breaks_before_a_capital_letter() -> None:
    assert wrap("ContainerStatusUnknown", 100, 11) == ["ContainerStatus", "Unknown"]
