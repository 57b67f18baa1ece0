"""A large invoice waits for a person: days in virtual time, with heartbeats and without."""

from pathlib import Path
from typing import Any

import pytest

from step import StateMachine
from step.machine.checks import load_checks
from step.testing import AssertPath, LoadMachine

HERE = Path(__file__).parents[1]
SMALL, LARGE = {"id": "i-1", "cents": 900}, {"id": "i-2", "cents": 900_000}
HOUR, DAY = 3600, 86_400
QUEUE = {"queue_url": "https://sqs.us-east-1.amazonaws.com/123456789012/approvals"}


@pytest.fixture
def machine(load_machine: LoadMachine) -> StateMachine:
    return load_machine(HERE / "states" / "approval.asl.json", substitutions=QUEUE)


def test_a_small_invoice_is_paid_at_once(machine: StateMachine, assert_path: AssertPath) -> None:
    execution = machine.execute(SMALL)

    assert_path(execution, "Check", "Large?", "Pay")
    assert execution.result()["receipt"] == "paid-i-1"  # type: ignore[index, call-overload]  # JSON


def test_a_large_one_waits_for_a_yes(machine: StateMachine, assert_path: AssertPath) -> None:
    asked: list[Any] = []

    def clerk(parameters: Any, answers: Any) -> dict[str, str]:
        asked.append(parameters["MessageBody"]["Invoice"]["id"])
        for hours in range(3, 30, 3):
            answers.heartbeat(after=hours * HOUR)
        answers.success({"by": "Ada"}, after=30 * HOUR)
        return {}

    execution = machine.set_callback("Ask", clerk).execute(LARGE)

    assert_path(execution, "Check", "Large?", "Ask", "Pay")
    assert execution.elapsed == 30 * HOUR
    assert asked == ["i-2"]


def test_a_no_is_the_end(machine: StateMachine) -> None:
    def clerk(parameters: Any, answers: Any) -> dict[str, str]:
        answers.failure("Refused", "too dear", after=HOUR)
        return {}

    execution = machine.set_callback("Ask", clerk).execute(LARGE)

    assert (execution.error, execution.cause) == ("Refused", "too dear")
    assert "Pay" not in execution.path


def test_without_a_heartbeat_somebody_else_is_asked(machine: StateMachine) -> None:
    asked: list[int] = []

    def clerk(parameters: Any, answers: Any) -> dict[str, str]:
        asked.append(len(asked))
        if len(asked) == 2:
            answers.success({"by": "Bob"}, after=HOUR)
        return {}

    execution = machine.set_callback("Ask", clerk).execute(LARGE)

    assert execution.status == "SUCCEEDED"
    assert execution.elapsed == 4 * HOUR + 60 + HOUR


def test_nobody_at_all_is_an_end_too(machine: StateMachine) -> None:
    execution = machine.set_callback("Ask", lambda parameters, answers: {}).execute(LARGE)

    assert execution.error == "NobodyAnswered"
    assert execution.elapsed == 3 * 4 * HOUR + 60 + 120


def test_whoever_looks_for_a_week_has_looked_too_long(machine: StateMachine) -> None:
    def clerk(parameters: Any, answers: Any) -> dict[str, str]:
        for hours in range(3, 8 * 24, 3):
            answers.heartbeat(after=hours * HOUR)
        return {}

    execution = machine.set_callback("Ask", clerk).execute(LARGE)

    assert execution.error == "NobodyAnswered"
    assert execution.elapsed == 7 * DAY


def test_a_bank_that_breaks_calls_a_person(machine: StateMachine) -> None:
    machine.set_resource_function("Pay", ConnectionError("half way"))

    assert machine.execute(SMALL).error == "PayByHand"


def test_what_is_no_amount_is_not_paid(machine: StateMachine) -> None:
    assert machine.execute({"id": "i-3", "cents": 0}).error == "NotAnAmount"


def test_every_path_holds() -> None:
    machine = StateMachine.from_file(HERE / "states" / "approval.asl.json", substitutions=QUEUE)

    found = machine.explore(**load_checks(HERE / "paths" / "approval.py"))

    assert found.is_proven, [violation.story() for violation in found.violations]
