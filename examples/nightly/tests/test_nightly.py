"""A night's report comes every morning, whole or not."""

from pathlib import Path

import pytest

from step import StateMachine
from step.machine.checks import CheckFile
from step.testing import LoadMachine

HERE = Path(__file__).parents[1]
NIGHT = {"scheduled_at": "2026-01-31T02:00:00Z"}
PLACES = {"bucket": "reports", "topic_arn": "arn:aws:sns:us-east-1:123456789012:reports"}


@pytest.fixture
def machine(load_machine: LoadMachine) -> StateMachine:
    machine = load_machine(HERE / "states" / "nightly.asl.json", substitutions=PLACES)
    return machine.set_resource_function("Save", {}).set_resource_function("Tell", {})


def lines(machine: StateMachine) -> list[str]:
    execution = machine.execute(NIGHT)
    assert execution.status == "SUCCEEDED", execution.cause
    return str(execution.result(as_=dict[str, str])["text"]).splitlines()


def test_a_report_has_all_its_parts(machine: StateMachine) -> None:
    assert [line.partition(":")[0] for line in lines(machine)] == [
        "Report of 2026-01-31",
        "Sales",
        "Stock",
        "Complaints",
    ]


def test_it_is_saved_by_day_and_told(machine: StateMachine) -> None:
    saved: list[object] = []
    told: list[object] = []
    machine.set_resource_function("Save", lambda parameters: saved.append(parameters["Key"]))
    machine.set_resource_function("Tell", lambda parameters: told.append(parameters["Subject"]))

    machine.execute(NIGHT)

    assert saved == ["reports/2026-01-31.json"]
    assert told == ["Report of 2026-01-31"]


@pytest.mark.parametrize("source", ["Sales", "Stock", "Complaints"])
def test_a_source_that_is_down_is_said_in_the_report(machine: StateMachine, source: str) -> None:
    machine.set_resource_function(source, ConnectionError("down"))

    assert f"{source}: not to be had (ConnectionError)" in lines(machine)


def test_a_source_is_asked_for_a_quarter_of_an_hour(machine: StateMachine) -> None:
    machine.set_resource_function("Sales", [ConnectionError("down")] * 3 + [{"name": "Sales", "count": 7}])

    execution = machine.execute(NIGHT)

    assert "Sales: 7" in execution.result(as_=dict[str, str])["text"]
    assert execution.elapsed == 60 + 180 + 540


def test_every_night_has_an_end_before_the_morning(machine: StateMachine) -> None:
    given = CheckFile.from_file(HERE / "paths" / "nightly.py")

    for value in given.inputs:
        found = machine.explore(value, **given.checks, **given.bounds)
        assert found.is_proven, [violation.story() for violation in found.violations]
