"""Parameters of an API's operations, checked against botocore's model as the service itself would.

Reads the models that come with botocore; calls nothing. First types, whose failure is AWS's
SerializationException; then everything that a model says of values, all at once in one ValidationException.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Any, NoReturn

from step.aws.models import service_model
from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue

_INTEGERS = {"integer": 31, "long": 63}
# Java's names of classes of characters that Python's ``re`` doesn't know.
_CLASSES = {
    r"\p{ASCII}": r"[\x00-\x7f]",
    # These stand within brackets: letters, numbers and separators.
    r"\p{L}": r"\w",
    r"\p{N}": r"\w",
    r"\p{Z}": " \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
}


class Operations:
    """The operations of a service's model: what they take, and what has to be refused.

    Args:
        service: botocore's name of the service.
    """

    def __init__(self, service: str) -> None:
        self._service = service

    @cached_property
    def names(self) -> frozenset[str]:
        """Every operation that the model has."""
        return frozenset(self.model.operation_names)

    def read(self, operation: str, body: bytes) -> JSONObject:
        """Read a request's body; what the model doesn't know is left out, and so is null.

        Raises:
            Refused: it isn't a request of this operation.
        """
        return self.check(operation, decoded(body))

    def check(self, operation: str, value: JSONValue) -> JSONObject:
        """Check parameters; what the model doesn't know is left out, and so is null.

        Raises:
            Refused: they aren't those of this operation.
        """
        shape = self.input_shape(operation)
        if shape is None:
            return {}
        taken = _Reader().read(shape, value)
        assert isinstance(taken, dict)
        problems = list(_problems(shape, taken, ""))
        if problems:
            count = f"{len(problems)} validation error{'' if len(problems) == 1 else 's'} detected: "
            raise Refused("ValidationException", count + "; ".join(problems))
        return taken

    def input_shape(self, operation: str) -> Any:
        """Give the shape of an operation's parameters; None: it takes none."""
        return self.model.operation_model(operation).input_shape

    @cached_property
    def model(self) -> Any:
        """The model; botocore is imported when it is needed first."""
        return service_model(self._service)


# ---------------------------------------------------------------- types


def decoded(body: bytes) -> JSONValue:
    """Read a body of JSON; none is an empty object.

    Raises:
        Refused: it is no JSON.
    """
    try:
        return json.loads(body or b"{}", parse_constant=_refuse_constant)  # type: ignore[no-any-return]  # JSON
    except (ValueError, RecursionError):
        raise Refused("SerializationException", "The request's body is not valid JSON") from None


def cbor_object(body: bytes) -> JSONObject:
    """Read a body of CBOR; nothing of one that is none, or no object. Smithy: "RPC v2 CBOR protocol"."""
    from botocore.parsers import RpcV2CBORParser

    parser = RpcV2CBORParser()
    try:
        value = parser.parse_data_item(parser.get_peekable_stream_from_bytes(body)) if body else {}
    except Exception:  # botocore's reader, and whatever a client sent
        return {}
    plain: JSONValue = json.loads(json.dumps(value, default=str))
    return plain if isinstance(plain, dict) else {}


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(text)


class _Reader:
    """Takes of a JSON value what a shape knows, and refuses what is of another type."""

    def read(self, shape: Any, value: JSONValue) -> JSONValue:
        kind = shape.type_name
        if kind == "structure":
            return self._structure(shape, value)
        if kind == "list":
            if not isinstance(value, list):
                raise _mistyped(value, "list")
            return [self.read(shape.member, item) for item in value if item is not None]
        if kind == "map":
            if not isinstance(value, dict):
                raise _mistyped(value, "map")
            return {_text(key): self.read(shape.value, item) for key, item in value.items()}
        return _scalar(kind, value)

    def _structure(self, shape: Any, value: JSONValue) -> JSONObject:
        if not isinstance(value, dict):
            raise _mistyped(value, "structure")
        given = {name: value.get(name) for name in shape.members}
        return {
            name: self.read(shape.members[name], item) for name, item in given.items() if item is not None
        }


def _scalar(kind: str, value: JSONValue) -> JSONValue:
    if kind in ("string", "blob", "character"):
        if not isinstance(value, str):
            raise _mistyped(value, "String")
        return value if kind == "blob" else _text(value)
    if kind == "boolean":
        if not isinstance(value, bool):
            raise _mistyped(value, "Boolean")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _mistyped(value, "Integer" if kind in _INTEGERS else "Double")
    if kind in _INTEGERS:
        return _integer(value, _INTEGERS[kind])
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _mistyped(value, "Double")
    return number


def _integer(value: int | float, bits: int) -> int:
    if (isinstance(value, float) and not value.is_integer()) or not -(2**bits) <= value < 2**bits:
        raise _mistyped(value, "Integer" if bits == _INTEGERS["integer"] else "Long")
    return int(value)


def _text(text: str) -> str:
    """Give a text that can be written: half a surrogate pair is what Java writes for it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def _mistyped(value: JSONValue, wanted: str) -> Refused:
    if isinstance(value, dict):
        message = "Start of structure or map found where not expected."
    elif isinstance(value, list):
        message = "Start of list found where not expected"
    elif wanted in ("structure", "map", "list"):
        message = "Unexpected field type"
    else:
        message = f"{_word(value)} can not be converted to {'an' if wanted[0] in 'AEIO' else 'a'} {wanted}"
    return Refused("SerializationException", message)


def _word(value: JSONValue) -> str:
    if isinstance(value, bool):
        return f"{str(value).upper()}_VALUE"
    if isinstance(value, str):
        return "STRING_VALUE"
    return "DECIMAL_VALUE" if isinstance(value, float) else "NUMBER_VALUE"


# ---------------------------------------------------------------- values


def _problems(shape: Any, value: JSONValue, path: str) -> Iterator[str]:
    """Say what a value breaks, in the words of AWS's services."""
    if isinstance(value, dict) and shape.type_name == "structure":
        for name in shape.required_members:
            if name not in value:
                yield _violation(shape.members[name], None, _join(path, name), "Member must not be null")
        for name, item in value.items():
            yield from _problems(shape.members[name], item, _join(path, name))
        return
    yield from (_violation(shape, value, path, constraint) for constraint in _broken(shape, value))
    if isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield from _problems(shape.member, item, f"{path}.{number}.member")
    elif isinstance(value, dict):
        for key, item in value.items():
            for constraint in _broken(shape.key, key):
                rule = f"Map keys must satisfy constraint: [{constraint}]"
                yield _violation(shape.key, key, path, rule)
            yield from _problems(shape.value, item, f"{path}.{key}.member")


def _join(path: str, name: str) -> str:
    # Java's name of a member begins with a small letter.
    name = f"{name[:1].lower()}{name[1:]}"
    return f"{path}.{name}" if path else name


def _broken(shape: Any, value: JSONValue) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if isinstance(value, str | list | dict):
        if least is not None and len(value) < int(least):
            yield f"Member must have length greater than or equal to {least}"
        if most is not None and len(value) > int(most):
            yield f"Member must have length less than or equal to {most}"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if least is not None and value < float(least):
            yield f"Member must have value greater than or equal to {least}"
        if most is not None and value > float(most):
            yield f"Member must have value less than or equal to {most}"
    if isinstance(value, str):
        words = getattr(shape, "enum", None)
        if words and value not in words:
            yield f"Member must satisfy enum value set: [{', '.join(words)}]"
        pattern = shape.metadata.get("pattern")
        if pattern is not None and _compiled(pattern).fullmatch(value) is None:
            yield f"Member must satisfy regular expression pattern: {pattern}"


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    for name, characters in _CLASSES.items():
        pattern = pattern.replace(name, characters)
    return re.compile(pattern)


def _violation(shape: Any, value: JSONValue, path: str, constraint: str) -> str:
    if value is None:
        shown = "Value null"
    elif shape.metadata.get("sensitive"):
        shown = "Value"
    else:
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)
        shown = f"Value '{text}'"
    return f"{shown} at '{path}' failed to satisfy constraint: {constraint}"
