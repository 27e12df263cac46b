"""The command ``podfsm draw``, and the pictures that ``podfsm build`` writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from podfsm.cli.output import Console
from podfsm.document.markdown import slug
from podfsm.draw.diagram import Diagram, Language
from podfsm.draw.dot import to_dot
from podfsm.draw.engine import FORMATS, render
from podfsm.draw.fit import fitted
from podfsm.errors import PodfsmError
from podfsm.files import write_atomically
from podfsm.language import tables
from podfsm.requests import DrawRequest, Status

if TYPE_CHECKING:
    from podfsm.cli.output import Progress as Shown
    from podfsm.explore.report import Report
    from podfsm.explore.search import Progress
    from podfsm.language.model import Model
    from podfsm.verify.subjects import Subject

DIRECTORY = "diagrams"

DEFECTS = "defects"
"""The folder, below it, of the pictures of defects."""


def run(request: DrawRequest) -> int:
    """Write the picture that is asked for; without a name and a manifest, list what can be drawn.

    Raises
    ------
    PodfsmError
        If tables, manifest or names cannot be used, or there is no engine; the DOT is then written all the same.
    """
    model = tables.loaded(str(request.tables)) if request.tables is not None else tables.shipped()
    if request.view is None and request.manifest is None and not _tells(request):
        _list(request, model)
        return Status.FINE
    form = _form(request)
    made = _made(request, model)
    if request.out is not None and len(made) > 1:
        raise PodfsmError(f"{request.manifest}: holds {len(made)} pods ({', '.join(made)}); leave --out away")
    paths = [request.out or Path(f"{name}.{form}") for name in made]
    for path, diagram in zip(paths, made.values(), strict=True):
        _write(request, diagram, path, form)
    if request.output == "json":
        _print_json(request, files=[{"path": str(path), "format": form} for path in paths])
    return Status.FINE


def _tells(request: DrawRequest) -> bool:
    """Tell whether a story is asked for."""
    return request.trace is not None or bool(request.property)


def _made(request: DrawRequest, model: Model) -> dict[str, Diagram]:
    if not _tells(request):
        return _of_tables(request, model) if request.manifest is None else _of_pods(request, model)
    from podfsm.draw.asked import story_diagram

    if request.manifest == request.trace == "-":
        raise PodfsmError("-f and --trace: standard input (-) can be read only once; give a file for one of them")
    subjects = _subjects(request, model) if request.manifest is not None else []
    made = fitted(story_diagram(request, model, subjects))
    return {slug(made.id if request.view is None else f"{request.view}-{made.title.partition(':')[0]}"): made}


def _print_json(request: DrawRequest, **found: object) -> None:
    """Print what ``schemas/draw.schema.json`` describes."""
    request.console.print(json.dumps({"schema": 1, **found}, ensure_ascii=False, indent=2))


def files(model: Model, report: Report | None = None) -> dict[str, str | bytes]:
    """Make the diagrams of the tables as DOT and SVG, in all languages; with a report, also those of the defects.

    Returns
    -------
    dict
        Content by path, such as ``diagrams/NAME.en.svg``. Without an engine, the DOT only; the reason is printed.
    """
    found: dict[str, str | bytes] = {}
    broken = ""
    for name, made in _all(model, report):
        source = to_dot(made)
        path = f"{DIRECTORY}/{name}.{made.language}"
        found[f"{path}.dot"] = source
        try:
            found[f"{path}.svg"] = b"" if broken else render(source)
        except PodfsmError as error:
            broken = "; ".join(error.messages)
    if broken:
        Console().error(f"{broken}; only the DOT is made")
        return {path: content for path, content in found.items() if path.endswith(".dot")}
    return found


def _all(model: Model, report: Report | None) -> Iterator[tuple[str, Diagram]]:
    from podfsm.draw.content import diagram
    from podfsm.draw.defects import defect_diagrams
    from podfsm.draw.pictures import pictures

    languages = get_args(Language)
    for name in pictures(model):
        yield from ((name, diagram(model, name, language)) for language in languages)
    if report is not None:
        yield from ((f"{DEFECTS}/{name}", made) for name, made in defect_diagrams(model, report, languages))


def _list(request: DrawRequest, model: Model) -> None:
    from podfsm.draw.pictures import pictures
    from podfsm.draw.words import Words

    words = Words(model, request.lang)
    known = pictures(model).values()
    if request.output == "json":
        titles = [{"id": picture.id, "title": words.say(picture.key(), picture.title)} for picture in known]
        _print_json(request, diagrams=titles)
        return
    width = max((len(picture.id) for picture in known), default=0)
    for picture in known:
        request.console.print(f"{picture.id:{width}}  {words.say(picture.key(), picture.title)}")


def _form(request: DrawRequest) -> str:
    """Return the form of the picture: as asked, as the suffix of the file says, or SVG."""
    if request.format is not None:
        return request.format
    if request.out is None:
        return FORMATS[0]
    suffix = request.out.suffix.removeprefix(".").lower()
    if suffix not in FORMATS:
        raise PodfsmError(f"{request.out}: its suffix is none of {', '.join(FORMATS)}; choose one of them, or --format")
    return suffix


def _of_tables(request: DrawRequest, model: Model) -> dict[str, Diagram]:
    from podfsm.draw.content import diagram

    name = request.view or ""
    return {name: diagram(model, name, request.lang, request.current)}


def _of_pods(request: DrawRequest, model: Model) -> dict[str, Diagram]:
    """Draw each pod of the manifest, by its name."""
    from podfsm.draw.manifest import pod_diagram

    found: dict[str, Diagram] = {}
    for subject in _subjects(request, model):
        with request.console.progress(f"exploring {subject.name}") as shown:

            def progress(done: Progress, name: str = subject.name, shown: Shown = shown) -> None:
                shown.describe(f"exploring {name}, {done.states:,} states")

            made = pod_diagram(
                model, subject, request.lang, request.cluster.defects, request.view or "", request.current, progress
            )
        name = subject.name or "pod"
        found[name if name not in found else f"{name}-{len(found) + 1}"] = fitted(made)
    return found


def _subjects(request: DrawRequest, model: Model) -> list[Subject]:
    from podfsm.verify.subjects import subjects_of

    assert request.manifest is not None
    subjects, notes = subjects_of((request.manifest,), model, request.cluster)
    for note in notes:
        request.console.error(f"note: {note}")
    return subjects


def _write(request: DrawRequest, diagram: Diagram, path: Path, form: str) -> None:
    source = to_dot(diagram)
    try:
        picture = render(source, form, request.dot)
    except PodfsmError as error:
        rescue = path.with_suffix(".dot")
        write_atomically(rescue, source)
        raise PodfsmError([*error.messages, f"{rescue}: written instead"]) from error
    write_atomically(path, picture)
    if request.output == "text":
        request.console.print(str(path))
