"""What is checked of an integration's parameters before anything is scheduled."""

from __future__ import annotations

import pytest

from step.engine.requests import check_request, request_of
from step.engine.resources import Resource
from step.errors import StateFailure
from step.jsonvalue import JSONValue

CASES = [
    ("apigateway:invoke", {"ApiEndpoint": "e", "Method": "GET", "Headers": {"a": "b"}}, "'Headers' has an"),
    ("sqs:sendMessage", {"MessageBody": 1}, "'QueueUrl' is required but was missing"),
    ("sqs:sendMessage.waitForTaskToken", "text", "'MessageBody' is required but was missing"),
    ("dynamodb:getItem", {"TableName": 7, "Key": {}}, "'TableName' has an invalid format"),
]


@pytest.mark.parametrize(("action", "parameters", "said"), CASES)
def test_parameters_that_do_not_fit_are_refused(action: str, parameters: JSONValue, said: str) -> None:
    request = request_of(Resource.from_text(f"arn:aws:states:::{action}"))
    assert request is not None

    with pytest.raises(StateFailure) as failure:
        check_request(request, parameters)

    name, cause = failure.value.error
    assert name == "States.Runtime"
    assert cause is not None
    assert said in cause


def test_null_is_left_to_the_service() -> None:
    request = request_of(Resource.from_text("arn:aws:states:::dynamodb:putItem"))
    assert request is not None

    check_request(request, {"TableName": "t", "Item": None})


def test_nothing_is_known_of_other_resources() -> None:
    for text in ("arn:aws:states:::aws-sdk:sqs:sendMessage", "arn:aws:lambda:us-east-1:1:function:sqs"):
        assert request_of(Resource.from_text(text)) is None
