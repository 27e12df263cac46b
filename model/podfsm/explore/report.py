"""Everything the shipped configurations prove: explored in both modes, in worker processes, and put together.

What the documents, the manifest and `podfsm build` say comes from the `Report` made here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

from podfsm.errors import PodfsmError
from podfsm.explore import coverage, views
from podfsm.explore.configuration import Configuration, shipped
from podfsm.explore.coverage import Coverage, Seen
from podfsm.explore.prove import PROVED, REFUTED, UNDETERMINED, Exploration, Step, Verdict, explore_configuration
from podfsm.explore.system import LimitError
from podfsm.explore.views import MODES, Projection
from podfsm.language import kubernetes
from podfsm.language.evaluate import EvaluationError, Program
from podfsm.language.model import Model, Property
from podfsm.observe import sample
from podfsm.observe.answer import write
from podfsm.observe.derive import Deriver

VACUOUS = "VACUOUS"
"""Proved on some configurations, but on none of them does the premise ever occur."""

NOWHERE = "NOWHERE"
"""The property applies to no configuration."""

STATUS = "live-status"
"""The binding that writes the status of a running pod."""

SHOWN = 200
"""States of a configuration whose status is written."""

LIMITS: Mapping[str, Any] = {"max_states": 5_000_000, "max_seconds": 120.0, "max_bytes": 1 << 30}
"""Of one exploration. No shipped configuration comes near; tables that somebody changes may."""

Progress = Callable[[int, int, str], None]
"""Called with the number of jobs that are done, the number of all, and what was done last."""


# ---------------------------------------------------------------------------------------------------------- the report


@dataclass(frozen=True, slots=True)
class Size:
    """What one exploration found: numbers of states and transitions, depth, local states by component; seconds."""

    states: int
    transitions: int
    depth: int
    local_states: Mapping[str, int]
    seconds: float
    incomplete: str = ""


@dataclass(frozen=True, slots=True)
class ConfigurationReport:
    """A shipped configuration and its sizes by mode.

    With `same`, no row that exists only because of a defect fires: both modes are one, explored once.
    """

    id: str
    title: str
    machines: tuple[str, ...]
    features: tuple[str, ...]
    counters: Mapping[str, int]
    gates: Mapping[str, bool]
    sizes: Mapping[str, Size]
    same: bool


@dataclass(frozen=True, slots=True)
class PropertyVerdict:
    """What is known of a property in one mode, over all configurations to which it applies.

    Attributes
    ----------
    verdict
        PROVED, REFUTED, UNDETERMINED, VACUOUS or NOWHERE.
    expected
        ``proved`` or ``refuted``.
    proved, vacuous, refuted, undetermined
        Configurations by verdict; `vacuous` are those of the proved ones on which the premise never occurs.
    story
        A shortest run to a violation (to a witness, if the property says that something is reachable), and
        `configuration`, on which it happens; () and '' without one.
    """

    verdict: str
    expected: str
    proved: tuple[str, ...] = ()
    vacuous: tuple[str, ...] = ()
    refuted: tuple[str, ...] = ()
    undetermined: tuple[str, ...] = ()
    configuration: str = ""
    story: tuple[Step, ...] = ()

    @property
    def as_expected(self) -> bool:
        """Whether the tables expect this verdict."""
        return self.verdict.lower() == self.expected


@dataclass(frozen=True, slots=True)
class PropertyReport:
    """A property, its verdicts by mode, and where it does not apply, with the reason."""

    id: str
    modes: Mapping[str, PropertyVerdict]
    not_applicable: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ViewReport:
    """A view as computed, by mode, and what differs from the declared one."""

    id: str
    modes: Mapping[str, Projection]
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of the tables.

    Attributes
    ----------
    tables
        Digest of the tables.
    configurations, properties, views
        By id.
    coverage
        Which rows were seen.
    cases
        Number of recorded answers of Kubernetes that were compared, by folder.
    problems
        All that is not as it should be, each with its place; verdicts that are UNDETERMINED are in `undetermined`.
    """

    tables: str
    configurations: Mapping[str, ConfigurationReport]
    properties: Mapping[str, PropertyReport]
    views: Mapping[str, ViewReport]
    coverage: Coverage
    cases: Mapping[str, int]
    problems: tuple[str, ...]
    undetermined: tuple[str, ...]
    seconds: float


# ------------------------------------------------------------------------------------------------------------- workers


@dataclass(frozen=True, slots=True)
class _Mode:
    """One configuration in one mode."""

    size: Size
    verdicts: list[Verdict]
    not_applicable: list[tuple[str, str]]
    views: dict[str, Projection]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one job found: a configuration in both modes, or the cases of a folder (then without modes).

    What was seen of the rows is `seen` as is and `intended` otherwise.
    """

    modes: dict[str, _Mode] = field(default_factory=dict)
    same: bool = False
    seen: Seen = field(default_factory=dict)
    intended: Seen = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    cases: int = 0


_model: Model | None = None


def _start(model: Model) -> None:
    """Give a worker the tables."""
    global _model
    _model = model


def _tables() -> Model:
    assert _model is not None
    return _model


def _explore(configuration: Configuration) -> _Outcome:
    """Explore a configuration in both modes; only once if no row of a defect fires."""
    model = _tables()
    modes: dict[str, _Mode] = {}
    seen: dict[str, Seen] = {mode: {} for mode in MODES}
    same = False
    for mode in MODES:
        try:
            if same:
                modes[mode] = _again(model, modes[MODES[0]], mode)
                continue
            exploration = explore_configuration(model, configuration, mode, _properties(model), watch=True, **LIMITS)
            modes[mode] = _mode(model, exploration)
            _show(model, exploration)
            seen[mode] = coverage.seen_by(exploration.system.program)
            same = mode == MODES[0] and not any(
                row.defect and seen[mode].get(row.id, (0, 0))[0] for row in model.rows()
            )
        except (EvaluationError, LimitError, PodfsmError, ValueError) as error:
            problem = f"configuration {configuration.id}, {mode.replace('-', ' ')}: {error}"
            return _Outcome(modes, False, seen["as-is"], seen["intended"], [problem])
    return _Outcome(modes, same, seen["as-is"], seen["intended"])


def _properties(model: Model) -> Iterable[Property]:
    return model.properties.values()


def _mode(model: Model, exploration: Exploration) -> _Mode:
    result, system = exploration.result, exploration.system
    locals_ = {name: system.local_count(k) for k, name in enumerate(system.components)}
    size = Size(len(result), result.n_transitions, result.depth, locals_, result.seconds, result.reason or "")
    projections = {
        view.id: views.project(exploration, view)
        for view in model.views.values()
        if views.applies(view, exploration.configuration)
    }
    return _Mode(size, exploration.verdicts, exploration.not_applicable, projections)


def _show(model: Model, exploration: Exploration) -> None:
    """Write the status of some states, evenly spread: the tables of the status must work on what is reachable."""
    binding = model.bindings.get(STATUS)
    if binding is None or exploration.configuration.machines:
        return
    result, system = exploration.result, exploration.system
    for index in range(0, len(result), max(1, len(result) // SHOWN)):
        system.load_state(result.state(index))
        write(binding.out, system.world, (system.world.root,))


def _again(model: Model, found: _Mode, mode: str) -> _Mode:
    """Say the same of another mode that does not differ."""
    expected = {one.id: one.expect.get(mode, "proved") for one in _properties(model)}
    verdicts = [
        Verdict(v.property, mode, v.configuration, v.verdict, expected[v.property], v.trace, v.vacuous, v.counted)
        for v in found.verdicts
    ]
    projections = {name: Projection(p.view, mode, p.starts, p.arrows) for name, p in found.views.items()}
    return _Mode(found.size, verdicts, found.not_applicable, projections)


def _compare(folder: str) -> _Outcome:
    """Compare the tables with recorded answers of Kubernetes."""
    model = _tables()
    if folder not in model.bindings:
        return _Outcome(
            problems=[f"tables: no binding {folder!r}, of which Kubernetes' answers are recorded; restore it"]
        )
    deriver = Deriver(model, folder)
    problems = sample.shortened(sample.contradictions(model, deriver, folder))
    seen = coverage.joined(coverage.seen_by(program) for program in deriver.programs.values())
    return _Outcome(seen=seen, problems=problems, cases=sum(1 for _ in sample.cases(folder)))


def _read(folder: str) -> _Outcome:
    """Read the manifests of the sample."""
    program = Program(_tables(), kubernetes.gates(_tables()))
    problems = sample.shortened(sample.contradicted_manifests(program))
    return _Outcome(seen=coverage.seen_by(program), problems=problems, cases=sum(1 for _ in sample.cases(folder)))


def _run(
    jobs: Sequence[tuple[str, Callable[[Any], _Outcome], Any]], model: Model, workers: int
) -> Iterator[tuple[str, _Outcome]]:
    """Run jobs (name, function, argument) in worker processes; their names and outcomes, as they come."""
    if workers == 1:
        _start(model)
        for name, function, argument in jobs:
            yield name, function(argument)
        return
    # Spawned: a fork would copy the threads of the progress display in an unknown state.
    with ProcessPoolExecutor(workers, get_context("spawn"), _start, (model,)) as pool:
        pending: dict[Future[_Outcome], str] = {pool.submit(f, argument): name for name, f, argument in jobs}
        try:
            for future in as_completed(pending):
                yield pending[future], future.result()
        except BrokenProcessPool:
            raise PodfsmError("a worker process ended; is there enough memory (4 GiB)?") from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


# ------------------------------------------------------------------------------------------------------------ together


def make_report(model: Model, progress: Progress | None = None, jobs: int = 2) -> Report:
    """Explore every shipped configuration in both modes, and judge everything that the tables state.

    Parameters
    ----------
    model
        The tables.
    progress
        Told after each job.
    jobs
        Number of worker processes; 1 means that this process does everything.

    Raises
    ------
    PodfsmError
        if a configuration is no manifest, or a worker dies.
    """
    started = time.perf_counter()
    configurations = shipped(model)
    # The largest first, so that no worker is left alone with one at the end.
    ordered = sorted(configurations, key=lambda c: -_weight(c))
    work: list[tuple[str, Callable[[Any], _Outcome], Any]] = [(c.id, _explore, c) for c in ordered]
    work += [(f"vectors of {folder}", _compare, folder) for folder in sample.folders()]
    if (sample.DIRECTORY / f"{sample.MANIFESTS}{sample.SUFFIX}").is_file():
        work.append((f"vectors of {sample.MANIFESTS}", _read, sample.MANIFESTS))
    outcomes: dict[str, _Outcome] = {}
    for name, outcome in _run(work, model, jobs):
        outcomes[name] = outcome
        if progress is not None:
            progress(len(outcomes), len(work), name)
    return _put_together(model, configurations, outcomes, time.perf_counter() - started)


def _weight(configuration: Configuration) -> int:
    """Guess how large a configuration is."""
    lists = [value for value in configuration.document.get("spec", {}).values() if isinstance(value, list)]
    return 100 * sum(len(items) for items in lists) + len(configuration.features)


def _put_together(
    model: Model, configurations: Sequence[Configuration], outcomes: Mapping[str, _Outcome], seconds: float
) -> Report:
    explored = {configuration.id: outcomes[configuration.id] for configuration in configurations}
    problems = [problem for outcome in outcomes.values() for problem in outcome.problems]
    broken = any(set(outcome.modes) != set(MODES) for outcome in explored.values())
    found = {one.id: _property(one, explored) for one in _properties(model)}
    undetermined = []
    for one in _properties(model):
        for mode, verdict in found[one.id].modes.items():
            text = _complaint(one, mode, verdict)
            if verdict.verdict == UNDETERMINED:
                undetermined.append(text)
            elif text:
                problems.append(text)
    computed = {view: _view(model, view, explored.values(), broken) for view in model.views}
    problems += [text for view in computed.values() for text in view.differences]
    seen, intended = (coverage.joined(getattr(o, mode) for o in outcomes.values()) for mode in ("seen", "intended"))
    covered = coverage.judge(model, seen, intended)
    return Report(
        tables=model.digest,
        configurations={c.id: _configuration(c, explored[c.id]) for c in configurations},
        properties=found,
        views=computed,
        coverage=covered,
        cases={name.removeprefix("vectors of "): o.cases for name, o in sorted(outcomes.items()) if o.cases},
        problems=(*problems, *covered.problems),
        undetermined=tuple(undetermined),
        seconds=seconds,
    )


def _configuration(configuration: Configuration, outcome: _Outcome) -> ConfigurationReport:
    return ConfigurationReport(
        id=configuration.id,
        title=configuration.title,
        machines=configuration.machines,
        features=configuration.features,
        counters=configuration.counters,
        gates=configuration.gates,
        sizes={mode: found.size for mode, found in outcome.modes.items()},
        same=outcome.same,
    )


# ---------------------------------------------------------------------------------------------------------- properties


def _property(one: Property, outcomes: Mapping[str, _Outcome]) -> PropertyReport:
    verdicts: dict[str, list[Verdict]] = {mode: [] for mode in MODES}
    not_applicable: dict[str, str] = {}
    for name, outcome in outcomes.items():
        for mode, found in outcome.modes.items():
            verdicts[mode] += [v for v in found.verdicts if v.property == one.id]
            reasons = [why for which, why in found.not_applicable if which == one.id]
            if reasons:
                not_applicable[name] = reasons[0]
    return PropertyReport(
        one.id, {mode: _aggregate(one, mode, found) for mode, found in verdicts.items()}, not_applicable
    )


def _aggregate(one: Property, mode: str, verdicts: Sequence[Verdict]) -> PropertyVerdict:
    by = {kind: [v for v in verdicts if v.verdict == kind] for kind in (PROVED, REFUTED, UNDETERMINED)}
    vacuous = [v for v in by[PROVED] if v.vacuous]
    if not verdicts:
        verdict = NOWHERE
    elif one.form == "reachable":
        # One configuration that reaches it is enough.
        verdict = next((kind for kind in (PROVED, UNDETERMINED) if by[kind]), REFUTED)
    else:
        verdict = next((kind for kind in (REFUTED, UNDETERMINED) if by[kind]), PROVED)
        if verdict == PROVED and len(vacuous) == len(by[PROVED]):
            verdict = VACUOUS
    told = min(by[PROVED if one.form == "reachable" else REFUTED], key=lambda v: len(v.trace), default=None)
    return PropertyVerdict(
        verdict=verdict,
        expected=one.expect.get(mode, "proved"),
        proved=tuple(v.configuration for v in by[PROVED]),
        vacuous=tuple(v.configuration for v in vacuous),
        refuted=tuple(v.configuration for v in by[REFUTED]),
        undetermined=tuple(v.configuration for v in by[UNDETERMINED]),
        configuration=told.configuration if told is not None else "",
        story=told.trace if told is not None else (),
    )


def _complaint(one: Property, mode: str, found: PropertyVerdict) -> str:
    """Say what is wrong with a verdict; '' if it is as expected."""
    if found.as_expected:
        return ""
    start = f"{one.place}: property {one.id}, {mode.replace('-', ' ')}"
    if found.verdict == NOWHERE:
        return f"{start}: applies to no configuration; add one, or mend its `features`, `where` or `regions`"
    if found.verdict == VACUOUS:
        return f"{start}: its premise never occurs on {', '.join(found.vacuous)}; add a configuration where it does"
    if found.verdict == UNDETERMINED:
        return f"{start}: undetermined on {', '.join(found.undetermined)}"
    where = found.refuted if found.verdict == REFUTED else found.proved
    text = f"{start}: {found.verdict} on {', '.join(where)}, but expected to be {found.expected}"
    return f"{text}; on {found.configuration}:\n{views.told(found.story)}" if found.story else text


# --------------------------------------------------------------------------------------------------------------- views


def _view(model: Model, name: str, outcomes: Iterable[_Outcome], broken: bool) -> ViewReport:
    found = {mode: Projection(name, mode) for mode in MODES}
    for outcome in outcomes:
        for mode, explored in outcome.modes.items():
            if name in explored.views:
                found[mode] = found[mode].merged(explored.views[name])
    # Where an exploration has failed, edges are missing for that reason.
    differences = [] if broken else views.compare(model.views[name], *(found[mode] for mode in MODES))
    return ViewReport(name, found, tuple(views.explain(model, differences)))
