"""Reading with paths, the causes of failure, and placing with ResultPath."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from step.asl.jsonpath import (
    PathFailure,
    PathSyntaxError,
    compile_path,
    compile_result_path,
    parse_path,
)
from step.asl.scope import Bound, Scope
from step.errors import StateFailure

VALUE: dict[str, Any] = {
    "oven": {"shelves": [{"loaf": "rye"}, {"loaf": "oat"}], "note": None, "two words": 1, "größe": 2},
    "name": "bread",
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", VALUE),
        ("$.name", "bread"),
        ("$.oven.note", None),
        ("$.oven.größe", 2),
        ("$.oven['two words']", 1),
        ('$["oven"]["two words"]', 1),
        ("$.oven.shelves[0].loaf", "rye"),
        ("$.oven.shelves[-1]['loaf']", "oat"),
        ("$['name','gone']", {"name": "bread"}),
        ("$$.Execution.Id", "arn:run"),
        ("$$.Map.Item.Index", 2),
        ("$total", 40),
        ("$order.lines[1].sku", "b"),
    ],
)
def test_definite_path_gives_the_value(path: str, expected: object, scope: Scope) -> None:
    assert compile_path(path).evaluate(VALUE, scope) == expected


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("$.gone", "No results for path: $['gone']"),
        ("$.oven.gone", "No results for path: $['oven']['gone']"),
        ("$.gone.deeper", "Missing property in path $['gone']"),
        ("$.oven.shelves[9]", "No results for path: $['oven']['shelves'][9]"),
        ("$.oven.note[0]", "The path $['oven']['note'] is null"),
        ("$.name[0]", "Filter: [0] can only be applied to arrays. Current context is: bread"),
    ],
)
def test_failure_says_what_aws_says(path: str, reason: str, scope: Scope) -> None:
    with pytest.raises(PathFailure) as failure:
        compile_path(path).evaluate(VALUE, scope)

    assert failure.value.error == ("States.Runtime", f"Invalid path '{path}' : {reason}")


def test_field_on_a_text_names_the_java_type(scope: Scope) -> None:
    with pytest.raises(
        PathFailure, match=r"\['length'\] in path \$\['name'\] but found 'java\.lang\.String'"
    ):
        compile_path("$.name.length").evaluate(VALUE, scope)


def test_failure_of_a_named_field_shows_field_and_input(scope: Scope) -> None:
    with pytest.raises(PathFailure) as failure:
        compile_path("$$.Execution.Gone", field="id.$").evaluate({"a": 1}, scope)

    assert failure.value.error.cause == (
        "The JSONPath '$$.Execution.Gone' specified for the field 'id.$' "
        "could not be found in the input '{\"a\":1}'"
    )


def test_unknown_variable_fails(scope: Scope) -> None:
    with pytest.raises(PathFailure):
        compile_path("$gone").evaluate({}, scope)


@pytest.mark.parametrize(
    ("path", "is_definite", "is_reference"),
    [
        ("$", True, True),
        ("$.a['b'][0]", True, True),
        ("$.a[*]", False, False),
        ("$..a", False, False),
        ("$.a[1:]", False, False),
        ("$.a[?(@.b)].c", False, False),
        ("$.a.length()", True, False),
        ("$['a','b']", True, False),
    ],
)
def test_path_knows_its_kind(path: str, is_definite: bool, is_reference: bool) -> None:
    parsed = parse_path(path)

    assert (parsed.is_definite, parsed.is_reference) == (is_definite, is_reference)


@pytest.mark.parametrize(
    "text",
    ["", "a", "$.", "$..", "$.a b", "$a-b", "$.a[", "$.a['b]", "$.a[x]", "$.a[:]", "$.a[?(@.b ==)]",
     "$.a[?(@.b == 1]", "$.a.guess()", "$.a.length() ", "$.a[99999999999]", "$[?(@=~/(/)]",
     "$" + "[?(@" * 99],
)  # fmt: skip
def test_wrong_text_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(PathSyntaxError, match=r"at character \d+$"):
        parse_path(text)


@given(st.text("$@.[]'\"()*?:,!=<>&|/~ -0129aZ\\nul", max_size=30))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        parsed = parse_path("$" + text)
    except PathSyntaxError:
        return
    assert parsed.text == "$" + text


@pytest.mark.parametrize(
    ("path", "bound"),
    [
        ("$", Bound((None,))),
        ("$.a.b", Bound(("a",))),
        ("$.a[0]", Bound(("a",))),
        ("$.a[*].b", Bound(("a",), 2)),
        ("$..a", Bound((), float("inf"))),
        ("$.a[0,0]", Bound((), float("inf"))),
        ("$$.Execution", Bound((), float("inf"))),
    ],
)
def test_bound_says_what_is_read(path: str, bound: Bound) -> None:
    assert compile_path(path).bound == bound


@pytest.mark.parametrize(
    ("path", "raw_input", "expected"),
    [
        ("$", {"a": 1}, "R"),
        ("$.r", {"a": 1}, {"a": 1, "r": "R"}),
        ("$.a", {"a": 1, "b": 2}, {"a": "R", "b": 2}),
        ("$.a.b.c", {"a": {"z": 1}}, {"a": {"z": 1, "b": {"c": "R"}}}),
        ("$['a b'].c", {}, {"a b": {"c": "R"}}),
        ("$.list[1].x", {"list": [0, {"y": 1}]}, {"list": [0, {"y": 1, "x": "R"}]}),
        ("$.list[0]", {}, {"list": ["R"]}),
    ],
)
def test_result_path_places_the_result(path: str, raw_input: Any, expected: object) -> None:
    assert compile_result_path(path)(raw_input, "R") == expected


def test_result_path_copies_only_what_lies_on_it() -> None:
    raw_input = {"on": {"beside": [1], "inner": {}}, "off": [2]}

    output: Any = compile_result_path("$.on.inner.new")(raw_input, 3)  # type: ignore[arg-type]  # JSON all the same

    assert raw_input == {"on": {"beside": [1], "inner": {}}, "off": [2]}
    assert output["off"] is raw_input["off"]
    assert output["on"]["beside"] is raw_input["on"]["beside"]  # type: ignore[index]  # an object


@pytest.mark.parametrize(
    ("path", "raw_input"),
    [
        ("$.a", "text"),
        ("$.a", None),
        ("$.a.b", {"a": 1}),
        ("$.a[2]", {"a": [1]}),
        ("$.a[1]", {}),
        ("$[0]", {}),
    ],
)
def test_result_path_that_does_not_apply_fails(path: str, raw_input: Any) -> None:
    with pytest.raises(StateFailure) as failure:
        compile_result_path(path)(raw_input, "R")

    assert failure.value.error.name == "States.ResultPathMatchFailure"
    assert f"ReferencePath {path} to input" in str(failure.value.error.cause)


@pytest.mark.parametrize("path", ["$.a[*]", "$$.a", "$name", "$.a.length()"])
def test_result_path_must_be_a_reference_path(path: str) -> None:
    with pytest.raises(PathSyntaxError):
        compile_result_path(path)
