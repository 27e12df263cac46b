"""Options that several commands share, each a decorator."""

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast

import click

from podfsm.requests import MAX_DOCUMENT, Cluster, Output

Command = TypeVar("Command", bound=Callable[..., Any])

_BOOLEANS: Final = {"true": True, "false": False}


def tables(command: Command) -> Command:
    """``--tables DIR``, passed as `tables`: Path or None."""
    return click.option(
        "--tables",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        metavar="DIR",
        help="Use the tables in DIR instead of the shipped ones.",
    )(command)


def lang(command: Command) -> Command:
    """``--lang en|ko``, passed as `lang`."""
    return click.option(
        "--lang", type=click.Choice(["en", "ko"]), default="en", show_default=True, help="Language of the output."
    )(command)


def output(command: Command) -> Command:
    """``-o text|json``, passed as `output`."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="Form of the output.",
    )(command)


def cluster(command: Command) -> Command:
    """``--kubernetes``, ``--gate`` and ``--defects``, passed as `cluster`: Cluster."""

    @wraps(command)
    def with_cluster(*arguments: Any, **options: Any) -> Any:
        parts = {name: options.pop(name) for name in ("kubernetes", "gates", "defects")}
        return command(*arguments, cluster=Cluster(**parts), **options)

    wrapped: Any = with_cluster
    for option in (
        click.option(
            "--defects",
            type=click.Choice(["as-is", "intended"]),
            default="as-is",
            show_default=True,
            help="Keep or switch off what only a defect of Kubernetes makes.",
        ),
        click.option(
            "--gate",
            "gates",
            multiple=True,
            callback=_gates,
            metavar="NAME=BOOL",
            help="Set a feature gate; repeatable.",
        ),
        click.option("--kubernetes", metavar="MINOR", help="Minor version, such as 1.36.  [default: the tables']"),
    ):
        wrapped = option(wrapped)
    return cast(Command, wrapped)


def manifests(*, multiple: bool) -> Callable[[Command], Command]:
    """``-f MANIFEST``, passed as `manifests` (tuple) or, if not `multiple`, as `manifest` (str or None)."""
    return click.option(
        "-f",
        "--filename",
        "manifests" if multiple else "manifest",
        type=click.Path(exists=True, dir_okay=False, allow_dash=True),
        multiple=multiple,
        callback=_standard_input_once if multiple else None,
        metavar="MANIFEST",
        help=f"File with YAML or JSON, - for standard input{'; repeatable' if multiple else ''}.",
    )


def out(help_text: str, *, directory: bool = False) -> Callable[[Command], Command]:
    """``--out``, passed as `out`: Path, or None for the default of the command."""
    return click.option(
        "--out",
        type=click.Path(file_okay=not directory, dir_okay=directory, writable=True, path_type=Path),
        callback=_new_directory if directory else in_directory,
        metavar="DIR" if directory else "FILE",
        help=help_text,
    )


def examples(lines: Mapping[str, str]) -> str:
    """Return the end of a help text: command lines, and what each does where that is not plain."""
    width = max(len(line) for line in lines)
    # The first line tells click to leave the others as they are.
    return "\n".join(["\b", "Examples:", *(f"  {line:{width}}  {why}".rstrip() for line, why in lines.items())])


def max_document(noun: str) -> Callable[[Command], Command]:
    """``--max-document``, passed as `max_document`; `noun` is what is refused."""
    return click.option(
        "--max-document",
        type=click.IntRange(min=1),
        default=MAX_DOCUMENT,
        metavar="BYTES",
        help=f"Refuse longer {noun}.  [default: {MAX_DOCUMENT // 1024**2} MiB]",
    )


def form(context: click.Context, output: Output, file: Path | None) -> Output:
    """Return the form of the output: JSON for a file of that name, unless ``-o`` says otherwise."""
    return "json" if file is not None and file.suffix.lower() == ".json" and not given(context, "output") else output


def given(context: click.Context, name: str) -> bool:
    """Tell whether an argument is from the command line, not a default."""
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def in_directory(_context: click.Context, _parameter: click.Parameter, file: Path | None) -> Path | None:
    """Refuse a file in a directory that does not exist."""
    # A directory that is not there is more often mistyped than wanted.
    if file is not None and not file.parent.is_dir():
        raise click.BadParameter(f"Directory '{file.parent}' does not exist; make it first, or name another one.")
    return file


def _new_directory(context: click.Context, _parameter: click.Parameter, directory: Path | None) -> Path | None:
    """Say that a directory is new. With ``--check``, which writes nothing, there is then nothing to compare with."""
    if directory is not None and not directory.exists():
        if context.params.get("check"):
            raise click.BadParameter(f"Directory '{directory}' does not exist; with --check nothing is written.")
        click.echo(f"note: {directory} does not exist yet; it is made", err=True)
    return directory


def _gates(_context: click.Context, _parameter: click.Parameter, settings: Iterable[str]) -> Mapping[str, bool]:
    gates: dict[str, bool] = {}
    for setting in settings:
        name, _, text = setting.partition("=")
        value = _BOOLEANS.get(text.lower())
        if not name or value is None:
            raise click.BadParameter(f"{setting!r} is not NAME=true or NAME=false.")
        if gates.setdefault(name, value) != value:
            raise click.BadParameter(f"{name!r} is set both to true and to false.")
    return MappingProxyType(gates)


def _standard_input_once(
    _context: click.Context, _parameter: click.Parameter, names: tuple[str, ...]
) -> tuple[str, ...]:
    if names.count("-") > 1:
        raise click.BadParameter("Standard input (-) can be read only once.")
    return names
