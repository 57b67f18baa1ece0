"""Distributed Maps in the durable host: child executions of their own, Map Runs, restarts in the middle."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from step.clock import now_ms
from step.durable.clocks import VirtualClock
from step.durable.host import Host, Live
from step.durable.journal import ExecutionRow, Journal
from step.engine.frames import ExecutionInfo
from step.engine.vocabulary import Input, StartTask, TaskFailed, TaskSucceeded
from step.runtime.map_items import MapItems
from step.runtime.objects import MemoryObjects
from tests.hearing import wait_until

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:m"
READER = {
    "Resource": "arn:aws:states:::s3:getObject",
    "ReaderConfig": {"InputType": "JSON"},
    "Parameters": {"Bucket": "in", "Key": "items.json"},
}
WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out", "Prefix": "p"}}
Open = Callable[..., Host]


def each(kind: str = "STANDARD", **more: Any) -> dict[str, Any]:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind},
        "StartAt": "Do",
        "States": {"Do": {"Type": "Task", "Resource": FUNCTION, "End": True}},
    }
    state = {"Type": "Map", "Label": "each", "ItemProcessor": processor, "End": True, **more}
    return {"StartAt": "Each", "States": {"Each": state}}


def info(name: str, value: Any = None) -> ExecutionInfo:
    return ExecutionInfo(
        arn=f"arn:aws:states:us-east-1:123456789012:execution:m:{name}",
        name=name,
        input=value,
        start_ms=now_ms(),
        role_arn="arn:aws:iam::123456789012:role/r",
        machine_arn=MACHINE,
        machine_name="m",
        seed=name,
    )


def double(task: StartTask, _: ExecutionInfo) -> list[Input]:
    assert isinstance(task.payload, int)
    return [TaskSucceeded(task.op, task.payload * 2)]


class Gate:
    """Work that doubles; from item ``hold`` on it waits until it is let go; ``broken`` items fail."""

    def __init__(self, hold: int = 10**9) -> None:
        self.done: Counter[int] = Counter()
        self.broken: set[int] = set()
        self.hold = hold
        self.reached = threading.Event()
        # Once for every item that waits.
        self.waiting = threading.Semaphore(0)
        self.go = threading.Event()

    def __call__(self, task: StartTask, execution: ExecutionInfo) -> list[Input]:
        item = task.payload
        assert isinstance(item, int)
        if item >= self.hold and not self.go.is_set():
            self.reached.set()
            self.waiting.release()
            self.go.wait(30)
            return []
        self.done[item] += 1
        if item in self.broken:
            return [TaskFailed(task.op, "Broken", "yet")]
        return double(task, execution)


@pytest.fixture
def open_host(tmp_path: Path) -> Iterator[Open]:
    hosts: list[Host] = []
    gates: list[Gate] = []

    def open_(work: Any = double, items: MapItems | None = None) -> Host:
        host = Host(Journal(tmp_path / "store"), VirtualClock(), work, items=items, threads=4)
        host.open()
        hosts.append(host)
        if isinstance(work, Gate):
            gates.append(work)
        return host

    yield open_
    for host in hosts:
        host.close()
    for gate in gates:
        # A thread that still waits would hold up the end of the process.
        gate.go.set()


def ended(host: Host, live: Live | None, name: str = "a") -> ExecutionRow:
    assert live is None or live.ended.wait(30)
    row = host.journal.execution(info(name).arn)
    assert row is not None
    return row


def run(host: Host, definition: Any, value: Any) -> ExecutionRow:
    return ended(host, host.start(info("a", value), json.dumps(definition)))


def test_standard_child_executions_are_executions_of_their_own(open_host: Open) -> None:
    host = open_host()

    row = run(host, each(), [1, 2, 3])

    assert row.output == "[2,4,6]"
    (record,) = host.map_runs(row.arn)
    children = host.journal.executions(map_run=record.arn)
    assert sorted(child.output or "" for child in children) == ["2", "4", "6"]
    assert {child.machine_arn for child in children} == {f"{MACHINE}/each"}
    history = list(host.history(children[0].arn) or [])
    assert [event["type"] for event in history][-1] == "ExecutionSucceeded"
    assert [row.name for row in host.journal.executions()] == ["a"]


def test_express_child_executions_run_and_are_not_kept(open_host: Open) -> None:
    host = open_host()

    row = run(host, each("EXPRESS"), [1, 2, 3])

    (record,) = host.map_runs(row.arn)
    assert (row.output, record.is_express) == ("[2,4,6]", True)
    assert host.journal.executions(map_run=record.arn) == []


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_a_map_run_tells_of_its_items_and_executions(open_host: Open, kind: str) -> None:
    gate = Gate(hold=4)
    gate.broken = {1}
    host = open_host(gate)
    definition = each(kind, MaxConcurrency=2, ToleratedFailureCount=1, ItemBatcher={"MaxItemsPerBatch": 1})
    definition["States"]["Each"]["ItemProcessor"]["States"]["Do"] |= {"InputPath": "$.Items[0]"}
    live = host.start(info("a", list(range(8))), json.dumps(definition))
    # Both that may run wait, so all before them have ended.
    assert gate.waiting.acquire(timeout=30)
    assert gate.waiting.acquire(timeout=30)

    (running,) = host.map_runs(live.info.arn)
    gate.hold = 10**9
    host.stop(live.info.arn, "Enough", None)
    ended(host, live)

    assert (running.status, running.items.failed, running.items.running) == ("RUNNING", 1, 2)
    assert (running.items.succeeded, running.pending_items, running.total_items) == (3, 2, 8)
    stopped = host.map_run(running.arn)
    assert stopped
    assert (stopped.status, stopped.items.aborted, stopped.executions.aborted) == ("ABORTED", 2, 2)
    assert (stopped.max_concurrency, stopped.tolerated_items) == (2, 1)


def test_an_empty_map_run_has_succeeded(open_host: Open) -> None:
    host = open_host()

    row = run(host, each(), [])

    (record,) = host.map_runs(row.arn)
    assert (row.output, record.status, record.total_items) == ("[]", "SUCCEEDED", 0)
    assert host.map_run(record.arn) == record


def test_items_are_read_and_results_written(open_host: Open) -> None:
    objects = MemoryObjects({"in/items.json": json.dumps(list(range(2500)))})
    host = open_host(items=MapItems({}, objects))

    row = run(host, each("EXPRESS", ItemReader=READER, ResultWriter=WRITER, MaxConcurrency=100), None)

    details = json.loads(row.output or "")["ResultWriterDetails"]
    manifest = json.loads(objects.objects[f"out/{details['Key']}"])
    written = json.loads(objects.objects[f"out/{manifest['ResultFiles']['SUCCEEDED'][0]['Key']}"])
    assert sorted(int(one["Output"]) for one in written) == [2 * item for item in range(2500)]
    (record,) = host.map_runs(row.arn)
    assert (record.status, record.results_written, record.items.succeeded) == ("SUCCEEDED", 2500, 2500)


def test_without_a_store_of_objects_reading_fails_the_state(open_host: Open) -> None:
    row = run(open_host(), each(ItemReader=READER), None)

    assert (row.status, row.error) == ("FAILED", "States.ItemReaderFailed")


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_a_restart_runs_no_recorded_child_execution_again(open_host: Open, kind: str) -> None:
    items = list(range(40))
    gate = Gate(hold=30)
    host = open_host(gate)
    live = host.start(info("a", items), json.dumps(each(kind, MaxConcurrency=4)))
    assert gate.reached.wait(30)
    wait_until(host, lambda: host.map_runs(live.info.arn)[0].items.succeeded >= 27)
    recorded = host.map_runs(live.info.arn)[0].items.succeeded
    host.close()
    gate.go.set()

    again = open_host(gate)
    row = ended(again, again.live(live.info.arn))

    assert row.output == json.dumps([2 * item for item in items], separators=(",", ":"))
    # Those at work when the host was closed may run again, and no other.
    assert sum(count > 1 for count in gate.done.values()) <= 40 - recorded
    assert again.map_runs(row.arn)[0].items.succeeded == 40


def test_a_restart_loses_no_results_that_were_written(open_host: Open) -> None:
    items = {"in/items.json": json.dumps(list(range(1600)))}
    gate = Gate(hold=1500)
    host = open_host(gate, MapItems({}, MemoryObjects(dict(items))))
    definition = each("EXPRESS", ItemReader=READER, ResultWriter=WRITER, MaxConcurrency=20)
    live = host.start(info("a"), json.dumps(definition))
    assert gate.reached.wait(30)
    wait_until(host, lambda: host.map_runs(live.info.arn)[0].results_written)
    host.close()
    gate.go.set()

    objects = MemoryObjects(dict(items))
    again = open_host(gate, MapItems({}, objects))
    row = ended(again, again.live(live.info.arn))

    details = json.loads(row.output or "")["ResultWriterDetails"]
    manifest = json.loads(objects.objects[f"out/{details['Key']}"])
    written = json.loads(objects.objects[f"out/{manifest['ResultFiles']['SUCCEEDED'][0]['Key']}"])
    assert sorted(int(one["Output"]) for one in written) == [2 * item for item in range(1600)]


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_a_redrive_runs_what_failed_and_what_had_not_begun(open_host: Open, kind: str) -> None:
    gate = Gate()
    gate.broken = {3}
    host = open_host(gate)
    row = run(host, each(kind, MaxConcurrency=1), list(range(6)))
    assert row.status == "FAILED"
    (failed,) = host.map_runs(row.arn)
    host.close()
    gate.broken = set()

    again = open_host(gate)
    assert again.redrive(row.arn)
    row = ended(again, again.live(row.arn))

    assert (row.status, row.output) == ("SUCCEEDED", "[0,2,4,6,8,10]")
    assert gate.done == Counter({0: 1, 1: 1, 2: 1, 3: 2, 4: 1, 5: 1})
    (record,) = again.map_runs(row.arn)
    assert (failed.status, record.status, record.redrive_count) == ("FAILED", "SUCCEEDED", 1)
    assert (record.items.succeeded, record.items.failed) == (6, 0)
    if kind == "STANDARD":
        counts = {child.redrive_count for child in again.journal.executions(map_run=record.arn)}
        assert counts == {0, 1}


def test_stopping_an_execution_stops_its_child_executions(open_host: Open) -> None:
    gate = Gate(hold=0)
    host = open_host(gate)
    live = host.start(info("a", [1, 2]), json.dumps(each()))
    assert gate.reached.wait(30)
    (record,) = host.map_runs(live.info.arn)
    children = [host.live(child.arn) for child in host.journal.executions(map_run=record.arn)]

    host.stop(live.info.arn, None, None)

    for child in children:
        assert child is None or child.ended.wait(30)
    gate.go.set()
    assert {child.status for child in host.journal.executions(map_run=record.arn)} == {"ABORTED"}


def test_a_map_run_takes_other_limits_while_it_runs(open_host: Open) -> None:
    gate = Gate(hold=0)
    host = open_host(gate)
    live = host.start(info("a", [1, 2, 3, 4]), json.dumps(each(MaxConcurrency=1)))
    assert gate.reached.wait(30)
    (record,) = host.map_runs(live.info.arn)
    assert record.items.running == 1

    assert host.update_map_run(record.arn, max_concurrency=3, tolerated_count=2)

    (updated,) = host.map_runs(live.info.arn)
    assert (updated.items.running, updated.max_concurrency, updated.tolerated_items) == (3, 3, 2)
    host.stop(live.info.arn, None, None)
    gate.go.set()
    assert not host.update_map_run(record.arn, max_concurrency=1)
