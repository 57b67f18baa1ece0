"""The rules of a Choice state's rules. Spec: ASL "Choice State".

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Mapping

from step.asl import jsonata
from step.asl.choice import OPERATORS, OperandType
from step.asl.rules import messages
from step.asl.rules.objects import Field, check_list, check_object
from step.asl.rules.place import Check, Place, did_you_mean, is_open
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
# In the order in which AWS lists them. Observed: second.Feature.ChoiceValidation.
_LISTED = (
    "StringEquals",
    "IsBoolean",
    "StringLessThan",
    "IsNumeric",
    "BooleanEquals",
    "StringLessThanEqualsPath",
    "NumericLessThan",
    "NumericGreaterThan",
    "NumericLessThanPath",
    "StringMatches",
    "TimestampLessThanEqualsPath",
    "NumericEquals",
    "TimestampGreaterThan",
    "StringGreaterThanEqualsPath",
    "TimestampGreaterThanEqualsPath",
    "TimestampLessThanEquals",
    "NumericLessThanEqualsPath",
    "TimestampEquals",
    "BooleanEqualsPath",
    "IsTimestamp",
    "StringLessThanEquals",
    "NumericLessThanEquals",
    "StringLessThanPath",
    "TimestampGreaterThanPath",
    "StringGreaterThan",
    "StringGreaterThanPath",
    "IsString",
    "StringEqualsPath",
    "TimestampEqualsPath",
    "TimestampLessThan",
    "StringGreaterThanEquals",
    "NumericGreaterThanPath",
    "NumericGreaterThanEquals",
    "NumericEqualsPath",
    "TimestampLessThanPath",
    "IsNull",
    "IsPresent",
    "TimestampGreaterThanEquals",
    "NumericGreaterThanEqualsPath",
)


def choice_rules(value: JSONValue, place: Place) -> None:
    """Check Choices."""
    check_list(value, place, _top_rule)


def _top_rule(value: JSONValue, place: Place) -> None:
    if place.is_jsonata:
        check_object(value, place, _JSONATA_RULE, required=["Condition", "Next"])
        return
    fields = check_object(value, place, TOP_RULE, required=["Next"])
    if fields is not None:
        _check_test(fields, place)


def inner_rule(value: JSONValue, place: Place) -> None:
    fields = check_object(value, place, INNER_RULE)
    if fields is not None:
        _check_test(fields, place)


def inner_rules(value: JSONValue, place: Place) -> None:
    check_list(value, place, inner_rule)


def _check_test(fields: JSONObject, place: Place) -> None:
    if "Condition" in fields:
        return
    operators = [name for name in fields if name in OPERATORS or name in _COMBINATIONS]
    if not operators:
        unknown = next((name for name in fields if name not in TOP_RULE), "")
        place.refuse(messages.none_of(_LISTED), hint=did_you_mean(unknown, OPERATORS))
    elif len(operators) > 1:
        is_mixed = any(name in _COMBINATIONS for name in operators)
        listed = operators if is_mixed else _LISTED
        place.refuse(messages.one_too_many(listed), line_of=place / operators[1])
    elif operators[0] in OPERATORS and "Variable" not in fields:
        place.refuse(messages.required(["Variable"]))
    elif operators[0] in _COMBINATIONS and "Variable" in fields:
        place.refuse(messages.unsupported("Variable"), line_of=place / "Variable")


def condition(value: JSONValue, place: Place) -> None:
    if isinstance(value, bool) or is_open(value, place):
        return
    if isinstance(value, str) and jsonata.has_delimiter(value):
        expression(value, place)
    else:
        place.refuse(messages.NOT_A_CONDITION)


INNER_RULE: dict[str, Field] = {
    "Comment": Field(string),
    "Variable": Field(reference_path, "JSONPath"),
    "Condition": Field(anything, "JSONata"),
    **{name: Field(_OPERAND_CHECKS[operand], "JSONPath") for name, operand in OPERATORS.items()},
    "And": Field(inner_rules, "JSONPath"),
    "Or": Field(inner_rules, "JSONPath"),
    "Not": Field(inner_rule, "JSONPath"),
}
TOP_RULE: dict[str, Field] = {
    **INNER_RULE,
    "Next": Field(string),
    "Assign": Field(variables),
    "Output": Field(template, "JSONata"),
}
_JSONATA_RULE: dict[str, Field] = {**TOP_RULE, "Condition": Field(condition, "JSONata")}
