"""Findings on real manifests, with the shipped tables."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from podfsm.requests import Status

Verify = Callable[..., Any]

FOUND = {
    "init-chain.yaml": [
        "a failure of init container db-wait ends the pod",
        "can end by itself with phase Succeeded",
        "can end by itself with phase Failed",
        "can become Ready",
    ],
    "restart-all-containers.yaml": [
        "exit code 88 of watcher restarts all containers of the pod in place, init containers included",
        "container rank may run more than once, although its policy is Never",
        "K01: on a node reboot this pod can stay Running for ever, with nothing running",
        "sidecar watcher keeps the pod Running until it has stopped, although the main containers have ended",
    ],
    "port-clash.yaml": [
        "containers a and b both claim port 8080 (TCP)",
        "Succeeded only after a delete or an eviction: left alone, this pod never succeeds",
    ],
    "readiness-example.yaml": [
        "not restarted elsewhere: with its node the pod is gone, and nothing replaces it, since it has no controller",
    ],
}


@pytest.mark.parametrize("name", FOUND)
def test_findings(verify: Verify, repository: Path, name: str) -> None:
    manifest = (repository / "tests" / "data" / "manifests" / name).read_text()
    answer = verify(manifest, tables=None, properties=("invariant.16",))
    assert not set(FOUND[name]) - set(answer.texts())
    assert answer.verdicts()["invariant.16", "as-is"][0] == "PROVED"
    assert answer.status is Status.FINE


def test_containers_are_shown_with_role_policy_and_probes(verify: Verify, repository: Path) -> None:
    manifest = (repository / "tests" / "data" / "manifests" / "sidecar-mesh.yaml").read_text()
    (pod,) = verify(manifest, tables=None, properties=("invariant.16",), limit=1).pods
    roles = {one["name"]: one["role"] for one in pod["configuration"]["containers"]}
    assert set(roles.values()) == {"init", "sidecar", "regular"}
    assert all(one["policy"] for one in pod["configuration"]["containers"])


@pytest.mark.parametrize("count", [12, 30])
def test_many_containers_are_given_up_quickly(verify: Verify, count: int) -> None:
    containers = ", ".join(f"{{name: c{i}, image: busybox}}" for i in range(count))
    manifest = f"{{apiVersion: v1, kind: Pod, metadata: {{name: many}}, spec: {{containers: [{containers}]}}}}"
    answer = verify(manifest, tables=None)
    assert answer.status is Status.UNDETERMINED
    assert answer.pods[0]["states"] == 0
