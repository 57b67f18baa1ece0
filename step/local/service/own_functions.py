"""The functions of this very service, called by tasks without a request.

Only the plain call goes this way; what is refused is asked for again by a request, which says so in all its
words. Knows functions by what invokes them.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import NamedTuple, Protocol

from step.errors import Refused
from step.jsonvalue import JSONObject
from step.runtime.services import (
    HttpAnswer,
    HttpRequest,
    Misfit,
    Refusal,
    ServiceAnswer,
    ServiceCall,
    Services,
    Unreachable,
)

# What a task says of an invocation that waits for its end.
_KNOWN = frozenset({"FunctionName", "Payload", "Qualifier"})


class Invoked(Protocol):
    """How an invocation ended."""

    @property
    def payload(self) -> bytes: ...
    @property
    def function_error(self) -> str | None: ...
    @property
    def executed_version(self) -> str: ...
    @property
    def request_id(self) -> str: ...


# Calls a function: its name or ARN, the event, a qualifier or None. Raises Refused where nothing has run.
Invoke = Callable[[str, bytes, str | None], Invoked]


class OwnFunctions(NamedTuple):
    """Who calls services, with the functions of this service in this process; see the port ``Services``."""

    services: Services
    invoke: Invoke

    def call(self, call: ServiceCall) -> ServiceAnswer | Refusal | Unreachable | Misfit:
        """Call a service."""
        given = call.parameters
        is_plain = call.role is None and not call.is_sdk and given.keys() <= _KNOWN
        if not (is_plain and (call.service, call.action) == ("lambda", "invoke")):
            return self.services.call(call)
        function, payload, qualifier = (given.get(name) for name in ("FunctionName", "Payload", "Qualifier"))
        if not (isinstance(function, str) and isinstance(payload, str) and isinstance(qualifier, str | None)):
            return self.services.call(call)
        try:
            return _answer(self.invoke(function, payload.encode(), qualifier))
        except (Refused, UnicodeEncodeError):
            return self.services.call(call)

    def fetch(self, request: HttpRequest) -> HttpAnswer | Unreachable:
        """Send a request to an HTTP endpoint."""
        return self.services.fetch(request)


def _answer(done: Invoked) -> ServiceAnswer:
    try:
        payload = done.payload.decode()
    except UnicodeDecodeError:
        payload = b64encode(done.payload).decode()
    output: JSONObject = {"StatusCode": 200, "ExecutedVersion": done.executed_version, "Payload": payload}
    if done.function_error is not None:
        output["FunctionError"] = done.function_error
    return ServiceAnswer(output, done.request_id)
