"""``step stop``: abort an execution."""

from __future__ import annotations

import argparse

from step.aws.step_functions import StepFunctions
from step.cli.output import print_json
from step.cli.places import add_place_arguments, aws_of

EXAMPLES = (
    "step stop loaf-1",
    """step stop bread:loaf-1 --error Eaten --cause "the dog was faster" """.rstrip(),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("execution", metavar="EXECUTION", help="an execution's name, MACHINE:NAME, or ARN")
    parser.add_argument("--error", metavar="NAME", help="the error that the history then tells")
    parser.add_argument("--cause", metavar="TEXT", help="its cause")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    add_place_arguments(parser)


def run(options: argparse.Namespace) -> int:
    executions = StepFunctions(aws_of(options))
    arn = executions.execution_arn(options.execution)
    executions.stop(arn, options.error, options.cause)
    status = executions.describe(arn)["status"]
    if options.output == "json":
        print_json({"arn": arn, "status": status})
    else:
        print(f"{status} {arn}")
    return 0 if status == "ABORTED" else 1
