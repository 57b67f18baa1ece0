"""step coverage: what recorded executions used of a machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from step import StateMachine
from step.cli.main import main
from step.machine.report import plain_event

MACHINE: Any = {
    "StartAt": "Which?",
    "States": {
        "Which?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "One"}],
            "Default": "Other",
        },
        "One": {"Type": "Pass", "End": True},
        "Other": {"Type": "Pass", "End": True},
    },
}


@pytest.fixture
def places(tmp_path: Path) -> tuple[str, str]:
    definition = tmp_path / "which.asl.json"
    definition.write_text(json.dumps(MACHINE, indent=1), encoding="utf-8")
    machine = StateMachine.from_file(definition)
    folder = tmp_path / "histories" / "monday"
    folder.mkdir(parents=True)
    for number, value in enumerate((1, 1, 1)):
        events = [plain_event(event) for event in machine.execute({"n": value}).history]
        document: Any = {"events": events[::-1]} if number else events
        (folder / f"{number}.json").write_text(json.dumps(document), encoding="utf-8")
    return str(definition), str(tmp_path / "histories")


def test_a_folder_of_histories_is_counted(
    places: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["coverage", *places, "--missing"]) == 0

    told = capsys.readouterr().out
    assert "which.asl.json     3     2/3          1/2      1/2" in told
    assert "default → Other" in told


def test_less_than_asked_for_is_status_1_and_reports_are_written(
    places: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = f"cobertura:{tmp_path / 'cov.xml'}"

    assert main(["coverage", *places, "--fail-under", "58", "--report", report, "--output", "json"]) == 1

    assert json.loads(capsys.readouterr().out)["machines"][0]["percent"] == 57.14
    assert (tmp_path / "cov.xml").exists()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("{}", "no history"), ("[]", "no history"), ("{", "not JSON"), ('[{"type": 1}]', "no history")],
)
def test_what_is_no_history_is_refused(
    places: tuple[str, str], tmp_path: Path, text: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text(text, encoding="utf-8")

    assert main(["coverage", places[0], str(wrong)]) == 2

    assert complaint in capsys.readouterr().err


def test_wrong_use_is_told(
    places: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["coverage", places[0], str(tmp_path / "nowhere")]) == 2
    assert main(["coverage", *places, "--report", "clover:x"]) == 2
    with pytest.raises(SystemExit):
        main(["coverage", *places, "--fail-under", "101"])

    told = capsys.readouterr().err
    assert "no such file or folder" in told
    assert "expected FORM:PLACE" in told
    assert "expected a number from 0 to 100" in told
