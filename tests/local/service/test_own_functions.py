"""Tasks call functions of the same service without a request, and whatever isn't plain with one."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from step.errors import Refused
from step.jsonvalue import JSONObject
from step.local.service.own_functions import OwnFunctions
from step.runtime.services import HttpAnswer, HttpRequest, Refusal, ServiceAnswer, ServiceCall

PLAIN = ServiceCall("lambda", "invoke", {"FunctionName": "bread", "Payload": '{"n": 1}'})
REFUSAL = Refusal("Lambda", "ResourceNotFoundException", "no such function")


class Done(NamedTuple):
    payload: bytes
    function_error: str | None = None
    executed_version: str = "7"
    request_id: str = "id"


class Requests:
    """Who makes requests; remembers them."""

    def __init__(self) -> None:
        self.calls: list[ServiceCall] = []

    def call(self, call: ServiceCall) -> Refusal:
        self.calls.append(call)
        return REFUSAL

    def fetch(self, request: HttpRequest) -> HttpAnswer:
        return HttpAnswer(200, "OK", {}, request.url.encode())


def own(
    requests: Requests, done: Done | Exception
) -> tuple[OwnFunctions, list[tuple[str, bytes, str | None]]]:
    asked: list[tuple[str, bytes, str | None]] = []

    def invoke(function: str, payload: bytes, qualifier: str | None) -> Done:
        asked.append((function, payload, qualifier))
        if isinstance(done, Exception):
            raise done
        return done

    return OwnFunctions(requests, invoke), asked


@pytest.mark.parametrize(
    ("done", "output"),
    [
        (Done(b'{"loaf": "\xc3\xa4"}'), {"Payload": '{"loaf": "ä"}'}),
        (
            Done(b'{"errorType": "E"}', "Unhandled"),
            {"Payload": '{"errorType": "E"}', "FunctionError": "Unhandled"},
        ),
        (Done(b"\xff"), {"Payload": "/w=="}),
    ],
)
def test_a_plain_call_makes_no_request(done: Done, output: JSONObject) -> None:
    requests = Requests()
    services, asked = own(requests, done)

    answer = services.call(PLAIN._replace(parameters={**PLAIN.parameters, "Qualifier": "live"}))

    assert answer == ServiceAnswer({"StatusCode": 200, "ExecutedVersion": "7", **output}, "id")
    assert asked == [("bread", b'{"n": 1}', "live")]
    assert requests.calls == []


@pytest.mark.parametrize(
    "call",
    [
        PLAIN._replace(role="arn:aws:iam::123456789012:role/other"),
        PLAIN._replace(is_sdk=True),
        PLAIN._replace(service="sqs"),
        PLAIN._replace(action="getFunction"),
        PLAIN._replace(parameters={**PLAIN.parameters, "InvocationType": "Event"}),
        PLAIN._replace(parameters={**PLAIN.parameters, "FunctionName": 7}),
        PLAIN._replace(parameters={"FunctionName": "bread"}),
    ],
)
def test_any_other_call_is_a_request(call: ServiceCall) -> None:
    requests = Requests()
    services, asked = own(requests, Done(b"{}"))

    assert services.call(call) == REFUSAL
    assert (requests.calls, asked) == ([call], [])


def test_what_is_refused_is_refused_in_the_words_of_a_request() -> None:
    requests = Requests()
    services, _ = own(requests, Refused("ResourceNotFoundException", "none"))

    assert services.call(PLAIN) == REFUSAL
    assert requests.calls == [PLAIN]


def test_http_endpoints_are_requests() -> None:
    services, _ = own(Requests(), Done(b"{}"))
    request = HttpRequest("GET", "http://127.0.0.1/bread", (), None)

    assert services.fetch(request) == HttpAnswer(200, "OK", {}, b"http://127.0.0.1/bread")
