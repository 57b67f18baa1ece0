"""What each role of the deployer needs: the calls that the proof's scenarios make, as actions on resources.

``python -m tests.deployer.permissions`` prints it as JSON, for whoever compares it with the policies:
{role: {action: [resources]}}, with the roles ``function`` (the deployer's own), ``deploy``, ``smoke`` and
``prune`` (the project's).
"""

from __future__ import annotations

import json
import re

from step.deployer.client import prune_input, recover_input, sweep_input
from tests.deployer.memory_aws import BUCKET, TABLE, Call
from tests.deployer.proof.judge import SCENARIOS
from tests.deployer.world import TARGET, World

Needed = dict[str, dict[str, list[str]]]
_ROLES = {
    "": "function",
    TARGET.role_arn: "deploy",
    TARGET.smoke_role_arn: "smoke",
    TARGET.prune_role_arn: "prune",
}
# A number of a version stands for any; the deployer's executions are called as they like.
_VARIABLE = (
    (re.compile(r"(:(?:stateMachine|function):[\w-]+):\d+$"), r"\1:*"),
    (re.compile(r"(:execution:[\w-]+):.*$"), r"\1:*"),
    (re.compile(r"^(lock|release)#.*$"), r"\1#*"),
)


def recorded_calls() -> list[Call]:
    """Run every scenario of the proof, a recovery and a pruning, and give the calls they made."""
    calls: list[Call] = []
    for scenario in SCENARIOS:
        world = World()
        scenario.prepare(world)
        run = scenario.deploy(world)
        world.start("recovery", recover_input(run.arn))
        for _ in range(3):
            world.deploy(world.release(world.next_number()))
        world.start("prune", prune_input(TARGET, keep=1))
        world.start("sweep", sweep_input())
        calls += [call for _, call in world.calls]
    return calls


def needed_permissions() -> Needed:
    """Say which actions on which resources each role needs."""
    needed: dict[str, dict[str, set[str]]] = {}
    for call in recorded_calls():
        for role, action, resource in _permissions(call):
            needed.setdefault(role, {}).setdefault(action, set()).add(resource)
    return {
        role: {action: sorted(resources) for action, resources in sorted(actions.items())}
        for role, actions in sorted(needed.items())
    }


def _permissions(call: Call) -> list[tuple[str, str, str]]:
    role, resource = _ROLES[call.role], call.resource
    for pattern, general in _VARIABLE:
        resource = pattern.sub(general, resource)
    match call.action:
        case "sts:AssumeRole":
            return [(role, "sts:AssumeRole", resource), (role, "sts:TagSession", resource)]
        case "dynamodb:UpdateItem+PutItem":
            return [(role, "dynamodb:UpdateItem", resource), (role, "dynamodb:PutItem", "release#*")]
        case "lambda:UpdateFunctionCode":
            # Lambda reads the zip as who updates the function.
            return [(role, call.action, resource), (role, "s3:GetObjectVersion", _key("*"))]
        case action if action.startswith("s3:"):
            return [(role, action, _key(resource))]
        case "cloudwatch:DescribeAlarms":
            return [(role, call.action, "*")]
        case action:
            return [(role, action, resource)]


def _key(key: str) -> str:
    return (
        f"arn:aws:s3:::{BUCKET}/{TARGET.release_prefix}{'*' if key == '*' else '*/' + key.rpartition('/')[2]}"
    )


if __name__ == "__main__":
    print(json.dumps({"bucket": BUCKET, "table": TABLE, "needed": needed_permissions()}, indent=2))
