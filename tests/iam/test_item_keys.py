"""Which items' keys a call of DynamoDB names."""

from __future__ import annotations

import pytest

from step.iam.item_keys import leading_keys
from step.iam.needs import ApiCall, Home
from step.jsonvalue import JSONObject

ITEM: JSONObject = {"id": {"S": "a"}, "n": {"N": "1"}}


@pytest.mark.parametrize(
    ("operation", "parameters", "keys"),
    [
        ("GetItem", {"TableName": "t", "Key": ITEM}, ("a",)),
        ("PutItem", {"TableName": "t", "Item": ITEM}, ("a",)),
        ("PutItem", {"TableName": "other", "Item": ITEM}, ()),
        ("BatchGetItem", {"RequestItems": {"t": {"Keys": [ITEM]}}}, ("a",)),
        ("BatchWriteItem", {"RequestItems": {"t": [{"PutRequest": {"Item": ITEM}}]}}, ("a",)),
        (
            "Query",
            {
                "TableName": "t",
                "KeyConditionExpression": "#k = :v AND n > :w",
                "ExpressionAttributeNames": {"#k": "id"},
                "ExpressionAttributeValues": {":v": {"S": "a"}, ":w": {"N": "1"}},
            },
            ("a",),
        ),
        (
            "Query",
            {
                "TableName": "t",
                "KeyConditions": {"id": {"AttributeValueList": [{"S": "a"}], "ComparisonOperator": "EQ"}},
            },
            ("a",),
        ),
        ("Scan", {"TableName": "t"}, ()),
    ],
)
def test_leading_keys(operation: str, parameters: JSONObject, keys: tuple[str, ...]) -> None:
    call = ApiCall(
        service="dynamodb", operation=operation, parameters=parameters, home=Home("aws", "us-east-1", "1")
    )

    assert leading_keys(call, f"dynamodb:{operation}", lambda table: "id" if table == "t" else None) == keys


def test_each_action_of_a_transaction_is_about_its_own_items() -> None:
    put: JSONObject = {"Put": {"TableName": "t", "Item": ITEM}}
    update: JSONObject = {"Update": {"TableName": "t", "Key": {"id": {"N": "2"}}}}
    call = ApiCall(
        service="dynamodb",
        operation="TransactWriteItems",
        parameters={"TransactItems": [put, update]},
        home=Home("aws", "us-east-1", "1"),
    )

    assert [leading_keys(call, f"dynamodb:{name}", lambda _: "id") for name in ("PutItem", "UpdateItem")] == [
        ("a",),
        ("2",),
    ]
