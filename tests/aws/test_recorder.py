"""Recordings: bounded in cost before anything runs, and free of anybody's account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from step.aws.recorder import MOST_TRANSITIONS, wanted
from step.errors import StepError

QUESTIONS = sorted((Path(__file__).parents[1] / "conformance" / "questions").glob("*.json"))
PASS = {"Type": "Pass", "End": True}


def machine(**states: Any) -> str:
    return json.dumps({"StartAt": next(iter(states)), "States": states})


def parallel(*states: Any) -> dict[str, Any]:
    return {"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": state}} for state in states]}


@pytest.mark.parametrize(
    ("text", "transitions"),
    [
        (machine(A=PASS), 2),
        (machine(A={"Type": "Pass", "Next": "C"}, C=PASS), 3),
        (machine(A={**parallel(PASS, PASS), "End": True}), 4),
        (machine(A={"Type": "Pass", "Next": "A"}), MOST_TRANSITIONS),
        (
            machine(A={"Type": "Map", "ItemProcessor": json.loads(machine(B=PASS)), "End": True}),
            MOST_TRANSITIONS,
        ),
        (
            machine(A={**parallel(PASS), "Retry": [{"ErrorEquals": ["States.ALL"]}], "End": True}),
            MOST_TRANSITIONS,
        ),
        (
            machine(
                A={
                    "Type": "Choice",
                    "Choices": [{"Variable": "$", "IsNull": True, "Next": "B"}],
                    "Default": "C",
                },
                B={"Type": "Pass", "Next": "C"},
                C=PASS,
            ),
            4,
        ),
    ],
)
def test_cost_is_bounded_by_the_definition(text: str, transitions: int) -> None:
    found = wanted("machine", text)

    assert found.transitions == transitions
    assert found.usd == pytest.approx(transitions * 0.025 / 1000)


def test_what_has_no_bound_is_not_run() -> None:
    task = machine(A={"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True})
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    each = machine(A={"Type": "Map", "ItemProcessor": {**json.loads(machine(B=PASS)), **config}, "End": True})

    assert wanted("machine", task).why_not is not None
    assert wanted("machine", task).usd == 0
    assert wanted("machine", task, with_tasks=True).why_not is None
    assert wanted("machine", each, with_tasks=True).why_not is not None


def test_file_that_is_no_definition_is_refused_by_its_name() -> None:
    with pytest.raises(StepError, match=r"^bread: expected a definition"):
        wanted("bread", "[]")


@pytest.mark.parametrize("file", QUESTIONS, ids=lambda file: file.stem)
def test_open_question_has_a_definition_that_runs_for_less_than_a_dollar(file: Path) -> None:
    question = json.loads(file.read_text(encoding="utf-8"))

    assert question["question"].endswith("?")
    found = wanted(file.stem, file.read_text(encoding="utf-8"))
    assert found.why_not is None
    assert found.usd < 1
