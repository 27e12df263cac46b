"""Cases per second that `podfsm derive` answers: reading, decoding, checking, deciding and writing.

    python bench/derive.py [--cases 50000] [--rounds 5] [TABLE ...]

The cases are those of the recorded vectors in a mixed order, each with a name of its own and restart counts drawn from
0 to 9, so that no line comes twice; with ``--restarts 1000000`` hardly any status does. The last columns count the
lines that differ, and the documents that differ when names are left out. Every round starts with nothing remembered;
loading and compiling the tables is not measured, and garbage is collected as seldom as in the command. Printed is the
median of the rounds, in CPU seconds of one core; the targets are 50,000 cases a second for `phase` and 20,000 for
`status-column`.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from podfsm import collector
from podfsm.language import tables
from podfsm.observe.command import answer_lines
from podfsm.observe.derive import Answers

#: Stands for the name of a pod.
NAME = "the-name-of-the-pod"

VECTORS = Path(__file__).resolve().parent.parent / "tests" / "data" / "vectors"


def main() -> None:
    """Measure and print one line per table."""
    parser = argparse.ArgumentParser(description="Measure how many cases a second podfsm derive answers.")
    parser.add_argument("--cases", type=int, default=50_000, help="cases of each table")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("tables", nargs="*", default=["phase", "status-column"], metavar="TABLE")
    parser.add_argument("--restarts", type=int, default=10, help="how many restart counts there are")
    arguments = parser.parse_args()
    print(f"{'table':28}{'cases/s':>12}{'slowest':>12}{'fastest':>12}{'lines':>12}{'documents':>12}")
    for table in arguments.tables:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "cases.jsonl"
            lines, documents = written(path, table, arguments.cases, arguments.restarts)
            rates = [arguments.cases / seconds(table, path) for _ in range(arguments.rounds)]
        median = statistics.median(rates)
        print(f"{table:28}{median:>12,.0f}{min(rates):>12,.0f}{max(rates):>12,.0f}{lines:>12,}{documents:>12,}")


def seconds(table: str, path: Path) -> float:
    """Return the CPU seconds that answering a file takes."""
    answers = Answers(tables.shipped(), table)
    size = 0

    def write(data: bytes) -> None:
        nonlocal size
        size += len(data)

    with path.open("rb") as stream, collector.seldom():
        started = time.process_time()
        answer_lines(stream, answers, write, limit=2**26)
        return time.process_time() - started


def written(path: Path, table: str, count: int, restarts: int) -> tuple[int, int]:
    """Write so many cases; how many different lines, and different documents without names, there are."""
    documents = list(itertools.islice(varied(table, restarts), count))
    different = len(set(documents))
    lines = [document.replace(NAME, f"pod-{at}") for at, document in enumerate(documents)]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(set(lines)), different


def varied(table: str, restarts: int) -> Iterator[str]:
    """Repeat the cases of a table for ever, with other restart counts; all have the name of the pod in one place."""
    draw = random.Random(1)
    known = [case["in"] for case in cases(table)]
    while True:
        # Neighbours of the recorded order are alike.
        draw.shuffle(known)
        for document in known:
            status = document.get("status") or {}
            for key in ("containerStatuses", "initContainerStatuses"):
                for slot in status.get(key) or ():
                    slot["restartCount"] = draw.randrange(restarts)
            document.setdefault("metadata", {})["name"] = NAME
            yield json.dumps({"in": document}, separators=(",", ":"))


def cases(table: str) -> Iterator[Any]:
    """Read the recorded cases of a table."""
    for path in sorted((VECTORS / table).glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


if __name__ == "__main__":
    main()
