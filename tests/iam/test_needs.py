"""What calls have to be allowed, beside what their own names say; and that the table knows them."""

from __future__ import annotations

import json

import pytest

from step.aws.requests import Operations
from step.iam.needs import ApiCall, Home
from step.iam.supplement import needs_of
from step.iam.table import about, prefix_of_integration, prefix_of_signature, service_actions
from step.jsonvalue import JSONObject

HOME = Home("aws", "us-east-1", "123456789012")
LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:bake"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:bread"
ROLE = "arn:aws:iam::123456789012:role/baker"
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/orders"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234"


def needs(name: str, parameters: JSONObject) -> list[str]:
    service, _, operation = name.partition(":")
    call = ApiCall(service=service, operation=operation, parameters=parameters, home=HOME)
    return [f"{need.action} {need.resource}{' ?' * need.falls_back}" for need in needs_of(call)]


CASES: list[tuple[str, JSONObject, list[str]]] = [
    ("sts:GetCallerIdentity", {}, []),
    ("dynamodb:PutItem", {"TableName": "orders"}, [f"dynamodb:PutItem {TABLE}"]),
    ("dynamodb:PutItem", {"TableName": TABLE}, [f"dynamodb:PutItem {TABLE}"]),
    (
        "dynamodb:PutItem",
        {"TableName": "*"},
        ["dynamodb:PutItem arn:aws:dynamodb:us-east-1:123456789012:table/*"],
    ),
    (
        "dynamodb:Query",
        {"TableName": "orders", "IndexName": "day"},
        [f"dynamodb:Query {TABLE}/index/day"],
    ),
    (
        "dynamodb:TransactWriteItems",
        {"TransactItems": [{"Put": {"TableName": "orders"}}, {"ConditionCheck": {"TableName": "orders"}}]},
        [f"dynamodb:PutItem {TABLE}", f"dynamodb:ConditionCheckItem {TABLE}"],
    ),
    ("dynamodb:BatchGetItem", {"RequestItems": {"orders": {}}}, [f"dynamodb:BatchGetItem {TABLE}"]),
    (
        "dynamodb:ExecuteStatement",
        {"Statement": "SELECT * FROM orders"},
        ["dynamodb:PartiQLSelect arn:aws:dynamodb:us-east-1:123456789012:table/*"],
    ),
    ("lambda:Invoke", {"FunctionName": "bake"}, [f"lambda:InvokeFunction {LAMBDA}"]),
    ("lambda:Invoke", {"FunctionName": "bake:live"}, [f"lambda:InvokeFunction {LAMBDA}:live"]),
    (
        "lambda:Invoke",
        {"FunctionName": LAMBDA, "Qualifier": "7"},
        [f"lambda:InvokeFunction {LAMBDA}:7"],
    ),
    ("lambda:Invoke", {"FunctionName": "123456789012:function:bake"}, [f"lambda:InvokeFunction {LAMBDA}"]),
    (
        "lambda:GetFunction",
        {"FunctionName": "bake", "Qualifier": "7"},
        [f"lambda:GetFunction {LAMBDA}:7", f"lambda:ListTags {LAMBDA} ?"],
    ),
    (
        "lambda:CreateFunction",
        {"FunctionName": "bake", "Role": ROLE, "Tags": {"team": "bread"}, "Layers": [f"{LAMBDA}:1"]},
        [
            f"lambda:CreateFunction {LAMBDA}",
            f"lambda:GetLayerVersion {LAMBDA}:1",
            f"lambda:TagResource {LAMBDA}",
            f"iam:PassRole {ROLE}",
        ],
    ),
    (
        "lambda:UpdateFunctionCode",
        {"FunctionName": "bake", "S3Bucket": "b", "S3Key": "k", "S3ObjectVersion": "v"},
        [f"lambda:UpdateFunctionCode {LAMBDA}", "s3:GetObjectVersion arn:aws:s3:::b/k"],
    ),
    ("states:StartExecution", {"stateMachineArn": f"{MACHINE}:live"}, [f"states:StartExecution {MACHINE}"]),
    (
        "states:UpdateStateMachine",
        {"stateMachineArn": MACHINE, "publish": True, "roleArn": ROLE},
        [
            f"states:UpdateStateMachine {MACHINE}",
            f"states:PublishStateMachineVersion {MACHINE}",
            f"iam:PassRole {ROLE}",
        ],
    ),
    (
        "states:CreateStateMachine",
        {"name": "bread", "roleArn": ROLE, "tags": [{"key": "a", "value": "b"}]},
        [f"states:CreateStateMachine {MACHINE}", f"states:TagResource {MACHINE}", f"iam:PassRole {ROLE}"],
    ),
    ("states:SendTaskSuccess", {"taskToken": "t"}, ["states:SendTaskSuccess *"]),
    ("s3:ListBuckets", {}, ["s3:ListAllMyBuckets *"]),
    (
        "s3:GetObject",
        {"Bucket": "b", "Key": "k"},
        ["s3:GetObject arn:aws:s3:::b/k", "s3:ListBucket arn:aws:s3:::b ?"],
    ),
    (
        "s3:GetObject",
        {"Bucket": "b", "Key": "k", "VersionId": "v"},
        ["s3:GetObjectVersion arn:aws:s3:::b/k", "s3:ListBucket arn:aws:s3:::b ?"],
    ),
    (
        "s3:CopyObject",
        {"Bucket": "b", "Key": "k", "CopySource": "/c/of/k?versionId=v", "Tagging": "a=b"},
        [
            "s3:PutObject arn:aws:s3:::b/k",
            "s3:PutObjectTagging arn:aws:s3:::b/k",
            "s3:GetObjectVersion arn:aws:s3:::c/of/k",
        ],
    ),
    (
        "s3:PutObject",
        {"Bucket": "b", "Key": "k", "SSEKMSKeyId": KEY},
        ["s3:PutObject arn:aws:s3:::b/k", f"kms:GenerateDataKey {KEY}"],
    ),
    (
        "s3:DeleteObjects",
        {"Bucket": "b", "Delete": {"Objects": [{"Key": "k"}, {"Key": "l"}]}},
        ["s3:DeleteObject arn:aws:s3:::b/k", "s3:DeleteObject arn:aws:s3:::b/l"],
    ),
    ("s3:UploadPart", {"Bucket": "b", "Key": "k"}, ["s3:PutObject arn:aws:s3:::b/k"]),
    (
        "sqs:SendMessageBatch",
        {"QueueUrl": "http://127.0.0.1:4566/210987654321/loaves"},
        ["sqs:SendMessage arn:aws:sqs:us-east-1:210987654321:loaves"],
    ),
    (
        "sqs:CreateQueue",
        {"QueueName": "loaves"},
        ["sqs:CreateQueue arn:aws:sqs:us-east-1:123456789012:loaves"],
    ),
    (
        "sns:PublishBatch",
        {"TopicArn": "arn:aws:sns:us-east-1:123456789012:done"},
        ["sns:Publish arn:aws:sns:us-east-1:123456789012:done"],
    ),
    (
        "events:PutEvents",
        {"Entries": [{"Source": "a"}, {"EventBusName": "ovens"}]},
        [
            "events:PutEvents arn:aws:events:us-east-1:123456789012:event-bus/default",
            "events:PutEvents arn:aws:events:us-east-1:123456789012:event-bus/ovens",
        ],
    ),
    ("events:PutRule", {"Name": "r"}, ["events:PutRule arn:aws:events:us-east-1:123456789012:rule/r"]),
    (
        "events:PutTargets",
        {"Rule": "r", "EventBusName": "ovens", "Targets": [{"Arn": MACHINE, "RoleArn": ROLE}]},
        ["events:PutTargets arn:aws:events:us-east-1:123456789012:rule/ovens/r", f"iam:PassRole {ROLE}"],
    ),
    (
        "sts:AssumeRole",
        {"RoleArn": ROLE, "Tags": [{"Key": "team", "Value": "bread"}]},
        [f"sts:AssumeRole {ROLE}", f"sts:TagSession {ROLE}"],
    ),
    (
        "cloudwatch:DescribeAlarms",
        {"AlarmNames": ["hot"]},
        ["cloudwatch:DescribeAlarms arn:aws:cloudwatch:us-east-1:123456789012:alarm:hot"],
    ),
    (
        "cloudwatch:DescribeAlarms",
        {"AlarmNames": ["hot"], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]},
        ["cloudwatch:DescribeAlarms *"],
    ),
    (
        "secretsmanager:GetSecretValue",
        {"SecretId": "recipe"},
        ["secretsmanager:GetSecretValue arn:aws:secretsmanager:us-east-1:123456789012:secret:recipe-??????"],
    ),
    (
        "ssm:GetParameter",
        {"Name": "/a/b"},
        ["ssm:GetParameter arn:aws:ssm:us-east-1:123456789012:parameter/a/b"],
    ),
    ("kms:Decrypt", {"KeyId": "1234"}, [f"kms:Decrypt {KEY}"]),
    (
        "logs:PutLogEvents",
        {"logGroupName": "/a", "logStreamName": "s"},
        ["logs:PutLogEvents arn:aws:logs:us-east-1:123456789012:log-group:/a:log-stream:s"],
    ),
    (
        "ecs:RunTask",
        {"TaskDefinition": "bake"},
        ["ecs:RunTask arn:aws:ecs:us-east-1:123456789012:task-definition/bake:*"],
    ),
    (
        "glue:StartJobRun",
        {"JobName": "grind"},
        ["glue:StartJobRun arn:aws:glue:us-east-1:123456789012:job/grind"],
    ),
    (
        "sagemaker:CreateTrainingJob",
        {"TrainingJobName": "t", "RoleArn": "*"},
        [
            "sagemaker:CreateTrainingJob arn:aws:sagemaker:us-east-1:123456789012:training-job/t",
            "iam:PassRole *",
        ],
    ),
    ("iam:CreateRole", {"RoleName": "r"}, ["iam:CreateRole arn:aws:iam::123456789012:role/r"]),
    ("tomorrow:BakeIt", {"Loaf": "rye"}, ["tomorrow:BakeIt *"]),
]


@pytest.mark.parametrize(
    ("name", "parameters", "expected"), CASES, ids=lambda case: case if isinstance(case, str) else ""
)
def test_call_needs(name: str, parameters: JSONObject, expected: list[str]) -> None:
    assert needs(name, parameters) == expected


def test_needs_carry_the_condition_keys_of_their_call() -> None:
    tags: JSONObject = {"tags": [{"key": "Team", "value": "bread"}], "name": "bread"}
    (made, tagged) = needs_of(
        ApiCall(service="states", operation="CreateStateMachine", parameters=tags, home=HOME)
    )
    start: JSONObject = {"stateMachineArn": f"{MACHINE}:live"}
    (started,) = needs_of(ApiCall(service="states", operation="StartExecution", parameters=start, home=HOME))

    assert made.keys == tagged.keys == {"aws:requesttag/team": "bread", "aws:tagkeys": ("Team",)}
    assert started.keys == {"states:statemachinequalifier": ("live",)}


@pytest.mark.parametrize(("service", "prefix"), [("stepfunctions", "states"), ("lambda", "lambda")])
def test_every_operation_that_is_answered_here_has_its_action_in_the_table(service: str, prefix: str) -> None:
    known = service_actions(prefix).actions
    later = {"DeleteDurableExecution", "PauseDurableExecution", "ResumeDurableExecution"}

    unknown = {
        need.action
        for operation in Operations(service).names - later
        for need in needs_of(ApiCall(service=prefix, operation=operation, parameters={}, home=HOME))
        if need.action.partition(":")[2] not in known
    }

    assert unknown == set()


def test_services_are_known_by_integration_and_by_signature() -> None:
    assert [
        prefix_of_integration(name) for name in ("sfn", "eventbridge", "cloudwatchlogs", "dynamodb", "s3")
    ] == [*("states", "events", "logs", "dynamodb", "s3")]
    assert [prefix_of_signature(name) for name in ("monitoring", "email", "states")] == [
        "cloudwatch",
        "ses",
        "states",
    ]


def test_condition_keys_are_those_that_an_action_has() -> None:
    states = service_actions("states")

    assert states.knows_key("StartExecution", "states:statemachinequalifier")
    assert states.knows_key("StartExecution", "aws:resourcetag/team")
    assert states.knows_key("StartExecution", "aws:sourceip")
    assert not states.knows_key("StartExecution", "aws:requesttag/team")
    assert not states.knows_key("DescribeMapRun", "aws:resourcetag/team")
    assert "states:statemachinequalifier" in states.lists


@pytest.mark.requires_component("iam-simulate")
def test_table_is_what_its_source_says() -> None:
    import iam_table

    assert about()["date"] == iam_table.source()["date"]
    assert json.loads(iam_table.FILE.read_text(encoding="utf-8")) == iam_table.rows()
