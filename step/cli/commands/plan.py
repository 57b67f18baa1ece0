"""``step plan``: what a deploy would change."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from step.cli.deploys import add_release_arguments, deploys_of, read_definition, wish_of
from step.cli.output import print_json

EXAMPLES = (
    """step plan -lambda bread-local -step bread-local -states "$(step json bread)" -zip build/bread.zip""",
    "step plan -lambda order -step order -states states/order.asl.json --output json | jq -r .live",
)
EXITS = {
    0: "the plan was printed, whether something would change or not",
    2: "wrong use, or nothing could be asked: the message says what to do",
    130: "interrupted with Ctrl-C",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_release_arguments(parser)
    parser.add_argument("--output", choices=("text", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    wish = wish_of(options)
    definition = read_definition(options.states, options.step)
    deploys = deploys_of(options)
    plan, live = deploys.plan(deploys.goal(wish), wish, definition)
    if options.output == "json":
        changes = [asdict(change) for change in plan.changes]
        print_json({"live": live, "changes": changes, "warnings": plan.warnings})
        return 0
    print(plan.to_text())
    if not plan.is_empty:
        print(f"live: {live}; `step deploy ... --expect-live {live}` deploys this plan and no other")
    return 0
