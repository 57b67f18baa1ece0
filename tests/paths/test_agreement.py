"""The explorer finds what walking every single execution finds, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from step.errors import DefinitionError
from tests.paths.agreement import Case
from tests.paths.brute import TooMany
from tests.paths.generated import generated

MACHINES = 1100 if os.environ.get("SOAK") == "1" else 60


def cases(first: int, count: int) -> Iterator[tuple[int, Case]]:
    """Give so many machines that AWS would take, with their numbers."""
    for number in range(first, first + count):
        try:
            yield number, Case(generated(number))
        except DefinitionError:
            # Two branches around each other assign the same variable.
            continue


@pytest.mark.parametrize("first", range(0, MACHINES, 20))
def test_explorer_finds_the_ends_and_the_entered_states_of_all_executions(first: int) -> None:
    too_many = 0
    for number, case in cases(first, 20):
        try:
            by_force = case.by_force()
        except TooMany:
            too_many += 1
            continue

        explored, _ = case.explored()

        assert explored.ends == by_force.ends, number
        assert explored.entered == by_force.entered, number
    assert too_many <= 8
