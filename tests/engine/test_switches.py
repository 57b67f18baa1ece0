"""Changes of behaviour: who began before one keeps the old one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from step import StateMachine
from step.engine.kernel import Kernel
from step.engine.program import Program
from step.engine.switches import (
    CURRENT,
    HISTORY_AS_AWS,
    INTRINSICS_AS_AWS,
    ITEM_SOURCE,
    NAMELESS_ERROR,
    NO_NEXT_STATE,
    SWITCHES,
)
from step.engine.vocabulary import ItemsRead, ReadItems, Start, StartChild
from step.jsonvalue import JSONObject, JSONValue

NO_CHOICE: dict[str, Any] = {
    "StartAt": "Choose",
    "States": {
        "Choose": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 2, "Next": "End"}]},
        "End": {"Type": "Succeed"},
    },
}


def test_switches_are_numbered_in_the_order_in_which_they_came() -> None:
    assert [switch.number for switch in SWITCHES] == list(range(1, len(SWITCHES) + 1))
    assert [switch.date for switch in SWITCHES] == sorted(switch.date for switch in SWITCHES)
    assert len({switch.name for switch in SWITCHES}) == len(SWITCHES)


@pytest.mark.parametrize(
    ("rules", "error"),
    [(NO_NEXT_STATE.number - 1, "States.NoChoiceMatched"), (CURRENT, "States.Runtime")],
)
def test_an_execution_keeps_the_rules_that_it_began_under(engine: Any, rules: int, error: str) -> None:
    kernel = run(engine, NO_CHOICE, rules)

    assert kernel.error is not None
    assert kernel.error.name == error


@pytest.mark.parametrize(
    ("call", "former", "today"),
    [
        ("States.MathAdd(2147483647, $.n)", 2147483648, "States.Runtime"),
        ("States.ArrayGetItem($.items, 1.5)", "States.IntrinsicFailure", "a"),
        ("States.ArrayUnique($.items)", [True, "a"], ["a", True]),
        ("States.MathRandom(1, 3, 2)", 1, 2),
        ("States.Format('}{}', $.n)", "}1", "States.Runtime"),
    ],
)
def test_intrinsic_functions_of_former_executions_are_the_former_ones(
    engine: Any, call: str, former: object, today: object
) -> None:
    machine = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"x.$": call}, "End": True}}}

    for rules, expected in ((INTRINSICS_AS_AWS.number - 1, former), (CURRENT, today)):
        kernel = run(engine, machine, rules)
        found = kernel.error.name if kernel.error else kernel.output["x"]  # type: ignore[index,call-overload]  # an object
        assert found == expected


FATAL = {"Type": "Pass", "InputPath": "$.missing", "End": True}
FORK = {
    "Type": "Parallel",
    "Branches": [{"StartAt": "B", "States": {"B": FATAL}}],
    "End": True,
}
UNDEFINED = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input.gone %}", "End": True}


@pytest.mark.parametrize(
    ("state", "former", "today"),
    [
        (FORK, [("PassStateEntered", 3), ("ParallelStateFailed", 4), ("ExecutionFailed", 5)],
         [("ParallelStateStarted", 2), ("PassStateEntered", 3), ("ExecutionFailed", 4)]),
        (UNDEFINED, [("PassStateEntered", 0), ("EvaluationFailed", 0), ("ExecutionFailed", 3)],
         [("PassStateEntered", 0), ("EvaluationFailed", 2), ("ExecutionFailed", 3)]),
    ],
)  # fmt: skip
def test_histories_of_former_executions_go_on_as_they_began(
    engine: Any, state: dict[str, Any], former: list[Any], today: list[Any]
) -> None:
    for rules, expected in ((HISTORY_AS_AWS.number - 1, former), (CURRENT, today)):
        events = list(run(engine, {"StartAt": "A", "States": {"A": state}}, rules).history)
        assert [(event["type"], event["previousEventId"]) for event in events[-3:]] == expected


def run(engine: Any, definition: dict[str, Any], rules: int) -> Kernel:
    return begin(engine, definition, rules)[0]


def begin(engine: Any, definition: dict[str, Any], rules: int) -> tuple[Kernel, list[Any]]:
    value: JSONObject = {"n": 1, "items": [True, "a"]}
    machine = StateMachine.from_json(definition, name="machine")
    info = replace(engine.info_of(value), rules=rules)
    kernel = Kernel(Program.from_definition(machine.definition), info, None)
    commands: list[Any] = kernel.handle(Start(value), engine.start_ms)
    return kernel, commands


def test_catcher_of_a_former_execution_is_given_an_empty_text_for_a_nameless_failure(engine: Any) -> None:
    fails = {"StartAt": "F", "States": {"F": {"Type": "Fail"}}}
    states = {
        "P": {
            "Type": "Parallel",
            "Branches": [fails],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}],
            "End": True,
        },
        "C": {"Type": "Pass", "End": True},
    }

    for rules, error in ((NAMELESS_ERROR.number - 1, ""), (CURRENT, None)):
        kernel = run(engine, {"StartAt": "P", "States": states}, rules)
        assert kernel.output == {"Error": error, "Cause": ""}


@pytest.mark.parametrize(
    ("sources", "former", "today"),
    [
        (None, ["S3://b", "S3://b"], ["s3://b", "s3://b"]),
        ([[1, "s3://b/1"], [1, "s3://b/2"]], ["S3://b", "S3://b"], ["s3://b/1", "s3://b/2"]),
    ],
)
def test_items_of_a_former_execution_come_from_where_they_came(
    engine: Any, sources: list[JSONValue] | None, former: list[str], today: list[str]
) -> None:
    state = {
        "Type": "Map",
        "ItemReader": {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b"}},
        "ItemSelector": {"from.$": "$$.Map.Item.Source"},
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "I",
            "States": {"I": {"Type": "Pass", "End": True}},
        },
        "End": True,
    }

    for rules, expected in ((ITEM_SOURCE.number - 1, former), (CURRENT, today)):
        kernel, commands = begin(engine, {"StartAt": "M", "States": {"M": state}}, rules)
        (read,) = commands
        assert isinstance(read, ReadItems)
        started = kernel.handle(ItemsRead(read.op, [{}, {}], True, sources), engine.start_ms)
        assert [command.input for command in started if isinstance(command, StartChild)] == [
            {"from": source} for source in expected
        ]
