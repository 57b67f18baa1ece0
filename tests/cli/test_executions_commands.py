"""``step start|executions|history|stop|redrive|send`` against the local service, as a user types them."""

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

ROLE = "arn:aws:iam::123456789012:role/machine"
NIGHT: dict[str, Any] = {
    "StartAt": "Rest",
    "States": {
        "Rest": {"Type": "Wait", "Seconds": 43200, "Next": "Eat?"},
        "Eat?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.burnt", "IsPresent": True, "Next": "Burnt"}],
            "Default": "Eat",
        },
        "Eat": {"Type": "Pass", "End": True},
        "Burnt": {"Type": "Fail", "Error": "Burnt", "Cause": "black"},
    },
}

QUICK = {**NIGHT, "StartAt": "Eat?", "States": {k: v for k, v in NIGHT["States"].items() if k != "Rest"}}


class Running(Protocol):
    @property
    def endpoint(self) -> str: ...


@pytest.fixture(scope="module")
def client(service: Running) -> Any:
    return boto3.client(
        "stepfunctions",
        endpoint_url=service.endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


@pytest.fixture(scope="module", autouse=True)
def _machines(client: Any) -> None:
    for name in ("night", "day"):
        client.create_state_machine(name=name, definition=json.dumps(NIGHT), roleArn=ROLE)


def create_asking(client: Any, name: str) -> str:
    """Create a machine that waits for a worker, and its activity; gives the activity's ARN."""
    activity = str(client.create_activity(name=name)["activityArn"])
    asked = {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": activity, "End": True}}}
    client.create_state_machine(name=name, definition=json.dumps(asked), roleArn=ROLE)
    return activity


@pytest.fixture
def step(
    service: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", service.endpoint)

    def step(*words: str) -> tuple[int, str, str]:
        status = main(words)
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return step


Step = Callable[..., tuple[int, str, str]]


def test_start_waits_and_prints_what_step_run_prints(step: Step) -> None:
    status, out, err = step("start", "night", "--name", "baked", "--wait", "--input", '{"n": 1}')

    assert status == 0
    assert "SUCCEEDED after 12 h" in out
    assert "path    Rest > Eat? > Eat" in out
    assert 'output  {"n": 1}' in out
    assert err.splitlines()[0].split() == ["0", "ms", "ExecutionStarted"]
    assert err.splitlines()[-1].endswith("ExecutionSucceeded")


def test_start_without_waiting_prints_the_arn_alone(step: Step) -> None:
    status, out, err = step("start", "night", "--name", "alone")

    assert (status, err) == (0, "")
    assert out == "arn:aws:states:us-east-1:123456789012:execution:night:alone\n"


def test_history_takes_a_name_or_machine_and_name_or_an_arn(step: Step, tmp_path: Path) -> None:
    _, out, _ = step("start", "night", "--name", "known", "--wait", "--output", "json", "--quiet")
    started = json.loads(out)

    told = [
        step("history", name, "--output", "json", "--quiet")
        for name in ("known", "night:known", started["arn"])
    ]

    assert [json.loads(out) for _, out, _ in told] == [started] * 3
    assert (started["status"], round(started["elapsed_seconds"])) == ("SUCCEEDED", 43200)


def test_history_draws_the_path_and_writes_a_page(step: Step, tmp_path: Path) -> None:
    step("start", "night", "--name", "drawn", "--wait")
    picture, page = tmp_path / "drawn.svg", tmp_path / "drawn.html"

    status, out, _ = step("history", "drawn", "--picture", str(picture), "--report", str(page), "--quiet")

    assert status == 0
    assert "<svg" in picture.read_text()
    assert "SUCCEEDED" in page.read_text()
    assert out.endswith(f"picture {picture}\nreport  {page}\n")


def test_a_failed_execution_is_an_answer_of_history_and_a_failure_where_it_is_followed(step: Step) -> None:
    status, out, _ = step("start", "night", "--name", "black", "--wait", "--input", '{"burnt": true}')
    looked, _, _ = step("history", "black", "--quiet")
    followed, _, _ = step("history", "black", "--quiet", "--follow")

    assert (status, looked, followed) == (1, 0, 1)
    assert "error   Burnt\ncause   black" in out


def test_an_express_execution_is_waited_for_without_a_history(step: Step, client: Any) -> None:
    client.create_state_machine(name="quick", definition=json.dumps(QUICK), roleArn=ROLE, type="EXPRESS")

    status, out, err = step("start", "quick", "--wait", "--input", '{"burnt": true}')

    assert (status, err) == (1, "")
    assert out == "status  FAILED\nerror   Burnt\ncause   black\n"


def test_a_name_that_two_machines_know_is_not_guessed(step: Step) -> None:
    step("start", "night", "--name", "twice")
    step("start", "day", "--name", "twice")

    status, out, err = step("history", "twice")

    assert (status, out) == (2, "")
    assert "2 machines have an execution 'twice': say" in err
    assert "night:twice" in err


def test_redrive_goes_on_from_the_failed_state(step: Step) -> None:
    step("start", "night", "--name", "again", "--wait", "--input", '{"burnt": true}')

    status, out, _ = step("redrive", "again", "--wait", "--output", "json", "--quiet")

    types = [event["type"] for event in json.loads(out)["history"]]
    assert status == 1
    assert types.count("WaitStateEntered") == 1
    assert types.count("FailStateEntered") == 2
    assert "ExecutionRedriven" in types


def test_stop_send_and_the_list_of_executions(step: Step, client: Any) -> None:
    activity = create_asking(client, "ask")
    for name in ("answered", "failed", "stopped"):
        step("start", "ask", "--name", name)
    tokens: dict[int, str] = {}
    for _ in range(3):
        task = client.get_activity_task(activityArn=activity)
        tokens[len(tokens)] = task["taskToken"]
    assert step("send", tokens[0], "--heartbeat") == (0, "", "")
    assert step("send", tokens[0], "--success", '{"ready": 1}') == (0, "", "")
    assert step("send", tokens[1], "--failure", "Cold", "the oven is off") == (0, "", "")
    assert step("send", tokens[1], "--heartbeat")[0] == 2

    stopped, out, _ = step("stop", "ask:stopped", "--error", "Gone", "--cause", "eaten")
    _, listed, _ = step("executions", "ask", "--output", "json")

    assert (stopped, out.split()[0]) == (0, "ABORTED")
    rows = {row["name"]: row for row in json.loads(listed)}
    assert {name: row["status"] for name, row in rows.items()} == {
        "answered": "SUCCEEDED",
        "failed": "FAILED",
        "stopped": "ABORTED",
    }
    _, failed, _ = step("executions", "ask", "--status", "FAILED", "--limit", "5")
    assert [line.split()[-1] for line in failed.splitlines()] == ["execution", "failed"]


def test_follow_ends_when_the_execution_does(step: Step, client: Any, service: Running) -> None:
    activity = create_asking(client, "follow")
    step("start", "follow", "--name", "followed")
    command = [sys.executable, "-m", "step.cli.main", "history", "follow:followed", "--follow"]
    child = subprocess.Popen(
        [*command, "--endpoint", service.endpoint], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stderr is not None
    next(line for line in child.stderr if "ActivityScheduled" in line)
    step("send", client.get_activity_task(activityArn=activity)["taskToken"], "--success", '"warm"')

    out, _ = child.communicate(timeout=120)

    assert child.returncode == 0
    assert 'output  "warm"' in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["start", "nigth"], "no state machine 'nigth' at http://127.0.0.1"),
        (["start", "nigth"], "(did you mean 'night'?)"),
        (["start", "night", "--input", "{"], "--input: not JSON"),
        (["start", "night", "--name", "a b"], "InvalidName"),
        (["history", "nobody"], "no execution 'nobody' at"),
        (["history", "night:nobody"], "ExecutionDoesNotExist"),
        (["history", "arn:aws:states:us-east-1:123456789012:execution:night:x"], "ExecutionDoesNotExist"),
        (["history", "arn:aws:states"], "InvalidArn"),
        (["stop", "night:nobody"], "ExecutionDoesNotExist"),
        (["redrive", "loaf"], "ExecutionNotRedrivable"),
        (["send", "x", "--heartbeat"], "InvalidToken"),
        (["executions", "--limit", "0"], "--limit 0: expected 1 or more"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_can_t_be_done_is_one_line_and_status_2(step: Step, words: list[str], said: str) -> None:
    step("start", "night", "--name", "loaf", "--wait", "--input", '{"n": 1}')

    status, out, err = step(*words)

    assert (status, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1
