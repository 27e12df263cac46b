"""The command `podfsm verify`: everything that a pod can do, proved or refuted.

For each pod: `subjects` says what it is, `size` what of it can be explored, `judgement` explores it and compares every
verdict with what is expected, `findings` remarks on the manifest, `report` and `text` write the answer.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from podfsm.requests import Status, VerifyRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from podfsm.explore.search import Progress
    from podfsm.language.model import Model, Property
    from podfsm.observe.manifest import Note
    from podfsm.verify.judgement import Outcome
    from podfsm.verify.subjects import Subject

MODES = {"as-is": ("as-is", "intended"), "intended": ("intended",)}
"""Modes that are judged, by the option ``--defects``."""


def run(request: VerifyRequest) -> int:
    """Explore the pods of the request, print verdicts and findings, and return the exit status.

    Raises
    ------
    PodfsmError
        If tables or manifests cannot be used, or a property is unknown.
    """
    from podfsm.language import kubernetes, tables
    from podfsm.verify.subjects import shipped_subjects, subjects_of

    model = tables.loaded(str(request.tables)) if request.tables is not None else tables.shipped()
    properties = chosen_properties(model, request.properties)
    notes: tuple[Note, ...] = ()
    if request.manifests:
        subjects, notes = subjects_of(request.manifests, model, request.cluster)
        for note in notes:
            request.console.error(f"note: {note}")
    else:
        subjects = shipped_subjects(model, request.cluster)
    # Imported only now: what explores loads numba, and a refusal should not wait for that.
    from podfsm.verify.judgement import demand_refutations

    outcomes = _judge(request, model, subjects, properties)
    if not request.manifests:
        demand_refutations(outcomes, properties)
    minor = request.cluster.kubernetes or kubernetes.default_minor(model)
    _write(request, model, outcomes, minor, notes)
    return Status.worst(*(outcome.status for outcome in outcomes))


def chosen_properties(model: Model, names: Sequence[str]) -> list[Property]:
    """Return the properties of these names, or all.

    Raises
    ------
    PodfsmError
        For every name that is unknown, with the nearest known ones.
    """
    from podfsm.errors import PodfsmError
    from podfsm.names import nearest

    unknown = [name for name in names if name not in model.properties]
    if unknown:
        raise PodfsmError([f"unknown property {name!r}; {nearest(name, model.properties)}" for name in unknown])
    return [one for one in model.properties.values() if not names or one.id in names]


def _judge(
    request: VerifyRequest, model: Model, subjects: Sequence[Subject], properties: Sequence[Property]
) -> list[Outcome]:
    from podfsm.verify.judgement import verify_subject

    outcomes: list[Outcome] = []
    modes, limit, lang = MODES[request.cluster.defects], request.limit, request.lang
    with request.console.progress("verifying", total=None if len(subjects) == 1 else len(subjects)) as shown:

        def report(title: str, progress: Progress | None) -> None:
            size = f", {progress.states:,} states, level {progress.level}" if progress is not None else ""
            shown.describe(title + size)

        for subject in subjects:
            outcomes.append(verify_subject(model, subject, properties, modes, limit, lang, report, tuple(outcomes)))
            shown.advance()
    return outcomes


def _write(
    request: VerifyRequest, model: Model, outcomes: Sequence[Outcome], minor: str, notes: Sequence[Note]
) -> None:
    from podfsm.files import write_atomically
    from podfsm.verify.report import as_json
    from podfsm.verify.text import Printer

    if request.output == "json":
        text = json.dumps(as_json(outcomes, minor, notes), ensure_ascii=False, indent=2) + "\n"
    else:
        # Who asks for properties by name wants to know all about them.
        verbose = request.verbose or bool(request.properties)
        printer = Printer(model, request.console, request.lang, colour=request.out is None, verbose=verbose)
        gates, modes = request.cluster.gates, MODES[request.cluster.defects]
        parts = [printer.first_line(minor, gates, modes) + "\n"]
        parts += ["\n".join(printer.lines(outcome, gates)) + "\n" for outcome in outcomes]
        if len(outcomes) > 1:
            parts.append(printer.last_line(outcomes) + "\n")
        text = "\n".join(parts)
    if request.out is not None:
        write_atomically(request.out, text)
    else:
        request.console.write(text)
