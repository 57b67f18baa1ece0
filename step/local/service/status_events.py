"""Events of EventBridge at the ends of executions, for rules whose targets are state machines.

As on AWS they are delivered as well as can be, and not at all where the service dies before; targets of other
kinds get nothing. Knows rules by the port ``RuleTargets`` only.
AWS: Step Functions developer guide, "Automating Step Functions event delivery with EventBridge".
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Callable, Iterable
from typing import Any, Protocol
from uuid import NAMESPACE_URL, uuid5

from step.arn import Arn
from step.clock import format_timestamp
from step.durable.host import Host
from step.durable.journal import ExecutionRow, StoreFull
from step.errors import Refused
from step.jsonvalue import JSONObject
from step.local.service.arns import EXECUTION, MACHINE, Caller

# How long an end that the disk has no room for is waited for.
_PATIENCE_SECONDS = 5.0
_log = logging.getLogger("step.local.service")


class StatusDelivery(Protocol):
    """A rule's target, and its input for an event."""

    @property
    def rule(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def input(self) -> str: ...
    @property
    def role(self) -> str: ...


class RuleTargets(Protocol):
    """The rules of EventBridge."""

    def has_rules(self) -> bool:
        """Say whether there may be any; quick."""
        ...

    def deliveries(self, event: JSONObject) -> Iterable[StatusDelivery]:
        """Say whom an event is for."""
        ...


class StatusEvents:
    """Tells state machines of the ends of executions.

    Args:
        host: What runs executions.
        targets: Whom to tell.
        start: Does StartExecution, once for what is named as the starter.
        judge: Says what a target's role lacks to start it; None: nothing.
    """

    def __init__(
        self,
        host: Host,
        targets: RuleTargets,
        start: Callable[[Caller, JSONObject, str], JSONObject],
        judge: Callable[[Caller, str, str], str | None] = lambda caller, role, target: None,
    ) -> None:
        self._host = host
        self._targets = targets
        self._start = start
        self._judge = judge
        self._ended: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._tell_all, name="step-status-events", daemon=True)
        host.listeners.append(self._hear)

    def open(self) -> None:
        """Tell of ends from now on."""
        self._thread.start()

    def close(self) -> None:
        """Tell of what has ended, then stop."""
        self._ended.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def _hear(self, arn: str) -> None:
        live = self._host.live(arn)
        if live is None or not live.is_running:
            # Until it is told nobody's time runs out in one jump.
            self._host.hold_clock()
            self._ended.put(arn)

    def _tell_all(self) -> None:
        while True:
            arn = self._ended.get()
            if arn is None:
                return
            try:
                self._tell(arn)
            except Exception as error:  # what a target has against it is no failure of the execution
                _log.warning("%s: its end wasn't told: %s", arn, error)
            finally:
                self._host.release_clock()

    def _tell(self, arn: str) -> None:
        if not self._targets.has_rules():
            return
        live = self._host.live(arn)
        if live is not None:
            live.ended.wait(_PATIENCE_SECONDS)
        with self._host.lock:
            row = self._host.journal.execution(arn)
        named = Arn.from_text(arn)
        # Express executions and those of a distributed Map have no events.
        if row is None or row.status == "RUNNING" or row.parent is not None or named is None:
            return
        if not named.resource.startswith(f"{EXECUTION}:"):
            return
        event = status_event(row, named)
        for delivery in self._targets.deliveries(event):
            if f":{MACHINE}:" in delivery.target:
                self._start_target(delivery, Caller(named.account, named.region), str(event["id"]))

    def _start_target(self, delivery: StatusDelivery, caller: Caller, event_id: str) -> None:
        missing = self._judge(caller, delivery.role, delivery.target)
        if missing is not None:
            _log.warning("%s: %s wasn't started: %s", delivery.rule, delivery.target, missing)
            return
        name = str(uuid5(NAMESPACE_URL, f"{event_id}/{delivery.rule}/{delivery.target}"))
        try:
            params: JSONObject = {"stateMachineArn": delivery.target, "name": name, "input": delivery.input}
            self._start(caller, params, f"{delivery.rule}/{event_id}")
        except (Refused, StoreFull) as refusal:
            _log.warning("%s: %s wasn't started: %s", delivery.rule, delivery.target, refusal)


def status_event(row: ExecutionRow, arn: Arn) -> JSONObject:
    """Tell of the end of an execution in EventBridge's words."""
    kept: dict[str, Any] = json.loads(row.info)["more"]
    included: JSONObject = {"included": True}
    detail: JSONObject = {
        "executionArn": row.arn,
        "stateMachineArn": row.machine_arn,
        "name": row.name,
        "status": row.status,
        "startDate": row.start_ms,
        "stopDate": row.stop_ms,
        "input": row.input,
        "output": row.output,
        "inputDetails": included,
        "outputDetails": included if row.output is not None else None,
        "error": row.error,
        "cause": row.cause,
        "stateMachineVersionArn": kept.get("version_arn"),
        "stateMachineAliasArn": kept.get("alias_arn"),
        "redriveCount": row.redrive_count,
        "redriveDate": row.redrive_ms,
    }
    time_ms = row.stop_ms or row.start_ms
    return {
        "version": "0",
        "id": str(uuid5(NAMESPACE_URL, f"{row.arn}/{row.redrive_count}/{row.status}")),
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": arn.account,
        "time": f"{format_timestamp(time_ms)[:19]}Z",
        "region": arn.region,
        "resources": [row.arn],
        "detail": detail,
    }
