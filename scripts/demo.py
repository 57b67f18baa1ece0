"""The whole of it on one machine: scripts/demo.py.

The local service, Terraform, the deployer that deploys itself and then the bread, and a loaf under the
virtual clock. Permissions are enforced: each command is somebody's who has the policy for it and no other.
The service goes on running.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

import boto3
import stack

from step.served import served

ROOT = stack.ROOT
DEPLOYER, BREAD = "step-deployer-local", "bread-local"
LOG = stack.BUILD / "terraform" / "demo.log"
Keys = dict[str, str]


def say(text: str) -> None:
    """Print what happens next."""
    print(f"\n== {text}", flush=True)


def make_person(name: str, policy: str) -> Keys:
    """Make a user with a policy, anew where there is one; return the keys as an environment has them."""
    iam = boto3.client("iam")
    arn = f"arn:aws:iam::{boto3.client('sts').get_caller_identity()['Account']}:policy/{name}"
    for old in iam.list_users()["Users"]:
        if old["UserName"] == name:
            iam.detach_user_policy(UserName=name, PolicyArn=arn)
            for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
                iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
            iam.delete_user(UserName=name)
            iam.delete_policy(PolicyArn=arn)
    iam.create_user(UserName=name)
    iam.create_policy(PolicyName=name, PolicyDocument=policy)
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}


def baker_policy(alias: str) -> str:
    """Write the policy of who bakes: starts the machine, and sees how it goes."""
    machine = alias.rpartition(":")[0]
    own = machine.replace(":stateMachine:", ":execution:") + ":*"
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["states:StartExecution", "states:DescribeStateMachine"],
                    "Resource": machine,
                },
                {
                    "Effect": "Allow",
                    "Action": ["states:DescribeExecution", "states:GetExecutionHistory"],
                    "Resource": own,
                },
                {"Effect": "Allow", "Action": "states:ListStateMachines", "Resource": "*"},
            ],
        }
    )


def step(who: str, keys: Keys, *words: str) -> None:
    """Run a command of step against the local service, as somebody.

    Raises:
        StackError: it failed.
    """
    print(f"{who}$ step {' '.join(words)}", flush=True)
    command = [sys.executable, "-m", "step.cli.main", *words]
    environment = {**os.environ, **keys, "ENV": stack.LOCAL}
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    if code:
        raise stack.StackError(code, f"step {words[0]} failed with exit status {code}")


def release(who: str, keys: Keys, name: str, states: str) -> None:
    """Deploy one project with the deployer."""
    step(
        who,
        keys,
        *("deploy", "-deployer", DEPLOYER, "-lambda", name, "-step", name),
        *("-states", f"build/definitions/{states}.asl.json", "-zip", f"build/package/{states}.zip"),
    )


def run() -> None:
    """Do it all.

    Raises:
        StackError: something failed.
    """
    environment = stack.Environment.from_name(stack.LOCAL)
    say("The local service, which enforces permissions")
    # Of a service that this starts; one that runs already stays as it is.
    os.environ.setdefault("IAM", "enforce")
    stack.enter(environment)
    say("The stack, by Terraform: roles, functions, machines, lock table, release bucket, alarms")
    LOG.parent.mkdir(parents=True, exist_ok=True)
    LOG.unlink(missing_ok=True)
    outputs: dict[str, Any] = stack.deploy(environment, LOG).outputs()
    print(f"done; Terraform's words are in {LOG.relative_to(ROOT)}")
    policies = outputs["client_policies"]
    say("The deployer, for the first time without itself")
    step("admin", make_person("admin", policies[DEPLOYER]["administer"]), "bootstrap", "-deployer", DEPLOYER)
    say("The deployer deploys itself")
    release("maintainer", make_person("maintainer", policies[DEPLOYER]["deploy"]), DEPLOYER, "deployer")
    say("The deployer deploys the bread")
    release("developer", make_person("developer", policies[BREAD]["deploy"]), BREAD, "bread")
    say("The bread: fourteen hours, by the virtual clock")
    baker = make_person("baker", baker_policy(outputs["machines"][BREAD]))
    step("baker", baker, "start", f"{BREAD}:live", "--wait", "--quiet")


def main() -> int:
    """Run the demo; say how long it took."""
    start = time.monotonic()
    try:
        run()
    except stack.StackError as error:
        print(error, file=sys.stderr)
        return error.status
    service = served(stack.STORE)
    say(
        f"{time.monotonic() - start:.0f} seconds. See every execution at {service.viewer if service else '?'}"
    )
    print("The service goes on running; make stop ends it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
