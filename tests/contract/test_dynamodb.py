"""What DynamoDB promises, of the conditions that a lock needs."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.aws

FREE = "attribute_not_exists(#key) OR #owner = :free OR #owner = :me"


@pytest.fixture(scope="module")
def client(aws: Callable[..., Any]) -> Iterator[Any]:
    with closing(aws("dynamodb")) as client:
        yield client


@pytest.fixture
def table(client: Any) -> Iterator[str]:
    name = f"contract-{uuid.uuid4().hex[:8]}"
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client.get_waiter("table_exists").wait(TableName=name)
    yield name
    client.delete_table(TableName=name)


def acquire(client: Any, table: str, owner: str) -> Any:
    return client.update_item(
        TableName=table,
        Key={"key": {"S": "lock"}},
        UpdateExpression="SET #owner = :me ADD fence :one",
        ConditionExpression=FREE,
        ExpressionAttributeNames={"#key": "key", "#owner": "owner"},
        ExpressionAttributeValues={":me": {"S": owner}, ":free": {"S": ""}, ":one": {"N": "1"}},
        ReturnValues="ALL_NEW",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )


def test_a_refused_condition_names_what_is_there(client: Any, table: str) -> None:
    first = acquire(client, table, "one")["Attributes"]

    with pytest.raises(ClientError) as caught:
        acquire(client, table, "two")

    assert first["fence"] == {"N": "1"}
    assert caught.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert caught.value.response["Item"]["owner"] == {"S": "one"}
    assert acquire(client, table, "one")["Attributes"]["fence"] == {"N": "2"}


def test_a_transaction_writes_all_or_nothing(client: Any, table: str) -> None:
    acquire(client, table, "one")
    put = {"Put": {"TableName": table, "Item": {"key": {"S": "audit"}}}}
    check = {
        "ConditionCheck": {
            "TableName": table,
            "Key": {"key": {"S": "lock"}},
            "ConditionExpression": "#owner = :me",
            "ExpressionAttributeNames": {"#owner": "owner"},
            "ExpressionAttributeValues": {":me": {"S": "two"}},
        }
    }

    with pytest.raises(ClientError) as caught:
        client.transact_write_items(TransactItems=[put, check])

    assert caught.value.response["Error"]["Code"] == "TransactionCanceledException"
    assert "Item" not in client.get_item(TableName=table, Key={"key": {"S": "audit"}})
