"""Logs and metrics of tasks: Powertools' where installed, else a JSON logger with the same keys.

Loaded only by a handler file that asks for a logger or for metrics.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
from collections.abc import Iterable, MutableMapping
from contextvars import ContextVar
from typing import Any, Protocol

from step.errors import HandlerError
from step.tasks.context import TaskContext

_POWERTOOLS = "aws_lambda_powertools"
_LOGGING_ARGUMENTS = frozenset({"exc_info", "stack_info", "stacklevel", "extra"})


class TaskLogger(Protocol):
    """The part of Powertools' Logger that step needs; keyword arguments become keys of the line."""

    def debug(self, msg: object, *args: object, **keys: Any) -> None: ...
    def info(self, msg: object, *args: object, **keys: Any) -> None: ...
    def warning(self, msg: object, *args: object, **keys: Any) -> None: ...
    def error(self, msg: object, *args: object, **keys: Any) -> None: ...
    def critical(self, msg: object, *args: object, **keys: Any) -> None: ...
    def exception(self, msg: object, *args: object, **keys: Any) -> None: ...
    def thread_safe_append_keys(self, **additional_keys: Any) -> None: ...
    def thread_safe_remove_keys(self, keys: Iterable[str]) -> None: ...


def make_logger(service: str | None) -> TaskLogger:
    """Make a logger that writes to stderr: stdout is for results."""
    try:
        powertools: Any = importlib.import_module(_POWERTOOLS)
    except ModuleNotFoundError:
        return JsonLogger(service)
    logger: TaskLogger = powertools.Logger(service=service, stream=sys.stderr)
    return logger


def make_metrics(namespace: str | None, service: str | None) -> Any:
    """Make Powertools' Metrics.

    Raises:
        HandlerError: no namespace was given, or Powertools isn't installed.
    """
    if namespace is None:
        raise HandlerError("no metrics were asked for: give TaskHandlers(metrics=...) a namespace")
    try:
        powertools = importlib.import_module(_POWERTOOLS)
    except ModuleNotFoundError as exc:
        raise HandlerError("metrics need the package aws-lambda-powertools") from exc
    return powertools.Metrics(namespace=namespace, service=service)


def flush_metrics(metrics: Any, context: TaskContext) -> None:
    """Write what a task measured, with its state as dimension and its execution as metadata."""
    if not metrics.metric_set:
        return
    if context.task is not None:
        metrics.add_dimension(name="state", value=context.task)
    if context.execution is not None:
        metrics.add_metadata(key="execution", value=context.execution)
    metrics.flush_metrics()


class JsonLogger(logging.LoggerAdapter[logging.Logger]):
    """A standard logger with Powertools' way of adding keys, and its keys."""

    def __init__(self, service: str | None) -> None:
        service = service or os.environ.get("POWERTOOLS_SERVICE_NAME") or "service_undefined"
        logger = logging.Logger(service)
        level = os.environ.get("POWERTOOLS_LOG_LEVEL") or os.environ.get("LOG_LEVEL") or "INFO"
        logger.setLevel(level.upper())
        lines = logging.StreamHandler(sys.stderr)
        lines.setFormatter(_JsonFormatter(service))
        logger.addHandler(lines)
        super().__init__(logger)
        # A context variable: executions in several threads don't see each other's keys.
        self._keys: ContextVar[dict[str, object]] = ContextVar("keys")

    def thread_safe_append_keys(self, **additional_keys: object) -> None:
        """Add keys to the lines of this thread or asyncio task."""
        self._keys.set({**self._keys.get({}), **additional_keys})

    def thread_safe_remove_keys(self, keys: Iterable[str]) -> None:
        """Take keys off again."""
        gone = frozenset(keys)
        self._keys.set({key: value for key, value in self._keys.get({}).items() if key not in gone})

    append_keys = thread_safe_append_keys
    remove_keys = thread_safe_remove_keys

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Gather the keys of a line: the task's, those in ``extra``, and the other keyword arguments."""
        own = {key: value for key, value in kwargs.items() if key not in _LOGGING_ARGUMENTS}
        keys = {**self._keys.get({}), **(kwargs.get("extra") or {}), **own}
        passed = {key: value for key, value in kwargs.items() if key in _LOGGING_ARGUMENTS}
        return msg, {**passed, "extra": {"task_keys": keys}}


class _JsonFormatter(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        seconds = self.formatTime(record, "%Y-%m-%d %H:%M:%S")
        zone = self.formatTime(record, "%z")
        line: dict[str, object] = {
            "level": record.levelname,
            "location": f"{record.funcName}:{record.lineno}",
            "message": record.msg if isinstance(record.msg, dict) else record.getMessage(),
            "timestamp": f"{seconds},{int(record.msecs):03d}{zone}",
            "service": self._service,
            **getattr(record, "task_keys", {}),
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = self.formatException(record.exc_info)
            line["exception_name"] = record.exc_info[0].__name__
        return json.dumps(line, default=str, ensure_ascii=False, separators=(",", ":"))
