"""Calls of Lambda functions: the shapes of ``lambda:invoke`` and of a function's own ARN, without any call.

Pure: no clock, no IO. Who answers a request is a port (``workers``, ``services``).
AWS: Step Functions developer guide, "Invoke a Lambda function with Step Functions".
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import NamedTuple

from step.engine.vocabulary import StartTask
from step.jsonvalue import JSONObject, JSONValue
from step.runtime.workers import request_id

LAMBDA_INVOKE = ("arn:aws:states:::lambda:invoke", "arn:aws:states:::lambda:invoke.waitForTaskToken")
# What a function in process has no better answer for.
_NO_LOG = ""
_EPOCH_DATE = "Thu, 01 Jan 1970 00:00:00 GMT"


class LambdaCall(NamedTuple):
    """A call of a Lambda function: its name or ARN as the payload gives it, and the event."""

    function: str
    event: JSONValue


def invocation(payload: JSONValue) -> LambdaCall:
    """Read ``lambda:invoke``'s parameters.

    Observed: a Payload that is a text is JSON text; without one, or with null, the event is an empty object.
    """
    if not isinstance(payload, dict):
        return LambdaCall("", payload)
    event = payload.get("Payload")
    if isinstance(event, str):
        with suppress(ValueError):
            event = json.loads(event)
    return LambdaCall(str(payload.get("FunctionName", "")), {} if event is None else event)


def function_key(name: str) -> str:
    """Reduce a function's name, ARN or qualified ARN to its name."""
    parts = name.split(":")
    if name.startswith("arn:"):
        return parts[6] if len(parts) > 6 else name
    return parts[2] if len(parts) > 2 and parts[1] == "function" else parts[0]


def invoke_response(result: JSONValue, task: StartTask) -> JSONObject:
    """Shape a function's result as ``lambda:invoke`` gives it to the state."""
    request = request_id(task)
    headers: dict[str, JSONValue] = {
        "Connection": "keep-alive",
        # Observed: the text is the Python runtime's, with a space after each separator.
        "Content-Length": str(len(json.dumps(result, ensure_ascii=False).encode("utf-8", "surrogatepass"))),
        "Content-Type": "application/json",
        "Date": _EPOCH_DATE,
        "X-Amz-Executed-Version": "$LATEST",
        "x-amzn-Remapped-Content-Length": "0",
        "x-amzn-RequestId": request,
        "X-Amzn-Trace-Id": f"root=1-00000000-{request.replace('-', '')[:24]};sampled=0",
    }
    response: JSONObject = {"ExecutedVersion": "$LATEST"}
    if isinstance(task.payload, dict) and task.payload.get("LogType") == "Tail":
        response["LogResult"] = headers["X-Amz-Log-Result"] = _NO_LOG
    return response | {
        "Payload": result,
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": request},
        "StatusCode": 200,
    }
