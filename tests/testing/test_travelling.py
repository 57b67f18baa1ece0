"""Handlers see the virtual clock where a test asks for it."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from step import StateMachine
from step.errors import MissingExtra
from step.testing.travelling import travelling

START = datetime(2031, 1, 1, tzinfo=UTC)
TASK = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:now"}
BREAD: dict[str, Any] = {
    "StartAt": "Knead",
    "States": {
        "Knead": {**TASK, "ResultPath": "$.knead", "Next": "Rise"},
        "Rise": {"Type": "Wait", "Seconds": 43_200, "Next": "Bake"},
        "Bake": {**TASK, "ResultPath": "$.bake", "End": True},
    },
}
RETRIED: dict[str, Any] = {
    "StartAt": "Try",
    "States": {
        "Try": {**TASK, "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60}], "End": True}
    },
}


def now(_: object) -> list[object]:
    # What most handlers do, without a time zone too.
    return [datetime.now(UTC).isoformat(), time.time()]


def test_a_handler_has_the_time_of_its_execution(handlers_see_virtual_time: None) -> None:
    machine = StateMachine.from_json(BREAD).set_resource_function(TASK["Resource"], now)

    output: Any = machine.execute({}, start=START).result()

    assert output["knead"] == ["2031-01-01T00:00:00+00:00", START.timestamp()]
    assert output["bake"] == ["2031-01-01T12:00:00+00:00", START.timestamp() + 43_200]


def test_time_goes_on_between_tries(handlers_see_virtual_time: None) -> None:
    seen: list[float] = []

    def fails_first(_: object) -> None:
        seen.append(time.time())
        if len(seen) == 1:
            raise ValueError("once")

    StateMachine.from_json(RETRIED).set_resource_function("Try", fails_first).execute(
        {}, start=START
    ).result()

    assert seen == [START.timestamp(), START.timestamp() + 60]


def test_the_test_itself_and_whoever_does_not_ask_have_the_wall_clock(
    handlers_see_virtual_time: None,
) -> None:
    assert datetime.now(UTC) < START


def test_without_the_fixture_a_handler_has_the_wall_clock() -> None:
    machine = StateMachine.from_json(BREAD).set_resource_function(TASK["Resource"], now)

    output: Any = machine.execute({}, start=START).result()

    assert output["knead"][1] < START.timestamp()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "time_machine", None)

    with pytest.raises(MissingExtra, match=r"slowcode\[clock\]"), travelling():
        pass
