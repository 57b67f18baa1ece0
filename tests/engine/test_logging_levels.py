"""Which events a logging level selects, and what a log group gets of one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from step.engine.logging_levels import Level, is_logged, log_entries, log_entry

RULES = json.loads(Path(__file__).with_name("logging_levels.json").read_text(encoding="utf-8"))
LEVELS: tuple[Level, ...] = ("ALL", "ERROR", "FATAL", "OFF")
ARN = "arn:aws:states:us-east-1:123456789012:execution:bread:loaf"


def event(kind: str, details_name: str, **details: Any) -> dict[str, Any]:
    moment = datetime(2026, 1, 1, 0, 0, 0, 123000, tzinfo=UTC)
    return {"timestamp": moment, "type": kind, "id": 2, "previousEventId": 1, details_name: details}


@pytest.mark.parametrize("levels", RULES)
def test_level_selects_the_types_of_the_documentation(levels: str) -> None:
    selecting = levels.upper().replace(" AND ", ", ").split(", ")

    for kind in RULES[levels]:
        assert [level for level in LEVELS if is_logged(kind, level)] == selecting, kind


def test_entry_holds_the_data_only_where_it_is_asked_for() -> None:
    entered = event(
        "PassStateEntered",
        "stateEnteredEventDetails",
        name="Mix",
        input='{"flour": 1}',
        inputDetails={"truncated": False},
    )

    bare = log_entry(entered, ARN)
    full = log_entry(entered, ARN, includes_data=True, redrive_count=1)

    assert bare == {
        "id": "2",
        "type": "PassStateEntered",
        "details": {"name": "Mix"},
        "previous_event_id": "1",
        "event_timestamp": "1767225600123",
        "execution_arn": ARN,
        "redrive_count": "0",
    }
    assert full["details"] == entered["stateEnteredEventDetails"]
    assert full["redrive_count"] == "1"


def test_error_and_cause_are_no_data() -> None:
    failed = event("TaskFailed", "taskFailedEventDetails", error="Burnt", cause="too hot")

    (entry,) = log_entries([failed], "ERROR", ARN)

    assert entry["details"] == {"error": "Burnt", "cause": "too hot"}


def test_long_text_is_cut_and_says_so() -> None:
    long = event("PassStateExited", "stateExitedEventDetails", output="ü" * 200_000)

    details: Any = log_entry(long, ARN, includes_data=True)["details"]

    assert len(details["output"].encode()) <= 248 * 1024
    assert details["outputDetails"] == {"truncated": True}
