"""What a Map Run is told beforehand: its settings, evaluated, and the items that are given.

Pure: no clock, no IO.
AWS: Step Functions developer guide, "Tolerated failure threshold", "ItemBatcher", "Context object".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from step.asl.model import Field
from step.engine.frames import Frame
from step.engine.switches import ITEM_SOURCE, Ruled
from step.jsonvalue import JSONObject, JSONValue


class Tolerance(NamedTuple):
    """How many items may fail; None: not given."""

    items: float | None
    percentage: float | None

    def is_exceeded(self, failed: int, total: int | None) -> bool:
        """Judge so many failed items; ``total`` is None while nobody knows how many there are.

        AWS: "Tolerated failure threshold": without limits none may fail; of two limits either one fails it.
        """
        if not failed:
            return False
        if self.items is None and self.percentage is None:
            return True
        if self.items is not None and failed > self.items:
            return True
        if self.percentage is None:
            return False
        return failed * 100 > self.percentage * total if total else self.percentage == 0


class Batching(NamedTuple):
    """How many items a child execution gets, at most, and what it gets beside them."""

    items: float
    bytes: float
    input: Field


class MapPlan(NamedTuple):
    """A Map Run's settings, evaluated. ``reader`` None: the items are given; ``writer`` may be empty."""

    label: str
    is_express: bool
    at_once: int
    tolerance: Tolerance
    selector: Callable[[JSONValue, Frame], JSONValue] | None
    reader: JSONObject | None
    batching: Batching | None
    writer: JSONObject


class MemberItem(NamedTuple):
    """An item that is a member of an object."""

    key: str
    value: JSONValue

    def to_json(self) -> JSONObject:
        # AWS doesn't say what a child execution gets of a member without an ItemSelector.
        return {"Key": self.key, "Value": self.value}


def each(items: list[JSONValue] | JSONObject) -> Iterator[JSONValue | MemberItem]:
    """Go through what is given: the items of an array, the members of an object."""
    if isinstance(items, list):
        return iter(items)
    return (MemberItem(key, value) for key, value in items.items())


def source_uri(reader: JSONObject | None, execution: Ruled) -> str:
    """Say where items come from. AWS: developer guide, "Context object", ``Map.Item.Source``."""
    if reader is None:
        return "STATE_DATA"
    parameters = reader.get("Parameters")
    named = parameters if isinstance(parameters, dict) else {}
    parts = [named[name] for name in ("Bucket", "Key") if name in named]
    scheme = "s3://" if ITEM_SOURCE.holds(execution) else "S3://"
    return scheme + "/".join(map(str, parts))
