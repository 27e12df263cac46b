"""Exhaustive exploration of systems of small communicating state machines.

The engine knows nothing of what it explores: a `podfsm.explore.system.System` answers questions about classes, plans
and steps, each asked once, and everything else happens on integers.

* `system`: the questions a system must answer, and the shape of its events;
* `search`: `explore(system)`, breadth first, to a `Result` with shortest traces;
* `check`: properties of states and of steps, stuck states, deadlocks, on a `Result`;
* `memo` and `kernel`: the answers as dictionaries, as arrays, and the compiled loops over them;
* `reference`: the same search in plain Python, against which the compiled one is tested.

Nothing is imported here, since numba takes half a second to load: import the module you need.
"""
