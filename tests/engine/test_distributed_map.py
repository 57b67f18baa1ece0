"""A distributed Map: rules as data, and what holds for a run as a whole."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from step import Execution, StateMachine
from step.engine.kernel import Kernel
from step.engine.program import Program
from step.engine.quotas import Quotas
from step.engine.vocabulary import (
    CancelTask,
    ItemsRead,
    ReadItems,
    Start,
    StartChild,
    Stop,
    TaskFailed,
    TaskSucceeded,
    WriteResults,
)
from step.errors import NothingToWaitFor
from step.jsonvalue import to_text

CASES = json.loads(Path(__file__).with_name("distributed_map.json").read_text(encoding="utf-8"))["cases"]
KEYS = {"name", "map", "before", "states", "execution_type", "input", "items", "objects", "expect"}
READER = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}
WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "p"}}


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES])
def test_rule(case: dict[str, Any], engine: Any) -> None:
    assert set(case) <= KEYS
    machine = StateMachine.from_json(definition_of(case), name="machine")
    if "items" in case:
        machine.set_resource_function("Map", case["items"])
    if "objects" in case:
        machine.set_objects(case["objects"])

    execution = machine.execute(case.get("input", {}))

    engine.check_history(list(execution.history), len(execution.history))
    for child in execution.children:
        engine.check_history(list(child.history), len(child.history))
    expect = case["expect"]
    assert execution.status == expect.get("status", "SUCCEEDED"), f"{execution.error}: {execution.cause}"
    for what, expected in expect.items():
        check(what, expected, execution, engine)


def check(what: str, expected: Any, execution: Execution, engine: Any) -> None:
    events = list(execution.history)
    match what:
        case "children":
            assert [child.input for child in execution.children] == expected
        case "children_status":
            assert [child.status for child in execution.children] == expected
        case "types":
            assert [event["type"] for event in events] == expected
        case "details":
            for kind, details in expected.items():
                event = next(event for event in events if event["type"] == kind)
                assert engine.details_of(event) == details
        case "events":
            assert [(e["type"], e["previousEventId"]) for e in events] == [(e[0], e[1]) for e in expected]
            for event, (_, _, *details) in zip(events, expected, strict=True):
                for detail in details:
                    assert engine.details_of(event) == detail
        case _:
            assert getattr(execution, what) == expected


def definition_of(case: dict[str, Any]) -> dict[str, Any]:
    states = case.get("states", {"Pass": {"Type": "Pass", "End": True}})
    config = {"Mode": "DISTRIBUTED", "ExecutionType": case.get("execution_type", "STANDARD")}
    distributed = {
        "Type": "Map",
        "Label": "each",
        "ItemProcessor": {"ProcessorConfig": config, "StartAt": next(iter(states)), "States": states},
        "End": True,
    }
    machine: dict[str, Any] = {"Map": distributed | case.get("map", {})}
    if "before" in case:
        machine = {"Before": case["before"], **machine}
    if "Catch" in case.get("map", {}):
        machine["Caught"] = {"Type": "Pass", "End": True}
    return {"StartAt": next(iter(machine)), "States": machine}


def kernel_of(fields: dict[str, Any], engine: Any, quotas: Quotas | None = None) -> Kernel:
    machine = StateMachine.from_json(definition_of({"map": fields}))
    return Kernel(Program.from_definition(machine.definition), engine.info_of({}), quotas)


# ---------------------------------------------------------------- a run as a whole


def test_child_execution_is_an_execution_of_its_own() -> None:
    states = {"Pass": {"Type": "Pass", "Parameters": {"seen.$": "$$"}, "End": True}}
    machine = StateMachine.from_json(definition_of({"states": states}), name="bread")

    execution = machine.execute([{"loaf": 1}])

    (child,) = execution.children
    seen: Any = child.output
    name = child.arn.rpartition(":")[2]
    assert child.arn == f"arn:aws:states:us-east-1:123456789012:execution:bread/each:{name}"
    assert seen["seen"]["Execution"]["Id"] == child.arn
    assert seen["seen"]["Execution"]["Input"] == {"loaf": 1}
    assert seen["seen"]["StateMachine"] == {
        "Id": "arn:aws:states:us-east-1:123456789012:stateMachine:bread/each",
        "Name": "bread/each",
    }
    assert "Map" not in seen["seen"]
    assert [event["type"] for event in child.history] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]


def test_same_seed_gives_the_same_child_executions() -> None:
    machine = StateMachine.from_json(definition_of({}))

    first, second, other = (machine.execute([1, 2], seed=seed) for seed in ("a", "a", "b"))

    assert [child.arn for child in first.children] == [child.arn for child in second.children]
    assert list(first.history) == list(second.history)
    assert first.children[0].arn != other.children[0].arn


def test_items_are_read_a_chunk_at_a_time_and_no_more_run_than_may(engine: Any) -> None:
    kernel = kernel_of({"ItemReader": READER, "MaxConcurrency": 2}, engine)

    (read,) = kernel.handle(Start({}), engine.start_ms)
    assert isinstance(read, ReadItems)
    commands: list[Any] = kernel.handle(ItemsRead(read.op, list(range(read.at_most)), False), engine.start_ms)

    assert [type(command) for command in commands] == [StartChild, StartChild, ReadItems]
    after = kernel.handle(ItemsRead(commands[2].op, list(range(read.at_most)), False), engine.start_ms)
    assert after == [], "a second chunk waits, and nothing asks for a third"
    assert commands[2].first == read.at_most


def test_results_are_written_as_they_come(engine: Any) -> None:
    kernel = kernel_of({"ItemReader": READER, "ResultWriter": WRITER}, engine)
    commands = kernel.handle(Start({}), engine.start_ms)
    written: list[int] = []
    left = 3
    while kernel.status == "RUNNING":
        command = commands.pop(0)
        match command:
            case ReadItems():
                left -= 1
                answer: Any = ItemsRead(command.op, [0] * (command.at_most if left else 5), left == 0)
            case StartChild():
                answer = TaskSucceeded(command.op, command.input)
            case WriteResults():
                written.append(len(command.results))
                answer = TaskSucceeded(command.op, "written" if command.is_last else None)
        commands += kernel.handle(answer, engine.start_ms)

    assert kernel.output == "written"
    assert sum(written) == 2005
    assert max(written) <= 1000, "more than a chunk was kept"


def test_results_larger_than_any_output_fail_the_state_and_are_not_kept(engine: Any) -> None:
    machine = StateMachine.from_json(definition_of({"map": {"ItemReader": READER}}))
    machine.set_resource_function("Map", lambda parameters: ("x" * 1000 for _ in range(1000)))

    execution = machine.execute()

    assert execution.status == "FAILED"
    assert execution.error == "States.DataLimitExceeded"


def test_batch_is_no_larger_than_an_execution_s_input() -> None:
    fields = {"ItemBatcher": {"MaxItemsPerBatch": 100}, "ItemReader": READER}
    states = {"Small": {"Type": "Pass", "Result": 1, "End": True}}
    machine = StateMachine.from_json(definition_of({"map": fields, "states": states}))
    machine.set_resource_function("Map", ["x" * 100_000] * 5)

    execution = machine.execute()

    assert execution.output == [1, 1, 1]


@given(
    st.lists(st.text(max_size=12) | st.integers(), max_size=30),
    st.integers(0, 4),
    st.integers(0, 60),
    st.booleans(),
)
def test_batches_have_all_items_in_order_within_their_limits(
    items: list[Any], most: int, most_bytes: int, is_read: bool
) -> None:
    batcher = {"MaxItemsPerBatch": most, "MaxInputBytesPerBatch": most_bytes, "BatchInput": {"b": 1}}
    machine = StateMachine.from_json(
        definition_of({"map": {"ItemBatcher": batcher} | ({"ItemReader": READER} if is_read else {})})
    )
    if is_read:
        machine.set_resource_function("Map", items)

    batches: Any = machine.execute(items).output

    assert [item for batch in batches for item in batch["Items"]] == items
    for batch in batches:
        size, length = len(to_text(batch).encode()), len(batch["Items"])
        assert length == 1 or (length <= (most or 30) and size <= (most_bytes or 10**6))
    for batch, following in pairwise(batches):  # as full as may be
        more = len(to_text(batch).encode()) + len(to_text(following["Items"][0]).encode()) + 1
        assert len(batch["Items"]) == most or (most_bytes and more > most_bytes)


def test_batch_of_more_items_than_a_chunk_is_filled() -> None:
    fields = {"ItemBatcher": {"MaxItemsPerBatch": 1500}, "ItemReader": READER}
    states = {"Count": {"Type": "Pass", "Parameters": {"n.$": "States.ArrayLength($.Items)"}, "End": True}}
    machine = StateMachine.from_json(definition_of({"map": fields, "states": states}))
    machine.set_resource_function("Map", range(3200))

    execution = machine.execute()

    assert execution.output == [{"n": 1500}, {"n": 1500}, {"n": 200}]


def test_run_is_aborted_with_the_branch_that_it_is_in() -> None:
    wait = {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}
    branch = definition_of({"states": wait, "map": {"ItemsPath": "$.list"}})
    fail: dict[str, Any] = {
        "StartAt": "Soon",
        "States": {
            "Soon": {"Type": "Wait", "Seconds": 1, "Next": "Bad"},
            "Bad": {"Type": "Fail", "Error": "Bad"},
        },
    }
    machine = StateMachine.from_json(
        {
            "StartAt": "Both",
            "States": {"Both": {"Type": "Parallel", "Branches": [branch, fail], "End": True}},
        }
    )

    execution = machine.execute({"list": [1, 2]})

    types = [event["type"] for event in execution.history]
    assert types[-4:] == ["MapRunAborted", "MapStateAborted", "ParallelStateFailed", "ExecutionFailed"]
    assert [child.status for child in execution.children] == ["ABORTED", "ABORTED"]


def test_stop_cancels_everything_that_is_under_way(engine: Any) -> None:
    kernel = kernel_of({"ItemsPath": "$.list"}, engine)
    started = kernel.handle(Start({"list": [1, 2]}), engine.start_ms)

    commands = kernel.handle(Stop(None, None), engine.start_ms)

    assert [command.op for command in commands if isinstance(command, CancelTask)] == [
        child.op for child in started if isinstance(child, StartChild)
    ]
    assert kernel.status == "ABORTED"


def test_late_answers_of_a_failed_run_change_nothing(engine: Any) -> None:
    fields = {"ItemReader": READER, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]}
    kernel = kernel_of(fields, engine)
    (read,) = kernel.handle(Start({}), engine.start_ms)
    assert isinstance(read, ReadItems)
    commands = kernel.handle(ItemsRead(read.op, [1] * read.at_most, False), engine.start_ms)
    first, second, *_ = (command for command in commands if isinstance(command, StartChild))
    kernel.handle(TaskFailed(first.op, "Bad", None), engine.start_ms)
    events = len(kernel.history)
    kernel.handle(TaskSucceeded(second.op, 1), engine.start_ms)

    assert kernel.status == "SUCCEEDED"
    assert len(kernel.history) == events


def test_handlers_do_the_work_of_child_executions_in_shared_time() -> None:
    function = "arn:aws:lambda:us-east-1:123456789012:function:bake"
    states = {"Bake": {"Type": "Task", "Resource": function, "End": True}}
    machine = StateMachine.from_json(definition_of({"states": states, "map": {"MaxConcurrency": 3}}))
    machine.set_resource_function("Bake", lambda loaf: loaf * 2, duration=10)

    execution = machine.execute([1, 2, 3, 4])

    assert execution.output == [2, 4, 6, 8]
    assert execution.elapsed == 20


def test_child_execution_that_waits_for_nobody_is_named() -> None:
    function = "arn:aws:lambda:us-east-1:123456789012:function:bake"
    states = {"Bake": {"Type": "Task", "Resource": function, "End": True}}
    machine = StateMachine.from_json(definition_of({"states": states}))
    machine.set_resource_function("Bake", 1, duration=math.inf)

    with pytest.raises(NothingToWaitFor, match="'Bake'"):
        machine.execute([1])
