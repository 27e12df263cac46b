"""One teller for all tests, so that like pods are explored once."""

import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from podfsm.cli.output import Console
from podfsm.explain.outlook import Explorer, Outlook
from podfsm.explain.reading import SeenPod, pods_of
from podfsm.explain.report import Printer
from podfsm.explain.telling import Teller, Told
from podfsm.language import kubernetes, tables
from podfsm.language.evaluate import Program
from podfsm.requests import Lang

Object = dict[str, Any]


@dataclass
class Guide:
    """Tells of Pod objects, in both languages."""

    program: Program
    explorer: Explorer
    tellers: dict[str, Teller] = field(default_factory=dict)

    def tell(self, pod: Object, lang: str = "en") -> Told:
        """Tell of one object."""
        return self.teller(lang).tell(self.read(pod))

    def lines(self, pod: Object, lang: Lang = "en") -> list[str]:
        """Write what is told of one object for people."""
        printer = Printer(self.program.model, Console(io.StringIO(), io.StringIO()), lang)
        return list(printer.lines(self.tell(pod, lang)))

    def outlook(self, pod: Object) -> Outlook:
        """Find what is known of one object."""
        return self.teller("en").outlook(self.read(pod))

    def teller(self, lang: str) -> Teller:
        """Return the teller of a language."""
        if lang not in self.tellers:
            self.tellers[lang] = Teller(self.explorer, self.program, lang)
        return self.tellers[lang]

    def read(self, pod: Object) -> SeenPod:
        """Read one object."""
        [seen], _ = pods_of(json.dumps(pod).encode(), "pod.json", self.program)
        return seen


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
