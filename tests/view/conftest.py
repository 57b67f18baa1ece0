from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

History = list[dict[str, Any]]


class HistoryWriter:
    """Write events as GetExecutionHistory has them: ``add(type, seconds, previous=..., **details)``."""

    def __init__(self) -> None:
        self.events: History = []

    def add(self, kind: str, seconds: float = 0, previous: int | None = None, **details: Any) -> int:
        key = kind[0].lower() + kind[1:]
        for suffix in ("StateEntered", "StateExited"):
            if kind.endswith(suffix):
                key = suffix[0].lower() + suffix[1:]
        event = {
            "id": len(self.events) + 1,
            "previousEventId": len(self.events) if previous is None else previous,
            "timestamp": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds),
            "type": kind,
        }
        self.events.append(event | ({f"{key}EventDetails": details} if details else {}))
        return len(self.events)


@pytest.fixture
def history() -> HistoryWriter:
    return HistoryWriter()


@pytest.fixture
def burnt_bread(history: HistoryWriter) -> History:
    """A wait of 12 h, a bake that is caught after three tries, a Map of which one iteration fails."""
    history.add("ExecutionStarted")
    history.add("WaitStateEntered", 0, 0, name="Rise")
    history.add("WaitStateExited", 43200, name="Rise")
    history.add("TaskStateEntered", 43200, name="Bake")
    for attempt in range(3):
        history.add("LambdaFunctionScheduled", 43200.08 + attempt)
        history.add("LambdaFunctionFailed", 43200.5 + attempt, error="OvenBroke")
    history.add("TaskStateExited", 43203, name="Bake")
    history.add("MapStateEntered", 43203, name="Each")
    started = history.add("MapStateStarted", 43203, length=2)
    history.add("MapIterationStarted", 43203, started, name="Each", index=0)
    history.add("PassStateEntered", 43203, name="Slice")
    history.add("PassStateExited", 43203.08, name="Slice")
    history.add("MapIterationSucceeded", 43203.08, name="Each", index=0)
    history.add("MapIterationStarted", 43203, started, name="Each", index=1)
    history.add("FailStateEntered", 43204, name="Burnt")
    history.add("MapIterationFailed", 43204, name="Each", index=1)
    history.add("MapStateFailed", 43204)
    history.add("ExecutionFailed", 43204, error="Charcoal", cause="black")
    return history.events


@pytest.fixture
def bread_document() -> dict[str, Any]:
    """The machine of ``burnt_bread``."""
    task = "arn:aws:lambda:eu-west-1:123456789012:function:bake"
    inside = {
        "Slice": {"Type": "Choice", "Choices": [rule("Burnt", BooleanEquals=True)], "Default": "Fine"},
        "Burnt": {"Type": "Fail", "Error": "Charcoal"},
        "Fine": {"Type": "Pass", "End": True},
    }
    catch = [{"ErrorEquals": ["OvenBroke"], "Next": "Each"}]
    return {
        "StartAt": "Rise",
        "States": {
            "Rise": {"Type": "Wait", "Seconds": 43200, "Next": "Bake"},
            "Bake": {"Type": "Task", "Resource": task, "Next": "Eat", "Catch": catch},
            "Each": {"Type": "Map", "ItemProcessor": {"StartAt": "Slice", "States": inside}, "Next": "Eat"},
            "Eat": {"Type": "Succeed"},
        },
    }


def rule(target: str, **comparison: Any) -> dict[str, Any]:
    return {"Variable": "$.burnt", **comparison, "Next": target}


@pytest.fixture
def choice_document() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Build a machine whose one choice has the given rule."""

    def build(test: dict[str, Any]) -> dict[str, Any]:
        choice = {"Type": "Choice", "Choices": [test | {"Next": "Yes"}], "Default": "No"}
        ends = {name: {"Type": "Succeed"} for name in ("Yes", "No")}
        return {"StartAt": "Which?", "States": {"Which?": choice, **ends}}

    return build
