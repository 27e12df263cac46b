"""How large a pod is: an estimate from small explorations, and what is left out where it is too much.

The estimate is a product. One container of the pod (the *companion*, named by the tables) is explored alone, and
together with every other kind of container: what each multiplies the states and the work by is taken to hold in the
whole pod too. For pods that could be explored this was two to five times too high, which is on the safe side.

Pairs are measured once, for the smallest variant of the pod. What a larger variant costs is measured on the companion
alone; each other container then counts more by as much as the companion has more local states.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, Final

from podfsm.explore.adapter import TableSystem
from podfsm.explore.configuration import Configuration, system_for
from podfsm.explore.search import explore
from podfsm.explore.system import Event, State
from podfsm.language.model import Model, Reduction
from podfsm.language.world import Element

COMFORTABLE_STATES: Final = 2_000_000
"""A pod estimated larger than this is reduced, if there is something left to reduce."""

COMFORTABLE_WORK: Final = 40_000
"""So is one that asks the interpreter of the tables more often than this."""

LARGEST_WORK: Final = 400_000
"""A pod estimated to ask the interpreter more often than this is not explored."""

LARGEST_PROBE: Final = 20_000
"""Questions to the interpreter after which a small exploration for the estimate gives up."""


Variant = tuple[Configuration, tuple[Reduction, ...]]
"""A pod after some reductions, and these."""


@dataclass(frozen=True)
class Estimate:
    """A size: number of states, and of questions to the interpreter of the tables (about 2,000 to 10,000 a second)."""

    states: int
    work: int

    def fits(self, states: int, work: int) -> bool:
        """Tell whether it is within bounds."""
        return self.states <= states and self.work <= work


@dataclass(frozen=True)
class Plan:
    """What of a pod is explored.

    Attributes
    ----------
    configuration
        The pod, reduced.
    reductions
        What was left out, in order.
    estimate
        Its estimated size; None for a pod that is not estimated because it has a single container.
    fits
        Whether it is to be explored.
    """

    configuration: Configuration
    reductions: tuple[Reduction, ...] = ()
    estimate: Estimate | None = None
    fits: bool = True


@dataclass(frozen=True)
class _Measure:
    states: int
    work: int
    locals: int


class _TooMuchError(Exception):
    """A small exploration turned out not to be small."""


def variants(model: Model, configuration: Configuration) -> list[Variant]:
    """Return the pod as it is, and after each reduction that changes something, in the order of the tables."""
    found: list[Variant] = [(configuration, ())]
    for reduction in model.reductions.values():
        before, applied = found[-1]
        features = tuple(f for f in before.features if f not in reduction.features)
        counters = {**before.counters, **reduction.counters}
        if (features, counters) != (before.features, dict(before.counters)):
            after = replace(before, features=features, counters=counters, reduced=(*before.reduced, reduction.id))
            found.append((after, (*applied, reduction)))
    return found


def plan_for(model: Model, configuration: Configuration, limit: int) -> Plan:
    """Choose the largest variant of a pod that is explored in reasonable time.

    Parameters
    ----------
    limit
        Number of states that no exploration may exceed.
    """
    choices = variants(model, configuration)
    smallest, reductions = choices[-1]
    sizes = _Sizes(model, smallest)
    if sizes.companion is None or not sizes.others:
        return Plan(configuration)
    least = sizes.estimate(smallest)
    if not least.fits(limit, LARGEST_WORK):
        return Plan(smallest, reductions, least, fits=False)
    comfortable = min(limit, COMFORTABLE_STATES), COMFORTABLE_WORK
    low, high, best = 0, len(choices) - 1, least
    while low < high:
        middle = (low + high) // 2
        estimate = sizes.estimate(choices[middle][0])
        if estimate.fits(*comfortable):
            high, best = middle, estimate
        else:
            low = middle + 1
    return Plan(*choices[low], best)


class _Sizes:
    """Estimates for the variants of one pod."""

    def __init__(self, model: Model, smallest: Configuration) -> None:
        self.model, self.smallest = model, smallest
        system = system_for(model, smallest)
        members = [component[0] for component in system.component_elements[1:]]
        self.collections = list(dict.fromkeys(element.collection.id for element in members))
        self.companion = self._find_companion(members)
        self.others: dict[tuple[Any, ...], list[Element]] = {}
        for component in system.component_elements[1:]:
            if component[0] is not self.companion:
                self.others.setdefault(signature(system, component), []).append(component[0])
        self._alone: dict[tuple[Any, ...], _Measure | None] = {}
        self._growth: tuple[float, float] | None = None

    def _find_companion(self, members: Sequence[Element]) -> Element | None:
        setting = self.model.named["settings"].get("companion")
        if setting is None:
            return None
        role = setting.data.text
        return next((e for e in members if role in e.collection.roles and e.has_role(role)), None)

    def estimate(self, configuration: Configuration) -> Estimate:
        """Estimate one variant."""
        alone, base = self._companion_alone(configuration), self._companion_alone(self.smallest)
        if alone is None or base is None:
            return Estimate(LARGEST_PROBE * LARGEST_PROBE, LARGEST_WORK + 1)
        states, work = self._growths(base)
        count = sum(len(elements) for elements in self.others.values())
        wider = max(1.0, alone.locals / base.locals) ** count
        return Estimate(_whole(alone.states * states * wider), _whole(alone.work * work * wider))

    def _companion_alone(self, configuration: Configuration) -> _Measure | None:
        key = (configuration.features, tuple(configuration.counters.items()))
        if key not in self._alone:
            assert self.companion is not None
            self._alone[key] = self._measure(configuration, [self.companion])
        return self._alone[key]

    def _growths(self, base: _Measure) -> tuple[float, float]:
        """Find what all other containers together multiply states and work by."""
        if self._growth is None:
            assert self.companion is not None
            factors = []
            for elements in self.others.values():
                pair = self._measure(self.smallest, [self.companion, elements[0]])
                states = (pair.states if pair else LARGEST_PROBE) / base.states
                work = (pair.work if pair else LARGEST_PROBE) / base.work
                factors.append((states ** len(elements), work ** len(elements)))
            self._growth = prod(f[0] for f in factors), prod(f[1] for f in factors)
        return self._growth

    def _measure(self, configuration: Configuration, kept: Sequence[Element]) -> _Measure | None:
        """Explore the pod with some of its elements only; None if even that is large."""
        document = with_only(configuration.document, self.collections, kept)
        system = system_for(self.model, replace(configuration, document=document))
        counting = _Counting(system)
        try:
            result = explore(counting, pairs=False)
        except _TooMuchError:
            return None
        return _Measure(len(result), counting.asked, system.local_count(1))


def signature(system: TableSystem, members: Sequence[Element]) -> tuple[Any, ...]:
    """Collect what tells two components apart, as far as size goes: constant fields that are not open-ended."""
    found: list[Any] = []
    for element in members:
        found.append(element.collection.id)
        for field in system.program.fields[element.collection.id]:
            if system.analysis.level[field.id] == "static" and str(field.type).split()[0] in ("bool", "enum", "list"):
                value = element.get(field.name)
                found.append(tuple(value) if isinstance(value, list) else value)
    return tuple(found)


def with_only(document: Mapping[str, Any], collections: Sequence[str], kept: Sequence[Element]) -> dict[str, Any]:
    """Copy a document, with no elements of some collections below the root but those that are kept."""
    found = dict(document)
    model = kept[0].world.program.model
    for name in collections:
        for group, path in model.collections[name].groups.items():
            objects = [e.object for e in kept if e.collection.id == name and e.group == group]
            found = _with(found, path.split("."), objects)
    return found


def _with(value: Mapping[str, Any], path: Sequence[str], objects: list[Any]) -> dict[str, Any]:
    found = dict(value)
    if len(path) == 1:
        found[path[0]] = objects
    elif isinstance(found.get(path[0]), Mapping):
        found[path[0]] = _with(found[path[0]], path[1:], objects)
    return found


def _whole(number: float) -> int:
    return int(number) if number < 1e300 else 10**300


class _Counting:
    """A system that counts how often its interpreter is asked."""

    def __init__(self, system: TableSystem) -> None:
        self._system, self.asked = system, 0

    @property
    def components(self) -> Sequence[str]:
        return self._system.components

    @property
    def events(self) -> Sequence[Event]:
        return self._system.events

    @property
    def symmetric(self) -> Sequence[tuple[int, ...]]:
        return self._system.symmetric

    def initial(self) -> Sequence[State]:
        return self._system.initial()

    def class_of(self, event: int, stage: int, component: int, local: int) -> int:
        return self._system.class_of(event, stage, component, local)

    def plan(self, event: int, stage: int, state: State) -> tuple[int, ...] | None:
        self._count()
        return self._system.plan(event, stage, state)

    def step(self, event: int, stage: int, component: int, local: int, context: int) -> Sequence[tuple[int, int]]:
        self._count()
        return self._system.step(event, stage, component, local, context)

    def _count(self) -> None:
        self.asked += 1
        if self.asked > LARGEST_PROBE:
            raise _TooMuchError


def unmet(model: Model, configuration: Configuration, met: Sequence[str]) -> Iterator[str]:
    """Yield the features that exist and could be met, but are not explored in a configuration."""
    for name in model.named["features"]:
        if name not in configuration.features and (name in met or name not in model.chosen):
            yield name
