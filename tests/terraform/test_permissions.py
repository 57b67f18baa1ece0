"""The proof that the deployer's policies are what its calls need: nothing missing, nothing unused."""

from __future__ import annotations

import permissions
import pytest

from step.deployer.client import execution_input, prune_input, recover_input, rollback_release
from tests.deployer.proof.judge import SCENARIOS
from tests.deployer.world import World


def calls_of_every_scenario() -> list[tuple[str, str]]:
    """Deploy in every way, go back, clean up after what was stopped, and prune."""
    calls: list[tuple[str, str]] = []
    for scenario in SCENARIOS:
        world = World()
        (first,) = world.aws.live(world.target)
        scenario.prepare(world)
        stopped = [arn for arn, facts in world.aws.executions.items() if facts.status == "ABORTED"]
        for number, arn in enumerate(stopped):
            world.start(f"recovery-{number}", recover_input(arn))
        scenario.deploy(world)
        going_back = rollback_release(
            world.target,
            release_id="back",
            created_at_ms=world.aws.clock.now_ms(),
            version_arn=first.version_arn,
        )
        world.aws.upload(going_back.key, going_back.to_bytes())
        world.start("back", execution_input(going_back))
        world.start("pruning", prune_input(world.target, keep=1))
        calls += [(call.role, call.action) for _, call in world.calls]
    return calls


def test_no_permission_is_missing_or_unused() -> None:
    differences = permissions.compare(calls_of_every_scenario())

    assert [str(difference) for difference in differences] == []


@pytest.mark.parametrize(
    ("calls", "problem"),
    [
        ([("", "lambda:InvokeFunction")], "own: lambda:InvokeFunction is missing"),
        ([("arn:aws:iam::1:role/x-smoke", "iam:PassRole")], "smoke: iam:PassRole is missing"),
        ([], "prune: lambda:DeleteFunction is never used"),
    ],
)
def test_comparison_tells_what_is_missing_and_what_is_unused(
    calls: list[tuple[str, str]], problem: str
) -> None:
    assert problem in [str(difference) for difference in permissions.compare(calls)]
