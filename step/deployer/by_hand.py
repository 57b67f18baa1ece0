"""The lock by hand: a person takes it, gives it back, or halts deploys, with a reason for the next one.

Knows the table through its port. A lock that an execution holds is the execution's: it can't be given back
from here, and needn't be, since the next deploy takes over from one that has ended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from step.clock import format_timestamp
from step.deployer.lock import HUMAN, JOURNAL, LockHeld, LockItem, check_lease
from step.deployer.ports import ConditionFailed, Is, Table, Write
from step.jsonvalue import JSONObject, JSONValue


@dataclass(frozen=True, slots=True)
class LockByHand:
    """One lock, and the person at it.

    Attributes:
        table: The table of locks.
        key: The lock's key.
        who: The person, as AWS knows them.
    """

    table: Table
    key: str
    who: str

    def read(self) -> LockItem:
        """Read the item."""
        return LockItem.from_item(self.table.get(self.key))

    def take(self, reason: str, now_ms: int, until_ms: int | None) -> LockItem:
        """Take the lock, or change reason and end of one's own.

        Args:
            reason: Why; whoever meets the lock reads it.
            now_ms: Now.
            until_ms: When it ends by itself; None: when it is given back.

        Raises:
            LockHeld: somebody else has it.
        """
        until: dict[str, JSONValue] = {} if until_ms is None else {"until": format_timestamp(until_ms)}
        wanted = Write(
            key=self.key,
            when=[[Is("key", None)], [Is("owner", None)], [Is("owner", "")], [Is("owner", self._owner)]],
            set={"owner": self._owner, "phase": "HELD", "phase_at": now_ms, "reason": reason, **until},
            remove=() if until else ("until",),
            add={"fence": 1},
        )
        return self._change(wanted)

    def seize(self, reason: str, now_ms: int, has_ended: Callable[[str], bool]) -> tuple[LockItem, str]:
        """Take the lock, also from an execution that has ended; the journal stays until it is given back.

        Args:
            reason: Why.
            now_ms: Now.
            has_ended: Whether an execution has ended.

        Returns:
            The item, and whom it was taken over from ("": nobody).

        Raises:
            LockHeld: an execution that runs has it, or another person.
            LeaseRunning: what the execution began may still arrive.
        """
        seen = self.read()
        if not seen.owner or seen.owner.startswith(HUMAN):
            return self.take(reason, now_ms, None), ""
        if not has_ended(seen.owner):
            raise LockHeld(f"{seen.owner} deploys it now: let it end, or `step stop {seen.owner}`")
        check_lease(seen, now_ms)
        wanted = Write(
            key=self.key,
            when=[[Is("owner", seen.owner), Is("fence", seen.fence)]],
            set={"owner": self._owner, "reason": reason},
            remove=("held", "until"),
            add={"fence": 1},
        )
        return self._change(wanted), seen.owner

    def give_back(self, reason: str, now_ms: int, deployed: JSONObject | None = None) -> LockItem:
        """Give back a lock that a person took: one's own, or somebody else's with a reason.

        Args:
            reason: Why.
            now_ms: Now.
            deployed: What is live since it was taken, where somebody has changed that by hand.

        Raises:
            LockHeld: an execution has it, or somebody took it just now.
        """
        seen = self.read()
        if not seen.owner:
            return seen
        if not seen.owner.startswith(HUMAN):
            raise LockHeld(f"{seen.owner} holds the lock; if that has ended, the next deploy takes it over")
        wanted = Write(
            key=self.key,
            when=[[Is("owner", seen.owner), Is("fence", seen.fence)]],
            set={
                "owner": "",
                "phase": "FREE",
                "phase_at": now_ms,
                "given_back": self._said(reason, now_ms),
                **({} if deployed is None else {"deployed": deployed}),
            },
            remove=("until", "reason", *JOURNAL),
        )
        return self._change(wanted)

    def halt(self, reason: str, now_ms: int) -> LockItem:
        """Halt deploys: one that runs stops at its next change and goes back, others don't begin."""
        halted = {"halt": self._said(reason, now_ms)}
        return self._change(Write(key=self.key, when=self._always, set=halted))

    def resume(self) -> LockItem:
        """Let deploys go on."""
        return self._change(Write(key=self.key, when=self._always, remove=("halt",)))

    @property
    def _always(self) -> list[list[Is]]:
        return [[Is("key", None)], [Is("key", self.key)]]

    @property
    def _owner(self) -> str:
        return f"{HUMAN}{self.who}"

    def _said(self, reason: str, now_ms: int) -> JSONObject:
        return {"by": self.who, "why": reason, "at": format_timestamp(now_ms)}

    def _change(self, write: Write) -> LockItem:
        try:
            return LockItem.from_item(self.table.write(write))
        except ConditionFailed as failed:
            item = LockItem.from_item(failed.item)
            why = f" ({item.reason})" if item.reason else ""
            raise LockHeld(f"{item.owner or 'somebody'} holds the lock{why}") from failed
