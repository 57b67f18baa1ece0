"""The lock: one item per target, held by an execution, with a fence and a journal.

Knows the table, the clock and the deployer's executions through ports. An item is never deleted: its fence
would start again, and a late writer would get through.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from step.clock import format_timestamp, parse_timestamp
from step.deployer.ports import ConditionFailed, Is, Ports, RecordExists, Route, Write
from step.errors import StepError
from step.jsonvalue import JSONObject, JSONValue

Phase = Literal["FREE", "HELD", "STAGING", "COMMITTING", "COMMITTED"]
HUMAN = "human:"
# The index "held" of the table has the items with this attribute: locks that executions hold.
HELD_BY_EXECUTION = "execution"
# No invocation of the deployer's function runs longer; Terraform gives it this timeout.
FUNCTION_TIMEOUT_SECONDS = 120
# What an invocation that armed a flip may still do, and by how much clocks differ.
LEASE_MS = (FUNCTION_TIMEOUT_SECONDS + 30) * 1000
JOURNAL = ("prev", "new", "committed")


class LockHeld(StepError):  # noqa: N818 - the error's name in the deployer's history
    """Somebody else holds the lock."""


class HolderRuns(StepError):  # noqa: N818 - the error's name in the deployer's history
    """The execution to recover from still runs, as AWS says; what it says may be a moment old."""


class LeaseRunning(StepError):  # noqa: N818 - the error's name in the deployer's history
    """The holder is dead, but a flip that it armed may still arrive: the lock is free for takeover soon."""


class LockLost(StepError):  # noqa: N818 - the error's name in the deployer's history
    """The lock isn't ours any more: somebody took it over, and has put right what we left."""


class Halted(StepError):  # noqa: N818 - the error's name in the deployer's history
    """Somebody has halted deploys of the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockItem:
    """The lock as the table has it.

    Attributes:
        owner: The execution that holds it; "" nobody; "human:WHO" a person.
        fence: Grows by one with each acquire and takeover.
        phase: How far its owner has come.
        phase_at_ms: When the phase was set.
        release: The release that it is held for.
        prev: Where the alias led before the flip; written before it.
        new: The version that the flip leads to.
        committed: What is left to write of a release that is live alone: its ``record``, and ``deployed``.
        halt: Who halted deploys, why and when.
        until_ms: Until when a person holds it; None: until it is given back.
        reason: Why a person holds it.
        deployed: The release that was deployed last: its id, its created_at and its version.
    """

    owner: str = ""
    fence: int = 0
    phase: Phase = "FREE"
    phase_at_ms: int = 0
    release: str = ""
    prev: tuple[Route, ...] = ()
    new: str = ""
    committed: JSONObject | None = None
    halt: JSONObject | None = None
    until_ms: int | None = None
    reason: str = ""
    deployed: JSONObject | None = None

    @classmethod
    def from_item(cls, item: JSONObject | None) -> LockItem:
        """Read an item of the table; one that isn't there is a lock that nobody holds."""
        if not item:
            return cls()
        halt, deployed, committed = item.get("halt"), item.get("deployed"), item.get("committed")
        return cls(
            owner=str(item.get("owner", "")),
            fence=_int(item.get("fence")),
            phase=_phase(item.get("phase")),
            phase_at_ms=_int(item.get("phase_at")),
            release=str(item.get("release", "")),
            prev=routes_from_json(item.get("prev")),
            new=str(item.get("new", "")),
            committed=committed if isinstance(committed, dict) else None,
            halt=halt if isinstance(halt, dict) else None,
            until_ms=_moment(item.get("until")),
            reason=str(item.get("reason", "")),
            deployed=deployed if isinstance(deployed, dict) else None,
        )

    @property
    def is_armed(self) -> bool:
        """Whether the alias may have been moved away from ``prev``."""
        return self.phase == "COMMITTING" and bool(self.prev)

    @property
    def is_committed(self) -> bool:
        """Whether ``new`` was seen to be live alone: nothing but giving the lock back is left to do."""
        return self.phase == "COMMITTED" and bool(self.committed)


@dataclass(frozen=True, slots=True)
class Lock:
    """One execution's view of one lock."""

    ports: Ports
    key: str
    owner: str

    def read(self) -> LockItem:
        """Read the item."""
        return LockItem.from_item(self.ports.table.get(self.key))

    def acquire(self, release: str, release_sha256: str) -> LockItem:
        """Take the lock: one that is free, or one whose holder ended without giving it back.

        Returns:
            The item. Where it ``is_armed``, the last holder may have left the alias where it shouldn't lead.

        Raises:
            LockHeld: the holder lives; the message names it.
            LeaseRunning: the holder is dead, but not for long enough.
        """
        held_for: dict[str, JSONValue] = {
            "owner": self.owner,
            # Only what is held is in the index of holders.
            "held": HELD_BY_EXECUTION,
            "release": release,
            "release_sha256": release_sha256,
        }
        fresh = Write(
            key=self.key,
            when=[[Is("key", None)], [Is("owner", None)], [Is("owner", "")]],
            set={**held_for, "phase": "HELD", "phase_at": self.ports.clock.now_ms()},
            remove=JOURNAL,
            add={"fence": 1},
        )
        try:
            return LockItem.from_item(self.ports.table.write(fresh))
        except ConditionFailed as failed:
            found = failed.item
        seen = LockItem.from_item(found)
        if seen.owner != self.owner:
            self._check_dead(seen)
        # Its phase too: a holder that was redriven since then, and has armed a flip, is alive.
        unchanged = [_is(found, attribute) for attribute in ("owner", "fence", "phase", "phase_at")]
        takeover = Write(
            key=self.key,
            when=[unchanged],
            set=held_for,
            remove=("until", "reason"),
            add={"fence": 1},
        )
        try:
            return LockItem.from_item(self.ports.table.write(takeover))
        except ConditionFailed as failed:
            raise LockHeld(_held(LockItem.from_item(failed.item))) from failed

    def guard(self, fence: int, phase: Phase) -> None:
        """Make sure, right before a change, that the lock is ours and nobody has halted deploys.

        Raises:
            LockLost, Halted: not so.
        """
        self._write(fence, {"phase": phase, "phase_at": self.ports.clock.now_ms()}, heeds_halt=True)

    def arm(self, fence: int, prev: Sequence[Route], new: str, *, heeds_halt: bool = True) -> None:
        """Write the journal; only then may the alias be moved, in the same invocation.

        Raises:
            LockLost, Halted: the lock isn't ours any more, or deploys were halted.
        """
        journal: dict[str, JSONValue] = {
            "phase": "COMMITTING",
            "phase_at": self.ports.clock.now_ms(),
            "prev": routes_to_json(prev),
            "new": new,
        }
        self._write(fence, journal, heeds_halt=heeds_halt)

    def commit(self, fence: int, record: JSONObject, deployed: JSONObject) -> None:
        """Note that the new version is live alone, and what is left to write: whoever takes over writes it.

        Raises:
            LockLost: the lock isn't ours any more.
        """
        left: JSONObject = {"record": record, "deployed": deployed}
        now = self.ports.clock.now_ms()
        self._write(fence, {"phase": "COMMITTED", "phase_at": now, "committed": left})

    def finish(self, item: LockItem) -> None:
        """Write what is left of a release whose holder has ended after its version was live alone.

        Raises:
            LockLost: the lock isn't ours any more.
        """
        record, deployed = (item.committed or {}).get("record"), (item.committed or {}).get("deployed")
        if isinstance(record, dict):
            with suppress(RecordExists):
                self.ports.table.record(record)
        self._write(
            item.fence,
            {"phase": "HELD", "phase_at": self.ports.clock.now_ms(), "deployed": deployed},
            remove=JOURNAL,
        )

    def settle(self, fence: int) -> None:
        """Note that the alias leads where the journal says it did before.

        Raises:
            LockLost: the lock isn't ours any more.
        """
        self._write(fence, {"phase": "HELD", "phase_at": self.ports.clock.now_ms()}, remove=JOURNAL)

    def release(self, fence: int, record: JSONObject, deployed: JSONObject | None = None) -> bool:
        """Give the lock back and add the record of the release, both or none.

        Args:
            fence: Ours.
            record: What the release came to, with its key.
            deployed: What is live now, unless that is what was.

        Returns:
            Whether that is done; False where the lock isn't ours and the record says nothing of us.
        """
        given = Write(
            key=self.key,
            when=[[Is("owner", self.owner), Is("fence", fence)]],
            set={
                "owner": "",
                "phase": "FREE",
                "phase_at": self.ports.clock.now_ms(),
                **({} if deployed is None else {"deployed": deployed}),
            },
            remove=(*JOURNAL, "held", "release", "release_sha256"),
        )
        try:
            self.ports.table.write_and_record(given, record)
            return True
        except RecordExists:
            # The release has a record from an earlier end; the lock still has to go.
            try:
                self.ports.table.write(given)
                return True
            except ConditionFailed:
                return self._is_ours(record)
        except ConditionFailed:
            return self._is_ours(record)

    def _is_ours(self, record: JSONObject) -> bool:
        """Whether the record was written by an attempt whose answer got lost."""
        there = self.ports.table.get(str(record["key"])) or {}
        return all(there.get(member) == record[member] for member in ("execution", "outcome"))

    def _write(
        self, fence: int, set: dict[str, JSONValue], *, remove: Sequence[str] = (), heeds_halt: bool = False
    ) -> None:
        ours = [Is("owner", self.owner), Is("fence", fence)]
        if heeds_halt:
            ours.append(Is("halt", None))
        try:
            self.ports.table.write(Write(key=self.key, when=[ours], set=set, remove=remove))
        except ConditionFailed as failed:
            item = LockItem.from_item(failed.item)
            if (item.owner, item.fence) == (self.owner, fence) and item.halt is not None:
                raise Halted(_halted(item.halt)) from failed
            raise LockLost(f"the lock isn't this deploy's any more: {_held(item)}") from failed

    def _check_dead(self, seen: LockItem) -> None:
        """Make sure that a holder will do nothing any more.

        Raises:
            LockHeld, LeaseRunning: it may.
        """
        now = self.ports.clock.now_ms()
        if seen.owner.startswith(HUMAN):
            if seen.until_ms is None or now < seen.until_ms:
                raise LockHeld(_held(seen))
        # Two reads: the first may be older than a redrive.
        elif any(self._is_running(seen.owner) for _ in range(2)):
            raise LockHeld(_held(seen))
        check_lease(seen, now)

    def _is_running(self, execution: str) -> bool:
        facts = self.ports.executions.describe(execution)
        return facts is not None and facts.status in ("RUNNING", "PENDING_REDRIVE")


def check_lease(seen: LockItem, now_ms: int) -> None:
    """Make sure that a flip that a dead holder armed can't arrive any more.

    Raises:
        LeaseRunning: it can.
    """
    if seen.phase == "COMMITTING" and now_ms < seen.phase_at_ms + LEASE_MS:
        until = format_timestamp(seen.phase_at_ms + LEASE_MS)
        raise LeaseRunning(f"{seen.owner} has ended, but what it began may arrive until {until}")


def routes_to_json(routes: Sequence[Route]) -> JSONValue:
    """Write where an alias leads."""
    return [[route.version_arn, route.weight] for route in routes]


def routes_from_json(value: JSONValue) -> tuple[Route, ...]:
    """Read where an alias leads."""
    if not isinstance(value, list):
        return ()
    return tuple(Route(str(pair[0]), _int(pair[1])) for pair in value if isinstance(pair, list))


def _held(item: LockItem) -> str:
    if not item.owner:
        return "nobody holds it"
    why = f" ({item.reason})" if item.reason else ""
    until = f" until {format_timestamp(item.until_ms)}" if item.until_ms is not None else ""
    what = f" for the release {item.release}" if item.release else ""
    return f"{item.owner} holds the lock{what}{until}{why}"


def _halted(halt: JSONObject) -> str:
    by, why, at = (halt.get(key) or "?" for key in ("by", "why", "at"))
    return f"{by} halted deploys at {at}: {why}"


def _is(item: JSONObject, attribute: str) -> Is:
    value = item.get(attribute)
    return Is(attribute, value if isinstance(value, str | int) else None)


def _int(value: JSONValue) -> int:
    return value if isinstance(value, int) else 0


def _moment(value: JSONValue) -> int | None:
    nanoseconds = parse_timestamp(value) if isinstance(value, str) else None
    return None if nanoseconds is None else nanoseconds // 1_000_000


def _phase(value: JSONValue) -> Phase:
    match value:
        case "HELD" | "STAGING" | "COMMITTING" | "COMMITTED":
            return value
        case _:
            return "FREE"
