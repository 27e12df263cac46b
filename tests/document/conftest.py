"""The shipped tables and their pages, with a report that is made up."""

from collections.abc import Mapping

import pytest

from document.samples import report_of
from podfsm.document import LANGUAGES, files
from podfsm.language import tables
from podfsm.language.model import Model


@pytest.fixture(scope="session")
def model() -> Model:
    return tables.shipped()


@pytest.fixture(scope="session")
def pages(model: Model) -> Mapping[str, str]:
    """All pages by path."""
    return files(model, report_of(model))


@pytest.fixture(scope="session")
def by_language(pages: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
    """Pages by path below the folder of their language."""
    found: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
    for path, text in pages.items():
        _, _, language, rest = path.split("/", 3)
        found[language][rest] = text
    return found
