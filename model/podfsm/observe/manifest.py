"""Manifests to pods: what the API server would make of them, or refuse.

A manifest comes to podfsm before any API server has seen it. So each object is read as the API server reads it: its
kind says where the pod stands, its fields must have the right types, defaults are written where it says nothing, and
what the API server refuses is refused here too. Kinds, fields, defaults and refusals are all in the tables.
"""

from __future__ import annotations

import copy
import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from podfsm.errors import PodfsmError
from podfsm.files import read_input
from podfsm.language.evaluate import Program
from podfsm.language.model import Kind, Refusal, Type
from podfsm.language.world import DocumentError, Element, World
from podfsm.observe.documents import MAX_BYTES, Document, read_documents

#: Objects of a list may be lists themselves, so deep.
MAX_LISTS = 10

#: Entries of all lists of one object. Real pods have some dozens; names are compared with each other.
MAX_ENTRIES = 1000


@dataclass(frozen=True, slots=True)
class Note:
    """A remark on a manifest that is accepted.

    Attributes
    ----------
    id
        Row of the section `refusals:` of the tables; empty for an unknown field, a doubled key, an object without pod.
    place
        File, line and column (not of JSON), document and path, such as
        ``web.yaml:31:9: document 2, spec.template.spec.containers[0].ports``.
    text
        What is remarked.
    mend
        What would mend it.
    """

    id: str
    place: str
    text: str
    mend: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}; {self.mend}"


@dataclass(frozen=True, slots=True)
class PodShape:
    """One pod of a manifest, as the API server would keep it.

    Attributes
    ----------
    name, namespace, kind
        Of the object that holds the pod; the name is that of ``generateName`` where it has none.
    file, document, place
        Where it was read: the file (``-`` is standard input), the number of the document in it from 1, and the path of
        the object in the document (empty, or such as ``items[2]``).
    path
        Path of the pod in the object, such as ``spec.template``; empty for a Pod.
    metadata, spec
        Of the pod, the spec with all defaults.
    manifest
        Kind, metadata, spec and what the tables say of the kind (`given`), for conditions that ask about them.
    notes
        Remarks on it.
    """

    name: str
    namespace: str
    kind: str
    file: str
    document: int
    place: str
    path: str
    metadata: Mapping[str, Any]
    spec: Mapping[str, Any]
    manifest: Mapping[str, Any]
    notes: tuple[Note, ...] = ()

    @property
    def pod(self) -> dict[str, Any]:
        """The document that a `World` reads: a Pod object, with the object that holds it under ``manifest``."""
        return {"metadata": self.metadata, "spec": self.spec, "manifest": self.manifest}


@dataclass(frozen=True, slots=True)
class Reading:
    """All pods of some files, and all remarks, those on the pods included."""

    pods: tuple[PodShape, ...]
    notes: tuple[Note, ...]


@dataclass(slots=True)
class _Findings:
    """What is wrong, what is remarked, and kinds that are skipped, below one place of one file."""

    file: str
    document: Document
    problems: list[str]
    notes: list[Note]
    skipped: list[str]
    paths: tuple[str, ...] = ()

    def inside(self, path: str) -> _Findings:
        return replace(self, paths=(*self.paths, path))

    def word(self, path: str) -> str:
        """Return the word that is written at a path; '' if it is not known."""
        return self.document.word(".".join([*self.paths, path]))

    def place(self, path: str) -> str:
        """Say where a path is: file, line and column where they are known, document and path."""
        mark = self.document.place(".".join([*self.paths, path]).removesuffix("."))
        file = f"{self.file}:{mark}" if mark else self.file
        return ": ".join(
            [file, ", ".join([f"document {self.document.number}", *self.paths, *([path] if path else [])])]
        )

    def problem(self, path: str, what: str, mend: str) -> None:
        self.problems.append(f"{self.place(path)}: {what}; {mend}")

    def note(self, path: str, what: str, mend: str, identifier: str = "") -> None:
        self.notes.append(Note(identifier, self.place(path), what, mend))


def read_manifests(names: Sequence[str], program: Program) -> Reading:
    """Read the pods of manifest files.

    Parameters
    ----------
    names
        Files; ``-`` is standard input.
    program
        The tables under one choice of gates.

    Raises
    ------
    PodfsmError
        If a file cannot be read, holds no pod, or holds something that the API server refuses; `messages` has
        everything that is wrong in all files, each ``FILE:LINE:COLUMN: document N, PATH: what; mend``; of JSON
        without line and column.
    """
    pods: list[PodShape] = []
    notes: list[Note] = []
    problems: list[str] = []
    for name in names:
        try:
            reading = read_manifest(read_input(name, MAX_BYTES), name, program)
        except PodfsmError as error:
            problems += error.messages
        else:
            pods += reading.pods
            notes += reading.notes
    if problems:
        raise PodfsmError(problems)
    return Reading(tuple(pods), tuple(notes))


def read_manifest(data: bytes, name: str, program: Program) -> Reading:
    """Read the pods of one manifest file whose content is `data`; see `read_manifests`."""
    pods: list[PodShape] = []
    problems: list[str] = []
    notes: list[Note] = []
    skipped: list[str] = []
    for document in read_documents(data, name):
        findings = _Findings(name, document, problems, notes, skipped)
        for remark in document.remarks:
            findings.note("", remark, "keep one")
        for inner, path, item in _objects(document.value, findings, program, "", 0):
            shape = _pod(item, inner, program, document.number, path)
            if shape is not None:
                pods.append(shape)
    if not pods and not problems and not skipped:
        problems = [f"{name}: there is no pod here; give an object of kind {', '.join(program.model.kinds)}"]
    if problems or not pods:
        # A misspelt field is often what makes another one missing.
        raise PodfsmError([*problems, *(str(note) for note in notes if not note.id)])
    return Reading(tuple(pods), tuple(notes))


# -------------------------------------------------------------------------------------------------------------- objects


def _objects(
    value: Any, findings: _Findings, program: Program, path: str, depth: int
) -> Iterator[tuple[_Findings, str, Mapping[str, Any]]]:
    """Yield the objects of a document, each with its findings and its path; lists are opened."""
    kind = _kind(value, findings, program)
    if kind is None:
        return
    if kind.items is None:
        yield findings, path, value
        return
    items = _at(value, kind.items)
    listed = ".".join(kind.items)
    if depth >= MAX_LISTS:
        findings.problem(listed, f"lists nested deeper than {MAX_LISTS}", "take the objects out of the inner lists")
    elif items is not None and not isinstance(items, list):
        findings.problem(listed, f"expected a list, found {_found(items)}", "begin every object with `- `")
    else:
        for index, item in enumerate(items or ()):
            below = f"{listed}[{index}]"
            yield from _objects(item, findings.inside(below), program, f"{path}.{below}".lstrip("."), depth + 1)


def _kind(value: Any, findings: _Findings, program: Program) -> Kind | None:
    """Look up the kind of an object; None, and a problem or note, where it is not in the tables."""
    kinds = program.model.kinds
    known = ", ".join(kinds)
    if not isinstance(value, Mapping):
        findings.problem("", f"expected an object, found {_found(value)}", "begin with `apiVersion:` and `kind:`")
        return None
    name = value.get("kind")
    if not isinstance(name, str):
        what = "kind is missing" if name is None else f"expected a string, found {_found(name)}"
        findings.problem("kind" if name is not None else "", what, f"write one of {known}")
        return None
    kind = kinds.get(name)
    if kind is None:
        near = difflib.get_close_matches(name, kinds, n=1, cutoff=0.8)
        if near:
            findings.problem("kind", f"unknown kind {name!r}", f"did you mean {near[0]}?")
        else:
            findings.skipped.append(name)
            findings.note("kind", f"an object of kind {name!r} holds no pod", f"the kinds that do are {known}")
        return None
    version = value.get("apiVersion")
    if version not in kind.versions:
        what = "apiVersion is missing" if version is None else f"{name} is not of apiVersion {_short(version)}"
        findings.problem("apiVersion", what, f"write {' or '.join(kind.versions)}")
        return None
    return kind


def _pod(value: Mapping[str, Any], findings: _Findings, program: Program, number: int, place: str) -> PodShape | None:
    """Read the pod of one object; None, and problems, where it is refused."""
    kind = program.model.kinds[value["kind"]]
    assert kind.pod is not None
    wrong, remarked = len(findings.problems), len(findings.notes)
    entries = entries_of(value)
    if entries > MAX_ENTRIES:
        findings.problem("", f"its lists have {entries} entries", f"at most {MAX_ENTRIES} are read; leave some out")
        return None
    _check(value, Type("one", kind.id), "", findings, program)
    if len(findings.problems) > wrong:
        return None
    pod = _at(value, kind.pod) if kind.pod else value
    if pod is None:
        findings.problem(".".join(kind.pod), "there is no pod template", "give it, with the spec of a pod")
        return None
    named = value.get("metadata") or {}
    manifest = {
        "kind": kind.id,
        "metadata": named,
        "spec": (_at(value, kind.pod[:-1]) if kind.pod else value.get("spec")) or {},
        "given": kind.given,
    }
    metadata = pod.get("metadata") or {}
    spec = copy.deepcopy(pod.get("spec") or {})
    document = {"metadata": metadata, "spec": spec, "manifest": manifest}
    try:
        write_defaults(program, document)
        _refuse(program, document, value, kind, findings)
    except DocumentError as error:
        # In an object that the section `objects:` does not look into.
        findings.problem(error.path, error.what, "give a value of that type")
    if len(findings.problems) > wrong:
        return None
    return PodShape(
        name=named.get("name") or named.get("generateName") or "",
        namespace=named.get("namespace") or "",
        kind=kind.id,
        file=findings.file,
        document=number,
        place=place,
        path=".".join(kind.pod),
        metadata=metadata,
        spec=spec,
        manifest=manifest,
        notes=tuple(findings.notes[remarked:]),
    )


def _at(value: Any, path: Iterable[str]) -> Any:
    """Follow a path; None where something is missing."""
    for part in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def entries_of(value: Any) -> int:
    """Count the objects that stand in lists."""
    if isinstance(value, Mapping):
        return sum(map(entries_of, value.values()))
    if isinstance(value, list):
        return sum(isinstance(item, Mapping) for item in value) + sum(map(entries_of, value))
    return 0


# ---------------------------------------------------------------------------------------------------------------- types


def misfits(value: Any, wanted: str, place: str, program: Program) -> tuple[list[str], list[str]]:
    """Compare a value with one of the types of the section `objects:`.

    Parameters
    ----------
    value
        JSON value.
    wanted
        Name of the type.
    place
        What to put before the messages.
    program
        The tables under one choice of gates.

    Returns
    -------
    list of str
        Messages on what has a wrong type, each with its path.
    list of str
        Paths of unknown fields.
    """
    problems: list[str] = []
    notes: list[Note] = []
    _check(value, Type("one", wanted), "", _Findings(place, Document(1, value), problems, notes, []), program)
    start = f"{place}: document 1, "
    return [text.replace(start, f"{place}: ", 1) for text in problems], [one.place.removeprefix(start) for one in notes]


def _check(value: Any, wanted: Type, path: str, findings: _Findings, program: Program) -> None:
    """Check the type of a value; unknown fields are notes."""
    if wanted.kind == "list":
        if not isinstance(value, list):
            findings.problem(path, f"expected a list, found {_found(value)}", "begin every entry with `- `")
            return
        for index, item in enumerate(value):
            _check(item, Type("one", wanted.name), f"{path}[{index}]", findings, program)
    elif wanted.kind == "map" or wanted.name == "object" or wanted.name in program.model.objects:
        if not isinstance(value, Mapping):
            findings.problem(path, f"expected an object, found {_found(value)}", "write `name: value` below it")
            return
        fields = program.model.objects.get(wanted.name) if wanted.kind == "one" else None
        for key, item in value.items():
            below = f"{path}.{key}" if path else key
            if wanted.kind == "map":
                _check(item, Type("one", wanted.name), below, findings, program)
            elif fields is not None and key in fields:
                _check(item, fields[key], below, findings, program)
            elif fields is not None:
                near = difflib.get_close_matches(key, fields, n=1, cutoff=0.6)
                mend = f"did you mean {near[0]}?" if near else f"known: {_some(fields)}"
                findings.note(below, "unknown field, which does nothing", mend)
    else:
        _check_scalar(value, wanted.name, path, findings)


def _check_scalar(value: Any, wanted: str, path: str, findings: _Findings) -> None:
    if wanted == "any" or wanted in _accepts(value):
        return
    expected = _EXPECTED[wanted]
    mend = f"write {expected}"
    if isinstance(value, bool | int | float) and wanted == "text":
        mend = f"put quotes around it: {json.dumps(findings.word(path) or json.dumps(value), ensure_ascii=False)}"
        if isinstance(value, bool):
            mend += " (without quotes yes, no, on, off, y and n are truth values in YAML)"
    elif isinstance(value, str) and wanted in ("int32", "int64", "bool"):
        mend += " without quotes"
    elif isinstance(value, int) and wanted in ("int32", "int64"):
        mend += f" of at most {wanted.removeprefix('int')} bits"
    findings.problem(path, f"expected {expected}, found {_found(value)}", mend)


_EXPECTED: Mapping[str, str] = {
    "text": "a string",
    "bool": "true or false",
    "int32": "a whole number",
    "int64": "a whole number",
    "int-or-text": "a number or a name",
    "quantity": "a quantity such as 100m or 128Mi",
}


def _accepts(value: Any) -> frozenset[str]:
    """Return the types of fields that take a scalar."""
    if isinstance(value, bool):
        return frozenset(["bool"])
    if isinstance(value, str):
        return frozenset(["text", "int-or-text", "quantity"])
    if isinstance(value, int):
        whole = [f"int{bits}" for bits in (32, 64) if -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)]
        return frozenset([*whole, "quantity", *(["int-or-text"] if "int32" in whole else [])])
    return frozenset(["quantity"]) if isinstance(value, float) else frozenset()


def _found(value: Any) -> str:
    """Say what a value is, in a few words."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return f"the string {_short(value)}" if isinstance(value, str) else _short(value)


def _some(names: Iterable[str]) -> str:
    """List names, not too many."""
    listed = list(names)
    return ", ".join(listed[:12]) + (", ..." if len(listed) > 12 else "")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


# -------------------------------------------------------------------------------------------------- defaults, refusals


def write_defaults(program: Program, document: Mapping[str, Any]) -> None:
    """Write all defaults into the document; each reads it as it was before."""
    world = World(program, document)
    writes: list[tuple[Any, tuple[str, ...], Any]] = []
    for default in program.model.defaults.values():
        observation = program.model.fields[default.collection][default.field].observe
        assert observation is not None
        for element in world.elements_of(default.collection):
            present = _at(element.object, observation.path)
            zero = present in (0, "", False) and not default.keeps_zero
            if present is not None and not zero:
                continue
            if default.when is None or program.cached_closure(default.when)((element,), None):
                value = program.cached_closure(default.value)((element,), None)
                writes.append((element.object, observation.path, value))
    for target, path, value in writes:
        for part in path[:-1]:
            target = target.setdefault(part, {})
        target[path[-1]] = value


def _refuse(
    program: Program, document: Mapping[str, Any], whole: Mapping[str, Any], kind: Kind, findings: _Findings
) -> None:
    """Apply every refusal to every element."""
    world = World(program, document)
    root = ".".join(kind.pod or ())
    for refusal in program.model.refusals.values():
        if refusal.gate and refusal.gate.startswith("not ") == (refusal.gate.removeprefix("not ") in program.gates):
            continue
        for element in world.elements_of(refusal.collection):
            if program.cached_closure(refusal.when)((element,), None):
                _report(refusal, element, program, whole, root, findings)


def _report(
    refusal: Refusal, element: Element, program: Program, whole: Mapping[str, Any], root: str, findings: _Findings
) -> None:
    if refusal.at[:1] == ("/",):
        path, value = _path("", refusal.at[1:]), _at(whole, refusal.at[1:])
    else:
        path, value = _path(_place_of(element, root), refusal.at), _at(element.object, refusal.at)
    what = (
        refusal.why if value is None or isinstance(value, Mapping | list) else f"{refusal.why} (found {_short(value)})"
    )
    mend = program.cached_closure(refusal.mend)((element,), None)
    if refusal.note:
        findings.note(path, what, mend, refusal.id)
    else:
        findings.problem(path, what, mend)


def _place_of(element: Element, root: str) -> str:
    """Return the path of an element in its object; `root` is that of the pod."""
    if element.parent is None:
        return root
    source = element.collection.groups[element.group]
    above = root if source.startswith("/") else _place_of(element.parent, root)
    path = _path(above, [source.removeprefix("/").removesuffix("?")])
    if source.endswith("?"):
        return path
    group = [e for e in element.parent.children_of(element.collection.id) if e.group == element.group]
    return f"{path}[{next(i for i, e in enumerate(group) if e is element)}]"


def _path(above: str, parts: Sequence[str]) -> str:
    """Join a path; a key with dots stands in brackets."""
    for part in parts:
        if "/" in part:
            above += f"[{part}]"
        else:
            above = f"{above}.{part}" if above else part
    return above
