"""``step record`` against the local service: cases in the form that ``make conformance`` scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

import pytest

from step.aws.connection import Aws, AwsPlace
from step.aws.step_functions import StepFunctions
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


def test_histories_are_taken_and_scrubbed_and_replay(
    service: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ("--endpoint", service.endpoint, "--region", "us-east-1")
    document = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Parameters": {"who.$": "$.who", "by.$": "$$.StateMachine.Id"}, "End": True}
        },
    }
    aws = Aws(AwsPlace(endpoint=service.endpoint, region="us-east-1", profile=None))
    created = aws.call(
        "stepfunctions",
        "create_state_machine",
        name="taken",
        definition=json.dumps(document),
        roleArn=ROLE,
    )
    executions = StepFunctions(aws)
    for number in range(3):
        who = {"name": "Ann", "password": f"p{number}", "email": "ann@example.com"}
        arn = executions.start(created["stateMachineArn"], json.dumps({"who": who}), f"run-{number}")
        list(executions.follow(arn))
    out = tmp_path / "histories"

    assert (
        main(["record", "--from", "taken", "--newest", "2", "--redact", "mail", "--out", str(out), *place])
        == 0
    )

    assert "2 histories" in capsys.readouterr().err
    texts = [file.read_text(encoding="utf-8") for file in sorted(out.glob("*.json"))]
    assert len(texts) == 2
    assert not any(word in text for text in texts for word in ("123456789012", "p1", "p2", "ann@", "2109"))
    assert all("redacted" in text and "Ann" in text for text in texts)
    definition = tmp_path / "taken.asl.json"
    definition.write_text(json.dumps(document), encoding="utf-8")
    assert main(["replay", str(definition), str(out)]) == 0


def test_what_is_to_be_recorded_must_be_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", "--out", str(tmp_path)]) == 2
    assert main(["record", str(tmp_path), "--from", "bread", "--out", str(tmp_path)]) == 2

    told = capsys.readouterr().err
    assert "give --from MACHINE" in told
    assert "give one of them" in told
