"""Executions that start executions, in one service."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.serving import wait_for

PASS: dict[str, Any] = {
    "StartAt": "Mix",
    "States": {"Mix": {"Type": "Pass", "Result": {"loaves": 1}, "End": True}},
}
WAIT = {
    "StartAt": "Rise",
    "States": {"Rise": {"Type": "Wait", "Seconds": 60, "Next": "Mix"}, **PASS["States"]},
}
FAIL = {"StartAt": "Burn", "States": {"Burn": {"Type": "Fail", "Error": "Burnt", "Cause": "too hot"}}}
Create = Callable[..., str]
Ended = Callable[[str], Any]


def starting(child: str, pattern: str, **more: Any) -> dict[str, Any]:
    state = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::states:startExecution{pattern}",
        "Parameters": {"StateMachineArn": child, "Input": {"flour": 500}, **more.pop("Parameters", {})},
        "End": True,
        **more,
    }
    return {"StartAt": "Bread", "States": {"Bread": state}}


@pytest.mark.parametrize(("pattern", "is_text"), [(".sync", True), (".sync:2", False)])
def test_parent_goes_on_with_what_its_child_ended_with(
    sfn: Any, create: Create, ended: Ended, pattern: str, is_text: bool
) -> None:
    parent = create("parent", starting(create("child", WAIT), pattern))

    told = ended(sfn.start_execution(stateMachineArn=parent)["executionArn"])

    output = json.loads(told["output"])
    assert (told["status"], output["Status"]) == ("SUCCEEDED", "SUCCEEDED")
    assert output["Output"] == ('{"loaves":1}' if is_text else {"loaves": 1})
    assert output["Input"] == ('{"flour":500}' if is_text else {"flour": 500})
    assert (told["stopDate"] - told["startDate"]).total_seconds() == pytest.approx(60, abs=2)


def test_child_that_fails_fails_the_task(sfn: Any, create: Create, ended: Ended) -> None:
    caught = {"Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "Sorry"}]}
    definition = starting(create("child", FAIL), ".sync:2", **caught)
    definition["States"]["Sorry"] = {"Type": "Pass", "End": True}

    told = ended(sfn.start_execution(stateMachineArn=create("parent", definition))["executionArn"])

    cause = json.loads(json.loads(told["output"])["Cause"])
    assert (cause["Status"], cause["Error"], cause["Cause"]) == ("FAILED", "Burnt", "too hot")


def test_child_is_stopped_with_its_parent(sfn: Any, create: Create, ended: Ended) -> None:
    activity = sfn.create_activity(name="oven")["activityArn"]
    bake = {"StartAt": "Bake", "States": {"Bake": {"Type": "Task", "Resource": activity, "End": True}}}
    child = create("child", bake)
    parent = sfn.start_execution(stateMachineArn=create("parent", starting(child, ".sync")))["executionArn"]
    running = wait_for(sfn, lambda: sfn.list_executions(stateMachineArn=child)["executions"])

    sfn.stop_execution(executionArn=parent)

    assert ended(running[0]["executionArn"])["status"] == "ABORTED"


def test_parent_waits_for_the_token_that_its_child_answers(sfn: Any, create: Create, ended: Ended) -> None:
    answer = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess",
        "Parameters": {"TaskToken.$": "$.token", "Output": '{"baked": true}'},
        "End": True,
    }
    child = create("child", {"StartAt": "Answer", "States": {"Answer": answer}})
    given = {"Parameters": {"Input": {"token.$": "$$.Task.Token"}}}

    parent = create("parent", starting(child, ".waitForTaskToken", **given))

    told = ended(sfn.start_execution(stateMachineArn=parent)["executionArn"])
    assert json.loads(told["output"]) == {"baked": True}


def test_started_execution_has_the_name_that_was_asked_for(sfn: Any, create: Create, ended: Ended) -> None:
    child = create("child", PASS)
    parent = create("parent", starting(child, "", Parameters={"Name": "loaf-1"}))

    first = ended(sfn.start_execution(stateMachineArn=parent)["executionArn"])
    second = ended(sfn.start_execution(stateMachineArn=parent)["executionArn"])

    assert json.loads(first["output"])["ExecutionArn"].endswith(":execution:child:loaf-1")
    assert (second["status"], second["error"]) == ("FAILED", "StepFunctions.ExecutionAlreadyExistsException")


@pytest.mark.parametrize("pattern", ["", ".sync"])
def test_machine_that_is_not_there_fails_the_task(
    sfn: Any, create: Create, ended: Ended, pattern: str
) -> None:
    parent = create("parent", starting("arn:aws:states:us-east-1:123456789012:stateMachine:none", pattern))

    told = ended(sfn.start_execution(stateMachineArn=parent)["executionArn"])

    assert told["error"] == "StepFunctions.StateMachineDoesNotExistException"


def test_deleting_a_machine_ends_who_waits_for_its_executions(sfn: Any, create: Create, ended: Ended) -> None:
    activity = sfn.create_activity(name="oven")["activityArn"]
    bake = {"StartAt": "Bake", "States": {"Bake": {"Type": "Task", "Resource": activity, "End": True}}}
    child = create("child", bake)
    parent = sfn.start_execution(stateMachineArn=create("parent", starting(child, ".sync")))["executionArn"]
    assert sfn.get_activity_task(activityArn=activity)["taskToken"]

    sfn.delete_state_machine(stateMachineArn=child)

    assert ended(parent)["error"] == "States.TaskFailed"


def test_integration_that_nothing_here_can_do_fails_its_task(sfn: Any, create: Create, ended: Ended) -> None:
    job = {"JobName": "a", "JobQueue": "b", "JobDefinition": "c"}
    run = {
        "Type": "Task",
        "Resource": "arn:aws:states:::batch:submitJob.sync",
        "Parameters": job,
        "End": True,
    }

    arn = create("batch", {"StartAt": "Run", "States": {"Run": run}})

    told = ended(sfn.start_execution(stateMachineArn=arn)["executionArn"])
    assert (told["status"], told["error"]) == ("FAILED", "States.TaskFailed")
    assert "batch:submitJob.sync" in told["cause"]
