"""Journalled tasks a second with handlers in the process, beside DBOS on SQLite."""

from __future__ import annotations

import json
import tempfile
from itertools import pairwise
from pathlib import Path
from time import perf_counter

from benchmarks.service_processes import peer_output
from step.clock import now_ms
from step.durable.clocks import RealClock
from step.durable.host import Host
from step.durable.journal import Journal
from step.durable.schema import Sync
from step.engine.frames import ExecutionInfo
from step.engine.vocabulary import Input, StartTask, TaskSucceeded

_DBOS = Path(__file__).with_name("dbos_steps.py")
_MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:bench"
_TASK = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:add"}


def dbos_steps_per_second(steps: int, sync: str) -> float:
    """Run a workflow of so many steps."""
    with tempfile.TemporaryDirectory() as folder:
        return float(peer_output(_DBOS, folder, str(steps), sync))


def tasks_per_second(tasks: int, sync: Sync) -> float:
    """Run an execution of so many tasks, one after the other, each with a commit of its own."""
    names = [f"Task{number}" for number in range(tasks)]
    states = {name: {**_TASK, "Next": following} for name, following in pairwise(names)} | {
        names[-1]: {**_TASK, "End": True}
    }
    return _seconds_of({"StartAt": names[0], "States": states}, 0, tasks, sync)


def items_per_second(items: int, sync: Sync) -> float:
    """Run an execution with a Map of so many items, 40 at once; what comes together is committed together."""
    processor = {"StartAt": "Do", "States": {"Do": {**_TASK, "End": True}}}
    each = {"Type": "Map", "ItemProcessor": processor, "End": True}
    return _seconds_of({"StartAt": "Each", "States": {"Each": each}}, list(range(items)), items, sync)


def _seconds_of(definition: object, value: int | list[int], tasks: int, sync: Sync) -> float:
    with tempfile.TemporaryDirectory() as folder:
        host = Host(Journal(Path(folder) / "store", sync), RealClock(), _add)
        host.open()
        begun = perf_counter()
        live = host.start(_info(value), json.dumps(definition))
        live.ended.wait()
        seconds = perf_counter() - begun
        host.close()
        assert live.kernel.status == "SUCCEEDED", live.kernel.error
        return tasks / seconds


def _add(task: StartTask, _: ExecutionInfo) -> list[Input]:
    assert isinstance(task.payload, int)
    return [TaskSucceeded(task.op, task.payload + 1)]


def _info(value: int | list[int]) -> ExecutionInfo:
    return ExecutionInfo(
        arn=_MACHINE.replace(":stateMachine:", ":execution:") + ":a",
        name="a",
        input=value,  # type: ignore[arg-type]  # numbers are JSON
        start_ms=now_ms(),
        role_arn="arn:aws:iam::123456789012:role/bench",
        machine_arn=_MACHINE,
        machine_name="bench",
    )
