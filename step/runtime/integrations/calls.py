"""Optimised and SDK integrations: the call a Task's payload asks for, and what its answer tells the kernel.

Pure: no clock, no IO.
AWS: Step Functions developer guide, "Integrating optimized services", "Using AWS service SDK integrations".
"""

from __future__ import annotations

from step.clock import parse_timestamp
from step.engine.resources import Resource
from step.engine.vocabulary import Input, StartTask, TaskFailed, TaskSubmitted, TaskSucceeded
from step.errors import StateError
from step.jsonvalue import JSONObject, JSONValue, to_text
from step.runtime.integrations.failures import (
    OPTIMISED,
    misfit_failure,
    optimised_failure,
    sdk_failure,
)
from step.runtime.integrations.metadata import metadata
from step.runtime.services import Misfit, Refusal, ServiceAnswer, ServiceCall, Unreachable
from step.runtime.workers import request_id

SDK = "aws-sdk:"
# What the SDK calls the services of optimised integrations, where it has another name.
_SDK_NAMES = {"states": "sfn", "events": "eventbridge"}
# The members that take any JSON and are sent as its text.
_TEXTS = {"sqs": "MessageBody", "sns": "Message", "states": "Input"}
_TIMES = frozenset({"StartDate", "StopDate"})


def role_of(credentials: JSONValue) -> str | None:
    """Read the role to assume from a Task's Credentials."""
    role = credentials.get("RoleArn") if isinstance(credentials, dict) else None
    return role if isinstance(role, str) else None


def service_call(resource: Resource, task: StartTask) -> ServiceCall:
    """Make the call that a Task on a service asks for.

    Observed: a null is as good as an absent member, and an object where a service wants text is sent as its
    JSON.
    """
    given = task.payload if isinstance(task.payload, dict) else {}
    parameters: JSONObject = {name: value for name, value in given.items() if value is not None}
    service = resource.service.removeprefix(SDK)
    is_sdk = service != resource.service
    if not is_sdk:
        parameters = _optimised_parameters(service, parameters)
        service = _SDK_NAMES.get(service, service)
    action, _, _ = resource.action.partition(".")
    return ServiceCall(service, action, parameters, role_of(task.credentials), is_sdk)


def _optimised_parameters(service: str, parameters: JSONObject) -> JSONObject:
    member = _TEXTS.get(service)
    if member is not None and member in parameters:
        return parameters | {member: _as_text(parameters[member])}
    entries = parameters.get("Entries")
    if service == "events" and isinstance(entries, list):
        return parameters | {"Entries": [_event(entry) for entry in entries]}
    return parameters


def _event(entry: JSONValue) -> JSONValue:
    if isinstance(entry, dict) and "Detail" in entry:
        return entry | {"Detail": _as_text(entry["Detail"])}
    return entry


def _as_text(value: JSONValue) -> str:
    return value if isinstance(value, str) else to_text(value)


def told(
    resource: Resource, task: StartTask, answer: ServiceAnswer | Refusal | Unreachable | Misfit
) -> list[Input]:
    """Say what the kernel is told of a service's answer."""
    if isinstance(answer, Misfit):
        return [TaskFailed(task.op, *misfit_failure(answer, task.payload))]
    if not isinstance(answer, ServiceAnswer):
        if isinstance(answer, Refusal) and not answer.request_id:
            answer = answer._replace(request_id=request_id(task))
        return [TaskFailed(task.op, *_failure(resource, answer))]
    output = response(resource, task, answer)
    if resource.service == "events" and output.get("FailedEntryCount"):
        return [TaskFailed(task.op, "EventBridge.FailedEntry", to_text(output))]
    if resource.pattern:
        return [TaskSubmitted(task.op, output)]
    return [TaskSucceeded(task.op, output)]


def _failure(resource: Resource, failure: Refusal | Unreachable) -> StateError:
    named = OPTIMISED.get(resource.service)
    return sdk_failure(failure) if named is None else optimised_failure(named, failure)


def response(resource: Resource, task: StartTask, answer: ServiceAnswer) -> JSONObject:
    """Shape an answer: an SDK integration's as it is, an optimised one's with metadata of the exchange."""
    if resource.service.startswith(SDK):
        return answer.output
    output = in_ms(answer.output)
    return output | metadata(resource.service, output, answer.request_id or request_id(task))


def in_ms(output: JSONObject) -> JSONObject:
    """Give times as optimised integrations do: milliseconds since 1970."""
    return {name: _in_ms(value) if name in _TIMES else value for name, value in output.items()}


def _in_ms(value: JSONValue) -> JSONValue:
    nanoseconds = parse_timestamp(value) if isinstance(value, str) else None
    return value if nanoseconds is None else nanoseconds // 1_000_000
