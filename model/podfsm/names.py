"""Names that people mistype, and texts in their language."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from podfsm.language.model import Model


def translated(model: Model, lang: str, english: str, *keys: str) -> str:
    """Return the text under the first key that has one in the language, else the English one."""
    texts = model.texts.get(lang, {})
    return next((texts[key] for key in keys if texts.get(key)), english)


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known names are like an unknown one: ``did you mean a, b?``, or how many there are to choose from."""
    names = list(known)
    lower = {one.lower(): one for one in reversed(names)}
    close = [lower[one] for one in difflib.get_close_matches(name.lower(), lower, n=3, cutoff=0.5)]
    inside = [one for one in names if name and name.lower() in one.lower() and one not in close][:3]
    if close or inside:
        return f"did you mean {', '.join((close + inside)[:4])}?"
    return f"there are {len(names)}, such as {', '.join(names[:3])}" if names else "there are none"
