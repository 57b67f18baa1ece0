"""Objects of S3 for Lambda: code that a request names by bucket, key and version.

Knows moto's S3 by its web application only.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from step.errors import Refused
from step.local.cloud.addressing import Address
from step.local.cloud.emulation import Emulation
from step.local.functions import Owner
from step.local.http import Request

_CODE = re.compile(rb"<Code>([^<]*)</Code>")
_MESSAGE = re.compile(rb"<Message>([^<]*)</Message>")


class EmulatedObjects:
    """The port ``functions.Objects``, by GetObject."""

    def __init__(self, emulation: Emulation) -> None:
        self._emulation = emulation

    def read(self, owner: Owner, bucket: str, key: str, version: str | None) -> bytes:
        query = f"versionId={quote(version, safe='')}" if version else ""
        path = f"/{quote(bucket, safe='')}/{quote(key, safe='/')}"
        headers = {
            "host": "localhost",
            "authorization": f"AWS4-HMAC-SHA256 Credential=local/20200101/{owner.region}/s3/aws4_request",
        }
        request = Request("GET", path, query, headers, b"", "127.0.0.1")
        with self._emulation.lock:
            response = self._emulation.answer(request, Address("s3", owner.region, "", ""), owner.account)
        body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
        if response.status == 200:
            return body
        raise Refused(_found(_CODE, body) or "NoSuchKey", _found(_MESSAGE, body) or "not found")


def _found(pattern: re.Pattern[bytes], body: bytes) -> str:
    match = pattern.search(body)
    return match[1].decode("utf-8", "replace") if match else ""
