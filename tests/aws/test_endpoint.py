"""The service's own clients go to the service, whatever the environment and its files say."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from step.aws.endpoint import EndpointSession
from step.local.http import Request, Response
from step.local.http_server import Server

FAR = "https://sqs.us-east-1.amazonaws.com"
CONFIG = """
[default]
endpoint_url = https://example.com
proxies_config = x
[profile real]
use_fips_endpoint = true
region = eu-west-1
aws_access_key_id = AKIAREAL
aws_secret_access_key = REAL
"""


@pytest.fixture
def seen() -> list[Request]:
    return []


@pytest.fixture
def endpoint(seen: list[Request]) -> Iterator[str]:
    def answer(request: Request) -> Response:
        seen.append(request)
        return Response(200, {"Content-Type": "application/x-amz-json-1.0"}, b"{}")

    server = Server(answer)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.close()


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_PROFILE": "nobody"},
        {"AWS_PROFILE": "real"},
        {"AWS_USE_FIPS_ENDPOINT": "true"},
        {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"AWS_ENDPOINT_URL": FAR, "AWS_ENDPOINT_URL_SQS": FAR},
        {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        {"AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_SECRET_ACCESS_KEY": "REAL", "AWS_SESSION_TOKEN": "REAL"},
        {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"},
        {"HTTP_PROXY": "PROXY", "http_proxy": "PROXY", "ALL_PROXY": "PROXY", "NO_PROXY": ""},
        {"AWS_RETRY_MODE": "nonsense", "AWS_MAX_ATTEMPTS": "many"},
    ],
    ids=lambda variables: " ".join(variables),
)
def test_the_environment_has_no_say(
    variables: dict[str, str],
    endpoint: str,
    seen: list[Request],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "config").write_text(CONFIG)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.setblocking(False)
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        for name, text in variables.items():
            monkeypatch.setenv(name, text.replace("PROXY", address))

        EndpointSession(lambda: endpoint, "us-east-1", "own").client("sqs").list_queues()

        with pytest.raises(BlockingIOError):
            proxy.accept()
    [request] = seen
    assert "Credential=own/" in request.headers["authorization"]
    assert "/us-east-1/sqs/" in request.headers["authorization"]
    assert "x-amz-security-token" not in request.headers


def test_a_service_in_this_process_is_called_and_nothing_is_sent() -> None:
    asked: list[tuple[str, str, str, bytes]] = []

    def answer(
        method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        asked.append((method, url, headers["host"], body))
        if method == "PUT":
            return 200, {"ETag": '"tag"'}, b""
        return 404, {"Content-Type": "application/xml"}, b"<Error><Code>NoSuchKey</Code></Error>"

    # Nobody listens there.
    s3 = EndpointSession(lambda: "http://127.0.0.1:1", "us-east-1", "own", answer).client("s3")

    written = s3.put_object(Bucket="loaves", Key="a/b", Body=io.BytesIO(b"bread"))
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="loaves", Key="none")

    assert written["ETag"] == '"tag"'
    assert asked[0] == ("PUT", "http://127.0.0.1:1/loaves/a/b", "127.0.0.1:1", b"bread")
    assert asked[1][:2] == ("GET", "http://127.0.0.1:1/loaves/none")
