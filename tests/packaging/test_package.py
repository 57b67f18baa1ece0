"""What is in a function's zip, and that it is the same wherever it is built."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from step.errors import StepError
from step.packaging.archive import content_hash, write_zip
from step.packaging.import_check import import_seconds
from step.packaging.imports import find_needs
from step.packaging.package import (
    MOST_UNZIPPED_BYTES,
    MOST_ZIPPED_BYTES,
    Repository,
    check_limits,
    pack_functions,
)
from step.packaging.target import PackageTarget
from step.packaging.wheels import WheelHouse

ROOT = Path(__file__).parents[2]
ARM = PackageTarget.from_names("python3.13", "arm64")


def write_handler(folder: Path, text: str, name: str = "order") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.py"
    file.write_text(f"{text}\ndef handler(event, context): ...\n", encoding="utf-8")
    return file


def write_wheel(
    folder: Path,
    name: str,
    *,
    tag: str = "py3-none-any",
    files: Mapping[str, str] | None = None,
    needs: str = "",
) -> str:
    """Write a wheel; return its line of a lock."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}-1.0-{tag}.whl"
    requires = f"Requires-Dist: {needs}\n" if needs else ""
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requires}"
    contents = {f"{name}-1.0.dist-info/METADATA": metadata, **(files or {f"{name}/__init__.py": ""})}
    write_zip(file, {path: text.encode() for path, text in contents.items()})
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    lock = tmp_path / "lambda.txt"
    lock.write_text("", encoding="utf-8")
    return Repository(functions=tmp_path / "lambda", lock=lock, cache=tmp_path / "wheels", package_root=ROOT)


def build_elsewhere(folder: Path, umask: int, **environment: str) -> tuple[bytes, bytes]:
    """Pack a copy of the repository's functions in a process of its own."""
    shutil.copytree(ROOT / "lambda", folder / "lambda", ignore=shutil.ignore_patterns("__pycache__"))
    for file in folder.rglob("*.py"):
        os.utime(file, (umask, umask))
        file.chmod(0o600)
    program = "import sys; from step.cli.main import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "package", "hello", "--environment", "local"]
    subprocess.run(
        [*command, "--lock", str(ROOT / "requirements" / "lambda.txt")],
        cwd=folder,
        env={**os.environ, **environment},
        umask=umask,
        check=True,
        capture_output=True,
    )
    output = folder / "build" / "package"
    return (output / "hello.zip").read_bytes(), (output / "manifest.json").read_bytes()


def test_zip_is_the_same_bytes_in_another_folder_umask_timezone_and_hash_seed(tmp_path: Path) -> None:
    one = build_elsewhere(tmp_path / "one", 0o022, TZ="UTC", PYTHONHASHSEED="1")
    other = build_elsewhere(tmp_path / "a" / "b", 0o077, TZ="Asia/Tokyo", PYTHONHASHSEED="2")

    assert one == other


def test_content_hash_sees_names_and_contents_but_no_compression() -> None:
    whole = content_hash({"a": b"1", "b": b"2"})

    assert whole == content_hash({"b": b"2", "a": b"1"})
    assert len({whole, content_hash({"a": b"2", "b": b"1"}), content_hash({"a": b"1", "c": b"2"})}) == 3


def test_hello_holds_the_tasks_library_and_nothing_else_of_step(
    repository: Repository, tmp_path: Path
) -> None:
    here = replace(repository, functions=ROOT / "lambda")

    (package,) = pack_functions(here, PackageTarget.here(), tmp_path / "out", ["hello"])

    with zipfile.ZipFile(package.file) as archive:
        folders = {Path(name).parent.as_posix() for name in archive.namelist()}
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert folders == {".", "step", "step/tasks"}
    assert package.import_seconds is not None
    assert manifest["functions"]["hello"]["content_sha256"] == package.content_sha256
    assert manifest["functions"]["hello"]["handler"] == "hello.handlers"


def test_imports_are_followed_through_late_exports_but_not_into_type_checking(tmp_path: Path) -> None:
    handler = write_handler(
        tmp_path,
        "from typing import TYPE_CHECKING\n"
        "from step import StepError\n"
        "if TYPE_CHECKING:\n    import pandas\n"
        "def late():\n    import requests.adapters\n",
    )

    needs = find_needs(handler, ROOT)

    assert set(needs.files) == {"step/__init__.py", "step/errors.py"}
    assert set(needs.foreign) == {"requests"}


def test_imported_distribution_comes_with_what_it_needs_and_nothing_more(repository: Repository) -> None:
    lines = [
        write_wheel(repository.cache, "front", needs="back; python_version >= '3.12'"),
        write_wheel(repository.cache, "back"),
        write_wheel(repository.cache, "unused"),
    ]
    repository.lock.write_text("".join(lines), encoding="utf-8")
    write_handler(repository.functions, "import front, boto3")

    (package,) = pack_functions(repository, ARM, repository.functions.parent / "out")

    assert package.distributions == ("back==1.0", "front==1.0")
    assert package.import_seconds is None


@pytest.mark.parametrize(
    ("handler", "problem"),
    [
        (
            "import absent",
            "order.py: imports absent, which neither the Lambda runtime has nor .*lambda.txt locks",
        ),
        ("import (", "order.py:1: "),
    ],
)
def test_unpackable_handler_is_refused(repository: Repository, handler: str, problem: str) -> None:
    write_handler(repository.functions, handler)

    with pytest.raises(StepError, match=problem):
        list(pack_functions(repository, ARM, repository.functions.parent / "out"))


@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        ("py3-none-any", True),
        ("cp313-cp313-manylinux_2_28_aarch64", True),
        ("cp311-abi3-manylinux_2_17_aarch64.manylinux2014_aarch64", True),
        ("cp313-cp313-manylinux_2_17_x86_64", False),
        ("cp312-cp312-manylinux_2_17_aarch64", False),
        ("cp313-cp313-manylinux_2_39_aarch64", False),
        ("cp313-cp313-musllinux_1_2_aarch64", False),
        ("cp313-cp313-macosx_11_0_arm64", False),
    ],
)
def test_wheel_is_taken_only_where_its_tags_fit_the_target(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tag: str, fits: bool
) -> None:
    repository.lock.write_text(write_wheel(repository.cache, "front", tag=tag), encoding="utf-8")
    house = WheelHouse(repository.lock, repository.cache, ARM)
    # pip finds nothing more: no index, no folder.
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)

    if fits:
        assert [wheel.name for wheel in house.for_imports({"front": Path("order.py")}, ())] == ["front"]
    else:
        with pytest.raises(StepError, match=r"no wheels for python3\.13 on arm64"):
            house.for_imports({"front": Path("order.py")}, ())


def test_wheel_that_is_not_the_locked_one_is_not_taken(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = write_wheel(repository.cache, "front")
    write_wheel(repository.cache, "front", files={"front/__init__.py": "swapped = True"})
    repository.lock.write_text(line, encoding="utf-8")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)

    with pytest.raises(StepError, match="no wheels for"):
        WheelHouse(repository.lock, repository.cache, ARM).for_imports({"front": Path("order.py")}, ())


def test_handler_that_cannot_be_imported_is_refused_with_the_reason() -> None:
    with pytest.raises(
        StepError, match=r"order: its package can't be imported: ModuleNotFoundError: .*pytest"
    ):
        import_seconds({"order.py": b"import pytest"}, "order")


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ("size_bytes", "52,428,801 bytes zipped; .* at most 52,428,800"),
        ("unzipped_bytes", "unzipped; .* 262,144,000"),
    ],
)
def test_package_over_lambdas_limit_is_refused(repository: Repository, field: str, problem: str) -> None:
    write_handler(repository.functions, "")
    (package,) = pack_functions(repository, ARM, repository.functions.parent / "out")
    most = {"size_bytes": MOST_ZIPPED_BYTES, "unzipped_bytes": MOST_UNZIPPED_BYTES}
    at_most: dict[str, Any] = {field: most[field]}
    above: dict[str, Any] = {field: most[field] + 1}

    check_limits(replace(package, **at_most))
    with pytest.raises(StepError, match=problem):
        check_limits(replace(package, **above))


@pytest.mark.parametrize(("runtime", "architecture"), [("python3.9", "arm64"), ("python3.13", "aarch64")])
def test_unknown_target_is_refused_with_the_known_ones(runtime: str, architecture: str) -> None:
    with pytest.raises(StepError, match="expected one of"):
        PackageTarget.from_names(runtime, architecture)
