"""Which worker does a Task's work: what users attach by state name or by resource.

Knows the shapes of messages and integrations, and nothing of time.
"""

from __future__ import annotations

import copy
import difflib
import inspect
import math
from collections.abc import Callable, Iterable, Mapping

from step.engine.resources import Resource
from step.engine.vocabulary import Input, StartTask, TaskFailed, TaskStarted, TaskSubmitted, TaskSucceeded
from step.errors import HandlerError, NoCode
from step.runtime.integrations import LAMBDA_INVOKE, LambdaCall, function_key, invocation, invoke_response
from step.runtime.workers import Attachment, RunRecord, Worker, answer, call, worker_of
from step.tasks import Handler, TaskHandlers


class Attachments:
    """An immutable table of workers; ``add`` gives a new one."""

    def __init__(
        self,
        by_name: Mapping[str, Attachment],
        task_fns: frozenset[str],
        states: frozenset[str],
        rest: Attachment | None = None,
    ) -> None:
        self._by_name = by_name
        self._rest = rest
        self._record = RunRecord([], {})
        self._task_fns = task_fns
        self._states = states
        # By state, what was found for it: a state's resource never changes.
        self._found: dict[str, Attachment] = {}
        self._by_function = {
            function_key(name): worker for name, worker in by_name.items() if name not in states
        }

    def add(self, name: str, target: object, duration: float, *, is_whole: bool = False) -> Attachments:
        """Attach a worker under a state's name, a resource ARN or a function's name or ARN."""
        duration_ms = None if math.isinf(duration) else round(duration * 1000)
        calling = _calling_task_fn(name) if name in self._task_fns else _calling
        attachment = Attachment(
            worker=worker_of(target, calling),
            duration_ms=duration_ms,
            is_whole=is_whole,
            counts_invocations=isinstance(target, list),
        )
        return Attachments({**self._by_name, name: attachment}, self._task_fns, self._states, self._rest)

    def with_rest(self, worker: Worker) -> Attachments:
        """Let a worker answer for whatever nothing else is attached to."""
        return Attachments(self._by_name, self._task_fns, self._states, Attachment(worker=worker))

    def only_rest(self) -> Attachments:
        """Leave nothing but what answers for the rest."""
        return Attachments({}, self._task_fns, self._states, self._rest)

    def recording(self, record: RunRecord) -> Attachments:
        """Give the same table for one execution, which notes in its record what isn't history."""
        made = copy.copy(self)
        made._record = record
        return made

    @property
    def has_rest(self) -> bool:
        return self._rest is not None

    @property
    def is_empty(self) -> bool:
        return not self._by_name and self._rest is None

    @property
    def count_invocations(self) -> bool:
        """Whether it matters somewhere how often a state's work has been asked for."""
        return any(attachment.counts_invocations for attachment in self._by_name.values())

    def has(self, task: StartTask) -> bool:
        """Say whether something is attached that does a task's work."""
        if task.state in self._by_name or task.resource in self._by_name:
            return True
        name = task.resource
        if name in LAMBDA_INVOKE:
            name = invocation(task.payload).function
        return name in self._by_name or function_key(name) in self._by_function

    def perform(self, task: StartTask) -> tuple[list[Input], int] | None:
        """Do a task's work; see ``runtime.virtual.Perform``.

        Raises:
            HandlerError: nothing is attached that could do it.
        """
        try:
            attachment = self._found.get(task.state) or self._find(task)
            if attachment is None:
                return self._invoke(task)
            return _deliver(attachment, answer(attachment, task.payload, task, self._record), task)
        except NoCode as problem:
            if self._rest is None:
                raise
            self._record.mocked[task.state] = str(problem)
        done = self._rest.worker(task.payload, task)
        return _deliver(self._rest, _invoked(TaskSucceeded(task.op, done), task), task)  # type: ignore[arg-type]  # no Failed

    def _find(self, task: StartTask) -> Attachment | None:
        """Find what is attached to a state or its resource; None: the payload names a Lambda function."""
        attachment, resource = self._by_name.get(task.state), task.resource
        is_whole = attachment is not None and attachment.is_whole
        if resource in LAMBDA_INVOKE and resource not in self._by_name and not is_whole:
            return None
        if attachment is None:
            attachment = self._by_name.get(resource) or self._by_function.get(function_key(resource))
        if attachment is None:
            raise self._nothing(task)
        self._found[task.state] = attachment
        return attachment

    def _nothing(self, task: StartTask) -> HandlerError:
        if self._rest is None:
            return _nothing_attached(task)
        return NoCode("nothing is attached to it")

    def _invoke(self, task: StartTask) -> tuple[list[Input], int] | None:
        call: LambdaCall = invocation(task.payload)
        attachment = self._by_name.get(task.state) or self._by_name.get(call.function)
        attachment = attachment or self._by_function.get(function_key(call.function))
        if attachment is None:
            raise self._nothing(task)
        done = answer(attachment, call.event, task, self._record)
        return _deliver(attachment, _invoked(done, task), task)


def _invoked(done: TaskSucceeded | TaskFailed, task: StartTask) -> TaskSucceeded | TaskFailed:
    """Put around a function's result what ``lambda:invoke`` puts around it."""
    is_wrapped = task.resource in LAMBDA_INVOKE and not task.resource.endswith(".waitForTaskToken")
    if is_wrapped and isinstance(done, TaskSucceeded):
        return TaskSucceeded(task.op, invoke_response(done.output, task))
    return done


def _calling(function: Callable[..., object]) -> Worker:
    """Call a function with the payload, decoded as its annotation says."""
    return call(Handler(function) if _is_typed(function) else function)


def _calling_task_fn(state: str) -> Callable[[Callable[..., object]], Worker]:
    """Call functions as the handlers of a TaskFn: with its input, not with the message that carries it."""

    def calling(function: Callable[..., object]) -> Worker:
        if _is_typed(function):
            handlers = TaskHandlers()
            handlers.task(state)(function)
            return call(handlers)
        worker = call(function)
        return lambda message, task: worker(message["Input"], task)  # type: ignore[call-overload, index]  # taskfn made it

    return calling


def _is_typed(function: Callable[..., object]) -> bool:
    if not inspect.isroutine(function):
        return False
    return bool(getattr(function, "__annotations__", None)) or inspect.iscoroutinefunction(function)


def _deliver(
    attachment: Attachment, done: TaskSucceeded | TaskFailed, task: StartTask
) -> tuple[list[Input], int] | None:
    inputs: list[Input] = [] if task.token is None else _begun(attachment, done, task)
    if attachment.duration_ms is None:
        return (inputs, 0) if inputs else None
    inputs.append(done)
    return inputs, attachment.duration_ms


def _begun(attachment: Attachment, done: TaskSucceeded | TaskFailed, task: StartTask) -> list[Input]:
    """Say what comes before the end where the attached worker stands for a whole job."""
    if Resource.from_text(task.resource).kind == "activity":
        return [TaskStarted(task.op)]
    is_refused = isinstance(done, TaskFailed) and attachment.duration_ms is not None
    return [] if is_refused else [TaskSubmitted(task.op, {})]


def _nothing_attached(task: StartTask) -> HandlerError:
    resource = Resource.from_text(task.resource)
    if resource.kind == "service" and resource.pattern.startswith("sync"):
        return HandlerError(
            f"state {task.state!r} waits for the end of a job, {task.resource}, and step runs no jobs of "
            f"other services: give the finished job with set_resource_function({task.state!r}, {{...}}), or "
            'a failed one with TaskError("States.TaskFailed", ...)'
        )
    if resource.pattern == "waitForTaskToken" or resource.kind == "activity":
        return HandlerError(
            f"state {task.state!r} waits for its token, and nothing takes the task; say who does with "
            f"set_callback({task.state!r}, lambda parameters, answers: answers.success({{...}}, after=60)), "
            f"or give its result with set_resource_function({task.state!r}, {{...}})"
        )
    return HandlerError(
        f"state {task.state!r}: nothing is attached to it or to its resource {task.resource}; "
        f"give it a function, a value or an exception with set_resource_function({task.state!r}, ...), "
        f"or on the command line with --task '{task.state}=JSON'"
    )


def check_name(name: str, tasks: Mapping[str, str], functions: Iterable[str] = ()) -> None:
    """Refuse a name that is neither a Task state nor a resource.

    Args:
        name: What a user named.
        tasks: The resources by state.
        functions: What ``lambda:invoke`` states call, as they name it.

    Raises:
        HandlerError: with the nearest names.
    """
    if name in tasks or "$" in name or (":" in name and not _is_missing_integration(name, tasks)):
        return
    if name in map(function_key, [*tasks.values(), *functions]):
        return
    if ":" in name:
        integrations = sorted({one for one in tasks.values() if one.startswith(_INTEGRATION)})
        nearest = difflib.get_close_matches(name, integrations, n=1)
        known = f"did you mean {nearest[0]}?" if nearest else f"it has {', '.join(integrations) or 'none'}"
        raise HandlerError(f"no Task state of the definition has the resource {name} ({known})")
    near = difflib.get_close_matches(name, tasks, n=1)
    hint = (
        f" (did you mean {near[0]!r}?)"
        if near
        else f"; its tasks are {', '.join(map(repr, tasks)) or 'none'}"
    )
    raise HandlerError(f"the definition has no Task state {name!r}{hint}")


_INTEGRATION = "arn:aws:states:::"


def _is_missing_integration(name: str, tasks: Mapping[str, str]) -> bool:
    """Say whether a name is an integration's ARN that no state has; a placeholder may still become it."""
    return (
        name.startswith(_INTEGRATION) and name not in tasks.values() and "${" not in "".join(tasks.values())
    )
