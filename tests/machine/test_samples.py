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
