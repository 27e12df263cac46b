"""Every mistake in the tables is told with its place and its mend; the toy tables are right but for that mistake."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from podfsm.language.check import check_pins, titled
from podfsm.language.load import load
from podfsm.language.source import TablesError

DATA = Path(__file__).parent.parent / "data"
CROSSING = DATA / "crossing" / "crossing.yaml"
MISTAKES: list[dict[str, Any]] = yaml.load((DATA / "mistakes.yaml").read_text(), yaml.BaseLoader)


def problems(directory: Path) -> list[str]:
    with pytest.raises(TablesError) as error:
        load(directory)
    return error.value.messages


def mistaken(directory: Path, *changes: tuple[str, str], extra: str = "") -> str:
    """Write the toy tables with changes; return their text."""
    text = CROSSING.read_text()
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    (directory / "crossing.yaml").write_text(text)
    if extra:
        (directory / "extra.yaml").write_text(extra)
    return text


def place(text: str, mark: str, after: str = "") -> str:
    """`file:line:column` of a mark in the mistaken tables."""
    offset = text.index(mark, text.index(after))
    line = text.count("\n", 0, offset) + 1
    return f"crossing.yaml:{line}:{offset - text.rfind(chr(10), 0, offset)}"


def test_toy_tables_are_right() -> None:
    model = load(CROSSING.parent)
    assert len(list(model.rows())) == 16
    assert model.event("press.push").order == "one"
    assert model.korean("sound.busy") == ""
    assert [d.id for d in model.domains.values()] == ["colour", "side", "mood", "waits"]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m["what"])
def test_mistake(mistake: dict[str, str], tmp_path: Path) -> None:
    text = mistaken(tmp_path, (mistake["old"], mistake["new"]))
    found = problems(tmp_path)
    assert f"{place(text, mistake['at'], mistake.get('after', ''))}: {mistake['says']}" in found
    assert len(found) == 1 + int(mistake.get("more", "0"))


def test_all_problems_are_told_together(tmp_path: Path) -> None:
    text = mistaken(
        tmp_path,
        ("first-broken exists", "broken exists"),
        ("why: it burns out", "why: ''"),
        ("machines: [press]", "machines: [presss]"),
        ("{counter: 3,", "{counter: many,"),
    )
    assert [message.split(": ")[0] for message in problems(tmp_path)] == [
        place(text, "many"),
        place(text, "broken exists"),
        place(text, "{actor: walker, arguments: {how"),
        place(text, "button:\n"),
    ]


def test_duplicate_key(tmp_path: Path) -> None:
    mistaken(tmp_path, ("    title: the works\n", "    title: the works\n    title: again\n"))
    assert problems(tmp_path) == [
        "crossing.yaml:127:5: duplicate key 'title'; it is first given at crossing.yaml:126:5; keep one"
    ]


def test_duplicate_over_two_files(tmp_path: Path) -> None:
    mistaken(tmp_path, extra="domains:\n  mood: {values: [calm]}\n")
    assert problems(tmp_path) == ["extra.yaml:2:3: duplicate domain 'mood'; first at crossing.yaml:5:3"]


def test_citation_may_stand_on_the_table_only(tmp_path: Path) -> None:
    text = mistaken(tmp_path, ("    cite: the manual, page 1\n", ""))
    rows = ("sound.broken", "sound.busy", "sound.quiet")
    assert problems(tmp_path) == [
        f"{place(text, f'{{id: {row}')}: row {row} has no citation; cite the Kubernetes source file and function"
        for row in rows
    ]


def test_level_of_two_rows_may_differ(tmp_path: Path) -> None:
    both = ('when: "pressed and waiting < 3", then', 'when: "waiting < 3", gate: Radar, then')
    mistaken(tmp_path, both, ('{pressed: true, waiting: "1"},', "{pressed: true}, gate: not Radar,"))
    load(tmp_path)


def test_too_many_cases(tmp_path: Path) -> None:
    # A pigeonhole needs more cases than anyone would look at.
    holes, birds = range(6), range(7)
    names = [f"p{bird}{hole}" for bird in birds for hole in holes]
    lets = "".join(f"    {name}: {{present: {name}}}\n" for name in names)
    somewhere = [" or ".join(f"p{bird}{hole}" for hole in holes) for bird in birds]
    alone = [f"not (p{a}{hole} and p{b}{hole})" for hole in holes for a in birds for b in range(a)]
    when = " and ".join(f"({part})" for part in somewhere + alone)
    extra = (
        f"observe:\n  crossing:\n{lets}tables:\n"
        f"  full: {{per: crossing, result: bool, cite: x, rows: [{{id: full.a, when: '{when}', then: true, why: x}}, "
        "{id: full.b, then: true, why: x}]}\n"
    )
    mistaken(tmp_path, extra=extra)
    assert problems(tmp_path) == ["extra.yaml:46:3: table full has more than 5000 cases; split it into smaller tables"]

    assert problems(tmp_path) == ["extra.yaml:46:3: table full has more than 5000 cases; split it into smaller tables"]


KOREAN = "settings: {languages: [en, ko]}\ntexts:\n  ko:\n"


def test_korean_text_is_missing(tmp_path: Path) -> None:
    text = mistaken(tmp_path, extra=KOREAN + "    sound: 소리\n    sound.busy: ' '\n")
    found = problems(tmp_path)
    assert f"{place(text, '{id: sound.busy')}: sound.busy has no text in ko; add `sound.busy:` to `texts: ko:`" in found
    names = {message.split(": ")[1].partition(" has no text")[0] for message in found}
    keys = {"press", "event press.push", "button", "button.down", "silence", "defect D1", "actor walker"}
    assert sorted(keys - names) == []
    assert sorted({"press.push", "D1", "walker"} & names) == [], "the kind belongs to the key"
    assert "sound" not in names


def test_korean_texts_are_complete(tmp_path: Path) -> None:
    names = titled(load(CROSSING.parent))
    mistaken(tmp_path, extra=KOREAN + "".join(f"    {name}: 글\n" for name in names))
    assert load(tmp_path).korean("sound.busy") == "글"


def test_unused_declarations_may_be_refused(tmp_path: Path) -> None:
    text = mistaken(tmp_path, extra="settings: {unused: refused}\n")
    unused = {
        "note: {at": "field 'crossing.note'",
        "load: {at": "field 'light.load'",
        "tags: {at": "field 'light.tags'",
        "state: {which": "field 'light.state'",
        "before-me: ": "let 'light.before-me'",
        "power: ": "let 'light.power'",
        "count-down:\n": "table 'count-down'",
    }
    assert problems(tmp_path) == [
        f"{place(text, mark)}: {what} is never used; use it or remove it" for mark, what in unused.items()
    ]


def test_everything_that_can_be_unused(tmp_path: Path) -> None:
    extra = (
        "settings: {unused: refused}\ndomains: {idle: {values: [a]}}\n"
        "gates: {Idle: {defaults: {'1.1': on}, why: x}, Far: {defaults: {'1.1': on}, why: x, unread: 'true'}}\n"
        "features: {idle: {title: x}}\n"
        "assumptions: {lazy: {title: x}}\nactors: {nobody: {title: x}}\nprocedures: {rest: {why: x, stages: []}}\n"
    )
    mistaken(tmp_path, extra=extra)
    found = [message.partition(": ")[2] for message in problems(tmp_path) if message.startswith("extra")]
    kinds = (
        "domain 'idle'",
        "gate 'Idle'",
        "feature 'idle'",
        "assumption 'lazy'",
        "actor 'nobody'",
        "procedure 'rest'",
    )
    assert found == [f"{kind} is never used; use it or remove it" for kind in kinds]


# ---------------------------------------------------------------------------------------------------------------- pins


def test_pinned_rows_that_are_gone() -> None:
    model = load(CROSSING.parent)
    gone = "is pinned and the tables no longer have it"
    mend = "give the row its id back, or delete the id from generated/manifest.json"
    assert [str(p) for p in check_pins(model, {"rows": ["sound.busy", "sound.brokn", "press.old", "moon.landed"]})] == [
        f"crossing.yaml:51:3: row 'sound.brokn' {gone}; was it renamed to 'sound.broken'? {mend}",
        f"crossing.yaml:108:11: row 'press.old' {gone}; was it renamed to 'press.tidy'? {mend}",
        f"generated/manifest.json:1:1: row 'moon.landed' {gone}; {mend}",
    ]
    assert check_pins(model, {}) == []
