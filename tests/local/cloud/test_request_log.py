"""What is kept of the emulation: bounded, the same in every process, and nothing that runs."""

from __future__ import annotations

import json
import pickle
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local.cloud.conftest import Place

TABLE = {
    "TableName": "locks",
    "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)


def rows(place: Place) -> int:
    place.cloud._emulation._drop(2**60)
    found = place.cloud._emulation._kept._open().execute("SELECT count(*) FROM requests").fetchone()
    return int(found[0])


def test_a_lock_that_was_taken_often_is_a_few_requests(place: Place) -> None:
    dynamodb = place.client("dynamodb")
    dynamodb.create_table(**TABLE)
    given: dict[str, Any] = {
        "TableName": "locks",
        "Key": {"key": {"S": "a"}},
        "UpdateExpression": "SET #o = :me ADD fence :one",
        "ConditionExpression": "attribute_not_exists(#o) OR #o = :me",
        "ExpressionAttributeNames": {"#o": "owner"},
        "ExpressionAttributeValues": {":me": {"S": "me"}, ":one": {"N": "1"}},
    }

    for _ in range(250):
        dynamodb.update_item(**given)

    assert rows(place) < 60
    place.restart()
    item = place.client("dynamodb").get_item(TableName="locks", Key=given["Key"])["Item"]
    assert item["fence"] == {"N": "250"}


def test_what_was_put_and_deleted_leaves_nothing(place: Place) -> None:
    s3, sqs, iam = place.client("s3"), place.client("sqs"), place.client("iam")
    dynamodb, logs = place.client("dynamodb"), place.client("logs")
    dynamodb.create_table(**TABLE)
    s3.create_bucket(Bucket="kept")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    left = rows(place)

    s3.create_bucket(Bucket="bread")
    for number in range(5):
        s3.put_object(Bucket="kept", Key=str(number), Body=b"x" * 20_000)
        s3.put_object(Bucket="bread", Key=str(number), Body=b"")
        dynamodb.put_item(TableName="locks", Item={"key": {"S": str(number)}})
        sqs.send_message(QueueUrl=queue, MessageBody="m")
        iam.create_role(RoleName=f"r{number}", AssumeRolePolicyDocument="{}")
        iam.put_role_policy(RoleName=f"r{number}", PolicyName="p", PolicyDocument=POLICY)
        logs.create_log_group(logGroupName=f"g{number}")
    for number in range(5):
        s3.delete_object(Bucket="kept", Key=str(number))
        dynamodb.delete_item(TableName="locks", Key={"key": {"S": str(number)}})
        (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        iam.delete_role_policy(RoleName=f"r{number}", PolicyName="p")
        iam.delete_role(RoleName=f"r{number}")
        logs.delete_log_group(logGroupName=f"g{number}")
    s3.delete_objects(Bucket="bread", Delete={"Objects": [{"Key": str(number)} for number in range(5)]})
    s3.delete_bucket(Bucket="bread")

    assert rows(place) == left
    assert list((place.store / "cloud" / "contents").iterdir()) == []


def test_messages_are_kept_while_one_is_held(place: Place) -> None:
    sqs = place.client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    for body in ("one", "two"):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)["Messages"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    rows(place)
    place.restart()

    (message,) = place.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert message["Body"] == "two"
    assert "Messages" not in place.client("sqs").receive_message(QueueUrl=queue)


def test_a_store_of_someone_else_runs_nothing(place: Place, tmp_path: Path) -> None:
    class Planted:
        def __reduce__(self) -> Any:
            return (tmp_path.joinpath("ran").write_text, ("x",))

    planted = pickle.dumps(Planted())
    cloud = place.store / "cloud"
    cloud.mkdir(parents=True)
    with sqlite3.connect(cloud / "moto.sqlite") as old:
        old.execute("CREATE TABLE backends (module TEXT, account TEXT, region TEXT, state BLOB)")
        old.execute("INSERT INTO backends VALUES ('s3', '123456789012', 'aws', ?)", (planted,))
    place.client("s3").create_bucket(Bucket="bread")
    with sqlite3.connect(cloud / "requests.sqlite") as log:
        log.execute("UPDATE requests SET body = ?, made = ?", (planted, json.dumps([planted.hex()])))

    place.restart()
    place.client("s3").list_buckets()

    assert not tmp_path.joinpath("ran").exists()


def test_what_another_moto_refuses_is_left_out_and_told(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    s3 = place.client("s3")
    s3.create_bucket(Bucket="bread")
    s3.put_object(Bucket="bread", Key="k", Body=b"")
    with sqlite3.connect(place.store / "cloud" / "requests.sqlite") as log:
        log.execute("UPDATE requests SET path = '/nowhere/k' WHERE path = '/bread/k'")

    place.restart()

    assert [bucket["Name"] for bucket in place.client("s3").list_buckets()["Buckets"]] == ["bread"]
    assert "s3: 1 changes can't be made again" in caplog.text


def test_a_log_of_a_later_version_is_refused(place: Place) -> None:
    place.client("s3").create_bucket(Bucket="bread")
    with sqlite3.connect(place.store / "cloud" / "requests.sqlite") as log:
        log.execute("PRAGMA user_version = 99")

    place.restart()

    with pytest.raises(Exception, match="StoreFull"):
        place.client("s3").list_buckets()
