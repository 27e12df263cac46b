import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import podfsm
from podfsm.cli.output import Console
from podfsm.errors import PodfsmError
from podfsm.requests import Status, VerifyRequest
from podfsm.verify import run

LAMPS = Path(__file__).parent / "tables"


@dataclass(frozen=True)
class Answer:
    status: Status
    out: str
    err: str

    @property
    def pods(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.out)["pods"]
        return found

    def verdicts(self, pod: int = 0) -> dict[tuple[str, str], tuple[str, str]]:
        """(verdict, expected) by (property, mode)."""
        return {(p["id"], p["mode"]): (p["verdict"], p["expected"]) for p in self.pods[pod]["properties"]}

    def texts(self, pod: int = 0) -> list[str]:
        return [finding["text"] for finding in self.pods[pod]["findings"]]


@pytest.fixture(scope="session")
def schema() -> dict[str, Any]:
    path = Path(podfsm.__file__).parent / "schemas" / "verify.schema.json"
    found: dict[str, Any] = json.loads(path.read_text())
    jsonschema.Draft202012Validator.check_schema(found)
    return found


@pytest.fixture
def verify(tmp_path: Path, schema: dict[str, Any]) -> Callable[..., Answer]:
    """Verify manifests given as text, with the tables of lamps unless others are named; JSON is always checked."""

    def ask(*manifests: str, **more: Any) -> Answer:
        names = []
        for number, manifest in enumerate(manifests):
            path = tmp_path / f"{number}.yaml"
            path.write_text(manifest)
            names.append(str(path))
        console = Console(io.StringIO(), io.StringIO())
        more = {"tables": LAMPS, "output": "json", "manifests": tuple(names), **more}
        status = Status(run(VerifyRequest(console=console, **more)))
        answer = Answer(status, console.out.getvalue(), console.err.getvalue())  # type: ignore[attr-defined]
        if more["output"] == "json" and more.get("out") is None:
            jsonschema.validate(json.loads(answer.out), schema)
        return answer

    return ask


@pytest.fixture
def refused(verify: Callable[..., Answer]) -> Callable[..., list[str]]:
    """Return the messages of manifests or options that cannot be used."""

    def ask(*manifests: str, **more: Any) -> list[str]:
        with pytest.raises(PodfsmError) as caught:
            verify(*manifests, **more)
        return caught.value.messages

    return ask
