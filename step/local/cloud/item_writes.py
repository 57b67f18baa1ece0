"""DynamoDB's writes as single ones without conditions: what is left of them once they have succeeded.

So that of an item's writes the last one is enough, and a lock that was taken a thousand times is one request.
Pure. AWS: DynamoDB developer guide, "Working with items and attributes".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, cast

from step.jsonvalue import JSONObject, JSONValue, to_text
from step.local.cloud.effects import Kind

_PLACEHOLDER = re.compile(r"[#:]\w+")
_KINDS: dict[str, Kind] = {"PutItem": "makes", "DeleteItem": "ends", "UpdateItem": "changes"}
_BATCHED = {"PutRequest": "PutItem", "DeleteRequest": "DeleteItem"}
_TRANSACTED = {"Put": "PutItem", "Delete": "DeleteItem", "Update": "UpdateItem"}
WRITES = frozenset({*_KINDS, "BatchWriteItem", "TransactWriteItems"})

# The names of a table's key attributes; None: its writes are not to be taken apart.
KeysOf = Callable[[str], Sequence[str] | None]


class ItemWrite(NamedTuple):
    """A write of one item.

    Attributes:
        action: "PutItem", "DeleteItem" or "UpdateItem".
        key: The item's key, as JSON.
    """

    action: str
    table: str
    key: str
    parameters: JSONObject

    @property
    def kind(self) -> Kind:
        """What it means for the item's writes before it."""
        return _KINDS[self.action]

    @property
    def text(self) -> str:
        """The request's body."""
        return to_text(self.parameters)


def single_writes(action: str, given: JSONObject, keys_of: KeysOf) -> list[ItemWrite] | None:
    """Take a write apart that has succeeded; None where it has to stay as it is."""
    writes: list[ItemWrite] = []
    for name, one in _parts(action, given):
        table = str(one.get("TableName", "")).rpartition("/")[2]
        keys = keys_of(table)
        item = one.get("Item") if name == "PutItem" else one.get("Key")
        if keys is None or not isinstance(item, dict) or not all(key in item for key in keys):
            return None
        key = json.dumps([item[key] for key in keys], sort_keys=True)
        writes.append(ItemWrite(name, table, key, _without_conditions(name, table, one)))
    return writes


def put(table: str, key: str, item: JSONObject) -> ItemWrite:
    """Write an item as it is."""
    return ItemWrite("PutItem", table, key, {"TableName": table, "Item": item})


def _parts(action: str, given: JSONObject) -> Iterator[tuple[str, JSONObject]]:
    if action in _KINDS:
        yield action, given
    elif action == "BatchWriteItem":
        for table, requests in cast("dict[str, list[dict[str, JSONObject]]]", given["RequestItems"]).items():
            for request in requests:
                for name, one in request.items():
                    yield _BATCHED[name], {"TableName": table, **one}
    else:
        for entry in cast("list[dict[str, JSONObject]]", given["TransactItems"]):
            for name, one in entry.items():
                if name in _TRANSACTED:
                    yield _TRANSACTED[name], one


def _without_conditions(action: str, table: str, given: JSONObject) -> JSONObject:
    if action == "PutItem":
        return {"TableName": table, "Item": given["Item"]}
    if action == "DeleteItem":
        return {"TableName": table, "Key": given["Key"]}
    kept: JSONObject = {"TableName": table, "Key": given["Key"]}
    kept |= {name: given[name] for name in ("UpdateExpression", "AttributeUpdates") if name in given}
    used = set(_PLACEHOLDER.findall(str(given.get("UpdateExpression", ""))))
    for name in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        all_of_them = cast("dict[str, JSONValue]", given.get(name) or {})
        left = {placeholder: value for placeholder, value in all_of_them.items() if placeholder in used}
        if left:
            kept[name] = left
    return kept
