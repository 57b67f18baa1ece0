"""A disk without room: what can't be recorded doesn't happen, and what is under way waits."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from step.clock import now_ms
from step.durable.clocks import RealClock, VirtualClock
from step.durable.host import Host
from step.durable.journal import Journal, StoreFull
from step.engine.frames import ExecutionInfo
from step.engine.vocabulary import Input, StartTask, TaskSubmitted, TaskSucceeded
from tests.hearing import wait_until

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"
SEND = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:work"
LARGE = "x" * 100_000


def one_task(resource: str) -> str:
    given = {"Parameters": {"QueueUrl": "q", "MessageBody": "m"}} if resource == SEND else {}
    state = {"Type": "Task", "Resource": resource, "End": True, **given}
    return json.dumps({"StartAt": "Do", "States": {"Do": state}})


EACH = json.dumps(
    {
        "StartAt": "Wait",
        "States": {
            "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Each"},
            "Each": {
                "Type": "Map",
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    **json.loads(one_task(FUNCTION)),
                },
                "End": True,
            },
        },
    }
)


def info(name: str, value: Any = None) -> ExecutionInfo:
    return ExecutionInfo(
        arn=f"arn:aws:states:us-east-1:123456789012:execution:m:{name}",
        name=name,
        input=value,
        start_ms=now_ms(),
        role_arn="arn:aws:iam::123456789012:role/r",
        machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:m",
        machine_name="m",
        seed=name,
    )


class Store:
    """A host whose disk can be filled and cleared."""

    def __init__(self, folder: Path, work: Any, clock: Any = None) -> None:
        self.journal = Journal(folder)
        self.host = Host(self.journal, clock or RealClock(), work)
        self.host.open()

    def fill(self) -> None:
        with self.host.lock:
            (pages,) = self.journal._db.execute("PRAGMA page_count").fetchone()
            self.journal._db.execute(f"PRAGMA max_page_count = {pages}")
            with pytest.raises(StoreFull, match="make room on the disk"):
                self._put_much()

    def _put_much(self) -> None:
        for number in range(1000):
            self.journal.put("filler", str(number), "x" * 1000)

    def clear(self) -> None:
        with self.host.lock:
            self.journal._db.execute("PRAGMA max_page_count = 1000000")


@pytest.fixture
def stores() -> Iterator[list[Store]]:
    made: list[Store] = []
    yield made
    for store in made:
        store.host.close()


def test_requests_are_refused_and_have_no_effect(tmp_path: Path, stores: list[Store]) -> None:
    def submit(task: StartTask, _: ExecutionInfo) -> list[Input]:
        return [TaskSubmitted(task.op, {"MessageId": "1"})]

    store = Store(tmp_path, submit)
    stores.append(store)
    host = store.host
    asking, acting = host.start(info("asks"), one_task(SEND)), host.start(info("acts"), one_task(ACTIVITY))
    wait_until(host, lambda: len(asking.kernel.history) >= 5)
    (task,) = asking.tasks.values()
    token = task.token or ""
    store.fill()

    with pytest.raises(StoreFull):
        host.start(info("new", LARGE), one_task(FUNCTION))
    with pytest.raises(StoreFull):
        host.answer(token, lambda op: TaskSucceeded(op, LARGE))
    with pytest.raises(StoreFull):
        host.stop(asking.info.arn, "Enough", LARGE[:30_000])
    with pytest.raises(StoreFull):
        host.take_activity(ACTIVITY, 0, LARGE[:30_000])

    assert host.live(info("new").arn) is None
    assert (asking.kernel.status, len(asking.kernel.history)) == ("RUNNING", 5)
    store.clear()
    assert host.answer(token, lambda op: TaskSucceeded(op, LARGE))
    assert host.take_activity(ACTIVITY, 0, None)
    assert host.stop(acting.info.arn, None, None)
    row = host.journal.execution(asking.info.arn)
    assert row
    assert (row.status, row.output) == ("SUCCEEDED", json.dumps(LARGE))


def test_results_and_timers_wait_for_room(tmp_path: Path, stores: list[Store]) -> None:
    go = threading.Event()

    def work(task: StartTask, _: ExecutionInfo) -> list[Input]:
        if task.payload != "wait":
            return [TaskSucceeded(task.op, task.payload)]
        go.wait(30)
        return [TaskSucceeded(task.op, LARGE)]

    store = Store(tmp_path, work, VirtualClock())
    stores.append(store)
    host = store.host
    with host.lock:
        mapping = host.start(info("maps", [1, 2, 3]), EACH)
        working = host.start(info("works", "wait"), one_task(FUNCTION))
        store.fill()
    go.set()
    assert not working.ended.wait(0.1)
    assert working.kernel.status == "RUNNING"

    store.clear()

    assert working.ended.wait(30)
    assert mapping.ended.wait(30)
    assert {row.status for row in host.journal.executions()} == {"SUCCEEDED"}


LIMITED = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_host_disk import FUNCTION, LARGE, info, one_task
from step.engine.vocabulary import TaskSucceeded
from step.durable.clocks import RealClock
from step.durable.host import Host
from step.durable.journal import Journal, StoreFull

host = Host(Journal(Path(sys.argv[1])), RealClock(), lambda task, _: [TaskSucceeded(task.op, 1)])
host.open()
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
number = 0
try:
    while True:
        host.start(info(str(number), LARGE), one_task(FUNCTION))
        print(number, flush=True)
        number += 1
except StoreFull as error:
    print(error, flush=True)
host.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files there")
def test_what_was_acknowledged_before_the_disk_was_full_is_there(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(tmp_path), str(Path(__file__).parent)]

    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()

    assert "nothing can be written" in told[-1]
    journal = Journal(tmp_path)
    assert {row.name for row in journal.executions()} >= set(told[:-1])
    journal.close()
