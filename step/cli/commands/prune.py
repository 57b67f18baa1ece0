"""``step prune``: delete old versions of a machine, and the versions of functions that only they call."""

from __future__ import annotations

import argparse

from step.cli.deploys import add_target_arguments, deploys_of, finish, wish_of
from step.errors import StepError
from step.jsonvalue import JSONObject

EXAMPLES = ("step prune -step bread-local --keep 100",)
EXITS = {
    0: "what could go is gone",
    2: "nothing was started: the message says what to do",
    10: "it failed and changed nothing",
    11: "locked: somebody deploys, or a person holds the lock",
    20: "it failed on the way; what is left can be pruned again",
    21: "lost contact: it runs on",
    130: "Ctrl-C: it runs on",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target_arguments(parser)
    parser.add_argument(
        "--keep",
        type=int,
        default=100,
        metavar="N",
        help="so many of the newest stay (default: 100); what an alias or an execution uses stays too",
    )
    parser.add_argument("--output", choices=("text", "json"), default="text")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")


def run(options: argparse.Namespace) -> int:
    if options.keep < 1:
        raise StepError(f"--keep {options.keep}: expected 1 or more")
    deploys = deploys_of(options)
    goal = deploys.goal(wish_of(options))
    return finish(
        deploys,
        lambda: deploys.prune(goal, options.keep),
        _describe,
        as_json=options.output == "json",
        is_quiet=options.quiet,
    )


def _describe(output: JSONObject) -> str:
    pruned, pruning, count = output.get("pruned"), output.get("pruning"), output.get("pruned_count")
    names = [str(arn) for arn in pruned] if isinstance(pruned, list) else []
    lines = ["Nothing could go."]
    if names:
        these = "" if count == len(names) else f", these and {int(str(count)) - len(names)} more"
        lines = [f"Deleted {count}{these}:", *names]
    more = pruning.get("more") if isinstance(pruning, dict) else 0
    return "\n".join([*lines, *([f"{more} more can be looked at: prune again."] if more else [])])
