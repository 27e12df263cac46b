"""A report of tables as it could be: every verdict is as expected, every number is made up."""

from podfsm.explore.coverage import Coverage
from podfsm.explore.prove import Step
from podfsm.explore.report import (
    ConfigurationReport,
    PropertyReport,
    PropertyVerdict,
    Report,
    Size,
    ViewReport,
)
from podfsm.explore.views import MODES, Projection
from podfsm.language.model import Model


def told(model: Model) -> tuple[Step, ...]:
    """One step for each event: its rows, one argument, and what a story shows."""
    return tuple(
        Step(
            event=event.id if not machine.collection else f"{event.id}@some/{machine.collection}",
            rows=tuple(row.id for row in event.rows),
            arguments=(("code", 0), ("odd", "|")),
            decided=(),
            shows=(("phase", "a|b"), ("status", "`c`")),
        )
        for machine in model.machines.values()
        for event in machine.events
    )


def report_of(model: Model) -> Report:
    """Return a report in which every verdict is as expected, with numbers that are found nowhere else."""
    story = told(model)
    size = Size(states=123457, transitions=765431, depth=97, local_states={"pod": 11}, seconds=1.25)
    configurations = {
        name: ConfigurationReport(
            id=name,
            title=entry.text("title"),
            machines=tuple(model.machines)[:1],
            features=tuple(model.named["features"])[:2],
            counters={"c": 2},
            gates=dict.fromkeys(list(model.gates)[:1], False),
            sizes=dict.fromkeys(MODES, size),
            same=True,
        )
        for name, entry in model.named["configurations"].items()
    }
    somewhere = next(iter(configurations), "somewhere")
    properties = {
        one.id: PropertyReport(
            one.id,
            {mode: _verdict(one.expect.get(mode, "proved"), somewhere, story) for mode in MODES},
            {},
        )
        for one in model.properties.values()
    }
    views = {
        name: ViewReport(name, {mode: Projection(name, mode, frozenset(list(view.nodes)[:1])) for mode in MODES}, ())
        for name, view in model.views.items()
    }
    rows = len(list(model.rows()))
    return Report("digest", configurations, properties, views, Coverage(rows, rows), {"folder": 7}, (), (), 0.5)


def _verdict(expected: str, somewhere: str, story: tuple[Step, ...]) -> PropertyVerdict:
    if expected == "proved":
        return PropertyVerdict("PROVED", expected, proved=(somewhere,))
    return PropertyVerdict("REFUTED", expected, refuted=(somewhere,), configuration=somewhere, story=story[:6])
