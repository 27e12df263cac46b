"""What all tests share: the checkout, and tools that may be missing."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

pytest_plugins = ["pytester"]

REQUIRE_TOOLS = "PODFSM_REQUIRE_TOOLS"


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout that the tests are in."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def missing() -> Callable[[str], NoReturn]:
    """Skip the test for want of something outside Python: ``missing("TLC: no tla2tools.jar in TLA_HOME")``.

    Where PODFSM_REQUIRE_TOOLS is set to anything but 0, the test fails instead: nothing may be skipped silently there.
    """

    def skip_or_fail(what: str) -> NoReturn:
        if os.environ.get(REQUIRE_TOOLS, "0") not in ("", "0"):
            pytest.fail(f"missing, and {REQUIRE_TOOLS} is set: {what}", pytrace=False)
        pytest.skip(f"missing: {what}")

    return skip_or_fail


@pytest.fixture(scope="session")
def tool(missing: Callable[[str], NoReturn]) -> Callable[[str], str]:
    """Return the path of a program: ``tool("spin")``; without it the test is skipped or fails, as `missing` says."""

    def find(name: str) -> str:
        return shutil.which(name) or missing(f"the program {name!r} is not on PATH")

    return find
