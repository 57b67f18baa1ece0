"""The same result at any depth of the caller's stack."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from step import StateMachine
from step.asl.jsonata import find_problems
from step.asl.meter import LIMITS

# As deep as calls may be nested; with several operators between them that is less deep.
DEEPEST = "($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(%d))"
NESTED = "($f := function($n) { $n = 0 ? 0 : 1 + (1 ? [$f($n - 1)][0] : 0) }; $f(%d))"
SORTED = (
    "($f := function($n) { $n = 0 ? 0 : $sort([2, 1], function($a, $b) { $count($f($n - 1)) > 5 }) }; $f(7))"
)


def at_depth(depth: int, do: Callable[[], Any]) -> Any:
    frame: FrameType | None = sys._getframe()
    here = 0
    while frame is not None:
        here, frame = here + 1, frame.f_back
    return _down(depth - here, do)


def _down(levels: int, do: Callable[[], Any]) -> Any:
    return do() if levels <= 0 else _down(levels - 1, do)


def outcome(expression: str) -> tuple[str, Any, str | None]:
    state = {"Type": "Pass", "Output": f"{{% {expression} %}}", "End": True}
    machine: dict[str, Any] = {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": state}}
    execution = StateMachine.from_json(machine).execute({})
    return execution.status, execution.output, execution.cause


@pytest.mark.parametrize(
    ("expression", "status"),
    [
        (DEEPEST % (LIMITS.calls - 1), "SUCCEEDED"),
        (DEEPEST % LIMITS.calls, "FAILED"),
        (DEEPEST % 100_000, "FAILED"),
        (NESTED % 40, "SUCCEEDED"),
        (NESTED % 99, "FAILED"),
        (SORTED, "SUCCEEDED"),
        ("(" * 60 + "1" + ")" * 60, "SUCCEEDED"),
        ("1" + " + 1" * 5_000, "SUCCEEDED"),
        ("'a'" + " & 'a'" * 5_000, "SUCCEEDED"),
    ],
)
def test_result_is_the_same_at_any_depth_of_the_stack(expression: str, status: str) -> None:
    at_50, at_900 = (at_depth(depth, lambda: outcome(expression)) for depth in (50, 900))

    assert at_50[0] == status
    assert at_900 == at_50


@pytest.mark.parametrize(
    "text", ["(" * 10_000 + "1" + ")" * 10_000, "-" * 10_000 + "1", "[" * 10_000, "$f" + "()" * 10_000]
)
def test_an_expression_nested_too_deep_is_refused_at_any_depth_of_the_stack(text: str) -> None:
    at_50, at_900 = (at_depth(depth, lambda: find_problems(text)) for depth in (50, 900))

    assert [problem.code for problem in at_50] == ["INVALID_JSONATA_EXPRESSION"]
    assert at_900 == at_50
