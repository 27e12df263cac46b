"""The command `podfsm draw`."""

from pathlib import Path
from typing import get_args

import click

from podfsm.cli import options
from podfsm.requests import Cluster, DrawRequest, Lang, Output, PictureFormat


@click.command(
    short_help="Draw a view of the tables, or the lifecycle of one pod.",
    epilog=options.examples(
        {
            "podfsm draw": "what can be drawn",
            "podfsm draw VIEW": "writes VIEW.svg",
            "podfsm draw VIEW --current NODE --out now.png": "",
            "podfsm draw -f pod.yaml --lang ko": "the lifecycle of this pod",
            "podfsm draw VIEW -f pod.yaml": "one view of this pod",
            "podfsm draw VIEW --property ID": "the path of its counterexample",
            "podfsm verify -f pod.yaml -o json | podfsm draw -f pod.yaml --trace - --property ID": "",
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
@click.option(
    "--trace",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Draw a counterexample of FILE, which podfsm verify -o json has written.",
)
@click.option("--property", "property_", metavar="ID", help="The property whose counterexample is drawn.")
@click.option("--dot", metavar="PROGRAM", help="Draw with this Graphviz program.  [default: graphviz-pure, or dot]")
@options.cluster
@options.output
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
    trace: str | None,
    property_: str | None,
    dot: str | None,
    cluster: Cluster,
    output: Output,
    lang: Lang,
    tables: Path | None,
) -> int:
    """Draw VIEW, or with -f the lifecycle of the pod in MANIFEST; without either, list what can be drawn.

    VIEW alone is drawn from the tables: what any pod can do. With -f, the pod is explored and only what it can do is
    drawn: all views of whole pods in one picture, or the one that VIEW names.

    With --trace or --property, a counterexample is drawn: in VIEW, with its states and arrows highlighted and its steps
    numbered, or without VIEW as a chain of states. It is read from FILE (-f names the manifest that verify was given),
    or else looked for: on the pod of the manifest, or on the shipped configurations, the small ones first.

    --kubernetes, --gate and --defects say how pods are explored, so they need -f, --trace or --property.

    Exit status: 0 fine; 2 bad usage, an unknown VIEW, NODE or ID, a property without a counterexample, a manifest,
    trace or tables that cannot be used, a pod that is too large to be explored, or no engine (the DOT is then written
    all the same).
    """
    from podfsm.draw import run

    _refuse_idle_options(context, view, manifest, tells=trace is not None or property_ is not None)
    return run(
        DrawRequest(
            view=view,
            manifest=manifest,
            out=out,
            format=picture_format,
            current=current,
            trace=trace,
            property=property_ or "",
            dot=dot,
            cluster=cluster,
            output=output,
            lang=lang,
            tables=tables,
        )
    )


def _refuse_idle_options(context: click.Context, view: str | None, manifest: str | None, *, tells: bool) -> None:
    """Refuse options that would change nothing: whoever gives them expects something else."""
    exploring = {"kubernetes": "--kubernetes", "gates": "--gate", "defects": "--defects"}
    drawing = {"out": "--out", "picture_format": "--format", "current": "--current", "dot": "--dot"}
    explores = manifest is not None or tells
    idle = [] if explores else [name for key, name in exploring.items() if options.given(context, key)]
    if idle:
        raise click.UsageError(f"{' and '.join(idle)} say how a pod is explored; name its manifest with -f.")
    if tells and options.given(context, "current"):
        raise click.UsageError("--current and a counterexample cannot be highlighted in one picture; choose one.")
    idle = [name for key, name in drawing.items() if options.given(context, key)]
    if idle and view is None and not explores:
        raise click.UsageError(f"{' and '.join(idle)} without a picture; name a VIEW, or a manifest with -f.")
