"""Samples: JSON made of what a definition reads, that brings machines of many shapes to a good end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from step import StateMachine

MACHINES: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "samples.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_comes_to_a_good_end_with_samples_alone(name: str) -> None:
    machine = StateMachine.from_json(MACHINES[name]).mock_all()

    execution = machine.execute(machine.sample)

    assert (execution.status, execution.error, execution.cause) == ("SUCCEEDED", None, None)


def test_a_machine_that_starts_itself_comes_to_an_end() -> None:
    again = {"StateMachineArn.$": "$$.StateMachine.Id", "Input.$": "$"}
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution",
        "Parameters": again,
        "End": True,
    }
    definition: dict[str, Any] = {"StartAt": "Again", "States": {"Again": task}}
    machine = StateMachine.from_json(definition)

    execution = machine.set_machines().mock_all().execute()

    assert execution.status == "SUCCEEDED"
    assert execution.started == []
    assert execution.mocked == {"Again": "nothing is attached to it"}


def test_a_definition_that_reads_a_lot_has_a_sample_that_is_small() -> None:
    names = [f"n{number}" for number in range(400)]
    parameters = {f"{name}.$": f"$.a.{name}.{name[::-1]}" for name in names}
    state = {"Type": "Pass", "InputPath": "$.b", "Parameters": parameters, "OutputPath": "$.c", "End": True}
    definition: dict[str, Any] = {"StartAt": "A", "States": {"A": state}}
    machine = StateMachine.from_json(definition)

    assert len(json.dumps(machine.sample)) < 300_000
