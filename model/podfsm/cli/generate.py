"""The command `podfsm generate`."""

from pathlib import Path

import click

from podfsm.cli import options
from podfsm.requests import Cluster, GenerateRequest, Lang, Output


@click.command(
    short_help="Write code or another format from the tables.",
    epilog=options.examples(
        {
            "podfsm generate python": "in a checkout: write generated/python/",
            "podfsm generate python --out there": "anywhere: write there/python/",
        }
    ),
)
@click.argument("target")
@options.out("Write into DIR instead of generated/ of the checkout around the working directory.", directory=True)
@click.option("--check", is_flag=True, is_eager=True, help="Write nothing; fail where the files there differ.")
@options.cluster
@options.output
@options.lang
@options.tables
def generate(
    target: str,
    out: Path | None,
    check: bool,
    cluster: Cluster,
    output: Output,
    lang: Lang,
    tables: Path | None,
) -> int:
    """Write TARGET (a programming language or a format, such as python) from the tables.

    What is generated is of the default Kubernetes and its default gates; others are refused.

    Exit status: 0 fine; 1 with --check, a file differs; 2 bad usage (an unknown target lists the known ones), or tables
    that do not load.
    """
    from podfsm.generate import run

    return run(
        GenerateRequest(
            target=target,
            out=out,
            check=check,
            cluster=cluster,
            output=output,
            lang=lang,
            tables=tables,
        )
    )
