"""Executions as the pages show them, read through Step Functions' operations.

Knows no HTTP.
"""

from __future__ import annotations

import json
from datetime import datetime
from itertools import islice

from step.asl.model import Definition
from step.asl.parse import parse
from step.clock import format_timestamp
from step.errors import StepError
from step.local.viewer.listing import JSONDocument, moment_text, row_of
from step.local.viewer.source import ExecutionSource
from step.machine.report import plain_event
from step.view.svg import render_svg
from step.view.visits import Event


class Catalogue:
    """What there is to say of single executions at a source."""

    def __init__(self, source: ExecutionSource) -> None:
        self._source = source

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
            **row_of(told),
            "error": told.get("error"),
            "cause": told.get("cause"),
            "input": told.get("input"),
            "output": told.get("output"),
            "redrive": told.get("redriveStatus"),
            "redrive_reason": told.get("redriveStatusReason"),
            "map_run": told.get("mapRunArn"),
            "now": format_timestamp(self._source.now_ms()),
        }

    def error(self, arn: str) -> JSONDocument:
        """Say how an execution failed."""
        told = self._source.call("DescribeExecution", {"executionArn": arn})
        return {"error": told.get("error"), "cause": told.get("cause")}

    def map_run(self, arn: str) -> JSONDocument:
        """Say how many child executions of a Map Run ended how, by AWS's words for that."""
        counts = self._source.call("DescribeMapRun", {"mapRunArn": arn})["executionCounts"]
        names = ("failed", "timedOut", "aborted", "running", "pending", "succeeded")
        return {"counts": {name: counts[name] for name in names}}

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


def _dated(event: Event) -> Event:
    at = event["timestamp"]
    return event if isinstance(at, datetime | str) else {**event, "timestamp": moment_text(at)}


def read_definition(text: str) -> Definition:
    """Parse a definition that AWS accepted.

    Raises:
        StepError: it isn't one that can be read.
    """
    try:
        return parse(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StepError(f"the definition can't be read: {type(error).__name__}: {error}") from error
