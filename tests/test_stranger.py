"""Somebody who knows boto3 and the AWS CLI, and of step no more than ``step serve`` and ``step package``.

They bake the bread, its Lambda included: create, run, kill the service in the middle of the night, start it
again, mend what failed and go on with it, look at everything.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.serving import wait_for

ROOT = Path(__file__).resolve().parent.parent
STEP = [sys.executable, "-m", "step.cli.main"]
RUNTIME = f"python3.{sys.version_info.minor}"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:bread"


class Machine:
    """A computer with step, boto3 and the AWS CLI on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._service: subprocess.Popen[str] | None = None
        self.endpoint = ""

    def serve(self, clock: str) -> None:
        command = [*STEP, "serve", "--port", "0", "--store", "store", "--output", "json", "--clock", clock]
        self._service = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, text=True)
        assert self._service.stdout is not None
        self.endpoint = str(json.loads(self._service.stdout.readline())["endpoint"])

    def end(self, how: int) -> None:
        service, self._service = self._service, None
        if service is not None:
            service.send_signal(how)
            service.communicate(timeout=20)

    def aws(self, *words: str) -> Any:
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_PAGER": "",
        }
        command = [str(ROOT / "build" / "awscli" / "bin" / "aws"), *words, "--output", "json"]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def client(self, name: str) -> Any:
        session = boto3.Session("any", "any", region_name="us-east-1")
        return session.client(name, endpoint_url=self.endpoint)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    computer = Machine(tmp_path)
    yield computer
    computer.end(signal.SIGTERM)


def states(events: list[dict[str, Any]]) -> list[str]:
    return [e["stateEnteredEventDetails"]["name"] for e in events if "stateEnteredEventDetails" in e]


def packed(folder: Path) -> Path:
    command = [*STEP, "package", "bread", "--environment", "local", "--output", str(folder / "package")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder / "package" / "bread.zip"


def definition(function: str) -> str:
    command = [*STEP, "json", "bread", "--function", function]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


@pytest.mark.requires_component("awscli")
def test_the_bread_is_baked_through_a_kill_and_a_redrive(machine: Machine) -> None:
    code = packed(machine.folder)
    broken = machine.folder / "broken.zip"
    subprocess.run(
        [sys.executable, "-m", "zipfile", "-c", str(broken), str(ROOT / "pyproject.toml")], check=True
    )
    manifest = json.loads((code.parent / "manifest.json").read_text())
    machine.serve("real")
    trust = '{"Version": "2012-10-17", "Statement": []}'
    role = machine.aws("iam", "create-role", "--role-name", "bakery", "--assume-role-policy-document", trust)
    made = machine.aws(
        *("lambda", "create-function", "--function-name", "bakery", "--runtime", RUNTIME),
        *("--role", role["Role"]["Arn"], "--handler", manifest["functions"]["bread"]["handler"]),
        *("--zip-file", f"fileb://{code}"),
    )
    (machine.folder / "bread.json").write_text(definition(made["FunctionArn"]))
    machine.aws(
        *("stepfunctions", "create-state-machine", "--name", "bread", "--definition", "file://bread.json"),
        *("--role-arn", role["Role"]["Arn"]),
    )

    # The night has begun when the power fails.
    words = ("stepfunctions", "start-execution", "--state-machine-arn", MACHINE)
    night = machine.aws(*words, "--name", "night", "--input", "{}")["executionArn"]
    machines = machine.client("stepfunctions")
    wait_for(
        machines,
        lambda: "WaitForLeaven" in states(machines.get_execution_history(executionArn=night)["events"]),
    )
    machine.end(signal.SIGKILL)
    machine.serve("virtual")
    machines, functions = machine.client("stepfunctions"), machine.client("lambda")
    wait_for(machines, lambda: machines.describe_execution(executionArn=night)["status"] != "RUNNING")

    loaf = machine.aws("stepfunctions", "describe-execution", "--execution-arn", night)
    history = machines.get_execution_history(executionArn=night)["events"]
    assert loaf["status"] == "SUCCEEDED"
    assert json.loads(loaf["output"])["is_ready"]
    assert states(history).count("InitMix") == 1
    assert (history[-1]["timestamp"] - history[0]["timestamp"]).total_seconds() >= 43200 + 7200 + 300
    assert states(history)[-1] == "RemoveCoolEat"

    # A broken release of the code fails the next loaf; mended, it is baked to its end.
    functions.update_function_code(FunctionName="bakery", ZipFile=broken.read_bytes())
    failed = machines.start_execution(stateMachineArn=MACHINE, name="failed", input="{}")["executionArn"]
    wait_for(machines, lambda: machines.describe_execution(executionArn=failed)["status"] == "FAILED")
    assert machines.describe_execution(executionArn=failed)["redriveStatus"] == "REDRIVABLE"
    functions.update_function_code(FunctionName="bakery", ZipFile=code.read_bytes())
    machine.aws("stepfunctions", "redrive-execution", "--execution-arn", failed)
    wait_for(machines, lambda: machines.describe_execution(executionArn=failed)["status"] == "SUCCEEDED")
    events = machines.get_execution_history(executionArn=failed)["events"]
    assert "ExecutionRedriven" in [event["type"] for event in events]

    # Everything can be looked at, and what can't be done is said as AWS says it.
    listed = machine.aws("stepfunctions", "list-executions", "--state-machine-arn", MACHINE)["executions"]
    assert {row["name"]: row["status"] for row in listed} == {"night": "SUCCEEDED", "failed": "SUCCEEDED"}
    assert {row["name"]: row.get("redriveCount", 0) for row in listed} == {"night": 0, "failed": 1}
    with pytest.raises(ClientError, match="ExecutionNotRedrivable"):
        machines.redrive_execution(executionArn=night)
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        machines.start_execution(stateMachineArn=MACHINE, name="night", input='{"other": 1}')
    (machine.folder / "order.json").write_text('{"Task": "InitMix", "Input": {}, "Context": {}}')
    told = machine.aws(
        *("lambda", "invoke", "--function-name", "bakery", "--payload", "fileb://order.json", "answer.json")
    )
    assert told["StatusCode"] == 200
    assert "FunctionError" not in told, (machine.folder / "answer.json").read_text()
