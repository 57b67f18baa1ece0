"""Durable executions: what was acknowledged survives, and nothing recorded is done twice."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from step.clock import now_ms
from step.durable.clocks import Clock, RealClock, VirtualClock
from step.durable.host import Host, Live
from step.durable.journal import Journal
from step.engine.frames import ExecutionInfo
from step.engine.vocabulary import Input, StartTask, TaskFailed, TaskSucceeded
from step.errors import StepError

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"
TASK = {"Type": "Task", "Resource": FUNCTION, "End": True}


def waiting(seconds: int) -> dict[str, Any]:
    wait = {"Type": "Wait", "Seconds": seconds, "Next": "Do"}
    return {"StartAt": "Wait", "States": {"Wait": wait, "Do": TASK}}


WAIT_THEN_TASK = waiting(1)
TOKEN_TASK = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            **TASK,
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": "q", "MessageBody": "m"},
        }
    },
}
MANY = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "MaxConcurrency": 4,
            "ItemProcessor": {
                "StartAt": "Do",
                "States": {"Do": {**TASK, "Retry": [{"ErrorEquals": ["Slow"], "MaxAttempts": 2}]}},
            },
            "End": True,
        }
    },
}
Open = Callable[..., Host]


def info(name: str, value: Any = None, machine: str = "m") -> ExecutionInfo:
    arn = f"arn:aws:states:us-east-1:123456789012:execution:{machine}:{name}"
    machine_arn = f"arn:aws:states:us-east-1:123456789012:stateMachine:{machine}"
    return ExecutionInfo(
        arn=arn,
        name=name,
        input=value,
        start_ms=now_ms(),
        role_arn="arn:aws:iam::123456789012:role/r",
        machine_arn=machine_arn,
        machine_name=machine,
        seed=name,
    )


def echo(task: StartTask, _: ExecutionInfo) -> list[Input]:
    return [TaskSucceeded(task.op, task.payload)]


@pytest.fixture
def open_host(tmp_path: Path) -> Iterator[Open]:
    hosts: list[Host] = []

    def open_(work: Any = echo, clock: Clock | None = None) -> Host:
        host = Host(Journal(tmp_path / "store"), clock or VirtualClock(), work)
        host.open()
        hosts.append(host)
        return host

    yield open_
    for host in hosts:
        host.close()


def token_of(live: Live) -> str:
    """The token of the one task that is open."""
    (task,) = live.tasks.values()
    assert task.token
    return task.token


def run(host: Host, definition: Any, name: str = "a", value: Any = None) -> Any:
    live = host.start(info(name, value), json.dumps(definition))
    assert live.ended.wait(30)
    row = host.journal.execution(live.info.arn)
    assert row is not None
    return row


def test_an_execution_waits_in_virtual_time_and_is_kept(open_host: Open) -> None:
    host = open_host()

    row = run(host, waiting(43_200), value={"n": 1})

    assert (row.status, row.output) == ("SUCCEEDED", '{"n":1}')
    assert row.stop_ms - row.start_ms >= 43_200_000


def test_a_finished_history_is_read_again_from_the_journal(open_host: Open) -> None:
    host = open_host()
    row = run(host, MANY, value=[1, 2, 3])
    first = list(host.history(row.arn) or [])
    host.close()

    second = list(open_host().history(row.arn) or [])

    assert first == second
    assert first[-1]["type"] == "ExecutionSucceeded"


def test_a_name_that_is_taken_is_refused(open_host: Open) -> None:
    host = open_host()
    run(host, WAIT_THEN_TASK)

    with pytest.raises(KeyError):
        host.start(info("a"), json.dumps(WAIT_THEN_TASK))


def test_a_timer_and_a_token_survive_a_restart(open_host: Open) -> None:
    clock = RealClock()
    asked: list[str | None] = []

    def ask(task: StartTask, _: ExecutionInfo) -> list[Input]:
        asked.append(task.token)
        return [TaskSucceeded(task.op, task.payload)] if task.token is None else []

    host = open_host(ask, clock)
    waits = host.start(info("waits"), json.dumps(WAIT_THEN_TASK)).info.arn
    asks = host.start(info("asks"), json.dumps(TOKEN_TASK)).info.arn
    while not asked:
        time.sleep(0.001)
    host.close()

    again = open_host(ask, clock)
    token = next(token for token in asked if token)
    waiting, asking = again.live(waits), again.live(asks)
    assert waiting
    assert asking
    assert again.answer(token, lambda op: TaskSucceeded(op, "yes"))

    assert asking.ended.wait(30)
    assert waiting.ended.wait(30)
    assert not again.answer(token, lambda op: TaskSucceeded(op, "again"))


def test_a_task_that_was_running_is_run_again_and_a_recorded_one_is_not(open_host: Open) -> None:
    done: list[Any] = []
    hold = threading.Event()

    def slow(task: StartTask, _: ExecutionInfo) -> list[Input]:
        done.append(task.payload)
        if task.payload == 2:
            hold.wait(30)
        return [TaskSucceeded(task.op, task.payload)]

    host = open_host(slow)
    arn = host.start(info("a", [1, 2]), json.dumps(MANY)).info.arn
    while (
        sorted(done) != [1, 2]
        or len((host.journal.execution(arn) and list(host.journal.entries(1))) or []) < 2
    ):
        time.sleep(0.001)
    host.close()
    hold.set()

    again = open_host(slow)
    live = again.live(arn)
    assert live is None or live.ended.wait(30)

    assert Counter(done) == {1: 1, 2: 2}


def test_a_redrive_runs_only_what_failed(open_host: Open) -> None:
    is_broken = True
    done: list[Any] = []

    def work(task: StartTask, _: ExecutionInfo) -> list[Input]:
        done.append(task.payload)
        if is_broken and task.payload == 2:
            return [TaskFailed(task.op, "Broken", "yet")]
        return [TaskSucceeded(task.op, task.payload)]

    host = open_host(work)
    definition = json.loads(json.dumps(MANY))
    definition["States"]["Each"]["MaxConcurrency"] = 1
    row = run(host, definition, value=[1, 2, 3])
    is_broken = False

    assert host.redrive(row.arn)
    live = host.live(row.arn)
    assert live is None or live.ended.wait(30)

    again = host.journal.execution(row.arn)
    assert again is not None
    assert (again.status, again.output, again.redrive_count) == ("SUCCEEDED", "[1,2,3]", 1)
    assert done == [1, 2, 2, 3]
    assert "ExecutionRedriven" in [event["type"] for event in host.history(row.arn) or []]


def test_a_store_is_held_by_one_process_at_a_time(tmp_path: Path) -> None:
    journal = Journal(tmp_path)

    with pytest.raises(StepError, match="another service holds this store"):
        Journal(tmp_path)

    journal.close()
    Journal(tmp_path).close()


def test_a_replay_that_disagrees_stops_that_execution_only(open_host: Open, tmp_path: Path) -> None:
    host = open_host(lambda task, _: [])
    for name in ("sound", "damaged"):
        host.start(info(name), json.dumps(TOKEN_TASK))
    live = host.live(info("damaged").arn)
    assert live
    assert host.answer(token_of(live), lambda op: TaskSucceeded(op, 1))
    assert live.ended.wait(30)
    host.close()
    with sqlite3.connect(tmp_path / "store" / "step.sqlite3") as db:
        db.execute("UPDATE executions SET status = 'RUNNING'")
        db.execute("UPDATE inputs SET digest = 1 WHERE number = 1 AND digest > 0")
    db.close()

    again = open_host(lambda task, _: [])

    rows = {row.name: row for row in again.journal.executions()}
    assert rows["damaged"].status == "FAILED"
    assert "another version of step, or a damaged store" in str(rows["damaged"].cause)
    assert rows["sound"].status == "RUNNING"


def test_waiting_executions_need_no_threads(open_host: Open) -> None:
    host = open_host(clock=RealClock())
    definition = json.dumps(
        {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}}}
    )
    before = threading.active_count()

    for number in range(500):
        host.start(info(str(number)), definition)

    assert threading.active_count() == before


def test_a_result_that_comes_after_the_end_keeps_no_thread_busy(open_host: Open) -> None:
    begun, go = threading.Event(), threading.Event()
    workers: list[threading.Thread] = []

    def slow(task: StartTask, _: ExecutionInfo) -> list[Input]:
        workers.append(threading.current_thread())
        begun.set()
        go.wait(30)
        return [TaskSucceeded(task.op, task.payload)]

    host = open_host(slow)
    host.start(info("a", [1]), json.dumps(MANY))
    assert begun.wait(30)

    host.close()
    go.set()

    (worker,) = workers
    worker.join(30)
    assert not worker.is_alive()
