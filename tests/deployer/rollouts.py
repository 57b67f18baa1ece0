"""Rollouts of the tests: two regions, the second of which may fail."""

from __future__ import annotations

from step.clock import format_timestamp
from step.deployer.client import rollback_release
from step.deployer.names import Target
from step.deployer.ports import Trial
from step.deployer.release import Analysis, Canary, CanaryStep
from step.deployer.rollout import Rollout, RolloutStage
from step.jsonvalue import JSONValue
from tests.deployer.world import SECOND, TARGET, Run, World

PLACES = (TARGET, SECOND)


def checked(target: Target) -> Canary:
    """A canary that a function of the region checks."""
    checks = f"arn:aws:lambda:{target.region}:{target.account}:function:checks:3"
    return Canary(steps=(CanaryStep(percent=10, bake_seconds=60),), analysis=Analysis(resource=checks))


def make_rollout(world: World, *, takes_back: bool = False, is_checked: bool = False) -> Rollout:
    """Make a release for each region, which is uploaded, and what takes the first back."""
    number = world.next_number()
    stages = []
    for target in PLACES:
        live = world.aws.live(target)[0].version_arn
        is_taken_back = takes_back and target == TARGET
        release = world.release(
            number,
            target=target,
            canary=checked(target) if is_checked else None,
            expect_live=live if is_taken_back else None,
        )
        back = None
        if is_taken_back:
            back = rollback_release(
                target,
                release_id=f"r{number}-{target.region}-back",
                created_at_ms=world.aws.clock.now_ms(),
                version_arn=live,
                undoes=release.release_id,
            )
            world.aws.upload(back.key, back.to_bytes())
        stages.append(RolloutStage(release=release, back=back))
    rollout = Rollout(
        rollout_id=f"r{number}",
        created_at=format_timestamp(world.aws.clock.now_ms()),
        project=TARGET.project,
        config=TARGET.config,
        stages=tuple(stages),
    )
    world.aws.upload(rollout.key, rollout.to_bytes())
    return rollout


def roll_out(world: World, rollout: Rollout) -> Run:
    """Start a rollout that was uploaded."""
    return world.start(rollout.execution_name, rollout.to_json())


def sick_in_the_second(question: JSONValue) -> Trial:
    """Say no of the second region's version."""
    assert isinstance(question, dict)
    if question["machine"] == SECOND.machine_arn:
        return Trial("SUCCEEDED", output={"healthy": False, "reason": "9 % errors"})
    return Trial("SUCCEEDED", output={"healthy": True})


def with_two_regions(world: World) -> None:
    """Make the project in the second region too."""
    world.make_project(SECOND)
