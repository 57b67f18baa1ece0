"""Values while a JSONata expression is evaluated: JSON, nothing, sequences, functions.

Pure: no clock, no IO; knows nothing of the tree.
Spec: JSONata documentation, "Sequences", "The JSONata type system".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Final

from step.asl.meter import Meter


class JsonataFault(Exception):  # noqa: N818 - becomes States.QueryEvaluationError, never seen by users
    """An evaluation that failed: JSONata's code, where there is one, and AWS's words."""

    def __init__(self, code: str | None, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class Undefined:
    """JSONata's "nothing"."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED: Final = Undefined()


class Sequence(list[Any]):
    """Results one after the other: none of them is nothing, one is the value itself, unless it is kept."""

    __slots__ = ("keeps",)

    def __init__(self, items: Iterable[Any] = (), *, keeps: bool = False) -> None:
        super().__init__(items)
        self.keeps = keeps


class Outer(Sequence):
    """The sequence of one array that an expression is applied to as a whole."""

    __slots__ = ()


class Whole(list[Any]):
    """An array from a constructor at a path's end, which isn't flattened into what lies around it."""

    __slots__ = ()


class Tuples(list[dict[str, Any]]):
    """The items of a path whose steps bind names: each under "@", with the names."""

    __slots__ = ()


# Frames of a built-in that calls no function of the expression's.
LEAF_FRAMES = 24


class JsonataFunction:
    """What is called. ``arity``: how many arguments it takes at most."""

    __slots__ = ("arity",)

    arity: int


class Native(JsonataFunction):
    """A built-in: ``call(run, value, *arguments)`` gives a value. ``signature`` checks the arguments.

    ``frames``: how many of Python's it needs, without those of functions that it calls.
    """

    __slots__ = ("call", "frames", "name", "signature")

    def __init__(
        self, name: str, call: Callable[..., Any], signature: Any, arity: int, frames: int = 0
    ) -> None:
        self.name = name
        self.call = call
        self.signature = signature
        self.arity = arity
        self.frames = frames + LEAF_FRAMES


class Lambda(JsonataFunction):
    """A function of the expression: its names are bound in an environment inside the one it was made in."""

    __slots__ = ("body", "env", "frames", "names", "signature", "steps", "value")

    def __init__(
        self,
        names: list[str],
        body: Callable[[Any, Any], Any],
        env: Any,
        value: Any,
        signature: Any,
        frames: int,
        steps: int,
    ) -> None:
        self.names = names
        self.body = body
        self.env = env
        self.value = value
        self.signature = signature
        self.frames = frames
        self.steps = steps
        self.arity = len(names)


class TailCall:
    """A call that stands last in a function: the caller makes it, after the function has ended."""

    __slots__ = ("arguments", "function", "value")

    def __init__(self, function: Any, arguments: list[Any], value: Any) -> None:
        self.function = function
        self.arguments = arguments
        self.value = value


def settle(found: Any) -> Any:
    """Make of a sequence what it stands for: nothing, its only value, or itself."""
    if isinstance(found, Sequence):
        if not found:
            return UNDEFINED
        if len(found) == 1 and not found.keeps:
            return found[0]
    return found


def keep(found: Any) -> Any:
    """Let a sequence stay an array, even of one value: ``[]`` behind an expression."""
    if not isinstance(found, Sequence) or len(found) > 1:
        return found
    return Sequence(found, keeps=True) if found else UNDEFINED


def is_number(value: Any) -> bool:
    """Tell whether a value is a number.

    Raises:
        Fault: D1001, it is infinite or no number at all.
    """
    kind = type(value)
    if kind is int:
        return True
    if kind is float:
        if not math.isfinite(value):
            raise JsonataFault("D1001", f"Number out of range: {value}")
        return True
    return False


def is_truthy(value: Any, meter: Meter) -> bool:
    """Say what ``$boolean`` says of a value; nothing is false."""
    if value is True or value is False:
        return value is True
    if isinstance(value, str | dict):
        return bool(value)
    if isinstance(value, int | float):
        return bool(value) and value == value
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, list):
            if len(each) == 1:
                pending.append(each[0])
                meter.step()
                continue
            meter.touch(len(each))
            pending.extend(each)
        elif (
            is_truthy(each, meter)
            if each is not None and not isinstance(each, Undefined | JsonataFunction)
            else False
        ):
            return True
    return False


def is_same(left: Any, right: Any, meter: Meter) -> bool:
    """Compare deeply; ``true`` isn't 1, and a function is equal to itself alone."""
    if not isinstance(left, list | dict):
        return _same_scalar(left, right)
    pending: list[tuple[Any, Any]] = [(left, right)]
    while pending:
        one, other = pending.pop()
        if isinstance(one, list):
            if not isinstance(other, list) or len(one) != len(other):
                return False
            meter.touch(len(one))
            pending.extend(zip(one, other, strict=True))
        elif isinstance(one, dict):
            if not isinstance(other, dict) or one.keys() != other.keys():
                return False
            meter.step(2 + len(one))
            pending.extend((item, other[key]) for key, item in one.items())
        elif not _same_scalar(one, other):
            return False
    return True


def _same_scalar(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, JsonataFunction) or isinstance(right, JsonataFunction | list | dict):
        return left is right
    return bool(left == right)


def append(left: Any, right: Any, meter: Meter) -> Any:
    """Put two values, arrays or not, into one array; nothing adds nothing."""
    if left is UNDEFINED:
        return right
    if right is UNDEFINED:
        return left
    one = left if isinstance(left, list) else [left]
    other = right if isinstance(right, list) else [right]
    meter.make_array(len(one) + len(other))
    return [*one, *other]


def look_up(value: Any, name: str, meter: Meter) -> Any:
    """Give an object's member, or those of an array's objects in a sequence."""
    if isinstance(value, dict):
        return value.get(name, UNDEFINED)
    if not isinstance(value, list):
        return UNDEFINED
    found = Sequence()
    pending = [iter(value)]
    meter.touch(len(value))
    while pending:
        for item in pending[-1]:
            if isinstance(item, dict):
                member = item.get(name, UNDEFINED)
                if isinstance(member, list):
                    meter.make_array(len(member))
                    found.extend(member)
                elif member is not UNDEFINED:
                    found.append(member)
            elif isinstance(item, list):
                meter.touch(len(item))
                pending.append(iter(item))
                break
        else:
            pending.pop()
    return found


def flatten(value: Any, into: list[Any], meter: Meter) -> None:
    """Add a value, or what is in an array at any depth."""
    if not isinstance(value, list):
        into.append(value)
        return
    pending = [iter(value)]
    meter.make_array(len(value))
    while pending:
        for item in pending[-1]:
            if isinstance(item, list):
                meter.make_array(len(item))
                pending.append(iter(item))
                break
            into.append(item)
        else:
            pending.pop()
