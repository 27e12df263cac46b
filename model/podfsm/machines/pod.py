"""A pod as composed state machines: events are fired, and the status is what the API server would show."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from podfsm.errors import PodfsmError
from podfsm.explore.configuration import Configuration, program_for, starts_of, whole_pod
from podfsm.language import kubernetes, tables
from podfsm.language.evaluate import Program
from podfsm.language.model import Event, Field, Model
from podfsm.machines.choosing import Chooser, is_of, recorded, wanted
from podfsm.machines.composition import Composition, element_name
from podfsm.machines.errors import ArgumentError, NotEnabledError, UnknownNameError, shown
from podfsm.machines.region import RegionMachine
from podfsm.observe.answer import write
from podfsm.observe.manifest import PodShape, read_manifest

if TYPE_CHECKING:
    import transitions

BINDING = "live-status"
"""The binding of the tables that says what the API shows."""

Choices = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fired:
    """One event that has happened.

    Attributes
    ----------
    region, event, arguments
        What was fired.
    choices
        What was chosen for the events that it fired in turn: values of arguments by element (``app``) and name; and
        for rows that may fire or not, whether they did, by the row's id.
    rows
        The rows of the tables that fired, those of the event first.
    """

    region: str
    event: str
    arguments: Mapping[str, Any]
    choices: Mapping[str, Any]
    rows: tuple[str, ...]


class Enabled(NamedTuple):
    """An event that can happen now, and the arguments with which it can: of numbers one of each kind."""

    region: str
    event: str
    arguments: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Setup:
    """What a `PodMachine` is made from: tables, pod, and the choices under which the tables are read."""

    model: Model
    configuration: Configuration
    defects: str = "as-is"
    program: Program = field(init=False)

    def __post_init__(self) -> None:
        if self.defects not in ("as-is", "intended"):
            raise UnknownNameError("choice of defects", self.defects, ("as-is", "intended"))
        program = program_for(self.model, self.configuration, self.defects, frozenset())
        object.__setattr__(self, "program", program)


class PodMachine:
    """The regions of one pod, composed as the tables say.

    Nothing happens by itself: an event happens when it is fired, whoever causes it (a user, the scheduler, the
    kubelet, the container runtime, a clock). The semantics of an event is that of the exhaustive exploration, but
    counters are exact, and numbers need not be one of each kind.

    Parameters
    ----------
    setup
        Tables, pod and choices; see `from_manifest`.

    Examples
    --------
    >>> from podfsm import PodMachine
    >>> pod = PodMachine.from_manifest('''
    ... apiVersion: v1
    ... kind: Pod
    ... metadata: {name: web}
    ... spec:
    ...   nodeName: node-1
    ...   restartPolicy: Never
    ...   containers: [{name: app, image: "web:1"}]
    ... ''')
    >>> pod.phase
    'Pending'
    >>> pod.fire("worker", "admit").rows
    ('worker.admit',)
    >>> pod.fire("worker", "sync").choices
    {'app': {'outcome': 'ok'}}
    >>> pod.phase, pod.conditions["Ready"]["status"]
    ('Running', 'True')
    >>> pod.fire("container/app", "exit", code=1).rows
    ('container.exit',)
    >>> pod.fire("container/app", "exit", code=1)
    Traceback (most recent call last):
    ...
    podfsm.machines.errors.NotEnabledError: container/app: event exit code=1 is not enabled while ...
    >>> pod.phase
    'Running'
    >>> again = PodMachine.from_json(pod.to_json())
    >>> for event in ["complete", "stopped"]:
    ...     _ = again.fire("worker", event)
    >>> again.phase, pod.phase
    ('Failed', 'Running')
    >>> again.status()["containerStatuses"][0]["state"]
    {'terminated': {'exitCode': 1, 'reason': 'Error'}}
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        configuration, model = setup.configuration, setup.model
        self._pod = Composition(
            setup.program,
            configuration.document,
            starts_of(model, configuration),
            frozenset(configuration.features),
            frozenset(configuration.machines or whole_pod(model)),
        )
        self._history: list[Fired] = []

    def __repr__(self) -> str:
        states = ", ".join(f"{name} is {state}" for name, state in self.states.items())
        return f"<{type(self).__name__}: {states or 'no region has states'}; events so far: {len(self._history)}>"

    @classmethod
    def from_manifest(
        cls,
        pod: PodShape | Mapping[str, Any] | str | bytes,
        *,
        features: Iterable[str] | None = None,
        machines: Iterable[str] = (),
        gates: Mapping[str, bool] | None = None,
        minor: str = "",
        defects: str = "as-is",
        model: Model | None = None,
    ) -> PodMachine:
        """Make the machine of a pod that has just been created.

        Parameters
        ----------
        pod
            YAML or JSON text with one object that has a pod (a Pod, a Deployment, ...), such an object, or a
            `PodShape`. Where the tables declare no kinds, an object is taken as it is.
        features
            Names of the features of the tables that are on; None: all of them. Without ``scheduling`` the pod is
            bound from the start.
        machines
            Names of the machines whose events can be fired; none: those of a whole pod.
        gates, minor
            Feature gates that differ from the defaults, and the Kubernetes minor, such as ``1.34``.
        defects
            ``as-is`` keeps what Kubernetes does only because of a known defect, ``intended`` leaves it out.
        model
            The tables; the shipped ones if None.

        Raises
        ------
        PodfsmError
            if the API server would refuse the pod; if there are none or several pods; for an unknown feature, machine,
            gate or minor.
        """
        model = model or tables.shipped()
        gates = _gates(gates)
        if not isinstance(minor, str):
            raise ArgumentError(f"minor: give a Kubernetes minor such as '1.34', not {shown(minor)}")
        known = model.named["features"]
        chosen = list(known) if features is None else _listed("feature", features, known)
        configuration = Configuration(
            id="",
            document=_document(pod, model, minor, gates),
            features=tuple(name for name in known if name in chosen),
            machines=tuple(_listed("machine", machines, model.machines)),
            minor=minor or kubernetes.default_minor(model),
            gates=gates,
        )
        return cls(Setup(model, configuration, defects))

    # -------------------------------------------------------------------------------------------------------- firing

    def fire(self, region: str, event: str, /, *, choices: Choices | None = None, **arguments: Any) -> Fired:
        """Let an event happen.

        Parameters
        ----------
        region
            Name of the region: the machine and the element it belongs to, such as ``worker`` or ``container/app``.
        event
            Name of the event.
        choices
            What happens in the events that this one fires on other elements: by element (``app``) the value of the
            argument that is to choose, or several by name. Also, by a row's id, whether a row fires that may or may
            not. What is left out is the first thing that is possible: of values the first in the order of the tables
            (which is the good end, such as ``ok``), of a row that it does not fire.
        arguments
            The event's arguments; for names with a hyphen, write an underscore.

        Returns
        -------
        What has happened, as it is appended to `history`.

        Raises
        ------
        NotEnabledError
            if the event cannot happen now, with that arguments.
        UnknownNameError, ArgumentError
            for names and values that there are not. After any error the pod is as it was.
        """
        return self.fire_with(region, event, arguments, choices)

    def fire_with(self, region: str, event: str, arguments: Mapping[str, Any], choices: Choices | None = None) -> Fired:
        """Let an event happen, as `fire` does; here the arguments are a mapping, as in `Fired`."""
        machine, definition = self._event(region, event)
        given = self._arguments(machine, definition, arguments)
        decider = Chooser({} if choices is None else choices)
        before = self._pod.values()
        rows = self._pod.run(machine, definition, given, decider)
        if not rows:
            raise self._refusal(machine, event, given)
        try:
            decider.refuse_unused(definition)
        except PodfsmError:
            self._pod.load(before)
            raise
        fired = Fired(region, event, given, recorded(decider.taken), rows)
        self._history.append(fired)
        return fired

    def enabled(self) -> list[Enabled]:
        """Every event that can happen now, in the order of the tables."""
        found = []
        for name, region in self._pod.regions.items():
            for event in self._pod.offered(region):
                given = [a for a in self._pod.arguments(event, region.element) if region.effects(event.name, a)]
                if given:
                    found.append(Enabled(name, event.name, tuple(given)))
        return found

    def alternatives(self, region: str, event: str, /, **arguments: Any) -> list[Mapping[str, Any]]:
        """Every `choices` with which an event can be fired now; none if it is not enabled."""
        machine, definition = self._event(region, event)
        given = self._arguments(machine, definition, arguments)
        return [recorded(taken) for taken, _ in self._pod.outcomes(machine, definition, given)]

    def _event(self, region: str, event: str) -> tuple[RegionMachine, Event]:
        offered = {name: self._pod.offered(machine) for name, machine in self._pod.regions.items()}
        regions = [name for name, events in offered.items() if events]
        if not isinstance(region, str) or region not in regions:
            raise UnknownNameError("region", region, regions)
        events = {definition.name: definition for definition in offered[region]}
        if not isinstance(event, str) or event not in events:
            raise UnknownNameError(f"event of {region}", event, list(events))
        return self._pod.regions[region], events[event]

    def _arguments(self, region: RegionMachine, event: Event, given: Mapping[str, Any]) -> dict[str, Any]:
        types = {name: (type_, values) for name, type_, values in event.arguments}
        found: dict[str, Any] = {}
        for written, value in given.items():
            name = written if written in types else written.replace("_", "-")
            if name not in types:
                raise UnknownNameError(f"argument of event {event.name}", written, list(types))
            type_, values = types[name]
            if not is_of(value, type_, values):
                raise ArgumentError(
                    f"{region.name} {event.name}: {name} is {wanted(type_, values)}, not {shown(value)}"
                )
            found[name] = value
        for name, (type_, values) in types.items():
            if name not in found:
                raise ArgumentError(f"{region.name} {event.name}: give {name}, {wanted(type_, values)}")
        return {name: found[name] for name in types}

    def _refusal(self, region: RegionMachine, event: str, arguments: Mapping[str, Any]) -> NotEnabledError:
        fired = " ".join([event, *(f"{name}={value}" for name, value in arguments.items())])
        others = [r for n, r in self._pod.regions.items() if r is not region and n in self.states]
        state = ", ".join(f"{r.name} is {r.state}" for r in [region, *others])
        return NotEnabledError(region.name, fired, state, [f"{e.region} {e.event}" for e in self.enabled()])

    # -------------------------------------------------------------------------------------------------------- looking

    @property
    def states(self) -> Mapping[str, str]:
        """The state of every region, by name; regions without events or without states are left out."""
        regions = self._pod.regions
        return {n: r.state for n, r in regions.items() if r.main is not None and self._pod.offered(r)}

    def transitions(self, region: str) -> transitions.Machine:
        """Show the `transitions` machine of a region."""
        if not isinstance(region, str) or region not in self._pod.regions:
            raise UnknownNameError("region", region, list(self._pod.regions))
        return self._pod.regions[region].machine

    @property
    def variables(self) -> dict[str, dict[str, Any]]:
        """All variables: by element (the pod is ``''``) and name."""
        found: dict[str, dict[str, Any]] = {}
        for (element, variable), value in zip(self._pod.variables, self._pod.values(), strict=True):
            found.setdefault(element_name(element), {})[variable.name] = value
        return found

    @property
    def kinds(self) -> list[Field]:
        """The declarations of all `variables`, in their order."""
        return [variable for _, variable in self._pod.variables]

    def status(self) -> dict[str, Any] | None:
        """Write the PodStatus that the API server would show, as JSON; None when the pod is removed."""
        binding = self._setup.model.bindings.get(BINDING)
        if binding is None:
            raise PodfsmError(f"the tables have no binding {BINDING!r}, which says what the API shows")
        root = self._pod.world.root
        found: dict[str, Any] | None = write(binding.out, self._pod.world, (root,))
        return found

    @property
    def phase(self) -> str | None:
        """The phase that the API server would show; None when the pod is removed."""
        status = self.status()
        return None if status is None else str(status["phase"])

    @property
    def conditions(self) -> dict[str, dict[str, Any]]:
        """The conditions that the API server would show, by type."""
        return {condition["type"]: condition for condition in (self.status() or {}).get("conditions", [])}

    @property
    def history(self) -> tuple[Fired, ...]:
        """Everything that has happened, oldest first."""
        return tuple(self._history)

    @property
    def setup(self) -> Setup:
        """What the machine was made from."""
        return self._setup

    # ------------------------------------------------------------------------------------------------------- keeping

    def copy(self) -> PodMachine:
        """Make another pod in the same state and with the same history."""
        machine = type(self)(self._setup)
        machine._pod.load(self._pod.values())
        machine._history = list(self._history)
        return machine

    def to_json(self) -> str:
        """Save pod, state and history as JSON text, which `from_json` reads."""
        from podfsm.machines.saved import dump

        return dump(self)

    @classmethod
    def from_json(cls, text: str | bytes, model: Model | None = None) -> PodMachine:
        """Restore a saved pod.

        Raises
        ------
        SaveError
            if the text is no saved pod, was saved with other tables, or says what no run of events gives.
        """
        from podfsm.machines.saved import load

        return load(text, model or tables.shipped(), cls)


def _listed(what: str, names: Iterable[str], known: Iterable[str]) -> list[str]:
    if not isinstance(names, Iterable) or isinstance(names, bytes | Mapping):
        raise ArgumentError(f"{what}s: give a list of names, not {shown(names)}")
    chosen, all_names = ([names] if isinstance(names, str) else list(names)), list(known)
    for name in chosen:
        if name not in all_names:
            raise UnknownNameError(what, name, all_names)
    return chosen


def _gates(gates: Mapping[str, bool] | None) -> dict[str, bool]:
    found = {} if gates is None else gates
    if not isinstance(found, Mapping) or not all(
        isinstance(name, str) and isinstance(value, bool) for name, value in found.items()
    ):
        raise ArgumentError(f"gates: give True or False by the names of gates, not {shown(gates)}")
    return dict(found)


def _document(
    pod: PodShape | Mapping[str, Any] | str | bytes, model: Model, minor: str, gates: Mapping[str, bool]
) -> Mapping[str, Any]:
    """Make the document that a `World` reads."""
    if isinstance(pod, PodShape):
        return pod.pod
    if isinstance(pod, Mapping) and not model.kinds:
        return pod
    try:
        text = pod if isinstance(pod, str | bytes) else json.dumps(pod, default=_plain)
        data = text.encode() if isinstance(text, str) else text
    except (TypeError, ValueError, RecursionError) as error:
        raise PodfsmError(f"manifest: no JSON object: {error}; give one, or YAML or JSON text") from None
    found = read_manifest(data, "manifest", Program(model, kubernetes.gates(model, minor, gates))).pods
    if len(found) != 1:
        raise PodfsmError(f"manifest: {len(found)} pods; give one, or read them with podfsm.observe.manifest")
    return found[0].pod


def _plain(value: Any) -> dict[Any, Any]:
    """Help to write mappings that are no dictionaries."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{shown(value)} cannot be written")
