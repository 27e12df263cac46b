"""A sample of recorded answers of Kubernetes, shipped with the package: what the tables must never contradict.

Each file of ``podfsm/vectors`` is one folder of vectors: gzip, one case a line, ``{"in": ..., "out": ...}``. `out` is
what a function of Kubernetes returned for `in`, normalised: everything in it must be in an answer; null means that the
answer has nothing there. ``tests/vectors/sample.py`` chooses the cases.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from podfsm.errors import PodfsmError
from podfsm.language.evaluate import EvaluationError
from podfsm.language.model import Model
from podfsm.observe.derive import Deriver

DIRECTORY = Path(__file__).resolve().parent.parent / "vectors"

SUFFIX = ".jsonl.gz"


def folders(directory: Path = DIRECTORY) -> list[str]:
    """Names of the folders that the sample has cases of."""
    return sorted(path.name.removesuffix(SUFFIX) for path in directory.glob(f"*{SUFFIX}"))


def cases(folder: str, directory: Path = DIRECTORY) -> Iterator[dict[str, Any]]:
    """Cases of a folder, in the order of the file."""
    with gzip.open(directory / f"{folder}{SUFFIX}", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def contradictions(model: Model, deriver: Deriver, folder: str, directory: Path = DIRECTORY) -> Iterator[str]:
    """Run the cases of a folder; say where the tables answer otherwise than Kubernetes did."""
    for number, case in enumerate(cases(folder, directory), 1):
        try:
            found = difference(deriver.derive(case["in"]), case["out"])
        except (EvaluationError, PodfsmError) as error:
            found = str(error)
        if found is not None:
            yield f"{model.bindings[folder].place}: binding {folder}, case {number} of the sample: {found}"


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
