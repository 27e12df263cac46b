"""The command `podfsm draw`."""

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import click

from podfsm.cli import options
from podfsm.requests import Cluster, Defects, DrawRequest, Lang, PictureFormat


@click.command(
    short_help="Draw a view of the tables, or the lifecycle of one pod.",
    epilog=options.examples(
        {
            "podfsm draw": "what can be drawn",
            "podfsm draw VIEW": "writes VIEW.svg",
            "podfsm draw VIEW --current NODE --out now.png": "",
            "podfsm draw -f pod.yaml --lang ko": "the lifecycle of this pod",
            "podfsm draw VIEW -f pod.yaml": "one view of this pod",
        }
    ),
)
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
@click.pass_context
def draw(
    context: click.Context,
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
    """Draw VIEW, or with -f the lifecycle of the pod in MANIFEST; without either, list what can be drawn.

    VIEW alone is drawn from the tables: what any pod can do. With -f, the pod is explored and only what it can do is
    drawn: all views of whole pods in one picture, or the one that VIEW names. --kubernetes, --gate and --defects say
    how it is explored, so they need -f.

    Exit status: 0 fine; 2 bad usage, an unknown VIEW or NODE, a manifest or tables that cannot be used, a pod that is
    too large to be explored, or no engine (the DOT is then written all the same).
    """
    from podfsm.draw import run

    _refuse_idle_options(context, view, manifest)
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


def _refuse_idle_options(context: click.Context, view: str | None, manifest: str | None) -> None:
    """Refuse options that would change nothing: whoever gives them expects something else."""
    exploring = {"kubernetes": "--kubernetes", "gates": "--gate", "defects": "--defects"}
    drawing = {"out": "--out", "picture_format": "--format", "current": "--current", "dot": "--dot"}
    idle = [] if manifest is not None else [name for key, name in exploring.items() if options.given(context, key)]
    if idle:
        raise click.UsageError(f"{' and '.join(idle)} say how a pod is explored; name its manifest with -f.")
    idle = [name for key, name in drawing.items() if options.given(context, key)]
    if idle and view is None and manifest is None:
        raise click.UsageError(f"{' and '.join(idle)} without a picture; name a VIEW, or a manifest with -f.")
