"""What drawings say, in English from the tables or in Korean from their section `texts`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from podfsm.draw.diagram import Language
from podfsm.language.model import Event, Machine, Model, Property, Row, Table, View
from podfsm.names import translated

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "influence": "makes it possible",
        "defect": "by defect {} only:",
        "from": "from {}:",
        "lifecycle": "Lifecycle of {}",
        "explored": "Only what this pod can do: explored exhaustively, {} states.",
        "left-out": " Left out, to stay small: {}.",
        "story": "The shortest story that refutes {property}, {mode}, on {configuration}. Refuted is: {why}",
        "step": "step {}",
        "end": "end of {}",
        "as-is": "as is",
        "intended": "as intended",
        "unchanged": "nothing of this changes",
    },
    "ko": {
        "influence": "가능하게 한다",
        "defect": "결함 {} 때문에만:",
        "from": "{}에서:",
        "lifecycle": "{}의 라이프사이클",
        "explored": "이 파드가 할 수 있는 것만 그렸다. 모든 상태를 빠짐없이 탐색했다(상태 {}개).",
        "left-out": " 규모를 줄이려고 뺀 것: {}.",
        "story": "{configuration}에서 성질 {property}의 가장 짧은 반례({mode})다. 반증된 것: {why}",
        "step": "{}단계",
        "end": "{}의 끝",
        "as-is": "현재 동작",
        "intended": "의도한 동작",
        "unchanged": "여기서 보이는 변화는 없음",
    },
}
_MARK = "• "  # before each of several texts of one label


@dataclass(frozen=True)
class Words:
    """Texts of a model in one language; what has no translation yet is English."""

    model: Model
    language: Language
    _events: dict[str, Event] = field(init=False, repr=False, compare=False)
    _rows: dict[str, Row] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        events = {event.id: event for machine in self.model.machines.values() for event in machine.events}
        object.__setattr__(self, "_events", events)
        object.__setattr__(self, "_rows", {row.id: row for row in self.model.rows()})

    def say(self, key: str, english: str) -> str:
        """Return the text under a key (see `podfsm.language.check.titled`)."""
        return translated(self.model, self.language, english, key)

    def word(self, key: str) -> str:
        """Return a text of the drawing itself; the keys are those of `_WORDS`."""
        return _WORDS[self.language][key]

    def event_of(self, cause: str) -> Event | None:
        """Return the event that a row belongs to, or that has this id itself."""
        row = self._rows.get(cause)
        return self._events.get(row.owner if row is not None else cause) or self._events.get(cause)

    def event(self, event: Event) -> str:
        """Return the title of an event."""
        return self.say(f"event {event.id}", event.title or event.id)

    def cause(self, cause: str, decided: str = "") -> str:
        """Return the short title of a row, or of two that act together (section `arrows:`), else that of its event."""
        short = self.model.named["arrows"]
        for key in (f"{cause} {decided}", cause):
            if key in short:
                return self.say(f"arrow {key}", short[key].data.text)
        event = self.event_of(cause)
        return self.event(event) if event is not None else cause

    def rows_of(self, names: Iterable[str]) -> list[Row]:
        """Return rows by their ids."""
        return [self._rows[name] for name in names if name in self._rows]

    def row(self, row: Row) -> str:
        """Return why a row is there."""
        return self.say(row.id, row.why or row.id)

    def titled(self, entry: Machine | Table | View) -> str:
        """Return the title of a machine, table or view."""
        return self.say(entry.id, entry.title or entry.id)

    def statement(self, one: Property) -> str:
        """Return what a property states: its title, where that is a belief, else its sentence."""
        return self.say(f"{one.id} title", one.title) if one.title else self.say(one.id, one.why)

    def heading(self, name: str) -> str:
        """Return a heading of section `titles`; the name itself if there is none."""
        entry = self.model.named["titles"].get(name)
        return self.say(f"title {name}", entry.text("title")) if entry is not None else self.say(name, name)

    @staticmethod
    def elements(names: Sequence[str]) -> str:
        """Name elements of stories, such as ``container/app``, shortly."""
        return ", ".join(name.partition("/")[2] or name for name in names)

    def steps(self, found: Mapping[str, Sequence[int]]) -> str:
        """Return the numbers of steps, by the name of who makes them ('' if there is only one)."""
        told = [
            f"{who}: {self.word('step').format(', '.join(map(str, numbers)))}".removeprefix(": ")
            for who, numbers in found.items()
        ]
        return "; ".join(told)

    def ending(self, names: Iterable[str]) -> str:
        """Say of which elements a path ends somewhere."""
        return self.word("end").format(", ".join(names))

    def between(self, here: str, there: str) -> str:
        """Say from where, and to where in a box an arrow leads; '' where that goes without saying."""
        return f"{here} → {there}:".lstrip() if there else self.word("from").format(here) if here else ""

    @staticmethod
    def listed(told: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
        """Return texts, by what holds of them, as lines of a label; several have a mark each."""
        lines: list[str] = []
        for where, texts in sorted(told.items(), key=lambda item: item[0] != ""):
            if len(texts) == 1 and (where or len(told) == 1):
                lines.append(f"{where} {texts[0]}".lstrip())
            else:
                lines += [*filter(None, [where]), *(_MARK + text for text in texts)]
        return tuple(lines)
