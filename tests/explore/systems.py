"""Small systems for the tests of the engine, which note every question they are asked."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence

from hypothesis import strategies as st

from podfsm.explore.system import Event, Stage, State


class Toy:
    """A system whose answers come from functions, and which notes every question.

    `plan` and `step` are given (event name, stage number, ...); `view` is the class of a local id, by default the id.
    """

    def __init__(
        self,
        components: int,
        events: Sequence[Event],
        initial: Sequence[State],
        plan: Callable[[str, int, State], tuple[int, ...] | None],
        step: Callable[[str, int, int, int, int], Sequence[tuple[int, int]]],
        *,
        view: Callable[[int, int], int] = lambda component, local: local,
        symmetric: Sequence[tuple[int, ...]] = (),
    ) -> None:
        self.components = [f"c{number}" for number in range(components)]
        self.events = events
        self.symmetric = symmetric
        self.asked: Counter[tuple[object, ...]] = Counter()
        self._initial = initial
        self._plan = plan
        self._step = step
        self._view = view

    def initial(self) -> Sequence[State]:
        return self._initial

    def class_of(self, event: int, stage: int, component: int, local: int) -> int:
        self.asked["class", event, stage, component, local] += 1
        return self._view(component, local)

    def plan(self, event: int, stage: int, state: State) -> tuple[int, ...] | None:
        reads = self.events[event].stages[stage].reads
        joint = tuple(self._view(component, state[component]) for component in reads)
        self.asked["plan", event, stage, joint] += 1
        return self._plan(self.events[event].name, stage, state)

    def step(self, event: int, stage: int, component: int, local: int, context: int) -> Sequence[tuple[int, int]]:
        self.asked["step", event, stage, component, local, context] += 1
        return self._step(self.events[event].name, stage, component, local, context)


def counters(number: int, modulus: int, *, symmetric: bool = False) -> Toy:
    """Independent counters."""
    return Toy(
        number,
        [Event(f"tick{c}", (Stage((), (c,)),)) for c in range(number)],
        [(0,) * number],
        lambda event, stage, state: (0,),
        lambda event, stage, component, local, context: [((local + 1) % modulus, 0)],
        symmetric=[tuple(range(number))] if symmetric else (),
    )


THINKING, HUNGRY, LEFT, EATING = range(4)


def philosophers(number: int) -> Toy:
    """Dining philosophers who take their left fork first; they deadlock. Components: philosophers, then forks."""
    events = []
    for p in range(number):
        left, right = number + p, number + (p + 1) % number
        events += [
            Event(f"hunger{p}", (Stage((p,), (p,)),)),
            Event(f"left{p}", (Stage((p, left), (p, left)),)),
            Event(f"right{p}", (Stage((p, right), (p, right)),)),
            Event(f"done{p}", (Stage((p,), (p, left, right)),)),
        ]

    def plan(event: str, stage: int, state: State) -> tuple[int, ...] | None:
        name, p = event.rstrip("0123456789"), int(event.lstrip("abcdefghijklmnopqrstuvwxyz"))
        left, right = state[number + p], state[number + (p + 1) % number]
        possible = {
            "hunger": (state[p] == THINKING, (HUNGRY,)),
            "left": (state[p] == HUNGRY and not left, (LEFT, 1)),
            "right": (state[p] == LEFT and not right, (EATING, 1)),
            "done": (state[p] == EATING, (THINKING, 0, 0)),
        }
        enabled, contexts = possible[name]
        return contexts if enabled else None

    return Toy(2 * number, events, [(0,) * (2 * number)], plan, lambda e, s, component, local, context: [(context, 0)])


def ring(number: int) -> Toy:
    """A token that goes round; whoever has it may work, two steps."""
    events = [Event(f"pass{c}", (Stage((c,), (c, (c + 1) % number)),)) for c in range(number)]
    events += [Event(f"work{c}", (Stage((c,), (c,)),)) for c in range(number)]

    def plan(event: str, stage: int, state: State) -> tuple[int, ...] | None:
        c = int(event[4:])
        if event.startswith("pass"):
            return (0, 1) if state[c] == 3 else None
        return (state[c] + 1,) if state[c] in {1, 2} else None

    initial = (1,) + (0,) * (number - 1)
    return Toy(number, events, [initial], plan, lambda e, s, component, local, context: [(context, context)])


def stages() -> Toy:
    """Three components; fan-outs in two stages, stages that do nothing, steps that leave unchanged."""
    events = [
        Event("spread", (Stage((0,), (0, 1)), Stage((0, 1), (2,)), Stage((2,), (1, 0)))),
        Event("rest", (Stage((2,), (2,)),)),
    ]

    def plan(event: str, stage: int, state: State) -> tuple[int, ...] | None:
        if event == "rest":
            return (9,) if state[2] % 2 else None
        if stage == 0:
            return (state[0] % 3, 7)
        if stage == 1:
            return None if (state[0] + state[1]) % 4 == 0 else ((state[0] * state[1]) % 3,)
        return (state[2] % 2, state[2] % 3) if state[2] != 4 else None

    def step(event: str, stage: int, component: int, local: int, context: int) -> Sequence[tuple[int, int]]:
        if event == "rest":
            return [] if local == 5 else [(0, 3)]
        if stage == 0 and component == 0:
            return [] if local == 7 else [((local + k) % 11, k) for k in range(1, context + 2)]
        if stage == 0:
            return [((local + 1) % 5, 1), ((local * 2) % 5, 2)]
        if stage == 1:
            return [((local + context) % 6, context), ((local + 1) % 6, 4)][: context + 1]
        return [] if context == 0 else [((local + context) % (11 if component == 0 else 5), 5)]

    return Toy(3, events, [(0, 0, 0), (1, 1, 1)], plan, step)


def scrambled(seed: int, events: Sequence[tuple[Stage, ...]], sizes: Sequence[int], views: int) -> Toy:
    """A system with these event shapes and arbitrary, repeatable answers."""

    def draw(*question: object) -> random.Random:
        return random.Random(f"{seed} {question}")

    def view(component: int, local: int) -> int:
        return local % views

    def plan(event: str, stage: int, state: State) -> tuple[int, ...] | None:
        shape = events[int(event)][stage]
        answer = draw("plan", event, stage, [view(c, state[c]) for c in shape.reads])
        if answer.random() < 0.2:
            return None
        return tuple(answer.choice((0, 1, -5)) for _ in shape.writes)

    def step(event: str, stage: int, component: int, local: int, context: int) -> Sequence[tuple[int, int]]:
        answer = draw("step", event, stage, component, local, context)
        return [
            (answer.randrange(sizes[component]), answer.randrange(3)) for _ in range(answer.choice((0, 1, 1, 2, 3)))
        ]

    named = [Event(str(number), shape) for number, shape in enumerate(events)]
    initial = [(0,) * len(sizes), tuple(int(size > 1) for size in sizes)]
    return Toy(len(sizes), named, initial, plan, step, view=view)


def interchangeable(seed: int, members: int, size: int, *, declared: bool = True) -> Toy:
    """Equal members and one component beside them; a member moves by itself and the multiset of the others."""
    events = []
    for kind in range(2):
        for member in range(members):
            everything = tuple(range(members + 1))
            events.append(
                Event(f"{kind} {member}", (Stage(everything, (member, members)), Stage((member,), (member,))))
            )

    def draw(*question: object) -> random.Random:
        return random.Random(f"{seed} {question}")

    def plan(event: str, stage: int, state: State) -> tuple[int, ...] | None:
        kind, member = map(int, event.split())
        if stage == 1:
            return draw(kind, state[member]).choice((None, (0,), (1,)))
        others = sorted(state[other] for other in range(members) if other != member)
        answer = draw("plan", kind, state[member], others, state[members])
        return None if answer.random() < 0.3 else (answer.randrange(3), answer.randrange(2))

    def step(event: str, stage: int, component: int, local: int, context: int) -> Sequence[tuple[int, int]]:
        answer = draw("step", event.split()[0], stage, component == members, local, context)
        return [(answer.randrange(size), answer.randrange(3)) for _ in range(answer.choice((0, 1, 1, 2)))]

    group = [tuple(range(members))] if declared else []
    return Toy(members + 1, events, [(0,) * (members + 1)], plan, step, symmetric=group)


MAKERS: dict[str, Callable[[], Toy]] = {
    "counters": lambda: counters(3, 5),
    "one counter of 300": lambda: counters(1, 300),
    "philosophers": lambda: philosophers(4),
    "ring": lambda: ring(5),
    "stages": stages,
}


@st.composite
def systems(draw: st.DrawFn) -> Toy:
    """Systems of arbitrary shape, with up to three components, events and stages."""
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    components = st.lists(st.sampled_from(range(len(sizes))), unique=True).map(tuple)
    stage = st.builds(Stage, components, components)
    events = draw(st.lists(st.lists(stage, min_size=1, max_size=3).map(tuple), max_size=3))
    return scrambled(draw(st.integers(0, 10**6)), events, sizes, draw(st.integers(1, 6)))
