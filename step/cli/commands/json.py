"""``step json``: print the definition that AWS accepts."""

from __future__ import annotations

import argparse

from step.asl.taskfn import PLACEHOLDER
from step.cli.machines import add_definition_argument, load_machine
from step.machine.files import deployer_definition

EXAMPLES = (
    "step json   # the deployer's own definition",
    "step json bread",
    "step json order.asl.json --set TableName=orders > plain.asl.json",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_definition_argument(parser, default="the deployer's own")
    parser.add_argument(
        "--function", default=PLACEHOLDER, metavar="ARN", help="the function of the TaskFn states"
    )


def run(options: argparse.Namespace) -> int:
    options.definition = options.definition or deployer_definition()
    print(load_machine(options).to_json(options.function))
    return 0
