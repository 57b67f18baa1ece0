"""What a state or a transition says in a picture: short, readable lines from the model.

Pure: no clock, no IO. Knows nothing of shapes or coordinates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import assert_never

from step.asl.model import (
    And,
    Choice,
    ChoiceRule,
    Condition,
    DataTest,
    Fail,
    Map,
    Not,
    Or,
    Parallel,
    Pass,
    Retrier,
    State,
    Succeed,
    Task,
    Test,
    Wait,
)
from step.asl.taskfn import PLACEHOLDER
from step.jsonvalue import JSONValue
from step.view.text import human_duration

_SIGNS = {
    "Equals": "=",
    "LessThanEquals": "≤",
    "GreaterThanEquals": "≥",
    "LessThan": "<",
    "GreaterThan": ">",
    "Matches": "matches",
}
_KINDS = {
    "IsNull": "null",
    "IsPresent": "present",
    "IsNumeric": "a number",
    "IsString": "a string",
    "IsBoolean": "a boolean",
    "IsTimestamp": "a timestamp",
}
_TYPED = re.compile(r"(?:String|Numeric|Boolean|Timestamp)(.+?)(?:Path)?$")


def describe_rule(rule: ChoiceRule) -> str:
    """Write a choice rule as a condition: ``$.n ≥ 3 and $.name is present``."""
    return _describe_test(rule.test)


def _describe_test(test: Test) -> str:
    match test:
        case DataTest():
            return _describe_data_test(test)
        case Condition(expression=expression):
            return bare_expression(expression)
        case Not(rule=rule):
            return f"not {_bracketed(rule)}"
        case And(rules=rules):
            return " and ".join(_bracketed(rule) for rule in rules)
        case Or(rules=rules):
            return " or ".join(_bracketed(rule) for rule in rules)
        case _:
            assert_never(test)


def _bracketed(test: Test) -> str:
    text = _describe_test(test)
    return f"({text})" if isinstance(test, And | Or) and len(test.rules) > 1 else text


def _describe_data_test(test: DataTest) -> str:
    if test.operator in _KINDS:
        word = "is" if test.operand is True else "is not" if test.operand is False else f"is {test.operand}:"
        return f"{test.variable} {word} {_KINDS[test.operator]}"
    typed = _TYPED.match(test.operator)
    sign = _SIGNS.get(typed[1], test.operator) if typed else test.operator
    is_path = test.operator.endswith("Path")
    operand = str(test.operand) if is_path else json.dumps(test.operand, ensure_ascii=False)
    return f"{test.variable} {sign} {operand}"


def bare_expression(value: JSONValue) -> str:
    """Write a value that may be a JSONata string without its ``{% %}``, on one line."""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    match = re.fullmatch(r"\{%(.*)%\}", value.strip(), re.DOTALL)
    return " ".join((match[1] if match else value).split())


def describe_state(state: State) -> str:
    """Say in one line what kind of state this is and what it does: ``Wait · 12 h``."""
    kind, detail = type(state).__name__, _detail(state)
    if isinstance(state, Task) and _is_task_fn(state):
        kind, detail = "TaskFn", "" if state.resource == PLACEHOLDER else detail
    return f"{kind} · {detail}" if detail else kind


def _is_task_fn(state: Task) -> bool:
    """Recognize what ``taskfn.expand`` writes: a message that names the state as the handler."""
    messages = (state.parameters, state.arguments)
    return any(isinstance(m, dict) and m.get("Task") == state.name and "Context" in m for m in messages)


def _detail(state: State) -> str:
    match state:
        case Task():
            return short_resource(state)
        case Wait():
            return _wait(state)
        case Fail():
            return bare_expression(state.error if state.error is not None else state.error_path or "")
        case Map():
            return _map(state)
        case Parallel():
            count = len(state.branches)
            return f"{count} branch" if count == 1 else f"{count} branches"
        case Pass() | Succeed() | Choice():
            return ""
        case _:
            assert_never(state)


def _wait(state: Wait) -> str:
    if isinstance(state.seconds, int | float):
        return human_duration(state.seconds)
    if state.seconds is not None:
        return f"{bare_expression(state.seconds)} s"
    if state.seconds_path is not None:
        return f"{state.seconds_path} s"
    return f"until {bare_expression(state.timestamp or state.timestamp_path or '')}"


def _map(state: Map) -> str:
    kind = "distributed" if state.item_processor.is_distributed else "each item"
    limit = state.max_concurrency_path or state.max_concurrency
    return f"{kind}, {bare_expression(limit)} at once" if limit else kind


def called_service(state: Task) -> str:
    """Name the service that a Task calls, as its resource does: ``lambda``, ``sqs``, ``activity``."""
    head, _, rest = state.resource.partition(":states:::")
    if rest:
        return rest.removeprefix("aws-sdk:").partition(":")[0]
    return "activity" if ":activity:" in head else "lambda"


def short_resource(state: Task) -> str:
    """Name what a Task calls: a function's name, or the service and its action.

    ``lambda:invoke`` is named by its FunctionName; a placeholder (``${...}``) by what it stands for.
    """
    head, _, rest = state.resource.partition(":states:::")
    if rest:
        return _integration(state, rest)
    text = head if ":" in head else bare_expression(state.resource)
    return _function_name(text)


def _integration(state: Task, rest: str) -> str:
    suffix = {".sync": " (sync)", ".sync:2": " (sync)", ".waitForTaskToken": " (callback)"}
    action, dot, pattern = rest.partition(".")
    call = action.removeprefix("aws-sdk:")
    if call == "lambda:invoke":
        for template in (state.parameters, state.arguments):
            if isinstance(template, dict):
                name = template.get("FunctionName", template.get("FunctionName.$"))
                call = _function_name(bare_expression(name)) if name else call
    return call + suffix.get(dot + pattern, "")


def _function_name(arn: str) -> str:
    for marker in (":function:", ":activity:"):
        if marker in arn:
            name = arn.split(marker, 1)[1]
            return f"{name} (activity)" if marker == ":activity:" else name
    placeholder = re.fullmatch(r"\$\{([^}]*)\}", arn)
    return placeholder[1] if placeholder else arn


def describe_retriers(retriers: Sequence[Retrier]) -> str:
    """Say which errors are tried again and how often: ``3x Throttled, 6x Lambda.* (4)``."""
    return ", ".join(f"{retrier.max_attempts}x {_errors(retrier.error_equals)}" for retrier in retriers)


def _errors(names: Sequence[str]) -> str:
    """Name up to two errors; of more, what they share or the first, and how many there are."""
    if len(names) <= 2:
        return " | ".join(names)
    family = names[0].partition(".")[0]
    if all(name.startswith(f"{family}.") for name in names):
        return f"{family}.* ({len(names)})"
    return f"{names[0]} | {len(names) - 1} more"
