"""Recorded streams conform."""

import copy
import json
import random
from collections.abc import Mapping
from typing import Any

import pytest

import evidence
from observe.corrupting import names, recorded, stream
from observe.judging import judge, whole
from podfsm.language.tables import shipped
from podfsm.observe.watch import Version, Watch, noted


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch(shipped())


@pytest.mark.parametrize("name", names())
def test_what_kubernetes_does_is_no_violation(watch: Watch, name: str) -> None:
    records = judge(watch, whole(name))
    assert evidence.of_stream(records) == evidence.committed()["streams"][name], evidence.MEND
    assert [record for record in records if record["record"] not in ("defect", "summary")] == []
    assert records[-1]["events"] == len(recorded(name))


@pytest.mark.parametrize("seed", [1, 2])
def test_missing_versions_are_no_violation(watch: Watch, seed: int) -> None:
    """A stream may begin in the middle of a life, and versions may be missing."""
    chance = random.Random(seed)
    found = []
    for name in names():
        kept = [event for event in recorded(name) if chance.random() < 0.4]
        records = judge(watch, stream((event.type, event.pod) for event in kept))
        found += [
            f"{name}#{kept[int(str(r['event']))].number} {r['rule']}" for r in records if r["record"] == "violation"
        ]
    assert found == []


#: Events at which a user's write is visible, by stream.
FOREIGN_WRITES = {
    "x03-user-sets-pending": [5],
    "w16-user-status-patches": [22, 25, 26, 30, 32, 33, 36, 37, 38, 40, 41, 48],
    "x16-api-status-transitions": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
}


@pytest.mark.parametrize("name", names(foreign=True))
def test_foreign_writes_are_found_and_their_repair_is_not(watch: Watch, name: str) -> None:
    found = [record["event"] for record in judge(watch, whole(name)) if record["record"] == "violation"]
    assert found == FOREIGN_WRITES[name]


@pytest.mark.parametrize("name", names(foreign=True))
def test_the_api_server_accepted_the_foreign_writes(name: str) -> None:
    records = judge(Watch(shipped(), only_server=True), whole(name))
    assert [record for record in records if record["record"] == "violation"] == []


def test_guesses_agree_with_what_follows(watch: Watch) -> None:
    """The guesses at a version are a part of all guesses, and never none."""
    version: Version | None = None
    for event in recorded("h01-deadline-always"):
        judgement = watch.judge(version, noted(event.pod, version is None, event.type == "DELETED"))
        assert judgement.guesses <= set(watch.every_guess)
        assert judgement.guesses
        version = Version(noted(event.pod, version is None, event.type == "DELETED"), judgement.guesses)


def test_strict_takes_defects_for_violations() -> None:
    records = judge(Watch(shipped(), defects="intended"), whole("w10e-succeeded-then-failed-deadline"))
    assert any(record["record"] == "violation" for record in records)
    assert not any(record["record"] == "defect" for record in records)


@pytest.mark.parametrize(
    "name", [name for name in names() if "defects" in evidence.committed()["streams"][name] and name[:3] != "w02"]
)
def test_strict_takes_exactly_the_reported_defects_for_violations(watch: Watch, name: str) -> None:
    as_is = {record["event"] for record in judge(watch, whole(name)) if record["record"] == "defect"}
    strict = judge(Watch(shipped(), defects="intended"), whole(name))
    assert {record["event"] for record in strict if record["record"] == "violation"} == as_is
    assert not any(record["record"] == "defect" for record in strict)


def defects(watch: Watch, pods: list[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """(event, defect) of versions of one pod; nothing else may be found."""
    *found, _ = judge(watch, stream(("MODIFIED", pod) for pod in pods))
    assert [record for record in found if record["record"] != "defect"] == []
    return [(record["event"], record["defect"]) for record in found]


def test_a_rerun_that_the_api_server_refused_shows_when_it_has_ended(watch: Watch) -> None:
    """K07, which no recorded stream shows: the container is finished, and later another instance of it is."""
    event = next(e for e in recorded("b02-always-ok-and-bad-idle") if "terminated" in slot(e.pod, 1).get("state", {}))
    before = copy.deepcopy(dict(event.pod))
    (own,) = (one for one in before["spec"]["containers"] if one["name"] == slot(before, 1)["name"])
    own["restartPolicy"] = "Never"
    after = copy.deepcopy(before)
    ended = slot(after, 1)
    ended |= {"lastState": copy.deepcopy(ended["state"]), "restartCount": 1, "containerID": "containerd://new"}
    ended["state"]["terminated"]["containerID"] = "containerd://new"
    assert defects(watch, [before, after]) == [(1, "K07")]
    for pod in (before, after):
        for one in pod["spec"]["containers"]:
            one.pop("restartPolicy", None)
    assert defects(watch, [before, after]) == []


def test_a_container_that_is_ready_before_its_startup_probe_can_run(watch: Watch) -> None:
    """K11, which no recorded stream shows."""
    pod = next(
        copy.deepcopy(dict(event.pod))
        for event in recorded("d03-startup-late-idle")
        if slot(event.pod, 0).get("ready") and "deletionTimestamp" not in event.pod["metadata"]
    )
    assert defects(watch, [pod]) == []
    pod["spec"]["containers"][0]["startupProbe"]["initialDelaySeconds"] = 600
    assert defects(watch, [pod]) == [(0, "K11")]


def slot(pod: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The status of a container, {} if there is none."""
    found: list[dict[str, Any]] = pod["status"].get("containerStatuses") or []
    return found[number] if found else {}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("w07-onfailure-init-rerun-status-dropped", [(29, "p", "K08"), (36, "p", "K08")]),
        ("w09-delete-during-poststart", [(37, "two", "K18")]),
        ("w19-main-not-restarted-without-sidecar", [(42, "badimg", "K17"), (45, "crash", "K17")]),
        ("a08-delete-twice-shorter", []),
        ("w06b-probe-counter-exact", []),
    ],
)
def test_defects_that_only_later_versions_show(watch: Watch, name: str, wanted: list[tuple[int, str, str]]) -> None:
    found = [record for record in judge(watch, whole(name)) if record["record"] == "defect"]
    assert [(record["event"], record["pod"].partition("/")[2], record["defect"]) for record in found] == wanted


def test_each_defect_is_reported_or_cannot_be_told() -> None:
    reported = {row.defect for row in shipped().watch_rows() if row.defect}
    unseen = {name for name, defect in shipped().named["defects"].items() if defect.text("unseen")}
    assert reported | unseen == set(shipped().named["defects"])
    assert not reported & unseen


def test_records_are_json() -> None:
    for record in judge(Watch(shipped()), whole("w16-user-status-patches")):
        json.dumps(record)
