"""The HTTP server over its socket: connections kept, everything bounded, whoever dawdles goes."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from step.local.http import Request, Response
from step.local.http_server import Patience, Server

HEAD = b"POST / HTTP/1.1\r\nHost: here\r\n"


def echo(request: Request) -> Response:
    if request.path == "/pieces":
        return Response(200, {"Content-Type": "text/event-stream"}, iter([b"data: 1\n\n", b"data: 2\n\n"]))
    if request.path == "/mistake":
        raise ValueError("broken")
    if request.path == "/broken-header":
        return Response(200, {"X-Name": "a\r\nX-Other: b\n\nc"})
    text = f"{request.method} {request.path} {request.query} {request.headers.get('x-name')} "
    return Response(200, {"Content-Type": "text/plain"}, text.encode() + request.body)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def started(**options: object) -> Server:
        server = Server(echo, **{"most_body_bytes": 1000, **options})  # type: ignore[arg-type]  # a test's own
        server.start()
        servers.append(server)
        return server

    yield started
    for server in servers:
        server.close()


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    return serve()


def connect(server: Server) -> socket.socket:
    return socket.create_connection((server.host, server.port), timeout=10)


def say(server: Server, sent: bytes) -> bytes:
    """Send bytes, read until the server closes the connection."""
    with connect(server) as connection:
        connection.sendall(sent)
        return connection.makefile("rb").read()


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
        (HEAD + b"Content-Length: 1001\r\n\r\n", 413),
        (HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (HEAD + b"Content-Length : 5\r\n\r\nhello", 400),
        (HEAD + b"X: " + b"x" * 100_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: here\r\n\r\n", 414),
        (b"nonsense\r\n\r\n", 400),
    ],
    ids=["large body", "5,000 digits", "space before the colon", "large head", "long target", "nonsense"],
)
def test_what_is_refused_is_answered_and_ends_its_connection(
    server: Server, sent: bytes, status: int
) -> None:
    answer = say(server, sent + b"GET /second HTTP/1.1\r\nHost: here\r\n\r\n" * 100)

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1") == 1
    assert b"Connection: close" in answer


def test_pieces_are_sent_until_they_end(server: Server) -> None:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)

    connection.request("GET", "/pieces")
    body = connection.getresponse().read()
    connection.close()

    assert body == b"data: 1\n\ndata: 2\n\n"


def test_a_value_can_not_end_its_header(server: Server) -> None:
    answer = say(server, b"GET /broken-header HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")

    assert b"\r\nX-Name: a X-Other: b c\r\n" in answer


def test_leave_to_send_a_body_is_given_where_it_is_asked_for(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n")
        given = connection.recv(100)
        connection.sendall(b"ab")
        answer = connection.makefile("rb").read()

    assert given == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.endswith(b"ab")


def test_a_body_is_not_read_where_its_head_is_refused(serve: Callable[..., Server]) -> None:
    server = serve(admit=lambda request: Response(403, {}, b"no") if request.path == "/no" else None)

    answer = say(
        server, b"POST /no HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 900\r\n\r\n"
    )

    assert answer.startswith(b"HTTP/1.1 403 ")
    assert answer.endswith(b"no")


@pytest.mark.parametrize(
    "sent",
    [b"GET / HT", HEAD + b"Content-Length: 9\r\n\r\nab", HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r"],
)
def test_who_dawdles_over_a_request_is_told_so(serve: Callable[..., Server], sent: bytes) -> None:
    server = serve(patience=Patience(head=0.05, refused=0.05))

    assert say(server, sent).startswith(b"HTTP/1.1 408 ")


def test_who_drips_is_not_waited_for_longer(serve: Callable[..., Server]) -> None:
    server = serve(patience=Patience(head=0.3, refused=0.05))
    is_over = threading.Event()

    with connect(server) as connection:

        def drip() -> None:
            while not is_over.wait(0.02):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

        connection.sendall(b"GET /")
        dripping = threading.Thread(target=drip)
        dripping.start()
        answer = connection.recv(1000)
        is_over.set()
        dripping.join()

    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_silent_connection_is_closed_without_a_word(serve: Callable[..., Server]) -> None:
    assert say(serve(patience=Patience(pause=0.05)), b"") == b""


def test_half_a_request_is_refused_when_its_client_has_ended(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(HEAD + b"Content-Length: 9\r\n\r\nab")
        connection.shutdown(socket.SHUT_WR)

        assert connection.makefile("rb").read().startswith(b"HTTP/1.1 400 ")


def test_one_connection_too_many_is_refused_until_another_ends(serve: Callable[..., Server]) -> None:
    server = serve(patience=Patience(connections=1))
    one = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"

    with connect(server) as first:
        first.sendall(one)
        assert first.recv(1000).startswith(b"HTTP/1.1 200 ")
        with connect(server) as second:
            assert second.makefile("rb").read().startswith(b"HTTP/1.1 503 ")
        first.shutdown(socket.SHUT_WR)
        assert first.recv(1000) == b""
    with connect(server) as third:
        third.sendall(one)
        assert third.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_closing_ends_the_connections_that_are_kept(serve: Callable[..., Server]) -> None:
    server = serve()
    with closing(connect(server)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert connection.recv(1000)

        server.close()

        assert connection.recv(1000) == b""
