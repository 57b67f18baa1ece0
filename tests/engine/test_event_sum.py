"""The sum of events: it says what users read, and nothing of the rows in memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from step.engine.event_sum import EventSum, is_known
from step.engine.history import Event, Written
from step.jsonvalue import to_text

RULES = Path(__file__).parent / "rules"
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted(RULES.glob("*.json"))
    for case in json.loads(file.read_text(encoding="utf-8"))["cases"][:4]
]


def sum_of_events(events: list[Event]) -> int:
    """What version 2 says, from the events as GetExecutionHistory gives them."""
    lines = []
    for event in events:
        lines += [
            event["type"],
            str(event["previousEventId"]),
            str(round(event["timestamp"].timestamp() * 1000)),
        ]
        details: dict[str, Any] = next(
            (value for name, value in event.items() if name.endswith("EventDetails")), {}
        )
        for name in sorted(details):
            if not name.endswith("Details"):
                value = details[name]
                lines.append(f"{name}={value if isinstance(value, str) else to_text(value)}")
    text = "".join(f"{line}\n" for line in lines)
    return crc32(text.encode("utf-8", "surrogatepass")) * 16 + 2


@pytest.mark.parametrize("case", CASES)
def test_a_sum_is_that_of_the_events_however_it_is_added_up(case: dict[str, Any], engine: Any) -> None:
    definition = {"StartAt": next(iter(case["states"])), "States": case["states"]}
    if "timeout_seconds" in case:
        definition["TimeoutSeconds"] = case["timeout_seconds"]
    run = engine.run(definition, case.get("input", {}), case.get("tasks", {}))
    expected = sum_of_events(run.events)

    whole, parts = EventSum(), EventSum()
    rows: list[Written] = []
    for row in run.kernel.rows:
        rows.append(row)
        parts.of(rows)

    assert whole.of(run.kernel.rows) == parts.of(rows) == expected
    assert is_known(expected)


@pytest.mark.parametrize("change", [{"n": 2}, {"m": 1}, {}])
def test_another_payload_is_another_sum(change: Any, engine: Any) -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
    one, other = engine.run(definition, {"n": 1}, {}), engine.run(definition, change, {})

    assert EventSum().of(one.kernel.rows) != EventSum().of(other.kernel.rows)
