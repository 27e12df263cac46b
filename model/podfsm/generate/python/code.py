"""Python source as text: strings, precedence, and lines that are broken where they get too long."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, replace

WIDTH = 120
STEP = "    "

#: Precedence, the loosest first; what binds tighter needs no parentheses inside.
WALRUS, CONDITIONAL, OR, AND, NOT, COMPARE, ADD, ATOM = range(8)


@dataclass(frozen=True)
class Code:
    """An expression on one line, and the parts it is broken into where it does not fit.

    `opened` and `closed` stand around the parts; `comma` says that they are separated by commas.
    """

    text: str
    level: int = ATOM
    parts: tuple[tuple[str, Code], ...] = ()
    opened: str = "("
    closed: str = ")"
    comma: bool = False

    def at(self, level: int) -> Code:
        """Return the same, in parentheses if it binds looser than `level`."""
        if self.level >= level:
            return self
        return replace(self, text=f"({self.text})", level=ATOM, parts=self.parts or (("", replace(self, parts=())),))


def quote(text: str) -> str:
    """Return a string literal, in the quotes that need fewer escapes."""
    plain = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\x7f")
    if '"' in text and "'" not in text and "\\" not in plain.replace('\\"', ""):
        return f"'{text}'"
    return plain


def literal(value: object) -> str:
    """Return a constant of the tables: text, number, truth value, nothing, or a tuple of them."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, list | tuple):
        items = [literal(item) for item in value]
        return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
    return repr(value)


def operation(word: str, level: int, items: Iterable[Code]) -> Code:
    """Operands joined by an operator that is associative."""
    flat: list[tuple[str, Code]] = []
    given = list(items)
    if len(given) == 1:
        return given[0]
    for item in given:
        # A conjunction among alternatives stands in parentheses: it need not, but people read it more easily.
        inner = item.parts if item.level == level and item.parts else (("", item.at(NOT)),)
        for at, (prefix, part) in enumerate(inner):
            flat.append((prefix if at or not flat else f"{word} ", part))
    return Code(" ".join(prefix + part.text for prefix, part in flat), level, tuple(flat))


def conjunction(items: Iterable[Code]) -> Code:
    """Join conditions that must all hold."""
    return operation("and", AND, items)


def disjunction(items: Iterable[Code]) -> Code:
    """Join conditions of which one must hold."""
    return operation("or", OR, items)


def negation(item: Code) -> Code:
    """Turn a condition round."""
    if item.text in ("True", "False"):
        return Code("False" if item.text == "True" else "True")
    inner = item.at(NOT)
    return Code(f"not {inner.text}", NOT, inner.parts, f"not {inner.opened}", inner.closed, inner.comma)


def conditional(condition: Code, yes: Code, no: Code) -> Code:
    """Choose between two values; a further choice behind `else` stays on the same level."""
    chain = no.parts if no.level == CONDITIONAL and no.parts else (("", no.at(OR)),)
    parts = (("", yes.at(OR)), ("if ", condition.at(OR)), (f"else {chain[0][0]}", chain[0][1]), *chain[1:])
    return Code(" ".join(prefix + part.text for prefix, part in parts), CONDITIONAL, parts)


def unpacked(item: Code) -> Code:
    """Return an iterable whose items become items of the tuple around it."""
    inner = item.at(ADD)
    return Code(f"*{inner.text}", ATOM, inner.parts, f"*{inner.opened}", inner.closed, inner.comma)


def comparison(left: Code, operator: str, right: Code) -> Code:
    """Compare two values."""
    return Code(f"{left.at(ADD).text} {operator} {right.at(ADD).text}", COMPARE)


def call(function: str, *arguments: Code, names: Iterable[str] = ()) -> Code:
    """Return a call with arguments by position, the last ones by name where `names` has names for them."""
    words = [f"{name}=" if name else "" for name in names] or [""] * len(arguments)
    parts = tuple((word, argument.at(CONDITIONAL)) for word, argument in zip(words, arguments, strict=True))
    inside = ", ".join(word + part.text for word, part in parts)
    return Code(f"{function}({inside})", ATOM, parts, f"{function}(", ")", True)


def comprehension(function: str, value: Code, variable: str, items: str, conditions: Iterable[Code]) -> Code:
    """`function(value for variable in items if conditions)`, all conditions as one."""
    parts = [("", value.at(CONDITIONAL)), (f"for {variable} in ", Code(items))]
    kept = list(conditions)
    if kept:
        parts.append(("if ", conjunction(kept).at(OR)))
    inside = " ".join(prefix + part.text for prefix, part in parts)
    return Code(f"{function}({inside})", ATOM, tuple(parts), f"{function}(", ")")


def lines(prefix: str, code: Code, suffix: str = "", indent: str = "") -> list[str]:
    """Source lines of an expression with something before and behind it, broken where it is too long."""
    whole = indent + prefix + code.text + suffix
    if len(whole) <= WIDTH or not code.parts:
        return [whole]
    inner = indent + STEP
    separator = ", " if code.comma else " "
    together = inner + separator.join(word + part.text for word, part in code.parts)
    found = [indent + prefix + code.opened]
    if len(together) < WIDTH:
        # A tuple of one needs its comma.
        found.append(together + ("," if code.comma and len(code.parts) == 1 else ""))
    else:
        for word, part in code.parts:
            found += lines(word, part, "," if code.comma else "", inner)
    return [*found, indent + code.closed + suffix]


def comment(text: str, indent: str = "") -> list[str]:
    """Return a comment, wrapped."""
    return textwrap.wrap(
        text, WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ", break_long_words=False
    )


def docstring(paragraphs: Iterable[str], indent: str = "") -> list[str]:
    """Return a docstring of paragraphs, wrapped."""
    found: list[str] = []
    for paragraph in paragraphs:
        text = re.sub(r"\\", r"\\\\", paragraph).replace('"""', '\\"\\"\\"')
        if not text.strip():
            continue
        wrapped = textwrap.wrap(
            text, WIDTH - 3, initial_indent=indent, subsequent_indent=indent, break_long_words=False
        )
        found += [*([""] if found else []), *wrapped]
    if not found:
        return []
    found[0] = f'{indent}"""{found[0].removeprefix(indent)}'
    last = found[-1]
    if len(found) > 1:
        return [*found, f'{indent}"""']
    # A quotation mark before the closing ones would end the docstring too early.
    return [f'{last[:-1]}\\""""' if last.endswith('"') else f'{last}"""']
