"""Lists of executions: read page by page, no further than is asked for, and read on from where one stopped.

Knows no HTTP. A list that isn't at its end has a cursor, a name for what is still to be read; the last few
are kept, and each is good for one reading.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from typing import Any

from step.clock import format_timestamp
from step.errors import Refused
from step.local.entropy import new_uuid
from step.local.viewer.source import ExecutionSource

JSONDocument = dict[str, Any]
# In how many executions one request looks for a text.
MOST_SEARCHED = 2000
_MOST_CURSORS = 32
_MOST_INPUTS = 20_000


@dataclass(slots=True, kw_only=True)
class _Reading:
    """A list on the way: what is still to come, for which text, and how many executions were looked at."""

    rows: Iterator[Mapping[str, Any]]
    text: str
    seen: int = 0
    held: Mapping[str, Any] | None = None


class Listing:
    """The lists at a source; ``most_read`` says how many inputs a request for a text reads."""

    def __init__(self, source: ExecutionSource, *, most_read: int = MOST_SEARCHED) -> None:
        self._source = source
        self._most_read = most_read
        self._inputs = _Inputs(source)
        self._cursors: OrderedDict[str, _Reading] = OrderedDict()
        self._lock = threading.Lock()

    def machines(self) -> list[JSONDocument]:
        """List all machines, by name."""
        told = [
            {
                "arn": machine["stateMachineArn"],
                "name": machine["name"],
                "type": machine.get("type", "STANDARD"),
                "created": moment_text(machine.get("creationDate")),
            }
            for machine in self._pages("ListStateMachines", "stateMachines", {})
        ]
        return sorted(told, key=lambda machine: str(machine["name"]))

    def executions(
        self, *, machine: str = "", status: str = "", text: str = "", limit: int = 50, cursor: str = ""
    ) -> JSONDocument:
        """List executions, the newest first.

        Args:
            machine: A machine's or a Map Run's ARN; "": of all machines.
            status: AWS's word; "": any.
            text: What a name or an input holds, whatever the case; "": anything.
            limit: At most so many.
            cursor: Where a list goes on; the other words but the limit are the list's own then.

        Returns:
            ``executions``; ``cursor``, None at the end of the list; ``searched``: in how many a text was
            looked for; ``all_inputs``: whether that was in all their inputs.

        Raises:
            Refused: "CursorExpired", and what the source refuses.
        """
        reading = self._take(cursor) if cursor else self._begin(machine, status, text.lower(), limit)
        found: list[JSONDocument] = []
        first = reading.seen
        is_over = False
        while len(found) < limit and reading.seen - first < MOST_SEARCHED:
            row = self._next(reading)
            if row is None:
                is_over = True
                break
            reading.seen += 1
            if not reading.text or self._has(
                row, reading.text, is_read=reading.seen - first <= self._most_read
            ):
                found.append(row_of(row))
        is_over = is_over or self._is_over(reading)
        return {
            "executions": found,
            "cursor": None if is_over else self._keep(reading),
            "searched": reading.seen if reading.text else None,
            "all_inputs": reading.seen - first <= self._most_read,
            "now": format_timestamp(self._source.now_ms()),
        }

    # ------------------------------------------------------------ reading on

    def _begin(self, machine: str, status: str, text: str, limit: int) -> _Reading:
        size = MOST_SEARCHED if text else limit
        return _Reading(rows=self._listed(machine, status, size), text=text)

    def _next(self, reading: _Reading) -> Mapping[str, Any] | None:
        held, reading.held = reading.held, None
        return held if held is not None else next(reading.rows, None)

    def _is_over(self, reading: _Reading) -> bool:
        reading.held = self._next(reading)
        return reading.held is None

    def _keep(self, reading: _Reading) -> str:
        name = new_uuid()
        with self._lock:
            self._cursors[name] = reading
            while len(self._cursors) > _MOST_CURSORS:
                self._cursors.popitem(last=False)
        return name

    def _take(self, name: str) -> _Reading:
        with self._lock:
            reading = self._cursors.pop(name, None)
        if reading is None:
            raise Refused("CursorExpired", "the list is read from its beginning again")
        return reading

    # ------------------------------------------------------------ the source's pages

    def _listed(self, machine: str, status: str, limit: int) -> Iterator[Mapping[str, Any]]:
        wanted: JSONDocument = {"maxResults": min(max(limit + 1, 10), 1000)}
        if status:
            wanted["statusFilter"] = status
        if machine:
            owner = "mapRunArn" if ":mapRun:" in machine else "stateMachineArn"
            return self._pages("ListExecutions", "executions", {**wanted, owner: machine})
        # AWS keeps no list of an Express machine's executions.
        arns = [one["arn"] for one in self.machines() if one["type"] != "EXPRESS"]
        lists = [self._pages("ListExecutions", "executions", {**wanted, "stateMachineArn": a}) for a in arns]
        return merge(*lists, key=lambda row: seconds(row["startDate"]), reverse=True)

    def _pages(self, operation: str, key: str, parameters: JSONDocument) -> Iterator[Mapping[str, Any]]:
        token: JSONDocument = {}
        while True:
            answer = self._source.call(operation, {**parameters, **token})
            yield from answer[key]
            if not answer.get("nextToken"):
                return
            token = {"nextToken": answer["nextToken"]}

    def _has(self, row: Mapping[str, Any], text: str, *, is_read: bool) -> bool:
        if text in row["name"].lower():
            return True
        return is_read and text in self._inputs.of(row["executionArn"])


class _Inputs:
    """The inputs of executions in small letters, which never change: those asked for lately are kept."""

    def __init__(self, source: ExecutionSource) -> None:
        self._source = source
        self._known: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, arn: str) -> str:
        with self._lock:
            known = self._known.get(arn)
        if known is None:
            known = self._read(arn)
            with self._lock:
                self._known[arn] = known
                while len(self._known) > _MOST_INPUTS:
                    self._known.popitem(last=False)
        return known

    def _read(self, arn: str) -> str:
        try:
            told = self._source.call("DescribeExecution", {"executionArn": arn})
        except Refused:  # it was forgotten meanwhile
            return ""
        return str(told.get("input") or "").lower()


def row_of(row: Mapping[str, Any]) -> JSONDocument:
    """Write an execution as the lists show it."""
    return {
        "arn": row["executionArn"],
        "name": row["name"],
        "machine": row["stateMachineArn"].split(":")[6],
        "machine_arn": row["stateMachineArn"],
        "status": row["status"],
        "started": moment_text(row["startDate"]),
        "stopped": moment_text(row.get("stopDate")),
        "redrives": row.get("redriveCount", 0),
    }


def seconds(at: Any) -> float:
    """Read a time as seconds since 1970."""
    return at.timestamp() if hasattr(at, "timestamp") else float(at)


def moment_text(at: Any) -> str | None:
    """Write a time as text."""
    return None if at is None else format_timestamp(round(seconds(at) * 1000))
