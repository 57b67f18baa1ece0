"""A task's call is answered in AWS's words where moto has others: by moto itself, behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from step.aws.services import AwsServices
from step.local.cloud.as_amazon import AsAmazon
from step.runtime.services import Refusal, ServiceAnswer, ServiceCall
from tests.amazon import in_memory_aws

TOPIC = "arn:aws:sns:us-east-1:123456789012:topic"
ITEM = {"id": {"S": "1"}}


@pytest.fixture(scope="module")
def services() -> Iterator[AsAmazon]:
    keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "us-east-1"}
    with pytest.MonkeyPatch.context() as patch, in_memory_aws():
        for name, value in keys.items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="bucket")
        sns, table = boto3.client("sns"), boto3.client("dynamodb")
        sns.create_topic(Name="topic")
        sns.create_topic(Name="topic.fifo", Attributes={"FifoTopic": "true"})
        boto3.client("sqs").create_queue(QueueName="queue")
        table.create_table(
            TableName="table",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield AsAmazon(AwsServices())


def ask(services: AsAmazon, service: str, action: str, **parameters: Any) -> Any:
    return services.call(ServiceCall(service, action, parameters, is_sdk=True))


def test_object_is_told_with_its_encryption_and_its_checksum_to_who_asks(services: AsAmazon) -> None:
    place = {"Bucket": "bucket", "Key": "key"}

    put = ask(services, "s3", "putObject", **place, Body="abc").output
    got = ask(services, "s3", "getObject", **place).output
    asked = ask(services, "s3", "getObject", **place, ChecksumMode="ENABLED").output
    head = ask(services, "s3", "headObject", **place).output

    assert {"ServerSideEncryption": "AES256", "ChecksumType": "FULL_OBJECT"}.items() <= put.items()
    assert got["ServerSideEncryption"] == head["ServerSideEncryption"] == "AES256"
    assert [name for name in (*got, *head) if name.startswith("Checksum")] == []
    assert asked["ChecksumCRC32"] == put["ChecksumCRC32"]


@pytest.mark.parametrize("action", ["putItem", "updateItem", "getItem", "deleteItem"])
def test_capacity_is_told_to_who_asks(services: AsAmazon, action: str) -> None:
    given: dict[str, Any] = {"TableName": "table", ("Item" if action == "putItem" else "Key"): ITEM}
    if action == "updateItem":
        given |= {"UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "x"}}}

    silent = ask(services, "dynamodb", action, **given)
    told = ask(services, "dynamodb", action, **given, ReturnConsumedCapacity="TOTAL")

    assert "ConsumedCapacity" not in silent.output
    assert told.output["ConsumedCapacity"]["TableName"] == "table"


@pytest.mark.parametrize(
    ("service", "action", "parameters", "code", "message"),
    [
        (
            "dynamodb",
            "putItem",
            {"TableName": "/t", "Item": ITEM},
            "ValidationException",
            "1 validation error detected: Value '/t' at 'tableName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
        ),
        (
            "dynamodb",
            "getItem",
            {"TableName": "table", "Key": {"id": {}}},
            "ValidationException",
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        ),
        (
            "secretsmanager",
            "createSecret",
            {"Name": "a b", "SecretString": "x"},
            "ValidationException",
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: "
            "-/_+=.@!",
        ),
        (
            "sns",
            "publish",
            {"TopicArn": f"{TOPIC}.fifo", "Message": "m"},
            "InvalidParameter",
            "Invalid parameter: The MessageGroupId parameter is required for FIFO topics",
        ),
        (
            "sns",
            "publish",
            {"TopicArn": f"{TOPIC}.fifo", "Message": "m", "MessageGroupId": "g"},
            "InvalidParameter",
            "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly",
        ),
        ("sns", "publish", {"TopicArn": f"{TOPIC}-2", "Message": "m"}, "NotFound", "Topic does not exist"),
        (
            "sns",
            "publish",
            {"TopicArn": "t", "Message": "m"},
            "InvalidParameter",
            "Invalid parameter: TopicArn",
        ),
        (
            "sns",
            "publish",
            {"Message": "m"},
            "InvalidParameter",
            "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter",
        ),
        (
            "sns",
            "publish",
            {"TopicArn": TOPIC, "Message": ""},
            "InvalidParameter",
            "Invalid parameter: Empty message",
        ),
        (
            "sqs",
            "sendMessage",
            {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/queue", "MessageBody": ""},
            "MissingParameter",
            "The request must contain the parameter MessageBody.",
        ),
    ],
)
def test_refusal(
    services: AsAmazon, service: str, action: str, parameters: dict[str, Any], code: str, message: str
) -> None:
    refusal = ask(services, service, action, **parameters)

    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.message) == (code, message)


def test_message_of_a_fifo_topic_has_a_number_greater_than_the_last(services: AsAmazon) -> None:
    numbers = [
        ask(
            services,
            "sns",
            "publish",
            TopicArn=f"{TOPIC}.fifo",
            Message="m",
            MessageGroupId="g",
            MessageDeduplicationId=str(number),
        ).output["SequenceNumber"]
        for number in range(3)
    ]

    assert {len(number) for number in numbers} == {20}
    assert numbers == sorted(set(numbers))
    plain = ask(services, "sns", "publish", TopicArn=TOPIC, Message="m")
    assert isinstance(plain, ServiceAnswer)
    assert list(plain.output) == ["MessageId"]


def test_event_whose_detail_is_no_object_is_refused_beside_the_others(services: AsAmazon) -> None:
    entries = [
        {"Source": "s", "DetailType": "t", "Detail": detail} for detail in ("{}", "[]", "text", '{"a": 1}')
    ]

    output = ask(services, "eventbridge", "putEvents", Entries=entries).output

    malformed = {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    assert output["FailedEntryCount"] == 2
    assert [list(entry) == ["EventId"] or entry for entry in output["Entries"]] == [
        True,
        malformed,
        malformed,
        True,
    ]
