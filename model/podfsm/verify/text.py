"""The answer of `podfsm verify` for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from podfsm.cli.output import Console, Style
from podfsm.explore.adapter import TableSystem
from podfsm.explore.prove import PROVED, REFUTED, UNDETERMINED, Step
from podfsm.language.model import Model, Property
from podfsm.names import translated
from podfsm.requests import Lang, Status
from podfsm.verify.judgement import Judged, Outcome
from podfsm.verify.report import configuration_of
from podfsm.verify.size import unmet

WIDTH: Final = 120

_EN: Final[Mapping[str, str]] = {
    "containers": "containers",
    "explored": "explored {mode}",
    "size": "{states:,} states, {transitions:,} transitions, depth {depth}",
    "same": "the same, since this pod meets no row of a known defect",
    "incomplete": "stopped: {reason}",
    "seconds": "seconds",
    "features": "features on",
    "none": "none",
    "counters": "counters",
    "up-to": "{name} 0 to {bound} (and more)",
    "reduced": "left out to make it smaller, in this order",
    "estimate": "estimated size",
    "states": "about {states:,} states",
    "huge": "more than 10^{digits} states",
    "unmet": "not looked at",
    "properties": "properties",
    "not-applicable": "not applicable ({count}; -o json says why)",
    "expected": "expected {expected}",
    "differs": "NOT AS EXPECTED",
    "defects": "because of {defects}",
    "findings": "findings",
    "open": "open, for want of what was left out: {ids}",
    "summary": "{proved} PROVED, {refuted} REFUTED, {undetermined} UNDETERMINED",
    "and": " and ",
    "kept": "PROVED is said of what was explored only.",
    "as-is": "as is",
    "intended": "as intended",
    "pods": "{count} in all",
}

_KO: Final[Mapping[str, str]] = {
    "containers": "컨테이너",
    "explored": "탐색 ({mode})",
    "size": "상태 {states:,}개, 전이 {transitions:,}개, 깊이 {depth}",
    "same": "같음: 이 Pod는 알려진 결함의 행을 만나지 않음",
    "incomplete": "중단: {reason}",
    "seconds": "초",
    "features": "켜진 기능",
    "none": "없음",
    "counters": "카운터",
    "up-to": "{name} 0부터 {bound}까지 (그 이상은 하나로)",
    "reduced": "크기를 줄이려고 다음 순서로 제외",
    "estimate": "추정 크기",
    "states": "약 {states:,}개 상태",
    "huge": "10^{digits}개가 넘는 상태",
    "unmet": "살펴보지 않음",
    "properties": "속성",
    "not-applicable": "해당 없음 ({count}개, 이유는 -o json 참고)",
    "expected": "기대 {expected}",
    "differs": "기대와 다름",
    "defects": "원인 {defects}",
    "findings": "발견",
    "open": "제외된 것이 있어 미정: {ids}",
    "summary": "PROVED {proved}개, REFUTED {refuted}개, UNDETERMINED {undetermined}개",
    "and": " 및 ",
    "kept": "PROVED는 탐색한 범위에 대해서만 말한다.",
    "as-is": "있는 그대로",
    "intended": "의도대로",
    "pods": "모두 {count}개",
}

PHRASES: Final[Mapping[Lang, Mapping[str, str]]] = {"en": _EN, "ko": _KO}


class Printer:
    """Writes outcomes as lines of text.

    Parameters
    ----------
    model
        The tables.
    console
        Decides about colours.
    lang
        Language.
    colour
        Whether there may be colours at all.
    """

    def __init__(self, model: Model, console: Console, lang: Lang, *, colour: bool = True) -> None:
        self.model, self.lang, self.words = model, lang, PHRASES[lang]
        self.paint = console.paint if colour else _plain

    def lines(self, outcome: Outcome) -> Iterator[str]:
        """Everything about one pod."""
        yield self.paint(_heading(outcome), "bold")
        yield from self._explored(outcome)
        yield ""
        yield f"  {self.words['properties']}: {self._summary(outcome.judged)}"
        yield from self._properties(outcome)
        if not outcome.subject.shipped:
            yield from self._findings(outcome)

    def last_line(self, outcomes: Sequence[Outcome]) -> str:
        """Count the verdicts on all pods."""
        judged = [one for outcome in outcomes for one in outcome.judged]
        return f"{self.words['pods'].format(count=len(outcomes))}: {self._summary(judged)}"

    def _summary(self, judged: Sequence[Judged]) -> str:
        verdicts = [one.verdict.verdict for one in judged]
        counts = {word.lower(): verdicts.count(word) for word in (PROVED, REFUTED, UNDETERMINED)}
        return self.words["summary"].format(**counts)

    # ------------------------------------------------------------------------------------------------------- explored

    def _explored(self, outcome: Outcome) -> Iterator[str]:
        configuration = configuration_of(outcome)
        containers = [
            f"{one['role']} {one['name']} ({'; '.join(filter(None, [one['policy'], ', '.join(one['probes'])]))})"
            for one in configuration["containers"]
        ]
        yield from self._item("containers", ", ".join(containers))
        yield from self._sizes(outcome)
        yield from self._item("features", ", ".join(self._features(configuration["features"])))
        bounds = [self.words["up-to"].format(name=n, bound=b) for n, b in configuration["counters"].items()]
        yield from self._item("counters", ", ".join(bounds))
        if configuration["reduced"]:
            applied = [self.model.reductions[one] for one in configuration["reduced"]]
            yield from self._item("reduced", "; ".join(self._say(one.title, one.id) for one in applied))
        left = list(unmet(self.model, outcome.plan.configuration, outcome.subject.configuration.features))
        yield from self._item("unmet", ", ".join(self._features(left)))
        if configuration["reduced"] or left:
            yield f"  {self.words['kept']}"

    def _sizes(self, outcome: Outcome) -> Iterator[str]:
        main, estimate = outcome.exploration, outcome.plan.estimate
        if estimate is not None:
            digits = len(str(estimate.states)) - 1
            form = self.words["states"] if digits < 12 else self.words["huge"]
            yield from self._item("estimate", form.format(states=_rounded(estimate.states), digits=digits))
        for number, mode in enumerate(outcome.modes):
            title = self.words["explored"].format(mode=self.words[mode])
            if main is None:
                yield from _wrapped(f"  {title}: ", self.words["incomplete"].format(reason=outcome.reason))
            elif number and outcome.same:
                yield from _wrapped(f"  {title}: ", self.words["same"])
            elif number == 0:
                size = self.words["size"].format(
                    states=len(main.result), transitions=main.result.n_transitions, depth=main.result.depth
                )
                stopped = self.words["incomplete"].format(reason=outcome.reason) if outcome.reason else ""
                yield from _wrapped(f"  {title}: ", "; ".join(filter(None, [size, stopped])))
            elif outcome.second is not None:
                size = self.words["size"].format(
                    states=outcome.second.states,
                    transitions=outcome.second.transitions,
                    depth=outcome.second.depth,
                )
                yield from _wrapped(f"  {title}: ", size)
        yield f"  {self.words['seconds']}: {outcome.seconds:.1f}"

    def _item(self, key: str, text: str) -> Iterator[str]:
        yield from _wrapped(f"  {self.words[key]}: ", text or self.words["none"])

    def _features(self, names: Sequence[str]) -> list[str]:
        features = self.model.named["features"]
        return [self._say(features[name].text("title"), f"feature {name}", name) for name in names]

    def _say(self, english: str, *keys: str) -> str:
        return translated(self.model, self.lang, english, *keys)

    # ------------------------------------------------------------------------------------------------------ properties

    def _properties(self, outcome: Outcome) -> Iterator[str]:
        quiet: dict[str, list[Judged]] = {}
        loud: list[Judged] = []
        for judged in outcome.judged:
            if judged.verdict.verdict == REFUTED or judged.status is Status.DIFFERS:
                loud.append(judged)
            else:
                quiet.setdefault(judged.verdict.property, []).append(judged)
        for word in (PROVED, UNDETERMINED):
            yield from self._lists(word, quiet)
        while loud:
            alike = [one for one in loud if _alike(one, loud[0])]
            yield from self._told(outcome, alike)
            loud = [one for one in loud if one not in alike]
        if outcome.not_applicable:
            title = self.words["not-applicable"].format(count=len(outcome.not_applicable))
            yield from _wrapped(f"    {title}: ", " ".join(outcome.not_applicable))

    def _lists(self, word: str, quiet: Mapping[str, Sequence[Judged]]) -> Iterator[str]:
        """Properties with one verdict, by the modes that have it."""
        groups: dict[tuple[str, ...], list[str]] = {}
        for name, judged in quiet.items():
            having = tuple(one.verdict.mode for one in judged if one.verdict.verdict == word)
            if having:
                groups.setdefault(having, []).append(name)
        for having, names in sorted(groups.items(), key=lambda item: -len(item[0])):
            where = self.words["and"].join(self.words[mode] for mode in having)
            title = self.paint(word, "green" if word == PROVED else "yellow")
            yield from _wrapped(f"    {title} {where} ({len(names)}): ", " ".join(names))

    def _told(self, outcome: Outcome, alike: Sequence[Judged]) -> Iterator[str]:
        """Tell a verdict and its story; `alike` are those of several modes."""
        judged, verdict = alike[0], alike[0].verdict
        one = self.model.properties[verdict.property]
        remarks = [self.words["expected"].format(expected=judged.expected)]
        if judged.status is Status.DIFFERS:
            remarks.insert(0, self.paint(self.words["differs"], "bold", "red"))
        if one.defects and verdict.mode == "as-is":
            remarks.append(self.words["defects"].format(defects=", ".join(one.defects)))
        word = self.paint(verdict.verdict, "red")
        modes = self.words["and"].join(self.words[same.verdict.mode] for same in alike)
        yield from _wrapped("    ", f"{word} {modes}: {one.id}, {self._statement(one)} ({'; '.join(remarks)})")
        yield from story_lines(outcome.system, verdict.trace, self.lang, indent="      ")

    def _statement(self, one: Property) -> str:
        """Say what a property states, in words, and why it is so or not so."""
        why = self._say(one.why, one.id)
        return f'"{self._say(one.title, f"{one.id} title")}": {why}' if one.title else why

    # -------------------------------------------------------------------------------------------------------- findings

    def _findings(self, outcome: Outcome) -> Iterator[str]:
        yield ""
        yield f"  {self.words['findings']}{'' if outcome.findings else ': ' + self.words['none']}"
        for found in outcome.findings:
            yield from _wrapped("    - ", found.text)
        if outcome.open:
            ids = " ".join(finding.id for finding in outcome.open)
            yield from _wrapped("    ", self.words["open"].format(ids=ids))


def _alike(one: Judged, other: Judged) -> bool:
    """Tell whether two modes give the same verdict on a property, with the same story."""
    first, second = one.verdict, other.verdict
    same = (first.property, first.verdict, first.trace) == (second.property, second.verdict, second.trace)
    return same and one.expected == other.expected


def story_lines(system: TableSystem, trace: Sequence[Step], lang: Lang, indent: str) -> Iterator[str]:
    """Tell a trace: who does what to whom, what the API shows then, and the rows that say so."""
    model = system.model
    events = {event.name: at for event, at in zip(system.events, system.table_events, strict=True)}
    for number, step in enumerate(trace, start=1):
        name = step.event
        if step.event in events:
            event, element = events[step.event]
            actor = translated(model, lang, model.named["actors"][event.actor].text("title"), f"actor {event.actor}")
            where = "" if element.parent is None else f", {system.components[system.component_of[id(element)]]}"
            name = f"{actor}: {translated(model, lang, event.title or event.id, f'event {event.id}')}{where}"
        arguments = "".join(f", {key} {value}" for key, value in step.arguments)
        shows = ", ".join(value for _, value in step.shows)
        lead = f"{indent}{number}. "
        yield from _wrapped(lead, f"{name}{arguments} -> {shows}  [{', '.join(step.rows)}]")


def _plain(text: str, *_styles: Style) -> str:
    return text


def _wrapped(lead: str, text: str) -> Iterator[str]:
    """Wrap a text; its other lines are indented a little more than the first."""
    indent = " " * (len(lead) - len(lead.lstrip()) + 2)
    lines = textwrap.wrap(lead + text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    yield from lines or [lead.rstrip()]


def _heading(outcome: Outcome) -> str:
    subject = outcome.subject
    name = f"{subject.namespace}/{subject.name}" if subject.namespace else subject.name
    if subject.shipped:
        return f"{name}: {subject.configuration.title}"
    return f"{subject.kind} {name} ({subject.place})"


def _rounded(number: int) -> int:
    """Two significant digits: an estimate claims no more."""
    digits = max(0, len(str(number)) - 2)
    return round(number, -digits)
