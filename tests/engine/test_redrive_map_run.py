"""Redrive of a distributed Map: rules as data, and what the events say."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from step import StateMachine
from step.engine.kernel import Kernel
from step.engine.program import Program
from step.engine.vocabulary import (
    CancelTask,
    Input,
    ItemsRead,
    ReadItems,
    Redrive,
    Start,
    StartChild,
    Stop,
    TaskFailed,
    TaskSucceeded,
    TimePassed,
    WriteResults,
)
from step.jsonvalue import to_text

CASES = json.loads(Path(__file__).with_name("redrive_map_run.json").read_text(encoding="utf-8"))["cases"]
READER = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}
WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "p"}}


class Children:
    """Plays the driver: child executions come to what a case says, in the order of their starts."""

    def __init__(self, kernel: Kernel, outcomes: dict[str, list[Any]]) -> None:
        self.kernel = kernel
        self.outcomes = {item: deque(runs) for item, runs in outcomes.items()}
        self.started: list[StartChild] = []

    def drive(self, item: Input) -> None:
        inputs, kernel = deque([item]), self.kernel
        while inputs or (kernel.status == "RUNNING" and kernel.wake_at is not None):
            item, now = (inputs.popleft(), kernel.now) if inputs else (TimePassed(), kernel.wake_at or 0)
            for command in kernel.handle(item, now):
                if isinstance(command, StartChild):
                    inputs += self._run(command)
                elif isinstance(command, CancelTask):
                    inputs = deque(item for item in inputs if getattr(item, "op", 0) != command.op)

    def _run(self, command: StartChild) -> list[Input]:
        self.started.append(command)
        match self.outcomes[key_of(command)].popleft():
            case None:
                return []
            case {"error": error}:
                return [TaskFailed(command.op, error, "too hot")]
            case output:
                return [TaskSucceeded(command.op, output)]


def key_of(command: StartChild) -> str:
    return command.input if isinstance(command.input, str) else to_text(command.input)


def kernel_of(fields: dict[str, Any], engine: Any) -> Kernel:
    states = {"Pass": {"Type": "Pass", "End": True}}
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    bake = {
        "Type": "Map",
        "Label": "each",
        "ItemProcessor": processor | {"StartAt": "Pass", "States": states},
    }
    definition: dict[str, Any] = {"StartAt": "Bake", "States": {"Bake": bake | {"End": True} | fields}}
    machine = StateMachine.from_json(definition)
    return Kernel(Program.from_definition(machine.definition), engine.info_of({}), None)


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES])
def test_rule(case: dict[str, Any], engine: Any) -> None:
    kernel = kernel_of(case.get("map", {}), engine)
    children = Children(kernel, case["children"])

    children.drive(Start(case.get("items", list(case["children"]))))
    events = len(kernel.history)
    redrives = 0
    while kernel.status == "FAILED" and redrives < 3:
        redrives += 1
        children.drive(Redrive())

    expect = case["expect"]
    assert kernel.status == "SUCCEEDED"
    assert redrives == expect["redrive_count"]
    assert [[key_of(child), child.redrive_count] for child in children.started] == expect["started"]
    if "output" in expect:
        assert kernel.output == expect["output"]
    if "length" in expect:
        assert isinstance(kernel.output, list)
        assert len(kernel.output) == expect["length"]
    if "types_after" in expect:
        assert [event["type"] for event in list(kernel.history)[events:]] == expect["types_after"]
    check_names(children.started)


def check_names(started: list[StartChild]) -> None:
    """A child execution that is redriven keeps its name; no two have the same."""
    first = [child.name for child in started if not child.redrive_count]
    assert len(set(first)) == len(first)
    assert {child.name for child in started if child.redrive_count} <= set(first)


def test_events_name_the_run_and_count_its_redrives(engine: Any) -> None:
    kernel = kernel_of({}, engine)
    children = Children(kernel, {"1": [{"error": "Burnt"}, {"error": "Burnt"}, 10]})

    children.drive(Start(["1"]))
    children.drive(Redrive())
    children.drive(Redrive())

    events = list(kernel.history)
    (run,) = (e["mapRunStartedEventDetails"]["mapRunArn"] for e in events if e["type"] == "MapRunStarted")
    redriven = [e["mapRunRedrivenEventDetails"] for e in events if e["type"] == "MapRunRedriven"]
    assert redriven == [{"mapRunArn": run, "redriveCount": 1}, {"mapRunArn": run, "redriveCount": 2}]
    assert [e["type"] for e in events].count("MapStateEntered") == 1
    for event in events:
        engine.check_shape(engine.event_shape(), event, "event")


def test_stopped_execution_goes_on_with_the_run(engine: Any) -> None:
    kernel = kernel_of({}, engine)
    children = Children(kernel, {"1": [10], "2": [None, 20]})
    children.drive(Start(["1", "2"]))

    children.drive(Stop(None, None))
    children.drive(Redrive())

    assert kernel.output == [10, 20]
    assert [key_of(child) for child in children.started] == ["1", "2", "2"]


def test_reader_is_asked_for_what_it_had_not_given(engine: Any) -> None:
    kernel = kernel_of({"ItemReader": READER, "MaxConcurrency": 1}, engine)
    (read,) = kernel.handle(Start({}), engine.start_ms)
    assert isinstance(read, ReadItems)
    child, more = kernel.handle(ItemsRead(read.op, ["1"] * read.at_most, False), engine.start_ms)
    assert isinstance(child, StartChild)
    assert isinstance(more, ReadItems)
    kernel.handle(TaskFailed(child.op, "Burnt", None), engine.start_ms)

    again, reread = kernel.handle(Redrive(), engine.start_ms)

    assert isinstance(again, StartChild)
    assert (again.name, again.redrive_count) == (child.name, 1)
    assert isinstance(reread, ReadItems)
    assert (reread.run, reread.first) == (more.run, more.first)


def test_results_of_a_write_that_failed_are_written_again(engine: Any) -> None:
    kernel = kernel_of({"ResultWriter": WRITER}, engine)
    (child,) = kernel.handle(Start(["1"]), engine.start_ms)
    assert isinstance(child, StartChild)
    (write,) = kernel.handle(TaskSucceeded(child.op, 10), engine.start_ms)
    assert isinstance(write, WriteResults)
    kernel.handle(TaskFailed(write.op, "States.ResultWriterFailed", "no bucket"), engine.start_ms)

    (again,) = kernel.handle(Redrive(), engine.start_ms)
    assert isinstance(again, WriteResults)
    kernel.handle(TaskSucceeded(again.op, "written"), engine.start_ms)

    assert (again.results, again.is_last) == (write.results, True)
    assert kernel.output == "written"


def test_result_that_the_state_cannot_take_begins_a_new_run(engine: Any) -> None:
    kernel = kernel_of({"ResultPath": "$.too.deep"}, engine)
    children = Children(kernel, {"1": [10, 10]})

    children.drive(Start(["1"]))
    assert kernel.status == "FAILED"
    children.drive(Redrive())

    assert [child.redrive_count for child in children.started] == [0, 0]
    assert [e["type"] for e in kernel.history].count("MapRunStarted") == 2
