from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from step.asl.parse import parse
from step.asl.taskfn import expand
from step.view import build_graph
from step.view.icons import draw_icon
from step.view.text import human_duration, text_width, wrap

LAMBDA = "arn:aws:lambda:eu-west-1:123456789012:function:knead:7"


def captions(**states: dict[str, Any]) -> dict[str, str]:
    document = expand({"StartAt": next(iter(states)), "States": dict(states)})
    return {vertex.name: vertex.caption for vertex in build_graph(parse(document)).walk()}


def test_every_transition_becomes_an_edge(bread_document: dict[str, Any]) -> None:
    scope = build_graph(parse(bread_document))

    names = [vertex.name or vertex.kind for vertex in scope.vertices]
    edges = [(names[edge.source], names[edge.target], edge.kind, edge.label) for edge in scope.edges]
    assert edges == [
        ("Start", "Rise", "start", ""),
        ("Rise", "Bake", "next", ""),
        ("Bake", "Eat", "next", ""),
        ("Bake", "Each", "catch", "OvenBroke"),
        ("Eat", "End", "end", ""),
        ("Each", "Eat", "next", ""),
    ]


def test_bodies_of_a_map_are_scopes_of_their_own(bread_document: dict[str, Any]) -> None:
    scope = build_graph(parse(bread_document))

    (body,) = next(vertex.scopes for vertex in scope.vertices if vertex.name == "Each")
    assert [vertex.name or vertex.kind for vertex in body.vertices] == [
        "Start",
        "Slice",
        "Burnt",
        "Fine",
        "End",
    ]
    assert [edge.kind for edge in body.edges] == ["start", "choice", "default", "end"]


def test_a_fail_state_leads_nowhere() -> None:
    scope = build_graph(parse({"StartAt": "No", "States": {"No": {"Type": "Fail"}}}))

    assert [vertex.kind for vertex in scope.vertices] == ["Start", "Fail"]


def test_states_that_nothing_reaches_are_drawn_too() -> None:
    succeed: Any = {"Type": "Succeed"}

    scope = build_graph(parse({"StartAt": "A", "States": {"Z": succeed, "A": succeed, "B": succeed}}))

    assert [vertex.name for vertex in scope.walk()] == ["A", "B", "Z"]


@pytest.mark.parametrize(
    ("rule", "label"),
    [
        ({"Variable": "$.n", "NumericGreaterThanEquals": 5}, "$.n ≥ 5"),
        ({"Variable": "$.n", "NumericLessThanPath": "$.m"}, "$.n < $.m"),
        ({"Variable": "$.s", "StringEquals": "é"}, '$.s = "é"'),
        ({"Variable": "$.s", "StringMatches": "a*"}, '$.s matches "a*"'),
        ({"Variable": "$.s", "IsPresent": False}, "$.s is not present"),
        ({"Not": {"Variable": "$.s", "IsNumeric": True}}, "not $.s is a number"),
        (
            {
                "And": [
                    {"Variable": "$.a", "BooleanEquals": True},
                    {"Or": [{"Variable": "$.b", "IsNull": True}, {"Variable": "$.c", "IsNull": True}]},
                ]
            },
            "$.a = true and ($.b is null or $.c is null)",
        ),
    ],
)
def test_choice_rules_read_as_conditions(
    rule: dict[str, Any], label: str, choice_document: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    scope = build_graph(parse(choice_document(rule)))

    assert [edge.label for edge in scope.edges if edge.kind in ("choice", "default")] == [label, "default"]


@pytest.mark.parametrize(
    ("state", "caption"),
    [
        ({"Type": "Wait", "Seconds": 43200, "End": True}, "Wait · 12 h"),
        ({"Type": "Wait", "SecondsPath": "$.s", "End": True}, "Wait · $.s s"),
        (
            {"Type": "Wait", "Timestamp": "2026-01-01T00:00:00Z", "End": True},
            "Wait · until 2026-01-01T00:00:00Z",
        ),
        ({"Type": "Task", "Resource": LAMBDA, "End": True}, "Task · knead:7"),
        ({"Type": "Task", "Resource": "${knead_arn}", "End": True}, "Task · knead_arn"),
        ({"Type": "TaskFn", "End": True}, "TaskFn"),
        (
            {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True},
            "Task · sqs:sendMessage (callback)",
        ),
        (
            {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": LAMBDA},
                "End": True,
            },
            "Task · knead:7",
        ),
        (
            {"Type": "Task", "Resource": "arn:aws:states:eu-west-1:1:activity:pack", "End": True},
            "Task · pack (activity)",
        ),
        ({"Type": "Fail", "Error": "NoBread"}, "Fail · NoBread"),
    ],
)
def test_captions_say_what_a_state_does(state: dict[str, Any], caption: str) -> None:
    assert captions(It=state) == {"It": caption}


@pytest.mark.parametrize(
    ("errors", "retry"),
    [
        (["States.Timeout", "Boom"], "2x States.Timeout | Boom"),
        (["Lambda.A", "Lambda.B", "Lambda.C"], "2x Lambda.* (3)"),
        (["A", "B", "C"], "2x A | 2 more"),
    ],
)
def test_retries_are_told_in_short(errors: list[str], retry: str) -> None:
    retrier = {"ErrorEquals": errors, "MaxAttempts": 2}
    state: Any = {"Type": "Task", "Resource": LAMBDA, "Retry": [retrier], "End": True}

    scope = build_graph(parse({"StartAt": "T", "States": {"T": state}}))

    assert scope.vertices[1].retry == retry


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.08, "80 ms"),
        (0.9999, "1 s"),
        (1.5, "1.5 s"),
        (59.9999, "1 min"),
        (300, "5 min"),
        (3599.6, "1 h"),
        (43200, "12 h"),
        (50700, "14 h 5 min"),
        (86400 * 400, "400 d"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text


@pytest.mark.parametrize(
    "text", ["WaitForTheVeryLongLeavenToRise", "x" * 200, "one two  three four five", "🍞" * 40]
)
def test_wrapped_text_fits_and_loses_nothing_but_spaces(text: str) -> None:
    lines = wrap(text, 13, 120, bold=True)

    assert len(lines) > 1
    assert all(text_width(line, 13, bold=True) <= 120 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_task_wears_the_icon_of_what_it_calls_and_a_service_without_one_the_same_plug() -> None:
    resources = {
        "Lambda": LAMBDA,
        "Invoke": "arn:aws:states:::lambda:invoke",
        "Queue": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Table": "arn:aws:states:::aws-sdk:dynamodb:getItem",
        "Other": "arn:aws:states:::aws-sdk:kms:encrypt",
        "Another": "arn:aws:states:::aws-sdk:ssm:getParameter",
        "Ask": "arn:aws:states:eu-west-1:123456789012:activity:ask",
    }
    states: dict[str, Any] = {
        name: {"Type": "Task", "Resource": resource, "Arguments": {}, "End": True}
        for name, resource in resources.items()
    }
    document: Any = {"StartAt": "Lambda", "QueryLanguage": "JSONata", "States": states}

    vertices = {vertex.name: vertex for vertex in build_graph(parse(document)).walk()}

    calls = ["lambda", "lambda", "sqs", "dynamodb", "kms", "ssm", "activity"]
    assert [vertices[name].calls for name in resources] == calls
    icons = {name: draw_icon(vertex, 0, 0) for name, vertex in vertices.items()}
    assert icons["Lambda"] == icons["Invoke"]
    assert icons["Other"] == icons["Another"]
    assert len(set(icons.values())) == 5
