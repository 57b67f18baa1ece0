"""``step init``: a project to begin with."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from step.cli.shipped import installed_version, shipped
from step.errors import StepError

EXAMPLES = (
    "step init orders",
    "step init orders --kind sam --functions several",
    "step init orders --kind terraform --language jsonata",
)
EXITS = {
    0: "the project is there; its files are on stdout",
    2: "the folder isn't empty, or can't be written: the message says what to do",
    130: "interrupted with Ctrl-C",
}
# The modules of Terraform that such a project names, and how they name what they need themselves.
_MODULES = ("lambda_function", "state_machine")
_NEEDED_MODULE = re.compile(r'source\s*=\s*"\.\./(\w+)"')
_PYTEST = "9.2.0"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "folder",
        nargs="?",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="where to; an empty folder, or none yet (default: this one)",
    )
    add(
        "--kind",
        choices=("plain", "sam", "terraform"),
        default="plain",
        help="what brings it to AWS: a SAM template, Terraform's modules, or nothing yet (default: plain)",
    )
    add(
        "--functions",
        choices=("one", "several"),
        default="one",
        help="one Lambda function for all tasks, or several (default: one)",
    )
    add(
        "--language",
        choices=("jsonpath", "jsonata"),
        default="jsonpath",
        help="the definition's query language (default: jsonpath)",
    )


def run(options: argparse.Namespace) -> int:
    folder: Path = options.folder
    if folder.exists() and not folder.is_dir():
        raise StepError(f"{folder}: this is a file; name a folder that is empty or not there yet")
    if folder.is_dir() and any(folder.iterdir()):
        raise StepError(
            f"{folder}: not empty, and nothing is overwritten; name a folder that isn't there yet"
        )
    contents = dict(_layers(options.kind, options.functions, options.language))
    for name, text in sorted(contents.items()):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        print(file)
    there = f"cd {folder} && " if folder != Path() else ""
    print(f"\nNext: {there}make test        (README.md says what else)", file=sys.stderr)
    return 0


def _layers(*choices: str) -> Iterator[tuple[str, str]]:
    """Give a project's files: those for all, then those for what was chosen, then for pairs of it."""
    values = {"version": installed_version(), "pytest": _PYTEST}
    chosen = {"all", *choices}
    layers = [
        folder for folder in shipped("templates").iterdir() if chosen.issuperset(folder.name.split("-"))
    ]
    for layer in sorted(layers, key=lambda folder: folder.name.count("-")):
        yield from _files(layer, values)
    if "terraform" in chosen:
        yield from _modules(_MODULES)


def _modules(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Give the files of modules, and of those that they need."""
    waiting, known = [*names], {*names}
    while waiting:
        name = waiting.pop()
        for path, text in _files(shipped("modules") / name, {}):
            if not path.startswith(("tests/", "usage/", ".")):
                needed = {*_NEEDED_MODULE.findall(text)} - known
                waiting, known = [*waiting, *sorted(needed)], known | needed
                yield f"infrastructure/modules/{name}/{path}", text


def _files(folder: Path, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder).as_posix()
        if file.is_file() and "__pycache__" not in path:
            text = file.read_text(encoding="utf-8")
            for name, value in values.items():
                text = text.replace(f"{{{{{name}}}}}", value)
            # A name with a dot would mean something where the template lies.
            yield path.replace("dot.", "."), text
