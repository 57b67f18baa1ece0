"""Write the README.md of each Terraform module from its files: scripts/module_docs.py [--check]."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2

MODULES = Path(__file__).resolve().parent.parent / "modules"
INDEX = "README.md"
# A test applies what is in it.
USAGE = "usage/main.tf"


def module_readme(folder: Path) -> str:
    """Describe one module: its comment at the top, how it is used, what it takes, gives and makes."""
    variables = _blocks(_read(folder / "variables.tf"), "variable")
    outputs = _blocks(_read(folder / "outputs.tf"), "output")
    lines = [f"# {folder.name}", "", *_introduction(folder / "main.tf"), ""]
    lines += ["## Usage", "", "From the top of this repository:", "", "```hcl"]
    lines += [(folder / USAGE).read_text(encoding="utf-8").rstrip(), "```", ""]
    lines += ["## Inputs", "", "| name | what | type | default |", "| --- | --- | --- | --- |"]
    lines += [_input_row(name, block) for name, block in variables.items()]
    lines += ["", "## Outputs", "", "| name | what |", "| --- | --- |"]
    lines += [f"| `{name}` | {_cell(block['description'])} |" for name, block in outputs.items()]
    lines += ["", "## What it makes", "", *_made(folder), ""]
    lines += ["<!-- Written by scripts/module_docs.py; make format renews it. -->", ""]
    return "\n".join(lines)


def index(folders: list[Path]) -> str:
    """List the modules, each with its first sentence."""
    rows = [
        f"| [{folder.name}]({folder.name}) | {_introduction(folder / 'main.tf')[0]} |" for folder in folders
    ]
    head = ["# Terraform modules", "", "How they are used: [docs/terraform.md](../docs/terraform.md).", ""]
    return "\n".join([*head, "| module | what it makes |", "| --- | --- |", *rows, ""])


def documents() -> dict[Path, str]:
    """Write every README of the modules, by file."""
    folders = sorted(file.parent for file in MODULES.glob("*/main.tf"))
    return {MODULES / INDEX: index(folders)} | {folder / INDEX: module_readme(folder) for folder in folders}


def _read(file: Path) -> dict[str, Any]:
    with file.open(encoding="utf-8") as stream:
        document: dict[str, Any] = hcl2.load(stream)
    return document


def _blocks(document: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {_text(name): block for entry in document.get(kind, []) for name, block in entry.items()}


def _introduction(main: Path) -> list[str]:
    lines = main.read_text(encoding="utf-8").splitlines()
    comment: list[str] = []
    for line in lines:
        if not line.startswith("#"):
            break
        comment.append(line.removeprefix("#").strip())
    return [" ".join(comment)]


def _input_row(name: str, block: dict[str, Any]) -> str:
    kind = _cell(block["type"]).removeprefix("${").removesuffix("}")
    kind = "object" if kind.startswith("object(") else "map of objects" if "(object(" in kind else kind
    default = f"`{_default(block['default'])}`" if "default" in block else "required"
    return f"| `{name}` | {_cell(block['description'])} | {kind} | {default} |"


def _default(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _made(folder: Path) -> Iterator[str]:
    documents = [_read(file) for file in sorted(folder.glob("*.tf"))]
    for document in documents:
        for entry in document.get("module", []):
            for name, block in entry.items():
                source = Path(_text(block["source"])).name
                yield f"- `module.{_text(name)}`, of [{source}](../{source})"
    for document in documents:
        for entry in document.get("resource", []):
            for kind, named in entry.items():
                for name in named:
                    if name != "__is_block__":
                        yield f"- `{_text(kind)}.{_text(name)}`"


def _text(value: object) -> str:
    return str(value).strip('"')


def _cell(value: object) -> str:
    return _text(value).replace('\\"', '"').replace("|", "\\|")


def main() -> int:
    """Write the files, or with --check say which are out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit status 1 where a file is old"
    )
    check = parser.parse_args().check
    old = [
        file
        for file, text in documents().items()
        if not file.exists() or file.read_text(encoding="utf-8") != text
    ]
    for file in old:
        if check:
            print(f"{file}: out of date; scripts/module_docs.py writes it", file=sys.stderr)
        else:
            file.write_text(documents()[file], encoding="utf-8")
    return int(check and bool(old))


if __name__ == "__main__":
    sys.exit(main())
