"""Objects in buckets: the port through which distributed Maps read items and write results.

Knows no AWS: ``aws.s3`` implements the port, and so does a dictionary in the process.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from hashlib import md5
from typing import Protocol

from step.jsonvalue import JSONObject

_CHUNK_BYTES = 1 << 16


class ObjectFailure(Exception):  # noqa: N818 - becomes a workflow failure; users don't see it
    """The store refused; the message is the service's."""


class Sink(Protocol):
    """An object that is being written."""

    def write(self, data: bytes) -> None: ...

    def close(self) -> None:
        """Let the object be there."""


class Objects(Protocol):
    """A store of objects. Every method raises ObjectFailure where the store refuses."""

    def read(self, bucket: str, key: str, version: str | None) -> Iterator[bytes]:
        """Give an object's bytes, a piece at a time."""

    def list(self, parameters: JSONObject) -> Iterator[JSONObject]:
        """Give Etag, Key, LastModified, Size and StorageClass of a bucket's objects.

        ``parameters`` are ListObjectsV2's: ``Bucket``, and perhaps ``Prefix`` and others.
        """

    def open(self, bucket: str, key: str) -> Sink:
        """Begin to write an object."""


class MemoryObjects:
    """Objects in a dictionary: ``bucket/key`` -> what is in it."""

    def __init__(self, objects: MutableMapping[str, bytes | str]) -> None:
        self.objects = objects

    def read(self, bucket: str, key: str, version: str | None) -> Iterator[bytes]:
        content = self._bytes(f"{bucket}/{key}")
        for start in range(0, len(content), _CHUNK_BYTES):
            yield content[start : start + _CHUNK_BYTES]

    def list(self, parameters: JSONObject) -> Iterator[JSONObject]:
        bucket = f"{parameters.get('Bucket')}/"
        prefix = bucket + str(parameters.get("Prefix", ""))
        for name in sorted(name for name in self.objects if name.startswith(prefix)):
            content = self._bytes(name)
            yield {
                "Etag": f'"{md5(content, usedforsecurity=False).hexdigest()}"',
                "Key": name.removeprefix(bucket),
                "LastModified": 0,
                "Size": len(content),
                "StorageClass": "STANDARD",
            }

    def open(self, bucket: str, key: str) -> Sink:
        return _MemorySink(self.objects, f"{bucket}/{key}")

    def _bytes(self, name: str) -> bytes:
        if name not in self.objects:
            raise ObjectFailure(f"The specified key does not exist: {name}")
        content = self.objects[name]
        return content.encode() if isinstance(content, str) else content


class _MemorySink:
    def __init__(self, objects: MutableMapping[str, bytes | str], name: str) -> None:
        self._objects = objects
        self._name = name
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        self._pieces.append(data)

    def close(self) -> None:
        self._objects[self._name] = b"".join(self._pieces)
