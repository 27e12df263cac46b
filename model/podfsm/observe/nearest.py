"""What would have been legal where a version breaks a rule: the nearest values of the fields that the rule is about.

A rule is solved for the fields that it names: which of them must have which value so that one of its rows explains the
version, or the rule does not ask. Each way is tried on the document, so that what is told keeps the rule, and of all
ways the one is nearest after which the fewest other rules are broken.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from podfsm.language.model import Expr, Field, Formula, Observation
from podfsm.language.world import DocumentError, Element
from podfsm.observe.places import Steps, is_within, places_of, read, shown, steps, write, written

if TYPE_CHECKING:
    from podfsm.language.model import WatchRule
    from podfsm.language.world import World
    from podfsm.observe.watch import Fault, Version, Watch

#: Ways to make one condition true that are looked at, and ways that are tried; a rule seldom has more.
MOST_WAYS, MOST_TRIED = 24, 48
#: Ways that are told.
MOST_TOLD = 4
#: Changes for the sake of other rules, after the one that a rule itself asks for.
MOST_REPAIRS = 4
#: Entries of the memory of plans; a full one starts again empty.
MOST_PLANS = 50_000

_OPPOSITE = {">=": "<", "<": ">=", "<=": ">", ">": "<="}
_TURNED = {">=": "<=", "<=": ">=", ">": "<", "<": ">"}
_BEYOND = {">=": 0, "<=": 0, ">": 1, "<": -1}


@dataclass(frozen=True)
class Change:
    """A field of an element that must compare with a value: `relation` is =, !=, <, <=, > or >=."""

    element: Element
    field: Field
    observation: Observation
    relation: str
    value: Any


Way = tuple[Change, ...]
_NO_CHANGE: tuple[Way, ...] = ((),)


@dataclass(frozen=True)
class Legal:
    """What would have been legal.

    `expected` says it for people, one way after the other; `values` has the nearest one, by the path of the field: JSON
    values, None where nothing should stand.
    """

    expected: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class _Plan:
    """What was found for a fault: the numbers of the ways to tell, the best one first, and then what else to mend."""

    ways: tuple[int, ...]
    repairs: tuple[tuple[Fault, int], ...] = ()


@dataclass(frozen=True)
class _Tried:
    """A way that keeps the rule: its number, the document that it makes, and the faults that are left in it.

    `distance` is less for what is nearer: fewer faults, likelier guesses, fewer places that are other than in the
    version before, fewer changes.
    """

    number: int
    document: Mapping[str, Any]
    faults: tuple[Fault, ...]
    distance: tuple[int, int, int, int]


@dataclass(frozen=True)
class _Write:
    """What a change puts at a place, None to remove what is there; it is not `known` if any other value would do."""

    place: Steps
    value: Any
    known: bool = True


class Nearest:
    """Finds what would have been legal, and remembers how it was found for versions that look alike.

    Parameters
    ----------
    watch
        The rules.
    """

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self._plans: dict[Any, _Plan] = {}

    def of(self, fault: Fault, document: Mapping[str, Any], before: Version | None, look: Any = None) -> Legal:
        """Find what would have been legal instead of a fault; nothing where that does not follow from the rule.

        Parameters
        ----------
        fault
            What is wrong.
        document, before
            The version that it is found in, and the one before.
        look
            Equal for versions that look alike to the rules, after versions that look alike; None is like no other.
        """
        search = _Search(self.watch, before)
        key = None if look is None else (look, fault.rule.id, fault.place, fault.guesses)
        plan = self._plans.get(key)
        if plan is None:
            plan = search.plan(fault, document)
            if len(self._plans) >= MOST_PLANS:
                self._plans.clear()
            if key is not None:
                self._plans[key] = plan
        return search.legal(fault, document, plan)


class _Search:
    """Tries ways on documents, after the version before."""

    def __init__(self, watch: Watch, before: Version | None) -> None:
        self.watch, self.before = watch, before
        self.earlier = None if before is None else before.document

    def plan(self, fault: Fault, document: Mapping[str, Any]) -> _Plan:
        """Find the ways that mend a fault, and what else must change after the best of them."""
        tried = self._tried(fault, document)
        if not tried:
            return _Plan(())
        best = min(tried, key=lambda one: one.distance)
        told = sorted((one for one in tried if len(one.faults) == len(best.faults)), key=lambda one: one.distance)
        repairs: list[tuple[Fault, int]] = []
        for _ in range(MOST_REPAIRS):
            found = [(one, other) for other in best.faults for one in self._tried(other, best.document)]
            better = [(one, other) for one, other in found if len(one.faults) < len(best.faults)]
            if not better:
                break
            best, mended = min(better, key=lambda pair: pair[0].distance)
            repairs.append((mended, best.number))
        return _Plan(tuple(one.number for one in told[:MOST_TOLD]), tuple(repairs))

    def legal(self, fault: Fault, document: Mapping[str, Any], plan: _Plan) -> Legal:
        """Carry out a plan: say the ways in words, and take the values from the document that the best one makes."""
        if not plan.ways:
            return Legal("", {})
        ways = [way for _, way in self._candidates(fault, document)]
        texts = [_text(ways[number]) for number in plan.ways if number < len(ways)]
        element = self.watch.world(document).elements_of(fault.rule.collection)[fault.place]
        own = [place for path in fault.rule.fields if (place := steps(element, tuple(path.split("."))))]
        places: dict[Steps, bool] = dict.fromkeys(own, True)
        for other, number in ((fault, plan.ways[0]), *plan.repairs):
            ways = [way for _, way in self._candidates(other, document)]
            if number < len(ways):
                document, writes = self._changed(document, ways[number])
                places |= {one.place: one.known for one in writes}
        outer = [at for at, known in places.items() if known and not any(is_within(at, o) for o in places if o != at)]
        return Legal(" | ".join(texts), {shown(at): read(document, at) for at in outer})

    def _tried(self, fault: Fault, document: Mapping[str, Any]) -> list[_Tried]:
        """Try the ways to mend a fault; those that do, in the order of the rule."""
        found: list[_Tried] = []
        texts = set[str]()
        for number, (rank, way) in enumerate(self._candidates(fault, document)):
            text = _text(way)
            if text not in texts and len(texts) < MOST_TRIED:
                texts.add(text)
                tried = self._try(fault, document, number, rank, way)
                found += [] if tried is None else [tried]
            if sum(not one.faults for one in found) == MOST_TOLD:
                break
        return found

    def _try(self, fault: Fault, document: Mapping[str, Any], number: int, rank: int, way: Way) -> _Tried | None:
        changed, writes = self._changed(document, way)
        if changed == document:
            return None
        try:
            faults = tuple(one for one in self.watch.find(self.before, changed).faults if one.row is None)
        except DocumentError:
            return None
        if any(one.rule is fault.rule and one.place == fault.place for one in faults):
            return None
        other = sum(read(changed, one.place) != read(self.earlier, one.place) for one in writes)
        return _Tried(number, changed, faults, (len(faults), rank, other, len(way)))

    def _changed(self, document: Mapping[str, Any], way: Way) -> tuple[Mapping[str, Any], list[_Write]]:
        changed = copy.deepcopy(dict(document))
        writes = [write for change in way for write in self._writes(change)]
        # What is inside of an object that is put in its place comes after it.
        for one in sorted(writes, key=lambda one: len(one.place)):
            write(changed, one.place, copy.deepcopy(one.value))
        return changed, writes

    def _writes(self, change: Change) -> Iterator[_Write]:
        """Yield what a change writes; what it leaves open is as in the version before."""
        field, observation, value = change.field, change.observation, change.value
        places = places_of(change.element, observation)
        if observation.form == "which":
            for (name, _), place in zip(observation.which, places, strict=True):
                yield self._present(change, place) if name == value else _Write(place, None)
        elif observation.form == "present":
            yield self._present(change, places[0]) if value is True else _Write(places[0], None)
        elif observation.form == "count":
            yield _Write(places[0], read(self.earlier, places[0]))
        elif change.relation == "!=":
            earlier = read(self.earlier, places[0])
            is_other = earlier != written(field, observation, value)
            yield _Write(places[0], earlier) if is_other else _Write(places[0], _any_value(field, value), False)
        else:
            bound = value if change.relation == "=" else (value or 0) + _BEYOND[change.relation]
            if bound is not None and field.type.kind == "text":
                bound = str(bound)
            yield _Write(places[0], written(field, observation, bound))

    def _present(self, change: Change, place: Steps) -> _Write:
        element = change.element
        current = read(element.world.document, place)
        found = current if current is not None else read(self.earlier, place)
        if found is not None:
            return _Write(place, copy.deepcopy(found))
        for field in self.watch.model.fields[element.collection.id].values():
            observation = element.world.observations.get(field.id, field.observe)
            if observation and observation.form == "at" and places_of(element, observation) == (place,):
                return _Write(place, written(field, observation, _any_value(field, None)), False)
        return _Write(place, {})

    def _candidates(self, fault: Fault, document: Mapping[str, Any]) -> Iterator[tuple[int, Way]]:
        """Yield (rank of the guess, way) for every way to mend a fault, the likeliest guess first."""
        world = self.watch.world(document)
        if self.earlier is not None:
            world.before = self.watch.world(self.earlier)
        yield from ((0, way) for way in self._of_rule(fault.rule, world, fault.place))
        now, before = fault.guesses
        if not now:
            return
        if before and world.before is not None:
            self.watch.guess(world.before, before)
        rules = [fault.rule, *self.watch.related(fault.rule, world.before is not None)]
        others = [guess for guess in self.watch.every_guess if guess != now]
        for rank, guess in enumerate((now, *others)):
            self.watch.guess(world, guess)
            for rule in rules:
                yield from ((rank, way) for way in self._of_rule(rule, world, fault.place))

    def _of_rule(self, rule: WatchRule, world: World, place: int) -> Iterator[Way]:
        element = world.elements_of(rule.collection)[place]
        solver = _Solver(self.watch, element, rule.fields)
        if rule.expected is not None:
            yield from solver.given(rule.expected)
        for row in rule.rows:
            if not row.defect:
                yield from solver.ways(row.when.expr, True, (element,))
        if rule.where is not None:
            yield from solver.ways(rule.where.expr, False, (element,))


def _any_value(field: Field, other: Any) -> Any:
    """Return some value of a field's type that is not the other one."""
    if field.type.kind in ("number", "time"):
        return (other or 0) + 1
    return f"{other or ''}?"


class _Solver:
    """Finds ways to make a condition true or false by changes of some fields of a document."""

    def __init__(self, watch: Watch, element: Element, fields: Iterable[str]) -> None:
        self.model, self.program = watch.model, watch.program
        self.element = element
        self.paths = list(fields)
        found = [steps(element, tuple(path.split("."))) for path in self.paths]
        self.allowed = [place for place in found if place is not None]

    def given(self, expected: Formula) -> Iterator[Way]:
        """Yield the way to the value that the rule itself expects of its only field."""
        if len(self.paths) != 1:
            return
        value = str(self.program.cached_closure(expected)((self.element,), None))
        for field in self.model.fields[self.element.collection.id].values():
            observation = self._observation(field)
            if observation is not None and observation.form == "at" and ".".join(observation.path) == self.paths[0]:
                yield (Change(self.element, field, observation, "=", value),)
                return

    def ways(self, expr: Expr, want: bool, els: tuple[Element | None, ...]) -> tuple[Way, ...]:
        """Return the ways to make an expression true or false; () changes nothing, no way at all if there is none."""
        if bool(self._value(expr, els)) == want:
            return _NO_CHANGE
        solve: Callable[..., tuple[Way, ...]] | None = getattr(self, f"_{expr.kind}", None)
        return () if solve is None else solve(expr, want, els)[:MOST_WAYS]

    def _value(self, expr: Expr, els: tuple[Element | None, ...]) -> Any:
        return self.program.closure(expr)(els, None)

    # --------------------------------------------------------------------------------------------------- connectives

    def _not(self, expr: Expr, want: bool, els: tuple[Element | None, ...]) -> tuple[Way, ...]:
        return self.ways(expr.args[0], not want, els)

    def _and(self, expr: Expr, want: bool, els: tuple[Element | None, ...]) -> tuple[Way, ...]:
        parts = [self.ways(part, want, els) for part in expr.args]
        return _together(parts) if want else tuple(way for ways in parts for way in ways)

    def _or(self, expr: Expr, want: bool, els: tuple[Element | None, ...]) -> tuple[Way, ...]:
        parts = [self.ways(part, want, els) for part in expr.args]
        return tuple(way for ways in parts for way in ways) if want else _together(parts)

    def _implies(self, expr: Expr, want: bool, els: tuple[Element | None, ...]) -> tuple[Way, ...]:
        left, right = expr.args
        if want:
            return (*self.ways(right, True, els), *self.ways(left, False, els))
        return _together([self.ways(left, True, els), self.ways(right, False, els)])

    def _all(self, expr: Expr, want: bool, els: tuple[Element | None, ...]) -> tuple[Way, ...]:
        return self._each(expr, want, want, els)

    def _any(self, expr: Expr, want: bool, els: tuple[Element | None, ...]) -> tuple[Way, ...]:
        return self._each(expr, want, not want, els)

    def _none(self, expr: Expr, want: bool, els: tuple[Element | None, ...]) -> tuple[Way, ...]:
        return self._each(expr, not want, want, els)

    def _each(self, expr: Expr, holds: bool, every: bool, els: tuple[Element | None, ...]) -> tuple[Way, ...]:
        """Make the body true or false for every element of a scope, or for one of them."""
        scope, body = expr.args
        if body is None:
            return ()
        parts = [self.ways(body, holds, (*els, one)) for one in self.program.scope_of(scope)(els, None)]
        return _together(parts) if every else tuple(way for ways in parts for way in ways)

    # --------------------------------------------------------------------------------------------------------- atoms

    def _equal(self, expr: Expr, want: bool, els: tuple[Element | None, ...]) -> tuple[Way, ...]:
        return self._compared(expr.args[0], "=" if want else "!=", expr.args[1], els)

    def _in(self, expr: Expr, want: bool, els: tuple[Element | None, ...]) -> tuple[Way, ...]:
        operand, values = expr.args
        if want:
            return tuple(way for value in values for way in self._compared(operand, "=", value, els))
        item = self._settable(operand, els)
        return () if item is None else tuple((Change(*item, "=", value),) for value in self._others(item[1], values))

    def _same(self, expr: Expr, want: bool, els: tuple[Element | None, ...]) -> tuple[Way, ...]:
        left, right = expr.args
        return self._sides("=" if want else "!=", left, right, els)

    def _less(self, expr: Expr, want: bool, els: tuple[Element | None, ...]) -> tuple[Way, ...]:
        relation, left, right = expr.args
        return self._sides(relation if want else _OPPOSITE[relation], left, right, els)

    def _sides(self, relation: str, left: Expr, right: Expr, els: tuple[Element | None, ...]) -> tuple[Way, ...]:
        forth = self._compared(left, relation, self._value(right, els), els)
        return forth + self._compared(right, _TURNED.get(relation, relation), self._value(left, els), els)

    def _field(self, expr: Expr, want: bool, els: tuple[Element | None, ...]) -> tuple[Way, ...]:
        item = self._settable(expr, els)
        if item is not None:
            return ((Change(*item, "=", want),),)
        element, field = self._found(expr, els)
        return () if element is None or field.let is None else self.ways(field.let.expr, want, (element,))

    def _compared(self, operand: Expr, relation: str, value: Any, els: tuple[Element | None, ...]) -> tuple[Way, ...]:
        item = self._settable(operand, els)
        if item is None:
            return ()
        if relation == "!=" and (others := self._others(item[1], (value,))):
            return tuple((Change(*item, "=", other),) for other in others)
        return ((Change(*item, relation, value),),)

    def _others(self, field: Field, values: Iterable[Any]) -> list[Any]:
        """Return the values of a field's domain but for some; nothing if it has no domain."""
        domain = self.model.domains.get(field.type.name)
        return [] if domain is None else [value for value in domain.values if value not in tuple(values)]

    # -------------------------------------------------------------------------------------------------------- fields

    def _settable(self, expr: Expr, els: tuple[Element | None, ...]) -> tuple[Element, Field, Observation] | None:
        """Return the field that an operand is, if it is one that may be changed."""
        if expr.kind == "builtin" and len(expr.args[1]) == 1:
            return self._settable(expr.args[1][0], els)
        if expr.kind != "field":
            return None
        element, field = self._found(expr, els)
        if element is None:
            return None
        if field.let is not None:
            return self._settable(field.let.expr, (element,))
        observation = self._observation(field)
        if observation is None or field.table or field.id in self.model.guesses:
            return None
        places = places_of(element, observation)
        reaches = any(is_within(place, outer) or is_within(outer, place) for place in places for outer in self.allowed)
        return (element, field, observation) if reaches else None

    def _found(self, expr: Expr, els: tuple[Element | None, ...]) -> tuple[Element | None, Field]:
        ref, collection, name = expr.args
        return self._value(ref, els), self.model.fields[collection][name]

    def _observation(self, field: Field) -> Observation | None:
        return self.element.world.observations.get(field.id, field.observe)


def _together(parts: list[tuple[Way, ...]]) -> tuple[Way, ...]:
    """Return the ways that take one way of each part; those that want two values of one field are none."""
    found: list[Way] = []
    if not all(parts):
        return ()
    for ways in product(*parts):
        changes: dict[tuple[int, str], Change] = {}
        for change in (change for way in ways for change in way):
            known = changes.setdefault((id(change.element), change.field.id), change)
            if (known.relation, known.value) != (change.relation, change.value):
                break
        else:
            found.append(tuple(changes.values()))
            if len(found) == MOST_WAYS:
                break
    return tuple(found)


# ------------------------------------------------------------------------------------------------------------- changes


def _told(change: Change) -> str:
    """Write a change: the path of the field, how it must compare, and with what."""
    observation, value, relation = change.observation, change.value, change.relation
    places = places_of(change.element, observation)
    if observation.form == "which":
        return f"{shown(places[0][:-1])} {relation} {value}"
    if observation.form == "present":
        return f"{shown(places[0])} {'!=' if value is True else '='} null"
    if observation.form == "at":
        value = written(change.field, observation, value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"{shown(places[0])} {relation} {text}"


def _text(way: Way) -> str:
    return ", ".join(map(_told, way))
