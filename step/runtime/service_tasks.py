"""A Task's work done by AWS's services, through the port ``Services``.

Knows shapes and names; nothing of clients, threads or time.
"""

from __future__ import annotations

import json

from step.engine.resources import Resource
from step.engine.vocabulary import Input, StartTask, TaskFailed, TaskSubmitted, TaskSucceeded
from step.jsonvalue import JSONObject, JSONValue, to_text
from step.runtime.integrations import LAMBDA_INVOKE, invocation, invoke_response
from step.runtime.integrations.calls import SDK, role_of, service_call, told
from step.runtime.integrations.failures import OPTIMISED
from step.runtime.integrations.http import SERVICES as HTTP
from step.runtime.integrations.http import http_request, http_told
from step.runtime.services import ServiceAnswer, ServiceCall, Services

_UNHANDLED = "Unhandled"


def call_service(task: StartTask, services: Services) -> list[Input] | None:
    """Do a Task's work by a call; None: it is no call of a service (an activity, an unknown integration)."""
    resource = Resource.from_text(task.resource)
    if resource.kind == "activity" or resource.pattern.startswith("sync"):
        return None
    if resource.kind == "lambda" or task.resource in LAMBDA_INVOKE:
        return _invoke(resource, task, services)
    if resource.service in HTTP:
        return http_told(resource, task, services.fetch(http_request(resource, task)))
    if resource.service in OPTIMISED or resource.service.startswith(SDK):
        return told(resource, task, services.call(service_call(resource, task)))
    return None


def _invoke(resource: Resource, task: StartTask, services: Services) -> list[Input]:
    """Call a Lambda function, by its own ARN or through ``lambda:invoke``."""
    named = resource if resource.kind == "service" else resource._replace(service="lambda")
    answer = services.call(_invocation(resource, task))
    if not isinstance(answer, ServiceAnswer):
        return told(named, task, answer)
    payload = answer.output.get("Payload")
    result = _decoded(payload)
    if answer.output.get("FunctionError"):
        name = result.get("errorType") if isinstance(result, dict) else None
        cause = payload if isinstance(payload, str) else to_text(payload)
        return [TaskFailed(task.op, str(name or _UNHANDLED), cause)]
    if resource.kind == "lambda":
        return [TaskSucceeded(task.op, result)]
    whole = invoke_response(result, task)
    return [TaskSubmitted(task.op, whole) if resource.pattern else TaskSucceeded(task.op, whole)]


def _invocation(resource: Resource, task: StartTask) -> ServiceCall:
    role = role_of(task.credentials)
    if resource.kind == "lambda":
        parameters: JSONObject = {"FunctionName": resource.arn, "Payload": to_text(task.payload)}
        return ServiceCall("lambda", "invoke", parameters, role)
    given = task.payload if isinstance(task.payload, dict) else {}
    call = invocation(given)
    sent = {name: value for name, value in given.items() if value is not None}
    return ServiceCall("lambda", "invoke", {**sent, "Payload": to_text(call.event)}, role)


def _decoded(payload: JSONValue) -> JSONValue:
    if not isinstance(payload, str):
        return payload
    try:
        return json.loads(payload)  # type: ignore[no-any-return]  # JSON gives JSON values
    except ValueError:
        return payload
