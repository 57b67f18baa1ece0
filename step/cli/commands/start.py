"""``step start``: start an execution."""

from __future__ import annotations

import argparse

from step.aws.step_functions import StepFunctions
from step.cli.executions import exit_status, print_events, print_execution
from step.cli.inputs import JSON_HELP, read_json_text
from step.cli.output import print_json
from step.cli.places import add_place_arguments, aws_of
from step.view.summary import Summary

EXAMPLES = (
    "step start bread",
    """step start bread:live --input '{"flour_grams": 140}' --name loaf-1 --wait""",
    "arn=$(step start bread --input @order.json)",
)
EXITS = {
    0: "started; with --wait: and it succeeded",
    1: "with --wait: the execution didn't succeed",
    2: "wrong use, or nothing could be asked: the message says what to do",
    130: "Ctrl-C: the execution goes on",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "machine", metavar="MACHINE", help="a state machine's name, NAME:ALIAS, NAME:VERSION, or ARN"
    )
    parser.add_argument("--input", default="{}", metavar="JSON", help=f"{JSON_HELP} (default: {{}})")
    parser.add_argument("--name", help="the execution's name (default: a random one)")
    parser.add_argument("--wait", action="store_true", help="follow it until it has ended")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    parser.add_argument("--quiet", action="store_true", help="with --wait: no line for each event on stderr")
    add_place_arguments(parser)


def run(options: argparse.Namespace) -> int:
    text = read_json_text(options.input, "--input")
    executions = StepFunctions(aws_of(options))
    machine, is_json = executions.machine_arn(options.machine), options.output == "json"
    if options.wait and executions.is_express(machine):
        about = executions.run_express(machine, text, options.name)
        summary = Summary.from_description(about)
        print_execution([], summary, as_json=is_json, arn=about["executionArn"], name=about["name"])
        return exit_status(summary)
    arn = executions.start(machine, text, options.name)
    name = arn.split(":execution:")[-1].split(":")[-1]
    if not options.wait:
        if is_json:
            print_json({"arn": arn, "name": name})
        else:
            print(arn)
        return 0
    events = print_events(executions.follow(arn), is_quiet=options.quiet, is_live=True)
    summary = Summary.from_events(events)
    print_execution(events, summary, as_json=is_json, arn=arn, name=name)
    return exit_status(summary)
