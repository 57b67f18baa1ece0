"""What S3 promises, of contents and their checksums."""

from __future__ import annotations

import base64
import hashlib
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.aws

BODY = b"flour, water, salt"


def encoded(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


CHECKSUMS: dict[str, Callable[[bytes], str]] = {
    "ContentMD5": lambda body: encoded(hashlib.md5(body).digest()),
    "ChecksumCRC32": lambda body: encoded(zlib.crc32(body).to_bytes(4, "big")),
    "ChecksumSHA1": lambda body: encoded(hashlib.sha1(body).digest()),
    "ChecksumSHA256": lambda body: encoded(hashlib.sha256(body).digest()),
}
# Reference values of the algorithms that the standard library doesn't have.
KNOWN = {"ChecksumCRC32C": ("4waSgw==", b"123456789"), "ChecksumCRC64NVME": ("rosUhgp5mIg=", b"123456789")}


@pytest.fixture(scope="module")
def client(aws: Callable[..., Any]) -> Iterator[Any]:
    with closing(aws("s3")) as client:
        yield client


@pytest.fixture
def bucket(client: Any) -> Iterator[str]:
    name = f"contract-{uuid.uuid4().hex[:12]}"
    client.create_bucket(Bucket=name)
    yield name
    for found in client.list_objects_v2(Bucket=name).get("Contents", []):
        client.delete_object(Bucket=name, Key=found["Key"])
    client.delete_bucket(Bucket=name)


@pytest.mark.parametrize("name", CHECKSUMS)
def test_contents_must_match_the_checksum(client: Any, bucket: str, name: str) -> None:
    client.put_object(Bucket=bucket, Key="good", Body=BODY, **{name: CHECKSUMS[name](BODY)})

    with pytest.raises(ClientError) as caught:
        client.put_object(Bucket=bucket, Key="bad", Body=BODY, **{name: CHECKSUMS[name](b"other")})

    assert caught.value.response["Error"]["Code"] == "BadDigest"
    assert [found["Key"] for found in client.list_objects_v2(Bucket=bucket)["Contents"]] == ["good"]


@pytest.mark.parametrize("name", KNOWN)
def test_other_checksums_are_compared_too(client: Any, bucket: str, name: str) -> None:
    checksum, body = KNOWN[name]

    client.put_object(Bucket=bucket, Key="good", Body=body, **{name: checksum})

    with pytest.raises(ClientError) as caught:
        client.put_object(Bucket=bucket, Key="bad", Body=body + b"0", **{name: checksum})
    assert caught.value.response["Error"]["Code"] == "BadDigest"


def test_a_part_of_an_upload_must_match_too(client: Any, bucket: str) -> None:
    upload = client.create_multipart_upload(Bucket=bucket, Key="large")["UploadId"]
    part = {"Bucket": bucket, "Key": "large", "UploadId": upload, "PartNumber": 1, "Body": BODY}

    with pytest.raises(ClientError) as caught:
        client.upload_part(**part, ContentMD5=CHECKSUMS["ContentMD5"](b"other"))

    assert caught.value.response["Error"]["Code"] == "BadDigest"
    client.abort_multipart_upload(Bucket=bucket, Key="large", UploadId=upload)


def test_an_object_is_written_once_if_that_is_asked(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="release", Body=BODY, IfNoneMatch="*")

    with pytest.raises(ClientError) as caught:
        client.put_object(Bucket=bucket, Key="release", Body=b"other", IfNoneMatch="*")

    assert caught.value.response["Error"]["Code"] == "PreconditionFailed"
    assert client.get_object(Bucket=bucket, Key="release")["Body"].read() == BODY


def test_every_version_of_an_object_is_kept(client: Any) -> None:
    name = f"contract-{uuid.uuid4().hex[:12]}"
    client.create_bucket(Bucket=name)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})

    versions = [client.put_object(Bucket=name, Key="k", Body=body)["VersionId"] for body in (b"1", b"2")]

    assert client.get_object(Bucket=name, Key="k", VersionId=versions[0])["Body"].read() == b"1"
    assert client.get_object(Bucket=name, Key="k")["Body"].read() == b"2"
    for version in versions:
        client.delete_object(Bucket=name, Key="k", VersionId=version)
    client.delete_bucket(Bucket=name)
