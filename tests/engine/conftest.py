"""Runs machines on the bare kernel with scripted tasks, and checks every history that comes out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Any

import botocore.session
import pytest

from step import StateMachine
from step.engine.frames import ExecutionInfo
from step.engine.history import Event
from step.engine.kernel import Kernel
from step.engine.program import Program
from step.engine.quotas import Quotas
from step.engine.vocabulary import (
    Heartbeat,
    Input,
    Start,
    StartTask,
    TaskFailed,
    TaskStarted,
    TaskSubmitted,
    TaskSucceeded,
)
from step.jsonvalue import JSONValue
from step.runtime.virtual import VirtualDriver, VirtualRun

START_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:machine"
Attempt = Mapping[str, Any]
# What comes of a task: inputs, each with the ms after which it comes.
Answers = list[tuple[int, Input]]


@dataclass(frozen=True, kw_only=True)
class Run:
    """An execution that has ended, with all that went into its kernel and all that its tasks were asked."""

    kernel: Kernel
    inputs: list[tuple[Input, int]]
    tasks: list[StartTask]

    @property
    def events(self) -> list[Event]:
        return list(self.kernel.history)


@dataclass(kw_only=True)
class Script:
    """What the attempts of each state come to; the last one holds for all further ones.

    An attempt has one of ``return``, ``return_text`` (so many characters), ``echo``, ``raise`` or ``never``;
    it may take ``seconds`` and tell of itself before by ``worker``, ``submitted`` and ``heartbeats``.
    """

    states: Mapping[str, list[Attempt]]
    asked: list[StartTask] = field(default_factory=list)

    def perform(self, task: StartTask) -> Answers:
        attempts = self.states[task.state]
        attempt = attempts[min(sum(t.state == task.state for t in self.asked), len(attempts) - 1)]
        self.asked.append(task)
        answers: Answers = []
        if "worker" in attempt:
            answers.append((0, TaskStarted(task.op, attempt["worker"])))
        if "submitted" in attempt:
            answers.append((0, TaskSubmitted(task.op, attempt["submitted"])))
        answers += [(round(at * 1000), Heartbeat(task.op)) for at in attempt.get("heartbeats", ())]
        if "never" not in attempt:
            answers.append((round(attempt.get("seconds", 0) * 1000), _end(attempt, task)))
        return answers


def _end(attempt: Attempt, task: StartTask) -> Input:
    if "raise" in attempt:
        return TaskFailed(task.op, attempt["raise"], attempt.get("cause", ""))
    if "echo" in attempt:
        return TaskSucceeded(task.op, task.payload)
    if "return_text" in attempt:
        return TaskSucceeded(task.op, attempt.get("of", "x") * attempt["return_text"])
    return TaskSucceeded(task.op, attempt["return"])


class Recorder(VirtualDriver):
    """Drives one kernel by a script, and keeps what it was given."""

    def __init__(self, kernel: Kernel, script: Callable[[StartTask], Answers]) -> None:
        super().__init__(kernel, self._answer_later)
        self.inputs: list[tuple[Input, int]] = []
        self._script = script

    def take(self, run: VirtualRun, item: Input) -> None:
        self.inputs.append((item, self.now))
        super().take(run, item)

    def _answer_later(self, task: StartTask) -> None:
        for delay, answer in self._script(task):
            self.later(delay, partial(self._answer, task.op, answer))

    def _answer(self, op: int, answer: Input) -> None:
        # What nobody waits for any more is not delivered.
        if self._root.open(op) is not None:
            self.tell(self._root, op, [answer])


def drive(
    kernel: Kernel,
    value: JSONValue,
    perform: Callable[[StartTask], Answers],
    *,
    item: Input | None = None,
    now: int = START_MS,
) -> list[tuple[Input, int]]:
    """Run a kernel to its end: answers of this instant, then the next instant's, answers before timers."""
    driver = Recorder(kernel, perform)
    driver.now = now
    driver.go_on(Start(value) if item is None else item)
    return driver.inputs


def run(
    definition: Mapping[str, Any],
    value: JSONValue,
    states: Mapping[str, list[Attempt]],
    *,
    quotas: Quotas | None = None,
    seed: str = "0",
) -> Run:
    """Run a definition that the validator accepts; the history is checked."""
    machine = StateMachine.from_json(dict(definition), name="machine")
    kernel = Kernel(Program.from_definition(machine.definition), info_of(value, seed), quotas)
    script = Script(states=states)
    inputs = drive(kernel, value, script.perform)
    check_history(list(kernel.history), len(kernel.history))
    return Run(kernel=kernel, inputs=inputs, tasks=script.asked)


def info_of(value: JSONValue, seed: str = "0") -> ExecutionInfo:
    return ExecutionInfo(
        arn="arn:aws:states:us-east-1:123456789012:execution:machine:run",
        name="run",
        input=value,
        start_ms=START_MS,
        role_arn="arn:aws:iam::123456789012:role/machine",
        machine_arn=MACHINE,
        machine_name="machine",
        seed=seed,
    )


# ---------------------------------------------------------------- what every history is


def check_history(events: list[Event], length: int) -> None:
    """Check events against botocore's model and against each other."""
    assert [event["id"] for event in events] == list(range(1, length + 1))
    for event in events:
        check_shape(event_shape(), event, "event")
        assert 0 <= event["previousEventId"] < event["id"]
    times = [event["timestamp"] for event in events]
    assert times == sorted(times)
    ends = {"ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"}
    assert [event["type"] in ends for event in events] == [False] * (length - 1) + [True]
    assert events[0]["type"] == "ExecutionStarted"
    for event in events:
        check_place(event, events)


def check_place(event: Event, events: list[Event]) -> None:
    """A state that is left or stopped was entered earlier on the same chain of events."""
    kind, _, how = event["type"].partition("State")
    if how not in ("Exited", "Aborted") or not kind:
        return
    name = event.get("stateExitedEventDetails", {}).get("name")
    at = event
    while at["previousEventId"]:
        at = events[at["previousEventId"] - 1]
        if at["type"] == f"{kind}StateEntered" and name in (None, at["stateEnteredEventDetails"]["name"]):
            return
        # Observed: a failed evaluation follows what came before its state.
        if at["type"] == "EvaluationFailed" and name in (None, at["evaluationFailedEventDetails"]["state"]):
            return
    pytest.fail(f"{event} has no place where it was entered")


@cache
def event_shape() -> Any:
    model = botocore.session.Session().get_service_model("stepfunctions")
    return model.operation_model("GetExecutionHistory").output_shape.members["events"].member


TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "long": int,
    "boolean": bool,
    "timestamp": datetime,
}


def check_shape(shape: Any, value: Any, place: str) -> None:
    """Check a value against a shape of botocore's service model: known members, right types."""
    match shape.type_name:
        case "structure":
            assert isinstance(value, dict), place
            assert set(value) <= set(shape.members), place
            assert set(shape.required_members) <= set(value), place
            for name, item in value.items():
                check_shape(shape.members[name], item, f"{place}.{name}")
        case "map":
            assert isinstance(value, dict), place
            for name, item in value.items():
                check_shape(shape.key, name, place)
                check_shape(shape.value, item, f"{place}.{name}")
        case "list":
            assert isinstance(value, list), place
            for item in value:
                check_shape(shape.member, item, f"{place}[]")
        case kind:
            assert isinstance(value, TYPES[kind]), f"{place}: {value!r} is no {kind}"
            assert kind == "boolean" or not isinstance(value, bool), f"{place}: {value!r} is no {kind}"
            enum = getattr(shape, "enum", None)
            assert not enum or value in enum, f"{place}: {value!r}"


def details_of(event: Event) -> dict[str, Any]:
    """Give an event's details, with the JSON texts in them decoded."""
    details: dict[str, Any] = next(
        (value for name, value in event.items() if name.endswith("EventDetails")), {}
    )
    texts = ("input", "output", "parameters")
    return {name: json.loads(value) if name in texts else value for name, value in details.items()}


class Engine:
    """What tests of this folder use."""

    start_ms = START_MS
    run = staticmethod(run)
    drive = staticmethod(drive)
    info_of = staticmethod(info_of)
    check_history = staticmethod(check_history)
    check_shape = staticmethod(check_shape)
    event_shape = staticmethod(event_shape)
    details_of = staticmethod(details_of)
    Script = Script


@pytest.fixture(scope="session")
def engine() -> type[Engine]:
    return Engine
