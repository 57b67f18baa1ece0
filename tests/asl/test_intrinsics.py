"""The 18 intrinsic functions: values, failures, syntax and the bounds of results."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from step.asl.intrinsic_functions import FUNCTIONS
from step.asl.intrinsics import IntrinsicSyntaxError, compile_intrinsic, compile_query, parse_intrinsic
from step.asl.scope import Scope
from step.errors import StateFailure

VALUE: dict[str, Any] = {
    "n": 5,
    "x": 2.5,
    "items": [1, 2, 3, 4, 5],
    "name": "Ann",
    "object": {"a": 1, "b": {"c": 2}},
    "flag": True,
}


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("States.Format('{} is {}', $.name, $.n)", "Ann is 5"),
        ("States.Format('{}', $.object)", "{a=1, b={c=2}}"),
        ("States.Format('{}!', $.flag)", "true!"),
        (r"States.Format('\{{}\} \'\\', $.n)", r"{5} '\ ".strip()),
        ("States.Format('plain')", "plain"),
        ("States.Format(States.Format('{}-', 'a'))", "a-"),
        ("States.StringToJson('{\"a\": [1, 2.5]}')", {"a": [1, 2.5]}),
        ("States.StringToJson(' ')", None),
        ("States.JsonToString($.object)", '{"a":1,"b":{"c":2}}'),
        ("States.Array()", []),
        ("States.Array($.n, 'a', 1.5, -2, true, null, $$.Map.Item.Index, $total)",
         [5, "a", 1.5, -2, True, None, 2, 40]),
        ("States.ArrayPartition($.items, 2)", [[1, 2], [3, 4], [5]]),
        ("States.ArrayContains($.items, 5)", True),
        ("States.ArrayContains($.items, true)", False),
        ("States.ArrayContains(States.Array($.object), $.object)", True),
        ("States.ArrayRange(1, 9, 3)", [1, 4, 7]),
        ("States.ArrayRange(3, 1, -1)", [3, 2, 1]),
        ("States.ArrayRange(3, 1, 1)", []),
        ("States.ArrayGetItem($.items, 4)", 5),
        ("States.ArrayLength($.items[?(@ > 2)])", 3),
        ("States.ArrayUnique(States.Array(1, true, 1, 1.0, '1', $.object, $.object))",
         [1, True, "1", VALUE["object"]]),
        ("States.Base64Encode('bread')", "YnJlYWQ="),
        ("States.Base64Decode('YnJlYWQ=')", "bread"),
        ("States.Hash('bread', 'MD5')", "dba7b12a19fe9d49fbb53d65c49bbce6"),
        ("States.JsonMerge($.object, States.StringToJson('{\"b\":0}'), false)", {"a": 1, "b": 0}),
        ("States.MathAdd($.n, -1)", 4),
        ("States.MathAdd(1, $.n)", 6),
        ("States.MathAdd($.x, $.x)", 6),
        ("States.MathAdd(-2.5, 0)", -2),
        ("States.StringSplit('a,b;,c', ',;')", ["a", "b", "c"]),
        ("States.StringSplit('abc', '')", ["abc"]),
    ],
)  # fmt: skip
def test_function_gives(call: str, expected: object, scope: Scope) -> None:
    found = compile_intrinsic(call).evaluate(VALUE, scope)

    assert found == expected
    assert type(found) is type(expected)


def test_whole_numbers_stay_exact(scope: Scope) -> None:
    assert compile_intrinsic("States.MathAdd($.big, 1)").evaluate({"big": 2**60 + 1}, scope) == 2**60 + 2


def test_uuid_is_a_version_4_uuid(scope: Scope) -> None:
    uuid = compile_intrinsic("States.UUID()").evaluate(None, scope)

    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", str(uuid))


def test_random_number_lies_between_start_and_end(scope: Scope) -> None:
    evaluate = compile_intrinsic("States.MathRandom(1, 4)").evaluate

    assert {evaluate(None, scope) for _ in range(100)} == {1, 2, 3}


def test_seeded_random_number_repeats_and_leaves_the_execution_alone(scope: Scope) -> None:
    evaluate = compile_intrinsic("States.MathRandom(1, 1000000, 42)").evaluate
    before = scope.random.getstate()

    assert evaluate(None, scope) == evaluate(None, scope)
    assert scope.random.getstate() == before


@pytest.mark.parametrize(
    "call",
    [
        "States.MathAdd($.name, 1)",
        "States.MathAdd($.flag, 1)",
        "States.Format('{} {}', $.n)",
        "States.Format($.n)",
        "States.StringToJson('{')",
        "States.StringToJson('NaN')",
        "States.StringToJson('1e999')",
        "States.ArrayPartition($.items, 0)",
        "States.ArrayRange(1, 5, 0)",
        "States.ArrayRange(1, 2000, 1)",
        "States.ArrayGetItem($.items, 5)",
        "States.ArrayGetItem($.items, -1)",
        "States.ArrayLength($.name)",
        "States.Base64Decode('%')",
        "States.Hash('a', 'CRC')",
        "States.JsonMerge($.object, $.object, true)",
        "States.JsonMerge($.object, $.n, false)",
        "States.MathRandom(2, 2)",
        "States.StringSplit($.n, ',')",
    ],
)
def test_wrong_argument_fails_with_the_source_of_the_call(call: str, scope: Scope) -> None:
    with pytest.raises(StateFailure) as failure:
        compile_intrinsic(call).evaluate(VALUE, scope)

    name, cause = failure.value.error
    assert name == "States.IntrinsicFailure"
    assert str(cause).startswith(f"The function '{call}' had the following error: ")


@pytest.mark.parametrize(
    "call",
    ["States.MathAdd($.gone, 1)", "States.Format('{}', $.gone)", "States.Format('{}{}', 1, $.gone)",
     "States.ArrayLength($.gone)", "States.JsonMerge($.gone, $.gone, false)", "States.Hash('a', $.gone)"],
)  # fmt: skip
def test_missing_path_inside_a_function_is_a_runtime_failure(call: str, scope: Scope) -> None:
    with pytest.raises(StateFailure) as failure:
        compile_intrinsic(call).evaluate({"a": 1}, scope)

    assert failure.value.error == (
        "States.Runtime",
        f"The function '{call}' had the following error: "
        "The JsonPath argument for the field '$.gone' could not be found in the input '{\"a\":1}'",
    )


@pytest.mark.parametrize(
    "text",
    [
        "States.Unknown()",
        "States.Array",
        "States.Array(1",
        "States.Array(1,)",
        "States.Array(1) ",
        'States.Array("a")',
        "States.Array('a)",
        r"States.Array('\"')",
        "States.Array($.)",
        "States.Array(1e999)",
        "States.Array(.5)",
        "States.Array(truth)",
        "States.UUID(1)",
        "States.MathAdd(1)",
        "States.MathRandom(1, 2, 3, 4)",
        "States.Format()",
        "States.Array(" * 11 + ")" * 11,
        "$.a",
    ],
)
def test_wrong_text_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(IntrinsicSyntaxError, match=r"at character \d+$"):
        parse_intrinsic(text)


def test_ten_functions_may_be_nested(scope: Scope) -> None:
    found = compile_intrinsic("States.Array(" * 10 + ")" * 10).evaluate(None, scope)

    assert str(found) == "[" * 10 + "]" * 10


def test_query_is_a_path_or_a_function(scope: Scope) -> None:
    assert compile_query("$.n").evaluate(VALUE, scope) == 5
    assert compile_query("States.MathAdd($.n, 1)").evaluate(VALUE, scope) == 6


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(FUNCTIONS)),
    arguments=st.lists(st.sampled_from(["$.n", "$.x", "$.items", "$.name", "$.object", "$.flag", "$.gone",
                                        "null", "0", "1.5", "'a'", "'{}'", "false"]), max_size=3),
)  # fmt: skip
def test_any_call_is_refused_or_gives_a_value_or_a_failure(
    name: str, arguments: list[str], scope: Scope
) -> None:
    try:
        evaluate = compile_intrinsic(f"{name}({', '.join(arguments)})").evaluate
    except IntrinsicSyntaxError:
        return
    with contextlib.suppress(StateFailure):
        evaluate(VALUE, scope)
