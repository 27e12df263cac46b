"""The answer of `podfsm verify` for people."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from podfsm.cli.output import Console, Style
from podfsm.explore.adapter import TableSystem
from podfsm.explore.prove import PROVED, REFUTED, UNDETERMINED, Step
from podfsm.language import kubernetes
from podfsm.language.model import Model, Property
from podfsm.names import translated
from podfsm.requests import Lang, Status
from podfsm.verify.judgement import Judged, Outcome
from podfsm.verify.report import configuration_of
from podfsm.verify.size import PATIENCE, unmet
from podfsm.verify.words import WORDS

WIDTH: Final = 120

SOME: Final = 5
"""So many open findings are told in short."""

Judgements = Mapping[str, Sequence[Judged]]
"""What was judged on one pod, in all modes, by property."""


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
    verbose
        Whether to tell every verdict with its story.
    """

    def __init__(
        self, model: Model, console: Console, lang: Lang, *, colour: bool = True, verbose: bool = False
    ) -> None:
        self.model, self.lang, self.words, self.verbose = model, lang, WORDS[lang], verbose
        self.paint = console.paint if colour else _plain

    def first_line(self, minor: str, gates: Mapping[str, bool], modes: Sequence[str]) -> str:
        """Tell which Kubernetes is modelled."""
        return self.words["kubernetes"].format(
            minor=minor or kubernetes.default_minor(self.model),
            gates=self._gates(gates) if gates else self.words["default-gates"],
            modes=self.words["and"].join(self.words[f"{mode}-long"] for mode in modes),
        )

    def lines(self, outcome: Outcome, gates: Mapping[str, bool] | None = None) -> Iterator[str]:
        """Everything about one pod; `gates` are those that the first line tells of already."""
        judgements = _by_property(outcome)
        yield self.paint(_heading(outcome), "bold")
        own = outcome.subject.configuration.gates
        if dict(own) != dict(gates or {}):
            yield from _wrapped("  ", self._gates(own))
        yield from self._explored(outcome)
        if not outcome.subject.shipped:
            yield ""
            yield from self._findings(outcome)
        yield ""
        count = self._count(judgements.values(), len(outcome.not_applicable))
        yield from _wrapped(f"  {self.words['properties']}: ", count)
        yield from self._details(outcome, judgements) if self.verbose else self._short(outcome, judgements)

    def last_line(self, outcomes: Sequence[Outcome]) -> str:
        """Count the properties of all pods."""
        judged = [one for outcome in outcomes for one in _by_property(outcome).values()]
        return f"{self.words['pods'].format(count=len(outcomes))}: {self._count(judged, 0)}"

    def _gates(self, gates: Mapping[str, bool]) -> str:
        settings = ", ".join(f"{name}={str(value).lower()}" for name, value in gates.items())
        return self.words["gates"].format(gates=settings)

    def _count(self, judgements: Iterable[Sequence[Judged]], n_inapplicable: int) -> str:
        """Count properties by what became of them, each once, whatever the number of modes."""
        counts = Counter(map(_fate, judgements))
        counts["inapplicable"] = n_inapplicable
        parts = [
            self.words[fate].format(count=counts[fate])
            for fate in ("proved", "refuted", "undetermined", "differ", "inapplicable")
            if counts[fate] or fate in ("proved", "refuted")
        ]
        return ", ".join(parts)

    def _modes(self, modes: Iterable[str]) -> str:
        return self.words["and"].join(self.words[mode] for mode in modes)

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
        yield from self._item("counters", ", ".join(self._counters(configuration["counters"])))
        if configuration["reduced"]:
            applied = [self.model.reductions[one] for one in configuration["reduced"]]
            yield from self._item("reduced", "; ".join(self._say(one.title, one.id) for one in applied))
        left = list(unmet(self.model, outcome.plan.configuration, outcome.subject.configuration.features))
        yield from self._item("unmet", ", ".join(self._features(left)))
        if configuration["reduced"] or left:
            yield f"  {self.words['kept']}"

    def _sizes(self, outcome: Outcome) -> Iterator[str]:
        if outcome.exploration is None or self.verbose:
            yield from self._estimate(outcome)
        if outcome.exploration is None:
            yield from self._item("not-explored", self._why_not(outcome))
        else:
            found: dict[str, list[str]] = {}
            for mode, size in zip(outcome.modes, self._explorations(outcome), strict=True):
                found.setdefault(size, []).append(mode)
            for size, modes in found.items():
                title = self.words["explored"].format(modes=self._modes(modes))
                yield from _wrapped(f"  {title}: ", size)
        yield f"  {self.words['seconds']}: {outcome.seconds:.1f}"

    def _estimate(self, outcome: Outcome) -> Iterator[str]:
        estimate = outcome.plan.estimate
        if estimate is not None:
            digits = len(str(estimate.states)) - 1
            form = "huge" if digits >= 12 else "at-least" if estimate.least else "states"
            text = self.words[form].format(states=_rounded(estimate.states), digits=digits)
            yield from self._item("estimate", text)

    def _why_not(self, outcome: Outcome) -> str:
        if outcome.reason:
            return outcome.reason
        if outcome.plan.late:
            return self.words["too-late"].format(seconds=PATIENCE)
        estimate = outcome.plan.estimate
        beyond = estimate is not None and estimate.states > outcome.limit
        return self.words["beyond-limit" if beyond else "too-long"].format(limit=outcome.limit)

    def _explorations(self, outcome: Outcome) -> Iterator[str]:
        """Yield the size of the exploration in each mode."""
        assert outcome.exploration is not None
        main = outcome.exploration.result
        size = self.words["size"].format(states=len(main), transitions=main.n_transitions, depth=main.depth)
        size += self.words["stopped"].format(reason=outcome.reason) if outcome.reason else ""
        size += self.words["same"] if outcome.same else ""
        yield size
        for _ in outcome.modes[1:]:
            second = outcome.second
            if outcome.same or second is None:
                yield size
            else:
                yield self.words["size"].format(
                    states=second.states, transitions=second.transitions, depth=second.depth
                )

    def _counters(self, counters: Mapping[str, int]) -> Iterator[str]:
        for bound in sorted(set(counters.values())):
            names = self.words["and"].join(name for name, its in counters.items() if its == bound)
            yield self.words["up-to"].format(names=names, bound=bound)

    def _item(self, key: str, text: str) -> Iterator[str]:
        yield from _wrapped(f"  {self.words[key]}: ", text or self.words["none"])

    def _features(self, names: Sequence[str]) -> list[str]:
        features = self.model.named["features"]
        return [self._say(features[name].text("title"), f"feature {name}", name) for name in names]

    def _say(self, english: str, *keys: str) -> str:
        return translated(self.model, self.lang, english, *keys)

    # -------------------------------------------------------------------------------------------------------- findings

    def _findings(self, outcome: Outcome) -> Iterator[str]:
        title = self.words["findings-as"].format(mode=self.words[outcome.modes[0]])
        texts = [found.text for found in outcome.findings]
        if outcome.exploration is None:
            texts.append(self.words["unexplored"])
        yield self.paint(f"  {title}", "bold") + ("" if texts else f": {self.words['no-findings']}")
        yield from self._list(texts)
        open_ = list(dict.fromkeys(found.text for found in outcome.open))
        if open_:
            yield f"  {self.words['open']}"
            shown = open_ if self.verbose or len(open_) <= SOME + 1 else open_[:SOME]
            yield from self._list(shown)
            if len(shown) < len(open_):
                yield f"    {self.words['more'].format(count=len(open_) - len(shown))}"

    def _list(self, texts: Iterable[str]) -> Iterator[str]:
        for text in texts:
            yield from _wrapped("    - ", text)

    # ------------------------------------------------------------------------------------------------------ properties

    def _short(self, outcome: Outcome, judgements: Judgements) -> Iterator[str]:
        """Tell what differs, what is open, and what people may not expect of this pod."""
        yield from self._told(outcome, [one for one in judgements.values() if _fate(one) == "differ"])
        yield from self._lists(UNDETERMINED, judgements)
        refuted = {name: judged for name, judged in judgements.items() if _fate(judged) == "refuted"}
        if outcome.subject.shipped or not refuted:
            return
        beliefs = [name for name in refuted if self.model.properties[name].title]
        yield from self._list(self._broken(name, refuted[name]) for name in refuted if name not in beliefs)
        if beliefs:
            yield ""
            yield self.paint(f"  {self.words['beliefs']}", "bold") + f" ({self.words['details']})"
            yield from self._list(self._believed(name, refuted[name]) for name in beliefs)

    def _broken(self, name: str, judged: Sequence[Judged]) -> str:
        one = self.model.properties[name]
        modes = self._modes(_refuting(judged))
        form = "defective" if one.defects else "impossible"
        return f"{self._say(one.why, one.id)}: {self.words[form].format(modes=modes, defects=', '.join(one.defects))}"

    def _believed(self, name: str, judged: Sequence[Judged]) -> str:
        modes = _refuting(judged)
        only = f" ({self.words['only'].format(modes=self._modes(modes))})" if len(modes) < len(judged) else ""
        return self._statement(self.model.properties[name]) + only

    def _details(self, outcome: Outcome, judgements: Judgements) -> Iterator[str]:
        """Tell every verdict."""
        for word in (PROVED, UNDETERMINED):
            yield from self._lists(word, judgements)
        yield from self._told(outcome, judgements.values())
        if outcome.not_applicable:
            yield f"    {self.words['not-applicable'].format(count=len(outcome.not_applicable))}"
            yield from (line for item in outcome.not_applicable.items() for line in _wrapped("      ", ": ".join(item)))

    def _lists(self, word: str, judgements: Judgements) -> Iterator[str]:
        """Properties with one verdict that is as expected or open, by the modes that have it."""
        groups: dict[tuple[str, ...], list[str]] = {}
        for name, judged in judgements.items():
            having = tuple(
                one.verdict.mode for one in judged if one.verdict.verdict == word and one.status is not Status.DIFFERS
            )
            if having:
                groups.setdefault(having, []).append(name)
        for having, names in sorted(groups.items(), key=lambda item: -len(item[0])):
            title = self.paint(word, "green" if word == PROVED else "yellow")
            yield from _wrapped(f"    {title} {self._modes(having)} ({len(names)}): ", " ".join(names))

    def _told(self, outcome: Outcome, judgements: Iterable[Sequence[Judged]]) -> Iterator[str]:
        """Tell the verdicts that are refutations, or not as expected, those of several modes together where alike."""
        for judged in judgements:
            loud = [one for one in judged if one.verdict.verdict == REFUTED or one.status is Status.DIFFERS]
            while loud:
                alike = [one for one in loud if _alike(one, loud[0])]
                yield from self._story(outcome, alike)
                loud = [one for one in loud if one not in alike]

    def _story(self, outcome: Outcome, alike: Sequence[Judged]) -> Iterator[str]:
        """Tell a verdict and its story; `alike` are those of several modes."""
        judged, verdict = alike[0], alike[0].verdict
        one = self.model.properties[verdict.property]
        remarks = [self.words["expected"].format(expected=judged.expected)]
        if judged.status is Status.DIFFERS:
            remarks.insert(0, self.paint(self.words["differs"], "bold", "red"))
        if one.defects and verdict.mode == "as-is":
            remarks.append(self.words["defects"].format(defects=", ".join(one.defects)))
        word = self.paint(verdict.verdict, "red")
        modes = self._modes(same.verdict.mode for same in alike)
        yield from _wrapped("    ", f"{word} {modes}: {one.id}, {self._statement(one)} ({'; '.join(remarks)})")
        yield from story_lines(outcome.system, verdict.trace, self.lang, indent="      ")

    def _statement(self, one: Property) -> str:
        """Say what a property states, in words, and why it is so or not so."""
        why = self._say(one.why, one.id)
        return f'"{self._say(one.title, f"{one.id} title")}": {why}' if one.title else why


def _by_property(outcome: Outcome) -> Judgements:
    found: dict[str, list[Judged]] = {}
    for judged in outcome.judged:
        found.setdefault(judged.verdict.property, []).append(judged)
    return found


def _fate(judged: Sequence[Judged]) -> str:
    """Tell what became of a property in all modes together: the worst that any of them says."""
    if any(one.status is Status.DIFFERS for one in judged):
        return "differ"
    verdicts = {one.verdict.verdict for one in judged}
    return "undetermined" if UNDETERMINED in verdicts else "refuted" if REFUTED in verdicts else "proved"


def _refuting(judged: Sequence[Judged]) -> list[str]:
    return [one.verdict.mode for one in judged if one.verdict.verdict == REFUTED]


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
