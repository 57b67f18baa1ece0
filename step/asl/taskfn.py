"""TaskFn: a Task that calls the handler of its own name in the machine's one Lambda function.

Pure: no clock, no IO. ``"Type": "TaskFn"`` isn't a word of the Amazon States Language; ``expand`` rewrites it
to a plain Task, so that everything behind it knows the language only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from step.jsonvalue import JSONObject, JSONValue

PLACEHOLDER = "${function_arn}"
# What a handler may know of its execution. Never the whole context object: it repeats the execution's input.
_CONTEXT = {
    "Execution": "Execution.Id",
    "StartTime": "Execution.StartTime",
    "EnteredTime": "State.EnteredTime",
    "RetryCount": "State.RetryCount",
}


def expand(document: JSONObject, function_arn: str = PLACEHOLDER) -> JSONObject:
    """Return the document with every TaskFn written as a Task on ``function_arn``; nothing else changes."""
    return _branch(document, function_arn, str(document.get("QueryLanguage", "JSONPath")))


def task_fn_names(document: JSONObject) -> set[str]:
    """Name the TaskFn states of a document, those inside Parallel and Map too."""
    names: set[str] = set()

    def visit(branch: Mapping[str, Any]) -> None:
        for name, state in branch["States"].items():
            if state["Type"] == "TaskFn":
                names.add(name)
            for inner in _inner(state):
                visit(inner)

    visit(document)
    return names


def _inner(state: Mapping[str, Any]) -> list[Any]:
    bodies = (state[key] for key in ("ItemProcessor", "Iterator") if key in state)
    return [*state.get("Branches", ()), *bodies]


def _branch(branch: Mapping[str, Any], arn: str, language: str) -> JSONObject:
    states = {name: _state(name, state, arn, language) for name, state in branch["States"].items()}
    return {key: states if key == "States" else value for key, value in branch.items()}


def _state(name: str, state: Mapping[str, Any], arn: str, language: str) -> JSONValue:
    if state["Type"] == "TaskFn":
        return _task(name, state, arn, str(state.get("QueryLanguage", language)))
    expanded: JSONObject = dict(state)
    if "Branches" in state:
        expanded["Branches"] = [_branch(branch, arn, language) for branch in state["Branches"]]
    for key in ("ItemProcessor", "Iterator"):
        if key in state:
            expanded[key] = _branch(state[key], arn, language)
    return expanded


def _task(name: str, state: Mapping[str, Any], arn: str, language: str) -> JSONObject:
    message: JSONObject
    if language == "JSONata":
        field, written = "Arguments", state.get("Arguments", "{% $states.input %}")
        context: JSONObject = {key: f"{{% $states.context.{path} %}}" for key, path in _CONTEXT.items()}
        message = {"Task": name, "Input": written, "Context": context}
    else:
        field = "Parameters"
        context = {f"{key}.$": f"$$.{path}" for key, path in _CONTEXT.items()}
        given = {"Input": state["Parameters"]} if "Parameters" in state else {"Input.$": "$"}
        message = {"Task": name, **given, "Context": context}
    expanded: JSONObject = {}
    for key, value in state.items():
        if key == "Type":
            expanded |= {"Type": "Task", "Resource": state.get("Resource", arn), field: message}
        elif key not in ("Resource", field):
            expanded[key] = value
    return expanded
