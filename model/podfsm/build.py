"""The command ``podfsm build``: validate the tables, prove everything, write what is made from them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from podfsm import files as disk
from podfsm.cli.output import Style
from podfsm.errors import PodfsmError
from podfsm.language import kubernetes, tables
from podfsm.language.check import check_pins, pinned
from podfsm.language.difference import changes, missing
from podfsm.language.source import Problems, read_tables
from podfsm.requests import BuildRequest, Status, demand_default
from podfsm.summary import Outputs, Summary, as_json, lines, size_of, verdict

if TYPE_CHECKING:
    from podfsm.explore.report import Report
    from podfsm.language.model import Model

Files = dict[str, str | bytes]
"""Content by path, relative to the directory that holds `GENERATED` and `DIAGRAMS`."""

GENERATED, DIAGRAMS = "generated", "diagrams"

MANIFEST = f"{GENERATED}/manifest.json"

PICTURES = (".svg", ".png")
"""Suffixes of files whose bytes depend on the engine that draws them: only their presence is checked."""

WORKERS = 2

MOST_TOLD = 20
"""Differences that are told of tables that do not load."""


def run(request: BuildRequest) -> int:
    """Run the command.

    Returns
    -------
    int
        FINE; DIFFERS if a check fails or a committed file differs; UNDETERMINED if a limit was met.

    Raises
    ------
    PodfsmError
        if the tables do not load, or there is no directory to write to or to compare with.
    """
    started = time.perf_counter()
    root = _root(request)
    model = tables.shipped() if request.tables is None else _others(request.tables)
    demand_default(model, request.cluster, "build")
    problems = _pins(root, model) if request.tables is None else missing(model.files, tables.shipped().files)
    report = _report(request, model)
    problems += report.problems
    if request.tables is not None:
        problems += resized(_shipped_sizes(request, root, model), report)
    for problem in (*problems, *report.undetermined):
        request.console.error(problem)
    differing = changes(model.files, tables.shipped().files) if request.tables is not None else []
    found = Summary(model, report, problems, differing)
    _tell_changes(request, found)
    if request.tables is None or not request.check:
        found = replace(found, outputs=_outputs(request, root, found))
    found = replace(found, seconds=time.perf_counter() - started)
    _tell(request, found)
    differs = bool(problems or (found.outputs is not None and found.outputs.different))
    statuses = [Status.DIFFERS] if differs else []
    return Status.worst(*statuses, *([Status.UNDETERMINED] if report.undetermined else []))


# --------------------------------------------------------------------------------------------------------------- where


def _others(directory: Path) -> Model:
    """Load other tables than the shipped ones; if they do not load, say also what differs from the shipped ones."""
    try:
        return tables.loaded(str(directory))
    except PodfsmError as error:
        raise PodfsmError([*error.messages, *_differing(directory, tables.shipped())[:MOST_TOLD]]) from None


def _differing(directory: Path, model: Model) -> list[str]:
    """Say what differs from a model in a directory of tables that do not load; nothing if they cannot be read."""
    try:
        files = read_tables(directory, Problems())
    except PodfsmError:
        return []
    return [f"compared with the shipped tables: {text}" for text in changes(files, model.files)]


def _root(request: BuildRequest) -> Path | None:
    """Find the directory that holds what is generated; None if it is not needed."""
    if request.out is not None:
        return request.out
    if request.tables is not None and not request.check:
        raise PodfsmError("build --tables: what is committed comes from the shipped tables; give --out DIR, or --check")
    found = checkout(Path.cwd())
    if found is None and request.tables is None:
        raise PodfsmError(f"{Path.cwd()}: no checkout of podfsm is around this directory; give --out DIR")
    return found


def checkout(start: Path) -> Path | None:
    """Find the checkout of podfsm around a directory."""
    marks = ("pyproject.toml", "model/podfsm/tables")
    return next((d for d in (start, *start.parents) if all((d / mark).exists() for mark in marks)), None)


def _pins(root: Path | None, model: Model) -> list[str]:
    """Find row ids that the committed manifest pins and the tables no longer have."""
    return [str(problem) for problem in check_pins(model, _manifest(root))]


def _manifest(root: Path | None) -> Mapping[str, Any]:
    """Read the committed manifest; empty if there is none."""
    path = root / MANIFEST if root is not None else None
    if path is None or not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PodfsmError(f"{path}: cannot be read: {error}; delete it, and run podfsm build") from error
    return found if isinstance(found, dict) else {}


Sizes = Mapping[str, Mapping[str, Mapping[str, int]]]
"""Numbers of states and transitions, and depth, by configuration and mode."""


def _shipped_sizes(request: BuildRequest, root: Path | None, model: Model) -> Sizes:
    """Find the sizes that the shipped tables have; nothing if other tables do not differ from them.

    Without a committed manifest, or if it is of earlier tables, the shipped tables are explored, too.
    """
    shipped = tables.shipped()
    committed = _manifest(root)
    if committed.get("tables") == shipped.digest:
        found: Sizes = committed.get("configurations", {})
        return found
    if not changes(model.files, shipped.files):
        return {}
    return sizes_of(_report(request, shipped))


def resized(shipped: Sizes, report: Report) -> list[str]:
    """Say which configurations have other sizes than with the shipped tables."""
    found = []
    for name, sizes in shipped.items():
        for mode, before in sizes.items():
            one = report.configurations.get(name)
            now = size_of(one.sizes[mode]) if one is not None and mode in one.sizes else None
            if now is not None and now != before:
                found.append(
                    f"configuration {name}, {mode.replace('-', ' ')}: {_told(now)}; "
                    f"with the shipped tables {_told(before)}"
                )
    return found


def sizes_of(report: Report) -> Sizes:
    """Take the sizes of all configurations from a report."""
    return {
        one.id: {mode: size_of(found) for mode, found in one.sizes.items()} for one in report.configurations.values()
    }


def _told(size: Mapping[str, Any]) -> str:
    return "{states:,} states, {transitions:,} transitions, depth {depth}".format(**size)


# ------------------------------------------------------------------------------------------------------------- contents


def _report(request: BuildRequest, model: Model) -> Report:
    from podfsm.explore.report import make_report

    with request.console.progress("starting") as shown:

        def progress(done: int, total: int, name: str) -> None:
            shown.describe(f"{done} of {total} explorations and comparisons; last: {name}")

        return make_report(model, progress, WORKERS)


def contents(model: Model, report: Report) -> Files:
    """Make every file that `build` writes."""
    from podfsm.language.schema import json_schema

    found: Files = {
        MANIFEST: _json(manifest(model, report)),
        f"{GENERATED}/schema/tables.json": _json(json_schema()),
    }
    makers: list[tuple[str, str, Callable[[Any], Mapping[str, str | bytes]]]] = [
        ("podfsm.generate", f"{GENERATED}/", lambda module: module.files(model)),
        ("podfsm.document", "", lambda module: module.files(model, report)),
        ("podfsm.draw", "", lambda module: module.files(model, report)),
    ]
    for name, prefix, make in makers:
        if find_spec(name) is not None and hasattr(module := import_module(name), "files"):
            found |= {prefix + path: content for path, content in make(module).items()}
    return found


def manifest(model: Model, report: Report) -> dict[str, Any]:
    """Say in numbers and names what the tables give, so that a change of them shows up in review."""
    return {
        "schema": 1,
        "kubernetes": kubernetes.default_minor(model),
        "tables": model.digest,
        "configurations": sizes_of(report),
        "properties": {
            one.id: {mode: verdict.verdict for mode, verdict in one.modes.items()} for one in report.properties.values()
        },
        "rows": sorted(pinned(model)),
    }


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


# ----------------------------------------------------------------------------------------------------- write or compare


def _outputs(request: BuildRequest, root: Path | None, found: Summary) -> Outputs | None:
    """Write the files, or compare them with what is there."""
    assert root is not None
    if found.failed and not request.check:
        request.console.error(f"{root}: nothing was written, since not everything is as it should be")
        return None
    with request.console.progress("making documents and diagrams"):
        wanted = contents(found.model, found.report)
        if not request.check:
            return written(root, wanted, remove=request.out is None)
        different = compared(root, wanted)
        for difference in different:
            request.console.error(f"{root}/{difference}; run podfsm build")
        return Outputs(str(root), len(wanted), different=tuple(different))


def compared(root: Path, wanted: Files) -> list[disk.Difference]:
    """Compare what is there with what is wanted; of pictures only whether they are there."""
    exact = {path: content for path, content in wanted.items() if not path.endswith(PICTURES)}
    pictures = wanted.keys() - exact.keys()
    owned = [name for name in (GENERATED, DIAGRAMS) if (root / name).is_dir()]
    found = disk.differences(root, exact, owned, PICTURES)
    there = set(_pictures(root, owned))
    found += [disk.Difference(path, "missing") for path in pictures - there]
    found += [disk.Difference(path, "unexpected") for path in there - pictures]
    return sorted(found)


def _pictures(root: Path, owned: list[str]) -> Iterator[str]:
    for directory in owned:
        for path in (root / directory).rglob("*"):
            if path.suffix in PICTURES:
                yield path.relative_to(root).as_posix()


def written(root: Path, wanted: Files, remove: bool) -> Outputs:
    """Write what differs; with `remove`, also remove what is not wanted.

    Raises
    ------
    PodfsmError
        if a file cannot be written or removed.
    """
    changed = []
    for path, content in wanted.items():
        data = content.encode() if isinstance(content, str) else content
        if not (root / path).is_file() or (root / path).read_bytes() != data:
            disk.write_atomically(root / path, data)
            changed.append(path)
    surplus = compared(root, wanted) if remove else []
    removed = tuple(difference.path for difference in surplus if difference.kind == "unexpected")
    for path in removed:
        try:
            (root / path).unlink()
        except OSError as error:
            raise PodfsmError(f"{root / path}: cannot be removed: {error.strerror}") from error
    return Outputs(str(root), len(wanted), tuple(changed), removed)


# ------------------------------------------------------------------------------------------------------------- in words


def _tell_changes(request: BuildRequest, found: Summary) -> None:
    tell = request.console.error if found.failed else request.console.print
    for text in found.changes if found.failed or request.output == "text" else ():
        tell(f"compared with the shipped tables: {text}")


def _tell(request: BuildRequest, found: Summary) -> None:
    if request.output == "json":
        request.console.write(_json(as_json(found)))
        return
    last = verdict(found, request.lang)
    for line in lines(found, request.lang):
        colour: Style = "red" if found.failed else "green"
        request.console.print(request.console.paint(line, colour) if line == last else line)
