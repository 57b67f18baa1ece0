"""``step lint --output sarif`` and ``github``: what code scanning and pull requests are told."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

from step.asl.rules.codes import CODES
from step.cli.annotations import sarif, workflow_commands
from step.cli.catalog import COMMANDS
from step.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
BROKEN = """{
  "StartAt": "A",
  "States": {
    "A": { "Type": "Task", "Resource": "${arn}", "Next": "Bee" },
    "B": { "Type": "Succeed" }
  }
}
"""


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "order.asl.json").write_text(BROKEN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return "order.asl.json"


def test_sarif_fits_its_schema_and_tells_each_problem_with_its_line(
    broken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["lint", broken, "--output", "sarif"])

    text = capsys.readouterr().out
    # The model is generated from SARIF's schema, and forbids what that forbids.
    Sarif.model_validate_json(text)
    [run] = json.loads(text)["runs"]
    told = {(result["ruleId"], result["level"], line_of(result)) for result in run["results"]}
    assert status == 1
    assert told == {("MISSING_TRANSITION_TARGET", "error", 4), ("MISSING_TRANSITION_TARGET", "error", 5)}
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])


def line_of(result: dict[str, Any]) -> int:
    place: dict[str, Any] = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "order.asl.json"
    return int(place["region"]["startLine"])


def row(code: str, **more: object) -> dict[str, Any]:
    told = {
        "file": "a.json",
        "severity": CODES[code].severity,
        "code": code,
        "message": "m",
        "location": None,
    }
    return {**told, "line": 0, **more}


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_a_rule_of_sarif(code: str) -> None:
    Sarif.model_validate(sarif([row(code)], "1.0"))


def test_no_problem_is_a_log_without_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "fine.asl.json"
    file.write_text('{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}', encoding="utf-8")

    assert main(["lint", str(file), "--output", "sarif"]) == 0

    text = capsys.readouterr().out
    Sarif.model_validate_json(text)
    assert json.loads(text)["runs"][0]["results"] == []


def test_github_hears_a_command_for_each_problem(broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", broken, "--output", "github"]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert all(
        re.match(r"::(error|warning) file=order\.asl\.json,line=\d+,title=\w+::/", line) for line in lines
    )
    assert any(line.startswith("::error file=order.asl.json,line=4,title=MISSING_") for line in lines)


def test_what_would_end_a_command_is_escaped() -> None:
    [line] = workflow_commands([row("NO_PATH", file="a,b:c.json", message="50 %\nof", location="/States/A")])

    assert line == "::warning file=a%2Cb%3Ac.json,title=NO_PATH::/States/A: 50 %25%0Aof"


def test_the_pre_commit_hook_lints_definitions_with_a_command_of_the_wheel() -> None:
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    command, word = hook["entry"].split()
    assert command in project["scripts"]
    assert word in COMMANDS
    assert re.search(hook["files"], "states/bread.asl.json")
    assert re.search(hook["files"], "bread.asl.yml")
    assert not re.search(hook["files"], "package.json")
    assert {*hook["additional_dependencies"]} <= {*project["optional-dependencies"]["projects"]}
