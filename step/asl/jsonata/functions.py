"""JSONata's built-in functions under their names: those over arrays, objects and functions are here.

Pure: no clock, no IO beyond what the scope gives. Each takes the evaluation, the context value and as many
arguments as its signature has parameters. Spec: JSONata documentation, "Function library".
"""

from __future__ import annotations

from typing import Any

from step.asl.jsonata import aws, dates, numbers, strings
from step.asl.jsonata.environment import Evaluation, call
from step.asl.jsonata.paths import merge_sort
from step.asl.jsonata.signature import FunctionSignature, symbol
from step.asl.jsonata.strings import pattern_function
from step.asl.jsonata.transform import clone
from step.asl.jsonata.values import (
    UNDEFINED,
    JsonataFault,
    Native,
    Sequence,
    append,
    is_same,
    is_truthy,
    look_up,
    settle,
)

__all__ = ["BUILTINS", "pattern_function"]


# ---------------------------------------------------------------- aggregation


def _sum(run: Evaluation, _value: Any, items: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    run.touch(len(items))
    return numbers.total(items)


def _count(_run: Evaluation, _value: Any, items: Any) -> Any:
    return 0 if items is UNDEFINED else len(items)


def _max(run: Evaluation, _value: Any, items: Any) -> Any:
    return _extreme(run, items, max)


def _min(run: Evaluation, _value: Any, items: Any) -> Any:
    return _extreme(run, items, min)


def _extreme(run: Evaluation, items: Any, choose: Any) -> Any:
    if items is UNDEFINED or not items:
        return UNDEFINED
    run.touch(len(items))
    return choose(items)


def _average(run: Evaluation, _value: Any, items: Any) -> Any:
    if items is UNDEFINED or not items:
        return UNDEFINED
    run.touch(len(items))
    return numbers.quotient(numbers.total(items), len(items))


# ---------------------------------------------------------------- truth


def _boolean(run: Evaluation, _value: Any, value: Any) -> Any:
    return UNDEFINED if value is UNDEFINED else is_truthy(value, run)


def _not(run: Evaluation, _value: Any, value: Any) -> Any:
    return UNDEFINED if value is UNDEFINED else not is_truthy(value, run)


def _exists(_run: Evaluation, _value: Any, value: Any) -> Any:
    return value is not UNDEFINED


# ---------------------------------------------------------------- higher order


def _arguments(function: Any, *given: Any) -> list[Any]:
    # As many as it takes: a built-in would refuse more.
    return list(given[: max(1, min(function.arity, len(given)))])


def _map(run: Evaluation, _value: Any, items: Any, function: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    found = Sequence()
    run.make_array(len(items))
    for at, item in enumerate(items):
        result = call(run, function, _arguments(function, item, at, items), UNDEFINED)
        if result is not UNDEFINED:
            found.append(settle(result))
    return found


def _filter(run: Evaluation, _value: Any, items: Any, function: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    found = Sequence()
    for at, item in enumerate(items):
        if is_truthy(call(run, function, _arguments(function, item, at, items), UNDEFINED), run):
            found.append(item)
    return found


def _single(run: Evaluation, _value: Any, items: Any, function: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    found = []
    for at, item in enumerate(items):
        if function is UNDEFINED or is_truthy(
            call(run, function, _arguments(function, item, at, items), UNDEFINED), run
        ):
            found.append(item)
            if len(found) > 1:
                message = (
                    "The $single() function expected exactly 1 matching result. Instead it matched more."
                )
                raise JsonataFault("D3138", message)
    if not found:
        message = "The $single() function expected exactly 1 matching result. Instead it matched 0."
        raise JsonataFault("D3139", message)
    return found[0]


def _reduce(run: Evaluation, _value: Any, items: Any, function: Any, start: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    if function.arity < 2:
        raise JsonataFault(
            "D3050", "The second argument of reduce function must be a function with at least two arguments"
        )
    rest = list(enumerate(items))
    if start is UNDEFINED:
        if not rest:
            return UNDEFINED
        start = rest.pop(0)[1]
    result = start
    for at, item in rest:
        result = settle(call(run, function, _arguments(function, result, item, at, items), UNDEFINED))
    return result


def _sort(run: Evaluation, _value: Any, items: Any, function: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    if len(items) < 2:
        return items
    run.make_array(len(items))
    if function is UNDEFINED:
        kinds = {symbol(item) for item in items}
        if kinds not in ({"n"}, {"s"}):
            message = (
                "The single argument form of the sort function can only be applied to an array of strings "
                "or an array of numbers. Use the second argument to specify a comparison function"
            )
            raise JsonataFault("D3070", message)
        run.step(len(items))
        return Sequence(sorted(items))

    def comes_after(one: Any, other: Any) -> bool:
        return is_truthy(call(run, function, [one, other], UNDEFINED), run)

    return Sequence(merge_sort(list(items), comes_after, _Holder(run)))


class _Holder:
    # What merge_sort takes for an environment.
    __slots__ = ("run",)

    def __init__(self, run: Evaluation) -> None:
        self.run = run


def _each(run: Evaluation, _value: Any, value: Any, function: Any) -> Any:
    found = Sequence()
    if isinstance(value, dict):
        for key, member in value.items():
            result = call(run, function, _arguments(function, member, key, value), UNDEFINED)
            if result is not UNDEFINED:
                found.append(settle(result))
    return found


def _sift(run: Evaluation, _value: Any, value: Any, function: Any) -> Any:
    if not isinstance(value, dict):
        return UNDEFINED
    kept = {}
    for key, member in value.items():
        if is_truthy(call(run, function, _arguments(function, member, key, value), UNDEFINED), run):
            kept[key] = member
    return kept or UNDEFINED


# ---------------------------------------------------------------- arrays


def _append(run: Evaluation, _value: Any, one: Any, other: Any) -> Any:
    return append(one, other, run)


def _reverse(run: Evaluation, _value: Any, items: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    run.make_array(len(items))
    return items[::-1] if type(items) is list else list(reversed(items))


def _shuffle(run: Evaluation, _value: Any, items: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    run.make_array(len(items))
    run.step(len(items))
    shuffled = list(items)
    run.scope.random.shuffle(shuffled)
    return shuffled


def _zip(run: Evaluation, _value: Any, *arrays: Any) -> Any:
    if any(each is UNDEFINED for each in arrays):
        return []
    shortest = min(map(len, arrays))
    run.make(16 * (1 + len(arrays)) * shortest)
    run.step(shortest)
    return [list(items) for items in zip(*(each[:shortest] for each in arrays), strict=True)]


def _distinct(run: Evaluation, _value: Any, items: Any) -> Any:
    if not isinstance(items, list) or len(items) < 2:
        return items
    found: Any = Sequence() if isinstance(items, Sequence) else []
    known: set[Any] = set()
    containers: list[Any] = []
    run.make_array(len(items))
    run.step(len(items))
    for item in items:
        if isinstance(item, list | dict):
            if any(is_same(item, other, run) for other in containers):
                continue
            run.step(len(containers) + 1)
            containers.append(item)
        else:
            key = (isinstance(item, bool), item)
            if key in known:
                continue
            known.add(key)
        found.append(item)
    return found


# ---------------------------------------------------------------- objects


def _keys(run: Evaluation, _value: Any, value: Any) -> Any:
    keys: dict[str, None] = {}
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, list):
            run.make_array(len(each))
            pending.extend(reversed(each))
        elif isinstance(each, dict):
            run.make_array(len(each))
            keys.update(dict.fromkeys(each))
    return Sequence(keys)


def _lookup(run: Evaluation, _value: Any, value: Any, name: Any) -> Any:
    return look_up(value, name, run)


def _spread(run: Evaluation, _value: Any, value: Any) -> Any:
    if isinstance(value, dict):
        run.make(200 * len(value))
        run.step(len(value) + 1)
        return Sequence({key: member} for key, member in value.items())
    if not isinstance(value, list):
        return value
    found: list[Any] = []
    for item in value:
        spread = _spread(run, UNDEFINED, item) if isinstance(item, dict) else item
        if isinstance(spread, list):
            run.make_array(len(spread))
            found.extend(spread)
        elif spread is not UNDEFINED:
            found.append(spread)
    return Sequence(found)


def _merge(run: Evaluation, _value: Any, objects: Any) -> Any:
    if objects is UNDEFINED:
        return UNDEFINED
    merged: dict[str, Any] = {}
    for each in objects:
        if isinstance(each, dict):
            run.make(64 * len(each))
            run.step((len(each) >> 2) + 1)
            merged.update(each)
    return merged


def _clone(run: Evaluation, _value: Any, value: Any) -> Any:
    return clone(value, run)


def _type(_run: Evaluation, _value: Any, value: Any) -> Any:
    names = {"s": "string", "n": "number", "b": "boolean", "l": "null", "a": "array", "o": "object"}
    return UNDEFINED if value is UNDEFINED else names.get(symbol(value), "function")


def _error(_run: Evaluation, _value: Any, message: Any) -> Any:
    raise JsonataFault("D3137", "$error() function evaluated" if message is UNDEFINED else message)


def _assert(run: Evaluation, _value: Any, condition: Any, message: Any) -> Any:
    if not is_truthy(condition, run):
        raise JsonataFault("D3141", "$assert() statement failed" if message is UNDEFINED else message)
    return UNDEFINED


_FUNCTIONS = {
    "sum": ("<a<n>:n>", _sum),
    "count": ("<a:n>", _count),
    "max": ("<a<n>:n>", _max),
    "min": ("<a<n>:n>", _min),
    "average": ("<a<n>:n>", _average),
    "boolean": ("<x-:b>", _boolean),
    "not": ("<x-:b>", _not),
    "exists": ("<x:b>", _exists),
    "map": ("<af>", _map),
    "filter": ("<af>", _filter),
    "single": ("<af?>", _single),
    "reduce": ("<afj?:j>", _reduce),
    "sort": ("<af?:a>", _sort),
    "each": ("<o-f:a>", _each),
    "sift": ("<o-f?:o>", _sift),
    "append": ("<xx:a>", _append),
    "reverse": ("<a:a>", _reverse),
    "shuffle": ("<a:a>", _shuffle),
    "zip": ("<a+>", _zip),
    "distinct": ("<x:x>", _distinct),
    "keys": ("<x-:a<s>>", _keys),
    "lookup": ("<x-s:x>", _lookup),
    "spread": ("<x-:a<o>>", _spread),
    "merge": ("<a<o>:o>", _merge),
    "clone": ("<(oa)-:o>", _clone),
    "type": ("<x:s>", _type),
    "error": ("<s?:x>", _error),
    "assert": ("<bs?:x>", _assert),
    **strings.FUNCTIONS,
    **numbers.FUNCTIONS,
    **dates.FUNCTIONS,
    **aws.FUNCTIONS,
}


def _native(name: str, text: str, function: Any) -> Native:
    signature = FunctionSignature.from_text(text)
    # How a text is laid out isn't among what $map and its like hand over.
    return Native(name, function, signature, 1 if name == "string" else signature.arity)


BUILTINS: dict[str, Native] = {
    name: _native(name, signature, function) for name, (signature, function) in _FUNCTIONS.items()
}
