"""Histories are given the previous ids of their day."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.dated import has_redrive_count, history_then


def failed(cause: str, location: str) -> list[dict[str, Any]]:
    details = {"cause": cause, "location": location, "state": "A"}
    return [
        {"id": 1, "previousEventId": 0, "type": "ExecutionStarted"},
        {"id": 2, "previousEventId": 0, "type": "WaitStateEntered"},
        {"id": 3, "previousEventId": 2, "type": "EvaluationFailed", "evaluationFailedEventDetails": details},
    ]


@pytest.mark.parametrize(
    ("recorded", "cause", "location", "previous"),
    [
        ({"recorded": "21-11-2024, 11:08:12"}, "The JSONata expression 'x' failed", "Output", 0),
        ({"recorded": "21-11-2024, 11:08:12"}, "The JSONata expression 'x' failed", "Timestamp", 0),
        ({"recorded": "21-11-2024, 11:08:12"}, "The Timestamp field cannot be parsed", "Timestamp", 2),
        ({"recorded": "01-09-2026, 11:08:12"}, "The JSONata expression 'x' failed", "Output", 2),
        ({}, "The JSONata expression 'x' failed", "Output", 2),
    ],
)
def test_evaluation_failed_follows_what_it_followed_then(
    recorded: dict[str, str], cause: str, location: str, previous: int
) -> None:
    history = failed(cause, location)

    assert history_then(history, recorded)[-1]["previousEventId"] == previous
    assert history[-1]["previousEventId"] == 2


def test_redrive_count_came_in_november_2023() -> None:
    assert not has_redrive_count({"recorded": "14-11-2023, 23:59:59"})
    assert has_redrive_count({"recorded": "15-11-2023, 00:00:00"})
