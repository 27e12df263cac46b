"""Texts that look like Markdown or HTML are shown as they are; entries that name nothing are refused."""

import json
import shutil
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from document import reading
from document.samples import report_of
from podfsm.document import files
from podfsm.document.markdown import block, cell, code, plain, sentence, slug
from podfsm.errors import PodfsmError
from podfsm.language.load import load

CROSSING = Path(__file__).parent.parent / "data" / "crossing"

HOSTILE = (
    '<script>alert(1)</script> | a `b`` [x](javascript:y) ![p](q) *z* __w__ ~~s~~ \\| \\ &lt; <a id="stolen"></a> '
    "https://example.com/ me@example.com # h"
)

TEXTS = [
    HOSTILE,
    "- no list",
    "1. no list",
    "12) none",
    "# no heading",
    "> no quote",
    "=== no heading",
    "+ no list",
    "***",
    "```",
    "a|b",
    "\\",
    "line\nbreak",
    "`",
    "snake_case and _this_",
    "<!-- c -->",
]


def _flat(tokens: list[Token]) -> list[Token]:
    return [token for outer in tokens for token in (outer, *(outer.children or ()))]


@pytest.mark.parametrize("text", TEXTS)
def test_plain_texts_are_shown_as_they_are(text: str) -> None:
    tokens = _flat(MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(plain(text)))
    kinds = {token.type for token in tokens}
    assert kinds <= {"paragraph_open", "inline", "text", "paragraph_close", "text_special"}
    shown = "".join(token.content for token in tokens if token.type.startswith("text"))
    assert shown == " ".join(text.split())


@pytest.mark.parametrize("text", TEXTS)
def test_code_shows_texts_as_they_are_also_in_a_table(text: str) -> None:
    page = f"| a | b |\n| --- | --- |\n| {cell(code(text))} | {cell(plain(text))} |\n"
    tokens = _flat(MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(page))
    shown = " ".join(text.split())
    assert [token.content for token in tokens if token.type == "code_inline"] == ([shown] if "\\|" not in text else [])
    assert sum(token.type == "td_open" for token in tokens) == 2
    assert not {"html_inline", "link_open", "image", "em_open"} & {token.type for token in tokens}


def test_blocks_end_where_they_should() -> None:
    tokens = MarkdownIt("commonmark").parse(block("a\n```\nb\n````\n"))
    assert [(token.type, token.content) for token in tokens] == [("fence", "a\n```\nb\n````\n")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one word", "One word"),
        ("nodeName is set", "nodeName is set"),
        ("a.b is", "a.b is"),
        ("", ""),
        ("kubelet", "Kubelet"),
    ],
)
def test_sentences_begin_with_a_capital_letter(text: str, expected: str) -> None:
    assert sentence(text) == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("a.b-c", "a.b-c"), ("../../etc", "etc"), ("a b|c", "a-b-c"), ("..", "none")]
)
def test_names_in_paths_are_tame(name: str, expected: str) -> None:
    assert slug(name) == expected


def _hostile_tables(directory: Path) -> Path:
    """Make tables of which every sentence is hostile."""
    found = directory / "tables"
    shutil.copytree(CROSSING, found)
    path = found / "crossing.yaml"
    text = path.read_text()
    for sentence_ in (
        "nobody switches a light off", "what a light shows", "cars are seen by radar", "Does the crossing sound?",
        "the manual, page 1", "a broken light is silent", "the button sticks", "nobody crosses at red",
        "buttons to press", "someone on foot", "it sticks", "lights go red at night", "a belief", "hearsay",
        "someone pushes", "what the crossing tells", "a cable is cut",
    ):  # fmt: skip
        assert sentence_ in text
        text = text.replace(f'"{sentence_}"', sentence_).replace(sentence_, json.dumps(f"{sentence_} {HOSTILE}"))
    path.write_text(text)
    return found


def test_pages_of_hostile_tables_are_harmless(tmp_path: Path) -> None:
    model = load(_hostile_tables(tmp_path))
    pages = files(model, report_of(model))
    assert sum("alert(1)" in text for text in pages.values()) > 10
    for path, text in pages.items():
        assert reading.ragged(text) == [], path
        assert reading.html(text) <= {"<br>"}, path
        assert "stolen" not in reading.anchors(text), path
    assert reading.broken(pages, frozenset()) == []


def test_entries_that_name_nothing_are_refused(tmp_path: Path) -> None:
    shutil.copytree(CROSSING, tmp_path / "tables")
    (tmp_path / "tables" / "more.yaml").write_text(
        """\
titles: {note: {title: a note}}
terms:
  red: {title: red, why: stop, group: nothing}
  green: {title: green, group: note, where: [sound.bsuy]}
  off: {title: off, why: dark, group: note, value: of, of: [colour, smell]}
seeds:
  one: {note: note, notion: lights, verdict: rigt, where: [sound]}
lifetimes:
  bulb: {title: bulb, ends: breaks}
"""
    )
    model = load(tmp_path / "tables")
    with pytest.raises(PodfsmError) as caught:
        files(model, report_of(model))
    text = str(caught.value)
    for expected in (
        "more.yaml:3:3: unknown group (an entry of `titles`) 'nothing'",
        "more.yaml:4:3: terms entry 'green' has no 'why'; add `why:`",
        "unknown row, table, property or other entry 'sound.bsuy'; did you mean 'sound.busy'",
        "unknown value of domain colour 'of'; did you mean 'off'?",
        "unknown domain 'smell'",
        "unknown verdict 'rigt'; did you mean 'right'?",
        "lifetimes entry 'bulb' has no 'anew'; add `anew:`",
    ):
        assert expected in text
