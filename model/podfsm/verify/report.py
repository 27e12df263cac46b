"""The answer of `podfsm verify -o json`, as ``schemas/verify.schema.json`` describes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from podfsm.explore.prove import Step
from podfsm.language.world import World
from podfsm.observe.answer import write
from podfsm.observe.manifest import Note
from podfsm.verify.judgement import Judged, Outcome

#: Name of the binding of the tables that writes the containers of a pod.
BINDING = "verify"

#: Integers below this are exact in every JSON reader.
EXACT = 1 << 53


def as_json(outcomes: Sequence[Outcome], minor: str, notes: Sequence[Note] = ()) -> dict[str, Any]:
    """Write everything as a JSON object."""
    return {
        "schema": 1,
        "kubernetes": minor,
        "notes": [{"place": note.place, "text": note.text, "mend": note.mend} for note in notes],
        "pods": [_pod(outcome) for outcome in outcomes],
    }


def _pod(outcome: Outcome) -> dict[str, Any]:
    result = outcome.exploration.result if outcome.exploration is not None else None
    estimate = outcome.plan.estimate
    return {
        "name": outcome.subject.name,
        "namespace": outcome.subject.namespace,
        "kind": outcome.subject.kind,
        "configuration": configuration_of(outcome),
        "states": len(result) if result is not None else 0,
        "transitions": result.n_transitions if result is not None else 0,
        "depth": result.depth if result is not None else 0,
        "seconds": round(outcome.seconds, 3),
        "properties": [_property(judged) for judged in outcome.judged],
        "not_applicable": [{"id": name, "why": why} for name, why in outcome.not_applicable.items()],
        "findings": [
            {"id": found.finding.id, "subject": found.subject, "text": found.text}
            | ({"defect": found.finding.defect} if found.finding.defect else {})
            for found in outcome.findings
        ],
    } | ({"estimate": estimate.states if estimate.states < EXACT else float(estimate.states)} if estimate else {})


def configuration_of(outcome: Outcome) -> dict[str, Any]:
    """Tell what of the pod was explored: containers, features, bounds of counters, reductions."""
    configuration = outcome.plan.configuration
    return {
        "containers": containers_of(outcome),
        "features": list(configuration.features),
        "counters": counters_of(outcome),
        "reduced": list(configuration.reduced),
    }


def containers_of(outcome: Outcome) -> list[dict[str, Any]]:
    """Return the containers of the pod, as the binding `verify` of the tables writes them."""
    program = outcome.system.program
    binding = program.model.bindings.get(BINDING)
    if binding is None:
        return []
    world = World(program, outcome.subject.configuration.document)
    found: list[dict[str, Any]] = write(binding.out, world, (world.root,))
    return found


def counters_of(outcome: Outcome) -> dict[str, int]:
    """How far each counter counts; its last value stands for all that are greater."""
    system, found = outcome.system, dict[str, int]()
    for members, variables in zip(system.component_elements, system.variables, strict=True):
        for at, index, name, bound in variables:
            variable = system.program.fields[members[at].collection.id][index].variable
            explored = system.machines is None or (variable is not None and variable.machine in system.machines)
            if bound is not None and explored:
                found[name] = bound
    return found


def _property(judged: Judged) -> dict[str, Any]:
    verdict = judged.verdict
    found: dict[str, Any] = {
        "id": verdict.property,
        "mode": verdict.mode,
        "verdict": verdict.verdict,
        "expected": judged.expected,
    }
    if verdict.trace:
        found["trace"] = [_step(step) for step in verdict.trace]
    return found


def _step(step: Step) -> dict[str, Any]:
    return {"event": event_of(step), "rows": list(step.rows), **dict(step.shows)}


def event_of(step: Step) -> str:
    """Write an event with the arguments that were chosen, such as ``container.exit@container/app(code=1)``."""
    arguments = ", ".join(f"{name}={value}" for name, value in step.arguments)
    return f"{step.event}({arguments})" if arguments else step.event
