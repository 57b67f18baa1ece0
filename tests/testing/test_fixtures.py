"""The pytest plugin as a user's suite meets it, and what a path that differs looks like."""

from __future__ import annotations

import json
from typing import Any

import pytest

from step import StateMachine
from step.testing import assert_path

pytest_plugins = ["pytester"]

MACHINE: dict[str, Any] = {
    "StartAt": "Mix",
    "States": {
        "Mix": {"Type": "Pass", "Next": "Golden?"},
        "Golden?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.golden", "BooleanEquals": True, "Next": "Eat"}],
            "Default": "Burn",
        },
        "Eat": {"Type": "Succeed"},
        "Burn": {"Type": "Fail", "Error": "Burnt", "Cause": "too hot"},
    },
}


@pytest.fixture
def machine() -> StateMachine:
    return StateMachine.from_json(MACHINE)


def test_same_path_passes_as_arguments_or_as_a_list(machine: StateMachine) -> None:
    execution = machine.execute({"golden": True})

    assert_path(execution, "Mix", "Golden?", "Eat")
    assert_path(execution, ["Mix", "Golden?", "Eat"])


def test_paths_are_laid_side_by_side_with_the_event_where_they_part(machine: StateMachine) -> None:
    execution = machine.execute({"golden": False})

    with pytest.raises(AssertionError) as differs:
        assert_path(execution, "Mix", "Golden?", "Eat")

    lines = str(differs.value).splitlines()
    assert lines[0] == "the paths part at state 3"
    assert lines[3:6] == ["    1 Mix      = Mix", "    2 Golden?  = Golden?", ">   3 Eat      ! Burn"]
    assert lines[7].startswith("before: event 5 ChoiceStateExited")
    assert lines[8].startswith("there: event 6 FailStateEntered")
    assert lines[9] == "the execution FAILED: Burnt: too hot"


@pytest.mark.parametrize(
    ("expected", "row"),
    [(["Mix", "Golden?"], ">   3 -        ! Eat"), (["Mix", "Golden?", "Eat", "Nap"], ">   4 Nap      ! -")],
)
def test_path_that_is_shorter_or_longer_differs(machine: StateMachine, expected: list[str], row: str) -> None:
    with pytest.raises(AssertionError) as differs:
        assert_path(machine.execute({"golden": True}), expected)

    assert row in str(differs.value).splitlines()


def test_fixtures_are_there_without_an_import(pytester: pytest.Pytester) -> None:
    pytester.mkdir("states").joinpath("bread.asl.json").write_text(json.dumps(MACHINE), encoding="utf-8")
    pytester.makepyfile(
        """
        def test_eats(load_machine, assert_path):
            for name in ("bread", "states/bread.asl.json"):
                assert_path(load_machine(name).execute({"golden": True}), "Mix", "Golden?", "Eat")

        def test_burns(load_machine, assert_path):
            assert_path(load_machine("bread").execute({"golden": False}), "Mix", "Golden?", "Eat")
        """
    )

    result = pytester.runpytest_subprocess("-q")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*the paths part at state 3*", "*>   3 Eat      ! Burn*"])


def test_handlers_beside_the_definition_are_attached(pytester: pytest.Pytester) -> None:
    definition = {"StartAt": "Mix", "States": {"Mix": {"Type": "TaskFn", "End": True}}}
    pytester.mkdir("states").joinpath("bread.asl.json").write_text(json.dumps(definition), encoding="utf-8")
    pytester.mkdir("lambda").joinpath("bread.py").write_text(
        "from step.tasks import TaskHandlers\n"
        "handlers = TaskHandlers()\n"
        "@handlers.task('Mix')\n"
        "def mix(grams):\n"
        "    return grams * 2\n",
        encoding="utf-8",
    )
    pytester.makepyfile("def test_mixes(load_machine): assert load_machine('bread').execute(7).output == 14")

    pytester.runpytest_subprocess("-q").assert_outcomes(passed=1)
