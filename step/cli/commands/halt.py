"""``step halt``: let no deploy of a target change anything more, and the running one go back."""

from __future__ import annotations

import argparse

from step.cli.deploys import add_target_arguments, change_lock, deploys_of, wish_of
from step.clock import now_ms
from step.errors import StepError

EXAMPLES = (
    'step halt -step bread-production --reason "customers get pale bread"',
    "step halt -step bread-production --resume",
)
EXITS = {
    0: "deploys are halted; with --resume: they may go on",
    2: "wrong use, or nothing could be asked: the message says what to do",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target_arguments(parser)
    parser.add_argument("--reason", metavar="TEXT", help="why; the deploys that it stops tell it")
    parser.add_argument("--resume", action="store_true", help="let deploys go on")
    parser.add_argument("--output", choices=("text", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    if bool(options.reason) == options.resume:
        raise StepError("give either --reason, or --resume")
    deploys = deploys_of(options)
    lock = deploys.lock(deploys.goal(wish_of(options)))
    is_json = options.output == "json"
    if options.resume:
        return change_lock(lock.resume, "deploys may go on", as_json=is_json)
    return change_lock(
        lambda: lock.halt(options.reason, now_ms()),
        f"deploys are halted by {lock.who}: {options.reason}",
        as_json=is_json,
    )
