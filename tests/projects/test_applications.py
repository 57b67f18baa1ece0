"""Applications by the shape of what people's tools make: each is checked, run and tested by one command."""

from __future__ import annotations

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
