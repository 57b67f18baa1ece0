"""The HTTP server: connections kept, bodies bounded, pieces sent as they come."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator

import pytest

from step.local.http import Request, Response, Server


def echo(request: Request) -> Response:
    if request.path == "/pieces":
        return Response(200, {"Content-Type": "text/event-stream"}, iter([b"data: 1\n\n", b"data: 2\n\n"]))
    if request.path == "/mistake":
        raise ValueError("broken")
    text = f"{request.method} {request.path} {request.query} {request.headers.get('x-name')} "
    return Response(200, {"Content-Type": "text/plain"}, text.encode() + request.body)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(echo, most_body_bytes=1000)
    server.start()
    yield server
    server.close()


def test_one_connection_carries_many_requests_of_any_method(server: Server) -> None:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)

    answers = []
    for method, path, body in [("GET", "/a%20b?c=d", None), ("PUT", "/x", b"12"), ("PROPFIND", "/y", b"3")]:
        connection.request(method, path, body, {"X-Name": "me"})
        answers.append(connection.getresponse().read().decode())
    connection.close()

    assert answers == ["GET /a%20b c=d me ", "PUT /x  me 12", "PROPFIND /y  me 3"]


def test_a_chunked_body_is_put_together_and_bounded(server: Server) -> None:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)

    connection.request("POST", "/", iter([b"ab", b"cd"]), encode_chunked=True)
    whole = connection.getresponse().read()
    connection.request("POST", "/", iter([b"x" * 600, b"y" * 600]), encode_chunked=True)
    refused = connection.getresponse().status
    connection.close()

    assert whole.endswith(b"abcd")
    assert refused == 413


def test_the_answer_to_a_mistake_of_the_application_is_500_and_the_server_lives(server: Server) -> None:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)

    statuses = []
    for path in ("/mistake", "/x"):
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
    connection.close()

    assert statuses == [500, 200]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"nonsense\r\n\r\n", b"400"),
    ],
)
def test_what_is_no_request_is_refused(server: Server, sent: bytes, status: bytes) -> None:
    with socket.create_connection((server.host, server.port), timeout=10) as connection:
        connection.sendall(sent)
        answer = connection.makefile("rb").readline()

    assert status in answer


def test_pieces_are_sent_until_they_end(server: Server) -> None:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)

    connection.request("GET", "/pieces")
    body = connection.getresponse().read()
    connection.close()

    assert body == b"data: 1\n\ndata: 2\n\n"
