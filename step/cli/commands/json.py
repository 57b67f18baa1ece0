"""``step json``: print the definition that AWS accepts."""

from __future__ import annotations

import argparse

from step.asl.taskfn import PLACEHOLDER
from step.cli.machines import add_definition_argument, load_machine

HELP = "print the definition that AWS accepts: every TaskFn as a Task"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_definition_argument(parser)
    parser.add_argument(
        "--function", default=PLACEHOLDER, metavar="ARN", help="the function of the TaskFn states"
    )


def run(options: argparse.Namespace) -> int:
    print(load_machine(options).to_json(options.function))
    return 0
