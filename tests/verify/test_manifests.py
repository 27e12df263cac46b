"""Findings on real manifests, with the shipped tables."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from podfsm.language import tables
from podfsm.requests import Status

Verify = Callable[..., Any]

REFUTED_ONCE = ("invariant.14", "invariant.16", "invariant.16-static", "invariant.48", "defect.K13")
"""Statements that real manifests once refuted against expectation."""

# Beginnings of remarks.
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
    "restart-all-job.yaml": [
        "a failure of init container setup-env ends the pod",
        "init container setup-env can run again after it has succeeded: it should be idempotent",
        "container main-application may run more than once, although its policy is Never",
    ],
    "job-with-proxy.yaml": [
        "container cloud-sql-proxy can restart after backup is done",
        "container backup can restart after cloud-sql-proxy is done",
        "can end by itself with phase Succeeded",
    ],
    "job-liveness-never.yaml": [
        "a failed liveness or startup probe kills worker, and its policy Never does not start it again",
        "the liveness probe of worker does not wait for a startup probe: a slow start can be killed",
        "after 600 s on its node the pod is Failed (DeadlineExceeded), unless it has ended before",
    ],
    "own-never.yaml": [
        "K07: on a node reboot container migrate-once runs again although its policy Never keeps it stopped",
        "container web can restart after migrate-once is done",
        "container migrate-once may run more than once, although its policy is Never",
    ],
    "grace-zero.yaml": [
        "a delete removes this pod from the API at once, while its containers may still run: its grace period is 0",
    ],
    "static-etcd.yaml": [
        "the liveness probe of etcd waits for its startup probe (except K09, K11: after a probe kill in the same sync",
    ],
}

# Remarks that would be wrong for the manifest, or say nothing about it.
NOT_FOUND = {
    "restart-all-job.yaml": ["a failure of init container setup-env keeps the pod Pending"],
    "job-liveness-never.yaml": ["container worker may run more than once", "container worker can restart after"],
    "own-never.yaml": ["container migrate-once can restart after"],
    "readiness-example.yaml": ["container example-container can restart after", "a delete removes this pod"],
    "static-etcd.yaml": ["not moved", "not restarted elsewhere", "Succeeded only after", "K13"],
}


@pytest.mark.parametrize("name", FOUND)
def test_findings(verify: Verify, repository: Path, name: str) -> None:
    manifest = (repository / "tests" / "data" / "manifests" / name).read_text()
    answer = verify(manifest, tables=None, properties=REFUTED_ONCE)
    texts = answer.texts()
    assert not [start for start in FOUND[name] if not any(text.startswith(start) for text in texts)]
    assert not [start for start in NOT_FOUND.get(name, ()) if any(text.startswith(start) for text in texts)]
    assert answer.status is Status.FINE


def test_a_failed_readiness_probe_takes_a_pod_out_of_its_services(verify: Verify, repository: Path) -> None:
    manifest = (repository / "tests" / "data" / "manifests" / "static-etcd.yaml").read_text()
    remark = "a failure of the readiness probe of etcd takes the pod out of its services, and restarts nothing"
    assert remark in verify(manifest, tables=None, properties=REFUTED_ONCE).texts()


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


@pytest.mark.parametrize("name", ["finding.gone-with-node", "finding.not-replaced"])
def test_what_the_loss_of_a_node_means_needs_no_exploration(name: str) -> None:
    """So it is known of pods, too, of which the loss of the node was left out."""
    finding = tables.shipped().findings[name]
    assert (finding.features, finding.conditions) == ((), ())
