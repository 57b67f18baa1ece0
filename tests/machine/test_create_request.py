"""What CreateStateMachine refuses besides a wrong definition."""

from __future__ import annotations

import pytest

from step.errors import Refused
from step.jsonvalue import JSONObject
from step.machine.create_request import check_create, check_name_is_free

ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:bread"
GROUP = {"cloudWatchLogsLogGroup": {"logGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:bread:*"}}
REQUEST: JSONObject = {"name": "bread", "definition": "{}", "roleArn": "arn:aws:iam::123456789012:role/bread"}


@pytest.mark.parametrize(
    ("change", "code", "part"),
    [
        ({"name": "white bread"}, "InvalidName", "'white bread'"),
        ({"name": "b" * 81}, "InvalidName", "bbb"),
        ({"name": "bread\u007f"}, "InvalidName", "bread"),
        ({"loggingConfiguration": {"level": "ERROR"}}, "InvalidLoggingConfiguration", "exactly one"),
        (
            {"loggingConfiguration": {"level": "ALL", "destinations": [GROUP, GROUP]}},
            "InvalidLoggingConfiguration",
            "exactly one",
        ),
        ({"versionDescription": "with seeds"}, "ValidationException", "publish is true"),
    ],
)
def test_refusal_says_what_is_wrong(change: JSONObject, code: str, part: str) -> None:
    with pytest.raises(Refused) as refusal:
        check_create({**REQUEST, **change})

    assert refusal.value.code == code
    assert part in refusal.value.message


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"loggingConfiguration": {}},
        {"loggingConfiguration": {"level": "OFF"}},
        {"loggingConfiguration": {"level": "ALL", "destinations": [GROUP]}},
        {"versionDescription": "with seeds", "publish": True},
    ],
)
def test_sound_request_passes(change: JSONObject) -> None:
    check_create({**REQUEST, **change})


def test_same_request_again_is_the_same_machine() -> None:
    check_name_is_free(REQUEST, ARN, None)
    check_name_is_free({**REQUEST, "type": "STANDARD", "roleArn": "another"}, ARN, REQUEST)


def test_name_of_a_different_machine_is_taken() -> None:
    with pytest.raises(Refused) as refusal:
        check_name_is_free({**REQUEST, "type": "EXPRESS"}, ARN, REQUEST)

    assert refusal.value.code == "StateMachineAlreadyExists"
    assert refusal.value.message == f"State Machine Already Exists: '{ARN}'"
