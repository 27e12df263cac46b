"""How commands speak to people: lines on standard output, errors on standard error, progress on a terminal."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

PROGRESS_DELAY: Final = 1.0
"""Seconds of work before progress is shown; shorter work shows none."""

Style = Literal["bold", "dim", "red", "green", "yellow", "cyan"]

_SGR: Final[dict[Style, int]] = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "cyan": 36}


class Progress:
    """The state of one long piece of work, shown once it has taken longer than `PROGRESS_DELAY`.

    Work reports through `advance` and `describe` whether or not anything is shown. The display starts from a timer
    thread, so that a single long call without reports is seen as well.
    """

    def __init__(self, description: str, total: int | None, terminal: IO[str] | None) -> None:
        self._terminal = terminal
        self._description = description
        self._total = total
        self._done = 0
        self._lock = threading.RLock()
        self._closed = False
        self._display: tuple[RichProgress, TaskID] | None = None
        self._timer = threading.Timer(PROGRESS_DELAY, self._show)
        self._timer.daemon = True
        if terminal is not None:
            self._timer.start()

    def advance(self, steps: int = 1) -> None:
        """Report that `steps` more units, out of the total, are done."""
        with self._lock:
            self._done += steps
            self._update()

    def describe(self, description: str) -> None:
        """Replace the sentence that says what is being done."""
        with self._lock:
            self._description = description
            self._update()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Take the display off the terminal while something else writes there."""
        with self._lock:
            if self._display is not None:
                self._display[0].stop()
            yield
            if self._display is not None:
                self._display[0].start()

    def close(self) -> None:
        """Take the display away for good."""
        self._timer.cancel()
        with self._lock:
            self._closed = True
            if self._display is not None:
                self._display[0].stop()
                self._display = None

    def _update(self) -> None:
        if self._display is not None:
            display, task = self._display
            display.update(task, completed=self._done, description=self._description)

    def _show(self) -> None:
        # rich is imported here, not above: it costs more than a short command takes in all.
        from rich.console import Console as RichConsole
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        with self._lock:
            if self._closed:
                return
            columns = [SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()]
            if self._total is not None:
                columns.insert(2, BarColumn())
            # Redirection would send results to where the display is.
            display = RichProgress(
                *columns,
                console=RichConsole(file=self._terminal),
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._display = display, display.add_task(self._description, total=self._total, completed=self._done)
            display.start()


class Console:
    """Where a command prints.

    Parameters
    ----------
    out, err
        Text streams; without them, `sys.stdout` and `sys.stderr` at the time of writing.
    """

    def __init__(self, out: IO[str] | None = None, err: IO[str] | None = None) -> None:
        self._out = out
        self._err = err
        self._progress: Progress | None = None

    @property
    def out(self) -> IO[str]:
        """The stream of results."""
        return self._out if self._out is not None else sys.stdout

    @property
    def err(self) -> IO[str]:
        """The stream of errors and progress."""
        return self._err if self._err is not None else sys.stderr

    def print(self, text: str = "") -> None:
        """Write `text` and a line end to the results."""
        self._write(self.out, f"{text}\n")

    def error(self, text: str) -> None:
        """Write `text` and a line end to the errors."""
        self._write(self.err, f"{text}\n")

    def write(self, data: str | bytes) -> None:
        """Write `data` to the results as it is; bytes (an image, say) go to the stream below the text."""
        if isinstance(data, str):
            self._write(self.out, data)
            return
        self.out.flush()
        self.out.buffer.write(data)  # type: ignore[attr-defined]  # every text stream over bytes has it
        self.out.buffer.flush()  # type: ignore[attr-defined]

    def paint(self, text: str, *styles: Style) -> str:
        """Return `text` in `styles` where the results go to a terminal that wants colour, else as it is."""
        if not styles or not self.colour:
            return text
        return f"\x1b[{';'.join(str(_SGR[style]) for style in styles)}m{text}\x1b[0m"

    @property
    def colour(self) -> bool:
        """Whether results may be coloured: a terminal, and NO_COLOR is unset or empty (https://no-color.org)."""
        return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and self.out.isatty()

    @contextmanager
    def progress(self, description: str, total: int | None = None) -> Iterator[Progress]:
        """Show on a terminal, from the second second on, what is being done and how far it is.

        Parameters
        ----------
        description
            What is being done, for people.
        total
            The number of units of work, if known; `Progress.advance` counts towards it.

        Inside another `progress` the outer display stays, and takes over the inner description.
        """
        if self._progress is not None:
            self._progress.describe(description)
            yield Progress(description, total, terminal=None)
            return
        self._progress = Progress(description, total, terminal=self.err if self.err.isatty() else None)
        try:
            yield self._progress
        finally:
            self._progress.close()
            self._progress = None

    def _write(self, stream: IO[str], text: str) -> None:
        if self._progress is None:
            stream.write(text)
            return
        with self._progress.hidden():
            stream.write(text)
            stream.flush()
