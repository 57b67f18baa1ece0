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
from step.asl.java_json import explain
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
        ("States.ArrayRange(1.6, 1.4, 1)", [1]),
        ("States.ArrayRange(5.4, -0.6, -2.4)", [5, 3, 1]),
        ("States.ArrayGetItem($.items, 4)", 5),
        ("States.ArrayGetItem($.items, 1.9)", 2),
        ("States.ArrayGetItem($.items, 5)", None),
        ("States.ArrayContains(States.Array('5'), 5)", True),
        ("States.ArrayContains($.items, '5.0')", True),
        ("States.ArrayContains(States.Array('5.0'), 5)", False),
        ("States.ArrayContains($.items, 'five')", False),
        ("States.ArrayLength($.items[?(@ > 2)])", 3),
        ("States.ArrayUnique(States.Array(1, true, 1, 1.0, '1', $.object, $.object))",
         [1.0, 1, "1", VALUE["object"], True]),
        ("States.ArrayUnique(States.StringToJson('[true, false, true]'))", [False, True]),
        ("States.ArrayUnique(States.StringToJson('[null, 2147483648, -1, 98765432109876543210, []]'))",
         [None, 2147483648, -1, [], 98765432109876543210]),
        ("States.Base64Encode('bread')", "YnJlYWQ="),
        ("States.Base64Decode('YnJlYWQ=')", "bread"),
        ("States.Base64Decode('abc')", "i\ufffd"),
        ("States.Base64Decode('a-b_==cd%')", "k\ufffd\ufffd"),
        ("States.Base64Decode('YnJlYWQ')", "bread"),
        ("States.Hash('bread', 'MD5')", "dba7b12a19fe9d49fbb53d65c49bbce6"),
        ("States.JsonMerge($.object, States.StringToJson('{\"b\":0}'), false)", {"a": 1, "b": 0}),
        ("States.MathAdd($.n, -1)", 4),
        ("States.MathAdd(1, $.n)", 6),
        ("States.MathAdd($.x, $.x)", 6),
        ("States.MathAdd(-2.5, 0)", -2),
        ("States.MathAdd(2147483646.5, 0)", 2147483647),
        ("States.MathRandom(1, 100, 42)", 63),
        ("States.MathRandom(0, 64, 42)", 46),
        ("States.StringToJson(' {} and more')", {}),
        ("States.StringSplit('a,b;,c', ',;')", ["a", "b", "c"]),
        ("States.StringSplit('abc', '')", ["abc"]),
    ],
)  # fmt: skip
def test_function_gives(call: str, expected: object, scope: Scope) -> None:
    found = compile_intrinsic(call).evaluate(VALUE, scope)

    assert found == expected
    assert type(found) is type(expected)


def test_uuid_is_a_version_4_uuid(scope: Scope) -> None:
    uuid = compile_intrinsic("States.UUID('x', null)").evaluate(None, scope)

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
        "States.MathAdd(2147483647, 1)",
        "States.MathAdd(1, 2147483647)",
        "States.MathAdd($.n, 2147483643)",
        "States.MathAdd(-2147483649, 1)",
        "States.MathAdd(1)",
        "States.MathAdd(1, 2, 3)",
        "States.Format('{} {}', $.n)",
        "States.Format($.n)",
        "States.Format()",
        "States.StringToJson('1e999')",
        "States.StringToJson($.n)",
        "States.ArrayPartition($.items, 0)",
        "States.ArrayPartition($.items, -0.4)",
        "States.ArrayRange(1, 5, 0)",
        "States.ArrayRange(1, 5)",
        "States.ArrayRange(1, 2000, 1)",
        "States.ArrayGetItem($.items, -1)",
        "States.ArrayGetItem($.items, '1')",
        "States.ArrayLength($.name)",
        "States.Base64Decode($.n)",
        "States.Hash('a', 'CRC')",
        "States.JsonMerge($.object, $.object, true)",
        "States.JsonMerge($.object, $.n, false)",
        "States.MathRandom(2, 2)",
        "States.MathRandom(1.4, 1.6)",
        "States.MathRandom(-2147483648, 2147483647)",
        "States.MathRandom(1, 2, 3, 4)",
        "States.StringSplit($.n, ',')",
    ],
)
def test_wrong_arguments_fail_the_state_at_run_time(call: str, scope: Scope) -> None:
    with pytest.raises(StateFailure) as failure:
        compile_intrinsic(call).evaluate(VALUE, scope)

    assert failure.value.error == (
        "States.Runtime",
        f"There was an error while evaluating the intrinsic function: {call}. "
        f"Invalid arguments in {call.partition('(')[0]}",
    )


SOURCE = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: "
TOKENS = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (
            "States.Format('a {{}}', $.n)",
            "Invalid template in States.Format: matching '}' not found for '{'.",
        ),
        ("States.Format('}')", "Invalid template in States.Format: matching '{' not found for '}'."),
        ("States.Format($.brace)", "Invalid template in States.Format: matching '}' not found for '{'."),
        (
            "States.JsonToString()",
            "Invalid arguments in States.JsonToString: only a single argument is allowed.",
        ),
        (
            "States.StringToJson($.bad)",
            "Cannot convert String to Json in States.StringToJson, caused by: Unexpected character "
            f"('b' (code 98)): was expecting double-quote to start field name\n at {SOURCE}1, column: 2]",
        ),
    ],
)
def test_some_functions_say_more_of_their_arguments(call: str, reason: str, scope: Scope) -> None:
    outer = f"States.Array(1, {call})"

    with pytest.raises(StateFailure) as failure:
        compile_intrinsic(outer).evaluate({"n": 1, "brace": "{", "bad": "{bad json}"}, scope)

    told = f"There was an error while evaluating the intrinsic function: {outer}. {reason}"
    assert failure.value.error == ("States.Runtime", told)


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("undefined", f"Unrecognized token 'undefined': was expecting {TOKENS}", "1, column: 10"),
        ("{", f": expected close marker for Object (start marker at {SOURCE}1, column: 1])", "1, column: 2"),
        ("[1,\n 2", f": expected close marker for Array (start marker at {SOURCE}1, column: 1])",
         "2, column: 3"),
        ("[1,", " within/between Array entries", "1, column: 4"),
        ('{"a', " in field name", "1, column: 4"),
        ('{"a":', " within/between Object entries", "1, column: 6"),
        ('"a', ": was expecting closing quote for a string value", "1, column: 3"),
        ("[1 2]", "'2' (code 50)): was expecting comma to separate Array entries", "1, column: 4"),
        ('{"a" 1}', "'1' (code 49)): was expecting a colon to separate field name and value", "1, column: 6"),
        ("[1,]", f"']' (code 93)): expected a valid value {TOKENS}", "1, column: 4"),
        ("[1}", f"close marker '}}': expected ']' (for Array starting at {SOURCE}1, column: 1])",
         "1, column: 4"),
        ("'a'", f"' (code 39)): expected a valid value {TOKENS}", "1, column: 1"),
        ("01", "Invalid numeric value: Leading zeroes not allowed", "1, column: 2"),
        ("1.x", "in numeric value: Decimal point not followed by a digit", "1, column: 3"),
        ("-", " in a Number value", "1, column: 2"),
        ("NaN", "Non-standard token 'NaN'", "1, column: 4"),
        ('"\n"', "Illegal unquoted character ((CTRL-CHAR, code 10))", "1, column: 2"),
        (r'"\x"', "Unrecognized character escape 'x' (code 120)", "1, column: 3"),
    ],
)  # fmt: skip
def test_text_that_is_no_json_is_explained_as_jackson_does(text: str, message: str, place: str) -> None:
    told = str(explain(text))

    assert message in told
    assert told.endswith(f"\n at {SOURCE}{place}]")


def test_json_is_not_explained() -> None:
    assert explain(' {"a": [1, -2.5e3, "x\\u00e4", true, null, {}, []]} ') is None


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
