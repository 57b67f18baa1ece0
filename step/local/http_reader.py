"""HTTP/1.1 requests out of bytes: llhttp reads them, this module bounds them and joins their parts.

No IO. Whatever two readers of HTTP could understand in two ways is refused: lengths that contradict each
other, lines that end otherwise than HTTP says, more than one ``Host``.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from step.local.http import Request

# What AWS's services take is smaller: S3's headers have 8 KB, a presigned address holds a session token.
MOST_TARGET_BYTES = 32 * 1024
MOST_HEAD_BYTES = 64 * 1024
# S3 takes more in one piece; a Lambda's zip, the largest thing that anybody sends here, is smaller.
MOST_BODY_BYTES = 300 * 1024 * 1024
_CONTINUE = "100-continue"


class WholeRequest(NamedTuple):
    """A request that has come whole, and whether its connection stays open behind the answer."""

    request: Request
    is_kept: bool


class RequestReader:
    """Reads the requests of one connection.

    Attributes:
        whole: Requests that are complete, in their order.
        head: A request whose body is still to come; its own body is empty.
        refused: The status to answer with before the connection ends; 0: all is well. What came whole before
            is answered first.
    """

    def __init__(self, client: str, most_body_bytes: int = MOST_BODY_BYTES) -> None:
        self.whole: deque[WholeRequest] = deque()
        self.head: Request | None = None
        self.refused = 0
        self._client = client
        self._most_body_bytes = most_body_bytes
        self._parser = HttpRequestParser(self)
        self._head_bytes = 0
        self._is_kept = False
        self._asks_leave = False
        self._clear()

    @property
    def is_between(self) -> bool:
        """Whether nothing of a next request has come yet."""
        return self.head is None and not self._is_begun and not self._head_bytes

    def take_leave(self) -> bool:
        """Say, once a request, whether the client waits for leave to send its body."""
        asks, self._asks_leave = self._asks_leave, False
        return asks

    @property
    def body_bytes(self) -> int:
        """How much of the body of ``head`` has come."""
        return self._body_bytes

    def feed(self, data: bytes) -> None:
        """Take what came; never raises."""
        if self.head is None:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            # An answer in HTTP/1.1 declines the offer. llhttp is done here, what follows is a request.
            self._parser = HttpRequestParser(self)
            rest = data[upgrade.args[0] :]
            if rest and not self.refused:
                self.feed(rest)
        except HttpParserError:
            self.refused = self.refused or 400
        if self.head is None and self._head_bytes > MOST_HEAD_BYTES:
            self.refused = self.refused or (431 if self._url_is_read else 414)

    # ------------------------------------------------------------ what llhttp calls

    def on_message_begin(self) -> None:
        self._clear()
        self._is_begun = True

    def _clear(self) -> None:
        self._is_begun = False
        self._asks_leave = False
        self._url = b""
        self._url_is_read = False
        self._headers: dict[str, str] = {}
        self._named_bytes = 0
        self._pieces: list[bytes] = []
        self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._url += url
        if len(self._url) > MOST_TARGET_BYTES:
            self.refused = self.refused or 414

    def on_header(self, name: bytes, value: bytes) -> None:
        self._url_is_read = True
        if self.head is not None:
            # Behind a chunked body; nobody asked for trailers, and they must not change what was read.
            return
        self._named_bytes += len(name) + len(value) + len(b": \r\n")
        if self._named_bytes > MOST_HEAD_BYTES:
            self.refused = self.refused or 431
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")
        if key in self._headers:
            text = f"{self._headers[key]}{'; ' if key == 'cookie' else ', '}{text}"
            if key == "host":
                self.refused = self.refused or 400
        self._headers[key] = text

    def on_headers_complete(self) -> None:
        self._head_bytes = 0
        parser, headers = self._parser, self._headers
        self.refused = self.refused or self._fault()
        path, _, query = self._url.decode("latin-1").partition("?")
        method = parser.get_method().decode("latin-1")
        self.head = Request(method, path, query, headers, b"", self._client)
        self._is_kept = parser.should_keep_alive()
        self._asks_leave = "expect" in headers

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._body_bytes > self._most_body_bytes:
            self.refused = self.refused or 413
        if not self.refused:
            self._pieces.append(body)

    def on_message_complete(self) -> None:
        if self.head is not None and not self.refused:
            request = self.head._replace(body=b"".join(self._pieces)) if self._pieces else self.head
            self.whole.append(WholeRequest(request, self._is_kept))
        self._clear()
        self.head = None

    def _fault(self) -> int:
        """Give the status of what llhttp lets pass: 0 where nothing is wrong."""
        headers, version = self._headers, self._parser.get_http_version()
        coding = headers.get("transfer-encoding")
        if not self._url.startswith(b"/") or version not in ("1.0", "1.1"):
            return 400
        if coding is not None and (coding.lower() != "chunked" or version == "1.0"):
            return 501 if version == "1.1" else 400
        if version == "1.1" and "host" not in headers:
            return 400
        length = headers.get("content-length", "0")
        if self._parser.should_upgrade() and (coding is not None or length.strip("0")):
            # llhttp takes such a body for the next request.
            return 400
        if headers.get("expect", _CONTINUE).lower() != _CONTINUE:
            return 417
        return 413 if int(length) > self._most_body_bytes else 0
