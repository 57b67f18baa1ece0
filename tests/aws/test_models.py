"""botocore's models say what an API gives, under the names that Step Functions uses."""

from __future__ import annotations

import json

import pytest
from botocore.loaders import Loader

from step.aws.models import client_name, output_shape
from step.errors import Refused
from step.machine import test_state as api


def test_members_are_written_as_step_functions_does() -> None:
    shape = output_shape("states", "startExecution")

    assert shape is not None
    assert set(shape.required) == set(shape.members) == {"ExecutionArn", "StartDate"}
    assert shape.members["StartDate"].kind == "string"


def test_members_are_written_as_the_sdk_does_where_it_makes_the_call() -> None:
    shape = output_shape("aws-sdk:rds", "describeDBInstances")

    assert shape is not None
    assert set(shape.members) == {"DbInstances", "Marker"}


def test_shapes_may_contain_themselves() -> None:
    shape = output_shape("dynamodb", "getItem")

    assert shape is not None
    value = shape.members["Item"].element
    assert value.members["L"].element.members["M"].element.members["BOOL"].kind == "boolean"


@pytest.mark.parametrize(
    ("service", "action", "member"),
    [
        ("aws-sdk:s3", "getObject", "StorageClass"),
        ("aws-sdk:sfn", "listExecutions", "Executions"),
        ("aws-sdk:cloudwatchlogs", "describeLogGroups", "LogGroups"),
        ("aws-sdk:bedrockruntime", "invokeModel", "ContentType"),
        ("elasticmapreduce", "describeCluster", "Cluster"),
    ],
)
def test_services_are_found_under_the_names_of_resources(service: str, action: str, member: str) -> None:
    shape = output_shape(service, action)

    assert shape is not None
    assert member in shape.members


def test_the_folder_of_models_is_listed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    client_name("aws-sdk:lambda")
    monkeypatch.setattr(Loader, "list_available_services", lambda *_: pytest.fail("listed again"))

    names = [client_name(f"aws-sdk:{name}") for name in ("lambda", "cloudwatchlogs", "bedrockruntime")]

    assert names == ["lambda", "logs", "bedrock-runtime"]


@pytest.mark.parametrize(("service", "action"), [("apigateway", "invoke"), ("http", "invoke")])
def test_integrations_that_are_no_api_have_no_shape(service: str, action: str) -> None:
    assert output_shape(service, action) is None


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ({"KeyMetadata": {"KeyId": "k"}}, None),
        ({"KeyMetadata": {}}, "Required field 'KeyId' is missing"),
        ({"KeyMetadata": {"KeyId": "k", "KeyState": "Lost"}}, "Field 'KeyState' is not an expected value"),
        ({"KeyMetadata": {"KeyId": "k", "Enabled": 1}}, "Field 'Enabled' must be a boolean"),
    ],
)
def test_mocked_result_is_held_against_the_model(result: object, problem: str | None) -> None:
    resource = "arn:aws:states:::aws-sdk:kms:describeKey"
    definition = json.dumps({"Type": "Task", "Resource": resource, "Parameters": {"KeyId": "k"}, "End": True})
    request = {"definition": definition, "mock": {"result": json.dumps(result)}}
    if problem is None:
        assert api.test_state(request, output_shape=output_shape)["status"] == "SUCCEEDED"
        return

    with pytest.raises(Refused) as refused:
        api.test_state(request, output_shape=output_shape)

    assert refused.value.message == f"Mock result schema validation error: {problem}"
