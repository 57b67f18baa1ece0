"""What JSONata's operators do with values.

Pure: no clock, no IO; knows closures, not the tree. Spec: JSONata documentation, "Expressions", "Operators".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from step.asl.jsonata.environment import Env, call
from step.asl.jsonata.values import (
    UNDEFINED,
    JsonataFault,
    JsonataFunction,
    Lambda,
    is_number,
    is_same,
    is_truthy,
    look_up,
    settle,
)
from step.asl.jsonata.writing import as_double, write
from step.asl.meter import MEMORY_EXCEEDED, Exceeded

Closure = Callable[[Any, Env], Any]
_EXACT = 1 << 53
_LONG = 1 << 63
# The reference implementation's own limit of a range.
_MOST_NUMBERS = 10_000_000


class Operator(NamedTuple):
    """``apply(left, context value, environment)``: the right side is evaluated where it is needed."""

    apply: Callable[[Any, Any, Env], Any]
    right: Closure


def is_function(value: Any) -> bool:
    return isinstance(value, JsonataFunction)


def member(name: str) -> Closure:
    """Compile a field name."""

    def member(value: Any, env: Env) -> Any:
        if type(value) is dict:
            return value.get(name, UNDEFINED)
        return settle(look_up(value, name, env.run))

    return member


# ---------------------------------------------------------------- numbers


def whole(number: int | float) -> int | float:
    """Give a double as JSON has it: a whole one, below 2^63, without a point."""
    if type(number) is int and -_EXACT <= number <= _EXACT:
        return number
    double = as_double(number)
    if double.is_integer() and -_LONG < double < _LONG:
        return int(double)
    return double


def _add(left: Any, right: Any) -> Any:
    return left + right


def _subtract(left: Any, right: Any) -> Any:
    return left - right


def _multiply(left: Any, right: Any) -> Any:
    return left * right


def _divide(left: Any, right: Any) -> Any:
    if right == 0:
        return math.nan if left == 0 else math.copysign(math.inf, left)
    return left / right


def _remain(left: Any, right: Any) -> Any:
    return math.nan if right == 0 else math.fmod(left, right)


ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "%": _remain,
}


def arithmetic(sign: str, left: Closure, right: Closure) -> Closure:
    """Compile two operands and a sign between them."""
    compute = ARITHMETIC[sign]
    is_exact = sign in "+-*"

    def arithmetic(value: Any, env: Env) -> Any:
        one, other = left(value, env), right(value, env)
        if is_exact and type(one) is int and type(other) is int:
            found = compute(one, other)
            if -_EXACT <= found <= _EXACT and -_EXACT <= one <= _EXACT and -_EXACT <= other <= _EXACT:
                return found
        return _compute(sign, one, other)

    return arithmetic


def _compute(sign: str, left: Any, right: Any) -> Any:
    for side, code, operand in (("left", "T2001", left), ("right", "T2002", right)):
        if operand is not UNDEFINED and not is_number(operand):
            raise JsonataFault(code, f'The {side} side of the "{sign}" operator must evaluate to a number')
    if left is UNDEFINED or right is UNDEFINED:
        return UNDEFINED
    found = ARITHMETIC[sign](as_double(left), as_double(right))
    if sign in "+-*" and not math.isfinite(found):
        raise JsonataFault("D1001", f"Number out of range: {found}")
    return whole(found)


def negate(operand: Closure) -> Closure:
    def negate(value: Any, env: Env) -> Any:
        found = operand(value, env)
        if found is UNDEFINED:
            return UNDEFINED
        if not is_number(found):
            raise JsonataFault("D1002", f"Cannot negate a non-numeric value: {write(found, env.run)[:200]}")
        return -found

    return negate


# ---------------------------------------------------------------- comparing


def _ordered(sign: str, left: Any, right: Any) -> Any:
    kinds = []
    for operand in (left, right):
        if isinstance(operand, str):
            kinds.append("string")
        elif operand is UNDEFINED:
            kinds.append("")
        elif is_number(operand):
            kinds.append("number")
        else:
            message = (
                f'The expressions either side of operator "{sign}" must evaluate to numeric or string values'
            )
            raise JsonataFault("T2010", message)
    if "" in kinds:
        return UNDEFINED
    if kinds[0] != kinds[1]:
        raise JsonataFault(
            "T2009", f'The values either side of operator "{sign}" must be of the same data type'
        )
    return _ORDERS[sign](left, right)


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def operator(sign: str, right: Closure) -> Operator:
    """Compile an operator and what stands on its right."""
    return Operator(_BINARY[sign](sign, right), right)


_Apply = Callable[[Any, Any, Env], Any]


def _arithmetic(sign: str, right: Closure) -> _Apply:
    return lambda left, value, env: _compute(sign, left, right(value, env))


def _order(sign: str, right: Closure) -> _Apply:
    compare = _ORDERS[sign]

    def order(left: Any, value: Any, env: Env) -> Any:
        other = right(value, env)
        if type(left) is int and type(other) is int:
            return compare(left, other)
        return _ordered(sign, left, other)

    return order


def _equal(sign: str, right: Closure) -> _Apply:
    wanted = sign == "="

    def equal(left: Any, value: Any, env: Env) -> Any:
        other = right(value, env)
        if left is UNDEFINED or other is UNDEFINED:
            return False
        return is_same(left, other, env.run) is wanted

    return equal


def _contained(sign: str, right: Closure) -> _Apply:
    def contained(left: Any, value: Any, env: Env) -> Any:
        other = right(value, env)
        if left is UNDEFINED or other is UNDEFINED:
            return False
        items = other if isinstance(other, list) else [other]
        env.run.step((len(items) >> 2) + 1)
        return any(is_same(left, item, env.run) for item in items)

    return contained


def _concatenate(sign: str, right: Closure) -> _Apply:
    def concatenate(left: Any, value: Any, env: Env) -> Any:
        one, other = write(left, env.run), write(right(value, env), env.run)
        env.run.make_text(len(one) + len(other))
        return one + other

    return concatenate


def _every(sign: str, right: Closure) -> _Apply:
    return lambda left, value, env: is_truthy(left, env.run) and is_truthy(right(value, env), env.run)


def _some(sign: str, right: Closure) -> _Apply:
    return lambda left, value, env: is_truthy(left, env.run) or is_truthy(right(value, env), env.run)


def _default(sign: str, right: Closure) -> _Apply:
    return lambda left, value, env: right(value, env) if left is UNDEFINED else left


def _elvis(sign: str, right: Closure) -> _Apply:
    return lambda left, value, env: left if is_truthy(left, env.run) else right(value, env)


def _count(sign: str, right: Closure) -> _Apply:
    def count(left: Any, value: Any, env: Env) -> Any:
        last = right(value, env)
        for side, code, operand in (("left", "T2003", left), ("right", "T2004", last)):
            if operand is not UNDEFINED and not (is_number(operand) and operand == int(operand)):
                message = f"The {side} side of the range operator (..) must evaluate to an integer"
                raise JsonataFault(code, message)
        if left is UNDEFINED or last is UNDEFINED or left > last:
            return UNDEFINED
        return _numbers(int(left), int(last), env)

    return count


def _numbers(first: int, last: int, env: Env) -> list[int]:
    """Make a range, where it isn't too large."""
    run = env.run
    length = last - first + 1
    if length > _MOST_NUMBERS:
        said = "The size of the sequence allocated by the range operator (..) must not exceed 1e7"
        raise JsonataFault("D2014", f"{said}. Attempted to allocate {length}.")
    if length > run.limits.numbers:
        raise Exceeded(f"{MEMORY_EXCEEDED} (more than {run.limits.numbers:,} numbers)")
    run.make_array(length)
    return list(range(first, last + 1))


_BINARY: dict[str, Callable[[str, Closure], _Apply]] = {
    **dict.fromkeys(ARITHMETIC, _arithmetic),
    **dict.fromkeys(_ORDERS, _order),
    "=": _equal,
    "!=": _equal,
    "in": _contained,
    "&": _concatenate,
    "and": _every,
    "or": _some,
    "??": _default,
    "?:": _elvis,
    "..": _count,
}


# ---------------------------------------------------------------- objects


def plain_object(members: list[tuple[str, Closure]], general: Closure) -> Closure:
    """Compile an object whose keys are texts that differ."""

    def plain_object(value: Any, env: Env) -> Any:
        if isinstance(value, list):
            return general(value, env)
        made = {}
        for key, read in members:
            found = read(value, env)
            if found is not UNDEFINED:
                made[key] = found
        env.run.make(120 + 64 * len(members))
        return made

    return plain_object


# ---------------------------------------------------------------- functions


def compose(first: Any, second: Any, env: Env) -> Lambda:
    """Make the function that applies one function to what another gives: ``$f ~> $g``."""

    def body(_value: Any, inner: Env) -> Any:
        found = call(inner.run, first, [inner.names["x"]], UNDEFINED)
        return call(inner.run, second, [found], UNDEFINED)

    return Lambda(["x"], body, env, UNDEFINED, None, 14, 2)


def partial(target: Any, given: list[tuple[Any] | None], env: Env) -> Lambda:
    """Make a function of the arguments that are left open (None)."""
    names = [str(index) for index, place in enumerate(given) if place is None]

    def body(_value: Any, inner: Env) -> Any:
        arguments = [
            inner.names[str(index)] if place is None else place[0] for index, place in enumerate(given)
        ]
        return call(inner.run, target, arguments, UNDEFINED)

    return Lambda(names, body, env, UNDEFINED, None, 14, 2)
