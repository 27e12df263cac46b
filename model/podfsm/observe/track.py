"""The pods of a watch stream: each version is judged after the one before it.

One fault is one violation. A version that breaks a rule is taken as the pod's new state; what is then only still wrong
is not told again, and a version that follows from the last one that was right is taken as its repair.

Versions of many pods look alike to the rules (see `likeness`), and are judged once.
"""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from podfsm.observe.kinds import Kinds
from podfsm.observe.likeness import Likeness, NotComparableError, Numbers
from podfsm.observe.nearest import Legal, Nearest
from podfsm.observe.shape import given
from podfsm.observe.stream import Typed, typed
from podfsm.observe.watch import Broken, Finding, Guessed, Version, Watch, noted

#: How many worlds the interpreter may make before they are looked through for cycles: this takes as long for few as for
#: many. One that is judged is much larger than one that only tells a fault.
COLLECT, JUDGED = 1000, 5

#: Entries of the memory of findings; a full one starts again empty.
MOST_FINDINGS = 500_000

Standing = frozenset[tuple[str, str, str]]
_NOTHING: Standing = frozenset()
_NO_LEGAL = Legal("", {})


class Kept(msgspec.Struct, gc=False):
    """What is kept of one version.

    `source` is the Pod object, or the line in which it came; `look` is the number of the version's look, and `trace`
    what the next version is compared with (both None where only the interpreter can judge).
    """

    source: bytes | Mapping[str, Any]
    first: bool
    gone: bool
    look: int | None
    trace: Any
    guesses: frozenset[Guessed]

    @property
    def document(self) -> Mapping[str, Any]:
        """The version as the tables read it."""
        return noted(pod_in(self.source), self.first, self.gone)

    @property
    def version(self) -> Version:
        """The version and its guesses."""
        return Version(self.document, self.guesses)


def pod_in(source: bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the Pod object of a watch event or a line; objects are themselves.

    Raises
    ------
    msgspec.DecodeError
        if the line is no JSON.
    """
    if not isinstance(source, bytes):
        return source
    value: Mapping[str, Any] = msgspec.json.decode(source)
    found: Mapping[str, Any] = value["object"] if "object" in value and "kind" not in value else value
    return found


class Pod(msgspec.Struct, gc=False):
    """What is kept of one pod, by uid: its last version, the last one before a fault, and what is still wrong."""

    last: Kept
    right: Kept | None = None
    standing: Standing = _NOTHING


@dataclass(frozen=True)
class Seen:
    """What one version shows: at most one violation, with what is legal, and defects of Kubernetes that explain it."""

    violation: Broken | None
    defects: tuple[Broken, ...]
    legal: Legal


class Tracker:
    """Judges versions of many pods in the order in which they come.

    A pod that is gone is remembered until `forgotten` others have gone, so that memory grows with the pods that live.

    Parameters
    ----------
    watch
        The rules.
    forgotten
        How many pods that are gone are remembered.
    by_look
        Judge versions that look alike once. Otherwise each is judged by itself, which takes longer.
    """

    def __init__(self, watch: Watch, forgotten: int = 1000, by_look: bool = True) -> None:
        self.watch, self.forgotten = watch, forgotten
        self.kinds = Kinds(watch.model)
        self.pods: dict[str, Pod] = {}
        self.gone: OrderedDict[str, None] = OrderedDict()
        self.likeness: Likeness | None = None
        if by_look:
            with suppress(NotComparableError):
                self.likeness = Likeness(watch)
        self._looks = Numbers()
        self._findings: dict[Any, Finding] = {}
        self._nearest = Nearest(watch)
        #: How many versions were judged by the interpreter.
        self.judged = 0
        self._worlds = 0
        self._decode: Callable[[bytes], Any] | None = None
        #: Decodes lines of which `follow` takes the pods.
        self.typed: Typed | None = None
        if self.likeness is not None:
            self._decode = msgspec.json.Decoder(self.likeness.type, dec_hook=given).decode
            self.typed = typed(self.likeness.type, given, self.kinds.pod)

    def see(self, pod: Mapping[str, Any], uid: str, gone: bool = False) -> Seen | None:
        """Judge the next version of a pod; `gone` if it is that of a DELETED event. None if nothing is to be told.

        Raises
        ------
        DocumentError
            if a field has the wrong type; the version is then left out.
        """
        if self._decode is not None:
            try:
                source = msgspec.json.encode(pod)
                return self.follow(self._decode(source), source, uid, gone)
            except (TypeError, ValueError, msgspec.MsgspecError):
                # The interpreter looks at less, or says better what is wrong.
                pass
        return self.follow(None, pod, uid, gone)

    def follow(self, pod: Any, source: bytes | Mapping[str, Any], uid: str, gone: bool) -> Seen | None:
        """Judge the next version of a pod that is decoded into the type of the likeness; None if it is not.

        Raises
        ------
        DocumentError
            if a field has the wrong type; the version is then left out.
        msgspec.DecodeError
            if a part that is not yet decoded has the wrong type, or is no JSON; the version is then left out.
        """
        known = self.pods.get(uid)
        before = None if known is None else known.last
        now, key = self._look(pod, source, known is None, gone, before)
        finding = self._findings.get(key)
        if finding is None:
            finding = self._find(key, before, now)
        now.guesses = finding.guesses
        seen = None
        if finding.faults or (known is not None and known.right is not None):
            seen = self._tell(known, now, finding, uid, pod, key)
        elif known is None:
            self.pods[uid] = Pod(now)
        else:
            known.last = now
            known.standing = _NOTHING
        if gone:
            self._forget(uid)
        return seen

    def _look(
        self, pod: Any, source: bytes | Mapping[str, Any], first: bool, gone: bool, before: Kept | None
    ) -> tuple[Kept, Any]:
        """Look at a version; with it, what the finding follows from, None if only the interpreter can tell."""
        none = self.watch.any_guess
        if pod is None or self.likeness is None:
            return Kept(source, first, gone, None, None, none), None
        seen, across, trace = self.likeness.follow(pod, first, gone, None if before is None else before.trace)
        look = self._looks.number(seen)
        key: Any = look
        if before is not None:
            key = None if before.look is None else (before.look, look, across, before.guesses)
        return Kept(source, first, gone, look, trace, none), key

    def _find(self, key: Any, before: Kept | None, now: Kept) -> Finding:
        """Find the faults of a version, and remember them by what they follow from."""
        found = None if key is None else self._findings.get(key)
        if found is None:
            found = self._judge(before, now)
            if len(self._findings) >= MOST_FINDINGS:
                self._findings.clear()
            if key is not None:
                self._findings[key] = found
        return found

    def _judge(self, before: Kept | None, now: Kept) -> Finding:
        self.judged += 1
        self._tidy(JUDGED)
        return self.watch.find(None if before is None else before.version, now.document)

    def _tidy(self, worlds: int) -> None:
        """Find cycles of objects: only the interpreter makes them."""
        self._worlds += worlds
        if self._worlds >= COLLECT:
            self._worlds = 0
            gc.collect(0)

    def _tell(self, known: Pod | None, now: Kept, finding: Finding, uid: str, pod: Any, key: Any) -> Seen | None:
        """Tell what is newly wrong with a version, and keep it."""
        before, right, standing = None, None, _NOTHING
        if known is not None:
            before, right, standing = known.last, known.right, known.standing
        if right is not None:
            again, again_key = self._look(pod, now.source, False, now.gone, right)
            repaired = self._find(again_key, right, again)
            if repaired.is_right:
                finding, before, right = repaired, right, None
            elif finding.is_right and pod_in(now.source).get("status") != pod_in(known.last.source).get("status"):  # type: ignore[union-attr]
                right = None
        now.guesses = finding.guesses
        if not finding.faults:
            self.pods[uid] = Pod(now, right)
            return None
        self._tidy(1)
        document = now.document
        broken = self.watch.tell(finding.faults, document)
        new = [one for one in broken if one.key not in standing]
        violation = next((one for one in new if one.row is None), None)
        if violation is not None and known is not None:
            right = known.right or known.last
        self.pods[uid] = Pod(now, right, frozenset(one.key for one in broken))
        if not new:
            return None
        defects = tuple(one for one in new if one.row is not None)
        if violation is None:
            return Seen(None, defects, _NO_LEGAL)
        earlier = None if before is None else before.version
        return Seen(violation, defects, self._nearest.of(violation.fault, document, earlier, key))

    def _forget(self, uid: str) -> None:
        self.gone[uid] = None
        if len(self.gone) > self.forgotten:
            oldest, _ = self.gone.popitem(last=False)
            self.pods.pop(oldest, None)
