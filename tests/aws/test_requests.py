"""What an API would refuse of a request before it looks at what it means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from step.aws.requests import Operations
from step.errors import Refused

SFN = Operations("stepfunctions")
ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:bread"


def read(operation: str, value: Any) -> Any:
    return SFN.read(operation, value if isinstance(value, bytes) else json.dumps(value).encode())


def test_known_members_are_taken_and_nothing_else() -> None:
    given = {"stateMachineArn": ARN, "name": None, "flour": 500, "input": "{}"}

    assert read("StartExecution", given) == {"stateMachineArn": ARN, "input": "{}"}


@pytest.mark.parametrize(
    ("operation", "value", "message"),
    [
        ("ListActivities", b"{", "not valid JSON"),
        ("ListActivities", b"\xff", "not valid JSON"),
        ("ListActivities", b'{"maxResults": NaN}', "not valid JSON"),
        ("ListActivities", b"[" * 100_000, "not valid JSON"),
        ("ListActivities", [], "Start of list found where not expected"),
        ("ListActivities", "text", "Unexpected field type"),
        ("ListActivities", {"maxResults": "5"}, "STRING_VALUE can not be converted to an Integer"),
        ("ListActivities", {"maxResults": 2**31}, "NUMBER_VALUE can not be converted to an Integer"),
        ("ListActivities", {"maxResults": 1.5}, "DECIMAL_VALUE can not be converted to an Integer"),
        ("ListActivities", {"maxResults": True}, "TRUE_VALUE can not be converted to an Integer"),
        ("ListActivities", {"nextToken": {}}, "Start of structure or map found where not expected."),
        ("DescribeActivity", {"activityArn": 5}, "NUMBER_VALUE can not be converted to a String"),
        ("CreateActivity", {"name": "a", "tags": {}}, "Start of structure or map found"),
        ("UpdateMapRun", {"mapRunArn": ARN, "toleratedFailurePercentage": "9"}, "STRING_VALUE"),
    ],
)
def test_wrong_type_is_refused(operation: str, value: Any, message: str) -> None:
    with pytest.raises(Refused) as refusal:
        read(operation, value)

    assert refusal.value.code == "SerializationException"
    assert message in refusal.value.message


@pytest.mark.parametrize(
    ("operation", "value", "problem"),
    [
        (
            "DescribeActivity",
            {},
            "Value null at 'activityArn' failed to satisfy constraint: Member must not be null",
        ),
        (
            "CreateActivity",
            {"name": ""},
            "Value '' at 'name' failed to satisfy constraint: Member must have length",
        ),
        ("ListActivities", {"maxResults": 1001}, "Value '1001' at 'maxResults'"),
        ("ListExecutions", {"statusFilter": "DONE"}, "Member must satisfy enum value set: [RUNNING,"),
        (
            "CreateStateMachineAlias",
            {"name": "123", "routingConfiguration": [{"stateMachineVersionArn": ARN, "weight": 100}]},
            "Value '123' at 'name' failed to satisfy constraint: Member must satisfy regular expression",
        ),
        (
            "CreateStateMachineAlias",
            {"name": "live", "routingConfiguration": [{"stateMachineVersionArn": ARN, "weight": 101}]},
            "Value '101' at 'routingConfiguration.1.member.weight'",
        ),
        ("SendTaskHeartbeat", {"taskToken": "t" * 2049}, "Value at 'taskToken' failed"),
    ],
)
def test_value_that_the_model_forbids_is_refused(operation: str, value: Any, problem: str) -> None:
    with pytest.raises(Refused) as refusal:
        read(operation, value)

    assert refusal.value.code == "ValidationException"
    assert refusal.value.message.startswith("1 validation error detected: ")
    assert problem in refusal.value.message


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(Refused, match=r"2 validation errors detected: .*'name'.*; .*'routingConfiguration'"):
        read("CreateStateMachineAlias", {})


def test_half_a_surrogate_pair_is_replaced() -> None:
    assert read("CreateActivity", b'{"name": "a\\ud800b"}') == {"name": "a?b"}
