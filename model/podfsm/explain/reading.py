"""Pods as kubectl prints them: one, a list of them, or several documents, in JSON or YAML."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from podfsm.errors import PodfsmError
from podfsm.files import read_input
from podfsm.language.evaluate import Program
from podfsm.language.world import DocumentError
from podfsm.observe.documents import MAX_BYTES, read_documents
from podfsm.observe.kinds import Kinds
from podfsm.observe.manifest import MAX_ENTRIES, MAX_LISTS, entries_of, misfits, write_defaults


@dataclass(frozen=True)
class SeenPod:
    """One pod of the input.

    Attributes
    ----------
    place
        Where it was read, for people.
    object
        The Pod object, its spec with all defaults.
    unknown
        Paths of fields that this version does not know.
    """

    place: str
    object: Mapping[str, Any]
    unknown: tuple[str, ...]

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Name, namespace, uid and more."""
        found: Mapping[str, Any] = self.object["metadata"]
        return found

    @property
    def name(self) -> str:
        """``namespace/name``."""
        return f"{self.metadata.get('namespace') or 'default'}/{self.metadata.get('name') or ''}"


def read_pods(name: str, program: Program) -> tuple[list[SeenPod], list[str]]:
    """Read all pods of a file, ``-`` for standard input.

    Returns
    -------
    list of SeenPod
        In the order of the file.
    list of str
        Remarks, such as on objects of other kinds.

    Raises
    ------
    PodfsmError
        If it cannot be read, holds no pod, or a field has the wrong type; with everything that is wrong.
    """
    return pods_of(read_input(name, MAX_BYTES), name, program)


def pods_of(data: bytes, name: str, program: Program) -> tuple[list[SeenPod], list[str]]:
    """Read all pods of some text; see `read_pods`."""
    kinds, problems, notes = Kinds(program.model), list[str](), list[str]()
    pods: list[SeenPod] = []
    lists = 0
    for document in read_documents(data, name):
        place = f"{name}: document {document.number}"
        notes += [f"{place}: {remark}" for remark in document.remarks]
        lists += isinstance(document.value, Mapping) and document.value.get("kind") in kinds.lists
        for where, value in _objects(document.value, place, kinds, problems, notes, 0):
            try:
                pods.append(_pod(value, where, kinds, program))
            except PodfsmError as error:
                problems += error.messages
    if not pods and not problems and not lists:
        problems = [*notes, f"{name}: there is no pod here; give what `kubectl get pod -o json` prints"]
    if problems:
        raise PodfsmError(problems)
    return pods, notes


def _objects(
    value: Any, place: str, kinds: Kinds, problems: list[str], notes: list[str], depth: int, inside: bool = False
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the pods of a document, with their places; an item of a list of pods need not say its kind."""
    if not isinstance(value, Mapping):
        problems.append(f"{place}: expected an object; give what `kubectl get pod -o json` prints")
        return
    kind = value.get("kind", kinds.pod if inside else None)
    if kind == kinds.pod:
        yield place, value
    elif isinstance(kind, str) and kind in kinds.lists:
        items = value.get(kinds.items)
        if items is not None and not isinstance(items, list):
            problems.append(f"{place}: {kinds.items}: expected a list")
        elif depth >= MAX_LISTS:
            problems.append(f"{place}: lists nested deeper than {MAX_LISTS}; take the pods out")
        else:
            for number, item in enumerate(items or ()):
                where = f"{place}, {kinds.items}[{number}]"
                yield from _objects(item, where, kinds, problems, notes, depth + 1, inside=True)
    elif isinstance(kind, str):
        notes.append(f"{place}: this is a {kind!r}, which is left out; give pods")
    else:
        problems.append(f"{place}: kind is missing; give what `kubectl get pod -o json` prints")


def _pod(value: Mapping[str, Any], place: str, kinds: Kinds, program: Program) -> SeenPod:
    entries = entries_of(value)
    if entries > MAX_ENTRIES:
        raise PodfsmError(f"{place}: its lists have {entries} entries; at most {MAX_ENTRIES} are read")
    problems, unknown = misfits(value, kinds.type, place, program)
    if problems:
        raise PodfsmError(problems)
    found = {**value, "metadata": value.get("metadata") or {}, "spec": copy.deepcopy(value.get("spec") or {})}
    found["status"] = value.get("status") or {}
    # Defaults ask about the object that holds the pod: here the pod holds itself.
    manifest = {"kind": kinds.pod, "metadata": found["metadata"], "spec": found["spec"], "given": {}}
    try:
        write_defaults(program, {**found, "manifest": manifest})
    except DocumentError as error:
        raise PodfsmError([f"{place}: {message}" for message in error.messages]) from None
    return SeenPod(place, found, tuple(unknown))
