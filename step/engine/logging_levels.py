"""Which history events a logging level selects, and what CloudWatch Logs gets of one.

Pure: no clock, no IO; who asks delivers the entries.
AWS: Step Functions developer guide, "Log levels", "Using CloudWatch Logs to log execution history".
Observed: logs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from step.engine.history import Event
from step.jsonvalue import JSONObject

Level = Literal["ALL", "ERROR", "FATAL", "OFF"]
_FATAL = frozenset({"ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"})
# The same holds for types that AWS's table doesn't list: EvaluationFailed, activities' and Map Runs'.
_ERROR_ENDINGS = ("Failed", "Aborted", "TimedOut")
# What is execution data; AWS names inputs and outputs. Observed: the error and its cause are none.
_DATA = frozenset(
    {
        "assignedVariables",
        "assignedVariablesDetails",
        "input",
        "inputDetails",
        "output",
        "outputDetails",
        "parameters",
    }
)
# AWS: "CloudWatch Logs payloads": escaped text beyond 248 KB is cut.
_LONGEST = 248 * 1024


def is_logged(event_type: str, level: Level) -> bool:
    """Say whether a level selects the events of a type (GetExecutionHistory's)."""
    match level:
        case "ALL":
            return True
        case "ERROR":
            return event_type.endswith(_ERROR_ENDINGS) or event_type == "FailStateEntered"
        case "FATAL":
            return event_type in _FATAL
        case "OFF":
            return False


def log_entries(
    events: Iterable[Event],
    level: Level,
    execution_arn: str,
    *,
    includes_data: bool = False,
    redrive_count: int = 0,
) -> Iterator[JSONObject]:
    """Give the entries that a level selects, in the order of the events."""
    for event in events:
        if is_logged(event["type"], level):
            yield log_entry(event, execution_arn, includes_data=includes_data, redrive_count=redrive_count)


def log_entry(
    event: Event, execution_arn: str, *, includes_data: bool = False, redrive_count: int = 0
) -> JSONObject:
    """Write one event as AWS delivers it to a log group.

    Args:
        event: As GetExecutionHistory gives it.
        execution_arn: Whose event it is.
        includes_data: The configuration's ``includeExecutionData``.
        redrive_count: How often the execution had been redriven.
    """
    details: dict[str, Any] = next((part for part in event.values() if isinstance(part, dict)), {})
    return {
        "id": str(event["id"]),
        "type": event["type"],
        "details": _cut(details) if includes_data else _without_data(details),
        "previous_event_id": str(event["previousEventId"]),
        "event_timestamp": str(round(event["timestamp"].timestamp() * 1000)),
        "execution_arn": execution_arn,
        "redrive_count": str(redrive_count),
    }


def _without_data(details: dict[str, Any]) -> JSONObject:
    return {name: value for name, value in details.items() if name not in _DATA}


def _cut(details: dict[str, Any]) -> JSONObject:
    """Cut an input or output that is too long for a log, and say so."""
    told = dict(details)
    for name in ("input", "output"):
        text = details.get(name)
        if isinstance(text, str) and len(text.encode("utf-8", "surrogatepass")) > _LONGEST:
            told[name] = text.encode("utf-8", "surrogatepass")[:_LONGEST].decode("utf-8", "ignore")
            told[f"{name}Details"] = {"truncated": True}
    return told
