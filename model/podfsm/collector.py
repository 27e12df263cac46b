"""The garbage collector, told to look less often, or not at all.

Loading and exploring make millions of objects that stay, and next to no cycles. By default Python looks through them
again and again, which takes as long as the work itself.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

THRESHOLDS: Final = (200_000, 50, 100)
"""Objects made before the youngest are looked at, and how many looks at one generation before one at the next."""


@contextmanager
def seldom() -> Iterator[None]:
    """Collect garbage seldom inside the block."""
    before = gc.get_threshold()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def never() -> Iterator[None]:
    """Collect no garbage inside the block, where it is made without cycles, or looked for by hand."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
