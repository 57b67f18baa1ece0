"""Requests out of bytes: what is read, and what could be read in two ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from step.local.http_reader import RequestReader

GET = b"GET /a%20b?c=d HTTP/1.1\r\nHost: here\r\n"
POST = b"POST / HTTP/1.1\r\nHost: here\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def read(data: bytes, *, size: int = 0) -> RequestReader:
    """Feed a reader, all at once or so many bytes at a time."""
    reader = RequestReader("127.0.0.1", most_body_bytes=1000)
    for start in range(0, len(data), size or len(data)):
        reader.feed(data[start : start + (size or len(data))])
    return reader


# What one reader takes for one request and another for two, or for another one. Spec: RFC 9112, sections 2.2,
# 3.2, 5.1, 5.2, 6.1, 6.3, 7.1, 11.2.
IN_TWO_WAYS = {
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    "two lengths that agree": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nab",
    "lengths in a list": POST + b"Content-Length: 2, 2\r\n\r\nab",
    "length and chunks": POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    "two codings": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "a coding behind a tab": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": CHUNKED.replace(b"1.1", b"1.0") + b"0\r\n\r\n",
    "a space before the colon": POST + b"Content-Length : 2\r\n\r\nab",
    "a signed length": POST + b"Content-Length: +2\r\n\r\nab",
    "an underscore in a length": POST + b"Content-Length: 0_2\r\n\r\nab",
    "no length": POST + b"Content-Length:\r\n\r\nab",
    "a length of 5,000 digits": POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nab",
    "two hosts": GET + b"Host: there\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "a folded line": GET + b"X: a\r\n b\r\n\r\n",
    "a folded first line": b"GET / HTTP/1.1\r\n Host: here\r\n\r\n",
    "bare line feeds": b"GET / HTTP/1.1\nHost: here\n\n",
    "one bare line feed": GET + b"X: a\nY: b\r\n\r\n",
    "a bare line feed at the end": GET + b"\n",
    "a bare carriage return": GET + b"X: a\rY: b\r\n\r\n",
    "a NUL in a value": GET + b"X: a\0b\r\n\r\n",
    "a NUL in a name": GET + b"X\0: a\r\n\r\n",
    "a NUL in the path": b"GET /\0 HTTP/1.1\r\nHost: here\r\n\r\n",
    "a name with a space": GET + b"X Y: a\r\n\r\n",
    "a line without a colon": GET + b"X\r\n\r\n",
    "another host in the target": b"GET http://there/ HTTP/1.1\r\nHost: here\r\n\r\n",
    "no path": b"GET * HTTP/1.1\r\nHost: here\r\n\r\n",
    "a tunnel": b"CONNECT here:1 HTTP/1.1\r\nHost: here\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a negative chunk": CHUNKED + b"-2\r\nab\r\n0\r\n\r\n",
    "a prefixed chunk": CHUNKED + b"0x2\r\nab\r\n0\r\n\r\n",
    "a chunk of 17 digits": CHUNKED + b"f" * 17 + b"\r\nab",
    "a chunk that is longer": CHUNKED + b"2\r\nabc\r\n0\r\n\r\n",
    "a chunk with a bare line feed": CHUNKED + b"2\nab\r\n0\r\n\r\n",
    "a length behind the chunks": CHUNKED + b"0\r\nContent-Length: 5\r\n\r\n",
    "a body behind an upgrade": POST + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nab",
}


@pytest.mark.parametrize("data", IN_TWO_WAYS.values(), ids=IN_TWO_WAYS.keys())
@pytest.mark.parametrize("size", [0, 1])
def test_what_could_be_read_in_two_ways_is_no_request(data: bytes, size: int) -> None:
    reader = read(data, size=size)

    assert reader.refused == 400
    assert not reader.whole


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (POST + b"Content-Length: 1001\r\n\r\n", 413),
        (CHUNKED + b"3e9\r\n" + b"x" * 1001 + b"\r\n", 413),
        (b"GET /" + b"x" * 40_000, 414),
        (b"GET /" + b"x" * 70_000, 414),
        (GET + b"X: " + b"x" * 70_000, 431),
        (GET + b"X: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (GET + b"X: y\r\n" * 20_000, 431),
        (b"\r\n" * 40_000, 414),
        (POST + b"Expect: a-miracle\r\n\r\n", 417),
        (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    ],
)
def test_what_is_too_much_is_refused_with_its_own_status(data: bytes, status: int) -> None:
    reader = read(data, size=10_000)

    assert reader.refused == status
    assert not reader.whole


@given(st.integers(1, 400))
def test_it_makes_no_difference_how_bytes_come(size: int) -> None:
    data = GET + b"X-Name: \tme \r\nx-name: you\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n\r\n"
    data += POST + b"Content-Length: 3\r\n\r\nabc"
    data += CHUNKED + b"2;x=y\r\nde\r\n1\r\nf\r\n0\r\nHost: there\r\nX-Name: they\r\n\r\n"
    data += GET + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    data += GET.replace(b"1.1", b"1.0") + b"\r\n"

    reader = read(data, size=size)

    assert reader.refused == 0
    assert reader.is_between
    found = [
        (one.request.method, one.request.path, one.request.query, one.request.body) for one in reader.whole
    ]
    get, post = ("GET", "/a%20b", "c=d", b""), ("POST", "/", "")
    assert found == [get, (*post, b"abc"), (*post, b"def"), get, get]
    assert reader.whole[0].request.headers == {"host": "here", "x-name": "me, you", "cookie": "a=1; b=2"}
    assert reader.whole[2].request.headers == {"host": "here", "transfer-encoding": "chunked"}
    assert [one.is_kept for one in reader.whole] == [True, True, True, True, False]


def test_what_came_whole_before_a_mistake_is_there() -> None:
    reader = read(GET + b"\r\nnonsense")

    assert [one.request.path for one in reader.whole] == ["/a%20b"]
    assert reader.refused == 400


@given(st.binary(max_size=200), st.integers(0, 5))
def test_no_bytes_break_it(noise: bytes, at: int) -> None:
    parts = [
        b"POST ",
        b"/ HTTP/1.1\r\n",
        b"Host: here\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n",
        b"0\r\n\r\n",
    ]

    reader = read(b"".join([*parts[:at], noise, *parts[at:]]), size=7)

    assert reader.refused in (0, 400, 417, 501)
