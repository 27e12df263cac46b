"""What rules can see of a version of a pod: versions that look alike are judged once.

From the tables follow the type that a version is decoded into, and a function, written as Python source, that gives the
*look* of a version and how it compares with the version before. Rules see nothing else: values that only matter by
comparison (see `relations`) are no part of the look, but the outcomes of the comparisons are. Lists that are the same
text as before are neither decoded nor looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from operator import ge, gt, le, lt
from typing import Any

import msgspec

from podfsm.errors import PodfsmError
from podfsm.generate import emit
from podfsm.generate.python.code import literal
from podfsm.language import functions
from podfsm.language.model import Collection, Expr, Field, Model
from podfsm.language.watching import rewritten
from podfsm.observe import needs
from podfsm.observe.relations import Leaf, Relations, leaves, relations, with_leaves
from podfsm.observe.shape import NULL, Node, Shape, attribute, given
from podfsm.observe.watch import NOTES, Watch

_COMPARE = {"<": lt, "<=": le, ">": gt, ">=": ge}

#: What tells pods apart, and from other objects.
_NAMES = (("kind",), ("metadata", "uid"), ("metadata", "name"), ("metadata", "namespace"))


class _NoPart:
    """Stands for an object before the first version: like none in a document, and without anything in it."""

    def __getattr__(self, name: str) -> None:
        return None


#: Looks of lists that are numbered at a time.
MOST_LOOKS = 200_000


class NotComparableError(Exception):
    """The tables read a document in a way that only the interpreter can follow."""


class Likeness:
    """Decodes versions, and says what rules can see of them.

    Parameters
    ----------
    watch
        The rules.

    Attributes
    ----------
    type
        The type of a version; it has only what the rules read, and the names of the pod. Lists are undecoded.
    follow
        Takes a version, whether it is the first and the last one, and the trace of the version before or None. Gives
        the look of the version, how it compares with the one before (both can be hashed), and its own trace.

    Raises
    ------
    NotComparableError
        if the tables read documents in other ways than these.
    """

    def __init__(self, watch: Watch) -> None:
        model = _seen(watch)
        formulas = [
            (rule.collection, formula)
            for rule in watch.rules
            for formula in [*(row.when for row in rule.rows), *([rule.where] if rule.where else [])]
        ]
        try:
            need = emit.needed(model, (), [replace(formula, expr=_present(formula.expr)) for _, formula in formulas])
        except PodfsmError as error:
            raise NotComparableError(str(error)) from None
        guesses = {guess.field for guess in watch.guesses}
        notes = {
            item.id for item in need.inputs(need.root.id) if item.observe and item.observe.path[:2] == ("/", NOTES)
        }
        fields = {name: tuple(item for item in items if item.id not in guesses) for name, items in need.fields.items()}
        need = replace(need, fields=fields)
        shape = Shape(model, watch.binding, need, more=_NAMES, in_pieces=True)
        found = relations(model, need, formulas, notes | guesses)
        names: dict[str, Any] = {
            "seconds": seconds,
            "compared": compared,
            "twin": _twin,
            "number": Numbers().number,
            "NULL": NULL,
        }
        names.update((_function(name), function) for name, function in functions.FUNCTIONS.items())
        self.source = _Writer(model, need, shape, found, _marks(shape, need, found, notes), names).source()
        exec(compile(self.source, "<likeness>", "exec"), names)
        self.type: Any = shape.type
        self.follow: Callable[[Any, bool, bool, Any], tuple[Any, Any, Any]] = names["follow"]


class Numbers:
    """Gives equal things the same number; another one after many things have come, as they are not kept for ever."""

    def __init__(self) -> None:
        self._known: dict[Any, int] = {}
        self._next = 0

    def number(self, thing: Any) -> int:
        """Return the number of a thing that can be hashed."""
        found = self._known.get(thing)
        if found is None:
            if len(self._known) >= MOST_LOOKS:
                self._known.clear()
            self._next += 1
            found = self._known[thing] = self._next
        return found


def _seen(watch: Watch) -> Model:
    """Return the tables as a watch reads them: rows of other levels, gates and defects are left out."""
    model = needs.bound(watch.model, watch.binding)
    tables = {
        name: replace(table, rows=tuple(replace(row, level=()) for row in table.rows if watch.program.active(row)))
        for name, table in model.tables.items()
    }
    return replace(model, tables=tables)


def _present(expr: Expr) -> Expr:
    """Return an expression that reads of the version itself what the given one reads of the one before."""
    return _present(expr.args[0]) if expr.kind == "before" else rewritten(expr, _present)


def seconds(value: datetime | int | None) -> int | None:
    """Return whole seconds since 1970."""
    if isinstance(value, datetime):
        return int((value if value.tzinfo is not None else value.replace(tzinfo=UTC)).timestamp())
    return value


def compared(one: int | None, two: int | None) -> int:
    """Return what tells the outcome of every comparison of two times in seconds; what is missing is zero."""
    if one is not None and two is not None:
        return (one > two) - (one < two)
    left, right = one or 0, two or 0
    return (left > right) - (left < right) + (5 if one is None else 10)


def _twin(element: tuple[Any, ...], others: Iterable[tuple[Any, ...]], none: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the first of other elements that has the same key and group."""
    return next((other for other in others if other[:2] == element[:2]), none)


# ------------------------------------------------------------------------------------------------------------ analysis


class _Marks:
    """Which nodes of a document count: their values, whether they are there, how many items they have."""

    def __init__(self) -> None:
        self.value: set[int] = set()
        self.given: set[int] = set()
        self.count: set[int] = set()

    def whole(self, node: Node) -> bool:
        """Tell whether all of a node counts, so that it need not be taken apart."""
        if node.kinds - {"given"} and id(node) not in self.value:
            return False
        if not node.keys and node.item is None:
            return id(node) in self.value or id(node) in self.given
        inner = [*node.keys.values(), *([node.item] if node.item is not None else [])]
        return all(map(self.whole, inner))

    def any(self, node: Node) -> bool:
        """Tell whether anything of a node counts."""
        own = id(node) in self.value or id(node) in self.given or id(node) in self.count
        return own or any(map(self.any, [*node.keys.values(), *([node.item] if node.item is not None else [])]))


def _marks(shape: Shape, need: emit.Needed, found: Relations, noted: Iterable[str]) -> _Marks:
    marks = _Marks()
    for collection in need.collections:
        for item in need.inputs(collection.id):
            if item.id in found.plain and item.id not in noted and item.observe is not None:
                _mark(marks, shape, collection, item)
    keys = _keys(need)
    todo = [shape.document]
    for node in todo:
        if node.item is not None:
            marks.value |= {id(inner) for key, inner in node.item.keys.items() if key in keys}
        todo += [*node.keys.values(), *([node.item] if node.item is not None else [])]
    return marks


def _keys(need: emit.Needed) -> set[str]:
    """Return the keys that name, pick or sort the items of lists."""
    keys = {c.key for c in need.collections} | {c.match for c in need.collections}
    keys |= {c.sort.partition(" ")[0] for c in need.collections}
    for collection in need.collections:
        for item in need.inputs(collection.id):
            if item.observe is not None:
                for path in (item.observe.path, *emit.which_paths(item)):
                    keys |= {part.partition("=")[0] for part in path if "=" in part}
    return keys


def _mark(marks: _Marks, shape: Shape, collection: Collection, item: Field) -> None:
    observation = item.observe
    assert observation is not None
    if observation.form == "which":
        for path in emit.which_paths(item):
            marks.given |= {id(node) for node in shape.start(collection, path)}
        return
    nodes = shape.start(collection, observation.path)
    if observation.form == "present":
        marks.given |= set(map(id, nodes))
    elif observation.form == "count":
        marks.count |= set(map(id, nodes))
    else:
        marks.value |= {id(node) for node in nodes} | {id(node.item) for node in nodes if node.item is not None}


# ------------------------------------------------------------------------------------------------------------- writing


class _Writer:
    """Writes `follow`, and what it calls. Names of variables that begin with ``before`` are those of the trace."""

    def __init__(
        self, model: Model, need: emit.Needed, shape: Shape, found: Relations, marks: _Marks, names: dict[str, Any]
    ) -> None:
        self.model, self.need, self.shape, self.marks, self.names = model, need, shape, marks, names
        self.root = need.root
        self.own = {c.id: self._telling(c, found.own.get(c.id, [])) for c in need.collections}
        self.across = {c.id: self._telling(c, found.across.get(c.id, [])) for c in need.collections}
        for collection in need.collections:
            self.own[collection.id] += self._still(collection)
        self.children = [c for c in need.collections if c.of and (self.own[c.id] or self.across[c.id])]
        self.above = sorted(
            {x.name for c in self.children for e in self.own[c.id] + self.across[c.id] for x in leaves(e) if x.up}
        )
        self.functions: list[str] = []
        self.pieces: dict[str, Node] = {}
        self.paths = _Paths("o", pieces=self._pieces())

    def source(self) -> str:
        """Return the source; constants that it needs are among the names."""
        wanted = sorted(self._leaves(self.root) | set(self.above))
        parts = [_Part(key, node) for key, node in self.shape.document.keys.items() if self._is_read(key, wanted)]
        for part in parts:
            part.leaves = [name for name in wanted if self._path(name)[0] == part.key]
        elements = [line for number, child in enumerate(self.children) for line in self._child(number, child)]
        bodies = [line for part in parts for line in self._part(part)]
        numbers = range(len(self.children))
        looks = [f"look_{part.name}" for part in parts if part.look]
        joint = [expr for expr in self.own[self.root.id] if self._key(expr) is None]
        looks += [self._comparison(expr, "above_", "above_") for expr in joint]
        looks += [f"own_{number}" for number in numbers if self.own[self.children[number].id]]
        across = [f"across_{part.name}" for part in parts if part.across]
        joint = [expr for expr in self.across[self.root.id] if self._key(expr) is None]
        across += self._groups(joint, "above_")
        across += [f"across_{number}" for number in numbers if self.across[self.children[number].id]]
        kept = [name for part in parts for name in (part.name, f"kept_{part.name}")]
        kept += [f"{kind}_{number}" for number in numbers for kind in ("found", "own")]
        self.names["NONE"] = self._none(parts)
        body = [
            "is_new = trace is None",
            f"{''.join(f'before_{name}, ' for name in kept)}= trace or NONE",
            *bodies,
            *elements,
            f"trace = ({''.join(f'{name}, ' for name in kept)})",
            f"across = None if is_new else ({''.join(f'{one}, ' for one in across)})",
            f"return (first, gone, {', '.join(looks)}), across, trace",
        ]
        follow = ["def follow(o, first, gone, trace):", *(f"    {line}" for line in body)]
        return "\n".join([*self.functions, *follow, ""])

    def _none(self, parts: list[_Part]) -> tuple[Any, ...]:
        """Return a trace that is like no other."""
        found: list[Any] = []
        for part in parts:
            found += [_NoPart(), (None,) * (len(part.kept))]
        for _ in self.children:
            found += [(), None]
        return tuple(found)

    def _path(self, name: str) -> tuple[str, ...]:
        observation = self.model.fields[self.root.id][name].observe
        assert observation is not None
        return observation.path

    def _key(self, expr: Expr) -> str | None:
        """Return the key of the root under which all inputs of a comparison are, None if there are several."""
        keys = {self._path(leaf.name)[0] for leaf in leaves(expr)}
        return keys.pop() if len(keys) == 1 else None

    def _is_read(self, key: str, wanted: Iterable[str]) -> bool:
        if self.marks.any(self.shape.document.keys[key]) or any(self._path(name)[0] == key for name in wanted):
            return True
        return any(path[0] == key for child in self.children for path in self._lists(child))

    def _lists(self, child: Collection) -> Iterator[tuple[str, ...]]:
        """Yield the paths of the lists that a collection is found in, and joined with."""
        for group, path in child.groups.items():
            yield emit.source_path(path)[0]
            for join in self._joins(child):
                source = child.joins[join].get(group, child.joins[join].get("", ""))
                if source:
                    yield emit.source_path(source)[0]

    def _part(self, part: _Part) -> Iterator[str]:
        """Write what is kept of the object under a key of the root; nothing is done if it has not changed."""
        name = part.name
        values = {leaf: self._leaf(self.root, leaf, self.paths) for leaf in part.leaves}
        yield f"{name} = o.{attribute(part.key)}"
        yield f"same_{name} = {name} == before_{name}"
        look = self._look_of_key(part.node, name)
        pieces = [path for path in self.paths.pieces_read if path[0] == part.key]
        own = [self._comparison(e, "above_", "above_") for e in self.own[self.root.id] if self._key(e) == part.key]
        looks = [one for one in (look, *own) if one]
        across = list(self._groups([e for e in self.across[self.root.id] if self._key(e) == part.key], "above_"))
        part.look, part.across = bool(looks), bool(across)
        kept = [f"above_{emit.snake(leaf)}" for leaf in part.leaves]
        kept += [f"{kind}_{self.paths.piece(path)}" for path in pieces for kind in ("list", "look")]
        part.kept = [*kept, *([f"look_{name}"] if looks else [])]
        before = "".join(f"before_{one}, " for one in part.kept)
        if before:
            yield f"{before}= before_kept_{name}"
        yield f"if same_{name}:"
        for one in part.kept:
            yield f"    {one} = before_{one}"
        for path in pieces:
            yield f"    same_{self.paths.piece(path)} = True"
        if across:
            yield f"    across_{name} = None"
        yield f"    kept_{name} = before_kept_{name}"
        yield "else:"
        first, later = self.paths.split(part.key)
        yield from (f"    {line}" for line in first)
        for path in pieces:
            yield from (f"    {line}" for line in self._piece(self.paths.piece(path), path))
        yield from (f"    {line}" for line in later)
        yield from (f"    above_{emit.snake(leaf)} = {value}" for leaf, value in values.items())
        if looks:
            yield f"    look_{name} = ({''.join(f'{one}, ' for one in looks)})"
        if across:
            yield f"    across_{name} = None if is_new else ({''.join(f'{one}, ' for one in across)})"
        yield f"    kept_{name} = ({''.join(f'{one}, ' for one in part.kept)})"

    # ----------------------------------------------------------------------------------------------------what is read

    def _telling(self, collection: Collection, exprs: list[Expr]) -> list[Expr]:
        """Leave out comparisons of values that count as they are."""
        return [expr for expr in exprs if not all(self._counts(collection, leaf) for leaf in leaves(expr))]

    def _counts(self, collection: Collection, leaf: Leaf) -> bool:
        owner = self.root if leaf.up else collection
        observation = self.model.fields[owner.id][leaf.name].observe
        assert observation is not None
        kept = self.marks.count if observation.form == "count" else self.marks.value
        return all(id(node) in kept for node in self.shape.start(owner, observation.path))

    def _still(self, collection: Collection) -> list[Expr]:
        """Return what comparisons of two versions come to where the element has not changed, if that is not known."""
        found: list[Expr] = []
        for expr in self.across[collection.id]:
            still = with_leaves(expr, lambda leaf: replace(leaf, before=False))
            if _when_equal(expr) is None and still not in self.own[collection.id] + found:
                found.append(still)
        return found

    def _pieces(self) -> dict[tuple[str, ...], Node]:
        """Return the lists that are left undecoded, by path."""
        found: dict[tuple[str, ...], Node] = {}
        todo: list[tuple[tuple[str, ...], Node]] = [((), self.shape.document)]
        for path, node in todo:
            if id(node) in self.shape.pieces:
                found[path] = node
            else:
                todo += [((*path, key), inner) for key, inner in node.keys.items()]
        return found

    def _leaves(self, collection: Collection) -> set[str]:
        """Return the inputs of elements that comparisons read."""
        exprs = self.own[collection.id] + self.across[collection.id]
        return {leaf.name for expr in exprs for leaf in leaves(expr) if not leaf.up}

    def _kept(self, collection: Collection) -> list[str]:
        """Return the inputs of an element that comparisons of two versions read."""
        return sorted({leaf.name for expr in self.across[collection.id] for leaf in leaves(expr) if not leaf.up})

    def _leaf(self, collection: Collection, name: str, paths: _Paths) -> str:
        """Return the value of an input, in the type that it has in the document; of a time, seconds."""
        item = self.model.fields[collection.id][name]
        observation = item.observe
        assert observation is not None
        if not all(node.is_plain for node in self.shape.start(collection, observation.path)):
            raise NotComparableError(f"{item.id} reads values of several types")
        found = paths.at(observation.path)
        if observation.form == "count":
            return f"0 if {found} is None else len({found})"
        missing = literal(observation.missing if observation.missing is not None else item.none)
        if item.type.kind == "time":
            # Seconds, as a time is compared several times.
            if missing == "None":
                return f"{found} and seconds({found})"
            return f"seconds({missing} if {found} is None else {found})"
        return found if missing == "None" else f"{missing} if {found} is None else {found}"

    # ------------------------------------------------------------------------------------------------------------- look

    def _piece(self, at: int, path: tuple[str, ...]) -> Iterator[str]:
        """Write the decoding of a list that has changed."""
        node = self.paths.pieces[path]
        self.names[f"decode_{at}"] = msgspec.json.Decoder(self.shape.pieces[id(node)], dec_hook=given).decode
        look = self._look_of_key(node, f"list_{at}", is_piece=True)
        part, rest = _variable_of(path[0]), path[1:-1]
        if rest:
            raise NotComparableError(f"a list at {'.'.join(path)}")
        raw = f"{{}}.{attribute(path[-1])} if {{}} is not None else NULL"
        yield f"raw = {raw.format(part, part)}"
        before = f"before_{part}"
        yield f"same_{at} = raw == ({raw.format(before, before)})"
        yield f"if same_{at}:"
        yield f"    list_{at} = before_list_{at}"
        yield f"    look_{at} = before_look_{at}"
        yield "else:"
        yield f"    list_{at} = decode_{at}(raw)"
        yield f"    look_{at} = number(({at}, {look}))" if look else f"    look_{at} = None"

    def _look(self, node: Node, value: str) -> str:
        """Return the expression of what counts of an object or list that is there."""
        if node.item is not None:
            inner = self._look_of_key(node.item, "x")
            if not inner:
                return f"len({value})"
            return f"tuple([{inner} for x in {value}])"
        parts = [self._look_of_key(inner, f"{value}.{attribute(key)}") for key, inner in node.keys.items()]
        return f"({''.join(f'{part}, ' for part in parts if part)})"

    def _look_of_key(self, node: Node, value: str, is_piece: bool = False) -> str:
        """Return the expression of what counts of a node; '' if nothing does."""
        marks = self.marks
        if not marks.any(node):
            return ""
        if id(node) in self.shape.pieces and not is_piece:
            return f"look_{self.paths.piece(next(path for path, one in self.paths.pieces.items() if one is node))}"
        inner = [*node.keys.values(), *([node.item] if node.item is not None else [])]
        if marks.whole(node) and not self._has_pieces(node):
            return value
        if not any(map(marks.any, inner)):
            if id(node) in marks.count:
                return f"(-1 if {value} is None else len({value}))"
            return value if id(node) in marks.value else f"({value} is not None)"
        if not node.is_plain:
            raise NotComparableError("values of several types")
        if value in ("o", "x"):
            return self._look(node, value)
        name = f"v{len(self.names)}"
        self.names[name] = None
        return f"(None if ({name} := {value}) is None else {self._look(node, name)})"

    def _has_pieces(self, node: Node) -> bool:
        return id(node) in self.shape.pieces or any(map(self._has_pieces, node.keys.values()))

    # --------------------------------------------------------------------------------------------------------- elements

    def _child(self, number: int, child: Collection) -> Iterator[str]:
        """Write what is found of the elements of a collection, if anything that they read has changed."""
        joins = self._joins(child)
        lists: list[str] = []
        calls: list[str] = []
        for group, path in child.groups.items():
            parts, _ = emit.source_path(path)
            sources = [child.joins[join].get(group, child.joins[join].get("", "")) for join in joins]
            read = [self.paths.at(parts), *(self.paths.at(emit.source_path(s)[0]) if s else "None" for s in sources)]
            lists += [one for one in read if one != "None"]
            calls.append(f"{group!r}, {', '.join(read)}")
        if not all(re.fullmatch(r"list_\d+", name) for name in lists):
            raise NotComparableError(f"{child.id} is no list of the document")
        above = [name for name in self.above if self._reads_above(child, name)]
        same = [name.replace("list", "same") for name in dict.fromkeys(lists)]
        same += [f"before_above_{emit.snake(name)} == above_{emit.snake(name)}" for name in above]
        given_above = "".join(f", above_{emit.snake(name)}" for name in above)
        yield f"if {' and '.join(same)}:"
        yield f"    found_{number} = before_found_{number}"
        yield f"    own_{number} = before_own_{number}"
        yield f"    across_{number} = None"
        yield "else:"
        yield f"    found_{number} = []"
        yield f"    own_{number} = []"
        for call in calls:
            yield f"    if {call.split(', ')[1]}:"
            yield f"        read_{number}(found_{number}, own_{number}{given_above}, {call})"
        yield f"    own_{number} = tuple(own_{number})"
        relate = f"relate_{number}(before_found_{number}, found_{number}{given_above})"
        yield f"    across_{number} = {f'None if is_new else {relate}' if self.across[child.id] else 'None'}"
        self.functions.append("\n".join(self._reader(number, child, joins, given_above)))
        self.functions.append("\n".join(self._relate(number, child, given_above)))

    def _joins(self, child: Collection) -> list[str]:
        """Return the joins that the comparisons of a collection read."""
        observations = [self.model.fields[child.id][name].observe for name in self._leaves(child)]
        starts = {observation.path[0] for observation in observations if observation is not None}
        return [join for join in child.joins if join in starts]

    def _reads_above(self, child: Collection, name: str) -> bool:
        exprs = self.own[child.id] + self.across[child.id]
        return any(leaf.up and leaf.name == name for expr in exprs for leaf in leaves(expr))

    def _reader(self, number: int, child: Collection, joins: list[str], above: str) -> Iterator[str]:
        """Write the function that looks at the elements of one list."""
        key = attribute(child.key)
        names = [f"join_{emit.snake(join)}" for join in joins]
        yield f"def read_{number}(found, own{above}, group, elements{''.join(f', {name}s' for name in names)}):"
        for name in names:
            # The first one with a key counts.
            yield f"    {name}s = {{x.{key}: x for x in reversed({name}s)}} if {name}s else {{}}"
        yield "    for e in elements:"
        for name in names:
            yield f"        {name} = {name}s.get(e.{key})"
        paths = _Paths("e", dict(zip(joins, names, strict=True)))
        values = {name: self._leaf(child, name, paths) for name in sorted(self._leaves(child))}
        yield from (f"        {line}" for lines in paths.lines.values() for line in lines)
        yield from (f"        own_{emit.snake(name)} = {value}" for name, value in values.items())
        kept = "".join(f", own_{emit.snake(name)}" for name in self._kept(child))
        yield f"        found.append(({f'e.{key}' if child.key else 'None'}, group{kept}))"
        if self.own[child.id]:
            yield f"        own += ({''.join(f'{text}, ' for text in self._groups(self.own[child.id]))})"

    def _relate(self, number: int, child: Collection, above: str) -> Iterator[str]:
        """Write the function that compares the elements of two versions."""
        kept = self._kept(child)
        self.names[f"none_{number}"] = (None, None, *(self.model.fields[child.id][name].none for name in kept))
        yield f"def relate_{number}(before, now{above}):"
        yield "    result = []"
        yield "    size = len(now)"
        yield f"    others = before if len(before) == size else [*before, *[none_{number}] * size]"
        yield "    for element, other in zip(now, others):"
        if child.key:
            is_other = "other[0] != element[0]" + (" or other[1] != element[1]" if len(child.groups) > 1 else "")
            yield f"        if {is_other}:"
            yield f"            other = twin(element, before, none_{number})"
        for prefix, value in (("before_own_", "other"), ("own_", "element")):
            yield f"        _, _, {''.join(f'{prefix}{emit.snake(name)}, ' for name in kept)}= {value}"
        groups = list(self._groups(self.across[child.id]))
        yield f"        result.append({groups[0]})" if len(groups) == 1 else f"        result += ({', '.join(groups)})"
        yield "    return tuple(result)"

    # ------------------------------------------------------------------------------------------------------ comparisons

    def _groups(self, exprs: Iterable[Expr], own: str = "own_") -> Iterator[str]:
        """Yield comparisons; those of the same two inputs together, as these mostly are equal."""
        groups: dict[frozenset[Leaf], list[Expr]] = {}
        for expr in exprs:
            groups.setdefault(frozenset(leaves(expr)), []).append(expr)
        for read, exprs in groups.items():
            texts = [self._comparison(expr, own, "above_") for expr in exprs]
            # This one tells all.
            texts = [text for text in texts if text.startswith("compared(")] or texts
            full = texts[0] if len(texts) == 1 else f"({', '.join(texts)})"
            equal = [_when_equal(expr) for expr in exprs]
            if len(read) != 2 or None in equal or (len(texts) == 1 and "(" not in full):
                yield full
                continue
            one, two = (self._variable(leaf, own, "above_") for leaf in read)
            value: Any = None
            if not full.startswith("compared("):
                value = equal[0] if len(equal) == 1 else self._constant(tuple(equal))
            yield f"({value} if {one} == {two} else {full})"

    def _constant(self, value: Any) -> str:
        name = f"constant_{len(self.names)}"
        self.names[name] = value
        return name

    def _comparison(self, expr: Expr, own: str, above: str) -> str:
        """Return the source of a comparison; `own` and `above` begin the variables of the element and the root."""
        kind, args = expr.kind, expr.args
        if kind == "equal":
            return f"{self._operand(args[0], own, above)} == {args[1]!r}"
        if kind == "in":
            return f"{self._operand(args[0], own, above)} in {self._constant(frozenset(args[1]))}"
        if all(part.kind == "leaf" and part.type.kind == "time" for part in args[-2:]):
            one, two = (self._variable(part.args[0], own, above) for part in args[-2:])
            return f"compared({one}, {two})" if kind == "same" else f"({one} or 0) {args[0]} ({two} or 0)"
        if kind == "same":
            left, right = (self._operand(part, own, above) for part in args)
            return f"{left} == {right}"
        left, right = (self._number(part, own, above) for part in args[1:])
        return f"{left} {args[0]} {right}"

    def _operand(self, expr: Expr, own: str, above: str) -> str:
        kind, args = expr.kind, expr.args
        if kind == "const":
            return repr(args[0])
        if kind == "leaf":
            return self._variable(args[0], own, above)
        if kind == "builtin" and args[0] in ("min", "max") and len(args[1]) > 1:
            return f"{args[0]}({', '.join(f'{self._operand(part, own, above)} or 0' for part in args[1])})"
        if kind == "builtin":
            return f"{_function(args[0])}({', '.join(self._operand(part, own, above) for part in args[1])})"
        left, right = (self._number(part, own, above) for part in args)
        return f"({left} {'+' if kind == 'add' else '-'} {right})"

    def _number(self, expr: Expr, own: str, above: str) -> str:
        """Return an operand of arithmetic: what is missing is zero."""
        text = self._operand(expr, own, above)
        is_number = expr.type.kind == "number" or expr.kind in ("add", "subtract", "const")
        return text if is_number else f"({text} or 0)"

    def _variable(self, leaf: Leaf, own: str, above: str) -> str:
        return f"{'before_' if leaf.before else ''}{above if leaf.up else own}{emit.snake(leaf.name)}"


class _Part:
    """An object under a key of the root: its inputs, and the variables that are kept of it."""

    def __init__(self, key: str, node: Node) -> None:
        self.key, self.node, self.name = key, node, _variable_of(key)
        self.leaves: list[str] = []
        self.kept: list[str] = []
        self.look = self.across = False


def _variable_of(key: str) -> str:
    return f"part_{attribute(key)}"


def _function(name: str) -> str:
    return f"function_{emit.snake(name)}"


def _when_equal(expr: Expr) -> bool | None:
    """Return the outcome of a comparison of two inputs where they are equal; None if it is not always the same."""
    if expr.kind not in ("same", "less"):
        return None
    left, right = (_sum(with_leaves(part, lambda _: Leaf(False, 0, ""))) for part in expr.args[-2:])
    if left[1] != right[1]:
        return None
    return left[0] == right[0] if expr.kind == "same" else bool(_COMPARE[expr.args[0]](left[0], right[0]))


def _sum(expr: Expr) -> tuple[int, dict[Any, int]]:
    """Return an operand as a number and how often each other term is added to it."""
    if expr.kind == "const" and isinstance(expr.args[0], int):
        return expr.args[0], {}
    if expr.kind not in ("add", "subtract"):
        return 0, {expr: 1}
    (number, terms), (other, more) = map(_sum, expr.args)
    sign = 1 if expr.kind == "add" else -1
    total = dict(terms)
    for term, count in more.items():
        total[term] = total.get(term, 0) + sign * count
    return number + sign * other, {term: count for term, count in total.items() if count}


class _Paths:
    """Statements that follow paths from an element, or from one of its joins; each path is followed once.

    Lists that are left undecoded are called ``raw_N``, and decoded ``list_N``.
    """

    def __init__(
        self,
        element: str,
        joins: Mapping[str, str] | None = None,
        pieces: Mapping[tuple[str, ...], Node] | None = None,
    ) -> None:
        #: Statements by the first key of the path; those on what is inside of decoded lists stand by themselves.
        self.lines: dict[str, list[str]] = {}
        self.inside: dict[str, list[str]] = {}
        self.element, self.pieces = element, pieces or {}
        self.pieces_read: list[tuple[str, ...]] = []
        self._known: dict[tuple[str, ...], str] = {(): element}
        self._known.update(((join,), name) for join, name in (joins or {}).items())

    def at(self, path: tuple[str, ...]) -> str:
        """Return the variable that holds what stands at a path, None if nothing does."""
        if path[:1] == ("/",):
            raise NotComparableError("an element that reads elsewhere in the document")
        if path in self._known:
            return self._known[path]
        if path in self.pieces:
            return f"list_{self.piece(path)}"
        before, part = self.at(path[:-1]), path[-1]
        key, picks, wanted = part.partition("=")
        value = f"{before}.{attribute(part)}"
        if picks:
            value = f"([x for x in {before} if x.{attribute(key)} == {wanted!r}] or (None,))[0]"
        if self.pieces and len(path) == 1:
            return _variable_of(part)
        found = self._known[path] = f"{self.element}{len(self._known)}"
        line = f"{found} = {value}" + ("" if before == self.element else f" if {before} is not None else None")
        is_inside = any(path[: len(piece)] == piece for piece in self.pieces_read)
        (self.inside if is_inside else self.lines).setdefault(path[0], []).append(line)
        return found

    def piece(self, path: tuple[str, ...]) -> int:
        """Return the number of a list that is left undecoded."""
        if path not in self.pieces_read:
            self.pieces_read.append(path)
        return self.pieces_read.index(path)

    def split(self, key: str) -> tuple[list[str], list[str]]:
        """Return the statements on one key that come before lists are decoded, and those after it."""
        return self.lines.get(key, []), self.inside.get(key, [])
