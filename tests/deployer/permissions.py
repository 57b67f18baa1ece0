"""What each role of the deployer needs: the calls that the proof's scenarios make, as actions on resources.

``python -m tests.deployer.permissions`` prints it as JSON, for whoever compares it with the policies:
{role: {action: [resources]}}, with the roles ``function`` (the deployer's own), ``deploy``, ``smoke`` and
``prune`` (the project's).
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from step.deployer.client import recover_input, rollback_release, sweep_input
from tests.deployer.memory_aws import BUCKET, TABLE, Call
from tests.deployer.proof.judge import SCENARIOS
from tests.deployer.world import TARGET, World

# What calls need beside the action of their name, with where AWS says so.
SUPPLEMENT = json.loads(Path(__file__).with_name("supplement.json").read_text(encoding="utf-8"))
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
    (re.compile(r"(:execution:[\w-]+):(analysis-)?.*$"), r"\1:\2*"),
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
        world.prune(keep=1)
        world.aws.clock.pause(1)
        back = rollback_release(
            TARGET,
            release_id="back",
            created_at_ms=world.aws.clock.now_ms(),
            version_arn=world.aws.live(TARGET)[0].version_arn,
        )
        world.aws.upload(back.key, back.to_bytes())
        world.deploy(back)
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
    if call.action.startswith("s3:"):
        resource = _key(resource)
    named = "dynamodb:TransactWriteItems" if "+" in call.action else call.action
    more = [(role, one["action"], _resource(one["resource"], resource)) for one in SUPPLEMENT.get(named, ())]
    if "+" in call.action:
        return [
            (role, action, "release#*" if action == "dynamodb:PutItem" else of) for role, action, of in more
        ]
    # A call whose own action wants another resource says so there.
    return (
        more
        if any(action == call.action for _, action, _ in more)
        else [(role, call.action, resource), *more]
    )


def _resource(kind: str, same: str) -> str:
    return {
        "same": same,
        "*": "*",
        "bucket": f"arn:aws:s3:::{BUCKET}",
        "objects": f"arn:aws:s3:::{BUCKET}/{TARGET.release_prefixes[0]}*",
    }[kind]


def _key(key: str) -> str:
    kind, file = key.partition("/")[0], key.rpartition("/")[2]
    return f"arn:aws:s3:::{BUCKET}/{kind}/{TARGET.project}/{TARGET.config}/*/{file}"


if __name__ == "__main__":
    print(json.dumps({"bucket": BUCKET, "table": TABLE, "needed": needed_permissions()}, indent=2))
