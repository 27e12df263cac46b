"""The generated module gives the interpreter's answers on everything that a shipped configuration reaches.

All states of every configuration of whole pods are visited. Those in which every value that the generated code reads
is equal are one input. Each distinct input is compared once, for all generated tables that need no arguments, with the
module generated anew from the shipped tables.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from generate.generated import Generated
from podfsm.explore.adapter import TableSystem
from podfsm.explore.configuration import Configuration, shipped, system_for
from podfsm.explore.search import explore
from podfsm.generate import emit
from podfsm.language import tables
from podfsm.language.model import Field
from podfsm.language.world import UNSET, Element

MODEL = tables.shipped()
WHOLE_PODS = [configuration for configuration in shipped(MODEL) if not configuration.machines]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return Generated(MODEL, tmp_path_factory.mktemp("reached"))


def stored(field: Field) -> bool:
    """Whether an explored state has the field's value, and so it is not derived from a document."""
    return emit.is_input(field) or field.variable is not None or field.explored is not None


def inputs(generated: Generated, system: TableSystem) -> list[tuple[Element, int]]:
    """Every value that the generated code can read from a state: its element, and its place there."""
    found = []
    elements = [system.world.root]
    for element in elements:
        collection = element.collection.id
        found += [(element, field.index) for field in generated.need.fields[collection] if stored(field)]
        for child in generated.need.children[collection]:
            elements += element.children_of(child.id)
    return found


def distinct(generated: Generated, system: TableSystem) -> Iterator[None]:
    """Put the world into one reached state for every distinct input."""
    result = explore(system, pairs=False)
    assert result.complete
    read = inputs(generated, system)
    seen = set()
    for at in range(len(result)):
        system.load_state(result.state(at))
        key = tuple(e.compute(i) if e.values[i] is UNSET else e.values[i] for e, i in read)
        if key not in seen:
            seen.add(key)
            yield


@pytest.mark.parametrize("configuration", WHOLE_PODS, ids=lambda configuration: configuration.id)
def test_the_generated_module_agrees_on_every_reached_input(generated: Generated, configuration: Configuration) -> None:
    system = system_for(MODEL, configuration)
    without_arguments = frozenset(name for name in generated.tables if not MODEL.tables[name].given)
    count = 0
    for _ in distinct(generated, system):
        generated.compare(system.world, generated.reached(system.world), without_arguments)
        count += 1
    assert count > 1
