"""Who does a task's work in process: a function, a value, an exception, or a list of those per invocation.

Knows nothing of threads, clocks or AWS.
"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

from step.engine.vocabulary import StartTask, TaskFailed, TaskSucceeded
from step.errors import HandlerError, NothingToWaitFor, TaskError
from step.jsonvalue import JSONValue, clone, copy_json, to_text
from step.tasks import encode

# What stands for a function's frames in the traceback a Lambda would report.
_OWN_FRAMES = 1
_new = tuple.__new__


class LambdaContext(NamedTuple):
    """What a handler gets as its second argument, with the names of Lambda's own context object."""

    function_name: str
    invoked_function_arn: str
    aws_request_id: str
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 128
    log_group_name: str = ""
    log_stream_name: str = ""
    deadline_ms: int = 900_000

    def get_remaining_time_in_millis(self) -> int:
        """Say how long is left: in virtual time no time passes inside a handler."""
        return self.deadline_ms


class Failed(NamedTuple):
    """What a worker's failure becomes; ``exception`` is what it was."""

    error: str
    cause: str
    exception: BaseException | None = None


class Raised(NamedTuple):
    """An exception that left a function, and the state that called it."""

    state: str
    exception: BaseException


class RunRecord(NamedTuple):
    """What an execution's history doesn't hold: exceptions in the order in which they were raised, and which
    states were answered with a sample, and why.
    """

    exceptions: list[Raised]
    mocked: dict[str, str]


# A worker takes a payload (its own copy) and the task; it gives JSON, or Failed.
Worker = Callable[[JSONValue, StartTask], "JSONValue | Failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A worker with the time that its work takes. ``duration_ms`` None: it never answers.

    ``is_whole``: its results are the integration's, with nothing to be put around them.
    ``counts_invocations``: it gives another answer at another invocation.
    """

    worker: Worker
    duration_ms: int | None = 0
    is_whole: bool = False
    counts_invocations: bool = False


def worker_of(target: object, calling: Callable[[Callable[..., object]], Worker] | None = None) -> Worker:
    """Make a worker of what a user attached; ``calling`` makes one of a function (default: ``call``).

    A function is called with the payload, and with a Lambda context object where it takes two arguments. An
    exception (or its class) is raised, a list gives its items invocation by invocation of the state (the last
    one stays; a list in it is a result), and anything else is the result.
    """
    if isinstance(target, list):
        if not target:
            raise HandlerError("an empty list gives no invocation a result")
        return _per_invocation([_worker_of_one(item, calling) for item in target])
    return _worker_of_one(target, calling)


def _worker_of_one(target: object, calling: Callable[[Callable[..., object]], Worker] | None) -> Worker:
    if isinstance(target, BaseException) or (isinstance(target, type) and issubclass(target, BaseException)):
        return lambda payload, task: failure_of(target() if isinstance(target, type) else target, task)
    if callable(target):
        return (calling or call)(target)
    value = encode(target)
    return lambda payload, task: value


def _per_invocation(workers: Sequence[Worker]) -> Worker:
    last = len(workers) - 1
    return lambda payload, task: workers[min(task.invocation, last)](payload, task)


def call(function: Callable[..., object]) -> Worker:
    """Make a worker that calls a function with the payload."""
    takes_context = _takes_two(function)

    def work(payload: JSONValue, task: StartTask) -> JSONValue | Failed:
        try:
            result = function(payload, lambda_context(task)) if takes_context else function(payload)
        except (HandlerError, NothingToWaitFor):
            # The test is wrong, not the function.
            raise
        except Exception as error:
            return failure_of(error, task)
        try:
            return copy_json(result)
        except TypeError as error:
            return failure_of(_not_serializable(error), task)

    return work


def _takes_two(function: Callable[..., object]) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    has_default = [p.default is not p.empty for p in positional]
    return len(positional) - sum(has_default) >= 2 or any(p.kind is p.VAR_POSITIONAL for p in parameters)


def _not_serializable(error: TypeError) -> TaskError:
    # AWS: the Lambda Python runtime reports a result that isn't JSON under this name.
    document: JSONValue = {
        "errorMessage": f"Unable to marshal response: {error}",
        "errorType": "Runtime.MarshalError",
        "requestId": "",
        "stackTrace": [],
    }
    return TaskError("Runtime.MarshalError", to_text(document))


def lambda_context(task: StartTask) -> LambdaContext:
    name = task.resource.rsplit(":", 1)[-1]
    return LambdaContext(name, task.resource, request_id(task))


def request_id(task: StartTask) -> str:
    """Name one invocation; the same run gives the same id."""
    return str(uuid5(NAMESPACE_URL, f"{task.resource}/{task.state}/{task.branch}/{task.op}"))


def failure_of(error: BaseException, task: StartTask) -> Failed:
    """Word an exception as the Lambda Python runtime does: its class is the error's name."""
    if isinstance(error, TaskError):
        return Failed(error.error, error.cause, error)
    document: JSONValue = {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": request_id(task),
        "stackTrace": list[JSONValue](traceback.format_tb(error.__traceback__)[_OWN_FRAMES:]),
    }
    return Failed(type(error).__name__, to_text(document), error)


def answer(
    attachment: Attachment, payload: JSONValue, task: StartTask, record: RunRecord | None = None
) -> TaskSucceeded | TaskFailed:
    """Do a task's work now."""
    result = attachment.worker(clone(payload), task)
    if isinstance(result, Failed):
        if result.exception is not None and record is not None:
            record.exceptions.append(Raised(task.state, result.exception))
        return TaskFailed(task.op, result.error, result.cause)
    return _new(TaskSucceeded, (task.op, result))
