"""``step unlock``: give back a lock that a person took."""

from __future__ import annotations

import argparse

from step.cli.deploys import add_target_arguments, change_lock, deploys_of, wish_of
from step.clock import now_ms

EXAMPLES = ('step unlock -step bread-production --reason "the bakery is open again"',)
EXITS = {
    0: "the lock is free",
    2: "wrong use, or nothing could be asked: the message says what to do",
    11: "a deploy has it",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target_arguments(parser)
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why; it is kept with the lock")
    parser.add_argument("--output", choices=("text", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    deploys = deploys_of(options)
    lock = deploys.lock(deploys.goal(wish_of(options)))
    return change_lock(
        lambda: lock.give_back(options.reason, now_ms()),
        "the lock is free",
        as_json=options.output == "json",
    )
