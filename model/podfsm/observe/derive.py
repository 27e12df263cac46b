r"""Evaluate a decision table or small machine of the tables on JSON documents.

What Kubernetes' own functions take and give, the tables take and give: a document is the `in` of a recorded case
(``tests/data/vectors/README.md`` says what stands in it), an answer its `out`.

>>> derive("duration", {"seconds": 90})
{'text': '90s'}
>>> list(derive_lines("duration", [b'{"in": {"seconds": 90}}', b"nonsense"]))  # doctest: +ELLIPSIS
[b'{"out":{"text":"90s"}}\n', b'{"error":{"line":2,"what":"..."}}\n']

A missing field has Kubernetes' zero value, and so has null; a missing list differs from an empty one where Kubernetes
tells them apart. A key that stands twice counts the last time. Every field that some table reads is checked in every
document, also where this table does not read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from podfsm.errors import PodfsmError
from podfsm.generate import emit
from podfsm.language import kubernetes
from podfsm.language.evaluate import EvaluationError, Program
from podfsm.language.world import World
from podfsm.names import nearest
from podfsm.observe import needs
from podfsm.observe.answer import write
from podfsm.observe.compiled import Compiled, NoAnswerError, NotCompiledError
from podfsm.observe.play import play
from podfsm.observe.shape import GATES, Shape, attribute, decoder, getter, plain

if TYPE_CHECKING:
    from podfsm.language.model import Model


def derive(
    table: str,
    document: Mapping[str, Any],
    *,
    gates: Mapping[str, bool] | None = None,
    minor: str = "",
    defects: str = "as-is",
    tables: Path | None = None,
) -> Any:
    """Answer one document.

    Parameters
    ----------
    table
        Name of the table, such as ``phase``; `names` gives them.
    document
        JSON object, the `in` of a vector: a Pod with what the function takes besides it.
    gates
        Feature gates by name; a document's own `gates` object beats them, and the others have their defaults.
    minor
        Kubernetes minor that decides the defaults of the gates, such as ``1.36``; the tables' own if empty.
    defects
        ``as-is``, or ``intended`` to leave out what only a defect of Kubernetes makes.
    tables
        Directory of tables; the shipped ones if None.

    Returns
    -------
    JSON value, the `out` of a vector.

    Raises
    ------
    PodfsmError
        if the table or a gate is unknown, or a field has the wrong type.
    """
    try:
        line = msgspec.json.encode({"in": document})
    except (TypeError, ValueError, RecursionError) as error:
        raise PodfsmError(f"this is no JSON: {error}; give an object as json.loads returns it") from None
    return msgspec.json.decode(_answers(table, gates, minor, defects, tables).answer(line))["out"]


def derive_lines(
    table: str,
    lines: Iterable[bytes | str],
    *,
    gates: Mapping[str, bool] | None = None,
    minor: str = "",
    defects: str = "as-is",
    tables: Path | None = None,
) -> Iterator[bytes]:
    """Answer a stream of documents, one line of JSON each; parameters are those of `derive`.

    Parameters
    ----------
    lines
        Lines ``{"in": document}``, with or without line ends; blank ones give nothing.

    Yields
    ------
    For each line ``{"out": answer}``, or ``{"error": {"line": 1-based number, "what": sentence}}``, with a line end.

    Raises
    ------
    PodfsmError
        if the table or a gate of `gates` is unknown.
    """
    answers = _answers(table, gates, minor, defects, tables)
    for number, line in enumerate(lines, 1):
        answer = answers.answer_or_error(line.encode(errors="surrogatepass") if isinstance(line, str) else line, number)
        if answer:
            yield answer


def names(model: Model) -> list[str]:
    """Return the tables that can be derived: those with recorded answers, and all that the shipped tables lack."""
    from podfsm.language.tables import shipped
    from podfsm.observe.sample import folders

    recorded = set(folders())
    return [name for name in model.bindings if name in recorded or name not in shipped().bindings]


@lru_cache(maxsize=64)
def _made(table: str, gates: tuple[tuple[str, bool], ...], minor: str, defects: str, directory: str) -> Answers:
    from podfsm.language.tables import loaded

    return Answers(loaded(directory), table, dict(gates), minor, defects)


def _answers(table: str, gates: Mapping[str, bool] | None, minor: str, defects: str, tables: Path | None) -> Answers:
    from podfsm.language.tables import DIRECTORY

    directory = str(DIRECTORY if tables is None else tables)
    return _made(table, tuple(sorted((gates or {}).items())), minor, defects, directory)


class Answers:
    """Answers lines of JSON with one table.

    Bindings without scripts and procedures are compiled (`podfsm.observe.compiled`); the others are interpreted. Both
    see the same decoded document, so that they check it in the same way.

    Parameters
    ----------
    model
        The loaded tables.
    table
        Name of an entry of `bindings:`.
    gates
        Feature gates that differ from the defaults, by name.
    minor
        Kubernetes minor; the tables' own if empty.
    defects
        ``as-is`` or ``intended``.
    interpreted
        Use the interpreter alone.

    Raises
    ------
    PodfsmError
        for an unknown table, gate or minor.
    """

    #: Choices of gates in documents that are remembered.
    MOST_CHOICES = 1_000

    def __init__(
        self,
        model: Model,
        table: str,
        gates: Mapping[str, bool] | None = None,
        minor: str = "",
        defects: str = "as-is",
        interpreted: bool = False,
    ) -> None:
        self._deriver = Deriver(model, table, gates, minor, defects)
        self._model, self._gates, self._minor = model, dict(gates or {}), minor
        binding = model.bindings[table]
        self._choices: dict[Any, frozenset[str]] = {}
        self._default = kubernetes.gates(model, minor, self._gates)
        bound = needs.bound(model, binding, defects)
        # Fields that only other tables read are checked too.
        others = dict.fromkeys([table, *names(model)])
        every = [formula for other in others for formula in needs.formulas(model, model.bindings[other])]
        shape = Shape(bound, binding, emit.needed(bound, (), every))
        self._decode = decoder(shape)
        self._given = attrgetter(attribute(GATES))
        self._set = [(name, getter(path)) for name, path in binding.gates.items()]
        self._compiled: Compiled | None = None
        if not interpreted:
            try:
                self._compiled = Compiled(bound, binding, shape)
            except NotCompiledError:
                self._compiled = None

    @property
    def is_compiled(self) -> bool:
        """Whether the interpreter is not used."""
        return self._compiled is not None

    def answer_or_error(self, line: bytes, number: int) -> bytes:
        """Answer a line, or say in its place what is wrong with it; nothing for a blank one."""
        try:
            return self.answer(line)
        except PodfsmError as error:
            return error_line(number, "; ".join(error.messages))

    def answer(self, line: bytes) -> bytes:
        """Return the answer to a line ``{"in": document}`` as a line ``{"out": answer}``; nothing for a blank one.

        Raises
        ------
        PodfsmError
            if the line cannot be answered.
        """
        if not line.strip():
            return b""
        document = self._decode(line)
        gates = self._gates_of(document)
        try:
            if self._compiled is not None:
                return self._compiled.answer(document, gates)
            return self._interpreted(document)
        except (EvaluationError, NoAnswerError) as error:
            raise PodfsmError(f"the tables cannot decide: {error}") from None
        except RecursionError:
            raise PodfsmError("the tables go in circles on this document") from None

    def _interpreted(self, document: Any) -> bytes:
        return msgspec.json.encode({"out": self._deriver.derive(plain(document))}) + b"\n"

    def _gates_of(self, document: Any) -> frozenset[str]:
        """Return the gates that are on for a decoded document."""
        given = self._given(document)
        if not given and not self._set:
            return self._default
        given = dict(given or {})
        for name, get in self._set:
            value = get(document)
            if value is not None:
                given[name] = value
        if not given:
            return self._default
        key = tuple(given.items())
        found = self._choices.get(key)
        if found is None:
            unknown = next((name for name in given if name not in self._model.gates), None)
            if unknown is not None:
                raise PodfsmError(f"in.gates: unknown gate {unknown!r}; {nearest(unknown, self._model.gates)}")
            found = kubernetes.gates(self._model, self._minor, {**self._gates, **given})
            if len(self._choices) >= self.MOST_CHOICES:
                self._choices.clear()
            self._choices[key] = found
        return found


def error_line(number: int, what: str) -> bytes:
    """Write what is wrong with a line, 1-based, in place of its answer."""
    # What stands in a document may be half of a character.
    what = re.sub(r"[\ud800-\udfff]", "\ufffd", what)
    return msgspec.json.encode({"error": {"line": number, "what": what}}) + b"\n"


class Deriver:
    """Interprets one binding on documents; the reference that compiled tables are compared with.

    Parameters
    ----------
    model
        The loaded tables.
    binding
        Name of an entry of `bindings:`.
    gates
        Feature gates that differ from the defaults, by name; a document's own `gates` object beats them.
    minor
        Kubernetes minor; the tables' own if empty.
    defects
        ``as-is`` or ``intended``.
    """

    def __init__(
        self,
        model: Model,
        binding: str,
        gates: Mapping[str, bool] | None = None,
        minor: str = "",
        defects: str = "as-is",
    ) -> None:
        if binding not in model.bindings:
            raise PodfsmError(f"no table {binding!r} to derive; {nearest(binding, names(model))}")
        self.model, self.binding, self.minor, self.defects = model, model.bindings[binding], minor, defects
        self.gates = dict(gates or {})
        #: The tables as compiled so far, by the gates that are on.
        self.programs: dict[frozenset[str], Program] = {}

    def program(self, gates: Mapping[str, bool]) -> Program:
        """Return the tables under the gates of one document, compiled once."""
        on = kubernetes.gates(self.model, self.minor, {**self.gates, **gates})
        if on not in self.programs:
            self.programs[on] = Program(self.model, on, self.defects)
        return self.programs[on]

    def derive(self, document: Mapping[str, Any]) -> Any:
        """Answer one document (the `in` of a vector).

        Raises
        ------
        DocumentError
            if a field has the wrong type; PodfsmError for an unknown gate.
        """
        binding = self.binding
        document = _filled(document, binding.defaults)
        program = self.program(self._gates(document))
        world = World(program, document, binding)
        for procedure in binding.runs:
            world.run(procedure)
        recording = None if binding.script is None else play(binding.script, world, binding.id)
        return write(binding.out, world, (world.root,), recording)

    def _gates(self, document: Mapping[str, Any]) -> dict[str, bool]:
        """Feature gates that the document gives: its `gates` object, and what the binding reads elsewhere."""
        found = dict(document.get("gates") or {})
        for name, path in self.binding.gates.items():
            value: Any = document
            for part in path:
                value = value.get(part) if isinstance(value, Mapping) else None
            if value is not None:
                found[name] = value is True
        return found


def _filled(document: Mapping[str, Any], defaults: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put defaults where the document has nothing."""
    if not defaults:
        return document
    found = dict(document)
    for key, value in defaults.items():
        given = found.get(key)
        if given is None:
            found[key] = value
        elif isinstance(given, Mapping) and isinstance(value, Mapping):
            found[key] = _filled(given, value)
    return found
