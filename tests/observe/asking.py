"""The shipped tables with further conditions, so that tests can ask them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from podfsm.language.load import load
from podfsm.language.model import Model
from podfsm.language.tables import DIRECTORY


def asking(conditions: Mapping[str, tuple[str, str]]) -> Model:
    """Load the shipped tables with a rule for each condition: name to (collection, condition)."""
    rules = {
        name: {"per": per, "step": "true", "holds": condition, "why": "asked", "cite": "none"}
        for name, (per, condition) in conditions.items()
    }
    with TemporaryDirectory() as directory:
        tables = Path(directory) / "tables"
        shutil.copytree(DIRECTORY, tables)
        (tables / "asked.yaml").write_text(yaml.safe_dump({"watch": rules}))
        settings = tables / "configurations" / "settings.yaml"
        settings.write_text(settings.read_text().replace("languages: [en, ko]", "languages: [en]"))
        return load(tables)
