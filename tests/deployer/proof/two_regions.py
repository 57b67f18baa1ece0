"""What is wrong with how a rollout over two regions ended: read from the regions, not from what was said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from step.deployer.client import recover_input
from step.deployer.names import Target
from step.deployer.ports import Route
from tests.deployer.rollouts import PLACES, make_rollout, roll_out, sick_in_the_second
from tests.deployer.world import TARGET, Run, World

ENDS = ("Success", "FailureClean", "FailurePartial", "FailureDirty")


def stops_at_the_second(world: World) -> Run:
    """The second region's canary is found sick; the first stays as it is."""
    world.aws.analysis = sick_in_the_second
    return roll_out(world, make_rollout(world, is_checked=True))


def takes_the_first_back(world: World) -> Run:
    """The second region's canary is found sick, and the first is taken back."""
    world.aws.analysis = sick_in_the_second
    return roll_out(world, make_rollout(world, is_checked=True, takes_back=True))


def judge_rollout(world: World, run: Run, *, is_stop: bool) -> Iterator[str]:
    """Compare what a rollout says of each region with what is there."""
    if run.end not in ENDS and not (is_stop and run.end == "ABORTED"):
        yield f"the end is {run.end}: {run.cause}"
    if run.end == "Success":
        yield "Success, and the second region's new version isn't well"
    for target in PLACES:
        is_new, is_old = _is_new(world, run, target), _is_old(world, target)
        told = next((line for line in (run.cause or "").split("\n") if f"{target.region}: " in line), "")
        if run.end == "FailureClean" and "StartStage" not in run.path and is_old:
            continue  # It was refused before anything was begun: nothing is told of places.
        if run.end in ("FailureClean", "FailurePartial") and not (is_new or is_old):
            yield f"{run.end}, and {target.region} is neither the release nor what it was"
        if (
            "is live, and wasn't taken back" in told
            or f"the release {run.name}-{target.region} is live" in told
        ):
            if not is_new:
                yield f"it says that the release is live in {target.region}"
        elif "what was live is live" in told and not is_old:
            yield f"it says that what was live is live in {target.region}"
        elif run.end in ("FailureClean", "FailurePartial") and not told:
            yield f"nothing is told of {target.region}"
        if run.end in ("FailureClean", "FailurePartial") and _is_held(world, run, target):
            yield f"{run.end}, and the lock of {target.region} is held"


def mend_what_was_stopped(world: World, run: Run) -> Iterator[str]:
    """Start what EventBridge starts for each execution that didn't succeed; all is then as an end says."""
    ended = [(arn, facts) for arn, facts in world.aws.executions.items() if facts.status != "SUCCEEDED"]
    for index, (arn, _) in enumerate(ended):
        recovery = world.start(f"recovery-{index}", {**recover_input(arn), "by": "rule"})
        if recovery.end != "Recovered":
            yield f"the recovery of {arn} ended as {recovery.end}: {recovery.cause}"
    for target in PLACES:
        if not (_is_new(world, run, target) or _is_old(world, target)):
            yield f"{target.region} is neither the release nor what it was"
        if str(world.lock_of(target).get("owner", "")).startswith("arn:"):
            yield f"the lock of {target.region} is held after the recoveries"


def deploy_next_everywhere(world: World) -> Iterator[str]:
    """Deploy to both regions, as the next rollout does."""
    world.aws.analysis = lambda question: sick_in_the_second({"machine": ""})
    rollout = make_rollout(world)
    run = roll_out(world, rollout)
    if run.end != "Success":
        yield f"the next rollout ended as {run.end}: {run.cause}"
    for stage in rollout.stages:
        target = stage.release.target
        if not world.runs_exactly(stage.release.release_id, target) or world.lock_of(target).get("owner"):
            yield f"the next release isn't live alone in {target.region}, or holds the lock"


def _is_new(world: World, run: Run, target: Target) -> bool:
    name = f"{run.name}-{target.region}"
    return (name in world.released and world.runs_exactly(name, target)) or _is_anothers(world, target)


def _is_old(world: World, target: Target) -> bool:
    first: Sequence[Route] = (Route(f"{target.machine_arn}:1", 100),)
    return tuple(world.aws.live(target)) == tuple(first) or _is_anothers(world, target)


def _is_anothers(world: World, target: Target) -> bool:
    """Whether somebody else has made live what is live: nothing of it is the rollout's to say."""
    if target != TARGET:
        return False
    if world.hotfix is not None and world.aws.live(target) == (Route(world.hotfix, 100),):
        return True
    done = [other.name for other in world.others if other.end == "Success"]
    return bool(done) and world.runs_exactly(done[-1], target)


def _is_held(world: World, run: Run, target: Target) -> bool:
    owner = str(world.lock_of(target).get("owner", ""))
    return f"__{run.name}-{target.region}" in owner
