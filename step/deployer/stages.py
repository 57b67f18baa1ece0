"""The states of a rollout: PlanRollout, StartStage, CheckStage, EndRollout.

Knows the ports. A rollout holds no lock and changes nothing itself: each stage is a deploy like any other, in
an execution of its own, which is believed by how it ended.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

from step.clock import format_timestamp
from step.deployer.client import execution_input
from step.deployer.commit import CLEAN, DIRTY, PARTIAL, SUCCESS, cause_of
from step.deployer.deployment import Failure
from step.deployer.diagnosis import mending_command, read_or_note
from step.deployer.names import Target
from step.deployer.ports import ExecutionFacts, Ports, RecordExists
from step.deployer.release import InvalidRelease, Release, check_age
from step.deployer.rollout import Rollout, parse_rollout
from step.deployer.validating import check_uploaded, misnamed
from step.errors import StepError
from step.jsonvalue import JSONObject, JSONValue

# What a stage has come to: the release is live there, what was live is live, or nobody can say yet.
State = Literal["live", "before", "unproven"]
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 10, 600
_RUNNING = ("RUNNING", "PENDING_REDRIVE")
# Stands for the status of an execution that couldn't be asked about.
UNREAD = "unread"
# An execution that may have been started a moment ago is looked for so often, so many seconds apart.
_LOOKS, _LOOK_SECONDS = 5, 3


class NotOurs(StepError):  # noqa: N818 - the error's name in the deployer's history
    """An execution of the stage's name was started with something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a stage's execution ended: to deploy the stage's release, or to take it back."""

    status: str
    error: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A rollout on its way: what one of its states hands to the next.

    Attributes:
        rollout: The rollout.
        uuid: The server's name for it.
        started_at: When the server started with it.
        at: The stage that it is at.
        is_going_back: Whether the stages of before are taken back, the last one first.
        execution: What deploys the stage, or takes it back.
        waited_seconds: How long the machine has waited for that.
        wait_seconds: How long it waits until it looks again.
        is_running: Whether it runs still.
        is_over: Whether there is nothing more to start.
        deployed: How the stages' deploys ended, in their order.
        taken_back: How taking them back ended, the last one's first.
        error: Why the rollout itself couldn't go on.
        verdict: What it came to.
        cause: What is told at the end.
    """

    rollout: Rollout
    uuid: str
    started_at: str
    at: int = 0
    is_going_back: bool = False
    execution: str = ""
    waited_seconds: int = 0
    wait_seconds: int = _FIRST_WAIT_SECONDS
    is_running: bool = False
    is_over: bool = False
    deployed: tuple[Ended, ...] = ()
    taken_back: tuple[Ended, ...] = ()
    error: Failure | None = None
    verdict: str = ""
    cause: str = ""

    @property
    def target(self) -> Target:
        """The place that it is at."""
        return self.rollout.stages[self.at].release.target

    def told(self) -> dict[str, object]:
        """Say for the log how it stands."""
        return {"rollout": self.rollout.rollout_id, "stage": self.at, "verdict": self.verdict}

    @property
    def wanted(self) -> Release:
        """What is deployed at the stage that it is at: its release, or what takes that back."""
        stage = self.rollout.stages[self.at]
        found = stage.back if self.is_going_back else stage.release
        assert found is not None, "only stages with a way back are taken back"
        return found


def plan_rollout(ports: Ports, value: JSONValue, execution: str) -> Progress:
    """Check a rollout; of its releases only their form, since each is checked when it is deployed.

    Raises:
        InvalidRelease: lists what is wrong.
    """
    rollout = parse_rollout(value)
    now = ports.clock.now_ms()
    for stage in rollout.stages:
        check_age(stage.release, now)
    if problems := misnamed(execution, rollout.execution_name):
        raise InvalidRelease(problems)
    check_uploaded(ports, rollout.key, rollout, parse_rollout)
    return Progress(
        rollout=rollout, uuid=str(uuid5(NAMESPACE_URL, execution)), started_at=format_timestamp(now)
    )


def start_stage(ports: Ports, progress: Progress, execution: str) -> Progress:
    """Start the execution that deploys a stage, or takes it back; started again, it is the same one."""
    release = progress.wanted
    arn = ports.executions.start(execution, release.execution_name, execution_input(release))
    return replace(
        progress,
        execution=arn,
        is_running=True,
        waited_seconds=0,
        wait_seconds=_FIRST_WAIT_SECONDS,
    )


def check_stage(ports: Ports, progress: Progress, execution: str) -> Progress:
    """See how the stage's execution stands after the machine has waited, and what comes next.

    Raises:
        NotOurs: it was started with something else than the rollout says.
    """
    facts = ports.executions.describe(progress.execution)
    if facts is not None and json.loads(facts.input) != execution_input(progress.wanted):
        raise NotOurs(f"{progress.execution} was started with another release than the rollout's")
    if facts is None or facts.status in _RUNNING:
        waited = progress.waited_seconds + progress.wait_seconds
        wait = min(max(_FIRST_WAIT_SECONDS, waited // 10), _LONGEST_WAIT_SECONDS)
        return replace(progress, waited_seconds=waited, wait_seconds=wait)
    return _next(
        replace(progress, is_running=False), Ended(status=facts.status, error=facts.error, cause=facts.cause)
    )


def _next(progress: Progress, ended: Ended) -> Progress:
    """Go on to the next stage, or back to the one of before."""
    if progress.is_going_back:
        gone_back = replace(progress, taken_back=(*progress.taken_back, ended))
        return replace(gone_back, at=max(0, progress.at - 1), is_over=progress.at == 0)
    gone_on = replace(progress, deployed=(*progress.deployed, ended))
    if ended.status == "SUCCEEDED":
        is_last = progress.at + 1 == len(progress.rollout.stages)
        return replace(gone_on, at=progress.at + (not is_last), is_over=is_last)
    if progress.at > 0 and progress.rollout.takes_back:
        return replace(gone_on, at=progress.at - 1, is_going_back=True)
    return replace(gone_on, is_over=True)


def end_rollout(ports: Ports, progress: Progress, execution: str) -> Progress:
    """Say what is live where, and record it."""
    told = [_told(ports, progress, index, execution) for index in range(len(progress.rollout.stages))]
    states = {state for state, _ in told}
    if "unproven" in states:
        verdict = DIRTY
    elif states == {"live"}:
        verdict = SUCCESS
    else:
        verdict = CLEAN if states == {"before"} else PARTIAL
    lines = [_reason(progress), *(line for _, line in told)]
    done = replace(progress, verdict=verdict, cause="" if verdict == SUCCESS else "\n".join(lines))
    for stage in progress.rollout.stages:
        _keep(ports, _record(done, stage.release.target, execution, format_timestamp(ports.clock.now_ms())))
    return done


def _keep(ports: Ports, record: JSONObject) -> None:
    """Add a record, if it can be added: what is live where is said in any case."""

    def add() -> None:
        with suppress(RecordExists):
            ports.table.record(record)

    read_or_note(ports, "the record", add, {})


def _reason(progress: Progress) -> str:
    """Say why the rollout went no further."""
    failed = [
        (stage, ended) for stage, ended in zip(progress.rollout.stages, progress.deployed, strict=False)
    ]
    for stage, ended in failed:
        if ended.status != "SUCCEEDED":
            return f"{stage.place} failed: {ended.error or ended.status}: {ended.cause}".rstrip(": ")
    return cause_of(progress.error) or "It was not begun everywhere."


def _told(ports: Ports, progress: Progress, index: int, execution: str) -> tuple[State, str]:
    """Say what is live at a stage, as the ends of its executions prove it."""
    stage = progress.rollout.stages[index]
    deployed = _ended(ports, progress, progress.deployed, index, stage.release, execution)
    if deployed is None:
        return "before", f"{stage.place}: nothing was begun, what was live is live."
    if deployed.status != "SUCCEEDED":
        return _told_of_a_failure(stage.place, stage.release, deployed)
    if not progress.is_going_back or stage.back is None:
        return "live", f"{stage.place}: the release {stage.release.release_id} is live."
    # The last stage that was deployed is taken back first.
    nth = len(progress.deployed) - 2 - index
    back = _ended(ports, progress, progress.taken_back, nth, stage.back, execution)
    if back is not None and back.status == "SUCCEEDED":
        return "before", f"{stage.place}: it was taken back, what was live is live."
    stays = f"{stage.place}: the release {stage.release.release_id} is live, and wasn't taken back"
    if back is None:
        return "live", f"{stays}."
    if (back.status, back.error) == ("FAILED", CLEAN):
        return "live", f"{stays}: {back.cause}"
    return _told_of_a_failure(stage.place, stage.back, back)


def _told_of_a_failure(place: str, release: Release, ended: Ended) -> tuple[State, str]:
    if (ended.status, ended.error) == ("FAILED", CLEAN):
        return "before", f"{place}: what was live is live."
    if ended.status in _RUNNING:
        return "unproven", f"{place}: it runs on; how it ends: step history {release.execution_name}"
    what = (
        f"its end could not be read ({ended.cause})"
        if ended.status == UNREAD
        else ended.error or ended.status
    )
    mend = mending_command(release.execution_name)
    return "unproven", f"{place}: {what}; the next deploy mends it. To mend it now: {mend}"


def _ended(
    ports: Ports, progress: Progress, seen: tuple[Ended, ...], index: int, release: Release, execution: str
) -> Ended | None:
    """Say how an execution ended, as was seen; the one after those is asked about. None: it never began."""
    if index < len(seen):
        return seen[index]
    if index > len(seen) or progress.is_over:
        return None
    arn = f"{execution.rpartition(':')[0]}:{release.execution_name}"
    unread: dict[str, str] = {}
    facts = read_or_note(ports, arn, lambda: _settled(ports, arn), unread)
    if unread:
        return Ended(status=UNREAD, cause=unread[arn])
    return None if facts is None else Ended(status=facts.status, error=facts.error, cause=facts.cause)


def _settled(ports: Ports, arn: str) -> ExecutionFacts | None:
    """Read an execution; one that was started a moment ago may not be known yet, nor that it has ended."""
    facts = ports.executions.describe(arn)
    for _ in range(_LOOKS):
        if facts is not None and facts.status not in _RUNNING:
            break
        ports.clock.pause(_LOOK_SECONDS)
        facts = ports.executions.describe(arn)
    return facts


def _record(progress: Progress, target: Target, execution: str, now: str) -> JSONObject:
    """Write what is kept of a rollout for ever, beside the records of its releases."""
    return {
        "key": target.record_key(progress.rollout.rollout_id),
        "execution": execution,
        "requested_by": progress.rollout.requested_by,
        "outcome": progress.verdict,
        "release_sha256": progress.rollout.sha256,
        "uuid": progress.uuid,
        "started_at": progress.started_at,
        "ended_at": now,
        "cause": progress.cause,
    }
