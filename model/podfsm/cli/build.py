"""The command `podfsm build`."""

from pathlib import Path

import click

from podfsm.cli import options
from podfsm.requests import BuildRequest, Cluster, Lang, Output


@click.command(
    short_help="Prove the tables; write generated/ and diagrams/.",
    epilog=options.examples(
        {
            "podfsm build": "in a checkout: write what the tables give",
            "podfsm build --out there": 'anywhere: write it below the directory "there"',
            "podfsm build --check": "write nothing; is what is committed up to date?",
            "podfsm build --check --tables changed": "write nothing; do all checks hold on other tables?",
            "podfsm build --check -o json": "the same, for programs: sizes, verdicts, coverage, files",
        }
    ),
)
@click.option("--check", is_flag=True, is_eager=True, help="Write nothing; fail where the committed files differ.")
@options.out("Write below DIR instead of the checkout around the working directory.", directory=True)
@options.cluster
@options.output
@options.lang
@options.tables
def build(
    check: bool,
    out: Path | None,
    cluster: Cluster,
    output: Output,
    lang: Lang,
    tables: Path | None,
) -> int:
    """Validate the tables, prove every property on the shipped configurations, and write generated/ and diagrams/.

    All is of the default Kubernetes and its default gates, as is and as intended; others are refused, and are for
    podfsm verify.

    Exit status: 0 fine; 1 a check fails or a file differs; 2 bad usage, or tables that do not load; 3 a limit of the
    exploration was met.
    """
    from podfsm.build import run

    return run(BuildRequest(check=check, out=out, cluster=cluster, output=output, lang=lang, tables=tables))
