"""Every path of a deploy over the AWS in memory, whatever its handlers fail with, and how often."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from step import StateMachine
from step.deployer.client import execution_input
from step.deployer.ports import ExecutionFacts
from step.paths import Exploration, Moment
from tests.deployer.proof.cloud import Cloud, handlers
from tests.deployer.world import NAME, TEXT, World

# What makes no difference to what is claimed: how often something was tried, what a failure says of itself,
# when something was written. Everything else is compared.
LEFT_OUT = ("attempts", "cause", "Cause", "phase_at", "ended_at")
Handlers = Callable[[Cloud], Mapping[str, object]]


def unlocked_after_a_clean_end(moment: Moment) -> None:
    """Success and FailureClean leave no lock"""
    if moment.status == "SUCCEEDED" or moment.error == "FailureClean":
        assert not moment.world.is_locked


def success_is_the_release_and_nothing_else(moment: Moment) -> None:
    """After Success exactly the release is live"""
    if moment.status == "SUCCEEDED":
        assert moment.world.runs_exactly("r1")


def a_clean_failure_has_changed_nothing(moment: Moment) -> None:
    """After FailureClean the alias leads where it led"""
    if moment.error == "FailureClean":
        assert moment.world.leads_as_before


def never_mixed(moment: Moment) -> None:
    """The alias never leads to a mix"""
    assert not moment.world.is_mixed


def every_end_is_one_of_the_three(moment: Moment) -> None:
    """A deploy ends with Success, FailureClean or FailureDirty"""
    if moment.has_ended:
        assert moment.status == "SUCCEEDED" or moment.error in ("FailureClean", "FailureDirty")


INVARIANTS = [
    unlocked_after_a_clean_end,
    success_is_the_release_and_nothing_else,
    a_clean_failure_has_changed_nothing,
    never_mixed,
    every_end_is_one_of_the_three,
]


def deploys(handlers: Handlers, **bounds: Any) -> Exploration:
    """Explore a deploy of the first release."""
    world = World()
    release = world.release(world.next_number())
    world.aws.on_call = lambda call, do: do()
    machine = StateMachine.from_json(TEXT, name=NAME)
    value = execution_input(release)
    arn = f"arn:aws:states:us-east-1:123456789012:execution:{NAME}:{release.execution_name}"
    world.aws.executions[arn] = ExecutionFacts("RUNNING", json.dumps(value))
    return machine.explore(
        value,
        name=release.execution_name,
        invariants=INVARIANTS,
        world=Cloud(world.aws, world),
        handlers=handlers,
        leave_out=LEFT_OUT,
        **bounds,
    )


@pytest.fixture(scope="module")
def found() -> Exploration:
    return deploys(handlers)


def test_deploy_keeps_its_word_on_every_path(found: Exploration) -> None:
    assert found.is_closed
    assert [(one.title, one.story()) for one in found.violations] == []


def test_every_way_a_deploy_can_end_is_there(found: Exploration) -> None:
    assert {ending.error or ending.status for ending in found.endings} == {
        "SUCCEEDED",
        "FailureClean",
        "FailureDirty",
    }


def without_effect(task: str) -> Handlers:
    """Let a task answer as ever, and do nothing."""

    def made(cloud: Cloud) -> Mapping[str, object]:
        def invoke(event: Any, context: object) -> Any:
            where = cloud.copy() if event.get("Task") == task else cloud
            work: Any = handlers(where)["${function_arn}"]
            return work(event, context)

        return {"${function_arn}": invoke}

    return made


@pytest.mark.parametrize(
    ("task", "broken"),
    [
        ("ReleaseLock", "Success and FailureClean leave no lock"),
        ("Deploy", "After Success exactly the release is live"),
        ("ReleaseLockFailure", "Success and FailureClean leave no lock"),
    ],
)
def test_a_deployer_that_does_not_do_what_it_says_is_found(task: str, broken: str) -> None:
    found = deploys(without_effect(task), stops_at_first=True)

    [violation] = [one for one in found.violations if one.title == broken]
    assert violation.is_confirmed
