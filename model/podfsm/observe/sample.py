"""A sample of recorded answers of Kubernetes, shipped with the package: what the tables must never contradict.

Each file of ``podfsm/vectors`` is one folder of vectors: gzip, one case a line, ``{"in": ..., "out": ...}``. `out` is
what a function of Kubernetes returned for `in`, normalised: everything in it must be in an answer; null means that the
answer has nothing there. ``tests/vectors/sample.py`` chooses the cases.

The folder `MANIFESTS` is another kind: `in` is the text of a manifest, `out` what became of it (`manifest_answer`) when
its tests were last looked at. It pins the tables of defaults and refusals.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from podfsm.errors import PodfsmError
from podfsm.language.evaluate import EvaluationError, Program
from podfsm.language.model import Model
from podfsm.observe.derive import Deriver
from podfsm.observe.manifest import read_manifest

DIRECTORY = Path(__file__).resolve().parent.parent / "vectors"

SUFFIX = ".jsonl.gz"

MANIFESTS = "manifests"

MOST_TOLD = 5
"""Cases of one folder that are told; a changed row often contradicts hundreds."""


def folders() -> list[str]:
    """Names of the folders that the sample has cases of."""
    names = (path.name.removesuffix(SUFFIX) for path in DIRECTORY.glob(f"*{SUFFIX}"))
    return sorted(name for name in names if name != MANIFESTS)


def cases(folder: str) -> Iterator[dict[str, Any]]:
    """Cases of a folder, in the order of the file."""
    with gzip.open(DIRECTORY / f"{folder}{SUFFIX}", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def shortened(problems: Iterator[str]) -> list[str]:
    """Keep the first problems, and say how many there are more."""
    found = list(problems)
    return (
        found if len(found) <= MOST_TOLD else [*found[:MOST_TOLD], f"... and {len(found) - MOST_TOLD} more like these"]
    )


def contradictions(model: Model, deriver: Deriver, folder: str) -> Iterator[str]:
    """Run the cases of a folder; say where the tables answer otherwise than Kubernetes did."""
    for number, case in enumerate(cases(folder), 1):
        try:
            found = difference(deriver.derive(case["in"]), case["out"])
        except (EvaluationError, PodfsmError) as error:
            found = str(error)
        if found is not None:
            rows = ", ".join(_rows(model, folder, case["in"]))
            yield f"{model.bindings[folder].place}: {folder}, case {number} of the sample: {found} (rows: {rows})"


def _rows(model: Model, folder: str, document: Any) -> list[str]:
    """Rows that fire on a document."""
    deriver = Deriver(model, folder)
    with suppress(EvaluationError, PodfsmError):
        deriver.derive(document)
    fired = {name for program in deriver.programs.values() for name in program.fired()}
    return [row.id for row in model.rows() if row.id in fired]


def contradicted_manifests(program: Program) -> Iterator[str]:
    """Read the manifests of the sample; say where the tables make something else of one."""
    for number, case in enumerate(cases(MANIFESTS), 1):
        try:
            found = difference(manifest_answer(case["in"], program), case["out"])
        except EvaluationError as error:
            found = str(error)
        if found is not None:
            yield f"tables: manifest {number} of the sample: {found.replace('Kubernetes has', 'it used to be')}"


def manifest_answer(text: str, program: Program) -> dict[str, Any]:
    """Tell what becomes of a manifest: where it is refused, or its pods with their defaults and the remarks on them."""
    try:
        reading = read_manifest(text.encode(), "manifest", program)
    except PodfsmError as error:
        return {"refused": [": ".join(_by_path(message).split(": ")[:2]) for message in error.messages]}
    notes = [f"{note.id} {_by_path(note.place)}" for note in reading.notes]
    return {"pods": [{"kind": pod.kind, **pod.pod} for pod in reading.pods], "notes": notes}


def _by_path(message: str) -> str:
    """Leave out line and column: places in the sample are told by their paths."""
    return re.sub(r"^manifest:\d+:\d+(?=: document )", "manifest", message)


def difference(answer: Any, wanted: Any, path: str = "answer") -> str | None:
    """Say where an answer first contradicts a recorded one; None if it agrees."""
    if wanted is None:
        return None if answer in (None, "", [], {}, ()) else f"{path} is {answer!r}; Kubernetes has nothing there"
    if isinstance(wanted, Mapping):
        if not isinstance(answer, Mapping):
            return f"{path} is {answer!r}; Kubernetes has {wanted!r}"
        parts = ((answer.get(key), value, f"{path}.{key}") for key, value in wanted.items())
    elif isinstance(wanted, list):
        if not isinstance(answer, list | tuple) or len(answer) != len(wanted):
            return f"{path} is {answer!r}; Kubernetes has {wanted!r}"
        parts = ((a, w, f"{path}[{i}]") for i, (a, w) in enumerate(zip(answer, wanted, strict=True)))
    else:
        agrees = type(answer) is type(wanted) and answer == wanted
        return None if agrees else f"{path} is {answer!r}; Kubernetes has {wanted!r}"
    return next((found for a, w, p in parts if (found := difference(a, w, p)) is not None), None)
