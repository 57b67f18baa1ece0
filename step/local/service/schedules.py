"""Schedules in the service's clock: rules of EventBridge with an expression, and those of its Scheduler.

A schedule alone makes no clock jump, or a virtual one would never stop; where something waits in virtual
time, every schedule on the way has its turn. What came due while the service was down isn't made up for, as
on AWS.
AWS: EventBridge user guide, "Schedule rules"; EventBridge Scheduler user guide.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol
from uuid import NAMESPACE_URL, uuid5

from step.clock import format_timestamp
from step.durable.host import Host
from step.errors import StepError
from step.jsonvalue import JSONObject
from step.local.service.arns import Caller
from step.local.service.event_targets import EventTargets, TargetDelivery
from step.local.service.schedule_times import next_time

_log = logging.getLogger("step.local.service")


class Timetable(Protocol):
    """A schedule that is on."""

    @property
    def arn(self) -> str: ...
    @property
    def expression(self) -> str: ...
    @property
    def timezone(self) -> str: ...
    @property
    def start_ms(self) -> int | None: ...
    @property
    def end_ms(self) -> int | None: ...
    @property
    def account(self) -> str: ...
    @property
    def region(self) -> str: ...

    def deliveries(self, event: JSONObject) -> Iterable[TargetDelivery]:
        """Say whom it tells of an event that is its time."""
        ...


class _Due(NamedTuple):
    schedule: Timetable
    # What a rate counts from.
    anchor_ms: int
    at_ms: int | None


class Schedules:
    """Keeps every schedule's next time.

    Args:
        host: Whose clock it is.
        targets: Who starts machines and calls functions.
        read: Gives the schedules that are on.
    """

    def __init__(self, host: Host, targets: EventTargets, read: Callable[[], Iterable[Timetable]]) -> None:
        self._host = host
        self._targets = targets
        self._read = read
        self._due: dict[str, _Due] = {}

    def refresh(self) -> None:
        """Take notice of schedules that have come, changed or gone."""
        schedules = list(self._read())
        with self._host.lock:
            now = self._host.clock.now_ms()
            known = self._due
            self._due = {}
            for schedule in schedules:
                before = known.get(schedule.arn)
                is_same = before is not None and _when(before.schedule) == _when(schedule)
                anchor = before.anchor_ms if before is not None and is_same else now
                self._due[schedule.arn] = self._next(schedule, anchor, now)
            self._set()

    def _next(self, schedule: Timetable, anchor_ms: int, after_ms: int) -> _Due:
        if schedule.start_ms is not None:
            anchor_ms = schedule.start_ms
            after_ms = max(after_ms, schedule.start_ms - 1)
        try:
            at_ms = next_time(schedule.expression, after_ms, anchor_ms=anchor_ms, timezone=schedule.timezone)
        except StepError as problem:
            _log.warning("%s never comes: %s", schedule.arn, problem)
            at_ms = None
        if at_ms is not None and schedule.end_ms is not None and at_ms > schedule.end_ms:
            at_ms = None
        return _Due(schedule, anchor_ms, at_ms)

    def _set(self) -> None:
        times = [due.at_ms for due in self._due.values() if due.at_ms is not None]
        self._host.set_alarm(min(times, default=None), self._ring)

    def _ring(self) -> None:
        """Let those that are due have their turn; the host's lock is held."""
        now = self._host.clock.now_ms()
        for arn, due in list(self._due.items()):
            if due.at_ms is not None and due.at_ms <= now:
                self._fire(due.schedule, due.at_ms)
                self._due[arn] = self._next(due.schedule, due.anchor_ms, due.at_ms)
        self._set()

    def _fire(self, schedule: Timetable, at_ms: int) -> None:
        time = format_timestamp(at_ms // 1000 * 1000).replace(".000Z", "Z")
        event: JSONObject = {
            "version": "0",
            "id": str(uuid5(NAMESPACE_URL, f"{schedule.arn}/{at_ms}")),
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler" if ":scheduler:" in schedule.arn else "aws.events",
            "account": schedule.account,
            "time": time,
            "region": schedule.region,
            "resources": [schedule.arn],
            "detail": {},
        }
        caller = Caller(schedule.account, schedule.region)

        def tell() -> None:
            for delivery in schedule.deliveries(event):
                self._targets.deliver(delivery, caller, str(event["id"]))

        self._targets.do(tell)


def _when(schedule: Timetable) -> tuple[object, ...]:
    return schedule.expression, schedule.timezone, schedule.start_ms, schedule.end_ms
