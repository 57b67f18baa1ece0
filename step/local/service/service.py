"""Step Functions' API: its protocol, its operations, and who answers which.

Knows requests and answers of HTTP; every operation is a function of a caller and checked parameters.
AWS: Step Functions API reference, "Common Errors"; the JSON 1.0 protocol.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

from step.aws.requests import Operations
from step.durable.host import Host
from step.durable.journal import StoreFull
from step.durable.recovery import Disagreement
from step.errors import Refused
from step.jsonvalue import JSONObject, to_text
from step.local.cloud.addressing import Address
from step.local.entropy import new_uuid
from step.local.http import Request, Response
from step.local.service.activities import Activities
from step.local.service.arns import Caller
from step.local.service.execution_logs import ExecutionLogs
from step.local.service.executions import Executions
from step.local.service.machines import Machines
from step.local.service.map_runs import MapRuns
from step.local.service.records import Records
from step.local.service.starting import Starting
from step.local.service.tags import Tags
from step.local.service.testing import Testing
from step.local.service.versions import Versions

TARGET = "AWSStepFunctions"
# A definition is the largest thing that a request holds; escaped it may take six times its size.
MOST_BODY_BYTES = 8 * 1024 * 1024
_log = logging.getLogger("step.local.service")

Operation = Callable[[Caller, JSONObject], JSONObject]
# Whose credentials a request is signed with: an account.
AccountOf = Callable[[Request], str]


class Answer(NamedTuple):
    """How an operation is answered; one that ``waits`` doesn't keep others from being answered."""

    do: Operation
    waits: bool = False


class StepFunctions:
    """The service.

    Args:
        host: What runs executions.
        testing: TestState, which needs the workers that the host has.
        logs: Who delivers executions' events to CloudWatch Logs.
        account_of: Tells the account of a request.
        region: The region of requests that aren't signed.
    """

    def __init__(
        self, host: Host, testing: Testing, logs: ExecutionLogs, account_of: AccountOf, region: str
    ) -> None:
        self._host = host
        self._account_of = account_of
        self._region = region
        self._model = Operations("stepfunctions")
        records, now = Records(host.journal), host.clock.now_ms
        self.machines = Machines(records, now, lambda arn: self.executions.forget(arn))
        self.executions = Executions(host, self.machines, logs.watch)
        self._versions = Versions(records, self.machines, now)
        self._starting = Starting(host, self.machines, self._versions, logs.watch)
        self._activities = Activities(records, host)
        self._tags = Tags(records)
        self._runs = MapRuns(host, self.executions)
        self._testing = testing
        self._operations = self._all_operations()

    @property
    def operations(self) -> frozenset[str]:
        """The operations that are answered."""
        return frozenset(self._operations)

    def answer(self, request: Request) -> Response:
        """Answer a request of the API's protocol."""
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            found = self._operations.get(operation)
            if found is None:
                raise Refused("UnknownOperationException", f"There is no operation {operation[:100]!r}")
            if len(request.body) > MOST_BODY_BYTES:
                raise Refused("RequestEntityTooLargeException", f"More than {MOST_BODY_BYTES} bytes")
            return _told(self._do(found, self.caller(request), self._model.read(operation, request.body)))
        except Refused as refusal:
            return refused(refusal.code, refusal.message)
        except (StoreFull, Disagreement) as problem:
            _log.error("%s: %s", operation, problem)
            return refused("ServiceUnavailable", str(problem))

    def call(self, operation: str, caller: Caller, params: JSONObject) -> JSONObject:
        """Do an operation for another part of the process; parameters are those of the API.

        Raises:
            Refused: as the API would refuse it.
        """
        return self._do(self._operations[operation], caller, self._checked(operation, params))

    def start_for(self, caller: Caller, params: JSONObject, starter: str) -> JSONObject:
        """Do StartExecution for a task; see ``Starting.start_for``."""
        checked = self._checked("StartExecution", params)
        with self._host.lock:
            return self._starting.start_for(caller, checked, starter)

    def is_express(self, params: JSONObject) -> bool:
        """Say whether StartExecution would start an Express machine's execution."""
        with self._host.lock:
            return self._starting.target(self._checked("StartExecution", params)).is_express

    def _checked(self, operation: str, params: JSONObject) -> JSONObject:
        return self._model.read(operation, to_text(params).encode("utf-8", "surrogatepass"))

    def caller(self, request: Request) -> Caller:
        """Say who asks, and where."""
        region = Address.from_request(request).region
        return Caller(self._account_of(request), region or self._region)

    def _do(self, found: Answer, caller: Caller, params: JSONObject) -> JSONObject:
        if found.waits:
            return found.do(caller, params)
        with self._host.lock:
            return found.do(caller, params)

    def _all_operations(self) -> Mapping[str, Answer]:
        """Say who answers which operation.

        What only reads machines doesn't wait for the host, which evaluates expressions with its lock held.
        """
        return {
            "CreateActivity": Answer(self._activities.create),
            "CreateStateMachine": Answer(self.machines.create),
            "CreateStateMachineAlias": Answer(self._versions.create_alias),
            "DeleteActivity": Answer(self._activities.delete),
            "DeleteStateMachine": Answer(self.machines.delete),
            "DeleteStateMachineAlias": Answer(self._versions.delete_alias),
            "DeleteStateMachineVersion": Answer(self._versions.delete_version),
            "DescribeActivity": Answer(self._activities.describe),
            "DescribeExecution": Answer(self.executions.describe),
            "DescribeMapRun": Answer(self._runs.describe),
            "DescribeStateMachine": Answer(self.machines.describe, waits=True),
            "DescribeStateMachineAlias": Answer(self._versions.describe_alias),
            "DescribeStateMachineForExecution": Answer(self.executions.describe_machine),
            "GetActivityTask": Answer(self._activities.poll, waits=True),
            "GetExecutionHistory": Answer(self.executions.history),
            "ListActivities": Answer(self._activities.list),
            "ListExecutions": Answer(self.executions.list),
            "ListMapRuns": Answer(self._runs.list),
            "ListStateMachineAliases": Answer(self._versions.list_aliases),
            "ListStateMachineVersions": Answer(self._versions.list_versions),
            "ListStateMachines": Answer(self.machines.list, waits=True),
            "ListTagsForResource": Answer(self._tags.list),
            "PublishStateMachineVersion": Answer(self._versions.publish),
            "RedriveExecution": Answer(self.executions.redrive),
            "SendTaskFailure": Answer(self._activities.fail),
            "SendTaskHeartbeat": Answer(self._activities.heartbeat),
            "SendTaskSuccess": Answer(self._activities.succeed),
            "StartExecution": Answer(self._starting.start),
            "StartSyncExecution": Answer(self._starting.start_sync, waits=True),
            "StopExecution": Answer(self.executions.stop),
            "TagResource": Answer(self._tags.tag),
            "TestState": Answer(self._testing.test, waits=True),
            "UntagResource": Answer(self._tags.untag),
            "UpdateMapRun": Answer(self._runs.update),
            "UpdateStateMachine": Answer(self.machines.update),
            "UpdateStateMachineAlias": Answer(self._versions.update_alias),
            "ValidateStateMachineDefinition": Answer(self.machines.validate, waits=True),
        }


# ---------------------------------------------------------------- protocol

# AWS: "Common Errors": everything that a client did wrong is 400. What isn't there is 501: a client that got
# 500 would try again and again.
_STATUSES = {
    "AccessDeniedException": 403,
    "RequestEntityTooLargeException": 413,
    "ServiceUnavailable": 503,
    "UnknownOperationException": 501,
}


def refused(code: str, message: str) -> Response:
    """Write a refusal as the API does."""
    body: JSONObject = {"__type": code, "message": message}
    return _response(_STATUSES.get(code, 400), body, {"x-amzn-ErrorType": code})


def _told(answer: JSONObject) -> Response:
    return _response(200, answer, {})


def _response(status: int, body: JSONObject, more: Mapping[str, str]) -> Response:
    headers = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-RequestId": new_uuid(), **more}
    return Response(status, headers, to_text(body).encode("utf-8", "replace"))
