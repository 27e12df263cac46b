"""The command `podfsm show`."""

from pathlib import Path

import click

from podfsm.cli import options
from podfsm.requests import Cluster, Lang, Output, ShowRequest


@click.command(
    short_help="Explain a row, property, state, reason or defect.",
    epilog=options.examples(
        {
            "podfsm show ID": "",
            "podfsm show ID --lang ko -o json": "",
            "podfsm show ID --kubernetes 1.33": "and does it count there?",
        }
    ),
)
@click.argument("id_", metavar="ID")
@options.cluster
@options.output
@options.lang
@options.tables
def show(
    id_: str,
    cluster: Cluster,
    output: Output,
    lang: Lang,
    tables: Path | None,
) -> int:
    """Explain the row, property, state, reason or defect ID, with its why and citation.

    ID is what tables, drawings, stories and findings name; a wrong one lists those that are like it. Of what depends on
    a feature gate or a defect it says where --kubernetes, --gate and --defects leave it out.

    Exit status: 0 fine; 2 nothing has that name, bad usage, or tables that do not load.
    """
    from podfsm.show import run

    return run(ShowRequest(id=id_, cluster=cluster, output=output, lang=lang, tables=tables))
