"""What the deployer's adapters make of answers that aren't AWS's, and of those that pass."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
import pytest

from step.aws.deployer import DeployerExecutions, ReleaseBucket
from step.aws.deployer_calls import make_client
from step.aws.deployer_project import (
    CloudWatchAlarms,
    LambdaFunctions,
    RoleAccounts,
    RoleTrials,
    StateMachines,
    UnusedVersions,
)
from step.aws.deployer_table import DynamoTable
from step.deployer.names import Target
from step.deployer.ports import Is, RoleRefused, Route, Unavailable, Write
from step.errors import Refused
from step.jsonvalue import JSONObject
from step.local.http import Request, Response
from step.local.http_server import Server

TARGET = Target(project="p", config="c", account="123456789012", region="us-east-1", machine="m")
MACHINE = TARGET.machine_arn
WRITE = Write(key="lock#a", when=[[Is("owner", None)]], set={"owner": "me"})
RECORD: JSONObject = {"key": "release#a", "outcome": "Success"}
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:m:e"


@dataclass
class Portal:
    """A server that gives everybody the same answer, as a proxy does that wants a login first."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def answer(self, request: Request) -> Response:
        return Response(
            self.status, {"Content-Type": "application/x-amz-json-1.0", **self.headers}, self.body
        )


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    portal = Portal()
    server = Server(portal.answer)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
        yield portal
    server.close()


Call = Callable[[Callable[[str], Any]], object]
CALLS: dict[str, Call] = {
    "GetItem": lambda of: DynamoTable(of("dynamodb"), "t").get("lock#a"),
    "UpdateItem": lambda of: DynamoTable(of("dynamodb"), "t").write(WRITE),
    "TransactWriteItems": lambda of: DynamoTable(of("dynamodb"), "t").write_and_record(WRITE, RECORD),
    "PutItem": lambda of: DynamoTable(of("dynamodb"), "t").record(RECORD),
    "Query": lambda of: DynamoTable(of("dynamodb"), "t").holders(),
    "DescribeExecution": lambda of: DeployerExecutions(of("stepfunctions")).describe(EXECUTION),
    "GetFunctionConfiguration": lambda of: LambdaFunctions(of("lambda")).describe("f", "1"),
    "GetFunction": lambda of: LambdaFunctions(of("lambda")).tags("f"),
    "UpdateFunctionCode": lambda of: LambdaFunctions(of("lambda")).update_code("f", "bbb", "k", "v"),
    "PublishVersion": lambda of: LambdaFunctions(of("lambda")).publish("f", "00" * 32, "r", "d"),
    "DescribeStateMachine": lambda of: StateMachines(of("stepfunctions")).describe(MACHINE),
    "ListTagsForResource": lambda of: StateMachines(of("stepfunctions")).tags(MACHINE),
    "DescribeStateMachineAlias": lambda of: StateMachines(of("stepfunctions")).routes(f"{MACHINE}:live"),
    "UpdateStateMachine": lambda of: StateMachines(of("stepfunctions")).update(MACHINE, "{}"),
    "PublishStateMachineVersion": lambda of: StateMachines(of("stepfunctions")).publish(MACHINE, "r", "d"),
    "UpdateStateMachineAlias": lambda of: StateMachines(of("stepfunctions")).route(
        f"{MACHINE}:live", [Route(f"{MACHINE}:1", 100)]
    ),
    "DescribeAlarms": lambda of: CloudWatchAlarms(of("cloudwatch")).states(["a"]),
    "StartExecution": lambda of: _trials(of).start(f"{MACHINE}:1", "e", {}),
    "DescribeExecution of a smoke test": lambda of: _trials(of).describe(EXECUTION),
    "Invoke": lambda of: _trials(of).invoke(f"{TARGET.function_arn('f')}:1", {}, 5),
    "ListStateMachineVersions": lambda of: _old(of).machine_versions(MACHINE),
    "ListStateMachineAliases": lambda of: list(_old(of).routed(MACHINE)),
    "ListExecutions": lambda of: _old(of).has_executions_since(f"{MACHINE}:1", 0),
    "DescribeStateMachine of a version": lambda of: _old(of).definition(f"{MACHINE}:1"),
    "DeleteStateMachineVersion": lambda of: _old(of).delete_machine_version(f"{MACHINE}:1"),
    "ListAliases": lambda of: _old(of).aliased("f"),
    "DeleteFunction": lambda of: _old(of).delete_function_version("f", "1"),
}
# What answers with nothing can't be told from an empty answer that has AWS's headers.
SAY_NOTHING = {"DeleteStateMachineVersion", "DeleteFunction"}


def _trials(of: Callable[[str], Any]) -> RoleTrials:
    return RoleTrials(of("stepfunctions"), lambda seconds: of("lambda"))


def _old(of: Callable[[str], Any]) -> Any:
    class Listed(UnusedVersions):
        def aliased(self, name: str) -> list[str]:
            return list(super().aliased(name))

    return Listed(of("stepfunctions"), of("lambda"))


@cache
def client_of(service: str) -> Any:
    session = boto3.Session("local", "local", region_name="us-east-1")
    return make_client(session, service)


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("body", [b"", b"{}", b'{"message": "log in first"}', b"<html>log in first</html>"])
def test_what_a_portal_answers_is_no_answer(portal: Portal, operation: str, body: bytes) -> None:
    portal.body, portal.status, portal.headers = body, 200, {}

    with pytest.raises(Unavailable):
        CALLS[operation](client_of)


# The answer to somebody else's question: of DynamoDB, Lambda and Step Functions in one.
OTHERS = {
    "Item": {"key": {"S": "lock#b"}, "owner": {"S": ""}},
    "Attributes": {"key": {"S": "lock#b"}},
    "executionArn": EXECUTION.replace(":m:", ":n:"),
    "status": "SUCCEEDED",
    "FunctionArn": TARGET.function_arn("g"),
    "CodeSha256": "AAAA",
    "Version": "1",
    "Configuration": {"FunctionArn": TARGET.function_arn("g"), "CodeSha256": "AAAA"},
    "stateMachineArn": f"{MACHINE}n",
    "definition": "{}",
    "type": "STANDARD",
    "stateMachineAliasArn": f"{MACHINE}n:live",
    "routingConfiguration": [],
    "stateMachineVersionArn": f"{MACHINE}n:1",
}


@pytest.mark.parametrize(
    "operation",
    [
        *("GetItem", "UpdateItem", "TransactWriteItems", "PutItem", "DescribeExecution", "GetFunction"),
        *("GetFunctionConfiguration", "UpdateFunctionCode", "PublishVersion", "DescribeStateMachine"),
        *("DescribeStateMachineAlias", "UpdateStateMachine", "PublishStateMachineVersion"),
        *("UpdateStateMachineAlias", "DescribeExecution of a smoke test"),
    ],
)
def test_answer_to_another_question_is_no_answer(portal: Portal, operation: str) -> None:
    portal.body, portal.status = json.dumps(OTHERS).encode(), 200
    portal.headers = {"x-amzn-RequestId": "somebody-elses"}

    with pytest.raises(Unavailable):
        CALLS[operation](client_of)


@pytest.mark.parametrize("body", [b"", b"<html>log in first</html>", b'{"message": "log in first"}'])
def test_object_of_a_portal_is_no_object(portal: Portal, body: bytes) -> None:
    portal.body, portal.status, portal.headers = body, 200, {}

    with pytest.raises(Unavailable):
        ReleaseBucket(client_of("s3"), "b").read("k", None, 100)


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("UpdateStateMachine", "ConflictException"),
        ("UpdateStateMachineAlias", "ConflictException"),
        ("UpdateStateMachine", "KmsThrottlingException"),
        ("StartExecution", "KmsThrottlingException"),
        ("UpdateFunctionCode", "ResourceConflictException"),
    ],
)
def test_what_passes_is_asked_for_again(portal: Portal, operation: str, code: str) -> None:
    portal.body, portal.status = json.dumps({"__type": code, "message": "not now"}).encode(), 400
    portal.headers = {"x-amzn-RequestId": "one", "x-amzn-errortype": code}

    with pytest.raises(Unavailable, match="not now"):
        CALLS[operation](client_of)


def test_role_that_may_not_be_taken_is_told_apart(portal: Portal) -> None:
    error = "<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error>"
    portal.body, portal.status = f"<ErrorResponse>{error}</ErrorResponse>".encode(), 403
    portal.headers = {"Content-Type": "text/xml"}

    with pytest.raises(RoleRefused, match="AccessDenied"):
        RoleAccounts(boto3.Session("local", "local", region_name="us-east-1"), "an id").deploy(TARGET)


def test_tags_that_may_not_be_read_are_not_taken_for_none(portal: Portal) -> None:
    configuration = {"FunctionArn": TARGET.function_arn("f"), "CodeSha256": "AAAA"}
    error = {"ErrorCode": "AccessDeniedException", "Message": "not authorized"}
    portal.body = json.dumps({"Configuration": configuration, "TagsError": error}).encode()
    portal.status, portal.headers = 200, {"x-amzn-RequestId": "one"}

    with pytest.raises(Refused, match="lambda:ListTags"):
        LambdaFunctions(client_of("lambda")).tags("f")
