"""Bytes that are nearly requests, to a whole service over sockets: each is answered, none by a 500.

SOAK=1 sends 100,000.
"""

from __future__ import annotations

import os
import random
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.serving import ServeProcess

IS_SOAK = os.environ.get("SOAK") == "1"
ROUNDS = 100_000 if IS_SOAK else 600
# Longer than anything here takes on a busy machine, shorter than what the service waits for a dawdler.
HANG_SECONDS = 9.0
SIGNED = (
    "Authorization: AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, "
    "Signature=0"
)
JSON = "Content-Type: application/x-amz-json-1.0"
FORM = "Content-Type: application/x-www-form-urlencoded; charset=utf-8"
QUERY = "X-Amz-Credential=any/20260101/us-east-1/s3/aws4_request&X-Amz-Signature=0"
START = '{"stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:bread", "input": "{}"}'
# Line, headers, body: one of every way in.
SEEDS = [
    (
        "POST / HTTP/1.1",
        [SIGNED.format("states"), JSON, "X-Amz-Target: AWSStepFunctions.StartExecution"],
        START,
    ),
    (
        "POST / HTTP/1.1",
        [SIGNED.format("states"), JSON, "X-Amz-Target: AWSStepFunctions.ListExecutions"],
        START,
    ),
    ("POST / HTTP/1.1", [JSON, "X-Amz-Target: AWSStepFunctions.ListStateMachines"], "{}"),
    ("GET /2015-03-31/functions/?MaxItems=3 HTTP/1.1", [SIGNED.format("lambda")], ""),
    ("POST /2015-03-31/functions/f/invocations HTTP/1.1", [SIGNED.format("lambda")], '{"a": 1}'),
    ("GET /_functions/code/0a.zip?X-Amz-Signature=0 HTTP/1.1", [], ""),
    ("GET /bread HTTP/1.1", [SIGNED.format("s3")], ""),
    (f"GET /bread/key?{QUERY} HTTP/1.1", ["Range: bytes=0-3", "If-None-Match: x"], ""),
    ("PUT /bread/other HTTP/1.1", [SIGNED.format("s3"), "Expect: 100-continue", "x-amz-meta-a: b"], "rye"),
    ("POST /bread HTTP/1.1", ["Content-Type: multipart/form-data; boundary=x"], "--x\r\n\r\n--x--"),
    ("POST / HTTP/1.1", [SIGNED.format("sqs"), FORM], "Action=ListQueues&Version=2012-11-05"),
    (
        "POST / HTTP/1.1",
        [SIGNED.format("dynamodb"), JSON, "X-Amz-Target: DynamoDB_20120810.ListTables"],
        "{}",
    ),
    ("GET / HTTP/1.1", ["Accept: text/html"], ""),
    ("GET /_step/ HTTP/1.1", ["Sec-Fetch-Site: none"], ""),
    ("GET /_step/api/executions?limit=5&search=a HTTP/1.1", ["Sec-Fetch-Site: same-origin"], ""),
    ("GET /_step/api/execution?arn=x HTTP/1.1", [], ""),
    (
        "POST /_step/api/start HTTP/1.1",
        ["Content-Type: application/json", "X-Step-Action: 1", "Origin: http://localhost"],
        '{"machine": "x"}',
    ),
]
PIECES = [
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b" ",
        b"\t",
        b":",
        b"\r\n\r\n",
        b"%",
        b"%00",
        b"%ff",
        b"\xff",
        b"\xc3\xa9",
    ),
    *(
        b"0\r\n\r\n",
        b"5\r\nhello\r\n",
        b"ffffffffffffffff\r\n",
        b"-1\r\n",
        b"9" * 5000,
        b"x" * 70_000,
        b"/" * 300,
    ),
    *(b"&", b"=", b"?", b"#", b"..", b"//", b"{", b"[" * 3000, b'"', b"\\ud800", b"null", b"-1", b"1e999"),
]
HEADERS = [
    *("Content-Length: 5", "Content-Length: 0", "Content-Length : 5", "Content-Length: 99999999999999999999"),
    *("Content-Length: -1", "Content-Length: 1, 1", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip"),
    *("Transfer-Encoding : chunked", "Transfer-Encoding: chunked, chunked", "Host: evil.example", "Host:"),
    *("Host: bread.localhost", "Host: [::1", "Connection: close", "Connection: upgrade\r\nUpgrade: h2c"),
    *("Expect: 100-continue", "Expect: bread", "Origin: null", "Sec-Fetch-Site: cross-site", " folded"),
    *("Authorization: Bearer x", "Authorization: AWS a:b", "Authorization: AWS4-HMAC-SHA256 Credential="),
    *(
        "Content-Type: text/plain",
        "Content-Encoding: aws-chunked",
        "x-amz-content-sha256: STREAMING-",
        "a: b",
    ),
    *("x-amz-decoded-content-length: 5", "If-Modified-Since: never", "Range: bytes=9-", "Cookie: a=b; c"),
]


def request(chance: random.Random) -> bytes:
    """Make something that was a request before it was spoilt."""
    line, headers, body = chance.choice(SEEDS)
    lines = ["Host: localhost", *headers, f"Content-Length: {len(body)}"]
    for _ in range(chance.choice((0, 0, 1, 1, 2, 4))):
        match chance.randrange(4):
            case 0:
                lines.insert(chance.randrange(len(lines) + 1), chance.choice(HEADERS))
            case 1:
                del lines[chance.randrange(len(lines))]
                lines.append("a: b")
            case 2:
                lines[chance.randrange(len(lines))] = chance.choice(HEADERS)
            case _:
                method = chance.choice(
                    ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST", "CONNECT", "TRACE")
                )
                line = f"{method} {line.partition(' ')[2]}"
    data = "\r\n".join([line, *lines, "", body]).encode()
    for _ in range(chance.choice((0, 0, 0, 1, 1, 3))):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0:
                data = data[:at] + chance.choice(PIECES) + data[at:]
            case 1:
                data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
            case 2:
                data = data[:at] + data[at + chance.randrange(40) :]
            case _:
                data = data[:at]
    return data


def answers(port: int, data: bytes) -> list[int]:
    """Send it and end; give the statuses of everything that came back. Raises TimeoutError where it hangs."""
    with socket.create_connection(("127.0.0.1", port), timeout=HANG_SECONDS) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except (ConnectionError, OSError):
            # It was refused before it was sent: the answer is there.
            pass
        said = bytearray()
        try:
            while piece := connection.recv(65536):
                said += piece
        except ConnectionResetError:
            pass
    return [int(part[:3]) for part in bytes(said).split(b"HTTP/1.1 ")[1:] if part[:3].isdigit()]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServeProcess]:
    running = ServeProcess(tmp_path / "serve", "--clock", "virtual")
    client = running.client("s3")
    client.create_bucket(Bucket="bread")
    client.put_object(Bucket="bread", Key="key", Body=b"rye")
    yield running
    # How it ends is tested elsewhere; moto's leavings of so many requests take Python long to put away.
    running.kill()


def test_whatever_comes_is_answered_and_never_by_a_500(service: ServeProcess) -> None:
    port = int(service.endpoint.rpartition(":")[2])
    seed = random.randrange(1 << 32) if IS_SOAK else 7

    def one(number: int) -> list[int] | str:
        data = request(random.Random(seed + number))
        try:
            return answers(port, data) or "nothing"
        except TimeoutError:
            return f"hangs: {data[:2000]!r}"

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(one, range(ROUNDS)))

    counts = Counter(status for one in told if isinstance(one, list) for status in one)
    hanging = [one for one in told if isinstance(one, str) and one != "nothing"]
    if IS_SOAK:
        unanswered = told.count("nothing")
        print(
            f"\n{ROUNDS:,} requests, seed {seed}: {dict(sorted(counts.items()))}, {unanswered} empty", end=" "
        )
        print(f"{len(hanging)} hanging")
    assert hanging == []
    assert counts[500] == 0
    assert counts[200] > ROUNDS / 20
    # Nothing came back only where nothing was sent, or nothing but ends of lines.
    empty = [number for number, one in enumerate(told) if one == "nothing"]
    assert [
        data for data in (request(random.Random(seed + number)) for number in empty) if data.strip()
    ] == []
    assert service.client("stepfunctions").list_state_machines()["stateMachines"] == []
