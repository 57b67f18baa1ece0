"""A host that is killed at random moments until its executions are done: a program for ``test_kills``.

``python killed_host.py FOLDER KILLS SEED`` prints, as JSON, how often it was killed, which handlers ran again
although their result was recorded, and the histories; at most KILLS times, 0: undisturbed. The host runs in a
fork of this process, so that a start costs no imports.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from step.clock import now_ms, pause
from step.durable.clocks import RealClock
from step.durable.host import Host
from step.durable.journal import ExecutionRow, Journal
from step.engine.frames import ExecutionInfo
from step.engine.vocabulary import Input, StartTask, TaskFailed, TaskSubmitted, TaskSucceeded

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"
SEND = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
# No worker ever asks for its tasks.
ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:idle"
# A second is so many ms: waits, retries and timeouts are short, and still longer than a turn.
SPEED = 100
EXECUTIONS = 16
LONGEST_LIFE_SECONDS = 0.05
# A life is longer by so much with every kill: on a busy machine a short one ends before the store is open.
LONGER_BY = 1.05

_TASK = {"Type": "Task", "Resource": FUNCTION, "End": True}
_ITEM = {
    **_TASK,
    "Retry": [{"ErrorEquals": ["Slow"], "IntervalSeconds": 1, "MaxAttempts": 2}],
    "Catch": [{"ErrorEquals": ["Bad"], "Next": "Throw away"}],
}
_EACH = {"StartAt": "Do", "States": {"Do": _ITEM, "Throw away": {"Type": "Pass", "End": True}}}
_ASK = {"Type": "Task", "Resource": SEND}


def _machine(at_once: int) -> dict[str, Any]:
    children = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **_EACH}
    express = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, **_EACH}
    asked = {"QueueUrl": "q", "MessageBody": "m"}
    return {
        "StartAt": "Inline",
        "States": {
            "Inline": {
                "Type": "Map",
                "MaxConcurrency": at_once,
                "ItemProcessor": _EACH,
                "ResultPath": "$.inline",
                "ItemsPath": "$.items",
                "Next": "Wait",
            },
            "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Ask"},
            "Ask": {**_ASK, "Parameters": asked, "ResultPath": "$.answer", "Next": "In vain"},
            "In vain": {
                "Type": "Task",
                "Resource": ACTIVITY,
                "TimeoutSeconds": 2,
                "Catch": [{"ErrorEquals": ["States.Timeout"], "ResultPath": "$.vain", "Next": "Children"}],
                "End": True,
            },
            "Children": {
                "Type": "Map",
                "MaxConcurrency": 3,
                "ItemsPath": "$.items",
                "ItemProcessor": children,
                "ResultPath": "$.children",
                "Next": "Express children",
            },
            "Express children": {
                "Type": "Map",
                "MaxConcurrency": 3,
                "ItemsPath": "$.items",
                "ItemProcessor": express,
                "End": True,
            },
        },
    }


class Handlers:
    """Does the tasks' work and tells of it in a file; nobody knows of a run that a kill came before."""

    def __init__(self, journal: Journal, file: Path) -> None:
        self._log = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        rows = journal.running(children=False) + journal.running(children=True)
        self._recorded = {(row.arn, op) for row in rows for op in _recorded(journal, row)}

    def __call__(self, task: StartTask, execution: ExecutionInfo) -> list[Input]:
        again = "recorded" if (execution.arn, task.op) in self._recorded else "new"
        os.write(self._log, f"{again} {execution.arn} {task.op}\n".encode())
        if task.token is not None:
            return [TaskSubmitted(task.op, {"MessageId": "1"})]
        item = task.payload
        assert isinstance(item, int)
        if item % 4 == 1 and task.attempt == 0:
            return [TaskFailed(task.op, "Slow", "once")]
        if item % 5 == 2:
            return [TaskFailed(task.op, "Bad", "always")]
        return [TaskSucceeded(task.op, item * 2)]


def _recorded(journal: Journal, row: ExecutionRow) -> set[int]:
    ends = (TaskSucceeded, TaskFailed, TaskSubmitted)
    return {entry.item.op for entry in journal.entries(row.id) if isinstance(entry.item, ends)}


def _info(name: str) -> ExecutionInfo:
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:m"
    return ExecutionInfo(
        arn=f"arn:aws:states:us-east-1:123456789012:execution:m:{name}",
        name=name,
        input={"items": list(range(6))},
        start_ms=now_ms(),
        role_arn="arn:aws:iam::123456789012:role/r",
        machine_arn=machine,
        machine_name="m",
        seed=name,
    )


def run(folder: Path) -> None:
    """Start what hasn't been started, go on with what hasn't ended, and answer tokens."""
    journal = Journal(folder / "store")
    host = Host(journal, RealClock(SPEED), Handlers(journal, folder / "done"), threads=6)
    host.open()
    for number in range(EXECUTIONS):
        with host.lock:
            arn = _info(str(number)).arn
            if journal.execution(arn) is None:
                # One at a time, so that history has one order; several at once, so that things meet.
                definition = json.dumps(_machine(1 if number % 2 else 4))
                host.start(_info(str(number)), definition)
    while _answer(host):
        pause(0.002)
    host.close()


def _answer(host: Host) -> bool:
    """Answer the tokens that have somebody to answer them; say whether anything runs."""
    lives = [host.live(_info(str(number)).arn) for number in range(EXECUTIONS)]
    running = [live for live in lives if live is not None]
    for live in running:
        with host.lock:
            asked = [task for task in live.tasks.values() if task.state == "Ask"]
            # Never before it is submitted: the undisturbed run has that order as well.
            for task in [task for task in asked if live.kernel.ops[task.op].is_told]:
                host.answer(task.token or "", lambda op: TaskSucceeded(op, "yes"))
    return bool(running)


def histories(folder: Path) -> dict[str, Any]:
    """Read every execution's status and events, without their times."""
    journal = Journal(folder / "store")
    host = Host(journal, RealClock(), lambda task, _: [])
    rows = journal.executions()
    for row in list(rows):
        for record in host.map_runs(row.arn):
            rows += journal.executions(map_run=record.arn)
    told = {}
    for row in rows:
        events = [{**event, "timestamp": None} for event in host.history(row.arn) or []]
        told[row.arn] = {
            "status": row.status,
            "output": row.output,
            "events": events,
            "is_concurrent": row.parent is None and int(row.name) % 2 == 0,
        }
    host.close()
    return told


def main() -> None:
    folder, kills, chance = Path(sys.argv[1]), int(sys.argv[2]), random.Random(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    killed = 0
    while True:
        child = os.fork()
        if child == 0:
            try:
                run(folder)
            except BaseException:
                sys.excepthook(*sys.exc_info())
                os._exit(1)
            os._exit(0)
        if killed < kills:
            longest = LONGEST_LIFE_SECONDS * LONGER_BY**killed
            alarm = threading.Timer(chance.uniform(0, longest), os.kill, (child, signal.SIGKILL))
            alarm.start()
            alarm.join()
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            assert os.waitstatus_to_exitcode(status) == 0
            break
        killed += 1
    lines = (folder / "done").read_text().splitlines()
    runs = Counter(line.split(" ", 1)[1] for line in lines)
    told = {
        "kills": killed,
        "repeated": [line for line in lines if line.startswith("recorded")],
        "runs": len(lines),
        "again": sum(count - 1 for count in runs.values()),
        "histories": histories(folder),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
