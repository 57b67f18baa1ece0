"""The context object that TestState is given in place of its own.

Pure: no clock, no IO.
AWS: Step Functions developer guide, "Accessing execution data from the Context object".
"""

from __future__ import annotations

from collections.abc import Mapping

from step.asl import model
from step.engine.resources import Resource
from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue

# What each field of each part is called when it isn't one; "": it may be anything.
_PARTS: Mapping[str, Mapping[str, str]] = {
    "Execution": {
        "Id": "a string",
        "Input": "",
        "Name": "a string",
        "RoleArn": "a string",
        "StartTime": "a string",
        "RedriveCount": "a number",
        "RedriveTime": "a string",
    },
    "State": {"EnteredTime": "a string", "Name": "a string", "RetryCount": "a number"},
    "StateMachine": {"Id": "a string", "Name": "a string"},
    "Task": {"Token": "a string"},
}


def check_context(context: JSONObject, state: model.State) -> None:
    """Refuse a context object that the state can't have.

    Raises:
        Refused: a field isn't one of the context object's, isn't of its type, or belongs to another state.
    """
    for name, part in context.items():
        if name == "Map":
            raise _invalid("'Map' field is not supported when mocking a Context object")
        if name not in _PARTS:
            raise _invalid(f"Field '{name}' is not allowed")
        if not isinstance(part, dict):
            raise _invalid(f"{name} must be an object")
        for field, value in part.items():
            if field not in _PARTS[name]:
                raise _invalid(f"Field '{field}' is not allowed")
            if not _is(value, _PARTS[name][field]):
                raise _invalid(f"{name}.{field} must be {_PARTS[name][field]}")
    if "Task" in context and not _has_task(state):
        raise _invalid(
            "Context object contains 'Task' when state is not a Task state "
            "with a '.sync' or '.waitForTaskToken' service integration pattern"
        )


def _is(value: JSONValue, called: str) -> bool:
    match called:
        case "a string":
            return isinstance(value, str)
        case "a number":
            return isinstance(value, int | float) and not isinstance(value, bool)
    return True


def _has_task(state: model.State) -> bool:
    return isinstance(state, model.Task) and Resource.from_text(state.resource).pattern != ""


def _invalid(problem: str) -> Refused:
    return Refused("ValidationException", f"Invalid Context object provided: {problem}")
