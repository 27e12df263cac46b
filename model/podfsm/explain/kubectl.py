"""Pods from a cluster, through kubectl."""

from __future__ import annotations

import subprocess

from podfsm.errors import PodfsmError


def get_pods(names: tuple[str, ...], namespace: str | None) -> bytes:
    """Return what ``kubectl get pod NAMES -o json`` prints.

    Raises
    ------
    PodfsmError
        If there is no kubectl, or it fails; with what it says.
    """
    command = ["kubectl", "get", "pod", "-o", "json"]
    if namespace is not None:
        command += ["--namespace", namespace]
    try:
        done = subprocess.run([*command, "--", *names], capture_output=True, check=False)
    except FileNotFoundError:
        raise PodfsmError(
            "kubectl is not installed, or not on the PATH; install it, or give the pod with -f FILE"
        ) from None
    except OSError as error:
        raise PodfsmError(f"kubectl cannot be run: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip() or f"it ended with status {done.returncode}"
        raise PodfsmError([f"kubectl: {line}" for line in said.splitlines()])
    return done.stdout
