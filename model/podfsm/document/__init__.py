"""The reference: Markdown in English and Korean, from the tables and from what was proved of them.

Templates and code know the table language; every word about pods comes from the tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from podfsm.document.book import DIRECTORY
from podfsm.document.pages import LANGUAGES, pages

if TYPE_CHECKING:
    from podfsm.explore.report import Report
    from podfsm.language.model import Model

__all__ = ["LANGUAGES", "files"]


def files(model: Model, report: Report) -> dict[str, str]:
    """Write the reference.

    Parameters
    ----------
    model
        The tables.
    report
        What was explored and proved of the same tables.

    Returns
    -------
    dict
        Markdown by path, relative to the directory that holds ``generated`` and ``diagrams``.

    Raises
    ------
    PodfsmError
        if an entry that only documents read (a term, a lifetime, a seed) names what the tables do not have.
    """
    return {
        f"{DIRECTORY}/{language}/{path}": text
        for language in LANGUAGES
        for path, text in pages(model, report, language).items()
    }
