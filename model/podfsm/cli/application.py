"""The `podfsm` command: its subcommands, and the exit status of whatever happens in them."""

import io
import os
import sys
from collections.abc import Sequence
from typing import Any, Final

import click

from podfsm import __version__, collector
from podfsm.cli.build import build
from podfsm.cli.conform import conform
from podfsm.cli.derive import derive
from podfsm.cli.draw import draw
from podfsm.cli.explain import explain
from podfsm.cli.generate import generate
from podfsm.cli.output import Console
from podfsm.cli.show import show
from podfsm.cli.verify import verify
from podfsm.errors import PodfsmError
from podfsm.requests import Status

INTERRUPTED: Final = 130
"""What a shell reports of a process that SIGINT ended."""

PIPE_CLOSED: Final = 141
"""What a shell reports of a process that SIGPIPE ended: the reader of the output has gone."""


class _Application(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        # click itself would exit with 1 here, which means a failed check.
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise click.exceptions.Exit(PIPE_CLOSED) from None


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from podfsm.language import info

    tables = info()
    click.echo(f"podfsm {__version__} (Kubernetes {tables.kubernetes}, tables {tables.digest})")
    ctx.exit()


@click.group(cls=_Application, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the versions of podfsm and Kubernetes and the digest of the tables, and exit.",
)
def application() -> None:
    """Explore, prove, draw, document and generate the Kubernetes pod lifecycle from its tables.

    Begin with `podfsm verify -f pod.yaml`. `podfsm COMMAND --help` tells more, with examples.

    Exit status: 0 fine; 1 a verdict differs from what is expected or a check fails; 2 bad usage or unreadable input;
    3 undetermined. Where several apply, 2 goes before 1 and 1 before 3.
    """


for command in (build, verify, draw, show, derive, explain, conform, generate):
    application.add_command(command)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; bad input ends in messages, never in a traceback."""
    console = Console()
    _tolerate_any_encoding()
    try:
        with collector.seldom():
            status = application.main(arguments, prog_name="podfsm", standalone_mode=False)
        console.out.flush()
    except click.ClickException as error:
        error.show()
        return Status.UNUSABLE
    except PodfsmError as error:
        for message in error.messages:
            console.error(message)
        return Status.UNUSABLE
    except click.Abort:
        return INTERRUPTED
    except BrokenPipeError:
        status = PIPE_CLOSED
    except OSError as error:
        console.error(f"podfsm: {error}")
        status = Status.UNUSABLE
    if status in (PIPE_CLOSED, Status.UNUSABLE):
        _discard_output()
    return int(status or Status.FINE)


def _tolerate_any_encoding() -> None:
    # A terminal or pipe that cannot show Hangul shall show escapes, not a traceback.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    # What cannot be written and is left in the buffer would fail again, loudly, when the interpreter ends.
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
