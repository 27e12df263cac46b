"""States per second: the exploration, beside a naive one that fires events of `transitions` machines on copies.

    python bench/states_per_second.py [--configuration NAME] [--naive NAME] [--seconds 10]

The search asks the tables everything that they can be asked, once; then the kernel expands all states again, and shows
what it does alone. The naive search does what one would write first: a breadth-first search over copies of
a `PodMachine`, keyed by the values of its variables.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from dataclasses import dataclass

from podfsm.explore.check import find_deadlock
from podfsm.explore.configuration import Configuration, shipped, system_for
from podfsm.explore.search import explore
from podfsm.language import tables
from podfsm.language.model import Model
from podfsm.machines.pod import PodMachine, Setup


@dataclass(frozen=True)
class Measured:
    """How many states and transitions were found in how many seconds."""

    states: int
    transitions: int
    seconds: float

    def __str__(self) -> str:
        rates = f"{self.states / self.seconds:,.0f} states/s, {self.transitions / self.seconds:,.0f} transitions/s"
        return f"{self.states:,} states, {self.transitions:,} transitions, {self.seconds:.3f} s: {rates}"


def main() -> None:
    """Measure and print."""
    model = tables.shipped()
    configurations = {configuration.id: configuration for configuration in shipped(model)}
    parser = argparse.ArgumentParser(description="Measure the exploration beside a naive one.")
    parser.add_argument("--configuration", default="two-always", choices=configurations, metavar="NAME")
    parser.add_argument("--naive", default="finalizer", choices=configurations, metavar="NAME")
    parser.add_argument("--seconds", type=float, default=10.0, help="limit of the naive exploration")
    given = parser.parse_args()
    # Compiling the kernel is not measured.
    explored(model, configurations[given.naive])
    for name in dict.fromkeys((given.configuration, given.naive)):
        first, second = explored(model, configurations[name])
        sys.stdout.write(f"{name}, asking the tables: {first}\n{name}, kernel alone:      {second}\n")
    plain = naive(model, configurations[given.naive], given.seconds)
    sys.stdout.write(f"{given.naive}, naive on transitions: {plain}\n")
    ratio = (second.transitions / second.seconds) / (plain.transitions / plain.seconds)
    sys.stdout.write(f"the kernel is {ratio:,.0f} times as fast as the naive exploration, in transitions per second\n")


def explored(model: Model, configuration: Configuration) -> tuple[Measured, Measured]:
    """Explore, and expand all states once more, as every pass over an explored graph does."""
    result = explore(system_for(model, configuration), pairs=False)
    first = Measured(len(result), result.n_transitions, result.seconds)
    find_deadlock(result)
    started, rounds = time.perf_counter(), 0
    while time.perf_counter() - started < 1.0:
        find_deadlock(result)
        rounds += 1
    return first, Measured(len(result), result.n_transitions, (time.perf_counter() - started) / rounds)


def naive(model: Model, configuration: Configuration, limit: float) -> Measured:
    """Search breadth-first by firing every event on a copy of the pod."""
    started = time.perf_counter()
    start = PodMachine(Setup(model, configuration))
    seen = {repr(start.variables)}
    waiting = deque([start])
    transitions = 0
    while waiting and time.perf_counter() - started < limit:
        pod = waiting.popleft()
        for enabled in pod.enabled():
            for arguments in enabled.arguments:
                named = {name.replace("-", "_"): value for name, value in arguments.items()}
                for choices in pod.alternatives(enabled.region, enabled.event, **named):
                    after = pod.copy()
                    after.fire(enabled.region, enabled.event, choices=choices, **named)
                    transitions += 1
                    key = repr(after.variables)
                    if key not in seen:
                        seen.add(key)
                        waiting.append(after)
    return Measured(len(seen), transitions, time.perf_counter() - started)


if __name__ == "__main__":
    main()
