"""Visits: the events of a history, gathered by the state that caused them.

Pure: no clock, no IO. Reads events as GetExecutionHistory gives them (camelCase, aware datetimes), complete
or of an execution that still runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Event = Mapping[str, Any]
VisitStatus = Literal["running", "succeeded", "caught", "failed", "aborted"]

ENDS = {
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionFailed": "FAILED",
    "ExecutionTimedOut": "TIMED_OUT",
    "ExecutionAborted": "ABORTED",
}
_ATTEMPTS = frozenset(
    {
        "TaskScheduled",
        "LambdaFunctionScheduled",
        "ActivityScheduled",
        "MapStateStarted",
        "ParallelStateStarted",
    }
)


@dataclass(slots=True, kw_only=True)
class Visit:
    """One stay in a state. ``came_from`` is the visit before it in its scope, ``index`` its Map iteration.

    ``error`` is the last error name seen, kept where a later attempt went well (see ``status``).
    """

    name: str
    kind: str
    start: datetime
    parent: Visit | None
    came_from: Visit | None
    index: int | None = None
    end: datetime | None = None
    status: VisitStatus = "running"
    attempts: int = 0
    error: str | None = None
    children: list[Visit] = field(default_factory=list)

    def walk(self) -> Iterator[Visit]:
        """Yield this visit, then those inside it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(slots=True, kw_only=True)
class Visits:
    """All visits of an execution: ``roots`` in the order they began. ``status`` is AWS's word."""

    roots: list[Visit] = field(default_factory=list)
    status: str = "RUNNING"
    error: str | None = None
    start: datetime | None = None
    end: datetime | None = None

    def walk(self) -> Iterator[Visit]:
        """Yield every visit, those inside a state right after it."""
        for root in self.roots:
            yield from root.walk()


def gather_visits(events: Iterable[Event]) -> Visits:
    """Gather the events of one execution, in the order of their ids."""
    return _Gatherer(events).visits


class _Gatherer:
    def __init__(self, events: Iterable[Event]) -> None:
        self.visits = Visits()
        self._owner: dict[int, Visit | None] = {}
        self._kinds: dict[int, str] = {}
        self._index: dict[int, int | None] = {}
        self._failing: dict[int, bool] = {}
        # What is still open inside a visit: of a Map's thousands a few are.
        self._open: dict[int, dict[int, Visit]] = {}
        # What a redrive goes on with, and nothing has happened to since.
        self._redriven: dict[int, Visit] = {}
        for event in events:
            self._take(event)

    def _take(self, event: Event) -> None:
        kind: str = event["type"]
        previous: int = event.get("previousEventId") or 0
        if self.visits.start is None:
            self.visits.start = moment(event)
        visit = self._owner.get(previous)
        index = self._index.get(previous)
        if kind in ENDS:
            self._end(kind, event)
        elif kind == "ExecutionRedriven":
            self._redrive()
        elif kind.endswith("StateEntered"):
            visit, index = self._enter(event, previous)
        elif kind.endswith("StateExited"):
            visit = self._exit(event, visit)
            index = visit.index if visit else None
        elif kind.startswith("MapIteration"):
            visit = _climb(visit, lambda v: v.name == event_details(event).get("name") and v.end is None)
            index = event_details(event).get("index")
            if visit and not kind.endswith("Started"):
                self._abandon(visit, moment(event), index)
        else:
            visit = self._progress(kind, event, visit)
        self._owner[event["id"]] = visit
        self._kinds[event["id"]] = kind
        self._index[event["id"]] = index

    def _enter(self, event: Event, previous: int) -> tuple[Visit, int | None]:
        before = self._owner.get(previous)
        came_from = before if self._kinds.get(previous, "").endswith("StateExited") else None
        parent = came_from.parent if came_from else before
        index = came_from.index if came_from else self._index.get(previous)
        kind: str = event["type"]
        name = event_details(event)["name"]
        again = next((visit for visit in self._redriven.values() if visit.name == name), None)
        if again is not None:
            del self._redriven[id(again)]
            came_from, parent, index = again.came_from, again.parent, again.index
            self._close(again, moment(event), "failed")
        visit = Visit(
            name=name,
            kind=kind.removesuffix("StateEntered"),
            start=moment(event),
            parent=parent,
            came_from=came_from,
            index=index,
        )
        (parent.children if parent else self.visits.roots).append(visit)
        self._reopen(visit)
        return visit, index

    def _reopen(self, visit: Visit) -> None:
        if visit.parent:
            self._open.setdefault(id(visit.parent), {})[id(visit)] = visit

    def _close(self, visit: Visit, at: datetime, status: VisitStatus) -> None:
        visit.end, visit.status = at, status
        if visit.parent:
            self._open[id(visit.parent)].pop(id(visit), None)

    def _exit(self, event: Event, visit: Visit | None) -> Visit | None:
        name = event_details(event).get("name")
        visit = _climb(visit, lambda v: v.name == name and v.end is None)
        if visit:
            is_failing = self._failing.pop(id(visit), False)
            self._abandon(visit, moment(event))
            self._close(visit, moment(event), "caught" if is_failing else "succeeded")
        return visit

    def _progress(self, kind: str, event: Event, visit: Visit | None) -> Visit | None:
        if kind.startswith(("MapState", "ParallelState")):
            fork = "Map" if kind.startswith("Map") else "Parallel"
            inner = visit
            visit = _climb(visit, lambda v: v.kind == fork and v.end is None)
            if visit and inner and inner is not visit and kind.endswith("Failed"):
                visit.error = inner.error or visit.error
        if kind.endswith("Scheduled") and visit and visit.kind != "Task":
            visit = self._redriven_task(visit) or visit
        if visit is None:
            return None
        if kind in _ATTEMPTS:
            self._redriven.pop(id(visit), None)
            visit.attempts += 1
            self._abandon(visit, moment(event))
        if kind.endswith(("Failed", "TimedOut")):
            visit.error = event_details(event).get("error") or visit.error
            self._failing[id(visit)] = True
            self._abandon(visit, moment(event))
        elif kind.endswith("Succeeded"):
            self._failing[id(visit)] = False
        return visit

    def _abandon(self, visit: Visit, at: datetime, index: int | None = None) -> None:
        """Close what is still open inside a fork, or one iteration of it, that is over or starts again."""
        for child in list(self._open.get(id(visit), {}).values()):
            if index in (None, child.index):
                self._abandon(child, at)
                self._close(child, at, "failed" if self._has_failed(child) else "aborted")

    def _has_failed(self, visit: Visit) -> bool:
        if visit.kind == "Fail" or self._failing.get(id(visit), False):
            return True
        return any(child.status == "failed" for child in visit.children if child.end is not None)

    def _redrive(self) -> None:
        """Open again what didn't succeed: the state that ended the execution, and what failed inside it.

        AWS: Step Functions developer guide, "Restarting state machine executions with redrive": the execution
        goes on from the states that didn't succeed. Observed: the events of a task that is tried again follow
        ExecutionRedriven, which state it is they don't say.
        """
        self.visits.status, self.visits.error, self.visits.end = "RUNNING", None, None
        self._redriven.clear()
        self._open_again(self.visits.roots)

    def _open_again(self, visits: list[Visit]) -> None:
        followed = {id(visit.came_from) for visit in visits}
        for visit in visits:
            if visit.status in ("failed", "aborted") and id(visit) not in followed:
                visit.end, visit.status = None, "running"
                self._reopen(visit)
                self._failing.pop(id(visit), None)
                self._redriven[id(visit)] = visit
                self._open_again(visit.children)

    def _redriven_task(self, holder: Visit) -> Visit | None:
        """Find the task inside a fork whose redrive this is: they go on in the order of their branches."""
        tasks = (visit for visit in self._redriven.values() if visit.kind == "Task")
        return next((task for task in tasks if _climb(task, lambda visit: visit is holder)), None)

    def _end(self, kind: str, event: Event) -> None:
        self.visits.status = ENDS[kind]
        self.visits.end = moment(event)
        self.visits.error = event_details(event).get("error")
        is_failed = kind == "ExecutionFailed"
        for visit in reversed(list(self.visits.walk())):
            if visit.end is None:
                failed = is_failed and (visit.parent is None or self._has_failed(visit))
                visit.error = visit.error or (self.visits.error if failed else None)
                self._close(visit, moment(event), "failed" if failed else "aborted")


def _climb(visit: Visit | None, fits: Callable[[Visit], bool]) -> Visit | None:
    while visit is not None and not fits(visit):
        visit = visit.parent
    return visit


def moment(event: Event) -> datetime:
    """Return when an event happened; a history read from JSON has ISO text or epoch seconds there."""
    at = event["timestamp"]
    if isinstance(at, datetime):
        return at
    if isinstance(at, str):
        return datetime.fromisoformat(at)
    return datetime.fromtimestamp(at, UTC)


def event_details(event: Event) -> Mapping[str, Any]:
    """Return an event's details: of its many possible keys at most one is there."""
    for key, value in event.items():
        if key.endswith("EventDetails"):
            details: Mapping[str, Any] = value
            return details
    return {}
