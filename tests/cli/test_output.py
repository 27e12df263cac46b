import io
import time
from typing import Any

import pytest

from podfsm.cli import output
from podfsm.cli.output import Console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_results_and_errors_go_their_own_ways(capfd: pytest.CaptureFixture[str]) -> None:
    console = Console()
    console.print("result")
    console.print()
    console.error("complaint")
    console.write("raw ")
    console.write(b"bytes")
    captured = capfd.readouterr()
    assert captured.out == "result\n\nraw bytes"
    assert captured.err == "complaint\n"


def test_colour_is_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert Console(out=Terminal()).paint("x", "bold", "red") == "\x1b[1;31mx\x1b[0m"
    assert Console(out=Terminal()).paint("x") == "x"
    assert Console(out=io.StringIO()).paint("x", "red") == "x"


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colour_can_be_declined(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(variable, value)
    assert Console(out=Terminal()).paint("x", "red") == "x"


def wait_until_shown(progress: Any) -> None:
    deadline = time.monotonic() + 10
    while progress._display is None and time.monotonic() < deadline:
        time.sleep(0.01)


def test_long_work_is_shown_and_does_not_mix_with_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(output, "PROGRESS_DELAY", 0.01)
    results, terminal = io.StringIO(), Terminal()
    console = Console(out=results, err=terminal)
    with console.progress("exploring", total=2) as progress:
        wait_until_shown(progress)
        progress.advance()
        progress.describe("proving [1/2]")
        console.print("result")
        with console.progress("an inner part") as inner:
            inner.advance()
    assert "exploring" in terminal.getvalue()
    assert "proving [1/2]" in terminal.getvalue()
    assert results.getvalue() == "result\n"


@pytest.mark.parametrize(("delay", "err"), [(60, Terminal()), (0, io.StringIO())])
def test_short_work_shows_nothing_and_a_file_gets_nothing(
    monkeypatch: pytest.MonkeyPatch, delay: float, err: io.StringIO
) -> None:
    monkeypatch.setattr(output, "PROGRESS_DELAY", delay)
    with Console(err=err).progress("exploring") as progress:
        time.sleep(0.05)
        progress.advance()
    assert err.getvalue() == ""
