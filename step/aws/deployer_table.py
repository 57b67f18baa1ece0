"""The deployer's table of locks and records in DynamoDB, behind ``step.deployer.ports.Table``.

Knows DynamoDB's expressions; no rule of the lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from step.aws.deployer_calls import ask
from step.deployer.lock import HELD_BY_EXECUTION
from step.deployer.ports import ConditionFailed, Is, RecordExists, Unavailable, Write
from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue

HELD_INDEX = "held"
_FAILED = "ConditionalCheckFailed"
# What every answer has where it is asked for, and nobody else's answer does.
_TOLD = ("ConsumedCapacity",)


class DynamoTable:
    """A table whose partition key is ``key``; every read is consistent."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, key: str) -> JSONObject | None:
        """Read an item; see the port."""
        answer = ask(
            self._client,
            "get_item",
            _TOLD,
            TableName=self._name,
            Key=_key(key),
            ConsistentRead=True,
            ReturnConsumedCapacity="TOTAL",
        )
        item = answer.get("Item")
        return None if item is None else _item_of(item, key)

    def write(self, write: Write) -> JSONObject:
        """Change an item; see the port."""
        from botocore.exceptions import ClientError

        try:
            answer = ask(
                self._client, "update_item", ["Attributes"], ReturnValues="ALL_NEW", **self._update(write)
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise _other(error) from error
            raise ConditionFailed(_from_item(error.response.get("Item", {}))) from error
        return _item_of(answer["Attributes"], write.key)

    def write_and_record(self, write: Write, record: JSONObject) -> None:
        """Change an item and add a record, both or none; see the port."""
        from botocore.exceptions import ClientError

        items = [{"Update": self._update(write)}, {"Put": self._put(record)}]
        try:
            ask(
                self._client,
                "transact_write_items",
                _TOLD,
                TransactItems=items,
                ReturnConsumedCapacity="TOTAL",
            )
        except ClientError as error:
            reasons = error.response.get("CancellationReasons", [])
            codes = [reason.get("Code") for reason in reasons]
            if codes[:1] == [_FAILED]:
                raise ConditionFailed(_from_item(reasons[0].get("Item", {}))) from error
            if codes[1:2] == [_FAILED]:
                raise RecordExists(str(record["key"])) from error
            raise _other(error) from error

    def record(self, record: JSONObject) -> None:
        """Add a record; see the port."""
        from botocore.exceptions import ClientError

        try:
            ask(self._client, "put_item", _TOLD, ReturnConsumedCapacity="TOTAL", **self._put(record))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise _other(error) from error
            raise RecordExists(str(record["key"])) from error

    def holders(self) -> Sequence[str]:
        """Name the executions that hold locks; see the port."""
        found: list[str] = []
        start: dict[str, Any] = {}
        while True:
            answer = ask(
                self._client,
                "query",
                ["Items"],
                TableName=self._name,
                IndexName=HELD_INDEX,
                KeyConditionExpression="#held = :held",
                ExpressionAttributeNames={"#held": HELD_INDEX},
                ExpressionAttributeValues={":held": {"S": HELD_BY_EXECUTION}},
                **start,
            )
            found += [str(_from_item(item).get("owner", "")) for item in answer["Items"]]
            if not answer.get("LastEvaluatedKey"):
                return found
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _put(self, record: JSONObject) -> dict[str, Any]:
        return {
            "TableName": self._name,
            "Item": _to_item(record),
            "ConditionExpression": "attribute_not_exists(#key)",
            "ExpressionAttributeNames": {"#key": "key"},
        }

    def _update(self, write: Write) -> dict[str, Any]:
        expression = _Expression()
        condition = expression.any_of(write.when)
        clauses = [
            ("SET", [f"{expression.name(name)} = {expression.value(to)}" for name, to in write.set.items()]),
            ("REMOVE", [expression.name(name) for name in write.remove]),
            ("ADD", [f"{expression.name(name)} {expression.value(by)}" for name, by in write.add.items()]),
        ]
        update = {
            "TableName": self._name,
            "Key": _key(write.key),
            "UpdateExpression": " ".join(f"{word} {', '.join(parts)}" for word, parts in clauses if parts),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": expression.names,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if expression.values:
            update["ExpressionAttributeValues"] = expression.values
        return update


class _Expression:
    """Names and values that stand in an expression: any attribute's name may be a reserved word."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def name(self, attribute: str) -> str:
        self.names[f"#{attribute}"] = attribute
        return f"#{attribute}"

    def value(self, value: JSONValue) -> str:
        name = f":v{len(self.values)}"
        self.values[name] = _to_value(value)
        return name

    def any_of(self, groups: Sequence[Sequence[Is]]) -> str:
        return " OR ".join(f"({' AND '.join(map(self._is, group))})" for group in groups)

    def _is(self, one: Is) -> str:
        name = self.name(one.attribute)
        return f"attribute_not_exists({name})" if one.value is None else f"{name} = {self.value(one.value)}"


def _other(error: Any) -> Unavailable | Refused:
    """Word a cancellation that no condition caused."""
    reasons = error.response.get("CancellationReasons", [])
    codes = ", ".join(str(reason.get("Code")) for reason in reasons) or str(error)
    if "ValidationError" in codes or "AccessDenied" in codes:
        return Refused("TransactionCanceledException", codes)
    return Unavailable(f"TransactionCanceledException: {codes}")


def _key(key: str) -> dict[str, Any]:
    return {"key": {"S": key}}


def _to_item(item: JSONObject) -> dict[str, Any]:
    return {name: _to_value(value) for name, value in item.items()}


def _to_value(value: JSONValue) -> dict[str, Any]:
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | float():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case list():
            return {"L": [_to_value(item) for item in value]}
        case dict():
            return {"M": _to_item(value)}


def _item_of(item: dict[str, Any], key: str) -> JSONObject:
    """Read the item of a key.

    Raises:
        Unavailable: it is no item, or another key's.
    """
    try:
        read = _from_item(item)
    except (AttributeError, TypeError, ValueError) as error:
        raise Unavailable("what answered isn't DynamoDB: no item") from error
    if read.get("key") != key:
        raise Unavailable(f"what answered isn't DynamoDB, or answered something else: no item {key}")
    return read


def _from_item(item: dict[str, Any]) -> JSONObject:
    return {name: _from_value(value) for name, value in item.items()}


def _from_value(value: dict[str, Any]) -> JSONValue:
    ((kind, content),) = value.items()
    match kind:
        case "NULL":
            return None
        case "BOOL":
            return bool(content)
        case "N":
            number = Decimal(content)
            return int(number) if number == number.to_integral_value() else float(number)
        case "S":
            return str(content)
        case "L":
            return [_from_value(item) for item in content]
        case "M":
            return _from_item(content)
        case _:
            raise Refused("ValidationException", f"a value of the kind {kind}, which step never writes")
