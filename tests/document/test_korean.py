"""One Korean word for one thing: the texts of the tables and the fixed words of the pages."""

import re
from collections.abc import Iterator, Mapping

import pytest

from podfsm.document.words import words
from podfsm.language.model import Model

CHOSEN = {
    "파드": r"(?<![A-Za-z`/.])Pod(?![A-Za-z`.])",
    "Kubernetes": "쿠버네티스",
    "가비지 수집": "가비지 컬렉션",
    "테인트": r"(?<![A-Za-z`.])taint(?![A-Za-z`])",
    "톨러레이션": r"(?<![A-Za-z`.])toleration(?![A-Za-z`])",
    "라이프사이클": "수명 ?주기",
    "정적 파드": "스태틱",
    "condition": "컨디션",
    "최종 phase": "종료 phase",
    "잇달아": "연달아",
    "중지 신호": "시그널",
    "상실": "유실",
    "유형": "condition 타입",
    "어드미션": r"승인",
    "종료시키다": "죽[이였]",
    "이유": "까닭",
}
"""What is written, and what would be another word for the same thing. As the name of the API kind, Pod stays."""


def _texts(model: Model) -> Iterator[tuple[str, str]]:
    """Iterate over (key, Korean) of all texts but the words of the notes, which are quoted.

    Without the names in braces, in whose place a value is put.
    """
    quoted = {f"seed {name}" for name in model.named["seeds"]} | {"title first-note", "title second-note"}
    yield from ((key, re.sub(r"\{[^}]*\}", "{}", text)) for key, text in model.texts["ko"].items() if key not in quoted)
    yield from ((f"words.yaml {key}", texts["ko"]) for key, texts in words().items())


def _found(texts: Mapping[str, str], other: str) -> list[str]:
    return [f"{key}: {text}" for key, text in texts.items() if re.search(other, text)]


@pytest.mark.parametrize("word", CHOSEN)
def test_one_thing_has_one_word(model: Model, word: str) -> None:
    assert _found(dict(_texts(model)), CHOSEN[word]) == [], f"write {word}"


def test_another_word_is_found() -> None:
    texts = {"a": "Pod는 파드", "b": "kind가 `Pod`이고 PodStatus", "c": "파드"}
    assert _found(texts, CHOSEN["파드"]) == ["a: Pod는 파드"]


def test_a_key_with_its_kind_has_no_twin_without(model: Model) -> None:
    named = {section.removesuffix("s"): entries for section, entries in model.named.items()}
    ids = {row.id for row in model.rows()} | set(model.tables) | set(model.machines) | set(model.properties)
    ids |= set(model.views) | set(model.findings) | set(model.reductions) | set(model.refusals) | set(model.defaults)
    twins = [f"{kind} {name}" for kind, entries in named.items() for name in entries if name not in ids]
    assert [key for key in twins if key in model.texts["ko"] and key.split(" ", 1)[1] in model.texts["ko"]] == []


def test_particles_fit_the_words_before_them(model: Model) -> None:
    vowel = "파드|신호|컨테이너|노드|프로브|샌드박스|사이드카|백오프"
    consonant = "테이블|이미지 풀|라이프사이클|규칙|정책|유예 기간"
    end = r"(?=[ ,.)]|$)"
    wrong = f"(?:{vowel})(?:을|은|과){end}|(?:{consonant})(?:를|는|와){end}"
    assert _found(dict(_texts(model)), wrong) == []


ENGLISH_PROSE = re.compile(
    r"\*\*(?:and|or|not|if|then)\*\*|feature gate \[|for (?:some|every|no) |there is (?:no|some) "
)


def test_formulas_are_in_korean_words(by_language: Mapping[str, Mapping[str, str]]) -> None:
    """Formulas of Korean pages are neither English prose nor code of the table language; evidence quotes them."""
    code = re.compile(r"`[^`]*(?:=|\bin\b)[^`]* (?:and|or|implies) [^`]*`|`not [^`]*`|`(?:any|all|none|count)\([^`]*`")
    found = [
        (path, match.group())
        for path, text in by_language["ko"].items()
        if path != "evidence.md"
        for pattern in (ENGLISH_PROSE, code)
        for match in pattern.finditer(re.sub(r"`pkg/[^`]*`", "", text))
    ]
    assert found == []


def test_english_prose_is_found(by_language: Mapping[str, Mapping[str, str]]) -> None:
    assert ENGLISH_PROSE.search("".join(by_language["en"].values()))
