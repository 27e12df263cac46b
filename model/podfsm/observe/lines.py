"""Lines of a stream that may be endless, in batches: as many as have arrived, so that each is answered at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

#: Most bytes read at a time.
BATCH = 256 * 1024

Line = bytes | None
"""A line without its end; None if it is longer than allowed."""


class Readable(Protocol):
    """A buffered binary stream."""

    def read1(self, size: int, /) -> bytes:
        """Read what is there, or wait for something; nothing at the end."""


def batches(stream: Readable, limit: int) -> Iterator[list[Line]]:
    """Yield the lines of a stream as they arrive; never more than `limit` bytes of one line are kept.

    The last line may lack its end. Nothing but a line end separates lines.
    """
    pieces: list[bytes] = []
    size = 0
    while data := stream.read1(BATCH):
        first, *others = data.split(b"\n")
        size += len(first)
        if size <= limit:
            pieces.append(first)
        else:
            pieces.clear()
        if not others:
            continue
        lines: list[Line] = [b"".join(pieces) if size <= limit else None]
        *whole, last = others
        lines += [line if len(line) <= limit else None for line in whole]
        yield lines
        size = len(last)
        pieces = [last] if size <= limit else []
    if size:
        yield [b"".join(pieces) if size <= limit else None]
