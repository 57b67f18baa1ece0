"""The seed's example as it is meant to be used: whole executions of the bread, every path of it."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from typing import Any

import pytest

from step import Execution, StateMachine

Load = Callable[[str], StateMachine]
AssertPath = Callable[..., None]

TO_THE_OVEN = ["InitMix", "WaitForLeaven", "Mix&Knead", "WaitForRise", "Bake"]
LOOK = ["WaitForGolden", "Golden?"]
IN_THE_OVEN_SECONDS = 43200 + 7200


@pytest.fixture
def machine(load_machine: Load) -> StateMachine:
    return load_machine("bread")


def bread_type() -> type:
    """Get the Bread class of the handler file that the fixture imported."""

    bread: type = sys.modules["step_handlers_bread"].Bread
    return bread


def oven_is_on(execution: Execution, state: str) -> bool:
    """Say whether the oven was hot when a state was entered."""

    [event] = [
        event
        for event in execution.history
        if event["type"].endswith("StateEntered") and event["stateEnteredEventDetails"]["name"] == state
    ]
    celsius: int = json.loads(event["stateEnteredEventDetails"]["input"])["oven"]["celsius"]
    return celsius > 0


def test_bread_that_turns_golden_is_eaten(machine: StateMachine, assert_path: AssertPath) -> None:
    execution = machine.execute({})

    bread: Any = execution.result(as_=bread_type())
    assert_path(
        execution,
        "InitMix",
        "WaitForLeaven",
        "Mix&Knead",
        "WaitForRise",
        "Bake",
        "WaitForGolden",
        "Golden?",
        "RemoveCoolEat",
    )
    assert "delicious" in bread.eat()
    assert execution.elapsed == IN_THE_OVEN_SECONDS + 300


def test_pale_bread_is_looked_at_every_five_minutes(machine: StateMachine, assert_path: AssertPath) -> None:
    execution = machine.execute({"oven": {"minutes_to_golden": 14}})

    assert_path(execution, TO_THE_OVEN, LOOK, ["CheckGolden", *LOOK] * 2, "RemoveCoolEat")
    assert execution.elapsed == IN_THE_OVEN_SECONDS + 3 * 300


def test_an_oven_that_breaks_is_tried_again(machine: StateMachine, assert_path: AssertPath) -> None:
    execution = machine.execute({"oven": {"failures": 2}})

    assert_path(execution, TO_THE_OVEN, LOOK, "RemoveCoolEat")
    assert execution.elapsed == IN_THE_OVEN_SECONDS + 60 + 120 + 300


def test_an_oven_that_stays_broken_saves_the_dough(machine: StateMachine, assert_path: AssertPath) -> None:
    execution = machine.execute({"oven": {"failures": 3}})

    assert_path(execution, TO_THE_OVEN, "SaveDough", "OvenBroken")
    assert (execution.status, execution.error) == ("FAILED", "OvenBroken")


def test_bread_that_never_gets_golden_comes_out_with_the_oven_off(
    machine: StateMachine, assert_path: AssertPath
) -> None:
    execution = machine.execute({"oven": {"minutes_to_golden": 10**6}})

    assert_path(execution, TO_THE_OVEN, LOOK, ["CheckGolden", *LOOK] * 12, "TakeOutPale", "NeverGolden")
    assert execution.error == "NeverGolden"
    assert oven_is_on(execution, "TakeOutPale")
    assert not oven_is_on(execution, "NeverGolden")


def test_an_oven_that_nobody_watches_is_turned_off(machine: StateMachine, assert_path: AssertPath) -> None:
    machine.set_resource_function("CheckGolden", {}, duration=math.inf)

    execution = machine.execute({"oven": {"minutes_to_golden": 10}})

    assert_path(execution, TO_THE_OVEN, LOOK, "CheckGolden", "TurnOvenOff", "NobodyWatched")
    assert oven_is_on(execution, "TurnOvenOff")
    assert not oven_is_on(execution, "NobodyWatched")


def test_an_oven_that_cannot_be_turned_off_calls_for_a_person(
    machine: StateMachine, assert_path: AssertPath
) -> None:
    machine.set_resource_function("CheckGolden", RuntimeError("the camera is dark"))
    machine.set_resource_function("TurnOvenOff", ConnectionError("no answer"))

    execution = machine.execute({"oven": {"minutes_to_golden": 10}})

    assert_path(execution, TO_THE_OVEN, LOOK, "CheckGolden", "TurnOvenOff", "OvenStillOn")
    assert execution.error == "OvenStillOn"


def test_the_machines_timeout_leaves_every_path_the_time_to_turn_the_oven_off(machine: StateMachine) -> None:
    longest = IN_THE_OVEN_SECONDS + 5 * 60 + 12 * (5 + 1) * 60 + 6 * 60 + 10 * (1 + 2 + 4 + 8 + 16)

    assert machine.definition.timeout_seconds is not None
    assert machine.definition.timeout_seconds > longest


def test_hello_world(load_machine: Load) -> None:
    execution = load_machine("hello").execute({"name": "Ada"})

    assert execution.output == {"text": "Hello, Ada!"}
    assert execution.path == ["Hello"]
