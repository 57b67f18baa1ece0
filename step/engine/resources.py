"""What a Task's Resource names, and the events that tell of it.

Pure: no clock, no IO. What a service does with a payload is ``runtime``'s; here is only what history says.
AWS: Step Functions developer guide, "Integrating services".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

from step.arn import Arn
from step.engine.history import (
    Record,
    Told,
    entered,
    error_details,
    exited,
    input_details,
    output_details,
    payload_text,
)
from step.jsonvalue import JSONValue

Pattern = Literal["", "sync", "sync:2", "waitForTaskToken"]
DEFAULT_REGION = "us-east-1"


class Schedule(NamedTuple):
    """What an attempt was scheduled with, as its row holds it; None: not given."""

    payload: JSONValue
    timeout: int | None
    heartbeat: int | None
    credentials: JSONValue


class Resource(NamedTuple):
    """A Task's Resource, taken apart.

    ``kind`` is "lambda" (a function's own ARN), "activity" or "service"; a text that is no ARN of a
    service or activity is taken as a function's name, so that placeholders run. For a service,
    ``service`` and ``action`` are as history names them: "lambda" and "invoke.waitForTaskToken".
    """

    arn: str
    kind: Literal["lambda", "activity", "service"]
    service: str = ""
    action: str = ""
    pattern: Pattern = ""

    @classmethod
    def from_text(cls, text: str) -> Resource:
        arn = Arn.from_text(text)
        if arn is None or arn.service != "states":
            return cls(text, "lambda")
        if arn.resource.startswith("activity:"):
            return cls(text, "activity")
        service, _, action = arn.resource.partition(":")
        if service == "aws-sdk":
            name, _, action = action.partition(":")
            service = f"aws-sdk:{name}"
        _, _, pattern = action.partition(".")
        return cls(text, "service", service, action, pattern)  # type: ignore[arg-type]  # validate knows the patterns

    @property
    def waits_for_token(self) -> bool:
        """Whether a task has a token. Observed: one of a ``.sync`` task answers it as well."""
        return bool(self.pattern) or self.kind == "activity"

    @property
    def records(self) -> TaskRecords:
        match self.kind:
            case "lambda":
                return LAMBDA
            case "activity":
                return ACTIVITY
            case "service":
                return SERVICE


class TaskRecords(NamedTuple):
    """The heads of a Task's rows; each is followed by the Resource, then what its function takes."""

    scheduled: Record
    # The state's entry and the schedule in one row: (head, resource, state's name, input and payload).
    begun: Record
    started: Record
    submitted: Record
    succeeded: Record
    # Success and the state's end in one row: (head, resource, state's name, result).
    done: Record
    failed: Record
    timed_out: Record
    # How many events a row of ``scheduled`` is: an activity starts later, when a worker takes it.
    scheduled_events: int


def _limits(schedule: Schedule) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    if schedule.timeout is not None:
        limits["timeoutInSeconds"] = schedule.timeout
    if schedule.heartbeat is not None:
        limits["heartbeatInSeconds"] = schedule.heartbeat
    if isinstance(schedule.credentials, dict):
        limits["taskCredentials"] = {"roleArn": schedule.credentials.get("RoleArn")}
    return limits


def _lambda_scheduled(resource: Resource, *given: Any) -> Iterable[Told]:
    # The event has no member for a heartbeat.
    schedule = Schedule(*given)
    details = {"resource": resource.arn, **input_details(schedule.payload), **_limits(schedule)}
    details.pop("heartbeatInSeconds", None)
    yield "LambdaFunctionScheduled", "lambdaFunctionScheduledEventDetails", details
    yield "LambdaFunctionStarted", None, {}


def _lambda(how: str, details: dict[str, Any]) -> Iterable[Told]:
    return ((f"LambdaFunction{how}", f"lambdaFunction{how}EventDetails", details),)


def _activity_scheduled(resource: Resource, *given: Any) -> Iterable[Told]:
    schedule = Schedule(*given)
    details = {"resource": resource.arn, **input_details(schedule.payload), **_limits(schedule)}
    yield "ActivityScheduled", "activityScheduledEventDetails", details


def _activity(how: str, details: dict[str, Any]) -> Iterable[Told]:
    return ((f"Activity{how}", f"activity{how}EventDetails", details),)


def _activity_started(resource: Resource, worker: str | None) -> Iterable[Told]:
    return _activity("Started", {"workerName": worker} if worker is not None else {})


def _service(how: str, resource: Resource, details: dict[str, Any]) -> Told:
    named = {"resourceType": resource.service, "resource": resource.action}
    return f"Task{how}", f"task{how}EventDetails", {**named, **details}


def _service_scheduled(resource: Resource, *given: Any) -> Iterable[Told]:
    schedule = Schedule(*given)
    arn = Arn.from_text(resource.arn)
    region = (arn.region if arn else "") or DEFAULT_REGION
    details = {"region": region, "parameters": payload_text(schedule.payload), **_limits(schedule)}
    yield _service("Scheduled", resource, details)
    yield _service("Started", resource, {})


def _begun(scheduled: Callable[..., Iterable[Told]]) -> Record:
    def events(resource: Resource, name: str, value: JSONValue) -> Iterable[Told]:
        yield entered("Task", name, value)
        yield from scheduled(resource, value, None, None, None)

    return Record(events, enters=True)


def _done(succeeded: Callable[[Resource, JSONValue], Iterable[Told]]) -> Record:
    return Record(lambda resource, name, value: (*succeeded(resource, value), exited("Task", name, value)))


def _lambda_succeeded(_: Resource, value: JSONValue) -> Iterable[Told]:
    return _lambda("Succeeded", output_details(value))


def _activity_succeeded(_: Resource, value: JSONValue) -> Iterable[Told]:
    return _activity("Succeeded", output_details(value))


def _service_succeeded(resource: Resource, value: JSONValue) -> Iterable[Told]:
    return (_service("Succeeded", resource, output_details(value)),)


def _none(resource: Resource, *_: object) -> Iterable[Told]:
    raise AssertionError(f"{resource.arn}: a function doesn't answer twice")


LAMBDA = TaskRecords(
    scheduled=Record(_lambda_scheduled),
    begun=_begun(_lambda_scheduled),
    started=Record(_none),
    submitted=Record(_none),
    succeeded=Record(_lambda_succeeded),
    done=_done(_lambda_succeeded),
    failed=Record(lambda _, error: _lambda("Failed", error_details(error))),
    timed_out=Record(lambda _, error: _lambda("TimedOut", error_details(error))),
    scheduled_events=2,
)
ACTIVITY = TaskRecords(
    scheduled=Record(_activity_scheduled),
    begun=_begun(_activity_scheduled),
    started=Record(_activity_started),
    submitted=Record(_none),
    succeeded=Record(_activity_succeeded),
    done=_done(_activity_succeeded),
    failed=Record(lambda _, error: _activity("Failed", error_details(error))),
    timed_out=Record(lambda _, error: _activity("TimedOut", error_details(error))),
    scheduled_events=1,
)
SERVICE = TaskRecords(
    scheduled=Record(_service_scheduled),
    begun=_begun(_service_scheduled),
    started=Record(_none),
    submitted=Record(lambda resource, value: (_service("Submitted", resource, output_details(value)),)),
    succeeded=Record(_service_succeeded),
    done=_done(_service_succeeded),
    failed=Record(lambda resource, error: (_service("Failed", resource, error_details(error)),)),
    timed_out=Record(lambda resource, error: (_service("TimedOut", resource, error_details(error)),)),
    scheduled_events=2,
)
