"""``step record`` against the local service: cases in the form that ``make conformance`` scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

import pytest

from step.cli.main import main

ROLE = "arn:aws:iam::210987654321:role/machine"
FILES = {
    "baked.asl": {
        "StartAt": "A",
        "States": {"A": {"Type": "Pass", "Parameters": {"r.$": "$$.Execution"}, "End": True}},
    },
    "burnt": {
        "question": "Does it burn?",
        "definition": {"StartAt": "A", "States": {"A": {"Type": "Pass", "InputPath": "$.gone", "End": True}}},
        "input": {"n": 1},
    },
    "refused": {"StartAt": "A", "States": {"A": {"Type": "Pass"}}},
    "tasks": {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage",
                                               "Parameters": {}, "End": True}}},
}  # fmt: skip


class Running(Protocol):
    @property
    def endpoint(self) -> str: ...


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    asked = tmp_path / "asked"
    asked.mkdir()
    for name, document in FILES.items():
        (asked / f"{name}.json").write_text(json.dumps(document))
    return asked


def record(service: Running, folder: Path, *more: str) -> int:
    out = str(folder.parent / "out")
    place = ("--endpoint", service.endpoint, "--region", "us-east-1")
    return main(["record", str(folder), "--role", ROLE, "--out", out, *place, *more])


def recorded(folder: Path) -> dict[str, dict[str, Any]]:
    files = sorted((folder.parent / "out" / "recorded").glob("*.json"))
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}


def test_cases_are_recorded_without_anybodys_account(
    service: Running, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert record(service, folder) == 0

    told = capsys.readouterr().err
    assert told.startswith("3 machines, at most ")
    assert "left out: tasks: " in told
    cases = recorded(folder)
    assert set(cases) == {"recorded.baked", "recorded.burnt", "recorded.refused.create"}
    assert "210987654321" not in json.dumps(cases)
    assert "123456789012" not in json.dumps(cases)
    baked = cases["recorded.baked"]["expected"]
    assert baked["status"] == "SUCCEEDED"
    assert baked["output"]["r"]["RoleArn"] == "arn:aws:iam::111111111111:role/role"
    assert baked["output"]["r"]["StartTime"] == "date"
    burnt = cases["recorded.burnt"]["expected"]
    assert (burnt["error"], burnt["history"][-1]["previousEventId"]) == ("States.Runtime", 2)
    refused = cases["recorded.refused.create"]
    assert (refused["kind"], refused["expected"]["error"]) == ("create_error", "InvalidDefinition")


def test_more_than_the_limit_runs_nothing(
    service: Running, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert record(service, folder, "--limit", "0.0001") == 2

    assert "is more than the limit of $0.0001" in capsys.readouterr().err
    assert recorded(folder) == {}


def test_dry_run_says_the_cost_and_runs_nothing(service: Running, folder: Path) -> None:
    assert record(service, folder, "--dry-run") == 0
    assert recorded(folder) == {}
