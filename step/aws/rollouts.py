"""Rollouts as their client sees them: a release for each region, and the document that says their order.

Everything that can be checked is checked before the first byte is uploaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from step.aws.deploys import Deploys, Goal, More, Wish, new_id
from step.clock import format_timestamp, now_ms
from step.deployer.client import Draft, rollback_release
from step.deployer.release import Release
from step.deployer.rollout import Rollout, RolloutStage, parse_rollout
from step.errors import StepError


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutDraft:
    """A rollout whose releases aren't uploaded yet, in the order of its regions.

    Attributes:
        rollout_id: Its name.
        created_at_ms: When it was made, in milliseconds since 1970.
        goals: Where each release goes.
        drafts: The releases.
        takes_back: Whether the earlier ones are taken back where a later one fails.
    """

    rollout_id: str
    created_at_ms: int
    goals: tuple[Goal, ...]
    drafts: tuple[Draft, ...]
    takes_back: bool


class Rollouts:
    """The client of a deployer for several regions at once.

    Args:
        places: The client of each region, in their order.
    """

    def __init__(self, places: Sequence[Deploys]) -> None:
        self._places = tuple(places)

    def draft(self, wish: Wish, definition: str, more: More, *, takes_back: bool) -> RolloutDraft:
        """Make the releases, and check each as the deployer will.

        Raises:
            StepError: something is wrong with one, or a region's live version can't be known.
        """
        now = now_ms()
        rollout_id = new_id(now, definition)
        goals, drafts = [], []
        for index, place in enumerate(self._places):
            goal = place.goal(replace(wish, region=place.region))
            is_taken_back = takes_back and index + 1 < len(self._places)
            of_place = replace(
                _in_region(more, place.region),
                expect_live=place.live_version(goal) if is_taken_back else None,
            )
            goals.append(goal)
            drafts.append(
                place.draft(goal, wish, definition, of_place, release_id=f"{rollout_id}-{place.region}")
            )
        if len({goal.deployer.machine_arn for goal in goals}) > 1:
            raise StepError("the regions have different deployers: name one with -deployer")
        return RolloutDraft(
            rollout_id=rollout_id,
            created_at_ms=now,
            goals=tuple(goals),
            drafts=tuple(drafts),
            takes_back=takes_back,
        )

    def upload(self, draft: RolloutDraft, key: str | None = None) -> Rollout:
        """Store what each region gets, what takes it back, and the rollout; sign each with a key of KMS."""
        stages = []
        for place, goal, of_place in zip(self._places, draft.goals, draft.drafts, strict=True):
            release = place.upload(goal, of_place)
            back = _way_back(release) if release.expect_live else None
            if back is not None:
                place.upload_document(goal, back)
            for one in filter(None, (release, back)):
                if key is not None:
                    place.sign(goal, one, key)
            stages.append(RolloutStage(release=release, back=back))
        first = draft.goals[0].target
        rollout = Rollout(
            rollout_id=draft.rollout_id,
            created_at=format_timestamp(draft.created_at_ms),
            project=first.project,
            config=first.config,
            stages=tuple(stages),
            requested_by=stages[0].release.requested_by,
        )
        parse_rollout(rollout.to_json())
        self._places[0].upload_rollout(draft.goals[0], rollout)
        return rollout

    def start(self, draft: RolloutDraft, rollout: Rollout) -> str:
        """Start a rollout that was uploaded; return its execution's ARN. Started twice it runs once."""
        return self._places[0].roll_out(draft.goals[0], rollout)


def _way_back(release: Release) -> Release:
    assert release.expect_live is not None
    return rollback_release(
        release.target,
        release_id=f"{release.release_id}-back",
        created_at_ms=release.created_at_ms,
        version_arn=release.expect_live,
        requested_by=release.requested_by,
        undoes=release.release_id,
    )


def _in_region(more: More, region: str) -> More:
    """Ask each region's own analysis: the same, but for the region in its ARN."""
    canary = more.canary
    if canary is None or canary.analysis is None or canary.analysis.resource.count(":") < 6:
        return more
    parts = canary.analysis.resource.split(":")
    resource = ":".join([*parts[:3], region, *parts[4:]])
    return replace(more, canary=replace(canary, analysis=replace(canary.analysis, resource=resource)))
