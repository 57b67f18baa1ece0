"""Data tests of choice rules, their combinations, and variables that are missing."""

from __future__ import annotations

from typing import Any

import pytest

from step.asl.choice import OPERATORS, compile_test
from step.asl.model import And, Condition, DataTest, Not, Or
from step.asl.scope import Scope
from step.errors import StateFailure

VALUE: dict[str, Any] = {
    "n": 5,
    "x": 2.5,
    "big": 2**53 + 1,
    "text": "bread",
    "yes": True,
    "null": None,
    "time": "2026-01-02T03:04:05.5Z",
    "deep": {"n": 1},
    "other": {"n": 5, "big": 2**53, "text": "cake", "yes": False, "time": "2026-01-02T04:04:05.5+01:00"},
}


def data_test(variable: str, operator: str, operand: Any) -> DataTest:
    return DataTest(variable=variable, operator=operator, operand=operand)


@pytest.mark.parametrize(
    ("variable", "operator", "operand", "expected"),
    [
        ("$.n", "NumericEquals", 5, True),
        ("$.n", "NumericEquals", 5.0, True),
        ("$.n", "NumericLessThan", 5, False),
        ("$.n", "NumericLessThanEquals", 5, True),
        ("$.x", "NumericGreaterThan", 2, True),
        ("$.n", "NumericGreaterThanEquals", 6, False),
        ("$.deep.n", "NumericEquals", 1, True),
        ("$.big", "NumericEquals", 2**53, False),
        ("$.big", "NumericGreaterThan", float(2**53), True),
        ("$.yes", "NumericEquals", 1, False),
        ("$.text", "NumericLessThan", 5, False),
        ("$total", "NumericEquals", 40, True),
        ("$$.Map.Item.Index", "NumericEquals", 2, True),
        ("$.n", "NumericEqualsPath", "$.other.n", True),
        ("$.big", "NumericGreaterThanPath", "$.other.big", True),
        ("$.n", "NumericEqualsPath", "$.text", False),
        ("$.text", "StringEquals", "bread", True),
        ("$.text", "StringLessThan", "cake", True),
        ("$.text", "StringGreaterThanEquals", "bread", True),
        ("$.n", "StringEquals", "5", False),
        ("$.text", "StringLessThanPath", "$.other.text", True),
        ("$.null", "StringEqualsPath", "$.null", False),
        ("$.yes", "BooleanEquals", True, True),
        ("$.n", "BooleanEquals", True, False),
        ("$.yes", "BooleanEqualsPath", "$.other.yes", False),
        ("$.time", "TimestampEquals", "2026-01-02T03:04:05.500000000Z", True),
        ("$.time", "TimestampLessThan", "2026-01-02T03:04:05.500000001Z", True),
        ("$.time", "TimestampGreaterThan", "2026-01-02T03:04:05Z", True),
        ("$.time", "TimestampEqualsPath", "$.other.time", True),
        ("$.time", "TimestampEqualsPath", "$.text", False),
        ("$.text", "TimestampLessThan", "2026-01-02T03:04:05Z", False),
        ("$.n", "IsNumeric", True, True),
        ("$.yes", "IsNumeric", False, True),
        ("$.text", "IsString", True, True),
        ("$.null", "IsNull", True, True),
        ("$.n", "IsNull", False, True),
        ("$.yes", "IsBoolean", True, True),
        ("$.time", "IsTimestamp", True, True),
        ("$.text", "IsTimestamp", True, False),
        ("$.null", "IsPresent", True, True),
        ("$.gone", "IsPresent", True, False),
        ("$.gone.deeper", "IsPresent", False, True),
        ("$.deep.n", "IsPresent", True, True),
        ("$.text[0]", "IsPresent", True, False),
        ("$gone", "IsPresent", False, True),
    ],
)
def test_comparison(variable: str, operator: str, operand: Any, expected: bool, scope: Scope) -> None:
    assert compile_test(data_test(variable, operator, operand))(VALUE, scope) is expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("bread", "bread", True),
        ("bread", "breads", False),
        ("*", "", True),
        ("b*d", "bread", True),
        ("b*d", "b\nd", True),
        ("b*d", "bd", True),
        ("b*b", "b", False),
        ("*e*a*", "bread", True),
        ("*a*e*", "bread", False),
        ("ab*ba", "aba", False),
        (r"b\*d", "b*d", True),
        (r"b\*d", "bread", False),
        (r"b\\*", "b\\x", True),
        ("b.d", "bad", False),
        ("*a" * 40 + "b", "a" * 4000, False),
    ],
)
def test_string_matches(pattern: str, text: str, expected: bool, scope: Scope) -> None:
    check = compile_test(data_test("$.text", "StringMatches", pattern))

    assert check({"text": text}, scope) is expected
    assert check({"text": 1}, scope) is False


def test_rules_combine(scope: Scope) -> None:
    yes, no = data_test("$.yes", "BooleanEquals", True), data_test("$.yes", "BooleanEquals", False)

    assert compile_test(Not(rule=no))(VALUE, scope)
    assert not compile_test(And(rules=(yes, no)))(VALUE, scope)
    assert compile_test(And(rules=(yes, yes, yes)))(VALUE, scope)
    assert compile_test(Or(rules=(no, yes)))(VALUE, scope)
    assert not compile_test(Or(rules=(no, no, no)))(VALUE, scope)


def test_combined_rules_stop_at_the_first_that_decides(scope: Scope) -> None:
    yes, missing = data_test("$.yes", "BooleanEquals", True), data_test("$.gone", "BooleanEquals", True)

    assert not compile_test(And(rules=(Not(rule=yes), missing)))(VALUE, scope)
    assert compile_test(Or(rules=(yes, missing)))(VALUE, scope)


def test_condition_is_compiled_by_the_caller(scope: Scope) -> None:
    check = compile_test(Condition(expression="{% x %}"), lambda text: lambda value, _scope: value == text)

    assert check("{% x %}", scope)


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        (data_test("$.gone", "NumericLessThan", 1), "$.gone"),
        (data_test("$.deep.gone", "StringEquals", ""), "$.deep.gone"),
        (data_test("$.gone", "IsNull", True), "$.gone"),
        (data_test("$.gone", "StringMatches", "*"), "$.gone"),
        (data_test("$gone", "BooleanEquals", True), "$gone"),
        (data_test("$.n", "NumericEqualsPath", "$.gone"), "$.gone"),
    ],
)
def test_missing_variable_fails(rule: DataTest, path: str, scope: Scope) -> None:
    with pytest.raises(StateFailure) as failure:
        compile_test(rule)(VALUE, scope)

    assert failure.value.error == (
        "States.Runtime",
        f"Invalid path '{path}': The choice state's condition path references an invalid value.",
    )


def test_every_operator_of_the_specification_is_there() -> None:
    assert len(OPERATORS) == 39
    assert OPERATORS["NumericLessThanEqualsPath"] == "path"
    assert OPERATORS["TimestampEquals"] == "timestamp"
    assert OPERATORS["IsPresent"] == "boolean"
