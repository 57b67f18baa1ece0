"""Changes of behaviour: who began before one keeps the old one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from step import StateMachine
from step.engine.kernel import Kernel
from step.engine.program import Program
from step.engine.switches import CURRENT, HISTORY_AS_AWS, INTRINSICS_AS_AWS, NO_NEXT_STATE, SWITCHES
from step.engine.vocabulary import Start
from step.jsonvalue import JSONObject

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
    value: JSONObject = {"n": 1, "items": [True, "a"]}
    machine = StateMachine.from_json(definition, name="machine")
    info = replace(engine.info_of(value), rules=rules)
    kernel = Kernel(Program.from_definition(machine.definition), info, None)
    kernel.handle(Start(value), engine.start_ms)
    return kernel
