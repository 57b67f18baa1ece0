"""``step redrive``: go on with an execution that failed."""

from __future__ import annotations

import argparse

from step.aws.step_functions import StepFunctions
from step.cli.executions import exit_status, print_events, print_execution
from step.cli.output import print_json
from step.cli.places import add_place_arguments, aws_of
from step.view.summary import Summary

EXAMPLES = ("step redrive loaf-1", "step redrive bread:loaf-1 --wait")
EXITS = {
    0: "it runs again; with --wait: and it succeeded",
    1: "with --wait: the execution didn't succeed",
    2: "wrong use, or nothing could be asked: the message says what to do",
    130: "Ctrl-C: the execution goes on",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("execution", metavar="EXECUTION", help="an execution's name, MACHINE:NAME, or ARN")
    parser.add_argument("--wait", action="store_true", help="follow it until it has ended")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    parser.add_argument("--quiet", action="store_true", help="with --wait: no line for each event on stderr")
    add_place_arguments(parser)


def run(options: argparse.Namespace) -> int:
    executions = StepFunctions(aws_of(options))
    arn = executions.execution_arn(options.execution)
    executions.redrive(arn)
    is_json = options.output == "json"
    name = arn.split(":")[-1]
    if not options.wait:
        if is_json:
            print_json({"arn": arn, "name": name, "status": executions.describe(arn)["status"]})
        else:
            print(arn)
        return 0
    events = print_events(executions.follow(arn), is_quiet=options.quiet, is_live=True)
    summary = Summary.from_events(events)
    print_execution(events, summary, as_json=is_json, arn=arn, name=name)
    return exit_status(summary)
