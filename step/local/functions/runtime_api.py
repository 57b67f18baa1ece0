"""AWS Lambda's Runtime API for one process: what ``awslambdaric`` asks, over a socket on loopback.

Runs no thread: whoever invokes the function waits for the sockets and calls ``read``. An answer is one write.
AWS: Lambda developer guide, "Using the Lambda runtime API".
"""

from __future__ import annotations

import socket
from typing import NamedTuple

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
        self._buffers: dict[socket.socket, bytearray] = {}
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
        return [self._listener, *self._buffers]

    def read(self, ready: socket.socket) -> list[Asked]:
        """Take what a socket has; answer what needs no thought."""
        if ready is self._listener:
            self._accept()
            return []
        buffer = self._buffers.get(ready)
        if buffer is None:
            return []
        try:
            data = ready.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            data = b""
        if not data or len(buffer) > _MOST_BODY_BYTES:
            self._drop(ready)
            return []
        buffer += data
        found = []
        while (request := _take_request(buffer)) is not None:
            asked = self._asked(ready, *request)
            if asked is not None:
                found.append(asked)
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
        lines = {
            "Lambda-Runtime-Aws-Request-Id": invocation,
            "Content-Type": "application/json",
            **headers,
            "Content-Length": str(len(event)),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        _send(connection, f"HTTP/1.1 200 OK\r\n{head}\r\n".encode("latin-1", "replace") + event)

    def close(self) -> None:
        """Close every socket."""
        for connection in list(self._buffers):
            self._drop(connection)
        self._listener.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffers[connection] = bytearray()

    def _drop(self, connection: socket.socket) -> None:
        self._buffers.pop(connection, None)
        if self._waiting is connection:
            self._waiting = None
        connection.close()

    def _asked(self, connection: socket.socket, method: str, path: str, body: bytes) -> Asked | None:
        parts = path.removeprefix(_PREFIX).split("/")
        match method, parts:
            case "GET", ["invocation", "next"]:
                self._waiting = connection
                return Asked("next", "", b"")
            case "POST", ["invocation", invocation, ("response" | "error") as kind]:
                asked = Asked(kind, invocation, body)
            case "POST", ["init", "error"]:
                asked = Asked("init/error", "", body)
            case _:
                _send(connection, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                return None
        accepted = b'{"status":"OK"}'
        head = f"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: {len(accepted)}"
        _send(connection, f"{head}\r\n\r\n".encode() + accepted)
        return asked


def _send(connection: socket.socket, data: bytes) -> None:
    connection.settimeout(10)
    try:
        connection.sendall(data)
    finally:
        connection.setblocking(False)


def _take_request(buffer: bytearray) -> tuple[str, str, bytes] | None:
    """Take a whole request from the front of what was read; None: there is none yet."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = buffer[:end].decode("latin-1").split("\r\n")
    method, path = (*head[0].split(" "), "", "")[:2]
    headers = dict(_header(line) for line in head[1:])
    if "chunked" in headers.get("transfer-encoding", ""):
        return _take_chunked(buffer, end + 4, method, path)
    length = headers.get("content-length", "0")
    size = int(length) if length.isascii() and length.isdigit() else 0
    if len(buffer) < end + 4 + size:
        return None
    body = bytes(buffer[end + 4 : end + 4 + size])
    del buffer[: end + 4 + size]
    return method, path, body


def _take_chunked(buffer: bytearray, at: int, method: str, path: str) -> tuple[str, str, bytes] | None:
    body = bytearray()
    while True:
        line = buffer.find(b"\r\n", at)
        if line < 0:
            return None
        size = int(bytes(buffer[at:line]).split(b";")[0] or b"0", 16)
        if len(buffer) < line + 2 + size + 2:
            return None
        body += buffer[line + 2 : line + 2 + size]
        at = line + 2 + size + 2
        if size == 0:
            del buffer[:at]
            return method, path, bytes(body)


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()
