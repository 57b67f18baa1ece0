"""What CloudFormation's functions give, and what is said where nobody can know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from step.projects.cloudformation import Template
from step.projects.document import Document, read_yaml

TEMPLATE = """
Parameters:
  Stage: {Type: String, Default: dev}
  Owner: {Type: String}
  Size: {Type: Number}
  Kind: {Type: String, AllowedValues: [small, large]}
  Zones: {Type: CommaDelimitedList, Default: "a, b"}
Conditions:
  IsProduction: !Equals [!Ref Stage, prod]
  IsDevelopment: !Not [!Condition IsProduction]
  Either: !Or [!Condition IsProduction, !Condition IsDevelopment]
  Both: !And [!Condition IsProduction, !Condition IsDevelopment]
  Round: !Condition Round
Mappings:
  Sizes: {dev: {nodes: 1}, prod: {nodes: 3}}
Resources:
  Table: {Type: AWS::DynamoDB::Table, Properties: {TableName: !Sub "orders-${Stage}"}}
  Queue: {Type: AWS::SQS::Queue}
  Topic: {Type: AWS::SNS::Topic}
  Bucket: {Type: AWS::S3::Bucket}
  Role: {Type: AWS::IAM::Role}
  Function: {Type: AWS::Serverless::Function, Properties: {FunctionName: charge}}
  Plain: {Type: AWS::Lambda::Function}
  Version: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Plain}}
  Alias: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref Plain, Name: live}}
  Machine: {Type: AWS::Serverless::StateMachine}
  Other: {Type: AWS::Kinesis::Stream}
  Loop: {Type: AWS::SQS::Queue, Properties: {QueueName: !GetAtt Loop.QueueName}}
"""
PLACE = "us-east-1:123456789012"


def template(**parameters: str) -> Template:
    return Template(read_yaml(TEMPLATE, Path("template.yaml")), parameters)


def value_of(text: str, **parameters: str) -> Any:
    document: Document = read_yaml(f"a: {text}", Path("value.yaml"))
    return template(**parameters).value(document.value).get("a", "nothing")  # type: ignore[union-attr]  # an object


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!Ref Stage", "dev"),
        ("!Ref Kind", "small"),
        ("!Ref Zones", ["a", "b"]),
        ("!Ref AWS::Region", "us-east-1"),
        ("!Ref AWS::NoValue", "nothing"),
        ("!Ref Table", "orders-dev"),
        ("!GetAtt Table.Arn", f"arn:aws:dynamodb:{PLACE}:table/orders-dev"),
        ("!Ref Queue", "https://sqs.us-east-1.amazonaws.com/123456789012/Queue"),
        ("!GetAtt [Queue, QueueName]", "Queue"),
        ("!Ref Topic", f"arn:aws:sns:{PLACE}:Topic"),
        ("!GetAtt Bucket.Arn", "arn:aws:s3:::Bucket"),
        ("!GetAtt Role.Arn", "arn:aws:iam::123456789012:role/Role"),
        ("!Ref Function", "charge"),
        ("!GetAtt Function.Arn", f"arn:aws:lambda:{PLACE}:function:charge"),
        ("!Ref Function.Version", f"arn:aws:lambda:{PLACE}:function:charge"),
        ("!Ref Version", "Plain"),
        ("!Ref Alias", "Plain:live"),
        ("!Ref Machine", f"arn:aws:states:{PLACE}:stateMachine:Machine"),
        ("!GetAtt Machine.Name", "Machine"),
        ("!GetAtt Other.Arn", f"arn:aws:kinesis:{PLACE}:stream/Other"),
        ("!GetAtt Loop.QueueName", "Loop"),
        (
            "!Sub '${AWS::Region}/${Table.Arn}/${!Kept}/${Unknown}'",
            f"us-east-1/arn:aws:dynamodb:{PLACE}:table/orders-dev/${{Kept}}/${{Unknown}}",
        ),
        ("!Sub ['${A}-${Stage}', {A: !Ref Table}]", "orders-dev-dev"),
        ("!Join ['-', [a, !Ref Stage, !Ref 'AWS::NoValue']]", "a-dev"),
        ("!Join ['', !Ref Zones]", "ab"),
        ("!Select [1, !Split [',', 'a,b']]", "b"),
        ("!FindInMap [Sizes, !Ref Stage, nodes]", 1),
        ("!FindInMap [Sizes, other, nodes, {DefaultValue: 9}]", 9),
        ("!If [IsProduction, a, b]", "b"),
        ("!If [IsDevelopment, a, !Ref 'AWS::NoValue']", "a"),
        ("!If [Either, a, b]", "a"),
        ("!If [Both, a, b]", "b"),
        ("!If [Round, a, b]", "b"),
        ("!If [Nowhere, a, b]", "b"),
        ("!Base64 abc", "YWJj"),
        ("{'Fn::Length': [1, 2]}", 2),
        ("{'Fn::ToJsonString': {b: !Ref Stage}}", '{"b": "dev"}'),
        ("!Cidr [10.0.0.0/16, 2, 8]", ["10.0.0.0/24", "10.0.1.0/24"]),
        ("!GetAZs ''", ["us-east-1a", "us-east-1b", "us-east-1c"]),
    ],
)
def test_a_function_gives_what_cloudformation_gives(text: str, value: object) -> None:
    assert value_of(text) == value


def test_a_parameter_that_is_given_holds() -> None:
    assert value_of("!If [IsProduction, !FindInMap [Sizes, !Ref Stage, nodes], 0]", Stage="prod") == 3


@pytest.mark.parametrize(
    ("text", "value", "told"),
    [
        (
            "!Ref Owner",
            "Owner",
            "parameter Owner has no default, 'Owner' stands for it: --parameter Owner=VALUE",
        ),
        ("!Ref Size", "1", "parameter Size has no default"),
        (
            "!ImportValue Net",
            "Net",
            "Net is another stack's export, its name stands for it: --parameter Net=VALUE",
        ),
        ("!FindInMap [Sizes, x, y]", "Sizes, x, y", "Mappings has nothing for Sizes, x, y"),
        ("!Select [5, [a]]", "", "no item 5 in a list of 1"),
        (
            "{'Fn::Transform': {Name: AWS::Include, Parameters: {Location: s3://b/k}}}",
            {},
            "s3://b/k isn't on this machine",
        ),
    ],
)
def test_what_can_t_be_known_is_named_with_what_gives_it(text: str, value: object, told: str) -> None:
    one = template()

    assert one.value(read_yaml(f"a: {text}", Path("v.yaml")).value) == {"a": value}
    assert len(one.notes) == 1
    assert told in one.notes[0]


@pytest.mark.parametrize("name", sorted(Template(read_yaml("", Path("t.yaml")), {})._functions))
@pytest.mark.parametrize(
    "given", [None, True, 1, "x", "", [], {}, [[]], [None, None, None], {"a": []}, [{}, 1]]
)
def test_a_function_with_any_arguments_at_all_gives_json(name: str, given: Any) -> None:
    assert json.dumps(template().value({name: given}))
