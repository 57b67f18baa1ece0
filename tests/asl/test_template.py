"""Payload templates: what they give, what they share, how large it can be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from step.asl.scope import Scope
from step.asl.template import compile_template, is_constant
from step.errors import StateFailure
from step.jsonvalue import to_text

VALUE: dict[str, Any] = {"a": 1, "b": {"c": [1, 2]}, "d": "text", "e": None}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("text", "text"),
        ([1, {"x": None}], [1, {"x": None}]),
        ({"x.$": "$.a"}, {"x": 1}),
        ({"x.$": "$.a", "y.$": "$.d"}, {"x": 1, "y": "text"}),
        ({"x.$": "$.a", "y.$": "$.d", "z.$": "$.e"}, {"x": 1, "y": "text", "z": None}),
        ({"x.$": "$.b.c"}, {"x": [1, 2]}),
        ({"x.$": "$.a", "y.$": "$.b.c", "z.$": "$$.Execution.Id"}, {"x": 1, "y": [1, 2], "z": "arn:run"}),
        ({"x.$": "$.b.c", "y.$": "$total"}, {"x": [1, 2], "y": 40}),
        ({"first": 0, "x.$": "States.MathAdd($.a, 1)", "last": [0]}, {"first": 0, "x": 2, "last": [0]}),
        ({"deep": {"list": [{"x.$": "$.a"}, "$.a"]}, "not": "$.a"},
         {"deep": {"list": [{"x": 1}, "$.a"]}, "not": "$.a"}),
        ({"x.$": "$.b.c[?(@ > 9)]"}, {"x": []}),
    ],
)  # fmt: skip
def test_template_gives(template: Any, expected: object, scope: Scope) -> None:
    found = compile_template(template).evaluate(VALUE, scope)

    assert found == expected
    assert to_text(found) == to_text(expected), "the order of the template"


def test_constant_parts_are_shared_and_results_are_not(scope: Scope) -> None:
    template: Any = {"constant": {"k": [1]}, "x.$": "$.b.c"}
    evaluate = compile_template(template).evaluate

    first: Any = evaluate(VALUE, scope)
    second: Any = evaluate(VALUE, scope)

    assert first is not second
    assert first["constant"] is second["constant"] is template["constant"]
    assert first["x"] is VALUE["b"]["c"]


def test_constant_template_is_known(scope: Scope) -> None:
    assert is_constant({"a": [{"b": "$.a"}]})
    assert not is_constant({"a": [{"b.$": "$.a"}]})


@pytest.mark.parametrize(
    ("template", "path", "field"),
    [
        ({"x.$": "$.gone"}, "$.gone", "x.$"),
        ({"x.$": "$.a", "y.$": "$.gone"}, "$.gone", "y.$"),
        ({"x.$": "$.a", "y.$": "$.d", "z.$": "$.gone"}, "$.gone", "z.$"),
        ({"k": 1, "deep": [{"z.$": "$$.gone"}]}, "$$.gone", "z.$"),
    ],
)
def test_missing_path_fails_with_field_and_input(template: Any, path: str, field: str, scope: Scope) -> None:
    with pytest.raises(StateFailure) as failure:
        compile_template(template).evaluate(VALUE, scope)

    assert failure.value.error == (
        "States.Runtime",
        f"The JSONPath '{path}' specified for the field '{field}' "
        f"could not be found in the input '{to_text(VALUE)}'",
    )


@pytest.mark.parametrize("template", [{"x.$": 1}, {"x.$": "text"}, {"x.$": "$."}, {"x.$": "States.No()"}])
def test_wrong_dynamic_field_is_refused(template: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        compile_template(template)


_texts = st.text('aé"\\\n\U0001f35e{}', max_size=6)
_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _texts
)
_json = st.recursive(_scalars, lambda inner: st.lists(inner) | st.dictionaries(_texts, inner), max_leaves=8)
_queries = st.sampled_from(
    ["$", "$.a", "$.b", "$.b.c", "$.b[0]", "$.b[*]", "$.b[-2:]", "States.Format('{}é\\'{}', $.a, $.b)",
     "States.Array($, $.a, 'x')", "States.MathAdd($.a, $.b)", "States.MathAdd($.a, 7)",
     "States.ArrayUnique($.b)", "States.ArrayGetItem($.b, 0)", "States.ArrayContains($.b, $.a)",
     "States.JsonMerge($.a, $.b, false)", "States.UUID()", "$.b.length()", "States.Hash($.a, 'SHA-512')"]
)  # fmt: skip


def _with_fields(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = st.dictionaries(_texts.map(lambda name: f"{name}.$"), _queries, max_size=3)
    return st.builds(lambda a, b: {**a, **b}, st.dictionaries(_texts, inner, max_size=2), fields) | st.lists(
        inner, max_size=3
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(template=st.recursive(_scalars, _with_fields, max_leaves=6), a=_json, b=_json)
def test_result_is_never_larger_than_its_bound(template: Any, a: Any, b: Any, scope: Scope) -> None:
    value = {"a": a, "b": b}
    expression = compile_template(template)
    try:
        result = expression.evaluate(value, scope)
    except StateFailure:
        return

    def size(part: Any) -> int:
        return len(to_text(part).encode())

    assert size(result) <= expression.bound.factor * size(value) + expression.bound.plus
