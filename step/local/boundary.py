"""Keeps a process's connections on this machine, but for the hosts that were allowed by name.

Stands alone, on the standard library: workers run it under any Python, in front of AWS's runtime client. It
keeps accidents from happening and is no sandbox: what a process starts, and libraries that do their own
networking in C, aren't seen.
"""

from __future__ import annotations

import contextlib
import fnmatch
import ipaddress
import socket
import sys
from collections.abc import Iterator, Sequence
from typing import Any

_LOOKS_UP = ("socket.getaddrinfo", "socket.gethostbyname")
_SENDS = ("socket.connect", "socket.sendto", "socket.sendmsg")
_EVENTS = frozenset((*_LOOKS_UP, *_SENDS))


class NotThisMachine(Exception):  # noqa: N818 - reads as the sentence it is
    """A connection to another machine that nobody allowed. No OSError: HTTP clients hide what those say."""


class Boundary:
    """Which hosts may be called: this machine, and those that patterns name (``*.example.com``)."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self._hosts = [host.lower().rstrip(".") for host in hosts]
        # Where the allowed hosts are, as far as they were looked up.
        self._found: set[str] = set()

    def refusal(self, host: str) -> str | None:
        """Say why a host can't be called, and what allows it; None: it can."""
        name = host.lower().rstrip(".")
        if _is_here(name) or name in self._found or self._is_named(name):
            return None
        return (
            f"{host} isn't this machine, and nothing else is called by accident: "
            f"step's option --allow-host {host} allows it"
        )

    def found(self, host: str, addresses: Iterator[str]) -> None:
        """Take note of where a host is."""
        if self._is_named(host.lower().rstrip(".")) or host == socket.gethostname():
            self._found.update(addresses)

    def _is_named(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self._hosts)


_active: list[Boundary] = []
_is_watching = False


@contextlib.contextmanager
def kept(boundary: Boundary) -> Iterator[None]:
    """Keep this process within a boundary, beside those it has."""
    _watch()
    _active.append(boundary)
    try:
        yield
    finally:
        _active.remove(boundary)


def _watch() -> None:
    global _is_watching
    if _is_watching:
        return
    _is_watching = True
    look_up = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **more: Any) -> Any:
        found = look_up(host, *arguments, **more)
        for boundary in _active:
            boundary.found(_text(host), (str(address[4][0]) for address in found))
        return found

    socket.getaddrinfo = getaddrinfo
    # A hook can't be taken away again; without a boundary it does nothing.
    sys.addaudithook(_check)


def _check(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _EVENTS or not _active:
        return
    if event in _LOOKS_UP:
        host = arguments[0]
    else:
        address = arguments[1]
        # A path, of a Unix socket; None, of one that is connected.
        if not isinstance(address, tuple) or not address:
            return
        host = address[0]
    if not isinstance(host, (str, bytes, bytearray)):
        return
    for boundary in _active:
        refusal = boundary.refusal(_text(host))
        if refusal is not None:
            raise NotThisMachine(refusal)


def _text(host: Any) -> str:
    return bytes(host).decode("ascii", "replace") if isinstance(host, (bytes, bytearray)) else str(host or "")


def _is_here(name: str) -> bool:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        own = ("", "localhost", socket.gethostname().lower())
        return name in own or name.endswith(".localhost")
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)


def main(words: list[str]) -> None:
    """Run AWS's runtime client within a boundary: HANDLER, then the allowed hosts."""
    program, handler, *hosts = words
    with kept(Boundary(hosts)):
        from awslambdaric.__main__ import main as serve

        serve([program, handler])


if __name__ == "__main__":
    main(sys.argv)
