"""The shipped tables: where they are, loading them once."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from podfsm import collector

if TYPE_CHECKING:
    from podfsm.language.model import Model

DIRECTORY = Path(__file__).resolve().parent.parent / "tables"


@lru_cache(maxsize=4)
def loaded(directory: str) -> Model:
    """Load the tables of a directory once per process."""
    with collector.seldom():
        from podfsm.language.load import load

        return load(Path(directory))


def shipped() -> Model:
    """Load the tables that came with the package, once per process."""
    return loaded(str(DIRECTORY))
