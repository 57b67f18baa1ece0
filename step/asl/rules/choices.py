"""The rules of a Choice state's rules. Spec: ASL "Choice State".

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Mapping

from step.asl import jsonata
from step.asl.choice import OPERATORS, OperandType
from step.asl.rules.objects import Field, check_list, check_object
from step.asl.rules.place import Check, Place, did_you_mean, is_open, list_words
from step.asl.rules.values import (
    anything,
    boolean,
    expression,
    number,
    reference_path,
    string,
    template,
    timestamp,
    variables,
)
from step.jsonvalue import JSONObject, JSONValue

_OPERAND_CHECKS: Mapping[OperandType, Check] = {
    "string": string,
    "number": number(integer=False),
    "boolean": boolean,
    "timestamp": timestamp,
    "path": reference_path,
}
_COMBINATIONS = ("And", "Or", "Not")


def choice_rules(value: JSONValue, place: Place) -> None:
    """Check Choices."""
    check_list(value, place, _top_rule)


def _top_rule(value: JSONValue, place: Place) -> None:
    if place.is_jsonata:
        check_object(value, place, _JSONATA_RULE, required=["Condition", "Next"])
        return
    fields = check_object(value, place, _TOP_RULE, required=["Next"])
    if fields is not None:
        _check_test(fields, place)


def _inner_rule(value: JSONValue, place: Place) -> None:
    fields = check_object(value, place, _INNER_RULE)
    if fields is not None:
        _check_test(fields, place)


def _inner_rules(value: JSONValue, place: Place) -> None:
    check_list(value, place, _inner_rule)


def _check_test(fields: JSONObject, place: Place) -> None:
    if "Condition" in fields:
        return
    operators = [name for name in fields if name in OPERATORS or name in _COMBINATIONS]
    if not operators:
        unknown = next((name for name in fields if name not in _TOP_RULE), "")
        place.refuse(f"A choice rule needs a comparison operator{did_you_mean(unknown, OPERATORS)}")
    elif len(operators) > 1:
        place.refuse(
            f"There should only be one of the following fields: {list_words(operators)}",
            line_of=place / operators[1],
        )
    elif operators[0] in OPERATORS and "Variable" not in fields:
        place.refuse("These fields are required: [Variable]")
    elif operators[0] in _COMBINATIONS and "Variable" in fields:
        place.refuse(f"Field 'Variable' is not supported beside '{operators[0]}'", line_of=place / "Variable")


def _condition(value: JSONValue, place: Place) -> None:
    if isinstance(value, bool) or is_open(value, place):
        return
    if isinstance(value, str) and jsonata.has_delimiter(value):
        expression(value, place)
    else:
        place.refuse("Expected a Boolean or a JSONata expression")


_INNER_RULE: dict[str, Field] = {
    "Comment": Field(string),
    "Variable": Field(reference_path, "JSONPath"),
    "Condition": Field(anything, "JSONata"),
    **{name: Field(_OPERAND_CHECKS[operand], "JSONPath") for name, operand in OPERATORS.items()},
    "And": Field(_inner_rules, "JSONPath"),
    "Or": Field(_inner_rules, "JSONPath"),
    "Not": Field(_inner_rule, "JSONPath"),
}
_TOP_RULE: dict[str, Field] = {
    **_INNER_RULE,
    "Next": Field(string),
    "Assign": Field(variables),
    "Output": Field(template, "JSONata"),
}
_JSONATA_RULE: dict[str, Field] = {**_TOP_RULE, "Condition": Field(_condition, "JSONata")}
