from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from step.durable.clocks import VirtualClock
from step.durable.host import Host
from step.durable.journal import Journal
from step.engine.frames import ExecutionInfo
from step.engine.vocabulary import Input, StartTask, TaskFailed, TaskSubmitted, TaskSucceeded
from step.local.http_server import Server
from step.local.service.arns import Caller
from step.local.service.execution_logs import ExecutionLogs
from step.local.service.service import StepFunctionsService
from step.local.service.testing import Testing
from step.local.viewer import Viewer
from step.local.viewer.service_source import ServiceSource

CALLER = Caller("123456789012", "us-east-1")
ROLE = "arn:aws:iam::123456789012:role/states"
NASTY = "</script><img src=x onerror=alert(1)>"


class Little:
    """A small local service with a viewer. ``tasks`` says by state what a task gives: a function, or an Event
    that holds it until it is set. A task that waits for its token is handed over, and waits."""

    def __init__(self, folder: Path) -> None:
        self.tasks: dict[str, Callable[[Any], Any] | threading.Event] = {}
        self.host = Host(Journal(folder), VirtualClock(), self._work)
        self.host.open()
        # Machines here log nothing, so nobody delivers logs.
        logs = ExecutionLogs(self.host, self._no_logs)
        testing = Testing(self._work, self.host.clock)
        self._service = StepFunctionsService(
            self.host, testing, logs, lambda request: CALLER.account, CALLER.region
        )
        self.viewer = Viewer(ServiceSource(self.call, self.host))
        self.server = Server(self.viewer.answer)
        self.server.start()
        self.url = f"http://127.0.0.1:{self.server.port}/_step/"

    def call(self, operation: str, parameters: dict[str, Any]) -> Any:
        return self._service.call(operation, CALLER, parameters)

    def create(self, name: str, states: dict[str, Any], start: str) -> str:
        definition = json.dumps({"StartAt": start, "States": states})
        made = self.call("CreateStateMachine", {"name": name, "definition": definition, "roleArn": ROLE})
        return str(made["stateMachineArn"])

    def start(self, machine: str, value: Any, name: str) -> str:
        wanted = {"stateMachineArn": machine, "input": json.dumps(value), "name": name}
        return str(self.call("StartExecution", wanted)["executionArn"])

    def ended(self, arn: str) -> str:
        live = self.host.live(arn)
        if live is not None:
            assert live.ended.wait(20)
        return arn

    def close(self) -> None:
        for what in self.tasks.values():
            if isinstance(what, threading.Event):
                what.set()
        self.viewer.close()
        self.server.close()
        self.host.close()

    def _no_logs(self, region: str, account: str) -> Any:
        raise AssertionError(f"a machine logs in {region}")

    def _work(self, task: StartTask, info: ExecutionInfo) -> list[Input]:
        if task.token is not None:
            return [TaskSubmitted(task.op, {})]
        what = self.tasks[task.state]
        if isinstance(what, threading.Event):
            what.wait(30)
            return [TaskSucceeded(task.op, task.payload)]
        try:
            return [TaskSucceeded(task.op, what(task.payload))]
        except Exception as error:
            lines = ['  File "/var/task/kitchen.py", line 12, in bake\n    raise oven.problem()\n']
            document = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": lines}
            return [TaskFailed(task.op, type(error).__name__, json.dumps(document))]


def task(**more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:kitchen", **more}


@pytest.fixture
def little(tmp_path: Path) -> Iterator[Little]:
    service = Little(tmp_path / "store")
    try:
        yield service
    finally:
        service.close()
