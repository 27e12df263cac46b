"""The pods of a watch stream: each version is judged after the one before it.

One fault is one violation. A version that breaks a rule is taken as the pod's new state; what is then only still wrong
is not told again, and a version that follows from the last one that was right is taken as its repair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from podfsm.observe.watch import Broken, Judgement, Version, Watch, noted


@dataclass
class Pod:
    """What is kept of one pod, by uid: its last version, the last one before a fault, and what is still wrong."""

    last: Version
    right: Version | None = None
    standing: frozenset[tuple[str, str, str]] = frozenset()


@dataclass(frozen=True)
class Seen:
    """What one version shows: at most one violation, and the defects of Kubernetes that explain it."""

    violation: Broken | None
    defects: tuple[Broken, ...]
    version: Version


@dataclass
class Tracker:
    """Judges versions of many pods in the order in which they come.

    A pod that is gone is remembered until `forgotten` others have gone, so that memory grows with the pods that live.
    """

    watch: Watch
    forgotten: int = 1000
    pods: dict[str, Pod] = field(default_factory=dict)
    gone: dict[str, None] = field(default_factory=dict)

    def see(self, pod: Mapping[str, Any], uid: str, gone: bool = False) -> Seen:
        """Judge the next version of a pod; `gone` if it is that of a DELETED event.

        Raises
        ------
        DocumentError
            if a field has the wrong type; the version is then left out.
        """
        known = self.pods.get(uid)
        document = noted(pod, first=known is None, gone=gone)
        judgement, right = (self.watch.judge(None, document), None) if known is None else self._next(known, document)
        standing = frozenset() if known is None else known.standing
        new = [one for one in judgement.broken if one.key not in standing]
        violation = next((one for one in new if one.row is None), None)
        if violation is not None and known is not None:
            right = known.right or known.last
        version = Version(document, judgement.guesses)
        self.pods[uid] = Pod(version, right, frozenset(one.key for one in judgement.broken))
        if gone:
            self._forget(uid)
        return Seen(violation, tuple(one for one in new if one.row is not None), version)

    def _next(self, known: Pod, document: Mapping[str, Any]) -> tuple[Judgement, Version | None]:
        """Judge a version of a known pod; with it, the last version that was right, as long as it may come back."""
        judgement = self.watch.judge(known.last, document)
        if known.right is None:
            return judgement, None
        repaired = self.watch.judge(known.right, document)
        if not repaired.violations:
            return repaired, None
        settled = not judgement.violations and document.get("status") != known.last.document.get("status")
        return judgement, None if settled else known.right

    def _forget(self, uid: str) -> None:
        self.gone[uid] = None
        if len(self.gone) > self.forgotten:
            oldest = next(iter(self.gone))
            del self.gone[oldest]
            self.pods.pop(oldest, None)
