"""``step deploy``: bring new code and a new definition to a project, through its deployer."""

from __future__ import annotations

import argparse
import sys

from step.aws.deploys import More
from step.cli.canaries import add_canary_arguments, canary_of
from step.cli.deploys import (
    DEPLOY_EXITS,
    add_release_arguments,
    deploys_of,
    read_definition,
    watch,
    wish_of,
)
from step.cli.inputs import JSON_HELP, decode, read_text
from step.cli.rollouts import regions_of, roll_out
from step.deployer.release import SmokeTest
from step.errors import StepError

EXAMPLES = (
    """step deploy -lambda bread-local -step bread-local -states "$(step json bread)" -zip build/bread.zip""",
    "step deploy -lambda order -step order -states states/order.asl.json --smoke '{\"test\": true}'",
    "step deploy -lambda order -step order -states order -canary 5,20,50 -bake 10m -alarm order-fails",
    "step deploy -lambda pay_arn=pay -zip pay.zip -lambda ship_arn=ship -zip ship.zip -step order -states -",
)
EXITS = DEPLOY_EXITS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_release_arguments(parser)
    care = parser.add_argument_group("more care")
    care.add_argument(
        "--expect-live", metavar="ARN", help="refuse if another version is live, as `step plan` tells it"
    )
    care.add_argument(
        "--smoke", metavar="JSON", help=f"an execution with this input must succeed first: {JSON_HELP}"
    )
    care.add_argument(
        "--smoke-timeout", type=int, metavar="SECONDS", help="with --smoke: within so long (default: 300)"
    )
    add_canary_arguments(care)
    care.add_argument(
        "--take-back",
        action="store_true",
        help="with -region A,B: where a later region fails, the earlier ones go back to what was live",
    )
    parser.add_argument(
        "--sign", metavar="KEY", help="sign the release with a key of KMS, where the deployer wants it signed"
    )
    parser.add_argument("--output", choices=("text", "json"), default="text")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")


def run(options: argparse.Namespace) -> int:
    more = _more(options)
    regions = regions_of(options)
    definition = read_definition(options.states, options.step)
    if regions:
        return roll_out(options, regions, definition, more)
    wish = wish_of(options)
    deploys = deploys_of(options)
    goal = deploys.goal(wish)
    draft = deploys.draft(goal, wish, definition, more)
    if not options.quiet:
        target = goal.target
        print(
            f"deploying {target.project}/{target.config} to {target.account} {target.region} "
            f"as {draft.release.release_id}",
            file=sys.stderr,
        )
    try:
        release = deploys.upload(goal, draft)
        if options.sign:
            deploys.sign(goal, release, options.sign)
    except KeyboardInterrupt:
        print("step deploy: interrupted before the deploy began: nothing is changed", file=sys.stderr)
        return 130
    return watch(
        deploys,
        release,
        lambda: deploys.deploy(goal, release),
        as_json=options.output == "json",
        is_quiet=options.quiet,
    )


def _more(options: argparse.Namespace) -> More:
    if options.smoke is None and options.smoke_timeout is not None:
        raise StepError("--smoke-timeout: only together with --smoke")
    smoke = None if options.smoke is None else decode(read_text(options.smoke), "--smoke")
    patience = 300 if options.smoke_timeout is None else options.smoke_timeout
    return More(
        expect_live=options.expect_live,
        smoke_test=None if options.smoke is None else SmokeTest(input=smoke, timeout_seconds=patience),
        canary=canary_of(options),
    )
