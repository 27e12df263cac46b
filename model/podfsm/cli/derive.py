"""The command `podfsm derive`."""

from pathlib import Path

import click

from podfsm.cli import options
from podfsm.requests import Cluster, DeriveRequest, Lang, Output


@click.command(
    short_help="Answer lines of JSON as a decision table or small machine does.",
    epilog=options.examples(
        {
            "podfsm derive --list": "the tables",
            "podfsm derive --list -o json --lang ko": "with their titles",
            "podfsm derive phase pods.jsonl": "a line of answer for each line",
            """echo '{"in": {"seconds": 90}}' | podfsm derive duration""": "",
        }
    ),
)
@click.argument("table", required=False)
@click.argument("file", default="-", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--list", "list_", is_flag=True, help="Name the tables, one a line.")
@options.max_document("lines")
@options.cluster
@options.output
@options.lang
@options.out("Write the answers to FILE instead of standard output.")
@options.tables
def derive(
    table: str | None,
    file: str,
    list_: bool,
    max_document: int,
    cluster: Cluster,
    output: Output,
    lang: Lang,
    out: Path | None,
    tables: Path | None,
) -> int:
    """Answer each line {"in": ...} of FILE, or of standard input, with a line {"out": ...}, as TABLE says.

    TABLE is a decision table or a small machine of the kubelet, the API server or kubectl; in holds what the function
    of Kubernetes takes, such as a pod. A line that cannot be answered gives {"error": {"line", "what"}} in its place.
    Feature gates in a line (in.gates) go before --gate. Answers are lines of JSON, whatever -o says; it is for --list.

    Exit status: 0 fine; 2 a line could not be answered, bad usage (an unknown TABLE lists some), or tables that do not
    load.
    """
    if list_ == (table is not None):
        raise click.UsageError("Give the name of a table, or --list for all names.")

    from podfsm.observe.command import run

    return run(
        DeriveRequest(
            table=table,
            file=file,
            cluster=cluster,
            out=out,
            max_document=max_document,
            output=output,
            lang=lang,
            tables=tables,
        )
    )
