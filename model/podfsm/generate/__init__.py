"""Generation: the tables become code in other languages and formats, one package per target.

A target is a package with a function ``files(model)``; its templates and helpers know the target's language, never the
lifecycle.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from podfsm.errors import PodfsmError

if TYPE_CHECKING:
    from podfsm.language.model import Model
    from podfsm.requests import GenerateRequest

TARGETS = ("python",)

_DIRECTORY = "generated"


def files(model: Model) -> dict[str, str]:
    """Every file of every target: content by path, relative to the directory of generated files."""
    return {path: text for target in TARGETS for path, text in files_of(target, model).items()}


def files_of(target: str, model: Model) -> Mapping[str, str]:
    """Return the files of one target.

    Raises
    ------
    PodfsmError
        if there is no such target, or the tables do not say what it needs.
    """
    if target not in TARGETS:
        near = get_close_matches(target, TARGETS, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise PodfsmError(f"no target {target!r}; known: {', '.join(TARGETS)}{hint}")
    make: Callable[[Model], Mapping[str, str]] = import_module(f"podfsm.generate.{target}").files
    return make(model)


def run(request: GenerateRequest) -> int:
    """Write the files of a target, or with `check` compare them with what is there.

    Returns
    -------
    int
        A `podfsm.requests.Status`.

    Raises
    ------
    PodfsmError
        for an unknown target, tables that do not load, or a directory that cannot be written.
    """
    from podfsm import files as disk
    from podfsm.language import tables
    from podfsm.requests import Status, demand_default

    model = tables.loaded(str(request.tables)) if request.tables is not None else tables.shipped()
    demand_default(model, request.cluster, "generate")
    found = files_of(request.target, model)
    out = request.out if request.out is not None else _checkout(Path.cwd()) / _DIRECTORY
    if request.check:
        wrong = disk.differences(out, found)
        for difference in wrong:
            request.console.error(f"{out / difference.path}: {difference.kind}; run podfsm generate {request.target}")
        if request.output == "json":
            _print_json(request, different=[{"path": str(out / one.path), "kind": one.kind} for one in wrong])
        return Status.DIFFERS if wrong else Status.FINE
    for path, text in found.items():
        disk.write_atomically(out / path, text)
        if request.output == "text":
            request.console.print(str(out / path))
    if request.output == "json":
        _print_json(request, written=[str(out / path) for path in found])
    return Status.FINE


def _print_json(request: GenerateRequest, **found: object) -> None:
    """Print what ``schemas/generate.schema.json`` describes."""
    answer = {"schema": 1, "target": request.target, "written": [], "different": []} | found
    request.console.print(json.dumps(answer, ensure_ascii=False, indent=2))


def _checkout(start: Path) -> Path:
    """Return the directory of the checkout around `start`."""
    for directory in (start, *start.parents):
        if (directory / "model" / "podfsm" / "tables").is_dir() and (directory / "pyproject.toml").is_file():
            return directory
    raise PodfsmError(f"{start}: no checkout of podfsm around it; name a directory with --out")
