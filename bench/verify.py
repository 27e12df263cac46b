"""Seconds of `podfsm verify` by manifest: one plain container, two init and two probed containers, and files given.

    python bench/verify.py [MANIFEST ...]

Seconds of the processor are those of the command and of its second process; unlike those of the clock they do not
tell of other work of the machine. Also printed: what was found, and what was left out.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PROBES = ", ".join(f"{kind}Probe: {{httpGet: {{port: 80}}}}" for kind in ("startup", "liveness", "readiness"))
POD = "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{{spec}}}}}"


def manifest(name: str, init: int, main: int, probes: str = "") -> str:
    """Write a pod with so many init containers, and so many regular ones with these probes."""
    containers = [f"{{name: c{number}, image: a{', ' if probes else ''}{probes}}}" for number in range(main)]
    first = [f"{{name: i{number}, image: a}}" for number in range(init)]
    spec = f"initContainers: [{', '.join(first)}], containers: [{', '.join(containers)}]"
    return POD.format(name=name, spec=spec)


def measure(path: Path) -> None:
    """Verify one file in a process of its own, and print a line."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = "import sys; from podfsm.cli import main; sys.exit(main())"
    found = subprocess.run(
        [sys.executable, "-c", command, "verify", "-f", str(path), "-o", "json"], stdout=subprocess.PIPE, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    sys.stdout.write(f"{path.stem}: {cpu:.1f} s of the processor, {time.perf_counter() - started:.1f} s of the clock\n")
    pods: list[dict[str, Any]] = json.loads(found.stdout)["pods"]
    for pod in pods:
        verdicts = [one["verdict"] for one in pod["properties"]]
        words = ", ".join(f"{verdicts.count(word)} {word}" for word in dict.fromkeys(sorted(verdicts)))
        left = ", ".join(pod["configuration"]["reduced"]) or "nothing"
        sys.stdout.write(f"  {pod['name']}: {pod['states']:,} states, {words}; left out: {left}\n")


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as directory:
        given = [Path(name) for name in sys.argv[1:]]
        for name, text in (
            ("one-plain", manifest("one", 0, 1)),
            ("two-init-two-probed", manifest("two", 2, 2, PROBES)),
            ("four-probed", manifest("four", 0, 4, PROBES)),
        ):
            path = Path(directory, f"{name}.yaml")
            path.write_text(text)
            given.append(path)
        for path in given:
            measure(path)


if __name__ == "__main__":
    main()
