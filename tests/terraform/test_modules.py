"""The Terraform modules: their own tests, their form, their READMEs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import hcl2
import module_docs
import pytest

ROOT = Path(__file__).parents[2]
# What has tests of Terraform's own.
TESTED = sorted(
    file.parent.parent.relative_to(ROOT).as_posix() for file in ROOT.glob("*/*/tests/*.tftest.hcl")
)
FILES = sorted([*ROOT.glob("*.tf"), *ROOT.glob("modules/*/*.tf"), *ROOT.glob("examples/*/*.tf")])


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def values(file: Path) -> dict[str, Any]:
    with file.open(encoding="utf-8") as stream:
        return {name: value for name, value in hcl2.load(stream).items() if not name.startswith("__")}


def blocks(file: Path, kind: str) -> dict[str, dict[str, Any]]:
    return {name.strip('"'): block for entry in values(file).get(kind, []) for name, block in entry.items()}


def terraform(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "scripts" / "tf"), f"-chdir={folder}", *arguments, "-no-color"]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(command, env=inherited, capture_output=True, text=True, check=False)


def run_tests(folder: Path) -> str:
    ready = terraform("init", folder=folder)
    assert ready.returncode == 0, ready.stdout + ready.stderr
    done = terraform("test", folder=folder)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.fixture(scope="module")
def module_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[str]]]:
    """What is wrong in each module; they run side by side, in a copy that may hold Terraform's files."""
    copy = tmp_path_factory.mktemp("terraform")
    for name in ("modules", "examples"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns(".terraform*"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {name: pool.submit(run_tests, copy / name) for name in TESTED}


@pytest.mark.requires_component("terraform")
@pytest.mark.parametrize("module", TESTED)
def test_module_passes_its_own_tests(module_tests: dict[str, Future[str]], module: str) -> None:
    assert module_tests[module].result() == ""


@pytest.mark.requires_component("terraform")
def test_root_stack_is_valid(tmp_path: Path) -> None:
    copy = tmp_path / "stack"
    copy.mkdir()
    for file in [*ROOT.glob("*.tf"), ROOT / ".terraform.lock.hcl"]:
        shutil.copy(file, copy)
    shutil.copytree(ROOT / "modules", copy / "modules")

    ready = terraform("init", "-backend=false", "-lockfile=readonly", folder=copy)
    valid = terraform("validate", folder=copy)

    assert (ready.returncode, ready.stderr) == (0, "")
    assert "The configuration is valid." in valid.stdout


@pytest.mark.requires_component("terraform")
def test_files_are_in_terraforms_format() -> None:
    folders = ("modules", "examples", "environments")

    at_the_top = terraform("fmt", "-check", folder=ROOT)
    below = terraform("fmt", "-check", "-recursive", *folders, folder=ROOT)

    assert at_the_top.stdout + below.stdout == "", "make format writes them"


def test_readmes_say_what_the_modules_say() -> None:
    old = [
        name_of(file)
        for file, text in module_docs.documents().items()
        if not file.exists() or file.read_text(encoding="utf-8") != text
    ]

    assert old == [], "make format writes them"


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_variables_and_outputs_are_described_and_typed(file: Path) -> None:
    variables, outputs = blocks(file, "variable"), blocks(file, "output")

    assert [name for name, block in (variables | outputs).items() if "description" not in block] == []
    assert [name for name, block in variables.items() if "any" in str(block.get("type", "any"))] == []


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_every_statement_has_a_sid_and_every_star_a_reason(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    statements = re.findall(r"statement\"? \{\n(?:.*for_each.*\n\n\s*content \{\n)?\s*(\w+)", text)
    lines = text.splitlines()
    stars = [
        number
        for number, line in enumerate(lines)
        if re.search(r"resources\s*=\s*\[.*(\"\*\"|:role/[\w-]*\*|:alarm:\*)", line)
        and "#" not in line
        and not lines[number - 1].lstrip().startswith("#")
    ]

    assert [first for first in statements if first != "sid"] == []
    assert [f"line {number + 1}" for number in stars] == []


@pytest.mark.parametrize(
    ("module", "kind"),
    [("lambda_function", "aws_lambda_function"), ("state_machine", "aws_sfn_state_machine")],
)
def test_what_the_deployer_owns_is_made_as_what_terraform_owns(module: str, kind: str) -> None:
    found = {
        name.strip('"'): {key: value for key, value in block.items() if not key.startswith("__")}
        for file in (ROOT / "modules" / module).glob("*.tf")
        for entry in values(file).get("resource", [])
        for found_kind, named in entry.items()
        if found_kind.strip('"') == kind
        for name, block in named.items()
    }
    ours, deployed = found["this"], found["deployed"]

    lifecycle = deployed.pop("lifecycle")
    counts = {ours.pop("count"), deployed.pop("count")}

    assert deployed == ours
    assert "ignore_changes" in lifecycle[0]
    assert counts == {
        "${var.create && local.is_ours ? 1 : 0}",
        "${var.create && !local.is_ours ? 1 : 0}",
    }


def test_no_module_and_no_file_has_outgrown_its_reader() -> None:
    lines = {
        folder.name: sum(len(file.read_text(encoding="utf-8").splitlines()) for file in folder.glob("*.tf"))
        for folder in (ROOT / "modules").iterdir()
        if folder.is_dir()
    }

    assert {name: count for name, count in lines.items() if count > 600} == {}


def test_environments_differ_by_values_only() -> None:
    known = set(blocks(ROOT / "variables.tf", "variable"))
    files = sorted((ROOT / "environments").glob("*.tfvars"))
    unknown = {file.name: extra for file in files if (extra := set(values(file)) - known)}
    backends = {frozenset(values(file)) for file in (ROOT / "environments").glob("*.s3.tfbackend")}

    assert unknown == {}
    assert backends == {frozenset({"bucket", "key", "region", "encrypt", "use_lockfile"})}


def test_no_module_configures_a_provider() -> None:
    assert [
        name for file in FILES if blocks(file, "provider") and (name := name_of(file)).startswith("modules")
    ] == []
