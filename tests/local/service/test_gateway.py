"""Who may ask the service, and what it answers to requests that are none."""

from __future__ import annotations

import http.client
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from step.durable.clocks import VirtualClock
from step.local.serving import LocalService, Options
from tests.serving import client_at

JSON = {"Content-Type": "application/x-amz-json-1.0"}
UNSIGNED = JSON | {"X-Amz-Target": "AWSStepFunctions.ListStateMachines"}
TOKEN = "sourdough"


def signed(key: str, service: str = "states") -> dict[str, str]:
    """Headers of a request that is signed with a key, as far as the service looks."""
    scope = f"Credential={key}/20260101/us-east-1/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}


LIST = UNSIGNED | signed("any")


def ask(
    service: LocalService,
    headers: dict[str, str],
    body: bytes = b"{}",
    *,
    method: str = "POST",
    path: str = "/",
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(service.endpoint.removeprefix("http://"), timeout=10)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    answer.read_text = answer.read().decode  # type: ignore[attr-defined]  # before the connection ends
    connection.close()
    return answer


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[LocalService]:
    options = Options(store=tmp_path / "store", clock=VirtualClock(), token=TOKEN)
    running = LocalService.start(options)
    yield running
    running.close()


@pytest.mark.parametrize(
    "host", ["localhost:1", "127.0.0.1", "[::1]:80", "sync-localhost", "sync-127.0.0.1:1"]
)
def test_own_names_are_answered(service: LocalService, host: str) -> None:
    assert ask(service, LIST | {"Host": host}).status == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", ""])
def test_foreign_host_is_refused(service: LocalService, host: str) -> None:
    for path in ("/", "/_step/", "/bucket/key"):
        assert ask(service, LIST | {"Host": host}, path=path).status == 403


def test_unknown_operation_is_501(service: LocalService) -> None:
    answer = ask(service, LIST | {"X-Amz-Target": "AWSStepFunctions.BakeBread"})

    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (501, "UnknownOperationException")


def test_refusal_is_written_as_aws_does(service: LocalService) -> None:
    answer = ask(service, LIST, b'{"maxResults": "many"}')

    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (400, "SerializationException")
    assert len(answer.headers["x-amzn-RequestId"]) == 36


def test_body_that_is_too_large_is_refused(service: LocalService) -> None:
    answer = ask(service, LIST, b'{"nextToken": "' + b"x" * (9 << 20) + b'"}')

    assert answer.status == 413


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {TOKEN}"},
        {"x-step-token": TOKEN},
        signed(TOKEN),
    ],
)
def test_token_lets_pass(guarded: LocalService, headers: dict[str, str]) -> None:
    assert ask(guarded, UNSIGNED | headers).status == 200
    assert ask(guarded, headers, method="GET", path="/_step/api/about").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer rye"},
        {"Authorization": "Bearer "},
        {"x-step-token": "rye"},
        {"Cookie": f"step-token={TOKEN}"},
        signed("rye"),
    ],
)
def test_nothing_is_answered_without_the_token(guarded: LocalService, headers: dict[str, str]) -> None:
    for path in ("/", "/bucket/key", f"/bucket/key?token={TOKEN}"):
        assert ask(guarded, UNSIGNED | headers, path=path).status == 403
    for path in ("/_step/api/about", f"/_step/api/about?token={TOKEN}", "/_step/export?arn=x"):
        assert ask(guarded, headers, method="GET", path=path).status == 401


def test_clients_show_the_token_as_their_access_key(guarded: LocalService) -> None:
    assert (
        client_at(guarded.endpoint, "stepfunctions", key=TOKEN).list_state_machines()["stateMachines"] == []
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        client_at(guarded.endpoint, "stepfunctions", key="rye").list_state_machines()


def test_pages_without_data_are_for_everybody_and_set_no_cookie(guarded: LocalService) -> None:
    for path in ("/_step/", "/_step/execution?arn=x", "/_step/assets/viewer.js"):
        answer = ask(guarded, {}, method="GET", path=path)
        assert (answer.status, answer.headers["Set-Cookie"]) == (200, None)


def test_the_location_of_code_holds_its_own_signature_and_not_the_token(guarded: LocalService) -> None:
    client = client_at(guarded.endpoint, "lambda", key=TOKEN)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", "")
    role = "arn:aws:iam::123456789012:role/baker"
    client.create_function(
        FunctionName="bake",
        Role=role,
        Runtime=f"python3.{sys.version_info.minor}",
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
    )

    location = urlsplit(client.get_function(FunctionName="bake")["Code"]["Location"])

    assert TOKEN not in location.query
    assert ask(guarded, {}, method="GET", path=f"{location.path}?{location.query}").status == 200
    for query in (
        "",
        location.query[:-1],
        "X-Amz-Signature=0",
        f"X-Amz-Credential={TOKEN}&X-Amz-Signature=0",
    ):
        assert ask(guarded, {}, method="GET", path=f"{location.path}?{query}").status == 404


def test_tasks_reach_the_own_endpoint_of_a_guarded_service(guarded: LocalService) -> None:
    sfn = client_at(guarded.endpoint, "stepfunctions", key=TOKEN)
    url = client_at(guarded.endpoint, "sqs", key=TOKEN).create_queue(QueueName="rolls")["QueueUrl"]
    send = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": url, "MessageBody": "one"},
        "End": True,
    }

    told = sfn.test_state(definition=json.dumps(send), roleArn="arn:aws:iam::123456789012:role/baker")

    assert told["status"] == "SUCCEEDED", told
