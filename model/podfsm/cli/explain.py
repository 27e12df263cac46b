"""The command `podfsm explain`, which is also the kubectl plugin ``kubectl podfsm``."""

import sys
from pathlib import Path

import click

from podfsm.cli import options
from podfsm.requests import Cluster, ExplainRequest, Lang, Output


def _need_input(context: click.Context, names: tuple[str, ...], files: tuple[str, ...], namespace: str | None) -> None:
    if namespace is not None and not names:
        raise click.UsageError("-n says where to look for a pod by its NAME; give one.", context)
    if any(name.startswith("-") for name in names):
        raise click.UsageError("The NAME of a pod does not begin with a hyphen.", context)
    if not names and not files and sys.stdin.isatty():
        raise click.UsageError("Name a pod, or give a file with -f, or pipe in what kubectl prints.", context)


@click.command(
    epilog=options.examples(
        {
            "kubectl get pod app -o json | podfsm explain": "",
            "podfsm explain app -n shop": "asks kubectl itself",
            "podfsm explain -f pods.yaml -o json": "",
            "podfsm explain app --goal ready": "10: not yet; 11: never, so stop waiting",
        }
    )
)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@options.manifests(multiple=True)
@click.option("-n", "--namespace", metavar="NAMESPACE", help="Where kubectl looks for the pods.")
@click.option("--goal", metavar="GOAL", help="Exit by whether GOAL is reached: ready, succeeded, failed or gone.")
@click.option(
    "--diagram",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    callback=options.in_directory,
    metavar="FILE",
    help="Draw the lifecycle with the present state of the pod to FILE: svg, png, pdf or dot.",
)
@options.cluster
@options.output
@options.lang
@options.out("Write the result to FILE instead of standard output; JSON if its name ends in .json.")
@options.tables
@click.pass_context
def explain(
    context: click.Context,
    names: tuple[str, ...],
    manifests: tuple[str, ...],
    namespace: str | None,
    goal: str | None,
    diagram: Path | None,
    cluster: Cluster,
    output: Output,
    lang: Lang,
    out: Path | None,
    tables: Path | None,
) -> int:
    """Explain pods: where they are, why, what comes next, what they wait for, and what can still become of them.

    Pods are read from standard input, from files (JSON or YAML, as kubectl prints them), or by NAME through kubectl.

    What can still happen counts what the kubelet, the container runtime, the clock and controllers do, not what a user
    might. "Impossible" is said only if no state that looks like the pod leads there.

    Exit status: 0 fine; 2 bad usage or unreadable input. With --goal: 0 reached; 10 still possible; 11 no longer
    possible; of several pods the greatest.
    """
    from podfsm.explain import run

    _need_input(context, names, manifests, namespace)
    return run(
        ExplainRequest(
            names=names,
            namespace=namespace,
            files=manifests,
            goal=goal,
            diagram=diagram,
            cluster=cluster,
            output=options.form(context, output, out),
            lang=lang,
            out=out,
            tables=tables,
        )
    )
