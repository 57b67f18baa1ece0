"""A project on the local service: brought up, changed, run and taken down."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from step.aws.connection import Aws, AwsPlace
from step.aws.stack import ProjectStack
from step.durable.clocks import VirtualClock
from step.errors import StepError
from step.local.serving import LocalService, Options
from step.projects.project import open_project
from tests import serving
from tests.serving import client_at

SAM = Path(__file__).parents[1] / "projects" / "applications" / "sam"
TRADER = "arn:aws:states:us-east-1:123456789012:stateMachine:StockTradingStateMachine"
MADE = [
    "TransactionTable: made",
    "StockCheckerFunction: made",
    "StockBuyerFunction: made",
    "ReceiptFunction: left out: it runs on nodejs20.x",
    "StockTradingStateMachine: made",
    "ReceiptStateMachine: made",
    "StockTradingStateMachineHourlyTradingSchedule: made",
]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LocalService]:
    running = LocalService.start(Options(store=tmp_path / "store", clock=VirtualClock()))
    yield running
    running.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAM, tmp_path / "sam"))


@pytest.fixture
def stack(service: LocalService, folder: Path) -> Callable[[], tuple[ProjectStack, list[str]]]:
    def stack() -> tuple[ProjectStack, list[str]]:
        said: list[str] = []
        aws = Aws(AwsPlace(endpoint=service.endpoint, region="us-east-1"), environment={})
        return ProjectStack(aws, open_project(folder), said.append), said

    return stack


def traded(service: LocalService) -> Any:
    sfn = client_at(service.endpoint, "stepfunctions")
    execution = sfn.start_execution(stateMachineArn=TRADER, input='{"price": 20}')["executionArn"]
    return json.loads(serving.ended(sfn, execution)["output"])


def test_a_project_comes_up_runs_and_takes_a_change(
    service: LocalService, folder: Path, stack: Callable[[], tuple[ProjectStack, list[str]]]
) -> None:
    first, said = stack()
    assert first.up()[0] == TRADER
    assert said == MADE
    assert traded(service)["qty"] == "5"

    again, said = stack()
    again.up()
    assert said == MADE[3:4]

    prices = folder / "functions" / "stock_buyer" / "prices.py"
    prices.write_text(prices.read_text().replace("BUDGET = 100", "BUDGET = 60"))
    asl = folder / "statemachine" / "stock_trader.asl.json"
    asl.write_text(asl.read_text().replace('"NumericLessThanEquals": 50', '"NumericLessThanEquals": 60'))
    changed, said = stack()
    changed.up()
    assert [line for line in said if line not in MADE] == [
        "StockBuyerFunction: code changed",
        "StockTradingStateMachine: definition changed",
    ]
    assert traded(service)["qty"] == "3"


def test_nothing_is_left_of_a_project_that_is_taken_down(
    service: LocalService, stack: Callable[[], tuple[ProjectStack, list[str]]]
) -> None:
    stack()[0].up()

    down, said = stack()
    down.down()

    assert len(said) == 6
    assert all(line.endswith(": deleted") for line in said)
    assert client_at(service.endpoint, "dynamodb").list_tables()["TableNames"] == []
    assert client_at(service.endpoint, "stepfunctions").list_state_machines()["stateMachines"] == []
    assert client_at(service.endpoint, "events").list_rules()["Rules"] == []
    again, said = stack()
    again.down()
    assert said == []


RESOURCES = """
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: orders.fifo}}
  Topic: {Type: AWS::SNS::Topic}
  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: things}}
  Oven: {Type: AWS::StepFunctions::Activity}
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: shop}}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: shop
      EventPattern: {source: [shop]}
      Targets: [{Id: one, Arn: !Ref Machine, RoleArn: "arn:aws:iam::123456789012:role/r"}]
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition: {StartAt: A, States: {A: {Type: Pass, End: true}}}
      Events:
        Nightly: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day)}}
        Ordered: {Type: EventBridgeRule, Properties: {Pattern: {source: [other]}, InputPath: $.detail}}
"""


def test_every_kind_of_resource_comes_up_and_goes(service: LocalService, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(RESOURCES)
    said: list[str] = []
    aws = Aws(AwsPlace(endpoint=service.endpoint, region="us-east-1"), environment={})
    stack = ProjectStack(aws, open_project(tmp_path), said.append)

    stack.up()
    made = [line.removesuffix(": made") for line in said]
    said.clear()
    stack.up()
    assert said == []
    stack.down()

    assert sorted(line.removesuffix(": deleted") for line in said) == sorted(made)
    assert set(made) == {
        *("Table", "Queue", "Topic", "Bucket", "Oven", "Bus", "Machine", "Rule"),
        *("MachineNightly", "MachineOrdered"),
    }


def test_only_this_machine_is_brought_up_to(folder: Path) -> None:
    aws = Aws(AwsPlace(region="us-east-1"), environment={})

    with pytest.raises(StepError, match="only a local service"):
        ProjectStack(aws, open_project(folder), print)


STARTED = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 60}}
  Loaves:
    Type: AWS::DynamoDB::Table
    Properties:
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  Things: {Type: AWS::S3::Bucket, Properties: {BucketName: things}}
  Baker:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      InlineCode: |
        def handler(event, context):
            return event
      Events:
        Order: {Type: SQS, Properties: {Queue: !GetAtt Orders.Arn, BatchSize: 5}}
        Loaf:
          Type: DynamoDB
          Properties: {Stream: !GetAtt Loaves.StreamArn, StartingPosition: TRIM_HORIZON}
        Thing:
          Type: S3
          Properties:
            Bucket: !Ref Things
            Events: s3:ObjectCreated:*
            Filter: {S3Key: {Rules: [{Name: suffix, Value: .txt}]}}
"""


def test_queues_streams_and_buckets_start_functions_as_sam_says(
    service: LocalService, tmp_path: Path
) -> None:
    (tmp_path / "template.yaml").write_text(STARTED)
    said: list[str] = []
    aws = Aws(AwsPlace(endpoint=service.endpoint, region="us-east-1"), environment={})

    def stack() -> ProjectStack:
        said.clear()
        return ProjectStack(aws, open_project(tmp_path / "template.yaml"), said.append)

    stack().up()

    assert [line for line in said if line.startswith("Baker")] == [
        "Baker: made",
        "BakerOrder: made",
        "BakerLoaf: made",
        "BakerThing: made",
    ]
    functions = client_at(service.endpoint, "lambda")
    mappings = functions.list_event_source_mappings()["EventSourceMappings"]
    sources = {one["EventSourceArn"].split(":")[2]: one for one in mappings}
    assert sources["sqs"]["BatchSize"] == 5
    table = client_at(service.endpoint, "dynamodb").describe_table(TableName="Loaves")["Table"]
    assert sources["dynamodb"]["EventSourceArn"] == table["LatestStreamArn"]
    s3 = client_at(service.endpoint, "s3")
    told = s3.get_bucket_notification_configuration(Bucket="things")["LambdaFunctionConfigurations"]
    assert told[0]["Filter"] == {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".txt"}]}}

    stack().up()
    assert said == []
    stack().down()
    assert "BakerOrder: deleted" in said
    assert functions.list_event_source_mappings()["EventSourceMappings"] == []
