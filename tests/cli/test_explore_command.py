"""``step explore`` as a new user meets it: one's own definition, one invariant, the test that it prints."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from step.cli.main import main

DEFINITION = {
    "StartAt": "Charge",
    "States": {
        "Charge": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:charge",
            "TimeoutSeconds": 30,
            "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],
            "End": True,
        }
    },
}
CHECKS = '''
from step.paths import Moment

world = {"charged": 0}
effects = {"Charge": lambda world, given, result: world.update(charged=world["charged"] + 1)}
inputs = [{"order": 1}]


def nobody_is_charged_twice(moment: Moment) -> None:
    """Nobody is charged twice"""
    assert moment.world["charged"] < 2
'''


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder, name, text in (
        ("states", "order.asl.json", json.dumps(DEFINITION)),
        ("paths", "order.py", CHECKS),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def mend(project: Path) -> None:
    mended = json.loads(json.dumps(DEFINITION))
    del mended["States"]["Charge"]["Retry"]
    (project / "states" / "order.asl.json").write_text(json.dumps(mended), encoding="utf-8")


def pytest_status(project: Path) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_found.py"]
    return subprocess.run(command, cwd=project, capture_output=True, timeout=60, check=False).returncode


def test_what_does_not_hold_is_told_and_printed_as_a_test_that_fails(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["explore", "order", "--picture", "worst.svg"])

    told = capsys.readouterr().out
    assert status == 1
    assert "DOESN'T HOLD: Nobody is charged twice" in told
    assert "Charge fails with Unforeseen, its effect is there" in told
    assert (project / "worst.svg").read_text(encoding="utf-8").startswith("<svg")
    test = told[told.index("from step.machine.checks") :]
    (project / "test_found.py").write_text(test, encoding="utf-8")
    assert pytest_status(project) == 1
    mend(project)
    assert pytest_status(project) == 0


def test_proof_is_written_and_checked(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mend(project)

    proved = main(["explore", "order", "--certificate", "order.proof"])
    checked = main(["explore", "order", "--check", "order.proof"])

    assert (proved, checked) == (0, 0)
    assert "confirmed: " in capsys.readouterr().out


def test_json_has_the_endings(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["explore", "order", "--faults", "0", "--output", "json"])

    told = json.loads(capsys.readouterr().out)
    assert status == 0
    assert told["isClosed"]
    assert {ending["faults"] for ending in told["endings"]} == {0}


def test_an_invariant_that_breaks_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "paths" / "order.py").write_text(CHECKS.replace('"charged"]', '"gone"]'), encoding="utf-8")

    assert main(["explore", "order"]) == 2
    assert "KeyError" in capsys.readouterr().err
