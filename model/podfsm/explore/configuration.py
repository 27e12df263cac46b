"""Configurations: a pod shape, the features that are on, and how far counters count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from podfsm.errors import PodfsmError
from podfsm.explore.adapter import TableSystem
from podfsm.language import kubernetes
from podfsm.language.evaluate import Program
from podfsm.language.model import Model, Named


@dataclass(frozen=True)
class Configuration:
    """What is explored.

    Attributes
    ----------
    id
        Name, for shipped configurations the key in the tables.
    document
        The manifest: an object with `metadata` and `spec`.
    features
        Features that are on, in the order of the tables.
    machines
        Machines whose events run; empty means all.
    counters
        Bounds of counters, by variable.
    minor, gates
        Kubernetes minor ('' is the default) and gates that differ from its defaults.
    level
        Level of detail: rows and events of other levels do not exist.
    """

    id: str
    document: Mapping[str, Any]
    features: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    counters: Mapping[str, int] = field(default_factory=dict)
    minor: str = ""
    gates: Mapping[str, bool] = field(default_factory=dict)
    level: str = "sync"
    title: str = ""
    reduced: tuple[str, ...] = ()
    starts: Mapping[str, Any] = field(default_factory=dict)


def shipped(model: Model) -> list[Configuration]:
    """List the configurations that the tables ship, in the order of the files."""
    return [from_tables(model, named) for named in model.named["configurations"].values()]


def from_tables(model: Model, named: Named) -> Configuration:
    """Read one entry of `configurations:`."""
    cell = named.data
    manifest = cell.get("manifest")
    try:
        document = yaml.safe_load(manifest.text) if manifest is not None else {}
    except yaml.YAMLError as error:
        raise PodfsmError([f"{named.place}: the manifest of configuration {named.id} is not YAML: {error}"]) from None
    words = {key: _words(cell.get(key)) for key in ("features", "machines")}
    unknown = [f for f in words["features"] if f not in model.named["features"]]
    if unknown:
        raise PodfsmError([f"{named.place}: unknown feature {f!r} in configuration {named.id}" for f in unknown])
    counters = cell.get("counters")
    gates = cell.get("gates")
    return Configuration(
        id=named.id,
        document=document or {},
        features=tuple(f for f in model.named["features"] if f in words["features"]),
        machines=words["machines"],
        counters={k: int(v.text) for k, v in counters.items()} if counters is not None else {},
        gates={k: v.text == "true" for k, v in gates.items()} if gates is not None else {},
        level=named.text("level") or "sync",
        title=named.text("title"),
    )


def _words(cell: Any) -> tuple[str, ...]:
    if cell is None:
        return ()
    return (cell.text,) if cell.is_text else tuple(item.text for item in cell.value)


def program_for(model: Model, configuration: Configuration, defects: str, switched_off: frozenset[str]) -> Program:
    """Compile the tables under a configuration: rows of features that are off do not exist."""
    on = kubernetes.gates(model, configuration.minor, configuration.gates)
    off = {row.id for row in model.rows() if row.feature and row.feature not in configuration.features}
    return Program(model, on, defects, configuration.level, switched_off | off)


def system_for(
    model: Model, configuration: Configuration, defects: str = "as-is", assume: tuple[str, ...] = ()
) -> TableSystem:
    """Make a system to explore of a configuration."""
    rows = [model.named["assumptions"][name].data.get("rows") for name in assume]
    switched_off = frozenset(item.text for cell in rows if cell is not None for item in cell.value)
    program = program_for(model, configuration, defects, switched_off)
    return TableSystem(
        program,
        configuration.document,
        features=frozenset(configuration.features),
        machines=frozenset(configuration.machines or whole_pod(model)),
        counters=configuration.counters,
        decided=decided_tables(model),
        starts={**starts_of(model, configuration), **configuration.starts},
    )


def whole_pod(model: Model) -> tuple[str, ...]:
    """Name the machines that a whole pod is composed of (`settings: whole-pod`); without the setting all."""
    setting = model.named["settings"].get("whole-pod")
    return tuple(cell.text for cell in setting.data.value) if setting is not None else tuple(model.machines)


def starts_of(model: Model, configuration: Configuration) -> dict[str, Any]:
    """Values of variables whose feature is off."""
    found: dict[str, Any] = {}
    for feature_name, feature in model.named["features"].items():
        off = feature.data.get("off")
        if off is None or feature_name in configuration.features:
            continue
        for name, value in off.items():
            kind = model.fields[name.partition(".")[0]][name.partition(".")[2]].type.kind
            found[name] = (
                value.text == "true" if kind == "bool" else int(value.text) if kind == "number" else value.text
            )
    return found


def decided_tables(model: Model) -> dict[str, list[str]]:
    """Tables whose deciding row is recorded, by collection: those that views name."""
    found: dict[str, list[str]] = {}
    for view in model.views.values():
        if view.decided and view.decided not in found.setdefault(view.collection, []):
            found[view.collection].append(view.decided)
    return found
