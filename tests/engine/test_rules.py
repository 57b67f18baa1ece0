"""The rules of the language as data: definition, input and task script, and what must come of them.

A case's ``states`` stands for a machine that starts at the first of them. Events are (type, the event they
follow, some of their details); texts of JSON are compared decoded.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from step.engine.quotas import Quotas

RULES = Path(__file__).parent / "rules"
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted(RULES.glob("*.json"))
    for case in json.loads(file.read_text(encoding="utf-8"))["cases"]
]
KEYS = {"name", "states", "timeout_seconds", "input", "tasks", "quotas", "expect"}


@pytest.mark.parametrize("case", CASES)
def test_rule(case: dict[str, Any], engine: Any) -> None:
    assert set(case) <= KEYS

    run = engine.run(
        definition_of(case), case.get("input", {}), case.get("tasks", {}), quotas=quotas_of(case)
    )

    told = account(run, engine)
    for what, expected in case["expect"].items():
        if what == "events":
            check_events(told["events"], expected)
        elif what == "event_types":
            assert {kind: told["types"][kind] for kind in expected} == expected
        elif what == "event_count_at_most":
            assert expected - 3 <= told["event_count"] <= expected
        else:
            assert told[what] == expected, f"{what}: {run.kernel.error}"


def definition_of(case: dict[str, Any]) -> dict[str, Any]:
    definition = {"StartAt": next(iter(case["states"])), "States": case["states"]}
    if "timeout_seconds" in case:
        definition["TimeoutSeconds"] = case["timeout_seconds"]
    return definition


def quotas_of(case: dict[str, Any]) -> Quotas | None:
    quotas = case.get("quotas", {})
    return None if quotas is None else Quotas(**quotas)


def account(run: Any, engine: Any) -> dict[str, Any]:
    """Say everything that a case may expect."""
    kernel, events = run.kernel, run.events
    payloads: dict[str, list[Any]] = {}
    for task in run.tasks:
        payloads.setdefault(task.state, []).append(task.payload)
    return {
        "status": kernel.status,
        "output": kernel.output,
        "error": kernel.error.name if kernel.error else None,
        "cause": kernel.error.cause if kernel.error else None,
        "path": kernel.history.path,
        "elapsed_seconds": (kernel.now - engine.start_ms) / 1000,
        "calls": {state: len(calls) for state, calls in payloads.items()},
        "payloads": payloads,
        "event_count": len(events),
        "last_event": events[-1]["type"],
        "types": Counter(event["type"] for event in events),
        "events": [(e["type"], e["previousEventId"], engine.details_of(e)) for e in events],
    }


def check_events(told: list[tuple[str, int, dict[str, Any]]], expected: list[list[Any]]) -> None:
    assert [(kind, previous) for kind, previous, _ in told] == [(kind, prev) for kind, prev, *_ in expected]
    for (kind, _, details), (_, _, *wanted) in zip(told, expected, strict=True):
        for subset in wanted:
            assert {name: details.get(name) for name in subset} == subset, kind
