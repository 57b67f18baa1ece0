"""A request to Lambda as its operations see it, and what they answer.

Pure: no HTTP server, no state.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue
from step.local.functions.names import FunctionName, Owner
from step.local.functions.shapes import checked
from step.local.http import Response

STATUS = {
    "InvalidRuntimeException": 501,
    "NotImplemented": 501,
    "PreconditionFailedException": 412,
    "ProvisionedConcurrencyConfigNotFoundException": 404,
    "RequestEntityTooLargeException": 413,
    "RequestTooLargeException": 413,
    "ResourceConflictException": 409,
    "ResourceNotFoundException": 404,
    "StoreFull": 507,
    "TooManyRequestsException": 429,
}


class Call(NamedTuple):
    """A request: whose, what its path names, its query, headers (in lower case) and body."""

    operation: str
    owner: Owner
    path: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> JSONObject:
        """Read the body along the operation's shape.

        Raises:
            Refused: it is no JSON, or not what the operation takes.
        """
        try:
            value: Any = json.loads(self.body) if self.body else {}
        except (ValueError, RecursionError):
            raise Refused(
                "InvalidRequestContentException", "Could not parse request body into json"
            ) from None
        return checked(self.operation, value)

    def name(self) -> FunctionName:
        """Name the function that is meant, with its qualifier.

        Raises:
            Refused: it is no function's name.
        """
        found = FunctionName.from_text(self.path["FunctionName"], self.owner)
        return found.qualified(self.parameter("Qualifier"))

    def parameter(self, name: str) -> str | None:
        """Give a parameter of the query."""
        values = self.query.get(name)
        return values[0] if values else None


def answer(body: JSONValue, status: int = 200) -> Response:
    """Answer with JSON."""
    return Response(status, {"Content-Type": "application/json"}, json.dumps(body).encode())


def nothing(status: int = 204) -> Response:
    """Answer without a body."""
    return Response(status, {})


def refusal(refused: Refused) -> Response:
    """Answer with an error, as Lambda writes it."""
    status = STATUS.get(refused.code, 400)
    body = {"Type": "User" if status < 500 else "Service", "Message": refused.message, "Code": refused.code}
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": refused.code}
    return Response(status, headers, json.dumps(body).encode())


def page(call: Call, items: list[Any], key: str, *, most: int = 50) -> JSONObject:
    """Give a page of a list: from ``Marker`` on, ``MaxItems`` long.

    Raises:
        Refused: either is no number.
    """
    begin = _number(call, "Marker", 0, 1_000_000)
    count = _number(call, "MaxItems", most, 10_000)
    listed: JSONObject = {key: items[begin : begin + count]}
    if begin + count < len(items):
        listed["NextMarker"] = str(begin + count)
    return listed


def _number(call: Call, name: str, otherwise: int, most: int) -> int:
    text = call.parameter(name)
    if text is None or text == "":
        return otherwise
    if not (text.isascii() and text.isdigit() and int(text[:9]) <= most):
        raise Refused("InvalidParameterValueException", f"{name}: not a number, or no page's marker")
    return int(text[:9])
