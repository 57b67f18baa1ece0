"""Nothing that a client sends gives a 500 or ends the service."""

from __future__ import annotations

import io
import json
import os
import random
import string
import zipfile
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from step.local.cloud import Cloud
from step.local.http import Request

ROUNDS = 5000 if os.environ.get("SOAK") == "1" else 60
SERVICES = ("lambda", "s3", "dynamodb", "iam", "sts", "sqs", "sns", "logs", "events", "kms")
METHODS = ("GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS", "TRACE", "X")
PATHS = (
    "/",
    "/bread",
    "/bread/key",
    "//",
    "/%00",
    "/%ff%fe/k",
    "/2015-03-31/functions",
    "/2015-03-31/functions/f/invocations",
    "/2015-03-31/functions/f%2fg/aliases/x",
    "/2018-10-31/layers/l/versions",
    "/2017-03-31/tags/arn%3Aaws",
    "/_functions/code/../../../etc/passwd",
    "/moto-api/reset",
    "/latest/meta-data/iam/security-credentials/",
)
QUERIES = (
    "",
    "Action=CreateRole&Version=2010-05-08",
    "versions",
    "uploads",
    "Marker=x&MaxItems=-1",
    "acl",
    "%",
    "a=%ff",
)
TYPES = (
    "",
    "application/json",
    "application/x-amz-json-1.0",
    "application/x-www-form-urlencoded",
    "text/xml",
    "ü",
    "multipart/form-data",
)
TARGETS = (
    "",
    "DynamoDB_20120810.PutItem",
    "AmazonSQS.SendMessage",
    "Logs_20140328.X",
    "...",
    "DynamoDB",
    "TrentService.Encrypt",
)
BODIES = (
    b"",
    b"{}",
    b"[]",
    b"null",
    b"{",
    b"\xff\xfe\x00",
    b"Action=AssumeRole",
    b"Action=%FF&" * 50,
    b"<a/>",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    b"[" * 100_000,
    b'{"FunctionName": {"a": 1}, "Code": []}',
    b'{"FunctionName": "f", "Role": 1, "Code": {"ZipFile": "%%%"}}',
)
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "content-encoding": "aws-chunked"},
    {"content-md5": "no"},
    {"x-amz-checksum-crc32": "AAAA", "range": "bytes=9-1"},
    {"x-amz-copy-source": "%/../x"},
    {"x-moto-account-id": "1", "x_amz_meta_a": "b"},
    {"content-encoding": "gzip"},
    {"x-amz-invocation-type": "Whatever", "x-amz-log-type": "\x00"},
    {"if-match": "*", "if-modified-since": "yesterday"},
)


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return event")
    return file.getvalue()


ROLE = "arn:aws:iam::123456789012:role/r"
# What would leave nothing to ask for.
ENDING = frozenset({"DeleteFunction", "DeleteAlias"})
FUNCTION = {
    "FunctionName": "f",
    "Role": ROLE,
    "Handler": "app.handler",
    "Runtime": "python3.10",  # what can't run here, so that nothing is started
    "Code": {"ZipFile": zipped()},
}
# Values that get a request past the first check.
SENSIBLE: dict[str, tuple[Any, ...]] = {
    "FunctionName": ("f", "f", "f:live", "new"),
    "Qualifier": ("1", "live", "$LATEST"),
    "FunctionVersion": ("1", "$LATEST"),
    "Name": ("live", "other"),
    "Role": (ROLE,),
    "Handler": ("app.handler",),
    "Runtime": ("python3.10",),
    "ZipFile": (zipped(),),
    "LayerName": ("l",),
    "VersionNumber": (1,),
    "Resource": ("arn:aws:lambda:us-east-1:123456789012:function:f",),
    "Bucket": ("bread",),
    "Key": ("k",),
    "TableName": ("locks",),
    "RoleName": ("r",),
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Any:
    cloud = Cloud(tmp_path_factory.mktemp("fuzz"), endpoint=lambda: "http://127.0.0.1:1")
    yield cloud
    cloud.close()


def test_requests_without_rhyme_or_reason_are_answered(cloud: Cloud) -> None:
    draw = random.Random(4)

    for number in range(ROUNDS * 10):
        service = draw.choice((*SERVICES, "nothing", "moto_api", ""))
        scope = f"AWS4-HMAC-SHA256 Credential=k/20200101/us-east-1/{service}/aws4_request"
        headers = {"host": "localhost:1", "content-type": draw.choice(TYPES), **draw.choice(HEADERS)}
        if service or draw.random() < 0.5:
            headers["authorization"] = draw.choice(
                (scope, scope, "AWS a:b", "Bearer x", "AWS4-HMAC-SHA256 ,")
            )
        if target := draw.choice(TARGETS):
            headers["x-amz-target"] = target
        request = Request(
            draw.choice(METHODS),
            draw.choice(PATHS),
            draw.choice(QUERIES),
            headers,
            draw.choice(BODIES),
            "127.0.0.1",
        )

        response = cloud.answer(request)

        assert response.status != 500, (number, request)


def test_random_operations_of_the_models_are_answered(place: Any) -> None:
    draw = random.Random(5)
    clients = {name: place.client(name) for name in SERVICES[:4]}
    session = botocore.session.get_session()
    clients["lambda"].create_function(**FUNCTION, Publish=True)
    clients["lambda"].create_alias(FunctionName="f", Name="live", FunctionVersion="1")

    for number in range(ROUNDS):
        service = draw.choice(tuple(clients))
        model = session.get_service_model(service)
        operation = model.operation_model(draw.choice([n for n in model.operation_names if n not in ENDING]))
        parameters = made(operation.input_shape, draw, 0)
        told = answered(clients[service], operation.name, parameters)
        assert told.get("HTTPStatusCode") != 500, (number, service, operation.name, parameters, told)


def answered(client: Any, operation: str, parameters: Any) -> Any:
    try:
        return client._make_api_call(operation, parameters)["ResponseMetadata"]
    except ClientError as error:
        return error.response["ResponseMetadata"]
    except BotoCoreError:
        return {}  # botocore itself refused to send it


def made(shape: Any, draw: random.Random, depth: int) -> Any:
    """Make a value of a shape that botocore sends: right in type, seldom in sense."""
    if shape is None:
        return {}
    match shape.type_name:
        case "structure":
            names = [n for n in shape.members if n in shape.required_members or draw.random() < 0.3]
            return {name: member(name, shape.members[name], draw, depth + 1) for name in names if depth < 6}
        case "list":
            return [made(shape.member, draw, depth + 1) for _ in range(draw.randint(0, 2))]
        case "map":
            return {
                made(shape.key, draw, depth + 1): made(shape.value, draw, depth + 1)
                for _ in range(draw.randint(0, 2))
            }
        case "string":
            return draw.choice(shape.enum) if shape.enum else text(shape, draw)
        case "blob":
            return draw.choice((b"", b"PK\x05\x06" + bytes(18), draw.randbytes(20)))
        case "boolean":
            return draw.random() < 0.5
        case "timestamp":
            return draw.choice((0, 1e9, 4e9))
        case _:
            return draw.choice((0, 1, 128, 900))


def member(name: str, shape: Any, draw: random.Random, depth: int) -> Any:
    if name in SENSIBLE and draw.random() < 0.8:
        return draw.choice(SENSIBLE[name])
    return made(shape, draw, depth)


def text(shape: Any, draw: random.Random) -> str:
    least = int(shape.metadata.get("min", 0))
    some = (
        "f",
        "bread",
        "arn:aws:iam::123456789012:role/r",
        "$LATEST",
        "1",
        "../x",
        "a b",
        "ü",
        json.dumps({}),
    )
    chosen = draw.choice(some)
    return (
        chosen if len(chosen) >= least else "".join(draw.choice(string.ascii_letters) for _ in range(least))
    )
