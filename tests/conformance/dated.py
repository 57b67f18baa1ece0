"""What AWS has changed since a recording was made: step's answer as AWS would have given it then.

``step`` does what AWS does today, as the newest recordings and publications have it. A recording is held
against it as of its own day; each difference is named here with its dates, and in docs/fidelity.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

# AWS put RedriveCount into the context object.
REDRIVE = date(2023, 11, 15)
# Recorded in 2024 one way, published in August 2026 the other: the days between aren't known.
EVALUATION_FAILED = date(2026, 1, 1)
TIMEOUT_NAMED = date(2026, 1, 1)
# Recorded to the millisecond until August 2023, to the microsecond since July 2024.
MICROSECONDS = date(2024, 1, 1)
_STARTED = re.compile(r'\{"ExecutionArn":"[^"]+",("StartDate":\d+,)?"SdkHttp')
_LENGTH = re.compile(r'("Content-Length":\[?")(\d+)')


def recorded_on(case: Mapping[str, Any]) -> date:
    """Read a case's day; one that names none is of today."""
    if "recorded" not in case:
        return date.max
    day, month, year = case["recorded"].partition(",")[0].split("-")
    return date(int(year), int(month), int(day))


def has_redrive_count(case: Mapping[str, Any]) -> bool:
    """Say whether the context object had RedriveCount when a case was recorded."""
    return recorded_on(case) >= REDRIVE


def names_timeout(case: Mapping[str, Any]) -> bool:
    """Say whether an execution that ran out of its machine's time had the error States.Timeout."""
    return recorded_on(case) >= TIMEOUT_NAMED


def history_then(history: list[dict[str, Any]], case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give a history the previous ids of its day.

    EvaluationFailed followed what its state's entry follows, but where the expression had given a value that
    then proved to be no timestamp.
    """
    if recorded_on(case) >= EVALUATION_FAILED:
        return history
    events = {event["id"]: event for event in history}
    then = []
    for event in history:
        before = events.get(event["previousEventId"])
        if event["type"] == "EvaluationFailed" and before and before["type"].endswith("StateEntered"):
            details = event["evaluationFailedEventDetails"]
            if details.get("location") != "Timestamp" or "JSONata expression" in details["cause"]:
                event = {**event, "previousEventId": before["previousEventId"]}
        then.append(event)
    return then


def started_then(history: list[dict[str, Any]], case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Tell of StartExecution's answers with the length of their day: of its date there were fewer digits."""
    if recorded_on(case) >= MICROSECONDS:
        return history
    return [
        {name: _shorter(details) if isinstance(details, dict) else details for name, details in event.items()}
        for event in history
    ]


def _shorter(details: dict[str, Any]) -> dict[str, Any]:
    output = str(details.get("output"))
    if not _STARTED.match(output):
        return details
    return {**details, "output": _LENGTH.sub(lambda found: f"{found[1]}{int(found[2]) - 3}", output)}
