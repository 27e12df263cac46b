"""What each command is asked to do.

A command of `podfsm.cli` parses its arguments into one of these and passes it to ``run(request) -> int`` of the module
of the same name, which prints through ``request.console`` and returns the exit status (`Status`). Bad input is raised
as `podfsm.errors.PodfsmError`. Programs and tests may call ``run`` in the same way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from podfsm.cli.output import Console
from podfsm.errors import PodfsmError

if TYPE_CHECKING:
    from podfsm.language.model import Model

Lang = Literal["en", "ko"]
Output = Literal["text", "json"]
Defects = Literal["as-is", "intended"]
#: Most bytes of one document, or of one line, unless another number is allowed.
MAX_DOCUMENT: Final = 64 * 1024 * 1024

PictureFormat = Literal["svg", "png", "pdf", "dot"]


class Status(IntEnum):
    """Exit statuses, the same for every command."""

    FINE = 0
    DIFFERS = 1
    """A verdict differs from what is expected, a stream does not conform, or a check fails."""
    UNUSABLE = 2
    """Bad usage or unreadable input, tables that do not load included."""
    UNDETERMINED = 3
    """A bound was hit before there was an answer."""

    @classmethod
    def worst(cls, *statuses: "Status") -> "Status":
        """Return the one to exit with when several apply: UNUSABLE before DIFFERS before UNDETERMINED."""
        order = (cls.UNUSABLE, cls.DIFFERS, cls.UNDETERMINED)
        return next((status for status in order if status in statuses), cls.FINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What every command takes.

    Attributes
    ----------
    tables
        Directory of tables to use instead of the shipped ones.
    console
        Where to print.
    """

    tables: Path | None = None
    console: Console = field(default_factory=Console, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """The Kubernetes that is modelled.

    Attributes
    ----------
    kubernetes
        Minor version such as ``1.36``; the default of the tables if None.
    gates
        Feature gates set by name; the others have the default of the version.
    defects
        ``as-is`` keeps the rows that only a defect of Kubernetes makes, ``intended`` switches them off.
    """

    kubernetes: str | None = None
    gates: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))
    defects: Defects = "as-is"


def demand_default(model: "Model", cluster: Cluster, command: str) -> None:
    """Refuse another Kubernetes than the default one: what a command writes or judges is of that one, in both modes.

    Raises
    ------
    PodfsmError
        If the cluster is another one, or one that the tables do not cover.
    """
    from podfsm.language import kubernetes

    default = kubernetes.default_minor(model)
    other = kubernetes.gates(model, cluster.kubernetes or "", cluster.gates) != kubernetes.gates(model)
    if other or cluster.kubernetes not in (None, default) or cluster.defects != "as-is":
        raise PodfsmError(
            f"podfsm {command} is about Kubernetes {default} with its default gates, as it is and as it is intended; "
            "leave --kubernetes, --gate and --defects away, or ask podfsm verify"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildRequest(Request):
    """Validate the tables, prove the properties, and write what is generated from them.

    Attributes
    ----------
    check
        Write nothing; fail where the committed files differ. With `tables`, run every check on those tables.
    out
        Directory that holds ``generated`` and ``diagrams``; the checkout around the working directory if None.
    cluster
        The Kubernetes that is modelled: only the default one, since that is what is proved and written.
    output, lang
        Form and language of the summary.
    """

    check: bool = False
    out: Path | None = None
    cluster: Cluster = field(default_factory=Cluster)
    output: Output = "text"
    lang: Lang = "en"


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifyRequest(Request):
    """Explore pods exhaustively and judge every property.

    Attributes
    ----------
    manifests
        Files with manifests, ``-`` for standard input (`podfsm.files.read_input`); none means the shipped
        configurations.
    properties
        Identifiers of the properties to judge; none means all that apply.
    limit
        Number of states after which the answer is UNDETERMINED; a default of the exploration if None.
    cluster
        The Kubernetes that is modelled.
    output, lang
        Form and language of the result.
    out
        File for the result; standard output if None.
    verbose
        Tell every verdict with its story, as text.
    """

    manifests: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    limit: int | None = None
    cluster: Cluster = field(default_factory=Cluster)
    output: Output = "text"
    lang: Lang = "en"
    out: Path | None = None
    verbose: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawRequest(Request):
    """Draw a view, or the lifecycle of one pod.

    Attributes
    ----------
    view
        Name of the picture; None lists them, or with `manifest` means the picture of that pod.
    manifest
        File with a manifest, ``-`` for standard input (`podfsm.files.read_input`).
    out
        File for the picture; one in the working directory, named after the picture or the pod, if None.
    format
        Form of the picture; None means that of the suffix of `out`, and SVG without one.
    current
        Nodes to highlight.
    trace
        File with the answer of ``verify -o json``, ``-`` for standard input, whose counterexample is highlighted.
    property
        Property whose counterexample is highlighted; without `trace` it is searched for.
    dot
        Graphviz program to draw with; one that is found if None.
    cluster
        The Kubernetes that is modelled.
    output
        Form of what is printed: the list of diagrams, or of the files that were written.
    lang
        Language of the labels.
    """

    view: str | None = None
    manifest: str | None = None
    out: Path | None = None
    format: PictureFormat | None = None
    current: tuple[str, ...] = ()
    trace: str | None = None
    property: str = ""
    dot: str | None = None
    cluster: Cluster = field(default_factory=Cluster)
    output: Output = "text"
    lang: Lang = "en"


@dataclass(frozen=True, kw_only=True, slots=True)
class ConformRequest(Request):
    """Judge the versions of the pods in a watch stream or in snapshots.

    Attributes
    ----------
    file
        File with watch events or pods, ``-`` for standard input.
    writer
        ``kubelet`` if only the real control plane writes status, ``any`` for what the API server itself enforces.
    max_document
        Most bytes of one document.
    cluster
        The Kubernetes that is modelled.
    output, lang
        Form and language of the result.
    out
        File for the result; standard output if None.
    """

    file: str = "-"
    writer: Literal["kubelet", "any"] = "kubelet"
    max_document: int = MAX_DOCUMENT
    cluster: Cluster = field(default_factory=Cluster)
    output: Literal["text", "json", "junit", "sarif"] = "text"
    lang: Lang = "en"
    out: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ShowRequest(Request):
    """Explain one row, property, state, reason or defect of the tables.

    Attributes
    ----------
    id
        Its identifier.
    cluster
        The Kubernetes for which is said whether a row counts.
    output, lang
        Form and language of the answer.
    """

    id: str
    cluster: Cluster = field(default_factory=Cluster)
    output: Output = "text"
    lang: Lang = "en"


@dataclass(frozen=True, kw_only=True, slots=True)
class DeriveRequest(Request):
    """Evaluate one decision table or small machine on JSON Lines.

    Attributes
    ----------
    table
        Its name; None lists the names.
    file
        File with the lines, ``-`` for standard input.
    cluster
        The Kubernetes that is modelled; gates in a line beat those given here.
    out
        File for the answers; standard output if None.
    max_document
        Most bytes of one line.
    output, lang
        Form and language of the list of tables; answers are lines of JSON whatever it is.
    """

    table: str | None = None
    file: str = "-"
    cluster: Cluster = field(default_factory=Cluster)
    out: Path | None = None
    max_document: int = MAX_DOCUMENT
    output: Output = "text"
    lang: Lang = "en"


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainRequest(Request):
    """Explain pods: where they are, why, what comes next, and what can still become of them.

    Attributes
    ----------
    names, namespace
        Pods to ask kubectl for, and where; None is the namespace of the kubectl configuration.
    files
        Files with pods, ``-`` for standard input, which is also read if there are neither names nor files.
    goal
        Goal of the tables that decides the exit status: 0 reached, 10 possible, 11 impossible.
    diagram
        File for a drawing of the lifecycle with the present state; its suffix gives the form.
    cluster
        The Kubernetes that is modelled.
    output, lang
        Form and language of the result.
    out
        File for the result; standard output if None.
    """

    names: tuple[str, ...] = ()
    namespace: str | None = None
    files: tuple[str, ...] = ()
    goal: str | None = None
    diagram: Path | None = None
    cluster: Cluster = field(default_factory=Cluster)
    output: Output = "text"
    lang: Lang = "en"
    out: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GenerateRequest(Request):
    """Write one target from the tables.

    Attributes
    ----------
    target
        Name of the target, such as ``python``.
    out
        Directory for the files; ``generated`` of the checkout around the working directory if None.
    check
        Write nothing; fail where the files there differ.
    cluster
        The Kubernetes that is modelled: only the default one, since that is what is generated.
    output, lang
        Form of the list of files, and language of messages.
    """

    target: str
    out: Path | None = None
    check: bool = False
    cluster: Cluster = field(default_factory=Cluster)
    output: Output = "text"
    lang: Lang = "en"
