"""A service as unkind as AWS may be: what is late is late once, what is too much is throttled."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from step.aws.connection import Aws, AwsPlace
from step.aws.release_client import ReleaseClient
from step.aws.requests import Operations
from step.aws.step_functions import StepFunctions
from step.durable.clocks import VirtualClock
from step.errors import Refused
from step.jsonvalue import JSONObject
from step.local.service.arns import Caller
from step.local.serving import LocalService, Options
from step.local.strictness import LATE_READS, StrictStates
from tests.serving import ACCOUNT, client_at

ROLE = f"arn:aws:iam::{ACCOUNT}:role/baker"
PASS = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
WAIT = json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}})


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LocalService]:
    running = LocalService.start(Options(store=tmp_path / "store", clock=VirtualClock(), late_seconds=inf))
    yield running
    running.close()


@pytest.fixture
def sfn(service: LocalService) -> Any:
    return client_at(service.endpoint, "stepfunctions")


def at_once(seconds: float) -> None:
    """Wait for nothing: what is late is late once."""


def code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


def test_late_reads_are_those_that_the_model_calls_eventually_consistent() -> None:
    model = Operations("stepfunctions").model
    said = {
        name
        for name in model.operation_names
        if "eventually consistent" in model.operation_model(name).documentation
        and name.startswith(("Describe", "List"))
    }

    assert said == LATE_READS


def test_execution_is_not_there_at_the_first_look(sfn: Any) -> None:
    machine = sfn.create_state_machine(name="m", roleArn=ROLE, definition=PASS)["stateMachineArn"]
    arn = sfn.start_execution(stateMachineArn=machine)["executionArn"]

    with pytest.raises(ClientError) as caught:
        sfn.describe_execution(executionArn=arn)

    assert code(caught) == "ExecutionDoesNotExist"
    assert sfn.describe_execution(executionArn=arn)["executionArn"] == arn


def test_read_is_once_what_it_was_before_a_change(sfn: Any) -> None:
    machine = sfn.create_state_machine(name="m", roleArn=ROLE, definition=PASS)["stateMachineArn"]
    assert sfn.describe_state_machine(stateMachineArn=machine)["definition"] == PASS

    sfn.update_state_machine(stateMachineArn=machine, definition=WAIT)

    told = [sfn.describe_state_machine(stateMachineArn=machine)["definition"] for _ in range(3)]
    assert told == [PASS, WAIT, WAIT]


def test_read_is_never_later_than_it_may_be() -> None:
    prompt = StrictStates(lambda: 0, late_seconds=-1)
    asker = Caller(ACCOUNT, "us-east-1")

    def ask(operation: str, answer: JSONObject) -> JSONObject:
        return prompt(operation, asker, {"executionArn": "e"}, lambda: answer)

    ask("StartExecution", {"executionArn": "e"})

    assert ask("DescribeExecution", {"status": "RUNNING"}) == {"status": "RUNNING"}
    assert ask("DescribeExecution", {"status": "SUCCEEDED"}) == {"status": "SUCCEEDED"}


def test_bucket_fills_with_the_services_time() -> None:
    now_ms = [0]
    states = StrictStates(lambda: now_ms[0], late_seconds=0)

    def ask() -> JSONObject:
        return states("ListExecutions", Caller(ACCOUNT, "eu-central-1"), {}, lambda: {})

    [ask() for _ in range(100)]
    with pytest.raises(Refused, match="Rate exceeded"):
        ask()
    now_ms[0] = 1000
    [ask() for _ in range(2)]
    with pytest.raises(Refused, match="Rate exceeded"):
        ask()


def test_too_many_requests_are_throttled(sfn: Any) -> None:
    machine = sfn.create_state_machine(name="m", roleArn=ROLE, definition=PASS)["stateMachineArn"]

    for _ in range(200):
        sfn.list_executions(stateMachineArn=machine)
    with pytest.raises(ClientError) as caught:
        [sfn.list_executions(stateMachineArn=machine) for _ in range(20)]

    assert code(caught) == "ThrottlingException"
    assert sfn.describe_state_machine(stateMachineArn=machine)["name"] == "m"


def test_function_is_at_it_until_somebody_has_seen_so(service: LocalService) -> None:
    functions = client_at(service.endpoint, "lambda")
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("handler.py", "def handle(event, context): return 1")
    zipped = data.getvalue()
    made = functions.create_function(
        FunctionName="f",
        Runtime=f"python3.{sys.version_info.minor}",
        Handler="handler.handle",
        Role=ROLE,
        Code={"ZipFile": zipped},
    )
    with pytest.raises(ClientError) as too_early:
        functions.update_function_code(FunctionName="f", ZipFile=zipped)
    updated = functions.update_function_code(FunctionName=made["FunctionArn"], ZipFile=zipped)

    told = [
        functions.get_function(FunctionName="f")["Configuration"]["LastUpdateStatus"],
        functions.get_function_configuration(FunctionName="f")["LastUpdateStatus"],
    ]

    assert made["State"] == "Pending"
    assert code(too_early) == "ResourceConflictException"
    assert updated["LastUpdateStatus"] == "InProgress"
    assert told == ["InProgress", "Successful"]
    assert functions.publish_version(FunctionName="f")["Version"] == "1"


def test_follower_of_an_execution_waits_until_it_is_there(service: LocalService, sfn: Any) -> None:
    machine = sfn.create_state_machine(name="m", roleArn=ROLE, definition=PASS)["stateMachineArn"]
    arn = sfn.start_execution(stateMachineArn=machine)["executionArn"]

    followed = list(StepFunctions(Aws(AwsPlace(endpoint=service.endpoint)), wait=at_once).follow(arn))

    assert followed[-1]["type"] == "ExecutionSucceeded"


def test_follower_of_an_execution_that_is_none_says_so(service: LocalService) -> None:
    arn = f"arn:aws:states:us-east-1:{ACCOUNT}:execution:m:none"

    with pytest.raises(Refused, match="Execution Does Not Exist"):
        next(StepFunctions(Aws(AwsPlace(endpoint=service.endpoint)), wait=at_once).follow(arn))


def test_client_waits_for_the_version_that_an_alias_leads_to(service: LocalService, sfn: Any) -> None:
    made = sfn.create_state_machine(name="m", roleArn=ROLE, definition=PASS)["stateMachineArn"]
    version = sfn.publish_state_machine_version(stateMachineArn=made)["stateMachineVersionArn"]
    route = {"stateMachineVersionArn": version, "weight": 100}
    sfn.create_state_machine_alias(name="live", routingConfiguration=[route])

    live = ReleaseClient(Aws(AwsPlace(endpoint=service.endpoint)), wait=at_once).live_machine("m")

    assert (live.version_arn, live.definition) == (version, PASS)
