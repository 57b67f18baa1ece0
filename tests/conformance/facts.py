"""Play what others published as read off AWS, and say how far step's histories agree.

A fact: definition, input, what the state of each Task is answered (``answers``), and what AWS is said to do:
``events`` (type and previousEventId), ``error``, ``cause``, ``details`` (members of the last event).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from step.asl.parse import parse
from step.engine.frames import ExecutionInfo
from step.engine.kernel import Kernel
from step.engine.program import Program
from step.engine.quotas import Quotas
from step.engine.vocabulary import Input, StartTask, TaskFailed, TaskSucceeded
from step.runtime.map_items import MapItems
from step.runtime.virtual import VirtualDriver

_MACHINE = "arn:aws:states:us-east-1:111111111111:stateMachine:fact"
Fact = Mapping[str, Any]


def score(facts: list[Fact]) -> list[dict[str, Any]]:
    """Play facts; print what disagrees. The rows are shaped as the runner's."""
    rows = []
    for fact in facts:
        applies = {"L1": "error" in fact, "L2": "events" in fact, "L3": True}
        different = dict(disagreements(fact))
        for level, what in different.items():
            print(f"{fact['name']}\n    {level} {what}")
        verdict = {level: level not in different for level, told in applies.items() if told}
        rows.append({"id": fact["name"], "applies": applies, "verdict": verdict})
    return rows


def disagreements(fact: Fact) -> Iterator[tuple[str, str]]:
    """Play one fact; tell each level at which it disagrees, and how."""
    kernel = _play(fact)
    history = list(kernel.history)
    error = kernel.error and kernel.error.name
    if "error" in fact and error != fact["error"]:
        yield "L1", f"error: {fact['error']}, here {error}"
    events = fact.get("events")
    types = [event["type"] for event in history]
    if events is not None and types != [event["type"] for event in events]:
        yield "L2", f"events: {[event['type'] for event in events]}, here {types}"
    previous = [event["previousEventId"] for event in history]
    if events is not None and previous != [event["previousEventId"] for event in events]:
        yield "L3", f"previous ids: {[event['previousEventId'] for event in events]}, here {previous}"
    elif "cause" in fact and (kernel.error and kernel.error.cause) != fact["cause"]:
        yield "L3", f"cause: {fact['cause']}, here {kernel.error and kernel.error.cause}"
    elif "details" in fact and not fact["details"].items() <= history[-1].items():
        yield "L3", f"the last event: {fact['details']}, here {history[-1]}"


def _play(fact: Fact) -> Kernel:
    value = fact["input"]
    arn = _MACHINE.replace(":stateMachine:", ":execution:") + ":run"
    info = ExecutionInfo(
        arn=arn,
        name="run",
        input=value,
        start_ms=0,
        role_arn=None,
        machine_arn=_MACHINE,
        machine_name="fact",
    )
    kernel = Kernel(Program.from_definition(parse(fact["definition"])), info, Quotas())

    def perform(task: StartTask) -> tuple[list[Input], int]:
        answer = fact["answers"][task.state]
        if "error" in answer:
            return [TaskFailed(task.op, answer["error"], answer["cause"])], 0
        return [TaskSucceeded(task.op, answer["output"])], 0

    VirtualDriver(kernel, perform, MapItems({}, None)).run(value)
    return kernel
