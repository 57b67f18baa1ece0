"""Values between Step Functions' JSON and an API's: names, texts, bytes and times, along botocore's models.

Knows botocore's shapes only by what they tell; calls nothing.
AWS: Step Functions developer guide, "Learning to use AWS service SDK integrations".
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from step.clock import format_timestamp
from step.jsonvalue import JSONObject, JSONValue, to_text
from step.runtime.integrations.names import member_name

_FRACTION = ".000Z"


def unknown_members(shape: Any, value: JSONObject) -> Iterator[str]:
    """Name what an API doesn't take."""
    known = {name.lower() for name in shape.members} if shape is not None else set()
    return (name for name in value if name.lower() not in known)


def missing_members(shape: Any, value: JSONObject) -> list[str]:
    """Name what an API needs and isn't given, as the API names it."""
    given = {name.lower() for name in value}
    return [name for name in shape.required_members if name.lower() not in given] if shape is not None else []


def to_api(shape: Any, value: JSONValue) -> Any:
    """Turn JSON into what a client takes.

    Observed: anything where the API wants text or bytes is sent as its JSON text; s3_put_object_str: so is a
    text where the API wants a stream, with its quotation marks.
    """
    match shape.type_name:
        case "structure" if isinstance(value, dict):
            return _members_to_api(shape, value)
        case "list" if isinstance(value, list):
            return [to_api(shape.member, item) for item in value]
        case "map" if isinstance(value, dict):
            return {key: to_api(shape.value, item) for key, item in value.items()}
        case "blob" if shape.serialization.get("streaming"):
            return to_text(value).encode()
        case "blob":
            return (value if isinstance(value, str) else to_text(value)).encode()
        case "string" if not isinstance(value, str):
            return to_text(value)
        case _:
            return value


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
