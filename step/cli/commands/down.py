"""``step down``: take a project from the local service."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from step.aws.stack import ProjectStack
from step.cli.machines import add_project_argument, parameters
from step.cli.places import add_place_arguments, aws_of
from step.projects.project import open_project

EXAMPLES = ("step down template.yaml",)
EXITS = {
    0: "nothing of it is there any more",
    2: "wrong use, or it couldn't be deleted: the message says what to do",
    130: "interrupted: the same command goes on",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_project_argument(parser)
    add_place_arguments(parser)


def run(options: argparse.Namespace) -> int:
    application = open_project(Path(options.project), parameters(options))
    ProjectStack(aws_of(options), application, lambda line: print(line, file=sys.stderr)).down()
    return 0
