"""What executions leave in CloudWatch Logs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from step.clock import pause
from step.local.serving import LocalService
from tests.serving import client_at

PASS = {"StartAt": "Mix", "States": {"Mix": {"Type": "Pass", "Result": {"loaves": 1}, "End": True}}}
FAIL = {"StartAt": "Mix", "States": {"Mix": {"Type": "Fail", "Error": "Burnt"}}}
EVERYTHING = ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
LEVELS = [
    ("ALL", PASS, EVERYTHING),
    ("ERROR", FAIL, ["FailStateEntered", "ExecutionFailed"]),
    ("FATAL", FAIL, ["ExecutionFailed"]),
]


def logged(client: Any, group: str, last: str) -> list[dict[str, Any]]:
    """Read what is in a group, once it has got its last event."""
    entries: list[dict[str, Any]] = []
    for _ in range(300):
        events = client.filter_log_events(logGroupName=group)["events"]
        entries = [json.loads(event["message"]) for event in events]
        if entries and entries[-1]["type"] == last:
            return entries
        pause(0.02)
    raise AssertionError(f"{entries}: no {last}")


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_level_says_what_is_logged(
    service: LocalService, sfn: Any, create: Callable[..., str], kind: str
) -> None:
    logs = client_at(service.endpoint, "logs")
    for level, definition, types in LEVELS:
        group = f"/aws/vendedlogs/states/{level}"
        logs.create_log_group(logGroupName=group)
        arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{group}:*"
        to = {"level": level, "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]}
        machine = create(level, definition, type=kind, loggingConfiguration=to)

        execution = sfn.start_execution(stateMachineArn=machine, input='{"a": 1}')["executionArn"]

        entries = logged(logs, group, types[-1])
        assert [entry["type"] for entry in entries] == types
        assert {entry["execution_arn"] for entry in entries} == {execution}
        assert "input" not in entries[0]["details"]


def test_a_log_group_that_isnt_there_is_refused(
    service: LocalService, sfn: Any, create: Callable[..., str]
) -> None:
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:nowhere:*"
    to = {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]}
    machine = create("there", PASS, loggingConfiguration={**to, "level": "OFF"})
    requests: list[Callable[[], Any]] = [
        lambda: create("new", PASS, loggingConfiguration=to),
        lambda: sfn.update_state_machine(stateMachineArn=machine, loggingConfiguration=to),
    ]

    for request in requests:
        with pytest.raises(sfn.exceptions.InvalidLoggingConfiguration, match="Log Destination not found"):
            request()
    client_at(service.endpoint, "logs").create_log_group(logGroupName="nowhere")
    for request in requests:
        request()


def test_machine_of_another_account_logs_to_its_own_accounts_group(service: LocalService) -> None:
    role = client_at(service.endpoint, "sts").assume_role(
        RoleArn="arn:aws:iam::222222222222:role/baker", RoleSessionName="baker"
    )["Credentials"]
    keys = {
        "aws_access_key_id": role["AccessKeyId"],
        "aws_secret_access_key": role["SecretAccessKey"],
        "aws_session_token": role["SessionToken"],
    }
    logs, states = (client_at(service.endpoint, name, **keys) for name in ("logs", "stepfunctions"))
    logs.create_log_group(logGroupName="theirs")
    arn = "arn:aws:logs:us-east-1:222222222222:log-group:theirs:*"

    machine = states.create_state_machine(
        name="theirs",
        definition=json.dumps(PASS),
        roleArn="arn:aws:iam::222222222222:role/machine",
        loggingConfiguration={
            "level": "ALL",
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}],
        },
    )["stateMachineArn"]
    states.start_execution(stateMachineArn=machine)

    assert machine == "arn:aws:states:us-east-1:222222222222:stateMachine:theirs"
    assert [entry["type"] for entry in logged(logs, "theirs", "ExecutionSucceeded")] == EVERYTHING
