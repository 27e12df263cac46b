"""The shipped tables: where they are, loading them once."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from podfsm.language.model import Model

DIRECTORY = Path(__file__).resolve().parent.parent / "tables"


@lru_cache(maxsize=4)
def loaded(directory: str) -> Model:
    """Load the tables of a directory once per process."""
    with _without_collection():
        from podfsm.language.load import load

        return load(Path(directory))


def shipped() -> Model:
    """Load the tables that came with the package, once per process."""
    return loaded(str(DIRECTORY))


@contextmanager
def _without_collection() -> Iterator[None]:
    """Hold the garbage collector back: nearly all that loading makes stays, and looking through it again takes long."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def _without_collection() -> Iterator[None]:
    """Hold the garbage collector back: nearly all that loading makes stays, and looking through it again takes long."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
