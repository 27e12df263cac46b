"""The command `podfsm show`."""

from pathlib import Path

import click

from podfsm.cli import options
from podfsm.requests import Lang, Output, ShowRequest


@click.command()
@click.argument("id_", metavar="ID")
@options.output
@options.lang
@options.tables
def show(id_: str, output: Output, lang: Lang, tables: Path | None) -> int:
    """Explain the row, property, state, reason or defect ID, with its why and citation."""
    from podfsm.show import run

    return run(ShowRequest(id=id_, output=output, lang=lang, tables=tables))
