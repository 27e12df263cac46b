import io
import sys
from pathlib import Path

import pytest

from podfsm.errors import PodfsmError
from podfsm.files import Difference, differences, read_input, write_atomically


def test_input_from_a_file_and_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"file")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"piped")))
    assert read_input(str(tmp_path / "a")) == b"file"
    assert read_input("-") == b"piped"


def test_input_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(PodfsmError, match=r"nowhere: cannot be read: No such file"):
        read_input(str(tmp_path / "nowhere"))


def test_input_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert read_input(str(tmp_path / "a"), limit=5) == b"12345"
    with pytest.raises(PodfsmError, match="larger than 4 bytes"):
        read_input(str(tmp_path / "a"), limit=4)


def test_writing_makes_directories_and_leaves_nothing_else(tmp_path: Path) -> None:
    write_atomically(tmp_path / "b" / "c", "한글\n")
    write_atomically(tmp_path / "b" / "c", b"again")
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["c"]
    assert (tmp_path / "b" / "c").read_bytes() == b"again"


def test_writing_keeps_permissions(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    write_atomically(tmp_path / "new", "x")
    assert (tmp_path / "new").stat().st_mode == plain.stat().st_mode
    plain.chmod(0o750)
    write_atomically(plain, "x")
    assert plain.stat().st_mode & 0o777 == 0o750


def test_a_failed_write_leaves_the_former_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    (tmp_path / "a").write_text("former")
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(PodfsmError, match="a: cannot be written: No space left"):
        write_atomically(tmp_path / "a", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "former"


def test_differences_of_a_tree(tmp_path: Path) -> None:
    for name, content in {"g/same": "1", "g/differs": "old", "g/x/stray": "", "g/p.svg": "", "mine": ""}.items():
        write_atomically(tmp_path / name, content)
    expected: dict[str, bytes | str] = {"g/same": b"1", "g/differs": "new", "g/absent": "2", "other/absent": ""}
    assert differences(tmp_path, expected, owned=["g", "nowhere"], ignore=[".svg"]) == [
        Difference("g/absent", "missing"),
        Difference("g/differs", "differs"),
        Difference("g/x/stray", "unexpected"),
        Difference("other/absent", "missing"),
    ]
    assert differences(tmp_path, {"g/same": "1"}, owned=[]) == []
    assert str(Difference("a", "missing")) == "a: missing"
