"""The port to AWS's services: what is asked of them and what they answer.

Knows no AWS client: ``aws.services`` implements the port, and so does a function in a test. Names are those
of Step Functions' SDK integrations: ``dynamodb`` and ``putItem``, ``sfn`` and ``startExecution``; the members
of parameters and answers are in PascalCase.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from step.jsonvalue import JSONObject


class ServiceCall(NamedTuple):
    """One call of a service; ``role`` is the ARN of the role to assume for it.

    ``is_sdk``: an SDK integration's, whose answer's members have the names of the SDK ("DbInstances"); the
    optimised ones' have the API's ("MD5OfMessageBody").
    """

    service: str
    action: str
    parameters: JSONObject
    role: str | None = None
    is_sdk: bool = False


class ServiceAnswer(NamedTuple):
    """What a service answered; timestamps are ISO texts, bytes are text (base64 where they are no UTF-8)."""

    output: JSONObject
    request_id: str = ""


class Refusal(NamedTuple):
    """A service's own error.

    ``service_id`` is the service's name in its model ("Secrets Manager"), ``code`` the API's error code;
    ``exception`` is the shape that the model has for it, None where it has none.
    """

    service_id: str
    code: str
    message: str
    status: int = 400
    exception: str | None = None
    request_id: str = ""
    extended_request_id: str | None = None


class Unreachable(NamedTuple):
    """The call never got to the service."""

    service_id: str
    message: str


class Misfit(NamedTuple):
    """The call fits no service: an unknown name, or parameters that its model doesn't have."""

    problems: tuple[str, ...]


class HttpRequest(NamedTuple):
    """A request of ``http:invoke`` or ``apigateway:invoke``.

    ``auth`` is how it is signed or authorized: "", "IAM_ROLE", or the ARN of an EventBridge connection.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    auth: str = ""


class HttpAnswer(NamedTuple):
    """What an endpoint answered."""

    status: int
    reason: str
    headers: Mapping[str, list[str]]
    body: bytes


class Services(Protocol):
    """Who makes calls."""

    def call(self, call: ServiceCall) -> ServiceAnswer | Refusal | Unreachable | Misfit:
        """Call a service."""

    def fetch(self, request: HttpRequest) -> HttpAnswer | Unreachable:
        """Send a request to an HTTP endpoint."""
