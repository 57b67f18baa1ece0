"""Events that somebody puts onto a bus: machines, functions and queues hear of them; none fails the call."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from step.local.serving import LocalService
from tests.serving import client_at, wait_for

PASS = {"StartAt": "Mix", "States": {"Mix": {"Type": "Pass", "End": True}}}
ROLE = "arn:aws:iam::123456789012:role/events"
ENTRY = {"Source": "shop", "DetailType": "ordered", "Detail": '{"id": 7, "big": true}'}


@pytest.fixture
def events(service: LocalService) -> Any:
    return client_at(service.endpoint, "events")


@pytest.fixture
def rule(events: Any) -> Callable[..., None]:
    def rule(arn: str, bus: str = "default", **more: Any) -> None:
        pattern = {"source": ["shop"], "detail": {"big": [True]}}
        events.put_rule(Name="rule", EventBusName=bus, EventPattern=json.dumps(pattern))
        events.put_targets(
            Rule="rule", EventBusName=bus, Targets=[{"Id": "1", "Arn": arn, "RoleArn": ROLE, **more}]
        )

    return rule


def inputs(sfn: Any, machine: str) -> list[Any]:
    found: list[Any] = wait_for(sfn, lambda: sfn.list_executions(stateMachineArn=machine)["executions"])
    return [json.loads(sfn.describe_execution(executionArn=one["executionArn"])["input"]) for one in found]


def received(service: LocalService, url: str) -> dict[str, Any]:
    sqs = client_at(service.endpoint, "sqs")
    asked = {"QueueUrl": url, "MessageAttributeNames": ["All"]}
    messages: list[dict[str, Any]] = wait_for(sqs, lambda: sqs.receive_message(**asked).get("Messages"))
    return messages[0]


def test_an_event_starts_the_machines_of_the_rules_that_it_matches(
    sfn: Any, events: Any, create: Callable[..., str], rule: Callable[..., None]
) -> None:
    machine = create("order", PASS)
    rule(machine, InputPath="$.detail")

    answer = events.put_events(Entries=[ENTRY, {**ENTRY, "Detail": '{"big": false}'}])

    assert answer["FailedEntryCount"] == 0
    assert inputs(sfn, machine) == [{"id": 7, "big": True}]


def test_an_event_on_another_bus_is_that_bus_s(
    sfn: Any, events: Any, create: Callable[..., str], rule: Callable[..., None]
) -> None:
    machine = create("order", PASS)
    bus = events.create_event_bus(Name="shop")["EventBusArn"]
    rule(machine, bus="shop")

    events.put_events(Entries=[ENTRY, {**ENTRY, "EventBusName": bus}])

    (event,) = inputs(sfn, machine)
    assert (event["source"], event["detail-type"], event["detail"]["id"]) == ("shop", "ordered", 7)
    assert set(event) == {
        *("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail")
    }


def test_a_task_puts_an_event_that_starts_another_machine(
    sfn: Any, create: Callable[..., str], rule: Callable[..., None]
) -> None:
    machine = create("order", PASS)
    rule(machine, Input='{"constant": 1}')
    put = {"Entries": [{**ENTRY, "Detail": {"big": True}}]}
    task = {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents", "Parameters": put, "End": True}

    sfn.start_execution(stateMachineArn=create("put", {"StartAt": "Put", "States": {"Put": task}}))

    assert inputs(sfn, machine) == [{"constant": 1}]


def test_an_event_calls_a_function(service: LocalService, rule: Callable[..., None]) -> None:
    sqs = client_at(service.endpoint, "sqs")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    code = f"""
import boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl={url!r}, MessageBody=event["detail-type"])
"""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", code)
    made = client_at(service.endpoint, "lambda").create_function(
        FunctionName="tell",
        Runtime=f"python3.{sys.version_info.minor}",
        Role=ROLE,
        Handler="app.handler",
        Code={"ZipFile": packed.getvalue()},
    )
    rule(made["FunctionArn"])

    client_at(service.endpoint, "events").put_events(Entries=[ENTRY])

    assert received(service, url)["Body"] == "ordered"


def test_a_queue_gets_what_the_target_says(
    service: LocalService, events: Any, rule: Callable[..., None]
) -> None:
    sqs = client_at(service.endpoint, "sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    template = {"InputPathsMap": {"id": "$.detail.id"}, "InputTemplate": '"order <id>"'}
    rule("arn:aws:sqs:us-east-1:123456789012:orders", InputTransformer=template)

    events.put_events(Entries=[ENTRY])

    assert received(service, url)["Body"] == '"order 7"'


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:states:us-east-1:123456789012:stateMachine:gone",
        "arn:aws:lambda:us-east-1:123456789012:function:gone",
        "arn:aws:sqs:us-east-1:123456789012:gone",
        "arn:aws:sns:us-east-1:123456789012:gone",
        "arn:aws:kinesis:us-east-1:123456789012:stream/gone",
        "arn:aws:ecs:us-east-1:123456789012:cluster/gone",
        "arn:aws:batch:us-east-1:123456789012:job-queue/gone",
    ],
)
def test_no_target_fails_the_call(events: Any, rule: Callable[..., None], arn: str) -> None:
    rule(arn)

    answer = events.put_events(Entries=[ENTRY])

    assert answer["FailedEntryCount"] == 0
    assert answer["Entries"][0]["EventId"]


@pytest.mark.parametrize(
    "kind", ["states:us-east-1:123456789012:stateMachine", "lambda:us-east-1:123456789012:function"]
)
def test_what_can_t_be_delivered_goes_to_the_dead_letters(
    service: LocalService, events: Any, rule: Callable[..., None], kind: str
) -> None:
    url = client_at(service.endpoint, "sqs").create_queue(QueueName="dead")["QueueUrl"]
    dead = {"Arn": "arn:aws:sqs:us-east-1:123456789012:dead"}
    rule(f"arn:aws:{kind}:gone", DeadLetterConfig=dead, InputPath="$.detail")

    events.put_events(Entries=[ENTRY])

    message = received(service, url)
    assert json.loads(message["Body"]) == {"id": 7, "big": True}
    assert message["MessageAttributes"]["TARGET_ARN"]["StringValue"].endswith(":gone")
