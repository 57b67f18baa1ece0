"""What holds for every machine: small random ones, nested, with random task scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from step import StateMachine
from step.engine import kernel as kernels
from step.engine.kernel import Kernel
from step.engine.key import key
from step.engine.program import Program
from step.engine.quotas import Quotas
from step.engine.vocabulary import Input, Redrive, StartTask, Stop, TaskSucceeded
from step.jsonvalue import JSONValue
from step.runtime.virtual import VirtualDriver

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"
INPUT: JSONValue = {"n": 1, "text": "bread", "items": [1, 2, 3]}
INTERVALS = st.integers(1, 3)
RETRIERS = st.fixed_dictionaries(
    {"ErrorEquals": st.sampled_from([["A"], ["States.ALL"], ["States.TaskFailed"], ["States.Timeout"]])},
    optional={
        "IntervalSeconds": INTERVALS,
        "MaxAttempts": st.integers(0, 2),
        "JitterStrategy": st.sampled_from(["FULL", "NONE"]),
    },
)
ATTEMPTS = st.one_of(
    st.fixed_dictionaries({"return": st.sampled_from([1, "é", {"n": 2}, [1]]), "seconds": st.integers(0, 3)}),
    st.fixed_dictionaries({"raise": st.sampled_from(["A", "B"]), "seconds": st.integers(0, 3)}),
)
NEVER = st.just({"never": True})
PASSES: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {},
        {"Result": {"n": 3}},
        {"Parameters": {"n.$": "$.n", "at.$": "$$.State.EnteredTime"}},
        {"Parameters": {"id.$": "States.UUID()"}, "ResultPath": "$.made"},
        {"ResultPath": None, "Parameters": {"n.$": "$.n"}},
        {"OutputPath": "$.n"},
    ]
)
BOUNDED = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


class Writer:
    """Writes random definitions; states are numbered through, so that names are unique."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.names: Iterator[str] = (f"S{number}" for number in range(10**6))
        self.scripts: dict[str, list[dict[str, Any]]] = {}

    def branch(self, depth: int) -> dict[str, Any]:
        names = [next(self.names) for _ in range(self.draw(st.integers(1, 3)))]
        states = {name: self.state(name, names[at + 1 :], depth) for at, name in enumerate(names)}
        return {"StartAt": names[0], "States": states}

    def state(self, name: str, later: list[str], depth: int) -> dict[str, Any]:
        kinds: list[str] = ["Pass", "Wait", "Task", "Task"] + (["Parallel", "Map"] if depth else [])
        kind = self.draw(st.sampled_from(kinds + (["Choice"] if later else ["Succeed", "Fail"])))
        onward = {"Next": later[0]} if later else {"End": True}
        match kind:
            case "Pass":
                return {"Type": kind, **self.draw(PASSES), **onward}
            case "Wait":
                return {"Type": kind, "Seconds": self.draw(st.integers(0, 4)), **onward}
            case "Succeed":
                return {"Type": kind}
            case "Fail":
                return {"Type": kind, **self.draw(st.sampled_from([{}, {"Error": "A", "Cause": "c"}]))}
            case "Choice":
                rule = {"Variable": "$.n", "IsPresent": True, "Next": self.draw(st.sampled_from(later))}
                return {"Type": kind, "Choices": [rule], "Default": later[0]}
        work: dict[str, Any] = self.draw(
            st.sampled_from([{}, {"ResultPath": "$.result"}, {"ResultPath": None}])
        )
        state: dict[str, Any] = {"Type": kind, **work, **onward}
        if self.draw(st.booleans()):
            state["Retry"] = [self.draw(RETRIERS)]
        if self.draw(st.booleans()) and later:
            path = self.draw(st.sampled_from(["$", "$.error"]))
            target = self.draw(st.sampled_from(later))
            state["Catch"] = [{"ErrorEquals": ["States.ALL"], "ResultPath": path, "Next": target}]
        return state | {"Task": self.task, "Parallel": self.parallel, "Map": self.map}[kind](name, depth)

    def task(self, name: str, depth: int) -> dict[str, Any]:
        timeout = self.draw(st.sampled_from([None, 2]))
        attempts: Any = ATTEMPTS if timeout is None else ATTEMPTS | NEVER
        self.scripts[name] = self.draw(st.lists(attempts, min_size=1, max_size=3))
        limits = {} if timeout is None else {"TimeoutSeconds": timeout}
        return {"Resource": FUNCTION, **limits}

    def parallel(self, name: str, depth: int) -> dict[str, Any]:
        return {"Branches": [self.branch(depth - 1) for _ in range(self.draw(st.integers(1, 2)))]}

    def map(self, name: str, depth: int) -> dict[str, Any]:
        return {
            "ItemsPath": "$$.Execution.Input.items",
            "ItemProcessor": self.branch(depth - 1),
            "MaxConcurrency": self.draw(st.integers(0, 2)),
            "ToleratedFailureCount": self.draw(st.integers(0, 2)),
        }


@st.composite
def machines(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    writer = Writer(draw)
    definition = writer.branch(2)
    return definition, writer.scripts


@BOUNDED
@given(machine=machines())
def test_same_seed_gives_the_same_history_on_either_driver(machine: Any, engine: Any) -> None:
    definition, scripts = machine

    run = engine.run(definition, INPUT, scripts, quotas=Quotas())

    kernel = Kernel(
        Program.from_definition(StateMachine.from_json(definition).definition),
        engine.info_of(INPUT),
        Quotas(),
    )
    script = engine.Script(states=scripts)
    VirtualDriver(kernel, lambda task: at_once(script.perform(task))).run(INPUT)
    assert list(kernel.history) == run.events
    assert (kernel.status, kernel.output, kernel.error) == (
        run.kernel.status,
        run.kernel.output,
        run.kernel.error,
    )


def at_once(answers: list[tuple[int, Input]]) -> tuple[list[Input], int] | None:
    """Give answers as the virtual driver takes them: all at one time."""
    return ([item for _, item in answers], answers[-1][0]) if answers else None


@BOUNDED
@given(machine=machines(), seed=st.sampled_from(["0", "another"]))
def test_replay_of_recorded_inputs_gives_the_same_execution(machine: Any, seed: str, engine: Any) -> None:
    definition, scripts = machine
    run = engine.run(definition, INPUT, scripts, quotas=Quotas(), seed=seed)

    again = Kernel(run.kernel.program, engine.info_of(INPUT, seed), Quotas())
    for item, now in run.inputs:
        again.handle(item, now)

    assert again.rows == run.kernel.rows
    assert list(again.history) == run.events
    assert again.status == run.kernel.status


@BOUNDED
@given(machine=machines())
def test_forks_go_on_as_the_execution_would(machine: Any, engine: Any) -> None:
    definition, scripts = machine
    run = engine.run(definition, INPUT, scripts, quotas=Quotas())

    twin = Kernel(run.kernel.program, engine.info_of(INPUT), Quotas())
    commands = []
    for item, now in run.inputs:
        former, twin = twin, twin.fork()
        before = former.count and key(former)
        commands += twin.handle(item, now)
        assert (former.count and key(former)) == before

    assert (key(twin), twin.count, twin.now) == (key(run.kernel), run.kernel.count, run.kernel.now)
    assert [command for command in commands if isinstance(command, StartTask)] == run.tasks
    # What failed can be taken up again by a fork too.
    again = twin.fork()
    again.handle(Redrive(), again.now)
    twin.handle(Redrive(), twin.now)
    assert key(again) == key(twin)


@BOUNDED
@given(machine=machines())
def test_turns_of_one_state_end_and_replay_too(machine: Any, engine: Any) -> None:
    definition, scripts = machine
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "TURN_BUDGET", 1)
        run = engine.run(definition, INPUT, scripts, quotas=Quotas())

        again = Kernel(run.kernel.program, engine.info_of(INPUT), Quotas())
        for item, now in run.inputs:
            again.handle(item, now)

    assert again.rows == run.kernel.rows


@BOUNDED
@given(machine=machines(), events=st.integers(3, 40), size=st.integers(45, 120))
def test_quotas_hold(machine: Any, events: int, size: int, engine: Any) -> None:
    definition, scripts = machine

    run = engine.run(definition, INPUT, scripts, quotas=Quotas(history_events=events, payload_bytes=size))

    assert len(run.events) <= events
    for event in run.events:
        for name, details in event.items():
            if name.endswith("EventDetails") and "Failed" not in event["type"]:
                texts = [details.get(text, "") for text in ("input", "output", "parameters")]
                if event["type"] != "LambdaFunctionScheduled":
                    assert all(len(text.encode()) <= size for text in texts), event
    assert all(len(str(task.payload).encode()) <= size + 20 for task in run.tasks)


@BOUNDED
@given(machine=machines(), after=st.integers(0, 8))
def test_stopped_execution_ends_at_once_and_hears_nothing_more(machine: Any, after: int, engine: Any) -> None:
    definition, scripts = machine
    run = engine.run(definition, INPUT, scripts, quotas=Quotas())
    stopped = Kernel(run.kernel.program, engine.info_of(INPUT), Quotas())
    first, rest = run.inputs[: after + 1], run.inputs[after + 1 :]
    for item, now in first:
        stopped.handle(item, now)

    stopped.handle(Stop("Enough", "said so"), first[-1][1])

    ended = list(stopped.history)
    engine.check_history(ended, len(ended))
    if rest:
        assert stopped.status == "ABORTED"
        assert ended[-1]["executionAbortedEventDetails"] == {"error": "Enough", "cause": "said so"}
    assert not any(stopped.handle(item, now) for item, now in rest)
    assert len(stopped.history) == len(ended)


@BOUNDED
@given(machine=machines())
def test_failed_execution_can_be_redriven_until_it_succeeds(machine: Any, engine: Any) -> None:
    definition, scripts = machine
    run = engine.run(definition, INPUT, scripts, quotas=Quotas())
    kernel, before = run.kernel, run.events
    if kernel.status == "SUCCEEDED":
        return

    engine.drive(kernel, INPUT, succeeding, item=Redrive(), now=kernel.now)

    told = list(kernel.history)
    assert told[: len(before)] == before
    assert told[len(before)]["type"] == "ExecutionRedriven"
    assert [event["id"] for event in told] == list(range(1, len(told) + 1))
    assert kernel.status == "SUCCEEDED" or kernel.error is not None


def succeeding(task: StartTask) -> list[tuple[int, Input]]:
    return [(0, TaskSucceeded(task.op, {"n": 1}))]
