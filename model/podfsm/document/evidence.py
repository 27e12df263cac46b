"""How far the tables agree with Kubernetes: numbers that `tests/evidence.py` computes and writes to `evidence.json`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was compared.

    Attributes
    ----------
    vectors
        By folder, ``cases`` and how many of them are ``agreed``.
    streams, foreign
        By recorded stream, ``events``, ``pods``, ``violations`` and ``defects``; `foreign` are those into which a user
        writes status by hand.
    corruptions
        By kind, how often it was ``tried`` and ``caught``, and why it ``survives``, by language.
    """

    vectors: Mapping[str, Mapping[str, int]]
    streams: Mapping[str, Mapping[str, Any]]
    foreign: Mapping[str, Mapping[str, Any]]
    corruptions: Mapping[str, Mapping[str, Any]]

    @property
    def defects(self) -> dict[str, dict[str, int]]:
        """By defect, how many versions show it in which stream."""
        found: dict[str, dict[str, int]] = {}
        for name, stream in self.streams.items():
            for defect, count in stream.get("defects", {}).items():
                found.setdefault(defect, {})[name] = count
        return dict(sorted(found.items()))

    def total(self, part: str) -> Counter[str]:
        """Add up the numbers of a part."""
        total: Counter[str] = Counter()
        for one in getattr(self, part).values():
            total.update({key: value for key, value in one.items() if isinstance(value, int)})
        return total


@cache
def evidence() -> Evidence:
    """Read the numbers that are shipped."""
    return Evidence(**json.loads(files(__package__).joinpath("evidence.json").read_text("utf-8")))
