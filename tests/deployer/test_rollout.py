"""Rollouts over the AWS in memory: one place after another, and what is said where one fails."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from step.deployer.ports import ExecutionFacts, Route, Unavailable
from step.deployer.release import InvalidRelease
from step.deployer.rollout import Rollout, parse_rollout
from step.errors import Refused
from tests.deployer.memory_aws import Call
from tests.deployer.rollouts import make_rollout, roll_out, sick_in_the_second, with_two_regions
from tests.deployer.world import ARN, SECOND, TARGET, Run, World

FIRST_LIVE = f"bread/test in {TARGET.account} {TARGET.region}: the release r1-{TARGET.region} is live"
SECOND_BEFORE = f"bread/test in {SECOND.account} {SECOND.region}: what was live is live."


def version(target: Any, number: int) -> tuple[Route, ...]:
    return (Route(f"{target.machine_arn}:{number}", 100),)


@pytest.fixture
def world() -> World:
    made = World()
    with_two_regions(made)
    return made


def sick_rollout(world: World, *, takes_back: bool = False) -> Rollout:
    """A rollout whose second region's canary is found sick."""
    world.aws.analysis = sick_in_the_second
    return make_rollout(world, takes_back=takes_back, is_checked=True)


def test_rollout_deploys_one_region_after_the_other(world: World) -> None:
    rollout = make_rollout(world)

    run = roll_out(world, rollout)

    assert run.end == "Success", run.cause
    assert world.runs_exactly("r1-eu-central-1", TARGET)
    assert world.runs_exactly("r1-eu-west-1", SECOND)
    assert [arn for arn in world.aws.executions if "r1-" in arn] == [
        ARN + stage.release.execution_name for stage in rollout.stages
    ]
    assert not any(item.get("owner") for item in world.aws.items.values())
    for target in (TARGET, SECOND):
        assert world.aws.items[target.record_key("r1")]["outcome"] == "Success"


def test_failure_in_the_second_region_stops_and_says_what_is_live_where(world: World) -> None:
    run = roll_out(world, sick_rollout(world))

    assert run.end == "FailurePartial"
    reason, *places = (run.cause or "").split("\n")
    assert reason.startswith(
        f"bread/test in {SECOND.account} {SECOND.region} failed: FailureClean: Unhealthy: "
    )
    assert "says no: 9 % errors" in reason
    assert places == [f"{FIRST_LIVE}.", SECOND_BEFORE]
    assert world.runs_exactly("r1-eu-central-1", TARGET)
    assert world.aws.live(SECOND) == version(SECOND, 1)
    record = world.aws.items[SECOND.record_key("r1")]
    assert (record["outcome"], record["cause"]) == ("FailurePartial", run.cause)


def test_failure_in_the_second_region_takes_the_first_back_where_that_was_asked_for(world: World) -> None:
    run = roll_out(world, sick_rollout(world, takes_back=True))

    assert run.end == "FailureClean"
    assert "it was taken back, what was live is live." in (run.cause or "")
    assert world.aws.live(TARGET) == version(TARGET, 1)
    assert world.aws.live(SECOND) == version(SECOND, 1)
    # Whoever rolls out next finds nothing in the way.
    world.aws.analysis = lambda question: sick_in_the_second({"machine": ""})
    assert roll_out(world, make_rollout(world)).end == "Success"


def test_failure_in_the_first_region_begins_no_other(world: World) -> None:
    rollout = make_rollout(world)
    world.deploy(world.release(9))

    run = roll_out(world, rollout)

    assert run.end == "FailureClean"
    assert "which is newer" in (run.cause or "")
    assert f"{SECOND.region}: nothing was begun" in (run.cause or "")
    assert world.aws.live(SECOND) == version(SECOND, 1)


def test_what_somebody_else_made_live_in_the_first_region_is_not_taken_back(world: World) -> None:
    rollout = sick_rollout(world, takes_back=True)
    later: list[Run] = []

    def overtake(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        if call.action == "lambda:InvokeFunction" and SECOND.region in call.resource and not later:
            later.append(world.deploy(world.release(7)))
        return do()

    world.intervene = overtake
    run = roll_out(world, rollout)

    assert later[0].end == "Success"
    assert run.end == "FailurePartial"
    assert "wasn't taken back" in (run.cause or "")
    assert world.runs_exactly("r7")


def test_deploy_of_a_stage_that_ended_badly_is_told_with_what_mends_it(world: World) -> None:
    rollout = make_rollout(world)

    def refuse_to_lead(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        if call.action == "states:UpdateStateMachineAlias" and SECOND.region in call.resource:
            raise Refused("AccessDenied", "not authorized")
        return do()

    world.intervene = refuse_to_lead
    run = roll_out(world, rollout)

    assert run.end == "FailureDirty"
    assert f"{FIRST_LIVE}." in (run.cause or "")
    assert f"To mend it now: step recover {rollout.stages[1].release.execution_name}" in (run.cause or "")


def test_rollout_whose_deploys_cannot_be_started_says_that_nothing_was_begun(world: World) -> None:
    def refuse(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        if call.action == "states:StartExecution":
            raise Refused("AccessDenied", "not authorized")
        return do()

    world.intervene = refuse
    run = roll_out(world, make_rollout(world))

    assert run.end == "FailureClean"
    assert (run.cause or "").startswith("Refused: AccessDenied: not authorized\n")
    assert (run.cause or "").count("nothing was begun") == 2


def test_deploy_of_a_stage_is_waited_for_less_and_less_often(world: World) -> None:
    looks: list[int] = []

    def slow(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        facts = do()
        if call.action == "states:DescribeExecution" and run.state == "CheckStage":
            looks.append(world.aws.clock.now_ms())
            if looks[-1] - looks[0] < 20 * 3600 * 1000:
                return facts._replace(status="RUNNING")
        return facts

    world.intervene = slow
    run = roll_out(world, make_rollout(world))

    assert run.end == "Success"
    assert run.path.count("CheckStage") < 200


def test_execution_of_the_stages_name_with_another_release_is_not_taken_for_it(world: World) -> None:
    rollout = make_rollout(world)
    taken = ARN + rollout.stages[0].release.execution_name
    world.aws.executions[taken] = ExecutionFacts("SUCCEEDED", '{"release": {}}')

    run = roll_out(world, rollout)

    assert "NotOurs: " in (run.cause or "")
    assert world.aws.live(SECOND) == version(SECOND, 1)


def test_rollout_that_was_not_uploaded_is_refused(world: World) -> None:
    rollout = make_rollout(world)

    other = replace(rollout, requested_by="somebody")
    run = roll_out(world, other)

    assert run.end == "FailureClean"
    assert "what was uploaded is not what this execution was started with" in (run.cause or "")


def test_rollout_that_cannot_be_said_is_refused_with_everything_wrong_with_it(world: World) -> None:
    rollout = make_rollout(world, takes_back=True)
    first, second = rollout.stages
    wrong = replace(
        rollout,
        stages=(
            replace(first, release=replace(first.release, expect_live=None)),
            replace(second, release=replace(second.release, region=first.release.region)),
        ),
    )

    with pytest.raises(InvalidRelease) as refused:
        parse_rollout(wrong.to_json())

    assert refused.value.problems == (
        "rollout/stages: expected two at least, each somewhere else",
        "rollout/stages/0/back: expected rollback_to to be what its release expects to be live (expect_live)",
    )
    assert parse_rollout(rollout.to_json()) == rollout


def test_throttled_start_is_made_once(world: World) -> None:
    lost: list[Call] = []

    def lose(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        answer = do()
        if call.action == "states:StartExecution" and len(lost) < 2:
            lost.append(call)
            raise Unavailable("Read timeout on endpoint")
        return answer

    world.intervene = lose

    assert roll_out(world, make_rollout(world)).end == "Success"
    assert len([arn for arn in world.aws.executions if "r1-" in arn]) == 2
