"""A sample of the changes that `mutants` tries: each is found, and the row is named."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from podfsm.explore.configuration import Configuration
from podfsm.explore.prove import explore_configuration
from podfsm.language import tables
from podfsm.language.load import load

# `build` is also the name of a well-known package, so that this folder cannot be imported from.
_spec = importlib.util.spec_from_file_location("podfsm_mutants", Path(__file__).with_name("mutants.py"))
assert _spec is not None
assert _spec.loader is not None
mutants: Any = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = mutants
_spec.loader.exec_module(mutants)


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Only the folder of recorded answers that a test asks for is compared."""
    return mutants.Trial(tmp_path_factory.mktemp("mutants"))


def test_every_row_and_edge_is_an_entry(trial: Any) -> None:
    found = {entry.id for entry in mutants.entries(trial.files)}
    model = tables.shipped()
    assert {row.id for row in model.rows()} <= found
    assert {edge.id for view in model.views.values() for edge in view.edges} <= found


@pytest.mark.parametrize("part", range(3))
def test_what_is_deleted_is_named(trial: Any, part: int) -> None:
    entries = list(mutants.entries(trial.files))
    entry = entries[(2 * part + 1) * len(entries) // 6]
    found = trial.attempt(next(mutants.mutants(trial.files, entry)))
    assert found.check in ("loading", "pins")
    assert found.named


@pytest.mark.parametrize(
    ("folder", "row", "change"),
    [
        ("restart", "restart.own-never", "negate when"),
        ("kill-grace", "kill-period.liveness", "negate when"),
        ("endpoints", "in-endpoints.terminating", "negate when"),
    ],
)
def test_what_is_changed_is_found(trial: Any, folder: str, row: str, change: str) -> None:
    trial.seen = {f"vectors of {folder}": {"s": 1, "seen": [row]}}
    (entry,) = (entry for entry in mutants.entries(trial.files) if entry.id == row)
    (mutant,) = (mutant for mutant in mutants.mutants(trial.files, entry) if mutant.change == change)
    found = trial.attempt(mutant)
    assert found.check in ("loading", f"vectors of {folder}")
    assert found.named
    assert any(f"row {row} is changed" in text for text in found.said)


def test_a_toleration_that_outlives_the_return_of_the_node_is_refuted(trial: Any) -> None:
    """No recorded answer tells of lost nodes: properties of their steps do."""
    (entry,) = (entry for entry in mutants.entries(trial.files) if entry.id == "node.return")
    (mutant,) = (mutant for mutant in mutants.mutants(trial.files, entry) if mutant.change == "no toleration")
    mutant.write(trial.directory)
    try:
        model = load(trial.directory)
    finally:
        shutil.copyfile(trial.source / entry.file, trial.directory / entry.file)
    document = {"metadata": {"name": "p"}, "spec": {"nodeName": "n", "containers": [{"name": "app"}]}}
    lost = Configuration("lost", document, features=("node-loss",))
    one = model.properties["invariant.toleration-of-lost-node"]
    (verdict,) = explore_configuration(model, lost, properties=[one]).verdicts
    assert verdict.verdict == "REFUTED"
    (verdict,) = explore_configuration(trial.model, lost, properties=[one]).verdicts
    assert verdict.verdict == "PROVED"
