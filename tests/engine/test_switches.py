"""Changes of behaviour: who began before one keeps the old one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from step import StateMachine
from step.engine.kernel import Kernel
from step.engine.program import Program
from step.engine.switches import CURRENT, NO_NEXT_STATE, SWITCHES
from step.engine.vocabulary import Start

NO_CHOICE = {
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
    machine = StateMachine.from_json(NO_CHOICE, name="machine")
    info = replace(engine.info_of({"n": 1}), rules=rules)
    kernel = Kernel(Program.from_definition(machine.definition), info, None)

    kernel.handle(Start({"n": 1}), engine.start_ms)

    assert kernel.error is not None
    assert kernel.error.name == error
