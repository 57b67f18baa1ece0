"""Every command where nothing but step and the standard library is installed, and what the extras bring."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from step.cli import catalog
from step.cli.catalog import COMMANDS, MISSING_EXTRA, exits, extra_of
from step.errors import MissingExtra

ROOT = Path(__file__).resolve().parents[2]
# Runs every command's examples and its help in one process; no site-packages are there.
RUN = """
import contextlib, io, json, shlex, sys
sys.path.insert(0, sys.argv[1])
from step.cli.catalog import COMMANDS, load
from step.cli.main import main

def run(words):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(words)
        except SystemExit as end:
            status = end.code
    return [words, status, err.getvalue()]

def lines(name):
    for example in load(name).EXAMPLES:
        for line in example.removeprefix("arn=$(").split(";"):
            words = shlex.split(line.replace(")", "") if "arn=$(" in example else line, comments=True)
            if words[:2] == ["step", name]:
                ends = [words.index(end) for end in (">", "|") if end in words]
                yield words[1 : min(ends, default=None)]

told = {name: [run([name, "--help"]), *map(run, lines(name))] for name in COMMANDS}
told["run"].append(run(["run", "query.asl.json", "--input", '{"a": [1, 2]}', "--quiet"]))
told["lint"].append(run(["lint", "broken.asl.json"]))
print(json.dumps(told))
"""
# Where what is imported isn't called as what is installed.
DISTRIBUTIONS = {"yaml": "pyyaml", "hcl2": "python_hcl2"}
QUERY = {
    "QueryLanguage": "JSONata",
    "StartAt": "Sum",
    "States": {"Sum": {"Type": "Pass", "Output": "{% $sum($states.input.a) + 1 %}", "End": True}},
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[list[str], int, str]]]:
    folder = tmp_path_factory.mktemp("base")
    for name in ("states/bread.asl.json", "lambda/bread.py"):
        (folder / name).parent.mkdir()
        shutil.copy(ROOT / name, folder / name)
    (folder / "query.asl.json").write_text(json.dumps(QUERY))
    (folder / "broken.asl.json").write_text(json.dumps(QUERY).replace("+ 1", "+"))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", RUN, str(ROOT)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, list[tuple[list[str], int, str]]] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_without_its_extra_says_so_in_one_line(
    name: str, told: dict[str, list[tuple[list[str], int, str]]]
) -> None:
    (_, helped, _), *ran = told[name]
    extra = extra_of(name)

    assert helped == 0
    assert ran
    for words, status, error in ran:
        assert status in exits(name), (words, error)
        if extra is not None:
            assert status == MISSING_EXTRA, (words, error)
            assert f"pip install 'slowcode[{extra}]'" in error
        if status == MISSING_EXTRA:
            assert re.fullmatch(r"step \S+: .* needs \S+, which isn't installed: pip install '\S+'\n", error)


def test_the_base_wheel_runs_jsonata_and_finds_what_is_wrong_in_it(
    told: dict[str, list[tuple[list[str], int, str]]],
) -> None:
    (_, status, error), (_, linted, _) = told["run"][-1], told["lint"][-1]

    assert (status, error) == (0, "")
    assert linted == 1


def test_what_the_catalogue_says_of_extras_is_what_they_have() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    for extra, packages in catalog.EXTRAS.items():
        names = {
            re.split(r"[^\w-]", text)[0].replace("-", "_") for text in project["optional-dependencies"][extra]
        }
        assert {DISTRIBUTIONS.get(package, package) for package in packages} <= names


def test_a_missing_module_is_its_extra_s_or_nobody_s() -> None:
    def told(name: str, module: str | None) -> str | None:
        found = catalog.missing_extra(name, module)
        return found.extra if isinstance(found, MissingExtra) else None

    assert told("start", "botocore.exceptions") == "aws"
    assert told("serve", "boto3") == "local"
    assert told("plan", "boto3") == "deploy"
    assert told("package", "packaging.version") == "deploy"
    assert told("run", "somebody_s") is None
    assert told("run", None) is None
