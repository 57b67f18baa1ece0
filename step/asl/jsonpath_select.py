"""Evaluate what isn't a plain chain of fields: a path's wildcards, slices, deep scans, filters, functions.

Pure: no clock, no IO. Follows Jayway, the library that AWS uses, and names it where a rule is its own.
A segment becomes a function from the matches so far to the next ones; what doesn't fit is skipped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, assert_never

from step.asl.jsonpath_parse import (
    Compare,
    Descend,
    Every,
    Exists,
    Filter,
    FilterTest,
    Index,
    Indexes,
    Literal,
    Name,
    Names,
    Negation,
    Operand,
    Path,
    PathCall,
    RegexLiteral,
    Segment,
    Slice,
    Some,
    Wildcard,
)
from step.asl.meter import Meter
from step.jsonvalue import JSONValue

# (matches, root document, meter) -> matches
Select = Callable[[list[JSONValue], JSONValue, Meter], list[JSONValue]]
_Test = Callable[[JSONValue, JSONValue, Meter], bool]
# A missing value inside a filter, Jayway's UNDEFINED: equal to nothing, not even to itself.
_MISSING: Any = type("Missing", (), {"__repr__": lambda _self: "MISSING"})()


_NUMBER = re.compile(r"-?\d{1,100}(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")


class AggregateFailure(Exception):  # noqa: N818 - a signal between this module and its caller
    """min, max, avg, stddev or sum of no number at all, or of numbers too large for a double."""


def compile_select(segments: Sequence[Segment]) -> Select:
    """Compile segments (no closing function among them) to one function over lists of matches."""
    selects: list[Select] = []
    index = 0
    while index < len(segments):
        segment = segments[index]
        is_last = index == len(segments) - 1
        if isinstance(segment, Descend) and not is_last:
            index += 1
            selects.append(_compile_descend(segments[index], index == len(segments) - 1))
        else:
            selects.append(_compile_segment(segment, is_last))
        index += 1

    def select(nodes: list[JSONValue], root: JSONValue, meter: Meter) -> list[JSONValue]:
        for step in selects:
            meter.step(len(nodes) + 1)
            nodes = step(nodes, root, meter)
        return nodes

    return select


def _compile_segment(segment: Segment, is_last: bool) -> Select:
    match segment:
        case Filter(test):
            check = _compile_test(test)
            return lambda nodes, root, meter: [
                item for node in nodes for item in _filtered(node, check, root, meter)
            ]
        case PathCall() | Descend():
            raise AssertionError("a function or '..' is compiled by the caller")
        case _:
            expand = _compile_expand(segment, is_last)
            return lambda nodes, _root, meter: [
                item for node in nodes for item in _counted(expand(node), meter)
            ]


def _compile_expand(
    segment: Name | Names | Index | Indexes | Slice | Wildcard, is_last: bool
) -> Callable[[JSONValue], Collection[JSONValue]]:
    match segment:
        case Name(name):
            return lambda node: (node[name],) if isinstance(node, dict) and name in node else ()
        case Names(names):
            if is_last:
                return lambda node: (pick(node, names),) if isinstance(node, dict) else ()
            return lambda node: [node[n] for n in names if n in node] if isinstance(node, dict) else ()
        case Index(index):
            return lambda node: _items_at(node, (index,))
        case Indexes(indexes):
            return lambda node: _items_at(node, indexes)
        case Slice(start, stop):
            return lambda node: _items_at(node, _slice_range(node, start, stop))
        case Wildcard():
            return _children
        case _:
            assert_never(segment)


def pick(node: dict[str, JSONValue], names: Iterable[str]) -> dict[str, JSONValue]:
    """Take the fields that are there: ``$['a','b']`` at the end of a path."""
    return {name: node[name] for name in names if name in node}


def _children(node: JSONValue) -> Collection[JSONValue]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _items_at(node: JSONValue, indexes: Iterable[int]) -> list[JSONValue]:
    if not isinstance(node, list):
        return []
    size = len(node)
    return [node[index] for index in indexes if -size <= index < size]


def _slice_range(node: JSONValue, start: int | None, stop: int | None) -> range:
    # Jayway: with both ends given, negative numbers aren't resolved before the loop but in it.
    size = len(node) if isinstance(node, list) else 0
    if start is not None and stop is not None:
        return range(start, min(size, stop))
    if start is not None:
        return range(max(0, size + start if start < 0 else start), size)
    assert stop is not None
    return range(min(size, size + stop if stop < 0 else stop))


def _counted(found: Collection[JSONValue], meter: Meter) -> Collection[JSONValue]:
    meter.make_array(len(found))
    return found


def _filtered(node: JSONValue, check: _Test, root: JSONValue, meter: Meter) -> Iterable[JSONValue]:
    if isinstance(node, list):
        meter.step(len(node))
        return [item for item in node if check(item, root, meter)]
    return (node,) if isinstance(node, dict) and check(node, root, meter) else ()


def _compile_descend(segment: Segment, is_last: bool) -> Select:
    if isinstance(segment, Filter):
        # Jayway: the scan itself visits each element, so the filter asks objects only.
        check = _compile_test(segment.test)
        return lambda nodes, root, meter: [
            each
            for node in nodes
            for each in _walk(node, meter)
            if isinstance(each, dict) and check(each, root, meter)
        ]
    select = _compile_segment(segment, is_last)
    return lambda nodes, root, meter: [
        item for node in nodes for each in _walk(node, meter) for item in select([each], root, meter)
    ]


def _walk(node: JSONValue, meter: Meter) -> Iterator[JSONValue]:
    # The node, then what is below it, in the order of the document; scalars aren't visited.
    pending: list[JSONValue] = [node]
    while pending:
        each = pending.pop()
        meter.step()
        if isinstance(each, dict):
            yield each
            pending.extend(reversed(each.values()))
        elif isinstance(each, list):
            yield each
            pending.extend(reversed(each))


# -- filters


def _compile_test(test: FilterTest) -> _Test:
    match test:
        case Exists(path):
            read = _compile_operand(path)
            return lambda node, root, meter: read(node, root, meter) is not _MISSING
        case Negation(inner):
            check = _compile_test(inner)
            return lambda node, root, meter: not check(node, root, meter)
        case Every(tests):
            checks = [_compile_test(each) for each in tests]
            return lambda node, root, meter: all(check(node, root, meter) for check in checks)
        case Some(tests):
            checks = [_compile_test(each) for each in tests]
            return lambda node, root, meter: any(check(node, root, meter) for check in checks)
        case Compare(left, operator, right):
            return _compile_compare(operator, _compile_operand(left), _compile_operand(right))
        case _:
            assert_never(test)


_Read = Callable[[JSONValue, JSONValue, Meter], Any]


def _compile_compare(operator: str, read_left: _Read, read_right: _Read) -> _Test:
    compare = _COMPARE.get(operator)

    def test(node: JSONValue, root: JSONValue, meter: Meter) -> bool:
        left, right = read_left(node, root, meter), read_right(node, root, meter)
        if compare is None:
            return _matches(left, right, meter)
        sizes = [len(side) if isinstance(side, list | dict | str) else 1 for side in (left, right)]
        # The lists' operators look for each item in the other list.
        is_product = isinstance(left, list) and isinstance(right, list)
        meter.touch(sizes[0] * sizes[1] if is_product else sum(sizes))
        return compare(left, right)

    return test


def _compile_operand(operand: Operand) -> Callable[[JSONValue, JSONValue, Meter], Any]:
    if isinstance(operand, Literal):
        literal = operand.value
        return lambda _node, _root, _meter: literal
    if isinstance(operand, RegexLiteral):
        return lambda _node, _root, _meter: operand
    return _compile_inner_path(operand)


def _compile_inner_path(path: Path) -> Callable[[JSONValue, JSONValue, Meter], Any]:
    is_relative = path.root == "@"
    if path.root not in ("@", "$"):
        # Variables and the context object aren't known to AWS's path library.
        return lambda _node, _root, _meter: _MISSING
    if path.segments and isinstance(path.segments[-1], PathCall):
        call = compile_call(path)

        def read_call(node: JSONValue, root: JSONValue, meter: Meter) -> Any:
            try:
                return call(node if is_relative else root, root, meter)
            except (AggregateFailure, LookupError):
                return _MISSING

        return read_call
    select = compile_select(path.segments)
    is_definite = path.is_definite

    def read(node: JSONValue, root: JSONValue, meter: Meter) -> Any:
        found = select([node if is_relative else root], root, meter)
        if is_definite:
            return found[0] if found else _MISSING
        return found

    return read


def _reads_as(text: str, number: float) -> bool:
    if not _NUMBER.fullmatch(text):
        return False
    return bool((float(text) if set(text) & set(".eE") else int(text)) == number)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equals(left: Any, right: Any) -> bool:
    # Jayway: a number and a text are equal where the text reads as that number.
    if left is _MISSING or right is _MISSING:
        return False
    if isinstance(left, RegexLiteral) or isinstance(right, RegexLiteral):
        return False
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str) and _is_number(right):
        return _reads_as(left, right)
    if _is_number(left) and isinstance(right, str):
        return _reads_as(right, left)
    return bool(left == right)


def _same(left: Any, right: Any) -> bool:
    return (isinstance(left, str) == isinstance(right, str)) and _equals(left, right)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def ordered(left: Any, right: Any) -> bool:
        if (_is_number(left) and _is_number(right)) or (isinstance(left, str) and isinstance(right, str)):
            return compare(left, right)
        return False

    return ordered


def _matches(left: Any, right: Any, meter: Meter) -> bool:
    if isinstance(left, RegexLiteral):
        left, right = right, left
    if not isinstance(right, RegexLiteral):
        return False
    texts = left if isinstance(left, list) else [left]
    meter.step(len(texts))
    return any(isinstance(text, str) and right.regex.matches_whole(text, meter) for text in texts)


def _is_in(left: Any, right: Any) -> bool:
    return isinstance(right, list) and any(_equals(left, item) for item in right)


def _contains(left: Any, right: Any) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and right in left
    return _is_in(right, left)


def _subset_of(left: Any, right: Any) -> bool:
    return isinstance(left, list) and isinstance(right, list) and all(_is_in(item, right) for item in left)


def _any_of(left: Any, right: Any) -> bool:
    return isinstance(left, list) and any(_is_in(item, right) for item in left)


def _none_of(left: Any, right: Any) -> bool:
    return isinstance(left, list) and isinstance(right, list) and not _any_of(left, right)


def _has_size(left: Any, right: Any) -> bool:
    return isinstance(left, list | dict | str) and _is_number(right) and len(left) == right


def _is_empty(left: Any, right: Any) -> bool:
    return isinstance(left, list | dict | str) and isinstance(right, bool) and (not left) is right


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": _equals,
    "!=": lambda left, right: not _equals(left, right),
    "===": _same,
    "!==": lambda left, right: not _same(left, right),
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    "in": _is_in,
    "nin": lambda left, right: not _is_in(left, right),
    "contains": _contains,
    "all": lambda left, right: _subset_of(right, left),
    "subsetof": _subset_of,
    "anyof": _any_of,
    "noneof": _none_of,
    "size": _has_size,
    "empty": _is_empty,
}


# -- functions


def compile_call(path: Path) -> Callable[[JSONValue, JSONValue, Meter], JSONValue]:
    """Compile a path that ends in a function to ``(start, root document, meter) -> value``.

    Raises:
        LookupError: (when called) the function's subject is missing.
        AggregateFailure: (when called) there is no number to aggregate, or the result isn't finite.
    """
    call = path.segments[-1]
    assert isinstance(call, PathCall)
    select = compile_select(path.segments[:-1])
    is_definite = path.upstream_is_definite
    function = _FUNCTIONS[call.function]
    readers = [_compile_operand(argument) for argument in call.arguments]

    def evaluate(start: JSONValue, root: JSONValue, meter: Meter) -> JSONValue:
        found: JSONValue = select([start], root, meter)
        if is_definite:
            if not found:
                raise LookupError
            found = found[0]  # type: ignore[index]  # select gave a list
        arguments = [value for read in readers if (value := read(start, root, meter)) is not _MISSING]
        meter.make_array(sum(len(each) if isinstance(each, list) else 1 for each in (found, *arguments)))
        return function(found, arguments)

    return evaluate


def _aggregate(combine: Callable[[list[float]], float]) -> Callable[[JSONValue, list[Any]], JSONValue]:
    def aggregate(subject: JSONValue, arguments: list[Any]) -> JSONValue:
        items = [*(subject if isinstance(subject, list) else []), *arguments]
        flat = [each for item in items for each in (item if isinstance(item, list) else [item])]
        try:
            numbers = [float(item) for item in flat if _is_number(item)]
            result = combine(numbers) if numbers else math.inf
        except OverflowError:
            result = math.inf
        if not math.isfinite(result):
            raise AggregateFailure
        return result

    return aggregate


def _average(numbers: list[float]) -> float:
    return math.fsum(numbers) / len(numbers)


def _deviation(numbers: list[float]) -> float:
    mean = _average(numbers)
    return math.sqrt(_average([(number - mean) ** 2 for number in numbers]))


def _size(subject: JSONValue, arguments: list[Any]) -> JSONValue:
    value = arguments[0] if arguments else subject
    return len(value) if isinstance(value, list | dict) else None


def _append(subject: JSONValue, arguments: list[Any]) -> JSONValue:
    return [*subject, *arguments] if isinstance(subject, list) else subject


def _concat(subject: JSONValue, arguments: list[Any]) -> JSONValue:
    parts: list[Any] = [*(subject if isinstance(subject, list) else []), *arguments]
    flat = [each for part in parts for each in (part if isinstance(part, list) else [part])]
    return "".join(str(part) for part in flat if isinstance(part, str) or _is_number(part))


def _item(subject: JSONValue, index: int) -> JSONValue:
    found = _items_at(subject, (index,))
    if not found:
        raise LookupError
    return found[0]


def _index(subject: JSONValue, arguments: list[Any]) -> JSONValue:
    if not arguments or type(arguments[0]) is not int:
        raise LookupError
    return _item(subject, arguments[0])


def _keys(subject: JSONValue, _arguments: list[Any]) -> JSONValue:
    return list(subject) if isinstance(subject, dict) else None


_FUNCTIONS: dict[str, Callable[[JSONValue, list[Any]], JSONValue]] = {
    "length": _size,
    "size": _size,
    "min": _aggregate(min),
    "max": _aggregate(max),
    "sum": _aggregate(math.fsum),
    "avg": _aggregate(_average),
    "stddev": _aggregate(_deviation),
    "keys": _keys,
    "concat": _concat,
    "append": _append,
    "first": lambda subject, _arguments: _item(subject, 0),
    "last": lambda subject, _arguments: _item(subject, -1),
    "index": _index,
}
