"""Choose the sample of vectors that the package ships: ``python tests/vectors/sample.py [FOLDER ...]``.

A case is taken as long as some row has been seen true (or false) in fewer than `ENOUGH` cases of its folder, or its
combination of rows has not been seen; and every so many, whatever it shows. Run it again when rows are added:
`podfsm build` says when the sample misses one.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from agreement import PRESENCE
from podfsm.files import write_atomically
from podfsm.language import kubernetes, tables
from podfsm.language.evaluate import CompiledRow, Program
from podfsm.observe import sample
from podfsm.observe.derive import Deriver

DATA = Path(__file__).resolve().parent.parent / "data" / "vectors"

#: Cases per folder, row and truth value of its condition.
ENOUGH = 12

#: Cases per folder and combination of rows that fired.
COMBINATION = 1

#: Of each folder, at most so many cases are taken for a new combination alone.
COMBINATIONS = 250

#: Of so many cases one is taken in any case: not everything that decides is a row.
STRIDE = 50

ANYTHING = object()


def normalised(wanted: Any) -> Any:
    """Drop what says nothing, and say null where the absence of a key is the fact; ANYTHING if no fact is left."""
    if isinstance(wanted, list):
        return [{} if item is ANYTHING else item for item in map(normalised, wanted)] or None
    if not isinstance(wanted, dict):
        return None if wanted in (None, "") else wanted
    facts: dict[str, Any] = {}
    for key, value in wanted.items():
        found = {} if value == {} and key in PRESENCE else normalised(value)
        if found is not ANYTHING and not key.endswith("Nil"):
            facts[key] = found
    if any(key in PRESENCE for key in wanted):
        facts |= {key: None for key in PRESENCE if key not in wanted}
    return facts or ANYTHING


def choose(folder: str) -> Iterator[dict[str, Any]]:
    """Take the cases of a folder that show something new."""
    deriver = Deriver(tables.shipped(), folder)
    counts: Counter[tuple[str, bool]] = Counter()
    combinations: Counter[frozenset[str]] = Counter()
    compiled: dict[int, list[CompiledRow]] = {}
    for path in sorted((DATA / folder).glob("*.jsonl.gz")):
        for number, line in enumerate(gzip.decompress(path.read_bytes()).splitlines()):
            case = json.loads(line)
            deriver.derive(case["in"])
            seen: set[tuple[str, bool]] = set()
            for program in deriver.programs.values():
                for row in compiled.setdefault(id(program), program.compiled_rows()):
                    if row.seen != [0, 0]:
                        seen |= {(row.row.id, truth) for truth, n in zip((True, False), row.seen, strict=True) if n}
                        row.seen[:] = 0, 0
            fired = frozenset(name for name, truth in seen if truth)
            rare = any(counts[one] < ENOUGH for one in seen)
            new = combinations[fired] < COMBINATION and len(combinations) < COMBINATIONS
            if rare or new or number % STRIDE == 0:
                counts.update(seen)
                combinations[fired] += 1
                wanted = normalised(case["out"])
                yield {"in": case["in"], "out": {} if wanted is ANYTHING else wanted}


def manifests() -> Iterator[dict[str, Any]]:
    """Take all manifests of the tests that are texts of a common size."""
    program = Program(tables.shipped(), kubernetes.gates(tables.shipped()))
    for path in sorted(path for path in (DATA.parent / "manifests").rglob("*") if path.is_file()):
        data = path.read_bytes()
        if path.suffix != ".err" and len(data) < 16384:
            text = data.decode("utf-8", "replace")
            yield {"in": text, "out": sample.manifest_answer(text, program)}


def main(wanted: Sequence[str]) -> None:
    folders = sorted(path.name for path in DATA.iterdir() if path.is_dir())
    for folder in wanted or [*folders, sample.MANIFESTS]:
        chosen = list(manifests() if folder == sample.MANIFESTS else choose(folder))
        lines = "".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) + "\n" for case in chosen)
        data = gzip.compress(lines.encode(), 9, mtime=0)
        write_atomically(sample.DIRECTORY / f"{folder}{sample.SUFFIX}", data)
        sys.stdout.write(f"{folder}: {len(chosen)} cases, {len(data)} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
