from __future__ import annotations

from typing import Any

import pytest

from step.asl.advice import advise
from step.asl.source import read_source, source_of

LAMBDA = "arn:aws:lambda:eu-west-1:123456789012:function:f"
WAIT = {"Type": "Wait", "Seconds": 300, "Next": "Golden?"}
END: dict[str, Any] = {"Type": "Succeed"}


def codes(definition: dict[str, Any], **more: Any) -> list[tuple[str, str | None]]:
    found = advise(source_of(definition), **more)
    assert all(problem.severity == "WARNING" for problem in found)
    return [(problem.code, problem.location) for problem in found]


def one(state: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": "A", "States": {"A": {"End": True, **state}}}


@pytest.mark.parametrize(
    ("state", "is_advised"),
    [
        ({"Type": "Task", "Resource": LAMBDA}, True),
        ({"Type": "TaskFn"}, True),
        ({"Type": "Task", "Resource": "${arn}"}, True),
        ({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}, True),
        ({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"}, True),
        ({"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync"}, True),
        ({"Type": "Task", "Resource": "arn:aws:states:eu-west-1:123456789012:activity:oven"}, True),
        ({"Type": "Task", "Resource": LAMBDA, "TimeoutSeconds": 5}, False),
        ({"Type": "Task", "Resource": LAMBDA, "TimeoutSecondsPath": "$.t"}, False),
        ({"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem"}, False),
        ({"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getObject"}, False),
        ({"Type": "Pass"}, False),
    ],
)
def test_task_that_may_hang_wants_a_timeout(state: dict[str, Any], is_advised: bool) -> None:
    assert codes(one(state)) == ([("TASK_WITHOUT_TIMEOUT", "/States/A")] if is_advised else [])


def test_express_machine_ends_its_tasks_and_loops_by_itself() -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "TaskFn", "Next": "A"}}}

    assert codes(definition, type="EXPRESS") == []


def test_a_field_given_twice_loses_one_of_its_values() -> None:
    parameters = {"a": [{"x": 1, "x.$": "$.x"}], "b.$": "$.b", "c": 3}
    definition = one({"Type": "Pass", "Parameters": parameters})

    assert codes(definition) == [("VALUE_DROPPED", "/States/A/Parameters/a/0/x")]


def test_choice_wants_a_default_wherever_it_stands() -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "B"}]}
    body = {"StartAt": "C", "States": {"C": choice, "B": END}}
    definition = one({"Type": "Parallel", "Branches": [body]})

    assert codes(definition) == [("CHOICE_WITHOUT_DEFAULT", "/States/A/Branches/0/States/C")]


def polling(rule: dict[str, Any], **machine: Any) -> dict[str, Any]:
    choice = {"Type": "Choice", "Choices": [{**rule, "Next": "Eat"}], "Default": "WaitForGolden"}
    return {
        "StartAt": "WaitForGolden",
        **machine,
        "States": {"WaitForGolden": WAIT, "Golden?": choice, "Eat": END},
    }


@pytest.mark.parametrize(
    ("definition", "is_advised"),
    [
        (polling({"Variable": "$.golden", "BooleanEquals": True}), True),
        (polling({"Condition": "{% $states.input.golden ~> $not() %}"}, QueryLanguage="JSONata"), True),
        (polling({"Variable": "$.golden", "BooleanEquals": True}, TimeoutSeconds=3600), False),
        (polling({"Variable": "$.looks", "NumericGreaterThan": 12}), False),
        (polling({"Condition": "{% $looks > 12 %}"}, QueryLanguage="JSONata"), False),
        ({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}, True),
    ],
)
def test_loop_wants_a_bound(definition: dict[str, Any], is_advised: bool) -> None:
    assert [code for code, _place in codes(definition)] == (["UNBOUNDED_LOOP"] if is_advised else [])


def test_loop_is_told_by_its_states_at_its_first() -> None:
    text = """{"StartAt": "Start", "States": {
      "Start": {"Type": "Pass", "Next": "WaitForGolden"},
      "WaitForGolden": {"Type": "Wait", "Seconds": 300, "Next": "Golden?"},
      "Golden?": {"Type": "Choice", "Choices": [{"Variable": "$.g", "IsNull": true, "Next": "Start"}],
        "Default": "WaitForGolden"}}}"""

    (found,) = advise(read_source(text))

    assert (found.location, found.line) == ("/States/Start", 2)
    assert found.message.startswith("Start -> WaitForGolden -> Golden? -> Start may go round for ever")


def test_states_in_a_row_and_around_a_catch_are_no_loops_of_each_other() -> None:
    task = {"Type": "TaskFn", "TimeoutSeconds": 5, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}]}
    definition = {
        "StartAt": "A",
        "States": {"A": {**task, "Next": "B"}, "B": {**task, "Next": "C"}, "C": END},
    }

    assert codes(definition) == []


@pytest.mark.parametrize(
    ("caught", "errors", "uncaught"),
    [
        ([], ("OvenBroken",), ["OvenBroken"]),
        (["OvenBroken"], ("OvenBroken", "OutOfFlour"), ["OutOfFlour"]),
        (["States.TaskFailed"], ("OvenBroken",), []),
        (["States.ALL"], ("OvenBroken",), []),
    ],
)
def test_declared_error_wants_a_catch(
    caught: list[str], errors: tuple[str, ...], uncaught: list[str]
) -> None:
    task = {
        "Type": "TaskFn",
        "TimeoutSeconds": 5,
        "End": True,
        "Catch": [{"ErrorEquals": caught, "Next": "B"}],
    }
    definition = {"StartAt": "A", "States": {"A": task, "B": END}}

    found = advise(source_of(definition), {"A": errors, "Unknown": ("X",)})

    assert [problem.message.split()[7].rstrip(",") for problem in found] == uncaught
    assert {problem.code for problem in found} <= {"UNCAUGHT_ERROR"}


def test_catch_of_the_map_around_a_task_sees_its_errors() -> None:
    body = {"StartAt": "I", "States": {"I": {"Type": "TaskFn", "TimeoutSeconds": 5, "End": True}}}
    catch = [{"ErrorEquals": ["OvenBroken"], "Next": "B"}]
    owner = {"Type": "Map", "ItemProcessor": body, "Catch": catch, "End": True}
    definition = {"StartAt": "A", "States": {"A": owner, "B": END}}

    assert codes(definition, declared={"I": ("OvenBroken",)}) == []
    assert codes(definition, declared={"I": ("OutOfFlour",)}) == [
        ("UNCAUGHT_ERROR", "/States/A/ItemProcessor/States/I")
    ]
