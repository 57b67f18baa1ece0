"""Rules of EventBridge that start a state machine when an execution of another ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from step.local.serving import LocalService
from tests.serving import client_at, wait_for

PASS = {"StartAt": "Mix", "States": {"Mix": {"Type": "Pass", "End": True}}}
TARGET_ROLE = "arn:aws:iam::123456789012:role/events"
TEMPLATE = {
    "InputPathsMap": {"execution": "$.detail.executionArn"},
    "InputTemplate": '{"recover": <execution>}',
}


@pytest.fixture
def recover(service: LocalService, create: Callable[..., str]) -> Callable[..., str]:
    """Have a machine started when executions of others end so; gives the machine's ARN."""
    events = client_at(service.endpoint, "events")

    def recover(watched: list[str], *statuses: str, **how: Any) -> str:
        machine = create("recover", PASS)
        pattern = {
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {"status": list(statuses), "stateMachineArn": watched},
        }
        events.put_rule(Name="recover", EventPattern=json.dumps(pattern))
        target = {"Id": "1", "Arn": machine, "RoleArn": TARGET_ROLE, **how}
        assert events.put_targets(Rule="recover", Targets=[target])["FailedEntryCount"] == 0
        return machine

    return recover


def started(sfn: Any, machine: str) -> list[Any]:
    """Give the inputs of a machine's executions, once there are any."""
    found: list[Any] = wait_for(sfn, lambda: sfn.list_executions(stateMachineArn=machine)["executions"])
    arns = [execution["executionArn"] for execution in found]
    return [json.loads(sfn.describe_execution(executionArn=arn)["input"]) for arn in arns]


def test_an_execution_that_is_stopped_starts_the_target(
    sfn: Any, create: Callable[..., str], recover: Callable[..., str]
) -> None:
    activity = sfn.create_activity(name="oven")["activityArn"]
    waits = {"StartAt": "Rise", "States": {"Rise": {"Type": "Task", "Resource": activity, "End": True}}}
    watched = create("bake", waits)
    machine = recover([watched], "ABORTED", "TIMED_OUT", InputTransformer=TEMPLATE)
    execution = sfn.start_execution(stateMachineArn=watched)["executionArn"]

    sfn.stop_execution(executionArn=execution)

    assert started(sfn, machine) == [{"recover": execution}]


def test_only_the_status_of_the_pattern_starts_the_target(
    sfn: Any, create: Callable[..., str], recover: Callable[..., str], ended: Callable[[str], Any]
) -> None:
    fails = {"StartAt": "Mix", "States": {"Mix": {"Type": "Fail", "Error": "Burnt"}}}
    good, bad = create("good", PASS), create("bad", fails)
    machine = recover([good, bad], "FAILED", Input='{"constant": true}')
    ended(sfn.start_execution(stateMachineArn=good)["executionArn"])

    ended(sfn.start_execution(stateMachineArn=bad)["executionArn"])

    assert started(sfn, machine) == [{"constant": True}]


def test_the_event_is_the_input_where_nothing_else_is_said(
    sfn: Any, create: Callable[..., str], recover: Callable[..., str]
) -> None:
    watched = create("bake", PASS)
    machine = recover([watched], "SUCCEEDED")
    execution = sfn.start_execution(stateMachineArn=watched, input='{"a": 1}')["executionArn"]

    (event,) = started(sfn, machine)

    assert (event["source"], event["resources"]) == ("aws.states", [execution])
    assert event["detail"]["output"] == '{"a":1}'
    assert event["detail"]["status"] == "SUCCEEDED"
