"""The Runtime API over its sockets: who may take an invocation, and how large answers come."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Iterator
from threading import Thread

import pytest

from step.local.functions.runtime_api import Asked, RuntimeApi

NEXT = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n"
ANSWER = "POST /2018-06-01/runtime/invocation/one/response HTTP/1.1\r\n"


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    api = RuntimeApi()
    yield api
    api.close()


def asked(api: RuntimeApi, data: bytes) -> tuple[list[Asked], bytes]:
    """Send bytes, and let the API read until the connection ends; give what it was asked and what it said."""
    host, _, port = api.address.partition(":")
    found: list[Asked] = []
    said = bytearray()
    with socket.create_connection((host, int(port)), timeout=10) as connection:

        def talk() -> None:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                said.extend(piece)

        talking = Thread(target=talk)
        talking.start()
        while talking.is_alive():
            with selectors.DefaultSelector() as selector:
                for one in api.sockets():
                    selector.register(one, selectors.EVENT_READ)
                for key, _ in selector.select(0.1):
                    assert isinstance(key.fileobj, socket.socket)
                    found += api.read(key.fileobj)
        talking.join()
    return found, bytes(said)


def test_a_large_answer_is_asked_for_and_taken(api: RuntimeApi) -> None:
    body = b"x" * 3_000_000
    head = f"{ANSWER}Host: {api.address}\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n"

    found, said = asked(api, head.encode() + body)

    assert found == [Asked("response", "one", body)]
    assert said.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 ")
    assert said.count(b"100 Continue") == 1


@pytest.mark.parametrize(
    "more",
    [
        "Host: {}\r\nOrigin: http://{}\r\n",
        "Host: {}\r\nSec-Fetch-Site: cross-site\r\n",
        "Host: evil.example\r\n",
    ],
)
@pytest.mark.parametrize("line", [NEXT, ANSWER])
def test_a_page_takes_no_invocation_and_answers_none(api: RuntimeApi, line: str, more: str) -> None:
    found, said = asked(api, f"{line}{more.replace('{}', api.address)}Content-Length: 0\r\n\r\n".encode())

    assert found == []
    assert not api.is_awaited
    assert said.startswith(b"HTTP/1.1 403 ")


def test_what_is_no_request_is_told_so(api: RuntimeApi) -> None:
    assert asked(api, b"nonsense\r\n\r\n")[1].startswith(b"HTTP/1.1 400 ")
