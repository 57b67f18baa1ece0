"""``step recover``: clean up after a deploy that was stopped, as the next deploy would."""

from __future__ import annotations

import argparse

from step.aws.deploys import Deploys
from step.cli.deploys import finish
from step.cli.places import add_place_arguments, aws_of

EXAMPLES = ("step recover bread__production__20260102T030405Z-1f3a9c0d",)
EXITS = {
    0: "live is what it was before that deploy, and the lock is free",
    2: "nothing was started: the message says what to do",
    10: "it failed and changed nothing",
    11: "locked: somebody deploys, or a person holds the lock",
    20: "it failed on the way; the cause lists what is wrong",
    21: "lost contact: it runs on",
    130: "Ctrl-C: it runs on",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "release", metavar="RELEASE", help="its execution's name, as `step deploy` prints it, or ARN"
    )
    parser.add_argument("--output", choices=("text", "json"), default="text")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    add_place_arguments(parser)


def run(options: argparse.Namespace) -> int:
    aws = aws_of(options)
    deploys = Deploys(aws, aws)
    return finish(
        deploys,
        lambda: deploys.recover(options.release),
        lambda _: f"Recovered: nothing is left of {options.release}, and the lock is free.",
        as_json=options.output == "json",
        is_quiet=options.quiet,
    )
