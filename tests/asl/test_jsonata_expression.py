"""Data tests of JSONata expressions and templates: values, and failures in AWS's words."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from step.asl.jsonata_expression import compile_expression, compile_template
from step.errors import StateFailure, StepError

HERE = Path(__file__).parent
RESULTS = json.loads((HERE / "jsonata_results.json").read_text())
FAILURES = json.loads((HERE / "jsonata_failures.json").read_text())
INPUT: Any = RESULTS[0][1]


@dataclass
class Sight:
    """What an expression sees beside its input."""

    context: dict[str, Any] = field(default_factory=lambda: {"Execution": {"Name": "run"}})
    variables: dict[str, Any] = field(default_factory=lambda: {"limit": 2})
    random: random.Random = field(default_factory=lambda: random.Random(7))
    now: int = 1_767_225_600_000
    has_former_functions: bool = False


def evaluate(template: Any, scope: Sight | None = None) -> Any:
    return compile_template(template, "Output", "result").evaluate(INPUT, {"ok": True}, scope or Sight())


@pytest.mark.parametrize(("text", "expected"), RESULTS)
def test_expression_gives_json(text: str, expected: Any) -> None:
    result = evaluate(f"{{% {text} %}}")

    # Text tells 1 from 1.0 and true from 1; a dictionary's order doesn't matter.
    assert json.dumps(result, sort_keys=True) == json.dumps(expected, sort_keys=True)


@pytest.mark.parametrize(("text", "said"), FAILURES)
def test_failure_names_expression_and_field(text: str, said: str) -> None:
    query = compile_expression(text, "Arguments/a[0]")

    with pytest.raises(StateFailure) as caught:
        query.evaluate(INPUT, None, Sight())

    assert caught.value.error.name == "States.QueryEvaluationError"
    assert caught.value.location == "Arguments/a[0]"
    assert caught.value.error.cause == (
        f"The JSONata expression '{text}' specified for the field 'Arguments/a[0]' {said}"
    )


def test_template_evaluates_strings_at_any_depth_and_keeps_the_rest() -> None:
    dynamic = ["{% $limit %}", {"b": "{%$states.input.n%}"}]

    result = evaluate({"a": dynamic, "c": " {% $limit %}", "d.$": "$", "e": []})

    assert result == {"a": [2, {"b": 2}], "c": " {% $limit %}", "d.$": "$", "e": []}
    assert dynamic == ["{% $limit %}", {"b": "{%$states.input.n%}"}]


def test_template_names_the_place_of_the_failing_expression() -> None:
    with pytest.raises(StateFailure) as caught:
        evaluate({"a": [1, {"b": "{% $nothing %}"}]})

    assert caught.value.location == "Output/a[1]/b"


def test_constant_template_is_shared_by_all_results() -> None:
    template = {"a": [1, {"b": "text"}]}

    assert evaluate(template) is template


def test_result_shares_parts_of_the_input() -> None:
    assert evaluate("{% $states.input.loaves %}") is INPUT["loaves"]
    assert evaluate("{% $append($states.input.loaves, []) %}")[0] is INPUT["loaves"][0]


def test_randomness_comes_from_the_scope() -> None:
    text = "{% [$random(), $uuid(), $shuffle([1, 2, 3, 4, 5, 6])] %}"

    assert evaluate(text) == evaluate(text)
    assert evaluate(text) != evaluate(text, Sight(random=random.Random(8)))


@pytest.mark.parametrize(
    ("text", "needs_entry"),
    [
        ("$states.input.a", False),
        ("$sum($states.input.loaves[kg > 1].kg)", False),
        ("$states.context.State.Name", True),
        ("$states", True),
        ("$merge([$states, {}])", True),
        ("$now()", True),
        ("$uuid()", True),
    ],
)
def test_expression_knows_whether_it_looks_at_the_visit(text: str, *, needs_entry: bool) -> None:
    assert compile_expression(text, "Output").needs_entry is needs_entry


def test_size_of_a_result_is_bounded_where_that_is_known() -> None:
    template: Any = {"i": "{% $states.input.n + 1 %}", "a": "{% $states.input.deep %}"}

    bound = compile_template(template, "Output").bound

    assert bound.factor == 1
    assert bound.plus < 100
    assert compile_expression("$x", "Output").bound.plus == float("inf")


def test_text_that_is_no_jsonata_is_refused_at_compile_time() -> None:
    with pytest.raises(StepError, match=r"Output/a: '1 \+' is no JSONata expression"):
        compile_template({"a": "{% 1 + %}"}, "Output")
