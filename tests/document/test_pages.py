"""The pages of the shipped tables: everything is there, every link leads somewhere, both languages are complete."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from document import reading
from document.samples import report_of
from podfsm.document import LANGUAGES, files
from podfsm.document.markdown import plain, slug
from podfsm.document.pages import _watch_groups
from podfsm.document.words import words
from podfsm.language.model import Model

Pages = Mapping[str, str]


def _anchored(model: Model) -> Iterator[tuple[str, str]]:
    """Iterate over (page, anchor) of everything that other places quote."""
    for machine in model.machines.values():
        for event in machine.events:
            yield from ((f"machines/{machine.id}.md", row.id) for row in event.rows)
    for table in model.tables.values():
        yield from ((f"decisions/{table.id}.md", row.id) for row in table.rows)
    for view in model.views.values():
        yield from ((f"views/{view.id}.md", edge.id) for edge in view.edges)
    for page, names in (
        ("defects.md", model.named["defects"]),
        ("gates.md", model.gates),
        ("findings.md", model.findings),
        ("findings.md", model.reductions),
        ("explaining.md", model.explanations),
        ("manifests.md", model.refusals),
        ("manifests.md", model.defaults),
        ("lifetimes.md", model.named["lifetimes"]),
        ("seeds.md", model.named["seeds"]),
        ("configurations.md", model.named["configurations"]),
        ("procedures.md", model.procedures),
        ("evidence.md", model.named["differences"]),
        ("watching.md", model.watch),
        ("watching.md", [row.id for row in model.watch_rows()]),
        ("watching.md", [f"guess {name}" for name in model.guesses]),
    ):
        yield from ((page, name) for name in names)


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_has_its_anchor(model: Model, by_language: Mapping[str, Pages], language: str) -> None:
    pages = by_language[language]
    known = {path: set(reading.anchors(text)) for path, text in pages.items()}
    assert [(page, name) for page, name in _anchored(model) if slug(name) not in known[page]] == []
    for name in model.properties:
        assert slug(name) in known["properties.md"] | known["beliefs.md"], name
    for name in model.named["terms"]:
        assert any(slug(name) in known[page] for page in ("glossary.md", "conditions.md")), name


def test_every_table_says_why(model: Model, pages: Pages) -> None:
    assert [machine.id for machine in model.machines.values() if not machine.why] == []
    heads = set(words()["why"].values())
    assert [(path, line) for path, text in pages.items() for line in reading.empty(text, heads)] == []


def test_an_empty_cell_is_found() -> None:
    page = "| a | b |\n| --- | --- |\n| 1 |  |\n| 1 | 2 |\n\n| b | a |\n| --- | --- |\n| 1 | `\\|` |\n"
    assert reading.empty(page, {"b"}) == ["| 1 |  |"]
    assert reading.empty(page, {"a"}) == []


def test_no_anchor_is_there_twice(pages: Pages) -> None:
    for path, text in pages.items():
        names = reading.anchors(text)
        assert sorted(set(names)) == sorted(names), path


def test_every_link_leads_somewhere(model: Model, pages: Pages) -> None:
    names = [*model.named["diagrams"], *(f"defects/{name}" for name in model.named["defects"])]
    pictures = frozenset(f"diagrams/{name}.{language}.svg" for name in names for language in LANGUAGES)
    assert reading.broken(pages, pictures) == []


def test_a_broken_link_is_found() -> None:
    page = '<a id="here"></a> [a](#here) [b](b.md#there) `[c](c.md)` \\[d](d.md) ![e](e.svg) [f](../f.md)'
    pages = {"x/a.md": page, "x/b.md": "", "f.md": ""}
    assert reading.broken(pages, frozenset({"x/e.svg"})) == ["x/a.md: b.md#there"]
    assert reading.broken(pages, frozenset()) == ["x/a.md: b.md#there", "x/a.md: e.svg"]


def test_tables_are_well_formed(pages: Pages) -> None:
    assert [(path, line) for path, text in pages.items() for line in reading.ragged(text)] == []


def test_a_ragged_table_is_found() -> None:
    assert reading.ragged("| a | b |\n| --- | --- |\n| 1 \\| 2 | 3 |\n") == []
    assert reading.ragged("| a | b |\n| --- | --- |\n| 1 | 2 | 3 |\n") == ["| 1 | 2 | 3 |"]
    assert reading.ragged("| a | b |\n| --- | --- |\n| 1 | 2\n") == ["| 1 | 2"]


def test_there_is_no_html_but_anchors_and_line_breaks(pages: Pages) -> None:
    assert {tag for text in pages.values() for tag in reading.html(text)} <= {"<br>"}


def test_both_languages_have_the_same_pages_and_anchors(by_language: Mapping[str, Pages]) -> None:
    first, *others = by_language.values()
    for other in others:
        assert list(other) == list(first)
        for path, text in other.items():
            assert reading.anchors(text) == reading.anchors(first[path]), path


def _sentences(model: Model) -> Iterator[tuple[str, str, str]]:
    """Iterate over (key, English, page) of sentences that have Korean under another text."""
    for machine in model.machines.values():
        for event in machine.events:
            yield from ((row.id, row.why, f"machines/{slug(machine.id)}.md") for row in event.rows)
            yield f"event {event.id}", event.title, f"machines/{slug(machine.id)}.md"
        yield machine.id, machine.title, f"machines/{slug(machine.id)}.md"
        yield f"machine {machine.id} why", machine.why, f"machines/{slug(machine.id)}.md"
    for table in model.tables.values():
        yield from ((row.id, row.why, f"decisions/{slug(table.id)}.md") for row in table.rows)
        yield table.id, table.title, f"decisions/{slug(table.id)}.md"
    yield from ((one.id, one.why, "manifests.md") for one in model.refusals.values())
    yield from ((one.id, one.why, "manifests.md") for one in model.defaults.values())
    yield from ((one.id, one.why, "findings.md") for one in model.findings.values())
    yield from ((rule.id, rule.why, "watching.md") for rule in model.watch.values())
    for row in model.watch_rows():
        yield from ((row.id, row.why, "watching.md"), (f"{row.id}.unreached", row.unreached, "watching.md"))
    yield from ((f"guess {guess.field}", guess.why, "watching.md") for guess in model.guesses.values())
    for section, page, parts in (
        ("defect", "defects.md", ("title", "as-is", "intended", "advice")),
        ("lifetime", "lifetimes.md", ("ends", "anew")),
        ("seed", "seeds.md", ("why",)),
        ("difference", "evidence.md", ("title", "why")),
    ):
        for entry in model.named[f"{section}s"].values():
            for part in parts:
                key = f"{section} {entry.id}" if part == "title" else f"{section} {entry.id} {part}"
                yield key, entry.text(part), page


def test_korean_pages_say_it_in_korean(model: Model, by_language: Mapping[str, Pages]) -> None:
    found = list(_sentences(model))
    untranslated = {english for key, english, _ in found if not model.korean(key)}
    missing = []
    for key, english, page in found:
        korean = model.korean(key)
        if english and korean and english not in korean and english not in untranslated:
            text = by_language["ko"][page]
            if plain(korean).replace("|", "\\|") not in text or (len(english) > 25 and plain(english) in text):
                missing.append((key, page))
    assert missing == []


def test_rules_on_what_a_watcher_may_see_stand_in_their_groups(model: Model, by_language: Mapping[str, Pages]) -> None:
    text = by_language["en"]["watching.md"]
    heads = [line for line in text.splitlines() if line.startswith("## ")]
    assert [head.partition("</a>")[2] for head in heads[:5]] == [
        "The object",
        "Scheduling and the first status",
        "Containers",
        "Phase",
        "Conditions",
    ]
    order = [name for name in reading.anchors(text) if name in {slug(rule) for rule in model.watch}]
    assert order == [slug(rule) for rule in model.watch]
    line = next(line for line in text.splitlines() if 'id="seen.node-kept"' in line)
    assert "`seen.node-kept`<br>API server | pod<br>two versions in a row | " in line
    assert "`spec.nodeName`" in line
    assert "[`K05`](defects.md#K05)" in text


def test_rules_of_a_file_without_headings_stand_in_the_first_group(model: Model) -> None:
    rules = dict(model.watch)
    last = rules.popitem()
    groups = _watch_groups(replace(model, watch=dict([last, *rules.items()])))
    assert groups[0][1][0].id == last[0]
    assert sum(len(group) for _, group in groups) == len(model.watch)


def test_defects_say_how_conform_reports_them(model: Model, by_language: Mapping[str, Pages]) -> None:
    for pages in by_language.values():
        text = pages["defects.md"]
        for row in model.watch_rows():
            if row.defect:
                assert f"[`{row.id}`](watching.md#{slug(row.id)})" in text
        assert "(watching.md)" in pages["README.md"]


def test_every_defect_is_told_whole(model: Model, by_language: Mapping[str, Pages]) -> None:
    for language, pages in by_language.items():
        parts = re.split(r"^## ", pages["defects.md"], flags=re.MULTILINE)[1:]
        told = {part.partition('"></a>')[0].partition('"')[2]: part for part in parts}
        assert list(told) == list(model.named["defects"])
        heads = [words()[key][language] for key in ("as-is", "intended", "advice", "upstream", "source", "rows")]
        for name, text in told.items():
            assert [head for head in heads if f"| {head} | " not in text] == [], name
            assert f"| {words()['conform-rows'][language]} | " in text
            properties = [one.id for one in model.properties.values() if name in one.defects]
            assert properties
            assert all(f"[`{one}`](" in text for one in properties)
            # The report that is made up refutes each of them with a story.
            assert f"| {words()['step'][language]} | " in text, name


def test_every_defect_has_its_picture(model: Model, by_language: Mapping[str, Pages]) -> None:
    for language, found in by_language.items():
        for name in model.named["defects"]:
            assert f"](../../../diagrams/defects/{name}.{language}.svg)" in found["defects.md"]


def test_every_numbered_belief_is_told_once(model: Model, by_language: Mapping[str, Pages]) -> None:
    numbers = [one.number for one in model.properties.values() if one.number.startswith("F")]
    numbers += [belief.text("number") for belief in model.named["beliefs"].values()]
    assert sorted(numbers, key=lambda number: int(number[1:])) == [f"F{n}" for n in range(1, 59)]
    for pages in by_language.values():
        assert [n for n in numbers if not re.search(rf"(?:</a>|^#+ .*){n}: ", pages["beliefs.md"], re.MULTILINE)] == []


def test_english_pages_hold_no_korean_but_that_of_the_glossary(by_language: Mapping[str, Pages]) -> None:
    korean = re.compile(r"[\uac00-\ud7a3]")
    with_korean = {path for path, text in by_language["en"].items() if korean.search(text)}
    assert with_korean <= {"glossary.md", "conditions.md"}


def test_numbers_come_from_the_report(by_language: Mapping[str, Pages]) -> None:
    for pages in by_language.values():
        assert "123457" in pages["configurations.md"]
        assert "765431" in pages["configurations.md"]
    assert not any("1.25" in pages["configurations.md"] for pages in by_language.values()), "seconds differ every time"


def test_stories_show_events_and_what_is_seen(model: Model, by_language: Mapping[str, Pages]) -> None:
    event = next(event for machine in model.machines.values() for event in machine.events)
    for language, pages in by_language.items():
        text = pages["beliefs.md"]
        assert f"#{slug(event.id)}" in text or f"#{slug('event ' + event.id)}" in text
        assert "`a\\|b`" in text
        assert words()["step"][language] in text


def test_pages_are_the_same_every_time(model: Model, pages: Pages) -> None:
    assert files(model, report_of(model)) == pages


def test_fixed_words_are_there_in_every_language_with_the_same_holes() -> None:
    for key, texts in words().items():
        assert set(texts) == set(LANGUAGES), key
        assert all(text.strip() for text in texts.values()), key
        holes = [set(re.findall(r"(?<!\{)\{(\w+)\}", text)) for text in texts.values()]
        assert holes[0] == holes[1], key
