"""Open task tokens, and the tasks of activities that wait for a worker.

An index of what executions have open, for those who know a token or an activity and no execution. Knows
nothing of the journal or of threads.
"""

from __future__ import annotations

from collections import deque

from step.durable.live import Live
from step.engine.vocabulary import OpenWork, StartTask


def is_activity(task: StartTask) -> bool:
    """Whether workers ask for the task."""
    return ":activity:" in task.resource


def is_nested(task: StartTask) -> bool:
    """Whether the task waits for the end of another execution."""
    return ":states:startExecution.sync" in task.resource


class Tokens:
    """Whose task a token answers; which tasks an activity has."""

    def __init__(self) -> None:
        self._owners: dict[str, tuple[Live, int]] = {}
        # How many of them are answered by the end of another execution of this host.
        self._own = 0
        # Tasks that nobody has taken, by activity ARN, oldest first; some may be open no longer.
        self._offered: dict[str, deque[tuple[Live, int]]] = {}

    @property
    def are_awaited(self) -> bool:
        """Whether somebody outside is to answer a task: that takes real time."""
        return len(self._owners) > self._own

    def open(self, live: Live, task: StartTask) -> None:
        """Let a task be answered."""
        if task.token is not None and task.token not in self._owners:
            self._owners[task.token] = (live, task.op)
            self._own += is_nested(task)

    def close(self, work: OpenWork) -> None:
        """Let nobody answer a task any more."""
        task = work.command
        if isinstance(task, StartTask) and task.token in self._owners:
            del self._owners[task.token]
            self._own -= is_nested(task)

    def owner(self, token: str) -> tuple[Live, int] | None:
        """Say whose open task a token answers; None: it isn't open."""
        return self._owners.get(token)

    def offer(self, live: Live, task: StartTask) -> None:
        """Let a worker have an activity's task."""
        self._offered.setdefault(task.resource, deque()).append((live, task.op))

    def next_of(self, activity: str) -> tuple[Live, StartTask] | None:
        """Find the oldest task of an activity that nobody has taken."""
        offered = self._offered.get(activity)
        while offered:
            live, op = offered[0]
            work = live.kernel.ops.get(op)
            if work is not None and isinstance(work.command, StartTask):
                return live, work.command
            offered.popleft()
        return None

    def take(self, activity: str) -> None:
        """Take what ``next_of`` has found."""
        self._offered[activity].popleft()
