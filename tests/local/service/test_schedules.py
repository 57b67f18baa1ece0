"""Schedules in the service's clock: where a month passes in virtual time, every night of it has its turn."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from step.local.serving import LocalService
from tests.serving import client_at, wait_for

PASS = {"StartAt": "Mix", "States": {"Mix": {"Type": "Pass", "End": True}}}
ROLE = "arn:aws:iam::123456789012:role/events"
WINDOW = {"Mode": "OFF"}
DAY = 86_400


def waiting(seconds: int) -> dict[str, Any]:
    return {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": seconds, "End": True}}}


@pytest.fixture
def rest(sfn: Any, create: Callable[..., str], ended: Callable[[str], Any]) -> Callable[[int], None]:
    """Let virtual time pass."""

    def rest(seconds: int) -> None:
        machine = create(f"rest-{seconds}", waiting(seconds))
        ended(sfn.start_execution(stateMachineArn=machine)["executionArn"])

    return rest


def inputs(sfn: Any, machine: str, count: int) -> list[Any]:
    def found() -> list[Any]:
        there: list[Any] = sfn.list_executions(stateMachineArn=machine)["executions"]
        return there if len(there) >= count else []

    there: list[Any] = wait_for(sfn, found)
    arns = [one["executionArn"] for one in reversed(there)]
    return [json.loads(sfn.describe_execution(executionArn=arn)["input"]) for arn in arns]


def test_a_month_of_nights_passes_in_a_moment(
    service: LocalService, sfn: Any, create: Callable[..., str], rest: Callable[[int], None]
) -> None:
    machine, scheduler = create("nightly", PASS), client_at(service.endpoint, "scheduler")
    target = {"Arn": machine, "RoleArn": ROLE, "Input": '{"at": "<aws.scheduler.scheduled-time>"}'}
    scheduler.create_schedule(
        Name="nightly",
        ScheduleExpression="cron(0 2 * * ? *)",
        ScheduleExpressionTimezone="Europe/Berlin",
        FlexibleTimeWindow=WINDOW,
        Target=target,
    )

    rest(30 * DAY)

    nights = inputs(sfn, machine, 30)
    assert len(nights) == 30
    assert len({night["at"] for night in nights}) == 30
    assert {night["at"][11:] for night in nights} <= {"01:00:00Z", "00:00:00Z"}


def test_a_rule_on_a_schedule_tells_its_targets(
    service: LocalService, sfn: Any, create: Callable[..., str], rest: Callable[[int], None]
) -> None:
    machine, events = create("hourly", PASS), client_at(service.endpoint, "events")
    rule = events.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")["RuleArn"]
    events.put_targets(Rule="hourly", Targets=[{"Id": "1", "Arn": machine, "RoleArn": ROLE}])

    rest(2 * 3600 + 1800)

    first, second = inputs(sfn, machine, 2)
    assert (first["detail-type"], first["source"], first["resources"]) == (
        "Scheduled Event",
        "aws.events",
        [rule],
    )
    assert first["time"] < second["time"]


@pytest.mark.parametrize("how", ["disable", "delete"])
def test_a_rule_that_is_off_tells_nobody(
    how: str, service: LocalService, sfn: Any, create: Callable[..., str], rest: Callable[[int], None]
) -> None:
    machine, events = create("hourly", PASS), client_at(service.endpoint, "events")
    events.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
    events.put_targets(Rule="hourly", Targets=[{"Id": "1", "Arn": machine, "RoleArn": ROLE}])
    events.remove_targets(Rule="hourly", Ids=["1"]) if how == "delete" else None
    events.delete_rule(Name="hourly") if how == "delete" else events.disable_rule(Name="hourly")

    rest(DAY)

    assert sfn.list_executions(stateMachineArn=machine)["executions"] == []


def test_a_universal_target_starts_a_machine_once(
    service: LocalService, sfn: Any, create: Callable[..., str], rest: Callable[[int], None]
) -> None:
    machine, scheduler = create("once", PASS), client_at(service.endpoint, "scheduler")
    given = {"StateMachineArn": machine, "Input": '{"a": 1}'}
    now = service.host.clock.now_ms() / 1000
    at = datetime.fromtimestamp(now + 3600, UTC)
    scheduler.create_schedule(
        Name="once",
        ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow=WINDOW,
        Target={
            "Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution",
            "RoleArn": ROLE,
            "Input": json.dumps(given),
        },
    )

    rest(2 * DAY)

    assert inputs(sfn, machine, 1) == [{"a": 1}]


def test_a_schedule_alone_makes_no_clock_jump(service: LocalService, create: Callable[..., str]) -> None:
    machine, events = create("often", PASS), client_at(service.endpoint, "events")
    before = service.host.clock.now_ms()
    events.put_rule(Name="often", ScheduleExpression="rate(1 minute)")
    events.put_targets(Rule="often", Targets=[{"Id": "1", "Arn": machine, "RoleArn": ROLE}])

    assert service.host.clock.now_ms() - before < 60_000
