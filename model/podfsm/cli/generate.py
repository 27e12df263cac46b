"""The command `podfsm generate`."""

from pathlib import Path

import click

from podfsm.cli import options
from podfsm.requests import GenerateRequest


@click.command()
@click.argument("target")
@options.out("Write into DIR instead of generated/ of the checkout around the working directory.", directory=True)
@click.option("--check", is_flag=True, help="Write nothing; fail where the files there differ.")
@options.tables
def generate(target: str, out: Path | None, check: bool, tables: Path | None) -> int:
    """Write TARGET (a programming language or a format) from the tables."""
    from podfsm.generate import run

    return run(GenerateRequest(target=target, out=out, check=check, tables=tables))
