"""The shape of table files: which keys stand where, and whether text, a list or a mapping stands under them.

This is the one place that says it: `prune` checks files with it before their meaning is looked at, and the JSON Schema
(`schema.json_schema`) is made from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from podfsm.language.source import Cell, Problems


@dataclass(frozen=True, slots=True)
class Shape:
    """What may stand at a place: any of text, list and mapping.

    Parameters
    ----------
    what
        Noun phrase for messages, such as ``a row``.
    text, choices
        Text may stand here; only one of `choices`, if there are any.
    items
        A list of these may stand here.
    keys, required, one_of
        A mapping with these keys may stand here; with all of `required`; with exactly one of `one_of`.
    values
        A mapping from any name to these may stand here.
    variants
        Shapes that are taken instead for a mapping that has all the given keys.
    anything
        Nothing is checked.
    """

    what: str
    text: bool = False
    choices: tuple[str, ...] = ()
    items: str | Shape | None = None
    keys: Mapping[str, str | Shape] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    values: str | Shape | None = None
    variants: tuple[tuple[tuple[str, ...], str], ...] = ()
    anything: bool = False

    def wanted(self) -> str:
        """Say what is wanted here."""
        kinds = ["text"] if self.text else []
        kinds += ["a list"] if self.items is not None else []
        kinds += ["a mapping"] if self.takes_mapping else []
        return " or ".join(kinds)

    @property
    def takes_mapping(self) -> bool:
        """Whether a mapping may stand here."""
        return bool(self.keys or self.values is not None or self.variants)


Keys = Mapping[str, str | Shape]


def _merge(*groups: Keys) -> Keys:
    return {key: shape for group in groups for key, shape in group.items()}


def _each(names: str, shape: str) -> Keys:
    return dict.fromkeys(names.split(), shape)


def _record(what: str, keys: Keys, required: str = "", one_of: str = "", text: bool = False) -> Shape:
    return Shape(what, text=text, keys=keys, required=tuple(required.split()), one_of=tuple(one_of.split()))


#: What an entry of `explanations:` may be about (`explaining`), and the keys that it must then have besides.
EXPLAINED: Mapping[str, tuple[str, ...]] = {
    "base": ("features",),
    "way": ("features",),
    "likeness": ("per", "fields"),
    "goal": ("per", "of", "when", "text"),
    "hindrance": ("per", "of", "when", "text"),
    "counted": ("events",),
    "order": ("events",),
    "state": ("per", "of", "field", "text"),
    "reason": ("per", "text", "value"),
    "waiting": ("per", "when", "text"),
    "timer": ("per", "when", "text", "value"),
    "vocabulary": ("per", "field", "of"),
}

_OBSERVATION: Keys = {
    **_each("at present count", "path"),
    **_each("which", "paths"),
    **_each("absent map", "texts"),
    **_each("missing", "words"),
    **_each("else domain why title", "text"),
}

#: Shapes by name; a name in place of a shape allows recursion.
SHAPES: Mapping[str, Shape] = {
    "anything": Shape("a setting", anything=True),
    "text": Shape("this value", text=True),
    "flag": Shape("this flag", text=True, choices=("true", "false")),
    "words": Shape("this value", text=True, items="text"),
    "path": Shape("a path", text=True, items="text"),
    "texts": Shape("this value", values="text"),
    "paths": Shape("paths by name", values="path"),
    "source": Shape("a source", text=True, values="text"),
    "formulas": Shape("formulas by name", values="text"),
    "domain": _record(
        "a domain",
        _merge(
            {**_each("values constants", "words"), **_each("open titles", "texts"), **_each("number", "words")},
            _each("counter text rule-values why", "text"),
        ),
    ),
    "gate": _record(
        "a gate",
        _merge(
            {"defaults": Shape("defaults by minor", values=Shape("a default", text=True, choices=("on", "off")))},
            {"unread": "flag"},
            _each("needs why cite", "text"),
        ),
        "defaults why",
    ),
    "collection": _record(
        "a collection",
        _merge(
            {
                "from": "source",
                "explored": "source",
                "join": Shape("joins by name", values="source"),
                "roles": "formulas",
                "single": "flag",
            },
            _each("of key match sort title why", "text"),
        ),
    ),
    "observation": _record("an observation", _OBSERVATION, one_of="at which present count"),
    "let": _record("a let", _each("is why title", "text"), "is", text=True),
    "result": _record("a result", _each("domain start why", "text"), "domain", text=True),
    "then": Shape("`then`", text=True, items="text", values="words"),
    "row": _record(
        "a row",
        _merge(
            {
                "then": "then",
                "level": "words",
                "end": "flag",
                "explore": Shape("`explore`", text=True, choices=("either",)),
            },
            _each("id when why cite actor gate defect without feature unreached title", "text"),
        ),
        "id why",
    ),
    "rows": Shape("rows", items="row"),
    "table": _record(
        "a table",
        _merge(
            {
                "given": "texts",
                "let": "formulas",
                "result": "result",
                "results": Shape("results by name", values="result"),
                "order": Shape("the order of a table", text=True, choices=("first", "sequence")),
                "rows": "rows",
                "seq": "anything",
            },
            _each("per title cite why", "text"),
        ),
        "per rows",
        "result results",
    ),
    "variable": _record(
        "a variable", _merge({"values": "words"}, _each("domain start feature why title dead", "text")), "domain"
    ),
    "fire": _record(
        "an `each` entry",
        _merge({"choose": Shape("choices", values="words"), "with": "formulas"}, _each("of fire", "text")),
        "of fire",
    ),
    "event": _record(
        "an event",
        _merge(
            {
                "arguments": "texts",
                "order": Shape("the order of an event", text=True, choices=("one", "first", "sequence")),
                "rows": "rows",
                "each": Shape("`each`", items="fire"),
                "then": Shape("`then`", values="words"),
                "internal": "flag",
            },
            _each("publish level", "words"),
            _each("actor when feature title why cite gate defect unreached", "text"),
        ),
    ),
    "variables": Shape("variables by name", values="variable"),
    "events": Shape("events by name", values="event"),
    "machine": _record(
        "a machine", _merge({"variables": "variables", "events": "events"}, _each("per main title why", "text")), "per"
    ),
    "stage": _record("a stage", _merge({"set": Shape("`set`", values="text")}, _each("of cite why", "text")), "of set"),
    "procedure": _record(
        "a procedure", _merge({"stages": Shape("stages", items="stage")}, _each("why cite per", "text")), "stages why"
    ),
    "property": _record(
        "a property",
        _merge(
            {
                "expect": Shape(
                    "`expect`",
                    text=True,
                    values=Shape("a verdict", text=True, choices=("proved", "refuted")),
                    choices=("proved", "refuted"),
                )
            },
            _each("features without assume defects regions", "words"),
            _each("always step reachable stuck where witness why cite number title contract", "text"),
        ),
        "expect why cite",
        "always step reachable stuck",
    ),
    "edge": _record(
        "an edge",
        _merge({"causes": Shape("causes", items="words")}, _each("id from to why cite defect", "text")),
        "id from to causes why",
    ),
    "view": _record(
        "a view",
        _merge(
            {"edges": Shape("edges", items="edge"), "machines": "words"},
            _each("nodes unused", "texts"),
            _each("per of shows decided title why cite region", "text"),
        ),
        "per shows nodes edges",
    ),
    "output": Shape(
        "an output",
        text=True,
        items="output",
        values="output",
        variants=(
            (("each", "is"), "output-each"),
            (("when", "is"), "output-when"),
            (("records",), "output-records"),
            (("fired",), "output-fired"),
            (("log",), "output-log"),
        ),
    ),
    "output-each": _record("an `each` of an output", _merge({"is": "output"}, _each("each key", "text")), "each is"),
    "output-when": _record("a `when` of an output", {"is": "output", "when": "text"}, "when is"),
    "output-records": _record("the records of an output", {"records": "text"}, "records"),
    "output-fired": _record("a `fired` of an output", {"fired": "words"}, "fired"),
    "output-log": _record(
        "a log of an output",
        {"log": Shape("outputs by row", values="output"), "take": Shape("`take`", text=True, choices=("last",))},
        "log",
    ),
    "shot": _record("an event of a script", {"fire": "text", "with": "texts"}, "fire", text=True),
    "shots": Shape(
        "events of a script", text=True, items="shot", keys={"fire": "text", "with": "texts"}, required=("fire",)
    ),
    "script-event": Shape(
        "the event of a script",
        text=True,
        items="shot",
        keys={"fire": "text", "with": "texts"},
        required=("fire",),
        variants=((("map",), "script-word"),),
    ),
    "script-word": _record(
        "the event of a script",
        {"at": "path", "which": "paths", "map": Shape("`map`", values="shots")},
        "map",
        "at which",
    ),
    "script": _record(
        "a script",
        {
            "steps": "path",
            "element": "text",
            "observe": "overrides",
            "event": "script-event",
            "arguments": "observations",
            "record": "output",
            "settle": "shots",
            "unrecorded": "words",
        },
        "steps event record",
    ),
    "observations": Shape("observations by name", values="observation"),
    "overrides": Shape("observations by field", values="observation"),
    "binding": _record(
        "a binding",
        _merge(
            {
                "fields": "overrides",
                "sources": Shape("sources by collection", values="source"),
                "joins": Shape("joins by `collection.join`", values="source"),
                "run": "words",
                "out": "output",
                "script": "script",
                "gates": Shape("paths by gate", values="path"),
                "defaults": Shape("a JSON object", anything=True),
            },
            _each("title why", "text"),
        ),
        "out",
    ),
    "kind": _record(
        "a kind",
        _merge({"versions": "words", "given": Shape("`given`", values="words")}, _each("pod items why cite", "text")),
        "versions why cite",
        "pod items",
    ),
    "default": _record(
        "a default",
        _merge({"zero": Shape("`zero`", text=True, choices=("kept",))}, _each("per field value when why cite", "text")),
        "per field value why cite",
    ),
    "refusal": _record(
        "a refusal",
        _merge({"at": "path", "note": "flag"}, _each("per when mend gate why cite", "text")),
        "per when mend why cite",
    ),
    "finding": _record(
        "a finding",
        _merge(
            {"features": "words"},
            _each("per where reachable never always step never-step stuck text defect why cite", "text"),
        ),
        "per text why cite",
    ),
    "watch-row": _record("an explanation", _each("id when defect unreached why cite", "text"), "id when why"),
    "watch-rule": _record(
        "a rule of what a watcher may see",
        _merge(
            {"fields": "words", "rows": Shape("rows", items="watch-row"), "step": "flag"},
            {"enforced": Shape("`enforced`", text=True, choices=("server",))},
            _each("per where holds expected unreached why cite", "text"),
        ),
        "why cite",
        "holds rows",
    ),
    "guess": _record("a guess", {"values": "words", "why": "text"}, "why"),
    "explanation": _record(
        "an explanation",
        _merge(
            {"about": Shape("what an explanation is about", text=True, choices=tuple(EXPLAINED))},
            {"seen": Shape("what a condition is asked of", text=True, choices=("object", "model")), "settles": "flag"},
            _each("features fields tables events", "words"),
            _each("per of when value text field why cite", "text"),
        ),
        "about why",
    ),
    "explored-feature": _record("an explored feature", _each("when why", "text"), "why"),
    "reduction": _record(
        "a reduction",
        _merge({"counters": "texts"}, {"without": "words"}, _each("title why", "text")),
        "title why",
    ),
    "diagram": _record(
        "a diagram",
        _merge(
            {"rank": Shape("the direction of a diagram", text=True, choices=("TB", "LR", "BT", "RL"))},
            {"never": Shape("`never`", items=Shape("a change", items="text"))},
            {name: Shape(f"`{name}`", values="words") for name in ("clusters", "contract")},
            _each("nodes", "texts"),
            _each("states follow tables results regions ends", "words"),
            _each("view title caption why actor", "text"),
        ),
        "title",
    ),
    "kubernetes": _record(
        "`kubernetes`", {"default": "text", "minors": Shape("minors", items="text")}, "default minors"
    ),
}


def _section(what: str, shape: str) -> Shape:
    return Shape(f"section {what!r}", values=shape)


#: Sections that only carry named texts and settings; consumers read their cells.
NAMED_SECTIONS = tuple(
    "defects assumptions actors features terms configurations diagrams kubernetes sources timers "
    "beliefs differences seeds titles arrows regions lifetimes settings".split()
)

#: Every section of a table file.
SECTIONS: Mapping[str, str | Shape] = {
    "domains": _section("domains", "domain"),
    "collections": _section("collections", "collection"),
    "observe": _section("observe", "observations"),
    "explored": Shape("section 'explored'", values="formulas"),
    "let": Shape("section 'let'", values=Shape("lets by name", values="let")),
    "tables": _section("tables", "table"),
    "machines": _section("machines", "machine"),
    "machine": Shape("`machine`", text=True),
    **{key: SHAPES["machine"].keys[key] for key in ("per", "main", "title", "why", "variables", "events")},
    "procedures": _section("procedures", "procedure"),
    "gates": _section("gates", "gate"),
    "properties": _section("properties", "property"),
    "views": _section("views", "view"),
    "bindings": _section("bindings", "binding"),
    "texts": _section("texts", "texts"),
    "kinds": _section("kinds", "kind"),
    "objects": _section("objects", "texts"),
    "defaults": _section("defaults", "default"),
    "refusals": _section("refusals", "refusal"),
    "findings": _section("findings", "finding"),
    "watch": _section("watch", "watch-rule"),
    "guesses": _section("guesses", "guess"),
    "explored-features": _section("explored-features", "explored-feature"),
    "reductions": _section("reductions", "reduction"),
    "explanations": _section("explanations", "explanation"),
    **{name: _section(name, "anything") for name in NAMED_SECTIONS},
    "diagrams": _section("diagrams", "diagram"),
    "arrows": _section("arrows", "text"),
    "kubernetes": "kubernetes",
}

FILE = Shape("a table file", keys=SECTIONS)


def shape_of(shape: str | Shape) -> Shape:
    """Look up a shape that is given by name."""
    return SHAPES[shape] if isinstance(shape, str) else shape


def prune(files: Mapping[str, Cell], problems: Problems) -> dict[str, Cell]:
    """Report everything that has not the shape of table files, and leave it out.

    What is left can be read without looking at the kind of a cell again. Names of what was left out are noted, so that
    formulas that use them are not reported too.
    """
    found = {}
    for name, cell in files.items():
        kept = _prune(cell, FILE, "", problems)
        if kept is not None:
            found[name] = kept
    return found


def _prune(cell: Cell, shape: Shape, name: str, problems: Problems) -> Cell | None:
    what = f"{shape.what} {name!r}" if name and shape.keys else shape.what
    if shape.anything:
        return cell
    if cell.is_text and shape.text:
        if shape.choices and cell.text not in shape.choices:
            problems.unknown(cell.place, f"value of {what}", cell.text, shape.choices)
            return None
        return cell
    if cell.is_list and shape.items is not None:
        return Cell(_prune_items(cell.value, shape_of(shape.items), problems), cell.place)
    if cell.is_map and shape.takes_mapping:
        for keys, variant in shape.variants:
            if all(key in cell.value for key in keys):
                return _prune(cell, SHAPES[variant], name, problems)
        return _prune_record(cell, shape, what, problems) if shape.keys else _prune_values(cell, shape, problems)
    if cell.is_text and not (cell.text or shape.required or shape.one_of):
        # `key:` with nothing behind it is an empty list or mapping.
        return Cell([] if shape.items is not None else {}, cell.place)
    problems.add(cell.place, f"{what} is {shape.wanted()}, this is {_kind(cell)}", _example(shape))
    return None


def _prune_items(items: Sequence[Cell], shape: Shape, problems: Problems) -> list[Cell]:
    found = []
    for item in items:
        kept = _prune(item, shape, "", problems)
        if kept is None:
            named = item.get("id")
            problems.dropped.add(named.text if named is not None else "")
        else:
            found.append(kept)
    return found


def _prune_values(cell: Cell, shape: Shape, problems: Problems) -> Cell:
    assert shape.values is not None
    values = {}
    for name, value in cell.items():
        kept = _prune(value, shape_of(shape.values), name, problems)
        if kept is None:
            problems.dropped.add(name)
        else:
            values[name] = kept
    return Cell(values, cell.place, cell.keys)


def _prune_record(cell: Cell, shape: Shape, what: str, problems: Problems) -> Cell | None:
    values: dict[str, Cell] = {}
    usable = True
    for key, value in cell.items():
        if key not in shape.keys:
            problems.unknown(cell.keys[key], f"key of {what}" if shape is not FILE else "section", key, shape.keys)
            problems.dropped.update([key, *(value.value if value.is_map else ())])
            continue
        kept = _prune(value, shape_of(shape.keys[key]), key, problems)
        if kept is not None:
            values[key] = kept
        elif shape is not FILE:
            usable = False
    for key in shape.required:
        if key not in cell.value:
            problems.add(cell.place, f"{what} has no {key!r}", f"add `{key}:`")
            usable = False
    given = [key for key in shape.one_of if key in cell.value]
    if shape.one_of and len(given) != 1:
        wanted = ", ".join(shape.one_of)
        problems.add(cell.place, f"{what} has {' and '.join(given) or 'none'} of: {wanted}", "give exactly one of them")
        usable = False
    return Cell(values, cell.place, cell.keys) if usable else None


def _kind(cell: Cell) -> str:
    return "text" if cell.is_text else "a list" if cell.is_list else "a mapping"


def _example(shape: Shape) -> str:
    if shape.keys:
        return "write `{key: value}`; keys: " + _some(tuple(shape.keys))
    if shape.values is not None:
        return "write `name: ...`"
    if shape.items is not None:
        return "write `[a, b]` or one `- ...` a line"
    return "write it on one line" + (f": {_some(shape.choices)}" if shape.choices else "")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
