"""Durable executions: what was acknowledged survives, and nothing recorded is done twice."""

from __future__ import annotations

import json
import pickle
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from step.clock import now_ms
from step.durable.clocks import Clock, RealClock, VirtualClock
from step.durable.host import Host, Live
from step.durable.journal import Journal
from step.durable.recovery import Disagreement
from step.engine.frames import ExecutionInfo
from step.engine.vocabulary import Heartbeat, Input, StartTask, TaskFailed, TaskSucceeded
from step.errors import StepError
from tests.hearing import wait_until

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
    was_asked = threading.Event()

    def ask(task: StartTask, _: ExecutionInfo) -> list[Input]:
        asked.append(task.token)
        was_asked.set()
        return [TaskSucceeded(task.op, task.payload)] if task.token is None else []

    host = open_host(ask, clock)
    waits = host.start(info("waits"), json.dumps(WAIT_THEN_TASK)).info.arn
    asks = host.start(info("asks"), json.dumps(TOKEN_TASK)).info.arn
    assert was_asked.wait(30)
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
    begun, hold = threading.Event(), threading.Event()

    def slow(task: StartTask, _: ExecutionInfo) -> list[Input]:
        done.append(task.payload)
        if task.payload == 2:
            begun.set()
            hold.wait(30)
        return [TaskSucceeded(task.op, task.payload)]

    host = open_host(slow)
    arn = host.start(info("a", [1, 2]), json.dumps(MANY)).info.arn
    assert begun.wait(30)
    wait_until(host, lambda: 1 in done and len(list(host.journal.entries(1))) >= 2)
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


class Planted:
    """What makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return (Path.touch, (self.file,))


def change(folder: Path, *statements: str) -> None:
    """Change a store that nobody holds."""
    with sqlite3.connect(folder / "store" / "step.sqlite3") as db:
        for statement in statements:
            db.execute(statement)
    db.close()


def test_a_replay_that_disagrees_is_suspended_and_goes_on_after_a_mend(
    open_host: Open, tmp_path: Path
) -> None:
    host = open_host(lambda task, _: [])
    tokens = {}
    for name in ("sound", "damaged"):
        tokens[name] = token_of(host.start(info(name), json.dumps(TOKEN_TASK)))
    host.answer(tokens["damaged"], Heartbeat)
    host.close()
    change(tmp_path, "UPDATE inputs SET digest = digest + 16 WHERE execution = 2 AND number = 1")

    again = open_host(lambda task, _: [])

    rows = {row.name: row for row in again.journal.executions()}
    assert (rows["damaged"].status, rows["sound"].status) == ("RUNNING", "RUNNING")
    assert again.suspended(rows["sound"].arn) is None
    assert "after event 4: a replay gives other events" in str(again.suspended(rows["damaged"].arn))
    assert len(again.history(rows["damaged"].arn) or ()) == 4
    # Its token is neither lost nor answered: who answers is to try again.
    assert again.is_open(tokens["damaged"])
    with pytest.raises(Disagreement):
        again.answer(tokens["damaged"], lambda op: TaskSucceeded(op, 1))
    again.close()
    change(tmp_path, "UPDATE inputs SET digest = digest - 16 WHERE execution = 2 AND number = 1")

    mended = open_host(lambda task, _: [])
    live = mended.live(rows["damaged"].arn)
    assert live is not None
    assert mended.answer(tokens["damaged"], lambda op: TaskSucceeded(op, 1))
    assert live.ended.wait(30)
    assert live.kernel.status == "SUCCEEDED"


def test_the_event_from_which_on_a_replay_disagrees_is_named(open_host: Open, tmp_path: Path) -> None:
    host = open_host(lambda task, _: [])
    arn = host.start(info("a"), json.dumps(TOKEN_TASK)).info.arn
    host.close()
    definition = json.dumps(TOKEN_TASK).replace("Ask", "Beg")
    change(tmp_path, f"UPDATE definitions SET body = '{definition}'")

    again = open_host(lambda task, _: [])

    assert "from event 1, ExecutionStarted, on" in str(again.suspended(arn))


def test_a_suspended_execution_can_be_stopped(open_host: Open, tmp_path: Path) -> None:
    host = open_host(lambda task, _: [])
    arn = host.start(info("a"), json.dumps(TOKEN_TASK)).info.arn
    host.close()
    change(tmp_path, "UPDATE inputs SET digest = digest + 16")
    again = open_host(lambda task, _: [])

    assert again.stop(arn, "Enough", None)

    row = again.journal.execution(arn)
    assert row is not None
    assert (row.status, row.error) == ("ABORTED", "Enough")
    again.close()
    change(tmp_path, "UPDATE inputs SET digest = digest - 16 WHERE digest > 0")
    history = open_host(lambda task, _: []).history(arn) or ()
    assert [event["type"] for event in history][-1] == "ExecutionAborted"


def test_children_of_a_suspended_execution_wait_for_its_mend(open_host: Open, tmp_path: Path) -> None:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **TOKEN_TASK}
    each = {"Type": "Map", "Label": "each", "ItemProcessor": processor, "End": True}
    host = open_host(lambda task, _: [])
    arn = host.start(info("a", [1]), json.dumps({"StartAt": "Each", "States": {"Each": each}})).info.arn
    children = wait_until(host, lambda: host.journal.running(children=True))
    host.close()
    change(tmp_path, "UPDATE inputs SET digest = digest + 16 WHERE execution = 1 AND number = 0")
    suspended = open_host(lambda task, _: [])
    assert "which started it, is suspended" in str(suspended.suspended(children[0].arn))
    suspended.close()
    change(tmp_path, "UPDATE inputs SET digest = digest - 16 WHERE execution = 1 AND number = 0")

    mended = open_host(lambda task, _: [])
    live, child = mended.live(arn), mended.live(children[0].arn)

    assert live is not None
    assert child is not None
    assert mended.answer(token_of(child), lambda op: TaskSucceeded(op, "yes"))
    assert live.ended.wait(30)
    assert live.kernel.output == ["yes"]


def test_code_that_is_planted_in_a_store_does_nothing(open_host: Open, tmp_path: Path) -> None:
    host = open_host(lambda task, _: [])
    for name in ("pickle", "info", "input"):
        host.start(info(name), json.dumps(TOKEN_TASK))
    host.close()
    planted = tmp_path / "planted"
    code = pickle.dumps(Planted(planted), 0).decode().replace("'", "''")
    change(
        tmp_path,
        f"UPDATE inputs SET item = '{code}' WHERE execution = 1",
        f"UPDATE executions SET info = '{code}' WHERE id = 2",
        """UPDATE inputs SET item = '{"kind":"__import__","version":2,"name":"os"}' WHERE execution = 3""",
    )

    again = open_host(lambda task, _: [])

    assert all(again.suspended(info(name).arn) for name in ("pickle", "info", "input"))
    assert not planted.exists()


def test_what_a_later_version_began_is_suspended(open_host: Open, tmp_path: Path) -> None:
    host = open_host(lambda task, _: [])
    arn = host.start(info("a"), json.dumps(TOKEN_TASK)).info.arn
    host.close()
    change(tmp_path, "UPDATE executions SET rules = 1000")

    assert "a later version of step began it" in str(open_host(lambda task, _: []).suspended(arn))


def test_after_a_fault_of_step_row_and_history_agree_and_a_redrive_goes_on_after_the_mend(
    open_host: Open, tmp_path: Path
) -> None:
    # No validator has seen this one: the kernel breaks where it counts retries.
    retry = [{"ErrorEquals": ["Bad"], "MaxAttempts": "3"}]
    do = {"Type": "Task", "Resource": FUNCTION, "Next": "Again"}
    broken = {"StartAt": "Do", "States": {"Do": do, "Again": {**TASK, "Retry": retry}}}

    def work(task: StartTask, _: ExecutionInfo) -> list[Input]:
        if task.state == "Again" and not is_mended:
            return [TaskFailed(task.op, "Bad", "once")]
        return [TaskSucceeded(task.op, task.payload)]

    is_mended = False
    host = open_host(work)
    live = host.start(info("a", 1), json.dumps(broken))
    assert live.ended.wait(30)
    host.close()

    def told(host: Host) -> tuple[Any, ...]:
        row = host.journal.execution(live.info.arn)
        assert row is not None
        last = list(host.history(row.arn) or ())[-1]
        return row.status, row.error, last["type"], last["executionFailedEventDetails"]["cause"] == row.cause

    failed = ("FAILED", "States.Runtime", "ExecutionFailed", True)
    second = open_host()
    assert told(second) == failed
    second.close()
    mended = json.dumps(broken).replace('"3"', "3")
    change(tmp_path, f"UPDATE definitions SET body = '{mended}'")
    is_mended = True
    again = open_host(work)
    assert told(again) == failed

    assert again.redrive(live.info.arn)

    revived = again.live(live.info.arn)
    assert revived is None or revived.ended.wait(30)
    types = [event["type"] for event in again.history(live.info.arn) or ()]
    assert types[-2:] == ["TaskStateExited", "ExecutionSucceeded"]
    assert "ExecutionRedriven" in types
    # What was recorded isn't done again.
    assert types.count("LambdaFunctionScheduled") == 3


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
