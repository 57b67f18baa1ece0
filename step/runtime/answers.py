"""Answers to task tokens in virtual time: what a callback uses to end the task it was given.

Knows no AWS and no wall clock.
"""

from __future__ import annotations

from collections.abc import Callable

from step.engine.vocabulary import Heartbeat, Input, TaskFailed, TaskSucceeded
from step.jsonvalue import copy_json
from step.runtime.virtual import VirtualDriver


class TaskAnswers:
    """SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat, so many seconds of virtual time from now.

    Where several answers are due for one task the first one counts; one that comes too late changes nothing.

    Attributes:
        token: The token of the task that was given with it; answers go there unless told otherwise.
    """

    def __init__(self, driver: VirtualDriver, token: str) -> None:
        self.token = token
        self._driver = driver

    def success(self, output: object = None, *, after: float = 0, token: str | None = None) -> None:
        """End the task with a result; JSON."""
        result = copy_json(output)
        self._send(lambda op: TaskSucceeded(op, result), after, token)

    def failure(
        self,
        error: str | None = None,
        cause: str | None = None,
        *,
        after: float = 0,
        token: str | None = None,
    ) -> None:
        """Fail the task."""
        self._send(lambda op: TaskFailed(op, error, cause), after, token)

    def heartbeat(self, *, after: float = 0, token: str | None = None) -> None:
        """Say that the task is alive."""
        self._send(Heartbeat, after, token)

    def _send(self, make: Callable[[int], Input], after: float, token: str | None) -> None:
        driver, to = self._driver, token or self.token

        def send() -> None:
            driver.answer(to, make)

        driver.later(round(after * 1000), send)
