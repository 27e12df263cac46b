"""The command `podfsm draw`."""

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import click

from podfsm.cli import options
from podfsm.requests import Cluster, Defects, DrawRequest, Lang, PictureFormat


@click.command()
@click.argument("view", required=False)
@options.manifests(multiple=False)
@options.out("Write the picture to FILE.  [default: a file here, named after VIEW or the pod]")
@click.option(
    "--format",
    "picture_format",
    type=click.Choice(get_args(PictureFormat)),
    help="Form of the picture.  [default: by the suffix of FILE, else svg]",
)
@click.option("--current", multiple=True, metavar="NODE", help="Highlight a node, such as a phase; repeatable.")
@click.option("--dot", metavar="PROGRAM", help="Draw with this Graphviz program.  [default: graphviz-pure, or dot]")
@options.cluster
@options.lang
@options.tables
def draw(
    view: str | None,
    manifest: str | None,
    out: Path | None,
    picture_format: PictureFormat | None,
    current: tuple[str, ...],
    dot: str | None,
    kubernetes: str | None,
    gates: Mapping[str, bool],
    defects: Defects,
    lang: Lang,
    tables: Path | None,
) -> int:
    """Draw VIEW, or with -f the lifecycle of the pod in MANIFEST; without either, list what can be drawn."""
    from podfsm.draw import run

    return run(
        DrawRequest(
            view=view,
            manifest=manifest,
            out=out,
            format=picture_format,
            current=current,
            dot=dot,
            cluster=Cluster(kubernetes=kubernetes, gates=gates, defects=defects),
            lang=lang,
            tables=tables,
        )
    )
