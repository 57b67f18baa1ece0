"""What a clone promises before any code runs: locks, targets, package, no trace of one machine."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from email import message_from_string
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PINNED = re.compile(
    r"(?P<name>[\w.-]+)(\[[\w,]+\])?==(?P<version>\S+)( ; .+?)?( --hash=sha256:[0-9a-f]{64})+"
)


def run(*command: str, cwd: Path = ROOT) -> str:
    finished = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def locked(lock: Path) -> list[str]:
    """One line for each requirement of a lock, without its comments."""
    lines = [
        line for line in lock.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")
    ]
    return [" ".join(line.split()) for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_lock_pins_every_requirement_with_hashes_and_names_no_index(lock: Path) -> None:
    assert [line for line in locked(lock) if not PINNED.fullmatch(line)] == []
    assert "://" not in lock.read_text(encoding="utf-8")


def test_lock_holds_what_the_project_asks_for() -> None:
    matches = [PINNED.fullmatch(line) for line in locked(ROOT / "requirements" / "dev.txt")]
    versions = {canonicalize_name(match["name"]): match["version"] for match in matches if match}
    extras = PROJECT["project"]["optional-dependencies"]
    asked = [*PROJECT["dependency-groups"]["dev"], *(text for extra in extras.values() for text in extra)]

    missing = [
        str(wanted)
        for wanted in map(Requirement, asked)
        if versions.get(canonicalize_name(wanted.name), "") not in wanted.specifier
    ]

    assert missing == []


def test_setup_takes_the_python_versions_that_the_package_names() -> None:
    named = [text.rpartition(".")[2] for text in PROJECT["project"]["classifiers"] if ":: 3." in text]
    script = (ROOT / "scripts" / "setup").read_text(encoding="utf-8")

    assert f"oldest={named[0]} newest={named[-1]}\n" in script
    assert PROJECT["project"]["requires-python"] == f">=3.{named[0]}"


@pytest.mark.requires_component("make")
def test_make_help_lists_every_target() -> None:
    declared = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert declared

    listed = {line.split()[1]: line.split()[2:] for line in run("make", "-s", "help").splitlines()}

    assert sorted(listed) == sorted(declared[1].split())
    assert [target for target, description in listed.items() if not description] == []


@pytest.mark.requires_component("git")
def test_files_hold_no_path_of_one_machine() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone: there is no list of the project's files")
    names = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    home = re.compile(rb"(?<![\w.~:/})-])/(?:home|root|Users|work)/\w")

    found = [name for name in names if (ROOT / name).is_file() and home.search((ROOT / name).read_bytes())]

    assert found == []


def built(folder: Path, **environment: str) -> dict[str, Path]:
    """Wheel and sdist as a release makes them: the wheel from the sdist, without the network."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    run("env", *(f"{name}={value}" for name, value in environment.items()), *command)
    return {file.suffix: file for file in folder.iterdir()}


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return built(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def wheel(dist: dict[str, Path]) -> Path:
    return dist[".whl"]


def test_wheel_and_sdist_are_the_same_wherever_they_are_built(dist: dict[str, Path], tmp_path: Path) -> None:
    again = built(tmp_path, TZ="Asia/Tokyo", LC_ALL="C", HOME=str(tmp_path.parent))

    assert {kind: file.read_bytes() for kind, file in again.items()} == {
        kind: file.read_bytes() for kind, file in dist.items()
    }


@pytest.mark.requires_component("git")
def test_sdist_has_every_file_of_the_project(dist: dict[str, Path]) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone: there is no list of the project's files")
    with tarfile.open(dist[".gz"]) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")

    assert packed - {"PKG-INFO"} == {name for name in listed if (ROOT / name).is_file()}


def test_wheel_has_types_license_and_no_dependency(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        required = message_from_string(archive.read(metadata).decode()).get_all("Requires-Dist", [])

    assert "step/py.typed" in names
    assert "step/deployer/deployer.asl.json" in names
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"step"}
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert [text for text in required if "extra ==" not in text] == []


def test_wheel_runs_without_any_other_package(wheel: Path, tmp_path: Path) -> None:
    exports = (
        "import sys; sys.path.insert(0, sys.argv[1]); import step; [getattr(step, n) for n in step.__all__]"
    )

    run(sys.executable, "-I", "-S", "-W", "error", "-c", exports, str(wheel), cwd=tmp_path)

    # Unpacked as an installer does it: its commands say which extra they lack.
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    started = (
        "import sys; sys.path.insert(0, sys.argv[1]); from step.cli.main import main\n"
        "sys.exit([main(['json']), main(['start', 'bread']), main(['demo', '--no-open'])] != [0, 3, 0])"
    )
    run(sys.executable, "-I", "-S", "-W", "error", "-c", started, str(tmp_path / "installed"), cwd=tmp_path)


def test_installed_wheel_bakes_the_bread_by_each_of_its_commands(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", symlinks=True)
    binaries = tmp_path / "venv" / "bin"
    run(*(sys.executable, "-m", "pip", "--python", str(binaries / "python"), "install", "-q"), str(wheel))

    told = run(str(binaries / "slowcode"), "demo", "--no-open", "--report", "loaf.html", cwd=tmp_path)
    again = run(str(binaries / "python"), "-m", "step", "demo", "--no-open", cwd=tmp_path)

    page = (tmp_path / "loaf.html").read_text(encoding="utf-8")
    assert "RemoveCoolEat" in page
    assert re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page) == []
    assert told.count("yes, on every path") == 3
    assert "slowcode init my-project" in told
    assert "step init my-project" in again
    helped = run(str(binaries / "slowcode"), "demo", "--help", cwd=tmp_path)
    assert "usage: slowcode demo" in helped
    assert "  slowcode demo --no-open" in helped


@pytest.mark.requires_component("terraform")
def test_terraform_files_are_formatted() -> None:
    run("scripts/tf", "fmt", "-check", "-recursive", "-diff")
