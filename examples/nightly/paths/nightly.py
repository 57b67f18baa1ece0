"""What holds on every path of states/nightly.asl.json, whatever fails: `step explore nightly`."""

from dataclasses import dataclass
from typing import Any

from step.paths import Moment


@dataclass
class Outside:
    """What is in the bucket and in people's mail, whatever the execution thinks."""

    is_saved: bool = False
    is_told: bool = False


def _save(outside: Outside, given: Any, result: Any) -> None:
    outside.is_saved = True


def _tell(outside: Outside, given: Any, result: Any) -> None:
    outside.is_told = True


world = Outside()
effects = {"Save": _save, "Tell": _tell}


def handlers(outside: Outside) -> dict[str, object]:
    """Answer for S3 and SNS; the machine's own handlers do the rest."""
    return {"Save": {}, "Tell": {}}


inputs = [{"scheduled_at": "2026-01-31T02:00:00Z"}]
# It begins at two; people come at six.
bounds = {"ends_within": 4 * 3600}


def nobody_is_told_of_what_is_not_there(moment: Moment) -> None:
    """A report that people are told of is saved"""
    assert moment.world.is_saved or not moment.world.is_told


def a_source_that_fails_is_no_reason_for_no_report(moment: Moment) -> None:
    """The sources alone never fail the night"""
    assert moment.error not in ("Sales", "Stock", "Complaints", "States.BranchFailed")
