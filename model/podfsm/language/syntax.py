"""The grammar of conditions and values: text to syntax tree, with columns for error messages.

::

    cond    := conj {"or" conj} ["implies" cond]
    conj    := neg {"and" neg}
    neg     := "not" neg | test
    test    := value [ ("=" | "!=") literal | ["not"] "in" "{" literal {"," literal} "}" | ["not"] "in" value
                     | ("<" | "<=" | ">" | ">=") value | "same" value | "exists" | ("before" | "after") ref ]
    value   := term {("+" | "-") term}
    term    := ["-"] NUMBER | QUOTED | "(" cond ")" | "gate" NAME | path | NAME "(" value {"," value} ")"
             | ("any" | "all" | "none" | "count") "(" scope [":" cond] ")"
             | ("sum" | "highest" | "lowest" | "each") "(" value "," scope ")"
             | ("first" | "last" | "next" | "previous") "(" scope ")"
    scope   := NAME {"|" NAME} [("before" | "after" | "upto" | "from") path] ["where" cond]
    path    := NAME {"." NAME}
    literal := WORD | NUMBER | QUOTED

The word after ``=`` or in ``{}`` is always a literal; two fields are compared with ``same``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

QUANTIFIERS = ("any", "all", "none", "count")
AGGREGATES = ("sum", "highest", "lowest", "each")
PICKS = ("first", "last", "next", "previous")
ORDERS = ("before", "after", "upto", "from")
MAX_EXPRESSION = 4000
MAX_NESTING = 40
MAX_TERMS = 40

_TOKEN = re.compile(
    r"\s*(?:(?P<quoted>'(?:[^'])*')"
    r"|(?P<number>\d+(?![\w./:-]))"
    r"|(?P<word>[A-Za-z0-9_][\w/:-]*(?:\.[A-Za-z0-9_][\w/:-]*)*)"
    r"|(?P<op><=|>=|!=|[-=<>+(){},:|]))"
)


class ExpressionError(Exception):
    """A syntax or name error in an expression; `column` counts from 0 in its text."""

    def __init__(self, column: int, what: str, mend: str = "") -> None:
        super().__init__(what)
        self.column, self.what, self.mend = column, what, mend


@dataclass(frozen=True, slots=True)
class Syntax:
    """A node of the syntax tree.

    `kind` is one of: number, literal, path, gate, call, quant, aggregate, pick, not, and, or, implies, equal, unequal,
    in, contains, less, same, exists, order, add, subtract. `parts` depends on it.
    """

    kind: str
    column: int
    parts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ScopeSyntax:
    """A scope: role or collection names, an optional order bound, an optional filter."""

    column: int
    roles: tuple[str, ...]
    order: str | None
    bound: Syntax | None
    where: Syntax | None


def tokens(text: str) -> list[tuple[str, str, int]]:
    """(kind, text, column) of every token."""
    if len(text) > MAX_EXPRESSION:
        raise ExpressionError(0, f"an expression of {len(text)} characters", f"at most {MAX_EXPRESSION}; use a let")
    found: list[tuple[str, str, int]] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            if not text[at:].strip():
                break
            column = at + len(text[at:]) - len(text[at:].lstrip())
            mend = "name what stands before it in a let" if text[column] == "." else "see the grammar of conditions"
            raise ExpressionError(column, f"unexpected character {text[column]!r}", mend)
        kind = str(match.lastgroup)
        # A word that ends in ':' or '-' swallowed the operator after it ("any(init: x)", "a- b").
        word, end = match.group(kind), match.end()
        while kind == "word" and word[-1] in ":-/":
            word, end = word[:-1], end - 1
        found.append((kind, word, match.start(kind)))
        at = end
    found.append(("end", "", len(text)))
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = tokens(text)
        self.at = 0
        self.depth = 0

    def peek(self) -> tuple[str, str, int]:
        return self.tokens[self.at]

    def take(self) -> tuple[str, str, int]:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def is_op(self, *ops: str) -> bool:
        kind, text, _ = self.peek()
        return kind == "op" and text in ops

    def is_word(self, *words: str) -> bool:
        kind, text, _ = self.peek()
        return kind == "word" and text in words

    def expect(self, op: str) -> None:
        kind, text, column = self.take()
        if kind != "op" or text != op:
            raise ExpressionError(column, f"expected {op!r} here" + (f", found {text!r}" if text else ""))

    def cond(self) -> Syntax:
        self.nest()
        left = self.chain("or", self.conj)
        if self.is_word("implies"):
            column = self.take()[2]
            left = Syntax("implies", column, (left, self.cond()))
        self.depth -= 1
        return left

    def nest(self) -> None:
        """Go one level deeper; whoever reads the tree needs no more recursion than this allows."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise ExpressionError(self.peek()[2], f"nested deeper than {MAX_NESTING} levels", "use lets")

    def chain(self, word: str, inner: Any) -> Syntax:
        first: Syntax = inner()
        if not self.is_word(word):
            return first
        items = [first]
        while self.is_word(word):
            self.take()
            items.append(inner())
        return Syntax(word, first.column, tuple(items))

    def conj(self) -> Syntax:
        return self.chain("and", self.neg)

    def neg(self) -> Syntax:
        if self.is_word("not"):
            column = self.take()[2]
            self.nest()
            node = Syntax("not", column, (self.neg(),))
            self.depth -= 1
            return node
        return self.test()

    def test(self) -> Syntax:
        left = self.value()
        kind, text, column = self.peek()
        if kind == "op" and text in ("=", "!="):
            self.take()
            return Syntax("equal" if text == "=" else "unequal", column, (left, self.literal()))
        if kind == "op" and text in ("<", "<=", ">", ">="):
            self.take()
            return Syntax("less", column, (text, left, self.value()))
        if kind == "word" and text == "not" and self.tokens[self.at + 1][:2] == ("word", "in"):
            self.take()
            return Syntax("not", column, (self.membership(left),))
        if kind == "word" and text == "in":
            return self.membership(left)
        if kind == "word" and text == "same":
            self.take()
            return Syntax("same", column, (left, self.value()))
        if kind == "word" and text == "exists":
            self.take()
            return Syntax("exists", column, (left,))
        if kind == "word" and text in ("before", "after"):
            self.take()
            return Syntax("order", column, (text, left, self.path()))
        return left

    def membership(self, left: Syntax) -> Syntax:
        column = self.take()[2]
        if not self.is_op("{"):
            return Syntax("contains", column, (left, self.value()))
        self.take()
        items = [self.literal()]
        while self.is_op(","):
            self.take()
            items.append(self.literal())
        self.expect("}")
        return Syntax("in", column, (left, tuple(items)))

    def literal(self) -> Syntax:
        kind, text, column = self.take()
        if kind == "number":
            return Syntax("number", column, (int(text),))
        if kind == "quoted":
            return Syntax("literal", column, (text[1:-1],))
        if kind == "op" and text == "-" and self.peek()[0] == "number":
            return Syntax("number", column, (-int(self.take()[1]),))
        if kind != "word":
            raise ExpressionError(column, "expected a literal here", "a word, a number or 'quoted text'")
        return Syntax("literal", column, (text,))

    def value(self) -> Syntax:
        left, terms = self.term(), 1
        while self.is_op("+", "-"):
            _, op, column = self.take()
            left, terms = Syntax("add" if op == "+" else "subtract", column, (left, self.term())), terms + 1
            if terms > MAX_TERMS:
                raise ExpressionError(column, f"more than {MAX_TERMS} terms", "use lets")
        return left

    def path(self) -> Syntax:
        kind, text, column = self.take()
        if kind != "word":
            raise ExpressionError(column, "expected a name here" + (f", found {text!r}" if text else ""))
        return Syntax("path", column, tuple(text.split(".")))

    def term(self) -> Syntax:
        kind, text, column = self.peek()
        if kind == "number":
            self.take()
            return Syntax("number", column, (int(text),))
        if self.is_op("-") and self.tokens[self.at + 1][0] == "number":
            self.take()
            return Syntax("number", column, (-int(self.take()[1]),))
        if kind == "quoted":
            self.take()
            return Syntax("literal", column, (text[1:-1],))
        if self.is_op("("):
            self.take()
            inner = self.cond()
            self.expect(")")
            return inner
        if self.is_word("gate"):
            self.take()
            name = self.path()
            return Syntax("gate", column, (".".join(name.parts),))
        path = self.path()
        return self.application(path) if self.is_op("(") else path

    def application(self, path: Syntax) -> Syntax:
        """Parse what stands in the brackets after a name."""
        self.take()
        name, column = ".".join(path.parts), path.column
        if name in QUANTIFIERS:
            scope = self.scope()
            body = None
            if self.is_op(":"):
                self.take()
                body = self.cond()
            node = Syntax("quant", column, (name, scope, body))
        elif name in AGGREGATES:
            value = self.value()
            self.expect(",")
            node = Syntax("aggregate", column, (name, value, self.scope()))
        elif name in PICKS:
            node = Syntax("pick", column, (name, self.scope()))
        else:
            arguments = [] if self.is_op(")") else [self.cond()]
            while self.is_op(","):
                self.take()
                arguments.append(self.cond())
            node = Syntax("call", column, (name, tuple(arguments)))
        self.expect(")")
        return node

    def scope(self) -> ScopeSyntax:
        column = self.peek()[2]
        roles = [".".join(self.path().parts)]
        while self.is_op("|"):
            self.take()
            roles.append(".".join(self.path().parts))
        order = bound = where = None
        if self.is_word(*ORDERS):
            order = self.take()[1]
            bound = self.path()
        if self.is_word("where"):
            self.take()
            where = self.cond()
        return ScopeSyntax(column, tuple(roles), order, bound, where)


def parse(text: str) -> Syntax:
    """Parse a condition or value; raises ExpressionError with the column."""
    parser = _Parser(text)
    tree = parser.cond()
    kind, rest, column = parser.peek()
    if kind != "end":
        raise ExpressionError(column, f"unexpected {rest!r} after the end of the expression", "an operator is missing?")
    return tree


@dataclass(frozen=True, slots=True)
class TemplateSyntax:
    """A text with `{value}` holes: literal strings and syntax trees in turn."""

    parts: tuple[str | Syntax, ...]


def parse_template(text: str) -> TemplateSyntax:
    """Parse ``text with {value} holes``; ``{{`` is a brace."""
    if len(text) > MAX_EXPRESSION:
        raise ExpressionError(0, f"a text of {len(text)} characters", f"at most {MAX_EXPRESSION}; split it")
    parts: list[str | Syntax] = []
    at, plain = 0, ""
    while at < len(text):
        if text.startswith("{{", at) or text.startswith("}}", at):
            plain, at = plain + text[at], at + 2
        elif text[at] == "{":
            end = text.find("}", at)
            if end < 0:
                raise ExpressionError(at, "a '{' without '}'", "write {{ for a brace")
            if plain:
                parts.append(plain)
                plain = ""
            try:
                parts.append(parse(text[at + 1 : end]))
            except ExpressionError as error:
                raise ExpressionError(at + 1 + error.column, error.what, error.mend) from None
            at = end + 1
        else:
            plain, at = plain + text[at], at + 1
    if plain:
        parts.append(plain)
    return TemplateSyntax(tuple(parts))
