"""The two protocols that Step Functions and Lambda speak, by what botocore's models say of their operations.

Knows requests and answers of HTTP; nothing of what an operation does. Bytes of a body that is no document
travel as text, with ``surrogateescape``. Smithy: "AWS JSON 1.0 protocol", "AWS restJson1 protocol".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

from step.aws.requests import Operations, decoded
from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue, to_text
from step.local.entropy import new_uuid
from step.local.http import Request, Response

# What no model says: the protocols' own errors, and step's. What isn't there is 501: a client that got 500 or
# 502 would try again and again.
_STATUSES = {
    "AccessDeniedException": 403,
    "InvalidRuntimeException": 501,
    "NotImplemented": 501,
    "RequestEntityTooLargeException": 413,
    "ServiceUnavailable": 503,
    "StoreFull": 507,
    "UnknownOperationException": 501,
}
# The id of the request, where an operation knows it: no member of any model.
REQUEST_ID = "_RequestId"


class Found(NamedTuple):
    """The operation that a request means, "" where it means none, and the parameters in its path."""

    operation: str
    path: Mapping[str, str]


class Json:
    """AWS JSON 1.0: a header names the operation, the body holds everything."""

    def __init__(self, operations: Operations) -> None:
        self.operations = operations

    def find(self, request: Request) -> Found:
        """Find the operation that a request means."""
        return Found(request.headers.get("x-amz-target", "").rpartition(".")[2], {})

    def unknown(self, operation: str, request: Request) -> Refused:
        """Say that there is no such operation."""
        return Refused("UnknownOperationException", f"There is no operation {operation[:100]!r}")

    def read(self, found: Found, request: Request) -> JSONObject:
        """Give the parameters.

        Raises:
            Refused: they aren't those of the operation.
        """
        return self.operations.read(found.operation, request.body)

    def write(self, operation: str, answer: JSONObject) -> Response:
        """Write an answer."""
        return _json_1_0(200, answer, {})

    def refuse(self, refused: Refused) -> Response:
        """Write a refusal. AWS: "Common Errors": everything that a client did wrong is 400."""
        body: JSONObject = {"__type": refused.code, "message": refused.message}
        return _json_1_0(_STATUSES.get(refused.code, 400), body, {"x-amzn-ErrorType": refused.code})


def _json_1_0(status: int, body: JSONObject, more: Mapping[str, str]) -> Response:
    headers = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-RequestId": new_uuid(), **more}
    return Response(status, headers, to_text(body).encode("utf-8", "replace"))


class _Route(NamedTuple):
    operation: str
    path: re.Pattern[str]
    query: frozenset[tuple[str, str]]


class Rest:
    """restJson1: method, path and query name the operation; parameters are in all of them and the body."""

    def __init__(self, operations: Operations) -> None:
        self.operations = operations

    def find(self, request: Request) -> Found:
        """Find the operation that a request means."""
        query = _pairs(request.query)
        for route in self._routes.get(_place(request.method, request.path), ()):
            found = route.path.fullmatch(request.path)
            if found is not None and route.query <= query:
                path = {name: unquote(value) for name, value in found.groupdict().items()}
                return Found(route.operation, path)
        return Found("", {})

    def unknown(self, operation: str, request: Request) -> Refused:
        """Say that there is no such operation, or that it isn't answered here."""
        which = operation or f"{request.method} {request.path[:200]}"
        return Refused("NotImplemented", f"{which} is not answered by the local service")

    def read(self, found: Found, request: Request) -> JSONObject:
        """Give the parameters.

        Raises:
            Refused: they aren't those of the operation.
        """
        operation, path = found
        shape = self.operations.input_shape(operation)
        if shape is None:
            return {}
        query = parse_qs(request.query, keep_blank_values=True)
        payload = shape.serialization.get("payload")
        given: JSONObject = {}
        if payload is None:
            given |= self._document(shape, request.body)
        elif request.body:
            given[payload] = request.body.decode("utf-8", "surrogateescape")
        for name, member in shape.members.items():
            serialization = member.serialization
            where, key = serialization.get("location"), serialization.get("name", name)
            if where == "uri":
                given[name] = _typed(member, [path[key]])
            elif where == "querystring" and key in query:
                given[name] = _typed(member, query[key])
            elif where == "header" and key.lower() in request.headers:
                given[name] = _typed(member, [request.headers[key.lower()]])
        return self.operations.check(operation, given)

    def write(self, operation: str, answer: JSONObject) -> Response:
        """Write an answer; what the model doesn't know of it is left out."""
        model = self.operations.model.operation_model(operation)
        status, shape = int(model.http.get("responseCode", 200)), model.output_shape
        headers = {"x-amzn-RequestId": str(answer.get(REQUEST_ID) or new_uuid())}
        body: JSONObject = {}
        for name, member in shape.members.items() if shape is not None else ():
            value, where = answer.get(name), member.serialization.get("location")
            if value is None:
                continue
            if where == "statusCode" and isinstance(value, int):
                status = value
            elif where == "header":
                headers[member.serialization.get("name", name)] = str(value)
            else:
                body[name] = value
        payload = shape.serialization.get("payload") if shape is not None else None
        if payload is not None:
            text = str(body.get(payload, "")).encode("utf-8", "surrogateescape")
            return Response(status, {"Content-Type": "application/json", **headers}, text)
        # Only a structure of nothing but a status has no body.
        if shape is None or not (body or status == 200):
            return Response(status, headers)
        text = json.dumps(_projected(shape, body)).encode()
        return Response(status, {"Content-Type": "application/json", **headers}, text)

    def refuse(self, refused: Refused) -> Response:
        """Write a refusal."""
        shape = self.operations.model.shape_for_error_code(refused.code)
        error = shape.metadata.get("error", {}) if shape is not None else {}
        status = _STATUSES.get(refused.code) or int(error.get("httpStatusCode", 400))
        body: JSONObject = {"Type": "User" if status < 500 else "Service", "Code": refused.code}
        is_small = shape is not None and "message" in shape.members
        body["message" if is_small else "Message"] = refused.message
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": refused.code}
        return Response(status, {**headers, "x-amzn-RequestId": new_uuid()}, json.dumps(body).encode())

    def _document(self, shape: Any, body: bytes) -> JSONObject:
        """Read the members that are in the body. Observed: Lambda has an error of its own for no JSON."""
        try:
            value = decoded(body)
        except Refused as refused:
            code = "InvalidRequestContentException"
            is_known = self.operations.model.shape_for_error_code(code) is not None
            raise Refused(
                code if is_known else refused.code, "Could not parse request body into json"
            ) from None
        if not isinstance(value, dict):
            raise Refused("SerializationException", "The request's body is not an object")
        members = shape.members.items()
        return {
            name: value[member.serialization.get("name", name)]
            for name, member in members
            if "location" not in member.serialization and member.serialization.get("name", name) in value
        }

    @cached_property
    def _routes(self) -> dict[str, list[_Route]]:
        """Every operation's method and path; those that ask for more of the query come first."""
        found: dict[str, list[_Route]] = {}
        for name in self.operations.names:
            http = self.operations.model.operation_model(name).http
            path, _, query = http["requestUri"].partition("?")
            pattern = re.compile("".join(_pieces(path.rstrip("/"))) + "/?")
            found.setdefault(_place(http["method"], path), []).append(_Route(name, pattern, _pairs(query)))
        for routes in found.values():
            routes.sort(key=lambda route: -len(route.query))
        return found


def _place(method: str, path: str) -> str:
    """Begin to look for a route: by its method and the first part of its path, which names a version."""
    return f"{method} {path[1:].partition('/')[0]}"


def _pairs(query: str) -> frozenset[tuple[str, str]]:
    parsed = parse_qs(query, keep_blank_values=True)
    return frozenset((name, value) for name, values in parsed.items() for value in values)


def _pieces(path: str) -> Iterator[str]:
    for piece in re.split(r"(\{\w+\+?\})", path):
        name = piece.strip("{}")
        if name == piece:
            yield re.escape(piece)
        else:
            yield f"(?P<{name.rstrip('+')}>{'.+' if name.endswith('+') else '[^/]+'})"


def _typed(shape: Any, texts: list[str]) -> JSONValue:
    """Give the value of a parameter outside of the body, whose texts these are.

    Raises:
        Refused: it is of another type.
    """
    kind = shape.type_name
    if kind == "list":
        return [_typed(shape.member, [text]) for text in texts]
    text = texts[0]
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    if kind in ("integer", "long") and re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
        return int(text)
    if kind in ("string", "blob", "timestamp"):
        return text
    raise Refused("SerializationException", f"{text[:100]!r} is no {kind}")


def _projected(shape: Any, value: JSONValue) -> JSONValue:
    """Give what a model's shape knows of a value, under the names of its wire."""
    match value:
        case dict() if shape.type_name == "structure":
            return {
                member.serialization.get("name", name): _projected(member, value[name])
                for name, member in shape.members.items()
                if value.get(name) is not None
            }
        case dict() if shape.type_name == "map":
            return {key: _projected(shape.value, item) for key, item in value.items()}
        case list():
            return [_projected(shape.member, item) for item in value]
        case _:
            return value
