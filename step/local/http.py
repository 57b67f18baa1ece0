"""A small HTTP/1.1 server: bytes in, bytes out, one thread a connection, loopback by default.

Knows no AWS and no page: an application is a function from ``Request`` to ``Response``. Bodies are bounded;
an answer goes out in one write, since two of them meet the peer's delayed acknowledgement.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import NamedTuple

from step.errors import StepError

_log = logging.getLogger("step.local.http")

# S3 takes more in one piece; a Lambda's zip, the largest thing that anybody sends here, is smaller.
MOST_BODY_BYTES = 300 * 1024 * 1024
_LAST_PORT = 65535


class Request(NamedTuple):
    """What a client asked. ``path`` is as it was sent (percent-encoded), header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    client: str


class Response(NamedTuple):
    """What to answer. A body of pieces (server-sent events, say) is sent as they come, until they end."""

    status: int
    headers: Mapping[str, str]
    body: bytes | Iterator[bytes] = b""


Application = Callable[[Request], Response]


def is_loopback(name: str) -> bool:
    """Say whether an address, or the name localhost, is reached from this machine only."""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


class Server:
    """An application at an address. Port 0 picks a free one.

    Raises:
        StepError: there is no such port.
        OSError: it can't listen there.
    """

    def __init__(
        self,
        application: Application,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        most_body_bytes: int = MOST_BODY_BYTES,
    ) -> None:
        if not 0 <= port <= _LAST_PORT:
            raise StepError(f"port {port}: expected 0 to {_LAST_PORT}")
        self._server = _Listener((host, port), _Connection, application, most_body_bytes)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="step-http", daemon=True
        )

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def host(self) -> str:
        """The address it listens on."""
        return str(self._server.server_address[0])

    def start(self) -> None:
        """Answer from now on, in threads."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening; open answers end with their connections."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def __init__(
        self,
        address: tuple[str, int],
        handler: type[BaseHTTPRequestHandler],
        application: Application,
        most_body_bytes: int,
    ) -> None:
        self.application = application
        self.most_body_bytes = most_body_bytes
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, handler)

    def handle_error(self, request: object, client_address: object) -> None:
        _log.debug("connection of %s broke", client_address, exc_info=True)


class _RefusedError(Exception):
    """A request that HTTP itself forbids, or that is too large: an answer, and the end of its connection."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Connection(BaseHTTPRequestHandler):
    server: _Listener
    protocol_version = "HTTP/1.1"
    # What a request without a version gets: a refusal with a status line.
    default_request_version = "HTTP/1.1"
    server_version = "step"
    sys_version = ""
    disable_nagle_algorithm = True
    # A connection that says nothing for so long is closed.
    timeout = 600

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        try:
            request = self._read()
        except _RefusedError as refused:
            self.close_connection = True
            self._send(Response(refused.status, {}))
            return
        try:
            response = self.server.application(request)
        except (
            Exception
        ):  # an application is foreign code; its mistake must not end the connection unanswered
            _log.exception("%s %s", request.method, request.path)
            response = Response(500, {})
        self._send(response)

    def _read(self) -> Request:
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.command, path, query, headers, self._body(headers), str(self.client_address[0]))

    def _body(self, headers: Mapping[str, str]) -> bytes:
        most = self.server.most_body_bytes
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return b"".join(self._chunks(most))
        text = headers.get("content-length", "0")
        if not (text.isascii() and text.isdigit()):
            raise _RefusedError(400)
        if int(text) > most:
            raise _RefusedError(413)
        body = self.rfile.read(int(text))
        if len(body) < int(text):
            raise _RefusedError(400)
        return body

    def _chunks(self, most: int) -> Iterator[bytes]:
        total = 0
        while True:
            try:
                size = int(self.rfile.readline(1024).split(b";")[0], 16)
            except ValueError:
                raise _RefusedError(400) from None
            total += size
            if size < 0 or total > most:
                raise _RefusedError(413)
            if size == 0:
                while self.rfile.readline(65536) not in (b"\r\n", b"\n", b""):
                    pass
                return
            yield self.rfile.read(size)
            self.rfile.readline(16)

    def _send(self, response: Response) -> None:
        is_whole = isinstance(response.body, bytes)
        lines = [f"HTTP/1.1 {response.status} {self.responses.get(response.status, ('',))[0]}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        names = {name.lower() for name in response.headers}
        if "date" not in names:
            lines.append(f"Date: {self.date_time_string()}")
        if not is_whole:
            self.close_connection = True
        elif "content-length" not in names and response.status not in (204, 304):
            lines.append(f"Content-Length: {len(response.body)}")  # type: ignore[arg-type]  # it is whole
        if self.close_connection:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        if isinstance(response.body, bytes):
            self.wfile.write(head if self.command == "HEAD" else head + response.body)
            return
        self.wfile.write(head)
        for piece in response.body:
            self.wfile.write(piece)
            self.wfile.flush()

    def log_message(self, format: str, *arguments: object) -> None:
        _log.debug(format, *arguments)
