"""``step rollback``: go back to an earlier version of a machine, with the code that it calls."""

from __future__ import annotations

import argparse

from step.aws.deploys import More
from step.cli.deploys import DEPLOY_EXITS, add_target_arguments, add_word, deploys_of, watch, wish_of

EXAMPLES = (
    "step rollback -step bread-local -project bread -config local",
    "step rollback -step bread-local -project bread -config local --to 7",
)
EXITS = DEPLOY_EXITS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target_arguments(parser)
    add_word(parser, "bucket", metavar="NAME", help="the release bucket (default: the deployer's)")
    parser.add_argument(
        "--to", metavar="VERSION", help="a version's number or ARN (default: the one before the live one)"
    )
    parser.add_argument(
        "--sign", metavar="KEY", help="sign the release with a key of KMS, where the deployer wants it signed"
    )
    parser.add_argument("--output", choices=("text", "json"), default="text")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")


def run(options: argparse.Namespace) -> int:
    deploys = deploys_of(options)
    goal = deploys.goal(wish_of(options))
    release = deploys.rollback(goal, options.to, More())
    deploys.upload_document(goal, release)
    if options.sign:
        deploys.sign(goal, release, options.sign)
    return watch(
        deploys,
        release,
        lambda: deploys.deploy(goal, release),
        as_json=options.output == "json",
        is_quiet=options.quiet,
    )
