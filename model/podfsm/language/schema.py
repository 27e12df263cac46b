"""The JSON Schema of table files, for editors: made from the shapes that the loader checks."""

from __future__ import annotations

from typing import Any

from podfsm.language.shapes import FILE, SHAPES, Shape

DIALECT = "https://json-schema.org/draft/2020-12/schema"

#: To an editor, `true`, `30` and an empty value are no strings; the loader reads every scalar as a text.
_SCALAR = ["string", "number", "boolean", "null"]


def json_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12) of one table file."""
    return {
        "$schema": DIALECT,
        "title": "podfsm table file",
        "description": "Sections of the table language; the sections of all files are merged.",
        **_schema(FILE),
        "$defs": {name: _schema(shape) for name, shape in sorted(SHAPES.items())},
    }


def _schema(shape: str | Shape) -> dict[str, Any]:
    if isinstance(shape, str):
        return {"$ref": f"#/$defs/{shape}"}
    if shape.anything:
        return {"description": shape.what}
    # Each keyword below speaks of one JSON type only, so they stand side by side and editors can say which one fails.
    types: list[str] = []
    words: dict[str, Any] = {}
    if shape.text and not shape.choices:
        types += _SCALAR
    elif not shape.required and not shape.one_of and not shape.choices:
        types.append("null")
    if shape.items is not None:
        types.append("array")
        words["items"] = _schema(shape.items)
    if shape.takes_mapping:
        types.append("object")
        words |= _mapping(shape)
    found: dict[str, Any] = {"type": types, **words}
    if shape.choices:
        found = {"anyOf": [{"enum": _choices(shape)}, found]} if types else {"enum": _choices(shape)}
    return {"description": shape.what, **found}


def _choices(shape: Shape) -> list[Any]:
    # An editor reads `true` as a truth value, and so `on` where it keeps to YAML 1.1.
    truths = [word == "true" for word in shape.choices if word in ("true", "false")]
    truths += [word == "on" for word in shape.choices if word in ("on", "off")]
    return [*shape.choices, *truths]


def _mapping(shape: Shape) -> dict[str, Any]:
    """Return the keywords that speak of objects."""
    found: dict[str, Any] = {}
    if shape.keys:
        found |= {
            "properties": {key: _schema(value) for key, value in shape.keys.items()},
            "additionalProperties": False,
        }
        found |= {"required": list(shape.required)} if shape.required else {}
        found |= {"oneOf": [{"required": [key]} for key in shape.one_of]} if shape.one_of else {}
    elif shape.values is not None:
        found["additionalProperties"] = _schema(shape.values)
    for keys, variant in reversed(shape.variants):
        found = {"if": {"type": "object", "required": list(keys)}, "then": _schema(variant), "else": found}
    return found
