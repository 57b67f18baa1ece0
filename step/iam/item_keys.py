"""The keys of DynamoDB's items that a call is about: the condition key ``dynamodb:LeadingKeys``.

Pure; who asks says by which attribute a table's items are spread.
AWS: DynamoDB developer guide, "Using IAM policy conditions for fine-grained access control".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from step.iam.needs import ApiCall
from step.iam.supplement import TRANSACTED
from step.jsonvalue import JSONObject, JSONValue


def leading_keys(call: ApiCall, action: str, hash_key: Callable[[str], str | None]) -> tuple[str, ...]:
    """Give the keys that a call names; of a transaction those that one of its actions is about.

    Args:
        action: The action that is judged.
        hash_key: Names the attribute, by a table's name or ARN.
    """
    if call.service != "dynamodb":
        return ()
    found: list[str] = []
    for table, item in _items(call, action):
        name = hash_key(table)
        if name is not None and (text := _text(item.get(name))) is not None:
            found.append(text)
    table = call.text("TableName")
    if call.operation == "Query" and table:
        found += _queried(call, hash_key(table))
    return tuple(dict.fromkeys(found))


def _items(call: ApiCall, action: str) -> Iterator[tuple[str, JSONObject]]:
    yield from _of(call.parameters)
    for item in _objects(call.get("TransactItems")):
        for kind, given in item.items():
            if action == f"dynamodb:{TRANSACTED.get(kind, 'GetItem')}":
                yield from _of(given if isinstance(given, dict) else {})
    tables = call.get("RequestItems")
    for table, asked in tables.items() if isinstance(tables, dict) else ():
        keys = asked.get("Keys") if isinstance(asked, dict) else None
        yield from ((table, key) for key in _objects(keys))
        for write in _objects(asked):
            for given in write.values():
                yield from _of({**given, "TableName": table} if isinstance(given, dict) else {})


def _of(given: JSONObject) -> Iterator[tuple[str, JSONObject]]:
    for name in ("Key", "Item"):
        item, table = given.get(name), given.get("TableName")
        if isinstance(item, dict) and isinstance(table, str):
            yield table, item


def _queried(call: ApiCall, name: str | None) -> list[str]:
    """Find the one key that a query asks for in its expression, or in the conditions of old."""
    if name is None:
        return []
    old = call.get("KeyConditions")
    condition = old.get(name) if isinstance(old, dict) else None
    if isinstance(condition, dict):
        values = condition.get("AttributeValueList")
        return [
            text
            for value in (values if isinstance(values, list) else ())
            if (text := _text(value)) is not None
        ]
    names, values = call.get("ExpressionAttributeNames"), call.get("ExpressionAttributeValues")
    aliases = [alias for alias, real in names.items() if real == name] if isinstance(names, dict) else []
    for alias in (name, *aliases):
        match = re.search(rf"(?<![\w#]){re.escape(alias)}\s*=\s*(:\w+)", call.text("KeyConditionExpression"))
        if (
            match is not None
            and isinstance(values, dict)
            and (text := _text(values.get(match[1]))) is not None
        ):
            return [text]
    return []


def _objects(value: JSONValue) -> list[JSONObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: JSONValue) -> str | None:
    """Give an attribute's value as a text: a text, a number or bytes."""
    if not isinstance(value, dict):
        return None
    return next((str(item) for kind, item in value.items() if kind in ("S", "N", "B")), None)
