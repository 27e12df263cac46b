"""The table language: table files to a typed model, its checks, and its interpreter."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Info:
    """What the shipped tables describe: the default Kubernetes minor, and a digest of the table files."""

    kubernetes: str
    digest: str


def info() -> Info:
    """Describe the shipped tables without loading them.

    Raises
    ------
    TablesError
        If a table file cannot be read.
    """
    from podfsm.language import source, tables

    problems = source.Problems()
    file = tables.DIRECTORY / "schema" / "gates.yaml"
    cell = source.read_cells(file.read_bytes(), file.name, problems)
    problems.raise_if_any()
    kubernetes = cell.get("kubernetes") if cell is not None else None
    default = kubernetes.get("default") if kubernetes is not None else None
    return Info(default.text if default is not None else "", source.digest(tables.DIRECTORY))
