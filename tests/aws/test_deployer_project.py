"""Where the code of a function comes from."""

from __future__ import annotations

import io
from typing import Any

import pytest

from step.aws.carrier import Carrier
from step.aws.deployer_project import LambdaFunctions
from step.errors import Refused


class Client:
    """Answers what a client of boto3 would, and remembers what it was asked."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.asked: list[dict[str, Any]] = []
        self._answer = answer

    def __getattr__(self, operation: str) -> Any:
        def call(**parameters: Any) -> dict[str, Any]:
            self.asked.append(parameters)
            return self._answer

        return call


META = {"RequestId": "one"}
FUNCTION = {
    "FunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:f",
    "CodeSha256": "AAAA",
    "ResponseMetadata": META,
}
OBJECT = {"S3Bucket": "b", "S3Key": "k", "S3ObjectVersion": "v"}


def carrier(size: int, bucket: str | None) -> tuple[Carrier, Client, Client]:
    here = Client({"Body": io.BytesIO(b"zip"), "ContentLength": size, "ResponseMetadata": META})
    there = Client({"CopyObjectResult": {"ETag": "1"}, "VersionId": "w", "ResponseMetadata": META})
    return Carrier(here, there, bucket), here, there


def test_code_of_the_functions_own_region_is_told_by_its_place() -> None:
    client = Client(FUNCTION)

    LambdaFunctions(client).update_code("f", "b", "k", "v")

    assert client.asked == [{"FunctionName": "f", **OBJECT}]


def test_code_is_sent_along_where_its_bucket_is_in_another_region() -> None:
    client, (carrying, here, there) = Client(FUNCTION), carrier(3, None)

    LambdaFunctions(client, carrying).update_code("f", "b", "k", "v")

    assert client.asked == [{"FunctionName": "f", "ZipFile": b"zip"}]
    assert here.asked == [{"Bucket": "b", "Key": "k", "VersionId": "v"}]
    assert there.asked == []


def test_code_is_copied_to_the_bucket_of_its_region_and_never_read() -> None:
    client, (carrying, here, there) = Client(FUNCTION), carrier(200_000_000, "near")

    LambdaFunctions(client, carrying).update_code("f", "b", "k", "v")

    assert client.asked == [{"FunctionName": "f", "S3Bucket": "near", "S3Key": "k", "S3ObjectVersion": "w"}]
    source = {"Bucket": "b", "Key": "k", "VersionId": "v"}
    assert there.asked == [{"Bucket": "near", "Key": "k", "CopySource": source}]
    assert here.asked == []


def test_code_too_large_to_be_sent_is_refused_before_it_is_read() -> None:
    client, (carrying, _, _) = Client(FUNCTION), carrier(52_428_801, None)

    with pytest.raises(Refused, match=r"52,428,801 bytes; 52,428,800 can be sent"):
        LambdaFunctions(client, carrying).update_code("f", "b", "k", "v")

    assert client.asked == []


IMAGE = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/bread@sha256:{'ab' * 32}"


def test_image_is_known_by_the_digest_that_lambda_has_resolved_it_to() -> None:
    client = Client({**FUNCTION, "PackageType": "Image", "Version": "7", "Code": {"ResolvedImageUri": IMAGE}})

    facts = LambdaFunctions(client).publish("f", None, "r", "d")

    assert (facts.is_image, facts.code_sha256, facts.version) == (True, "ab" * 32, "7")
    assert client.asked == [
        {"FunctionName": "f", "RevisionId": "r", "Description": "d"},
        {"FunctionName": "f", "Qualifier": "7"},
    ]
