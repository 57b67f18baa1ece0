"""Events of EventBridge at the ends of executions.

Knows nothing of rules and targets but who tells them.
AWS: Step Functions developer guide, "Automating Step Functions event delivery with EventBridge".
"""

from __future__ import annotations

import json
import logging
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from step.arn import Arn
from step.clock import format_timestamp
from step.durable.host import Host
from step.durable.journal import ExecutionRow
from step.jsonvalue import JSONObject
from step.local.service.arns import EXECUTION
from step.local.service.event_targets import EventTargets

# How long an end that the disk has no room for is waited for.
_PATIENCE_SECONDS = 5.0
_log = logging.getLogger("step.local.service")


class StatusEvents:
    """Tells of the ends of executions.

    Args:
        host: What runs executions.
        targets: Whom to tell.
    """

    def __init__(self, host: Host, targets: EventTargets) -> None:
        self._host = host
        self._targets = targets
        host.listeners.append(self._hear)

    def _hear(self, arn: str) -> None:
        live = self._host.live(arn)
        if live is None or not live.is_running:
            self._targets.do(lambda: self._tell(arn))

    def _tell(self, arn: str) -> None:
        if not self._targets.has_rules:
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
        if named.resource.startswith(f"{EXECUTION}:"):
            self._targets.tell(status_event(row, named))


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
