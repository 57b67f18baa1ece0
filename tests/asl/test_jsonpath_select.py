"""Wildcards, slices, deep scans, filters and functions, with Jayway's answers."""

from __future__ import annotations

from typing import Any

import pytest

from step.asl.jsonpath import PathFailure, compile_path
from step.asl.scope import Scope

LOAVES: list[Any] = [
    {"name": "rye", "price": 4, "tags": ["dark", "sour"]},
    {"name": "oat", "price": 3.5, "tags": []},
    {"name": "corn", "price": "4"},
]
VALUE: dict[str, Any] = {"loaves": LOAVES, "limit": 4, "numbers": [1, 2, 3, 4], "shop": {"name": "corner"}}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.loaves[*].name", ["rye", "oat", "corn"]),
        ("$.shop.*", ["corner"]),
        ("$.loaves[*].tags[0]", ["dark"]),
        ("$.loaves[0,2].name", ["rye", "corn"]),
        ("$.loaves[*]['name','price']", [{"name": "rye", "price": 4}, {"name": "oat", "price": 3.5},
                                         {"name": "corn", "price": "4"}]),
        ("$.numbers[1:]", [2, 3, 4]),
        ("$.numbers[:2]", [1, 2]),
        ("$.numbers[-2:]", [3, 4]),
        ("$.numbers[:-1]", [1, 2, 3]),
        ("$.numbers[1:9]", [2, 3, 4]),
        ("$.numbers[1:-1]", []),
        ("$..name", ["rye", "oat", "corn", "corner"]),
        ("$..tags[1]", ["sour"]),
        ("$..[?(@.tags)].name", ["rye", "oat"]),
        ("$.gone[*]", []),
        ("$.gone.deeper[1:].x", []),
        ("$.limit[*]", []),
    ],
)  # fmt: skip
def test_indefinite_path_gives_the_list_of_matches(path: str, expected: object, scope: Scope) -> None:
    assert compile_path(path).evaluate(VALUE, scope) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("@.tags", "rye oat"),
        ("!@.tags", "corn"),
        ("@.name == 'rye'", "rye"),
        ("@['name'] == \"rye\"", "rye"),
        ("@.price == 4", "rye corn"),
        ("@.price === 4", "rye"),
        ("@.gone != 1", "rye oat corn"),
        ("@.gone == null", ""),
        ("@.price < $.limit", "oat"),
        ("@.price >= 3.5 && @.name != 'oat'", "rye"),
        ("@.name == 'oat' || @.price > 3.5 && @.gone", "oat"),
        ("(@.name == 'oat' || @.price > 3.5) && @.tags", "rye oat"),
        ("!(@.price < 4)", "rye corn"),
        ("@.name =~ /O.*/i", "oat"),
        ("@.name in ['rye', 'corn']", "rye corn"),
        ("@.name NIN ['rye', 'corn']", "oat"),
        ("@.tags contains 'sour'", "rye"),
        ("@.name contains 'a'", "oat"),
        ("@.tags subsetof ['dark','sour','new']", "rye oat"),
        ("@.tags anyof ['dark']", "rye"),
        ("@.tags noneof ['dark']", "oat"),
        ("@.tags size 2", "rye"),
        ("@.tags empty true", "oat"),
        ("@.tags.length() == 2", "rye"),
        ("'dark' in @.tags", "rye"),
    ],
)
def test_filter_keeps_the_items_that_pass(condition: str, expected: str, scope: Scope) -> None:
    found = compile_path(f"$.loaves[?({condition})].name").evaluate(VALUE, scope)

    assert found == expected.split()


def test_filter_may_ask_the_item_itself(scope: Scope) -> None:
    assert compile_path("$.numbers[?(@ > 2)]").evaluate(VALUE, scope) == [3, 4]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.loaves.length()", 3),
        ("$.shop.length()", 1),
        ("$.limit.length()", None),
        ("$..price.length()", 3),
        ("$.numbers.sum()", 10.0),
        ("$.numbers.avg()", 2.5),
        ("$.numbers.min()", 1.0),
        ("$.numbers.max()", 4.0),
        ("$.numbers.stddev()", 1.118033988749895),
        ("$..price.sum()", 7.5),
        ("$.numbers.first()", 1),
        ("$.numbers.last()", 4),
        ("$.numbers.index(-2)", 3),
        ("$.numbers.append(5)", [1, 2, 3, 4, 5]),
        ("$.loaves[0].tags.concat('!', $.limit)", "darksour!4"),
        ("$.loaves[0].keys()", ["name", "price", "tags"]),
    ],
)
def test_function_closes_a_path(path: str, expected: object, scope: Scope) -> None:
    assert compile_path(path).evaluate(VALUE, scope) == expected


@pytest.mark.parametrize(
    "path", ["$.gone.length()", "$.shop.sum()", "$.numbers.index(9)", "$.loaves[1].tags.first()"]
)
def test_function_without_a_subject_fails(path: str, scope: Scope) -> None:
    with pytest.raises(PathFailure):
        compile_path(path).evaluate(VALUE, scope)
