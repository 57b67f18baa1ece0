"""``step plan``: what a deploy would change."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict

from step.cli.canaries import add_canary_arguments, canary_of
from step.cli.deploys import add_release_arguments, deploys_of, read_definition, wish_of
from step.cli.output import print_json
from step.cli.plan_report import plan_markdown

EXAMPLES = (
    """step plan -lambda bread-local -step bread-local -states "$(step json bread)" -zip build/bread.zip""",
    "step plan -lambda order -step order -states states/order.asl.json --output json | jq -r .live",
    "step plan -lambda order -step order -states order -canary 5,50 -alarm order-fails --output markdown",
)
EXITS = {
    0: "the plan was printed, whether something would change or not",
    2: "wrong use, or nothing could be asked: the message says what to do",
    130: "interrupted with Ctrl-C",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_release_arguments(parser)
    add_canary_arguments(parser.add_argument_group("how it would come (told in Markdown)"))
    parser.add_argument("--output", choices=("text", "markdown", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    canary = canary_of(options)
    wish = wish_of(options)
    definition = read_definition(options.states, options.step)
    deploys = deploys_of(options)
    plan = deploys.plan(deploys.goal(wish), wish, definition)
    match options.output:
        case "json":
            changes = [asdict(change) for change in plan.changes]
            starters = [one._asdict() for one in plan.starters]
            print_json(
                {"live": plan.live, "changes": changes, "warnings": plan.warnings, "starters": starters}
            )
        case "markdown":
            sys.stdout.write(plan_markdown(plan, options.step, canary))
        case _:
            print(plan.to_text())
            if not plan.is_empty:
                live = plan.live
                print(f"live: {live}; `step deploy ... --expect-live {live}` deploys this plan and no other")
    return 0
