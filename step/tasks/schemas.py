"""The JSON Schema of what handlers take and give, from their annotations.

Pure: no clock, no IO. Not part of a cold start: only tools ask for schemas. What no schema can say, or what
isn't known, is the schema ``{}``, which everything fits.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, MutableMapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any

from step.jsonvalue import JSONObject, JSONValue
from step.tasks.decoding import class_hints
from step.tasks.encoding import ALIAS
from step.tasks.handler import Handler, types_of

_SIMPLE: dict[Any, JSONObject] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    types.NoneType: {"type": "null"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    dict: {"type": "object"},
    list: {"type": "array"},
    tuple: {"type": "array"},
}
_LISTS = (list, Sequence)
_OBJECTS = (dict, Mapping, MutableMapping)
_MODIFIERS = [getattr(typing, name, None) for name in ("Required", "NotRequired", "ReadOnly")]


def input_schema(handler: Handler) -> JSONObject:
    """Say what a handler takes."""
    return schema_of(types_of(handler.function)[0], is_given=False)


def output_schema(handler: Handler) -> JSONObject:
    """Say what a handler gives."""
    return schema_of(types_of(handler.function)[1], is_given=True)


def schema_of(as_: Any, *, is_given: bool) -> JSONObject:
    """Write the schema of a type.

    Args:
        as_: The type.
        is_given: Whether it is a result: then members with a default are always there.
    """
    return _Writer(is_given).write(as_)


class _Writer:
    def __init__(self, is_given: bool) -> None:
        self._is_given = is_given
        # The classes under way: one that contains itself is told once.
        self._open: list[Any] = []

    def write(self, as_: Any) -> JSONObject:
        if as_ in (None, types.NoneType):
            return {"type": "null"}
        origin, args = typing.get_origin(as_), typing.get_args(as_)
        if origin is not None:
            return self._generic(origin, args)
        if hasattr(as_, "__supertype__"):
            return self.write(as_.__supertype__)
        if not isinstance(as_, type):
            return {}
        return dict(_SIMPLE[as_]) if as_ in _SIMPLE else self._class(as_)

    def _generic(self, origin: Any, args: tuple[Any, ...]) -> JSONObject:
        if origin is typing.Annotated or origin in _MODIFIERS:
            return self.write(args[0])
        if origin in (typing.Union, types.UnionType):
            return {"anyOf": [self.write(arg) for arg in args]}
        if origin is typing.Literal:
            return {"enum": list(args)}
        if origin in _LISTS or (origin is tuple and args[1:] == (...,)):
            return {"type": "array", "items": self.write(args[0])}
        if origin is tuple:
            items: list[JSONValue] = [self.write(arg) for arg in args]
            return {"type": "array", "prefixItems": items, "minItems": len(args), "maxItems": len(args)}
        if origin in _OBJECTS:
            return {"type": "object", "additionalProperties": self.write(args[1])}
        return {}

    def _class(self, cls: Any) -> JSONObject:
        if issubclass(cls, Enum):
            return {"enum": [member.value for member in cls]}
        if hasattr(cls, "model_json_schema"):
            schema: JSONObject = cls.model_json_schema(
                mode="serialization" if self._is_given else "validation"
            )
            return schema
        if cls in self._open:
            return {}
        self._open.append(cls)
        try:
            if dataclasses.is_dataclass(cls):
                return self._dataclass(cls)
            if hasattr(cls, "__total__") and issubclass(cls, dict):
                return self._typed_dict(cls)
        finally:
            self._open.pop()
        return {}

    def _dataclass(self, cls: Any) -> JSONObject:
        hints = class_hints(cls)
        fields = [field for field in dataclasses.fields(cls) if field.init]
        keys = [str(field.metadata.get(ALIAS, field.name)) for field in fields]
        needed = [
            self._is_given or field.default is field.default_factory is dataclasses.MISSING
            for field in fields
        ]
        members = {key: self.write(hints[field.name]) for key, field in zip(keys, fields, strict=True)}
        return _record(cls, members, [key for key, is_needed in zip(keys, needed, strict=True) if is_needed])

    def _typed_dict(self, cls: Any) -> JSONObject:
        hints = class_hints(cls)
        required = [
            name
            for name, hint in hints.items()
            if typing.get_origin(hint) is typing.Required
            or (typing.get_origin(hint) is not typing.NotRequired and name in cls.__required_keys__)
        ]
        return _record(cls, {name: self.write(hint) for name, hint in hints.items()}, required)


def _record(cls: Any, members: dict[str, JSONObject], required: list[str]) -> JSONObject:
    return {
        "title": cls.__name__,
        "type": "object",
        "properties": dict(members),
        "required": list(required),
        "additionalProperties": False,
    }
