"""``step init``: every project that it makes, tried by its own commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from step.cli.main import main

KINDS = ("plain", "sam", "terraform")
FUNCTIONS = ("one", "several")
LANGUAGES = ("jsonpath", "jsonata")
ALL = [*product(KINDS, FUNCTIONS, LANGUAGES)]
ROOT = Path(__file__).resolve().parents[2]


def made(folder: Path, kind: str = "plain", functions: str = "one", language: str = "jsonpath") -> Path:
    words = ["--kind", kind, "--functions", functions, "--language", language]
    assert main(["init", str(folder), *words]) == 0
    return folder


def make(folder: Path, *words: str, **environment: str) -> str:
    """Run a target of the project's Makefile with the Python that runs the tests."""
    done = subprocess.run(
        ["make", "-s", f"PYTHON={sys.executable}", *words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.requires_component("make")
@pytest.mark.parametrize(("functions", "language"), [*product(FUNCTIONS, LANGUAGES)])
def test_its_own_commands_pass_at_once(tmp_path: Path, functions: str, language: str) -> None:
    folder = made(tmp_path / "orders", "plain", functions, language)

    tested = make(folder, "test")
    proven = make(folder, "lint", "proof", "picture")

    assert "9 passed" in tested
    assert "everything holds" in proven
    assert (folder / "build" / "order.svg").read_text().startswith("<svg")


@pytest.mark.parametrize(("kind", "functions", "language"), ALL)
def test_what_runs_is_the_same_whatever_brings_it_to_aws(
    tmp_path: Path, kind: str, functions: str, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made(tmp_path / "made", kind, functions, language)
    plain = made(tmp_path / "plain", "plain", functions, language)

    for name in ("states", "tests", "paths"):
        assert contents(folder / name) == contents(plain / name)
    code = {name: text for name, text in contents(folder / "lambda").items() if name.endswith(".py")}
    assert code == contents(plain / "lambda")
    assert "{{" not in "".join(contents(folder).values()).replace("${{{", "")
    capsys.readouterr()
    assert main(["lint", str(folder / "states")]) == 0
    assert capsys.readouterr().out == "", "advice on what it made itself"


def contents(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8")
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def test_its_definitions_differ_by_what_was_chosen_alone(tmp_path: Path) -> None:
    path = json.loads((made(tmp_path / "a") / "states/order.asl.json").read_text())
    jsonata = json.loads((made(tmp_path / "b", language="jsonata") / "states/order.asl.json").read_text())
    several = json.loads((made(tmp_path / "c", functions="several") / "states/order.asl.json").read_text())

    assert jsonata["QueryLanguage"] == "JSONata"
    assert [*path["States"]] == [*jsonata["States"]] == [*several["States"]]
    for state in several["States"].values():
        state.pop("Resource", None)
    assert several == path


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    assert main(["init", str(tmp_path)]) == 2

    assert "not empty, and nothing is overwritten" in capsys.readouterr().err
    assert contents(tmp_path) == {"notes.txt": "mine"}


def test_a_file_is_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    assert main(["init", str(tmp_path / "notes.txt")]) == 2

    assert "this is a file" in capsys.readouterr().err


def test_pinned_versions_are_those_that_were_tested(tmp_path: Path) -> None:
    lock = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")

    pins = (made(tmp_path / "orders") / "requirements.txt").read_text().split()

    [pytest_pin] = [pin for pin in pins if pin.startswith("pytest==")]
    assert f"\n{pytest_pin} " in lock


@pytest.mark.requires_component("make")
@pytest.mark.parametrize(
    ("kind", "functions", "machine"), [("plain", "several", "order"), ("sam", "one", "OrderMachine")]
)
def test_make_deploy_reaches_the_local_service(
    tmp_path: Path, service: Any, kind: str, functions: str, machine: str
) -> None:
    folder = made(tmp_path / "orders", kind, functions)

    deployed = make(folder, "deploy", f"ENDPOINT={service.endpoint}")
    started = make(folder, "start", f"ENDPOINT={service.endpoint}")

    assert f"stateMachine:{machine}" in deployed
    assert '"parcel": "parcel-o-1"' in started


@pytest.mark.requires_component("terraform")
@pytest.mark.requires_component("make")
def test_make_deploy_applies_terraform_s_modules(tmp_path: Path, service: Any) -> None:
    folder = made(tmp_path / "orders", "terraform", "several", "jsonata")
    words = (f"ENDPOINT={service.endpoint}", f"TF={ROOT / 'scripts' / 'tf'}", "MACHINE=shop:live")

    deployed = make(folder, "deploy", *words, TF_VAR_name="shop")
    started = make(folder, "start", *words)

    assert "Apply complete!" in deployed
    assert '"parcel": "parcel-o-1"' in started
