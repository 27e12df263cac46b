"""The command ``podfsm draw``, and the pictures that ``podfsm build`` writes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from podfsm.cli.output import Console
from podfsm.draw.diagram import Diagram, Language
from podfsm.draw.dot import to_dot
from podfsm.draw.engine import FORMATS, render
from podfsm.errors import PodfsmError
from podfsm.files import write_atomically
from podfsm.language import tables
from podfsm.requests import DrawRequest, Status

if TYPE_CHECKING:
    from podfsm.cli.output import Progress as Shown
    from podfsm.explore.search import Progress
    from podfsm.language.model import Model

DIRECTORY = "diagrams"


def run(request: DrawRequest) -> int:
    """Write the picture that is asked for; without a name and a manifest, list what can be drawn.

    Raises
    ------
    PodfsmError
        If tables, manifest or names cannot be used, or there is no engine; the DOT is then written all the same.
    """
    model = tables.loaded(str(request.tables)) if request.tables is not None else tables.shipped()
    if request.view is None and request.manifest is None:
        _list(request, model)
        return Status.FINE
    form = _form(request)
    made = _of_tables(request, model) if request.manifest is None else _of_pods(request, model)
    if request.out is not None and len(made) > 1:
        raise PodfsmError(f"{request.manifest}: holds {len(made)} pods ({', '.join(made)}); leave --out away")
    for name, diagram in made.items():
        _write(request, diagram, request.out or Path(f"{name}.{form}"), form)
    return Status.FINE


def files(model: Model, _report: Any = None) -> dict[str, str | bytes]:
    """Make the diagrams of the tables as DOT and SVG, in all languages.

    Returns
    -------
    dict
        Content by path, such as ``diagrams/NAME.en.svg``. Without an engine, the DOT only; the reason is printed.
    """
    from podfsm.draw.content import diagram
    from podfsm.draw.pictures import pictures

    found: dict[str, str | bytes] = {}
    broken = ""
    for name in pictures(model):
        for language in get_args(Language):
            source = to_dot(diagram(model, name, language))
            path = f"{DIRECTORY}/{name}.{language}"
            found[f"{path}.dot"] = source
            try:
                found[f"{path}.svg"] = b"" if broken else render(source)
            except PodfsmError as error:
                broken = "; ".join(error.messages)
    if broken:
        Console().error(f"{broken}; only the DOT is made")
        return {path: content for path, content in found.items() if path.endswith(".dot")}
    return found


def _list(request: DrawRequest, model: Model) -> None:
    from podfsm.draw.pictures import pictures
    from podfsm.draw.words import Words

    words = Words(model, request.lang)
    known = pictures(model).values()
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
    from podfsm.verify.subjects import subjects_of

    assert request.manifest is not None
    subjects, notes = subjects_of((request.manifest,), model, request.cluster)
    for note in notes:
        request.console.error(f"note: {note}")
    found: dict[str, Diagram] = {}
    for subject in subjects:
        with request.console.progress(f"exploring {subject.name}") as shown:

            def progress(done: Progress, name: str = subject.name, shown: Shown = shown) -> None:
                shown.describe(f"exploring {name}, {done.states:,} states")

            made = pod_diagram(
                model, subject, request.lang, request.cluster.defects, request.view or "", request.current, progress
            )
        name = subject.name or "pod"
        found[name if name not in found else f"{name}-{len(found) + 1}"] = made
    return found


def _write(request: DrawRequest, diagram: Diagram, path: Path, form: str) -> None:
    source = to_dot(diagram)
    try:
        picture = render(source, form, request.dot)
    except PodfsmError as error:
        rescue = path.with_suffix(".dot")
        write_atomically(rescue, source)
        raise PodfsmError([*error.messages, f"{rescue}: written instead"]) from error
    write_atomically(path, picture)
    request.console.print(str(path))
