"""A mode that is explored beside another one, in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Thread
from typing import Final

from podfsm import collector
from podfsm.errors import PodfsmError
from podfsm.explore.configuration import Configuration
from podfsm.explore.prove import Exploration, Verdict, explore_configuration
from podfsm.explore.system import LimitError
from podfsm.language.model import Model, Property

MAX_BYTES: Final = 1 << 30
"""Memory for states, parents and the visited set: only pods of a comfortable size are explored beside."""

_Task = tuple[Model, Configuration, str, tuple[str, ...], int]
"""Tables, pod, mode, names of properties, and the number of states after which to stop."""


@dataclass(frozen=True)
class Size:
    """How much an exploration found."""

    states: int
    transitions: int
    depth: int


@dataclass(frozen=True)
class Explored:
    """What remains of an exploration: small, and fit to go from one process to another."""

    mode: str
    size: Size
    verdicts: Sequence[Verdict]
    not_applicable: Sequence[tuple[str, str]]

    @classmethod
    def of(cls, exploration: Exploration) -> Explored:
        """Take what remains of an exploration."""
        result = exploration.result
        size = Size(len(result), result.n_transitions, result.depth)
        return cls(exploration.mode, size, exploration.verdicts, exploration.not_applicable)

    def also(self, mode: str) -> Explored:
        """Say the same of another mode, in which the pod is the same."""
        return replace(self, mode=mode, verdicts=[replace(verdict, mode=mode) for verdict in self.verdicts])


class Beside:
    """An exploration in a process of its own, which begins at once."""

    def __init__(
        self, model: Model, configuration: Configuration, mode: str, properties: Sequence[Property], limit: int
    ) -> None:
        # Spawned: a fork would copy the threads of the progress display in an unknown state.
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        # As an argument, what is large could fill a pipe that nobody reads any more: see _work.
        self._process = context.Process(target=_work, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        task = (model, configuration, mode, tuple(one.id for one in properties), limit)
        self._sending = Thread(target=self._send, args=(task,), daemon=True)
        self._sending.start()

    def _send(self, task: _Task) -> None:
        # Who waits for the answer of a process that has died is told so.
        with suppress(ConnectionError):
            self._pipe.send(task)

    def wait(self) -> Explored:
        """Return what was found.

        Raises
        ------
        LimitError
            If the pod turned out too large to be encoded.
        PodfsmError
            If the process ended without an answer.
        """
        try:
            found: Explored | LimitError = self._pipe.recv()
        except (EOFError, ConnectionError):
            raise PodfsmError("a worker process ended; is there enough memory (4 GiB)?") from None
        if isinstance(found, LimitError):
            raise found
        return found

    def end(self) -> None:
        """End the process, whether or not it is done."""
        self._process.terminate()
        self._process.join()
        self._sending.join()
        self._pipe.close()


def _work(pipe: Connection) -> None:
    """Explore what comes through a pipe, which breaks when this process dies, and answer."""
    model, configuration, mode, names, limit = pipe.recv()
    properties = [one for one in model.properties.values() if one.id in names]
    try:
        with collector.seldom():
            exploration = explore_configuration(
                model, configuration, mode, properties, max_states=limit, max_bytes=MAX_BYTES
            )
        pipe.send(Explored.of(exploration))
    except LimitError as error:
        pipe.send(error)
