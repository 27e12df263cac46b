"""The source of helpers, cut out of the modules where they are checked and tested."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from podfsm.generate.python import runtime
from podfsm.language import functions

#: Where generated code may import names from.
IMPORTS: Mapping[str, tuple[str, ...]] = {
    "re": (),
    "collections.abc": ("Mapping", "Sequence"),
    "dataclasses": ("dataclass", "field", "replace"),
    "datetime": ("UTC", "datetime"),
    "enum": ("StrEnum",),
    "functools": ("cached_property",),
    "typing": ("Any", "Generic", "Literal", "TypeVar", "cast"),
}


@dataclass(frozen=True)
class Helper:
    """A definition: its source, and the other helpers that it names."""

    name: str
    source: str
    needs: frozenset[str]


@lru_cache(maxsize=1)
def known() -> Mapping[str, Helper]:
    """Every helper by name, in the order of the source."""
    found: dict[str, Helper] = {}
    for module in (runtime, functions):
        text = Path(str(module.__file__)).read_text(encoding="utf-8")
        for node in ast.parse(text).body:
            name = _name(node)
            if name:
                found[name] = Helper(name, _source(text, node), frozenset(identifiers(node)) - {name})
    return {name: Helper(name, h.source, h.needs & found.keys()) for name, h in found.items()}


def closure(names: Iterable[str]) -> list[Helper]:
    """Helpers with all that they need, in the order of the source."""
    wanted = {name for name in names if name in known()}
    while more := {need for name in wanted for need in known()[name].needs} - wanted:
        wanted |= more
    return [helper for name, helper in known().items() if name in wanted]


def imports(source: str) -> list[str]:
    """Import lines for every name that a source uses."""
    used = set(identifiers(ast.parse(source)))
    found = []
    for module, names in IMPORTS.items():
        wanted = [name for name in names if name in used]
        if wanted:
            found.append(f"from {module} import {', '.join(wanted)}")
        elif not names and module in used:
            found.append(f"import {module}")
    return found


def identifiers(node: ast.AST) -> Iterable[str]:
    """Every name that is read in a tree, annotations included."""
    return (inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name))


def _name(node: ast.stmt) -> str:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name
    target = (
        node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AnnAssign) else None
    )
    return target.id if isinstance(target, ast.Name) else ""


def _source(text: str, node: ast.stmt) -> str:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
    first = min([node.lineno, *(d.lineno for d in decorators)])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno])
