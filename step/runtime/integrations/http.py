"""``apigateway:invoke`` and ``http:invoke``: the request a payload asks for, and what its answer becomes.

Pure: no clock, no IO.
AWS: Step Functions developer guide, "Create API Gateway REST APIs", "Call HTTPS APIs".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote, urlencode

from step.engine.resources import Resource
from step.engine.vocabulary import Input, StartTask, TaskFailed, TaskSubmitted, TaskSucceeded
from step.jsonvalue import JSONObject, JSONValue, to_text
from step.runtime.services import HttpAnswer, HttpRequest, Unreachable

SERVICES = frozenset({"apigateway", "http"})
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_FIRST_REFUSED = 400


def http_request(resource: Resource, task: StartTask) -> HttpRequest:
    """Make the request that a Task asks for."""
    given = task.payload if isinstance(task.payload, dict) else {}
    if resource.service == "apigateway":
        auth = "IAM_ROLE" if given.get("AuthType") == "IAM_ROLE" else ""
        return _request(given, _api_url(given), auth)
    authentication = given.get("Authentication") or given.get("InvocationConfig")
    connection = authentication.get("ConnectionArn") if isinstance(authentication, dict) else None
    return _request(given, str(given.get("ApiEndpoint", "")), str(connection or ""))


def _api_url(given: JSONObject) -> str:
    parts = (str(given[name]).strip("/") for name in ("ApiEndpoint", "Stage", "Path") if given.get(name))
    return "https://" + "/".join(parts)


def _request(given: JSONObject, url: str, auth: str) -> HttpRequest:
    query = given.get("QueryParameters")
    if isinstance(query, dict) and query:
        url += ("&" if "?" in url else "?") + urlencode(list(_pairs(query)), quote_via=quote)
    body, content_type = _body(given)
    headers = given.get("Headers")
    pairs = list(_pairs(headers)) if isinstance(headers, dict) else []
    if body is not None and "content-type" not in {name.lower() for name, _ in pairs}:
        pairs.append(("Content-Type", content_type))
    return HttpRequest(str(given.get("Method", "GET")), url, tuple(pairs), body, auth)


def _pairs(values: JSONObject) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        for item in value if isinstance(value, list) else [value]:
            yield name, _plain(item)


def _plain(value: JSONValue) -> str:
    return value if isinstance(value, str) else to_text(value)


def _body(given: JSONObject) -> tuple[bytes | None, str]:
    """Write the body. Observed: a text is sent as JSON text too, an absent body or a null as none."""
    body = given.get("RequestBody")
    if body is None:
        return None, _JSON
    transform = given.get("Transform")
    if isinstance(transform, dict) and transform.get("RequestBodyEncoding") == "URL_ENCODED":
        options = transform.get("RequestEncodingOptions")
        arrays = options.get("ArrayFormat") if isinstance(options, dict) else None
        return urlencode(list(_form(body, "", str(arrays or "INDICES")))).encode(), _FORM
    if isinstance(body, dict) and not given.get("AllowNullValues"):
        body = {name: value for name, value in body.items() if value is not None}
    return to_text(body).encode(), _JSON


def _form(value: JSONValue, name: str, arrays: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _form(item, f"{name}[{key}]" if name else key, arrays)
    elif isinstance(value, list) and arrays == "COMMAS":
        yield name, ",".join(map(_plain, value))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            inner = {"INDICES": f"{name}[{index}]", "BRACKETS": f"{name}[]"}.get(arrays, name)
            yield from _form(item, inner, arrays)
    elif value is not None:
        yield name, _plain(value)


def http_told(resource: Resource, task: StartTask, answer: HttpAnswer | Unreachable) -> list[Input]:
    """Say what the kernel is told of an endpoint's answer.

    Observed: an API's refusal is "ApiGateway.403", and its body the cause.
    AWS: an HTTP endpoint's is "States.Http.StatusCode.403"; "States.Http.Socket" where nobody answers.
    """
    is_api = resource.service == "apigateway"
    if isinstance(answer, Unreachable):
        error = "ApiGateway.SdkClientException" if is_api else "States.Http.Socket"
        return [TaskFailed(task.op, error, answer.message)]
    text = answer.body.decode("utf-8", "replace")
    if answer.status >= _FIRST_REFUSED:
        error = f"ApiGateway.{answer.status}" if is_api else f"States.Http.StatusCode.{answer.status}"
        return [TaskFailed(task.op, error, text)]
    output: JSONObject = {
        "Headers": {name: list(values) for name, values in answer.headers.items()},
        "ResponseBody": _decoded(text),
        "StatusCode": answer.status,
        "StatusText": answer.reason,
    }
    if resource.pattern:
        return [TaskSubmitted(task.op, output)]
    return [TaskSucceeded(task.op, output)]


def _decoded(text: str) -> JSONValue:
    try:
        return json.loads(text)  # type: ignore[no-any-return]  # JSON gives JSON values
    except ValueError:
        return text
