"""DOT becomes SVG, PNG or PDF.

The engine is graphviz-pure, a wheel that carries one program with ``dot``'s options and gives the same bytes on every
platform. It is the ``dot`` that the `graphviz` package runs here. A system ``dot`` takes its place where it is missing,
and for the two things that it cannot do: PDF, and Hangul in PNG (its only font is Latin).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from graphviz.backend import dot_command, execute  # type: ignore[import-untyped]

from podfsm.draw.svg import polish
from podfsm.draw.text import is_wide
from podfsm.errors import PodfsmError

FORMATS = ("svg", "png", "pdf", "dot")

_BUNDLED = "graphviz-pure"
_TIMEOUT = 60  # seconds
_NO_PDF = "pdf: graphviz-pure cannot write PDF; draw svg instead, or install Graphviz (dot), or name it with --dot"
_NO_FONT = (
    "{}: no font for the Korean text of this picture (graphviz-pure has none, and no other was found); "
    "draw svg instead, or install Graphviz (dot) and a Korean font such as Noto Sans CJK KR or Nanum"
)


@dataclass(frozen=True, slots=True)
class Engine:
    """A program that takes the options of ``dot``."""

    path: Path

    @property
    def bundled(self) -> bool:
        """Whether it is graphviz-pure, by whatever name it is called."""
        return self.path.resolve().stem == _BUNDLED


def find_engine(dot: str | os.PathLike[str] | None = None) -> Engine:
    """Return the engine: `dot` if given, else graphviz-pure, else the ``dot`` on the PATH.

    Raises
    ------
    PodfsmError
        If `dot` is not a program that can be run, or if there is none at all.
    """
    if dot is not None:
        found = shutil.which(dot)
        if found is None:
            raise PodfsmError(f"{os.fspath(dot)}: no program that can be run; give the path of a Graphviz dot")
        return Engine(Path(found))
    engine = _find_bundled() or _find_system()
    if engine is None:
        raise PodfsmError(
            "no Graphviz found to draw with; install it with: python3 -m pip install graphviz-pure, "
            "or give the path of a dot program with --dot"
        )
    return engine


def _find_bundled() -> Engine | None:
    """Find graphviz-pure by the list of its installed files: its directory need not be on the PATH."""
    try:
        files = metadata.files(_BUNDLED) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        path = Path(str(file.locate()))
        if path.stem == _BUNDLED and os.access(path, os.X_OK) and path.is_file():
            return Engine(path.resolve())
    found = shutil.which(_BUNDLED)
    return Engine(Path(found)) if found else None


def _find_system() -> Engine | None:
    found = shutil.which("dot")
    return Engine(Path(found)) if found else None


def render(source: str, picture_format: str = "svg", dot: str | os.PathLike[str] | None = None) -> bytes:
    """Return DOT source as a picture.

    Parameters
    ----------
    source
        DOT, as :func:`podfsm.draw.to_dot` writes it.
    picture_format
        One of `FORMATS`; ``dot`` returns the source itself, as UTF-8.
    dot
        A program to use instead of the one that is found.

    Raises
    ------
    PodfsmError
        If the format is unknown, no engine is there or can do it, or the engine fails.
    """
    if picture_format not in FORMATS:
        raise PodfsmError(f"{picture_format}: no such picture format; one of {', '.join(FORMATS)}")
    if picture_format == "dot":
        return source.encode()
    engine = _engine_for(source, picture_format, dot)
    picture = _run(engine, source, picture_format)
    if picture_format != "svg":
        return picture
    try:
        return polish(picture)
    except ValueError as error:
        raise PodfsmError(f"{engine.path}: {error}; give another dot with --dot") from error


def _engine_for(source: str, picture_format: str, dot: str | os.PathLike[str] | None) -> Engine:
    engine = find_engine(dot)
    wide = picture_format in {"png", "pdf"} and is_wide(source)
    if engine.bundled and (wide or picture_format == "pdf"):
        system = _find_system() if dot is None else None
        if system is None or system.bundled:
            raise PodfsmError(_NO_PDF if picture_format == "pdf" else _NO_FONT.format(picture_format))
        engine = system
    if wide and not _has_korean_font():
        raise PodfsmError(_NO_FONT.format(picture_format))
    return engine


def _has_korean_font() -> bool:
    """Ask fontconfig; macOS and Windows always have one."""
    if sys.platform in {"darwin", "win32"}:
        return True
    program = shutil.which("fc-list")
    if program is None:
        return False
    answer = subprocess.run([program, ":lang=ko", "family"], capture_output=True, timeout=_TIMEOUT, check=False)
    return bool(answer.stdout.strip())


def _run(engine: Engine, source: str, picture_format: str) -> bytes:
    command = [engine.path, *dot_command.command("dot", picture_format)[1:]]
    try:
        done = execute.run_check(command, input=source.encode(), capture_output=True, quiet=True, timeout=_TIMEOUT)
    except execute.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise PodfsmError(f"{engine.path}: cannot draw {picture_format}: {reason[-1]}") from error
    except subprocess.TimeoutExpired as error:
        raise PodfsmError(f"{engine.path}: drew for {_TIMEOUT} s without end; draw less at once") from error
    except (OSError, execute.ExecutableNotFound) as error:
        raise PodfsmError(f"{engine.path}: cannot be run; give the path of a Graphviz dot with --dot") from error
    picture: bytes = done.stdout
    if not picture:
        raise PodfsmError(f"{engine.path}: drew nothing as {picture_format}; give another dot with --dot")
    return picture
