"""Where an execution stands now: a row for each visit of a state, and what those wait for that go on.

Pure: no clock, no IO. For a view that is drawn again and again while events come.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from step.view.visits import Event, Visit, event_details, gather_visits, moment

_WORDS = {
    "Wait": "time",
    "Map": "its iterations",
    "Parallel": "its branches",
    "ActivityScheduled": "a worker",
    "ActivityStarted": "its worker",
    "LambdaFunctionScheduled": "the function",
    "LambdaFunctionStarted": "the function",
    "TaskScheduled": "the service",
    "TaskStarted": "the service",
    "TaskSubmitted": "the job's end",
}
_TOKEN = "waitForTaskToken"


class ProgressRow(NamedTuple):
    """One visit. ``start`` and ``took`` are in seconds, of an execution that goes on at ``now``."""

    depth: int
    name: str
    kind: str
    start: float
    took: float
    attempts: int
    status: str
    told: str


def progress_rows(events: Sequence[Event], now: datetime) -> list[ProgressRow]:
    """List the visits so far, in the order in which they began; those inside a state stand below it."""
    visits = gather_visits(events)
    if visits.start is None:
        return []
    last = _last_events(events)
    rows = []
    for visit in visits.walk():
        took = ((visit.end or max(now, visit.start)) - visit.start).total_seconds()
        start = (visit.start - visits.start).total_seconds()
        told = f"waits for {_waits_for(visit, last)}" if visit.status == "running" else visit.error or ""
        name = visit.name if visit.index is None else f"[{visit.index}] {visit.name}"
        rows.append(
            ProgressRow(_depth(visit), name, visit.kind, start, took, visit.attempts, visit.status, told)
        )
    return rows


def _depth(visit: Visit) -> int:
    depth = 0
    while visit.parent is not None:
        depth, visit = depth + 1, visit.parent
    return depth


def _last_events(events: Iterable[Event]) -> dict[tuple[str, datetime], Event]:
    """Find what happened last in each visit, by its state's name and when it was entered."""
    owners: dict[int, tuple[str, datetime]] = {}
    last: dict[tuple[str, datetime], Event] = {}
    for event in events:
        entered = event.get("stateEnteredEventDetails")
        owner = (entered["name"], moment(event)) if entered else owners.get(event.get("previousEventId", 0))
        if owner is not None:
            owners[event["id"]] = owner
            last[owner] = event
    return last


def _waits_for(visit: Visit, last: dict[tuple[str, datetime], Event]) -> str:
    event = last.get((visit.name, visit.start))
    if event is None or visit.kind in _WORDS:
        return _WORDS.get(visit.kind, "its end")
    if event["type"].endswith(("Failed", "TimedOut")):
        error = event_details(event).get("error")
        return f"the next attempt after {error}" if error else "the next attempt"
    if str(event_details(event).get("resource", "")).endswith(_TOKEN):
        return "its token's answer"
    return _WORDS.get(event["type"], "its end")
