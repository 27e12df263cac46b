"""What a user chooses for the events that an event fires in turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from podfsm.language.model import Event, Type
from podfsm.machines.composition import Option, Shot, element_name
from podfsm.machines.errors import ArgumentError, UnknownNameError, shown

LARGEST = 10**18
"""Numbers are smaller: the tables have no longer ones either."""

WHOLE = "a whole number of at most 18 digits"


class Chooser:
    """Decides as a user says; where the user says nothing, takes what comes first.

    Parameters
    ----------
    choices
        By the name of an element, the value of the argument to choose or values by argument; by the id of a row that
        may or may not fire, whether it does.
    """

    def __init__(self, choices: Mapping[str, Any]) -> None:
        if not isinstance(choices, Mapping):
            raise ArgumentError(f"choices: give values by the names of elements or rows, not {shown(choices)}")
        self.choices = choices
        self.taken: list[tuple[Shot, Option]] = []
        self._used: set[tuple[str, ...]] = set()

    def __call__(self, shot: Shot, options: Sequence[Option]) -> Option:
        """Choose one of the options of a shot."""
        chosen = self._chosen(shot)
        allowed = list(options) if not chosen else shot.with_chosen(chosen).options()
        if not allowed:
            values = " and ".join(f"{name} {shown(value)}" for name, value in chosen.items())
            possible = _possible(shot, options)
            raise ArgumentError(f"choices: {_key(shot)} cannot have {values} here; possible: {possible}")
        for row in allowed[0].open:
            if row in self.choices:
                fires = self._fires(row)
                allowed = [option for option in allowed if option.open.get(row, fires) == fires]
        if not allowed:
            raise ArgumentError(f"choices: the rows of {shot.event.id} cannot fire together as chosen")
        self.taken.append((shot, allowed[0]))
        return allowed[0]

    def _chosen(self, shot: Shot) -> dict[str, Any]:
        """Find what the user says about the arguments of a shot."""
        names = (shot.region.name, _key(shot))
        key = next((name for name in names if name in self.choices), None)
        if key is None:
            return {}
        said, types = self.choices[key], {name: (type_, values) for name, type_, values in shot.event.arguments}
        if not isinstance(said, Mapping):
            # The value may be meant for another event that is fired on the same element.
            fitting = [name for name in shot.chosen if is_of(said, *types[name])]
            said = {fitting[0]: said} if fitting else {}
        found = {name: said[name] for name in shot.chosen if name in said}
        for name, value in found.items():
            if not is_of(value, *types[name]):
                raise ArgumentError(f"choices: {name} of {key} is {wanted(*types[name])}, not {shown(value)}")
            self._used |= {(key,), (key, name)}
        return found

    def _fires(self, row: str) -> bool:
        """Tell what the user says about a row that may fire or not."""
        said = self.choices[row]
        if not isinstance(said, bool):
            raise ArgumentError(f"choices: {row} is True or False, not {shown(said)}")
        self._used.add((row,))
        return said

    def refuse_unused(self, event: Event) -> None:
        """Raise an error if the user chose something that nothing asked for."""
        rows = dict.fromkeys(row for _, option in self.taken for row in option.open)
        asked = {_key(shot): shot.region.name for shot, _ in self.taken if shot.chosen}
        for key, said in self.choices.items():
            if key not in asked and key not in asked.values() and key not in rows:
                raise UnknownNameError(f"choice in event {event.name}", key, [*asked, *rows])
            names = [n for shot, _ in self.taken if key in (shot.region.name, _key(shot)) for n in shot.chosen]
            for name in said if isinstance(said, Mapping) else ():
                if (key, name) not in self._used:
                    raise UnknownNameError(f"choice for {key} in event {event.name}", name, names)
            if (key,) not in self._used:
                raise ArgumentError(f"choices: {shown(said)} is no value of {' or '.join(names)} of {key}")


def recorded(taken: Iterable[tuple[Shot, Option]]) -> dict[str, Any]:
    """Note what was chosen, as it can be given again."""
    found: dict[str, Any] = {}
    for shot, option in taken:
        if shot.chosen:
            found.setdefault(_key(shot), {}).update({name: option.arguments[name] for name in shot.chosen})
        found.update(option.open)
    return found


def is_of(value: Any, type_: Type, values: Sequence[Any]) -> bool:
    """Tell whether a value is one of a type; `values` are the members of an enumeration."""
    if type_.kind == "enum":
        return isinstance(value, str) and value in values
    if type_.kind == "bool":
        return isinstance(value, bool)
    if type_.kind in ("number", "time"):
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST
    return isinstance(value, str)


def wanted(type_: Type, values: Sequence[Any]) -> str:
    """Say what a value of a type is."""
    if type_.kind == "enum":
        return f"one of {', '.join(values)}"
    return {"bool": "True or False", "number": WHOLE, "time": WHOLE}.get(type_.kind, "a text")


def _key(shot: Shot) -> str:
    return element_name(shot.region.element)


def _possible(shot: Shot, options: Sequence[Option]) -> str:
    return "; ".join(
        f"{name}: {', '.join(dict.fromkeys(str(option.arguments[name]) for option in options))}" for name in shot.chosen
    )
