"""Cases per second that `podfsm derive` answers: reading, decoding, checking, deciding and writing.

    python bench/derive.py [--cases 50000] [--rounds 5] [TABLE ...]

The cases are those of the recorded vectors, each made different from all others: the restart counts of its containers
are a number of its own, so that no line and no pod comes twice. Every round starts with nothing remembered; loading and
compiling the tables is not measured. Printed is the median of the rounds, in CPU seconds of one core; the targets are
50,000 cases a second for `phase` and 20,000 for `status-column`.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from podfsm.language import tables
from podfsm.observe.command import answer_lines
from podfsm.observe.derive import Answers

VECTORS = Path(__file__).resolve().parent.parent / "tests" / "data" / "vectors"


def main() -> None:
    """Measure and print one line per table."""
    parser = argparse.ArgumentParser(description="Measure how many cases a second podfsm derive answers.")
    parser.add_argument("--cases", type=int, default=50_000, help="cases of each table")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("tables", nargs="*", default=["phase", "status-column"], metavar="TABLE")
    arguments = parser.parse_args()
    print(f"{'table':28}{'cases/s':>12}{'slowest':>12}{'fastest':>12}   distinct inputs")
    for table in arguments.tables:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "cases.jsonl"
            distinct = written(path, table, arguments.cases)
            rates = [arguments.cases / seconds(table, path) for _ in range(arguments.rounds)]
        median = statistics.median(rates)
        print(f"{table:28}{median:>12,.0f}{min(rates):>12,.0f}{max(rates):>12,.0f}   {distinct:,}")


def seconds(table: str, path: Path) -> float:
    """Return the CPU seconds that answering a file takes."""
    answers = Answers(tables.shipped(), table)
    size = 0

    def write(data: bytes) -> None:
        nonlocal size
        size += len(data)

    with path.open("rb") as stream:
        started = time.process_time()
        answer_lines(stream, answers, write, limit=2**26)
        return time.process_time() - started


def written(path: Path, table: str, count: int) -> int:
    """Write so many cases; the number of different ones."""
    lines = list(itertools.islice(varied(table), count))
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return len(set(lines))


def varied(table: str) -> Iterator[bytes]:
    """Repeat the cases of a table for ever, each with restart counts and a name of its own."""
    known = [case["in"] for case in cases(table)]
    # Neighbours of the recorded order are alike; a stride makes them come apart.
    for number, document in enumerate(itertools.cycle(known[::7] + known[1::7] + known[3::7])):
        status = document.get("status") or {}
        for key in ("containerStatuses", "initContainerStatuses"):
            for slot in status.get(key) or ():
                slot["restartCount"] = number
        document.setdefault("metadata", {})["name"] = f"pod-{number}"
        yield json.dumps({"in": document}, separators=(",", ":")).encode()


def cases(table: str) -> Iterator[Any]:
    """Read the recorded cases of a table."""
    for path in sorted((VECTORS / table).glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


if __name__ == "__main__":
    main()
