"""Who starts a machine by itself: rules of EventBridge and schedules, by what they target.

Knows the operations; whether a target is a good one is the plan's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from step.aws.connection import Aws
from step.deployer.plan import Starter
from step.errors import Refused


def starters_of(aws: Aws, machine_arn: str, versions: Iterable[str]) -> tuple[list[Starter], str]:
    """List what starts a machine: itself, an alias or one of these versions; and what couldn't be asked.

    Returns:
        The starters, and why some of them may be missing ("": none is).
    """
    found: list[Starter] = []
    unread = []
    for what, listed in (
        ("rules", _rules(aws, (machine_arn, f"{machine_arn}:live", *versions))),
        ("schedules", _schedules(aws, machine_arn)),
    ):
        try:
            found += listed
        except Refused as refused:
            unread.append(f"{what} ({refused.code})")
    return sorted(found), ", ".join(unread)


def _rules(aws: Aws, targets: Iterable[str]) -> Iterator[Starter]:
    for target in targets:
        token: dict[str, str] = {}
        while True:
            answer = aws.call("events", "list_rule_names_by_target", TargetArn=target, **token)
            yield from (Starter(target=target, kind="rule", name=name) for name in answer["RuleNames"])
            if not answer.get("NextToken"):
                break
            token = {"NextToken": answer["NextToken"]}


def _schedules(aws: Aws, machine_arn: str) -> Iterator[Starter]:
    token: dict[str, str] = {}
    while True:
        answer = aws.call("scheduler", "list_schedules", **token)
        for schedule in answer["Schedules"]:
            target = _target(aws, schedule)
            if target == machine_arn or target.startswith(f"{machine_arn}:"):
                yield Starter(target=target, kind="schedule", name=str(schedule["Name"]))
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}


def _target(aws: Aws, schedule: dict[str, Any]) -> str:
    """Read what a schedule starts; the list tells the ARN of it."""
    told = schedule.get("Target") or {}
    if told.get("Arn"):
        return str(told["Arn"])
    where = {"Name": schedule["Name"], "GroupName": schedule.get("GroupName", "default")}
    return str(aws.call("scheduler", "get_schedule", **where)["Target"]["Arn"])
