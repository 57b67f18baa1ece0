"""Integrations over a port that is a function: what is asked of a service, and what comes of its answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from step import Execution, StateMachine
from step.jsonvalue import JSONObject
from step.runtime.services import (
    HttpAnswer,
    HttpRequest,
    Misfit,
    Refusal,
    ServiceAnswer,
    ServiceCall,
    Unreachable,
)

Answer = ServiceAnswer | Refusal | Unreachable | Misfit


class Fake:
    """Services that answer as they are told, and know what they were asked."""

    def __init__(self, answer: Answer | HttpAnswer) -> None:
        self.calls: list[ServiceCall] = []
        self.requests: list[HttpRequest] = []
        self._answer: Any = answer

    def call(self, call: ServiceCall) -> Answer:
        self.calls.append(call)
        return self._answer  # type: ignore[no-any-return]  # what the test gave

    def fetch(self, request: HttpRequest) -> HttpAnswer | Unreachable:
        self.requests.append(request)
        return self._answer  # type: ignore[no-any-return]  # what the test gave


def run(action: str, parameters: JSONObject, fake: Fake, **more: Any) -> Execution:
    task: JSONObject = {"Type": "Task", "Resource": f"arn:aws:states:::{action}", "Parameters": parameters}
    machine = StateMachine.from_json({"StartAt": "A", "States": {"A": {**task, "End": True, **more}}})
    return machine.set_services(fake).execute()


def told(execution: Execution, kind: str) -> dict[str, Any]:
    (event,) = [event for event in execution.history if event["type"] == kind]
    details: dict[str, Any] = next(value for name, value in event.items() if name.endswith("EventDetails"))
    return details


def test_text_members_of_optimised_integrations_take_any_json() -> None:
    fake = Fake(ServiceAnswer({"MessageId": "m"}))

    run("sqs:sendMessage", {"QueueUrl": "q", "MessageBody": {"n": 1}}, fake)
    run("sns:publish", {"TopicArn": "t", "Message": {"n": 1}, "Subject": None}, fake)
    run("events:putEvents", {"Entries": [{"Detail": {"n": 1}, "Source": "s"}]}, fake)

    assert [(call.service, call.action, call.parameters) for call in fake.calls] == [
        ("sqs", "sendMessage", {"QueueUrl": "q", "MessageBody": '{"n":1}'}),
        ("sns", "publish", {"TopicArn": "t", "Message": '{"n":1}'}),
        ("eventbridge", "putEvents", {"Entries": [{"Detail": '{"n":1}', "Source": "s"}]}),
    ]


def test_optimised_answers_tell_of_the_exchange() -> None:
    fake = Fake(ServiceAnswer({"MD5OfMessageBody": "0" * 32, "MessageId": "0" * 36}, "id"))

    output: Any = run("sqs:sendMessage", {"QueueUrl": "q", "MessageBody": "m"}, fake).output

    assert output["SdkResponseMetadata"] == {"RequestId": "id"}
    assert output["SdkHttpMetadata"]["HttpHeaders"]["Content-Length"] == "106"
    assert output["SdkHttpMetadata"]["AllHttpHeaders"]["x-amzn-RequestId"] == ["id"]


def test_sdk_answers_are_bare() -> None:
    fake = Fake(ServiceAnswer({"MessageId": "m"}, "id"))

    execution = run("aws-sdk:sqs:sendMessage", {"QueueUrl": "q", "MessageBody": "m"}, fake)

    assert execution.output == {"MessageId": "m"}
    assert told(execution, "TaskSucceeded")["resourceType"] == "aws-sdk:sqs"
    assert fake.calls[0].is_sdk


REFUSAL = Refusal(
    "DynamoDB", "ConditionalCheckFailedException", "No.", exception="ConditionalCheckFailedException"
)
FAILURES: list[tuple[str, Answer, str, str]] = [
    (
        "dynamodb:putItem",
        REFUSAL._replace(request_id="r"),
        "DynamoDB.ConditionalCheckFailedException",
        "No. (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ConditionalCheckFailedException; "
        "Request ID: r; Proxy: null)",
    ),
    (
        "aws-sdk:dynamodb:putItem",
        REFUSAL._replace(request_id="r"),
        "DynamoDb.ConditionalCheckFailedException",
        "No. (Service: DynamoDb, Status Code: 400, Request ID: r) (SDK Attempt Count: 1)",
    ),
    (
        "dynamodb:putItem",
        Refusal("DynamoDB", "ValidationException", "No.", request_id="r"),
        "DynamoDB.AmazonDynamoDBException",
        "No. (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ValidationException; Request ID: r; "
        "Proxy: null)",
    ),
    (
        "aws-sdk:secretsmanager:createSecret",
        Refusal("Secrets Manager", "ValidationException", "No.", request_id="r"),
        "SecretsManager.SecretsManagerException",
        "No. (Service: SecretsManager, Status Code: 400, Request ID: r) (SDK Attempt Count: 1)",
    ),
    ("dynamodb:putItem", Unreachable("DynamoDB", "Gone."), "DynamoDB.SdkClientException", "Gone."),
    (
        "aws-sdk:dynamodb:putItem",
        Misfit(('The field "X" is not supported by Step Functions',)),
        "States.Runtime",
        'The Parameters \'{"TableName":"t","Item":{}}\' could not be used to start the Task: '
        '[The field "X" is not supported by Step Functions]',
    ),
]


@pytest.mark.parametrize(("action", "answer", "error", "cause"), FAILURES)
def test_failure_is_named_and_worded_as_aws_does(action: str, answer: Answer, error: str, cause: str) -> None:
    execution = run(action, {"TableName": "t", "Item": {}}, Fake(answer))

    assert (execution.status, execution.error, execution.cause) == ("FAILED", error, cause)


def test_entry_that_fails_fails_the_task() -> None:
    output: JSONObject = {"Entries": [{"ErrorCode": "InternalFailure"}], "FailedEntryCount": 1}

    execution = run("events:putEvents", {"Entries": [{}]}, Fake(ServiceAnswer(output)))

    assert execution.error == "EventBridge.FailedEntry"
    assert json.loads(execution.cause or "") == output


def test_call_that_waits_for_its_token_is_submitted() -> None:
    fake = Fake(ServiceAnswer({"MessageId": "m"}))
    parameters: JSONObject = {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}}

    execution = run("sqs:sendMessage.waitForTaskToken", parameters, fake, TimeoutSeconds=60)

    assert execution.error == "States.Timeout"
    assert execution.elapsed == 60
    assert json.loads(told(execution, "TaskSubmitted")["output"])["MessageId"] == "m"


def test_credentials_name_the_role() -> None:
    fake = Fake(ServiceAnswer({}))

    run(
        "sqs:sendMessage",
        {"QueueUrl": "q", "MessageBody": "m"},
        fake,
        Credentials={"RoleArn": "arn:aws:iam::1:role/r"},
    )

    assert fake.calls[0].role == "arn:aws:iam::1:role/r"


@pytest.mark.parametrize(
    ("output", "result", "error"),
    [
        ({"Payload": '{"n":1}'}, {"n": 1}, None),
        ({"Payload": '{"errorType":"Oops"}', "FunctionError": "Unhandled"}, None, "Oops"),
    ],
)
def test_function_is_invoked(output: JSONObject, result: object, error: str | None) -> None:
    fake = Fake(ServiceAnswer(output))
    arn = "arn:aws:lambda:us-east-1:123456789012:function:work"
    machine = StateMachine.from_json(
        {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": arn, "End": True}}}
    )

    execution = machine.set_services(fake).execute({"m": 2})

    assert fake.calls[0].parameters == {"FunctionName": arn, "Payload": '{"m":2}'}
    assert (execution.output, execution.error) == (result, error)


def test_what_is_attached_comes_before_services() -> None:
    fake = Fake(Unreachable("", "never called"))
    machine = StateMachine.from_json(
        {
            "StartAt": "A",
            "States": {
                "A": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::aws-sdk:s3:listBuckets",
                    "Parameters": {},
                    "End": True,
                }
            },
        }
    )

    execution = machine.set_resource_function("A", {"Buckets": []}).set_services(fake).execute()

    assert execution.output == {"Buckets": []}
    assert not fake.calls


HTTP: list[tuple[str, JSONObject, Callable[[HttpRequest], object], object]] = [
    ("apigateway", {"Stage": "live", "Path": "/a"}, lambda sent: sent.url, "https://host/live/a"),
    (
        "apigateway",
        {"QueryParameters": {"q": ["a b", "c"]}},
        lambda sent: sent.url,
        "https://host?q=a%20b&q=c",
    ),
    ("apigateway", {"RequestBody": "text"}, lambda sent: sent.body, b'"text"'),
    ("apigateway", {"RequestBody": {"a": None, "b": 1}}, lambda sent: sent.body, b'{"b":1}'),
    ("apigateway", {"AuthType": "IAM_ROLE"}, lambda sent: sent.auth, "IAM_ROLE"),
    ("apigateway", {"Headers": {"h": ["1", "2"]}}, lambda sent: sent.headers, (("h", "1"), ("h", "2"))),
    ("http", {"Authentication": {"ConnectionArn": "c"}}, lambda sent: sent.auth, "c"),
    (
        "http",
        {"RequestBody": {"a": [1, 2]}, "Transform": {"RequestBodyEncoding": "URL_ENCODED"}},
        lambda sent: sent.body,
        b"a%5B0%5D=1&a%5B1%5D=2",
    ),
]


@pytest.mark.parametrize(("service", "more", "look", "expected"), HTTP)
def test_request_says_what_the_parameters_say(
    service: str, more: JSONObject, look: Callable[[HttpRequest], object], expected: object
) -> None:
    fake = Fake(HttpAnswer(200, "OK", {"A": ["b"]}, b'{"n":1}'))
    endpoint = "host" if service == "apigateway" else "https://host"

    execution = run(f"{service}:invoke", {"ApiEndpoint": endpoint, "Method": "POST", **more}, fake)

    assert look(fake.requests[0]) == expected
    assert execution.output == {
        "Headers": {"A": ["b"]},
        "ResponseBody": {"n": 1},
        "StatusCode": 200,
        "StatusText": "OK",
    }


@pytest.mark.parametrize(
    ("action", "error"),
    [("apigateway:invoke", "ApiGateway.404"), ("http:invoke", "States.Http.StatusCode.404")],
)
def test_endpoint_that_refuses_fails_the_task(action: str, error: str) -> None:
    fake = Fake(HttpAnswer(404, "Not Found", {}, b"nothing"))

    execution = run(action, {"ApiEndpoint": "host", "Method": "GET"}, fake)

    assert (execution.error, execution.cause) == (error, "nothing")
