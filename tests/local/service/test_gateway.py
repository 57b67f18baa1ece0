"""Who may ask the service, and what it answers to requests that are none."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from step.durable.clocks import VirtualClock
from step.local.serving import LocalService, Options
from tests.serving import client_at

LIST = {"X-Amz-Target": "AWSStepFunctions.ListStateMachines", "Content-Type": "application/x-amz-json-1.0"}
TOKEN = "sourdough"


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
        {"Cookie": f"other=1; step-token={TOKEN}"},
    ],
)
def test_token_lets_pass(guarded: LocalService, headers: dict[str, str]) -> None:
    assert ask(guarded, LIST | headers).status == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer rye"}, {"x-step-token": "rye"}, {"Authorization": "Bearer "}],
)
def test_nothing_is_answered_without_the_token(guarded: LocalService, headers: dict[str, str]) -> None:
    for path in ("/", "/_step/", "/bucket/key"):
        assert ask(guarded, LIST | headers, path=path).status == 403


def test_clients_show_the_token_as_their_access_key(guarded: LocalService) -> None:
    assert (
        client_at(guarded.endpoint, "stepfunctions", key=TOKEN).list_state_machines()["stateMachines"] == []
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        client_at(guarded.endpoint, "stepfunctions", key="rye").list_state_machines()


def test_browser_shows_the_token_once(guarded: LocalService) -> None:
    answer = ask(guarded, {}, method="GET", path=f"/_step/?token={TOKEN}")

    assert (answer.status, answer.headers["Location"]) == (302, "/_step/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert ask(guarded, {"Cookie": cookie.partition(";")[0]}, method="GET", path="/_step/").status == 200


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
