"""Records of `podfsm conform` for people (text), programs (JSON Lines) and CI systems (JUnit XML, SARIF)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol
from xml.etree import ElementTree

from podfsm import __version__
from podfsm.files import written
from podfsm.language.model import Model
from podfsm.names import translated
from podfsm.requests import ConformRequest, Lang

Record = Mapping[str, Any]

#: C0 and C1 control characters, bidirectional overrides and line separators: what a name may do to a terminal.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
#: What XML 1.0 has no way to write.
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: Longest value that is printed whole in text.
_LONGEST = 300

_WORDS: Final[Mapping[Lang, Mapping[str, str]]] = {
    "en": {
        "at": "event {event}{item}",
        "item": ", item {item}",
        "seen": "seen",
        "expected": "expected",
        "nearest": "nearest legal status",
        "because": "because",
        "cite": "see",
        "defect": "known defect {defect}: {title}",
        "advice": "advice",
        "error": "{at} (line {line}): {what}",
        "nothing": "nothing",
        "summary": "{events} events, {pods} pods: {violations} violations, {defects} steps by defects of Kubernetes",
        "unreadable": "; {unreadable} documents could not be read",
    },
    "ko": {
        "at": "이벤트 {event}{item}",
        "item": ", 항목 {item}",
        "seen": "보인 값",
        "expected": "기대한 값",
        "nearest": "가장 가까운 올바른 상태",
        "because": "이유",
        "cite": "출처",
        "defect": "알려진 결함 {defect}: {title}",
        "advice": "조언",
        "error": "{at} (줄 {line}): {what}",
        "nothing": "없음",
        "summary": "이벤트 {events}개, 파드 {pods}개: 위반 {violations}개, Kubernetes의 결함에 따른 단계 {defects}개",
        "unreadable": "; 읽을 수 없는 문서 {unreadable}개",
    },
}


class Writer(Protocol):
    """Takes records one after the other; the last one is the summary."""

    def record(self, record: Record) -> None:
        """Write a record, or keep it for the end."""


@contextmanager
def writer_for(request: ConformRequest, model: Model) -> Iterator[Writer]:
    """Give the writer of the form that is wanted; what is written to a file appears when all of it is there."""
    if request.out is None:
        yield _writer(request, model, lambda text: _print(request, text))
        return
    with written(request.out) as stream:
        yield _writer(request, model, lambda text: stream.write(f"{text}\n".encode()))


def _print(request: ConformRequest, text: str) -> None:
    request.console.print(text)
    request.console.out.flush()


def _writer(request: ConformRequest, model: Model, write: Callable[[str], object]) -> Writer:
    writers: Mapping[str, Writer] = {
        "text": _Text(write, model, request.lang),
        "json": _Json(write),
        "junit": _JUnit(write, model),
        "sarif": _Sarif(write, model, request.file),
    }
    return writers[request.output]


def plain(text: str) -> str:
    """Return a text without anything that would move the cursor of a terminal or turn the direction of writing."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _brief(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    return plain(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")


class _Json:
    def __init__(self, write: Callable[[str], object]) -> None:
        self.write = write

    def record(self, record: Record) -> None:
        self.write(json.dumps(record, ensure_ascii=True))


class _Text:
    def __init__(self, write: Callable[[str], object], model: Model, lang: Lang) -> None:
        self.write, self.model, self.lang, self.words = write, model, lang, _WORDS[lang]

    def record(self, record: Record) -> None:
        for line in getattr(self, "_" + record["record"])(record):
            self.write(line)

    def _at(self, record: Record) -> str:
        item = self.words["item"].format(item=record["item"]) if "item" in record else ""
        return self.words["at"].format(event=record["event"], item=item)

    def _say(self, english: str, key: str) -> str:
        return translated(self.model, self.lang, english, key)

    def _line(self, word: str, text: str) -> str:
        return f"    {self.words[word]}: {text}"

    def _violation(self, record: Record) -> Iterator[str]:
        rule = record["rule"]
        yield f"{self._at(record)}  {plain(record['pod'])}  {rule}: {self._say(record['why'], rule)}"
        for path, value in record["seen"].items():
            shown = self.words["nothing"] if value is None else _brief(value)
            yield self._line("seen", f"{plain(path)} = {shown}")
        if record["expected"] != record["why"]:
            yield self._line("expected", plain(record["expected"]).strip())
        if record["nearest"]:
            yield self._line("nearest", _brief(record["nearest"]))
        yield self._line("cite", record["cite"])

    def _defect(self, record: Record) -> Iterator[str]:
        defect = self.model.named["defects"][record["defect"]]
        title = self._say(defect.text("title"), f"defect {defect.id}")
        told = self.words["defect"].format(defect=defect.id, title=title)
        yield f"{self._at(record)}  {plain(record['pod'])}  {told}"
        yield self._line("because", self._say(record["why"], record["row"]))
        yield self._line("advice", self._say(defect.text("advice"), f"defect {defect.id} advice"))

    def _error(self, record: Record) -> Iterator[str]:
        yield self.words["error"].format(at=self._at(record), line=record["line"], what=plain(record["what"]))

    def _summary(self, record: Record) -> Iterator[str]:
        unreadable = self.words["unreadable"].format(**record) if "unreadable" in record else ""
        yield self.words["summary"].format(**record) + unreadable


class _JUnit:
    """One test case per rule: it fails once for each violation. Unreadable documents are errors."""

    def __init__(self, write: Callable[[str], object], model: Model) -> None:
        self.write, self.model = write, model
        self.found: dict[str, list[Record]] = {rule: [] for rule in model.watch}
        self.errors: list[Record] = []

    def record(self, record: Record) -> None:
        if record["record"] == "violation":
            self.found[record["rule"]].append(record)
        elif record["record"] == "error":
            self.errors.append(record)
        elif record["record"] == "summary":
            self.write(self._document())

    def _document(self) -> str:
        failing = sum(1 for records in self.found.values() if records)
        counts = {"tests": len(self.found) + len(self.errors), "failures": failing, "errors": len(self.errors)}
        suite = ElementTree.Element("testsuite", {"name": "podfsm conform", **{k: str(v) for k, v in counts.items()}})
        for rule, records in self.found.items():
            case = ElementTree.SubElement(suite, "testcase", {"classname": "podfsm.watch", "name": rule})
            if records:
                first = self.model.watch[rule].why
                failure = ElementTree.SubElement(case, "failure", {"message": first, "type": rule})
                failure.text = "\n".join(_xml(_one_line(record)) for record in records)
        for record in self.errors:
            name = f"event {record['event']}"
            case = ElementTree.SubElement(suite, "testcase", {"classname": "podfsm.stream", "name": name})
            ElementTree.SubElement(case, "error", {"message": _xml(record["what"]), "type": "unreadable"})
        ElementTree.indent(suite)
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, encoding="unicode")


#: The rule of SARIF that a document which cannot be read breaks.
_UNREADABLE = "unreadable"
_LEVELS: Final[Mapping[str, str]] = {"violation": "error", "defect": "note", "error": "error"}


class _Sarif:
    """SARIF 2.1.0: each rule that is broken once, each record a result at a line of the stream, with the pod."""

    def __init__(self, write: Callable[[str], object], model: Model, file: str) -> None:
        self.write, self.model, self.file = write, model, file
        self.found: list[Record] = []

    def record(self, record: Record) -> None:
        if record["record"] == "summary":
            self.write(json.dumps(self._document(), indent=2, ensure_ascii=True))
        else:
            self.found.append(record)

    def _document(self) -> Any:
        rules = sorted({record.get("rule", _UNREADABLE) for record in self.found})
        driver = {"name": "podfsm", "version": __version__, "rules": [self._rule(rule) for rule in rules]}
        results = [self._result(record, rules) for record in self.found]
        return {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{"tool": {"driver": driver}, "results": results}],
        }

    def _rule(self, rule: str) -> Any:
        if rule == _UNREADABLE:
            text = "a document of the stream cannot be read"
            return {"id": rule, "shortDescription": {"text": text}, "help": {"text": "write it as kubectl prints it"}}
        found = self.model.watch[rule]
        return {"id": rule, "shortDescription": {"text": found.why}, "help": {"text": found.cite}}

    def _result(self, record: Record, rules: Sequence[str]) -> Any:
        rule = record.get("rule", _UNREADABLE)
        # Readers need a line; where the document begins is not known of all forms.
        region = {"startLine": max(record["line"], 1)}
        location: dict[str, Any] = {
            "physicalLocation": {"artifactLocation": {"uri": _uri(self.file)}, "region": region}
        }
        if "pod" in record:
            name = plain(record["pod"])
            location["logicalLocations"] = [
                {"name": name.rpartition("/")[2], "fullyQualifiedName": name, "kind": "resource"}
            ]
        properties = {key: record[key] for key in ("event", "item", "uid", "nearest", "defect") if key in record}
        return {
            "ruleId": rule,
            "ruleIndex": rules.index(rule),
            "level": _LEVELS[record["record"]],
            "message": {"text": plain(_one_line(record))},
            "locations": [location],
            "properties": properties,
        }


def _uri(file: str) -> str:
    from urllib.parse import quote

    return "stdin" if file == "-" else quote(file.replace("\\", "/"))


def _one_line(record: Record) -> str:
    at = f"event {record['event']}" + (f", item {record['item']}" if "item" in record else "")
    if record["record"] == "error":
        return f"{at}: {record['what']}"
    defect = f"known defect {record['defect']}: " if "defect" in record else ""
    said = f"{at}: {record['pod']}: {defect}{record['why']}"
    seen = ", ".join(f"{path} = {_brief(value)}" for path, value in record.get("seen", {}).items())
    if not seen:
        return said
    wanted = "" if record["expected"] == record["why"] else f"; expected {record['expected']}"
    return f"{said} (seen {seen}{wanted})"


def _xml(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", plain(text))
