"""What Lambda promises, of versions, aliases, preconditions and invocations."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import sys
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.aws

RUNTIME = f"python3.{sys.version_info.minor}"
# On AWS, one that Lambda may assume.
ROLE = os.environ.get("STEP_AWS_LAMBDA_ROLE", "arn:aws:iam::123456789012:role/lambda")
CODE = """
import json, os, sys, time

def handler(event, context):
    print("log line", event)
    if "raise" in event:
        raise ValueError(event["raise"])
    if "exit" in event:
        os._exit(event["exit"])
    if "sleep" in event:
        time.sleep(event["sleep"])
    if "give" in event:
        return "x" * event["give"]
    return {"event": event, "version": context.function_version, "arn": context.invoked_function_arn,
            "variable": os.environ.get("COLOUR"), "pid": os.getpid()}
"""


def zipped(code: str = CODE, name: str = "app.py") -> bytes:
    file = io.BytesIO()
    # Its time is always the same: so is the zip's digest, whenever it is made.
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o644 << 16
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(entry, code)
    return file.getvalue()


@pytest.fixture(scope="module")
def client(aws: Callable[..., Any]) -> Iterator[Any]:
    with closing(aws("lambda")) as client:
        yield client


@pytest.fixture(scope="module")
def s3(aws: Callable[..., Any]) -> Iterator[Any]:
    with closing(aws("s3")) as client:
        yield client


@pytest.fixture
def name(client: Any) -> Iterator[str]:
    """A function for one test."""
    name = f"contract-{uuid.uuid4().hex[:8]}"
    client.create_function(
        FunctionName=name,
        Role=ROLE,
        Runtime=RUNTIME,
        Handler="app.handler",
        Code={"ZipFile": zipped()},
        Timeout=3,
        Environment={"Variables": {"COLOUR": "red"}},
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    yield name
    client.delete_function(FunctionName=name)


def invoke(client: Any, name: str, event: object, **more: Any) -> Any:
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event), **more)
    answer["Payload"] = json.loads(answer["Payload"].read() or "null")
    return answer


def refused(call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    code: str = caught.value.response["Error"]["Code"]
    return code


def test_created_function_shows_what_was_asked_and_the_defaults(client: Any, name: str) -> None:
    shown = client.get_function(FunctionName=name)

    configuration = shown["Configuration"]
    assert configuration["CodeSha256"] == base64.b64encode(hashlib.sha256(zipped()).digest()).decode()
    assert configuration["State"] == "Active"
    assert configuration["LastUpdateStatus"] == "Successful"
    assert configuration["Version"] == "$LATEST"
    assert configuration["MemorySize"] == 128
    assert configuration["EphemeralStorage"] == {"Size": 512}
    assert configuration["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}
    assert (
        refused(
            client.create_function,
            FunctionName=name,
            Role=ROLE,
            Runtime=RUNTIME,
            Handler="a.b",
            Code={"ZipFile": zipped()},
        )
        == "ResourceConflictException"
    )


def test_publishing_what_did_not_change_gives_the_same_version(client: Any, name: str) -> None:
    first = client.publish_version(FunctionName=name, Description="one")
    again = client.publish_version(FunctionName=name, Description="two")
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {"COLOUR": "blue"}})
    client.get_waiter("function_updated_v2").wait(FunctionName=name)
    second = client.publish_version(FunctionName=name)

    assert (first["Version"], again["Version"], second["Version"]) == ("1", "1", "2")
    assert again["RevisionId"] == first["RevisionId"]
    listed = client.list_versions_by_function(FunctionName=name)["Versions"]
    assert [version["Version"] for version in listed] == ["$LATEST", "1", "2"]


def test_a_revision_that_is_gone_is_refused(client: Any, name: str) -> None:
    old = client.get_function_configuration(FunctionName=name)["RevisionId"]
    new = client.update_function_configuration(FunctionName=name, Description="new")["RevisionId"]
    client.get_waiter("function_updated_v2").wait(FunctionName=name)

    assert old != new
    for call, parameters in (
        (client.update_function_configuration, {"Description": "newer"}),
        (client.update_function_code, {"ZipFile": zipped("x = 1")}),
        (client.publish_version, {}),
    ):
        assert refused(call, FunctionName=name, RevisionId=old, **parameters) == "PreconditionFailedException"


def test_publishing_other_code_than_was_meant_is_refused(client: Any, name: str) -> None:
    other = base64.b64encode(hashlib.sha256(b"other").digest()).decode()

    assert (
        refused(client.publish_version, FunctionName=name, CodeSha256=other)
        == "InvalidParameterValueException"
    )
    assert [v["Version"] for v in client.list_versions_by_function(FunctionName=name)["Versions"]] == [
        "$LATEST"
    ]


def test_a_dry_run_of_an_update_changes_nothing(client: Any, name: str) -> None:
    before = client.get_function_configuration(FunctionName=name)

    told = client.update_function_code(FunctionName=name, ZipFile=zipped("x = 1"), DryRun=True)

    assert told["CodeSha256"] != before["CodeSha256"]
    after = client.get_function_configuration(FunctionName=name)
    assert (after["CodeSha256"], after["RevisionId"]) == (before["CodeSha256"], before["RevisionId"])


def test_a_version_that_an_alias_uses_cannot_be_deleted(client: Any, name: str) -> None:
    client.publish_version(FunctionName=name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")

    assert refused(client.delete_function, FunctionName=name, Qualifier="1") == "ResourceConflictException"
    client.delete_alias(FunctionName=name, Name="live")
    client.delete_function(FunctionName=name, Qualifier="1")
    assert refused(client.get_function, FunctionName=name, Qualifier="1") == "ResourceNotFoundException"


def test_logging_configuration_is_kept(client: Any, name: str) -> None:
    wanted = {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "DEBUG",
        "SystemLogLevel": "WARN",
        "LogGroup": "/own/group",
    }

    client.update_function_configuration(FunctionName=name, LoggingConfig=wanted)

    assert client.get_function_configuration(FunctionName=name)["LoggingConfig"] == wanted


def test_an_alias_moves_only_with_its_own_revision(client: Any, name: str) -> None:
    client.publish_version(FunctionName=name)
    alias = client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    client.update_function_code(FunctionName=name, ZipFile=zipped(CODE + "\n"), Publish=True)

    moved = client.update_alias(
        FunctionName=name, Name="live", FunctionVersion="2", RevisionId=alias["RevisionId"]
    )

    assert moved["FunctionVersion"] == "2"
    again = {"FunctionName": name, "Name": "live", "FunctionVersion": "1", "RevisionId": alias["RevisionId"]}
    assert refused(client.update_alias, **again) == "PreconditionFailedException"
    assert refused(client.update_alias, FunctionName=name, Name="live", FunctionVersion="7") == (
        "ResourceNotFoundException"
    )


def test_versions_and_aliases_run_their_own_code_and_variables(client: Any, name: str) -> None:
    client.publish_version(FunctionName=name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {"COLOUR": "blue"}})
    client.get_waiter("function_updated_v2").wait(FunctionName=name)

    latest = invoke(client, name, {"n": 1})
    live = invoke(client, name, {"n": 1}, Qualifier="live")

    assert (latest["ExecutedVersion"], latest["Payload"]["variable"]) == ("$LATEST", "blue")
    assert (live["ExecutedVersion"], live["Payload"]["variable"]) == ("1", "red")
    assert live["Payload"]["arn"].endswith(f":function:{name}:live")
    assert refused(client.invoke, FunctionName=name, Qualifier="9") == "ResourceNotFoundException"


def test_an_alias_with_weights_runs_both_versions(client: Any, name: str) -> None:
    client.publish_version(FunctionName=name)
    client.update_function_code(FunctionName=name, ZipFile=zipped(CODE + "\n"), Publish=True)
    client.create_alias(
        FunctionName=name,
        Name="canary",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 1.0}},
    )

    assert invoke(client, name, {}, Qualifier="canary")["ExecutedVersion"] == "2"


def test_an_exception_is_lambdas_document(client: Any, name: str) -> None:
    answer = invoke(client, name, {"raise": "no flour"}, LogType="Tail")

    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert answer["Payload"]["errorType"] == "ValueError"
    assert answer["Payload"]["errorMessage"] == "no flour"
    assert set(answer["Payload"]) == {"errorType", "errorMessage", "requestId", "stackTrace"}
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert "log line" in tail
    assert f"REPORT RequestId: {answer['Payload']['requestId']}" in tail


def test_a_process_that_ends_is_an_exit_error(client: Any, name: str) -> None:
    answer = invoke(client, name, {"exit": 3})

    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "Runtime.ExitError"
    assert answer["Payload"]["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")
    assert invoke(client, name, {"n": 1})["Payload"]["event"] == {"n": 1}


def test_a_timeout_ends_the_process(client: Any, name: str) -> None:
    client.update_function_configuration(FunctionName=name, Timeout=1)
    client.get_waiter("function_updated_v2").wait(FunctionName=name)

    answer = invoke(client, name, {"sleep": 30})

    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "Sandbox.Timedout"
    assert answer["Payload"]["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")


def test_a_warm_process_is_used_again(client: Any, name: str) -> None:
    first, second = (invoke(client, name, {})["Payload"]["pid"] for _ in range(2))

    assert first == second


@pytest.mark.parametrize(
    ("code", "handler", "error"),
    [
        ("import nothing_like_it", "app.handler", "Runtime.ImportModuleError"),
        ("x = 1", "app.handler", "Runtime.HandlerNotFound"),
        ("def handler(:", "app.handler", "Runtime.UserCodeSyntaxError"),
        ("raise ValueError('at import')", "app.handler", "ValueError"),
        ("x = 1", "handler", "Runtime.MalformedHandlerName"),
    ],
)
def test_code_that_cannot_be_loaded_is_a_function_error(
    client: Any, name: str, code: str, handler: str, error: str
) -> None:
    client.update_function_code(FunctionName=name, ZipFile=zipped(code))
    client.get_waiter("function_updated_v2").wait(FunctionName=name)
    client.update_function_configuration(FunctionName=name, Handler=handler)
    client.get_waiter("function_updated_v2").wait(FunctionName=name)

    answer = invoke(client, name, {})

    assert (answer["FunctionError"], answer["Payload"]["errorType"]) == ("Unhandled", error)


def test_a_dry_run_runs_nothing_and_an_event_is_only_accepted(client: Any, name: str) -> None:
    dry = invoke(client, name, {}, InvocationType="DryRun")
    event = invoke(client, name, {}, InvocationType="Event")

    assert (dry["StatusCode"], event["StatusCode"]) == (204, 202)
    assert refused(client.invoke, FunctionName=name, Payload=b"{no json") == "InvalidRequestContentException"


def test_too_large_a_response_is_a_function_error(client: Any, name: str) -> None:
    answer = invoke(client, name, {"give": 6_300_000})

    assert (answer["FunctionError"], answer["Payload"]["errorType"]) == (
        "Unhandled",
        "Function.ResponseSizeTooLarge",
    )


def test_reserved_concurrency_of_nothing_stops_invocations(client: Any, name: str) -> None:
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)

    assert client.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 0
    assert refused(client.invoke, FunctionName=name) == "TooManyRequestsException"


def test_permissions_are_statements_of_a_policy(client: Any, name: str) -> None:
    rule = {"FunctionName": name, "StatementId": "events", "Action": "lambda:InvokeFunction"}
    client.add_permission(**rule, Principal="events.amazonaws.com")

    policy = json.loads(client.get_policy(FunctionName=name)["Policy"])
    assert policy["Statement"][0]["Principal"] == {"Service": "events.amazonaws.com"}
    assert (
        refused(client.add_permission, **rule, Principal="events.amazonaws.com")
        == "ResourceConflictException"
    )
    client.remove_permission(FunctionName=name, StatementId="events")
    assert refused(client.get_policy, FunctionName=name) == "ResourceNotFoundException"


def test_tags_are_set_and_removed_by_arn(client: Any, name: str) -> None:
    arn = client.get_function(FunctionName=name)["Configuration"]["FunctionArn"]

    client.tag_resource(Resource=arn, Tags={"one": "1", "two": "2"})
    client.untag_resource(Resource=arn, TagKeys=["one"])

    assert client.list_tags(Resource=arn)["Tags"] == {"two": "2"}
    assert client.get_function(FunctionName=name)["Tags"] == {"two": "2"}


def test_a_layers_modules_are_importable(client: Any, name: str) -> None:
    layer = f"{name}-layer"
    version = client.publish_layer_version(
        LayerName=layer, Content={"ZipFile": zipped("WORD = 'layered'", "python/shared_word.py")}
    )
    client.update_function_configuration(FunctionName=name, Layers=[version["LayerVersionArn"]])
    client.get_waiter("function_updated_v2").wait(FunctionName=name)
    client.update_function_code(
        FunctionName=name, ZipFile=zipped("import shared_word\ndef handler(e, c): return shared_word.WORD")
    )
    client.get_waiter("function_updated_v2").wait(FunctionName=name)

    assert invoke(client, name, {})["Payload"] == "layered"
    client.delete_layer_version(LayerName=layer, VersionNumber=version["Version"])


def test_code_comes_from_the_version_of_an_object_that_was_asked_for(client: Any, name: str, s3: Any) -> None:
    bucket = f"{name}-code"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    codes = [zipped(f"def handler(e, c): return {n}") for n in (1, 2)]
    versions = [s3.put_object(Bucket=bucket, Key="app.zip", Body=code)["VersionId"] for code in codes]

    client.update_function_code(
        FunctionName=name, S3Bucket=bucket, S3Key="app.zip", S3ObjectVersion=versions[0]
    )
    client.get_waiter("function_updated_v2").wait(FunctionName=name)

    assert invoke(client, name, {})["Payload"] == 1
    missing = {"FunctionName": name, "S3Bucket": bucket, "S3Key": "no.zip"}
    assert refused(client.update_function_code, **missing) == "InvalidParameterValueException"
    for version in versions:
        s3.delete_object(Bucket=bucket, Key="app.zip", VersionId=version)
    s3.delete_bucket(Bucket=bucket)
