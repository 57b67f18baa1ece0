"""``step run --store``: what was interrupted goes on, what has ended stays."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from step.durable.clocks import RealClock, VirtualClock
from step.durable.durable_run import DurableRun
from step.errors import HandlerError, StepError
from step.jsonvalue import JSONObject, JSONValue
from step.machine import StateMachine

NIGHT: JSONObject = {
    "StartAt": "Knead",
    "States": {
        "Knead": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:1:function:knead", "Next": "Rest"},
        "Rest": {"Type": "Wait", "Seconds": 3600, "Next": "Bake"},
        "Bake": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:1:function:bake", "End": True},
    },
}


def machine(*done: str, log: list[str] | None = None) -> StateMachine:
    made = StateMachine.from_json(NIGHT, name="night")
    kept: list[str] = [] if log is None else log

    def doing(name: str) -> Callable[[Any], str]:
        def do(_: Any) -> str:
            kept.append(name)
            return name

        return do

    for name in done or ("Knead", "Bake"):
        made.set_resource_function(name, doing(name))
    return made


def run(store: Path, name: str | None = "a", value: JSONValue = None, **more: Any) -> list[dict[str, Any]]:
    chosen = more.pop("machine", None) or machine()
    with DurableRun.open(chosen, store, name, value, clock=VirtualClock(), **more) as durable:
        return list(durable.events())


def test_an_execution_that_has_ended_stays_as_it_is(tmp_path: Path) -> None:
    log: list[str] = []
    first = run(tmp_path, machine=machine(log=log))

    second = run(tmp_path, machine=machine(log=log))

    assert second == first
    assert first[-1]["type"] == "ExecutionSucceeded"
    assert log == ["Knead", "Bake"]


def test_a_task_that_nothing_is_attached_to_is_no_failure_of_the_execution(tmp_path: Path) -> None:
    with pytest.raises(HandlerError, match="state 'Bake': nothing is attached"):
        run(tmp_path, machine=machine("Knead"))

    events = run(tmp_path)

    assert events[-1]["type"] == "ExecutionSucceeded"
    moments = [event["timestamp"] for event in events]
    assert moments == sorted(moments)


def test_without_a_name_the_unfinished_one_goes_on_or_a_new_one_begins(tmp_path: Path) -> None:
    with DurableRun.open(machine(), tmp_path, None, {}, clock=RealClock()) as waiting:
        interrupted = waiting.name

    with DurableRun.open(machine(), tmp_path, None, None, clock=VirtualClock()) as again:
        list(again.events())
    with DurableRun.open(machine(), tmp_path, None, None, clock=VirtualClock()) as new:
        list(new.events())

    assert (interrupted, again.name, new.name) == ("run-1", "run-1", "run-2")


def test_two_unfinished_ones_are_not_guessed_between(tmp_path: Path) -> None:
    for name in ("a", "b"):
        DurableRun.open(machine(), tmp_path, name, {}, clock=RealClock()).close()

    with pytest.raises(StepError, match=r"a, b haven't ended: give the --name of one, or a new one"):
        run(tmp_path, None)


@pytest.mark.parametrize("name", ["../a", "a/b", ".", "..", "", "a" * 81, "a b", "ä"])
def test_a_name_that_is_no_name_is_refused_before_anything_is_made(tmp_path: Path, name: str) -> None:
    with pytest.raises(StepError, match="expected up to 80 letters, digits"):
        run(tmp_path, name)

    assert list(tmp_path.iterdir()) == []


def test_another_input_under_the_same_name_is_refused(tmp_path: Path) -> None:
    run(tmp_path, value={"n": 1})

    with pytest.raises(StepError, match="a began with another input"):
        run(tmp_path, value={"n": 2})

    assert run(tmp_path, value={"n": 1})[-1]["type"] == "ExecutionSucceeded"


HANDLERS = """
import os, sys
from step.tasks import TaskHandlers

handlers = TaskHandlers()


@handlers.task("Knead", "Bake")
def work(n: int) -> int:
    with open("done", "a") as log:
        log.write("x")
    return n + 1
"""


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    states = json.loads(json.dumps(NIGHT))
    for name in ("Knead", "Bake"):
        states["States"][name] = {
            **{key: value for key, value in states["States"][name].items() if key != "Resource"},
            "Type": "TaskFn",
        }
    for folder, file, text in (("states", "n.asl.json", json.dumps(states)), ("lambda", "n.py", HANDLERS)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / file).write_text(text)
    command = [sys.executable, "-m", "step.cli.main", "run", "n", "--input", "1", "--store", "kept", "--name"]
    child = subprocess.Popen(
        [*command, "a", "--clock", "real"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    assert child.stderr is not None
    next(line for line in child.stderr if "WaitStateEntered" in line)
    child.send_signal(signal.SIGKILL)
    child.communicate()

    done = subprocess.run(
        [*command, "a", "--output", "json", "--quiet"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    document = json.loads(done.stdout)
    assert (document["status"], document["output"]) == ("SUCCEEDED", 3)
    assert document["elapsed_seconds"] >= 3600
    assert (tmp_path / "done").read_text() == "xx"
