"""Steps of composed regions on toy tables: what happens at the same time, which rows may be chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from podfsm import NotEnabledError, PodfsmError, PodMachine
from podfsm.language.load import load
from podfsm.language.model import Model
from podfsm.machines.errors import ArgumentError, UnknownNameError

CROSSING = Path(__file__).parent.parent / "data" / "crossing"

EXTRA = """
machines:
  crier:
    title: somebody who cries
    per: crossing
    variables: {noise: {domain: mood, start: calm}}
    events:
      cry:
        actor: walker
        then: {noise: busy}
        why: somebody cries
        cite: the manual
        each: [{of: "light where not sleeps", fire: ear.hear}]
        publish: [tell]
      doze:
        actor: walker
        order: sequence
        cite: the manual
        rows:
        - {id: crier.yawn, explore: either, when: "limit > 5", then: {noise: unset}, end: true, why: perhaps a yawn}
        - {id: crier.doze, then: {noise: calm}, why: quiet again}
  ear:
    title: what a light hears
    per: light
    main: heard
    variables:
      heard: {domain: mood, start: unset}
      echo: {domain: mood, start: unset}
    events:
      hear: {internal: true, then: {heard: "= parent.noise"}, why: it hears what was, cite: the manual}
procedures:
  tell: {why: the noise arrives, stages: [{of: "light where heard = calm", set: {echo: "= parent.noise"}}]}
let:
  light: {sleeps: {is: "name = 'south'", why: it sleeps}}
"""

DOCUMENT = {"lights": {"road": [{"name": "north"}, {"name": "south"}], "walk": [{"name": "walk"}]}}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    directory = tmp_path_factory.mktemp("tables")
    (directory / "crossing.yaml").write_text((CROSSING / "crossing.yaml").read_text())
    (directory / "extra.yaml").write_text(EXTRA)
    return load(directory)


def test_events_that_are_fired_see_what_was_before(model: Model) -> None:
    crossing = PodMachine.from_manifest(DOCUMENT, model=model)
    fired = crossing.fire("crier", "cry")
    assert fired.rows == ("crier.cry", "ear.hear", "ear.hear")
    found = crossing.variables
    assert found[""]["noise"] == "busy"
    assert [found[name]["heard"] for name in ("north", "south", "walk")] == ["calm", "unset", "calm"]
    assert [found[name]["echo"] for name in ("north", "south", "walk")] == ["busy", "unset", "busy"]


def test_a_row_that_may_fire_is_a_choice(model: Model) -> None:
    crossing = PodMachine.from_manifest(DOCUMENT, model=model)
    assert crossing.alternatives("crier", "doze") == [{"crier.yawn": False}, {"crier.yawn": True}]
    assert crossing.copy().fire("crier", "doze").rows == ("crier.doze",)
    fired = crossing.fire("crier", "doze", choices={"crier.yawn": True})
    assert fired.rows == ("crier.yawn",)
    assert fired.choices == {"crier.yawn": True}
    with pytest.raises(UnknownNameError, match=r"did you mean crier\.yawn"):
        crossing.fire("crier", "doze", choices={"crier.yaw": True})
    with pytest.raises(ArgumentError, match="is True or False, not 'perhaps'"):
        crossing.fire("crier", "doze", choices={"crier.yawn": "perhaps"})


def test_choices_have_the_first_value_unless_said(model: Model) -> None:
    crossing = PodMachine.from_manifest(DOCUMENT, model=model)
    assert crossing.fire("works", "dig", choices={"walk": "walk"}).choices == {
        "north": {"how": "road"},
        "south": {"how": "road"},
        "walk": {"how": "walk"},
    }
    assert not crossing.variables["north"]["lit"]


def test_counters_count_on_as_far_as_rows_let_them(model: Model) -> None:
    crossing = PodMachine.from_manifest(DOCUMENT, model=model)
    assert list(crossing.transitions("press").states) == ["false", "true"]
    crossing.fire("press", "push", hard=True)
    for count in range(2, 4):
        crossing.fire("press", "push", hard=False)
        assert crossing.variables[""]["waiting"] == count
    with pytest.raises(NotEnabledError, match="push hard=True is not enabled"):
        crossing.fire("press", "push", hard=True)


def test_names_must_tell_things_apart(model: Model) -> None:
    with pytest.raises(PodfsmError, match="two things are called 'a'"):
        PodMachine.from_manifest({"lights": {"road": [{"name": "a"}, {"name": "a"}]}}, model=model)


def test_tables_without_a_status_say_so(model: Model) -> None:
    with pytest.raises(PodfsmError, match="no binding 'live-status'"):
        PodMachine.from_manifest(DOCUMENT, model=model).status()
