"""The command `podfsm conform`."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import click

from podfsm.cli import options
from podfsm.requests import Cluster, ConformRequest, Lang


@click.command(
    epilog=options.examples(
        {
            "kubectl get pods -A -w -o json --output-watch-events | podfsm conform": "",
            "kubectl get pod app -o yaml | podfsm conform": "one snapshot",
            "podfsm conform watch.jsonl -o junit --out report.xml": "for a CI system",
            "podfsm conform --writer any fake.jsonl": "only what the API server enforces",
        }
    )
)
@click.argument("file", default="-", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option(
    "--writer",
    type=click.Choice(["kubelet", "any"]),
    default="kubelet",
    show_default=True,
    help="Who writes status: only Kubernetes itself, or anybody (then only what the API server enforces is judged).",
)
@click.option("--strict", is_flag=True, help="Take steps that only a defect of Kubernetes allows as violations.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "junit", "sarif"]),
    default="text",
    show_default=True,
    help="Form of the output; json is one record a line.",
)
@options.max_document("documents")
@options.cluster
@options.out("Write the result to FILE, when the stream ends, instead of standard output.")
@options.lang
@options.tables
def conform(
    file: str,
    writer: Literal["kubelet", "any"],
    strict: bool,
    output: Literal["text", "json", "junit", "sarif"],
    max_document: int,
    cluster: Cluster,
    out: Path | None,
    lang: Lang,
    tables: Path | None,
) -> int:
    """Judge whether FILE, or standard input, obeys the pod lifecycle: which rule breaks, at which event.

    It holds watch events or pods, of many pods in any order: JSON Lines of {"type", "object"}, what kubectl prints with
    --output-watch-events, lists, or a YAML or JSON snapshot. What is found is printed at once, so that a live watch can
    be piped in; Ctrl-C ends it with the summary.

    Exit status: 0 it conforms; 1 violations; 2 bad usage or unreadable input.
    """
    from podfsm.observe.conform import run

    return run(
        ConformRequest(
            file=file,
            writer=writer,
            max_document=max_document,
            cluster=replace(cluster, defects="intended") if strict else cluster,
            output=output,
            lang=lang,
            out=out,
            tables=tables,
        )
    )
