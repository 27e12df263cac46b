"""Files: read from anywhere, written whole or not at all, compared with what they ought to be."""

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Literal

from podfsm.errors import PodfsmError


def read_input(name: str, limit: int | None = None) -> bytes:
    """Return the bytes of the file `name`, or of standard input if it is ``-``.

    Parameters
    ----------
    name
        A path, or ``-``.
    limit
        Greatest size in bytes; larger input is refused before it is read whole.

    Raises
    ------
    PodfsmError
        If it cannot be read, or is larger than `limit`.
    """
    with opened(name) as stream:
        try:
            data = stream.read(-1 if limit is None else limit + 1)
        except OSError as error:
            raise _unreadable(name, error) from error
    if limit is not None and len(data) > limit:
        raise PodfsmError(f"{name}: larger than {limit} bytes; split it into smaller files")
    return data


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """Open the file `name`, or standard input if it is ``-``, for reading.

    Raises
    ------
    PodfsmError
        If it cannot be opened.
    """
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = Path(name).open("rb")  # noqa: SIM115  # what fails later is not the opening
    except OSError as error:
        raise _unreadable(name, error) from error
    with stream:
        yield stream


def _unreadable(name: str, error: OSError) -> PodfsmError:
    return PodfsmError(f"{name}: cannot be read: {error.strerror}")


@contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """Give a stream whose content becomes the file `path` when the block ends well.

    A reader sees the former file or the whole new one. A file that is there keeps its permissions.

    Raises
    ------
    PodfsmError
        If it cannot be written; the former file is then unchanged.
    """
    try:
        mode = _mode(path)
        # The temporary file lies in the same directory: a rename across file systems would not be atomic.
        with tempfile.NamedTemporaryFile(
            prefix=f".{path.name}.", suffix=".tmp", dir=path.parent, delete=False
        ) as stream:
            temporary = Path(stream.name)
            try:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
                temporary.chmod(mode)
                temporary.replace(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise PodfsmError(f"{path}: cannot be written: {error.strerror}") from error


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write `content` (text as UTF-8) to `path` so that a reader sees the former file or the whole new one.

    Missing directories above `path` are made. A file that is there keeps its permissions.

    Raises
    ------
    PodfsmError
        If it cannot be written; the former file is then unchanged.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PodfsmError(f"{path}: cannot be written: {error.strerror}") from error
    with written(path) as stream:
        stream.write(data)


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode & 0o777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


@dataclass(frozen=True, order=True, slots=True)
class Difference:
    """One path, relative to the compared tree, that is not as it ought to be."""

    path: str
    kind: Literal["differs", "missing", "unexpected"]

    def __str__(self) -> str:
        return f"{self.path}: {self.kind}"


def differences(
    root: Path, expected: Mapping[str, bytes | str], owned: Iterable[str] = (".",), ignore: Iterable[str] = ()
) -> list[Difference]:
    """Compare the files below `root` with what they ought to be.

    Parameters
    ----------
    root
        Directory that the paths are relative to.
    expected
        Content by path (with ``/``).
    owned
        Directories, relative to `root`, in which every other file is unexpected. Elsewhere only the expected paths
        are looked at.
    ignore
        Suffixes of files that are never unexpected, such as ``.svg``.

    Returns
    -------
    list of Difference
        Sorted by path; empty if all is as expected.
    """
    suffixes = tuple(ignore)
    others = (path for path in _files(root, owned) - expected.keys() if not path.endswith(suffixes))
    return sorted(
        [Difference(path, kind) for path, content in expected.items() if (kind := _compare(root / path, content))]
        + [Difference(path, "unexpected") for path in others]
    )


def _compare(path: Path, content: bytes | str) -> Literal["differs", "missing"] | None:
    if not path.is_file():
        return "missing"
    data = content.encode() if isinstance(content, str) else content
    return None if path.read_bytes() == data else "differs"


def _files(root: Path, directories: Iterable[str]) -> set[str]:
    return {
        path.relative_to(root).as_posix()
        for directory in directories
        for path in (root / directory).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
