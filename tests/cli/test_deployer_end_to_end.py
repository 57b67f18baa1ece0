"""The deployer itself, on the local service, through the command line: it deploys the bread, and itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import boto3
import pytest

from step.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT, REGION = "123456789012", "us-east-1"
PLACES = {
    "STEP_DEPLOYER_ACCOUNTS": ACCOUNT,
    "STEP_DEPLOYER_BUCKET": "end-to-end",
    "STEP_DEPLOYER_EXTERNAL_ID": "end-to-end",
    "STEP_DEPLOYER_TABLE": "end-to-end",
}


class Running(Protocol):
    @property
    def endpoint(self) -> str: ...


@pytest.fixture
def aws(service: Running, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", service.endpoint)
    session = boto3.Session("local", "local", region_name=REGION)
    return lambda name: session.client(name, endpoint_url=service.endpoint)


@pytest.fixture
def packages(tmp_path: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "step.cli.main", "package", "bread", "deployer"]
    words = ["--environment", "local", "--output", str(tmp_path / "package")]
    subprocess.run([*command, *words], cwd=ROOT, check=True, capture_output=True)
    manifest: dict[str, Any] = json.loads((tmp_path / "package" / "manifest.json").read_text())["functions"]
    return {name: {**one, "zip": tmp_path / "package" / one["zip"]} for name, one in manifest.items()}


def place(aws: Callable[[str], Any], packages: dict[str, Any], project: str, package: str) -> str:
    """Do what Terraform's module ``project`` does: role, function, machine, alias, tags."""
    name = f"{project}-e2e"
    tags = {"DeployWith": "step-deployer", "ProjectName": project, "ConfigName": "e2e"}
    role = f"step-deployer-{project}@e2e"
    role_arn = aws("iam").create_role(RoleName=role, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    function = aws("lambda").create_function(
        FunctionName=name,
        Runtime=f"python3.{sys.version_info.minor}",
        Role=role_arn,
        Handler=packages[package]["handler"],
        Timeout=120,
        Code={"ZipFile": packages[package]["zip"].read_bytes()},
        Environment={"Variables": PLACES if package == "deployer" else {}},
        Tags=tags,
        Publish=True,
    )
    machine = aws("stepfunctions").create_state_machine(
        name=name,
        definition=definition(package, function["FunctionArn"].removesuffix(":1") + ":1"),
        roleArn=role_arn,
        publish=True,
        tags=[{"key": key, "value": value} for key, value in tags.items()],
    )
    aws("stepfunctions").create_state_machine_alias(
        name="live",
        routingConfiguration=[{"stateMachineVersionArn": machine["stateMachineVersionArn"], "weight": 100}],
    )
    return name


def definition(package: str, function: str) -> str:
    command = [sys.executable, "-m", "step.cli.main", "json", package, "--function", function]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def test_the_deployer_deploys_the_bread_and_itself_and_goes_back(
    aws: Callable[[str], Any],
    packages: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    aws("s3").create_bucket(Bucket="end-to-end")
    aws("s3").put_bucket_versioning(Bucket="end-to-end", VersioningConfiguration={"Status": "Enabled"})
    aws("dynamodb").create_table(
        TableName="end-to-end",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
    )
    deployer = place(aws, packages, "step-deployer", "deployer")
    bread = place(aws, packages, "bread", "bread")

    def step(*words: str) -> tuple[int, str]:
        status = main(words)
        return status, capsys.readouterr().out

    def deploy(name: str, package: str) -> tuple[int, str]:
        zips = str(packages[package]["zip"])
        return step("deploy", "-lambda", name, "-step", name, "-states", package, "-zip", zips, "--quiet")

    def live(name: str) -> int:
        arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}:live"
        [route] = aws("stepfunctions").describe_state_machine_alias(stateMachineAliasArn=arn)[
            "routingConfiguration"
        ]
        return int(route["stateMachineVersionArn"].rpartition(":")[2])

    assert deploy(bread, "bread")[0] == 0
    assert deploy(deployer, "deployer")[0] == 0
    assert (live(bread), live(deployer)) == (2, 2)
    # By the deployer that it has deployed.
    status, said = step("rollback", "-step", bread, "--quiet")
    assert (status, live(bread)) == (0, 1)
    assert said.startswith("Success: version 1 is live in bread/e2e, the lock is free.")
    assert step("lock", "-step", bread, "--reason", "closed")[0] == 0
    assert deploy(bread, "bread")[0] == 11
    assert step("unlock", "-step", bread, "--reason", "open")[0] == 0
    status, listed = step("releases", "-step", bread, "--output", "json")
    outcomes = [row["outcome"] for row in json.loads(listed)]
    assert sorted(outcomes) == ["FailureClean", "Success", "Success"]
    status, baked = step("start", f"{bread}:live", "--wait", "--quiet", "--output", "json")
    assert (status, json.loads(baked)["output"]["is_ready"]) == (0, True)
