"""A distributed Map's child execution as its parent sees it: what waits for it, what is told of its end.

Pure: no clock, no IO.
AWS: Step Functions developer guide, "ResultWriter".
"""

from __future__ import annotations

from typing import Literal, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from step.arn import execution_arn, express_arn
from step.clock import format_timestamp
from step.engine.frames import ExecutionInfo, Frame, Group, State
from step.engine.quotas import EXPRESS, Quotas
from step.errors import StateError
from step.jsonvalue import JSONObject, JSONValue, to_text

ChildStatus = Literal["SUCCEEDED", "FAILED", "TIMED_OUT"]
_STANDARD = Quotas()


class ChildOutcome(NamedTuple):
    """How a child execution ended: with an output, or with an error."""

    output: JSONValue
    error: StateError | None

    @property
    def is_success(self) -> bool:
        return self.error is None


class Child(Frame):
    """What waits for a child execution; its ``value`` is the execution's input."""

    __slots__ = ("items", "name", "redrive_count", "started_at")

    def __init__(
        self, info: ExecutionInfo, state: State, value: JSONValue, *, group: Group, name: str, items: int
    ) -> None:
        super().__init__(info, state, value, size=0, group=group)
        self.name = name
        # How many items its input has.
        self.items = items
        self.started_at = 0
        self.redrive_count = 0


def child_arn(machine_arn: str, name: str, *, is_express: bool) -> str:
    """Name a child execution of the machine that ``labelled_arn`` names."""
    if is_express:
        return express_arn(machine_arn, name, str(uuid5(NAMESPACE_URL, name)))
    return execution_arn(machine_arn, name)


def status_of(child: Child, outcome: ChildOutcome, now: int, *, is_express: bool) -> ChildStatus:
    """Tell a child execution's status; one that failed at the end of its time has timed out."""
    if outcome.is_success:
        return "SUCCEEDED"
    longest = (EXPRESS if is_express else _STANDARD).duration_ms
    return "TIMED_OUT" if now - child.started_at >= longest else "FAILED"


def metadata(
    child: Child, outcome: ChildOutcome, status: ChildStatus, machine_arn: str, now: int, *, is_express: bool
) -> JSONObject:
    """Describe an ended child execution as ResultWriter's files do."""
    told: JSONObject = {
        "ExecutionArn": child_arn(machine_arn, child.name, is_express=is_express),
        "Input": to_text(child.value),
        "InputDetails": {"Included": True},
        "Name": child.name,
    }
    if outcome.error is None:
        told |= {"Output": to_text(outcome.output), "OutputDetails": {"Included": True}}
    else:
        named = {"Error": outcome.error.name, "Cause": outcome.error.cause}
        told |= {key: text for key, text in named.items() if text is not None}
    told["RedriveCount"] = child.redrive_count
    told["RedriveStatus"] = "NOT_REDRIVABLE" if outcome.is_success else "REDRIVABLE"
    if outcome.is_success:
        told["RedriveStatusReason"] = "Execution is SUCCEEDED and cannot be redriven"
    return told | {
        "StartDate": format_timestamp(child.started_at),
        "StateMachineArn": machine_arn,
        "Status": status,
        "StopDate": format_timestamp(now),
    }
