"""Measure generated Python beside the interpreter of the tables.

Prints cases per second for two decisions on recorded vectors: reading the object and deciding, deciding alone, and the
interpreter, which does both.

    python bench/generated_python.py [--cases 1000]
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from podfsm.generate import emit, files_of
from podfsm.language import tables
from podfsm.language.model import Model, Output, Scope
from podfsm.observe.derive import Deriver

VECTORS = Path(__file__).resolve().parent.parent / "tests" / "data" / "vectors"
ROUNDS = 3


def main() -> None:
    """Measure and print one line per folder of vectors."""
    parser = argparse.ArgumentParser(description="Measure generated Python beside the interpreter of the tables.")
    parser.add_argument("--cases", type=int, default=1000, help="cases of each folder")
    parser.add_argument("folders", nargs="*", default=["phase", "status-column"])
    arguments = parser.parse_args()
    model = tables.shipped()
    root = generated(model)
    print(f"{'cases per second':24}{'read and decide':>18}{'decide':>12}{'interpreter':>14}")
    for folder in arguments.folders:
        documents = list(cases(folder))
        documents = documents[:: max(1, len(documents) // arguments.cases)]
        both, alone, interpreted = measure(Deriver(model, folder), root, documents)
        print(f"{folder:24}{both:>18,.0f}{alone:>12,.0f}{interpreted:>14,.0f}")


def measure(deriver: Deriver, root: Any, documents: list[Any]) -> tuple[float, float, float]:
    """Return cases per second of reading and deciding, of deciding, and of the interpreter."""
    names = list(fields(deriver.binding.out))

    def read(_: object) -> list[Any]:
        return [root.from_json(document) for document in documents]

    def decide(elements: list[Any]) -> list[Any]:
        return [getattr(element, name) for element in elements for name in names]

    def interpret(_: object) -> list[Any]:
        return [deriver.derive(document) for document in documents]

    count = len(documents)
    both = count / best(lambda: None, lambda _: decide(read(None)))
    alone = count / best(lambda: read(None), decide)
    return both, alone, count / best(lambda: None, interpret)


def generated(model: Model) -> Any:
    """Return the root class of the generated module."""
    with tempfile.TemporaryDirectory() as directory:
        (source,) = files_of("python", model).values()
        path = Path(directory) / "generated.py"
        path.write_text(source, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("generated", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["generated"] = module
        spec.loader.exec_module(module)
    return getattr(module, emit.pascal(next(c.id for c in model.collections.values() if not c.of)))


def cases(folder: str) -> Iterator[Any]:
    """Read the documents of a folder of vectors."""
    for path in sorted((VECTORS / folder).glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from (json.loads(line)["in"] for line in lines)


def fields(out: Output) -> Iterator[str]:
    """Find the names of the generated attributes that an answer is made of."""
    if out.formula is not None:
        todo = [out.formula.expr]
        for part in todo:
            if part.kind == "field" and part.args[0].kind == "element":
                yield emit.snake(part.args[2])
            todo += [inner for inner in emit.parts(part) if not isinstance(inner, Scope)]
    for inner in out.parts.values():
        yield from fields(inner)


def best(prepare: Callable[[], Any], work: Callable[[Any], Any]) -> float:
    """Return the CPU seconds of the fastest round; what prepares it is not counted."""
    seconds = []
    for _ in range(ROUNDS):
        given = prepare()
        start = time.process_time()
        work(given)
        seconds.append(time.process_time() - start)
    return min(seconds)


if __name__ == "__main__":
    main()
