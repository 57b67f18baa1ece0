from __future__ import annotations

from typing import Any

import pytest

from step.local.cloud.rules import target_input

EVENT: Any = {
    "source": "aws.states",
    "detail": {"executionArn": "arn:e", "tries": [1, 2], "input": '{"a": "b"}'},
}
PATHS = {"who": "$.detail.executionArn", "last": "$.detail.tries[1]", "all": "$.detail.tries", "no": "$.x.y"}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"Input": '{"a": 1}'}, '{"a": 1}'),
        ({"InputPath": "$.detail.tries"}, "[1,2]"),
        ({"InputPath": "$.detail['executionArn']"}, '"arn:e"'),
        ({"InputTransformer": {"InputTemplate": '{"recover": <who>}'}}, '{"recover": "arn:e"}'),
        ({"InputTransformer": {"InputTemplate": '{"n": <last>, "all": <all>}'}}, '{"n": 2, "all": [1,2]}'),
        ({"InputTransformer": {"InputTemplate": '"<who> tried <all>, <no>"'}}, '"arn:e tried [1,2], "'),
    ],
)
def test_input_of_a_target(target: dict[str, Any], expected: str) -> None:
    if "InputTransformer" in target:
        target = {"InputTransformer": {"InputPathsMap": PATHS, **target["InputTransformer"]}}

    assert target_input(target, EVENT) == expected


def test_quotes_in_a_part_stay_inside_of_the_text() -> None:
    transformer = {"InputPathsMap": {"text": "$.detail.input"}, "InputTemplate": '{"was": "<text>"}'}

    assert target_input({"InputTransformer": transformer}, EVENT) == '{"was": "{\\"a\\": \\"b\\"}"}'
