"""How far the tables agree with Kubernetes, in numbers: the evidence page of the reference shows them.

Run it after a change of the tables, the vectors, the streams or the corruptions; a few minutes::

    python tests/evidence.py

Tests check that the committed numbers are what they find themselves.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))

from agreement import differences
from observe.corrupting import Corrupter, Corruption, names
from observe.judging import judge, survivors, whole
from podfsm.files import write_atomically
from podfsm.language.tables import shipped
from podfsm.observe.derive import Deriver
from podfsm.observe.watch import Watch

FILE = Path(__file__).resolve().parent.parent / "model" / "podfsm" / "document" / "evidence.json"

VECTORS = Path(__file__).resolve().parent / "data" / "vectors"

MEND = f"{FILE.name} is out of date; run python tests/evidence.py"


@cache
def committed() -> Mapping[str, Any]:
    """Read the committed numbers."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def of_vectors(folder: Path) -> dict[str, int]:
    """Count the cases of a folder, and those with which the tables agree."""
    deriver = Deriver(shipped(), folder.name)
    cases = agreed = 0
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                case = json.loads(line)
                cases += 1
                agreed += not differences(deriver.derive(case["in"]), case["out"])
    return {"cases": cases, "agreed": agreed}


def of_stream(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Count what `podfsm conform` says of a stream."""
    *found, summary = records
    defects = Counter(record["defect"] for record in found if record["record"] == "defect")
    counts = {key: summary[key] for key in ("events", "pods", "violations")}
    return {**counts, **({"defects": dict(sorted(defects.items()))} if defects else {})}


def of_corruption(corruption: Corruption, survived: int, tried: int) -> dict[str, Any]:
    """Say how often a corruption was tried and caught, and why it cannot be."""
    reasons = {"en": corruption.survives, "ko": str(corruption.data.get("survives-ko", ""))}
    return {"tried": tried, "caught": tried - survived, **({"survives": reasons} if corruption.survives else {})}


def main() -> None:
    """Compute all numbers anew and write them."""
    watch, corrupter = Watch(shipped()), Corrupter()
    found = {
        "vectors": {path.name: of_vectors(path) for path in sorted(VECTORS.iterdir()) if path.is_dir()},
        "streams": {name: of_stream(judge(watch, whole(name))) for name in names()},
        "foreign": {name: of_stream(judge(watch, whole(name))) for name in names(foreign=True)},
        "corruptions": {one.id: of_corruption(one, *survivors(watch, corrupter, one)) for one in corrupter.all},
    }
    write_atomically(FILE, json.dumps(found, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
