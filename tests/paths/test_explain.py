"""What is told of a machine agrees with what its executions do, and with what the explorer finds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from step import StateMachine
from step.paths.explain import explain
from step.paths.explain_page import explain_page
from step.paths.explain_report import explain_lines
from step.paths.prices import PRICES
from step.view.summary import Summary
from tests.engine.test_engine_properties import BOUNDED, INPUT, machines
from tests.paths.test_coverage import _plain, _ran

ROOT = Path(__file__).resolve().parents[2]
BREAD = StateMachine.from_file(ROOT / "states" / "bread.asl.json")
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"


def _lines(document: Any) -> list[str]:
    return list(explain_lines(explain(StateMachine.from_json(document).definition)))


def test_the_bread_is_told_as_its_execution_goes() -> None:
    explanation = explain(BREAD.definition)

    usual = explanation.usual
    assert usual is not None
    assert (usual.state, usual.seconds[0]) == ("RemoveCoolEat", 43200 + 7200 + 300)
    assert (usual.transitions[0], usual.events[0]) == (8 + 1, 30)
    assert explanation.ways == 11
    assert [end.title for end in explanation.ends] == [
        "SUCCEEDED in RemoveCoolEat",
        "FAILED NeverGolden in NeverGolden",
        "FAILED OvenBroken in OvenBroken",
        "FAILED NobodyWatched in NobodyWatched",
        "FAILED OvenStillOn in OvenStillOn",
    ]
    assert [end.without_faults is None for end in explanation.ends] == [False, False, True, True, True]


def test_its_ends_are_those_that_the_explorer_finds() -> None:
    explanation = explain(BREAD.definition)
    exploration = BREAD.explore()

    found = {(end.status, end.state) for end in exploration.endings}
    told = {(end.status, end.state) for end in explanation.ends}
    uncaught = {("FAILED", error.state) for error in explanation.uncaught}
    assert found == told | uncaught


@BOUNDED
@given(machine=machines())
def test_an_execution_takes_no_less_than_the_least_and_no_more_than_the_most(machine: Any) -> None:
    document, scripts = machine
    definition = StateMachine.from_json(document).definition
    answers = {state: [_plain(attempt) for attempt in attempts] for state, attempts in scripts.items()}
    events = list(_ran(definition, {"input": INPUT, "answers": answers}))
    summary = Summary.from_events(events)
    last = _last_of_the_machine(events, document)

    end = next((one for one in explain(definition).ends if one.state == last), None)

    if end is not None and summary.status == end.status:
        assert end.events[0] <= len(events) <= end.events[1]
        assert end.seconds[0] <= summary.elapsed <= end.seconds[1]
        assert end.transitions[0] <= len(summary.path) + 1


def _last_of_the_machine(events: list[dict[str, Any]], document: Any) -> str:
    names: list[str] = [
        e["stateEnteredEventDetails"]["name"] for e in events if "stateEnteredEventDetails" in e
    ]
    return next(name for name in reversed(names) if name in document["States"])


def test_errors_are_followed_to_where_they_end() -> None:
    explanation = explain(BREAD.definition)

    bake = [error for error in explanation.errors if error.state == "Bake"]
    assert [(error.errors[0], error.retries, error.target) for error in bake] == [
        ("OvenBroken", 2, "SaveDough"),
        ("Lambda.ServiceException", 6, "TurnOvenOff"),
        ("States.Timeout", 0, "TurnOvenOff"),
    ]
    assert bake[0].ends == ("FAILED OvenBroken in OvenBroken", "FAILED OvenStillOn in OvenStillOn")
    assert {error.state for error in explanation.uncaught} == {"InitMix", "Mix&Knead"}


def test_a_short_machine_is_priced_both_ways() -> None:
    lines = _lines({"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": FUNCTION, "End": True}}})

    assert "  Standard: $0.000050 an execution, $50.00 a million" in lines
    assert any(line.startswith("  Express: $0.000001 an execution, $1.10 a million") for line in lines)
    assert PRICES.express(0.25, mb=65) == pytest.approx(1e-6 + 0.3 * 0.125 * 16.67e-6)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (
            {"Type": "Wait", "Seconds": 301, "End": True},
            "every way to a good end takes longer than 5 minutes",
        ),
        (
            {"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:a", "End": True},
            "A waits for an answer from outside",
        ),
    ],
)
def test_it_is_said_why_a_machine_cant_be_express(state: dict[str, Any], why: str) -> None:
    lines = _lines({"StartAt": "A", "States": {"A": state}})

    assert f"  Express: it can't be one: {why}" in lines


def test_branches_and_items_are_told_within_what_holds_them() -> None:
    inner: Any = {"StartAt": "B", "States": {"B": {"Type": "Wait", "Seconds": 5, "End": True}}}
    other: Any = {"StartAt": "C", "States": {"C": {"Type": "Task", "Resource": FUNCTION, "End": True}}}
    each: Any = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": other, "ResultPath": "$.done"}
    two: Any = {"Type": "Parallel", "Branches": [inner], "Next": "Each"}
    lines = _lines({"StartAt": "Two", "States": {"Two": two, "Each": {**each, "End": True}}})

    assert "  Two runs a branch, from B, then Each" in lines
    assert "    B waits 5 s, and that is the end" in lines
    assert "  Each runs from C for each item of $.items, and that is the end" in lines
    assert "  C: any other error" in lines
    assert "  Each adds $.done" in lines
    assert any("time 5 s to" in line for line in lines)


def test_a_page_shows_the_graph_and_holds_no_markup_of_names() -> None:
    state: Any = {"Type": "Fail", "Error": "<b>", "Cause": "<i>bad</i>"}
    definition = StateMachine.from_json({"StartAt": "<a>", "States": {"<a>": state}}).definition

    page = explain_page(explain(definition), "<title>", css="", measured={"<a>": [1.0, 3.0]})

    assert "<svg" in page
    assert "<b>&lt;a&gt;</b>" in page
    assert "<i>" not in page
    assert "typically 2 s, in 2 executions" in page


def test_a_machine_that_only_fails_is_told() -> None:
    lines = _lines({"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "No"}}})

    assert "1 state, 0 good ends and 1 failure, 1 way with loops folded. No TimeoutSeconds ends it." in lines
    assert "  A ends with the failure No" in lines
    assert "  no way without a fault leads to a good end" in lines


def test_json_of_histories_gives_the_typical_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from step.cli.main import main
    from step.machine.report import plain_event

    definition = tmp_path / "rest.asl.json"
    definition.write_text(
        json.dumps({"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 60, "End": True}}})
    )
    events = [plain_event(event) for event in StateMachine.from_file(definition).execute().history]
    (tmp_path / "one.json").write_text(json.dumps(events), encoding="utf-8")
    page = tmp_path / "rest.html"

    assert (
        main(["explain", str(definition), "--histories", str(tmp_path / "one.json"), "--page", str(page)])
        == 0
    )

    assert "time 1 min; typically 1 min, in 1 execution" in capsys.readouterr().out
    assert page.exists()
