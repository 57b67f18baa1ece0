"""What the deployer's roles need is what is written down; the policies are compared with it elsewhere."""

from __future__ import annotations

from tests.deployer.permissions import needed_permissions

NEEDED = {
    "function": {
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:ListBucket",
        "states:DescribeExecution",
        "states:StartExecution",
        "sts:AssumeRole",
        "sts:TagSession",
    },
    "deploy": {
        "cloudwatch:DescribeAlarms",
        "lambda:GetFunction",
        "lambda:GetFunctionConfiguration",
        "lambda:ListTags",
        "lambda:PublishVersion",
        "lambda:UpdateFunctionCode",
        "s3:GetObjectVersion",
        "states:DescribeStateMachine",
        "states:DescribeStateMachineAlias",
        "states:ListTagsForResource",
        "states:PublishStateMachineVersion",
        "states:UpdateStateMachine",
        "states:UpdateStateMachineAlias",
    },
    "smoke": {"lambda:InvokeFunction", "states:DescribeExecution", "states:StartExecution"},
    "prune": {
        "lambda:DeleteFunction",
        "lambda:ListAliases",
        "states:DeleteStateMachineVersion",
        "states:DescribeStateMachine",
        "states:DescribeStateMachineAlias",
        "states:ListExecutions",
        "states:ListStateMachineAliases",
        "states:ListStateMachineVersions",
    },
}


def test_no_role_calls_more_than_is_written_down() -> None:
    called = {role: set(actions) for role, actions in needed_permissions().items()}

    assert called == NEEDED


def test_only_the_deploy_role_changes_what_runs() -> None:
    needed = needed_permissions()

    assert all(resource.endswith(":live") for resource in needed["deploy"]["states:UpdateStateMachineAlias"])
    assert all(resource.endswith(":*") for resource in needed["smoke"]["states:StartExecution"])
    assert all(resource.endswith(":*") for resource in needed["prune"]["lambda:DeleteFunction"])
