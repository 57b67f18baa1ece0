"""A machine of which nobody knows the values: its definition, with nothing left of its data.

Pure: no clock, no IO. A Choice becomes a task that fails with the number of a rule: so it goes every way.
What is written as a number stays; what comes of data is a number that does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from step.asl.model import Choice, Definition
from step.asl.parse import every_state
from step.engine.vocabulary import Input, StartTask, TaskSucceeded
from step.jsonvalue import JSONObject, JSONValue
from step.paths.moves import rule_name
from step.paths.work import ends_by_itself

CHOICE = "arn:aws:lambda:us-east-1:123456789012:function:choice"
ITEMS: JSONObject = {"items": [1, 2]}
# What waits for somebody outside.
ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:outside"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"
_KEPT = ("Type", "Next", "End", "Comment")


def without_values(branch: Mapping[str, Any], language: str = "JSONPath") -> JSONObject:
    """Write a definition without its data."""
    language = str(branch.get("QueryLanguage", language))
    states: JSONObject = {name: _state(state, language) for name, state in branch["States"].items()}
    kept: JSONObject = {key: branch[key] for key in ("StartAt", "TimeoutSeconds") if key in branch}
    return {**kept, "States": states}


def rules_of(definition: Definition) -> dict[str, list[str]]:
    """Name the errors by which each Choice goes the ways of its rules; the way without one is the default."""
    return {
        state.name: [rule_name(number) for number in range(len(state.choices))]
        for state in every_state(definition)
        if isinstance(state, Choice)
    }


def _state(state: Mapping[str, Any], language: str) -> JSONObject:
    kept: JSONObject = {key: state[key] for key in _KEPT if key in state}
    language = str(state.get("QueryLanguage", language))
    match state["Type"]:
        case "Choice":
            return _choice(state)
        case "Fail":
            error = state.get("Error")
            return kept | {"Error": error if isinstance(error, str) and "{%" not in error else "(unknown)"}
        case "Wait":
            seconds = state.get("Seconds")
            return kept | {"Seconds": seconds if isinstance(seconds, int) else 1}
        case "Parallel":
            bodies: list[JSONValue] = [without_values(branch, language) for branch in state["Branches"]]
            return kept | _caught(state) | {"Branches": bodies}
        case "Map":
            body = state.get("ItemProcessor") or state["Iterator"]
            return kept | _caught(state) | _map(state) | {"ItemProcessor": without_values(body, language)}
        case "Task":
            return (
                kept
                | _caught(state)
                | {"Resource": FUNCTION if ends_by_itself(state["Resource"]) else ACTIVITY}
                | _limits(state)
            )
    return kept


def _choice(state: Mapping[str, Any]) -> JSONObject:
    rules = [rule["Next"] for rule in state["Choices"]]
    catch: list[Any] = [
        {"ErrorEquals": [rule_name(number)], "ResultPath": None, "Next": target}
        for number, target in enumerate(rules)
    ]
    onward = {"Next": state["Default"]} if "Default" in state else {"Next": rules[0]}
    return {"Type": "Task", "Resource": CHOICE, "ResultPath": None, "Catch": catch, **onward}


def _caught(state: Mapping[str, Any]) -> JSONObject:
    caught: JSONObject = {"ResultPath": None}
    if "Retry" in state:
        caught["Retry"] = state["Retry"]
    if "Catch" in state:
        caught["Catch"] = [
            {"ErrorEquals": catcher["ErrorEquals"], "ResultPath": None, "Next": catcher["Next"]}
            for catcher in state["Catch"]
        ]
    return caught


def _limits(state: Mapping[str, Any]) -> JSONObject:
    limits: JSONObject = {}
    for name, usual in (("TimeoutSeconds", 60), ("HeartbeatSeconds", 30)):
        if name in state or f"{name}Path" in state:
            given = state.get(name)
            limits[name] = given if isinstance(given, int) else usual
    return limits


def _map(state: Mapping[str, Any]) -> JSONObject:
    given: JSONObject = {"ItemsPath": "$.items"}
    for name in ("MaxConcurrency", "ToleratedFailureCount"):
        if isinstance(state.get(name), int):
            given[name] = state[name]
    if isinstance(state.get("ToleratedFailurePercentage"), int | float):
        given["ToleratedFailurePercentage"] = state["ToleratedFailurePercentage"]
    return given


def answer(task: StartTask) -> tuple[list[Input], int]:
    """Reply a task: nobody knows with what."""
    return [TaskSucceeded(task.op, None)], 0
