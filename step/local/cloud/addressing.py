"""Who a request is from and which service it is for.

Pure. AWS: Signature Version 4, "Credential scope"; a presigned request has it in its query.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl

from step.local.functions.api import is_lambda_path
from step.local.http import Request

# Bounded, since whoever isn't admitted may send much of what almost fits.
_CREDENTIAL = re.compile(r"Credential=([^/,\s]{1,200})/(\d{8})/([^/,\s]{0,99})/([^/,\s]{0,99})/aws4_request")
_SIGNATURE_2 = re.compile(r"AWS ([A-Za-z0-9]+):")
_READS = re.compile(
    r"(Get|List|Describe|Head|BatchGet|TransactGet|Query|Scan|Lookup|Search|Filter|Select|Simulate|Verify"
    r"|GenerateDataKey|GenerateRandom|Decrypt|Encrypt|Sign\b)"
)


class Address(NamedTuple):
    """Where a request goes.

    Attributes:
        service: The signing name: "s3", "dynamodb", "lambda"; "" where nothing says.
        region: The signing region, "" where nothing says.
        key: The access key, "" of an unsigned request.
        action: The operation, where a header or the query names it.
    """

    service: str
    region: str
    key: str
    action: str

    @classmethod
    def from_request(cls, request: Request) -> Address:
        """Read it from the signature, else from target, action and path."""
        target = request.headers.get("x-amz-target", "").rpartition(".")[2]
        action = target or _action(request)
        credential = _credential(request)
        if credential is not None:
            return cls(credential["service"], credential["region"], credential["key"], action)
        if is_lambda_path(request.path):
            return cls("lambda", "", "", action)
        return cls("", "", _old_key(request), action)

    def is_read(self, request: Request) -> bool:
        """Whether nothing can have changed by this request."""
        if self.action:
            return _READS.match(self.action) is not None
        return request.method in ("GET", "HEAD", "OPTIONS")


def _credential(request: Request) -> dict[str, str] | None:
    found = _CREDENTIAL.search(request.headers.get("authorization", ""))
    text = found.group(0) if found else ""
    if not text:
        query = dict(parse_qsl(request.query)) if "X-Amz-Credential" in request.query else {}
        text = f"Credential={query.get('X-Amz-Credential', '')}"
        found = _CREDENTIAL.fullmatch(text)
    if found is None:
        return None
    return {"key": found[1], "region": found[3].lower(), "service": found[4].lower()}


def _old_key(request: Request) -> str:
    found = _SIGNATURE_2.match(request.headers.get("authorization", ""))
    return found[1] if found else ""


def _action(request: Request) -> str:
    """Give what a query protocol's body or query names as its action."""
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    text = request.body[:65_536].decode("latin-1") if is_form and request.method == "POST" else request.query
    if "Action=" not in text:
        return ""
    try:
        pairs = parse_qsl(text, max_num_fields=2000)
    except ValueError:
        return ""
    return next((value for name, value in pairs if name == "Action"), "")
