"""The tables as `transitions` machines: one per region, and all regions of a pod composed.

* `region`: `RegionMachine`, a machine of the tables for one element, as a `transitions.Machine`;
* `composition`: the regions of a pod, and the steps that they take together;
* `choosing`: what a user chooses in a step;
* `pod`: `PodMachine`, which users work with;
* `saved`: saving and restoring.

Why they agree with the explored graph
--------------------------------------
The graph (`podfsm.explore`) and these machines share the interpreter of single rows and formulas, and nothing else: the
graph is made of steps of single components, each asked once and looked up ever after; these machines evaluate every
step on the whole pod. That both agree is tested, in three parts (`tests/machines`).

1. For each region, in every local state and every context that any shipped configuration reaches, the `transitions`
   machine has the same effects under every event as the graph's step: same rows, same next local state.
2. In every reachable state of every shipped configuration below 2,000 states, every event has the same alternatives
   here and in the graph: the same rows lead to the same states. This covers what composes the regions: whom an event
   concerns, what each sees of the others, and the order of published stages.
3. In larger configurations the same is compared in a sample of states. Beyond the sample they follow from 1: a step of
   the graph is by construction the product of steps of single components, and every such step that the search of the
   configuration has ever asked for is among those of 1. What composes them does not know how many components there are,
   and 2 has containers of every role side by side.

The graph makes states fewer: counters saturate, of numbers there is one of each kind, and variables that make no
difference any more (`dead`) have their start value. Here nothing of that happens. The comparison therefore begins each
step with other values than those of the graph where the graph does not care: higher counts, and anything in dead
variables. It so shows that what the graph leaves out does not matter, and that these machines may keep it.
"""
