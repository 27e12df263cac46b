import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TypeAlias

import pytest

from podfsm.cli import main
from podfsm.requests import Request


@dataclass(frozen=True)
class Result:
    status: int
    out: str
    err: str


Podfsm: TypeAlias = Callable[..., Result]


@pytest.fixture
def podfsm(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Podfsm:
    """Run the command line in this process: ``podfsm("verify", "-f", "-", stdin=b"…")``."""

    def run(*arguments: str, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        status = main(arguments)
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    return run


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[Request], int]], None]:
    """Put a function in place of what a command calls: ``fake("podfsm.build", run)``."""

    def install(name: str, run: Callable[[Request], int]) -> None:
        module = ModuleType(name)
        module.run = run  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, name, module)

    return install
