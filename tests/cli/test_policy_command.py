"""``step policy``: the least policy of a role, as a document or for Terraform."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from step.cli.main import main

DEFINITION = {
    "StartAt": "Save",
    "States": {
        "Save": {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:putItem",
            "Parameters": {"TableName": "orders", "Item": {"id": {"S.$": "$.id"}}},
            "End": True,
        }
    },
}


@pytest.fixture
def file(tmp_path: Path) -> str:
    file = tmp_path / "order.asl.json"
    file.write_text(json.dumps(DEFINITION), encoding="utf-8")
    return str(file)


def test_policy_names_what_the_definition_names(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", file, "--account", "123456789012", "--region", "eu-central-1"]) == 0

    assert json.loads(capsys.readouterr().out) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "DynamodbPutItem",
                "Effect": "Allow",
                "Action": ["dynamodb:PutItem"],
                "Resource": ["arn:aws:dynamodb:eu-central-1:123456789012:table/orders"],
            }
        ],
    }


def test_policy_has_logging_and_tracing_where_they_are_asked_for(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["policy", file, "--logging", "--tracing"]) == 0

    document = json.loads(capsys.readouterr().out)
    assert [len(statement["Action"]) for statement in document["Statement"]] == [8, 4, 1]


def test_policy_for_terraform(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", file, "--format", "terraform", "--name", "order"]) == 0

    assert capsys.readouterr().out.startswith('data "aws_iam_policy_document" "order" {\n  statement {\n')


def test_task_fn_states_call_the_function_that_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:bread:1"

    assert main(["policy", "bread", "--function", arn]) == 0

    (statement,) = json.loads(capsys.readouterr().out)["Statement"]
    assert statement["Resource"] == [arn]
