"""What a handler may know of the task that it does.

Knows the shapes of a message and of Lambda's context object; reads the wall clock for the deadline only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from step.clock import now_ms
from step.jsonvalue import JSONObject, JSONValue
from step.tasks.errors import DecodeError
from step.tasks.readers import decode_timestamp, described, mismatch

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskContext:
    """The task, its execution and the Lambda invocation; what isn't known is None.

    Attributes:
        task: The state's name; None in the default handler.
        execution: The execution's ARN.
        start_time: When the execution started.
        entered_time: When the state was entered.
        attempt: 1 for the first attempt, 2 for the first retry, ...
        function_arn: The Lambda function's ARN, as it was invoked.
        request_id: The invocation's id.
        deadline: When Lambda will end the invocation.
    """

    task: str | None = None
    execution: str | None = None
    start_time: datetime | None = None
    entered_time: datetime | None = None
    attempt: int = 1
    function_arn: str | None = None
    request_id: str | None = None
    deadline: datetime | None = None
    _remaining_ms: Callable[[], int] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def from_message(cls, message: JSONObject, lambda_context: object = None) -> TaskContext:
        """Read the ``Task`` and ``Context`` of a message, and Lambda's context object.

        Raises:
            DecodeError: the message's Context isn't as TaskFn writes it.
        """
        sent = message.get("Context")
        if sent is None:
            sent = {}
        if not isinstance(sent, dict):
            raise DecodeError(f"$.Context: {mismatch('dict', sent)}")
        if isinstance(sent.get("Execution"), dict):
            sent = _of_context_object(sent)
        remaining: Any = getattr(lambda_context, "get_remaining_time_in_millis", None)
        task = message.get("Task")
        return cls(
            task=task if isinstance(task, str) else None,
            execution=_member(sent, "Execution", str),
            start_time=_time(sent, "StartTime"),
            entered_time=_time(sent, "EnteredTime"),
            attempt=(_member(sent, "RetryCount", int) or 0) + 1,
            function_arn=getattr(lambda_context, "invoked_function_arn", None),
            request_id=getattr(lambda_context, "aws_request_id", None),
            deadline=_EPOCH + timedelta(milliseconds=now_ms() + remaining()) if remaining else None,
            _remaining_ms=remaining,
        )

    def remaining_seconds(self) -> float | None:
        """Ask Lambda how long is left before the deadline; None outside of Lambda."""
        return None if self._remaining_ms is None else self._remaining_ms() / 1000

    def log_keys(self) -> dict[str, str | int]:
        """Name the task on a log line."""
        keys = {
            "execution": self.execution,
            "state": self.task,
            "attempt": self.attempt,
            "function_request_id": self.request_id,
        }
        return {key: value for key, value in keys.items() if value is not None}


def _of_context_object(sent: JSONObject) -> JSONObject:
    """Take what TaskFn sends out of the whole context object, which ``"Context.$": "$$"`` sends."""
    execution, state = (
        part if isinstance(part, dict) else {} for part in (sent["Execution"], sent.get("State"))
    )
    return {
        "Execution": execution.get("Id"),
        "StartTime": execution.get("StartTime"),
        "EnteredTime": state.get("EnteredTime"),
        "RetryCount": state.get("RetryCount"),
    }


def _member(sent: JSONObject, key: str, kind: type) -> Any:
    value = sent.get(key)
    if value is None or type(value) is kind:
        return value
    raise DecodeError(f"$.Context.{key}: {mismatch(kind.__name__, value)}")


def _time(sent: JSONObject, key: str) -> datetime | None:
    value: JSONValue = sent.get(key)
    if value is None:
        return None
    time = decode_timestamp(value)
    if time is None:
        raise DecodeError(f"$.Context.{key}: expected an RFC 3339 timestamp, got {described(value)}")
    return time
