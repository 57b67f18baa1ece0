"""Step Functions over one store folder, without a network, at a time that stands still until it is let go.

``python -m tests.durable.stage FILE`` writes the store of today's code: FILE is a zip of its rows as SQL
text, and of what its executions come to once they go on. Where time stands still and one thread works,
histories are the same to the last id and millisecond.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from step.clock import pause
from step.durable.host import Host
from step.durable.journal import Journal
from step.engine.frames import ExecutionInfo
from step.engine.vocabulary import Heartbeat, Input, StartTask, TaskSucceeded
from step.jsonvalue import JSONValue
from step.local.service.arns import Caller
from step.local.service.execution_logs import ExecutionLogs
from step.local.service.nested import Nested
from step.local.service.service import StepFunctionsService
from step.local.service.testing import Testing
from step.local.service.work import TaskWork
from step.runtime.map_items import MapItems
from step.runtime.objects import MemoryObjects
from tests.durable.kinds import ACCOUNT, ACTIVITY, KINDS, OBJECTS, REGION, ROLE, is_open, work

START_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
DATABASE = "step.sqlite3"
_ANSWER: JSONValue = {"yes": 1}
_FACTS = ("status", "start_ms", "stop_ms", "output", "error", "cause", "redrive_count")
_COUNTS = ("status", "itemCounts", "executionCounts", "redriveCount")


class StandingClock:
    """A clock that stands; once it is free it jumps over waits."""

    def __init__(self) -> None:
        self.at_ms = START_MS
        self.is_free = False

    def now_ms(self) -> int:
        return self.at_ms

    def real_seconds_until(self, at_ms: int) -> float | None:
        return None if self.is_free else 3600.0

    def jump(self, at_ms: int) -> None:
        self.at_ms = max(self.at_ms, at_ms)

    def not_before(self, at_ms: int) -> None:
        self.jump(at_ms)


class Stage:
    """A service on a folder. ``resumes``: what was open is answered."""

    def __init__(self, folder: Path, *, resumes: bool) -> None:
        self.clock = StandingClock()
        self.resumes = resumes
        self.called = threading.Event()
        self.let_go = threading.Event()
        self._nested = Nested()
        self._own = TaskWork(self._nested, lambda region, role: _no_services(region))
        items = MapItems({}, MemoryObjects(dict(OBJECTS)))
        self.host = Host(Journal(folder), self.clock, self._work, threads=1, items=items)
        logs = ExecutionLogs(self.host, lambda region, account: _no_services(region))
        testing = Testing(self._work, self.clock)
        self.service = StepFunctionsService(self.host, testing, logs, lambda _: ACCOUNT, REGION)
        self._nested.bind(self.host, self.service)
        self.host.open()
        self._nested.open()

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._nested.close()
        self.host.close()
        self.let_go.set()

    def call(self, operation: str, **parameters: Any) -> Any:
        return self.service.call(operation, Caller(ACCOUNT, REGION), parameters)

    def _work(self, task: StartTask, info: ExecutionInfo) -> list[Input]:
        if ":states:startExecution" in task.resource:
            return self._own(task, info)
        if task.state == "Open Call" and not self.resumes:
            self.called.set()
            self.let_go.wait(30)
        if task.token is None and is_open(task) and (not self.resumes or "never" in task.state):
            return []
        return work(task)

    # ------------------------------------------------------------ writing

    def begin(self, name: str) -> str:
        """Start an execution of a kind; give its ARN."""
        kind = KINDS[name]
        type_ = "EXPRESS" if "express" in kind.then else "STANDARD"
        definition = json.dumps(kind.definition)
        machine = self.call("CreateStateMachine", name=name, definition=definition, roleArn=ROLE, type=type_)
        arn = machine["stateMachineArn"]
        if "alias" in kind.then:
            version = self.call("PublishStateMachineVersion", stateMachineArn=arn)["stateMachineVersionArn"]
            routes = [{"stateMachineVersionArn": version, "weight": 100}]
            arn = self.call("CreateStateMachineAlias", name="live", routingConfiguration=routes)[
                "stateMachineAliasArn"
            ]
        run = self.call(
            "StartExecution", stateMachineArn=arn, name=f"{name}-1", input=json.dumps(kind.input or {})
        )
        return str(run["executionArn"])

    def go_on(self, name: str, arn: str) -> None:
        """Let happen to an execution what its kind says."""
        for step in KINDS[name].then:
            if step == "heartbeat":
                self.clock.at_ms += 5_000
                self.host.answer(self.tokens(arn)[0], Heartbeat)
            elif step == "poll":
                self.host.take_activity(f"{ACTIVITY}-taken", 10, "baker")
            elif step == "redrive":
                self.call("RedriveExecution", executionArn=arn)
            elif step == "stop":
                self.call("StopExecution", executionArn=arn, error="Enough", cause="of it")
            elif step == "update":
                (run,) = self.call("ListMapRuns", executionArn=arn)["mapRuns"]
                self.call("UpdateMapRun", mapRunArn=run["mapRunArn"], maxConcurrency=3)
            elif step == "hold":
                assert self.called.wait(10)
                self.host.answer(self.tokens(arn)[0], lambda op: TaskSucceeded(op, _ANSWER))

    def tokens(self, arn: str) -> list[str]:
        """The tokens of an execution's open tasks, but for those that another execution answers."""
        live = self.host.live(arn)
        tasks = live.tasks.values() if live is not None else ()
        return [task.token for task in tasks if task.token and ":startExecution" not in task.resource]

    # ------------------------------------------------------------ going on

    def finish(self) -> dict[str, Any]:
        """Answer what is open, let time go by, and tell what every execution has come to."""
        self.host.hold_clock()
        self.host.take_activity(f"{ACTIVITY}-offered", 10, "baker")
        for row in self.host.journal.running(children=False):
            for token in self.tokens(row.arn):
                self.host.answer(token, lambda op: TaskSucceeded(op, _ANSWER))
        self.settle()
        self.clock.is_free = True
        self.host.release_clock()
        for row in self.host.journal.running(children=False):
            live = self.host.live(row.arn)
            assert live is None or live.ended.wait(60), f"{row.name} goes on"
        self.settle()
        return self.told()

    def settle(self) -> None:
        """Wait until nothing has happened for a while."""
        before, still = "", 0
        while still < 10:
            pause(0.02)
            now = self._state()
            before, still = now, still + 1 if now == before else 0

    def _state(self) -> str:
        with self.host.lock:
            rows = self.host.journal.running(children=False) + self.host.journal.running(children=True)
            return repr([(row.arn, len(list(self.host.journal.entries(row.id)))) for row in rows])

    def told(self) -> dict[str, Any]:
        """Tell of every execution how it ended, with its events; of every Map Run its counts."""
        told: dict[str, Any] = {}
        with self.host.lock:
            for row in self.host.journal.executions():
                told[row.arn] = self._told(row)
                for run in self.call("ListMapRuns", executionArn=row.arn)["mapRuns"]:
                    facts = self.call("DescribeMapRun", mapRunArn=run["mapRunArn"])
                    told[run["mapRunArn"]] = {name: facts[name] for name in _COUNTS}
                    for child in self.host.journal.executions(map_run=run["mapRunArn"]):
                        told[child.arn] = self._told(child)
        return told

    def _told(self, row: Any) -> dict[str, Any]:
        events = [
            {**event, "timestamp": round(event["timestamp"].timestamp() * 1000)}
            for event in self.host.history(row.arn) or ()
        ]
        facts = {name: getattr(row, name) for name in _FACTS}
        return {**facts, "events": events}


def _no_services(region: str) -> Any:
    raise AssertionError("nothing here calls AWS")


def write(folder: Path) -> None:
    """Write a store with an execution of every kind, each in the middle."""
    with Stage(folder, resumes=False) as stage:
        stage.call("CreateActivity", name="bake-offered")
        stage.call("CreateActivity", name="bake-taken")
        # One that blocks the one thread comes last; a machine that another one starts comes first.
        names = sorted(KINDS, key=lambda name: ("hold" in KINDS[name].then, name != "child"))
        for name in names:
            arn = stage.begin(name)
            if "hold" not in KINDS[name].then:
                stage.settle()
            stage.go_on(name, arn)
        if not stage.called.is_set():
            stage.settle()


def dump(folder: Path) -> str:
    """Write a store's rows as SQL text."""
    with sqlite3.connect(folder / DATABASE) as database:
        version = database.execute("PRAGMA user_version").fetchone()[0]
        text = "\n".join([*database.iterdump(), f"PRAGMA user_version = {version};"])
    database.close()
    return text


def load(text: str, folder: Path) -> None:
    """Make a store of SQL text."""
    folder.mkdir(parents=True)
    with sqlite3.connect(folder / DATABASE) as database:
        database.executescript(text)
    database.close()


def keep(file: Path, finish: Callable[[Path], dict[str, Any]]) -> None:
    """Keep a new store, and what becomes of it."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        write(store)
        text = dump(store)
        load(text, Path(folder) / "again")
        told = finish(Path(folder) / "again")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("store.sql", text)
        archive.writestr("expected.json", json.dumps(told, indent=0, sort_keys=True))


def resume(folder: Path) -> dict[str, Any]:
    """Go on with all that a store holds, to the end."""
    with Stage(folder, resumes=True) as stage:
        return stage.finish()


if __name__ == "__main__":
    keep(Path(sys.argv[1]), resume)
