"""Generated Python: every construct of the language against the interpreter, and the module as its users see it."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import podfsm
from generate.generated import Generated, tables_from
from podfsm.cli.output import Console
from podfsm.errors import PodfsmError
from podfsm.generate import emit, files, files_of, run
from podfsm.language import kubernetes, resolve, tables
from podfsm.language.evaluate import EvaluationError, Program
from podfsm.language.model import BOOL, Expr, Model, Scope
from podfsm.language.world import World
from podfsm.requests import Cluster, GenerateRequest

TOY = Path(__file__).with_name("toy.yaml").read_text(encoding="utf-8")

#: Kinds of expressions that no decision can have: they speak of two states, or of properties.
NOT_IN_DECISIONS = {"before", "implies"}

WORDS = ("a", "b", "yes", "")
COLOURS = ("red", "green", "True", "grey", "blue")


def document_of(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of these keys, null or not."""
    return st.fixed_dictionaries({}, optional={name: st.none() | part for name, part in parts.items()})


words = st.sampled_from(WORDS)
small = st.integers(-1, 12)
colours = st.sampled_from(COLOURS)
times = st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T00:02:03Z", "2025-06-01T12:00:00Z"])
labels = document_of(
    name=words,
    colour=colours,
    big=st.just({}),
    small=st.just({}),
    first=words,
    more=document_of(second=st.just({})),
    twins=st.lists(document_of(id=words, weight=small), max_size=3),
)
items = document_of(
    id=words, weight=small, bought=times, type=words, colour=colours, codes=st.lists(st.integers(0, 4), max_size=3)
)
shelves = document_of(name=words, size=small, words=st.lists(words), items=st.lists(items, max_size=3))
documents = document_of(
    name=words,
    open=st.booleans(),
    grade=st.sampled_from(["low", "high"]),
    since=times,
    now=times,
    sign=document_of(text=words, colour=colours),
    anything=st.sampled_from([1, "x", True, [], {}]),
    rooms=st.lists(st.none(), max_size=3),
    lucky=st.lists(small, max_size=3),
    limits=document_of(doors=small),
    notes=st.fixed_dictionaries({}, optional={"a.b": words}),
    classes=st.lists(document_of(kind=st.sampled_from(["large", "a"]), size=small), max_size=3),
    owner=document_of(name=words),
    rows=document_of(
        front=st.lists(shelves, max_size=3), back=st.lists(shelves, max_size=2), labels=st.lists(labels, max_size=2)
    ),
    labels=st.lists(labels, max_size=3),
    audit=document_of(
        entries=st.lists(document_of(name=words, state=st.booleans() | st.integers(0, 2), flag=words), max_size=3)
    ),
    sales=st.lists(document_of(name=words, at=small, amount=small), max_size=4),
)
gates = st.sets(st.sampled_from(["Discounts", "Returns"])).map(frozenset)


@pytest.fixture(scope="module")
def toy_model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return tables_from(tmp_path_factory.mktemp("toy"), TOY)


@pytest.fixture(scope="module")
def toy(toy_model: Model, tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return Generated(toy_model, tmp_path_factory.mktemp("module"))


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return Generated(tables.shipped(), tmp_path_factory.mktemp("shipped"))


# ---------------------------------------------------------------------------------------------- against the interpreter


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=documents, on=gates)
def test_every_construct_gives_what_the_interpreter_gives(
    toy: Generated, document: dict[str, Any], on: frozenset[str]
) -> None:
    world = World(Program(toy.model, on), document)
    root = toy.read(document, on)
    toy.compare_roles(world, root)
    for element, other in toy.pairs(world, root):
        for field in toy.need.fields[element.collection.id]:
            got, wanted = outcome(toy.value, other, field), outcome(toy.wanted, element, field)
            assert got == wanted, field.id
        for table in toy.need.tables[element.collection.id]:
            for arguments in arguments_of([type_.kind for _, type_ in table.given]) if table.given else []:
                toy.call(world, element, other, table.id, arguments)


def outcome(compute: Callable[..., Any], *arguments: Any) -> Any:
    """A value, or that no row matches."""
    try:
        return compute(*arguments)
    except EvaluationError:
        return "no row"
    except Exception as error:
        if type(error).__name__ == "NoRowError":
            return "no row"
        raise


def arguments_of(kinds: list[str]) -> list[list[Any]]:
    choices: dict[str, list[Any]] = {"number": [0, 1, 5], "text": ["a", "", "nowhere"], "enum": ["red", "green", None]}
    return [[choices[kind][at] for kind in kinds] for at in range(3)]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=documents, on=gates)
def test_elements_made_by_hand_equal_those_that_are_read(
    toy: Generated, document: dict[str, Any], on: frozenset[str]
) -> None:
    assert toy.copied(World(Program(toy.model, on), document)) == toy.read(document, on)


def test_the_toy_has_every_construct(toy_model: Model) -> None:
    found: set[str] = set()
    builtins: set[str] = set()
    orders: set[str] = set()
    todo: list[Any] = [f.expr for table in toy_model.tables.values() for f in emit.table_formulas(table)]
    todo += [f.let.expr for fields in toy_model.fields.values() for f in fields.values() if f.let is not None]
    for part in todo:
        if isinstance(part, Scope):
            orders.add(part.order or "")
            todo += [e for e in (part.bound, part.where) if e is not None]
            continue
        found.add(part.kind)
        if part.kind == "builtin":
            builtins.add(part.args[0])
        todo += emit.parts(part)
    documented = set(re.findall(r"``([a-z]+)``", str(resolve.__doc__))) | {"list"}
    assert documented - found == NOT_IN_DECISIONS
    assert set(resolve.BUILTINS) == builtins
    assert orders == {"", "before", "upto", "after", "from"}


def test_what_looks_at_two_states_cannot_be_generated(toy_model: Model) -> None:
    inner = Expr("const", BOOL, (True,))
    table = next(iter(toy_model.tables.values()))
    formula = replace(next(emit.table_formulas(table)), expr=Expr("before", BOOL, (inner,)))
    with pytest.raises(PodfsmError, match="two states"):
        emit.needed(toy_model, [], [formula])


# ------------------------------------------------------------------------------------------------------ as users see it


def test_a_child_belongs_to_one_parent(toy: Generated) -> None:
    shelf = toy.module.Shelf(side="front", name="one", size=3)
    first = toy.module.Shop(name="first", shelfs=(shelf, shelf))
    second = replace(first, name="second")
    assert [s.parent.name for s in (*first.shelfs, *second.shelfs)] == ["first"] * 2 + ["second"] * 2
    assert [s.index for s in second.shelfs] == [0, 1]
    assert first.shelfs[0] == shelf


def test_elements_are_immutable(toy: Generated) -> None:
    with pytest.raises(FrozenInstanceError):
        toy.module.Shop().name = "other"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"rows": []}, "rows: expected an object, found a list"),
        ({"rows": {"front": {}}}, "rows.front: expected a list, found an object"),
        ({"rows": {"front": [3]}}, "rows.front: expected objects, found a number"),
        ({"name": 3}, "name: expected a string, found a number"),
        ({"lucky": [1, "x"]}, "lucky: expected a whole number, found a string"),
        ({"open": "true"}, "open: expected true or false, found a string"),
        ({"since": "soon"}, "since: expected a time, found a string"),
        ({"since": True}, "since: expected a time, found a boolean"),
    ],
)
def test_values_of_the_wrong_type_are_refused(toy: Generated, document: dict[str, Any], message: str) -> None:
    with pytest.raises(toy.module.DocumentError) as caught:
        toy.read(document, frozenset())
    assert str(caught.value) == message


def test_what_stands_beside_the_object_can_be_given(toy: Generated) -> None:
    beside = {"limits": {"doors": 7}, "now": "2026-01-01T00:00:00Z", "sales": [{"name": "a", "amount": 4}]}
    document = {"rows": {"front": [{"name": "a"}]}}
    assert toy.module.Shop.from_json(document, **beside) == toy.module.Shop.from_json({**document, **beside})


def test_the_gates_are_those_of_the_default_minor(shipped: Generated) -> None:
    known = {gate.id for gate in shipped.need.gates}
    minors = {minor: kubernetes.gates(shipped.model, minor) & known for minor in kubernetes.minors(shipped.model)}
    assert minors == shipped.module.GATES_BY_MINOR
    assert minors[kubernetes.default_minor(shipped.model)] == shipped.module.DEFAULT_GATES
    assert known == set(shipped.module.GATES)


def test_sentences_and_citations_are_in_the_source(shipped: Generated) -> None:
    text = re.sub(r"\s*\n\s*(# )?", " ", shipped.path.read_text(encoding="utf-8"))
    for tables_of in shipped.need.tables.values():
        for table in tables_of:
            assert table.title in text
            assert f"{table.id}: {table.cite}" in text
            for row in emit.active_rows(table):
                assert f"{row.id}: {row.why}" in text


# ---------------------------------------------------------------------------------------------------------------- views


@pytest.fixture(scope="module")
def lights(toy_model: Model, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from podfsm.language.model import Edge, View

    place = next(iter(toy_model.tables.values())).place
    formula = toy_model.fields["shop"]["for"].let
    row = next(toy_model.rows())
    assert formula is not None

    def edge(source: str, target: str, **more: Any) -> Edge:
        given = {"causes": ((row.id, "steps.all"),), "why": f"{target} follows", "cite": "toy.go Lamp", **more}
        return Edge(id=f"lamp.{source}-{target}", source=source, target=target, place=place, **given)

    view = View(
        id="lamp",
        collection="shop",
        shows=formula,
        decided="",
        nodes={"red": "", "Go-On": "", "None": ""},
        edges=(
            edge("red", "Go-On"),
            edge("red", "None", causes=((row.id, ""), ("steps.all", "")), defect="K99"),
            edge("Go-On", "red", causes=()),
        ),
        title="the lamp's state",
        place=place,
    )
    model = replace(toy_model, views={"lamp": view})
    return Generated(model, tmp_path_factory.mktemp("views"))


def test_a_view_is_an_enumeration_with_edges(lights: Generated, toy_model: Model) -> None:
    module, row = lights.module, next(toy_model.rows())
    lamp = module.Lamp
    assert [state.value for state in lamp] == ["red", "Go-On", "None"]
    assert module.successors(lamp.RED) == (lamp.GO_ON, lamp.NONE)
    assert module.successors(lamp.NONE) == ()
    assert module.is_possible(lamp.RED, lamp.GO_ON)
    assert not module.is_possible(lamp.GO_ON, lamp.NONE)
    first, second, third = module.edges(lamp)
    assert (first.source, first.target, first.cite, first.defect) == (lamp.RED, lamp.GO_ON, "toy.go Lamp", "")
    assert first.causes == (module.Cause(event=row.id, decision="steps.all", why=row.why),)
    assert module.why(first) == f"Go-On follows; {row.why}"
    assert (second.defect, len(second.causes), third.causes) == ("K99", 2, ())


# ----------------------------------------------------------------------------------------------------------- the source


def modules() -> list[str]:
    return ["toy", "shipped", "lights"]


@pytest.mark.parametrize("which", modules())
def test_only_the_standard_library_is_imported(which: str, request: pytest.FixtureRequest) -> None:
    generated: Generated = request.getfixturevalue(which)
    tree = ast.parse(generated.path.read_text(encoding="utf-8"))
    names = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    names |= {alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
    assert "typing" in names
    assert {str(name).partition(".")[0] for name in names} <= sys.stdlib_module_names


@pytest.mark.parametrize("which", modules())
def test_types_are_strict(which: str, request: pytest.FixtureRequest) -> None:
    check(request, "mypy", "--strict", "--no-incremental", "--config-file=", str(request.getfixturevalue(which).path))


@pytest.mark.parametrize("which", modules())
def test_style_is_clean(which: str, request: pytest.FixtureRequest, repository: Path) -> None:
    path = request.getfixturevalue(which).path
    check(request, "ruff", "check", "--no-cache", "--config", str(repository / "pyproject.toml"), str(path))


def check(request: pytest.FixtureRequest, tool: str, *arguments: str) -> None:
    """Run a linter of this Python; where it is not installed, the test is skipped or fails as `missing` says."""
    found = subprocess.run([sys.executable, "-m", tool, *arguments], capture_output=True, text=True, check=False)
    if f"No module named {tool}" in found.stderr:
        request.getfixturevalue("missing")(f"the linter {tool}")
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_same_tables_give_the_same_bytes(toy_model: Model, tmp_path: Path) -> None:
    again = tables_from(tmp_path, TOY)
    assert files(toy_model) == files(again)
    assert list(files(toy_model)) == ["python/toy_shop.py"]


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    program = "from podfsm.generate import files; from podfsm.language import tables; print(files(tables.shipped()))"
    found = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


# ------------------------------------------------------------------------------------------------------------- requests


def ask(out: Path, check: bool = False, tables: Path | None = None) -> tuple[int, str]:
    console = Console(io.StringIO(), io.StringIO())
    status = run(GenerateRequest(target="python", out=out, check=check, tables=tables, console=console))
    return status, f"{console.out.getvalue()}{console.err.getvalue()}"  # type: ignore[attr-defined]


def test_files_are_written_and_checked(tmp_path: Path) -> None:
    source = tmp_path / "tables"
    tables_from(source, TOY)
    out = tmp_path / "out"
    path = out / "python" / "toy_shop.py"
    assert ask(out, check=True, tables=source) == (1, f"{path}: missing; run podfsm generate python\n")
    assert ask(out, tables=source) == (0, f"{path}\n")
    assert ask(out, check=True, tables=source) == (0, "")
    path.write_text(path.read_text() + "#")
    assert ask(out, check=True, tables=source) == (1, f"{path}: differs; run podfsm generate python\n")


def test_json_has_the_committed_schema(tmp_path: Path) -> None:
    schema = json.loads((Path(podfsm.__file__).parent / "schemas" / "generate.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    source, out = tmp_path / "tables", tmp_path / "out"
    tables_from(source, TOY)
    path = str(out / "python" / "toy_shop.py")
    wanted: tuple[Any, ...] = {"written": [path], "different": []}, {"written": [], "different": []}
    for check, files_told in zip((False, True), wanted, strict=True):
        console = Console(io.StringIO(), io.StringIO())
        run(GenerateRequest(target="python", out=out, check=check, tables=source, output="json", console=console))
        answer = json.loads(console.out.getvalue())  # type: ignore[attr-defined]
        jsonschema.validate(answer, schema)
        assert answer == {"schema": 1, "target": "python", **files_told}


def test_only_the_default_kubernetes_is_generated(tmp_path: Path) -> None:
    source = tmp_path / "tables"
    tables_from(source, TOY)
    with pytest.raises(PodfsmError):
        run(GenerateRequest(target="python", out=tmp_path, tables=source, cluster=Cluster(defects="intended")))


def test_an_unknown_target_is_refused(toy_model: Model) -> None:
    with pytest.raises(PodfsmError, match="did you mean 'python'"):
        files_of("pyton", toy_model)


def test_a_table_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    model = tables_from(tmp_path, TOY.replace("generated-tables: [greeting,", "generated-tables: [greting,"))
    with pytest.raises(PodfsmError, match=r"tables\.yaml:4:\d+: no table 'greting'"):
        files(model)


def test_tables_without_a_choice_are_refused(tmp_path: Path) -> None:
    model = tables_from(tmp_path, re.sub(r"  generated-tables: .*\n", "", TOY))
    with pytest.raises(PodfsmError, match="generated-tables"):
        files(model)
