"""The command `podfsm explain`: where pods are, why, what comes next, and what can still become of them.

`reading` reads Pod objects, `outlook` finds the states of the model that look like an object and the goals that these
can reach, `alike` says which pods go on alike, `telling` puts together what is told, `report` writes it, `picture`
draws it, `kubectl` asks a cluster.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from podfsm.errors import PodfsmError
from podfsm.requests import ExplainRequest, Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from podfsm.explain.reading import SeenPod
    from podfsm.explain.telling import Teller, Told
    from podfsm.language.evaluate import Program
    from podfsm.language.model import Model

POSSIBLE: Final = 10
"""Exit status where the goal can still be reached."""

IMPOSSIBLE: Final = 11
"""Exit status where it cannot."""

_STATUS: Final = {"reached": Status.FINE, "possible": POSSIBLE, "impossible": IMPOSSIBLE}


def run(request: ExplainRequest) -> int:
    """Explain the pods of the request, and return the exit status.

    Raises
    ------
    PodfsmError
        If tables or pods cannot be used, kubectl fails, or the goal is unknown.
    """
    from podfsm.language import kubernetes, tables
    from podfsm.language.evaluate import Program

    model = tables.loaded(str(request.tables)) if request.tables is not None else tables.shipped()
    known = [one.of for one in model.explanations.values() if one.about == "goal"]
    if request.goal is not None and request.goal not in known:
        raise PodfsmError(f"unknown goal {request.goal!r}; known: {', '.join(known)}")
    cluster = request.cluster
    program = Program(model, kubernetes.gates(model, cluster.kubernetes or "", cluster.gates), cluster.defects)
    pods = _pods(request, program)
    if request.diagram is not None and len(pods) != 1:
        raise PodfsmError(f"there are {len(pods)} pods; --diagram draws one, so give one")
    teller = _teller(request, model, program)
    told = _told(request, teller, pods)
    _write(request, model, told)
    if request.diagram is not None:
        _draw(request, request.diagram, teller, pods[0])
    if request.goal is None:
        return Status.FINE
    found = [_STATUS[goal.verdict] for one in told for goal in one.goals if goal.id == request.goal]
    return max(found, default=Status.FINE)


def _pods(request: ExplainRequest, program: Program) -> list[SeenPod]:
    from podfsm.explain.kubectl import get_pods
    from podfsm.explain.reading import pods_of, read_pods

    sources = [pods_of(get_pods(request.names, request.namespace), "kubectl", program)] if request.names else []
    sources += [read_pods(name, program) for name in request.files or (() if request.names else ("-",))]
    for _, notes in sources:
        for note in notes:
            request.console.error(f"note: {note}")
    return [pod for pods, _ in sources for pod in pods]


def _teller(request: ExplainRequest, model: Model, program: Program) -> Teller:
    # Imported only now: what explores loads numba, and a refusal should not wait for that.
    from podfsm.explain.outlook import Explorer
    from podfsm.explain.telling import Teller

    cluster = request.cluster
    explorer = Explorer(model, cluster.kubernetes or "", cluster.gates, cluster.defects)
    return Teller(explorer, program, request.lang)


def _told(request: ExplainRequest, teller: Teller, pods: Sequence[SeenPod]) -> list[Told]:
    from podfsm.language.world import DocumentError

    told: list[Told] = []
    problems: list[str] = []
    with request.console.progress("explaining", total=len(pods)) as shown:
        for pod in pods:
            try:
                told.append(teller.tell(pod))
            except DocumentError as error:
                problems += [f"{pod.place}: {message}" for message in error.messages]
            shown.advance()
    if problems:
        raise PodfsmError(problems)
    return told


def _draw(request: ExplainRequest, path: Path, teller: Teller, pod: SeenPod) -> None:
    """Draw the lifecycle of a pod; what is said of the file goes to standard error."""
    from podfsm.explain.picture import lifecycle, write_picture

    write_picture(path, lifecycle(teller.model, teller.outlook(pod), pod.name, request.lang))
    request.console.error(str(path))


def _write(request: ExplainRequest, model: Model, told: Sequence[Told]) -> None:
    from podfsm.explain.report import Printer, as_json
    from podfsm.files import write_atomically

    if request.output == "json":
        text = json.dumps(as_json(told), ensure_ascii=False, indent=2) + "\n"
    else:
        printer = Printer(model, request.console, request.lang)
        text = "\n".join("\n".join(printer.lines(one)) + "\n" for one in told)
    if request.out is not None:
        write_atomically(request.out, text)
    else:
        request.console.write(text)
