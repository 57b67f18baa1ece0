"""Expressions and machines that would take for ever, or all the memory: each ends with an ASL error.

The cases are data: an expression, a path or a whole machine; its input; the error; a part of its cause.
"""

from __future__ import annotations

import pytest

from step import StateMachine
from tests.hostile import CASES, Hostile


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_hostile_case_ends_with_its_error(case: Hostile) -> None:
    execution = StateMachine.from_json(case.definition, type=case.type).execute(case.input)

    assert (execution.status in ("FAILED", "TIMED_OUT"), execution.error) == (True, case.error), (
        execution.cause
    )
    assert case.says in (execution.cause or "")
