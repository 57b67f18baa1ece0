"""What a handler's annotation makes of JSON, and what it refuses, with the place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum, IntEnum, StrEnum
from typing import Annotated, Any, Literal, NamedTuple, NewType, NotRequired, Optional, TypedDict, Union

import msgspec
import pydantic
import pytest

from step.jsonvalue import JSONObject, JSONValue
from step.tasks import DecodeError, decode, encode

Grams = NewType("Grams", int)


class Flour(StrEnum):
    RYE = "rye"
    WHEAT = "wheat"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@dataclass(frozen=True)
class Topping:
    name: str
    grams: Grams = Grams(5)


@dataclass(frozen=True)
class Loaf:
    class Shape(Enum):
        ROUND = "round"

    flour: Flour
    toppings: list[Topping] = field(default_factory=list)
    shape: Shape = Shape.ROUND
    baked_at: datetime | None = None
    note: Any = field(default=None, metadata={"json": "Note"})
    loaves_of_life: int = field(default=1, init=False)


@dataclass(frozen=True)
class Dough:
    grams: int
    folded: Dough | None = None
    parts: tuple[Dough, ...] = ()

    def __post_init__(self) -> None:
        if self.grams < 0:
            raise ValueError("less than nothing")


class Order(TypedDict):
    loaf: Loaf
    count: NotRequired[int]


class Wish(TypedDict, total=False):
    flour: Flour


class Point(NamedTuple):
    x: int
    y: float = 0.5


@dataclass(frozen=True)
class Event:
    payload: JSONValue
    rest: JSONObject


T0 = datetime(2026, 1, 31, 4, 5, 6, tzinfo=UTC)

# type, JSON, value, and whether encode gives the JSON back
READ: list[tuple[Any, JSONValue, object, bool]] = [
    (str, "a", "a", True),
    (int, 2**60, 2**60, True),
    (float, 3, 3.0, True),
    (bool, True, True, True),
    (None, None, None, True),
    (Any, {"a": [1]}, {"a": [1]}, True),
    (JSONValue, {"a": [1, None]}, {"a": [1, None]}, True),
    (Optional[int], None, None, True),  # noqa: UP045 - the old spelling is to be read too
    (Union[int, str], "a", "a", True),  # noqa: UP007 - the old spelling is to be read too
    (float | int, 3, 3, True),
    (datetime | str, "2026-01-31T04:05:06Z", T0, True),
    (datetime | str, "yesterday", "yesterday", True),
    (list, [1, "a"], [1, "a"], True),
    (list[int], [1, 2], [1, 2], True),
    (Sequence[int], [1], [1], True),
    (tuple[int, str], [1, "a"], (1, "a"), True),
    (tuple[int, ...], [1, 2], (1, 2), True),
    (dict[str, float], {"a": 1}, {"a": 1.0}, True),
    (Mapping[Flour, int], {"rye": 1}, {Flour.RYE: 1}, True),
    (dict[Literal["a", "b"], int], {"b": 1}, {"b": 1}, True),
    (Flour, "rye", Flour.RYE, True),
    (Level, 2, Level.HIGH, True),
    (Literal["a", 1, None], None, None, True),
    (Annotated[int, "grams"], 3, 3, True),
    (datetime, "2026-01-31T04:05:06Z", T0, True),
    (datetime, "2026-01-31T06:05:06+02:00", T0.astimezone(timezone(timedelta(hours=2))), True),
    (datetime, "2026-01-31T04:05:06.123456789Z", T0.replace(microsecond=123456), False),
    (date, "2026-01-31", date(2026, 1, 31), True),
    (Point, [1, 2], Point(1, 2.0), True),
    (Point, [1], Point(1), False),
    (Topping, {"name": "seeds"}, Topping("seeds"), False),
    (Loaf, {"flour": "rye", "Note": [1]}, Loaf(Flour.RYE, note=[1]), False),
    (Dough, {"grams": 2, "folded": {"grams": 1}}, Dough(2, Dough(1)), False),
    (Dough, {"grams": 2, "parts": [{"grams": 1}]}, Dough(2, parts=(Dough(1),)), False),
    (Order, {"loaf": {"flour": "rye"}}, {"loaf": Loaf(Flour.RYE)}, False),
    (Wish, {}, {}, True),
    (Event, {"payload": [1], "rest": {"a": None}}, Event([1], {"a": None}), True),
]

# type, JSON, the whole message
REFUSED: list[tuple[Any, JSONValue, str]] = [
    (str, 3, "$: expected str, got int 3"),
    (int, True, "$: expected int, got bool True"),
    (int, 3.0, "$: expected int, got float 3.0"),
    (int, "hunter2", "$: expected int, got str"),
    (float, 2**53 + 1, "$: expected float, got an int too large to be exact as one"),
    (float, 10**400, "$: expected float, got an int too large to be exact as one"),
    (str, None, "$: expected str, got null"),
    (list[int], {"a": 1}, "$: expected list, got dict"),
    (list[list[int]], [[1], [1, None]], "$[1][1]: expected int, got null"),
    (tuple[int, str], [1], "$: expected 2 items, got 1"),
    (Point, [1, 2, 3], "$: expected 1 to 2 items, got 3"),
    (dict[str, int], {"a": 1, "b": "c"}, "$.b: expected int, got str"),
    (dict[Flour, int], {"oat": 1}, "$.oat: expected 'rye' or 'wheat', got str 'oat'"),
    (Flour, "oat", "$: expected 'rye' or 'wheat', got str 'oat'"),
    (Level, True, "$: expected 1 or 2, got bool True"),
    (Literal[1], [], "$: expected 1, got list"),
    (datetime, "2026-01-31", "$: expected an RFC 3339 timestamp, got str '2026-01-31'"),
    (datetime, "2026-01-31T04:05:06", "$: expected an RFC 3339 timestamp, got str '2026-01-31T04:05:06'"),
    (datetime, 5, "$: expected an RFC 3339 timestamp, got int 5"),
    (date, "20260131", "$: expected a date (2026-01-31), got str '20260131'"),
    (date, "2026-02-30", "$: expected a date (2026-01-31), got str '2026-02-30'"),
    (int | None, "a", "$: expected int | null, got str"),
    (
        Loaf,
        {"flour": "rye", "toppings": [{"name": "a"}, {"name": 3}]},
        "$.toppings[1].name: expected str, got int 3",
    ),
    (Loaf, {}, "$: Loaf needs 'flour', which is missing"),
    (Loaf, {"flour": "rye", "note": 1}, "$: unknown key 'note' (did you mean 'Note'?)"),
    (
        Loaf,
        {"flour": "rye", "loaves_of_life": 1},
        "$: unknown key 'loaves_of_life' (known: 'flour', 'toppings', 'shape', 'baked_at', 'Note')",
    ),
    (Loaf, [], "$: expected Loaf, got list"),
    (Loaf | None, {"flour": "oat"}, "$.flour: expected 'rye' or 'wheat', got str 'oat'"),
    (Dough, {"grams": 1, "folded": {"grams": -1}}, "$.folded: Dough refuses it: less than nothing"),
    (Order, {"loaf": {"flour": "rye"}, "cout": 1}, "$: unknown key 'cout' (did you mean 'count'?)"),
    (Order, {"count": 1}, "$: Order needs 'loaf', which is missing"),
    (
        Topping | Point | Dough,
        {"grams": "a"},
        "$: as Topping: $: Topping needs 'name', which is missing; as Dough: $.grams: expected int, got str",
    ),
]


@pytest.mark.parametrize(("as_", "value", "expected", "comes_back"), READ)
def test_value_is_read_as_the_type(as_: Any, value: JSONValue, expected: object, comes_back: bool) -> None:
    decoded = decode(as_, value)

    assert decoded == expected
    assert type(decoded) is type(expected)
    if comes_back:
        assert encode(decoded) == value
    assert decode(as_, encode(decoded)) == decoded


@pytest.mark.parametrize(("as_", "value", "message"), REFUSED)
def test_misfit_names_its_place(as_: Any, value: JSONValue, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(as_, value)

    assert str(caught.value) == message


@dataclass
class Bag:
    sizes: set[int]


@pytest.mark.parametrize(
    ("as_", "message"),
    [
        (Bag, r"Bag.sizes: set\[int\] can't be decoded from JSON: a set has no order"),
        (dict[int, str], r"dict\[int, str\]: the keys of a JSON object are str"),
        (bytes, "bytes can't be decoded from JSON"),
        (Enum("Odd", {"A": (1, 2)}), "Odd.A.* has no JSON: its value is tuple"),
    ],
)
def test_type_without_json_is_refused_before_any_value(as_: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        decode(as_, None)


def test_refusal_of_a_class_keeps_the_class_own_error_as_cause() -> None:
    with pytest.raises(DecodeError) as caught:
        decode(Dough, {"grams": -1})

    assert isinstance(caught.value.__cause__, ValueError)


def test_pydantic_model_is_read_and_written_by_pydantic() -> None:
    model: Any = pydantic.create_model(
        "Model",
        __config__=pydantic.ConfigDict(strict=True),
        at=(datetime, pydantic.Field(alias="At")),
        grams=(list[int], []),
    )
    value: JSONObject = {"At": "2026-01-31T04:05:06Z", "grams": [1]}
    wrong: JSONObject = {**value, "grams": [1, "a"]}

    decoded = decode(list[model], [value])

    assert decoded[0].at == T0
    assert encode(decoded) == [value]
    with pytest.raises(DecodeError, match=r"^\$\[0\]\.grams\[1\]: .*valid integer"):
        decode(list[model], [wrong])


def test_msgspec_struct_is_read_and_written_by_msgspec() -> None:
    struct: Any = msgspec.defstruct("Struct", [("at", datetime), ("grams", list[int], [])])
    value: JSONObject = {"at": "2026-01-31T04:05:06Z", "grams": [1]}

    decoded = decode(dict[str, struct], {"a": value})

    assert decoded["a"].at == T0
    assert encode(decoded) == {"a": value}
    with pytest.raises(DecodeError, match=r"^\$\.a\.grams\[0\]: Expected `int`, got `str`$"):
        decode(dict[str, struct], {"a": {**value, "grams": ["a"]}})
