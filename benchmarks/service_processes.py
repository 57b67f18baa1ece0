"""The processes that are measured: ``step serve``, MiniStack, and a server that only answers.

Ends those it started, and no other.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep

ROOT = Path(__file__).parents[1]
# Where the peers are installed: they pin what they need.
PEERS = ROOT / "build" / "bench"
_START_SECONDS = 30.0
BARE = """
from step.local.http import Response
from step.local.http_server import Server
server = Server(lambda request: Response(200, {"Content-Type": "application/json"}, b"{}"))
server.start()
print(server.port, flush=True)
input()
"""


class Service:
    """A running process that answers at an endpoint."""

    def __init__(self, endpoint: str, process: subprocess.Popen[str], seconds: float) -> None:
        self.endpoint = endpoint
        self.pid = process.pid
        # How long it took from the start of the process to the first word.
        self.start_seconds = seconds

    @property
    def resident_bytes(self) -> int:
        """Say how much memory the process has."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    @property
    def threads(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/task"))


@contextmanager
def step_serve(store: Path, *options: str) -> Iterator[Service]:
    """Run ``step serve`` on a store."""
    command = [Path(sys.executable).with_name("step"), "serve", "--port", "0", "--output", "json"]
    with process([*map(str, command), "--store", str(store), *options], os.environ) as running:
        begun = perf_counter()
        about = json.loads(_first_line(running))
        yield Service(about["endpoint"], running, perf_counter() - begun)


@contextmanager
def ministack() -> Iterator[Service]:
    """Run MiniStack on a free port."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    quiet = {**os.environ, "GATEWAY_PORT": str(port), "LOG_LEVEL": "ERROR"}
    with process([str(PEERS / "bin" / "ministack")], quiet) as running:
        begun = perf_counter()
        while perf_counter() - begun < _START_SECONDS:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                sleep(0.02)
        yield Service(f"http://127.0.0.1:{port}", running, perf_counter() - begun)


@contextmanager
def bare_server() -> Iterator[Service]:
    """Run the service's own server with nothing behind it."""
    with process([sys.executable, "-c", BARE], os.environ) as running:
        begun = perf_counter()
        yield Service("http://127.0.0.1:" + _first_line(running).strip(), running, perf_counter() - begun)


def peer_output(program: Path, *arguments: str) -> str:
    """Run a program with the peers' interpreter; return what it prints."""
    command = [str(PEERS / "bin" / "python"), str(program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout


@contextmanager
def process(
    command: list[str], environment: Mapping[str, str] = os.environ
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r}: ended before it was ready")
    return line
