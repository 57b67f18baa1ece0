"""Machines and executions as the pages show them, read through Step Functions' operations.

Knows no HTTP. Lists are read page by page, no further than what is shown needs.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from step.asl.model import Definition
from step.asl.parse import parse
from step.clock import format_timestamp
from step.errors import Refused, StepError
from step.local.viewer.source import ExecutionSource
from step.machine.report import plain_event
from step.view.svg import render_svg
from step.view.visits import Event

JSONDocument = dict[str, Any]
# How many executions are looked through for a text, and how many inputs are read for it.
MOST_SEARCHED = 2000
MOST_READ = 400
_MOST_CACHED = 2000


class Catalogue:
    """What there is at a source; ``most_read`` is of how many executions a search reads the inputs."""

    def __init__(self, source: ExecutionSource, *, most_read: int = MOST_READ) -> None:
        self._source = source
        self._most_read = most_read
        self._inputs = _Inputs(source)

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

    def executions(self, machine: str, status: str, text: str, limit: int) -> JSONDocument:
        """List executions, the newest first.

        Args:
            machine: A machine's or a Map Run's ARN; "": of all machines.
            status: AWS's word; "": any.
            text: What a name or an input holds, whatever the case; "": anything.
            limit: At most so many.

        Returns:
            ``executions``; ``more``: whether there are others behind them; ``searched`` and ``inputs_read``:
            of how many names and inputs were read, where not of all, else None.
        """
        found: list[JSONDocument] = []
        seen = 0
        searched, has_more = None, False
        for row in self._listed(machine, status, limit if not text else MOST_SEARCHED):
            if text and seen == MOST_SEARCHED:
                searched = seen
                break
            seen += 1
            if text and not self._has(row, text.lower(), seen):
                continue
            if len(found) == limit:
                has_more = True
                break
            found.append(_row(row))
        inputs_read = self._most_read if text and seen > self._most_read else None
        return {"executions": found, "more": has_more, "searched": searched, "inputs_read": inputs_read}

    def execution(self, arn: str) -> JSONDocument:
        """Describe one execution, with the machine's definition and picture as they were when it began."""
        about = self._source.call("DescribeStateMachineForExecution", {"executionArn": arn})
        definition = read_definition(about["definition"])
        return {
            **self.facts(arn),
            "machine": about["name"],
            "definition": dict(definition.source),
            "graph": render_svg(definition, has_style=False),
            "where": self._source.where,
            "can_act": self._source.can_act,
        }

    def facts(self, arn: str) -> JSONDocument:
        """Say how an execution stands."""
        told = self._source.call("DescribeExecution", {"executionArn": arn})
        return {
            **_row(told),
            "error": told.get("error"),
            "cause": told.get("cause"),
            "input": told.get("input"),
            "output": told.get("output"),
            "redrive": told.get("redriveStatus"),
            "redrive_reason": told.get("redriveStatusReason"),
            "map_run": told.get("mapRunArn"),
        }

    def definition(self, arn: str) -> Definition:
        """Read what an execution runs."""
        about = self._source.call("DescribeStateMachineForExecution", {"executionArn": arn})
        return read_definition(about["definition"])

    def history(self, arn: str, after: int, limit: int) -> list[JSONDocument]:
        """Read at most so many events behind the one with the id ``after``; none: there are no more yet."""
        return [plain_event(_dated(event)) for event in islice(self._source.events(arn, after), limit)]

    def whole_history(self, arn: str) -> list[JSONDocument]:
        """Read all events so far."""
        events: list[JSONDocument] = []
        while more := self.history(arn, events[-1]["id"] if events else 0, 10_000):
            events += more
        return events

    # ------------------------------------------------------------ lists

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

    def _has(self, row: Mapping[str, Any], text: str, seen: int) -> bool:
        if text in row["name"].lower():
            return True
        return seen <= self._most_read and text in self._inputs.of(row["executionArn"]).lower()


class _Inputs:
    """The inputs of executions, which never change: those asked for lately are kept."""

    def __init__(self, source: ExecutionSource) -> None:
        self._source = source
        self._known: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, arn: str) -> str:
        with self._lock:
            known = self._known.get(arn)
        if known is None:
            try:
                known = str(self._source.call("DescribeExecution", {"executionArn": arn}).get("input") or "")
            except Refused:  # it was forgotten meanwhile
                known = ""
            with self._lock:
                self._known[arn] = known
                while len(self._known) > _MOST_CACHED:
                    self._known.popitem(last=False)
        return known


def _row(row: Mapping[str, Any]) -> JSONDocument:
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


def _dated(event: Event) -> Event:
    at = event["timestamp"]
    return event if isinstance(at, datetime | str) else {**event, "timestamp": moment_text(at)}


def seconds(at: Any) -> float:
    """Read a time as seconds since 1970."""
    return at.timestamp() if isinstance(at, datetime) else float(at)


def moment_text(at: Any) -> str | None:
    """Write a time as text."""
    return None if at is None else format_timestamp(round(seconds(at) * 1000))


def read_definition(text: str) -> Definition:
    """Parse a definition that AWS accepted.

    Raises:
        StepError: it isn't one that can be read.
    """
    try:
        return parse(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StepError(f"the definition can't be read: {type(error).__name__}: {error}") from error
