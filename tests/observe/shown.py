"""Ask conditions in the language of the tables of events of recorded streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from observe.asking import asking
from observe.corrupting import Event
from podfsm.language.evaluate import Program
from podfsm.language.kubernetes import gates
from podfsm.language.world import World
from podfsm.observe.watch import BINDING, noted


class Shown:
    """Conditions on pods, by name."""

    def __init__(self, conditions: Mapping[str, str]) -> None:
        self.model = asking({f"asked.{name}": ("pod", condition) for name, condition in conditions.items()})
        self.binding = self.model.bindings[BINDING]
        self.program = Program(self.model, gates(self.model, "", {}), "as-is", "observed")

    def at(self, name: str, event: Event) -> bool:
        """Tell whether a condition holds at an event that is not the first of its pod."""
        assert event.before is not None
        world = self._world(noted(event.pod, first=False, gone=event.type == "DELETED"))
        world.before = self._world(noted(event.before, first=False, gone=False))
        formula = self.model.watch[f"asked.{name}"].rows[0].when
        return bool(self.program.cached_closure(formula)((world.root,), None))

    def _world(self, document: Mapping[str, Any]) -> World:
        return World(self.program, document, self.binding)
