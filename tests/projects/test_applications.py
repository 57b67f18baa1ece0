"""Applications by the shape of what people's tools make: each is checked, run and tested by one command."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from step.cli.main import main

HERE = Path(__file__).parent / "applications"
# The application -> the machine that the commands name.
MACHINES = {
    "sam": "sam/template.yaml#StockTradingStateMachine",
    "cdk": "cdk#OrderMachine",
    "terraform": "terraform#review",
    "yaml": "yaml/states/order.asl.yaml",
}
INPUTS = {"yaml": '{"pieces": 4}', "terraform": '{"id": "7", "text": "so so"}'}
OUTPUTS = {
    "sam": '"qty": "2"',
    "cdk": '"id": "Orders1F0A2B3C-1"',
    "terraform": '{"published": "7 in dev"}',
    "yaml": "4 for 120",
}


@pytest.mark.parametrize("name", MACHINES)
def test_an_application_is_checked(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(HERE / name)]) == 0

    assert "error" not in capsys.readouterr().out


@pytest.mark.parametrize("name", MACHINES)
def test_an_application_runs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--input", INPUTS[name]] if name in INPUTS else []

    assert main(["run", str(HERE / MACHINES[name]), "--quiet", *given]) == 0

    told = capsys.readouterr().out
    assert "status  SUCCEEDED" in told
    assert OUTPUTS[name] in told


@pytest.mark.parametrize("name", MACHINES)
def test_an_application_runs_on_samples_alone(name: str) -> None:
    assert main(["run", str(HERE / MACHINES[name]), "--quiet", "--mock-all"]) == 0


def test_a_project_s_own_tests_load_its_machines(tmp_path: Path) -> None:
    folder = tmp_path / "sam"
    shutil.copytree(HERE / "sam", folder)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder)]

    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    assert "2 passed" in done.stdout, done.stdout


def test_what_is_not_run_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", str(HERE / MACHINES["sam"]), "--quiet"])

    told = capsys.readouterr().err.splitlines()
    assert "note: Record Transaction: answered with a sample: nothing is attached to it" in told
    assert any(
        line.startswith("note: no --input, so a sample of what the definition reads: {") for line in told
    )


def test_a_parameter_is_given_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", str(HERE / MACHINES["sam"]), "--quiet", "--input", '{"price": 20}', "--output", "json"]

    main([*words, "--parameter", "Stage=prod", "--parameter", "MostShares=3"])

    told = capsys.readouterr().out
    assert '"fee": "1"' in told
    assert '"qty": "3"' in told


PICKY = """
Resources:
  M:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition:
        StartAt: Ask
        States: {Ask: {Type: Task, Resource: !GetAtt F.Arn, End: true}}
  F:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Code:
        ZipFile: |
          import sys
          def handler(event, context):
              print("asked")
              return sys.exit(3) if "exit" in event else event["order"]["id"]
"""


def test_a_sample_that_functions_can_t_do_with_is_said_and_left_at_samples(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "template.yaml").write_text(PICKY)

    assert main(["run", str(tmp_path), "--quiet", "--output", "json"]) == 0

    told = capsys.readouterr()
    assert json.loads(told.out)["status"] == "SUCCEEDED"
    assert "a sample isn't what its functions expect (FAILED KeyError)" in told.err
    assert "asked" in told.err


@pytest.mark.parametrize(("given", "error"), [('{"a": 1}', "KeyError"), ('{"exit": 1}', "Runtime.ExitError")])
def test_an_input_that_is_given_is_the_functions_to_judge(
    given: str, error: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "template.yaml").write_text(PICKY)

    assert main(["run", str(tmp_path), "--quiet", "--input", given]) == 1

    assert error in capsys.readouterr().out
