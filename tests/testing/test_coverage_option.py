"""pytest --step-cov: gathered over processes and runs, and a share that fails the run."""

from __future__ import annotations

import json

import pytest

pytest_plugins = ["pytester"]

MACHINE = {
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
TESTS = """
import pytest
from step import StateMachine

@pytest.mark.parametrize("n", [{}])
def test_ways(n):
    assert StateMachine.from_file("states/which.asl.json").execute({{"n": n}}).status == "SUCCEEDED"

def test_a_machine_whose_file_the_test_reads():
    import json, pathlib
    text = pathlib.Path("states/read.asl.json").read_text()
    assert StateMachine.from_json(json.loads(text)).execute().status == "SUCCEEDED"

def test_a_machine_without_a_file():
    document = {{"StartAt": "A", "States": {{"A": {{"Type": "Pass", "End": True}}}}}}
    StateMachine.from_json(document, name="inline").execute()
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    (pytester.path / "states").mkdir()
    for name in ("which", "never"):
        (pytester.path / "states" / f"{name}.asl.json").write_text(json.dumps(MACHINE), encoding="utf-8")
    (pytester.path / "states" / "broken.asl.json").write_text("{}", encoding="utf-8")
    only = {"StartAt": "Only", "States": {"Only": {"Type": "Succeed"}}}
    (pytester.path / "states" / "read.asl.json").write_text(json.dumps(only), encoding="utf-8")
    pytester.makepyfile(test_one=TESTS.format("1"), test_two=TESTS.format("2, 3"))
    return pytester


@pytest.mark.parametrize("processes", [[], ["-n2", "--dist=loadfile"]])
def test_the_tables_tell_what_all_processes_took(project: pytest.Pytester, processes: list[str]) -> None:
    result = project.runpytest_subprocess("--step-cov", "-p", "no:randomly", *processes)

    result.assert_outcomes(passed=7)
    result.stdout.fnmatch_lines(
        [
            "*step coverage*",
            "states/never.asl.json *0  *0/3 *0/2 *0/2 *0%",
            "states/read.asl.json *2 *1/1 * 100%",
            "states/which.asl.json *3  *3/3 *2/2 *2/2 *100%",
            "all *53%",
        ]
    )
    assert "inline" not in result.stdout.str()


def test_what_is_meant_can_be_named(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess(
        "--step-cov=states/which.asl.json",
        "--step-cov=inline",
        "--step-cov-report=term-missing",
        "test_two.py",
    )

    result.stdout.fnmatch_lines(["inline * 100%", "states/which.asl.json * 57%", "*Which?: $.n = 1 → One"])
    assert "never" not in result.stdout.str()


def test_too_little_fails_the_run(project: pytest.Pytester) -> None:
    enough = project.runpytest_subprocess("--step-cov=which", "--step-cov-fail-under=50", "test_two.py")
    too_little = project.runpytest_subprocess("--step-cov=which", "--step-cov-fail-under=60", "test_two.py")

    assert enough.ret == pytest.ExitCode.OK
    assert too_little.ret == pytest.ExitCode.TESTS_FAILED
    too_little.stdout.fnmatch_lines(["step coverage: 57.14% is less than the 60% that were asked for"])


def test_runs_are_added_up_in_a_file(project: pytest.Pytester) -> None:
    arguments = ("--step-cov=which", "--step-cov-data=build/cov.json")
    project.runpytest_subprocess(*arguments, "test_one.py")

    result = project.runpytest_subprocess(*arguments, "--step-cov-report=lcov:build/cov.lcov", "test_two.py")

    result.stdout.fnmatch_lines(["wrote *build/cov.lcov"])
    text = (project.path / "build" / "cov.lcov").read_text(encoding="utf-8")
    assert "SF:states/which.asl.json" in text
    assert "FNDA:1,One" in text
    assert "FNDA:2,Other" in text
    result = project.runpytest_subprocess(*arguments, "test_two.py")
    result.stdout.fnmatch_lines(["states/which.asl.json * 5 * 100%"])


def test_data_that_is_none_is_refused(project: pytest.Pytester) -> None:
    (project.path / "cov.json").write_text("[]", encoding="utf-8")

    result = project.runpytest_subprocess("--step-cov", "--step-cov-data=cov.json", "test_one.py")

    assert result.ret != pytest.ExitCode.OK
    assert "--step-cov-data" in result.stdout.str() + result.stderr.str()
