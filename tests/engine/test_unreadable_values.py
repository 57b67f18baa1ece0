"""Values that no JSON reader would take: nested too deep, or with a number of thousands of digits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from step import StateMachine
from step.jsonvalue import JSONValue, is_deeper
from tests.exploring import examples

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"


def nested(levels: int, value: JSONValue = 1) -> JSONValue:
    for level in range(levels):
        value = [value] if level % 2 else {"x": value}
    return value


def template(levels: int, inner: str, *, is_list: bool) -> Any:
    given: Any = {"x.$": inner}
    for _ in range(levels - 1):
        given = {"y": [given]} if is_list else {"y": given}
    return given


def loop(state: dict[str, Any], turns: int, *, between: dict[str, Any] | None = None) -> StateMachine:
    """Make a machine that visits a state so often; ``$.n`` counts."""
    again = {"Variable": "$.n", "NumericLessThan": turns, "Next": "Nest"}
    states: dict[str, Any] = {
        "Nest": state | {"Next": "Again?" if between is None else "Between"},
        "Again?": {"Type": "Choice", "Choices": [again], "Default": "Done"},
        "Done": {"Type": "Succeed"},
    }
    if between is not None:
        states["Between"] = between | {"Next": "Again?"}
    return StateMachine.from_json({"StartAt": "Nest", "States": states})


BETWEEN: list[dict[str, Any] | None] = [
    None,
    {"Type": "Wait", "Seconds": 1},
    {"Type": "Task", "Resource": FUNCTION, "ResultPath": "$.done"},
]


@examples(30)
@given(st.integers(1, 9), st.integers(1, 900), st.booleans(), st.booleans(), st.sampled_from(BETWEEN))
def test_nesting_ends_the_execution_before_it_ends_the_reader(
    levels: int, turns: int, is_list: bool, sees_context: bool, between: dict[str, Any] | None
) -> None:
    nest: dict[str, Any] = {"n.$": "States.MathAdd($.n, 1)"}
    nest["value"] = template(levels, "$.value", is_list=is_list)
    if sees_context:
        nest["name.$"] = "$$.State.Name"
    machine = loop({"Type": "Pass", "Parameters": nest}, turns, between=between)
    if between is not None and between["Type"] == "Task":
        machine.set_resource_function("Between", True)

    execution = machine.execute({"n": 0, "value": 1})

    for event in execution.history:  # everything can be read
        for details in event.values():
            if isinstance(details, dict) and "output" in details:
                json.loads(details["output"])
    deepest = levels * turns * (2 if is_list else 1)
    if deepest < 190:
        assert execution.status == "SUCCEEDED"
    elif deepest > 2000:
        assert (execution.status, execution.error) == ("FAILED", "States.DataLimitExceeded")


def test_nesting_by_a_result_path_and_by_variables_ends_the_execution_too() -> None:
    by_path = loop(
        {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)", "o": {"o.$": "$.o"}}}, 900
    )
    again = {"Condition": "{% $states.input.n < 900 %}", "Next": "Nest"}
    states: dict[str, Any] = {
        "First": {"Type": "Pass", "Assign": {"kept": 1}, "Next": "Nest"},
        "Nest": {
            "Type": "Pass",
            "Output": {"n": "{% $states.input.n + 1 %}"},
            "Assign": {"kept": {"k": "{% $kept %}"}},
        },
        "Again?": {"Type": "Choice", "Choices": [again], "Default": "Done"},
        "Done": {"Type": "Succeed"},
    }
    states["Nest"]["Next"] = "Again?"
    by_variables = StateMachine.from_json({"QueryLanguage": "JSONata", "StartAt": "First", "States": states})

    for machine in (by_path, by_variables):
        execution = machine.execute({"n": 0, "o": 1})

        assert execution.error == "States.DataLimitExceeded"
        assert list(execution.history)[-1]["type"] == "ExecutionFailed"


@pytest.mark.parametrize("text", ["[" * 500 + "]" * 500, "[" * 5000 + "]" * 5000, "1" * 5000])
def test_text_that_is_no_readable_json_fails_the_function(text: str) -> None:
    parameters = {"x.$": "States.StringToJson($.text)"}
    read: dict[str, Any] = {"Type": "Pass", "Parameters": parameters, "End": True}
    machine = StateMachine.from_json({"StartAt": "Read", "States": {"Read": read}})

    execution = machine.execute({"text": text})

    assert execution.error == "States.Runtime"


HUGE = {"positive": 10**5000, "negative": -(10**5000), "inside": [{"n": 10**5000, "text": "all" * 1000}]}


@pytest.mark.parametrize("result", HUGE.values(), ids=list(HUGE))
def test_number_that_no_reader_takes_fails_the_task(result: object) -> None:
    machine = StateMachine.from_json(
        {"StartAt": "Work", "States": {"Work": {"Type": "Task", "Resource": FUNCTION, "End": True}}}
    )
    machine.set_resource_function("Work", lambda payload: result)

    execution = machine.execute()

    assert execution.error == "Runtime.MarshalError"
    assert "more than 4,300 digits" in (execution.cause or "")
    assert list(execution.history)[-1]["type"] == "ExecutionFailed"


def test_input_that_no_reader_takes_is_refused_with_its_place() -> None:
    machine = StateMachine.from_json({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})

    with pytest.raises(TypeError, match=r"\$\.loaves\[1\]: an integer of more than 4,300 digits"):
        machine.execute({"loaves": [1, 10**4300]})


def test_depth_is_the_longest_chain_of_arrays_and_objects() -> None:
    assert not is_deeper([nested(3), 1], 4)
    assert is_deeper([1, nested(4)], 4)
    assert not is_deeper("text", 0)
