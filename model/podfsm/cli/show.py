"""The command `podfsm show`."""

from pathlib import Path

import click

from podfsm.cli import options
from podfsm.requests import Lang, Output, ShowRequest


@click.command(
    short_help="Explain a row, property, state, reason or defect.",
    epilog=options.examples(
        {
            "podfsm show ID": "",
            "podfsm show ID --lang ko -o json": "",
        }
    ),
)
@click.argument("id_", metavar="ID")
@options.output
@options.lang
@options.tables
def show(id_: str, output: Output, lang: Lang, tables: Path | None) -> int:
    """Explain the row, property, state, reason or defect ID, with its why and citation.

    ID is what tables, drawings, stories and findings name; a wrong one lists those that are like it.

    Exit status: 0 fine; 2 nothing has that name, bad usage, or tables that do not load.
    """
    from podfsm.show import run

    return run(ShowRequest(id=id_, output=output, lang=lang, tables=tables))
