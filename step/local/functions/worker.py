"""A process that runs one version of a function, invocation after invocation.

Knows processes and the Runtime API; nothing of versions, aliases or accounts. Whoever invokes it does the
waiting: a worker has no thread.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import IO, NamedTuple, cast

from step.clock import now_ms
from step.local.functions.runtime_api import Asked, RuntimeApi

# AWS: Lambda developer guide, "Init phase": at most ten seconds.
INIT_SECONDS = 10.0
_PATIENCE_SECONDS = 2.0
_DRAIN_BYTES = 1 << 16


class Launch(NamedTuple):
    """How to start a worker.

    Attributes:
        name: What its log stream is called.
        command: The runtime client with the handler's name.
        folder: The function's code.
        environment: All of it but ``AWS_LAMBDA_RUNTIME_API``.
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]


class Event(NamedTuple):
    """An invocation: its id, payload, headers of the Runtime API, and seconds until its time is over."""

    id: str
    payload: bytes
    headers: Mapping[str, str]
    timeout_seconds: float


class WorkerOutcome(NamedTuple):
    """How an invocation ended.

    Attributes:
        kind: "response" or "error" (the function's own), "init/error", "exit" or "timeout".
        body: What the function said; of an exit, in words, how the process ended.
        log: What it wrote.
        duration_ms: How long it took.
        init_ms: How long the process took to get ready, where this was its first invocation.
    """

    kind: str
    body: bytes
    log: bytes
    duration_ms: int
    init_ms: int | None


class Worker:
    """A process. One invocation at a time."""

    def __init__(self, launch: Launch) -> None:
        self.name = launch.name
        self._is_closed = False
        # Held by who waits for the process: what is waited for isn't closed meanwhile.
        self._waiting = Lock()
        self._api = RuntimeApi()
        self._log = bytearray()
        self._started_ms: int | None = now_ms()
        try:
            self._process = subprocess.Popen(
                launch.command,
                cwd=launch.folder,
                env={**launch.environment, "AWS_LAMBDA_RUNTIME_API": self._api.address},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # As on AWS, whatever the service's own is.
                umask=0o022,
            )
        except BaseException:
            self._api.close()
            raise
        self._output = cast(IO[bytes], self._process.stdout)
        os.set_blocking(self._output.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._output, selectors.EVENT_READ)
        self._heard: set[socket.socket] = set()

    @property
    def is_alive(self) -> bool:
        """Whether it can be invoked (again)."""
        return self._process.poll() is None

    def invoke(self, event: Event) -> WorkerOutcome:
        """Run one invocation; after anything but "response" and "error" the worker is to be closed."""
        with self._waiting:
            return self._invoke(event)

    def _invoke(self, event: Event) -> WorkerOutcome:
        init_ms = None
        failure = self._until_ready()
        if self._started_ms is not None:
            init_ms, self._started_ms = now_ms() - self._started_ms, None
        begun_ms = now_ms()
        if failure is None:
            failure = self._run(event)
        duration_ms = now_ms() - begun_ms
        log, self._log = bytes(self._log), bytearray()
        return WorkerOutcome(failure.kind, failure.body, log, duration_ms, init_ms)

    def most_memory_mb(self) -> int | None:
        """Say how much memory the process used at most; None where the system doesn't tell."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text("ascii", "replace")
        except OSError:
            return None
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
        return None

    def close(self) -> None:
        """Kill the process and whatever it started; a second time does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        # Who waits for the process hears of its end, unless something outlived it that has its output.
        if self._waiting.acquire(timeout=_PATIENCE_SECONDS):
            self._selector.close()
            self._output.close()
            self._api.close()

    # ------------------------------------------------------------ waiting

    def _until_ready(self) -> Asked | None:
        """Wait until the process asks for an invocation; give what happened instead."""
        deadline_ms = now_ms() + int(INIT_SECONDS * 1000)
        while not self._api.is_awaited:
            for asked in self._wait(deadline_ms):
                if asked.kind != "next":
                    return asked
        return None

    def _run(self, event: Event) -> Asked:
        deadline_ms = now_ms() + int(event.timeout_seconds * 1000)
        try:
            self._api.give(event.id, event.payload, {**event.headers, **_deadline(deadline_ms)})
        except OSError:
            return self._ended()
        while True:
            for asked in self._wait(deadline_ms):
                if asked.kind in ("exit", "timeout") or asked.invocation == event.id:
                    self._drain()
                    return asked

    def _wait(self, deadline_ms: int) -> list[Asked]:
        """Wait for something to happen, at most until a moment."""
        left_ms = deadline_ms - now_ms()
        if left_ms <= 0:
            return [Asked("timeout", "", b"")]
        self._listen()
        keys = [key for key, _ in self._selector.select(left_ms / 1000)]
        found: list[Asked] = []
        for key in keys:
            if isinstance(key.fileobj, socket.socket):
                found += self._api.read(key.fileobj)
        is_over = any(key.fileobj is self._output for key in keys) and not self._drain()
        return [self._ended()] if is_over and not found else found

    def _listen(self) -> None:
        """Hear what the process may say something by; seldom anything changes."""
        sockets = set(self._api.sockets())
        if sockets != self._heard:
            for gone in self._heard - sockets:
                self._selector.unregister(gone)
            for new in sockets - self._heard:
                self._selector.register(new, selectors.EVENT_READ)
            self._heard = sockets

    def _drain(self) -> bool:
        """Take what the process wrote; False: it closed its output."""
        while True:
            try:
                data = os.read(self._output.fileno(), _DRAIN_BYTES)
            except BlockingIOError:
                return True
            if not data:
                return False
            self._log += data

    def _ended(self) -> Asked:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
        self._drain()
        code = self._process.poll()
        if code is not None and code < 0:
            how = f"signal: {_signal_name(-code)}"
        else:
            how = f"exit status {0 if code is None else code}"
        return Asked("exit", "", how.encode())


def _deadline(deadline_ms: int) -> dict[str, str]:
    return {"Lambda-Runtime-Deadline-Ms": str(deadline_ms)}


def _signal_name(number: int) -> str:
    """Name a signal as Go does, in which Lambda's supervisor is written."""
    words = {signal.SIGKILL: "killed", signal.SIGSEGV: "segmentation fault", signal.SIGABRT: "aborted"}
    return words.get(signal.Signals(number), signal.strsignal(number) or str(number)).lower()
