"""``step policy``: print the least policy of a machine's role."""

from __future__ import annotations

import argparse
import json
import re

from step.asl.taskfn import PLACEHOLDER
from step.cli.machines import add_definition_argument, load_machine
from step.iam.needs import UNKNOWN, Home
from step.machine import StateMachine
from step.machine.role_policy import machine_needs, statements, to_json, to_terraform

EXAMPLES = (
    "step policy order.asl.json",
    "step policy order.asl.json --name order --account 123456789012 --region eu-central-1 --logging",
    "step policy order.asl.json --format terraform > policy.tf",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_definition_argument(parser)
    add = parser.add_argument
    add("--format", choices=("json", "terraform"), default="json")
    add("--name", default=UNKNOWN, help="the machine's name, for what it does to itself (default: any)")
    add(
        "--account", default=UNKNOWN, metavar="ID", help="of what the definition names without (default: any)"
    )
    add("--region", default=UNKNOWN, help="likewise (default: any)")
    add("--function", default=PLACEHOLDER, metavar="ARN", help="the function of the TaskFn states")
    add("--logging", action="store_true", help="the machine logs to CloudWatch Logs")
    add("--tracing", action="store_true", help="the machine is traced by X-Ray")


def run(options: argparse.Namespace) -> int:
    machine = StateMachine.from_json(json.loads(load_machine(options).to_json(options.function)))
    needs = machine_needs(
        machine.definition,
        Home("aws-cn" if options.region.startswith("cn-") else "aws", options.region, options.account),
        options.name,
        has_logging=options.logging,
        has_tracing=options.tracing,
    )
    listed = statements([*needs.setup, *needs.work])
    if options.format == "terraform":
        name = re.sub(r"\W+", "_", options.name if options.name != UNKNOWN else "role")
        print(to_terraform(listed, name), end="")
    else:
        print(json.dumps(to_json(listed), indent=2))
    return 0
