"""The command `podfsm build`."""

from pathlib import Path

import click

from podfsm.cli import options
from podfsm.requests import BuildRequest


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail where the committed files differ.")
@options.out("Write below DIR instead of the checkout around the working directory.", directory=True)
@options.tables
def build(check: bool, out: Path | None, tables: Path | None) -> int:
    """Validate the tables, prove every property on the shipped configurations, and write generated/ and diagrams/."""
    from podfsm.build import run

    return run(BuildRequest(check=check, out=out, tables=tables))
