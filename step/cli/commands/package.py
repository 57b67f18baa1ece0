"""``step package``: the zip of each function in ``lambda/``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import step
from step.errors import StepError
from step.packaging.target import ARCHITECTURES, RUNTIMES, PackageTarget

if TYPE_CHECKING:
    from step.packaging.package import Package

EXAMPLES = (
    "step package --environment local",
    "step package bread --runtime python3.13 --architecture arm64",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="functions to pack (default: all)")
    parser.add_argument("--runtime", default="python3.13", help=f"one of {', '.join(RUNTIMES)}")
    parser.add_argument("--architecture", default="x86_64", help=f"one of {', '.join(ARCHITECTURES)}")
    parser.add_argument(
        "--environment", metavar="NAME", help="local packs for this machine's interpreter and platform"
    )
    parser.add_argument("--output", type=Path, default=Path("build/package"), metavar="FOLDER")
    parser.add_argument("--functions", type=Path, default=Path("lambda"), metavar="FOLDER")
    parser.add_argument("--lock", type=Path, default=Path("requirements/lambda.txt"), metavar="FILE")


def run(options: argparse.Namespace) -> int:
    from step.packaging.package import MANIFEST, Repository, pack_functions

    target = (
        PackageTarget.here()
        if options.environment == "local"
        else PackageTarget.from_names(options.runtime, options.architecture)
    )
    repository = Repository(
        functions=options.functions,
        lock=options.lock,
        cache=Path("build/wheels"),
        package_root=_package_root(),
    )
    print(f"for {target}")
    for package in pack_functions(repository, target, options.output, options.names):
        print(_line(package))
    print(f"manifest {options.output / MANIFEST}")
    return 0


def _package_root() -> Path:
    file = step.__file__
    if file is None:
        raise StepError("step is not in a folder, so no part of it can be packed")
    return Path(file).resolve().parent.parent


def _line(package: Package) -> str:
    seconds = package.import_seconds
    imported = "not import-tested" if seconds is None else f"imported in {seconds * 1000:.0f} ms"
    brings = f", with {', '.join(package.distributions)}" if package.distributions else ""
    sizes = f"{package.size_bytes / 1024:.0f} KiB, {package.unzipped_bytes / 1024:.0f} KiB unzipped"
    return f"{package.file}  {sizes}, {imported}{brings}  {package.content_sha256[:12]}"
