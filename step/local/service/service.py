"""Step Functions' API: its protocol, its operations, and who answers which.

Knows requests and answers of HTTP; every operation is a function of a caller and checked parameters.
AWS: Step Functions API reference, "Common Errors"; the JSON 1.0 protocol.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from step.arn import Arn
from step.aws.requests import Operations
from step.durable.host import Host
from step.durable.journal import StoreFull
from step.durable.recovery import Disagreement
from step.errors import Refused
from step.jsonvalue import JSONObject
from step.local.cloud.addressing import Address
from step.local.front import Front, Operation
from step.local.functions.names import Owned
from step.local.http import Request, Response
from step.local.protocols import Json
from step.local.service.activities import Activities
from step.local.service.arns import Caller, machine_arn
from step.local.service.execution_logs import ExecutionLogs
from step.local.service.executions import Executions
from step.local.service.machines import Machines
from step.local.service.map_runs import MapRunOperations
from step.local.service.mocks import Mocks
from step.local.service.records import Records
from step.local.service.starting import Starting
from step.local.service.tags import Tags
from step.local.service.testing import Testing
from step.local.service.versions import Versions
from step.local.strictness import StrictStates

TARGET = "AWSStepFunctions"
# A definition is the largest thing that a request holds; escaped it may take six times its size.
MOST_BODY_BYTES = 8 * 1024 * 1024
_log = logging.getLogger("step.local.service")
# What is honoured of the structures within parameters, by the names of botocore's shapes.
_STRUCTURES = {
    "CloudWatchLogsLogGroup": "logGroupArn",
    "EncryptionConfiguration": "kmsKeyId kmsDataKeyReusePeriodSeconds type",
    "LogDestination": "cloudWatchLogsLogGroup",
    "LoggingConfiguration": "level includeExecutionData destinations",
    "MockErrorOutput": "error cause",
    "MockInput": "result errorOutput fieldValidationMode",
    "RoutingConfigurationListItem": "stateMachineVersionArn weight",
    "Tag": "key value",
    "TestStateConfiguration": (
        "retrierRetryCount errorCausedByState mapIterationFailureCount mapItemReaderData"
    ),
    "TracingConfiguration": "enabled",
}

# Whose credentials a request is signed with: an account.
AccountOf = Callable[[Request], str]


class StepFunctionsService:
    """The service.

    Args:
        host: What runs executions.
        testing: TestState, which needs the workers that the host has.
        logs: Who delivers executions' events to CloudWatch Logs.
        account_of: Tells the account of a request.
        region: The region of requests that aren't signed.
        mocks: The test cases that executions may be started with.
        late_seconds: How late reads may be, where requests are throttled too; None: neither.
    """

    def __init__(
        self,
        host: Host,
        testing: Testing,
        logs: ExecutionLogs,
        account_of: AccountOf,
        region: str,
        *,
        late_seconds: float | None = None,
        mocks: Mocks | None = None,
    ) -> None:
        self._host = host
        self._account_of = account_of
        self._region = region
        records, now = Records(host.journal), host.clock.now_ms
        self.machines = Machines(records, now, lambda arn: self.executions.forget(arn), logs.has_group)
        self.executions = Executions(host, self.machines, logs.watch)
        self._versions = Versions(records, self.machines, now)
        self._starting = Starting(host, self.machines, self._versions, logs.watch, mocks or Mocks(None))
        self._activities = Activities(records, host)
        self._tags = Tags(records)
        self._runs = MapRunOperations(host, self.executions)
        self._testing = testing
        self.front = Front(
            Json(Operations("stepfunctions")),
            self._all_operations(),
            _STRUCTURES,
            code="ValidationException",
            guard=lambda: host.lock,
            around=None if late_seconds is None else StrictStates(now, late_seconds),
        )

    def answer(self, request: Request) -> Response:
        """Answer a request of the API's protocol."""
        try:
            if len(request.body) > MOST_BODY_BYTES:
                raise Refused("RequestEntityTooLargeException", f"More than {MOST_BODY_BYTES} bytes")
            return self.front.answer(request, self.caller(request))
        except Refused as refused:
            return self.front.refuse(refused)
        except (StoreFull, Disagreement) as problem:
            _log.error("%s: %s", request.headers.get("x-amz-target"), problem)
            return self.front.refuse(Refused("ServiceUnavailable", str(problem)))

    def call(self, operation: str, caller: Caller, params: JSONObject) -> JSONObject:
        """Do an operation for another part of the process; parameters are those of the API.

        Raises:
            Refused: as the API would refuse it.
        """
        return self.front.call(operation, caller, params)

    def start_for(self, caller: Caller, params: JSONObject, starter: str) -> JSONObject:
        """Do StartExecution for a task; see ``Starting.start_for``."""
        checked = self.front.check("StartExecution", params)
        with self._host.lock:
            return self._starting.start_for(caller, checked, starter)

    def is_express(self, params: JSONObject) -> bool:
        """Say whether StartExecution would start an Express machine's execution."""
        with self._host.lock:
            return self._starting.target(self.front.check("StartExecution", params)).is_express

    def owned(self, arn: str) -> Owned | None:
        """Say whose a machine or an activity is, with its tags; None: it isn't there."""
        named = Arn.from_text(arn)
        if named is None:
            return None
        plain = arn if named.resource.count(":") < 2 else arn.rpartition(":")[0]
        try:
            told = self.call(
                "ListTagsForResource", Caller(named.account, named.region), {"resourceArn": plain}
            )
        except Refused:
            return None
        tags: Any = told["tags"]
        return Owned(account=named.account, tags={tag["key"]: tag["value"] for tag in tags})

    def role_of(self, machine: str) -> str:
        """Give a machine's role; "" where there is no such machine."""
        with self._host.lock:
            try:
                return self.machines.machine(machine_arn(machine)).settings.role_arn
            except Refused:
                return ""

    def caller(self, request: Request) -> Caller:
        """Say who asks, and where."""
        region = Address.from_request(request).region
        return Caller(self._account_of(request), region or self._region)

    def _all_operations(self) -> Mapping[str, Operation[Caller]]:
        """Say who answers which operation.

        What only reads machines doesn't wait for the host, which evaluates expressions with its lock held.
        """
        return {
            "CreateActivity": Operation(self._activities.create, "name tags encryptionConfiguration"),
            "CreateStateMachine": Operation(
                self.machines.create,
                "name definition roleArn type loggingConfiguration tags tracingConfiguration"
                " publish versionDescription encryptionConfiguration",
            ),
            "CreateStateMachineAlias": Operation(
                self._versions.create_alias, "description name routingConfiguration"
            ),
            "DeleteActivity": Operation(self._activities.delete, "activityArn"),
            "DeleteStateMachine": Operation(self.machines.delete, "stateMachineArn"),
            "DeleteStateMachineAlias": Operation(self._versions.delete_alias, "stateMachineAliasArn"),
            "DeleteStateMachineVersion": Operation(self._versions.delete_version, "stateMachineVersionArn"),
            "DescribeActivity": Operation(self._activities.describe, "activityArn"),
            "DescribeExecution": Operation(self.executions.describe, "executionArn includedData"),
            "DescribeMapRun": Operation(self._runs.describe, "mapRunArn"),
            "DescribeStateMachine": Operation(
                self.machines.describe, "stateMachineArn includedData", waits=True
            ),
            "DescribeStateMachineAlias": Operation(self._versions.describe_alias, "stateMachineAliasArn"),
            "DescribeStateMachineForExecution": Operation(
                self.executions.describe_machine, "executionArn includedData"
            ),
            "GetActivityTask": Operation(self._activities.poll, "activityArn workerName", waits=True),
            "GetExecutionHistory": Operation(
                self.executions.history, "executionArn maxResults reverseOrder nextToken includeExecutionData"
            ),
            "ListActivities": Operation(self._activities.list, "maxResults nextToken"),
            "ListExecutions": Operation(
                self.executions.list,
                "stateMachineArn statusFilter maxResults nextToken mapRunArn redriveFilter",
            ),
            "ListMapRuns": Operation(self._runs.list, "executionArn maxResults nextToken"),
            "ListStateMachineAliases": Operation(
                self._versions.list_aliases, "stateMachineArn nextToken maxResults"
            ),
            "ListStateMachineVersions": Operation(
                self._versions.list_versions, "stateMachineArn nextToken maxResults"
            ),
            "ListStateMachines": Operation(self.machines.list, "maxResults nextToken", waits=True),
            "ListTagsForResource": Operation(self._tags.list, "resourceArn"),
            "PublishStateMachineVersion": Operation(
                self._versions.publish, "stateMachineArn revisionId description"
            ),
            "RedriveExecution": Operation(self.executions.redrive, "executionArn clientToken"),
            "SendTaskFailure": Operation(self._activities.fail, "taskToken error cause"),
            "SendTaskHeartbeat": Operation(self._activities.heartbeat, "taskToken"),
            "SendTaskSuccess": Operation(self._activities.succeed, "taskToken output"),
            "StartExecution": Operation(self._starting.start, "stateMachineArn name input traceHeader"),
            "StartSyncExecution": Operation(
                self._starting.start_sync, "stateMachineArn name input traceHeader includedData", waits=True
            ),
            "StopExecution": Operation(self.executions.stop, "executionArn error cause"),
            "TagResource": Operation(self._tags.tag, "resourceArn tags"),
            "TestState": Operation(
                self._testing.test,
                "definition roleArn input inspectionLevel revealSecrets variables stateName mock"
                " context stateConfiguration",
                waits=True,
            ),
            "UntagResource": Operation(self._tags.untag, "resourceArn tagKeys"),
            "UpdateMapRun": Operation(
                self._runs.update, "mapRunArn maxConcurrency toleratedFailurePercentage toleratedFailureCount"
            ),
            "UpdateStateMachine": Operation(
                self.machines.update,
                "stateMachineArn definition roleArn loggingConfiguration tracingConfiguration"
                " publish versionDescription encryptionConfiguration",
            ),
            "UpdateStateMachineAlias": Operation(
                self._versions.update_alias, "stateMachineAliasArn description routingConfiguration"
            ),
            "ValidateStateMachineDefinition": Operation(
                self.machines.validate, "definition type severity maxResults", waits=True
            ),
        }
