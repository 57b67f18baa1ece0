"""Executions on Step Functions, by the names people use: list, follow, start, stop, redrive, answer.

Knows Step Functions' operations and how ARNs are built; prints nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from typing import Any

from step.arn import execution_arn
from step.aws.connection import Aws
from step.clock import pause
from step.errors import Refused, StepError

STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE")
# The error that step's own service gives an execution that is RUNNING and can't go on; its cause says why.
SUSPENDED = "Step.Suspended"
_SERVICE = "stepfunctions"
# arn:aws:states:REGION:ACCOUNT:stateMachine:NAME, and then perhaps a version or an alias.
_ARN_PARTS = 7
# How often an execution is looked for that may not be there yet.
_LOOKS = 4
# Between two looks at a running execution: soon at first, then no more often than AWS likes it.
_FIRST_PAUSE, _LAST_PAUSE = 0.1, 2.0

Event = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An execution in a list; ``note`` says why one that is RUNNING can't go on, where step runs it."""

    arn: str
    name: str
    machine: str
    status: str
    started: datetime
    stopped: datetime | None
    redrives: int
    note: str | None = None

    @classmethod
    def from_api(cls, row: Mapping[str, Any]) -> Listed:
        """Read what ListExecutions gives; times are datetimes or epoch seconds."""
        stopped = row.get("stopDate")
        return cls(
            arn=row["executionArn"],
            name=row["name"],
            machine=row["stateMachineArn"].split(":stateMachine:")[-1],
            status=row["status"],
            started=_moment(row["startDate"]),
            stopped=None if stopped is None else _moment(stopped),
            redrives=int(row.get("redriveCount", 0)),
        )


def _moment(at: Any) -> datetime:
    return at if isinstance(at, datetime) else datetime.fromtimestamp(float(at), UTC)


class StepFunctions:
    """The executions at one place.

    Machines and executions are given as ARNs or names: a machine as ``NAME`` or ``NAME:QUALIFIER`` (an
    alias or a version), an execution as ``NAME`` or ``MACHINE:NAME``.
    """

    def __init__(self, aws: Aws, *, wait: Callable[[float], None] = pause) -> None:
        self._aws = aws
        self._wait = wait

    # ------------------------------------------------------------ names

    def machine_arn(self, name: str) -> str:
        """Find a machine.

        Raises:
            StepError: there is none of this name; the nearest one is named.
        """
        if name.startswith("arn:"):
            return name
        bare, colon, qualifier = name.partition(":")
        known = {machine["name"]: str(machine["stateMachineArn"]) for machine in self._machines()}
        if bare not in known:
            raise StepError(f"no state machine {bare!r} at {self._aws.where}{_nearest(bare, known)}")
        return known[bare] + colon + qualifier

    def find_machine(self, name: str) -> str | None:
        """Find a machine by its exact name; None: there is none."""
        found = (machine for machine in self._machines() if machine["name"] == name)
        return next((str(machine["stateMachineArn"]) for machine in found), None)

    def execution_arn(self, name: str) -> str:
        """Find an execution.

        Raises:
            StepError: there is none of this name, or several machines have one.
        """
        if name.startswith("arn:"):
            return name
        machine, _, bare = name.rpartition(":")
        if machine:
            return execution_arn(self.machine_arn(machine), bare)
        machines = [str(machine["stateMachineArn"]) for machine in self._machines()]
        arns = [execution_arn(machine, bare) for machine in machines]
        found = [arn for arn in arns if self._exists(arn)]
        if not found:
            raise StepError(
                f"no execution {bare!r} at {self._aws.where}; `step executions` lists the newest ones"
            )
        if len(found) > 1:
            names = " or ".join(":".join(arn.split(":")[-2:]) for arn in found)
            raise StepError(f"{len(found)} machines have an execution {bare!r}: say {names}")
        return found[0]

    def _machines(self) -> Iterator[dict[str, Any]]:
        return self._aws.pages(_SERVICE, "list_state_machines", "stateMachines")

    def _exists(self, arn: str) -> bool:
        try:
            self.describe(arn)
        except Refused as refusal:
            # What one may not look at isn't what one has named: others' machines are in the list too.
            if refusal.code in (
                "AccessDeniedException",
                "ExecutionDoesNotExist",
                "StateMachineTypeNotSupported",
            ):
                return False
            raise
        return True

    # ------------------------------------------------------------ looking

    def executions(self, machine: str | None, status: str | None, limit: int) -> list[Listed]:
        """List executions, the newest first: a machine's, a Map Run's, or everybody's.

        Raises:
            StepError: no such executions have that status.
        """
        if status == "PENDING_REDRIVE" and (machine is None or ":mapRun:" not in machine):
            raise StepError(
                "PENDING_REDRIVE is a status of a distributed Map's executions only: name its Map Run's ARN"
            )
        if machine is not None and ":mapRun:" in machine:
            found = self._listed({"mapRunArn": machine}, status, limit)
        elif machine is not None:
            found = self._listed({"stateMachineArn": self.machine_arn(machine)}, status, limit)
        else:
            # AWS keeps no list of an Express machine's executions.
            arns = [m["stateMachineArn"] for m in self._machines() if m.get("type") != "EXPRESS"]
            lists = [self._listed({"stateMachineArn": arn}, status, limit) for arn in arns]
            found = merge(*lists, key=lambda one: one.started, reverse=True)
        return [self._noted(one) for one in islice(found, limit)]

    def _noted(self, one: Listed) -> Listed:
        """Ask step's own service whether an execution is suspended; AWS's never is."""
        if one.status != "RUNNING" or not self._aws.endpoint:
            return one
        told = self.describe(one.arn)
        return replace(one, note=told.get("cause")) if told.get("error") == SUSPENDED else one

    def _listed(self, owner: dict[str, str], status: str | None, limit: int) -> Iterator[Listed]:
        wanted: dict[str, Any] = {"maxResults": min(limit, 1000), **owner}
        if status is not None:
            wanted["statusFilter"] = status
        for row in self._aws.pages(_SERVICE, "list_executions", "executions", **wanted):
            yield Listed.from_api(row)

    def describe(self, arn: str) -> dict[str, Any]:
        """Describe an execution, as the API does.

        Raises:
            Refused: there is none.
        """
        return self._aws.call(_SERVICE, "describe_execution", executionArn=arn)

    def definition(self, arn: str) -> str:
        """Read the definition that an execution runs."""
        about = self._aws.call(_SERVICE, "describe_state_machine_for_execution", executionArn=arn)
        return str(about["definition"])

    def events(self, arn: str) -> list[Event]:
        """Read the history of an execution so far."""
        return list(_Reader(self._aws, arn).new())

    def follow(self, arn: str) -> Iterator[Event]:
        """Yield the events of an execution as they come, until it has ended."""
        reader = _Reader(self._aws, arn)
        seconds = _FIRST_PAUSE
        while True:
            # Asked before the events are read: what came before the end is then among them.
            status = self._status(arn, is_first=seconds == _FIRST_PAUSE)
            is_quiet = True
            for event in reader.new():
                is_quiet = False
                yield event
            if status not in ("RUNNING", "PENDING_REDRIVE"):
                return
            seconds = min(seconds * 1.5, _LAST_PAUSE) if is_quiet else _FIRST_PAUSE
            self._wait(seconds)

    def _status(self, arn: str, *, is_first: bool) -> str:
        """Read an execution's status; what has just been started may not be there yet.

        AWS: Step Functions API reference, "DescribeExecution": eventually consistent.
        """
        for _ in range(_LOOKS if is_first else 0):
            try:
                return str(self.describe(arn)["status"])
            except Refused as refusal:
                if refusal.code != "ExecutionDoesNotExist":
                    raise
                self._wait(_FIRST_PAUSE)
        return str(self.describe(arn)["status"])

    # ------------------------------------------------------------ acting

    def start(self, machine_arn: str, text: str, name: str | None) -> str:
        """Start an execution with a JSON text; return its ARN."""
        wanted = {"stateMachineArn": machine_arn, "input": text}
        if name is not None:
            wanted["name"] = name
        return str(self._aws.call(_SERVICE, "start_execution", **wanted)["executionArn"])

    def is_express(self, machine_arn: str) -> bool:
        """Whether a machine's executions are Express ones, of which AWS keeps no history."""
        # Without an alias, which can't be described so.
        bare = ":".join(machine_arn.split(":")[:_ARN_PARTS])
        about = self._aws.call(_SERVICE, "describe_state_machine", stateMachineArn=bare)
        return bool(about["type"] == "EXPRESS")

    def run_express(self, machine_arn: str, text: str, name: str | None) -> dict[str, Any]:
        """Run an Express execution to its end; describe it, as the API does."""
        named = {} if name is None else {"name": name}
        return self._aws.call(
            _SERVICE, "start_sync_execution", stateMachineArn=machine_arn, input=text, **named
        )

    def stop(self, arn: str, error: str | None, cause: str | None) -> None:
        """Abort an execution."""
        told = {"error": error, "cause": cause}
        given = {key: text for key, text in told.items() if text is not None}
        self._aws.call(_SERVICE, "stop_execution", executionArn=arn, **given)

    def redrive(self, arn: str) -> None:
        """Go on with an execution that didn't succeed."""
        self._aws.call(_SERVICE, "redrive_execution", executionArn=arn)

    def succeed(self, token: str, output: str) -> None:
        """End the task that a token stands for with a result, a JSON text."""
        self._aws.call(_SERVICE, "send_task_success", taskToken=token, output=output)

    def fail(self, token: str, error: str, cause: str) -> None:
        """End the task that a token stands for with an error."""
        self._aws.call(_SERVICE, "send_task_failure", taskToken=token, error=error, cause=cause)

    def beat(self, token: str) -> None:
        """Say that the task that a token stands for is alive."""
        self._aws.call(_SERVICE, "send_task_heartbeat", taskToken=token)


class _Reader:
    """Reads a growing history: each time what is new."""

    def __init__(self, aws: Aws, arn: str) -> None:
        self._aws = aws
        self._arn = arn
        self._last_id = 0
        # The page that was the last one: it may have grown, or have got a next one.
        self._page: dict[str, str] = {}

    def new(self) -> Iterator[Event]:
        while True:
            try:
                answer = self._aws.call(
                    _SERVICE, "get_execution_history", executionArn=self._arn, maxResults=1000, **self._page
                )
            except Refused as refusal:
                # A page's token is good for 24 hours; a canary may take longer.
                if refusal.code != "InvalidToken" or not self._page:
                    raise
                self._page = {}
                continue
            for event in answer["events"]:
                if event["id"] > self._last_id:
                    self._last_id = event["id"]
                    yield event
            if not answer.get("nextToken"):
                return
            self._page = {"nextToken": answer["nextToken"]}


def _nearest(name: str, known: dict[str, str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f" (did you mean {near[0]!r}?)"
    if not known:
        return "; there is none at all"
    return f"; there are {', '.join(sorted(known)[:5])}{', ...' if len(known) > 5 else ''}"
