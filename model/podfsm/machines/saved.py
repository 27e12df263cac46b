"""Pods saved as JSON: manifest, choices, variables and history, with the digest of the tables that they belong to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from podfsm.errors import PodfsmError
from podfsm.explore.configuration import Configuration
from podfsm.language.model import Field, Model
from podfsm.machines.choosing import is_of, wanted
from podfsm.machines.errors import SaveError, shown
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


def load(text: str | bytes, model: Model, made: type[PodMachine] = PodMachine) -> PodMachine:
    """Read a saved pod, and let its history happen again: it must lead to the variables that were saved.

    Raises
    ------
    SaveError
        if it is no saved pod, belongs to other tables, or its history does not lead to its variables.
    """
    saved = _object(text)
    if saved.get("schema") != SCHEMA:
        raise SaveError(f"saved pod: schema is {shown(saved.get('schema'))}; this version reads schema {SCHEMA}")
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
        machine = made(_setup(saved, model))
        _check_variables(machine, saved["variables"])
        _replay(machine, history)
    except SaveError:
        raise
    except PodfsmError as error:
        raise SaveError([f"saved pod: {message}" for message in error.messages]) from None
    _compare(saved["variables"], machine.variables)
    return machine


def _replay(machine: PodMachine, history: Sequence[Fired]) -> None:
    """Fire the events of a history; the same rows must fire, with the same choices."""
    for number, fired in enumerate(history):
        try:
            again = machine.fire_with(fired.region, fired.event, fired.arguments, fired.choices)
        except PodfsmError as error:
            raise SaveError([f"saved pod: history.{number}: {message}" for message in error.messages]) from None
        for key in ("arguments", "choices", "rows"):
            given, found = getattr(fired, key), getattr(again, key)
            if given != found:
                raise SaveError(f"saved pod: history.{number}.{key}: {shown(given)}, but the event has {shown(found)}")


def _compare(saved: Mapping[str, Mapping[str, Any]], found: Mapping[str, Mapping[str, Any]]) -> None:
    for name, fields in found.items():
        for field, value in fields.items():
            if saved[name][field] != value:
                where = f"{name}.{field}".lstrip(".")
                raise SaveError(
                    f"saved pod: variable {where} is {shown(saved[name][field])}, but the history leads to "
                    f"{shown(value)}; give what PodMachine.to_json wrote, unchanged"
                )


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        saved = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise SaveError(f"saved pod: no JSON: {error}; give the text that PodMachine.to_json writes") from None
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
            raise SaveError(f"saved pod: {key}: unknown {shown(unknown[0])}")
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


def _check_variables(machine: PodMachine, saved: Mapping[str, Any]) -> None:
    """Check that every variable has a value of its type."""
    present = machine.variables
    if saved.keys() != present.keys():
        raise SaveError(f"saved pod: variables of {_names(saved)}, but the pod has {_names(present)}")
    kinds = iter(machine.kinds)
    for name, fields in present.items():
        if not isinstance(saved[name], dict) or saved[name].keys() != fields.keys():
            raise SaveError(f"saved pod: variables of {name or 'the pod'}: expected {', '.join(fields)}")
        for field in fields:
            _check_value(f"{name}.{field}".lstrip("."), saved[name][field], next(kinds), machine.setup.model)


def _check_value(name: str, value: Any, field: Field, model: Model) -> None:
    domain = model.domains.get(field.type.name)
    members: Sequence[Any] = domain.members if domain is not None else ()
    if not is_of(value, field.type, members):
        raise SaveError(f"saved pod: variable {name} is {wanted(field.type, members)}, not {shown(value)}")


def _names(variables: Mapping[str, Any]) -> str:
    return ", ".join(name or "the pod" for name in variables)
