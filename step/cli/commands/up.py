"""``step up``: bring a project up on the local service."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from step.aws.stack import ProjectStack
from step.cli.machines import add_project_argument, parameters, print_notes
from step.cli.places import add_place_arguments, aws_of
from step.projects.project import open_project

EXAMPLES = ("step up template.yaml", "step up . --parameter Stage=dev --endpoint http://127.0.0.1:4566")
EXITS = {
    0: "everything is there; the machines' ARNs are on stdout",
    2: "wrong use, or it couldn't be made: the message says what to do",
    130: "interrupted: the same command goes on",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_project_argument(parser)
    add_place_arguments(parser)


def run(options: argparse.Namespace) -> int:
    application = open_project(Path(options.project), parameters(options))
    print_notes(application.notes)
    stack = ProjectStack(aws_of(options), application, lambda line: print(line, file=sys.stderr))
    for arn in stack.up():
        print(arn)
    return 0
