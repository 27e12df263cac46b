"""The command `podfsm conform`: whether a watch stream obeys the lifecycle, and if not, which rule breaks, where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from podfsm import collector
from podfsm.errors import PodfsmError
from podfsm.files import opened
from podfsm.language.tables import loaded, shipped
from podfsm.language.world import DocumentError
from podfsm.observe.nearest import Legal
from podfsm.observe.records import Writer, writer_for
from podfsm.observe.stream import Document, Item, Sight, Unreadable, pods, read, whole
from podfsm.observe.track import Seen, Tracker
from podfsm.observe.watch import Broken, Watch
from podfsm.requests import ConformRequest, Status

Record = dict[str, Any]


@dataclass(frozen=True)
class _Place:
    """Where a record comes from: the number of the document, the item of a list, the line (0: not known)."""

    event: int
    item: int | None
    line: int

    def record(self) -> Record:
        return {"event": self.event, **({} if self.item is None else {"item": self.item}), "line": self.line}


@dataclass
class Conformance:
    """Turns documents of a stream into records, and counts them.

    Parameters
    ----------
    tracker
        The pods of the stream.
    """

    tracker: Tracker
    events: int = 0
    violations: int = 0
    defects: int = 0
    unreadable: int = 0
    #: Pods of which at least one version was judged.
    pods: int = 0

    def records(self, documents: Iterator[Sight | Document | Unreadable]) -> Iterator[Record]:
        """Yield a record per violation, known defect and unreadable document, as they are found."""
        for document in documents:
            self.events = document.number + 1
            if isinstance(document, Sight):
                seen = self._sight(document)
                if seen is not None:
                    yield from seen
            elif isinstance(document, Unreadable):
                yield self._error(document, document.what)
            else:
                yield from self._document(document)

    def _sight(self, sight: Sight) -> Iterable[Record] | None:
        tracker, pod = self.tracker, sight.pod
        metadata = pod.j_metadata
        key = metadata.j_uid or _key(metadata)
        is_known = key in tracker.pods
        try:
            seen = tracker.follow(pod, sight.text, key, sight.gone)
        except (ValueError, PodfsmError):
            # What is wrong with it is said where everything is decoded.
            document = whole(sight.number, sight.line, sight.text)
            if isinstance(document, Unreadable):
                return (self._error(document, document.what),)
            return self._document(document)
        self.pods += not is_known
        if seen is None:
            return None
        names = metadata.j_namespace or "", metadata.j_name or "", metadata.j_uid or ""
        return self._told(seen, _Place(sight.number, None, sight.line), names)

    def _document(self, document: Document) -> Iterator[Record]:
        try:
            for item in pods(document, self.tracker.kinds):
                try:
                    yield from self._pod(document, item)
                except DocumentError as error:
                    yield self._error(document, "; ".join(error.messages), item)
        except PodfsmError as error:
            yield self._error(document, "; ".join(error.messages))

    def summary(self) -> Record:
        """Return the record at the end."""
        return {
            "record": "summary",
            "events": self.events,
            "pods": self.pods,
            "violations": self.violations,
            "defects": self.defects,
            **({"unreadable": self.unreadable} if self.unreadable else {}),
        }

    @property
    def status(self) -> Status:
        """The exit status: unreadable input before violations."""
        if self.unreadable:
            return Status.UNUSABLE
        return Status.DIFFERS if self.violations else Status.FINE

    def _pod(self, document: Document, item: Item) -> Iterable[Record]:
        pod = item.value
        if not isinstance(pod, Mapping):
            raise DocumentError(f"{self.tracker.kinds.items}[{item.number}]", "expected an object")
        metadata = pod.get("metadata")
        if not isinstance(metadata, Mapping):
            raise DocumentError("metadata", "expected an object")
        namespace, name, uid = (metadata.get(key) or "" for key in ("namespace", "name", "uid"))
        if not (isinstance(namespace, str) and isinstance(name, str) and isinstance(uid, str)):
            raise DocumentError("metadata", "namespace, name and uid are strings")
        key = uid or f"{namespace}/{name}"
        is_known = key in self.tracker.pods
        seen = self.tracker.see(pod, key, item.gone)
        self.pods += not is_known
        place = _Place(document.number, item.number, item.line)
        return () if seen is None else self._told(seen, place, (namespace, name, uid))

    def _told(self, seen: Seen, place: _Place, names: tuple[str, str, str]) -> Iterator[Record]:
        namespace, name, uid = names
        head = {**place.record(), "pod": f"{namespace}/{name}", "uid": uid}
        for broken in seen.defects:
            self.defects += 1
            assert broken.row is not None
            yield {
                "record": "defect",
                **head,
                "defect": broken.row.defect,
                "rule": broken.rule.id,
                "row": broken.row.id,
                "why": broken.row.why,
            }
        if seen.violation is not None:
            self.violations += 1
            yield {"record": "violation", **head, **self._violation(seen.violation, seen.legal)}

    def _violation(self, broken: Broken, legal: Legal) -> Record:
        rule = broken.rule
        return {
            "rule": rule.id,
            "fields": [path for path, _ in broken.fields],
            "seen": dict(broken.fields),
            "expected": legal.expected or rule.why,
            "nearest": dict(legal.values),
            "why": rule.why,
            "cite": rule.cite,
        }

    def _error(self, document: Document | Unreadable, what: str, item: Item | None = None) -> Record:
        self.unreadable += 1
        place = _Place(document.number, item.number if item else None, item.line if item else document.line)
        return {"record": "error", **place.record(), "what": what}


def _key(metadata: Any) -> str:
    """Return what tells a pod without uid from others."""
    return f"{metadata.j_namespace or ''}/{metadata.j_name or ''}"


def run(request: ConformRequest) -> Status:
    """Judge the versions of a stream, print what is wrong at once, and return the exit status."""
    model = shipped() if request.tables is None else loaded(str(request.tables))
    cluster = request.cluster
    watch = Watch(model, cluster.gates, cluster.kubernetes or "", cluster.defects, request.writer == "any")
    conformance = Conformance(Tracker(watch))
    # The tracker looks for cycles itself: what is kept of pods has none.
    with opened(request.file) as stream, writer_for(request, model) as writer, collector.never():
        _judge(conformance, stream, request, writer)
    return conformance.status


def _judge(conformance: Conformance, stream: BinaryIO, request: ConformRequest, writer: Writer) -> None:
    name = "standard input" if request.file == "-" else request.file
    try:
        for record in conformance.records(read(stream, name, request.max_document, conformance.tracker.typed)):  # type: ignore[arg-type]
            writer.record(record)
    except KeyboardInterrupt:
        # A watch has no end of its own: this is how it is ended.
        pass
    writer.record(conformance.summary())
