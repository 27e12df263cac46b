"""What is verified: the pods of manifests, or the configurations that the tables ship."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from podfsm.explore import configuration
from podfsm.explore.configuration import Configuration
from podfsm.language import kubernetes
from podfsm.language.evaluate import Program
from podfsm.language.model import Model
from podfsm.language.world import World
from podfsm.observe.manifest import Note, PodShape, read_manifests
from podfsm.requests import Cluster


@dataclass(frozen=True)
class Subject:
    """One pod to verify.

    Attributes
    ----------
    name, namespace, kind
        Of the object that holds the pod; of a shipped configuration its name, and no kind.
    place
        Where it was read, for people.
    configuration
        What is to be explored of it, if it is not too large.
    shipped
        Whether it is a shipped configuration, for which the tables give the expected verdicts.
    """

    name: str
    namespace: str
    kind: str
    place: str
    configuration: Configuration
    shipped: bool = False


def shipped_subjects(model: Model, cluster: Cluster) -> list[Subject]:
    """Return all configurations of the tables, under the gates of the cluster."""
    minor = cluster.kubernetes or ""
    found = []
    for one in configuration.shipped(model):
        gates = {**one.gates, **cluster.gates}
        kubernetes.gates(model, minor, gates)
        found.append(Subject(one.id, "", "", "", replace(one, minor=minor, gates=gates), shipped=True))
    return found


def subjects_of(names: Iterable[str], model: Model, cluster: Cluster) -> tuple[list[Subject], tuple[Note, ...]]:
    """Read the pods of manifest files, and remarks on these.

    Raises
    ------
    PodfsmError
        If a manifest cannot be read, or the API server would refuse it.
    """
    minor = cluster.kubernetes or ""
    program = Program(model, kubernetes.gates(model, minor, cluster.gates))
    reading = read_manifests(tuple(names), program)
    return [_subject(pod, program, minor, cluster) for pod in reading.pods], reading.notes


def _subject(pod: PodShape, program: Program, minor: str, cluster: Cluster) -> Subject:
    at = f", {pod.place}" if pod.place else ""
    return Subject(
        name=pod.name,
        namespace=pod.namespace,
        kind=pod.kind,
        place=f"{pod.file}: document {pod.document}{at}",
        configuration=Configuration(
            id=pod.name,
            document=pod.pod,
            features=features_of(program, World(program, pod.pod)),
            minor=minor,
            gates=dict(cluster.gates),
        ),
    )


def features_of(program: Program, world: World) -> tuple[str, ...]:
    """Find the features that a pod can meet (section `explored-features:`), in the order of `features:`."""
    met = [
        chosen.feature
        for chosen in program.model.chosen.values()
        if chosen.when is None or program.cached_closure(chosen.when)((world.root,), None)
    ]
    return tuple(name for name in program.model.named["features"] if name in met)
