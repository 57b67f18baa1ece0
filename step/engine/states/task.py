"""Task: work that something outside does.

Pure: no clock, no IO: the kernel asks for work by a command and hears of it by inputs.
Spec: ASL "Task State".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from step.engine.frames import Frame, Timer, Turn
from step.engine.history import PLAIN
from step.engine.requests import check_request, request_of
from step.engine.resources import Resource
from step.engine.states.work import WorkState
from step.engine.vocabulary import StartTask
from step.errors import StateError, StateFailure
from step.jsonvalue import JSONValue

Seconds = Callable[[JSONValue, Frame], "int | None"]
_new = tuple.__new__
TIMEOUT = StateError("States.Timeout")


class TaskLimits(NamedTuple):
    """How long an attempt may take, and how long between two heartbeats; None: no limit."""

    timeout: Seconds
    heartbeat: Seconds


class TaskState(WorkState):
    kind = "Task"

    def __init__(self, name: str, resource: Resource) -> None:
        super().__init__(name)
        self.resource = resource
        self.records = resource.records
        self._waits_for_token = resource.waits_for_token
        self._arn = resource.arn
        self._done = self.records.done
        # Observed: a result that is too large is told of the resource, not of the state.
        self._owner = resource.service or resource.arn
        # None: nothing is known of what its parameters must be.
        self._request = request_of(resource)
        self.payload: Callable[[JSONValue, Frame], JSONValue]
        self.credentials: Callable[[JSONValue, Frame], JSONValue] | None = None
        # Whether the task is given the state's input, with nothing else to be evaluated or limited.
        self.gives_input = False
        # Whether the state's output is the task's result, with nothing selected, placed or assigned.
        self.gives_result = False
        # None: neither TimeoutSeconds nor HeartbeatSeconds.
        self.limits: TaskLimits | None = None

    def enter(self, turn: Turn, frame: Frame) -> bool:
        if not self.gives_input:
            return super().enter(turn, frame)
        frame.retries = {}
        frame.retry_count = 0
        value, records = frame.value, self.records
        turn.begin(frame, (records.begun, self.resource, self.name, value), 1 + records.scheduled_events)
        op, name = turn.open_op(frame), self.name
        number = turn.invocations.get(name, 0)
        turn.invocations[name] = number + 1
        turn.start_work(
            frame, _new(StartTask, (op, name, self._arn, value, 0, None, None, frame.path, number))
        )
        return False

    def attempt(self, turn: Turn, frame: Frame) -> bool:
        op = turn.open_op(frame)
        timeout = heartbeat = None
        try:
            if self._waits_for_token:
                frame.token = turn.token(op)
            payload = self.payload(frame.value, frame)
            if self._request is not None:
                check_request(self._request, payload)
            if payload is not frame.value:
                turn.measure(payload, self.name)
            credentials = self.credentials(frame.value, frame) if self.credentials is not None else None
            if self.limits is not None:
                timeout = self.limits.timeout(frame.value, frame)
                heartbeat = self.limits.heartbeat(frame.value, frame)
        except StateFailure as failure:
            return self.fell(turn, frame, failure)
        row = (self.records.scheduled, self.resource, payload, timeout, heartbeat, credentials)
        turn.log(frame, row, self.records.scheduled_events)
        if timeout is not None:
            turn.start_timer(frame, turn.now + timeout * 1000, Timer.TIMEOUT)
        if heartbeat is not None:
            frame.heartbeat_at = turn.now
            frame.heartbeat_ms = heartbeat * 1000
            turn.start_timer(frame, turn.now + heartbeat * 1000, Timer.HEARTBEAT)
        number = turn.invocations.get(self.name, 0)
        turn.invocations[self.name] = number + 1
        turn.start_work(
            frame,
            StartTask(
                op,
                self.name,
                self._arn,
                payload,
                frame.retry_count,
                frame.token,
                credentials,
                frame.path,
                number,
            ),
        )
        return False

    def timed(self, turn: Turn, frame: Frame, what: Timer) -> bool:
        if what is Timer.RETRY:
            return super().timed(turn, frame, what)
        due = frame.heartbeat_at + frame.heartbeat_ms
        if what is Timer.HEARTBEAT and turn.now < due:
            turn.start_timer(frame, due, Timer.HEARTBEAT)
            return False
        turn.drop_op(frame)
        turn.log(frame, (self.records.timed_out, self.resource, TIMEOUT))
        # Observed: a missed heartbeat is recorded as a timeout. Spec: it has a name of its own to match.
        matched_as = "States.HeartbeatTimeout" if what is Timer.HEARTBEAT else None
        return self.broke(turn, frame, TIMEOUT, matched_as=matched_as)

    def started(self, turn: Turn, frame: Frame, worker: str | None) -> None:
        turn.log(frame, (self.records.started, self.resource, worker))
        frame.heartbeat_at = turn.now

    def submitted(self, turn: Turn, frame: Frame, output: JSONValue) -> None:
        turn.log(frame, (self.records.submitted, self.resource, output))

    def succeeded(self, turn: Turn, frame: Frame, output: JSONValue) -> bool:
        try:
            size = turn.measure(output, self._owner)
        except StateFailure as failure:
            # Observed: as the task's own failure this one is caught by States.ALL; the documentation
            # says that nothing catches it.
            return self.failed(turn, frame, failure.error)
        if self.gives_result:
            frame.op, frame.token = 0, None
            turn.leave_done(
                frame, self.following, output, size, (self._done, self.resource, self.name, output)
            )
            return True
        turn.log(frame, (self.records.succeeded, self.resource, output))
        return self.complete(turn, frame, output)

    def failed(self, turn: Turn, frame: Frame, error: StateError) -> bool:
        turn.log(frame, (self.records.failed, self.resource, error))
        return self.broke(turn, frame, error)

    def aborted(self, turn: Turn, frame: Frame) -> None:
        turn.log(frame, (PLAIN, "TaskStateAborted"))
