"""The command `podfsm derive`: lines of JSON in, lines of JSON out, at once and in constant memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from podfsm.errors import PodfsmError
from podfsm.files import opened, written
from podfsm.language.model import Model
from podfsm.language.tables import loaded, shipped
from podfsm.names import translated
from podfsm.observe.derive import Answers, error_line, names
from podfsm.observe.lines import batches
from podfsm.requests import DeriveRequest, Status

_MARK = b"\xef\xbb\xbf"


def run(request: DeriveRequest) -> Status:
    """Answer the lines of a file or of standard input; UNUSABLE if any could not be answered."""
    model = shipped() if request.tables is None else loaded(str(request.tables))
    if request.table is None:
        with _written(request) as write:
            write(_listed(request, model).encode())
        return Status.FINE
    cluster = request.cluster
    answers = Answers(model, request.table, cluster.gates, cluster.kubernetes or "", cluster.defects)
    with opened(request.file) as stream, _written(request) as write:
        return answer_lines(stream, answers, write, request.max_document)


def _listed(request: DeriveRequest, model: Model) -> str:
    """List the tables: their names, or as JSON with their titles, as ``schemas/derive.schema.json`` describes it."""
    found = names(model)
    if request.output == "text":
        return "".join(f"{name}\n" for name in found)
    titles = {name: translated(model, request.lang, model.bindings[name].title, f"binding {name}") for name in found}
    listed = [{"table": name, "title": title} for name, title in titles.items()]
    return json.dumps({"schema": 1, "tables": listed}, ensure_ascii=False, indent=2) + "\n"


def answer_lines(stream: BinaryIO, answers: Answers, write: Callable[[bytes], object], limit: int) -> Status:
    """Answer every line of a binary stream as soon as it has arrived.

    Parameters
    ----------
    stream
        Lines ``{"in": document}``; a blank one is skipped.
    answers
        The table.
    write
        Takes the answers, as many lines as there were in one read.
    limit
        Most bytes of one line.

    Returns
    -------
    UNUSABLE if any line could not be answered.
    """
    status = Status.FINE
    number = 0
    for lines in batches(stream, limit):  # type: ignore[arg-type]  # every stream that is opened here has read1
        found = []
        for line in lines:
            number += 1
            try:
                if line is None:
                    raise PodfsmError(f"longer than {limit} bytes; allow more with --max-document")
                found.append(answers.answer(line if number > 1 else line.removeprefix(_MARK)))
            except PodfsmError as error:
                status = Status.UNUSABLE
                found.append(error_line(number, "; ".join(error.messages)))
        write(b"".join(found))
    return status


@contextmanager
def _written(request: DeriveRequest) -> Iterator[Callable[[bytes], object]]:
    """Give the function that writes answers: to the console at once, or to a file that appears when it is whole."""
    if request.out is None:
        yield request.console.write
        return
    with written(request.out) as stream:
        yield stream.write
