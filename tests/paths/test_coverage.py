"""Coverage is what a hand counts, and the same from rows, from events, and from events as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from step import StateMachine
from step.asl.model import Definition
from step.engine.frames import ExecutionInfo
from step.engine.history import History
from step.engine.kernel import Kernel
from step.engine.program import Program
from step.engine.quotas import Quotas
from step.engine.vocabulary import Input, Redrive, StartTask, TaskFailed, TaskSucceeded
from step.errors import StepError
from step.jsonvalue import JSONValue
from step.machine.report import plain_event
from step.paths.coverage import Coverage
from step.paths.points import Point
from step.runtime.virtual import VirtualDriver
from tests.engine.test_engine_properties import BOUNDED, INPUT, machines

CASES = json.loads((Path(__file__).parent / "coverage_counts.json").read_text(encoding="utf-8"))


class Answering:
    """Answers tasks from lists, by state or for all: "never", an error's name, or a result."""

    def __init__(self, answers: Any) -> None:
        self._answers = answers

    def __call__(self, task: StartTask) -> tuple[list[Input], int] | None:
        answers = self._answers[task.state] if isinstance(self._answers, dict) else self._answers
        answer = answers[min(task.invocation, len(answers) - 1)]
        if answer == "never":
            return None
        if isinstance(answer, str):
            return [TaskFailed(task.op, answer, "cause")], 0
        return [TaskSucceeded(task.op, answer)], 0


def _kernel(definition: Definition, value: JSONValue) -> Kernel:
    info = ExecutionInfo(
        arn="arn:aws:states:us-east-1:123456789012:execution:machine:run",
        name="run",
        input=value,
        start_ms=0,
        role_arn=None,
        machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:machine",
        machine_name="machine",
    )
    return Kernel(Program.from_definition(definition), info, Quotas())


def _ran(definition: Definition, run: dict[str, Any]) -> History:
    kernel = _kernel(definition, run["input"])
    VirtualDriver(kernel, Answering(run["answers"])).run(run["input"])
    return kernel.history


def _taken(coverage: Coverage) -> dict[str, int]:
    return {point.key: hits for point, hits in coverage.hits.items() if hits}


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
@pytest.mark.parametrize("form", ["kept", "events", "JSON"])
def test_coverage_is_what_a_hand_counts(case: dict[str, Any], form: str) -> None:
    definition = StateMachine.from_json(case["definition"]).definition
    coverage = Coverage(definition)

    for run in case["runs"]:
        history = _ran(definition, run)
        if form == "kept":
            coverage.add(history)
        elif form == "events":
            coverage.add_events(history)
        else:
            coverage.add_events(json.loads(json.dumps([plain_event(event) for event in history])))

    assert _taken(coverage) == case["taken"]
    points = {coverable.point.key for coverable in coverage.coverables}
    dead = {point.key for point in coverage.unreachable}
    assert sorted(dead) == sorted(case["not possible"])
    assert points - dead - set(case["taken"]) == set(case["missing"])
    assert coverage.counts == (len(case["taken"]), len(case["taken"]) + len(case["missing"]))


@BOUNDED
@given(machine=machines())
def test_rows_and_events_tell_the_same(machine: Any) -> None:
    document, scripts = machine
    definition = StateMachine.from_json(document).definition
    answers = {state: [_plain(attempt) for attempt in attempts] for state, attempts in scripts.items()}
    history = _ran(definition, {"input": INPUT, "answers": answers})
    rows, events = Coverage(definition), Coverage(definition)

    rows.add(history)
    events.add_events(history)

    assert _taken(rows) == _taken(events)


def _plain(attempt: dict[str, Any]) -> Any:
    if "never" in attempt:
        return "never"
    return attempt["raise"] if "raise" in attempt else [attempt["return"]]


def test_a_long_loop_is_told_as_its_turns_are() -> None:
    # Turns that differ: every third goes another way, the last one ends.
    document: Any = {
        "StartAt": "Count",
        "States": {
            "Count": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "Which?"},
            "Which?": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.n", "NumericEquals": 500, "Next": "Once"},
                    {"Variable": "$.n", "NumericGreaterThan": 900, "Next": "End"},
                ],
                "Default": "Count",
            },
            "Once": {"Type": "Pass", "Next": "Count"},
            "End": {"Type": "Pass", "End": True},
        },
    }
    definition = StateMachine.from_json(document).definition
    rows, events = Coverage(definition), Coverage(definition)

    history = _ran(definition, {"input": {"n": 0}, "answers": []})
    rows.add(history)
    events.add_events(history)

    assert _taken(rows) == _taken(events)
    assert {"rule/0/Which?", "rule/1/Which?", "default/0/Which?", "next/0/End"} <= set(_taken(rows))


def test_what_a_redrive_does_is_counted_too() -> None:
    retrier = {"ErrorEquals": ["Busy"], "MaxAttempts": 1, "IntervalSeconds": 1}
    work: Any = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:w", "End": True}
    document: Any = {"StartAt": "Work", "States": {"Work": {**work, "Retry": [retrier]}}}
    definition = StateMachine.from_json(document).definition
    kernel = _kernel(definition, {})
    driver = VirtualDriver(kernel, Answering(["Odd", "Busy", 1]))
    driver.run({})
    driver.go_on(Redrive())
    assert kernel.status == "SUCCEEDED"

    rows, events = Coverage(definition), Coverage(definition)
    rows.add(kernel.history)
    events.add_events(kernel.history)

    for coverage in (rows, events):
        assert _taken(coverage) == {"state/0/Work": 1, "next/0/Work": 1, "retry/0/Work": 1}


def test_many_iterations_are_told_as_their_events_are() -> None:
    # So many that the reader of rows passes by what repeats itself; the last items go another way.
    work: Any = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:w", "End": True}
    choice: Any = {
        "Type": "Choice",
        "Choices": [{"Variable": "$", "NumericGreaterThan": 197, "Next": "Odd"}],
        "Default": "Work",
    }
    processor: Any = {
        "StartAt": "Which?",
        "States": {"Which?": choice, "Work": work, "Odd": {"Type": "Fail"}},
    }
    each: Any = {"Type": "Map", "ItemProcessor": processor, "ToleratedFailureCount": 1, "End": True}
    each["Retry"] = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]
    definition = StateMachine.from_json({"StartAt": "Each", "States": {"Each": each}}).definition
    rows, events = Coverage(definition), Coverage(definition)

    history = _ran(definition, {"input": list(range(200)), "answers": [[1]]})
    rows.add(history)
    events.add_events(history)

    assert _taken(rows) == _taken(events)
    assert {"rule/0/Which?", "default/0/Which?", "exhausted/0/Each", "state/0/Odd"} <= set(_taken(rows))


def test_coverage_of_processes_and_runs_is_merged() -> None:
    case = CASES[0]
    definition = StateMachine.from_json(case["definition"]).definition
    parts = []
    for run in case["runs"]:
        part = Coverage(definition)
        part.add(_ran(definition, run))
        parts.append(json.loads(json.dumps(part.to_json())))

    whole = Coverage(definition)
    for document in parts:
        whole.merge(Coverage.from_json(document))

    assert _taken(whole) == case["taken"]
    assert whole.executions == len(case["runs"])


def test_what_is_no_coverage_is_refused() -> None:
    with pytest.raises(StepError, match="no coverage"):
        Coverage.from_json({"definition": {"StartAt": "A"}, "executions": 1, "hits": {}})
    with pytest.raises(StepError, match="no coverage"):
        Coverage.from_json({**Coverage(_pass()).to_json(), "hits": {"odd/0/A": 1}})


def test_states_of_another_definition_are_told_apart() -> None:
    other: Any = {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": True}}}
    coverage = Coverage(_pass())

    coverage.add_events(_ran(StateMachine.from_json(other).definition, {"input": {}, "answers": []}))

    assert coverage.foreign == {"B": 1}
    assert _taken(coverage) == {}


def _pass() -> Definition:
    document: Any = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
    return StateMachine.from_json(document).definition


def test_a_point_is_read_back_from_its_key() -> None:
    point = Point("catch", "Bake / cool", 2)

    assert Point.from_key(point.key) == point
