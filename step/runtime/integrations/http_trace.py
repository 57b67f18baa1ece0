"""What TestState tells of an HTTP Task's exchange: the request and the response, as texts.

Pure: no clock, no IO. What a connection adds to a request is its secret, and told by nobody.
AWS: Step Functions developer guide, "Testing state machines with TestState API", the TRACE level.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from step.engine.resources import Resource
from step.engine.vocabulary import Input, StartTask, TaskFailed, TaskSucceeded
from step.jsonvalue import JSONObject, to_text
from step.runtime.integrations.http import http_request

_RANGE = ("Range", "bytes=0-262144")
_REFUSED = "States.Http.StatusCode."


def is_http_task(task: StartTask) -> bool:
    """Say whether TestState tells of a Task's exchange."""
    return Resource.from_text(task.resource).service == "http"


def told_request(task: StartTask, region: str) -> JSONObject:
    """Tell of the request that a Task makes."""
    request = http_request(Resource.from_text(task.resource), task)
    given = task.payload.get("Headers") if isinstance(task.payload, dict) else None
    named = {name.lower() for name in given} if isinstance(given, dict) else set()
    headers = [pair for pair in request.headers if pair[0].lower() in named]
    agent = ("User-Agent", f"Amazon|StepFunctions|HttpInvoke|{region}")
    told: JSONObject = {
        "protocol": request.url.partition("://")[0],
        "method": request.method,
        "url": request.url,
        "headers": _list([*headers, agent, _RANGE]),
    }
    return told if request.body is None else told | {"body": request.body.decode()}


def told_response(task: StartTask, answers: Sequence[Input]) -> JSONObject | None:
    """Tell of the response that ended a Task; None: there was none."""
    protocol = str(told_request(task, "")["protocol"])
    match answers[-1] if answers else None:
        case TaskSucceeded(output=dict() as output):
            body, headers = output.get("ResponseBody"), output.get("Headers")
            pairs = headers.items() if isinstance(headers, dict) else ()
            return {
                "protocol": protocol,
                "statusCode": str(output.get("StatusCode", "")),
                "statusMessage": str(output.get("StatusText", "")),
                "headers": _list(
                    (name, ", ".join(map(str, values)) if isinstance(values, list) else str(values))
                    for name, values in pairs
                ),
                "body": body if isinstance(body, str) else to_text(body),
            }
        case TaskFailed(error=str() as error, cause=cause) if error.startswith(_REFUSED):
            status = error.removeprefix(_REFUSED)
            return {"protocol": protocol, "statusCode": status, "body": cause or ""}
    return None


def _list(pairs: Iterable[tuple[str, str]]) -> str:
    return f"[{', '.join(f'{name}: {value}' for name, value in pairs)}]"
