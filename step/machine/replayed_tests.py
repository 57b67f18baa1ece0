"""Make tests of recorded executions: a pytest module for each way that they took, and mocks of all.

Writes into a folder; the mocks are a MockConfigFile, for Step Functions Local and ``StateMachine.mock``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from step.asl.model import Definition
from step.machine.histories import RecordedExecution
from step.paths.coverage import shape_of
from step.paths.walked import RecordedCall, walk
from step.view.pytest_text import pytest_text

MOCKS = "mocks.json"


def write_tests(
    definition: Definition, machine: str, recorded: Iterable[RecordedExecution], folder: Path
) -> list[Path]:
    """Write a test and a mock for the first execution of each way; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r"\W+", "_", machine, flags=re.ASCII).strip("_").lower() or "machine"
    seen: set[object] = set()
    files: list[Path] = []
    cases: dict[str, dict[str, str]] = {}
    responses: dict[str, dict[str, Any]] = {}
    for one in recorded:
        shape = shape_of(definition, one.events)
        if shape in seen:
            continue
        seen.add(shape)
        case = f"way_{len(seen)}"
        file = folder / f"test_{stem}_{case}.py"
        file.write_text(pytest_text(definition, machine, one.events), encoding="utf-8")
        files.append(file)
        cases[case], told = _mocks(case, walk(one.events).calls)
        responses |= told
    config = {"StateMachines": {machine: {"TestCases": cases}}, "MockedResponses": responses}
    mocks = folder / MOCKS
    mocks.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return [*files, mocks]


def _mocks(case: str, calls: Sequence[RecordedCall]) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """Give for each state the name of its responses, and the responses: one for each invocation."""
    by_state: dict[str, list[Any]] = {}
    for call in calls:
        if call.outcome == "succeeded":
            by_state.setdefault(call.key[0], []).append({"Return": json.loads(call.output)})
        elif call.outcome:
            error = {"Error": call.error or "States.TaskFailed", "Cause": call.cause or ""}
            by_state.setdefault(call.key[0], []).append({"Throw": error})
    names = {state: f"{case} {state}" for state in by_state}
    told = {names[state]: {str(n): r for n, r in enumerate(answers)} for state, answers in by_state.items()}
    return names, told
