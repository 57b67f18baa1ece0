"""The modules' usage blocks and the examples of infrastructure: applied, released, gone back, gone.

One stack has them all: 205 resources, minutes. ``make soak`` has it, and CI runs that.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from stack import local_environment

from step.clock import pause
from tests.serving import ServeProcess, client_at
from tests.terraform.root import ROOT, Root

EXAMPLES = ("accounts", "function", "several")
EVERYTHING = Path(__file__).parent / "everything" / "main.tf"
USAGES = sorted(ROOT.glob("modules/*/usage/main.tf"))
STACK = """
provider "aws" {
  region = "us-east-1"
}

module "function" {
  source       = "./examples/function"
  build_folder = "build"
}

module "several" {
  source       = "./examples/several"
  build_folder = "build"
  projects     = ["bread"]
  environments = ["green"]
  deployer     = module.accounts.deployer
}

module "accounts" {
  source           = "./examples/accounts"
  build_folder     = "build"
  is_protected     = false
  is_project_there = true
}
"""
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine"
# What the deployer of the example "accounts" deploys: a machine beside it, and one in another account.
TARGETS = {
    "bread-green": ("-project", "bread", "-config", "green"),
    "bread-accounts": ("-account", "210987654321", "-project", "bread", "-config", "accounts"),
}
# What a change of lambda/hello.py touches: functions whose code is Terraform's, and machines that name them.
TERRAFORMS = {
    "module.function.module.function.aws_lambda_function.this[0]",
    "module.function.module.triggers.aws_lambda_alias.this[0]",
    "module.function.module.machine.aws_sfn_state_machine.this[0]",
    "module.function.module.machine.aws_sfn_alias.this[0]",
    "module.greeting_function.aws_lambda_function.this[0]",
}
BY_DEPLOYER = ("-deployer", "step-deployer-accounts", "--quiet", "--output", "json")

pytestmark = [
    pytest.mark.requires_component("terraform"),
    pytest.mark.skipif(os.environ.get("SOAK") != "1", reason="minutes: make soak, which CI does"),
]


@dataclass(frozen=True)
class Stack:
    """All of it on a local service of its own."""

    root: Root
    endpoint: str

    def step(self, *words: str) -> str:
        """Run a command of step beside the stack."""
        return run(self.root.folder, *words, environment=local_environment(self.endpoint))

    def build(self) -> None:
        """Write packages and definitions, as make plan does."""
        run(self.root.folder, "package", "--environment", "local")
        for name in ("bread", "deployer", "hello"):
            text = run(self.root.folder, "json", f"states/{name}.asl.json")
            (self.root.folder / "build" / "definitions" / f"{name}.asl.json").write_text(text, "utf-8")

    def client(self, name: str, **keys: str) -> Any:
        return client_at(self.endpoint, name, **keys)

    def execute(self, machine: str, value: object) -> dict[str, Any]:
        """Run the live version to its end."""
        started = self.client("stepfunctions").start_execution(
            stateMachineArn=f"{MACHINE}:{machine}:live", input=json.dumps(value)
        )
        while True:
            found: dict[str, Any] = self.client("stepfunctions").describe_execution(
                executionArn=started["executionArn"]
            )
            if found["status"] != "RUNNING":
                return found
            pause(0.05)


def run(folder: Path, *words: str, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "step.cli.main", *words],
        cwd=folder,
        env=environment or dict(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"step {' '.join(words)}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give the whole stack, applied; destroyed at the end, which leaves nothing behind."""
    folder = tmp_path_factory.mktemp("examples")
    process = ServeProcess(folder / "service", "--clock", "virtual")
    try:
        for name in (*(f"examples/{name}" for name in EXAMPLES), "lambda", "requirements", "states"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "tests"))
        (folder / "build" / "definitions").mkdir(parents=True)
        if (ROOT / "build" / "wheels").exists():
            (folder / "build" / "wheels").symlink_to(ROOT / "build" / "wheels")
        (folder / "stack.tf").write_text(STACK, encoding="utf-8")
        for usage in USAGES:
            shutil.copy(usage, folder / f"{usage.parent.parent.name}.tf")
        shutil.copy(EVERYTHING, folder / "everything.tf")
        root = Root.from_files(folder, environment=local_environment(process.endpoint))
        stack = Stack(root, process.endpoint)
        stack.build()
        root.apply()
        yield stack
        root.destroy("-refresh=false")
        assert stack.client("stepfunctions").list_state_machines()["stateMachines"] == []
        assert stack.client("lambda").list_functions()["Functions"] == []
        assert stack.client("iam").list_roles()["Roles"] == []
        assert stack.client("s3").list_buckets()["Buckets"] == []
    finally:
        process.stop()


def test_releases_go_there_and_back_and_no_plan_shows_anything_else(stack: Stack) -> None:
    """Terraform's own code by an apply, the deployer's by ``step deploy``, into another account too."""
    sources = {name: stack.root.folder / "lambda" / f"{name}.py" for name in ("bread", "hello")}
    before = {name: file.read_text("utf-8") for name, file in sources.items()}
    planned, said, routes = [], [], [[live(stack, machine) for machine in TARGETS]]

    for change in (("Hello, ", "Good day, "), ("", "")):
        for name, file in sources.items():
            file.write_text(before[name].replace(*change).replace("A warm loaf", f"A warm loaf{change[1]}"))
        stack.build()
        planned.append(set(stack.root.changes()))
        stack.root.apply("plan")
        said.append(json.loads(stack.execute("one-hello", {"name": "you"})["output"])["text"])
        for machine, target in TARGETS.items():
            release = ("-lambda", machine, "-step", machine, "-states", "build/definitions/bread.asl.json")
            if change[0]:
                stack.step("deploy", *release, "-zip", "build/package/bread.zip", *target, *BY_DEPLOYER)
            else:
                stack.step("rollback", "-step", machine, *target, "--to", "1", *BY_DEPLOYER)
        routes.append([live(stack, machine) for machine in TARGETS])

    assert planned == [TERRAFORMS, TERRAFORMS]
    assert said == ["Good day, you!", "Hello, you!"]
    assert routes == [["1", "1"], ["2", "2"], ["1", "1"]]
    assert stack.root.changes() == {}


def live(stack: Stack, machine: str) -> str:
    """Tell which version a machine's alias leads to, as the account that it is in."""
    account, keys = "123456789012", {}
    if machine == "bread-accounts":
        account = "210987654321"
        role = stack.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/terraform", RoleSessionName="looks"
        )["Credentials"]
        keys = {
            "aws_access_key_id": role["AccessKeyId"],
            "aws_secret_access_key": role["SecretAccessKey"],
            "aws_session_token": role["SessionToken"],
        }
    alias = f"arn:aws:states:us-east-1:{account}:stateMachine:{machine}:live"
    found = stack.client("stepfunctions", **keys).describe_state_machine_alias(stateMachineAliasArn=alias)
    (route,) = found["routingConfiguration"]
    version: str = route["stateMachineVersionArn"].rpartition(":")[2]
    return version


def test_lambda_has_what_the_usage_blocks_say(stack: Stack) -> None:
    functions = stack.client("lambda")
    clock = {"FunctionName": "clock", "Qualifier": "live"}
    permission = json.loads(functions.get_policy(**clock)["Policy"])["Statement"][0]
    greeting = functions.get_function_configuration(FunctionName="greeting")
    bakery = functions.get_function_configuration(FunctionName="bakery")
    bread = functions.get_function_configuration(FunctionName="bread-green")

    assert permission["Condition"]["ArnLike"]["AWS:SourceArn"] == "arn:aws:s3:::photos"
    assert functions.get_function_url_config(**clock)["AuthType"] == "AWS_IAM"
    assert functions.get_function_event_invoke_config(**clock)["MaximumRetryAttempts"] == 1
    provisioned = functions.get_provisioned_concurrency_config(**clock)
    assert provisioned["RequestedProvisionedConcurrentExecutions"] == 1
    assert greeting["EphemeralStorage"]["Size"] == 1024
    assert bakery["DeadLetterConfig"]["TargetArn"].endswith(":burnt")
    assert len(bread["VpcConfig"]["SubnetIds"]) == 2


def test_lambda_has_everything_that_a_function_can_have(stack: Stack) -> None:
    functions = stack.client("lambda")
    found = functions.get_function(FunctionName="everything")
    configuration = found["Configuration"]
    signing = functions.get_function_code_signing_config(FunctionName="everything")
    role = stack.client("iam").get_role(RoleName="everything-function")["Role"]
    given = functions.get_function_configuration(FunctionName="given-role")

    assert [layer["Arn"].rpartition("layer:")[2] for layer in configuration["Layers"]] == ["tools:1"]
    assert configuration["SnapStart"]["ApplyOn"] == "PublishedVersions"
    assert configuration["VpcConfig"]["Ipv6AllowedForDualStack"]
    assert configuration["FileSystemConfigs"][0]["LocalMountPath"] == "/mnt/tools"
    assert configuration["TracingConfig"]["Mode"] == "Active"
    assert found["Concurrency"]["ReservedConcurrentExecutions"] == 3
    assert signing["CodeSigningConfigArn"].endswith(":csc-0123456789abcdef0")
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith(":policy/everything-boundary")
    assert {role["Arn"], configuration["Role"], given["Role"]} == {
        "arn:aws:iam::123456789012:role/teams/everything-function"
    }


def test_nothing_is_made_where_nothing_is_wanted(stack: Stack) -> None:
    state = json.loads((stack.root.folder / "terraform.tfstate").read_text(encoding="utf-8"))
    made = [entry.get("module", "") for entry in state["resources"] if entry["mode"] == "managed"]

    assert [module for module in made if module.startswith("module.nothing")] == []
    assert "module.everything" in made


def test_eventbridge_has_what_starts_machines(stack: Stack) -> None:
    schedule = stack.client("scheduler").get_schedule(Name="nap-noon")
    targets = stack.client("events").list_targets_by_rule(Rule="nap-lunch")["Targets"]
    alarms = stack.client("cloudwatch").describe_alarms(AlarmNamePrefix="nap-")["MetricAlarms"]

    assert schedule["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert {schedule["Target"]["Arn"], *(one["Arn"] for one in targets)} == {f"{MACHINE}:nap:live"}
    assert {alarm["Threshold"] for alarm in alarms} == {2}
