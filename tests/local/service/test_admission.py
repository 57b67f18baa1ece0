"""Who is admitted to the local service: requests as programs and as browsers send them."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.loaders
import pytest
import requests
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from step.durable.clocks import VirtualClock
from step.local.admission import UNSIGNED as NEED_NO_SIGNATURE
from step.local.admission import is_own_host, key_of
from step.local.http import Request
from step.local.serving import LocalService, Options
from tests.serving import client_at

SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/{}/aws4_request, "
    "SignedHeaders=host, Signature=0"
}
LIST = ("POST", "/", "states", {"X-Amz-Target": "AWSStepFunctions.ListStateMachines"}, b"{}")
# One request to every way in: method, path, service that it is signed for, headers, body.
WAYS_IN = [
    LIST,
    ("GET", "/2015-03-31/functions", "lambda", {}, b""),
    ("POST", "/2015-03-31/functions/f/invocations", "lambda", {}, b"{}"),
    ("POST", "/", "sqs", {"Content-Type": "application/x-www-form-urlencoded"}, b"Action=ListQueues"),
    ("POST", "/", "dynamodb", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, b"{}"),
    ("GET", "/", "s3", {}, b""),
    ("PUT", "/bucket/other", "s3", {}, b"{}"),
    ("PUT", "/third", "s3", {"Host": "bucket.localhost"}, b"{}"),
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalService]:
    options = Options(store=tmp_path_factory.mktemp("admission"), clock=VirtualClock())
    running = LocalService.start(options)
    client_at(running.endpoint, "s3").create_bucket(Bucket="bucket")
    client_at(running.endpoint, "s3").put_object(Bucket="bucket", Key="key", Body=b"bread")
    yield running
    running.close()


def ask(
    service: LocalService, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
) -> requests.Response:
    return requests.request(
        method, service.endpoint + path, headers=headers, data=body, timeout=30, allow_redirects=False
    )


# What a browser says of a request that a page of another address sent; HOST is the service's own.
ELSEWHERE: list[dict[str, str]] = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://HOST"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "anything"},
    {"Sec-Fetch-Site": "none, cross-site"},
    {"Referer": "http://evil.example/page"},
    {"Referer": "http://127.0.0.1:1/"},
]


@pytest.mark.parametrize("said", ELSEWHERE, ids=str)
@pytest.mark.parametrize(("method", "path", "name", "headers", "body"), WAYS_IN)
def test_a_page_gets_in_nowhere_even_with_a_signature(
    service: LocalService,
    said: dict[str, str],
    method: str,
    path: str,
    name: str,
    headers: dict[str, str],
    body: bytes,
) -> None:
    host = service.endpoint.removeprefix("http://")
    asked = {name: value.replace("HOST", host) for name, value in said.items()}
    signature = {"Authorization": SIGNED["Authorization"].format(name)}

    assert ask(service, method, path, headers | signature, body).status_code not in (401, 403)
    assert ask(service, method, path, headers | signature | asked, body).status_code == 403


@pytest.mark.parametrize("said", [one for one in ELSEWHERE if "HOST" not in str(one)], ids=str)
@pytest.mark.parametrize(
    "path", ["/_step/", "/_step/api/about", "/_step/api/changes", "/_step/assets/viewer.js"]
)
def test_another_page_gets_nothing_of_the_viewer(
    service: LocalService, said: dict[str, str], path: str
) -> None:
    status = ask(service, "HEAD", path, said).status_code

    assert status == (200 if said == {"Sec-Fetch-Site": "same-origin"} else 403)


@pytest.mark.parametrize("path", ["/", "/bucket/key", "/_step/api/start", "/2015-03-31/functions"])
def test_no_preflight_is_granted(service: LocalService, path: str) -> None:
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "PUT"}

    answer = ask(service, "OPTIONS", path, asked)

    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    "content", ["text/plain", "multipart/form-data; boundary=x", "TEXT/PLAIN;charset=utf-8"]
)
@pytest.mark.parametrize(
    ("method", "path", "name", "headers", "body"), [way for way in WAYS_IN if way[2] != "s3"]
)
def test_what_a_form_can_send_is_not_read_as_json(
    service: LocalService,
    content: str,
    method: str,
    path: str,
    name: str,
    headers: dict[str, str],
    body: bytes,
) -> None:
    signature = {"Authorization": SIGNED["Authorization"].format(name), "Content-Type": content}

    assert ask(service, method, path, headers | signature, body).status_code == 415


# ---------------------------------------------------------------- signatures


@pytest.mark.parametrize(
    ("name", "operation", "parameters", "code", "status"),
    [
        ("stepfunctions", "list_state_machines", {}, "MissingAuthenticationTokenException", 400),
        ("dynamodb", "list_tables", {}, "MissingAuthenticationTokenException", 400),
        ("lambda", "list_functions", {}, "MissingAuthenticationTokenException", 403),
        ("iam", "list_roles", {}, "MissingAuthenticationToken", 403),
        ("s3", "list_buckets", {}, "AccessDenied", 403),
        ("s3", "get_object", {"Bucket": "bucket", "Key": "key"}, "AccessDenied", 403),
    ],
)
def test_who_does_not_sign_is_told_so_as_aws_does(
    service: LocalService, name: str, operation: str, parameters: dict[str, str], code: str, status: int
) -> None:
    client = client_at(service.endpoint, name, config=Config(signature_version=UNSIGNED))

    with pytest.raises(ClientError) as told:
        getattr(client, operation)(**parameters)

    error = told.value.response
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)


def test_what_aws_answers_without_a_signature_needs_none(service: LocalService) -> None:
    client = client_at(service.endpoint, "sts", config=Config(signature_version=UNSIGNED))
    role = {"RoleArn": "arn:aws:iam::123456789012:role/baker", "RoleSessionName": "monday"}

    told = client.assume_role_with_web_identity(**role, WebIdentityToken="somebody else's word")

    assert told["Credentials"]["AccessKeyId"]


def test_those_operations_are_what_botocore_does_not_sign() -> None:
    loader, found = botocore.loaders.Loader(), set()
    for service, prefix in (("sts", ""), ("cognito-identity", "AWSCognitoIdentityService.")):
        operations: dict[str, Any] = loader.load_service_model(service, "service-2")["operations"]
        found |= {prefix + name for name, one in operations.items() if one.get("authtype") == "none"}

    assert found == NEED_NO_SIGNATURE


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_presigned_address_is_for_programs_and_the_address_line(
    service: LocalService, version: str
) -> None:
    client = client_at(service.endpoint, "s3", config=Config(signature_version=version))
    url = client.generate_presigned_url("get_object", {"Bucket": "bucket", "Key": "key"})
    path = url.removeprefix(service.endpoint)

    program = ask(service, "GET", path, {})
    entered = ask(service, "GET", path, {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"})

    assert (program.text, entered.text) == ("bread", "bread")
    # An object that is a page must not run as a page of this address.
    assert entered.headers["Content-Security-Policy"] == "sandbox"
    assert ask(service, "GET", path, {"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert ask(service, "GET", "/bucket/key", {"Sec-Fetch-Site": "none"}).status_code == 403


def test_an_upload_may_have_its_signature_in_its_form(service: LocalService) -> None:
    form = client_at(service.endpoint, "s3").generate_presigned_post("bucket", "uploaded")
    path = form["url"].removeprefix(service.endpoint)
    url = f"{service.endpoint}{path}"

    given = requests.post(url, data=form["fields"], files={"file": b"rye"}, timeout=30)
    foreign = requests.post(
        url,
        data=form["fields"],
        files={"file": b"rye"},
        timeout=30,
        headers={"Origin": "http://evil.example"},
    )
    without = requests.post(url, data={"key": "uploaded"}, files={"file": b"rye"}, timeout=30)

    assert given.status_code == 204
    assert (foreign.status_code, without.status_code) == (403, 403)


def test_a_large_body_is_not_read_where_its_head_is_refused(service: LocalService) -> None:
    host, _, port = service.endpoint.removeprefix("http://").partition(":")
    head = "PUT /bucket/key HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000000\r\n\r\n"

    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head.encode())

        assert connection.recv(1000).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        ("127.0.0.1:80", True),
        ("localhost:4566", True),
        ("s3.localhost", True),
        ("[::1]:4566", True),
        ("127.0.0.1.evil.example:4566", False),
        ("evil.example", False),
        ("evil.example@127.0.0.1", False),
        ("192.168.0.7", False),
        ("[", False),
        ("", False),
    ],
)
def test_only_names_of_this_machine_are_its_own(host: str, is_own: bool) -> None:
    assert is_own_host(host) is is_own


@given(
    st.sampled_from(["", "AWS4-HMAC-SHA256 ", "AWS "]),
    st.lists(st.sampled_from(["Credential=", "k/", "Signature=", "0", ", ", ":", "é"])),
)
def test_a_key_is_read_from_whole_signatures_only(start: str, parts: list[str]) -> None:
    text = start + "".join(parts)
    key = key_of(Request("GET", "/", "", {"authorization": text}, b"", ""))

    assert bool(key) <= (start != "" and key in text)
