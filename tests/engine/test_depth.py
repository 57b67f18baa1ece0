"""How much deeper than its input a state's output may be nested."""

from __future__ import annotations

from typing import Any

import pytest

from step.asl.parse import parse
from step.engine.depth import levels_of, most_levels
from step.engine.program import ENDLESS, Program


def definition(state: dict[str, Any], **more: Any) -> Any:
    return parse({"StartAt": "It", "States": {"It": {"Type": "Pass", "End": True} | state} | more})


@pytest.mark.parametrize(
    ("state", "levels"),
    [
        ({}, 0),
        ({"Result": {"deep": [[[]]]}}, 0),
        ({"Parameters": {"n.$": "$.n", "constant": {"deep": [1]}}}, 0),
        ({"Parameters": {"n.$": "States.MathAdd($.n, 1)"}}, 0),
        ({"Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "ResultPath": "$.counted"}, 0),
        ({"Parameters": {"all.$": "$"}}, 1),
        ({"Parameters": {"o": {"o.$": "$.o"}}}, 1),
        ({"Parameters": {"o": {"o.$": "$.o"}}, "ResultPath": "$.a.b"}, 3),
        ({"Parameters": {"o.$": "States.Array($.o)"}}, 2),
        ({"ResultPath": "$.copy"}, 1),
        ({"QueryLanguage": "JSONata", "Output": {"n": "{% $states.input.n %}"}}, 0),
        ({"QueryLanguage": "JSONata", "Output": "{% [[$states.input]] %}"}, 2),
        ({"Type": "Parallel", "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}]}, 1),
    ],
)
def test_levels_are_what_a_loop_would_pile_up(state: dict[str, Any], levels: int) -> None:
    assert levels_of(definition(state).states["It"]) == levels


def test_nobody_looks_where_no_state_nests_anything() -> None:
    program = Program.from_definition(definition({"Parameters": {"n.$": "$.n"}}))

    assert (program.deepens, program.stride) == (0, ENDLESS)


def test_states_inside_branches_count() -> None:
    inner = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"all.$": "$"}, "End": True}}}

    assert most_levels(definition({"Type": "Parallel", "Branches": [inner]})) == 1
