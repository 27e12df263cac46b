"""The fixed words of the pages (headings, heads of columns), by language; they stand in `words.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """Return all fixed words: key to language to text."""
    found: dict[str, dict[str, str]] = yaml.safe_load(files(__package__).joinpath("words.yaml").read_text("utf-8"))
    return found


class Words:
    """The fixed words in one language; ``words("key", name=...)`` fills in the holes of a text."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, key: str, **holes: object) -> str:
        """Return a text, with its holes filled in."""
        return words()[key][self.language].format(**holes)
