"""One teller for all tests, so that like pods are explored once."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from podfsm.explain.outlook import Explorer
from podfsm.explain.reading import pods_of
from podfsm.explain.telling import Teller, Told
from podfsm.language import kubernetes, tables
from podfsm.language.evaluate import Program

Object = dict[str, Any]


@dataclass
class Guide:
    """Tells of Pod objects, in both languages."""

    program: Program
    explorer: Explorer
    tellers: dict[str, Teller] = field(default_factory=dict)

    def tell(self, pod: Object, lang: str = "en") -> Told:
        """Tell of one object."""
        if lang not in self.tellers:
            self.tellers[lang] = Teller(self.explorer, self.program, lang)
        [seen], _ = pods_of(json.dumps(pod).encode(), "pod.json", self.program)
        return self.tellers[lang].tell(seen)


@pytest.fixture(scope="session")
def guide() -> Guide:
    model = tables.shipped()
    return Guide(Program(model, kubernetes.gates(model)), Explorer(model))


@dataclass(frozen=True)
class Traces:
    """The recordings."""

    directory: Path

    def events(self, name: str) -> Iterator[tuple[str, Object]]:
        """Yield type and object of each event of a recording."""
        with gzip.open(self.directory / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                event = json.loads(line)
                yield event["type"], event["object"]

    def object(self, name: str, number: int) -> Object:
        """Return the object of one event."""
        return list(self.events(name))[number][1]


@pytest.fixture(scope="session")
def traces(repository: Path) -> Traces:
    return Traces(repository / "tests" / "data" / "traces")
