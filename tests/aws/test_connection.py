"""Where AWS is, and every way in which it can't be asked: one sentence each, and no traceback."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from step.aws.connection import Aws, AwsPlace, local_endpoint
from step.durable.store_folder import hold
from step.errors import NoContact, Refused, StepError
from step.local.http import Request, Response
from step.local.http_server import Server
from step.served import ADDRESS, DEFAULT_STORE

ANSWERS = {
    "refuses": (400, {"__type": "ExecutionDoesNotExist", "message": "Execution does not exist: 'x'"}),
    "doubts": (403, {"__type": "UnrecognizedClientException", "message": "The token is invalid."}),
    "answers": (200, {"stateMachines": []}),
}


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")] + ["ENV"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    status, body = request.param

    def answer(_: Request) -> Response:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Response(status, {"Content-Type": "application/x-amz-json-1.0"}, text)

    running = Server(answer)
    running.start()
    yield f"http://127.0.0.1:{running.port}"
    running.close()


def ask(place: AwsPlace, environment: dict[str, str] | None = None) -> dict[str, object]:
    aws = Aws(place, environment=os.environ if environment is None else environment)
    return aws.call("stepfunctions", "list_state_machines")


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("server", [ANSWERS["answers"]], indirect=True)
def test_a_service_on_this_machine_needs_neither_credentials_nor_region(server: str) -> None:
    assert ask(AwsPlace(endpoint=server))["stateMachines"] == []


@pytest.mark.parametrize("server", [ANSWERS["answers"]], indirect=True)
def test_an_endpoint_comes_from_the_option_then_the_environment_then_the_running_service(
    server: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(hold(tmp_path / DEFAULT_STORE).close)
    file = tmp_path / DEFAULT_STORE / ADDRESS
    file.write_text(json.dumps({"endpoint": server, "viewer": server, "pid": os.getpid()}))

    def endpoint(option: str | None, **environment: str) -> str | None:
        return Aws(AwsPlace(endpoint=option), environment=environment, folder=tmp_path).endpoint

    assert endpoint("http://127.0.0.1:1", ENV="local", AWS_ENDPOINT_URL="http://127.0.0.1:2").endswith(":1")  # type: ignore[union-attr]  # given
    assert endpoint(None, ENV="local", AWS_ENDPOINT_URL="http://127.0.0.1:2") is None  # boto3 reads it
    assert endpoint(None, ENV="local") == server
    assert endpoint(None, ENV="production") is None
    assert endpoint(None) is None


@pytest.mark.parametrize("server", [ANSWERS["refuses"]], indirect=True)
def test_a_refusal_keeps_its_code_and_message(server: str) -> None:
    with pytest.raises(Refused, match="ExecutionDoesNotExist: Execution does not exist: 'x'"):
        ask(AwsPlace(endpoint=server))


@pytest.mark.parametrize("server", [ANSWERS["doubts"]], indirect=True)
def test_credentials_that_are_not_accepted_are_no_refusal_of_the_request(server: str) -> None:
    with pytest.raises(NoContact, match=r"doesn't accept the credentials \(UnrecognizedClientException\)"):
        ask(AwsPlace(endpoint=server))


@pytest.mark.parametrize("server", [(200, b"<html>"), (404, b"no"), (502, b"")], indirect=True)
def test_what_isn_t_aws_is_one_sentence(server: str) -> None:
    with pytest.raises(StepError) as caught:
        ask(AwsPlace(endpoint=server))

    assert "\n" not in str(caught.value)


def test_nobody_there_is_said_at_once() -> None:
    with pytest.raises(NoContact, match=r"can't be reached; is the local service running\? \(step serve\)"):
        ask(AwsPlace(endpoint=f"http://127.0.0.1:{closed_port()}"))


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (AwsPlace(region="eu-west-1"), "no AWS credentials"),
        (AwsPlace(), "no region: give --region"),
        (AwsPlace(profile="none"), r"the config profile \(none\) could not be found: see ~/.aws/config"),
        (AwsPlace(endpoint="localhost:4566"), "--endpoint localhost:4566: expected an address"),
        (AwsPlace(endpoint="http://127.0.0.1:99999"), "127.0.0.1:99999"),
    ],
    ids=["credentials", "region", "profile", "no-address", "no-port"],
)
def test_what_is_missing_is_named(place: AwsPlace, said: str) -> None:
    with pytest.raises(StepError, match=said):
        ask(place)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "{}",
        "x",
        '{"endpoint": "http://127.0.0.1:1", "viewer": "", "pid": 2147483646}',
        '{"endpoint": "http://127.0.0.1:1", "viewer": "", "pid": 1e400}',
    ],
)
def test_a_local_service_that_isn_t_running_is_said(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / DEFAULT_STORE / ADDRESS).parent.mkdir(parents=True)
        (tmp_path / DEFAULT_STORE / ADDRESS).write_text(text)

    with pytest.raises(StepError, match="no local service serves"):
        local_endpoint(tmp_path)
