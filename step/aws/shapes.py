"""Values between Step Functions' JSON and an API's: names, texts, bytes and times, along botocore's models.

Knows botocore's shapes only by what they tell; calls nothing.
AWS: Step Functions developer guide, "Learning to use AWS service SDK integrations".
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from step.clock import format_timestamp, parse_timestamp
from step.jsonvalue import JSONObject, JSONValue, to_text
from step.runtime.integrations.names import member_name

_FRACTION = ".000Z"


class Unlike(Exception):  # noqa: N818 - becomes the service's refusal
    """A value is of another type than the API's model says; message and code are AWS's."""

    def __init__(self, message: str, code: str = "SerializationException") -> None:
        super().__init__(message)
        self.code = code


def unknown_members(shape: Any, value: JSONValue) -> Iterator[str]:
    """Name what an API doesn't take, however deep it stands."""
    if shape is None or shape.type_name == "structure":
        if isinstance(value, dict):
            known = {name.lower(): member for name, member in shape.members.items()} if shape else {}
            for name, item in value.items():
                if name.lower() in known:
                    yield from unknown_members(known[name.lower()], item)
                else:
                    yield name
    elif shape.type_name == "list" and isinstance(value, list):
        for item in value:
            yield from unknown_members(shape.member, item)
    elif shape.type_name == "map" and isinstance(value, dict):
        for item in value.values():
            yield from unknown_members(shape.value, item)


def missing_members(shape: Any, value: JSONObject) -> list[str]:
    """Name what an API needs and isn't given, as the API names it."""
    given = {name.lower() for name in value}
    return [name for name in shape.required_members if name.lower() not in given] if shape is not None else []


def to_api(shape: Any, value: JSONValue) -> Any:
    """Turn JSON into what a client takes.

    Observed: anything where the API wants text or bytes is sent as its JSON text; s3_put_object_str: so is a
    text where the API wants a stream, with its quotation marks.

    Raises:
        Unlike: a value is of another type.
    """
    match shape.type_name:
        case "structure" if isinstance(value, dict):
            if len(value) != 1 and set(shape.members) >= _DATATYPES:
                raise Unlike(_NO_TYPE if not value else _TYPES, "ValidationException")
            return _members_to_api(shape, value)
        case "list" if isinstance(value, list):
            return [to_api(shape.member, item) for item in value]
        case "map" if isinstance(value, dict):
            return {key: to_api(shape.value, item) for key, item in value.items()}
        case "structure" | "list" | "map":
            raise Unlike(_EXPECTED[shape.type_name])
        case "blob" if shape.serialization.get("streaming"):
            return to_text(value).encode()
        case "blob":
            return (value if isinstance(value, str) else to_text(value)).encode()
        case "timestamp" if isinstance(value, str) and parse_timestamp(value) is None:
            raise Unlike("STRING_VALUE can not be converted to a Timestamp")
        case "string" if not isinstance(value, str):
            return to_text(value)
        case "boolean" | "integer" | "long" | "float" | "double" as kind:
            return _scalar(kind, value)
        case _:
            return value


# DynamoDB's own value is known by these members; what it says of one that isn't of one type.
_DATATYPES = frozenset({"S", "N", "NS", "BOOL", "NULL"})
_ONE_TYPE = "must contain exactly one of the supported datatypes"
_NO_TYPE = f"Supplied AttributeValue is empty, {_ONE_TYPE}"
_TYPES = f"Supplied AttributeValue has more than one datatypes set, {_ONE_TYPE}"
# AWS's protocols name what they found by what the parser was at. Published: bug reports with answers of the
# services themselves; that of a map is assumed.
_EXPECTED = {"structure": "Expected null", "list": "Expected list or null", "map": "Expected map or null"}
_CALLED = {
    "boolean": "a Boolean",
    "integer": "an Integer",
    "long": "a Long",
    "float": "a Float",
    "double": "a Double",
}


def _scalar(kind: str, value: JSONValue) -> JSONValue:
    """Take a number or a boolean, or a text that says one, as the SDK's reader does."""
    if kind == "boolean":
        read = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
        is_right = isinstance(read, bool)
    else:
        read = _number(value) if isinstance(value, str) else value
        is_right = isinstance(read, int | float) and not isinstance(read, bool)
    if is_right:
        return read
    if isinstance(value, dict | list):
        raise Unlike("Start of structure or map found where not expected.")
    token = f"{value}_VALUE".upper() if isinstance(value, bool) else "STRING_VALUE"
    token = "NUMBER_VALUE" if isinstance(value, int | float) and not isinstance(value, bool) else token
    raise Unlike(f"{token} can not be converted to {_CALLED[kind]}")


def _number(text: str) -> JSONValue:
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text


def _members_to_api(shape: Any, value: JSONObject) -> dict[str, Any]:
    by_name = {name.lower(): (name, member) for name, member in shape.members.items()}
    sent = {}
    for name, item in value.items():
        found = by_name.get(name.lower())
        if found is not None and item is not None:
            sent[found[0]] = to_api(found[1], item)
    return sent


def from_api(shape: Any, value: Any, named: Callable[[str], str] = member_name) -> JSONValue:
    """Turn what a client gives into JSON; ``named`` gives members the names of an integration."""
    if isinstance(value, dict) and shape.type_name == "structure":
        members = shape.members
        return {
            named(name): from_api(members[name], item, named)
            for name, item in value.items()
            if name in members and item is not None
        }
    if isinstance(value, dict):
        return {str(key): from_api(shape.value, item, named) for key, item in value.items()}
    if isinstance(value, list):
        return [from_api(shape.member, item, named) for item in value]
    if isinstance(value, datetime):
        return _timestamp(value)
    if isinstance(value, str | bool | int | float):
        return value
    return _blob(value)


def _timestamp(value: datetime) -> str:
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    text = format_timestamp(round(moment.timestamp() * 1000))
    # Java writes no fraction where there is none.
    return f"{text.removesuffix(_FRACTION)}Z" if text.endswith(_FRACTION) else text


def _blob(value: Any) -> str:
    """Give bytes as text; those that are no text in base64. A stream is read to its end."""
    data: bytes = bytes(value) if isinstance(value, bytes | bytearray) else value.read()
    try:
        return data.decode()
    except UnicodeDecodeError:
        return b64encode(data).decode()
