"""The resources around a template's machines and functions, and what SAM makes of their events.

Pure: no clock, no IO. Properties are CloudFormation's, worked out.
AWS: SAM specification, "Events".
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from step.jsonvalue import JSONObject, JSONValue
from step.projects.application import ProjectResource
from step.projects.cloudformation import Template
from step.projects.names import ACCOUNT, arn_of

MAPPING = "AWS::Lambda::EventSourceMapping"
# No resource of CloudFormation's: a part of its bucket.
NOTIFICATION = "step::BucketNotification"
KINDS = frozenset(
    {
        MAPPING,
        "AWS::DynamoDB::Table",
        "AWS::Events::EventBus",
        "AWS::Events::Rule",
        "AWS::S3::Bucket",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::Scheduler::Schedule",
        "AWS::Serverless::SimpleTable",
        "AWS::StepFunctions::Activity",
    }
)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/step-up"
# SAM's names of what a mapping reads.
_SOURCES = {"SQS": "Queue", "DynamoDB": "Stream"}
_OF_MAPPING = frozenset(
    {
        *("BatchSize", "BisectBatchOnFunctionError", "DestinationConfig", "Enabled", "FilterCriteria"),
        *("FunctionResponseTypes", "MaximumBatchingWindowInSeconds", "MaximumRecordAgeInSeconds"),
        *("MaximumRetryAttempts", "ParallelizationFactor", "ScalingConfig", "StartingPosition"),
    }
)
_RULES = frozenset({"CloudWatchEvent", "EventBridgeRule", "Schedule"})
# What SAM's events share with the rules that they become, by CloudFormation's names.
_OF_RULE = {"Schedule": "ScheduleExpression", "Pattern": "EventPattern", "EventBusName": "EventBusName"}
_OF_TARGET = ("Input", "InputPath", "InputTransformer", "DeadLetterConfig")


def resources_of(template: Template) -> Iterator[ProjectResource]:
    """List a template's resources of the kinds that can be brought up, and those of its functions' and
    machines' events."""
    for name, type, resource in template.resources():
        properties = template.value(resource.get("Properties"))
        given = properties if isinstance(properties, dict) else {}
        if type == MAPPING:
            yield _mapping(name, given, str(given.get("FunctionName")))
        elif type in KINDS:
            yield ProjectResource(type=type, key=name, name=template.physical_name(name), properties=given)
        events = given.get("Events") if type.startswith("AWS::Serverless::") else None
        arn = arn_of(type, template.physical_name(name))
        for event, told in (events if isinstance(events, dict) else {}).items():
            if isinstance(told, dict):
                yield from _of_event(f"{name}{event}", str(told.get("Type")), told.get("Properties"), arn)


def _of_event(name: str, kind: str, written: JSONValue, arn: str) -> Iterator[ProjectResource]:
    properties = written if isinstance(written, dict) else {}
    target: JSONObject = {"Id": "1", "Arn": arn, "RoleArn": ROLE}
    target |= {key: properties[key] for key in _OF_TARGET if key in properties}
    is_on = properties.get("Enabled", True) and properties.get("State", "ENABLED") == "ENABLED"
    state = "ENABLED" if is_on else "DISABLED"
    named = str(properties.get("Name") or name)
    if kind in _SOURCES:
        yield _mapping(name, {**properties, "EventSourceArn": properties.get(_SOURCES[kind])}, arn)
    elif kind == "S3":
        yield _notification(name, properties, arn)
    elif kind in _RULES:
        given: JSONObject = {"State": state, "Targets": [target]}
        given |= {new: properties[old] for old, new in _OF_RULE.items() if old in properties}
        yield ProjectResource(type="AWS::Events::Rule", key=name, name=named, properties=given)
    elif kind == "ScheduleV2":
        del target["Id"]
        given = {
            **{
                key: properties[key]
                for key in ("ScheduleExpression", "StartDate", "EndDate")
                if key in properties
            },
            "ScheduleExpressionTimezone": properties.get("ScheduleExpressionTimezone", "UTC"),
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "State": state,
            "Target": {**target, "Input": target.get("Input", json.dumps({}))},
        }
        yield ProjectResource(type="AWS::Scheduler::Schedule", key=name, name=named, properties=given)


def _mapping(name: str, given: JSONObject, function: str) -> ProjectResource:
    properties: JSONObject = {key: value for key, value in given.items() if key in _OF_MAPPING}
    destinations = properties.get("DestinationConfig")
    if isinstance(destinations, dict):
        # SAM's has a type too.
        properties["DestinationConfig"] = {
            key: {"Destination": one.get("Destination")}
            for key, one in destinations.items()
            if isinstance(one, dict)
        }
    properties |= {"EventSourceArn": given.get("EventSourceArn"), "FunctionName": function}
    return ProjectResource(type=MAPPING, key=name, name=name, properties=properties)


def _notification(name: str, given: JSONObject, function: str) -> ProjectResource:
    events = given.get("Events")
    configuration: JSONObject = {
        "LambdaFunctionArn": function,
        "Events": events if isinstance(events, list) else [events],
    }
    match given.get("Filter"):
        case {"S3Key": {"Rules": list() as rules}}:
            configuration["Filter"] = {"Key": {"FilterRules": rules}}
    bucket, properties = str(given.get("Bucket")), {"Configuration": configuration}
    return ProjectResource(type=NOTIFICATION, key=name, name=bucket, properties={**properties})
