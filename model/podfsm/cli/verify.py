"""The command `podfsm verify`."""

from pathlib import Path

import click

from podfsm.cli import options
from podfsm.requests import Cluster, Lang, Output, VerifyRequest


@click.command(
    short_help="Explore and judge everything that a pod can do.",
    epilog=options.examples(
        {
            "podfsm verify -f pod.yaml": "",
            "kubectl get deployment web -o yaml | podfsm verify -f -": "",
            "podfsm verify -f pod.yaml --property ID": "one property, with its story",
            "podfsm verify -f pod.yaml --limit 20000000": "explore a large pod, however long it takes",
            "podfsm verify -f pod.yaml --out verdicts.json": "",
        }
    ),
)
@options.manifests(multiple=True)
@click.option("--property", "properties", multiple=True, metavar="ID", help="Judge this property only; repeatable.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Explore up to N states of a pod, however long it takes, and give up (UNDETERMINED) beyond.",
)
@click.option("-v", "--verbose", is_flag=True, help="Tell every verdict, and the story of each refutation.")
@options.cluster
@options.output
@options.lang
@options.out("Write the result to FILE instead of standard output; JSON if its name ends in .json.")
@options.tables
@click.pass_context
def verify(
    context: click.Context,
    manifests: tuple[str, ...],
    properties: tuple[str, ...],
    limit: int | None,
    verbose: bool,
    cluster: Cluster,
    output: Output,
    lang: Lang,
    out: Path | None,
    tables: Path | None,
) -> int:
    """Explore everything that the pods of the manifests can do, and judge every property.

    MANIFEST holds Pods or any kind with a pod template (Deployment, Job, CronJob, List, ...). Without -f, all shipped
    configurations are explored, which takes a minute or more.

    The answer tells what was explored, then findings on this pod, then properties: PROVED, REFUTED or UNDETERMINED, as
    Kubernetes is and as it is intended to be. A large pod is made smaller first, and the answer says how.

    Exit status: 0 every verdict is as expected; 1 one is not; 2 bad usage, or a manifest that cannot be read or that
    the API server would refuse; 3 something is UNDETERMINED. Where several apply, 2 goes before 1 and 1 before 3.
    """
    from podfsm.verify import run

    return run(
        VerifyRequest(
            manifests=manifests,
            properties=properties,
            limit=limit,
            cluster=cluster,
            output=options.form(context, output, out),
            lang=lang,
            out=out,
            verbose=verbose,
            tables=tables,
        )
    )
