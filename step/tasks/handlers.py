"""The handlers of a machine's tasks, and the one entry of their Lambda.

Knows the message that TaskFn sends; no interpreter, no AWS SDK.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from step.errors import HandlerError, TaskError
from step.jsonvalue import JSONValue
from step.tasks.context import TaskContext
from step.tasks.errors import UnknownTaskError
from step.tasks.handler import Handler, Raises

if TYPE_CHECKING:
    from step.tasks.log import TaskLogger

F = TypeVar("F", bound=Callable[..., object])
# The task that this thread does now, for a logger that is first asked for in a handler.
_RUNNING: ContextVar[TaskContext | None] = ContextVar("running", default=None)


class TaskHandlers:
    """Handlers by state name; the instance is the Lambda's entry (``bread.handlers``).

    It is sent ``{"Task": <state name>, "Input": ..., "Context": {...}}`` and returns the handler's result as
    JSON. An exception leaves as it is: its class name is the ASL error that Retry and Catch match.

    Examples:
        >>> from dataclasses import dataclass
        >>> from step.tasks import TaskHandlers
        >>> handlers = TaskHandlers(service="bakery")
        >>> @dataclass(frozen=True)
        ... class Dough:
        ...     grams: int
        >>> @handlers.task("Bake")
        ... def bake(dough: Dough) -> dict[str, int]:
        ...     return {"loaves": dough.grams // 500}
        >>> handlers({"Task": "Bake", "Input": {"grams": 1500}}, None)
        {'loaves': 3}
    """

    def __init__(
        self, *, service: str | None = None, logger: TaskLogger | None = None, metrics: str | None = None
    ) -> None:
        """Hold no handler yet.

        Args:
            service: The service's name in logs and metrics; unless given, Powertools' environment says it.
            logger: A Powertools Logger to use instead of one of its own.
            metrics: The namespace of CloudWatch metrics; needs Powertools.
        """
        self._tasks: dict[str, Handler] = {}
        self._default: Handler | None = None
        self._service = service
        self._logger = logger
        self._namespace = metrics
        self._metrics: Any = None

    @overload
    def task(self, function: F, /) -> F: ...
    @overload
    def task(self, *names: str, raises: Raises = ()) -> Callable[[F], F]: ...
    def task(self, *names: Any, raises: Raises = ()) -> Any:
        """Make a function the handler of the states named; of the state of its own name unless one is given.

        The function itself stays as it is: it can be called and tested.

        Args:
            names: State names.
            raises: The exceptions (classes, or ASL error names) that it declares; ``step lint`` warns of
                those which no Catch names.

        Raises:
            HandlerError: a state has a handler already.
        """
        if len(names) == 1 and callable(names[0]):
            return self.task()(names[0])

        def register(function: F) -> F:
            handler = Handler(function, raises)
            for name in names or (function.__name__,):
                if name in self._tasks:
                    raise HandlerError(
                        f"task {name!r} has two handlers: {self._tasks[name].name} and {handler.name}"
                    )
                self._tasks[name] = handler
            return function

        return register

    def default(self, function: F) -> F:
        """Make a function the handler of every event that has no ``Task``: the whole event is its input."""
        if self._default is not None:
            raise HandlerError(
                f"there are two default handlers: {self._default.name}, {Handler(function).name}"
            )
        self._default = Handler(function)
        return function

    @property
    def tasks(self) -> Mapping[str, Handler]:
        """The handlers by state name."""
        return MappingProxyType(self._tasks)

    def declared_errors(self, task: str) -> tuple[str, ...]:
        """Name the ASL errors that a task's handler declares.

        Raises:
            UnknownTaskError: the task has no handler.
        """
        return self._handler(task).errors

    def check_tasks(self, names: Iterable[str]) -> None:
        """Make sure that every task named has a handler, and one that can be called.

        Raises:
            HandlerError: names every task that has none, or the handler that can't be one.
        """
        wanted = sorted(names)
        missing = [name for name in wanted if name not in self._tasks]
        if missing:
            raise HandlerError(f"no handler for {', '.join(map(repr, missing))}; {self._known()}")
        for name in wanted:
            self._tasks[name].prepare()

    def __call__(self, event: object, lambda_context: object) -> JSONValue:
        """Do the task of a message; Lambda calls this.

        Raises:
            UnknownTaskError: nobody handles it.
            Exception: whatever the handler raises; a ``TaskError`` under the error name that it gives.
        """
        if isinstance(event, dict) and isinstance(name := event.get("Task"), str):
            handler = self._handler(name)
            value, context = event.get("Input"), TaskContext.from_message(event, lambda_context)
        elif self._default is not None:
            handler = self._default
            # Lambda made it from JSON.
            value, context = cast(JSONValue, event), TaskContext.from_message({}, lambda_context)
        else:
            raise UnknownTaskError(f"the event names no Task, and no handler is the default; {self._known()}")
        token = _RUNNING.set(context)
        if self._logger is not None:
            self._logger.thread_safe_append_keys(**context.log_keys())
        try:
            return handler(value, context)
        except TaskError as exc:
            # The Lambda runtime reports the name of the class, whatever it is.
            raise type(exc.error, (Exception,), {})(exc.cause) from exc
        finally:
            _RUNNING.reset(token)
            if self._logger is not None:
                self._logger.thread_safe_remove_keys(context.log_keys())
            if self._metrics is not None:
                self._flush_metrics(context)

    @property
    def logger(self) -> TaskLogger:
        """A JSON logger whose lines name execution, state, attempt and request; Powertools', if installed."""
        if self._logger is None:
            from step.tasks.log import make_logger

            self._logger = make_logger(self._service)
            if (context := _RUNNING.get()) is not None:
                self._logger.thread_safe_append_keys(**context.log_keys())
        return self._logger

    @property
    def metrics(self) -> Any:
        """Powertools' Metrics, flushed after each task with the state as dimension.

        Raises:
            HandlerError: none were asked for, or Powertools isn't installed.
        """
        if self._metrics is None:
            from step.tasks.log import make_metrics

            self._metrics = make_metrics(self._namespace, self._service)
        return self._metrics

    def _handler(self, name: str) -> Handler:
        handler = self._tasks.get(name)
        if handler is None:
            raise UnknownTaskError(f"no handler for task {name!r}; {self._known()}")
        return handler

    def _known(self) -> str:
        return f"there are handlers for {', '.join(map(repr, self._tasks)) or 'no task'}"

    def _flush_metrics(self, context: TaskContext) -> None:
        from step.tasks.log import flush_metrics

        flush_metrics(self._metrics, context)
