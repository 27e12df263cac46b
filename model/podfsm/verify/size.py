"""How large a pod is: an estimate from small explorations, and what is left out where it is too much.

The estimate is a product. One container of the pod (the *companion*, named by the tables) is explored alone, and
together with every other kind of container: what each multiplies the states and the work by is taken to hold in the
whole pod too. For pods that could be explored this was up to four times too high, which is on the safe side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from podfsm.explore.adapter import TableSystem
from podfsm.explore.configuration import Configuration, system_for
from podfsm.explore.search import explore
from podfsm.explore.system import Event, State
from podfsm.language.model import Model, Reduction
from podfsm.language.world import Element

COMFORTABLE_STATES: Final = 2_000_000
"""A pod estimated larger than this is reduced, if there is something left to reduce."""

COMFORTABLE_WORK: Final = 20_000
"""So is one that asks the interpreter of the tables more often than this."""

COMFORTABLE_ALONE: Final = 60_000
"""With a single container, answers are simpler: so many may be asked for."""

LARGEST_WORK: Final = 400_000
"""A pod estimated to ask the interpreter more often than this is not explored."""

LARGEST_PAIR: Final = 15_000
"""Questions to the interpreter after which the exploration of two containers for the estimate gives up."""


Variant = tuple[Configuration, tuple[Reduction, ...]]
"""A pod after some reductions, and these."""


@dataclass(frozen=True)
class Estimate:
    """A size: number of states, and of questions to the interpreter of the tables (some thousands a second)."""

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
        Its estimated size; None if there was nothing to estimate it by.
    fits
        Whether it is to be explored.
    """

    configuration: Configuration
    reductions: tuple[Reduction, ...] = ()
    estimate: Estimate | None = None
    fits: bool = True


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


def plan_for(model: Model, configuration: Configuration, limit: int, modes: Sequence[str] = ("as-is",)) -> Plan:
    """Choose the largest variant of a pod that is explored in reasonable time.

    Parameters
    ----------
    limit
        Number of states that no exploration may exceed.
    modes
        What is to be explored; the variant must be comfortable in each.
    """
    choices = variants(model, configuration)
    smallest, reductions = choices[-1]
    sizes = _Sizes(model, smallest, modes[0])
    if sizes.companion is None:
        return Plan(configuration)
    if not sizes.others:
        return _largest_alone(sizes, choices, limit)
    least = sizes.measure(smallest).total
    if not least.fits(limit, LARGEST_WORK):
        return Plan(smallest, reductions, least, fits=False)
    best, estimate = _largest(sizes, choices, 0, limit)
    for mode in modes[1:]:
        at, other = _largest(_Sizes(model, smallest, mode), choices, best, limit)
        estimate = other if at > best else max(estimate, other, key=lambda one: one.work)
        best = at
    return Plan(*choices[best], estimate)


def _largest(sizes: _Sizes, choices: Sequence[Variant], first: int, limit: int) -> tuple[int, Estimate]:
    """Find the first comfortable variant from `first` on, beginning with the last, which is taken in any case."""
    best = len(choices) - 1
    least = sizes.measure(choices[best][0])
    for at in range(best - 1, first - 1, -1):
        more = sizes.measure(choices[at][0], least)
        if not _is_comfortable(more.total, limit):
            break
        best, least = at, more
    return best, least.total


def _is_comfortable(estimate: Estimate, limit: int) -> bool:
    return estimate.fits(min(limit, COMFORTABLE_STATES), COMFORTABLE_WORK)


def _largest_alone(sizes: _Sizes, choices: Sequence[Variant], limit: int) -> Plan:
    """Choose the largest variant of a pod with a single container: most are explored as they are."""
    for configuration, reductions in choices:
        estimate = sizes.measure(configuration).total
        if estimate.fits(min(limit, COMFORTABLE_STATES), COMFORTABLE_ALONE):
            return Plan(configuration, reductions, estimate)
    return Plan(*choices[-1], estimate, fits=estimate.fits(limit, LARGEST_WORK))


HOPELESS: Final = 3
"""What is expected to take so many times what is comfortable is not measured."""


@dataclass(frozen=True)
class _Sample:
    """What was measured of a variant: the companion alone, and with one of each other kind of container."""

    alone: Estimate
    pairs: Sequence[Estimate]
    total: Estimate


TOO_MUCH: Final = Estimate(COMFORTABLE_STATES + 1, COMFORTABLE_ALONE + 1)
"""Stands for what was not measured to its end."""


class _Sizes:
    """Estimates for the variants of one pod in one mode."""

    def __init__(self, model: Model, smallest: Configuration, mode: str) -> None:
        self.model, self.mode = model, mode
        system = system_for(model, smallest, mode)
        members = [component[0] for component in system.component_elements[1:]]
        self.collections = list(dict.fromkeys(element.collection.id for element in members))
        self.companion = self._find_companion(members)
        self.others: dict[tuple[Any, ...], list[Element]] = {}
        for component in system.component_elements[1:]:
            if component[0] is not self.companion:
                self.others.setdefault(signature(system, component), []).append(component[0])

    def _find_companion(self, members: Sequence[Element]) -> Element | None:
        setting = self.model.named["settings"].get("companion")
        if setting is None:
            return None
        role = setting.data.text
        return next((e for e in members if role in e.collection.roles and e.has_role(role)), None)

    def measure(self, configuration: Configuration, smaller: _Sample | None = None) -> _Sample:
        """Measure one variant.

        With a smaller one at hand, its pairs first tell what is to be expected: what makes a container alone larger
        makes two of them larger twice over. Pairs that are then too large are not measured.
        """
        assert self.companion is not None
        alone = self._explored(configuration, [self.companion], COMFORTABLE_ALONE)
        if alone is None:
            return _Sample(TOO_MUCH, (), TOO_MUCH)
        if smaller is not None:
            wider = [_scaled(pair, smaller.alone, alone) for pair in smaller.pairs]
            hopeless = self._total(alone, wider).work > HOPELESS * COMFORTABLE_WORK
            if hopeless or any(pair.work > LARGEST_PAIR for pair in wider):
                return _Sample(alone, wider, TOO_MUCH)
        pairs = []
        for elements in self.others.values():
            pair = self._explored(configuration, [self.companion, elements[0]], LARGEST_PAIR)
            pairs.append(pair or TOO_MUCH)
        return _Sample(alone, pairs, self._total(alone, pairs))

    def _total(self, alone: Estimate, pairs: Sequence[Estimate]) -> Estimate:
        states, work = float(alone.states), float(alone.work)
        for pair, elements in zip(pairs, self.others.values(), strict=True):
            states *= (pair.states / alone.states) ** len(elements)
            work *= (pair.work / alone.work) ** len(elements)
        return Estimate(_whole(states), _whole(work))

    def _explored(self, configuration: Configuration, kept: Sequence[Element], most: int) -> Estimate | None:
        """Explore the pod with some of its elements only; None if that takes more than so many questions."""
        document = with_only(configuration.document, self.collections, kept)
        counting = _Counting(system_for(self.model, replace(configuration, document=document), self.mode), most)
        try:
            result = explore(counting, pairs=False)
        except _TooMuchError:
            return None
        return Estimate(len(result), counting.asked)


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


def _scaled(pair: Estimate, before: Estimate, after: Estimate) -> Estimate:
    """Make a pair larger by the square of what its companion alone grew by."""
    return Estimate(
        _whole(pair.states * (after.states / before.states) ** 2), _whole(pair.work * (after.work / before.work) ** 2)
    )


def _whole(number: float) -> int:
    return int(min(number, 1e300))


class _Counting:
    """A system that counts how often its interpreter is asked, and gives up at some number."""

    def __init__(self, system: TableSystem, most: int) -> None:
        self._system, self.asked, self._most = system, 0, most

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
        if self.asked > self._most:
            raise _TooMuchError


def unmet(model: Model, configuration: Configuration, met: Sequence[str]) -> Iterator[str]:
    """Yield the features that exist and could be met, but are not explored in a configuration."""
    for name in model.named["features"]:
        if name not in configuration.features and (name in met or name not in model.chosen):
            yield name
