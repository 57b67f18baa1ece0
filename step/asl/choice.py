"""Compile choice rules of the JSONPath language to functions ``(value, scope) -> bool``.

Pure: no clock, no IO. Spec: ASL "Choice State". Values of another type give false, a missing variable fails.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Literal, assert_never

from step.asl.jsonpath import Path, PathFailure, compile_path, parse_path
from step.asl.model import And, Condition, DataTest, Not, Or, Test
from step.asl.scope import Evaluate, Scope
from step.clock import parse_timestamp
from step.errors import StateFailure
from step.jsonvalue import JSONValue

Check = Callable[[JSONValue, Scope], bool]
OperandType = Literal["string", "number", "boolean", "timestamp", "path"]

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}
_TYPES: tuple[tuple[str, OperandType], ...] = (
    ("String", "string"),
    ("Numeric", "number"),
    ("Timestamp", "timestamp"),
)
_COMPARISONS: dict[str, OperandType] = {
    **{f"{word}{order}": kind for word, kind in _TYPES for order in _ORDER},
    "BooleanEquals": "boolean",
}
_TYPE_TESTS: dict[str, Callable[[Any], bool]] = {
    "IsNull": lambda found: found is None,
    "IsString": lambda found: type(found) is str,
    "IsNumeric": lambda found: type(found) is int or type(found) is float,
    "IsBoolean": lambda found: type(found) is bool,
    "IsTimestamp": lambda found: type(found) is str and parse_timestamp(found) is not None,
}
# Every operator with the type of its operand. Spec: ASL "Data-test expression".
OPERATORS: dict[str, OperandType] = {
    **_COMPARISONS,
    **dict.fromkeys((f"{name}Path" for name in _COMPARISONS), "path"),
    "StringMatches": "string",
    **dict.fromkeys(("IsPresent", *_TYPE_TESTS), "boolean"),
}


def compile_test(test: Test, compile_condition: Callable[[JSONValue], Check] | None = None) -> Check:
    """Compile the test of a choice rule; ``compile_condition`` compiles a JSONata Condition.

    The check raises StateFailure "States.Runtime" where a path of the rule doesn't apply.

    Raises:
        PathSyntaxError: a Variable or a ...Path operand isn't a path.
    """
    match test:
        case DataTest():
            return _compile_data_test(test)
        case Condition(expression=expression):
            assert compile_condition is not None, "a Condition needs its compiler"
            return compile_condition(expression)
        case Not(rule=rule):
            check = compile_test(rule, compile_condition)
            return lambda value, scope: not check(value, scope)
        case And(rules=rules):
            return _compile_and([compile_test(rule, compile_condition) for rule in rules])
        case Or(rules=rules):
            return _compile_or([compile_test(rule, compile_condition) for rule in rules])
        case _:
            assert_never(test)


def _compile_and(checks: list[Check]) -> Check:
    if len(checks) == 2:
        first, second = checks
        return lambda value, scope: first(value, scope) and second(value, scope)

    def check_all(value: JSONValue, scope: Scope) -> bool:
        for check in checks:  # noqa: SIM110 - all() over a generator takes twice as long
            if not check(value, scope):
                return False
        return True

    return check_all


def _compile_or(checks: list[Check]) -> Check:
    if len(checks) == 2:
        first, second = checks
        return lambda value, scope: first(value, scope) or second(value, scope)

    def check_any(value: JSONValue, scope: Scope) -> bool:
        for check in checks:  # noqa: SIM110 - any() over a generator takes twice as long
            if check(value, scope):
                return True
        return False

    return check_any


def _compile_data_test(test: DataTest) -> Check:
    path = parse_path(test.variable)
    if test.operator == "IsPresent":
        return _compile_is_present(path, test.operand is True)
    read = _compile_variable(path)
    if test.operator in _TYPE_TESTS:
        is_type, wanted = _TYPE_TESTS[test.operator], test.operand is True
        return lambda value, scope: is_type(read(value, scope)) is wanted
    if test.operator == "StringMatches":
        return _compile_matches(read, str(test.operand))
    if test.operator.endswith("Path"):
        return _compile_path_comparison(test, read)
    return _compile_comparison(test, path, read)


def _compile_is_present(path: Path, wanted: bool) -> Check:
    if path.root == "$" and path.names is not None:
        return _compile_has_names(path.names, wanted)
    evaluate = compile_path(path).evaluate

    def is_present(value: JSONValue, scope: Scope) -> bool:
        try:
            evaluate(value, scope)
        except PathFailure:
            return not wanted
        return wanted

    return is_present


def _compile_has_names(names: tuple[str, ...], wanted: bool) -> Check:
    # Absence is an ordinary answer here: no failure is made, whose text would cost 2 us.
    def has_names(value: JSONValue, _scope: Scope) -> bool:
        for name in names:
            if not isinstance(value, dict) or name not in value:
                return not wanted
            value = value[name]
        return wanted

    return has_names


def _compile_variable(path: Path) -> Evaluate:
    missing = _missing(path)
    match path:
        case Path(root="$", names=(name,)):

            def read_field(value: Any, _scope: Scope) -> Any:
                try:
                    return value[name]
                except (LookupError, TypeError):
                    raise missing() from None

            return read_field
    evaluate = compile_path(path).evaluate

    def read(value: JSONValue, scope: Scope) -> JSONValue:
        try:
            return evaluate(value, scope)
        except PathFailure:
            raise missing() from None

    return read


def _missing(path: Path) -> Callable[[], StateFailure]:
    cause = f"Invalid path '{path.text}': The choice state's condition path references an invalid value."
    return lambda: StateFailure("States.Runtime", cause)


# -- comparisons


def _compile_comparison(test: DataTest, path: Path, read: Evaluate) -> Check:
    kind, compare = _COMPARISONS[test.operator], _compare(test.operator)
    operand: Any = test.operand
    if kind == "number":
        match path:
            case Path(root="$", names=(name,)):
                return _compile_number_test(name, compare, operand, _missing(path))
            case _:
                return lambda value, scope: (
                    _is_number(found := read(value, scope)) and compare(found, operand)
                )
    if kind == "timestamp":
        instant = parse_timestamp(operand) if isinstance(operand, str) else None
        return lambda value, scope: _compare_instants(compare, read(value, scope), instant)
    expected = bool if kind == "boolean" else str
    return lambda value, scope: type(found := read(value, scope)) is expected and compare(found, operand)


def _compile_number_test(
    name: str, compare: Callable[[Any, Any], bool], operand: Any, missing: Callable[[], StateFailure]
) -> Check:
    # The condition of most loops, hence one function.
    def test(value: Any, _scope: Scope) -> bool:
        try:
            found = value[name]
        except (LookupError, TypeError):
            raise missing() from None
        kind = type(found)
        return (kind is int or kind is float) and compare(found, operand)

    return test


def _compile_path_comparison(test: DataTest, read: Evaluate) -> Check:
    name = test.operator.removesuffix("Path")
    kind, compare = _COMPARISONS[name], _compare(name)
    read_operand = _compile_variable(parse_path(str(test.operand)))
    if kind == "timestamp":

        def check_instants(value: JSONValue, scope: Scope) -> bool:
            found, operand = read(value, scope), read_operand(value, scope)
            instant = parse_timestamp(operand) if isinstance(operand, str) else None
            return _compare_instants(compare, found, instant)

        return check_instants
    fits = {"number": _is_number, "boolean": _TYPE_TESTS["IsBoolean"], "string": _TYPE_TESTS["IsString"]}[
        kind
    ]

    def check(value: JSONValue, scope: Scope) -> bool:
        found, operand = read(value, scope), read_operand(value, scope)
        return fits(found) and fits(operand) and compare(found, operand)

    return check


def _compare(name: str) -> Callable[[Any, Any], bool]:
    for word in ("String", "Numeric", "Timestamp", "Boolean"):
        if name.startswith(word):
            return _ORDER[name.removeprefix(word)]
    raise AssertionError(f"{name} is no comparison")


def _is_number(found: object) -> bool:
    # bool is an int in Python, not in JSON.
    return type(found) is int or type(found) is float


def _compare_instants(compare: Callable[[Any, Any], bool], found: JSONValue, instant: int | None) -> bool:
    if instant is None or type(found) is not str:
        return False
    left = parse_timestamp(found)
    return left is not None and compare(left, instant)


def _compile_matches(read: Evaluate, pattern: str) -> Check:
    pieces = split_wildcard(pattern)
    return lambda value, scope: type(found := read(value, scope)) is str and _matches(found, pieces)


def split_wildcard(pattern: str) -> list[str]:
    r"""Split a StringMatches pattern at its ``*`` (any text); ``\*`` is a star, ``\\`` a backslash."""
    pieces = [""]
    position = 0
    while position < len(pattern):
        letter = pattern[position]
        if letter == "*":
            pieces.append("")
        else:
            if letter == "\\" and pattern[position + 1 : position + 2] in ("*", "\\"):
                position += 1
                letter = pattern[position]
            pieces[-1] += letter
        position += 1
    return pieces


def _matches(text: str, pieces: list[str]) -> bool:
    # Greedy from the left, hence linear; a regular expression could backtrack without end.
    if len(pieces) == 1:
        return text == pieces[0]
    first, *middle, last = pieces
    start, end = len(first), len(text) - len(last)
    if start > end or not text.startswith(first) or not text.endswith(last):
        return False
    for piece in middle:
        found = text.find(piece, start, end)
        if found < 0:
            return False
        start = found + len(piece)
    return True
