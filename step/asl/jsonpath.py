"""Compile JSONPaths, the readers (``InputPath``, ``"x.$"``, ...) and the placers (``ResultPath``).

Pure: no clock, no IO. Paths of fields only, nearly all in real definitions, become one closure without
a loop; what else a path may hold is in ``jsonpath_select``.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Sequence
from typing import Any

from step.asl.java_text import name_java_type, to_java_text
from step.asl.jsonpath_parse import (
    NUMBER_FUNCTIONS,
    Filter,
    Index,
    Name,
    Names,
    Path,
    PathCall,
    PathSyntaxError,
    Segment,
    Slice,
    Wildcard,
    parse_path,
)
from step.asl.jsonpath_select import AggregateFailure, compile_call, compile_select, pick
from step.asl.meter import Exceeded, Meter
from step.asl.scope import UNBOUND, Bound, Evaluate, Expression, Scope
from step.errors import StateFailure
from step.jsonvalue import JSONValue, to_text

__all__ = [
    "Path",
    "PathFailure",
    "PathSyntaxError",
    "compile_path",
    "compile_result_path",
    "parse_path",
    "set_at",
]

_JSON_PROVIDER = "com.jayway.jsonpath.spi.json.JacksonJsonProvider"
# What a definite path can meet where the value doesn't fit it.
_MISMATCH = (LookupError, TypeError)
_NUMBER_BYTES = 25

# Closures take ``Any``: instead of asking for types they try, and explain afterwards.
_Follow = Callable[[Any], Any]


class PathFailure(StateFailure):
    """A path that doesn't apply to its value: "States.Runtime" with the words of AWS.

    ``text`` is the path, ``reason`` what Jayway says; callers that word it differently use them.
    """

    def __init__(self, cause: str, *, text: str, reason: str) -> None:
        super().__init__("States.Runtime", cause)
        self.text = text
        self.reason = reason


def compile_path(path: str | Path, *, field: str | None = None) -> Expression:
    """Compile a path to the function that reads it.

    Fields with a path of their own kind (InputPath, OutputPath, ItemsPath, TimeoutSecondsPath, ...) say
    ``Invalid path '$.a' : No results for path: $['a']``. With ``field`` ("ErrorPath", "x.$") the failure is
    ``The JSONPath '$.a' specified for the field 'x.$' could not be found in the input '{}'``.
    Observed: invalid_jsonpath, in all those fields.

    Raises:
        PathSyntaxError: the text isn't a path.
    """
    if isinstance(path, str):
        path = parse_path(path)
    fail = _make_fail(path, field)
    names = path.names
    if path.root == "$":
        read = _compile_names(names, fail) if names is not None else _compile_from_input(path, fail)
    elif path.root == "$$":
        read = _compile_from_context(path, fail)
    else:
        read = _compile_from_variable(path, fail)
    return Expression(read, _bound(path))


_Fail = Callable[[Any, Any], PathFailure]


def _make_fail(path: Path, field: str | None) -> _Fail:
    def fail(value: Any, start: Any) -> PathFailure:
        reason = _explain(path, start)
        if field is None:
            cause = f"Invalid path '{path.text}' : {reason}"
        else:
            cause = (
                f"The JSONPath '{path.text}' specified for the field '{field}' "
                f"could not be found in the input '{to_text(value)}'"
            )
        return PathFailure(cause, text=path.text, reason=reason)

    return fail


def _compile_names(names: tuple[str, ...], fail: _Fail) -> Evaluate:
    if not names:
        return lambda value, _scope: value
    if len(names) == 1:
        return _compile_one_name(names[0], fail)
    if len(names) == 2:
        return _compile_two_names(names[0], names[1], fail)
    if len(names) == 3:
        return _compile_three_names(names[0], names[1], names[2], fail)

    def read(value: Any, _scope: Scope) -> Any:
        found = value
        try:
            for name in names:
                found = found[name]
        except _MISMATCH:
            raise fail(value, value) from None
        return found

    return read


def _compile_one_name(name: str, fail: _Fail) -> Evaluate:
    def read(value: Any, _scope: Scope) -> Any:
        try:
            return value[name]
        except _MISMATCH:
            raise fail(value, value) from None

    return read


def _compile_two_names(first: str, second: str, fail: _Fail) -> Evaluate:
    def read(value: Any, _scope: Scope) -> Any:
        try:
            return value[first][second]
        except _MISMATCH:
            raise fail(value, value) from None

    return read


def _compile_three_names(first: str, second: str, third: str, fail: _Fail) -> Evaluate:
    def read(value: Any, _scope: Scope) -> Any:
        try:
            return value[first][second][third]
        except _MISMATCH:
            raise fail(value, value) from None

    return read


def _compile_from_input(path: Path, fail: _Fail) -> Evaluate:
    follow = _compile_follow(path)

    def read(value: Any, _scope: Scope) -> Any:
        try:
            return follow(value)
        except _MISMATCH:
            raise fail(value, value) from None

    return read


def _compile_from_context(path: Path, fail: _Fail) -> Evaluate:
    follow = _compile_follow(path)

    def read(value: Any, scope: Scope) -> Any:
        context = scope.context
        try:
            return follow(context)
        except _MISMATCH:
            raise fail(value, context) from None

    return read


def _compile_from_variable(path: Path, fail: _Fail) -> Evaluate:
    variable = path.root
    follow = _compile_follow(path)

    def read(value: Any, scope: Scope) -> Any:
        variables = scope.variables
        try:
            return follow(variables[variable])
        except _MISMATCH:
            raise fail(value, variables.get(variable)) from None

    return read


def _compile_follow(path: Path) -> _Follow:
    names, keys = path.names, path.keys
    if names is not None:
        return _follow_names(names)
    if keys is not None:
        return lambda start: _follow_keys(start, keys)
    if isinstance(path.segments[-1], PathCall):
        return _follow_call(path)
    if path.is_definite:
        return _follow_picked(path)
    select = compile_select(path.segments)
    return _counted(path, lambda start, meter: select([start], start, meter))


def _counted(path: Path, follow: Callable[[Any, Meter], Any]) -> _Follow:
    """Follow a path that may touch much, within the limits of an evaluation."""

    def counted(start: Any) -> Any:
        meter = Meter()
        try:
            found = follow(start, meter)
            size = 0
            for item in found if type(found) is list else ():
                # What is found twice counts twice, also where it lies in memory once.
                if type(item) is dict or type(item) is list:
                    size += len(marshal.dumps(item, 2))
                    if size > meter.limits.value_bytes:
                        meter.make(size)
        except Exceeded as fault:
            name = "States.DataLimitExceeded" if fault.is_memory else "States.Runtime"
            raise StateFailure(name, f"Invalid path '{path.text}' : {fault.message}") from None
        return found

    return counted


def _follow_names(names: tuple[str, ...]) -> _Follow:
    if not names:
        return lambda start: start
    if len(names) == 1:
        (only,) = names
        return lambda start: start[only]
    if len(names) == 2:
        first, second = names
        return lambda start: start[first][second]

    def follow(start: Any) -> Any:
        for name in names:
            start = start[name]
        return start

    return follow


def _follow_keys(start: Any, keys: Sequence[str | int]) -> Any:
    for key in keys:
        # A number must not index a text.
        if type(key) is int and type(start) is not list:
            raise TypeError
        start = start[key]
    return start


def _follow_call(path: Path) -> _Follow:
    call = compile_call(path)

    def follow(start: Any, meter: Meter) -> Any:
        try:
            return call(start, start, meter)
        except AggregateFailure as exc:
            raise LookupError from exc

    return _counted(path, follow)


def _follow_picked(path: Path) -> _Follow:
    names = path.segments[-1]
    assert isinstance(names, Names)
    reach = _compile_follow(Path(text=path.text, root=path.root, segments=path.segments[:-1]))

    def follow(start: Any) -> Any:
        found = reach(start)
        if type(found) is not dict:
            raise TypeError
        return pick(found, names.names)

    return follow


def _bound(path: Path) -> Bound:
    if path.root != "$":
        return Bound((), UNBOUND)
    first = path.segments[0] if path.segments else None
    reads = (first.name if isinstance(first, Name) else None,)
    if path.is_reference:
        return Bound(reads)
    last = path.segments[-1]
    if isinstance(last, PathCall):
        return Bound((), _NUMBER_BYTES if last.function in NUMBER_FUNCTIONS else UNBOUND)
    return Bound(reads, 2) if all(map(_never_repeats, path.segments)) else Bound((), UNBOUND)


def _never_repeats(segment: Segment) -> bool:
    # Each match is another part of the value, so all of them fit in its text (an empty list may be longer).
    if isinstance(segment, Slice):
        return segment.start is None or segment.start >= 0 or segment.stop is None
    return isinstance(segment, Name | Index | Wildcard | Filter)


# -- why a path didn't apply, in Jayway's words


def _explain(path: Path, start: Any) -> str:
    place = "$"
    for index, segment in enumerate(path.segments):
        if isinstance(segment, Name):
            if type(start) is not dict:
                return _explain_no_object(segment.name, place, start)
            if segment.name not in start:
                is_last = index == len(path.segments) - 1
                missing = "No results for path" if is_last else "Missing property in path"
                return f"{missing}{':' if is_last else ''} {place}['{segment.name}']"
            place, start = f"{place}['{segment.name}']", start[segment.name]
        elif isinstance(segment, Index):
            if start is None:
                return f"The path {place} is null"
            if type(start) is not list:
                filtered = f"Filter: [{segment.number}] can only be applied to arrays."
                return f"{filtered} Current context is: {to_java_text(start)}"
            if not -len(start) <= segment.number < len(start):
                break
            place, start = f"{place}[{segment.number}]", start[segment.number]
        else:
            return _explain_closing(segment, place, start)
    return f"No results for path: {_normal_text(path.segments)}"


def _explain_no_object(name: str, place: str, found: Any) -> str:
    return (
        f"Expected to find an object with property ['{name}'] in path {place} but found "
        f"'{name_java_type(found)}'. "
        f"This is not a json object according to the JsonProvider: '{_JSON_PROVIDER}'."
    )


def _explain_closing(segment: Segment, place: str, start: Any) -> str:
    if isinstance(segment, Names):
        return _explain_no_object("','".join(segment.names), place, start)
    if isinstance(segment, PathCall) and segment.function in ("min", "max", "avg", "stddev", "sum"):
        return "Aggregation function attempted to calculate value using empty array"
    return f"No results for path: {place}"


def _normal_text(segments: Sequence[Segment]) -> str:
    keys = (segment for segment in segments if isinstance(segment, Name | Index))
    return "$" + "".join(f"['{key.name}']" if isinstance(key, Name) else f"[{key.number}]" for key in keys)


# -- ResultPath


Place = Callable[[JSONValue, JSONValue], JSONValue]


def compile_result_path(text: str) -> Place:
    """Compile a ResultPath to ``(raw input, result) -> output``. Spec: ASL "ResultPath".

    Raises:
        PathSyntaxError: the text isn't a reference path.
    """
    path = parse_path(text)
    keys = path.keys
    if keys is None or path.root != "$":
        raise PathSyntaxError(f"'{text}': a ResultPath is a reference path that starts with '$'")
    if not keys:
        return lambda _raw_input, result: result
    if len(keys) > 1 or isinstance(keys[0], int):
        return lambda raw_input, result: set_at(path, raw_input, result)
    name = keys[0]

    def place(raw_input: JSONValue, result: JSONValue) -> JSONValue:
        if type(raw_input) is not dict:
            raise _cannot_place(path, raw_input)
        # Copying and storing takes two thirds of the time of {**raw_input, name: result}.
        output = raw_input.copy()
        output[name] = result
        return output

    return place


def set_at(path: Path, target: JSONValue, value: JSONValue) -> JSONValue:
    """Put ``value`` at a reference path and give the new whole; only what lies on the path is copied.

    Missing objects are made, and a missing list where the index is 0; other indexes must be there.

    Raises:
        StateFailure: "States.ResultPathMatchFailure" where the path can't be applied.
    """
    keys = path.keys
    assert keys is not None
    try:
        return _put(target, keys, 0, value)
    except _MISMATCH:
        raise _cannot_place(path, target) from None


def _put(target: Any, keys: tuple[str | int, ...], depth: int, value: JSONValue) -> JSONValue:
    if depth == len(keys):
        return value
    key = keys[depth]
    if isinstance(key, str):
        if type(target) is not dict:
            raise TypeError
        if key in target:
            return {**target, key: _put(target[key], keys, depth + 1, value)}
        return {**target, key: _make(keys, depth + 1, value)}
    if type(target) is not list:
        raise TypeError
    items: list[Any] = target.copy()
    items[key] = _put(items[key], keys, depth + 1, value)
    return items


def _make(keys: tuple[str | int, ...], depth: int, value: JSONValue) -> JSONValue:
    for key in reversed(keys[depth:]):
        if key == 0:
            value = [value]
        elif isinstance(key, str):
            value = {key: value}
        else:
            raise LookupError
    return value


def _cannot_place(path: Path, target: JSONValue) -> StateFailure:
    cause = f"Unable to apply ReferencePath {path.text} to input {to_text(target)}"
    return StateFailure("States.ResultPathMatchFailure", cause)
