"""A rollout: releases of one project in several places, one after another, each all or nothing.

Pure: no clock, no IO. Each release is one like any other, uploaded by itself and deployed by an execution of
its own; the rollout says their order, and whether those of before are taken back where one fails.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from step.deployer.document import parse_release
from step.deployer.names import MAX_EXECUTION_NAME, execution_name, rollout_key
from step.deployer.reading import Members, name, project_name, text, timestamp
from step.deployer.release import MAX_RELEASE_BYTES, InvalidRelease, Release
from step.jsonvalue import JSONObject, JSONValue

MAX_STAGES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutStage:
    """One place of a rollout.

    Attributes:
        release: What is deployed there.
        back: What takes it back; None where it stays.
    """

    release: Release
    back: Release | None = None

    @property
    def place(self) -> str:
        """Where it is, for people."""
        target = self.release.target
        return f"{target.project}/{target.config} in {target.account} {target.region}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """What to deploy where, and in which order.

    Attributes:
        rollout_id: Its name, and that of the execution that sees to it.
        created_at: When it was made; an RFC 3339 timestamp.
        project, config: Whose it is: where it is uploaded.
        stages: The places.
        requested_by: Who asked for it.
    """

    rollout_id: str
    created_at: str
    project: str
    config: str
    stages: tuple[RolloutStage, ...]
    requested_by: str | None = None

    @property
    def key(self) -> str:
        """Where it is uploaded."""
        return rollout_key(self.project, self.config, self.rollout_id)

    @property
    def execution_name(self) -> str:
        """The name of the execution that sees to it."""
        return execution_name(self.project, self.config, self.rollout_id)

    @property
    def takes_back(self) -> bool:
        """Whether what was deployed is taken back where a later stage fails."""
        return any(stage.back for stage in self.stages)

    def to_json(self) -> JSONObject:
        """Write what the deployer's machine is started with."""
        stages: list[JSONValue] = [
            {
                "release": stage.release.to_json(),
                "back": None if stage.back is None else stage.back.to_json(),
            }
            for stage in self.stages
        ]
        return {
            "rollout": {
                "rollout_id": self.rollout_id,
                "created_at": self.created_at,
                "project": self.project,
                "config": self.config,
                "stages": stages,
                "requested_by": self.requested_by,
            }
        }

    def to_bytes(self) -> bytes:
        """Write it as it is uploaded."""
        written = json.dumps(self.to_json(), ensure_ascii=False, indent=2, sort_keys=True)
        return written.encode("utf-8", "surrogatepass") + b"\n"

    @property
    def sha256(self) -> str:
        """The hash of the document."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


def parse_rollout(value: JSONValue) -> Rollout:
    """Read what asks for a rollout, strictly.

    Raises:
        InvalidRelease: lists what is wrong with it, or with the first of its releases that is wrong.
    """
    outer = Members(value, "input")
    members = outer.inner("rollout", is_needed=True)
    outer.finish()
    if members is None:
        raise InvalidRelease(outer.problems)
    rollout = Rollout(
        rollout_id=members.needed("rollout_id", name),
        created_at=members.needed("created_at", timestamp),
        project=members.needed("project", project_name),
        config=members.needed("config", project_name),
        stages=tuple(_stage(inner) for inner in members.each("stages", MAX_STAGES)),
        requested_by=members.optional("requested_by", text(1, 512)),
    )
    members.finish()
    problems = members.problems or _contradictions(rollout)
    if problems:
        raise InvalidRelease(problems)
    return rollout


def _stage(members: Members) -> RolloutStage:
    release, back = members.value("release"), members.value("back")
    members.finish()
    return RolloutStage(release=parse_release(release), back=None if back is None else parse_release(back))


def _contradictions(rollout: Rollout) -> list[str]:
    problems = []
    places = [stage.release.target.lock_key for stage in rollout.stages]
    if len(set(places)) != len(places) or len(places) < 2:
        problems.append("rollout/stages: expected two at least, each somewhere else")
    for index, stage in enumerate(rollout.stages):
        if stage.release.project != rollout.project:
            problems.append(f"rollout/stages/{index}: it is of the project {stage.release.project}")
        problems += _wrong_way_back(stage, f"rollout/stages/{index}/back")
    if len({stage.back is None for stage in rollout.stages[:-1]}) > 1:
        problems.append("rollout/stages: either each but the last has a way back, or none")
    if len(rollout.execution_name) > MAX_EXECUTION_NAME:
        problems.append(
            f"rollout/rollout_id: with project and config more than {MAX_EXECUTION_NAME - 4} letters"
        )
    if len(rollout.to_bytes()) > MAX_RELEASE_BYTES:
        problems.append(f"rollout: more than {MAX_RELEASE_BYTES:,} bytes of JSON")
    return problems


def _wrong_way_back(stage: RolloutStage, place: str) -> list[str]:
    """A way back leads to what was live when the release was: the release itself has to make sure of that."""
    if stage.back is None:
        return []
    if stage.back.target != stage.release.target:
        return [f"{place}: it goes elsewhere than its release"]
    if stage.back.rollback_to is None or stage.back.rollback_to != stage.release.expect_live:
        return [f"{place}: expected rollback_to to be what its release expects to be live (expect_live)"]
    if stage.back.undoes != stage.release.release_id:
        return [f"{place}: expected undoes to be {stage.release.release_id}"]
    return []
