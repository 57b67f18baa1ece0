"""Executions that executions start: ``states:startExecution``, and ``.sync``, which waits for the end.

A link from the child to the task that waits is kept before the child begins, so that a restart loses neither.
What a task started is marked as its own: work that is done again after a crash starts nothing twice.
AWS: Step Functions developer guide, "Start workflow executions from a task state". Observed: services_sfn.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from typing import Any, NamedTuple, Protocol
from uuid import NAMESPACE_URL, uuid5

from step.arn import execution_arn
from step.clock import format_timestamp, pause
from step.durable.host import Host
from step.durable.journal import ExecutionRow, StoreFull
from step.engine.vocabulary import Input, StartTask, TaskFailed, TaskSucceeded
from step.errors import Refused
from step.jsonvalue import JSONObject, to_text
from step.local.service.arns import Caller, machine_arn
from step.runtime.integrations.calls import in_ms
from step.runtime.services import Refusal, ServiceAnswer, ServiceCall

_LINK = "link"
_SERVICE_ID = "SFN"
_RETRY_SECONDS = 0.5
_log = logging.getLogger("step.local.service")


class Starts(Protocol):
    """Who starts executions: the service."""

    def start_for(self, caller: Caller, params: JSONObject, starter: str) -> JSONObject:
        """Do StartExecution for a task; what the same task has started before is started."""

    def is_express(self, params: JSONObject) -> bool:
        """Say whether an Express machine would be started."""


class Link(NamedTuple):
    """A task that waits for the end of an execution."""

    parent: str
    token: str
    pattern: str


class Nested:
    """Starts executions for tasks, and tells tasks of their ends."""

    host: Host
    service: Starts

    def __init__(self) -> None:
        self._links: dict[str, Link] = {}
        # The executions that tasks of an execution wait for, by its ARN.
        self._children: dict[str, set[str]] = {}
        self._news: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._settle_all, name="step-nested", daemon=True)

    def bind(self, host: Host, service: Starts) -> None:
        """Get to know who runs and starts; before the host opens."""
        self.host, self.service = host, service
        with host.lock:
            for child, body in host.journal.documents(_LINK):
                self._remember(child, Link(**body))
        host.listeners.append(self._hear)

    def open(self) -> None:
        """Tell tasks of ends from now on, and of those that happened before; after the host has opened."""
        with self.host.lock:
            for child, link in list(self._links.items()):
                if self.host.journal.execution(child) is not None:
                    # Of one that hasn't begun the parent's task does the work again.
                    self._note(child)
                self._note(link.parent)
        self._thread.start()

    def close(self) -> None:
        """Stop telling; what is kept is told when the service opens again."""
        self._news.put(None)
        if self._thread.is_alive():
            self._thread.join()

    # ------------------------------------------------------------ starting

    def start(
        self, caller: Caller, call: ServiceCall, task: StartTask, pattern: str, parent: str
    ) -> ServiceAnswer | Refusal:
        """Start an execution; with a ``.sync`` pattern the task's token is answered at its end."""
        starter = f"{parent}/{task.op}"
        params: JSONObject = {_member(name): value for name, value in call.parameters.items()}
        if "name" not in params:
            params["name"] = str(uuid5(NAMESPACE_URL, f"{starter}/{task.token}"))
        is_waiting = pattern.startswith("sync")
        with self.host.lock:
            child = None
            try:
                if is_waiting:
                    child = self._link(params, Link(parent, task.token or "", pattern))
                answer = self.service.start_for(caller, params, starter)
            except Refused as refusal:
                if child is not None:
                    self._unlink(child)
                return Refusal(_SERVICE_ID, refusal.code, refusal.message, exception=refusal.code)
        start_ms = round(float(str(answer["startDate"])) * 1000)
        output: JSONObject = {
            "ExecutionArn": answer["executionArn"],
            "StartDate": format_timestamp(start_ms),
        }
        return ServiceAnswer(output)

    def _link(self, params: JSONObject, link: Link) -> str | None:
        """Keep who waits; None: the execution is another task's, and the start will be refused.

        Raises:
            Refused: nobody can wait for the execution.
        """
        if self.service.is_express(params):
            raise Refused(
                "StateMachineTypeNotSupported",
                "This operation is not supported by this type of state machine",
            )
        machine = machine_arn(str(params.get("stateMachineArn"))).machine
        child = execution_arn(machine, str(params["name"]))
        if self._links.get(child, link) != link:
            return None
        self._remember(child, link)
        self.host.journal.put(_LINK, child, link._asdict())
        return child

    def _remember(self, child: str, link: Link) -> None:
        self._links[child] = link
        self._children.setdefault(link.parent, set()).add(child)

    def _unlink(self, child: str) -> None:
        link = self._links.pop(child, None)
        if link is None:
            return
        siblings = self._children.get(link.parent, set())
        siblings.discard(child)
        if not siblings:
            self._children.pop(link.parent, None)
        self.host.journal.delete(_LINK, child)

    # ------------------------------------------------------------ ends

    def _hear(self, arn: str) -> None:
        if arn in self._links or arn in self._children:
            self._note(arn)

    def _note(self, arn: str) -> None:
        """Have an execution looked at; until then nobody's time runs out in one jump."""
        self.host.hold_clock()
        self._news.put(arn)

    def _settle_all(self) -> None:
        while True:
            arn = self._news.get()
            if arn is None:
                return
            try:
                with self.host.lock:
                    self._settle(arn)
            except StoreFull:
                pause(_RETRY_SECONDS)
                self._note(arn)
            except Exception:  # whatever one execution holds, the others are told
                _log.exception("%s", arn)
            finally:
                self.host.release_clock()

    def _settle(self, arn: str) -> None:
        link = self._links.get(arn)
        if link is not None:
            self._tell_end(arn, link)
        for child in list(self._children.get(arn, ())):
            if not self.host.is_open(self._links[child].token):
                # Nobody waits any more: the parent has ended, or has given up on the task.
                self.host.stop(child, None, None)
                self._unlink(child)

    def _tell_end(self, child: str, link: Link) -> None:
        row = self.host.journal.execution(child)
        if row is None:
            cause = to_text({"ExecutionArn": child, "Status": "ABORTED"})
            self.host.answer(link.token, lambda op: TaskFailed(op, "States.TaskFailed", cause))
        elif row.status == "RUNNING":
            return
        else:
            self.host.answer(link.token, lambda op: _end_of(row, link.pattern, op))
        self._unlink(child)


def _member(name: str) -> str:
    return name[:1].lower() + name[1:]


def _end_of(row: ExecutionRow, pattern: str, op: int) -> Input:
    """End a ``.sync`` task. AWS: ``.sync:2`` gives input and output as JSON, ``.sync`` as text."""
    output = in_ms(_described(row))
    if row.status != "SUCCEEDED":
        return TaskFailed(op, "States.TaskFailed", to_text(output))
    if pattern == "sync:2":
        output |= {"Input": json.loads(row.input), "Output": json.loads(row.output or "null")}
    return TaskSucceeded(op, output)


def _described(row: ExecutionRow) -> JSONObject:
    """Describe an execution as DescribeExecution does, in the order that is observed."""
    told = {"Cause": row.cause, "Error": row.error}
    output: JSONObject = {name: text for name, text in told.items() if text is not None}
    output |= {
        "ExecutionArn": row.arn,
        "Input": row.input,
        "InputDetails": {"Included": True},
        "Name": row.name,
    }
    if row.status == "SUCCEEDED":
        output |= {
            "Output": row.output,
            "OutputDetails": {"Included": True},
            "RedriveCount": row.redrive_count,
            "RedriveStatus": "NOT_REDRIVABLE",
            "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
        }
    kept: dict[str, Any] = json.loads(row.info)["more"]
    output |= {"StartDate": format_timestamp(row.start_ms), "StateMachineArn": row.machine_arn}
    named = {"alias_arn": "StateMachineAliasArn", "version_arn": "StateMachineVersionArn"}
    output |= {member: kept[key] for key, member in named.items() if key in kept}
    output |= {"Status": row.status, "StopDate": format_timestamp(row.stop_ms or row.start_ms)}
    return output
