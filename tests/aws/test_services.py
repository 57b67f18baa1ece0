"""Integrations over boto3, against moto: names, requests, answers and refusals as Step Functions has them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import quote

import boto3
import pytest

from step import Execution, StateMachine
from step.aws.services import AwsServices
from step.runtime.services import (
    HttpAnswer,
    HttpRequest,
    Misfit,
    Refusal,
    ServiceAnswer,
    ServiceCall,
    Unreachable,
)
from tests.amazon import in_memory_aws

ITEM = {"id": {"S": "1"}, "data": {"S": "bread"}}
KEY = {"id": {"S": "1"}}


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsServices]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with in_memory_aws():
        yield AwsServices()


@pytest.fixture
def table(services: AwsServices) -> str:
    boto3.client("dynamodb").create_table(
        TableName="loaves",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return "loaves"


def run(services: AwsServices, *tasks: tuple[str, dict[str, Any]], **more: Any) -> Execution:
    """Run a line of tasks; each takes its parameters as they are."""
    names = [f"T{number}" for number in range(len(tasks))]
    states: dict[str, Any] = {
        name: {
            "Type": "Task",
            "Resource": f"arn:aws:states:::{action}",
            "Parameters": parameters,
            "ResultPath": f"$.{name}",
            "Next": f"T{number + 1}",
            **more,
        }
        for number, (name, (action, parameters)) in enumerate(zip(names, tasks, strict=True))
    }
    del states[names[-1]]["Next"]
    states[names[-1]]["End"] = True
    return StateMachine.from_json({"StartAt": "T0", "States": states}).set_services(services).execute()


def ask(services: AwsServices, service: str, action: str, **parameters: Any) -> Any:
    return services.call(ServiceCall(service, action, parameters, is_sdk=True))


@pytest.mark.parametrize("prefix", ["dynamodb", "aws-sdk:dynamodb"])
def test_item_is_put_updated_got_and_deleted(services: AwsServices, table: str, prefix: str) -> None:
    update = {
        "UpdateExpression": "SET #d = :d",
        "ExpressionAttributeNames": {"#d": "data"},
        "ExpressionAttributeValues": {":d": {"S": "toast"}},
    }

    output: Any = run(
        services,
        (f"{prefix}:putItem", {"TableName": table, "Item": ITEM}),
        (f"{prefix}:updateItem", {"TableName": table, "Key": KEY, **update}),
        (f"{prefix}:getItem", {"TableName": table, "Key": KEY}),
        (f"{prefix}:deleteItem", {"TableName": table, "Key": KEY}),
    ).result()

    assert output["T2"]["Item"] == {"id": {"S": "1"}, "data": {"S": "toast"}}
    assert ("SdkHttpMetadata" in output["T2"]) == (prefix == "dynamodb")
    assert "Item" not in boto3.client("dynamodb").get_item(TableName=table, Key=KEY)


@pytest.mark.parametrize(
    ("prefix", "error", "details"),
    [
        (
            "dynamodb",
            "DynamoDB.ConditionalCheckFailedException",
            "(Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ConditionalCheckFailedException; ",
        ),
        (
            "aws-sdk:dynamodb",
            "DynamoDb.ConditionalCheckFailedException",
            "(Service: DynamoDb, Status Code: 400, Request ID: ",
        ),
    ],
)
def test_refusal_is_the_services_own(
    services: AwsServices, table: str, prefix: str, error: str, details: str
) -> None:
    put = {"TableName": table, "Item": ITEM, "ConditionExpression": "attribute_exists(id)"}

    execution = run(services, (f"{prefix}:putItem", put))

    assert execution.error == error
    assert details in (execution.cause or "")


@pytest.mark.parametrize(
    ("service", "action", "parameters", "code", "exception", "message"),
    [
        (
            "dynamodb",
            "putItem",
            {"TableName": "t"},
            "ValidationException",
            None,
            "1 validation error detected: Value null at 'item' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (
            "sqs",
            "sendMessage",
            {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/1/q"},
            "MissingParameter",
            None,
            "The request must contain the parameter MessageBody.",
        ),
        (
            "sqs",
            "sendMessage",
            {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/q", "MessageBody": "m"},
            "AWS.SimpleQueueService.NonExistentQueue",
            "QueueDoesNotExist",
            "The specified queue does not exist",
        ),
        ("s3", "listObjectsV2", {"Bucket": "b"}, "NoSuchBucket", "NoSuchBucket", "The specified bucket"),
        (
            "sns",
            "publish",
            {"TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": "m"},
            "NotFound",
            "NotFoundException",
            "",
        ),
    ],
)
def test_refusals_name_code_and_shape(
    services: AwsServices,
    service: str,
    action: str,
    parameters: dict[str, Any],
    code: str,
    exception: str | None,
    message: str,
) -> None:
    refusal = ask(services, service, action, **parameters)

    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.exception) == (code, exception)
    assert refusal.message.startswith(message)


@pytest.mark.parametrize(
    ("prefix", "error"),
    [
        ("dynamodb", "DynamoDB.AmazonDynamoDBException"),
        ("aws-sdk:dynamodb", "DynamoDb.DynamoDbException"),
    ],
)
def test_wrong_parameter_is_the_services_error_and_caught_as_one(
    services: AwsServices, table: str, prefix: str, error: str
) -> None:
    put = {"TableName": table, "Item": {"id": "a bare text"}}

    failed = run(services, (f"{prefix}:putItem", put))
    whoever: tuple[str, dict[str, Any]] = ("aws-sdk:sts:getCallerIdentity", {})
    caught = run(
        services, (f"{prefix}:putItem", put), whoever, Catch=[{"ErrorEquals": [error], "Next": "T1"}]
    )

    assert failed.error == error
    assert (failed.cause or "").startswith("Expected null (Service: ")
    assert caught.status == "SUCCEEDED"


def test_host_that_nobody_finds_is_not_reached(services: AwsServices) -> None:
    answer = ask(services, "sqs", "sendMessage", QueueUrl="http://nowhere", MessageBody="m")

    assert answer == Unreachable("SQS", "Unable to execute HTTP request: nowhere: Name or service not known")


@pytest.mark.parametrize(
    ("service", "action", "parameters", "problem"),
    [
        ("quantum", "entangle", {}, "The service 'quantum' is not supported by Step Functions"),
        ("s3", "bake", {}, "The action 'bake' is not supported by Step Functions"),
        ("s3", "listBuckets", {"Loaf": 1}, 'The field "Loaf" is not supported by Step Functions'),
    ],
)
def test_what_no_model_has_is_a_misfit(
    services: AwsServices, service: str, action: str, parameters: dict[str, Any], problem: str
) -> None:
    assert ask(services, service, action, **parameters) == Misfit((problem,))


@pytest.mark.parametrize("key", ["read me", "100%", "é+b"])
def test_the_source_of_a_copy_is_encoded_by_whoever_names_it(services: AwsServices, key: str) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bread")
    s3.put_object(Bucket="bread", Key=key, Body=b"crumbs")

    told = ask(services, "s3", "copyObject", Bucket="bread", Key="k", CopySource=f"bread/{quote(key)}")

    assert not isinstance(told, Refusal), told
    assert s3.get_object(Bucket="bread", Key="k")["Body"].read() == b"crumbs"


@pytest.mark.parametrize(
    ("body", "stored"), [("text", b'"text"'), ({"a": 1}, b'{"a":1}'), (False, b"false"), (0, b"0")]
)
def test_stream_is_sent_as_json_and_got_as_text(services: AwsServices, body: Any, stored: bytes) -> None:
    boto3.client("s3").create_bucket(Bucket="bread")

    ask(services, "s3", "putObject", Bucket="bread", Key="k", Body=body)
    got = ask(services, "s3", "getObject", Bucket="bread", Key="k")

    assert boto3.client("s3").get_object(Bucket="bread", Key="k")["Body"].read() == stored
    assert (got.output["Body"], got.output["ContentLength"]) == (stored.decode(), len(stored))
    assert got.output["LastModified"].endswith("Z")


def test_names_are_the_apis_for_optimised_and_the_sdks_for_sdk_integrations(services: AwsServices) -> None:
    url = boto3.client("sqs").create_queue(QueueName="q")["QueueUrl"]

    output: Any = run(
        services,
        ("sqs:sendMessage", {"QueueUrl": url, "MessageBody": {"n": 1}}),
        ("aws-sdk:sqs:sendMessage", {"QueueUrl": url, "MessageBody": {"n": 1}}),
    ).result()

    assert output["T0"]["MD5OfMessageBody"] == output["T1"]["Md5OfMessageBody"]
    messages = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in messages] == ['{"n":1}', '{"n":1}']


def test_services_have_the_names_of_the_sdk(services: AwsServices) -> None:
    assert ask(services, "sfn", "listStateMachines").output == {"StateMachines": []}
    assert ask(services, "cloudwatchlogs", "describeLogGroups").output == {"LogGroups": []}
    assert isinstance(ask(services, "eventbridge", "listEventBuses"), ServiceAnswer)
    assert ask(services, "rds", "describeDbInstances").output == {"DbInstances": []}


def test_role_is_assumed_for_its_call(services: AwsServices) -> None:
    role = boto3.client("iam").create_role(RoleName="baker", AssumeRolePolicyDocument="{}")["Role"]["Arn"]

    answer = services.call(ServiceCall("sts", "getCallerIdentity", {}, role, is_sdk=True))

    assert isinstance(answer, ServiceAnswer)
    assert ":assumed-role/baker/" in str(answer.output["Arn"])


def test_topic_and_bus_take_what_is_sent(services: AwsServices) -> None:
    topic = boto3.client("sns").create_topic(Name="t")["TopicArn"]
    entry = {"Detail": {"n": 1}, "DetailType": "d", "Source": "s"}

    output: Any = run(
        services,
        ("sns:publish", {"TopicArn": topic, "Message": {"n": 1}}),
        ("events:putEvents", {"Entries": [entry]}),
    ).result()

    assert output["T0"]["MessageId"]
    assert output["T1"]["FailedEntryCount"] == 0
    assert "SdkHttpMetadata" not in output["T1"]


# ---------------------------------------------------------------- HTTP endpoints


class Echo(BaseHTTPRequestHandler):
    """Answers with what it got."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        told = json.dumps({"path": self.path, "body": body.decode(), "headers": dict(self.headers)}).encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(services: AwsServices, endpoint: str, auth: str = "") -> tuple[HttpAnswer, Any]:
    answer = services.fetch(HttpRequest("POST", f"{endpoint}/a?b=c", (("H", "1"), ("H", "2")), b"x", auth))
    assert isinstance(answer, HttpAnswer)
    return answer, json.loads(answer.body)


def test_endpoint_gets_the_request_and_its_answer_comes_back(services: AwsServices, endpoint: str) -> None:
    answer, got = fetch(services, endpoint)

    assert (answer.status, answer.reason) == (201, "Created")
    assert (got["path"], got["body"], got["headers"]["H"]) == ("/a?b=c", "x", "1, 2")


def test_request_is_signed_where_it_asks_for_it(services: AwsServices, endpoint: str) -> None:
    _, got = fetch(services, endpoint, "IAM_ROLE")

    assert got["headers"]["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=")
    assert "/execute-api/aws4_request" in got["headers"]["Authorization"]


@pytest.mark.parametrize(
    ("kind", "parameters", "header"),
    [
        (
            "BASIC",
            {"BasicAuthParameters": {"Username": "u", "Password": "p"}},
            ("Authorization", "Basic dTpw"),
        ),
        ("API_KEY", {"ApiKeyAuthParameters": {"ApiKeyName": "Key", "ApiKeyValue": "v"}}, ("Key", "v")),
    ],
)
def test_connection_authorizes_the_request(
    services: AwsServices, endpoint: str, kind: str, parameters: dict[str, Any], header: tuple[str, str]
) -> None:
    more = {"HeaderParameters": [{"Key": "More", "Value": "m", "IsValueSecret": False}]}
    connection = boto3.client("events").create_connection(
        Name="c",
        AuthorizationType=kind,
        AuthParameters={**parameters, "InvocationHttpParameters": more},
    )

    _, got = fetch(services, endpoint, connection["ConnectionArn"])

    assert got["headers"][header[0]] == header[1]
    assert got["headers"]["More"] == "m"


def test_endpoint_that_is_not_there_is_not_reached(services: AwsServices) -> None:
    answer = services.fetch(HttpRequest("GET", "http://127.0.0.1:1/", (), None))

    assert isinstance(answer, Unreachable)
