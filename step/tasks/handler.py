"""One handler: the user's function, how its input is read and how its result is written.

Looks at the function on its first call: most of a Lambda's handlers aren't called in a cold start.
"""

from __future__ import annotations

import inspect
import sys
import types
import typing
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from step.errors import HandlerError
from step.jsonvalue import JSONValue
from step.tasks.context import TaskContext
from step.tasks.decoding import decoder, json_names
from step.tasks.encoding import encode

Raises = Iterable[type[BaseException] | str] | type[BaseException] | str
_Call = Callable[[JSONValue, TaskContext], object]
_NO_CONTEXT = TaskContext()


class Handler:
    """A function from a task's input to its result, both JSON.

    Attributes:
        function: The user's function: of nothing, of the input, or of the input and a ``TaskContext``.
        errors: The ASL error names that the handler is declared to raise.
    """

    __slots__ = ("_call", "errors", "function")

    def __init__(self, function: Callable[..., object], raises: Raises = ()) -> None:
        self.function = function
        declared = (raises,) if isinstance(raises, str | type) else raises
        self.errors = tuple(error if isinstance(error, str) else error.__name__ for error in declared)
        self._call: _Call | None = None

    @property
    def name(self) -> str:
        """The function's name, for messages."""
        return getattr(self.function, "__qualname__", None) or repr(self.function)

    def __call__(self, value: JSONValue, context: TaskContext | None = None) -> JSONValue:
        """Decode the input, call the function, wait for it if it is async, encode its result.

        Raises:
            DecodeError: the input isn't what the function's annotation says.
            TypeError: the result isn't JSON.
            HandlerError: the function can't be a handler.
            Exception: whatever the function raises, unchanged.
        """
        call = self._call or self.prepare()
        result = call(value, context or _NO_CONTEXT)
        if hasattr(result, "__await__"):
            result = _wait_for(typing.cast("Awaitable[object]", result), self.name)
        return encode(result)

    def prepare(self) -> _Call:
        """Look at the function now; only needed to find a wrong one before it is called.

        Raises:
            HandlerError: it takes too much, or its annotation can't be decoded.
        """
        try:
            self._call = _compile(self.function)
        except (NameError, TypeError) as exc:
            raise HandlerError(f"handler {self.name}: {_explain(exc)}") from exc
        return self._call


def types_of(function: Callable[..., object]) -> tuple[Any, Any]:
    """Give the annotations of a handler's input and result; ``Any`` where there is none that can be known."""
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    positional = [
        p for p in _parameters(function) if p.kind not in (*several, inspect.Parameter.KEYWORD_ONLY)
    ]
    try:
        hints = _hints(function, positional[:1])
    except (NameError, TypeError):
        hints = []
    result = inspect.Parameter("result", inspect.Parameter.POSITIONAL_ONLY, annotation=_result_of(function))
    try:
        given = _hints(function, [result])[0]
    except (NameError, TypeError):
        given = Any
    taken = hints[0] if hints and hints[0] is not TaskContext else Any
    return taken, given


def _result_of(function: Callable[..., object]) -> Any:
    annotation = getattr(function, "__annotations__", {}).get("return", Any)
    # Nobody annotates a value that has no type with None but a function that gives nothing.
    return type(None) if annotation is None else annotation


def _explain(exc: NameError | TypeError) -> str:
    if isinstance(exc, NameError):
        return f"{exc}; the type of its input must be known at run time, at the top of a module"
    return str(exc)


def _compile(function: Callable[..., Any]) -> _Call:
    parameters = _parameters(function)
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [p for p in parameters if p.default is p.empty and p.kind not in several]
    if len(needed) > 2 or any(p.kind is p.KEYWORD_ONLY for p in needed):
        raise TypeError(f"needs {', '.join(p.name for p in needed)}; it gets an input and a TaskContext")
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][:2]
    if not positional:
        if any(p.kind is p.VAR_POSITIONAL for p in parameters):
            return lambda value, context: function(value)
        return lambda value, context: function()
    hints = _hints(function, positional)
    if hints[0] is TaskContext and len(needed) < 2:
        return lambda value, context: function(context)
    decode = decoder(hints[0])
    if len(needed) == 2 or hints[1:] == [TaskContext]:
        return lambda value, context: function(decode(value), context)
    return lambda value, context: function(decode(value))


def _parameters(function: Callable[..., object]) -> list[inspect.Parameter]:
    try:
        if sys.version_info >= (3, 14):
            from annotationlib import Format

            signature = inspect.signature(function, annotation_format=Format.FORWARDREF)
        else:
            signature = inspect.signature(function)
    except ValueError:  # some functions written in C tell nothing of themselves
        return [inspect.Parameter("input", inspect.Parameter.POSITIONAL_ONLY)]
    return list(signature.parameters.values())


def _hints(function: Callable[..., object], parameters: list[inspect.Parameter]) -> list[Any]:
    """Evaluate the annotations of these parameters only: others may be unknown at run time."""
    names = _globals(function)
    known = json_names(names)

    def probe() -> None: ...

    hints: list[Any] = []
    for index, parameter in enumerate(parameters):
        annotation = parameter.annotation
        probe.__annotations__ = {"it": Any if annotation is parameter.empty else annotation}
        try:
            hints.append(typing.get_type_hints(probe, names, known, include_extras=True)["it"])
        except NameError:
            if index == 0:
                raise
            hints.append(None)
    return hints


def _globals(function: Any) -> dict[str, Any]:
    while inner := getattr(function, "__wrapped__", None) or getattr(function, "func", None):
        function = inner
    if not hasattr(function, "__globals__"):
        function = getattr(function, "__func__", None) or type(function).__call__
    found: dict[str, Any] = getattr(function, "__globals__", {})
    return found


def _wait_for(awaitable: Awaitable[object], name: str) -> object:
    import asyncio

    async def wait() -> object:
        return await awaitable

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(wait())
    if isinstance(awaitable, types.CoroutineType):
        awaitable.close()
    raise HandlerError(f"handler {name} is async, and an event loop runs in this thread: use another thread")
