"""``step releases``: what was deployed, and what became of it."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from step.cli.deploys import add_target_arguments, add_word, deploys_of, wish_of
from step.cli.output import print_json, print_table
from step.errors import StepError

EXAMPLES = ("step releases -step bread-local", "step releases -step bread-local --limit 1 --output json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target_arguments(parser)
    add_word(parser, "bucket", metavar="NAME", help="the release bucket (default: the deployer's)")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="at most so many (default: 20)")
    parser.add_argument("--output", choices=("text", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    if options.limit < 1:
        raise StepError(f"--limit {options.limit}: expected 1 or more")
    deploys = deploys_of(options)
    listed = deploys.releases(deploys.goal(wish_of(options)), options.limit)
    if options.output == "json":
        print_json([asdict(one) for one in listed])
        return 0
    rows = [
        (one.release_id, one.outcome or "-", one.version.rpartition(":")[2], _first_line(one.cause))
        for one in listed
    ]
    print_table(("release", "outcome", "version", "cause"), rows)
    return 0


def _first_line(text: str) -> str:
    return text.splitlines()[0][:80] if text else ""
