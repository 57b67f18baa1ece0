"""What a handler's result becomes, and what is refused, with the place."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from step.jsonvalue import JSONValue
from step.tasks import decode, encode


class Color(StrEnum):
    GOLDEN = "golden"


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "something else"


@dataclass(frozen=True)
class Box:
    items: tuple[Any, ...] = ()
    by_color: Any = None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_json_comes_out_as_it_is_and_as_a_copy(value: JSONValue) -> None:
    encoded = encode(value)

    assert encoded == value
    assert encoded is not value or not isinstance(value, list | dict)


@given(st.datetimes(timezones=st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m)))))
def test_aware_datetime_is_written_and_read_again(time: datetime) -> None:
    assert decode(datetime, encode(time)) == time


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Box((Color.GOLDEN, date(2026, 1, 2))), {"items": ["golden", "2026-01-02"], "by_color": None}),
        ({Color.GOLDEN: {"a": (1,)}}, {"golden": {"a": [1]}}),
        (OrderedDict(b=MappingProxyType({"c": 1.5})), {"b": {"c": 1.5}}),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00Z"),
        ([Text("plain")], ["plain"]),
    ],
)
def test_python_value_becomes_json(value: object, expected: JSONValue) -> None:
    assert encode(value) == expected


class Odd(Enum):
    A = Decimal(1)


LOOP: list[object] = []
LOOP.append({"a": LOOP})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (object(), r"^\$: object is not a JSON value$"),
        (Box((1, {2})), r"^\$\.items\[1\]: set is not a JSON value$"),
        ({"a": [float("nan")]}, r"^\$\.a\[0\]: nan is not a JSON number$"),
        (Box(by_color={1: 2}), r"^\$\.by_color: key 1 is int, JSON keys are str$"),
        ([Odd.A], r"^\$\[0\]: Decimal is not a JSON value$"),
        (Box, r"^\$: type is not a JSON value$"),
        (datetime(2026, 1, 2), r"^\$: a datetime without a time zone is no point in time$"),
        (LOOP, r"nested deeper than 200 levels$"),
    ],
)
def test_anything_else_is_refused_with_its_place(value: object, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        encode(value)
