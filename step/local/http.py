"""What HTTP carries: requests and answers as values, and how the head of an answer is written.

No IO, knows no server: an application is a function from ``Request`` to ``Response``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from email.utils import formatdate
from http import HTTPStatus
from ipaddress import ip_address
from typing import NamedTuple

# Leave to send a body, where a client asked for it.
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_NO_BODY = frozenset({204, 304})
_BREAKS = re.compile(r"[\r\n\0]+")


class Request(NamedTuple):
    """What a client asked. ``path`` is as it was sent (percent-encoded), header names are in lower case.

    A header that came twice has both values, joined by a comma.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    client: str

    @property
    def is_from_page(self) -> bool:
        """Whether a browser says which page it is from."""
        return "origin" in self.headers or "sec-fetch-site" in self.headers


class Response(NamedTuple):
    """What to answer. A body of pieces (server-sent events, say) is sent as they come, until they end."""

    status: int
    headers: Mapping[str, str]
    body: bytes | Iterator[bytes] = b""


Application = Callable[[Request], Response]


def head_of(response: Response, *, is_kept: bool) -> bytes:
    """Write the status line and the headers of an answer.

    Args:
        is_kept: Whether the connection stays open; the end of a body of pieces is the connection's.
    """
    lines = [f"HTTP/1.1 {response.status} {_REASONS.get(response.status, '')}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    names = {name.lower() for name in response.headers}
    if "date" not in names:
        lines.append(f"Date: {formatdate(usegmt=True)}")
    if isinstance(response.body, bytes) and "content-length" not in names and response.status not in _NO_BODY:
        lines.append(f"Content-Length: {len(response.body)}")
    if not is_kept:
        lines.append("Connection: close")
    # A value that holds the end of a line would be read as a header of its own, or as an answer.
    text = "\r\n".join(_BREAKS.sub(" ", line) for line in lines)
    return f"{text}\r\n\r\n".encode("latin-1", "replace")


def is_loopback(name: str) -> bool:
    """Say whether an address, or the name localhost, is reached from this machine only."""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
