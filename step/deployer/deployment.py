"""A deploy on its way: what one state of the deployer's machine hands to the next.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from step.deployer.lock import routes_from_json
from step.deployer.names import Target
from step.deployer.ports import Route
from step.deployer.release import Release
from step.jsonvalue import JSONObject, JSONValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What a Catch caught."""

    Error: str = ""
    Cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bake:
    """How far a canary has come.

    Attributes:
        step: Which of its steps it is at, from 0.
        left_seconds: How long this one bakes still.
        wait_seconds: How long the machine waits until it looks again.
        is_over: Whether this one has baked.
        analysis: The execution that checks it, where a machine does.
        is_analyzed: Whether all is well, as the analysis says.
    """

    step: int
    left_seconds: int
    wait_seconds: int
    is_over: bool = False
    analysis: str = ""
    is_analyzed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """How far a pruning has come; versions of the machine by their numbers.

    Attributes:
        candidates: Versions that may go, the oldest first, and weren't decided about yet.
        unread: Versions whose definitions weren't read yet.
        callers: Versions of functions ("bread:7") that nobody but candidates calls, and which ones do.
        more: So many could be looked at by the next pruning.
        is_over: Whether it is done.
        wait_seconds: How long the machine waits before the next step.
    """

    candidates: tuple[int, ...] = ()
    unread: tuple[int, ...] = ()
    callers: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    more: int = 0
    is_over: bool = False
    wait_seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One execution of the deployer's machine.

    Attributes:
        target: Where it deploys.
        uuid: The server's name for it.
        started_at: When the server started with it.
        release: What it deploys; None where it only prunes.
        release_sha256: The hash of the release's document.
        recovers: The deploy that it cleans up after, where it does nothing else.
        dead: That and the recoveries of it that were stopped themselves: whoever of them holds the lock.
        is_idle: Whether there is nothing to clean up.
        keep: So many of the newest versions stay, where it only prunes.
        asked_by: Who asked for that.
        fence: The lock's, since it is ours.
        is_inherited: Whether the lock's last holder may have left the alias where it shouldn't lead.
        prev: Where the alias led before: [version, weight] pairs.
        machine_type: "STANDARD" or "EXPRESS".
        code: The functions' new versions, by name.
        configurations: What those keep of their configuration, by name.
        version: The machine's new version.
        definition_sha256: The hash of the definition that the version has to have.
        smoke_test: The smoke test's execution.
        smoke_test_interval_seconds: How long the machine waits between two looks at it.
        smoke_test_waited_seconds: How long it has waited.
        is_tested: Whether that has succeeded.
        bake: How far a canary has come; None: the new version is live alone, or not at all.
        finished: The release of before that was found live, and only had to give the lock back.
        left: What was found and left, since somebody else has made it so.
        pruning: How far that has come.
        pruned: The versions that were deleted; of many, the first ones.
        pruned_count: How many they are.
        error: Why it failed.
        rollback_error: Why that couldn't be undone.
        verdict: What the diagnosis came to: "Success", "FailureClean", "FailureDirty".
        cause: What is told at the end.
    """

    target: Target
    uuid: str
    started_at: str
    release: Release | None = None
    release_sha256: str = ""
    recovers: str | None = None
    dead: tuple[str, ...] = ()
    is_idle: bool = False
    keep: int | None = None
    asked_by: str | None = None
    fence: int = 0
    is_inherited: bool = False
    prev: JSONValue = None
    machine_type: str = "STANDARD"
    code: Mapping[str, str] = field(default_factory=dict)
    configurations: Mapping[str, JSONValue] = field(default_factory=dict)
    version: str = ""
    definition_sha256: str = ""
    smoke_test: str = ""
    smoke_test_interval_seconds: int = 5
    smoke_test_waited_seconds: int = 0
    is_tested: bool = False
    bake: Bake | None = None
    finished: str = ""
    left: str = ""
    pruning: Pruning | None = None
    pruned: tuple[str, ...] = ()
    pruned_count: int = 0
    error: Failure | None = None
    rollback_error: Failure | None = None
    verdict: str = ""
    cause: str = ""

    @property
    def wanted(self) -> Release:
        """The release, where there has to be one."""
        assert self.release is not None, "only deploys come here"
        return self.release

    @property
    def release_id(self) -> str:
        """The release's name; the server's where there is no release."""
        return self.uuid if self.release is None else self.release.release_id

    @property
    def requested_by(self) -> str | None:
        """Who asked for it, where anybody said so."""
        return self.asked_by if self.release is None else self.release.requested_by

    @property
    def prev_routes(self) -> tuple[Route, ...]:
        """Where the alias led before."""
        return routes_from_json(self.prev)

    @property
    def new_routes(self) -> tuple[Route, ...]:
        """Where the alias has to lead in the end."""
        return (Route(self.version, 100),)

    def routes_at(self, step: int) -> tuple[Route, ...]:
        """Where the alias has to lead at a step of the canary; after the last one: all to the version."""
        canary = self.wanted.canary
        (prev, *others) = self.prev_routes
        if canary is None or step >= len(canary.steps) or others or prev.version_arn == self.version:
            return self.new_routes
        share = canary.steps[step].percent
        return (Route(self.version, share), Route(prev.version_arn, 100 - share))

    def at_step(self, step: int) -> Deployment:
        """Say that the alias leads where it has to at a step of the canary."""
        canary = self.wanted.canary
        if canary is None or self.routes_at(step) == self.new_routes:
            return replace(self, bake=None)
        seconds = canary.steps[step].bake_seconds
        bake = Bake(step=step, left_seconds=seconds, wait_seconds=min(canary.interval_seconds, seconds))
        return replace(self, bake=bake)

    def told(self) -> dict[str, object]:
        """Say for the log how it stands."""
        return {
            "release": self.release_id,
            "fence": self.fence,
            "version": self.version,
            "verdict": self.verdict,
        }

    def record(self, execution: str, outcome: str, now: str) -> JSONObject:
        """Write what is kept of it for ever."""
        return {
            "key": self.target.record_key(self.release_id),
            "execution": execution,
            "requested_by": self.requested_by,
            "outcome": outcome,
            "release_sha256": self.release_sha256,
            "uuid": self.uuid,
            "started_at": self.started_at,
            "ended_at": now,
            "version": self.version,
            "functions": self._functions(),
            "prev": self.prev,
            "cause": self.cause,
            "left": self.left,
        }

    def _functions(self) -> JSONObject:
        """Write which versions of the functions were staged, and what is in them."""
        released = () if self.release is None else self.release.functions
        return {
            one.name: {
                "version": self.code[one.name],
                "code_sha256": one.sha256,
                "content_sha256": one.content_sha256,
                "configuration": self.configurations.get(one.name),
            }
            for one in released
            if one.name in self.code
        }
