"""The generated module gives the interpreter's answers, on every vector of the decisions that are generated."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generate.generated import Generated
from podfsm.generate import emit
from podfsm.language import tables
from podfsm.language.model import Expr, Output, Scope
from podfsm.language.world import World
from podfsm.observe.derive import Deriver

FOLDERS = ("restart-rules", "restart", "phase", "conditions", "status-column")

#: Of every so many vectors, all values of all elements are compared; of the others, those that the answer is made of.
THOROUGH = 23


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return Generated(tables.shipped(), tmp_path_factory.mktemp("generated"))


def vectors(repository: Path, folder: str) -> Iterator[dict[str, Any]]:
    for path in sorted((repository / "tests" / "data" / "vectors" / folder).glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)["in"]


def observed(deriver: Deriver, document: dict[str, Any]) -> World:
    """The world of a document, as its binding reads and prepares it."""
    binding = deriver.binding
    program = deriver.program(dict(document.get("gates") or {}))
    world = World(program, document, binding)
    for procedure in binding.runs:
        world.run(procedure)
    return world


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_generated_module_agrees_with_the_interpreter(repository: Path, generated: Generated, folder: str) -> None:
    deriver = Deriver(generated.model, folder)
    binding = deriver.binding
    plain_reading = not (binding.observations or binding.sources or binding.joins or binding.runs)
    with_arguments = [t for ts in generated.need.tables.values() for t in ts if t.given]
    answer = frozenset(names_in(binding.out))
    assert answer
    count = 0
    for count, document in enumerate(vectors(repository, folder), 1):
        world = observed(deriver, document)
        root = generated.read(document, world.program.gates) if plain_reading else generated.copied(world)
        generated.compare(world, root, frozenset() if count % THOROUGH == 0 else answer)
        if count % THOROUGH and folder not in ("restart-rules", "restart"):
            continue
        for table in with_arguments:
            for element, other in generated.pairs(world, root):
                if element.collection.id == table.collection:
                    for arguments in choices(world, [type_.kind for _, type_ in table.given]):
                        generated.call(world, element, other, table.id, arguments)
    assert count > 100


def names_in(out: Output) -> Iterator[str]:
    """Names of the fields and tables that an answer is written from."""
    todo: list[Expr | Scope] = [out.formula.expr] if out.formula is not None else []
    for part in todo:
        if isinstance(part, Scope):
            todo += [inner for inner in (part.bound, part.where) if inner is not None]
            continue
        if part.kind == "field":
            yield part.args[2]
        todo += emit.parts(part)
    for inner in out.parts.values():
        yield from names_in(inner)


def choices(world: World, kinds: list[str]) -> list[list[Any]]:
    """A few arguments of some types: values that occur in the document, and others."""
    codes = sorted({0, 1, 137, int(world.document.get("exitCode", 42))})
    values: dict[str, list[Any]] = {"number": codes, "text": ["a", ""], "list": [(), ("x", "y")]}
    longest = max(len(values[kind]) for kind in kinds)
    return [[values[kind][at % len(values[kind])] for kind in kinds] for at in range(longest)]
