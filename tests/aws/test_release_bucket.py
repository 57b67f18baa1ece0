"""How the deployer learns an object's hash: of S3, which checked it, or by reading where S3 has none."""

from __future__ import annotations

import io
from base64 import b64encode
from hashlib import sha256
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from step.aws.deployer import ReleaseBucket
from step.errors import Refused

ZIP = b"what Lambda runs"
DIGEST = b64encode(sha256(ZIP).digest()).decode()
# Nothing that has no request's id is taken for an answer of AWS.
ABOUT = {"ResponseMetadata": {"RequestId": "r", "HTTPStatusCode": 200}}
HEAD: dict[str, Any] = {
    "ContentLength": len(ZIP),
    "ChecksumSHA256": DIGEST,
    "ChecksumType": "FULL_OBJECT",
    **ABOUT,
}
ASKED = {"Bucket": "releases", "Key": "f.zip", "VersionId": "v"}


@pytest.fixture
def s3() -> Any:
    return boto3.client("s3", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


def body() -> dict[str, Any]:
    return {"ContentLength": len(ZIP), "Body": StreamingBody(io.BytesIO(ZIP), len(ZIP)), **ABOUT}


def test_hash_that_s3_checked_is_taken_without_reading(s3: Any) -> None:
    with Stubber(s3) as stub:
        stub.add_response("head_object", HEAD, {**ASKED, "ChecksumMode": "ENABLED"})

        measured = ReleaseBucket(s3, "releases").measure("f.zip", "v")

    assert (measured.sha256, measured.size_bytes) == (sha256(ZIP).hexdigest(), len(ZIP))


@pytest.mark.parametrize(
    "head",
    [
        {"ContentLength": len(ZIP), **ABOUT},
        # Of an upload in parts: a hash of hashes.
        {**HEAD, "ChecksumType": "COMPOSITE"},
        {**HEAD, "ChecksumSHA256": f"{DIGEST}-2"},
        {**HEAD, "ChecksumSHA256": "no digest"},
    ],
)
def test_object_without_a_hash_of_its_own_is_read_through(s3: Any, head: dict[str, Any]) -> None:
    with Stubber(s3) as stub:
        stub.add_response("head_object", head, {**ASKED, "ChecksumMode": "ENABLED"})
        stub.add_response("get_object", body(), ASKED)

        measured = ReleaseBucket(s3, "releases").measure("f.zip", "v")

    assert (measured.sha256, measured.size_bytes) == (sha256(ZIP).hexdigest(), len(ZIP))


def test_object_that_is_missing_is_told_by_the_read(s3: Any) -> None:
    with Stubber(s3) as stub:
        stub.add_client_error("head_object", "404", http_status_code=404)
        stub.add_client_error("get_object", "NoSuchKey", "The specified key does not exist.", 404)

        with pytest.raises(Refused, match="NoSuchKey"):
            ReleaseBucket(s3, "releases").measure("f.zip", "v")
