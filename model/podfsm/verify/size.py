"""How large a pod is: an estimate from small explorations, and what is left out where it is too much.

The estimate is a product. One container of the pod (the *companion*, named by the tables) is explored alone, and
together with every other kind of container: what each multiplies the states and the work by is taken to hold in the
whole pod too. For pods that could be explored this was up to four times too high, and up to two times too low.
A pod with one or two containers is not estimated: its variants are explored, each for a moment, until one fits.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from statistics import geometric_mean
from typing import Any, Final

from podfsm.explore.adapter import TableSystem
from podfsm.explore.configuration import Configuration, system_for
from podfsm.explore.search import Result, explore
from podfsm.language.model import Model, Reduction
from podfsm.language.world import Element

STATE: Final = 20e-6
"""Seconds of one mode that a state takes, with its transitions and all properties."""

QUESTION: Final = 60e-6
"""Seconds that a question to the interpreter of the tables takes."""

COMFORTABLE: Final = 30.0
"""A pod estimated to take longer, in seconds, is reduced, if there is something left to reduce."""

COMFORTABLE_SMALL: Final = (0.6, 1.2)
"""So is one with a single container, or with two: nobody waits long for an answer about a simple pod."""

LONGEST: Final = 60.0
"""A pod estimated to take longer, in seconds, is not explored, unless a number of states is allowed."""

PATIENCE: Final = 4.0
"""Seconds of the clock after which it must be known whether a pod fits, unless a number of states is allowed."""

DEFAULT_LIMIT: Final = 5_000_000
"""States beyond which an exploration gives up, unless another number is allowed: the estimate was too low."""

LARGEST_ALONE: Final = 60_000
"""Questions to the interpreter after which the exploration of one container for the estimate gives up."""

LARGEST_PAIR: Final = 15_000
"""The same for two containers, and for one where there are others."""

HOPELESS: Final = 3
"""What is expected to take so many times what is comfortable is not measured."""

Variant = tuple[Configuration, tuple[Reduction, ...]]
"""A pod after some reductions, and these."""


@dataclass(frozen=True)
class Bound:
    """A number of states and of seconds that an exploration may take."""

    states: int
    seconds: float

    @property
    def most(self) -> int:
        """Number of states that fit."""
        return int(min(self.states, self.seconds / STATE))


@dataclass(frozen=True)
class Estimate:
    """A size: number of states, and of questions to the interpreter of the tables.

    `least` tells that there are at least so many: no more was measured, since even that does not fit.
    """

    states: int
    work: int
    least: bool = False

    @property
    def seconds(self) -> float:
        """Seconds that the exploration of one mode takes."""
        return self.states * STATE + self.work * QUESTION

    def fits(self, bound: Bound) -> bool:
        """Tell whether it is within a bound."""
        return self.states <= bound.states and self.seconds <= bound.seconds


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
    late
        Whether it is not, because the time for the estimate was over before anything was known to fit.
    system
        The tables on that pod in the first mode, where the estimate has made them already.
    known
        The same with everything that the pod can do, where the estimate has explored it whole.
    """

    configuration: Configuration
    reductions: tuple[Reduction, ...] = ()
    estimate: Estimate | None = None
    fits: bool = True
    late: bool = False
    system: TableSystem | None = field(default=None, repr=False, compare=False)
    known: tuple[TableSystem, Result] | None = field(default=None, repr=False, compare=False)


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


def plan_for(model: Model, configuration: Configuration, limit: int | None, modes: Sequence[str] = ("as-is",)) -> Plan:
    """Choose the largest variant of a pod that is explored in reasonable time.

    Parameters
    ----------
    limit
        Number of states that no exploration may exceed; it may then take long. None to wait for a minute at most.
    modes
        What is to be explored; the variant must be comfortable in each.
    """
    choices = variants(model, configuration)
    smallest, reductions = choices[-1]
    sizes = _Sizes(model, smallest, modes[0], limit)
    if sizes.companion is None:
        return Plan(configuration)
    if sizes.small:
        found = _largest_small(sizes, choices[:-1])
        if found is not None:
            return found
    allowed = Bound(DEFAULT_LIMIT, LONGEST) if limit is None else Bound(limit, inf)
    if limit is None and not sizes.small:
        sizes.until = time.perf_counter() + PATIENCE
    least = sizes.measure(smallest, within=allowed)
    sizes.until = None
    if least.late or not least.total.fits(allowed):
        return Plan(smallest, reductions, least.total, fits=False, late=least.late, system=sizes.system)
    if sizes.small:
        return Plan(smallest, reductions, least.total)
    best, estimate = _largest(sizes, choices, 0, least)
    for mode in modes[1:]:
        if best == len(choices) - 1:
            break
        more = _Sizes(model, smallest, mode, limit)
        # What is comfortable in one mode mostly is in the other too; if not, the way begins at the smallest again.
        at, other = best, more.measure(choices[best][0]).total
        if not other.fits(more.comfortable):
            at, other = _largest(more, choices, best + 1, more.measure(smallest, within=allowed))
        estimate = other if at > best else max(estimate, other, key=lambda one: one.seconds)
        best = at
    return Plan(*choices[best], estimate)


def _largest(sizes: _Sizes, choices: Sequence[Variant], first: int, least: _Sample) -> tuple[int, Estimate]:
    """Find the first comfortable variant from `first` on, beginning with the last, which is taken in any case."""
    best = len(choices) - 1
    for at in range(best - 1, first - 1, -1):
        more = sizes.measure(choices[at][0], least)
        if not more.total.fits(sizes.comfortable):
            break
        best, least = at, more
    return best, least.total


def _largest_small(sizes: _Sizes, choices: Sequence[Variant]) -> Plan | None:
    """Find the largest comfortable variant of a small pod by exploring it, by bisection; None if there is none."""
    first, best, bound = 0, len(choices), sizes.comfortable
    found: Plan | None = None
    while first < best:
        at = (first + best) // 2
        system = system_for(sizes.model, choices[at][0], sizes.mode)
        result = explore(system, max_states=bound.most + 1, max_questions=int(bound.seconds / QUESTION))
        estimate = Estimate(len(result), result.asked)
        if result.complete and estimate.fits(bound):
            best, found = at, Plan(*choices[at], estimate, known=(system, result))
        else:
            first = at + 1
    return found


@dataclass(frozen=True)
class _Sample:
    """What was measured of a variant: the companion alone, and with one of each other kind of container.

    `late` tells that the time was over before this was enough to know that it fits.
    """

    alone: Estimate
    pairs: Sequence[Estimate]
    total: Estimate
    late: bool = False


TOO_MUCH: Final = Estimate(round(LONGEST / STATE), LARGEST_ALONE, least=True)
"""Stands for what was not measured to its end."""


class _Sizes:
    """Estimates for the variants of one pod in one mode."""

    def __init__(self, model: Model, smallest: Configuration, mode: str, limit: int | None) -> None:
        self.model, self.mode = model, mode
        self.system = system = system_for(model, smallest, mode)
        members = [component[0] for component in system.component_elements[1:]]
        self.collections = list(dict.fromkeys(element.collection.id for element in members))
        self.companion = self._find_companion(members)
        self.others: dict[tuple[Any, ...], list[Element]] = {}
        for component in system.component_elements[1:]:
            if component[0] is not self.companion:
                self.others.setdefault(signature(system, component), []).append(component[0])
        self.members = [element for elements in self.others.values() for element in elements]
        self.small = len(self.members) < len(COMFORTABLE_SMALL)
        seconds = COMFORTABLE
        if self.small:
            seconds = COMFORTABLE_SMALL[len(self.members)] if limit is None else LONGEST
        self.comfortable = Bound(DEFAULT_LIMIT if limit is None else limit, seconds)
        #: When the clock must stop what is measured.
        self.until: float | None = None

    def _find_companion(self, members: Sequence[Element]) -> Element | None:
        setting = self.model.named["settings"].get("companion")
        if setting is None:
            return None
        role = setting.data.text
        return next((e for e in members if role in e.collection.roles and e.has_role(role)), None)

    def measure(
        self, configuration: Configuration, smaller: _Sample | None = None, within: Bound | None = None
    ) -> _Sample:
        """Measure one variant.

        With a smaller one at hand, its pairs first tell what is to be expected: what makes a container alone larger
        makes two of them larger twice over. Pairs that are then too large are not measured. Nor are more pairs once
        it is not `within` a bound, since each makes it larger.
        """
        # A limit is met by what it leaves out; what is to be explored in any case is measured whole, to be told.
        states = TOO_MUCH.states if within is not None else self.comfortable.most
        alone = self._explored(configuration, (), LARGEST_PAIR if within is None else LARGEST_ALONE, states)
        if alone.least:
            return _Sample(alone, (), alone, late=True) if self._late() else _Sample(TOO_MUCH, (), TOO_MUCH)
        if smaller is not None:
            wider = [_scaled(pair, smaller.alone, alone) for pair in smaller.pairs]
            hopeless = self._total(alone, wider).seconds > HOPELESS * self.comfortable.seconds
            if hopeless or any(pair.work > LARGEST_PAIR for pair in wider):
                return _Sample(alone, wider, TOO_MUCH)
        pairs: list[Estimate] = []
        for elements in self.others.values():
            total = self._total(alone, pairs)
            if within is not None and not total.fits(within):
                return _Sample(alone, pairs, replace(total, least=True))
            pair = self._explored(configuration, elements[:1], LARGEST_PAIR, states)
            if pair.least and self._late():
                assert within is not None
                guess = self._guessed(alone, pairs)
                if guess.late or not guess.total.fits(within):
                    return guess
                # It seems to fit, and so will be explored: no reason to hurry with what decides how much of it.
                self.until = None
                pair = self._explored(configuration, elements[:1], LARGEST_PAIR, states)
            pairs.append(TOO_MUCH if pair.least else pair)
        return _Sample(alone, pairs, self._total(alone, pairs))

    def _late(self) -> bool:
        return self.until is not None and time.perf_counter() >= self.until

    def _guessed(self, alone: Estimate, pairs: Sequence[Estimate]) -> _Sample:
        """Take each pair that there was no time to measure to be as large as the others are on average."""
        if not pairs:
            return _Sample(alone, (), replace(alone, least=True), late=True)
        other = Estimate(
            _whole(geometric_mean([pair.states for pair in pairs])), _whole(geometric_mean([p.work for p in pairs]))
        )
        whole = [*pairs, *[other] * (len(self.others) - len(pairs))]
        return _Sample(alone, whole, self._total(alone, whole))

    def _total(self, alone: Estimate, pairs: Sequence[Estimate]) -> Estimate:
        """Estimate a pod by its first pairs: those of all kinds, or of some, where one asks for no more than these."""
        states, work = float(alone.states), float(alone.work)
        for pair, elements in zip(pairs, self.others.values(), strict=False):
            states *= (pair.states / alone.states) ** len(elements)
            work *= (pair.work / alone.work) ** len(elements)
        return Estimate(_whole(states), _whole(work), alone.least or any(pair.least for pair in pairs))

    def _explored(self, configuration: Configuration, others: Sequence[Element], most: int, states: int) -> Estimate:
        """Explore the companion with some others only, as far as limits on questions, states and the clock allow."""
        assert self.companion is not None
        document = with_only(configuration.document, self.collections, [self.companion, *others])
        system = system_for(self.model, replace(configuration, document=document), self.mode)
        seconds = None if self.until is None else max(0.0, self.until - time.perf_counter())
        result = explore(system, pairs=False, max_states=states + 1, max_questions=most, max_seconds=seconds)
        return Estimate(len(result), result.asked, least=not result.complete)


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


def unmet(model: Model, configuration: Configuration, met: Sequence[str]) -> Iterator[str]:
    """Yield the features that exist and could be met, but are not explored in a configuration."""
    for name in model.named["features"]:
        if name not in configuration.features and (name in met or name not in model.chosen):
            yield name
