"""How large a pod is: an estimate from small explorations, and what is left out where it is too much.

The estimate is a product. One container of the pod (the *companion*, named by the tables) is explored alone, and
together with every other kind of container: what each multiplies the states and the work by is taken to hold in the
whole pod too. For pods that could be explored this was up to four times too high, which is on the safe side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    """A size: number of states, and of questions to the interpreter of the tables (some thousands a second).

    `least` tells that there are at least so many: no more was measured, since even that does not fit.
    """

    states: int
    work: int
    least: bool = False

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
    system
        The tables on that pod, where the estimate has made them in the first mode already.
    """

    configuration: Configuration
    reductions: tuple[Reduction, ...] = ()
    estimate: Estimate | None = None
    fits: bool = True
    system: TableSystem | None = field(default=None, repr=False, compare=False)


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
    sizes = _Sizes(model, smallest, modes[0], limit)
    if sizes.companion is None:
        return Plan(configuration)
    bound = Estimate(limit, LARGEST_WORK)
    least = sizes.measure(smallest, within=bound)
    if not least.total.fits(limit, LARGEST_WORK):
        return Plan(smallest, reductions, least.total, fits=False, system=sizes.system)
    if not sizes.others:
        best, estimate = _largest_alone(sizes, choices, least.total)
        return Plan(*choices[best], estimate)
    best, estimate = _largest(sizes, choices, 0, least)
    for mode in modes[1:]:
        more = _Sizes(model, smallest, mode, limit)
        at, other = _largest(more, choices, best, more.measure(smallest, within=bound))
        estimate = other if at > best else max(estimate, other, key=lambda one: one.work)
        best = at
    return Plan(*choices[best], estimate)


def _largest(sizes: _Sizes, choices: Sequence[Variant], first: int, least: _Sample) -> tuple[int, Estimate]:
    """Find the first comfortable variant from `first` on, beginning with the last, which is taken in any case."""
    best = len(choices) - 1
    for at in range(best - 1, first - 1, -1):
        more = sizes.measure(choices[at][0], least)
        if not _is_comfortable(more.total, sizes.limit):
            break
        best, least = at, more
    return best, least.total


def _is_comfortable(estimate: Estimate, limit: int) -> bool:
    return estimate.fits(min(limit, COMFORTABLE_STATES), COMFORTABLE_WORK)


def _largest_alone(sizes: _Sizes, choices: Sequence[Variant], least: Estimate) -> tuple[int, Estimate]:
    """Find the largest variant of a pod with a single container, with longer and longer leaps from the first on.

    Most pods are explored as they are, and what does not fit takes longest to measure.
    """
    first, best, leap = 0, len(choices) - 1, 1
    while first < best:
        at = min(first + leap - 1, (first + best) // 2)
        estimate = sizes.measure(choices[at][0]).total
        if estimate.fits(min(sizes.limit, COMFORTABLE_STATES), COMFORTABLE_ALONE):
            best, least = at, estimate
        else:
            first, leap = at + 1, leap * 2
    return best, least


HOPELESS: Final = 3
"""What is expected to take so many times what is comfortable is not measured."""


@dataclass(frozen=True)
class _Sample:
    """What was measured of a variant: the companion alone, and with one of each other kind of container."""

    alone: Estimate
    pairs: Sequence[Estimate]
    total: Estimate


TOO_MUCH: Final = Estimate(COMFORTABLE_STATES + 1, COMFORTABLE_ALONE + 1, least=True)
"""Stands for what was not measured to its end."""


class _Sizes:
    """Estimates for the variants of one pod in one mode."""

    def __init__(self, model: Model, smallest: Configuration, mode: str, limit: int) -> None:
        self.model, self.mode, self.limit = model, mode, limit
        self.system = system = system_for(model, smallest, mode)
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

    def measure(
        self, configuration: Configuration, smaller: _Sample | None = None, within: Estimate | None = None
    ) -> _Sample:
        """Measure one variant.

        With a smaller one at hand, its pairs first tell what is to be expected: what makes a container alone larger
        makes two of them larger twice over. Pairs that are then too large are not measured. Nor are more pairs once
        it is not `within` a bound, since each makes it larger.
        """
        assert self.companion is not None
        # A limit is met by what it leaves out; what is to be explored in any case is measured whole, to be told.
        states = COMFORTABLE_STATES if within is not None else min(self.limit, COMFORTABLE_STATES)
        alone = self._explored(configuration, [self.companion], COMFORTABLE_ALONE, states)
        if alone is None:
            return _Sample(TOO_MUCH, (), TOO_MUCH)
        if smaller is not None:
            wider = [_scaled(pair, smaller.alone, alone) for pair in smaller.pairs]
            hopeless = self._total(alone, wider).work > HOPELESS * COMFORTABLE_WORK
            if hopeless or any(pair.work > LARGEST_PAIR for pair in wider):
                return _Sample(alone, wider, TOO_MUCH)
        pairs: list[Estimate] = []
        for elements in self.others.values():
            total = self._total(alone, pairs)
            if within is not None and not total.fits(within.states, within.work):
                return _Sample(alone, pairs, replace(total, least=True))
            pair = self._explored(configuration, [self.companion, elements[0]], LARGEST_PAIR, states)
            pairs.append(pair or TOO_MUCH)
        return _Sample(alone, pairs, self._total(alone, pairs))

    def _total(self, alone: Estimate, pairs: Sequence[Estimate]) -> Estimate:
        """Estimate a pod by its first pairs: those of all kinds, or of some, where one asks for no more than these."""
        states, work = float(alone.states), float(alone.work)
        for pair, elements in zip(pairs, self.others.values(), strict=False):
            states *= (pair.states / alone.states) ** len(elements)
            work *= (pair.work / alone.work) ** len(elements)
        return Estimate(_whole(states), _whole(work), alone.least or any(pair.least for pair in pairs))

    def _explored(
        self, configuration: Configuration, kept: Sequence[Element], most: int, states: int
    ) -> Estimate | None:
        """Explore the pod with some of its elements only; None if that takes too many questions or states."""
        document = with_only(configuration.document, self.collections, kept)
        counting = _Counting(system_for(self.model, replace(configuration, document=document), self.mode), most)
        try:
            result = explore(counting, pairs=False, max_states=states + 1)
        except _TooMuchError:
            return None
        return Estimate(len(result), counting.asked) if result.complete else None


def signature(system: TableSystem, members: Sequence[Element]) -> tuple[Any, ...]:
    """Collect what tells two components apart, as far as size goes: constant fields that are not open-ended."""
    found: list[Any] = []
    for element in members:
        found.append(element.collection.id)
        for one in system.program.fields[element.collection.id]:
            if system.analysis.level[one.id] == "static" and str(one.type).split()[0] in ("bool", "enum", "list"):
                value = element.get(one.name)
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
