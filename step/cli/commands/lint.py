"""``step lint``: every problem of definitions, and advice."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from step.cli.annotations import sarif, workflow_commands
from step.cli.machines import (
    add_definition_argument,
    add_handlers_argument,
    parameters,
    print_notes,
    substitutions,
)
from step.cli.output import diagnostic_rows, print_json, print_rows
from step.cli.shipped import installed_version
from step.machine.advice import lint
from step.machine.files import definition_file, handlers_file, load_handlers
from step.projects.application import ProjectMachine
from step.projects.project import find_projects, open_project, split_name

EXAMPLES = (
    "step lint bread",
    "step lint order.asl.json --set TableName=orders --output json",
    "step lint states template.yaml cdk.out",
    "step lint states --output sarif > lint.sarif",
)
EXITS = {
    0: "AWS would accept it; there may be advice",
    1: "AWS would refuse it",
    2: "wrong use: the message says what to do",
    130: "interrupted with Ctrl-C",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_definition_argument(parser, are_many=True)
    add_handlers_argument(parser)
    parser.add_argument(
        "--type",
        type=str.upper,
        choices=("STANDARD", "EXPRESS"),
        help="what the machine is to be: an Express one may not have everything (default: what the project "
        "says, else STANDARD)",
    )
    parser.add_argument(
        "--output",
        choices=("text", "json", "sarif", "github"),
        default="text",
        help="sarif: for code scanning; github: notes at the lines of a pull request (default: text)",
    )


def run(options: argparse.Namespace) -> int:
    rows: list[dict[str, Any]] = []
    for definition in options.definition:
        for machine in _machines(definition, options):
            handlers = handlers_file(machine.file, options.handlers)
            loaded = load_handlers(handlers) if handlers else None
            diagnostics = lint(machine.source, loaded, options.type or machine.type)
            rows += diagnostic_rows(diagnostics, str(machine.file))
    match options.output:
        case "json":
            print_json(rows)
        case "sarif":
            print_json(sarif(rows, installed_version()))
        case "github":
            for line in workflow_commands(rows):
                print(line)
        case _:
            print_rows(rows, sys.stdout)
    return 1 if any(row["severity"] == "ERROR" for row in rows) else 0


def _machines(definition: str, options: argparse.Namespace) -> Iterator[ProjectMachine]:
    file, name = split_name(str(definition_file(definition)))
    for path in find_projects(Path(file)):
        application = open_project(path, parameters(options), substitutions(options))
        print_notes(application.notes)
        yield from [application.machine(name)] if name else application.machines
