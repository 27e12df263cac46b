"""Scripts of bindings: which events a list in a document fires, and what is recorded of each step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from podfsm.language.model import Event, Formula, Observation, Output, Script, Shot, Type
from podfsm.language.resolve import Context
from podfsm.language.source import Cell

if TYPE_CHECKING:
    from podfsm.language.load import Loader


def read_script(loader: Loader, cell: Cell, root: str) -> Script | None:
    """Read the `script:` of a binding; None (and problems) if it has no element."""
    element = _element(loader, cell, root)
    if element is None:
        return None
    formula, collection = element
    arguments = {
        name: loader.observation(spec) for name, spec in (cell.get("arguments") or Cell({}, cell.place)).items()
    }
    reader = _ShotReader(loader, collection, {name: type_ for name, (type_, _) in arguments.items()})
    word, events = _events(loader, cell.value["event"], reader)
    settle = reader.shots(cell.get("settle"))
    for shot in settle:
        if next(e for e in _all_events(loader) if e.id == shot.event).when is None:
            loader.problems.add(cell.value["settle"].place, f"event {shot.event} is always enabled", "give it a `when`")
    return Script(
        steps=loader.path(cell.value["steps"]),
        element=formula,
        observe=_observed(loader, cell, collection),
        word=word,
        events=events,
        arguments=arguments,
        settle=settle,
        record=loader.output(cell.value["record"], Context([collection])),
        unrecorded=_unrecorded(loader, cell, events),
    )


def read_log(loader: Loader, cell: Cell) -> Output:
    """Read `{log: {row: output}}`: entries see the element and the arguments of the row's event."""
    parts = {}
    for row, spec in cell.value["log"].items():
        event = next((e for e in _all_events(loader) if any(r.id == row for r in e.rows)), None)
        if event is None:
            known = [r.id for e in _all_events(loader) for r in e.rows]
            loader.problems.unknown(cell.value["log"].keys[row], "row of an event", row, known)
            continue
        collection = loader.machines[event.machine].collection
        parts[row] = loader.output(spec, Context([collection], {name: type_ for name, type_, _ in event.arguments}))
    return Output("log", parts=parts, name=loader.text(cell, "take"))


def read_fired(loader: Loader, cell: Cell) -> Output:
    """Read `{fired: [row, ...]}`: whether one of these rows fired in the step."""
    rows = loader.words(cell.value["fired"])
    known = [r.id for e in _all_events(loader) for r in e.rows]
    for row in rows:
        if row not in known:
            loader.problems.unknown(cell.value["fired"].place, "row of an event", row, known)
    return Output("fired", names=rows)


def _all_events(loader: Loader) -> Iterator[Event]:
    for machine in loader.machines.values():
        yield from machine.events


def _element(loader: Loader, cell: Cell, root: str) -> tuple[Formula | None, str] | None:
    spec = cell.get("element")
    if spec is None:
        return None, root
    formula = loader.resolver.value(spec, Context([root]))
    if formula.expr.type.kind != "ref":
        if formula.expr.type.kind != "unknown":
            what = f"this is a {formula.expr.type}, an element is wanted"
            loader.problems.add(spec.place, what, "pick one, as `first(...)`")
        return None
    return formula, formula.expr.type.name


def _observed(loader: Loader, cell: Cell, own: str) -> dict[str, Observation]:
    spec = cell.get("observe")
    found = loader.overrides(spec, cell.place)
    known = _ancestors(loader, own)
    for name in found:
        collection = name.partition(".")[0]
        if collection not in known:
            assert spec is not None
            loader.problems.unknown(spec.keys[name], "collection of the script's element", collection, known)
    return found


def _ancestors(loader: Loader, collection: str) -> tuple[str, ...]:
    found = [collection]
    while loader.collections[found[-1]].of:
        found.append(loader.collections[found[-1]].of)
    return tuple(found)


def _events(loader: Loader, cell: Cell, reader: _ShotReader) -> tuple[Observation | None, dict[str, tuple[Shot, ...]]]:
    mapping = cell.get("map")
    if mapping is None:
        return None, {"": reader.shots(cell)}
    source = Cell({k: v for k, v in cell.items() if k != "map"}, cell.place, cell.keys)
    _, observation = loader.observation(source)
    return observation, {word: reader.shots(shots) for word, shots in mapping.items()}


def _unrecorded(loader: Loader, cell: Cell, events: dict[str, tuple[Shot, ...]]) -> tuple[str, ...]:
    words = loader.words(cell.get("unrecorded"))
    for word in words:
        if word not in events:
            loader.problems.unknown(cell.value["unrecorded"].place, "word of the script", word, events)
    return words


class _ShotReader:
    """Reads events to fire on an element of `collection`; `given` are the arguments that steps provide."""

    def __init__(self, loader: Loader, collection: str, given: dict[str, Type]) -> None:
        self.loader, self.collection, self.given = loader, collection, given

    def shots(self, cell: Cell | None) -> tuple[Shot, ...]:
        """Read a list of events, or one; each a name, or `{fire: name, with: {argument: value}}`."""
        if cell is None:
            return ()
        found = [self._shot(item) for item in (cell.value if cell.is_list else [cell])]
        return tuple(shot for shot in found if shot is not None)

    def _shot(self, cell: Cell) -> Shot | None:
        loader = self.loader
        name = loader.text(cell, "fire") if cell.is_map else cell.text
        place = cell.value["fire"].place if cell.is_map else cell.place
        event = next((e for e in _all_events(loader) if e.id == name), None)
        if event is None:
            loader.problems.unknown(place, "event", name, [e.id for e in _all_events(loader)])
            return None
        of = loader.machines[event.machine].collection
        if of not in _ancestors(loader, self.collection):
            loader.problems.add(
                place, f"event {name} is of {of}, the script's element is a {self.collection}", "pick another element"
            )
            return None
        if event.fires:
            loader.problems.add(place, f"event {name} fires others", "a script fires single events only")
        return Shot(name, self._arguments(event, cell.get("with") or Cell({}, cell.place), of))

    def _arguments(self, event: Event, cell: Cell, collection: str) -> dict[str, Formula]:
        types = {name: type_ for name, type_, _ in event.arguments}
        context = Context([collection], self.given)
        found = {}
        for name, value in cell.items():
            if name in types:
                found[name] = self.loader.resolver.cell_value(value, types[name], context)
            else:
                self.loader.problems.unknown(cell.keys[name], f"argument of event {event.id}", name, types)
        for name in types:
            if name not in found and name not in self.given:
                self.loader.problems.add(
                    cell.place,
                    f"event {event.id} is fired without its argument {name!r}",
                    f"add `with: {{{name}: ...}}`",
                )
        return found
