"""A small client of Step Functions' API over one kept connection: what both services are measured with.

Knows no AWS library: signing would cost more than what is measured.
"""

from __future__ import annotations

import json
from http.client import HTTPConnection
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

_HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/states/aws4_request, "
    "SignedHeaders=host, Signature=0",
}
_ROLE = "arn:aws:iam::123456789012:role/bench"


class Client:
    """One connection to one service."""

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        assert parts.hostname is not None
        self._connection = HTTPConnection(parts.hostname, parts.port, timeout=60)

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation; raises RuntimeError where it is refused."""
        headers = {**_HEADERS, "X-Amz-Target": f"AWSStepFunctions.{operation}"}
        status, body = self.post(json.dumps(parameters).encode(), headers)
        if status != 200:
            raise RuntimeError(f"{operation}: {status} {body.decode(errors='replace')[:500]}")
        told: dict[str, Any] = json.loads(body)
        return told

    def post(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Send a request and read the whole answer."""
        self._connection.request("POST", "/", body, headers)
        response = self._connection.getresponse()
        return response.status, response.read()

    def create(self, name: str, definition: dict[str, Any], **more: Any) -> str:
        """Create a state machine; return its ARN."""
        given = json.dumps(definition)
        told = self.call("CreateStateMachine", name=name, definition=given, roleArn=_ROLE, **more)
        return str(told["stateMachineArn"])

    def close(self) -> None:
        self._connection.close()


def chain(states: int) -> dict[str, Any]:
    """A machine of so many Pass states in a row."""
    names = [f"Pass{number}" for number in range(states)]
    linked: dict[str, Any] = {
        name: {"Type": "Pass", "Next": following} for name, following in pairwise(names)
    }
    return {"StartAt": names[0], "States": {**linked, names[-1]: {"Type": "Pass", "End": True}}}


def waiting(seconds: int) -> dict[str, Any]:
    """A machine that waits."""
    wait = {"Type": "Wait", "Seconds": seconds, "End": True}
    return {"StartAt": "Wait", "States": {"Wait": wait}}
