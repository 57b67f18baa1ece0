"""The front of an API: a table of its operations, over what botocore's model says of them.

Knows a protocol and a table; nothing of what an operation does. A parameter that the model has and the table
doesn't honour is refused by name: whatever AWS adds, nothing is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache, partial
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from step.aws.requests import Operations
from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue
from step.local.http import Request, Response
from step.local.protocols import Found
from step.local.strictness import Around, Asker

_Caller = TypeVar("_Caller", bound=Asker)
_Caller_contra = TypeVar("_Caller_contra", contravariant=True)


class Do(Protocol[_Caller_contra]):
    """What an operation does with checked parameters, for a caller; gives the members of its answer."""

    def __call__(self, caller: _Caller_contra, params: JSONObject, /) -> JSONObject: ...


class Operation(NamedTuple, Generic[_Caller]):
    """How an operation is answered.

    Attributes:
        do: What does it.
        honours: The parameters that it honours, with spaces between; ``Name=Value``: only with this value.
        waits: Whether others may be answered meanwhile.
    """

    do: Do[_Caller]
    honours: str
    waits: bool = False


class Speaks(Protocol):
    """A protocol: see ``protocols``."""

    operations: Operations

    def find(self, request: Request) -> Found: ...

    def unknown(self, operation: str, request: Request) -> Refused: ...

    def read(self, found: Found, request: Request) -> JSONObject: ...

    def write(self, operation: str, answer: JSONObject) -> Response: ...

    def refuse(self, refused: Refused) -> Response: ...


class Front(Generic[_Caller]):
    """An API.

    Args:
        protocol: How it is spoken.
        table: The operations by name.
        structures: What is honoured of the structures within parameters, by the names of their shapes.
        code: The error of what isn't honoured.
        guard: Gives what is held while an operation is done that doesn't wait.
        around: What is around the operations that requests ask for.
    """

    def __init__(
        self,
        protocol: Speaks,
        table: Mapping[str, Operation[_Caller]],
        structures: Mapping[str, str],
        *,
        code: str,
        guard: Callable[[], AbstractContextManager[object]] = nullcontext,
        around: Around | None = None,
    ) -> None:
        self._protocol = protocol
        self._table = table
        self._structures = structures
        self._code = code
        self._guard = guard
        self._around = around

    @property
    def operations(self) -> frozenset[str]:
        """The operations that are answered."""
        return frozenset(self._table)

    def answer(self, request: Request, caller: _Caller) -> Response:
        """Answer a request.

        Raises:
            Refused: what the API refuses; ``refuse`` writes it.
        """
        found = self._protocol.find(request)
        operation = found.operation
        if operation not in self._table:
            raise self._protocol.unknown(operation, request)
        params = self._protocol.read(found, request)
        self._check_honoured(operation, params)
        if self._around is None:
            return self._protocol.write(operation, self._do(operation, caller, params))
        act = partial(self._do, operation, caller, params)
        return self._protocol.write(operation, self._around(operation, caller, params, act))

    def refuse(self, refused: Refused) -> Response:
        """Write a refusal."""
        return self._protocol.refuse(refused)

    def call(self, operation: str, caller: _Caller, params: JSONObject) -> JSONObject:
        """Do an operation for another part of the process; parameters are those of the API.

        Raises:
            Refused: as the API would refuse it.
        """
        return self._do(operation, caller, self.check(operation, params))

    def check(self, operation: str, params: JSONObject) -> JSONObject:
        """Check parameters.

        Raises:
            Refused: as the API would refuse them.
        """
        checked = self._protocol.operations.check(operation, params)
        self._check_honoured(operation, checked)
        return checked

    def _do(self, operation: str, caller: _Caller, params: JSONObject) -> JSONObject:
        row = self._table[operation]
        with nullcontext() if row.waits else self._guard():
            return row.do(caller, params)

    def _check_honoured(self, operation: str, params: JSONObject) -> None:
        ignored = self.ignored(operation, params)
        if ignored:
            raise Refused(self._code, f"step doesn't honour {', '.join(ignored)} of {operation}")

    def ignored(self, operation: str, params: JSONObject) -> list[str]:
        """Name what an operation would drop of its parameters, as paths of members."""
        shape, honours = self._protocol.operations.input_shape(operation), self._table[operation].honours
        return list(dict.fromkeys(self._ignored(shape, params, "", honours)))

    def _ignored(self, shape: Any, value: JSONValue, path: str, honours: str | None = None) -> Iterator[str]:
        if isinstance(value, list):
            for item in value:
                yield from self._ignored(shape.member, item, path)
        elif isinstance(value, dict) and shape.type_name == "map":
            for item in value.values():
                yield from self._ignored(shape.value, item, path)
        elif isinstance(value, dict):
            honoured = _honoured(self._structures.get(shape.name, "") if honours is None else honours)
            for name, item in value.items():
                place = f"{path}.{name}" if path else name
                only = honoured.get(name, ())
                if name not in honoured:
                    yield place
                elif only and item not in only:
                    yield f"{place} {item!r} (only {' or '.join(only)})"
                else:
                    yield from self._ignored(shape.members[name], item, place)


@lru_cache(maxsize=256)
def _honoured(names: str) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for word in names.split():
        name, _, value = word.partition("=")
        found[name] = (*found.get(name, ()), value) if value else ()
    return found
