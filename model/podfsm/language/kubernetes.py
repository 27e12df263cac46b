"""Kubernetes minors and feature gates, as the tables give them."""

from __future__ import annotations

from collections.abc import Mapping

from podfsm.errors import PodfsmError
from podfsm.language.model import Model


def default_minor(model: Model) -> str:
    """Return the minor the tables describe by default."""
    setting = model.named["kubernetes"].get("default")
    return setting.data.text if setting is not None else ""


def minors(model: Model) -> tuple[str, ...]:
    """Every minor that the tables cover, oldest first."""
    setting = model.named["kubernetes"].get("minors")
    return tuple(cell.text for cell in setting.data.value) if setting is not None else ()


def gates(model: Model, minor: str = "", overrides: Mapping[str, bool] | None = None) -> frozenset[str]:
    """Names of the gates that are on.

    Raises
    ------
    PodfsmError
        for a minor that the tables do not cover, or an unknown gate.
    """
    minor = minor or default_minor(model)
    known = minors(model)
    if known and minor not in known:
        raise PodfsmError([f"Kubernetes {minor} is not covered; covered: {known[0]} to {known[-1]}"])
    unknown = sorted(set(overrides or {}) - set(model.gates))
    if unknown:
        raise PodfsmError([f"unknown gate {name!r}; known: {', '.join(sorted(model.gates))}" for name in unknown])
    on = set()
    for gate in model.gates.values():
        value = (overrides or {}).get(gate.id)
        if value is None:
            value = default_of(gate.defaults, minor)
        if value:
            on.add(gate.id)
    for gate in model.gates.values():
        if gate.id in on and gate.needs and gate.needs not in on and gate.id not in (overrides or {}):
            on.discard(gate.id)
    return frozenset(on)


def default_of(defaults: Mapping[str, bool], minor: str) -> bool:
    """Find the default at a minor: that of the newest entry not newer than it; off before the first."""
    best: tuple[int, ...] = (-1,)
    value = False
    wanted = _version(minor)
    for since, on in defaults.items():
        version = _version(since)
        if best < version <= wanted:
            best, value = version, on
    return value


def _version(minor: str) -> tuple[int, ...]:
    return tuple(int(part) for part in minor.split(".") if part.isdecimal())
