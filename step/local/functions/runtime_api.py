"""AWS Lambda's Runtime API for one process: what ``awslambdaric`` asks, over a socket on loopback.

Runs no thread: whoever invokes the function waits for the sockets and calls ``read``. An answer is one write.
AWS: Lambda developer guide, "Using the Lambda runtime API".
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import NamedTuple

from step.local.http import CONTINUE, Request, Response, head_of
from step.local.http_reader import RequestReader

_MOST_BODY_BYTES = 64 * 1024 * 1024
_READ_BYTES = 1 << 16
_PREFIX = "/2018-06-01/runtime/"


class Asked(NamedTuple):
    """What the process said: ``next``, ``response``, ``error`` or ``init/error``."""

    kind: str
    invocation: str
    body: bytes


class RuntimeApi:
    """A listening socket and the process's connections to it."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._readers: dict[socket.socket, RequestReader] = {}
        self._waiting: socket.socket | None = None

    @property
    def address(self) -> str:
        """Where the process finds it: ``AWS_LAMBDA_RUNTIME_API``."""
        host, port = self._listener.getsockname()
        return f"{host}:{port}"

    @property
    def is_awaited(self) -> bool:
        """Whether the process waits for an invocation."""
        return self._waiting is not None

    def sockets(self) -> list[socket.socket]:
        """Give what to wait for."""
        return [self._listener, *self._readers]

    def read(self, ready: socket.socket) -> list[Asked]:
        """Take what a socket has; answer what needs no thought."""
        if ready is self._listener:
            self._accept()
            return []
        reader = self._readers.get(ready)
        if reader is None:
            return []
        try:
            data = ready.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            data = b""
        if data:
            reader.feed(data)
        found = []
        while reader.whole:
            asked = self._asked(ready, reader.whole.popleft().request)
            if asked is not None:
                found.append(asked)
        with suppress(OSError):
            if reader.refused:
                _answer(ready, Response(reader.refused, {}), is_kept=False)
            elif reader.take_leave():
                _send(ready, CONTINUE)
        if not data or reader.refused:
            self._drop(ready)
        return found

    def give(self, invocation: str, event: bytes, headers: dict[str, str]) -> None:
        """Answer the waiting ``next`` with an invocation.

        Raises:
            OSError: the process is gone.
        """
        connection = self._waiting
        if connection is None:
            raise BrokenPipeError("nothing waits for an invocation")
        self._waiting = None
        # awslambdaric ends with a segmentation fault where one of these headers is missing.
        named = {"Lambda-Runtime-Aws-Request-Id": invocation, "Content-Type": "application/json", **headers}
        _answer(connection, Response(200, named, event))

    def close(self) -> None:
        """Close every socket."""
        for connection in list(self._readers):
            self._drop(connection)
        self._listener.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._readers[connection] = RequestReader("127.0.0.1", _MOST_BODY_BYTES)

    def _drop(self, connection: socket.socket) -> None:
        self._readers.pop(connection, None)
        if self._waiting is connection:
            self._waiting = None
        connection.close()

    def _asked(self, connection: socket.socket, request: Request) -> Asked | None:
        if request.headers.get("host") != self.address or request.is_from_page:
            # A page that tried out ports: it may neither take an invocation nor answer one.
            _answer(connection, Response(403, {}))
            return None
        parts = request.path.removeprefix(_PREFIX).split("/")
        match request.method, parts:
            case "GET", ["invocation", "next"]:
                self._waiting = connection
                return Asked("next", "", b"")
            case "POST", ["invocation", invocation, ("response" | "error") as kind]:
                asked = Asked(kind, invocation, request.body)
            case "POST", ["init", "error"]:
                asked = Asked("init/error", "", request.body)
            case _:
                _answer(connection, Response(404, {}))
                return None
        _answer(connection, Response(202, {"Content-Type": "application/json"}, b'{"status":"OK"}'))
        return asked


def _answer(connection: socket.socket, response: Response, *, is_kept: bool = True) -> None:
    assert isinstance(response.body, bytes)
    _send(connection, head_of(response, is_kept=is_kept) + response.body)


def _send(connection: socket.socket, data: bytes) -> None:
    connection.settimeout(10)
    try:
        connection.sendall(data)
    finally:
        connection.setblocking(False)
