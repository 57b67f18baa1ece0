"""Starting executions: which version runs, under which name, and whether it has been started before.

AWS: Step Functions API reference, "StartExecution", "StartSyncExecution". Observed: sfn_api, sfn_api_express.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from step.arn import execution_arn, express_arn
from step.asl.source import read_source
from step.clock import now_ms
from step.durable.host import Host, Live
from step.engine.frames import ExecutionInfo
from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue, size_bytes, to_text
from step.local.entropy import new_share, new_uuid
from step.local.service.arns import Caller, machine_arn
from step.local.service.machines import Machines, Qualified
from step.local.service.mocks import TEST_CASE, Mocks, test_case_of
from step.local.service.records import Settings
from step.local.service.versions import Versions
from step.machine.attachments import Attachments
from step.machine.create_request import check_name

# AWS: developer guide, "Quotas": the largest input, and how long an Express execution may take.
_MOST_INPUT_BYTES = 262_144
_SYNC_SECONDS = 310.0


class StartTarget(NamedTuple):
    """What an ARN stands for at this start: an alias has been followed to a version.

    ``test_case`` is the name of one of a MockConfigFile, ``attachments`` what it answers.
    """

    found: Qualified
    alias_arn: str | None
    test_case: str | None = None
    attachments: Attachments | None = None

    @property
    def is_express(self) -> bool:
        return self.found.machine.type == "EXPRESS"


class Starting:
    """The operations that start executions."""

    def __init__(
        self,
        host: Host,
        machines: Machines,
        versions: Versions,
        watch: Callable[[Live, JSONObject], None],
        mocks: Mocks,
    ) -> None:
        self._mocks = mocks
        self._host = host
        self._watch = watch
        self._machines = machines
        self._versions = versions

    def start(self, caller: Caller, params: JSONObject) -> JSONObject:
        return self.start_for(caller, params, None)

    def start_for(self, caller: Caller, params: JSONObject, starter: str | None) -> JSONObject:
        """Answer StartExecution; what the same task has started before is started, even if it has ended."""
        target = self.target(params)
        if target.is_express:
            started = self._begin_express(target, params)
        else:
            started = self._begin(target, params, starter)
        return {"executionArn": started.arn, "startDate": started.start_ms / 1000}

    def start_sync(self, caller: Caller, params: JSONObject) -> JSONObject:
        """Answer StartSyncExecution; waits, and takes the host's lock itself."""
        with self._host.lock:
            target = self.target(params)
            if not target.is_express:
                raise not_for_type()
            info, live = self._run_express(target, params, is_sync=True)
        begun_ms = now_ms()
        if not live.ended.wait(_SYNC_SECONDS):
            with self._host.lock:
                self._host.stop(info.arn, None, None)
        return _sync_answer(live, info, target, params, now_ms() - begun_ms)

    def target(self, params: JSONObject) -> StartTarget:
        """Find what is to be started; an alias with two versions draws one of them."""
        arn, case = test_case_of(str(params["stateMachineArn"]))
        target = self._target(arn)
        if case is None:
            return target
        machine, settings = target.found.machine, target.found.settings
        attachments = self._mocks.attachments(machine.name, case, settings.definition)
        return target._replace(test_case=case, attachments=attachments)

    def _target(self, arn: str) -> StartTarget:
        named = machine_arn(arn)
        if named.is_labelled:
            raise Refused("ValidationException", "StartExecution does not support labeled ARNs")
        if named.qualifier is None or named.is_version:
            return StartTarget(self._machines.find(named), None)
        self._machines.machine(named)
        alias = self._versions.alias(named)
        version = machine_arn(_draw(alias.routes))
        return StartTarget(self._machines.find(version), alias.arn)

    # ------------------------------------------------------------ Standard

    def _begin(self, target: StartTarget, params: JSONObject, starter: str | None) -> ExecutionInfo:
        """Begin an execution; the same name with the same input again is the same execution.

        Raises:
            Refused: ExecutionAlreadyExists, where it has ended or has another input.
        """
        machine = target.found.machine
        name, value = _name(params), _input(params)
        arn = execution_arn(machine.arn, name)
        there = self._host.journal.execution(arn)
        if there is not None:
            is_own = starter is not None and json.loads(there.info)["more"].get("starter") == starter
            if is_own or (there.status == "RUNNING" and json.loads(there.input) == value):
                return self._info(target, arn, name, value, start_ms=there.start_ms)
            raise Refused("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        info = self._info(target, arn, name, value)
        more = _more(target, params)
        if starter is not None:
            more["starter"] = starter
        self._mock(arn, target)
        live = self._host.start(info, target.found.settings.definition, more=more)
        self._watch(live, target.found.settings.logging)
        return info

    # ------------------------------------------------------------ Express

    def _begin_express(self, target: StartTarget, params: JSONObject) -> ExecutionInfo:
        return self._run_express(target, params, is_sync=False)[0]

    def _run_express(
        self, target: StartTarget, params: JSONObject, *, is_sync: bool
    ) -> tuple[ExecutionInfo, Live]:
        name, value = _name(params), _input(params)
        arn = express_arn(target.found.machine.arn, name, new_uuid())
        info = self._info(target, arn, name, value, redrive_count=None if is_sync else 0)
        definition, more = target.found.settings.definition, _more(target, params)
        self._mock(arn, target)
        live = self._host.start(info, definition, is_express=True, more=more)
        self._watch(live, target.found.settings.logging)
        return info, live

    def _mock(self, arn: str, target: StartTarget) -> None:
        if target.attachments is not None:
            self._mocks.note(arn, target.attachments)

    def _info(
        self,
        target: StartTarget,
        arn: str,
        name: str,
        value: JSONValue,
        *,
        start_ms: int | None = None,
        redrive_count: int | None = 0,
    ) -> ExecutionInfo:
        machine = target.found.machine
        return ExecutionInfo(
            arn=arn,
            name=name,
            input=value,
            start_ms=self._host.clock.now_ms() if start_ms is None else start_ms,
            role_arn=target.found.settings.role_arn,
            machine_arn=machine.arn,
            machine_name=machine.name,
            seed=new_uuid() + new_uuid(),
            redrive_count=redrive_count,
        )


def not_for_type() -> Refused:
    message = "This operation is not supported by this type of state machine"
    return Refused("StateMachineTypeNotSupported", message)


def _draw(routes: list[list[Any]]) -> str:
    """Choose a version: each as often as its weight says."""
    share = new_share() * 100
    for version, weight in routes:
        share -= weight
        if share < 0:
            return str(version)
    return str(routes[-1][0])


def _name(params: JSONObject) -> str:
    if "name" not in params:
        return new_uuid()
    name = str(params["name"])
    check_name(name)
    return name


def _input(params: JSONObject) -> JSONValue:
    source = read_source(str(params.get("input", "{}")))
    if source.error is not None:
        message = f"Invalid State Machine Execution Input: '{source.error.message}'"
        raise Refused("InvalidExecutionInput", message)
    if size_bytes(source.value, _MOST_INPUT_BYTES) > _MOST_INPUT_BYTES:
        raise Refused(
            "ValidationException",
            "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have "
            f"length less than or equal to {_MOST_INPUT_BYTES}",
        )
    return source.value


def _more(target: StartTarget, params: JSONObject) -> JSONObject:
    """Keep with an execution what is told of it later."""
    settings: Settings = target.found.settings
    more: JSONObject = {
        "logging": settings.logging,
        "tracing": settings.tracing,
        "encryption": settings.encryption,
        "revision_id": settings.revision_id,
        "update_ms": settings.update_ms,
    }
    version = target.found.version
    if version is not None:
        more["version_arn"] = version.arn
    if target.alias_arn is not None:
        more["alias_arn"] = target.alias_arn
    if target.test_case is not None:
        more[TEST_CASE] = target.test_case
    if "traceHeader" in params:
        more["trace_header"] = params["traceHeader"]
    return more


def _sync_answer(
    live: Live, info: ExecutionInfo, target: StartTarget, params: JSONObject, took_ms: int
) -> JSONObject:
    kernel = live.kernel
    status = "TIMED_OUT" if kernel.status in ("RUNNING", "ABORTED") else kernel.status
    answer: JSONObject = {
        "executionArn": info.arn,
        "stateMachineArn": info.machine_arn,
        "name": info.name,
        "startDate": info.start_ms / 1000,
        "stopDate": kernel.now / 1000,
        "status": status,
        "billingDetails": {
            "billedDurationInMilliseconds": max(100, -(-took_ms // 100) * 100),
            "billedMemoryUsedInMB": 64,
        },
    }
    if params.get("includedData") != "METADATA_ONLY":
        answer |= {"input": to_text(info.input), "inputDetails": {"included": True}}
        if status == "SUCCEEDED":
            answer |= {"output": to_text(kernel.output), "outputDetails": {"included": True}}
    if kernel.error is not None:
        told = {"error": kernel.error.name, "cause": kernel.error.cause}
        answer |= {name: text for name, text in told.items() if text is not None}
    if "traceHeader" in params:
        answer["traceHeader"] = params["traceHeader"]
    return answer
