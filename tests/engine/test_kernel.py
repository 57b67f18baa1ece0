"""The kernel's turns: what an input at a time does, what it commands, and what it ignores."""

from __future__ import annotations

from typing import Any

import pytest

from step import StateMachine
from step.engine.kernel import Kernel
from step.engine.program import Program
from step.engine.quotas import Quotas
from step.engine.vocabulary import (
    CancelTask,
    Heartbeat,
    Input,
    Redrive,
    Start,
    StartTask,
    Stop,
    TaskFailed,
    TaskSucceeded,
    TimePassed,
)

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"
TASK = {"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 60, "End": True}
WAIT = {"Type": "Wait", "Seconds": 5, "End": True}


@pytest.fixture
def start(engine: Any) -> Any:
    def start(states: dict[str, Any], value: Any = None) -> tuple[Kernel, Any]:
        definition: dict[str, Any] = {"StartAt": next(iter(states)), "States": states}
        program = Program.from_definition(StateMachine.from_json(definition).definition)
        kernel = Kernel(program, engine.info_of({} if value is None else value), Quotas())
        commands = kernel.handle(Start({} if value is None else value), engine.start_ms)

        def at(seconds: float, item: Input) -> list[Any]:
            return kernel.handle(item, engine.start_ms + round(seconds * 1000))

        at.commands = commands  # type: ignore[attr-defined]  # what the start commanded
        return kernel, at

    return start


def types_of(kernel: Kernel) -> list[str]:
    return [event["type"] for event in kernel.history]


def test_task_is_commanded_with_all_that_a_worker_needs(start: Any) -> None:
    kernel, at = start({"A": {**TASK, "Parameters": {"n.$": "$.n"}}}, {"n": 1})

    (command,) = at.commands

    assert isinstance(command, StartTask)
    assert (command.state, command.resource, command.payload) == ("A", FUNCTION, {"n": 1})
    assert (command.attempt, command.token, command.branch) == (0, None, ())
    assert kernel.status == "RUNNING"


def test_answer_of_a_past_attempt_is_ignored(start: Any) -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1}]
    kernel, at = start({"A": {**TASK, "Retry": retry}})
    first = at.commands[0].op
    at(1, TaskFailed(first, "Busy", None))
    (second,) = at(2, TimePassed())

    at(3, TaskSucceeded(first, "late"))
    assert kernel.status == "RUNNING"
    at(4, TaskSucceeded(second.op, "good"))

    assert (kernel.output, second.attempt) == ("good", 1)


def test_deadline_that_has_passed_comes_before_an_answer(start: Any) -> None:
    kernel, at = start({"A": TASK})

    at(60.001, TaskSucceeded(at.commands[0].op, "late"))

    assert (kernel.status, kernel.error) == ("FAILED", ("States.Timeout", None))


def test_answer_at_the_deadline_is_in_time(start: Any) -> None:
    kernel, at = start({"A": TASK})

    at(60, TaskSucceeded(at.commands[0].op, "just"))

    assert kernel.output == "just"


def cancelled(commands: list[Any]) -> list[int]:
    """The ops of commands that all cancel."""
    assert all(isinstance(command, CancelTask) for command in commands)
    return [command.op for command in commands]


def test_timed_out_task_is_cancelled(start: Any) -> None:
    _, at = start({"A": TASK})

    assert cancelled(at(60, TimePassed())) == [at.commands[0].op]


def test_task_of_a_stopped_branch_is_cancelled(start: Any) -> None:
    fail = {"StartAt": "W", "States": {"W": {**WAIT, "Next": "F"}, "F": {"Type": "Fail", "Error": "E"}}}
    del fail["States"]["W"]["End"]  # type: ignore[index]  # a dict of dicts
    work = {"StartAt": "A", "States": {"A": TASK}}
    kernel, at = start({"P": {"Type": "Parallel", "Branches": [work, fail], "End": True}})

    commands = at(5, TimePassed())

    assert cancelled(commands) == [at.commands[0].op]
    assert types_of(kernel)[-4:] == [
        "FailStateEntered",
        "TaskStateAborted",
        "ParallelStateFailed",
        "ExecutionFailed",
    ]


def test_kernel_wants_to_wake_at_its_earliest_timer_only(start: Any, engine: Any) -> None:
    kernel, at = start({"A": {**TASK, "HeartbeatSeconds": 10}})
    assert kernel.wake_at == engine.start_ms + 10_000

    at(4, Heartbeat(at.commands[0].op))
    at(10, TimePassed())

    assert kernel.wake_at == engine.start_ms + 14_000


def test_time_that_passes_in_vain_changes_nothing(start: Any) -> None:
    kernel, at = start({"A": WAIT})

    assert at(4.999, TimePassed()) == []
    assert len(kernel.history) == 2


def test_late_wake_ends_a_wait_at_the_time_it_is_told(start: Any, engine: Any) -> None:
    kernel, at = start({"A": WAIT})

    at(8, TimePassed())

    assert (kernel.status, kernel.now) == ("SUCCEEDED", engine.start_ms + 8000)


def test_stopped_execution_is_aborted_with_error_and_cause(start: Any) -> None:
    kernel, at = start({"A": TASK})

    assert cancelled(at(1, Stop("Enough", "said so"))) == [at.commands[0].op]

    assert (kernel.status, kernel.error, kernel.wake_at) == ("ABORTED", ("Enough", "said so"), None)


def test_history_is_read_anew_and_keeps_what_it_told(start: Any) -> None:
    kernel, _ = start({"A": {"Type": "Pass", "Result": {"n": [1]}, "End": True}})
    history = kernel.history

    list(history)[2]["stateExitedEventDetails"]["output"] = "spoilt"

    assert len(history) == 4
    assert history[2]["stateExitedEventDetails"]["output"] == '{"n":[1]}'
    assert [event["id"] for event in history[1:3]] == [2, 3]
    assert history[-1]["type"] == "ExecutionSucceeded"
    assert history.path == ["A"]


def test_state_that_is_retried_has_other_randomness_each_time(engine: Any) -> None:
    made = {"Type": "Pass", "Parameters": {"id.$": "States.UUID()"}, "End": True}
    inner = {"StartAt": "X", "States": {"X": made}}
    each = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": inner, "ResultPath": "$.ids"}
    again = {"Type": "Choice", "Choices": [{"Variable": "$.before", "IsPresent": True, "Next": "End"}]}
    keep = {"Type": "Pass", "Parameters": {"items.$": "$.items", "before.$": "$.ids"}, "Next": "Each"}
    states = {
        "Each": {**each, "Next": "Again?"},
        "Again?": {**again, "Default": "Keep"},
        "Keep": keep,
        "End": {"Type": "Succeed"},
    }

    run = engine.run({"StartAt": "Each", "States": states}, {"items": [1, 2]}, {})

    ids = [one["id"] for one in run.kernel.output["before"] + run.kernel.output["ids"]]
    assert len(set(ids)) == 4


def test_seed_decides_the_jitter(engine: Any) -> None:
    retry = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 60, "JitterStrategy": "FULL", "MaxAttempts": 3}]
    definition = {"StartAt": "A", "States": {"A": {**TASK, "Retry": retry}}}
    script = {"A": [{"raise": "Busy"}]}

    times = [
        [e["timestamp"] for e in engine.run(definition, {}, script, seed=seed).events]
        for seed in ("0", "0", "1")
    ]

    assert times[0] == times[1] != times[2]
    assert (times[0][-1] - times[0][0]).total_seconds() < 60 + 120 + 240


def test_redrive_of_a_map_runs_only_the_items_that_failed(engine: Any) -> None:
    inner = {"StartAt": "A", "States": {"A": TASK}}
    states = {"M": {"Type": "Map", "ItemProcessor": inner, "MaxConcurrency": 1, "End": True}}
    script = {"A": [{"return": "first"}, {"raise": "Burnt"}, {"return": "second"}, {"return": "third"}]}
    definition = {"StartAt": "M", "States": states}
    run = engine.run(definition, [1, 2, 3], {"A": script["A"][:2]})
    again = engine.Script(states={"A": script["A"][2:]})

    engine.drive(run.kernel, None, again.perform, item=Redrive(), now=run.kernel.now)

    assert run.kernel.output == ["first", "second", "third"]
    assert [task.payload for task in again.asked] == [2, 3]
