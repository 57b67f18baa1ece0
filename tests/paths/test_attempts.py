"""Attempts that aren't counted: any may be the last, and the paths found are real ones."""

from __future__ import annotations

from step.paths import Moment
from tests.paths.test_seeded_faults import machine_of, task

STATES = {
    "Work": task(
        "work",
        Retry=[
            {"ErrorEquals": ["Known"], "MaxAttempts": 4, "IntervalSeconds": 1},
            {"ErrorEquals": ["States.ALL"], "MaxAttempts": 6, "IntervalSeconds": 2},
        ],
        Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Broken"}],
        End=True,
    ),
    "Broken": {"Type": "Fail", "Error": "Broken"},
}


def never_broken(moment: Moment) -> bool:
    """It never breaks"""
    return moment.error != "Broken"


def test_the_same_ends_are_found_in_fewer_situations() -> None:
    counted = machine_of(STATES).explore()
    blurred = machine_of(STATES).explore(leave_out=("attempts",))

    assert {(one.error, one.state) for one in counted.endings} == {
        (one.error, one.state) for one in blurred.endings
    }
    assert blurred.situations < counted.situations / 5


def test_a_path_on_which_attempts_are_used_up_is_walked_with_all_of_them() -> None:
    found = machine_of(STATES).explore(leave_out=("attempts",), invariants=[never_broken])

    [violation] = found.violations
    assert len(violation.way) == 1
    assert violation.is_confirmed
    assert violation.story().count("Work fails with Unforeseen") == 7
