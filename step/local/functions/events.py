"""Asynchronous invocations: acknowledged when written, run at least once, tried again where they fail.

AWS: Lambda developer guide, "How Lambda handles errors and retries with asynchronous invocation": two more
attempts, after one and two minutes.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread, Timer

from step.local.entropy import new_uuid
from step.local.functions.archives import write_whole

_log = logging.getLogger("step.local.functions")
_THREADS = 8
_WAIT_SECONDS = 60.0


class Events:
    """Events in a folder, a file each until they are done.

    Args:
        folder: Where they wait; what waits there already is run now.
        run: Runs a function (ARN, payload); False: it failed.
        retries: Says how often a function is tried again.
    """

    def __init__(
        self,
        folder: Path,
        run: Callable[[str, bytes], bool],
        retries: Callable[[str], int],
        *,
        is_synced: bool = False,
    ) -> None:
        self._folder = folder
        self._run = run
        self._retries = retries
        self._is_synced = is_synced
        self._lock = Lock()
        self._queue: SimpleQueue[tuple[Path, int] | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._timers: set[Timer] = set()
        self._is_closed = False
        for file in sorted(folder.glob("*.json")):
            self._enqueue(file, 0)

    def put(self, arn: str, event: bytes) -> str:
        """Keep an event and run it soon; give its id.

        Raises:
            OSError: it couldn't be kept.
        """
        key = new_uuid()
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"{key}.json"
        document = json.dumps({"arn": arn, "event": event.decode("utf-8", "replace")})
        write_whole(file, document.encode(), is_synced=self._is_synced)
        self._enqueue(file, 0)
        return key

    def close(self) -> None:
        """Begin no more of them."""
        with self._lock:
            self._is_closed = True
            timers, threads = list(self._timers), len(self._threads)
        for timer in timers:
            timer.cancel()
        for _ in range(threads):
            self._queue.put(None)

    def _enqueue(self, file: Path, attempt: int) -> None:
        with self._lock:
            if self._is_closed:
                return
            self._queue.put((file, attempt))
            if len(self._threads) < _THREADS:
                thread = Thread(target=self._work, name="step-lambda-events", daemon=True)
                self._threads.append(thread)
                thread.start()

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            file, attempt = item
            try:
                self._attempt(file, attempt)
            except Exception:  # whatever a function or the disk did, the next event is run
                _log.exception("asynchronous invocation %s", file.stem)

    def _attempt(self, file: Path, attempt: int) -> None:
        document = json.loads(file.read_text("utf-8"))
        arn = document["arn"]
        is_done = self._run(arn, document["event"].encode())
        if self._is_closed and not is_done:
            return
        if is_done or attempt >= self._retries(arn):
            with contextlib.suppress(FileNotFoundError):
                file.unlink()
            return
        self._later(file, attempt + 1)

    def _later(self, file: Path, attempt: int) -> None:
        timer = Timer(_WAIT_SECONDS * attempt, self._enqueue, (file, attempt))
        timer.daemon = True
        with self._lock:
            self._timers = {one for one in self._timers if one.is_alive()} | {timer}
            if not self._is_closed:
                timer.start()
