"""What survives when the service is killed, asked of a new process on the same store."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from step.clock import elapsed, pause
from tests.serving import ACCOUNT, ServeFailed, ServeProcess, ended, wait_for

ROLE = f"arn:aws:iam::{ACCOUNT}:role/baker"
WAIT = {"StartAt": "Rise", "States": {"Rise": {"Type": "Wait", "Seconds": 120, "End": True}}}
Serve = Callable[..., ServeProcess]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start services on one store; an hour is a minute."""
    started: list[ServeProcess] = []

    def serve(*options: str) -> ServeProcess:
        started.append(ServeProcess(tmp_path, "--store", str(tmp_path / "store"), "--speed", "60", *options))
        return started[-1]

    yield serve
    for process in started:
        if process.process.poll() is None:
            process.kill()


def create(sfn: Any, name: str, definition: Any) -> str:
    made = sfn.create_state_machine(name=name, roleArn=ROLE, definition=json.dumps(definition))
    return str(made["stateMachineArn"])


def types(sfn: Any, arn: str) -> list[str]:
    return [event["type"] for event in sfn.get_execution_history(executionArn=arn)["events"]]


def test_wait_ends_when_it_would_have_ended(serve: Serve) -> None:
    first = serve()
    sfn = first.client("stepfunctions")
    machine = create(sfn, "bread", WAIT)
    arn = sfn.start_execution(stateMachineArn=machine, name="loaf")["executionArn"]
    assert types(sfn, arn) == ["ExecutionStarted", "WaitStateEntered"]

    first.kill()
    sfn = serve().client("stepfunctions")

    told = ended(sfn, arn)
    assert told["status"] == "SUCCEEDED"
    assert (told["stopDate"] - told["startDate"]).total_seconds() >= 120
    assert types(sfn, arn)[1:3] == ["WaitStateEntered", "WaitStateExited"]


def test_tokens_links_and_everything_named_survive(serve: Serve) -> None:
    first = serve()
    sfn = first.client("stepfunctions")
    activity = sfn.create_activity(name="oven")["activityArn"]
    bake = {"StartAt": "Bake", "States": {"Bake": {"Type": "Task", "Resource": activity, "End": True}}}
    child = create(sfn, "child", bake)
    version = sfn.publish_state_machine_version(stateMachineArn=child)["stateMachineVersionArn"]
    route = [{"stateMachineVersionArn": version, "weight": 100}]
    alias = sfn.create_state_machine_alias(name="live", routingConfiguration=route)["stateMachineAliasArn"]
    start = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": alias, "Input": {}},
        "End": True,
    }
    parent = create(sfn, "parent", {"StartAt": "Start", "States": {"Start": start}})
    arn = sfn.start_execution(stateMachineArn=parent)["executionArn"]
    token = sfn.get_activity_task(activityArn=activity)["taskToken"]

    first.kill()
    sfn = serve().client("stepfunctions")
    sfn.send_task_success(taskToken=token, output='{"baked": true}')

    output = json.loads(ended(sfn, arn)["output"])
    assert (output["Output"], output["StateMachineAliasArn"]) == ({"baked": True}, alias)
    assert types(sfn, arn).count("TaskSubmitted") == 1
    assert sfn.describe_activity(activityArn=activity)["name"] == "oven"
    assert len(sfn.list_executions(stateMachineArn=child)["executions"]) == 1


def test_end_that_nobody_was_told_of_is_told_after_the_restart(serve: Serve) -> None:
    first = serve()
    sfn = first.client("stepfunctions")
    child = create(sfn, "child", WAIT)
    start = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync",
        "Parameters": {"StateMachineArn": child},
        "End": True,
    }
    parent = create(sfn, "parent", {"StartAt": "Start", "States": {"Start": start}})
    arn = sfn.start_execution(stateMachineArn=parent)["executionArn"]
    wait_for(sfn, lambda: "TaskSubmitted" in types(sfn, arn))

    first.kill()
    sfn = serve("--speed", "100000").client("stepfunctions")

    assert ended(sfn, arn)["status"] == "SUCCEEDED"


def test_store_is_held_by_one_service(serve: Serve, tmp_path: Path) -> None:
    serve()

    with pytest.raises(ServeFailed, match="another"):
        ServeProcess(tmp_path, "--store", str(tmp_path / "store"))


def test_service_ends_when_it_is_told_and_leaves_no_address(serve: Serve, tmp_path: Path) -> None:
    process = serve()
    file = tmp_path / "store" / "service.json"
    assert json.loads(file.read_text())["endpoint"] == process.endpoint

    assert process.stop() == 0

    assert not file.exists()
    with pytest.raises(Exception, match="connect"):
        process.client("stepfunctions").list_state_machines()


def test_address_of_others_needs_a_token(tmp_path: Path) -> None:
    with pytest.raises(ServeFailed, match="give a --token"):
        ServeProcess(tmp_path, "--host", "0.0.0.0")


def test_a_function_that_runs_when_the_service_ends_is_called_again_and_has_not_failed(
    serve: Serve, tmp_path: Path
) -> None:
    code = (
        "import os, time\n"
        f"called, go = {str(tmp_path / 'called')!r}, {str(tmp_path / 'go')!r}\n"
        "def handler(event, context):\n"
        "    open(called, 'a').write('x')\n"
        "    while not os.path.exists(go): time.sleep(0.01)\n"
        "    return 'done'\n"
    )
    first = serve()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", code)
    first.client("lambda").create_function(
        FunctionName="slow",
        Role=ROLE,
        Runtime=f"python3.{sys.version_info.minor}",
        Handler="app.handler",
        Timeout=900,
        Code={"ZipFile": archive.getvalue()},
    )
    sfn = first.client("stepfunctions")
    task = {"Type": "Task", "Resource": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:slow", "End": True}
    machine = create(sfn, "slow", {"StartAt": "Call", "States": {"Call": task}})
    arn = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    wait_until_there(tmp_path / "called")

    assert first.stop() == 0
    (tmp_path / "go").touch()
    told = ended(serve().client("stepfunctions"), arn)

    assert (told["status"], told.get("output")) == ("SUCCEEDED", '"done"')
    assert (tmp_path / "called").read_text() == "xx"


def wait_until_there(file: Path) -> None:
    end = elapsed() + 60
    while not file.exists():
        assert elapsed() < end
        pause(0.02)
