"""When an answer agrees with the output of a vector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Keys of container states: an empty object under them is a fact.
PRESENCE = ("running", "waiting", "terminated")

#: What counts as nothing.
NOTHING: tuple[Any, ...] = (None, "", [], {}, ())


def differences(answer: Any, wanted: Any, path: str = "") -> list[str]:
    """Say what differs, as `path: answer instead of wanted`.

    Extra keys of the answer are fine; lists have equal length and order; a missing key equals null, "", [] or {},
    except where the presence of the key is the fact. Keys that end in `Nil` only say how Go holds an empty list.
    """
    if isinstance(wanted, Mapping):
        return _differences_of_objects(answer, wanted, path)
    if isinstance(wanted, list):
        if wanted == [] and answer in NOTHING:
            return []
        if not isinstance(answer, list | tuple) or len(answer) != len(wanted):
            return [f"{path}: {answer!r} instead of {wanted!r}"]
        return [
            d for i, (a, w) in enumerate(zip(answer, wanted, strict=True)) for d in differences(a, w, f"{path}[{i}]")
        ]
    if wanted in (None, ""):
        return [] if answer in NOTHING else [f"{path}: {answer!r}, wanted nothing"]
    if type(answer) is not type(wanted) or answer != wanted:
        return [f"{path}: {answer!r} instead of {wanted!r}"]
    return []


def _differences_of_objects(answer: Any, wanted: Mapping[str, Any], path: str) -> list[str]:
    if not isinstance(answer, Mapping):
        if answer in NOTHING and not _has_facts(wanted):
            return []
        return [f"{path}: {answer!r} instead of {wanted!r}"]
    found: list[str] = []
    for key, value in wanted.items():
        if key in PRESENCE and key not in answer:
            found.append(f"{path}.{key}: missing")
        elif not key.endswith("Nil"):
            found += differences(answer.get(key), value, f"{path}.{key}")
    extra = [key for key in answer if key in PRESENCE and key not in wanted and answer[key] is not None]
    return found + [f"{path}.{key}: not wanted" for key in extra]


def _has_facts(wanted: Mapping[str, Any]) -> bool:
    return any(value not in NOTHING or key in PRESENCE for key, value in wanted.items())
