"""The sections that `verify` reads: findings, the features that a pod can meet, and the order of reductions.

A finding is a remark on one pod. It applies to the elements of its collection for which the constant condition `where`
holds, and is shown for those on which every one of its conditions holds on what was explored:

============== =======================================================================================================
``reachable``  some state has it
``never``      no state has it
``always``     every state has it
``step``       some step has it
``never-step`` no step has it
``stuck``      some state has it, and nothing that Kubernetes does by itself leads out of it
============== =======================================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from podfsm.language.analysis import Analysis
from podfsm.language.model import Chosen, Finding, Model, Reduction
from podfsm.language.resolve import Context
from podfsm.language.source import Cell, Place, Problems

if TYPE_CHECKING:
    from podfsm.language.load import Loader

#: What a finding may ask about what was explored.
FORMS = ("reachable", "never", "always", "step", "never-step", "stuck")

#: Those that look at the states before and after a step.
STEPS = ("step", "never-step")


@dataclass(frozen=True, slots=True)
class Verification:
    """What the three sections say."""

    findings: Mapping[str, Finding]
    chosen: Mapping[str, Chosen]
    reductions: Mapping[str, Reduction]


def read_verification(loader: Loader) -> Verification:
    """Read the three sections; problems are added to those of the loader."""
    findings = [_finding(loader, *entry) for entry in loader.entries("findings")]
    chosen = {name: _chosen(loader, name, cell, place) for name, cell, place in loader.entries("explored-features")}
    reductions = {name: _reduction(loader, name, cell, place) for name, cell, place in loader.entries("reductions")}
    return Verification({f.id: f for f in findings if f is not None}, chosen, reductions)


def _finding(loader: Loader, name: str, cell: Cell, place: Place) -> Finding | None:
    loader.unique(name, place)
    collection = loader.text(cell, "per")
    if collection not in loader.collections:
        loader.problems.unknown(cell.value["per"].place, "collection", collection, loader.collections)
        return None
    for section, key in (("defects", "defect"), ("features", "features")):
        _check_words(loader, section, key, cell)
    where = cell.get("where")
    return Finding(
        id=name,
        collection=collection,
        where=loader.resolver.condition(where, Context([collection])) if where is not None else None,
        conditions=tuple(
            (form, loader.resolver.condition(cell.value[form], Context([collection], in_step=form in STEPS)))
            for form in FORMS
            if cell.get(form) is not None
        ),
        features=loader.words(cell.get("features")),
        text=loader.resolver.template(cell.value["text"], Context([collection])),
        defect=loader.text(cell, "defect"),
        why=loader.text(cell, "why"),
        cite=loader.text(cell, "cite"),
        place=place,
        translations={
            language: loader.resolver.template(texts.value[f"{name} text"], Context([collection]))
            for language, texts, _ in loader.entries("texts")
            if texts.get(f"{name} text") is not None
        },
    )


def _chosen(loader: Loader, name: str, cell: Cell, place: Place) -> Chosen:
    if name not in loader.named["features"]:
        loader.problems.unknown(place, "feature", name, loader.named["features"])
    when = cell.get("when")
    return Chosen(
        feature=name,
        when=loader.resolver.condition(when, Context([loader.root])) if when is not None else None,
        why=loader.text(cell, "why"),
        place=place,
    )


def _reduction(loader: Loader, name: str, cell: Cell, place: Place) -> Reduction:
    loader.unique(name, place)
    _check_words(loader, "features", "without", cell)
    names = [f.name for fields in loader.fields.values() for f in fields.values() if f.variable is not None]
    counters = {}
    for counter, bound in (cell.get("counters") or Cell({}, place)).items():
        if counter not in names:
            loader.problems.unknown(bound.place, "variable", counter, names)
        if not bound.text.isdecimal() or not int(bound.text):
            loader.problems.add(bound.place, f"{bound.text!r} is no bound of a counter", "write 1 or more")
        else:
            counters[counter] = int(bound.text)
    return Reduction(
        id=name,
        features=loader.words(cell.get("without")),
        counters=counters,
        title=loader.text(cell, "title"),
        why=loader.text(cell, "why"),
        place=place,
    )


def _check_words(loader: Loader, section: str, key: str, cell: Cell) -> None:
    for word in loader.words(cell.get(key)):
        if word not in loader.named[section]:
            loader.problems.unknown(cell.value[key].place, section.removesuffix("s"), word, loader.named[section])


def check_verification(model: Model, problems: Problems) -> None:
    """Check that what selects elements and features is constant in one pod, as are the texts."""
    found = Analysis(model)
    for finding in model.findings.values():
        constant = [("where", finding.where), ("text", finding.text)]
        for key, formula in constant:
            if formula is not None and found.level_of_expr(formula.expr) != "static":
                mend = "put it into `reachable`, `never`, `always`, `step` or `stuck`" if key == "where" else "name it"
                problems.add(formula.place, f"`{key}` of {finding.id} reads what changes in the life of a pod", mend)
    for chosen in model.chosen.values():
        if chosen.when is not None and found.level_of_expr(chosen.when.expr) != "static":
            what = f"`when` of {chosen.feature} reads what changes in the life of a pod"
            problems.add(chosen.when.place, what, "ask about the spec only")
