"""Executions are forgotten some time after their end, and the store gives back what they took."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from step.clock import elapsed
from step.durable.host import Host
from step.durable.journal import Journal
from step.durable.retention import Retention
from step.durable.store_folder import DATABASE
from step.engine.frames import ExecutionInfo
from step.engine.vocabulary import Input, StartTask, TaskSucceeded
from tests.durable.stage import StandingClock, dump, load

DAY_MS = 24 * 3600 * 1000
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:m"
TASK = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "End": True}
ONE = {"StartAt": "Do", "States": {"Do": TASK}}
EACH = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **ONE},
            "End": True,
        }
    },
}
WAITS = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 999 * 86_400, "End": True}}}


class Store:
    """A host at a time that stands still, whose executions end at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = StandingClock()
        self.host = Host(Journal(folder), self.clock, _same)
        self.host.open()
        self.retention = Retention(self.host, 90 * DAY_MS)

    def run(self, name: str, definition: Any = ONE, value: Any = None, *, ends: bool = True) -> str:
        arn = f"{MACHINE.replace(':stateMachine:', ':execution:')}:{name}"
        info = ExecutionInfo(
            arn=arn,
            name=name,
            input=value,
            start_ms=self.clock.now_ms(),
            role_arn="arn:aws:iam::123456789012:role/r",
            machine_arn=MACHINE,
            machine_name="m",
            seed=name,
        )
        live = self.host.start(info, json.dumps(definition))
        assert not ends or live.ended.wait(30)
        return arn

    def sweep(self) -> int:
        """Sweep until nothing is due; say how often."""
        times = 1
        while self.retention.sweep():
            times += 1
        return times

    def count(self, table: str) -> int:
        with self.host.lock:
            return int(self.host.journal._db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])

    @property
    def pages(self) -> int:
        with self.host.lock:
            return int(self.host.journal._db.execute("PRAGMA page_count").fetchone()[0])


def _same(task: StartTask, _: ExecutionInfo) -> list[Input]:
    return [TaskSucceeded(task.op, task.payload)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "store")
    yield made
    made.host.close()


def test_an_execution_is_forgotten_ninety_days_after_its_end_and_not_before(store: Store) -> None:
    old = store.run("old")
    waiting = store.run("waiting", WAITS, ends=False)
    store.clock.jump(store.clock.now_ms() + 90 * DAY_MS)
    new = store.run("new")

    store.sweep()
    kept = [store.host.journal.execution(arn) is not None for arn in (old, waiting, new)]
    store.clock.jump(store.clock.now_ms() + 1)
    store.sweep()

    assert kept == [True, True, True]
    assert store.host.journal.execution(old) is None
    assert store.host.history(old) is None
    assert store.host.history(waiting) is not None
    assert store.host.history(new) is not None


def test_nothing_is_left_of_what_is_forgotten(store: Store) -> None:
    arn = store.run("each", EACH, list(range(30)))
    with store.host.lock:
        store.host.journal.put("redrive", arn, "token")
    store.clock.jump(store.clock.now_ms() + 91 * DAY_MS)

    store.sweep()

    tables = ("executions", "inputs", "held", "map_runs", "definitions", "documents")
    assert {table: store.count(table) for table in tables} == dict.fromkeys(tables, 0)


def test_a_definition_stays_as_long_as_an_execution_has_it(store: Store) -> None:
    store.run("old")
    store.clock.jump(store.clock.now_ms() + 91 * DAY_MS)
    new = store.run("new")

    store.sweep()
    again = store.run("again", ONE | {"Comment": "another one"})

    definitions = {store.host.journal.execution(arn).definition for arn in (new, again)}  # type: ignore[union-attr]  # both are there
    assert definitions == {json.dumps(ONE), json.dumps(ONE | {"Comment": "another one"})}


def test_a_name_is_free_again(store: Store) -> None:
    first = store.run("same", value=1)
    store.clock.jump(store.clock.now_ms() + 91 * DAY_MS)
    store.sweep()

    assert store.run("same", value=2) == first
    history = store.host.history(first)
    assert history is not None
    assert json.loads(next(iter(history))["executionStartedEventDetails"]["input"]) == 2


def test_no_one_waits_long_while_much_is_forgotten(store: Store) -> None:
    store.run("each", EACH, list(range(3000)))
    parent = store.run("then")
    store.clock.jump(store.clock.now_ms() + 91 * DAY_MS)

    longest, has_more, times = 0.0, True, 0
    while has_more:
        begun = elapsed()
        has_more = store.retention.sweep()
        longest, times = max(longest, elapsed() - begun), times + 1

    assert store.host.journal.execution(parent) is None
    assert store.count("executions") == 0
    # In many turns at the lock; a busy machine makes each of them longer, not fewer.
    assert times >= 3
    assert longest < 5


def test_the_store_becomes_smaller_while_it_is_used(store: Store) -> None:
    empty = store.pages
    for number in range(40):
        store.run(f"large-{number}", value="x" * 100_000)
    full = store.pages
    store.clock.jump(store.clock.now_ms() + 91 * DAY_MS)

    store.sweep()

    assert full > empty + 40 * 100_000 // 4096
    assert store.pages < empty + (full - empty) // 3


def test_a_store_of_an_older_format_becomes_smaller_too(tmp_path: Path) -> None:
    store = Store(tmp_path / "old")
    for number in range(40):
        store.run(f"large-{number}", value="x" * 100_000)
    store.host.close()
    # What SQL text makes has no map of its pages, as no store had one before.
    load(dump(tmp_path / "old"), tmp_path / "new")
    full = (tmp_path / "new" / DATABASE).stat().st_size

    again = Store(tmp_path / "new")
    again.clock.jump(again.clock.now_ms() + 91 * DAY_MS)
    again.sweep()
    again.host.close()

    assert (tmp_path / "new" / DATABASE).stat().st_size < full // 2
