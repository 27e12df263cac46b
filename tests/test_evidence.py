"""The numbers of the evidence page are those that can be computed, and each known difference is to be seen.

Other tests compare the numbers that take long with what they find: those of streams and of corruptions.
"""

import gzip

import pytest

import evidence
from observe.corrupting import FOREIGN, Corrupter, names, recorded
from observe.judging import judge, whole
from observe.shown import Shown
from podfsm.document.evidence import evidence as shipped_evidence
from podfsm.language import tables
from podfsm.observe.watch import Watch


def test_vectors_are_counted() -> None:
    """That the tables agree with every case is what tests/vectors finds."""
    counted = {}
    for folder in sorted(path for path in evidence.VECTORS.iterdir() if path.is_dir()):
        cases = sum(gzip.decompress(path.read_bytes()).count(b"\n") for path in folder.glob("*.jsonl.gz"))
        counted[folder.name] = {"cases": cases, "agreed": cases}
    assert counted == evidence.committed()["vectors"], evidence.MEND


def test_an_answer_that_differs_is_not_counted_as_agreed(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = evidence.VECTORS / "can-be-deleted"
    right = evidence.of_vectors(folder)
    assert right["agreed"] == right["cases"] > 0
    monkeypatch.setattr(evidence, "differences", lambda *_: ["another"])
    assert evidence.of_vectors(folder) == {"cases": right["cases"], "agreed": 0}


def test_streams_and_corruptions_are_all_there() -> None:
    found = evidence.committed()
    assert list(found["streams"]) == names()
    assert list(found["foreign"]) == names(foreign=True)
    assert all(name.startswith(FOREIGN) for name in found["foreign"])
    assert list(found["corruptions"]) == [one.id for one in Corrupter().all]
    survived = {name for name, one in found["corruptions"].items() if one["caught"] < one["tried"]}
    assert survived == {
        name for name, one in found["corruptions"].items() if all(one.get("survives", {"": ""}).values())
    }


@pytest.mark.parametrize("name", names(foreign=True))
def test_foreign_writes_are_counted(name: str) -> None:
    records = judge(Watch(tables.shipped()), whole(name))
    assert evidence.of_stream(records) == evidence.committed()["foreign"][name], evidence.MEND


def test_totals() -> None:
    found = shipped_evidence()
    assert found.total("streams")["events"] == sum(len(recorded(name)) for name in names())
    assert found.total("streams")["violations"] == 0
    assert sum(found.defects["K01"].values()) == sum(s.get("defects", {}).get("K01", 0) for s in found.streams.values())


# --------------------------------------------------------------------------------------------------------- differences


@pytest.fixture(scope="module")
def shown() -> Shown:
    return Shown({name: one.text("shows") for name, one in tables.shipped().named["differences"].items()})


@pytest.mark.parametrize("name", tables.shipped().named["differences"])
def test_the_event_shows_the_difference(shown: Shown, name: str) -> None:
    one = tables.shipped().named["differences"][name]
    stream, number = one.text("stream"), int(one.text("event"))
    assert shown.at(name, recorded(stream)[number])
    assert not all(shown.at(name, event) for event in recorded(stream) if event.before is not None)


def test_there_are_differences_enough() -> None:
    assert len(tables.shipped().named["differences"]) >= 8
