"""What `podfsm build` says at the end: lines for people, or JSON as ``schemas/build.schema.json`` describes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from podfsm.language import kubernetes

if TYPE_CHECKING:
    from podfsm.explore.report import ConfigurationReport, PropertyVerdict, Report, Size
    from podfsm.files import Difference
    from podfsm.language.model import Model
    from podfsm.requests import Lang

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "files": "{total} files below {root}: {written} written, {removed} removed",
        "as-is": "as is",
        "intended": "intended",
        "sizes": "{mode}: {configurations} configurations, {states:,} states, {transitions:,} transitions; of "
        "{properties} properties {proved} proved and {refuted} refuted, as expected; {others} not as expected",
        "evidence": "{cases:,} recorded answers of Kubernetes compared, in {folders} folders; {fired} of {rows} rows "
        "fired, {unreached} are listed as unreached; {views} views computed",
        "problems": "{problems} problems, {undetermined} undetermined",
        "fine": "everything is as the tables expect",
        "seconds": "{seconds:.1f} s",
    },
    "ko": {
        "files": "{root} 아래 파일 {total}개: {written}개를 쓰고 {removed}개를 지웠다",
        "as-is": "현재 동작",
        "intended": "의도한 동작",
        "sizes": "{mode}: 구성 {configurations}개, 상태 {states:,}개, 전이 {transitions:,}개. 성질 {properties}개 중 "
        "예상대로 {proved}개가 증명되고 {refuted}개가 반증되었으며, 예상과 다른 것은 {others}개다",
        "evidence": "기록된 Kubernetes의 답 {cases:,}개를 비교했다(폴더 {folders}개). 행 {rows}개 중 {fired}개가 "
        "쓰였고 {unreached}개는 쓰이지 않는 이유가 적혀 있다. 뷰 {views}개를 계산했다",
        "problems": "문제 {problems}개, 판정하지 못한 것 {undetermined}개",
        "fine": "모두 테이블이 예상하는 대로다",
        "seconds": "{seconds:.1f}초",
    },
}


@dataclass(frozen=True, slots=True)
class Outputs:
    """What became of the files: where, how many there should be, and the paths that were written and so on."""

    root: str
    total: int
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    different: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """All that `podfsm build` has found.

    Attributes
    ----------
    changes
        How other tables differ from the shipped ones.
    outputs
        None if nothing was written or compared.
    seconds
        Wall-clock time of everything.
    """

    model: Model
    report: Report
    problems: Sequence[str]
    changes: Sequence[str] = ()
    outputs: Outputs | None = None
    seconds: float = field(default=0.0, compare=False)

    @property
    def failed(self) -> bool:
        """Whether anything that was proved or compared, but for files, is not as it should be."""
        return bool(self.problems or self.report.undetermined)


def lines(summary: Summary, lang: Lang) -> Iterator[str]:
    """Yield the lines of the text; the one before the last says whether all is well."""
    words, report, outputs = _WORDS[lang], summary.report, summary.outputs
    if outputs is not None and not outputs.different:
        yield words["files"].format(
            total=outputs.total, root=outputs.root, written=len(outputs.written), removed=len(outputs.removed)
        )
    for mode in ("as-is", "intended"):
        sizes = [one.sizes[mode] for one in report.configurations.values() if mode in one.sizes]
        verdicts = [one.modes[mode] for one in report.properties.values()]
        right = [v.verdict for v in verdicts if v.as_expected]
        yield words["sizes"].format(
            mode=words[mode],
            configurations=len(sizes),
            states=sum(size.states for size in sizes),
            transitions=sum(size.transitions for size in sizes),
            properties=len(verdicts),
            proved=right.count("PROVED"),
            refuted=right.count("REFUTED"),
            others=len(verdicts) - len(right),
        )
    yield words["evidence"].format(
        cases=sum(report.cases.values()),
        folders=len(report.cases),
        fired=report.coverage.fired,
        rows=report.coverage.rows,
        unreached=len(report.coverage.unreached),
        views=len(summary.model.views),
    )
    yield verdict(summary, lang)
    yield words["seconds"].format(seconds=summary.seconds)


def verdict(summary: Summary, lang: Lang) -> str:
    """Return the line that says whether all is well."""
    words = _WORDS[lang]
    if not summary.failed:
        return words["fine"]
    return words["problems"].format(problems=len(summary.problems), undetermined=len(summary.report.undetermined))


def as_json(summary: Summary) -> dict[str, Any]:
    """Write everything as a JSON object."""
    report, outputs = summary.report, summary.outputs
    coverage = report.coverage
    found: dict[str, Any] = {
        "schema": 1,
        "kubernetes": kubernetes.default_minor(summary.model),
        "tables": summary.model.digest,
        "configurations": [_configuration(one) for one in report.configurations.values()],
        "properties": [
            _property(one.id, mode, found) for one in report.properties.values() for mode, found in one.modes.items()
        ],
        "views": [{"id": view.id, "differences": list(view.differences)} for view in report.views.values()],
        "coverage": {"rows": coverage.rows, "fired": coverage.fired, "unreached": list(coverage.unreached)},
        "vectors": [{"table": name, "cases": cases} for name, cases in report.cases.items()],
        "problems": list(summary.problems),
        "undetermined": list(report.undetermined),
        "changes": list(summary.changes),
        "seconds": round(summary.seconds, 3),
    }
    if outputs is not None:
        found["files"] = {
            "root": outputs.root,
            "total": outputs.total,
            "written": list(outputs.written),
            "removed": list(outputs.removed),
            "different": [{"path": one.path, "kind": one.kind} for one in outputs.different],
        }
    return found


def size_of(found: Size) -> dict[str, int]:
    """Return the numbers of states and transitions, and the depth."""
    return {"states": found.states, "transitions": found.transitions, "depth": found.depth}


def _configuration(one: ConfigurationReport) -> dict[str, Any]:
    return {"id": one.id, "modes": {mode: size_of(found) for mode, found in one.sizes.items()}}


def _property(name: str, mode: str, found: PropertyVerdict) -> dict[str, Any]:
    return {"id": name, "mode": mode, "verdict": found.verdict, "expected": found.expected.upper()}
