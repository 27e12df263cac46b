"""What drawings say, in English from the tables or in Korean from their section `texts`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from podfsm.draw.diagram import Language
from podfsm.draw.text import label_lines
from podfsm.language.model import Event, Machine, Model, Row, Table, View

_MORE: dict[Language, str] = {"en": "and {} more", "ko": "외 {}개"}
_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "influence": "makes it possible",
        "reads": "is read by",
        "changes": "changes",
        "any": "any of these",
        "lifecycle": "Lifecycle of {}",
        "explored": "Only what this pod can do: explored exhaustively, {} states.",
        "left-out": " Left out, to stay small: {}.",
    },
    "ko": {
        "influence": "가능하게 한다",
        "reads": "읽힌다",
        "changes": "바꾼다",
        "any": "이 중 어느 것이든",
        "lifecycle": "{}의 수명 주기",
        "explored": "이 파드가 할 수 있는 것만 그렸다. 모든 상태를 빠짐없이 탐색했다(상태 {}개).",
        "left-out": " 규모를 줄이려고 뺀 것: {}.",
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
        return english if self.language == "en" else self.model.texts.get(self.language, {}).get(key) or english

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

    def cause(self, cause: str, event: Event) -> str:
        """Return the short title of a row (section `arrows:`), else that of its event."""
        short = self.model.named["arrows"]
        if cause in short:
            return self.say(f"arrow {cause}", short[cause].data.text)
        return self.event(event)

    def row(self, row: Row) -> str:
        """Return why a row is there."""
        return self.say(row.id, row.why or row.id)

    def titled(self, entry: Machine | Table | View) -> str:
        """Return the title of a machine, table or view."""
        return self.say(entry.id, entry.title or entry.id)

    def more(self, count: int) -> str:
        """Say how many are left out."""
        return _MORE[self.language].format(count)

    def listed(self, texts: Sequence[str], width: float, size: float, most: int) -> tuple[str, ...]:
        """Return texts as lines of a label, as many as it has room for, and how many more there are.

        Parameters
        ----------
        texts
            One per cause, without repetition.
        width, size
            Of the label and its font, in points.
        most
            Lines, without the one that counts what is left out.
        """
        if len(texts) == 1:
            return tuple(texts)
        found: list[str] = []
        used = 0
        for index, text in enumerate(texts):
            lines = len(label_lines((_MARK + text,), width, size))
            if found and used + lines > most and not (index == len(texts) - 1 and used + lines <= most + 1):
                return *found, self.more(len(texts) - index)
            found.append(_MARK + text)
            used += lines
        return tuple(found)
