"""lambda:invoke's parameters and response, and the names a function goes by."""

from __future__ import annotations

import pytest

from step.engine.vocabulary import StartTask
from step.jsonvalue import JSONValue
from step.runtime.integrations import function_key, invocation, invoke_response

INVOKE = "arn:aws:states:::lambda:invoke"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:work"


NAMES = [
    "work",
    "work:live",
    ARN,
    f"{ARN}:live",
    "123456789012:function:work",
    "123456789012:function:work:1",
]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_a_function_has_one_key(name: str) -> None:
    assert function_key(name) == "work"


@pytest.mark.parametrize(
    ("payload", "event"),
    [
        ({"FunctionName": "work", "Payload": {"n": 1}}, {"n": 1}),
        ({"FunctionName": "work", "Payload": '{"n": 1}'}, {"n": 1}),
        ({"FunctionName": "work", "Payload": "plain"}, "plain"),
        ({"FunctionName": "work"}, {}),
        ({"FunctionName": "work", "Payload": None}, {}),
    ],
)
def test_event_is_the_payload(payload: JSONValue, event: JSONValue) -> None:
    assert invocation(payload) == ("work", event)


def test_response_wraps_the_result_and_repeats_itself() -> None:
    task = StartTask(3, "Work", INVOKE, {"FunctionName": ARN}, 0, None, None, ())

    response = invoke_response({"n": 1}, task)

    assert response["Payload"] == {"n": 1}
    assert (response["StatusCode"], response["ExecutedVersion"]) == (200, "$LATEST")
    assert response == invoke_response({"n": 1}, task)
    assert response != invoke_response({"n": 1}, task._replace(op=4))
