"""S3 as a store of objects: the port ``runtime.objects.Objects`` over boto3.

Streams both ways: an object's bytes are read in pieces and written in parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, TypeVar

from step.jsonvalue import JSONObject
from step.runtime.objects import ObjectFailure, Sink

T = TypeVar("T")
_CHUNK_BYTES = 1 << 18
# S3's parts are 5 MiB at least, but for the last one.
_PART_BYTES = 8 << 20


class S3Objects:
    """Objects in S3, wherever the environment says that S3 is.

    Args:
        client: A boto3 S3 client; made from the environment where none is given.
    """

    def __init__(self, client: Any = None) -> None:
        self._given = client

    @cached_property
    def _client(self) -> Any:
        if self._given is not None:
            return self._given
        import boto3

        return boto3.client("s3")

    def read(self, bucket: str, key: str, version: str | None) -> Iterator[bytes]:
        wanted = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})
        body = _asked(lambda: self._client.get_object(**wanted))["Body"]
        with body:
            yield from body.iter_chunks(_CHUNK_BYTES)

    def list(self, parameters: JSONObject) -> Iterator[JSONObject]:
        pages = self._client.get_paginator("list_objects_v2").paginate(**parameters)
        for page in _each_asked(iter(pages)):
            for listed in page.get("Contents", ()):
                yield {
                    "Etag": listed["ETag"],
                    "Key": listed["Key"],
                    "LastModified": int(listed["LastModified"].timestamp()),
                    "Size": listed["Size"],
                    "StorageClass": listed["StorageClass"],
                }

    def open(self, bucket: str, key: str) -> Sink:
        return _S3Sink(self._client, bucket, key)


class _S3Sink:
    """An object on its way: one part, or a multipart upload."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client = client
        self._object = {"Bucket": bucket, "Key": key}
        self._buffer = bytearray()
        self._upload: str | None = None
        self._parts: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) >= _PART_BYTES:
            _asked(self._put_part)

    def close(self) -> None:
        if self._upload is None:
            body = bytes(self._buffer)
            _asked(lambda: self._client.put_object(**self._object, Body=body))
            return
        if self._buffer:
            _asked(self._put_part)
        parts = {"Parts": self._parts}
        upload = {"UploadId": self._upload, "MultipartUpload": parts}
        _asked(lambda: self._client.complete_multipart_upload(**self._object, **upload))

    def _put_part(self) -> None:
        if self._upload is None:
            self._upload = self._client.create_multipart_upload(**self._object)["UploadId"]
        number = len(self._parts) + 1
        part = {"UploadId": self._upload, "PartNumber": number, "Body": bytes(self._buffer)}
        answer = self._client.upload_part(**self._object, **part)
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})
        self._buffer.clear()


def _asked(ask: Callable[[], T]) -> T:
    """Ask S3; word its refusal as Step Functions does."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return ask()
    except ClientError as refusal:
        raise ObjectFailure(_cause(refusal.response)) from refusal
    except BotoCoreError as failure:
        raise ObjectFailure(str(failure)) from failure


def _each_asked(answers: Iterator[T]) -> Iterator[T]:
    end = object()
    while True:
        answer = _asked(lambda: next(answers, end))
        if answer is end:
            return
        yield answer  # type: ignore[misc]  # only the end is no answer


def _cause(response: Any) -> str:
    error, metadata = response.get("Error", {}), response.get("ResponseMetadata", {})
    told = {
        "Service": "Amazon S3",
        "Status Code": metadata.get("HTTPStatusCode"),
        "Error Code": error.get("Code"),
        "Request ID": metadata.get("RequestId"),
        "S3 Extended Request ID": metadata.get("HostId"),
        "Proxy": "null",
    }
    details = "; ".join(f"{name}: {value}" for name, value in told.items())
    return f"{error.get('Message', 'S3 refused')} ({details})"
