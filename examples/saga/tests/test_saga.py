"""A trip is booked whole, or undone in reverse."""

from pathlib import Path

import pytest

from step import StateMachine
from step.machine.checks import CheckFile
from step.testing import AssertPath, LoadMachine

HERE = Path(__file__).parents[1]
TRIP = {"id": "t-1", "to": "Lisbon", "cents": 90_000}


@pytest.fixture
def machine(load_machine: LoadMachine) -> StateMachine:
    return load_machine(HERE / "states" / "saga.asl.json")


def test_a_trip_is_booked_and_paid(machine: StateMachine, assert_path: AssertPath) -> None:
    execution = machine.execute(TRIP)

    assert_path(execution, "BookFlight", "BookHotel", "Charge")
    assert execution.output == {
        **TRIP,
        "flight": "flight-t-1",
        "hotel": "hotel-t-1",
        "receipt": "receipt-t-1",
    }


@pytest.mark.parametrize(
    ("change", "error", "path"),
    [
        ({"to": "the moon"}, "NoSeats", ["BookFlight", "CancelFlight"]),
        ({"to": "Bethlehem"}, "NoRooms", ["BookFlight", "BookHotel", "CancelHotel", "CancelFlight"]),
        (
            {"cents": 900_000},
            "CardDeclined",
            ["BookFlight", "BookHotel", "Charge", "Refund", "CancelHotel", "CancelFlight"],
        ),
    ],
)
def test_what_goes_wrong_is_undone_in_reverse(
    machine: StateMachine, assert_path: AssertPath, change: dict[str, object], error: str, path: list[str]
) -> None:
    execution = machine.execute({**TRIP, **change})

    assert_path(execution, path, "NoTrip")
    assert execution.cause == f"Nothing is booked and nothing is paid: {error}"


def test_an_undoing_that_fails_is_tried_for_minutes(machine: StateMachine) -> None:
    machine.set_resource_function("CancelFlight", [ConnectionError("down"), ConnectionError("down"), TRIP])

    execution = machine.execute({**TRIP, "to": "the moon"})

    assert execution.error == "NoTrip"
    assert execution.elapsed == 10 + 20


def test_an_undoing_that_never_works_calls_a_person(machine: StateMachine) -> None:
    machine.set_resource_function("CancelHotel", ConnectionError("down"))

    execution = machine.execute({**TRIP, "cents": 900_000})

    assert execution.error == "NeedsPerson"
    assert "CardDeclined" in str(execution.cause)


def test_all_or_nothing_on_every_path(machine: StateMachine) -> None:
    given = CheckFile.from_file(HERE / "paths" / "saga.py")

    for value in given.inputs:
        found = machine.explore(value, **given.checks, **given.bounds)
        assert found.is_proven, [violation.story() for violation in found.violations]
