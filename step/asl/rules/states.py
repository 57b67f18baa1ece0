"""The rules of states: which fields each type has, and what must hold between them.

Pure: no clock, no IO. Spec: ASL "State Types"; the tables follow its order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from step.asl import jsonata
from step.asl.rules import maps, messages
from step.asl.rules.choices import choice_rules
from step.asl.rules.handlers import catchers, retriers
from step.asl.rules.objects import Field, FieldChoice, check_list, check_object
from step.asl.rules.place import Check, Place, did_you_mean
from step.asl.rules.resources import resource
from step.asl.rules.scopes import check_scope
from step.asl.rules.values import (
    MAX_SECONDS,
    boolean,
    number,
    number_path,
    or_expression,
    path,
    payload_template,
    query,
    reading,
    reference_path,
    result_path,
    string,
    template,
    text_not_path,
    timestamp,
    variables,
    word,
)
from step.jsonvalue import JSONObject, JSONValue

# In the order in which AWS lists them.
STATE_TYPES = ("Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map")
# Not of the language: a Task whose Resource and Parameters step writes.
TASK_FN = "TaskFn"


class StateType(NamedTuple):
    """What one type of state may and must have; ``extra`` checks what holds between its fields."""

    fields: Mapping[str, Field]
    required: tuple[str, ...] = ()
    choices: tuple[FieldChoice, ...] = ()
    extra: Callable[[JSONObject, Place], None] | None = None


def check_state(value: JSONValue, place: Place) -> None:
    """Check one state with everything inside it."""
    if not isinstance(value, dict):
        place.refuse(messages.wrong_type("Object"))
        return
    place = _with_language(value, place)
    kind = value.get("Type")
    state_type = TYPES.get(kind) if isinstance(kind, str) else None
    if state_type is None:
        _refuse_type(value, place)
        return
    check_object(value, place, state_type.fields, required=state_type.required, choices=state_type.choices)
    if state_type.extra is not None:
        state_type.extra(value, place)


def _with_language(state: JSONObject, place: Place) -> Place:
    # Observed: a state inside a Map or Parallel starts from the machine's language, not from its owner's.
    machine_language = place.report.machine_language
    written = state.get("QueryLanguage")
    if written == "JSONPath" and machine_language == "JSONata":
        place.refuse(messages.LANGUAGE_OF_MACHINE, line_of=place / "QueryLanguage")
    return replace(place, language="JSONata" if written == "JSONata" else machine_language)


def _refuse_type(state: JSONObject, place: Place) -> None:
    kind = state.get("Type")
    if "Type" not in state:
        place.refuse(messages.required_to_choose("Type"))
    else:
        hint = did_you_mean(kind, (*STATE_TYPES, TASK_FN)) if isinstance(kind, str) else ""
        (place / "Type").refuse(messages.not_one_of("Type", STATE_TYPES), hint=hint)


def _check_heartbeat(state: JSONObject, place: Place) -> None:
    heartbeat, timeout = state.get("HeartbeatSeconds"), state.get("TimeoutSeconds")
    if _is_number(heartbeat) and _is_number(timeout) and heartbeat >= timeout:  # type: ignore[operator]  # both
        place.refuse(messages.LATE_HEARTBEAT, line_of=place / "HeartbeatSeconds")


def _is_number(value: JSONValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def static_result(value: JSONValue, place: Place) -> None:
    if isinstance(value, dict):
        for key in value:
            if key.endswith(".$"):
                message = f"Result is not evaluated: '{key}' stays as it is written; use Parameters?"
                (place / key).refuse(message, code="PASS_RESULT_IS_STATIC")


def branches(value: JSONValue, place: Place) -> None:
    check_list(value, place.inside, lambda branch, at: check_scope(branch, at, check_state))


def item_processor(value: JSONValue, place: Place) -> None:
    place = place.inside
    config = value.get("ProcessorConfig") if isinstance(value, dict) else None
    if isinstance(config, dict) and config.get("Mode") == "DISTRIBUTED":
        # AWS: "Passing data with variables": child executions don't see the variables of their parent.
        is_express = config.get("ExecutionType") == "EXPRESS"
        place = replace(place, is_express=is_express, outer_variables=frozenset())
    check_scope(value, place, check_state, {"ProcessorConfig": Field(maps.processor_config)})


def credentials(value: JSONValue, place: Place) -> None:
    """Check a Task's Credentials: the role to assume. AWS: developer guide, "Accessing other accounts"."""
    if place.is_jsonata and isinstance(value, str) and jsonata.is_expression(value):
        template(value, place)
        return
    is_dynamic = isinstance(value, dict) and "RoleArn.$" in value and not place.is_jsonata
    check_object(value, place, CREDENTIALS, required=["RoleArn.$" if is_dynamic else "RoleArn"])
    if isinstance(value, dict):
        template(value, place)


def _only(language: str, **fields: Check) -> dict[str, Field]:
    if language == "JSONata":
        return {name: Field(check, "JSONata") for name, check in fields.items()}
    return {name: Field(check, "JSONPath") for name, check in fields.items()}


_seconds = or_expression(number(minimum=1, maximum=MAX_SECONDS))
_count = or_expression(number(minimum=0))

CREDENTIALS = {"RoleArn": Field(string), "RoleArn.$": Field(string, "JSONPath")}
_COMMON = {
    "Type": Field(string),
    "Comment": Field(string),
    "QueryLanguage": Field(word("JSONPath", "JSONata")),
}
_INPUT_OUTPUT = {
    **_only("JSONPath", InputPath=path, OutputPath=path),
    **_only("JSONata", Output=template),
}
_ASSIGN = {"Assign": Field(variables)}
_TRANSITION = {"Next": Field(string), "End": Field(boolean)}
_WORK = {
    **_COMMON,
    **_INPUT_OUTPUT,
    "Output": Field(reading(template, "result"), "JSONata"),
    "Assign": Field(reading(variables, "result")),
    **_TRANSITION,
    **_only("JSONPath", Parameters=payload_template, ResultSelector=payload_template, ResultPath=result_path),
    "Retry": Field(retriers),
    "Catch": Field(catchers),
}
_TASK = {
    **_WORK,
    "Resource": Field(resource),
    "Arguments": Field(template, "JSONata"),
    "TimeoutSeconds": Field(_seconds),
    "HeartbeatSeconds": Field(_seconds),
    **_only("JSONPath", TimeoutSecondsPath=reference_path, HeartbeatSecondsPath=reference_path),
    "Credentials": Field(credentials),
}
_TASK_CHOICES = (
    FieldChoice("at most one", ("TimeoutSeconds", "TimeoutSecondsPath")),
    FieldChoice("at most one", ("HeartbeatSeconds", "HeartbeatSecondsPath")),
)
_MAP = {
    **_WORK,
    "ItemProcessor": Field(item_processor),
    "Iterator": Field(item_processor),
    "Items": Field(maps.items, "JSONata"),
    "ItemsPath": Field(reference_path, "JSONPath"),
    "ItemSelector": Field(template),
    "ItemReader": Field(maps.item_reader),
    "ItemBatcher": Field(maps.item_batcher),
    "ResultWriter": Field(maps.result_writer),
    "Label": Field(maps.label),
    "MaxConcurrency": Field(_count),
    "ToleratedFailureCount": Field(_count),
    "ToleratedFailurePercentage": Field(or_expression(number(integer=False, minimum=0.0, maximum=100.0))),
    **_only(
        "JSONPath",
        MaxConcurrencyPath=number_path,
        ToleratedFailureCountPath=number_path,
        ToleratedFailurePercentagePath=number_path,
    ),
}
_MAP_CHOICES = (
    FieldChoice("exactly one", ("ItemProcessor", "Iterator")),
    # Published: a note of the second source, Map.State.009. Parameters is the former name.
    FieldChoice("at most one", ("Parameters", "ItemSelector")),
    FieldChoice("at most one", ("MaxConcurrency", "MaxConcurrencyPath")),
    FieldChoice("at most one", ("ToleratedFailureCount", "ToleratedFailureCountPath")),
    FieldChoice("at most one", ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath")),
)
# In the order in which AWS lists them.
_WAIT_FIELDS = ("SecondsPath", "Seconds", "TimestampPath", "Timestamp")

TYPES: dict[str, StateType] = {
    "Task": StateType(_TASK, ("Resource",), _TASK_CHOICES, _check_heartbeat),
    TASK_FN: StateType(_TASK, (), _TASK_CHOICES, _check_heartbeat),
    "Parallel": StateType(
        {**_WORK, "Branches": Field(branches), "Arguments": Field(template, "JSONata")}, ("Branches",)
    ),
    "Map": StateType(_MAP, (), _MAP_CHOICES, maps.check_mode),
    "Pass": StateType(
        {
            **_COMMON,
            **_INPUT_OUTPUT,
            **_ASSIGN,
            **_TRANSITION,
            **_only("JSONPath", Result=static_result, ResultPath=result_path, Parameters=payload_template),
        }
    ),
    "Wait": StateType(
        {
            **_COMMON,
            **_INPUT_OUTPUT,
            **_ASSIGN,
            **_TRANSITION,
            "Seconds": Field(or_expression(number(minimum=0, maximum=MAX_SECONDS))),
            "Timestamp": Field(or_expression(timestamp)),
            **_only("JSONPath", SecondsPath=reference_path, TimestampPath=reference_path),
        },
        choices=(FieldChoice("exactly one", _WAIT_FIELDS),),
    ),
    "Choice": StateType(
        {
            **_COMMON,
            **_INPUT_OUTPUT,
            **_ASSIGN,
            "Choices": Field(choice_rules),
            "Default": Field(string),
        },
        ("Choices",),
    ),
    "Succeed": StateType({**_COMMON, **_INPUT_OUTPUT}),
    "Fail": StateType(
        {
            **_COMMON,
            "Error": Field(or_expression(text_not_path)),
            "Cause": Field(or_expression(text_not_path)),
            **_only("JSONPath", ErrorPath=query, CausePath=query),
        },
        choices=(
            FieldChoice("at most one", ("Error", "ErrorPath")),
            FieldChoice("at most one", ("Cause", "CausePath")),
        ),
    ),
}
