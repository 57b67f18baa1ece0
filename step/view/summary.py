"""What an execution came to, read from its history alone.

Pure: no clock, no IO. The same for a run in a test, on the local service and on AWS.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from step.jsonvalue import JSONValue
from step.view.visits import ENDS, Event, event_details, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """An execution as it stands after its last event.

    ``status`` is AWS's word; ``output`` is None unless it succeeded; ``path`` names the states in the order
    in which they were entered, those of branches too; ``elapsed`` is in seconds of the execution's clock.
    """

    status: str
    output: JSONValue
    error: str | None
    cause: str | None
    path: tuple[str, ...]
    elapsed: float

    @classmethod
    def from_events(cls, events: Sequence[Event]) -> Summary:
        """Sum up events in the order of their ids, whole or so far."""
        last = events[-1] if events else None
        status = ENDS.get(last["type"], "RUNNING") if last else "RUNNING"
        details = event_details(last) if last and status != "RUNNING" else {}
        output = details.get("output")
        return cls(
            status=status,
            output=None if output is None else _decoded(output),
            error=details.get("error"),
            cause=details.get("cause"),
            path=tuple(
                str(event["stateEnteredEventDetails"]["name"])
                for event in events
                if "stateEnteredEventDetails" in event
            ),
            elapsed=(moment(last) - moment(events[0])).total_seconds() if last else 0.0,
        )

    @classmethod
    def from_description(cls, about: Mapping[str, Any]) -> Summary:
        """Sum up what the API tells of an execution that has no history."""
        output = about.get("output")
        return cls(
            status=str(about["status"]),
            output=None if output is None else _decoded(output),
            error=about.get("error"),
            cause=about.get("cause"),
            path=(),
            elapsed=(about["stopDate"] - about["startDate"]).total_seconds(),
        )


def _decoded(text: str) -> JSONValue:
    try:
        value: JSONValue = json.loads(text)
    except ValueError:
        # A service's double may give any text.
        return text
    return value
