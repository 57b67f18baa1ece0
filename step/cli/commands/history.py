"""``step history``: what happened in an execution."""

from __future__ import annotations

import argparse
import json

from step.asl.parse import parse
from step.aws.step_functions import StepFunctions
from step.cli.executions import (
    add_drawing_arguments,
    draw_execution,
    exit_status,
    print_events,
    print_execution,
)
from step.cli.places import add_place_arguments, aws_of
from step.view.summary import Summary

EXAMPLES = (
    "step history loaf-1 --follow",
    "step history bread:loaf-1 --output json > execution.json",
    "step history bread:loaf-1 --quiet --picture loaf.svg --report loaf.html",
)
EXITS = {
    0: "the history was printed; with --follow: and the execution succeeded",
    1: "with --follow: the execution didn't succeed",
    2: "wrong use, or nothing could be asked: the message says what to do",
    130: "Ctrl-C: the execution goes on",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("execution", metavar="EXECUTION", help="an execution's name, MACHINE:NAME, or ARN")
    parser.add_argument("--follow", action="store_true", help="print events as they come, until it has ended")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    add_drawing_arguments(parser)
    parser.add_argument("--quiet", action="store_true", help="no line for each event on stderr")
    add_place_arguments(parser)


def run(options: argparse.Namespace) -> int:
    executions = StepFunctions(aws_of(options))
    arn = executions.execution_arn(options.execution)
    events = print_events(
        executions.follow(arn) if options.follow else executions.events(arn),
        is_quiet=options.quiet,
        is_live=options.follow,
    )
    summary = Summary.from_events(events)
    *_, machine, name = arn.split(":")
    lines = []
    if options.picture or options.report:
        definition = parse(json.loads(executions.definition(arn)))
        lines = draw_execution(options, definition, events, name, machine)
    is_json = options.output == "json"
    print_execution(events, summary, as_json=is_json, arn=arn, name=name)
    if not is_json:
        print("\n".join(lines), end="\n" if lines else "")
    return exit_status(summary) if options.follow else 0
