"""Executions started as ``ARN#CASE`` get what a MockConfigFile says instead of work."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from step.durable.clocks import VirtualClock
from step.local.serving import LocalService, Options
from tests.serving import ACCOUNT, client_at, ended

ROLE = f"arn:aws:iam::{ACCOUNT}:role/baker"
CHARGE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "charge", "Payload.$": "$"},
    "Retry": [{"ErrorEquals": ["Gateway"], "IntervalSeconds": 5, "MaxAttempts": 2}],
    "ResultSelector": {"paid.$": "$.Payload.paid"},
    "Next": "Pack",
}
PACK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::ecs:runTask.sync",
    "Parameters": {"TaskDefinition": "pack"},
    "End": True,
}
ORDERS = {"StartAt": "Charge", "States": {"Charge": CHARGE, "Pack": PACK}}
EACH = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Pack",
                "States": {"Pack": PACK},
            },
            "End": True,
        }
    },
}
WAITS = {
    "StartAt": "Wait",
    "States": {
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Ask"},
        "Ask": {
            "Type": "Task",
            "Resource": f"arn:aws:states:us-east-1:{ACCOUNT}:activity:ask",
            "Next": "Pack",
        },
        "Pack": PACK,
    },
}
CONFIG: dict[str, Any] = {
    "StateMachines": {
        "orders": {
            "TestCases": {
                "SecondAttempt": {"Charge": "GatewayThenPaid", "Pack": "Packed"},
                "Broken": {"Charge": "Paid", "Pack": "Broken"},
                "Misspelt": {"Chagre": "Paid"},
            }
        },
        "each": {"TestCases": {"All": {"Pack": "Packed"}}},
        "waits": {"TestCases": {"All": {"Pack": "Packed"}}},
    },
    "MockedResponses": {
        "GatewayThenPaid": {
            "0": {"Throw": {"Error": "Gateway", "Cause": "no answer"}},
            "1": {"Return": {"StatusCode": 200, "Payload": {"paid": True}}},
        },
        "Paid": {"0": {"Return": {"StatusCode": 200, "Payload": {"paid": True}}}},
        "Packed": {"0": {"Return": {"LastStatus": "STOPPED"}}},
        "Broken": {"0": {"Throw": {"Error": "States.TaskFailed", "Cause": "it fell"}}},
    },
}


class Place:
    def __init__(self, folder: Path, *, has_mocks: bool = True) -> None:
        file = folder / "MockConfigFile.json"
        file.write_text(json.dumps(CONFIG))
        self.service = LocalService.start(
            Options(store=folder / "store", clock=VirtualClock(), mocks=file if has_mocks else None)
        )
        self.sfn = client_at(self.service.endpoint, "stepfunctions")

    def create(self, name: str, definition: Any, **more: str) -> str:
        made = self.sfn.create_state_machine(
            name=name, roleArn=ROLE, definition=json.dumps(definition), **more
        )
        return str(made["stateMachineArn"])

    def run(self, machine: str, value: Any) -> Any:
        started = self.sfn.start_execution(stateMachineArn=machine, input=json.dumps(value))
        return ended(self.sfn, started["executionArn"])


@pytest.fixture
def open_place(tmp_path: Path) -> Iterator[Callable[..., Place]]:
    places: list[Place] = []

    def open_place(**more: bool) -> Place:
        places.append(Place(tmp_path, **more))
        return places[-1]

    yield open_place
    for place in places:
        place.service.close()


def test_a_test_case_answers_attempt_by_attempt_and_stands_for_a_whole_job(
    open_place: Callable[..., Place],
) -> None:
    place = open_place()
    machine = place.create("orders", ORDERS)

    told = place.run(f"{machine}#SecondAttempt", {})

    assert (told["status"], told["stateMachineArn"]) == ("SUCCEEDED", machine)
    assert json.loads(told["output"]) == {"LastStatus": "STOPPED"}
    events = place.sfn.get_execution_history(executionArn=told["executionArn"])["events"]
    types = [event["type"] for event in events]
    assert types.count("TaskFailed") == 1
    assert types.count("TaskSubmitted") == 1
    assert (told["stopDate"] - told["startDate"]).total_seconds() >= 5


def test_a_job_fails_as_a_test_case_says(open_place: Callable[..., Place]) -> None:
    place = open_place()

    told = place.run(f"{place.create('orders', ORDERS)}#Broken", {})

    assert (told["status"], told["error"], told["cause"]) == ("FAILED", "States.TaskFailed", "it fell")


def test_a_synchronous_express_execution_takes_a_test_case(open_place: Callable[..., Place]) -> None:
    place = open_place()
    pack = {**PACK, "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "pack"}}
    definition = {"StartAt": "Charge", "States": {"Charge": CHARGE, "Pack": pack}}
    machine = place.create("orders", definition, type="EXPRESS")

    told = place.sfn.start_sync_execution(stateMachineArn=f"{machine}#SecondAttempt", input="{}")

    assert told["status"] == "SUCCEEDED", told
    assert json.loads(told["output"]) == {"LastStatus": "STOPPED"}


def test_child_executions_have_their_parents_test_case(open_place: Callable[..., Place]) -> None:
    place = open_place()

    told = place.run(f"{place.create('each', EACH)}#All", [1, 2])

    assert json.loads(told["output"]) == [{"LastStatus": "STOPPED"}] * 2


def test_a_test_case_is_still_there_after_a_restart(open_place: Callable[..., Place]) -> None:
    first = open_place()
    activity = first.sfn.create_activity(name="ask")["activityArn"]
    machine = first.create("waits", WAITS)
    arn = first.sfn.start_execution(stateMachineArn=f"{machine}#All")["executionArn"]
    task = first.sfn.get_activity_task(activityArn=activity)
    first.service.close()

    again = open_place()
    again.sfn.send_task_success(taskToken=task["taskToken"], output="{}")

    assert ended(again.sfn, arn)["output"] == '{"LastStatus":"STOPPED"}'


def test_without_the_file_an_execution_with_a_test_case_does_no_work(
    open_place: Callable[..., Place],
) -> None:
    first = open_place()
    activity = first.sfn.create_activity(name="ask")["activityArn"]
    machine = first.create("waits", WAITS)
    arn = first.sfn.start_execution(stateMachineArn=f"{machine}#All")["executionArn"]
    task = first.sfn.get_activity_task(activityArn=activity)
    first.service.close()

    again = open_place(has_mocks=False)
    again.sfn.send_task_success(taskToken=task["taskToken"], output="{}")

    told = ended(again.sfn, arn)
    assert (told["status"], told["error"]) == ("FAILED", "States.Runtime")
    assert "step serve --mocks" in told["cause"]


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("None", "TestCases has no 'None'; it has 'SecondAttempt'"),
        ("Misspelt", "no Task state 'Chagre' .did you mean 'Charge'"),
        ("", "TestCases has no ''"),
    ],
)
def test_a_test_case_that_is_none_is_refused(
    open_place: Callable[..., Place], case: str, message: str
) -> None:
    place = open_place()
    machine = place.create("orders", ORDERS)

    with pytest.raises(ClientError, match=message):
        place.sfn.start_execution(stateMachineArn=f"{machine}#{case}")

    assert place.sfn.list_executions(stateMachineArn=machine)["executions"] == []
