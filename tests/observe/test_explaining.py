"""Every row of the rules on a watch stream explains something that was recorded, or says why nothing does."""

import pytest

from observe.corrupting import names, recorded
from observe.explaining import Explained
from podfsm.language.tables import shipped

MOST_UNREACHED = 0.2
"""Share of rows that may be listed as unreached."""


@pytest.fixture(scope="module")
def explained() -> Explained:
    found = Explained(shipped())
    found.read(names())
    return found


def test_every_row_explains_something_or_says_why_not(explained: Explained) -> None:
    rows = list(explained.model.watch_rows())
    assert [row.id for row in rows if row.id not in explained.rows and not row.unreached] == []
    assert [(row.id, explained.rows[row.id]) for row in rows if row.id in explained.rows and row.unreached] == []
    assert sum(bool(row.unreached) for row in rows) <= MOST_UNREACHED * len(rows)


def test_what_explains_a_row_is_an_event(explained: Explained) -> None:
    assert explained.rows
    assert all(number < len(recorded(name)) for name, number in explained.rows.values())


def test_a_row_that_nothing_shows_is_not_explained() -> None:
    found = Explained(shipped())
    found.read(["a03-force-delete"])
    assert "seen.node-kept" in found.rows
    assert "seen-deadline.passed" not in found.rows
