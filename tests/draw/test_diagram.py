import pytest

from podfsm.draw import PALETTE, Actor, Cluster, Diagram, Edge, Node, palette_colour

A, B = Node("a", ("A",)), Node("b", ("B",))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"nodes": (A, A)}, "node id 'a' occurs 2 times"),
        ({"nodes": (Node("", ("x",)),)}, "a node has an empty id"),
        ({"nodes": (A,), "edges": (Edge("e", "a", "c"),)}, "no node has the id 'c'"),
        ({"nodes": (A,), "edges": (Edge("e", "a", "a", actors=("ghost",)),)}, "no actor has the id 'ghost'"),
        ({"nodes": (A,), "current": frozenset({"z"})}, "no node has the id 'z'"),
        ({"nodes": (A,), "path": frozenset({"z"})}, "no edge has the id 'z'"),
        ({"nodes": (Node("a", ("A",), cluster="k"),)}, "no cluster has the id 'k'"),
        ({"nodes": (A,), "actors": (Actor("u", "User", "#eef"),)}, "six digits"),
        ({"nodes": (A,), "actors": (Actor("u", "User", "red"),)}, "six digits"),
        ({"nodes": (A,), "clusters": (Cluster("k", (), "m"), Cluster("m", (), "k"))}, "cluster 'k' holds itself"),
        ({"nodes": (A,), "clusters": (Cluster("k", (), "k"),)}, "cluster 'k' holds itself"),
    ],
)
def test_a_wrong_diagram_is_refused(parts: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Diagram("d", "D", **parts)  # type: ignore[arg-type]


def test_all_problems_are_shown_at_once() -> None:
    with pytest.raises(ValueError, match="no node has the id 'x'; no node has the id 'y'; no edge has the id 'z'"):
        Diagram("d", "D", (A, B), (Edge("e", "x", "y"),), path=frozenset({"z"}))


def test_the_palette_has_seven_different_colours() -> None:
    assert len(set(PALETTE)) == 7
    assert palette_colour(9) == PALETTE[2]
