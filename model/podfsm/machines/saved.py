"""Pods saved as JSON: manifest, choices, variables and history, with the digest of the tables that they belong to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from podfsm.errors import PodfsmError
from podfsm.explore.configuration import Configuration
from podfsm.language.model import Field, Model
from podfsm.machines.choosing import is_of, wanted
from podfsm.machines.errors import SaveError
from podfsm.machines.pod import Fired, PodMachine, Setup

SCHEMA = 1

_SHAPE: Mapping[str, type] = {
    "schema": int,
    "tables": str,
    "kubernetes": str,
    "gates": dict,
    "defects": str,
    "features": list,
    "machines": list,
    "pod": dict,
    "variables": dict,
    "history": list,
}
_FIRED: Mapping[str, type] = {"region": str, "event": str, "arguments": dict, "choices": dict, "rows": list}
_WORDS = {int: "a whole number", str: "a string", dict: "an object", list: "a list"}


def dump(machine: PodMachine) -> str:
    """Save a pod as JSON text."""
    setup = machine.setup
    configuration = setup.configuration
    saved = {
        "schema": SCHEMA,
        "tables": setup.model.digest,
        "kubernetes": configuration.minor,
        "gates": dict(configuration.gates),
        "defects": setup.defects,
        "features": list(configuration.features),
        "machines": list(configuration.machines),
        "pod": configuration.document,
        "variables": machine.variables,
        "history": [
            {"region": f.region, "event": f.event, "arguments": f.arguments, "choices": f.choices, "rows": f.rows}
            for f in machine.history
        ],
    }
    return json.dumps(saved, ensure_ascii=False)


def load(text: str | bytes, model: Model) -> tuple[Setup, list[Any], list[Fired]]:
    """Read a saved pod: its setup, the values of its variables, its history.

    Raises
    ------
    SaveError
        if it is no saved pod, or belongs to other tables.
    """
    saved = _object(text)
    if saved.get("schema") != SCHEMA:
        raise SaveError(f"saved pod: schema is {saved.get('schema')!r}; this version reads schema {SCHEMA}")
    _check("", saved, _SHAPE)
    if saved["tables"] != model.digest:
        raise SaveError(
            f"saved pod: saved with other tables (digest {saved['tables'][:12]}, now {model.digest[:12]}); "
            "restore it with the version that saved it, or begin anew from the manifest"
        )
    history = []
    for number, entry in enumerate(saved["history"]):
        if not isinstance(entry, dict):
            raise SaveError(f"saved pod: history.{number}: expected an object")
        _check(f"history.{number}.", entry, _FIRED)
        history.append(Fired(**{**entry, "rows": tuple(map(str, entry["rows"]))}))
    try:
        setup = _setup(saved, model)
        values = _values(PodMachine(setup), saved["variables"])
    except SaveError:
        raise
    except PodfsmError as error:
        raise SaveError([f"saved pod: {message}" for message in error.messages]) from None
    return setup, values, history


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        saved = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SaveError(f"saved pod: no JSON: {error}") from None
    if not isinstance(saved, dict):
        raise SaveError("saved pod: expected a JSON object, as PodMachine.to_json writes it")
    return saved


def _check(where: str, saved: Mapping[str, Any], shape: Mapping[str, type]) -> None:
    """Check keys and types of an object."""
    for key, kind in shape.items():
        if key not in saved:
            raise SaveError(f"saved pod: {where}{key} is missing")
        if not isinstance(saved[key], kind):
            raise SaveError(f"saved pod: {where}{key}: expected {_WORDS[kind]}")
    unknown = [key for key in saved if key not in shape]
    if unknown:
        raise SaveError(f"saved pod: unknown key {where}{unknown[0]}")


def _setup(saved: Mapping[str, Any], model: Model) -> Setup:
    for key, known in (("features", model.named["features"]), ("machines", model.machines)):
        unknown = [name for name in saved[key] if not isinstance(name, str) or name not in known]
        if unknown:
            raise SaveError(f"saved pod: {key}: unknown {unknown[0]!r}")
    if not all(isinstance(value, bool) for value in saved["gates"].values()):
        raise SaveError("saved pod: gates: expected true or false for every gate")
    configuration = Configuration(
        id="",
        document=saved["pod"],
        features=tuple(saved["features"]),
        machines=tuple(saved["machines"]),
        minor=saved["kubernetes"],
        gates=saved["gates"],
    )
    return Setup(model, configuration, saved["defects"])


def _values(machine: PodMachine, saved: Mapping[str, Any]) -> list[Any]:
    """Read the variables' values in their order, each of its type."""
    present = machine.variables
    if saved.keys() != present.keys():
        raise SaveError(f"saved pod: variables of {_names(saved)}, but the pod has {_names(present)}")
    values = []
    for name, fields in present.items():
        if not isinstance(saved[name], dict) or saved[name].keys() != fields.keys():
            raise SaveError(f"saved pod: variables of {name or 'the pod'}: expected {', '.join(fields)}")
        values += [(f"{name}.{field}".lstrip("."), saved[name][field]) for field in fields]
    kinds = machine.kinds
    for (name, value), field in zip(values, kinds, strict=True):
        _check_value(name, value, field, machine.setup.model)
    return [value for _, value in values]


def _check_value(name: str, value: Any, field: Field, model: Model) -> None:
    domain = model.domains.get(field.type.name)
    members: Sequence[Any] = domain.members if domain is not None else ()
    if not is_of(value, field.type, members):
        raise SaveError(f"saved pod: variable {name} is {wanted(field.type, members)}, not {value!r}")


def _names(variables: Mapping[str, Any]) -> str:
    return ", ".join(name or "the pod" for name in variables)
