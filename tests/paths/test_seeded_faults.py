"""Faults that people make, each found on a shortest path, which fails as a test until it is mended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from step import StateMachine
from step.paths import Exploration, Invariant, Moment, Violation

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:"
World = dict[str, Any]
Effect = Callable[[World, Any, Any], object]


def task(name: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": FUNCTION + name, "ResultPath": None, **fields}


def machine_of(states: dict[str, Any], **more: Any) -> StateMachine:
    machine = StateMachine.from_json({"StartAt": next(iter(states)), "States": states, **more})
    for resource in set(machine.tasks.values()):
        machine.set_resource_function(resource, {})
    return machine


def the_violation(found: Exploration, title: str) -> Violation:
    [violation] = [one for one in found.violations if one.title == title]
    assert violation.is_confirmed
    return violation


def check(
    wrong: StateMachine, mended: StateMachine, invariant: Invariant, faults: int, **around: Any
) -> Violation:
    """See that a fault is found, fails as the test that is printed, and doesn't once it is mended."""
    found = wrong.explore(invariants=[invariant], **around)

    violation = the_violation(found, str(invariant.__doc__))
    assert sum(move.is_fault for move in violation.way) == faults
    assert mended.explore(invariants=[invariant], **around).is_proven
    names: dict[str, Any] = {"machine": wrong, "around": {"invariants": [invariant], **around}}
    exec(found.test(violation, "machine_now()", "**around"), names)
    [test] = [value for name, value in names.items() if name.startswith("test_")]
    names["machine_now"] = lambda: wrong
    with pytest.raises(AssertionError, match=str(invariant.__doc__)):
        test(None)
    names["machine_now"] = lambda: mended
    test(None)
    return violation


def sets(name: str, value: object) -> Effect:
    return lambda world, given, result: world.update({name: value})


def test_a_lock_that_is_not_given_back_when_the_work_fails() -> None:
    def locked(**work: Any) -> StateMachine:
        return machine_of(
            {
                "Lock": task("lock", Next="Work", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Unlock"}]),
                "Work": task("work", TimeoutSeconds=60, Next="Unlock", **work),
                "Unlock": task("unlock", End=True, Retry=[FOR_EVER]),
            }
        )

    def the_lock_is_given_back(moment: Moment) -> None:
        """The lock is given back"""
        assert not (moment.has_ended and moment.world["locked"])

    check(
        locked(),
        locked(Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Unlock"}]),
        the_lock_is_given_back,
        faults=1,
        world={"locked": False},
        effects={"Lock": sets("locked", True), "Unlock": sets("locked", False)},
    )


FOR_EVER = {"ErrorEquals": ["States.ALL"], "MaxAttempts": 99_999_999, "BackoffRate": 1}


def test_a_retry_that_charges_twice() -> None:
    def paying(**retry: Any) -> StateMachine:
        return machine_of({"Charge": task("charge", End=True, **retry)})

    def charge(world: World, given: Any, result: Any) -> None:
        world["charged"] += 1

    def nobody_is_charged_twice(moment: Moment) -> bool:
        """Nobody is charged twice"""
        return bool(moment.world["charged"] < 2)

    violation = check(
        paying(Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}]),
        paying(),
        nobody_is_charged_twice,
        faults=1,
        world={"charged": 0},
        effects={"Charge": charge},
    )

    assert "its effect is there" in violation.story()


def test_a_compensation_in_the_wrong_order() -> None:
    def journey(first: str, second: str) -> StateMachine:
        caught = [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": f"Cancel{first}"}]
        return machine_of(
            {
                "BookHotel": task("book", Next="BookFlight"),
                "BookFlight": task("book", Next="Pay"),
                "Pay": task("pay", End=True, Catch=caught),
                f"Cancel{first}": task("cancel", Next=f"Cancel{second}"),
                f"Cancel{second}": task("cancel", Next="NotPaid"),
                "NotPaid": {"Type": "Fail", "Error": "NotPaid"},
            }
        )

    def a_flight_has_a_hotel(moment: Moment) -> None:
        """There is no flight without a hotel"""
        assert moment.world["hotel"] or not moment.world["flight"]

    check(
        journey("Hotel", "Flight"),
        journey("Flight", "Hotel"),
        a_flight_has_a_hotel,
        faults=1,
        world={"hotel": False, "flight": False},
        effects={
            "BookHotel": sets("hotel", True),
            "BookFlight": sets("flight", True),
            "CancelHotel": sets("hotel", False),
            "CancelFlight": sets("flight", False),
        },
    )


def test_a_map_that_swallows_failures() -> None:
    def sending(**tolerated: Any) -> StateMachine:
        body = {"StartAt": "Send", "States": {"Send": task("send", End=True)}}
        return machine_of(
            {"Each": {"Type": "Map", "ItemsPath": "$.to", "ItemProcessor": body, "End": True, **tolerated}}
        )

    value = {"to": ["a", "b", "c"]}

    wrong = sending(ToleratedFailurePercentage=100).explore(value, tells_swallowed=True)
    mended = sending().explore(value, tells_swallowed=True)

    violation = the_violation(wrong, "No failure ends in a success")
    assert sum(move.is_fault for move in violation.way) == 1
    assert mended.is_proven


def test_a_timeout_that_is_longer_than_the_machines() -> None:
    def locked(timeout: int) -> StateMachine:
        caught = [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Unlock"}]
        return machine_of(
            {
                "Lock": task("lock", Next="Work", TimeoutSeconds=5),
                "Work": task("work", TimeoutSeconds=timeout, Catch=caught, Next="Unlock"),
                "Unlock": task("unlock", TimeoutSeconds=5, End=True),
            },
            TimeoutSeconds=3600,
        )

    def the_lock_is_given_back_in_time(moment: Moment) -> None:
        """The lock is given back when time is over"""
        assert not (moment.status == "TIMED_OUT" and moment.world["locked"])

    violation = check(
        locked(7200),
        locked(3000),
        the_lock_is_given_back_in_time,
        faults=0,
        world={"locked": False},
        effects={"Lock": sets("locked", True), "Unlock": sets("locked", False)},
    )

    assert "Work answers, as late as it may" in violation.story()
    assert "TIMED_OUT" in violation.story()


def test_a_wait_for_a_token_that_nothing_bounds() -> None:
    resource = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    states: dict[str, Any] = {"Ask": {"Type": "Task", "Resource": resource, "End": True}}

    found = StateMachine.from_json({"StartAt": "Ask", "States": states}).explore()

    assert [violation.told for violation in found.violations] == [
        "Ask may wait for ever: neither TimeoutSeconds nor HeartbeatSeconds ends it"
    ]


def test_a_loop_that_nothing_ends() -> None:
    states = {
        "Look": task("look", Next="There?", Retry=[FOR_EVER]),
        "There?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.there", "BooleanEquals": True, "Next": "Done"}],
            "Default": "Wait",
        },
        "Wait": {"Type": "Wait", "Seconds": 5, "Next": "Look"},
        "Done": {"Type": "Succeed"},
    }

    found = machine_of(states).explore({"there": False})

    violation = the_violation(found, "Every path has an end")
    assert violation.told == "no way on leads to an end"
    assert any(note.startswith("a loop without a bound goes through Look") for note in found.notes)


def test_a_field_that_grows_is_named() -> None:
    states = {
        "Work": task("work", ResultPath="$.result", Next="Count"),
        "Count": {
            "Type": "Pass",
            "Parameters": {"rounds.$": "States.MathAdd($.rounds, 1)", "kept": 1},
            "Next": "Enough?",
        },
        "Enough?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.rounds", "NumericGreaterThan": 999_999, "Next": "Done"}],
            "Default": "Work",
        },
        "Done": {"Type": "Succeed"},
    }

    found = machine_of(states).explore({"rounds": 0}, max_situations=50)

    assert not found.is_closed
    assert any(note.startswith("$.rounds grows without a bound") for note in found.notes)


def test_what_looks_caught_and_is_not() -> None:
    states = {
        "Work": task("work", Parameters={"n.$": "$.gone"}, End=True, Catch=[CAUGHT]),
        "Mend": {"Type": "Pass", "End": True},
    }

    found = machine_of(states).explore({})

    violation = the_violation(found, "What a catcher names is caught")
    assert violation.told.startswith("Work fails with States.Runtime")


CAUGHT = {"ErrorEquals": ["States.ALL"], "Next": "Mend"}


def test_without_handlers_every_way_of_a_choice_is_gone() -> None:
    states: dict[str, Any] = {
        "Which?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.a", "IsPresent": True, "Next": "Work"}],
            "Default": "Wait",
        },
        "Wait": {"Type": "Wait", "SecondsPath": "$.long", "Next": "Work"},
        "Work": task("work", End=True, Catch=[{"ErrorEquals": ["Known"], "Next": "Broken"}]),
        "Broken": {"Type": "Fail", "ErrorPath": "$.Error"},
    }

    found = StateMachine.from_json({"StartAt": "Which?", "States": states}).explore()

    assert found.is_proven
    assert {(ending.status, ending.error, ending.state) for ending in found.endings} == {
        ("SUCCEEDED", None, "Work"),
        ("FAILED", "Unforeseen", "Work"),
        ("FAILED", "(unknown)", "Broken"),
    }


@pytest.mark.parametrize("name", ["bread", "hello", "deployer"])
def test_definitions_of_this_repository_have_an_end_on_every_path_without_handlers(name: str) -> None:
    machine = StateMachine.from_file(Path(__file__).resolve().parents[2] / "states" / f"{name}.asl.json")

    assert machine.explore().is_proven
