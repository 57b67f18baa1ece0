"""Tell a trail of the events of GetExecutionHistory, AWS's or ours.

Pure: no clock, no IO. This is where coverage knows the camelCase of histories.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from step.engine.frames import ExecutionInfo
from step.jsonvalue import JSONValue
from step.paths.trail import Stay, Trail
from step.view.visits import Event, event_details, moment

_SCHEDULED = frozenset({"TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled"})
_SUCCEEDED = frozenset({"TaskSucceeded", "LambdaFunctionSucceeded", "ActivitySucceeded"})
_TIMED_OUT = frozenset({"TaskTimedOut", "LambdaFunctionTimedOut", "ActivityTimedOut"})
_FAILED = re.compile(r"(Task|LambdaFunction|Activity)(Schedule|Start|Submit)?Failed|EvaluationFailed")


def read_events(events: Iterable[Event], trail: Trail) -> None:
    """Tell a trail of all events of one execution, in the order of their ids."""
    for event in events:
        _take(event, trail)


def info_of(events: Iterable[Event]) -> ExecutionInfo:
    """Say what expressions see of an execution, as far as its first event tells."""
    first = next(iter(events), {})
    details = event_details(first)
    start = time_ms(first)
    return ExecutionInfo(
        arn="arn:aws:states:us-east-1:123456789012:execution:machine:execution",
        name="execution",
        input=_decoded(details.get("input")),
        start_ms=0 if start is None else round(start),
        role_arn=details.get("roleArn"),
        machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:machine",
        machine_name="machine",
    )


def time_ms(event: Event) -> float | None:
    """Say when an event happened; None where it has no time, as in histories that were scrubbed."""
    try:
        return moment(event).timestamp() * 1000
    except (KeyError, TypeError, ValueError):
        return None


def _take(event: Event, trail: Trail) -> None:
    kind: str = event["type"]
    number: int = event["id"]
    previous: int = event.get("previousEventId") or 0
    details = event_details(event)
    if kind.endswith("StateEntered"):
        trail.enter(number, previous, str(details.get("name")), text=details.get("input"))
    elif kind.endswith("StateExited"):
        stay = trail.leave(number, previous, str(details.get("name")))
        if details.get("assignedVariables"):
            _assign(stay, details["assignedVariables"])
    elif kind in _SCHEDULED:
        limit = details.get("timeoutInSeconds")
        trail.attempt(number, previous, time_ms(event), None if limit is None else limit * 1000)
    elif kind in _SUCCEEDED:
        trail.succeed(number, previous)
    elif kind in _TIMED_OUT:
        trail.time_out(number, previous, details.get("error") or "States.Timeout", time_ms(event))
    elif _FAILED.fullmatch(kind):
        trail.fail(number, previous, details.get("error"))
    elif kind == "MapStateStarted":
        trail.fork(number, previous, details.get("length"))
    elif kind.startswith("MapIteration"):
        trail.iterate(number, previous, str(details.get("name")))
    elif kind == "MapRunFailed":
        trail.pass_by(number, previous)
        trail.error_of(number, details.get("error"))
    elif kind == "ExecutionRedriven":
        trail.redrive(number)
    elif kind.startswith("Execution"):
        trail.end(kind)
    else:
        trail.plain(kind, number, previous)


def _assign(stay: Stay | None, assigned: Mapping[str, Any]) -> None:
    if stay is not None:
        stay.variables = {**stay.variables, **{name: _decoded(text) for name, text in assigned.items()}}


def _decoded(text: object) -> JSONValue:
    if not isinstance(text, str):
        return None
    try:
        value: JSONValue = json.loads(text)
    except ValueError:
        return None
    return value
