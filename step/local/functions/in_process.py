"""Functions of a folder, run in this process: ``lambda/bread.py`` is the function ``bread``.

For work on handlers: a changed file is loaded again, breakpoints stop, tracebacks are kept. One process and
one environment for all of them: what Lambda promises about isolation, memory and time isn't kept here.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any, NamedTuple

from step.clock import now_ms
from step.jsonvalue import JSONValue
from step.local.functions.worker import WorkerOutcome
from step.tasks import TaskHandlers

_log = logging.getLogger("step.local.functions")


class LocalContext:
    """What a handler gets as its context, of Lambda's attributes and methods."""

    def __init__(self, name: str, arn: str, request_id: str, deadline_ms: int) -> None:
        self.function_name = name
        self.function_version = "$LATEST"
        self.invoked_function_arn = arn
        self.memory_limit_in_mb = "128"
        self.aws_request_id = request_id
        self.log_group_name = f"/aws/lambda/{name}"
        self.log_stream_name = "local"
        self.identity = None
        self.client_context = None
        self._deadline_ms = deadline_ms

    def get_remaining_time_in_millis(self) -> int:
        """Say how much time is left; nobody ends the handler when it is over."""
        return max(0, self._deadline_ms - now_ms())


class _Loaded(NamedTuple):
    changed_ns: int
    call: Callable[[Any, Any], Any]


class HandlerFolder:
    """A folder of handler files. Threads may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._loaded: dict[str, _Loaded] = {}

    def has(self, name: str) -> bool:
        """Whether a function of this name is in the folder."""
        return (self._folder / f"{name}.py").is_file()

    def names(self) -> list[str]:
        """Name the functions that are there."""
        return sorted(file.stem for file in self._folder.glob("*.py") if file.stem != "__init__")

    def invoke(self, name: str, payload: bytes, context: LocalContext) -> WorkerOutcome:
        """Call a function's handler; an exception becomes Lambda's document of it."""
        begun_ms = now_ms()
        kind, body, log = "response", b"", ""
        try:
            handler = self._handler(name)
            # What the handler gets is its own: a copy.
            body = json.dumps(handler(json.loads(payload), context)).encode()
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            kind, body = "error", json.dumps(_document(error, context.aws_request_id)).encode()
            log = "".join(traceback.format_exception(error))
            _log.warning("function %s failed\n%s", name, log)
        return WorkerOutcome(kind, body, log.encode("utf-8", "replace"), now_ms() - begun_ms, None)

    def _handler(self, name: str) -> Callable[[Any, Any], Any]:
        file = self._folder / f"{name}.py"
        changed_ns = file.stat().st_mtime_ns
        with self._lock:
            loaded = self._loaded.get(name)
            if loaded is None or loaded.changed_ns != changed_ns:
                loaded = _Loaded(changed_ns, _entry(_load(file), file))
                self._loaded[name] = loaded
            return loaded.call


def _load(file: Path) -> ModuleType:
    # By the name it has in Lambda too: what a handler logs and pickles says the same.
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"Unable to import module '{file.stem}'")
    module = importlib.util.module_from_spec(spec)
    folder = str(file.parent)
    if folder not in sys.path:
        sys.path.append(folder)
    sys.modules[f"step_handlers_{file.stem}"] = module
    spec.loader.exec_module(module)
    return module


def _entry(module: ModuleType, file: Path) -> Callable[[Any, Any], Any]:
    """Find a module's entry: ``handler``, ``lambda_handler``, or its only TaskHandlers."""
    for name in ("handler", "lambda_handler"):
        found = getattr(module, name, None)
        if callable(found):
            return found  # type: ignore[no-any-return]  # it is callable
    handlers = {id(value): value for value in vars(module).values() if isinstance(value, TaskHandlers)}
    if len(handlers) == 1:
        return next(iter(handlers.values()))
    raise AttributeError(
        f"{file}: expected a function handler(event, context) or one TaskHandlers, found {len(handlers)}"
    )


def _document(error: BaseException, request_id: str) -> dict[str, JSONValue]:
    # The frames of this file are not the function's.
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": request_id,
        "stackTrace": list(traceback.format_list(frames)),
    }
