"""A history as a tree: the states walked through, with what data, and what every task was asked and gave.

Pure: no clock, no IO. The order in which branches took turns is gone: what is left of two executions that did
the same is equal. Reads the events of GetExecutionHistory, AWS's or ours, whole or so far.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from step.jsonvalue import to_text
from step.paths.events import time_ms
from step.view.visits import ENDS, Event, event_details

_SCHEDULED = frozenset({"TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled"})
_SUCCEEDED = frozenset({"TaskSucceeded", "LambdaFunctionSucceeded", "ActivitySucceeded"})
_TIMED_OUT = frozenset({"TaskTimedOut", "LambdaFunctionTimedOut", "ActivityTimedOut"})
_FAILED = re.compile(r"(Task|LambdaFunction|Activity)(Schedule|Start|Submit)?Failed")
# Which of a state's calls it is: the state's name, and the indexes of the iterations around it.
Key = tuple[str, tuple[int, ...]]


@dataclass(slots=True, kw_only=True)
class RecordedCall:
    """One attempt of a task: what it was asked, and what came of it.

    ``outcome`` is "succeeded", "failed", "timed out" or "" while nothing has come; ``ended_ms`` counts from
    when the task was scheduled, as do ``started_ms`` and ``submitted_ms`` (None: it never was).
    """

    key: Key
    event: int
    resource: str
    payload: str
    at_ms: float = 0
    outcome: str = ""
    output: str = "null"
    error: str | None = None
    cause: str | None = None
    ended_ms: float = 0
    started_ms: float | None = None
    submitted_ms: float | None = None
    submitted: str = "null"


@dataclass(slots=True, kw_only=True)
class Walked:
    """One stay in a state. Data are JSON texts; ``output`` is None where the state wasn't left.

    ``runs`` are a fork's attempts, each with its branches by the state they began with, or its iterations by
    their index.
    """

    name: str
    kind: str
    event: int
    input: str
    at_ms: float | None
    output: str | None = None
    left_ms: float | None = None
    assigned: Mapping[str, str] = field(default_factory=dict)
    calls: list[RecordedCall] = field(default_factory=list)
    runs: list[dict[str | int, list[Walked]]] = field(default_factory=list)
    # What distributed runs failed with; None: with nothing.
    map_runs: list[tuple[str | None, str | None] | None] = field(default_factory=list)
    # The indexes of the iterations around it.
    indexes: tuple[int, ...] = ()
    has_given_up: bool = False


@dataclass(slots=True, kw_only=True)
class RecordedWalk:
    """A whole execution. ``redriven_ms``: when it was redriven."""

    input: str = "{}"
    start_ms: float | None = None
    status: str = "RUNNING"
    ended_ms: float | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    states: list[Walked] = field(default_factory=list)
    calls: list[RecordedCall] = field(default_factory=list)
    redriven_ms: list[float] = field(default_factory=list)
    last_event: int = 0
    last_ms: float | None = None


class _Place(NamedTuple):
    # The state that a branch is in (None: between two), the branch's states, the place of the fork around.
    inside: Walked | None
    states: list[Walked]
    around: _Place | None
    indexes: tuple[int, ...]


def walk(events: Iterable[Event]) -> RecordedWalk:
    """Read the events of one execution, in the order of their ids."""
    reader = _Reader()
    event: Event | None = None
    for event in events:
        reader.take(event)
    if event is not None:
        reader.walk.last_ms = time_ms(event)
    return reader.walk


def every_stay(states: Iterable[Walked]) -> Iterator[Walked]:
    """List stays, those inside a fork after it."""
    for stay in states:
        yield stay
        for run in stay.runs:
            for inner in run.values():
                yield from every_stay(inner)


class _Reader:
    def __init__(self) -> None:
        self.walk = RecordedWalk()
        self._root = _Place(None, self.walk.states, None, ())
        self._at: dict[int, _Place] = {}
        self._calls: dict[int, RecordedCall] = {}

    def take(self, event: Event) -> None:
        kind: str = event["type"]
        number: int = event["id"]
        previous: int = event.get("previousEventId") or 0
        details = event_details(event)
        place = self._at.get(previous, self._root)
        self.walk.last_event = number
        if kind.endswith("StateEntered"):
            place = self._enter(event, place, details)
        elif kind.endswith("StateExited"):
            place = self._leave(event, place, details)
        elif kind.startswith("MapIteration"):
            place = self._iterate(kind, place, details)
        elif kind in ("ParallelStateStarted", "MapStateStarted"):
            place = self._fork(place)
            if place.inside is not None:
                place.inside.runs.append({})
        elif kind in ("ParallelStateFailed", "MapStateFailed"):
            place = self._fork(place)
            if place.inside is not None:
                place.inside.has_given_up = True
        elif kind.startswith("Execution"):
            self._execution(kind, event, details)
        elif kind == "MapRunFailed" and place.inside is not None:
            failed = (details.get("error"), details.get("cause"))
            place.inside.map_runs[-1:] = [failed]
        elif kind == "MapRunStarted" and place.inside is not None:
            place.inside.map_runs.append(None)
        else:
            self._work(kind, event, place, details)
        self._at[number] = place

    def _enter(self, event: Event, place: _Place, details: Mapping[str, Any]) -> _Place:
        name = str(details.get("name"))
        stay = Walked(
            name=name,
            kind=event["type"].removesuffix("StateEntered"),
            event=event["id"],
            input=_text(details, "input"),
            at_ms=time_ms(event),
            indexes=place.indexes,
        )
        if place.inside is None:
            place.states.append(stay)
            return place._replace(inside=stay)
        # The first state of a Parallel's branch.
        run = place.inside.runs[-1] if place.inside.runs else {}
        branch = run.setdefault(name, [])
        branch.append(stay)
        return _Place(stay, branch, place, place.indexes)

    def _leave(self, event: Event, place: _Place, details: Mapping[str, Any]) -> _Place:
        found = _climb(place, details.get("name"))
        if found is None or found.inside is None:
            return place
        stay = found.inside
        stay.output, stay.left_ms = _text(details, "output"), time_ms(event)
        assigned = details.get("assignedVariables") or {}
        stay.assigned = {name: _text(assigned, name) for name in assigned}
        return found._replace(inside=None)

    def _iterate(self, kind: str, place: _Place, details: Mapping[str, Any]) -> _Place:
        found = _climb(place, details.get("name"))
        if found is None or found.inside is None:
            return place
        if not kind.endswith("Started") or not found.inside.runs:
            return found
        index = int(details.get("index") or 0)
        states = found.inside.runs[-1].setdefault(index, [])
        return _Place(None, states, found, (*found.indexes, index))

    def _fork(self, place: _Place) -> _Place:
        """Find the fork that an event tells of: the innermost around that hasn't given up."""
        found: _Place | None = place
        while found is not None:
            stay = found.inside
            if stay is not None and stay.kind in ("Map", "Parallel") and not stay.has_given_up:
                return found
            found = found.around
        return place

    def _execution(self, kind: str, event: Event, details: Mapping[str, Any]) -> None:
        walk = self.walk
        if kind == "ExecutionStarted":
            walk.input, walk.start_ms = _text(details, "input", "{}"), time_ms(event)
        elif kind == "ExecutionRedriven":
            walk.status, walk.ended_ms = "RUNNING", None
            walk.redriven_ms.append(time_ms(event) or 0)
        elif kind in ENDS:
            walk.status, walk.ended_ms = ENDS[kind], time_ms(event)
            walk.output = _text(details, "output") if "output" in details else None
            walk.error, walk.cause = details.get("error"), details.get("cause")

    def _work(self, kind: str, event: Event, place: _Place, details: Mapping[str, Any]) -> None:
        previous = event.get("previousEventId") or 0
        call = self._calls.get(previous)
        if kind in _SCHEDULED:
            stay = place.inside or self._redriven_task()
            call = RecordedCall(
                key=(stay.name if stay else "", place.indexes),
                event=event["id"],
                resource=":".join(str(details[k]) for k in ("resourceType", "resource") if k in details),
                payload=_text(details, "parameters" if "parameters" in details else "input"),
                at_ms=time_ms(event) or 0,
            )
            self.walk.calls.append(call)
            if stay is not None:
                stay.calls.append(call)
        elif call is not None:
            _tell(call, kind, (time_ms(event) or 0) - call.at_ms, details)
        if call is not None:
            self._calls[event["id"]] = call

    def _redriven_task(self) -> Walked | None:
        stays = (stay for stay in every_stay(self.walk.states) if stay.kind == "Task" and stay.output is None)
        return next(stays, None)


def _tell(call: RecordedCall, kind: str, after_ms: float, details: Mapping[str, Any]) -> None:
    if kind in _SUCCEEDED:
        call.outcome, call.output = "succeeded", _text(details, "output")
    elif kind in _TIMED_OUT:
        call.outcome, call.error, call.cause = "timed out", details.get("error"), details.get("cause")
    elif _FAILED.fullmatch(kind):
        call.outcome, call.error, call.cause = "failed", details.get("error"), details.get("cause")
    elif kind.endswith("Submitted"):
        call.submitted_ms, call.submitted = after_ms, _text(details, "output")
        return
    elif kind == "ActivityStarted":
        call.started_ms = after_ms
        return
    else:
        return
    call.ended_ms = after_ms


def _text(details: Mapping[str, Any], name: str, default: str = "null") -> str:
    """Give a payload as JSON text; those that tools have decoded are written again."""
    value = details.get(name)
    if isinstance(value, str):
        return value
    return default if value is None else to_text(value)


def _climb(place: _Place, name: object) -> _Place | None:
    found: _Place | None = place
    while found is not None and (found.inside is None or found.inside.name != name):
        found = found.around
    return found
