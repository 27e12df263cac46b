import json
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from podfsm.explore import prove, search
from podfsm.requests import Cluster, Status
from podfsm.verify import judgement, size

Verify = Callable[..., Any]


def house(*lamps: str, name: str = "home") -> str:
    return f"{{apiVersion: v1, kind: House, metadata: {{name: {name}}}, spec: {{lamps: [{', '.join(lamps)}]}}}}"


MANY = house(*[f"{{name: b{i}}}" for i in range(6)])
ONLY = ("stays-broken",)
BULB, CANDLE, SHY = "{name: a}", "{name: c, fragile: true}", "{name: s, shy: true}"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let six lamps be too many for comfort."""
    monkeypatch.setattr(size, "COMFORTABLE", 0.1)


# ------------------------------------------------------------------------------------------------------------- verdicts


def test_what_a_defect_or_a_false_belief_refutes_may_be_either_on_one_pod(verify: Verify) -> None:
    answer = verify(house(BULB, CANDLE), properties=("stays-broken", "hopeful", "fine"))
    assert answer.verdicts() == {
        ("fine", "as-is"): ("PROVED", "PROVED"),
        ("fine", "intended"): ("PROVED", "PROVED"),
        ("stays-broken", "as-is"): ("REFUTED", "either"),
        ("stays-broken", "intended"): ("PROVED", "PROVED"),
        ("hopeful", "as-is"): ("REFUTED", "either"),
        ("hopeful", "intended"): ("REFUTED", "either"),
    }
    assert answer.status is Status.FINE
    assert verify(house(BULB), properties=("stays-broken",)).verdicts()["stays-broken", "as-is"] == ("PROVED", "either")


def test_another_verdict_than_expected_is_a_failure(verify: Verify) -> None:
    answer = verify(house(CANDLE))
    assert answer.verdicts()["wrong", "as-is"] == ("REFUTED", "PROVED")
    assert answer.status is Status.DIFFERS


def test_a_trace_is_a_shortest_run_to_the_violation(verify: Verify) -> None:
    (pod,) = verify(house(CANDLE), properties=("stays-broken",)).pods
    (trace,) = [one["trace"] for one in pod["properties"] if "trace" in one]
    assert [step["event"] for step in trace] == ["lamp.switch-on@lamp/c", "lamp.break@lamp/c", "lamp.haunt@lamp/c"]
    assert [step["rows"] for step in trace] == [["lamp.switch-on"], ["lamp.break"], ["lamp.haunt"]]
    assert [step["phase"] for step in trace] == ["bright", "gloomy", "bright"]


def test_properties_that_do_not_apply_are_listed_with_the_reason(verify: Verify) -> None:
    (pod,) = verify(house(BULB)).pods
    reasons = {one["id"]: one["why"] for one in pod["not_applicable"]}
    assert reasons["wrong"] == "applies where any(candle)"
    assert reasons["idle"] == "what it speaks of never happens here"
    assert not {one["id"] for one in pod["properties"]} & set(reasons)


def test_intended_judges_without_defects_only(verify: Verify) -> None:
    answer = verify(house(CANDLE), properties=("stays-broken",), cluster=Cluster(defects="intended"))
    assert answer.verdicts() == {("stays-broken", "intended"): ("PROVED", "PROVED")}
    assert "c can stay broken for ever" in answer.texts()


def test_an_exploration_beyond_the_limit_is_undetermined_and_still_refutes(verify: Verify) -> None:
    answer = verify(house(BULB, CANDLE, SHY), limit=2, properties=("fine", "hopeful"))
    assert answer.verdicts()["fine", "as-is"][0] == "UNDETERMINED"
    assert answer.status is Status.UNDETERMINED


def test_a_failure_goes_before_undetermined(verify: Verify) -> None:
    answer = verify(house(CANDLE, name="one"), house(*[f"{{name: b{i}}}" for i in range(40)], name="two"))
    assert {verdict for verdict, _ in answer.verdicts(1).values()} == {"UNDETERMINED"}
    assert answer.status is Status.DIFFERS


def test_a_pod_that_differs_from_an_earlier_one_in_names_only_is_not_explored_again(
    verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    explored = []

    def explore(model: Any, configuration: Any, *rest: Any, **more: Any) -> Any:
        explored.append(configuration.id)
        return prove.explore_configuration(model, configuration, *rest, **more)

    monkeypatch.setattr(judgement, "explore_configuration", explore)
    answer = verify(house(CANDLE, name="one"), house(CANDLE, name="two"), house(BULB, name="three"), properties=ONLY)
    one, two, three = answer.pods
    assert [pod["name"] for pod in answer.pods] == ["one", "two", "three"]
    assert [len(list(group)) for _, group in groupby(explored)] == [2, 1]
    assert one["states"] == two["states"] != three["states"]
    assert answer.verdicts(0) == answer.verdicts(1) != answer.verdicts(2)
    assert one["properties"] == two["properties"]
    assert answer.texts(0) == answer.texts(1) != answer.texts(2)


# ----------------------------------------------------------------------------------------------------------------- size


@pytest.mark.usefixtures("impatient")
def test_a_large_pod_is_reduced_in_the_order_of_the_tables(verify: Verify) -> None:
    answer = verify(MANY, properties=("fine",))
    (pod,) = answer.pods
    assert pod["configuration"]["reduced"] == ["reduction.storm", "reduction.uses"]
    assert pod["configuration"]["features"] == []
    assert pod["configuration"]["counters"] == {"uses": 1}
    assert pod["states"] > 0
    assert answer.verdicts()["fine", "as-is"][0] == "PROVED"


def test_a_pod_that_is_still_too_large_is_undetermined_with_the_estimate(verify: Verify) -> None:
    manifest = house(SHY, *[f"{{name: b{i}}}" for i in range(60)])
    answer = verify(manifest)
    (pod,) = answer.pods
    assert answer.status is Status.UNDETERMINED
    assert pod["states"] == 0
    assert pod["seconds"] < 5
    assert pod["estimate"] > 5_000_000
    assert {verdict for verdict, _ in answer.verdicts().values()} == {"UNDETERMINED"}
    assert answer.texts() == ["s is shy"]
    text = verify(manifest, output="text").out
    assert "estimated size: more than 10^" in text
    assert (
        "not explored: by the estimate it has more than 5,000,000 states, whatever is left out; --limit N allows"
        in text
    )
    assert "verdicts and findings are about what was explored only" in text
    assert "- all others need an exploration" in text
    assert "0 proved, 0 refuted as expected, 4 undetermined" in text
    assert "UNDETERMINED as is and as intended (4): fine stays-broken hopeful idle" in " ".join(text.split())


def test_what_exceeds_the_limit_in_any_case_is_measured_no_further(
    verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    explored = []

    def explore(system: Any, **limits: Any) -> Any:
        explored.append(system.components)
        return search.explore(system, **limits)

    monkeypatch.setattr(size, "explore", explore)
    answer = verify(house(BULB, CANDLE, SHY), limit=1)
    assert len(explored) == 1
    assert answer.status is Status.UNDETERMINED
    assert {verdict for verdict, _ in answer.verdicts().values()} == {"UNDETERMINED"}


class Clock:
    """A clock that begins to run after some explorations, and then by half of the patience at each look."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
        self.now, self.left = 0.0, after
        monkeypatch.setattr(size, "time", SimpleNamespace(perf_counter=self))
        monkeypatch.setattr(search, "time", SimpleNamespace(perf_counter=self))
        monkeypatch.setattr(size, "explore", self.explore)

    def __call__(self) -> float:
        if self.left < 0:
            self.now += size.PATIENCE / 2
        return self.now

    def explore(self, system: Any, **limits: Any) -> Any:
        self.left -= 1
        return search.explore(system, **limits)


@pytest.mark.parametrize("after", [0, 1])
def test_what_cannot_be_estimated_in_time_is_undetermined(
    verify: Verify, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """The time is over while one lamp is explored alone, or with another one."""
    clock = Clock(monkeypatch, after)
    answer = verify(house(BULB, CANDLE, SHY))
    assert clock.now < 4 * size.PATIENCE
    assert answer.status is Status.UNDETERMINED
    assert {verdict for verdict, _ in answer.verdicts().values()} == {"UNDETERMINED"}
    assert answer.pods[0]["estimate"] > 0
    Clock(monkeypatch, after)
    text = verify(house(BULB, CANDLE, SHY), output="text").out
    assert "4 seconds were not enough to estimate how large it is; --limit N allows N states" in " ".join(text.split())
    assert "estimated size: at least" in text


def test_what_one_pair_tells_of_the_others_is_enough(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    (whole,) = verify(house(BULB, CANDLE, SHY)).pods
    Clock(monkeypatch, 2)
    (pod,) = verify(house(BULB, CANDLE, SHY)).pods
    assert pod["states"] == whole["states"]


def test_who_allows_a_number_of_states_is_in_no_hurry(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch, 0)
    assert verify(house(BULB, CANDLE, SHY), limit=100_000).pods[0]["states"] > 0


def test_what_was_explored_to_know_how_large_it_is_is_not_explored_again(
    verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    explored = []

    def explore(system: Any, **limits: Any) -> Any:
        explored.append(system.program.defects)
        return search.explore(system, **limits)

    monkeypatch.setattr(prove, "explore", explore)
    (pod,) = verify(house(BULB, CANDLE)).pods
    assert pod["configuration"]["reduced"] == []
    assert explored == ["intended"]


def test_the_largest_variant_that_fits_is_found(verify: Verify) -> None:
    (full,) = verify(house(BULB)).pods
    assert full["configuration"]["reduced"] == []
    (some,) = verify(house(BULB), limit=full["states"] - 1).pods
    assert some["configuration"]["reduced"] == ["reduction.storm", "reduction.uses"]
    assert 0 < some["states"] < full["states"]


@pytest.mark.usefixtures("impatient")
def test_a_property_of_what_was_left_out_is_not_proved(verify: Verify) -> None:
    (pod,) = verify(MANY, properties=("stormy",)).pods
    assert pod["properties"] == []
    assert pod["not_applicable"][0]["why"] == "needs what this configuration leaves out: storm"
    assert "finding.storm" not in {finding["id"] for finding in pod["findings"]}


# ------------------------------------------------------------------------------------------------------------- findings


def test_findings_follow_from_everything_that_was_explored(verify: Verify) -> None:
    assert verify(house(BULB, CANDLE, SHY)).texts() == [
        "s is shy",
        "a can shine",
        "c can shine",
        "s never shines",
        "s is always dark",
        "c shines after it broke",
        "a stays broken",
        "s stays broken",
        "a storm may come",
    ]


def test_findings_name_their_subject_and_defect(verify: Verify) -> None:
    (pod,) = verify(house(CANDLE)).pods
    (finding,) = [one for one in pod["findings"] if one["id"] == "finding.again"]
    assert finding == {
        "id": "finding.again",
        "subject": "lamp/c",
        "text": "c shines after it broke",
        "defect": "K99",
    }
    assert [one["subject"] for one in pod["findings"] if one["id"] == "finding.storm"] == ["house"]


def test_on_an_incomplete_graph_only_what_was_seen_is_found(verify: Verify) -> None:
    texts = verify(house(BULB, CANDLE, SHY), limit=3).texts()
    assert "s is shy" in texts
    assert "s never shines" not in texts


def test_findings_in_korean(verify: Verify) -> None:
    assert "a 켜질 수 있음" in verify(house(BULB), lang="ko").texts()


# ------------------------------------------------------------------------------------------------------- text and files


def test_text_tells_what_is_modelled_and_explored_and_then_the_findings_before_the_beliefs(verify: Verify) -> None:
    text = verify(house(BULB, CANDLE), output="text").out
    assert text.startswith(
        "Kubernetes 1.0, default feature gates; as is (with known defects) and as intended (without)\n"
    )
    places = [
        text.index(part)
        for part in (
            "explored as is: 70 states",
            "features on: breaking, storm",
            "counters: uses up to 3 (3 stands for all more)",
            "findings on this pod, as is\n",
            "    - c shines after it broke",
            "  properties: 2 proved, 2 refuted as expected, 1 NOT AS EXPECTED, 1 do not apply or need what was not",
            "wrong, candles are never lit (NOT AS EXPECTED; expected PROVED)",
            "    - broken is broken: does not hold as is, because of K99",
            "common beliefs that are false for this pod",
            '    - "it is always bright": the nights are dark',
        )
    ]
    assert places == sorted(places)
    assert "stays-broken" not in text


def test_text_names_the_gates_that_are_set_and_the_mode(verify: Verify) -> None:
    cluster = Cluster(gates={"Candles": False}, defects="intended")
    text = verify(house(BULB), output="text", cluster=cluster).out
    first = "Kubernetes 1.0, feature gates by default but Candles=false; as intended (without)"
    assert text.splitlines()[0] == first
    assert "explored as intended: " in text


@pytest.mark.usefixtures("impatient")
def test_what_depends_on_something_left_out_is_told_in_words(verify: Verify) -> None:
    text = verify(MANY, output="text", properties=("fine",)).out
    assert "not known, since it depends on what was left out\n    - a storm may come\n" in text


def test_verbose_text_tells_each_verdict(verify: Verify) -> None:
    text = verify(house(BULB, CANDLE), output="text", verbose=True).out
    assert "PROVED as is and as intended (2): fine stormy" in text
    assert "idle: what it speaks of never happens here" in text
    assert "REFUTED as is: stays-broken, broken is broken (expected either; because of K99)" in text
    assert "3. wear: lamp.haunt, lamp/c -> bright, bright  [lamp.haunt]" in text
    assert 'hopeful, "it is always bright": the nights are dark' in text
    assert "NOT AS EXPECTED; expected PROVED" in text


def test_properties_that_are_asked_for_are_told_in_full(verify: Verify) -> None:
    text = verify(house(CANDLE), output="text", properties=("stays-broken",)).out
    assert "REFUTED as is: stays-broken, broken is broken (expected either; because of K99)" in text
    assert "3. wear: lamp.haunt, lamp/c -> bright, bright  [lamp.haunt]" in text


def test_modes_are_explored_once_where_no_row_of_a_defect_applies(verify: Verify) -> None:
    text = " ".join(verify(house(BULB), output="text").out.split())
    assert "(the same: no known defect changes what was explored)" in text


def test_korean_text(verify: Verify) -> None:
    text = verify(house(BULB), output="text", lang="ko").out
    assert "탐색 (있는 그대로 및 의도대로)" in text
    assert "발견" in text


def test_the_answer_goes_to_a_file(verify: Verify, tmp_path: Path) -> None:
    answer = verify(house(BULB), out=tmp_path / "answer.json")
    assert answer.out == ""
    assert json.loads((tmp_path / "answer.json").read_text())["schema"] == 1


def test_several_pods_are_counted_together(verify: Verify) -> None:
    text = verify(house(BULB, name="one"), house(BULB, name="two"), output="text", properties=("fine",)).out
    assert "House one (" in text
    assert text.endswith("2 in all: 2 proved, 0 refuted as expected\n")


# ------------------------------------------------------------------------------------------------------------ bad input


def test_an_unknown_property_names_the_nearest(refused: Callable[..., list[str]]) -> None:
    messages = refused(house(BULB), properties=("stays-broke", "fine", "zzz"))
    assert messages == [
        "unknown property 'stays-broke'; did you mean stays-broken?",
        "unknown property 'zzz'; there are 6, such as fine, stays-broken, hopeful",
    ]


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("[]", "expected an object"),
        ("kind: Hause\napiVersion: v1", "did you mean House?"),
        (house("3"), "lamps[0]"),
        ("{apiVersion: v1, kind: House, spec: {lamps: 7}}", "expected a list"),
        ("{", "this is not JSON or YAML"),
    ],
)
def test_a_bad_manifest_is_refused_with_its_place(
    refused: Callable[..., list[str]], manifest: str, message: str
) -> None:
    assert any(message in line for line in refused(manifest))


def test_an_unknown_field_is_remarked_in_text_and_json(verify: Verify) -> None:
    answer = verify(house("{name: a, fragil: true}"))
    (note,) = json.loads(answer.out)["notes"]
    assert "0.yaml:1:" in note["place"]
    assert "fragil" in note["place"] + note["text"]
    assert f"note: {note['place']}: {note['text']}; {note['mend']}" in answer.err


def test_an_unknown_gate_or_minor_is_refused(refused: Callable[..., list[str]]) -> None:
    assert "unknown gate" in refused(house(BULB), cluster=Cluster(gates={"Nope": True}))[0]
    assert "not covered" in refused(house(BULB), cluster=Cluster(kubernetes="9.9"))[0]


# ----------------------------------------------------------------------------------------------- shipped configurations

CONFIGURATIONS = """
configurations:
  two-lamps:
    title: two lamps
    features: [breaking]
    manifest: "{spec: {lamps: [{name: a}, {name: c, fragile: true}]}}"
  one-lamp: {title: one lamp, manifest: "{spec: {lamps: [{name: a}]}}"}
"""


def tables_with(tmp_path: Path, source: Path, *changes: tuple[str, str]) -> Path:
    text = (source / "lamps.yaml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    directory = tmp_path / "tables"
    directory.mkdir()
    (directory / "lamps.yaml").write_text(text + CONFIGURATIONS)
    return directory


def test_without_manifests_the_configurations_of_the_tables_are_judged(verify: Verify, tmp_path: Path) -> None:
    tables = tables_with(tmp_path, Path(__file__).parent / "tables")
    answer = verify(tables=tables, properties=("stays-broken", "fine"))
    assert [(pod["name"], pod["kind"]) for pod in answer.pods] == [("two-lamps", ""), ("one-lamp", "")]
    assert answer.verdicts(0)["stays-broken", "as-is"] == ("REFUTED", "either")
    assert answer.verdicts(1)["stays-broken", "as-is"] == ("PROVED", "either")
    assert answer.status is Status.FINE


def test_what_no_configuration_refutes_although_it_should_is_a_failure(verify: Verify, tmp_path: Path) -> None:
    tables = tables_with(
        tmp_path,
        Path(__file__).parent / "tables",
        (
            'fine: {always: "count(lamp where uses > 3) = 0", expect: proved',
            'fine: {always: "count(lamp where uses > 3) = 0", expect: refuted',
        ),
    )
    answer = verify(tables=tables, properties=("fine",))
    assert answer.verdicts(0)["fine", "as-is"] == ("PROVED", "REFUTED")
    assert answer.status is Status.DIFFERS
