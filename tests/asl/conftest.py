"""What expressions see of an execution, as a plain record."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from step.jsonvalue import JSONValue


@dataclass(frozen=True)
class FakeScope:
    context: dict[str, JSONValue] = field(default_factory=dict)
    variables: Mapping[str, JSONValue] = field(default_factory=dict)
    random: random.Random = field(default_factory=lambda: random.Random(7))
    has_former_functions: bool = False


@pytest.fixture
def scope() -> FakeScope:
    return FakeScope(
        context={"Execution": {"Id": "arn:run", "Input": {"n": 1}}, "Map": {"Item": {"Index": 2}}},
        variables={"total": 40, "order": {"lines": [{"sku": "a"}, {"sku": "b"}]}},
    )
