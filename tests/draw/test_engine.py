import os
import re
import shutil
import stat
from pathlib import Path
from xml.etree import ElementTree

import pytest

from draw.samples import SAMPLES, door_in_korean, traffic_light
from podfsm.draw import Diagram, Engine, engine, find_engine, render, to_dot
from podfsm.draw.svg import FONTS
from podfsm.errors import PodfsmError

ENGLISH = to_dot(traffic_light())
KOREAN = to_dot(door_in_korean())


@pytest.fixture
def no_system_dot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize("diagram", SAMPLES, ids=lambda diagram: diagram.id)
def test_the_same_dot_gives_the_same_bytes(diagram: Diagram) -> None:
    source = to_dot(diagram)
    assert render(source) == render(source)


def test_an_svg_stands_alone_and_names_itself() -> None:
    svg = render(KOREAN).decode()
    assert svg.startswith("<svg ")
    assert 'role="img"' in svg
    assert 'aria-label="문의 상태"' in svg
    assert 'xml:lang="ko"' in svg
    assert "viewBox=" in svg
    assert "max-width:100%" in svg
    assert set(re.findall(r"https?://[^\"' ]+", svg)) == {"http://www.w3.org/2000/svg"}
    assert not re.search("<!DOCTYPE|<a[ >]|xlink|href|<image|<script", svg)


def test_every_font_of_an_svg_is_in_a_list_with_hangul() -> None:
    svg = render(KOREAN).decode()
    assert re.findall(r'font-family="([^"]*)"', svg) == [FONTS]
    assert "Malgun Gothic" in FONTS
    assert "Noto Sans KR" in FONTS


def test_formats() -> None:
    assert render(ENGLISH, "png").startswith(b"\x89PNG")
    assert render(ENGLISH, "dot") == ENGLISH.encode()
    with pytest.raises(PodfsmError, match="gif: no such picture format; one of svg, png, pdf, dot"):
        render(ENGLISH, "gif")


def test_the_bundled_engine_needs_no_path(no_system_dot: None) -> None:
    found = find_engine()
    assert found.bundled
    assert render(ENGLISH)


def test_korean_png_says_what_it_needs(no_system_dot: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_has_korean_font", lambda: True)  # of no use to an engine with a font of its own
    with pytest.raises(PodfsmError, match=r"no font for the Korean text.*draw svg.*Noto Sans CJK"):
        render(KOREAN, "png")


def test_korean_png_needs_a_font_even_with_a_system_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dot = program(tmp_path / "dot", "printf picture")
    monkeypatch.setattr(engine, "_has_korean_font", lambda: False)
    with pytest.raises(PodfsmError, match="Korean font"):
        render(KOREAN, "png", dot)
    monkeypatch.setattr(engine, "_has_korean_font", lambda: True)
    assert render(KOREAN, "png", dot) == b"picture"


def test_pdf_says_what_it_needs(no_system_dot: None) -> None:
    with pytest.raises(PodfsmError, match="cannot write PDF; draw svg instead, or install Graphviz"):
        render(ENGLISH, "pdf")


def test_pdf_is_left_to_a_system_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "dot", 'printf "%s" "$*"')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert render(ENGLISH, "pdf") == b"-Kdot -Tpdf"


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs a Graphviz of the system")
@pytest.mark.parametrize("diagram", SAMPLES, ids=lambda diagram: diagram.id)
def test_another_graphviz_draws_the_same_parts(diagram: Diagram) -> None:
    def parts(svg: bytes) -> list[str]:
        return sorted(
            title.text or "" for title in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}title")
        )

    source = to_dot(diagram)
    assert parts(render(source, "svg", "dot")) == parts(render(source))


def test_a_given_bundled_engine_is_not_exchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = tmp_path / "dot"
    link.symlink_to(find_engine().path)
    assert Engine(link).bundled
    with pytest.raises(PodfsmError, match="cannot write PDF"):
        render(ENGLISH, "pdf", link)


def test_no_engine_at_all(no_system_dot: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_BUNDLED", "no-such-distribution")
    with pytest.raises(PodfsmError, match=r"no Graphviz found.*pip install graphviz-pure"):
        find_engine()


def test_a_wrong_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PodfsmError, match="no program that can be run"):
        find_engine(tmp_path / "dot")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'Error: syntax error in line 1' >&2; exit 1", "cannot draw svg: Error: syntax error in line 1"),
        ("exit 3", "cannot draw svg: no reason given"),
        ("exit 0", "drew nothing as svg"),
        ("echo no picture", "no SVG of a graph"),
    ],
)
def test_a_failing_engine_is_named(tmp_path: Path, script: str, message: str) -> None:
    dot = program(tmp_path / "broken", f"cat > /dev/null; {script}")
    with pytest.raises(PodfsmError, match=message):
        render(ENGLISH, "svg", dot)


def test_an_engine_that_never_ends_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_TIMEOUT", 0.2)
    dot = program(tmp_path / "slow", "exec sleep 30")
    with pytest.raises(PodfsmError, match="without end"):
        render(ENGLISH, "svg", dot)
