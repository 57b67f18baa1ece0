"""``step send``: answer a task by its token."""

from __future__ import annotations

import argparse

from step.aws.step_functions import StepFunctions
from step.cli.inputs import JSON_HELP, read_json_text, read_text
from step.cli.places import add_place_arguments, aws_of
from step.errors import StepError

EXAMPLES = (
    """step send "$token" --success '{"approved": true}'""",
    """step send "$token" --failure Refused "the budget is spent" """.rstrip(),
    """step send "$token" --heartbeat""",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("token", metavar="TOKEN", help="the task's token: text, @FILE, or - for stdin")
    answer = parser.add_mutually_exclusive_group(required=True)
    answer.add_argument("--success", metavar="JSON", help=f"the task's result: {JSON_HELP}")
    answer.add_argument("--failure", nargs=2, metavar=("ERROR", "CAUSE"), help="the task has failed")
    answer.add_argument("--heartbeat", action="store_true", help="the task is alive")
    add_place_arguments(parser)


def run(options: argparse.Namespace) -> int:
    if options.token == "-" == options.success:
        raise StepError("TOKEN and --success: only one of them can be stdin")
    token = read_text(options.token).strip()
    executions = StepFunctions(aws_of(options))
    if options.heartbeat:
        executions.beat(token)
    elif options.failure:
        executions.fail(token, *options.failure)
    else:
        executions.succeed(token, read_json_text(options.success, "--success"))
    return 0
