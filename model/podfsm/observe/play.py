"""Play the script of a binding: fire the events that a list in a document asks for, and record each step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from podfsm.errors import PodfsmError
from podfsm.language.evaluate import Frame
from podfsm.language.model import Field, Observation, Output, Script, Shot, Type
from podfsm.language.world import Element, World
from podfsm.observe.answer import Recording, write

#: Rounds of settling after one step; more means that the tables go round in circles.
MAX_ROUNDS = 1000


def play(script: Script, world: World, name: str) -> Recording:
    """Play a script on a document's world; `name` is the binding's, for messages.

    Raises
    ------
    PodfsmError
        for an unknown step, a document without the script's element, or events that never come to an end.
    """
    return _Player(script, world, name).play()


def fire(
    world: World,
    event: str,
    element: Element,
    arguments: Mapping[str, Any],
    before: Callable[[str, Element, Frame], None] | None = None,
) -> tuple[str, ...]:
    """Fire an event on an element of a world; `before` is called with each row that fires, before it changes anything.

    Returns
    -------
    The rows that fired; none if the event is not enabled.
    """
    program = world.program
    alternatives = program.fire(event, element, arguments)
    if not alternatives:
        return ()
    _, fired = alternatives[0]
    frame = Frame(arguments, {})
    for compiled in program.events[event][2]:
        if compiled.row.id not in fired:
            continue
        if before is not None:
            before(compiled.row.id, element, frame)
        values = [(name, then((element,), frame)) for name, then in compiled.then]
        for name, value in values:
            element.set(name, value)
        if values:
            world.forget()
    return fired


class _Player:
    def __init__(self, script: Script, world: World, name: str) -> None:
        self.script, self.world, self.name = script, world, name
        self.recording = Recording()
        self.logs = list(_logs(script.record))
        self.element = world.root
        if script.element is not None:
            self.element = world.program.cached_closure(script.element)((world.root,), None)
            if self.element is None:
                raise PodfsmError([f"{name}: the document has nothing that the steps could happen to"])

    def play(self) -> Recording:
        for item in self.world.items(self.world.root, ".".join(self.script.steps)):
            self._step(item)
        return self.recording

    def _step(self, item: Any) -> None:
        element, script = self.element, self.script
        holder = Element(self.world, element.collection, element.index, element.group, element.parent, item)
        self._observe(holder)
        word = "" if script.word is None else self._read(holder, script.word, Type("unknown"))
        if word not in script.events:
            raise PodfsmError([f"{self.name}: unknown step {word!r}; known: {', '.join(script.events)}"])
        given = {name: self._read(holder, spec, type_) for name, (type_, spec) in script.arguments.items()}
        self.recording.fired = []
        self.recording.logs = {id(log): [] for log in self.logs}
        for shot in script.events[word]:
            self._shoot(shot, given)
        self._settle(given)
        if word not in script.unrecorded:
            self.recording.records.append(write(script.record, self.world, (element,), self.recording))

    def _observe(self, holder: Element) -> None:
        """Set the fields that each step brings; what a step leaves out has its zero value again."""
        for name, observation in self.script.observe.items():
            collection, _, short = name.partition(".")
            field = self.world.program.model.fields[collection][short]
            _upward(self.element, collection).set(short, self.world.observe(holder, field, observation))
        self.world.forget()

    def _read(self, holder: Element, observation: Observation, type_: Type) -> Any:
        return self.world.observe(holder, Field("", "", type_, 0, observation.place), observation)

    def _settle(self, given: Mapping[str, Any]) -> None:
        for _ in range(MAX_ROUNDS):
            fired = [self._shoot(shot, given) for shot in self.script.settle]
            if not any(fired):
                return
        raise PodfsmError([f"{self.name}: the events after a step do not come to an end"])

    def _shoot(self, shot: Shot, given: Mapping[str, Any]) -> bool:
        """Fire an event, if it is enabled, on the script's element or its ancestor."""
        program = self.world.program
        event = program.events[shot.event][0]
        element = _upward(self.element, program.model.machines[event.machine].collection)
        frame = Frame(given, {})
        own = {name: program.cached_closure(formula)((element,), frame) for name, formula in shot.given.items()}
        arguments = {name: own[name] if name in own else given[name] for name, _, _ in event.arguments}
        return bool(fire(self.world, shot.event, element, arguments, self._note))

    def _note(self, row: str, element: Element, frame: Frame) -> None:
        self.recording.fired.append(row)
        for log in self.logs:
            if row in log.parts:
                entries = Output("list", parts={"": log.parts[row]})
                self.recording.logs[id(log)] += write(entries, self.world, (element,), self.recording, frame)


def _logs(out: Output) -> Iterator[Output]:
    """Find every log in an output."""
    if out.kind == "log":
        yield out
        return
    for part in out.parts.values():
        yield from _logs(part)


def _upward(element: Element, collection: str) -> Element:
    """Find the element itself or its ancestor of a collection; the loader has checked that there is one."""
    while element.collection.id != collection:
        assert element.parent is not None
        element = element.parent
    return element
