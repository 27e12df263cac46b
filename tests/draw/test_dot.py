import random
import re
from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from draw.samples import SAMPLES, door_in_korean, traffic_light, workshop
from podfsm.draw import Diagram, Edge, Node, render, to_dot
from podfsm.draw.dot import back_edges
from podfsm.draw.legend import entries
from podfsm.draw.markup import decode, encode, text_colour
from podfsm.draw.text import clean, label_lines, measure

each_sample = pytest.mark.parametrize("diagram", SAMPLES, ids=lambda diagram: diagram.id)
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    '"quoted"',
    "back\\slash",
    "ends with \\",
    r"\N \G \E \L \n \l \r",
    "two\nlines\r\n\ttab",
    "<b>&amp;&lt;</b> & &#65; <![CDATA[ ]]> -->",
    "<TABLE>",
    "nul\0bell\a\x1b[31m",
    "\u202eright to left\u202c \u05e9\u05dc\u05d5\u05dd",
    "lone \ud800 surrogate \ufffe",
    "%22 %entry %",
    "a:b:c -> d; } digraph {",
    "한글 🚦 ｗｉｄｅ",
    "x" * 10_000,
    " ",
)


def texts(svg: bytes) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def titles(svg: bytes, kind: str) -> Iterator[str]:
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        if group.get("class") == kind:
            yield group.findtext(f"{SVG}title") or ""


def names(svg: bytes, kind: str) -> set[str]:
    return {title.partition(": ")[0] for title in titles(svg, kind)}


@each_sample
def test_the_order_of_parts_does_not_matter(diagram: Diagram) -> None:
    shuffle = random.Random(1)

    other = replace(
        diagram,
        nodes=tuple(shuffle.sample(diagram.nodes, len(diagram.nodes))),
        edges=tuple(shuffle.sample(diagram.edges, len(diagram.edges))),
        clusters=tuple(shuffle.sample(diagram.clusters, len(diagram.clusters))),
    )
    assert other != diagram
    assert to_dot(other) == to_dot(diagram)


@each_sample
def test_every_id_is_a_title_in_the_svg(diagram: Diagram) -> None:
    svg = render(to_dot(diagram))
    assert {node.id for node in diagram.nodes} <= names(svg, "node")
    assert {edge.id for edge in diagram.edges} <= names(svg, "edge")
    assert {cluster.id for cluster in diagram.clusters} == names(svg, "cluster")


def test_a_tooltip_follows_the_id() -> None:
    assert "red: cars wait" in titles(render(to_dot(traffic_light())), "node")
    assert "unlock: 열쇠가 필요합니다" in titles(render(to_dot(door_in_korean())), "edge")


@each_sample
def test_colours_have_six_digits(diagram: Diagram) -> None:
    source = to_dot(diagram)
    colours = re.findall(r'\w*color\w*="([^"]*)"', source, re.IGNORECASE)
    colours = [part for colour in colours for part in colour.split(":")]
    assert colours
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)
    assert not re.search(r"#[0-9a-f]{1,5}\b(?![0-9a-f])", source)


@each_sample
def test_every_label_has_room(diagram: Diagram) -> None:
    source = to_dot(diagram)
    for node in (node for node in diagram.nodes if not node.rows):
        statement = re.search(rf'^ *"{node.id}" \[.*\];$', source, re.MULTILINE)
        assert statement
        width = re.search(r'width="([\d.]+)"', statement.group())
        assert width
        assert float(width.group(1)) * 72 > max(measure(line, 12) for line in label_lines(node.label, 170, 12))
    for edge in diagram.edges:
        statement = re.search(rf'^ *"%label {edge.id}" \[.*\];$', source, re.MULTILINE)
        assert statement
        room = re.search(r'<TD ALIGN="LEFT" BALIGN="LEFT" WIDTH="(\d+)"', statement.group())
        assert room
        assert int(room.group(1)) >= max(measure(line, 11) for line in label_lines(edge.label, 165, 11))


@each_sample
def test_the_svg_keeps_the_room_we_gave(diagram: Diagram) -> None:
    """The engine's boxes around Hangul are as wide as our measure, whatever it believes Hangul to be."""
    svg = ElementTree.fromstring(render(to_dot(diagram)))
    for group in svg.iter(f"{SVG}g"):
        if group.get("class") != "node" or group.find(f"{SVG}text") is None:
            continue
        outline = next((part for part in group if part.tag in {f"{SVG}path", f"{SVG}polygon"}), None)
        if outline is None or (group.find(f"{SVG}text[2]") is not None and len(group.findall(f"{SVG}polygon")) > 1):
            continue  # the label of an edge, or a table: their cells have room of their own
        xs = [
            float(x) for x, _ in re.findall(r"(-?[\d.]+),(-?[\d.]+)", outline.get("d") or outline.get("points") or "")
        ]
        needed = max(measure(text.text or "", 12) for text in group.iter(f"{SVG}text"))
        assert max(xs) - min(xs) >= needed


@each_sample
def test_sizes_are_positive(diagram: Diagram) -> None:
    sizes = re.findall(r'\b(?:width|height)="([^"]*)"', to_dot(diagram), re.IGNORECASE)
    assert sizes
    assert all(float(size) > 0 for size in sizes)


def test_kinds_and_styles_look_different() -> None:
    source = to_dot(traffic_light())
    assert re.search(r'"removed" \[.*peripheries="2"', source)
    assert re.search(r'"dark" \[.*style="rounded,filled,dotted"', source)
    assert '"%entry red" -> "red"' in source
    assert re.search(r'"green" -> "%label flicker" \[.*dir="back".*style="dashed"', source)
    korean = to_dot(door_in_korean())
    assert re.search(r'"locked" \[fillcolor="#ffd966"', korean)
    assert len(re.findall('penwidth="3.6"', korean)) == 6  # two halves of three edges


def test_the_legend_explains_what_occurs_and_no_more() -> None:
    assert [entry.text for entry in entries(traffic_light())] == [
        "Clock",
        "Pedestrian",
        "Crew",
        "start",
        "final state",
        "exists, but nothing leads to it",
        "happens only because of a defect",
    ]
    assert entries(Diagram("d", "D", (Node("a", ("A",)),))) == ()
    assert "final state" not in texts(render(to_dot(replace(traffic_light(), legend=False))))


@each_sample
def test_every_word_of_a_sample_is_in_its_svg(diagram: Diagram) -> None:
    labels = [diagram.title, diagram.caption]
    for lines in [node.label for node in diagram.nodes] + [edge.label for edge in diagram.edges]:
        labels += lines
    shown = " ".join(texts(render(to_dot(diagram)))).split()
    assert {word for label in labels for word in label.split()} <= set(shown)


def test_a_circle_is_broken_where_it_returns_to_its_start() -> None:
    assert back_edges(traffic_light()) == {"stop", "flicker"}
    assert back_edges(workshop()) == {"w02", "w09", "w13", "w14", "w17"}


def test_what_remains_without_back_edges_has_no_circle() -> None:
    generator = random.Random(7)
    nodes = tuple(Node(str(number), ("x",), "initial" if number == 3 else "state") for number in range(12))
    for _ in range(50):
        edges = tuple(
            Edge(str(number), str(generator.randrange(12)), str(generator.randrange(12))) for number in range(30)
        )
        returning = back_edges(Diagram("d", "D", nodes, edges))
        left = {(e.source, e.target) for e in edges if e.id not in returning and e.source != e.target}
        remaining = {node.id for node in nodes}
        while sinks := {node for node in remaining if not any(s == node and t in remaining for s, t in left)}:
            remaining -= sinks
        assert not remaining


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_it_is(text: str) -> None:
    svg = render(to_dot(hostile(text)))
    lines = texts(svg)
    tall = len(label_lines([text, text], 165, 11)) > 8
    for width, size in ((170, 12), (165 * 1.5 if tall else 165, 11)):
        assert set(label_lines([text], width, size)) - {""} <= set(lines)
    assert ElementTree.fromstring(svg).get("aria-label") == (clean(text) or "n")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(min_size=1, max_size=60), st.text(max_size=60))
def test_any_text_draws(name: str, text: str) -> None:
    svg = render(to_dot(hostile(text, name)))
    shown = clean(decode(encode(name)))
    assert sum(clean(title).startswith(shown[:40]) for title in titles(svg, "node")) >= 1
    assert len(list(titles(svg, "edge"))) == 5  # the entry, and two halves of two edges


def hostile(text: str, name: str = "n") -> Diagram:
    nodes = (Node(name, (text,), "initial", tooltip=text), Node(name + "2", ("two", text)))
    edges = (Edge(name, name, name + "2", (text, text), tooltip=text), Edge(name + "3", name, name, (text, text)))
    return Diagram(name, text, nodes, edges, caption=text)


@given(st.text(), st.text())
def test_encoded_names_differ_when_names_differ(one: str, other: str) -> None:
    assert (encode(one) == encode(other)) == (one == other)
    assert not set(encode(one)) & set('"\\&<>\n')


@given(st.integers(0, 0xFFFFFF))
def test_text_has_contrast_and_a_dark_colour_stays(value: int) -> None:
    colour = text_colour(f"#{value:06x}")
    assert re.fullmatch("#[0-9a-f]{6}", colour)
    assert text_colour(colour) == colour
    assert text_colour("#000000") == "#000000"
