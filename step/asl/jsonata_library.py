"""The one door to the library that knows JSONata (jsonata2py): texts in, plain Python functions out.

Pure: no clock, no IO; knows nothing of states. The library is optional: import this module at the first
expression, never before. It translates JSONata to Python source; that source is compiled here in one of two
ways, with the library's own helpers in both.

- Direct: one expression over helpers that need no environment becomes a lambda (``jsonata_direct``).
- General: everything else runs in the library's evaluation environment, within bounds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from jsonata2py.errors import JsonataError
from jsonata2py.loader.loader import ExpressionLoader
from jsonata2py.optimizer.optimizer import optimize
from jsonata2py.parser.parser import Parser
from jsonata2py.runtime import context as environment
from jsonata2py.runtime import core
from jsonata2py.runtime.values import MISSING
from jsonata2py.translator.translator import Translator

from step.asl.jsonata_direct import compile_direct
from step.asl.jsonata_functions import FUNCTIONS, MAX_NUMBERS, UNDEFINED, AWSFunction, FunctionFault
from step.asl.jsonata_messages import MEMORY_EXCEEDED, STACK_EXCEEDED, name_code, word
from step.asl.scope import Scope
from step.jsonvalue import JSONValue

# (raw input, result or error output, scope) -> a value of the library's; MISSING: undefined
Run = Callable[[JSONValue, JSONValue, Scope], Any]

# AWS bounds the time of an evaluation. A bound by time can't be repeated exactly, so it is only the net
# under the library's bounds on depth (100 calls, as measured on AWS) and on tail calls.
_TIMEOUT_MS = 5_000
# The whole of $states, its context object, the time, randomness.
_NEEDS_ENTRY = re.compile(
    r"\$states\b(?!\s*\.\s*(?:input|result|errorOutput)\b)|\$(?:now|millis|random|uuid|shuffle)\b"
)


class Fault(Exception):  # noqa: N818 - becomes States.QueryEvaluationError, never seen by users
    """An evaluation that failed: JSONata's code, where there is one, and AWS's words."""

    def __init__(self, code: str | None, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class Unsupported(Exception):  # noqa: N818 - becomes States.QueryEvaluationError, never seen by users
    """The result is, or holds, a function."""


class Compiled(NamedTuple):
    """One expression.

    ``kind`` and ``part`` say what its result is known to be, as in ``Direct``. ``is_exact``: a result is JSON
    as the engine keeps it, without ``clean``. ``needs_entry``: it reads the context object, the time or
    randomness.
    """

    run: Run
    kind: str
    part: str | None
    is_exact: bool
    needs_entry: bool


@lru_cache(maxsize=4096)
def compile_text(text: str, second: str | None) -> Compiled:
    """Compile an expression (without its delimiters); ``second`` is "result", "errorOutput" or None.

    Raises:
        SyntaxError: the text isn't JSONata.
    """
    try:
        tree = Parser.parse(text)
        _rename(tree)
        source = Translator.translate(optimize(tree), text)
    except JsonataError as fault:
        raise SyntaxError(str(fault)) from fault
    except RecursionError:
        return Compiled(_too_deep, "", None, is_exact=True, needs_entry=False)
    direct = compile_direct(source, second)
    if direct is None:
        return _general(source, text, second)
    return Compiled(direct.run, direct.kind, direct.part, direct.is_exact, direct.sees_context)


def clean(value: Any) -> JSONValue:
    """Make of a result JSON as the engine keeps it; parts that are so already are shared.

    Raises:
        Unsupported: there is a function in it.
    """
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value  # type: ignore[no-any-return]  # exactly one of the scalar types
    if kind is float:
        if math.isfinite(value):
            return value  # type: ignore[no-any-return]  # kind is float
        # AWS, as public reports measured it: 1/0 is no failure, it gives a text.
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        items = [clean(item) for item in value if item is not MISSING]
        same = kind is list and len(items) == len(value)
        return value if same and all(a is b for a, b in zip(items, value, strict=True)) else items
    if isinstance(value, dict):
        members = {key: clean(item) for key, item in value.items() if item is not MISSING}
        same = kind is dict and len(members) == len(value)
        return value if same and all(members[key] is value[key] for key in members) else members
    raise Unsupported


def explain(fault: Exception, text: str) -> str:
    """Say after the name of the expression ``text`` what went wrong, as AWS does.

    AWS, as public reports measured it: a fault with a code is a sentence of its own, one without isn't.
    """
    match fault:
        case Unsupported():
            return "returned an unsupported result type."
        case RecursionError():
            fault = Fault(None, STACK_EXCEEDED)
        case JsonataError():
            fault = Fault(name_code(fault.error_code), word(fault.error_code, fault.message, text))
    if not isinstance(fault, Fault | FunctionFault):
        return "threw an internal error during evaluation."
    code = f". {fault.code}" if fault.code else ""
    return f"threw an error during evaluation{code}: {fault.message}"


# ---------------------------------------------------------------- names


def _rename(node: Any) -> None:
    # Functions that are other ones on AWS than in the library, which compiles its own in.
    for child in _walk(node):
        if getattr(child, "name", None) in _OTHER_ON_AWS and getattr(child, "is_variable", True):
            if type(child).__name__ != "FieldRef":
                object.__setattr__(child, "name", _OTHER_ON_AWS[child.name])
        elif type(child).__name__ == "Lambda":
            child.params[:] = [_OTHER_ON_AWS.get(name, name) for name in child.params]


_OTHER_ON_AWS = {"random": "aws_random", "shuffle": "aws_shuffle", "eval": "aws_eval"}


def _walk(node: Any) -> Iterator[Any]:
    pending = [node]
    while pending:
        found = pending.pop()
        if isinstance(found, list | tuple):
            pending.extend(found)
        elif is_dataclass(found):
            yield found
            pending.extend(getattr(found, field.name) for field in fields(found))


# ---------------------------------------------------------------- general


def _general(source: str, text: str, second: str | None) -> Compiled:
    entry, _ = ExpressionLoader().load(source)
    entry.__globals__.update(_CORRECTED)
    # Only a function or a range can make much work of little data.
    timeout = _TIMEOUT_MS if any(word in text for word in ("function", "λ", "..")) else 0

    def run(raw: JSONValue, extra: JSONValue, scope: Scope) -> Any:
        environment.begin_evaluation(_Bindings(raw, second, extra, scope), None, timeout)
        try:
            # What $now and $millis tell is the execution's time.
            state = environment.get_state()
            assert state is not None
            state.millis = scope.now
            return entry(MISSING, MISSING)
        finally:
            environment.end_evaluation()

    return Compiled(run, "", None, is_exact=False, needs_entry=_NEEDS_ENTRY.search(text) is not None)


def _too_deep(raw: JSONValue, extra: JSONValue, scope: Scope) -> Any:
    raise Fault(None, STACK_EXCEEDED)


def _bounded(make: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def bounded(first: Any, last: Any) -> Any:
        if core.is_number(first) and core.is_number(last) and last - first >= MAX_NUMBERS:
            raise FunctionFault(MEMORY_EXCEEDED)
        return make(first, last)

    return bounded


def _sum_field(value: Any, *names: str) -> Any:
    # The library's shortcut takes an empty array at the end of a path for nothing; its sum is 0.
    total = core.fn_sum_field(value, *names)
    if total is not MISSING:
        return total
    for name in names:
        value = core.field(value, name)
    return core.fn_sum(value)


_CORRECTED = {
    "range_": _bounded(core.range_),
    "range_flatten": _bounded(core.range_flatten),
    "fn_sum_field": _sum_field,
}


class _Bindings:
    """The names an expression sees, as the library asks for them."""

    __slots__ = ("_extra", "_raw", "_scope", "_second", "_states")

    def __init__(self, raw: JSONValue, second: str | None, extra: JSONValue, scope: Scope) -> None:
        self._raw = raw
        self._second = second
        self._extra = extra
        self._scope = scope
        self._states: dict[str, JSONValue] | None = None

    def is_empty(self) -> bool:
        return False

    def get_values(self) -> dict[str, Any]:
        return {**self._scope.variables, "states": self.get_value("states")}

    def get_functions(self) -> dict[str, Any]:
        return {name: self.get_function(name) for name in FUNCTIONS}

    def get_value(self, name: str) -> Any:
        if name != "states":
            return self._scope.variables.get(name, MISSING)
        if self._states is None:
            self._states = {"input": self._raw, "context": self._scope.context}
            if self._second is not None:
                self._states[self._second] = self._extra
        return self._states

    def get_function(self, name: str) -> _Bound | None:
        function = FUNCTIONS.get(name)
        return None if function is None else _Bound(function, self._scope)


class _Bound:
    """One of AWS's functions, in the form the library calls."""

    __slots__ = ("_function", "_scope")

    def __init__(self, function: AWSFunction, scope: Scope) -> None:
        self._function = function
        self._scope = scope

    def get_function_signature(self) -> str:
        return self._function.signature

    def apply(self, arguments: Any) -> Any:
        values = arguments.as_list()
        given = [UNDEFINED if value is MISSING else value for value in values]
        if self._function.needs_random:
            given.insert(0, self._scope.random)
        result = self._function.call(*given)
        return MISSING if result is UNDEFINED else result
