"""Checks of loaded tables: rows that cannot match or match together, gaps, circles, names that lead nowhere, texts."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from podfsm.language.analysis import Analysis
from podfsm.language.cases import MAX_SPLITS, And, Case, Cases, Node, Not, TooManyCasesError
from podfsm.language.model import Event, Expr, Field, Fire, Formula, Model, Row, Table, Type
from podfsm.language.source import Cell, Place, Problem, Problems
from podfsm.language.verification import check_verification
from podfsm.language.wording import parts, reads

#: Sections of named entries whose titles are shown to people.
TITLED_SECTIONS = tuple(
    "defects assumptions actors features terms configurations diagrams beliefs differences regions lifetimes titles "
    "seeds".split()
)
#: Texts of named entries beside their title.
FURTHER_TEXTS = {
    "actors": ("why",),
    "assumptions": ("why",),
    "beliefs": ("why",),
    "defects": ("as-is", "intended", "advice", "unseen"),
    "diagrams": ("caption",),
    "differences": ("why",),
    "features": ("why",),
    "lifetimes": ("ends", "anew", "why"),
    "seeds": ("why",),
    "terms": ("why", "unwritten"),
    "titles": ("why",),
}
#: Sections of named entries that something must use.
USED_SECTIONS = ("features", "assumptions", "actors")


def check(model: Model, used: set[str], problems: Problems) -> None:
    """Check tables whose names are resolved.

    Parameters
    ----------
    model
        The tables; formulas that could not be resolved have the type ``unknown``.
    used
        Names that the loader has seen in use: field ids, and ``table X``, ``gate X``, ``domain X``, ``actors X``, ...
    problems
        Where problems go. If it holds some already, checks that would only repeat them are left out.
    """
    whole = not problems.dropped
    writes = _writes(model)
    if whole:
        for table in model.tables.values():
            _check_table(model, table, writes, problems)
        for event in _events(model).values():
            _check_event(model, event, writes, problems)
    for event in _events(model).values():
        _check_fires(model, event, problems)
    _check_values(model, problems)
    _check_views(model, problems)
    circles = list(_circles(model))
    for place, names in circles:
        problems.add(place, f"defined by itself: {' -> '.join(names)}", "break the circle")
    if not circles and not problems.found:
        _check_imports(model, problems)
        check_verification(model, problems)
    settings = model.named["settings"]
    if "ko" in _words(settings["languages"].data if "languages" in settings else None):
        _check_texts(model, "ko", problems)
    if whole and "unused" in settings and settings["unused"].data.text == "refused":
        _check_used(model, used, problems)
    _check_gates(model, used, problems)


def _words(cell: Cell | None) -> Iterator[str]:
    """Iterate over all keys and texts in a cell."""
    if cell is None:
        return
    if cell.is_text:
        yield cell.text
    elif cell.is_list:
        for item in cell.value:
            yield from _words(item)
    for key, value in cell.items():
        yield key
        yield from _words(value)


# -------------------------------------------------------------------------------------------------------- case splits


def _writes(model: Model) -> dict[str, list[Expr]]:
    """Collect what is ever written to a field, by field id."""
    found: dict[str, list[Expr]] = {}
    for fields in model.fields.values():
        for field in fields.values():
            if field.variable is not None:
                found.setdefault(field.id, []).append(field.variable.start.expr)
    for machine in model.machines.values():
        for event in machine.events:
            for row in event.rows:
                for name, formula in row.then.items():
                    found.setdefault(f"{machine.collection}.{name}", []).append(formula.expr)
    for procedure in model.procedures.values():
        for _, collection, formulas in procedure.stages:
            for name, formula in formulas.items():
                found.setdefault(f"{collection}.{name}", []).append(formula.expr)
    return found


def _matching(cases: Cases, row: Row) -> Node:
    """Compile "this row exists and its condition holds"."""
    nodes: list[Node] = []
    if row.gate:
        gate = cases.word("gate", f"gate {row.gate.removeprefix('not ')}")
        nodes.append(Not(gate) if row.gate.startswith("not ") else gate)
    if row.defect:
        nodes.append(cases.word("defect", "defects as-is"))
    if row.level:
        nodes.append(cases.word("level", f"level {' or '.join(row.level)}"))
    if row.feature:
        nodes.append(cases.word("feature", f"feature {row.feature}"))
    if row.when is not None:
        nodes.append(cases.condition(row.when.expr))
    return And(nodes)


def _check_table(model: Model, table: Table, writes: Mapping[str, Sequence[Expr]], problems: Problems) -> None:
    cases = Cases(model, private_lets(table), writes=writes)
    matching = [_matching(cases, row) for row in table.rows]
    try:
        if table.order == "first":
            _check_reachable(cases, table.rows, matching, [*range(len(table.rows))], problems)
            gap = cases.solve([Not(node) for node in matching]) if table.rows else None
            if gap is not None:
                problems.add(
                    table.place,
                    f"no row of table {table.id} matches when {gap}",
                    "add a row for it, or a last row without `when`",
                )
        else:
            ends = [i for i, row in enumerate(table.rows) if row.end and not _reads_results(row)]
            _check_reachable(cases, table.rows, matching, ends, problems)
    except TooManyCasesError:
        problems.add(table.place, f"table {table.id} has more than {MAX_SPLITS} cases", "split it into smaller tables")


def _reads_results(row: Row) -> bool:
    return row.when is not None and any(part.kind == "result" for part in parts(row.when.expr))


def _check_reachable(
    cases: Cases, rows: Sequence[Row], matching: Sequence[Node], ending: Sequence[int], problems: Problems
) -> None:
    """Report rows that never match because of their own condition or the rows before them that end the search."""
    for i, row in enumerate(rows):
        if row.unreached:
            continue
        former = [j for j in ending if j < i]
        if cases.solve([matching[i], *(Not(matching[j]) for j in former)]) is None:
            alone = cases.solve([matching[i]]) is None
            why = "its condition never holds" if alone else "the rows before it take every case"
            problems.add(row.place, f"row {row.id} is never reached: {why}", "mend its `when`, or remove the row")


def _check_event(model: Model, event: Event, writes: Mapping[str, Sequence[Expr]], problems: Problems) -> None:
    cases = Cases(model, in_event=True, writes=writes)
    enabled = [cases.condition(event.when.expr)] if event.when is not None else []
    matching = [And([*enabled, _matching(cases, row)]) for row in event.rows]
    try:
        if event.order == "sequence":
            _check_sequence(event, problems)
        else:
            ending = range(len(event.rows)) if event.order == "first" else ()
            _check_reachable(cases, event.rows, matching, ending, problems)
        if event.order == "one":
            for (a, first), (b, second) in combinations(enumerate(event.rows), 2):
                both = cases.solve([matching[a], matching[b]])
                if both is not None:
                    problems.add(second.place, *_both(first, second, both))
    except TooManyCasesError:
        problems.add(event.place, f"event {event.id} has more than {MAX_SPLITS} cases", "split it into smaller events")


def _both(first: Row, second: Row, case: Case) -> tuple[str, str]:
    what = f"rows {first.id} and {second.id} both match when {case}"
    return what, "let their conditions exclude each other, or say `order: first`"


def _check_sequence(event: Event, problems: Problems) -> None:
    """Variables change between the rows of a sequence: only a row without a condition surely ends it."""
    for i, row in enumerate(event.rows):
        former = next(
            (r for r in event.rows[:i] if r.end and r.when is None and not r.either and _covers(r, row)), None
        )
        if former is not None and not row.unreached:
            problems.add(row.place, f"row {row.id} is never reached: {former.id} always ends", "move it")


def _covers(former: Row, later: Row) -> bool:
    """Tell whether a row exists wherever another one does."""
    names = ("gate", "defect", "level", "feature")
    return all(getattr(former, name) in ("", (), getattr(later, name)) for name in names)


# -------------------------------------------------------------------------------------------------------------- values


def _check_values(model: Model, problems: Problems) -> None:
    """Check that texts written to an enumeration are values of it."""
    for formula, wanted, lets in _assignments(model):
        if wanted.kind != "enum" or formula.expr.type.kind != "text":
            continue
        members = model.domains[wanted.name].members
        texts = _texts(model, formula.expr, lets, set())
        if texts is None:
            what = f"this can be any text, wanted is a value of domain {wanted.name}"
            problems.add(formula.place, what, "give the field that domain, or compare its values in rows")
        for text in sorted((texts or set()) - set(members)):
            problems.unknown(formula.place, f"value of domain {wanted.name}", text, members)


def _assignments(model: Model) -> Iterator[tuple[Formula, Type, Mapping[str, Expr]]]:
    """Iterate over all formulas that give a result or a variable its value, with the type of that."""
    for table in model.tables.values():
        types = {result.name: result.type for result in table.results}
        lets = private_lets(table)
        yield from ((r.start, r.type, lets) for r in table.results if r.start is not None)
        for row in table.rows:
            yield from ((formula, types[name], lets) for name, formula in row.then.items())
    for machine in model.machines.values():
        fields = model.fields[machine.collection]
        for event in machine.events:
            for row in event.rows:
                yield from ((formula, fields[name].type, {}) for name, formula in row.then.items())
    for procedure in model.procedures.values():
        for _, collection, formulas in procedure.stages:
            yield from ((formula, model.fields[collection][name].type, {}) for name, formula in formulas.items())


def _texts(model: Model, expr: Expr, lets: Mapping[str, Expr], busy: set[str]) -> set[str] | None:
    """Find the texts that a formula can give; None if it can be any."""
    inner: list[Expr] = []
    if expr.kind == "const":
        return {str(expr.args[0])}
    if expr.type.kind == "enum":
        return set(model.domains[expr.type.name].members)
    if expr.kind == "builtin" and expr.args[0] == "if":
        inner = list(expr.args[1][1:])
    elif expr.kind == "let":
        inner = [lets[expr.args[0]]]
    elif expr.kind == "field" and f"{expr.args[1]}.{expr.args[2]}" not in busy:
        field = model.fields[expr.args[1]][expr.args[2]]
        busy = busy | {field.id}
        if field.let is not None:
            inner, lets = [field.let.expr], {}
        elif field.table:
            table = model.tables[field.table]
            inner, lets = [f.expr for row in table.rows for f in row.then.values()], private_lets(table)
    found = [_texts(model, part, lets, busy) for part in inner]
    return None if not found or None in found else {text for texts in found for text in texts or ()}


def private_lets(table: Table) -> dict[str, Expr]:
    """Return the private lets of a table by name."""
    return {name: formula.expr for name, formula in table.lets}


# --------------------------------------------------------------------------------------------------------------- names


def _events(model: Model) -> dict[str, Event]:
    return {event.id: event for machine in model.machines.values() for event in machine.events}


def _check_fires(model: Model, event: Event, problems: Problems) -> None:
    events = _events(model)
    for fire in event.fires:
        target = events.get(fire.event)
        if target is None:
            problems.unknown(fire.place, "event", fire.event, events)
            continue
        collection = model.machines[target.machine].collection
        if collection != fire.scope.collection:
            what = f"event {target.id} is of {collection}, fired on a {fire.scope.collection}"
            problems.add(fire.place, what, f"choose elements of {collection}")
        _check_arguments(model, fire, target, problems)


def _check_arguments(model: Model, fire: Fire, target: Event, problems: Problems) -> None:
    arguments = {name: (type_, values) for name, type_, values in target.arguments}
    for name in [*dict(fire.choose), *dict(fire.given)]:
        if name not in arguments:
            problems.unknown(fire.place, f"argument of event {target.id}", name, arguments)
    for name in arguments:
        if name not in dict(fire.choose) and name not in dict(fire.given):
            what = f"event {target.id} is fired without its argument {name!r}"
            problems.add(fire.place, what, "give it with `choose` or `with`")
    for name, values in fire.choose:
        members = arguments[name][1] if name in arguments else ()
        if len(values) == 1 and str(values[0]).startswith("domain "):
            domain = str(values[0])[7:]
            if domain not in model.domains and domain != "bool":
                problems.unknown(fire.place, "domain", domain, model.domains)
        elif arguments.get(name) and arguments[name][0].kind == "enum":
            for value in values:
                if value not in members:
                    problems.unknown(fire.place, f"value of argument {name}", str(value), members)


def _check_views(model: Model, problems: Problems) -> None:
    rows = {row.id: row for row in model.rows()}
    for view in model.views.values():
        decided = model.tables.get(view.decided)
        if view.decided and decided is None:
            problems.unknown(view.place, "table", view.decided, model.tables)
        for name in view.machines:
            if name not in model.machines:
                problems.unknown(view.place, "machine", name, model.machines)
        kind, name = view.shows.expr.type.kind, view.shows.expr.type.name
        if kind == "enum":
            for node in (*view.nodes, *view.unused):
                if node not in model.domains[name].members and not view.nodes.get(node, ""):
                    problems.unknown(view.place, f"value of domain {name}", node, model.domains[name].members)
        for edge in view.edges:
            for cause in {word for pair in edge.causes for word in pair if word}:
                if cause not in rows:
                    problems.unknown(edge.place, "row", cause, rows)


# ------------------------------------------------------------------------------------------------------------- circles


def _circles(model: Model) -> Iterator[tuple[Place, list[str]]]:
    """Find fields and tables that are defined by themselves; each circle once."""
    formulas = {f"table {t.id}": list(_table_formulas(t)) for t in model.tables.values()}
    places = {f"table {t.id}": t.place for t in model.tables.values()}
    for field in _fields(model):
        if field.let is not None:
            formulas[field.id], places[field.id] = [field.let], field.place
    needs = {name: _needs(model, found) for name, found in formulas.items()}
    done: set[str] = set()
    for start in needs:
        path: list[str] = []
        stack: list[tuple[str, Iterator[str]]] = []
        if start not in done:
            stack, path = [(start, iter(needs[start]))], [start]
        while stack:
            _, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                stack.pop()
                done.add(path.pop())
            elif following in path:
                names = [*path[path.index(following) :], following]
                yield places[following], [name.removeprefix("table ") for name in names]
            elif following not in done and following in needs:
                stack.append((following, iter(needs[following])))
                path.append(following)


def _needs(model: Model, formulas: Sequence[Formula]) -> list[str]:
    found: dict[str, None] = {}
    for formula in formulas:
        for kind, name in reads(formula.expr, model):
            if kind == "table":
                found[f"table {name}"] = None
            elif kind == "field":
                collection, _, field = name.partition(".")
                table = model.fields[collection][field].table
                found[f"table {table}" if table else name] = None
    return list(found)


def _table_formulas(table: Table) -> Iterator[Formula]:
    yield from (formula for _, formula in table.lets)
    yield from (result.start for result in table.results if result.start is not None)
    for row in table.rows:
        if row.when is not None:
            yield row.when
        yield from row.then.values()


# ------------------------------------------------------------------------------------------------------------- imports


def _check_imports(model: Model, problems: Problems) -> None:
    """Check that events read other components through fields: the exploration hands over values of fields only."""
    found = Analysis(model)
    for machine in model.machines.values():
        for event in machine.events:
            formulas = [event.when] if event.when is not None else []
            for row in event.rows:
                formulas += [row.when] if row.when is not None else []
                formulas += row.then.values()
            for formula in formulas:
                try:
                    found.imports([formula.expr])
                except ValueError as error:
                    problems.add(formula.place, str(error).partition(";")[0], "put it in a let")


# ------------------------------------------------------------------------------------------------------- texts and uses


def titled(model: Model) -> dict[str, Place]:
    """Everything that people read about, with its place: the keys of a translation.

    The id of a row, table, machine, property, view, edge, refusal, ... alone stands for its `why`, or for its title if
    it has one. What may share an id with these has its kind in the key, too, as all texts beside the first one have:
    `event container.exit`, `feature deletion`, `feature deletion why`, `defect K01`, `defect K01 as-is`,
    `refusal.image mend`, `view pod-phase Running`, `diagram termination node gone`, `field pod.phase`, `domain phase`,
    `domain phase Unknown`.
    """
    found = {row.id: row.place for row in model.rows()}
    groups: list[Mapping[str, Any]] = [model.tables, model.machines, model.properties, model.views, model.refusals]
    groups += [model.findings, model.reductions, model.defaults, model.watch, model.explanations]
    groups += [{row.id: row for row in model.watch_rows() if row.id not in model.watch}]
    groups += [{edge.id: edge for edge in view.edges} for view in model.views.values()]
    for group in groups:
        for name, entry in group.items():
            found.setdefault(name, entry.place)
    return {**found, **dict(_further_texts(model))}


def _further_texts(model: Model) -> Iterator[tuple[str, Place]]:
    """Iterate over the texts that have a kind or a name beside their id."""
    for section in TITLED_SECTIONS:
        for entry in model.named[section].values():
            key = f"{section.removesuffix('s')} {entry.id}"
            yield key, entry.place
            yield from ((f"{key} {part}", entry.place) for part in FURTHER_TEXTS.get(section, ()) if entry.text(part))
    for diagram in model.named["diagrams"].values():
        for part in ("nodes", "labels"):
            cell = diagram.data.get(part)
            names = cell.items() if cell is not None else ()
            yield from ((f"diagram {diagram.id} {part.removesuffix('s')} {name}", text.place) for name, text in names)
    for term in model.named["terms"].values():
        writers = term.data.get("writers")
        for number, writer in enumerate(writers.value if writers is not None else (), start=1):
            yield f"term {term.id} writer {number}", writer.place
    yield from ((f"arrow {arrow.id}", arrow.place) for arrow in model.named["arrows"].values())
    for event in _events(model).values():
        yield f"event {event.id}", event.place
    yield from ((f"{row.id}.unreached", row.place) for row in model.rows() if row.unreached)
    yield from ((f"{row.id}.unreached", row.place) for row in model.watch_rows() if row.unreached)
    yield from ((f"machine {machine.id} why", machine.place) for machine in model.machines.values() if machine.why)
    yield from ((f"kind {kind.id}", kind.place) for kind in model.kinds.values())
    yield from ((f"{refusal.id} mend", refusal.place) for refusal in model.refusals.values())
    yield from ((f"{finding.id} text", finding.place) for finding in model.findings.values())
    yield from ((f"{one.id} text", one.place) for one in model.explanations.values() if one.text is not None)
    yield from ((f"{one.id} why", one.place) for one in model.reductions.values() if one.title and one.why)
    yield from ((f"guess {name}", guess.place) for name, guess in model.guesses.items())
    yield from ((f"chosen {name}", chosen.place) for name, chosen in model.chosen.items())
    for view in model.views.values():
        yield from ((f"view {view.id} {node}", view.place) for node in (*view.nodes, *view.unused))
    for name, cell in _cells(model, "properties"):
        yield from ((f"{name} {part}", cell.place) for part in ("title", "contract") if cell.get(part) is not None)
    yield from _texts_of_values(model)


def _texts_of_values(model: Model) -> Iterator[tuple[str, Place]]:
    """Iterate over the texts of what rows read and write, and of where that comes from."""
    for name, fields in model.fields.items():
        for field in fields.values():
            if field.variable is not None and field.variable.why:
                yield f"field {name}.{field.name}", field.place
    for section in ("observe", "let"):
        for name, cells in _cells(model, section):
            for field_name, cell in cells.items():
                if cell.get("why") is not None or cell.get("title") is not None:
                    yield f"field {name}.{field_name}", cell.place
    for domain in model.domains.values():
        if domain.why:
            yield f"domain {domain.id}", domain.place
        yield from ((f"domain {domain.id} {value}", domain.place) for value in domain.open)
    yield from ((f"gate {gate.id}", gate.place) for gate in model.gates.values() if gate.why)
    yield from ((f"procedure {one.id}", one.place) for one in model.procedures.values() if one.why)
    yield from ((f"collection {one.id}", one.place) for one in model.collections.values() if one.title)
    yield from ((f"binding {binding.id}", binding.place) for binding in model.bindings.values() if binding.title)


def _cells(model: Model, section: str) -> Iterator[tuple[str, Cell]]:
    """Iterate over the entries of a section of all files."""
    for file in model.files.values():
        cell = file.get(section)
        yield from cell.items() if cell is not None else ()


def _check_texts(model: Model, language: str, problems: Problems) -> None:
    wanted = titled(model)
    texts = model.texts.get(language, {})
    for name, place in wanted.items():
        if not texts.get(name, "").strip():
            problems.add(place, f"{name} has no text in {language}", f"add `{name}:` to `texts: {language}:`")


def _check_gates(model: Model, used: set[str], problems: Problems) -> None:
    for gate in model.gates.values():
        if gate.unread and f"gate {gate.id}" in used:
            problems.add(gate.place, f"gate {gate.id!r} is marked as unread, and a rule reads it", "remove `unread`")


def _check_used(model: Model, used: set[str], problems: Problems) -> None:
    """Report declarations that nothing names."""
    named = {word for entries in model.named.values() for entry in entries.values() for word in _words(entry.data)}
    named |= {name for event in _events(model).values() for name in event.publish}
    named |= {run for binding in model.bindings.values() for run in binding.runs}
    named |= {word for view in model.views.values() for word in (view.decided, *view.machines)}

    def report(kind: str, name: str, place: Place, *keys: str) -> None:
        if name not in named and not used.intersection(keys):
            problems.add(place, f"{kind} {name!r} is never used", "use it or remove it")

    for domain in model.domains.values():
        report("domain", domain.id, domain.place, f"domain {domain.id}")
    for gate in model.gates.values():
        if not gate.unread:
            report("gate", gate.id, gate.place, f"gate {gate.id}")
    for procedure in model.procedures.values():
        report("procedure", procedure.id, procedure.place)
    for table in model.tables.values():
        report("table", table.id, table.place, f"table {table.id}", f"{table.collection}.{table.id}")
    for field in _fields(model):
        if not field.table and not _is_main(model, field):
            report("let" if field.let is not None else "field", field.id, field.place, field.id)
    for section in USED_SECTIONS:
        for entry in model.named[section].values():
            report(section.rstrip("s"), entry.id, entry.place, f"{section} {entry.id}")


def _fields(model: Model) -> Iterator[Field]:
    for fields in model.fields.values():
        yield from fields.values()


def _is_main(model: Model, field: Field) -> bool:
    return any(m.collection == field.collection and m.main == field.name for m in model.machines.values())


# ---------------------------------------------------------------------------------------------------------------- pins


def pinned(model: Model) -> dict[str, Place]:
    """Everything whose id is quoted elsewhere: rows, rules on what a watcher may see, and their rows."""
    found = {row.id: row.place for row in model.rows()}
    found |= {row.id: row.place for row in model.watch_rows()}
    return found | {rule.id: rule.place for rule in model.watch.values()}


def check_pins(model: Model, manifest: Mapping[str, Any]) -> list[Problem]:
    """Compare the row ids that a manifest pins with the tables: ids are quoted elsewhere, so they must not vanish.

    Parameters
    ----------
    model
        The tables.
    manifest
        The content of ``generated/manifest.json``; ``rows`` is a list of row ids, or a mapping from them.
    """
    rows = pinned(model)
    owners = {owner.id: owner.place for group in (model.tables, _events(model)) for owner in group.values()}
    found = []
    for name in manifest.get("rows", ()):
        if name in rows:
            continue
        prefix = str(name).partition(".")[0]
        sibling = next((place for row, place in rows.items() if row.partition(".")[0] == prefix), None)
        place = owners.get(prefix) or sibling or Place("generated/manifest.json", 1, 1)
        near = difflib.get_close_matches(str(name), rows, n=1, cutoff=0.6)
        mend = f"was it renamed to {near[0]!r}? " if near else ""
        mend += "give the row its id back, or delete the id from generated/manifest.json"
        found.append(Problem(place, f"row {name!r} is pinned and the tables no longer have it", mend))
    return found
