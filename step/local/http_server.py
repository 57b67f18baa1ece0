"""A small HTTP/1.1 server: one thread a connection, loopback by default.

Knows no AWS and no page. Whoever dawdles is told so and goes: what a request, an answer and a pause
between two may take is bounded, and so are the connections. An answer goes out in one write: two meet the
peer's delayed acknowledgement.
"""

from __future__ import annotations

import logging
import socket
import socketserver
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from step.clock import elapsed
from step.errors import StepError
from step.local.http import CONTINUE, Application, Request, Response, head_of
from step.local.http_reader import MOST_BODY_BYTES, RequestReader

Admission = Callable[[Request], Response | None]
_log = logging.getLogger("step.local.http")
_LAST_PORT = 65535
_READ_BYTES = 64 * 1024
_READ_BODY_BYTES = 1024 * 1024


class Patience(NamedTuple):
    """How long a connection is waited for, in seconds, and how many there may be.

    Attributes:
        pause: Between an answer and the next request.
        head: From a request's first byte to the end of its headers.
        body_rate: Bytes of a body that must come every second on the whole, beside the seconds of ``head``.
        answer: Until an answer is taken, or a piece of it.
        refused: For the rest of what a client sends that isn't listened to.
        connections: Of a server at once. Each has a thread and a file descriptor, of which stores need some.
    """

    pause: float = 120.0
    head: float = 10.0
    body_rate: int = 16 * 1024
    answer: float = 600.0
    refused: float = 1.0
    connections: int = 600


class Server:
    """An application at an address. Port 0 picks a free one.

    Args:
        admit: Looks at a request whose body is still to come; what it answers ends the connection. The
            application sees every request, so this only saves reading what is refused anyway.

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
        admit: Admission = lambda request: None,
        patience: Patience = Patience(),  # noqa: B008 - it is immutable
    ) -> None:
        if not 0 <= port <= _LAST_PORT:
            raise StepError(f"port {port}: expected 0 to {_LAST_PORT}")
        self._listener = _Listener((host, port), application, admit, most_body_bytes, patience)
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(0.1,), name="step-http", daemon=True
        )

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._listener.server_address[1])

    @property
    def host(self) -> str:
        """The address it listens on."""
        return str(self._listener.server_address[0])

    def start(self) -> None:
        """Answer from now on, in threads."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening; what is being answered is answered, and then its connection ends."""
        if self._thread.is_alive():
            self._listener.shutdown()
        self._listener.server_close()
        self._listener.hear_no_more()


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 1024

    def __init__(
        self,
        address: tuple[str, int],
        application: Application,
        admit: Admission,
        most_body_bytes: int,
        patience: Patience,
    ) -> None:
        self.application = application
        self.admit = admit
        self.most_body_bytes = most_body_bytes
        self.patience = patience
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Connection)

    def process_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        assert isinstance(request, socket.socket)
        with self._lock:
            is_full = len(self._open) >= self.patience.connections
            if not is_full:
                self._open.add(request)
        if not is_full:
            super().process_request(request, client_address)
            return
        with suppress(OSError):
            request.settimeout(0)
            request.sendall(head_of(Response(503, {}), is_kept=False))
        self.shutdown_request(request)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        assert isinstance(request, socket.socket)
        # Before the client hears of the end: it may connect again at once.
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hear_no_more(self) -> None:
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)

    def handle_error(self, request: object, client_address: object) -> None:
        _log.debug("connection of %s broke", client_address, exc_info=True)


class _GoneError(Exception):
    """The client has nothing more to say, or too slowly; what it is told is in ``status``, 0: nothing."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Connection(socketserver.BaseRequestHandler):
    server: _Listener
    request: socket.socket

    def setup(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = RequestReader(str(self.client_address[0]), self.server.most_body_bytes)
        # When the request that is being read began to come.
        self._began = 0.0
        # The request whose body was given leave, if any.
        self._admitted: Request | None = None

    def handle(self) -> None:
        reader = self._reader
        try:
            while True:
                while reader.whole:
                    request, is_kept = reader.whole.popleft()
                    if not self._answer(request, is_kept):
                        return
                if reader.refused:
                    raise _GoneError(reader.refused)
                if not self._admit():
                    return
                self._read()
        except _GoneError as gone:
            if gone.status:
                self._refuse(Response(gone.status, {}))

    def _read(self) -> None:
        """Read once.

        Raises:
            _GoneError: nothing more comes.
        """
        reader, patience = self._reader, self.server.patience
        if reader.is_between:
            seconds = patience.pause
        else:
            seconds = self._began + patience.head + reader.body_bytes / patience.body_rate - elapsed()
        if seconds <= 0:
            raise _GoneError(408)
        self.request.settimeout(seconds)
        try:
            data = self.request.recv(_READ_BYTES if reader.head is None else _READ_BODY_BYTES)
        except TimeoutError:
            raise _GoneError(0 if reader.is_between else 408) from None
        if not data:
            raise _GoneError(0 if reader.is_between else 400)
        if reader.is_between:
            self._began = elapsed()
        reader.feed(data)

    def _admit(self) -> bool:
        """Look at a request whose body is still to come; say whether to read on."""
        head = self._reader.head
        if head is None or head is self._admitted:
            return True
        response = self._applied(self.server.admit, head)
        if response is not None:
            self._refuse(response)
            return False
        self._admitted = head
        if self._reader.take_leave():
            self._write(CONTINUE)
        return True

    def _answer(self, request: Request, is_kept: bool) -> bool:
        """Answer; say whether the connection goes on."""
        response = self._applied(self.server.application, request)
        assert response is not None
        body = response.body
        is_kept = is_kept and isinstance(body, bytes)
        head = head_of(response, is_kept=is_kept)
        if isinstance(body, bytes):
            self._write(head if request.method == "HEAD" else head + body)
            return is_kept
        try:
            self._write(head)
            for piece in body:
                self._write(piece)
        finally:
            # A generator gives back what it holds; another iterator holds nothing.
            getattr(body, "close", lambda: None)()
        return False

    def _applied(self, application: Admission, request: Request) -> Response | None:
        try:
            return application(request)
        except Exception:  # foreign code; its mistake must not end the connection unanswered
            _log.exception("%s %s", request.method, request.path)
            return Response(500, {})

    def _write(self, data: bytes) -> None:
        self.request.settimeout(self.server.patience.answer)
        self.request.sendall(data)

    def _refuse(self, response: Response) -> None:
        """Answer what isn't listened to any longer, and wait for the client to read it.

        A connection that is closed while something unread lies there is reset, and the answer with it.
        """
        body = response.body
        assert isinstance(body, bytes)
        self._write(head_of(response, is_kept=False) + body)
        self.request.shutdown(socket.SHUT_WR)
        end = elapsed() + self.server.patience.refused
        while (left := end - elapsed()) > 0:
            self.request.settimeout(left)
            if not self.request.recv(_READ_BODY_BYTES):
                return
