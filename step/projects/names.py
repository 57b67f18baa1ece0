"""What the resources of a template are called once they are there: names, ARNs, and what a Ref gives.

Pure: no clock, no IO. AWS: CloudFormation's template reference, "Return values" of each type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

ACCOUNT = "123456789012"
REGION = "us-east-1"
PARTITION = "aws"
# The property that names a resource, where it isn't the type's own name with "Name" behind it.
_NAMED_BY = {
    "AWS::Serverless::StateMachine": "Name",
    "AWS::Serverless::SimpleTable": "TableName",
    "AWS::ECS::TaskDefinition": "Family",
    "AWS::Batch::JobDefinition": "JobDefinitionName",
}
# An ARN's service and resource, where they aren't the type's words in lower case.
_ARNS = {
    "AWS::Batch::ComputeEnvironment": "batch:{region}:{account}:compute-environment/{name}",
    "AWS::Batch::JobDefinition": "batch:{region}:{account}:job-definition/{name}:1",
    "AWS::Batch::JobQueue": "batch:{region}:{account}:job-queue/{name}",
    "AWS::CodeBuild::Project": "codebuild:{region}:{account}:project/{name}",
    "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{name}",
    "AWS::ECS::TaskDefinition": "ecs:{region}:{account}:task-definition/{name}:1",
    "AWS::Events::EventBus": "events:{region}:{account}:event-bus/{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::Lambda::LayerVersion": "lambda:{region}:{account}:layer:{name}:1",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
    "AWS::SSM::Parameter": "ssm:{region}:{account}:parameter/{name}",
    "AWS::SecretsManager::Secret": "secretsmanager:{region}:{account}:secret:{name}",
    "AWS::Serverless::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::Serverless::LayerVersion": "lambda:{region}:{account}:layer:{name}:1",
    "AWS::Serverless::SimpleTable": "dynamodb:{region}:{account}:table/{name}",
    "AWS::Serverless::StateMachine": "states:{region}:{account}:stateMachine:{name}",
    "AWS::StepFunctions::Activity": "states:{region}:{account}:activity:{name}",
    "AWS::StepFunctions::StateMachine": "states:{region}:{account}:stateMachine:{name}",
}
# Types whose Ref is their ARN.
_REF_IS_ARN = frozenset(
    {
        "AWS::Batch::ComputeEnvironment",
        "AWS::Batch::JobDefinition",
        "AWS::Batch::JobQueue",
        "AWS::ECS::TaskDefinition",
        "AWS::Lambda::LayerVersion",
        "AWS::SNS::Topic",
        "AWS::SecretsManager::Secret",
        "AWS::Serverless::LayerVersion",
        "AWS::Serverless::StateMachine",
        "AWS::StepFunctions::Activity",
        "AWS::StepFunctions::StateMachine",
    }
)


def name_properties(type: str) -> tuple[str, ...]:
    """List the properties that may name a resource of a type, the likeliest first."""
    return _NAMED_BY.get(type, f"{type.rpartition('::')[2]}Name"), "Name"


def arn_of(type: str, name: str) -> str:
    """Give the ARN that a resource has."""
    place = {"region": REGION, "account": ACCOUNT, "name": name}
    if type in _ARNS:
        return f"arn:{PARTITION}:{_ARNS[type].format(**place)}"
    _, _, words = type.partition("::")
    service, _, kind = words.lower().partition("::")
    return f"arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{kind}/{name}"


def ref_of(type: str, name: str) -> str:
    """Give what a Ref to a resource stands for."""
    if type == "AWS::SQS::Queue":
        return queue_url(name)
    return arn_of(type, name) if type in _REF_IS_ARN else name


def queue_url(name: str) -> str:
    return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"


_ATTRIBUTES: Mapping[str, Callable[[str, str], str]] = {
    "Arn": arn_of,
    "TopicArn": arn_of,
    "QueueUrl": lambda _, name: queue_url(name),
    "StreamArn": lambda type, name: f"{arn_of(type, name)}/stream/2026-01-01T00:00:00.000",
}


def attribute_of(type: str, name: str, attribute: str) -> str:
    """Give what an Fn::GetAtt stands for; a text that says what is meant where nobody can know it yet."""
    if attribute in _ATTRIBUTES:
        return _ATTRIBUTES[attribute](type, name)
    if attribute in ("Name", *name_properties(type)):
        return name
    return arn_of(type, name) if attribute.endswith("Arn") else f"{name}.{attribute}"
