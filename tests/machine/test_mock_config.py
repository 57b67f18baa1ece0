"""A MockConfigFile of Step Functions Local says what the tasks of a machine return."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from step import StateMachine, StepError

CONFIG: dict[str, Any] = {
    "StateMachines": {
        "order": {"TestCases": {"Busy": {"Charge": "ThirdTimeLucky"}, "Typo": {"Chrage": "ThirdTimeLucky"}}}
    },
    "MockedResponses": {
        "ThirdTimeLucky": {
            "0-1": {"Throw": {"Error": "Throttled", "Cause": "too many"}},
            "2": {"Return": {"StatusCode": 200, "Payload": {"paid": True}}},
        }
    },
}


@pytest.fixture
def machine() -> StateMachine:
    charge: dict[str, Any] = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "charge"},
        "Retry": [{"ErrorEquals": ["Throttled"], "IntervalSeconds": 10, "BackoffRate": 1}],
        "End": True,
    }
    return StateMachine.from_json({"StartAt": "Charge", "States": {"Charge": charge}}, name="order")


def written(tmp_path: Path, config: Any) -> Path:
    file = tmp_path / "mocks.json"
    file.write_text(config if isinstance(config, str) else json.dumps(config))
    return file


def test_ranges_of_invocations_throw_and_return_whole_results(machine: StateMachine, tmp_path: Path) -> None:
    machine.mock(written(tmp_path, CONFIG), "Busy")

    execution = machine.execute()

    assert execution.output == {"StatusCode": 200, "Payload": {"paid": True}}
    assert execution.elapsed == 20


def test_numbers_count_the_invocations_of_a_whole_execution(tmp_path: Path) -> None:
    call = {
        "Type": "Task",
        "Resource": "arn:aws:lambda:us-east-1:123456789012:function:charge",
        "Retry": [{"ErrorEquals": ["Throttled"]}],
        "End": True,
    }
    each = {"Type": "Map", "ItemProcessor": {"StartAt": "Charge", "States": {"Charge": call}}, "End": True}
    definition: Any = {"StartAt": "Each", "States": {"Each": each | {"MaxConcurrency": 1}}}
    mapping = StateMachine.from_json(definition, name="order")
    responses = {
        "0": {"Throw": {"Error": "Throttled"}},
        "1": {"Return": "first"},
        "2-3": {"Return": "second"},
    }
    mapping.mock(
        written(tmp_path, {**CONFIG, "MockedResponses": {"ThirdTimeLucky": responses}}),
        "Busy",
    )

    assert mapping.execute([1, 2]).output == ["first", "second"]


@pytest.mark.parametrize(
    ("config", "case", "said"),
    [
        ("{", "Busy", "not JSON"),
        ([], "Busy", "expected an object StateMachines"),
        ({"StateMachines": {"other": {}}}, "Busy", "has no 'order'; it has 'other'"),
        (CONFIG, "Idle", "has no 'Idle'; it has 'Busy', 'Typo'"),
        (CONFIG, "Typo", "no Task state 'Chrage' (did you mean 'Charge'?)"),
        ({**CONFIG, "MockedResponses": {}}, "Busy", "has no 'ThirdTimeLucky'"),
        (
            {**CONFIG, "MockedResponses": {"ThirdTimeLucky": {"1": {"Return": 1}}}},
            "Busy",
            "must count from 0",
        ),
        (
            {**CONFIG, "MockedResponses": {"ThirdTimeLucky": {"x": {"Return": 1}}}},
            "Busy",
            "no range of them",
        ),
        ({**CONFIG, "MockedResponses": {"ThirdTimeLucky": {"0": {}}}}, "Busy", "expected Return, or Throw"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(
    machine: StateMachine, tmp_path: Path, config: Any, case: str, said: str
) -> None:
    with pytest.raises(StepError) as refused:
        machine.mock(written(tmp_path, config), case)

    assert said in str(refused.value)
