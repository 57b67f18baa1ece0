"""From JSON to the type that a handler's annotation names, strictly.

Pure: no clock, no IO. A type is compiled once into a closure that reads values.
"""

from __future__ import annotations

import dataclasses
import sys
import types
import typing
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar, overload

from step.jsonvalue import JSONValue
from step.tasks.encoding import ALIAS
from step.tasks.errors import DecodeError
from step.tasks.readers import (
    SIMPLE,
    Member,
    Reader,
    ValueMisfit,
    build,
    plain_value,
    read_choice,
    read_exact,
    read_first,
    read_list,
    read_mapping,
    read_msgspec,
    read_pydantic,
    read_record,
    read_sequence,
)

T = TypeVar("T")

_LISTS = (list, Sequence)
_OBJECTS = (dict, Mapping, MutableMapping)
_MODIFIERS = [getattr(typing, name, None) for name in ("Required", "NotRequired", "ReadOnly")]


@overload
def decode(as_: type[T], value: JSONValue) -> T: ...
@overload
def decode(as_: Any, value: JSONValue) -> Any: ...
def decode(as_: Any, value: JSONValue) -> Any:
    """Read a JSON value as a type.

    Args:
        as_: A dataclass, TypedDict, NamedTuple, enum, datetime, date, Literal, union, list, tuple, dict or
            one of JSON's own types, nested; pydantic models and msgspec Structs through their own library.
        value: The JSON; parts of it that no type changes are shared with the result.

    Raises:
        DecodeError: the value isn't such; the message names the place, as in
            ``$.toppings[2].name: expected str, got int 3``.
        TypeError: nothing can be decoded as this type.

    Examples:
        >>> from step.tasks import decode
        >>> decode(list[int], [1, 2])
        [1, 2]
        >>> decode(list[int], [1, "2"])
        Traceback (most recent call last):
        step.tasks.errors.DecodeError: $[1]: expected int, got str
    """
    return (_class_decoder if isinstance(as_, type) else decoder)(as_)(value)


def decoder(as_: Any) -> Reader:
    """Compile a type into a function that reads values of it, and raises ``DecodeError``."""
    read = _Compiler().compile(as_)

    def decode_checked(value: JSONValue) -> Any:
        try:
            return read(value)
        except ValueMisfit as misfit:
            # The class's own complaint stays visible as the cause.
            raise DecodeError(misfit.at("$")) from misfit.__cause__

    return decode_checked


_class_decoder = lru_cache(maxsize=256)(decoder)


def json_names(names: Mapping[str, object]) -> dict[str, Any]:
    """Give the recursive alias ``JSONValue`` a meaning for annotations that are evaluated among ``names``."""
    return {"JSONValue": Any} | {name: Any for name, value in names.items() if value is JSONValue}


class _Compiler:
    """Compiles one type; remembers the named types under way, so that a type may contain itself."""

    def __init__(self) -> None:
        self._named: dict[Any, list[Reader]] = {}

    def compile(self, as_: Any) -> Reader:
        if as_ is Any or as_ is object:
            return lambda value: value
        if as_ is None:
            return read_exact(types.NoneType, "null")
        if isinstance(as_, str):
            return self.compile(_evaluated(as_))
        origin = typing.get_origin(as_)
        if origin is not None:
            return self._compile_generic(as_, origin, typing.get_args(as_))
        if hasattr(as_, "__supertype__"):
            return self.compile(as_.__supertype__)
        if hasattr(as_, "__value__"):
            return self._once(as_, lambda alias: self.compile(alias.__value__))
        if isinstance(as_, type):
            return self._compile_class(as_)
        raise _unsupported(as_)

    def _compile_generic(self, as_: Any, origin: Any, args: tuple[Any, ...]) -> Reader:
        if origin is typing.Annotated or origin in _MODIFIERS:
            return self.compile(args[0])
        if origin is typing.Union or origin is types.UnionType:
            return self._union(args)
        if origin is typing.Literal:
            return read_choice([(plain_value(item), item) for item in args])
        if origin in _LISTS:
            return read_list(self.compile(args[0]))
        if origin is tuple:
            return self._tuple(args)
        if origin in _OBJECTS:
            return self._mapping(as_, *args)
        raise _unsupported(as_)

    def _compile_class(self, cls: Any) -> Reader:
        simple = SIMPLE.get(cls)
        if simple is not None:
            return simple
        if cls in _LISTS:
            return read_list(self.compile(Any))
        if cls in _OBJECTS:
            return read_exact(dict)
        if cls is tuple:
            return self._tuple((Any, ...))
        if issubclass(cls, Enum):
            return read_choice([(plain_value(item), item) for item in cls.__members__.values()])
        if hasattr(cls, "__pydantic_validator__") and "pydantic" in sys.modules:
            return read_pydantic(cls)
        if hasattr(cls, "__struct_fields__") and "msgspec" in sys.modules:
            return read_msgspec(cls)
        if dataclasses.is_dataclass(cls):
            return self._once(cls, self._dataclass)
        if hasattr(cls, "__total__") and issubclass(cls, dict):
            return self._once(cls, self._typed_dict)
        if issubclass(cls, tuple) and hasattr(cls, "_fields"):
            return self._once(cls, self._named_tuple)
        raise _unsupported(cls)

    def _once(self, key: Any, compile_: Callable[[Any], Reader]) -> Reader:
        if key in self._named:
            cell = self._named[key]
            return lambda value: cell[0](value)
        cell = self._named[key] = []
        cell.append(compile_(key))
        return cell[0]

    def _member(self, owner: Any, name: str, hint: Any) -> Reader:
        try:
            return self.compile(hint)
        except TypeError as exc:
            raise TypeError(f"{owner.__name__}.{name}: {exc}") from exc

    def _dataclass(self, cls: Any) -> Reader:
        hints = class_hints(cls)
        members = [
            Member(
                key=field.metadata.get(ALIAS, field.name),
                name=field.name,
                read=self._member(cls, field.name, hints[field.name]),
                is_required=field.default is field.default_factory is dataclasses.MISSING,
            )
            for field in dataclasses.fields(cls)
            if field.init
        ]
        return read_record(cls, members)

    def _typed_dict(self, cls: Any) -> Reader:
        members = []
        for name, hint in class_hints(cls).items():
            origin = typing.get_origin(hint)
            # Deferred annotations hide these words from the class: __required_keys__ doesn't know them then.
            is_required = origin is typing.Required or (
                origin is not typing.NotRequired and name in cls.__required_keys__
            )
            members.append(Member(name, name, self._member(cls, name, hint), is_required))
        return read_record(cls, members)

    def _named_tuple(self, cls: Any) -> Reader:
        hints = class_hints(cls)
        readers = [self._member(cls, name, hints.get(name, Any)) for name in cls._fields]
        least = len(readers) - len(cls._field_defaults)
        read = read_sequence(readers, least)
        return lambda value: build(cls, read(value), {})

    def _tuple(self, args: tuple[Any, ...]) -> Reader:
        if len(args) == 2 and args[1] is ...:
            read = read_list(self.compile(args[0]))
            return lambda value: tuple(read(value))
        read = read_sequence([self.compile(arg) for arg in args], len(args))
        return lambda value: tuple(read(value))

    def _mapping(self, as_: Any, key_type: Any, value_type: Any) -> Reader:
        is_text = key_type in (str, Any) or typing.get_origin(key_type) is typing.Literal
        if not is_text and not (isinstance(key_type, type) and issubclass(key_type, Enum)):
            raise TypeError(f"{as_}: the keys of a JSON object are str")
        return read_mapping(self.compile(key_type), self.compile(value_type))

    def _union(self, args: tuple[Any, ...]) -> Reader:
        # An int is also a float: it must stay an int where both are allowed.
        ordered = sorted(args, key=lambda arg: arg is float)
        return read_first([(_named(arg), self.compile(arg)) for arg in ordered])


def class_hints(cls: Any) -> dict[str, Any]:
    """Evaluate the annotations of a class."""
    module = getattr(sys.modules.get(cls.__module__), "__dict__", {})
    # Types that are defined in the class's own body; its defaults could hide a type of the same name.
    nested = {name: value for name, value in vars(cls).items() if isinstance(value, type)}
    return typing.get_type_hints(cls, localns=nested | json_names(module), include_extras=True)


def _evaluated(annotation: str) -> Any:
    """Evaluate ``JSONValue``, the one alias that is a text."""
    if annotation != JSONValue:
        raise TypeError(f"{annotation!r} is a text, not a type")
    return Any


def _named(as_: Any) -> str:
    if as_ is None or as_ is types.NoneType:
        return "null"
    is_plain = isinstance(as_, type) and not typing.get_args(as_)
    return as_.__name__ if is_plain else str(as_).replace("typing.", "")


def _unsupported(as_: Any) -> TypeError:
    why = ""
    if as_ in (set, frozenset) or typing.get_origin(as_) in (set, frozenset):
        why = ": a set has no order, JSON lists have one; use list or tuple"
    elif isinstance(as_, TypeVar):
        why = ": a type variable says nothing at run time"
    return TypeError(f"{_named(as_)} can't be decoded from JSON{why}")
