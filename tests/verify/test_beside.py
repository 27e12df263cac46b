"""A second mode in a process of its own."""

from collections.abc import Iterator
from multiprocessing import spawn
from pathlib import Path
from threading import Thread

import pytest

from podfsm.errors import PodfsmError
from podfsm.explore.configuration import Configuration
from podfsm.explore.prove import PROVED
from podfsm.language import tables
from podfsm.verify.beside import Beside

HOUSE = Configuration("house", {"spec": {"lamps": [{"name": "a"}, {"name": "b"}]}})


@pytest.fixture
def dying() -> Iterator[None]:
    """Let every new process die before it reads anything."""
    known = spawn.get_executable()
    spawn.set_executable("/bin/false")
    yield
    spawn.set_executable(known)


def test_the_other_process_answers() -> None:
    model = tables.loaded(str(Path(__file__).parent / "tables"))
    beside = Beside(model, HOUSE, "intended", [model.properties["fine"]], 1_000_000)
    try:
        found = beside.wait()
    finally:
        beside.end()
    assert [(one.property, one.verdict) for one in found.verdicts] == [("fine", PROVED)]
    assert found.size.states > 1


@pytest.mark.usefixtures("dying")
def test_a_process_that_dies_at_its_start_is_told_and_not_waited_for() -> None:
    told: list[str] = []

    def ask() -> None:
        model = tables.shipped()
        beside = Beside(model, HOUSE, "intended", list(model.properties.values()), 1_000_000)
        try:
            beside.wait()
        except PodfsmError as error:
            told.extend(error.messages)
        finally:
            beside.end()

    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(60)
    assert told == ["a worker process ended; is there enough memory (4 GiB)?"]
