"""Executions: describe, list, history, stop, redrive.

AWS: Step Functions API reference, the operations named here; developer guide, "Restarting state machine
executions with redrive". Observed: sfn_api, redrive.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from typing import Any

from step.aws.step_functions import SUSPENDED
from step.durable.host import Host, Live
from step.durable.journal import REDRIVE, ExecutionRow
from step.engine.history import Event, History
from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue, to_text
from step.local.service.arns import Caller, MachineArn, execution_arn, machine_arn, map_run_arn
from step.local.service.machines import Machines
from step.local.service.paging import Page
from step.local.service.records import INITIAL
from step.local.service.starting import not_for_type

# AWS: RedriveExecution: a failed execution can be redriven for fourteen days; up to 24,999 events.
_REDRIVABLE_MS = 14 * 24 * 3600 * 1000
_MOST_EVENTS = 24_999
_DATA = frozenset({"input", "output", "parameters", "assignedVariables"})


class Executions:
    """The operations on executions that there are."""

    def __init__(
        self, host: Host, machines: Machines, watch: Callable[[Live, JSONObject, int], None]
    ) -> None:
        self._host = host
        self._machines = machines
        self._watch = watch

    # ------------------------------------------------------------ describe

    def describe(self, caller: Caller, params: JSONObject) -> JSONObject:
        row = self.row(str(params["executionArn"]))
        told = listed(row) | self._redriving(row)
        kept = json.loads(row.info)["more"]
        if params.get("includedData") != "METADATA_ONLY":
            told |= {"input": row.input, "inputDetails": {"included": True}}
            if row.output is not None:
                told |= {"output": row.output, "outputDetails": {"included": True}}
        for name, value in {"error": row.error, "cause": row.cause}.items():
            if value is not None:
                told[name] = value
        note = self._host.suspended(row.arn)
        if note is not None:
            told |= {"error": SUSPENDED, "cause": note}
        if "trace_header" in kept:
            told["traceHeader"] = kept["trace_header"]
        return told

    def _redriving(self, row: ExecutionRow) -> JSONObject:
        why = self._not_redrivable(row)
        told: JSONObject = {"redriveStatus": "REDRIVABLE" if why is None else "NOT_REDRIVABLE"}
        if why is not None:
            told["redriveStatusReason"] = why
        elif row.map_run is not None:
            told["redriveStatus"] = "REDRIVABLE_BY_MAP_RUN"
        return told

    def _not_redrivable(self, row: ExecutionRow) -> str | None:
        if row.status in ("RUNNING", "SUCCEEDED"):
            return f"Execution is {row.status} and cannot be redriven"
        if row.stop_ms is not None and self._host.clock.now_ms() - row.stop_ms > _REDRIVABLE_MS:
            return "Execution has exceeded the redrivable period and cannot be redriven"
        return None

    def describe_machine(self, caller: Caller, params: JSONObject) -> JSONObject:
        """Answer DescribeStateMachineForExecution: what the machine was when the execution began."""
        row = self.row(str(params["executionArn"]))
        about = json.loads(row.info)
        kept, info = about["more"], about["info"]
        machine, _, label = row.machine_arn.partition("/")
        told: JSONObject = {
            "stateMachineArn": row.machine_arn,
            "name": info.get("machine_name") or machine.rpartition(":")[2],
            "definition": "{}" if params.get("includedData") == "METADATA_ONLY" else self._definition(row),
            "roleArn": info.get("role_arn") or "",
            "updateDate": kept.get("update_ms", row.start_ms) / 1000,
        }
        named = {"logging": "loggingConfiguration", "tracing": "tracingConfiguration"}
        told |= {member: kept[key] for key, member in named.items() if key in kept}
        if "encryption" in kept:
            told["encryptionConfiguration"] = kept["encryption"]
        if kept.get("revision_id", INITIAL) != INITIAL:
            told["revisionId"] = kept["revision_id"]
        if row.map_run is not None:
            told |= {"mapRunArn": row.map_run, "label": label}
        return told

    def _definition(self, row: ExecutionRow) -> str:
        """Give the definition that runs; a child execution's is its Map's ItemProcessor."""
        if row.parent is None:
            return row.definition
        around = self._definition(self._host.journal.execution_by_id(row.parent))
        return to_text(_processor(json.loads(around), row.map_state))

    # ------------------------------------------------------------ list

    def list(self, caller: Caller, params: JSONObject) -> JSONObject:
        machine, run = params.get("stateMachineArn"), params.get("mapRunArn")
        if (machine is None) == (run is None):
            raise Refused(
                "ValidationException", "Exactly one of stateMachineArn and mapRunArn must be specified"
            )
        if machine is not None and params.get("statusFilter") == "PENDING_REDRIVE":
            # AWS: ListExecutions, statusFilter: a status of a Map Run's child executions alone.
            raise Refused("ValidationException", "PENDING_REDRIVE is a status of a Map Run's executions only")
        named = None if machine is None else machine_arn(str(machine))
        if named is not None:
            self._check_machine(named)
        elif self._host.journal.execution_of_map_run(map_run_arn(str(run))) is None:
            raise Refused("ResourceNotFound", f"Resource not found: '{run}'")
        page = Page.of("ListExecutions", params)
        return self._page(page, named, params)

    def _check_machine(self, named: MachineArn) -> None:
        machine = self._machines.machine(named._replace(machine=named.machine.partition("/")[0]))
        if machine.type == "EXPRESS":
            raise not_for_type()
        if named.is_version:
            self._machines.find(named)

    def _page(self, page: Page, named: MachineArn | None, params: JSONObject) -> JSONObject:
        """Read on behind the last execution that was shown: what happens meanwhile comes in front of it."""
        shown: list[ExecutionRow] = []
        last = (page.after[0], page.after[1]) if len(page.after) > 1 else None
        while len(shown) <= page.size:
            rows = self._host.journal.executions(
                None if named is None else named.machine,
                _text(params.get("statusFilter")),
                map_run=_text(params.get("mapRunArn")),
                before=last,
                limit=page.size + 1,
            )
            shown += [row for row in rows if _is_wanted(row, named, params)]
            if len(rows) <= page.size:
                break
            last = (rows[-1].latest_ms, rows[-1].id)
        answer: JSONObject = {"executions": [listed(row) for row in shown[: page.size]]}
        if len(shown) > page.size:
            end = shown[page.size - 1]
            answer["nextToken"] = page.token(end.latest_ms, end.id)
        return answer

    # ------------------------------------------------------------ history

    def history(self, caller: Caller, params: JSONObject) -> JSONObject:
        arn = execution_arn(str(params["executionArn"]))
        history = self._host.history(arn)
        if history is None:
            raise no_execution(arn)
        page = Page.of("GetExecutionHistory", params)
        events: History | list[Event] = history
        if params.get("reverseOrder"):
            events = list(history)[::-1]
        part = list(islice(events, page.offset, page.offset + page.size))
        has_data = bool(params.get("includeExecutionData", True))
        answer: JSONObject = {"events": [_event(event, has_data=has_data) for event in part]}
        if page.offset + page.size < len(history):
            answer["nextToken"] = page.token(page.offset + page.size)
        return answer

    # ------------------------------------------------------------ stop and redrive

    def stop(self, caller: Caller, params: JSONObject) -> JSONObject:
        arn = str(params["executionArn"])
        row = self.row(arn)
        self._host.stop(arn, _text(params.get("error")), _text(params.get("cause")))
        ended = self._host.journal.execution(arn) or row
        return {"stopDate": (ended.stop_ms or self._host.clock.now_ms()) / 1000}

    def redrive(self, caller: Caller, params: JSONObject) -> JSONObject:
        """Answer RedriveExecution; the same client token again is the same request."""
        arn = str(params["executionArn"])
        row = self.row(arn)
        token = _text(params.get("clientToken"))
        if token is not None and row.redrive_ms and self._host.journal.get(REDRIVE, arn) == token:
            return {"redriveDate": row.redrive_ms / 1000}
        if row.map_run is not None:
            raise _not_redrivable("Execution was started by a Map Run and is redriven with it")
        why = self._not_redrivable(row)
        if why is not None:
            raise _not_redrivable(why)
        told = len(self._host.history(arn) or ())
        if told >= _MOST_EVENTS:
            raise _not_redrivable("Execution has too many events and cannot be redriven")
        self._host.redrive(arn)
        live = self._host.live(arn)
        if live is not None:
            self._watch(live, json.loads(row.info)["more"].get("logging", {}), told)
        self._host.journal.put(REDRIVE, arn, token)
        again = self._host.journal.execution(arn)
        assert again is not None
        return {"redriveDate": (again.redrive_ms or self._host.clock.now_ms()) / 1000}

    def forget(self, machine: str) -> None:
        """End a machine's executions and forget them."""
        for row in self._host.journal.executions(machine, "RUNNING"):
            self._host.stop(row.arn, None, None)
        self._host.journal.forget(row.id for row in self._host.journal.executions(machine))

    def row(self, arn: str) -> ExecutionRow:
        """Find an execution.

        Raises:
            Refused: ExecutionDoesNotExist.
        """
        row = self._host.journal.execution(execution_arn(arn))
        if row is None:
            raise no_execution(arn)
        return row


def no_execution(arn: str) -> Refused:
    return Refused("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")


def _not_redrivable(why: str) -> Refused:
    return Refused("ExecutionNotRedrivable", why)


def _is_wanted(row: ExecutionRow, named: MachineArn | None, params: JSONObject) -> bool:
    wanted = params.get("redriveFilter")
    if wanted is not None and (row.redrive_count > 0) != (wanted == "REDRIVEN"):
        return False
    if named is None or named.qualifier is None:
        return True
    kept = json.loads(row.info)["more"]
    return named.text in (kept.get("version_arn"), kept.get("alias_arn"))


def listed(row: ExecutionRow) -> JSONObject:
    """Write an execution as ListExecutions gives it."""
    kept: dict[str, Any] = json.loads(row.info)["more"]
    told: JSONObject = {
        "executionArn": row.arn,
        "stateMachineArn": row.machine_arn,
        "name": row.name,
        "status": row.status,
        "startDate": row.start_ms / 1000,
        "redriveCount": row.redrive_count,
    }
    if row.stop_ms is not None:
        told["stopDate"] = row.stop_ms / 1000
    if row.redrive_ms is not None:
        told["redriveDate"] = row.redrive_ms / 1000
    if row.map_run is not None:
        told["mapRunArn"] = row.map_run
    if "version_arn" in kept:
        told["stateMachineVersionArn"] = kept["version_arn"]
    if "alias_arn" in kept:
        told["stateMachineAliasArn"] = kept["alias_arn"]
    return told


def _processor(scope: dict[str, Any], name: str | None) -> JSONValue:
    """Find what a Map state does for each item, wherever in a definition the state is."""
    for own, state in scope.get("States", {}).items():
        inner = state.get("ItemProcessor") or state.get("Iterator")
        if own == name and inner is not None:
            return inner  # type: ignore[no-any-return]  # a definition's part is JSON
        for around in [inner or {}, *state.get("Branches", ())]:
            found = _processor(around, name)
            if found:
                return found
    return {}


def _event(event: Event, *, has_data: bool) -> JSONValue:
    """Write an event for the wire."""
    told = {**event, "timestamp": round(event["timestamp"].timestamp(), 3)}
    if has_data:
        return told
    return {name: _without_data(value) if isinstance(value, dict) else value for name, value in told.items()}


def _without_data(details: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in details.items() if name not in _DATA}


def _text(value: JSONValue) -> str | None:
    return None if value is None else str(value)
