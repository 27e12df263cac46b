"""The command `podfsm verify`."""

from collections.abc import Mapping
from pathlib import Path

import click

from podfsm.cli import options
from podfsm.requests import Cluster, Defects, Lang, Output, VerifyRequest


@click.command()
@options.manifests(multiple=True)
@click.option("--property", "properties", multiple=True, metavar="ID", help="Judge this property only; repeatable.")
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Give up (UNDETERMINED) beyond N states of a pod."
)
@click.option("-v", "--verbose", is_flag=True, help="Tell every verdict, and the story of each refutation.")
@options.cluster
@options.output
@options.lang
@options.out("Write the result to FILE instead of standard output.")
@options.tables
def verify(
    manifests: tuple[str, ...],
    properties: tuple[str, ...],
    limit: int | None,
    verbose: bool,
    kubernetes: str | None,
    gates: Mapping[str, bool],
    defects: Defects,
    output: Output,
    lang: Lang,
    out: Path | None,
    tables: Path | None,
) -> int:
    """Explore everything that the pods of the manifests can do, and judge every property.

    MANIFEST holds any kinds with a pod template. Without -f, the shipped configurations are explored.
    """
    from podfsm.verify import run

    return run(
        VerifyRequest(
            manifests=manifests,
            properties=properties,
            limit=limit,
            cluster=Cluster(kubernetes=kubernetes, gates=gates, defects=defects),
            output=output,
            lang=lang,
            out=out,
            verbose=verbose,
            tables=tables,
        )
    )
