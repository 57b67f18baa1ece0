"""Readers of JSON values: one closure for each kind of type, strict and with the place of a misfit.

Pure: no clock, no IO. Knows no annotations; ``decoding`` chooses the readers.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any, NamedTuple

from step.clock import parse_timestamp
from step.jsonvalue import JSONValue, to_text

Reader = Callable[[JSONValue], Any]


class ValueMisfit(Exception):  # noqa: N818 - a signal inside this module
    """A value that doesn't fit; containers add their part of the place on the way out, innermost first."""

    def __init__(self, problem: str, *, is_kind: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.place: list[str] = []
        # The value is of another JSON type than expected: in a union, the least telling of the problems.
        self.is_kind = is_kind

    def add_path(self, parts: Sequence[str | int]) -> None:
        """Add a whole path, outermost part first."""
        self.place += [f"[{part}]" if isinstance(part, int) else f".{part}" for part in reversed(parts)]

    def at(self, root: str) -> str:
        return f"{root}{''.join(reversed(self.place))}: {self.problem}"


def described(value: JSONValue) -> str:
    """Say what a value is; texts and containers stay unsaid, for they may hold secrets."""
    if value is None:
        return "null"
    kind = type(value).__name__
    return f"{kind} {value!r}" if isinstance(value, int | float) else kind


def mismatch(expected: str, value: JSONValue) -> str:
    """Word the commonest problem."""
    return f"expected {expected}, got {described(value)}"


def _wrong_kind(expected: str, value: JSONValue) -> ValueMisfit:
    return ValueMisfit(mismatch(expected, value), is_kind=True)


def decode_timestamp(value: JSONValue) -> datetime | None:
    """Read an RFC 3339 timestamp, or None; a fraction is cut after microseconds."""
    if type(value) is not str or parse_timestamp(value) is None:
        return None
    return datetime.fromisoformat(value)


class Member(NamedTuple):
    """A member of a JSON object: its key there, its name in Python."""

    key: str
    name: str
    read: Reader
    is_required: bool


def read_record(cls: Any, members: list[Member]) -> Reader:
    """Read an object whose keys are known; none may be unknown or missing."""
    known = {member.key: member for member in members}
    required = [member.key for member in members if member.is_required]

    def read(value: JSONValue) -> Any:
        if type(value) is not dict:
            raise _wrong_kind(cls.__name__, value)
        if not value.keys() <= known.keys():
            raise _unknown_key(value, list(known))
        for key in required:
            if key not in value:
                raise ValueMisfit(f"{cls.__name__} needs {key!r}, which is missing")
        taken: dict[str, Any] = {}
        key = ""
        try:
            for key, item in value.items():
                member = known[key]
                taken[member.name] = member.read(item)
        except ValueMisfit as misfit:
            misfit.place.append(f".{key}")
            raise
        return build(cls, (), taken)

    return read


def build(cls: Any, args: Sequence[Any], members: dict[str, Any]) -> Any:
    """Call a class; what it refuses is a misfit."""
    try:
        return cls(*args, **members)
    except (TypeError, ValueError) as exc:
        raise ValueMisfit(f"{cls.__name__} refuses it: {exc}") from exc


def _unknown_key(value: dict[str, JSONValue], known: list[str]) -> ValueMisfit:
    import difflib

    unknown = next(key for key in value if key not in known)
    near = difflib.get_close_matches(unknown, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(map(repr, known)) or 'none'}"
    return ValueMisfit(f"unknown key {unknown!r} ({hint})")


def read_mapping(read_key: Reader, read_item: Reader) -> Reader:
    """Read an object of any keys."""

    def read(value: JSONValue) -> Any:
        if type(value) is not dict:
            raise _wrong_kind("dict", value)
        items: dict[Any, Any] = {}
        key = ""
        try:
            for key, item in value.items():
                items[read_key(key)] = read_item(item)
        except ValueMisfit as misfit:
            misfit.place.append(f".{key}")
            raise
        return items

    return read


def read_exact(kind: type, name: str | None = None) -> Reader:
    """Read one JSON type: a bool is no int."""
    expected = name or kind.__name__

    def read(value: JSONValue) -> Any:
        if type(value) is kind:
            return value
        raise _wrong_kind(expected, value)

    return read


def _float(value: JSONValue) -> float:
    if type(value) is float:
        return value
    if type(value) is int:
        # 2**53 and below are exact; a larger one may be.
        if abs(value) <= 2**53 or (abs(value) < 2**1023 and float(value) == value):
            return float(value)
        raise ValueMisfit("expected float, got an int too large to be exact as one")
    raise _wrong_kind("float", value)


def _datetime(value: JSONValue) -> datetime:
    time = decode_timestamp(value)
    if time is None:
        raise ValueMisfit(
            f"expected an RFC 3339 timestamp, got {_quoted(value)}", is_kind=type(value) is not str
        )
    return time


def _date(value: JSONValue) -> date:
    if type(value) is str and len(value) == 10 and parse_timestamp(f"{value}T00:00:00Z") is not None:
        return date.fromisoformat(value)
    raise ValueMisfit(f"expected a date (2026-01-31), got {_quoted(value)}", is_kind=type(value) is not str)


SIMPLE: dict[type, Reader] = {
    **{kind: read_exact(kind) for kind in (str, int, bool)},
    types.NoneType: read_exact(types.NoneType, "null"),
    float: _float,
    datetime: _datetime,
    date: _date,
}


def plain_value(item: object) -> object:
    return item.value if isinstance(item, Enum) else item


def read_choice(choices: list[tuple[Any, Any]]) -> Reader:
    """Decode one of a few scalars; the type counts too, for 1 == True."""
    for plain, item in choices:
        if type(plain) not in (str, int, bool, float, types.NoneType):
            raise TypeError(f"{item!r} has no JSON: its value is {type(plain).__name__}")
    table = {(type(plain), plain): item for plain, item in reversed(choices)}
    expected = " or ".join(repr(plain) for plain, _ in choices) or "nothing: there is no choice"

    def read(value: JSONValue) -> Any:
        if isinstance(value, dict | list) or (type(value), value) not in table:
            raise ValueMisfit(f"expected {expected}, got {_quoted(value)}")
        return table[type(value), value]

    return read


def _quoted(value: JSONValue) -> str:
    """Describe a value where a text of a certain form was expected: a short text is shown."""
    return f"str {value!r}" if isinstance(value, str) and len(value) <= 40 else described(value)


def read_list(read_item: Reader) -> Reader:
    def read(value: JSONValue) -> list[Any]:
        if type(value) is not list:
            raise _wrong_kind("list", value)
        items: list[Any] = []
        try:
            for item in value:
                items.append(read_item(item))
        except ValueMisfit as misfit:
            misfit.place.append(f"[{len(items)}]")
            raise
        return items

    return read


def read_sequence(readers: list[Reader], least: int) -> Reader:
    """Decode a list with one type for each place; those past ``least`` may be missing."""
    most = len(readers)
    expected = f"{most} items" if least == most else f"{least} to {most} items"

    def read(value: JSONValue) -> list[Any]:
        if type(value) is not list:
            raise _wrong_kind("list", value)
        if not least <= len(value) <= most:
            raise ValueMisfit(f"expected {expected}, got {len(value)}")
        items: list[Any] = []
        try:
            for read_item, item in zip(readers, value, strict=False):
                items.append(read_item(item))
        except ValueMisfit as misfit:
            misfit.place.append(f"[{len(items)}]")
            raise
        return items

    return read


def read_first(options: list[tuple[str, Reader]]) -> Reader:
    """Read a value by the first of the named readers that takes it."""

    def read(value: JSONValue) -> Any:
        misfits: list[tuple[str, ValueMisfit]] = []
        for name, option in options:
            try:
                return option(value)
            except ValueMisfit as misfit:
                misfits.append((name, misfit))
        raise _no_option([name for name, _ in options], misfits, value)

    return read


def _no_option(names: list[str], misfits: list[tuple[str, ValueMisfit]], value: JSONValue) -> ValueMisfit:
    """Choose what to say of a value that no member of a union takes."""
    telling = [(name, misfit) for name, misfit in misfits if misfit.place or not misfit.is_kind]
    if not telling:
        return _wrong_kind(" | ".join(names), value)
    if len(telling) == 1:
        return telling[0][1]
    return ValueMisfit("; ".join(f"as {name}: {misfit.at('$')}" for name, misfit in telling))


def read_pydantic(cls: Any) -> Reader:
    pydantic: Any = sys.modules["pydantic"]
    adapter = pydantic.TypeAdapter(cls)

    def read(value: JSONValue) -> Any:
        try:
            # As JSON, not as Python values: a strict model takes a timestamp's text from JSON only.
            return adapter.validate_json(to_text(value))
        except pydantic.ValidationError as exc:
            first = exc.errors(include_url=False, include_input=False)[0]
            misfit = ValueMisfit(first["msg"])
            misfit.add_path(first["loc"])
            raise misfit from exc

    return read


def read_msgspec(cls: Any) -> Reader:
    msgspec: Any = sys.modules["msgspec"]

    def read(value: JSONValue) -> Any:
        try:
            return msgspec.convert(value, cls)
        except msgspec.ValidationError as exc:
            problem, _, place = str(exc).partition(" - at `$")
            misfit = ValueMisfit(problem)
            misfit.place = [place.removesuffix("`")]
            raise misfit from exc

    return read
