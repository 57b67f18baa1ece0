"""``step lock``: keep everybody's deploys of a target away, until it is given back."""

from __future__ import annotations

import argparse

from step.cli.deploys import add_target_arguments, change_lock, deploys_of, wish_of
from step.clock import format_timestamp, now_ms

EXAMPLES = (
    'step lock -step bread-production --reason "the bakery is closed"',
    'step lock -step bread-production --reason "migration" --hours 2',
)
EXITS = {
    0: "the lock is yours",
    2: "wrong use, or nothing could be asked: the message says what to do",
    11: "somebody else has it",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target_arguments(parser)
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why; whoever meets it reads it")
    parser.add_argument(
        "--hours", type=float, metavar="N", help="it ends by itself (default: when it is given back)"
    )
    parser.add_argument("--output", choices=("text", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    deploys = deploys_of(options)
    lock = deploys.lock(deploys.goal(wish_of(options)))
    now = now_ms()
    until = None if options.hours is None else now + round(options.hours * 3_600_000)
    end = "" if until is None else f" until {format_timestamp(until)}"
    return change_lock(
        lambda: lock.take(options.reason, now, until),
        f"locked by {lock.who}{end}: {options.reason}",
        as_json=options.output == "json",
    )
