"""An execution as a test: the text runs, and takes the path that the execution took."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from step import Execution, StateMachine
from step.machine.files import load_handlers
from step.tasks import TaskError
from step.testing import assert_path
from step.view.pytest_text import pytest_text

ROOT = Path(__file__).resolve().parents[2]
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"


def run(text: str) -> None:
    names: dict[str, Any] = {}
    exec(compile(text, "test_generated.py", "exec"), names)
    [test] = [value for name, value in names.items() if name.startswith("test_")]
    test(*[assert_path] * test.__code__.co_argcount)


def bread() -> Execution:
    machine = StateMachine.from_file(ROOT / "states" / "bread.asl.json")
    machine.attach(load_handlers(ROOT / "lambda" / "bread.py"))
    return machine.execute({"oven": {"failures": 1, "minutes_to_golden": 20}})


def task(**more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": FUNCTION, **more}


def odd_items(item: int) -> int:
    if item % 2:
        raise KeyError("odd")
    return item


def a_map_with_failures() -> Execution:
    inside = {"Do": task(Catch=[{"ErrorEquals": ["KeyError"], "Next": "No"}], End=True)}
    inside |= {"No": {"Type": "Pass", "End": True}}
    each: dict[str, Any] = {"Type": "Map", "ItemProcessor": {"StartAt": "Do", "States": inside}, "End": True}
    machine = StateMachine.from_json({"StartAt": "Each", "States": {"Each": each}}, name="a map")
    machine.set_resource_function("Do", odd_items)
    return machine.execute([5, 4, 3, 2])


def integrations_that_fail_by_name() -> Execution:
    invoke = "arn:aws:states:::lambda:invoke"
    states: dict[str, Any] = {
        "Call": {
            "Type": "Task",
            "Resource": invoke,
            "Parameters": {"FunctionName": "f", "Payload.$": "$"},
            "OutputPath": "$.Payload",
            "Next": 'Put "it"',
        },
        'Put "it"': {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:putItem",
            "Retry": [{"ErrorEquals": ["DynamoDb.Slow"], "MaxAttempts": 1}],
            "Parameters": {"TableName": "t", "Item": {}},
            "End": True,
        },
    }
    machine = StateMachine.from_json({"StartAt": "Call", "States": states})
    machine.set_resource_function("Call", lambda event: {"got": event, "none": None, "large": 2**60})
    machine.set_resource_function('Put "it"', TaskError("DynamoDb.Slow", "say \"why\"\\\n'so'"))
    return machine.execute({"a": "\ud83d\ude00 '\""})


def a_task_that_times_out() -> Execution:
    states: dict[str, Any] = {
        "Slow": task(TimeoutSeconds=5, Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "Late"}], End=True)
    }
    states["Late"] = {"Type": "Fail", "Error": "Late"}
    machine = StateMachine.from_json({"StartAt": "Slow", "States": states})
    machine.set_resource_function("Slow", 1, duration=60)
    return machine.execute()


@pytest.mark.parametrize(
    "make", [bread, a_map_with_failures, integrations_that_fail_by_name, a_task_that_times_out]
)
def test_an_execution_as_a_test_takes_the_same_path(make: Callable[[], Execution]) -> None:
    execution = make()

    text = pytest_text(execution.definition, "my machine", execution.history)

    run(text)
    assert "def test_my_machine(" in text


def test_the_test_fails_where_the_machine_takes_another_path() -> None:
    execution = bread()
    text = pytest_text(execution.definition, "bread", execution.history)

    with pytest.raises(AssertionError, match="the paths part"):
        run(text.replace('"NumericLessThanEquals": 5', '"NumericLessThanEquals": 20'))


def test_an_execution_that_still_runs_is_told_so_far() -> None:
    execution = bread()
    cut = [event for event in execution.history if event["id"] < 20]

    text = pytest_text(execution.definition, "bread", cut)

    run(text)
    assert "RUNNING" in text
