"""A deploy to several regions: ``-region eu-central-1,us-east-1``, one after another.

Knows no AWS operation.
"""

from __future__ import annotations

import argparse
import sys

from step.aws.connection import Aws, AwsPlace
from step.aws.deploys import Deploys, More
from step.aws.rollouts import Rollouts
from step.cli.deploys import print_progress, wish_of
from step.cli.output import print_json
from step.deployer.client import ExitCode
from step.deployer.rollout import Rollout
from step.errors import NoContact, StepError

_ENDS = {
    "FailureClean": ExitCode.CLEAN,
    "FailurePartial": ExitCode.PARTIAL,
    "FailureDirty": ExitCode.DIRTY,
}


def regions_of(options: argparse.Namespace) -> list[str]:
    """Name the regions that are meant, where they are several.

    Raises:
        StepError: one is named twice.
    """
    regions = [region.strip() for region in (options.region or "").split(",")]
    if len(regions) < 2:
        if options.take_back:
            raise StepError("--take-back: only with several regions, as -region eu-central-1,us-east-1")
        return []
    if len(set(regions)) != len(regions) or "" in regions:
        raise StepError(f"-region {options.region}: expected each region once, with commas between them")
    if options.expect_live is not None:
        raise StepError("--expect-live: only with one region; --take-back expects what is live in each")
    return regions


def roll_out(options: argparse.Namespace, regions: list[str], definition: str, more: More) -> int:
    """Deploy to one region after another, and print what is live where."""
    endpoint, profile = options.endpoint, options.profile
    home = Aws(AwsPlace(endpoint=endpoint, profile=profile))
    away = [Aws(AwsPlace(endpoint=endpoint, region=region, profile=profile)) for region in regions]
    places = [Deploys(home if home.has_region else one, one) for one in away]
    rollouts = Rollouts(places)
    draft = rollouts.draft(wish_of(options), definition, more, takes_back=options.take_back)
    if not options.quiet:
        print(f"deploying to {', then '.join(regions)} as {draft.rollout_id}", file=sys.stderr)
    try:
        rollout = rollouts.upload(draft, options.sign)
    except KeyboardInterrupt:
        print("step deploy: interrupted before the deploy began: nothing is changed", file=sys.stderr)
        return int(ExitCode.DETACHED)
    arn = ""
    try:
        arn = rollouts.start(draft, rollout)
        print_progress(places[0].follow(arn), is_quiet=options.quiet)
        about = places[0].describe(arn)
    except (NoContact, KeyboardInterrupt) as left:
        is_lost = isinstance(left, NoContact)
        text = f"{'Lost contact' if is_lost else 'Detached'}: the rollout runs on."
        text += f" See how it ends with `step history {rollout.execution_name}`."
        return _print(rollout, arn, ExitCode.LOST_CONTACT if is_lost else ExitCode.DETACHED, text, options)
    code, text = _outcome(rollout, about["status"], about.get("error"), about.get("cause"))
    return _print(rollout, arn, code, text, options)


def _outcome(rollout: Rollout, status: str, error: str | None, cause: str | None) -> tuple[ExitCode, str]:
    if status == "SUCCEEDED":
        where = ", ".join(stage.release.region for stage in rollout.stages)
        return ExitCode.SUCCESS, f"Success: the release is live in {where}, the locks are free."
    if error in _ENDS:
        return _ENDS[error], f"{error}: {cause or 'no cause is told'}"
    mend = " ".join(f"`step history {stage.release.execution_name}`" for stage in rollout.stages)
    return ExitCode.DIRTY, (
        f"{error or status}: the rollout broke off. Each of its deploys ends by itself: {mend}"
    )


def _print(rollout: Rollout, arn: str, code: ExitCode, text: str, options: argparse.Namespace) -> int:
    if options.output == "json":
        print_json(
            {
                "rollout_id": rollout.rollout_id,
                "releases": [stage.release.release_id for stage in rollout.stages],
                "execution": arn or None,
                "outcome": code.name,
                "exit_status": int(code),
                "text": text,
            }
        )
    else:
        print(text)
    return int(code)
