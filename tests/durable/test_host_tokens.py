"""Task tokens, activities, heartbeats and their clocks in the durable host."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from step.clock import now_ms
from step.durable.clocks import RealClock, VirtualClock
from step.durable.host import Host, Live
from step.durable.journal import Journal
from step.engine.frames import ExecutionInfo
from step.engine.vocabulary import Heartbeat, Input, StartTask, TaskFailed, TaskSubmitted, TaskSucceeded
from step.jsonvalue import JSONObject
from tests.hearing import wait_until

ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:work"
SEND = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
SENT: JSONObject = {"MessageId": "1"}
Open = Callable[..., Host]


def one_task(resource: str, **more: Any) -> str:
    given = {"Parameters": {"QueueUrl": "q", "MessageBody": "m"}} if resource == SEND else {}
    state = {"Type": "Task", "Resource": resource, "End": True, **given, **more}
    return json.dumps({"StartAt": "Ask", "States": {"Ask": state}})


def info(name: str = "a", start_ms: int | None = None) -> ExecutionInfo:
    return ExecutionInfo(
        arn=f"arn:aws:states:us-east-1:123456789012:execution:m:{name}",
        name=name,
        input=None,
        start_ms=now_ms() if start_ms is None else start_ms,
        role_arn="arn:aws:iam::123456789012:role/r",
        machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:m",
        machine_name="m",
        seed=name,
    )


def never(task: StartTask, _: ExecutionInfo) -> list[Input]:
    raise AssertionError(task)


def submit(task: StartTask, _: ExecutionInfo) -> list[Input]:
    return [TaskSubmitted(task.op, SENT)]


class Sending:
    """A call that takes until it is let go; then it says what it is told to say."""

    def __init__(self, answer: Callable[[int], Input]) -> None:
        self.token = ""
        self.begun = threading.Event()
        self.go = threading.Event()
        self.calls = 0
        self._answer = answer

    def __call__(self, task: StartTask, _: ExecutionInfo) -> list[Input]:
        self.calls += 1
        self.token = task.token or ""
        self.begun.set()
        self.go.wait(30)
        return [self._answer(task.op)]


class HandClock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.at = now_ms()

    def now_ms(self) -> int:
        return self.at

    def real_seconds_until(self, at_ms: int) -> float | None:
        return 0.005

    def jump(self, at_ms: int) -> None:
        """Stay."""

    def not_before(self, at_ms: int) -> None:
        self.at = max(self.at, at_ms)


@pytest.fixture
def open_host(tmp_path: Path) -> Iterator[Open]:
    hosts: list[Host] = []
    sendings: list[Sending] = []

    def open_(work: Any, clock: Any = None) -> Host:
        host = Host(Journal(tmp_path / "store"), clock or RealClock(), work)
        host.open()
        hosts.append(host)
        if isinstance(work, Sending):
            sendings.append(work)
        return host

    yield open_
    for host in hosts:
        host.close()
    for sending in sendings:
        # A thread that still waits would hold up the end of the process.
        sending.go.set()


def types(host: Host, live: Live) -> list[str]:
    assert live.ended.wait(30)
    return [event["type"] for event in host.history(live.info.arn) or []]


def test_an_answer_that_overtakes_the_call_follows_its_submission(open_host: Open) -> None:
    sending = Sending(lambda op: TaskSubmitted(op, SENT))
    host = open_host(sending)
    live = host.start(info(), one_task(SEND))
    assert sending.begun.wait(30)

    assert host.answer(sending.token, lambda op: TaskSucceeded(op, "early"))
    assert not host.answer(sending.token, lambda op: TaskSucceeded(op, "too late"))
    sending.go.set()

    assert types(host, live)[3:6] == ["TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    assert live.kernel.output == "early"


def test_an_answer_that_overtakes_a_failing_call_counts(open_host: Open) -> None:
    sending = Sending(lambda op: TaskFailed(op, "SQS.Broken", "after the message was sent"))
    host = open_host(sending)
    live = host.start(info(), one_task(SEND))
    assert sending.begun.wait(30)

    host.answer(sending.token, lambda op: TaskSucceeded(op, "early"))
    sending.go.set()

    assert live.ended.wait(30)
    assert live.kernel.output == "early"


def test_an_answer_doesnt_wait_for_a_call_that_waits_for_it(open_host: Open) -> None:
    sending = Sending(lambda op: TaskSubmitted(op, SENT))
    host = open_host(sending, RealClock(speed=200))
    live = host.start(info(), one_task(SEND))
    assert sending.begun.wait(30)

    host.answer(sending.token, lambda op: TaskSucceeded(op, "early"))

    assert live.ended.wait(30)
    sending.go.set()


def test_an_answer_in_time_stays_in_time_while_the_call_goes_on(open_host: Open) -> None:
    sending = Sending(lambda op: TaskSubmitted(op, SENT))
    clock = HandClock()
    host = open_host(sending, clock)
    live = host.start(info(start_ms=clock.at), one_task(SEND, TimeoutSeconds=3))
    assert sending.begun.wait(30)

    clock.at = live.info.start_ms + 2_900
    assert host.answer(sending.token, lambda op: TaskSucceeded(op, "early"))
    clock.at += 10_000

    assert live.ended.wait(30)
    sending.go.set()
    assert live.kernel.output == "early"


def test_an_answer_that_overtakes_the_call_survives_a_restart(open_host: Open) -> None:
    sending = Sending(lambda op: TaskSubmitted(op, SENT))
    host = open_host(sending)
    live = host.start(info(), one_task(SEND))
    assert sending.begun.wait(30)
    assert host.answer(sending.token, lambda op: TaskSucceeded(op, "early"))
    host.close()
    sending.go.set()

    again = open_host(sending)
    found = again.live(live.info.arn)

    assert found is None or found.ended.wait(30)
    row = again.journal.execution(live.info.arn)
    assert row
    assert (row.output, sending.calls) == ('"early"', 1)


def test_a_submitted_task_isnt_submitted_again_after_a_restart(open_host: Open) -> None:
    host = open_host(submit)
    live = host.start(info(), one_task(SEND))
    wait_until(host, lambda: len(list(live.kernel.history)) >= 5)
    (task,) = live.tasks.values()
    host.close()

    again = open_host(never)
    found = again.live(live.info.arn)
    assert found
    assert again.answer(task.token or "", lambda op: TaskSucceeded(op, "yes"))

    assert types(again, found)[4:6] == ["TaskSubmitted", "TaskSucceeded"]


def test_heartbeats_keep_a_token_alive(open_host: Open) -> None:
    clock = HandClock()
    host = open_host(submit, clock)
    live = host.start(info(start_ms=clock.at), one_task(SEND, HeartbeatSeconds=20))
    (task,) = live.tasks.values()
    token = task.token or ""

    for _ in range(4):
        clock.at += 15_000
        assert host.answer(token, Heartbeat)
    assert live.kernel.status == "RUNNING"
    clock.at += 21_000

    assert types(host, live)[-2:] == ["TaskTimedOut", "ExecutionFailed"]
    assert not host.answer(token, Heartbeat)


def test_an_activity_is_taken_once_and_times_out(open_host: Open) -> None:
    clock = HandClock()
    host = open_host(never, clock)
    live = host.start(info(start_ms=clock.at), one_task(ACTIVITY, TimeoutSeconds=30))

    task = host.take_activity(ACTIVITY, 5, "worker")
    assert task
    assert host.take_activity(ACTIVITY, 0, "another") is None
    clock.at += 31_000

    assert types(host, live)[3:] == ["ActivityStarted", "ActivityTimedOut", "ExecutionFailed"]
    assert not host.answer(task.token or "", lambda op: TaskSucceeded(op, "late"))


def test_a_poll_hears_of_a_task_that_comes_later(open_host: Open) -> None:
    host = open_host(never)
    taken: list[StartTask | None] = []
    poll = threading.Thread(target=lambda: taken.append(host.take_activity(ACTIVITY, 5, None)))
    poll.start()

    live = host.start(info(), one_task(ACTIVITY))
    poll.join(5)

    (task,) = taken
    assert task
    assert host.answer(task.token or "", lambda op: TaskSucceeded(op, "done"))
    assert types(host, live)[-1] == "ExecutionSucceeded"


def test_an_activity_that_a_worker_has_is_not_offered_again_after_a_restart(open_host: Open) -> None:
    host = open_host(never)
    live = host.start(info(), one_task(ACTIVITY))
    task = host.take_activity(ACTIVITY, 1, None)
    assert task
    host.close()

    again = open_host(never)

    assert again.take_activity(ACTIVITY, 0, None) is None
    assert again.answer(task.token or "", lambda op: TaskSucceeded(op, "done"))
    found = again.journal.execution(live.info.arn)
    assert found
    assert found.status == "SUCCEEDED"


def test_a_synchronous_express_execution_is_waited_for_and_ends_after_five_minutes(open_host: Open) -> None:
    host = open_host(submit, RealClock(speed=10_000))

    live = host.start(info(), one_task(SEND), is_express=True)

    assert live.ended.wait(30)
    assert live.kernel.status == "TIMED_OUT"
    assert live.kernel.now - live.info.start_ms >= 300_000
    assert host.journal.executions() == []


WAIT = {"Type": "Wait", "Seconds": 36_000, "End": True}
BESIDE = {
    "StartAt": "Both",
    "States": {
        "Both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Wait", "States": {"Wait": WAIT}},
                json.loads(one_task(SEND)),
            ],
            "End": True,
        }
    },
}


def test_virtual_time_doesnt_jump_while_a_token_is_open(open_host: Open) -> None:
    host = open_host(submit, VirtualClock())
    live = host.start(info(), json.dumps(BESIDE))
    wait_until(host, lambda: len(live.kernel.history) >= 8)
    assert host.clock.now_ms() - live.info.start_ms < 36_000_000
    (task,) = live.tasks.values()

    host.answer(task.token or "", lambda op: TaskSucceeded(op, "yes"))

    assert live.ended.wait(30)
    assert live.kernel.now - live.info.start_ms >= 36_000_000


def test_virtual_time_doesnt_jump_while_an_activity_waits_for_a_worker(open_host: Open) -> None:
    host = open_host(never, VirtualClock())
    live = host.start(info(), json.dumps(BESIDE).replace(SEND, ACTIVITY))
    assert not live.ended.wait(0.02)

    task = host.take_activity(ACTIVITY, 1, None)
    assert task
    host.answer(task.token or "", lambda op: TaskSucceeded(op, "yes"))

    assert live.ended.wait(30)


def test_virtual_time_doesnt_jump_while_a_handler_runs(open_host: Open) -> None:
    sending = Sending(lambda op: TaskSucceeded(op, "done"))
    host = open_host(sending, VirtualClock())
    function = "arn:aws:lambda:us-east-1:123456789012:function:work"
    live = host.start(info(), json.dumps(BESIDE).replace(SEND, function))
    assert sending.begun.wait(30)
    assert not live.ended.wait(0.02)
    assert host.clock.now_ms() - live.info.start_ms < 36_000_000

    sending.go.set()

    assert live.ended.wait(30)
