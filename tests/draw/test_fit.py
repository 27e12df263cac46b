"""Drawings of pods fit a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from podfsm.draw import Cluster, Diagram, Edge, Node, run, to_dot
from podfsm.draw.diagram import RankDirection
from podfsm.draw.fit import PAGE, fitted, width
from podfsm.errors import PodfsmError
from podfsm.requests import DrawRequest

LABEL = ("a long label that is broken into lines when there is little room for it",)


def chain(length: int, rank: RankDirection = "LR", boxes: int = 1) -> Diagram:
    nodes = [Node(f"{box} {n}", (f"node {n}",), cluster=f"box {box}") for box in range(boxes) for n in range(length)]
    edges = [
        Edge(f"{box} {n}", f"{box} {n}", f"{box} {n + 1}", LABEL) for box in range(boxes) for n in range(length - 1)
    ]
    clusters = tuple(Cluster(f"box {box}", (f"box {box}",)) for box in range(boxes))
    return Diagram("chain", "Chain", tuple(nodes), tuple(edges), clusters, rankdir=rank)


def test_what_fits_stays_as_it_is() -> None:
    made = chain(3)
    assert fitted(made) is made


def test_labels_become_narrower_where_that_is_enough() -> None:
    made = chain(7)
    assert width(made) > PAGE
    narrow = fitted(made)
    assert width(narrow) <= PAGE
    assert (narrow.rankdir, narrow.nodes, narrow.edges) == ("LR", made.nodes, made.edges)
    assert to_dot(fitted(made)) == to_dot(narrow)


def test_a_long_drawing_goes_downwards() -> None:
    made = chain(14)
    assert fitted(made).rankdir == "TB"
    assert width(fitted(made)) <= PAGE


def test_of_drawings_that_do_not_fit_the_narrowest_is_taken() -> None:
    made = chain(10, "TB", boxes=18)
    assert PAGE < width(fitted(made)) < width(made)


def test_without_an_engine_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> bytes:
        raise PodfsmError("no Graphviz found")

    monkeypatch.setattr("podfsm.draw.fit.render", fail)
    made = chain(7)
    assert fitted(made) is made


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_picture_of_a_pod_fits(repository: Path, tmp_path: Path, language: str) -> None:
    manifest = repository / "tests" / "data" / "manifests" / "daemonset.yaml"
    out = tmp_path / "pod.svg"
    assert run(DrawRequest(manifest=str(manifest), out=out, lang=language)) == 0  # type: ignore[arg-type]
    points = float(out.read_text(encoding="utf-8").split('viewBox="')[1].split()[2])
    assert points <= PAGE
