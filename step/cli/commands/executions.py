"""``step executions``: a list of executions."""

from __future__ import annotations

import argparse
import os
from datetime import timedelta

from step.aws.step_functions import STATUSES, Listed, StepFunctions
from step.cli.output import print_json, print_table
from step.cli.places import add_place_arguments, aws_of
from step.errors import StepError
from step.view.text import human_duration

EXAMPLES = (
    "step executions",
    "step executions bread --status FAILED --limit 5",
    "step executions --search order-4711",
    "step executions bread --output json | jq -r '.[].arn'",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "machine",
        nargs="?",
        metavar="MACHINE",
        help="a state machine's name or ARN, or a Map Run's ARN (default: all machines)",
    )
    parser.add_argument(
        "--search",
        metavar="TEXT",
        help="only those with it in name, input or end: of all that the local service has",
    )
    parser.add_argument(
        "--token", metavar="TEXT", help="what the service wants to be shown (default: STEP_TOKEN)"
    )
    parser.add_argument("--status", choices=STATUSES, help="only those with this status")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="at most so many (default: 20)")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    add_place_arguments(parser)


def run(options: argparse.Namespace) -> int:
    if options.limit < 1:
        raise StepError(f"--limit {options.limit}: expected 1 or more")
    listed = _searched(options) if options.search else _listed(options)
    if options.output == "json":
        print_json([_document(one) for one in listed])
        return 0
    print_table(("started", "took", "status", "machine", "execution"), [_row(one) for one in listed])
    for one in listed:
        if one.note:
            print(f"suspended: {one.note}")
    return 0


def _listed(options: argparse.Namespace) -> list[Listed]:
    return StepFunctions(aws_of(options)).executions(options.machine, options.status, options.limit)


def _searched(options: argparse.Namespace) -> list[Listed]:
    from step.local.store_client import ask

    aws = aws_of(options)
    endpoint = aws.endpoint or os.environ.get("AWS_ENDPOINT_URL")
    if not aws.is_local or endpoint is None:
        raise StepError("--search: only the local service looks through its executions; AWS has no such call")
    asked = {"text": options.search, "limit": str(options.limit)}
    if options.machine:
        asked["machine"] = StepFunctions(aws).machine_arn(options.machine)
    if options.status:
        asked["status"] = options.status
    return [Listed.from_api(row) for row in ask(endpoint, "search", asked, options.token)["executions"]]


def _document(one: Listed) -> dict[str, object]:
    return {
        "arn": one.arn,
        "name": one.name,
        "machine": one.machine,
        "status": one.status,
        "started": one.started,
        "stopped": one.stopped,
        "redrives": one.redrives,
        "note": one.note,
    }


def _row(one: Listed) -> tuple[str, ...]:
    took = one.stopped - one.started if one.stopped else timedelta()
    note = " (suspended)" if one.note else ""
    redriven = f" (redriven {one.redrives}×)" if one.redrives else ""
    return (
        f"{one.started.astimezone():%Y-%m-%d %H:%M:%S}",
        human_duration(took.total_seconds()) if one.stopped else "",
        one.status + note + redriven,
        one.machine,
        one.name,
    )
