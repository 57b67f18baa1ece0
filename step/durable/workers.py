"""The threads that do tasks' work, read distributed Maps' items and write their results.

Knows neither the journal nor the lock: what comes of a call is handed to whoever asked for it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from step.durable.live import Live
from step.engine.frames import ExecutionInfo
from step.engine.vocabulary import Input, ReadItems, StartTask, TaskFailed, WriteResults
from step.errors import StepError
from step.runtime.virtual import Items

# Does a task's work in a thread of the pool; gives what to tell the kernel, in order. An empty list: somebody
# will answer the task's token, or poll the activity.
Work = Callable[[StartTask, ExecutionInfo], list[Input]]
_log = logging.getLogger("step.durable")


class Returned(NamedTuple):
    """The return of a task's call, or of a read or write of items."""

    live: Live
    op: int
    answers: list[Input]


_Job = Callable[[], Returned]


class _Mine(threading.local):
    """What a thread of the pool does next by itself, while it hands over what it has done."""

    is_handing_over = False
    job: _Job | None = None


class Workers:
    """A pool of threads. ``put`` is given what comes of a call, in the thread that made it."""

    def __init__(
        self, work: Work, items: Items | None, put: Callable[[Returned], None], threads: int
    ) -> None:
        # Writes of results that an earlier process did, by Map Run: they are done again before the next one.
        self.earlier: dict[str, list[WriteResults]] = {}
        self._work = work
        self._items = items
        self._put = put
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="step-task")
        self._mine = _Mine()
        self._is_closed = False

    def close(self) -> None:
        """Begin nothing more; what runs is left alone."""
        self._is_closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def do(self, live: Live, command: StartTask | ReadItems | WriteResults, *, is_alone: bool) -> None:
        """Have a task's work done, items read, or results written; ``is_alone``: nothing else goes on."""
        if isinstance(command, StartTask):
            job: _Job = partial(self._do_work, live, command)
        else:
            job = partial(self._run_errand, live, command)
        if is_alone and self._mine.is_handing_over:
            # What follows from a thread's own work it does itself: to wake another one takes longer.
            self._mine.job = job
        else:
            self._pool.submit(self._run, job)

    def _run(self, job: _Job | None) -> None:
        mine = self._mine
        while job is not None and not self._is_closed:
            returned = job()
            mine.is_handing_over, mine.job = True, None
            try:
                self._put(returned)
            finally:
                mine.is_handing_over = False
            job, mine.job = mine.job, None

    def _do_work(self, live: Live, task: StartTask) -> Returned:
        try:
            answers = self._work(task, live.info)
        except Exception as error:  # a worker is foreign code
            _log.exception("%s: state %r", live.info.arn, task.state)
            answers = [TaskFailed(task.op, "States.Runtime", f"{type(error).__name__}: {error}")]
        return Returned(live, task.op, answers)

    def _run_errand(self, live: Live, command: ReadItems | WriteResults) -> Returned:
        return Returned(live, command.op, [self._errand(command)])

    def _errand(self, command: ReadItems | WriteResults) -> Input:
        is_read = isinstance(command, ReadItems)
        name = "States.ItemReaderFailed" if is_read else "States.ResultWriterFailed"
        if self._items is None:
            return TaskFailed(command.op, name, f"state {command.state!r}: there is no store of objects")
        try:
            if isinstance(command, ReadItems):
                return self._items.read(command)
            for before in self.earlier.pop(command.run, ()):
                self._items.write(before)
            return self._items.write(command)
        except Exception as error:  # a store of objects is foreign code
            if not isinstance(error, StepError):
                _log.exception("state %r", command.state)
            return TaskFailed(command.op, name, str(error) or type(error).__name__)
