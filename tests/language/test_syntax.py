"""The grammar: every construct, every error with its column, and any text at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podfsm.language.syntax import ExpressionError, ScopeSyntax, Syntax, parse, parse_template


def plain(node: object) -> object:
    """A tree without columns."""
    if isinstance(node, Syntax):
        return (node.kind, *(plain(part) for part in node.parts))
    if isinstance(node, ScopeSyntax):
        return ("scope", node.roles, node.order, plain(node.bound), plain(node.where))
    return tuple(plain(item) for item in node) if isinstance(node, tuple) else node


A, B, C = (("path", name) for name in "abc")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a", A),
        ("a.b-c", ("path", "a", "b-c")),
        ("12", ("number", 12)),
        ("'any text, (even this)'", ("literal", "any text, (even this)")),
        ("not a", ("not", A)),
        ("not not a", ("not", ("not", A))),
        ("a or b and not c", ("or", A, ("and", B, ("not", C)))),
        ("(a or b) and c", ("and", ("or", A, B), C)),
        ("a or b or c", ("or", A, B, C)),
        ("a implies b implies c", ("implies", A, ("implies", B, C))),
        ("a or b implies c", ("implies", ("or", A, B), C)),
        ("a = b", ("equal", A, ("literal", "b"))),
        ("a = -1", ("equal", A, ("number", -1))),
        ("a != 'b c'", ("unequal", A, ("literal", "b c"))),
        ("a in {b, 2, 'c d'}", ("in", A, (("literal", "b"), ("number", 2), ("literal", "c d")))),
        ("a not in {b}", ("not", ("in", A, (("literal", "b"),)))),
        ("a in b", ("contains", A, B)),
        ("a not in b", ("not", ("contains", A, B))),
        ("a < 3", ("less", "<", A, ("number", 3))),
        ("a >= b + 1", ("less", ">=", A, ("add", B, ("number", 1)))),
        ("a - b - c", ("subtract", ("subtract", A, B), C)),
        ("a same b", ("same", A, B)),
        ("a exists", ("exists", A)),
        ("a before b", ("order", "before", A, B)),
        ("a after b.c", ("order", "after", A, ("path", "b", "c"))),
        ("gate SomeGate", ("gate", "SomeGate")),
        ("f()", ("call", "f", ())),
        ("b.f(a, 1)", ("call", "b.f", (A, ("number", 1)))),
        ("if(a, b, 'c')", ("call", "if", (A, B, ("literal", "c")))),
        ("any(r)", ("quant", "any", ("scope", ("r",), None, None, None), None)),
        ("all(r: a)", ("quant", "all", ("scope", ("r",), None, None, None), A)),
        ("none(r|s where b: a)", ("quant", "none", ("scope", ("r", "s"), None, None, B), A)),
        ("count(r before b)", ("quant", "count", ("scope", ("r",), "before", B, None), None)),
        ("sum(a + 1, r from b)", ("aggregate", "sum", ("add", A, ("number", 1)), ("scope", ("r",), "from", B, None))),
        ("each(a, r)", ("aggregate", "each", A, ("scope", ("r",), None, None, None))),
        ("last(r where a)", ("pick", "last", ("scope", ("r",), None, None, A))),
        ("any", ("path", "any")),
        ("a = Some/Value.x:y-z", ("equal", A, ("literal", "Some/Value.x:y-z"))),
        ("a = 4k", ("equal", A, ("literal", "4k"))),
    ],
)
def test_construct(text: str, tree: object) -> None:
    assert plain(parse(text)) == tree


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("", 0, "expected a name here"),
        ("a and", 5, "expected a name here"),
        ("a b", 2, "unexpected 'b' after the end of the expression"),
        ("a = ", 4, "expected a literal here"),
        ("a in {b, }", 9, "expected a literal here"),
        ("a in {b", 7, "expected '}' here"),
        ("(a", 2, "expected ')' here"),
        ("any(r: )", 7, "expected a name here, found ')'"),
        ("sum(a r)", 6, "expected ',' here, found 'r'"),
        ("a ? b", 2, "unexpected character '?'"),
        ("a = 'b", 4, 'unexpected character "\'"'),
        ("a -> b", 3, "expected a name here, found '>'"),
        ("gate (", 5, "expected a name here, found '('"),
        ("f(a", 3, "expected ')' here"),
        ("x" * 4001, 0, "an expression of 4001 characters"),
        ("not " * 41 + "a", 160, "nested deeper than 40 levels"),
        ("(" * 50, 40, "nested deeper than 40 levels"),
        ("a implies " * 50 + "a", 400, "nested deeper than 40 levels"),
        ("any(r: " * 50, 280, "nested deeper than 40 levels"),
        ("a" + " + a" * 40, 158, "more than 40 terms"),
    ],
)
def test_error(text: str, column: int, what: str) -> None:
    with pytest.raises(ExpressionError) as error:
        parse(text)
    assert (error.value.column, error.value.what) == (column, what)


def test_template() -> None:
    parts = parse_template("a {{x}} {b.c} and {f(1)}").parts
    assert [plain(part) for part in parts] == ["a {x} ", ("path", "b", "c"), " and ", ("call", "f", (("number", 1),))]
    assert parse_template("").parts == ()


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("a {b", 2, "a '{' without '}'"),
        ("a {b c}", 5, "unexpected 'c' after the end of the expression"),
        ("x" * 4001, 0, "a text of 4001 characters"),
    ],
)
def test_template_error(text: str, column: int, what: str) -> None:
    with pytest.raises(ExpressionError) as error:
        parse_template(text)
    assert (error.value.column, error.value.what) == (column, what)


WORDS = "a b.c 'x' 12 = != < in not and or implies ( ) { } , : | + - any( sum( first( before where same exists gate if("


@given(st.lists(st.sampled_from(WORDS.split())).map(" ".join) | st.text())
def test_any_text_parses_or_is_refused_with_a_column(text: str) -> None:
    for parser in (parse, parse_template):
        try:
            parser(text)
        except ExpressionError as error:
            column = error.column
        else:
            column = 0
        assert 0 <= column <= len(text)


NAMES = st.sampled_from(["a", "b-c", "d.e"])


def trees() -> st.SearchStrategy[str]:
    """Texts of conditions, each with all its brackets."""
    leaves = NAMES | st.builds("{} = {}".format, NAMES, st.integers(0, 9)) | st.builds("{} exists".format, NAMES)
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds("({} and {})".format, inner, inner)
            | st.builds("({} or {})".format, inner, inner)
            | st.builds("not {}".format, inner)
            | st.builds("any(r where {}: {})".format, inner, inner)
            | st.builds("if({}, {}, {})".format, inner, inner, inner)
        ),
        max_leaves=8,
    )


@given(trees())
def test_brackets_do_not_matter(text: str) -> None:
    assert plain(parse(text)) == plain(parse(f"(({text}))"))
    assert plain(parse(f"not ({text})")) == ("not", plain(parse(text)))
