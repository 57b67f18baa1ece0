"""Whole executions of states/order.asl.json: nothing sleeps, nothing is mocked away."""

from pathlib import Path

from step import StateMachine
from step.machine.checks import load_checks
from step.testing import AssertPath

ORDER = {"id": "o-1", "item": "bread", "cents": 450}
CHECKS = Path(__file__).parents[1] / "paths" / "order.py"


def test_an_order_is_paid_and_sent(machine: StateMachine, assert_path: AssertPath) -> None:
    execution = machine.execute(ORDER)

    assert_path(execution, "Check", "InStock?", "Charge", "WaitForCourier", "Ship")
    assert execution.result()["parcel"] == "parcel-o-1"
    assert execution.elapsed == 12 * 3600


def test_what_is_not_in_stock_is_not_charged(machine: StateMachine) -> None:
    execution = machine.execute({**ORDER, "item": "moon"})

    assert execution.error == "OutOfStock"
    assert "Charge" not in execution.path


def test_a_declined_card_ends_the_order(machine: StateMachine) -> None:
    execution = machine.execute({**ORDER, "cents": 200_000})

    assert execution.error == "Declined"


def test_a_bank_that_is_busy_is_asked_again(machine: StateMachine) -> None:
    machine.set_resource_function("Charge", [TimeoutError("busy"), {**ORDER, "receipt": "r-1"}])

    execution = machine.execute(ORDER)

    assert execution.status == "SUCCEEDED"
    assert execution.elapsed == 10 + 12 * 3600


def test_what_can_not_be_sent_is_paid_back(machine: StateMachine, assert_path: AssertPath) -> None:
    machine.set_resource_function("Ship", LookupError("no courier"))

    execution = machine.execute(ORDER)

    assert execution.error == "NotSent"
    assert_path(execution, "Check", "InStock?", "Charge", "WaitForCourier", "Ship", "Refund", "NotSent")


def test_nobody_pays_for_nothing_whatever_fails(machine: StateMachine) -> None:
    """Every path: all errors, timeouts and attempts, each before and after what a task does."""
    found = machine.explore(ORDER, **load_checks(CHECKS), ends_within=24 * 3600)

    assert found.is_proven, [violation.story() for violation in found.violations]
