"""The schedules that moto holds: EventBridge's rules with an expression, and those of EventBridge Scheduler.

Knows moto's objects; nothing of time.
AWS: EventBridge Scheduler user guide, "Using universal targets", "Context attributes".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from step.jsonvalue import JSONObject, to_text
from step.local.cloud.rules import Delivery, target_input

# What a universal target names, and which of its parameters are the target's own.
_UNIVERSAL: Mapping[str, tuple[str, str]] = {
    "aws-sdk:sfn:startExecution": ("StateMachineArn", "Input"),
    "aws-sdk:lambda:invoke": ("FunctionName", "Payload"),
}


class ScheduleEntry(NamedTuple):
    """A schedule that is on."""

    arn: str
    expression: str
    timezone: str
    start_ms: int | None
    end_ms: int | None
    account: str
    region: str
    targets: tuple[Mapping[str, Any], ...]

    def deliveries(self, event: JSONObject) -> Iterator[Delivery]:
        """Say whom it tells of an event that is its time."""
        for target in self.targets:
            if ":scheduler:" in self.arn:
                yield self._of_scheduler(target, event)
            else:
                role, dead = target.get("RoleArn", ""), _dead_letters(target)
                yield Delivery(self.arn, target["Arn"], target_input(target, event), role, dead)

    def _of_scheduler(self, target: Mapping[str, Any], event: JSONObject) -> Delivery:
        named, given = str(target["Arn"]), target.get("Input")
        text = str(given) if given else to_text(event)
        known = {
            "<aws.scheduler.scheduled-time>": str(event["time"]),
            "<aws.scheduler.execution-id>": str(event["id"]),
            "<aws.scheduler.schedule-arn>": self.arn,
            "<aws.scheduler.attempt-number>": "1",
        }
        for attribute, value in known.items():
            text = text.replace(attribute, value)
        for kind, (name, part) in _UNIVERSAL.items():
            if named.endswith(kind):
                named, text = _taken_apart(text, name, part)
        return Delivery(self.arn, named, text, str(target.get("RoleArn", "")), _dead_letters(target))


def _taken_apart(text: str, name: str, part: str) -> tuple[str, str]:
    try:
        given: Any = json.loads(text)
    except ValueError:
        given = {}
    inner = given.get(part) if isinstance(given, dict) else None
    named = str(given.get(name, "")) if isinstance(given, dict) else ""
    return named, inner if isinstance(inner, str) else to_text({} if inner is None else inner)


def _dead_letters(target: Mapping[str, Any]) -> str:
    return str((target.get("DeadLetterConfig") or {}).get("Arn", ""))


def rules_on_schedule() -> Iterator[ScheduleEntry]:
    """List the rules that have an expression and are on."""
    from moto.events.models import events_backends

    for account, regions in list(events_backends.items()):
        for region, backend in list(regions.items()):
            for bus in list(backend.event_buses.values()):
                for rule in list(bus.rules.values()):
                    if rule.scheduled_expression and rule.state.startswith("ENABLED"):
                        yield ScheduleEntry(
                            rule.arn,
                            rule.scheduled_expression,
                            "UTC",
                            None,
                            None,
                            account,
                            region,
                            tuple(rule.targets),
                        )


def schedules_of_scheduler() -> Iterator[ScheduleEntry]:
    """List the schedules of EventBridge Scheduler that are on."""
    from moto.scheduler.models import scheduler_backends

    for account, regions in list(scheduler_backends.items()):
        for region, backend in list(regions.items()):
            for group in list(backend.schedule_groups.values()):
                for one in list(group.schedules.values()):
                    if one.state == "ENABLED":
                        yield ScheduleEntry(
                            one.arn,
                            one.schedule_expression,
                            one.schedule_expression_timezone,
                            _in_ms(one.start_date),
                            _in_ms(one.end_date),
                            account,
                            region,
                            (one.target,),
                        )


def _in_ms(moment: object) -> int | None:
    return round(moment * 1000) if isinstance(moment, int | float) else None
