"""The example machines on a local service that enforces permissions: one apply, one execution of each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stack

from tests.serving import ServeProcess, ended, wait_for

ROOT = Path(__file__).parents[2]
NAMES = ("approval", "backup", "nightly", "saga")
STEP = (sys.executable, "-m", "step.cli.main")
PREFIX = "arn:aws:states:us-east-1:123456789012:stateMachine"
OBJECTS = ("photo-2026-01-31-cat.jpg", "photo-2026-02-01-dog.jpg", "read me")

pytestmark = pytest.mark.requires_component("terraform")


class Deployed:
    """The four of them, and clients that may do everything."""

    def __init__(self, process: ServeProcess) -> None:
        self.process = process
        self.states = process.client("stepfunctions")

    def start(self, machine: str, value: object) -> str:
        arn = f"{PREFIX}:{machine}:live"
        return str(self.states.start_execution(stateMachineArn=arn, input=json.dumps(value))["executionArn"])

    def result(self, machine: str, value: object) -> Any:
        return ended(self.states, self.start(machine, value))


def run(*command: str, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("examples")
    for name in ("modules", "examples"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns(".terraform*", "__pycache__")
        )
    shutil.copy(ROOT / ".terraform.lock.hcl", folder)
    for name in NAMES:
        # As the README of each says.
        example = folder / "examples" / name
        run(*STEP, "package", "--environment", "local", cwd=example)
        (example / "build" / f"{name}.asl.json").write_text(run(*STEP, "json", name, cwd=example))
    modules = {name: {"source": f"./examples/{name}"} for name in NAMES}
    (folder / "main.tf.json").write_text(json.dumps({"module": modules}))
    # Not in virtual time: one night after the other would come, as fast as they can.
    process = ServeProcess(folder / "service", "--iam", "enforce")
    try:
        environment = {**stack.local_environment(process.endpoint), "TF_DATA_DIR": str(folder / "data")}
        terraform = (str(ROOT / "scripts" / "tf"), f"-chdir={folder}")
        run(*terraform, "init", "-input=false", "-no-color", cwd=folder, **environment)
        run(*terraform, "apply", "-input=false", "-no-color", "-auto-approve", cwd=folder, **environment)
        yield Deployed(process)
    finally:
        process.stop()


def test_a_trip_is_booked_or_undone(deployed: Deployed) -> None:
    booked = deployed.result("saga", {"id": "t-1", "to": "Lisbon", "cents": 90_000})
    undone = deployed.result("saga", {"id": "t-2", "to": "Lisbon", "cents": 900_000})

    assert json.loads(booked["output"])["receipt"] == "receipt-t-1"
    assert (undone["error"], undone["cause"]) == (
        "NoTrip",
        "Nothing is booked and nothing is paid: CardDeclined",
    )


def test_a_person_s_answer_pays_the_invoice(deployed: Deployed) -> None:
    queues = deployed.process.client("sqs")
    url = queues.get_queue_url(QueueName="approval-questions")["QueueUrl"]
    execution = deployed.start("approval", {"id": "i-1", "cents": 900_000})

    [message] = wait_for(deployed.states, lambda: queues.receive_message(QueueUrl=url).get("Messages"))
    question = json.loads(message["Body"])
    deployed.states.send_task_heartbeat(taskToken=question["Token"])
    deployed.states.send_task_success(taskToken=question["Token"], output='{"by": "Ada"}')

    assert question["Invoice"]["id"] == "i-1"
    told = ended(deployed.states, execution)
    assert json.loads(told["output"])["answer"] == {"by": "Ada"}
    assert json.loads(told["output"])["receipt"] == "paid-i-1"


def test_a_backup_goes_on_where_it_stopped(deployed: Deployed) -> None:
    s3 = deployed.process.client("s3")
    for bucket in ("attic", "attic-log", "attic-photos"):
        s3.create_bucket(Bucket=bucket)
    for key in OBJECTS:
        s3.put_object(Bucket="attic", Key=key, Body=key.encode())

    # The bucket of notes isn't there yet: what goes there fails, and the backup with it.
    failed = deployed.result("backup", {"source": "attic"})
    s3.create_bucket(Bucket="attic-notes")
    deployed.states.redrive_execution(executionArn=failed["executionArn"])
    told = ended(deployed.states, failed["executionArn"])

    assert failed["error"] == "States.ExceedToleratedFailureThreshold"
    assert (told["status"], told["redriveCount"]) == ("SUCCEEDED", 1)
    assert keys(s3, "attic-photos") == ["2026/01/31-cat.jpg", "2026/02/01-dog.jpg"]
    assert keys(s3, "attic-notes") == ["other/read me"]
    log = json.loads(told["output"])["log"]
    assert log["Key"].startswith("runs/")
    assert s3.get_object(Bucket=log["Bucket"], Key=log["Key"])["Body"].read()


def keys(s3: Any, bucket: str) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_a_report_is_written_every_night(deployed: Deployed) -> None:
    s3 = deployed.process.client("s3")
    s3.create_bucket(Bucket="reports")
    deployed.process.client("sns").create_topic(Name="reports")

    told = deployed.result("nightly", {"scheduled_at": "2026-01-31T02:00:00Z"})

    assert told["status"] == "SUCCEEDED", told.get("cause")
    assert b"Stock: " in s3.get_object(Bucket="reports", Key="reports/2026-01-31.json")["Body"].read()
    [schedule] = deployed.process.client("scheduler").list_schedules()["Schedules"]
    assert schedule["Target"]["Arn"] == f"{PREFIX}:nightly:live"
