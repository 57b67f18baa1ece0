"""Published facts are played, and what disagrees is told by its level."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.facts import disagreements, score

EVENTS = [
    {"type": "ExecutionStarted", "previousEventId": 0},
    {"type": "FailStateEntered", "previousEventId": 0},
    {"type": "ExecutionFailed", "previousEventId": 2},
]
FACT: dict[str, Any] = {
    "name": "a Fail",
    "definition": {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Burnt", "Cause": "too hot"}}},
    "input": {},
    "events": EVENTS,
    "error": "Burnt",
    "cause": "too hot",
    "details": {"executionFailedEventDetails": {"error": "Burnt", "cause": "too hot"}},
}


@pytest.mark.parametrize(
    ("change", "levels"),
    [
        ({}, []),
        ({"error": "Raw"}, ["L1"]),
        ({"events": EVENTS[:2]}, ["L2", "L3"]),
        ({"events": [EVENTS[0], {**EVENTS[1], "previousEventId": 1}, EVENTS[2]]}, ["L3"]),
        ({"cause": "too cold"}, ["L3"]),
        ({"details": {"executionFailedEventDetails": {"error": "Raw"}}}, ["L3"]),
    ],
)
def test_fact_disagrees_at_the_levels_that_it_says_something_about(
    change: dict[str, Any], levels: list[str]
) -> None:
    assert [level for level, _ in disagreements(FACT | change)] == levels


def test_task_is_answered_as_the_fact_says(capsys: pytest.CaptureFixture[str]) -> None:
    sent = {"QueueUrl": "queue", "MessageBody": "hi"}
    task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": sent, "End": True}
    answers = {"T": {"error": "SQS.QueueDoesNotExistException", "cause": "none"}}
    machine = {"StartAt": "T", "States": {"T": task}}
    fact = {"name": "a Task", "definition": machine, "input": {}, "answers": answers, "error": "Other"}

    [row] = score([fact])

    assert row["verdict"] == {"L1": False, "L3": True}
    assert "error: Other, here SQS.QueueDoesNotExistException" in capsys.readouterr().out
