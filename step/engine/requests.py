"""What Step Functions checks of an optimised integration's parameters before it starts the task.

Pure: no clock, no IO. What a service itself refuses is the service's.
AWS: Step Functions developer guide, "Integrating optimized services".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from step.engine.resources import Resource
from step.errors import StateFailure
from step.jsonvalue import JSONValue, to_text


class ParameterForm(NamedTuple):
    """An integration's parameters: those that must be there, and what the form of some must be."""

    required: tuple[str, ...]
    formats: Mapping[str, Callable[[JSONValue], bool]]


def _is_text(value: JSONValue) -> bool:
    return isinstance(value, str)


def _is_flag(value: JSONValue) -> bool:
    return isinstance(value, bool)


def _is_object(value: JSONValue) -> bool:
    return isinstance(value, dict)


def _is_list(value: JSONValue) -> bool:
    return isinstance(value, list)


def _has_lists(value: JSONValue) -> bool:
    return isinstance(value, dict) and all(isinstance(item, list) for item in value.values())


def _request(*required: str, **formats: Callable[[JSONValue], bool]) -> ParameterForm:
    return ParameterForm(required, formats)


_ITEM = {"TableName": _is_text}
_REQUESTS = {
    "apigateway:invoke": _request(
        "ApiEndpoint",
        "Method",
        ApiEndpoint=_is_text,
        Method=_is_text,
        Path=_is_text,
        Stage=_is_text,
        Headers=_has_lists,
        QueryParameters=_has_lists,
        AllowNullValues=_is_flag,
        AuthType=_is_text,
    ),
    "dynamodb:deleteItem": _request("TableName", "Key", **_ITEM),
    "dynamodb:getItem": _request("TableName", "Key", **_ITEM),
    "dynamodb:putItem": _request("TableName", "Item", **_ITEM),
    "dynamodb:updateItem": _request("TableName", "Key", **_ITEM),
    "events:putEvents": _request("Entries", Entries=_is_list),
    "http:invoke": _request(
        "ApiEndpoint",
        "Method",
        ApiEndpoint=_is_text,
        Method=_is_text,
        Headers=_is_object,
        QueryParameters=_is_object,
        Authentication=_is_object,
        Transform=_is_object,
    ),
    "lambda:invoke": _request("FunctionName", FunctionName=_is_text),
    "sns:publish": _request("Message", TopicArn=_is_text, MessageAttributes=_is_object),
    "sqs:sendMessage": _request("QueueUrl", "MessageBody", QueueUrl=_is_text, MessageAttributes=_is_object),
    "states:startExecution": _request("StateMachineArn", StateMachineArn=_is_text, Name=_is_text),
}


def request_of(resource: Resource) -> ParameterForm | None:
    """Find what is known of an integration's parameters."""
    action, _, _ = resource.action.partition(".")
    return _REQUESTS.get(f"{resource.service}:{action}")


def check_request(request: ParameterForm, parameters: JSONValue) -> None:
    """Refuse parameters that don't fit.

    Observed: a null is passed on; the service says what it thinks of it. Nothing is scheduled.

    Raises:
        StateFailure: States.Runtime, which lists every problem.
    """
    given = parameters if isinstance(parameters, dict) else {}
    problems = [
        f"The field '{name}' is required but was missing" for name in request.required if name not in given
    ]
    for name, fits in request.formats.items():
        value = given.get(name)
        if value is not None and not fits(value):
            problems.append(f"The value of the field '{name}' has an invalid format")
    if problems:
        listed = ", ".join(problems)
        raise StateFailure(
            "States.Runtime",
            f"The Parameters '{to_text(parameters)}' could not be used to start the Task: [{listed}]",
        )
