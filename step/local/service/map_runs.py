"""Map Runs: describe, list, update.

AWS: Step Functions API reference, the operations named here. Observed: sfn_api_map_run.
"""

from __future__ import annotations

from step.durable.host import Host
from step.durable.map_runs import Counts, MapRunRecord
from step.errors import Refused
from step.jsonvalue import JSONObject
from step.local.service.arns import Caller, map_run_arn
from step.local.service.executions import Executions
from step.local.service.paging import Page


class MapRunOperations:
    """The operations on Map Runs."""

    def __init__(self, host: Host, executions: Executions) -> None:
        self._host = host
        self._executions = executions

    def list(self, caller: Caller, params: JSONObject) -> JSONObject:
        row = self._executions.row(str(params["executionArn"]))
        runs = self._host.map_runs(row.arn)
        return Page.of("ListMapRuns", params).cut(runs, "mapRuns", _listed)

    def describe(self, caller: Caller, params: JSONObject) -> JSONObject:
        run = self._run(params)
        told: JSONObject = {
            "mapRunArn": run.arn,
            "executionArn": run.execution_arn,
            "status": run.status,
            "startDate": run.started_ms / 1000,
            "maxConcurrency": run.max_concurrency,
            "toleratedFailurePercentage": float(run.tolerated_percentage),
            "toleratedFailureCount": int(run.tolerated_items),
            "itemCounts": _counts(run.items, run.total_items, run.pending_items, _written(run, run.items)),
            "executionCounts": _counts(run.executions, run.executions.begun, 0, _written(run, run.executions))
            | _redriving(run),
            "redriveCount": run.redrive_count,
        }
        if run.stopped_ms is not None:
            told["stopDate"] = run.stopped_ms / 1000
        if run.redriven_ms is not None:
            told["redriveDate"] = run.redriven_ms / 1000
        return told

    def update(self, caller: Caller, params: JSONObject) -> JSONObject:
        run = self._run(params)
        count, percentage = params.get("toleratedFailureCount"), params.get("toleratedFailurePercentage")
        most = params.get("maxConcurrency")
        is_changed = self._host.update_map_run(
            run.arn,
            max_concurrency=None if most is None else int(str(most)),
            tolerated_count=None if count is None else float(str(count)),
            tolerated_percentage=None if percentage is None else float(str(percentage)),
        )
        if not is_changed:
            raise Refused("ValidationException", f"A Map Run that has ended can't be updated: '{run.arn}'")
        return {}

    def _run(self, params: JSONObject) -> MapRunRecord:
        arn = map_run_arn(str(params["mapRunArn"]))
        run = self._host.map_run(arn)
        if run is None:
            raise Refused("ResourceNotFound", f"Resource not found: '{arn}'")
        return run


def _listed(run: MapRunRecord) -> JSONObject:
    told: JSONObject = {
        "executionArn": run.execution_arn,
        "mapRunArn": run.arn,
        "stateMachineArn": run.machine_arn,
        "startDate": run.started_ms / 1000,
    }
    return told if run.stopped_ms is None else told | {"stopDate": run.stopped_ms / 1000}


def _counts(counts: Counts, total: int, pending: int, written: int) -> JSONObject:
    return {
        "pending": pending,
        "running": counts.running,
        "succeeded": counts.succeeded,
        "failed": counts.failed,
        "timedOut": counts.timed_out,
        "aborted": counts.aborted,
        "total": total,
        "resultsWritten": written,
    }


def _written(run: MapRunRecord, counts: Counts) -> int:
    """Count results. Observed: without a writer they count as written, too."""
    has_writer = run.map_run is not None and bool(run.map_run.plan.writer)
    if has_writer and run.status == "RUNNING":
        return run.results_written
    return counts.succeeded + (counts.failed if has_writer else 0)


def _redriving(run: MapRunRecord) -> JSONObject:
    """Tell of what a redrive could run again. AWS: "MapRunExecutionCounts"."""
    is_over = run.status in ("FAILED", "ABORTED")
    told: JSONObject = {"failuresNotRedrivable": 0}
    if run.redrive_count or is_over:
        told["pendingRedrive"] = run.pending_redrive
    return told
