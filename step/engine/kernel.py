"""The interpreter: inputs in, commands and history out.

Pure: no clock, no IO, no thread; the same inputs give the same commands and the same history. A driver gives
it time with every input and carries out its commands; ``wake_at`` says when it wants ``TimePassed`` next.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from heapq import heappop, heappush
from typing import Any, Literal, Self

from step.asl.model import Retrier
from step.asl.retry import delay_ms
from step.engine import history
from step.engine.frames import FATAL, ExecutionInfo, Frame, Group, Op, State, Timer
from step.engine.history import History, Row, Written
from step.engine.program import Program
from step.engine.quotas import TURN_BUDGET, Quotas
from step.engine.switches import HISTORY_AS_AWS
from step.engine.vocabulary import (
    CancelTask,
    Command,
    Continue,
    Fault,
    Heartbeat,
    Input,
    ItemsRead,
    MapRunUpdated,
    Redrive,
    Start,
    Stop,
    TaskFailed,
    TaskStarted,
    TaskSubmitted,
    TaskSucceeded,
    TimePassed,
)
from step.errors import StateError, StateFailure
from step.jsonvalue import MAX_DEPTH, JSONValue, is_deeper, size_bytes, to_text

Status = Literal["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
UNLIMITED = float("inf")
# Of a value that nobody has measured: above every limit, and no infinity, which times 0 is no number and then
# above nothing.
_UNKNOWN_SIZE = 1e300
ENDLESS = 1 << 60


class HistoryFull(Exception):  # noqa: N818 - a signal inside the kernel
    """The next event would be the last one that fits."""


class Kernel:
    """One execution of a program."""

    __slots__ = (
        "_budget",
        "_last_op",
        "_last_timer",
        "_measured",
        "_size",
        "commands",
        "count",
        "error",
        "fault",
        "info",
        "invocations",
        "marked_at",
        "now",
        "ops",
        "output",
        "payload_limit",
        "program",
        "quotas",
        "ready",
        "room",
        "root",
        "rows",
        "status",
        "timers",
    )

    def __init__(self, program: Program, info: ExecutionInfo, quotas: Quotas | None) -> None:
        self.program = program
        self.info = info
        self.quotas = quotas
        self.payload_limit: float = quotas.payload_bytes if quotas else UNLIMITED
        # The last event that fits is kept for the end of the execution.
        self.room = quotas.history_events - 1 if quotas else ENDLESS
        self.rows: list[Written] = []
        self.count = 0
        self.now = info.start_ms
        self.marked_at = -1
        self.status: Status = "RUNNING"
        self.output: JSONValue = None
        self.error: StateError | None = None
        # What broke inside step; the execution is in no state to go on until a Fault ends it.
        self.fault: Exception | None = None
        self.ready: deque[Frame] = deque()
        self.root: Frame
        # What is open: work that was asked for and hasn't ended.
        self.ops: dict[int, Op] = {}
        # How often each Task state has been given out as work.
        self.invocations: dict[str, int] = {}
        # (at, order, op, frame, what); op 0: the whole execution's.
        self.timers: list[tuple[int, int, int, Frame, Timer]] = []
        self.commands: list[Command] = []
        self._last_op = 0
        self._last_timer = 0
        # The value measured last, which most often is the one measured next.
        self._measured: JSONValue = None
        self._size: float = 0
        self._budget = 0

    # ------------------------------------------------------------ for drivers

    def handle(self, item: Input, now: int) -> list[Command]:
        """Take one input at the time ``now`` (ms); return what is to be done. Late answers are ignored.

        Never raises: where step itself is at fault, ``fault`` says so, nothing is to be done, and the
        execution takes nothing but the Fault that ends it.
        """
        self.now = now
        if self.fault is not None and type(item) is not Fault:
            return []
        if self.status == "RUNNING" or type(item) is Redrive:
            try:
                # A deadline that has passed comes before an answer; at the same instant the answer wins.
                timers = self.timers
                if timers and timers[0][0] < now:
                    self._fire(now - 1)
                _APPLY[type(item)](self, item)
                if timers and timers[0][0] <= now:
                    self._fire(now)
                self._run()
            except HistoryFull:
                self._fail_by_quota()
            except Exception as fault:
                self.fault = fault
                self.commands = []
        timers = self.timers
        while timers and timers[0][2] and timers[0][3].op != timers[0][2]:
            heappop(timers)
        commands = self.commands
        self.commands = []
        return commands

    @property
    def wake_at(self) -> int | None:
        """The time (ms) at which the kernel wants to hear of time passing; None: it has no timer."""
        return self.timers[0][0] if self.timers else None

    @property
    def only_quota_wakes(self) -> bool:
        """Whether nothing but the longest duration of any execution would end this one."""
        return not self.timers or self.timers[0][4] is Timer.QUOTA

    def next_of(self, what: Timer) -> int | None:
        """The time (ms) at which a timer of this kind goes off next; None: none is set."""
        return min(
            (at for at, _, op, frame, kind in self.timers if kind is what and frame.op == op), default=None
        )

    @property
    def is_busy(self) -> bool:
        """Whether the turn ran out of its budget: send Continue."""
        return bool(self.ready) and self.fault is None

    def fork(self) -> Self:
        """Copy the execution as it stands, without the history that it has had.

        From here on both are on their own; values are shared. What drives the work that is open
        (``OpenWork.child``, ``held``) is the same for both.
        """
        twin = type(self)(self.program, self.info, self.quotas)
        twin.count, twin.room, twin.now = self.count, self.room, self.now
        twin.status, twin.output, twin.error, twin.fault = self.status, self.output, self.error, self.fault
        twin.invocations = self.invocations.copy()
        twin._last_op, twin._last_timer = self._last_op, self._last_timer
        if self.count:
            twins: dict[Frame, Frame] = {}
            twin.root = self.root.fork(None, twins)
            twin.ready.extend(twins[frame] for frame in self.ready)
            twin.ops = {number: op.fork(twins[op.frame]) for number, op in self.ops.items()}
            # Those that nobody waits for stay behind; a sorted list is a heap.
            live = sorted(timer for timer in self.timers if not timer[2] or timer[3].op == timer[2])
            twin.timers = [(at, order, op, twins[frame], what) for at, order, op, frame, what in live]
        return twin

    @property
    def history(self) -> History:
        return History(self.rows, self.count)

    # ------------------------------------------------------------ inputs

    def _start(self, item: Start) -> None:
        self.rows.append((None, self.now, 0))
        self.rows.append((history.STARTED, item.input, self.info.role_arn))
        self.marked_at = self.now
        self.count = 1
        # Of an unknown size: the first state's output is measured.
        frame = Frame(self.info, self.program.start, item.input, size=_UNKNOWN_SIZE)
        self.root = frame
        self._limit_duration(frame)
        self.ready.append(frame)

    def _redrive(self, _: Redrive) -> None:
        """Go on from what failed or was stopped. AWS: "Restarting state machine executions with redrive"."""
        if self.status in ("RUNNING", "SUCCEEDED"):
            return
        root = self.root
        count = (self.info.redrive_count or 0) + 1
        self.info = root.info = replace(self.info, redrive_count=count)
        self.status, self.error = "RUNNING", None
        root.previous = self.count
        self.log(root, (history.REDRIVEN, count))
        self._limit_duration(root)
        if root.redrive(self):
            self.ready.append(root)

    def _limit_duration(self, frame: Frame) -> None:
        if self.quotas:
            self._start_timer(self.now + self.quotas.duration_ms, 0, frame, Timer.QUOTA)
        if self.program.timeout_seconds is not None:
            self._start_timer(self.now + self.program.timeout_seconds * 1000, 0, frame, Timer.EXECUTION)

    def _started(self, item: TaskStarted) -> None:
        op = self.ops.get(item.op)
        if op is not None:
            op.is_told = True
            op.frame.state.started(self, op.frame, item.worker)

    def _submitted(self, item: TaskSubmitted) -> None:
        op = self.ops.get(item.op)
        if op is not None:
            op.is_told = True
            op.frame.state.submitted(self, op.frame, item.output)

    def _succeeded(self, item: TaskSucceeded) -> None:
        op = self.ops.pop(item.op, None)
        if op is not None and op.frame.state.succeeded(self, op.frame, item.output):
            self.ready.append(op.frame)

    def _failed(self, item: TaskFailed) -> None:
        op = self.ops.pop(item.op, None)
        if op is not None and op.frame.state.failed(self, op.frame, StateError(item.error, item.cause)):
            self.ready.append(op.frame)

    def _heartbeat(self, item: Heartbeat) -> None:
        op = self.ops.get(item.op)
        if op is not None:
            op.frame.heartbeat_at = self.now

    def _items_read(self, item: ItemsRead) -> None:
        op = self.ops.pop(item.op, None)
        if op is not None:
            op.frame.state.items_read(self, op.frame, item)

    def _map_run_updated(self, item: MapRunUpdated) -> None:
        for op in self.ops.values():
            if op.frame.group is not None and op.frame.group.update(self, item):
                return

    def _time_passed(self, _: TimePassed | Continue) -> None:
        """Nothing: timers fire, and what is ready goes on, after any input."""

    def _stop(self, item: Stop) -> None:
        self.end("ABORTED", StateError(item.error, item.cause))

    def _faulted(self, item: Fault) -> None:
        self.fault = None
        self.end("FAILED", StateError(item.error, item.cause))

    def _fire(self, now: int) -> None:
        timers = self.timers
        while timers and timers[0][0] <= now and self.status == "RUNNING":
            _, _, op, frame, what = heappop(timers)
            if not op:
                is_named = HISTORY_AS_AWS.holds(self.info)
                self.end("TIMED_OUT", StateError("States.Timeout" if is_named else None))
            elif frame.op == op and frame.state.timed(self, frame, what):
                self.ready.append(frame)

    # ------------------------------------------------------------ the loop

    def _run(self) -> None:
        self._budget = TURN_BUDGET
        ready = self.ready
        while ready and self._budget > 0:
            frame = ready.popleft()
            goes_on = True
            while goes_on:
                state = frame.state
                if self._budget <= 0:
                    ready.appendleft(frame)
                    goes_on = False
                elif state.step is None:
                    goes_on = state.enter(self, frame)
                else:
                    goes_on = self._go_straight(frame)

    def _go_straight(self, frame: Frame) -> bool:
        """Visit states that neither wait nor fork until one does; say whether the frame goes on."""
        rows = self.rows
        append = rows.append
        if self.marked_at != self.now:
            append((None, self.now, frame.previous))
            self.marked_at = self.now
        elif frame.previous != self.count:
            append(self.count - frame.previous)
        first = len(rows)
        limit = self.payload_limit
        state, value, size = frame.state, frame.value, frame.size
        step = state.step
        room = (self.room - self.count) // 2
        if room > self._budget:
            room = self._budget
        stride = self.program.stride
        is_whole = room <= stride
        if not is_whole:
            room = stride
        failure: StateFailure | None = None
        try:
            for _ in range(room):
                following, out = step(value, frame)  # type: ignore[misc]  # None has ended the loop
                size = size * state.factor + state.plus
                if size > limit:
                    size = self.measure(out, state.name)
                append((state, value, out))
                state = following
                value = out
                step = state.step
                if step is None:
                    break
        except StateFailure as caught:
            failure = caught
        except Exception as fault:
            self.count += 2 * (len(rows) - first)
            frame.previous = self.count
            raise fault
        visits = len(rows) - first
        self._budget -= visits
        if visits:
            self.count += 2 * visits
            frame.previous = self.count
            frame.entered_id = 0
        frame.state, frame.value, frame.size = state, value, size
        if failure is not None:
            self.enter(frame)
            self.state_failed(frame, failure)
            return False
        if step is not None and self._budget > 0 and is_whole:
            raise HistoryFull
        if self.program.deepens:
            return self._stays_readable(frame, visits * self.program.deepens)
        return True

    def _stays_readable(self, frame: Frame, levels: int) -> bool:
        """Fail the branch where its value is nested too deep; say whether it goes on."""
        try:
            self._deepen(frame, frame.value, levels)
        except StateFailure as failure:
            if frame.state.name:
                self.enter(frame)
            self.state_failed(frame, failure)
            return False
        return True

    def _deepen(self, frame: Frame, value: JSONValue, levels: int) -> None:
        """Note that a value may be so many levels deeper; look at it where they add up.

        AWS doesn't say how deep JSON may be nested; the reader that it uses takes 1,000 levels. Here it is
        what Python writes and reads with certainty.

        Raises:
            StateFailure: States.DataLimitExceeded.
        """
        frame.deepened += levels
        if frame.deepened <= MAX_DEPTH:
            return
        if is_deeper(value, MAX_DEPTH) or is_deeper(dict(frame.variables), MAX_DEPTH):
            raise StateFailure("States.DataLimitExceeded", data_limit_cause(frame.state.name), is_bare=True)
        frame.deepened = 0

    # ------------------------------------------------------------ for states: history

    def _mark(self, frame: Frame) -> None:
        if self.marked_at != self.now:
            self.rows.append((None, self.now, frame.previous))
            self.marked_at = self.now
        elif frame.previous != self.count:
            self.rows.append(self.count - frame.previous)

    def log(self, frame: Frame, row: Row, events: int = 1) -> None:
        """Append one row that reads as ``events`` events of the frame's branch."""
        if self.count + events > self.room:
            raise HistoryFull
        if self.marked_at != self.now:
            self.rows.append((None, self.now, frame.previous))
            self.marked_at = self.now
        elif frame.previous != self.count:
            self.rows.append(self.count - frame.previous)
        self.rows.append(row)
        self.count += events
        frame.previous = self.count

    def log_aside(self, frame: Frame, row: Row) -> None:
        """Append an event that the branch's next event doesn't follow."""
        previous = frame.previous
        self.log(frame, row)
        frame.previous = previous

    def enter(self, frame: Frame) -> None:
        """Log that the frame entered its state."""
        state = frame.state
        self._budget -= 1
        frame.came_from = frame.previous
        self.log(frame, (history.ENTERED, state.kind, state.name, frame.value))
        frame.entered_id = self.count
        frame.entered_at = frame.now = self.now

    def begin(self, frame: Frame, row: Row, events: int) -> None:
        """Log in one row that the frame entered its state and that the state's work began."""
        self._budget -= 1
        frame.came_from = frame.previous
        self.log(frame, row, events)
        frame.entered_id = self.count - events + 1
        frame.entered_at = frame.now = self.now

    def leave(
        self, frame: Frame, following: State, out: JSONValue, assigned: Mapping[str, JSONValue] | None = None
    ) -> None:
        """Log that the frame left its state, with its output and the variables it assigned; go on."""
        state = frame.state
        if state.levels:
            self._deepen(frame, out, state.levels)
        frame.size = self.measure(out, state.name)
        if assigned:
            self._assign(frame, assigned)
        self.log(frame, (history.EXITED, state.kind, state.name, out, assigned))
        frame.state, frame.value = following, out
        frame.entered_id = 0

    def leave_done(self, frame: Frame, following: State, out: JSONValue, size: float, row: Row) -> None:
        """Log in one row that a task succeeded and that its state was left with the result; go on."""
        self.log(frame, row, 2)
        frame.state, frame.value, frame.size = following, out, size
        frame.entered_id = 0

    def pass_through(
        self, frame: Frame, following: State, out: JSONValue, assigned: Mapping[str, JSONValue] | None
    ) -> None:
        """Log in one row that the frame entered a straight-line state and left it; go on."""
        state = frame.state
        if state.levels:
            self._deepen(frame, out, state.levels)
        size = frame.size * state.factor + state.plus
        frame.size = size if size <= self.payload_limit else self.measure(out, state.name)
        if assigned:
            self._assign(frame, assigned)
        self._budget -= 1
        self.log(frame, (history.VISITED, state.kind, state.name, frame.value, out, assigned), 2)
        frame.state, frame.value = following, out
        frame.entered_id = 0

    def _assign(self, frame: Frame, assigned: Mapping[str, JSONValue]) -> None:
        """Give variables their values, within AWS's limits: 256 KiB an Assign, 10 MiB in all."""
        variables = {**frame.variables, **assigned}
        if self.quotas is not None:
            limit = self.quotas.payload_bytes
            size = size_bytes(assigned, limit)  # type: ignore[arg-type]  # an Assign gives a dict
            total = frame.variables_size + size
            if total > self.quotas.variables_bytes:
                total = len(to_text(variables).encode("utf-8", "surrogatepass"))
            if size > limit or total > self.quotas.variables_bytes:
                raise StateFailure("States.DataLimitExceeded", variables_limit_cause(frame), is_bare=True)
            frame.variables_size = total
        frame.variables = variables

    def measure(self, value: JSONValue, owner: str) -> float:
        """Return a bound of the value's size that is within the quota, or fail.

        Raises:
            StateFailure: States.DataLimitExceeded. AWS: "Handling errors": terminal, nothing catches it.
        """
        limit = self.payload_limit
        if limit is UNLIMITED or value is self._measured:
            return self._size
        size = size_bytes(value, limit)
        if size > limit:
            raise StateFailure("States.DataLimitExceeded", data_limit_cause(owner), is_bare=True)
        self._measured, self._size = value, size
        return size

    # ------------------------------------------------------------ for states: waiting

    def open_op(self, frame: Frame) -> int:
        """Name what the frame waits for from now on; whatever it waited for before is stale."""
        self._last_op += 1
        frame.op = self._last_op
        return self._last_op

    def start_timer(self, frame: Frame, at: int, what: Timer) -> None:
        """Call the state's ``timed`` at ``at`` (ms), unless the frame waits for something else by then."""
        self._start_timer(at, frame.op, frame, what)

    def _start_timer(self, at: int, op: int, frame: Frame, what: Timer) -> None:
        self._last_timer += 1
        heappush(self.timers, (at, self._last_timer, op, frame, what))

    def start_work(self, frame: Frame, command: Command) -> None:
        """Ask the driver for work; its answer comes back to the frame's state."""
        self.ops[frame.op] = Op(command, frame)
        self.commands.append(command)

    def token(self, op: int) -> str:
        """Make the task token of an op: unguessable where the seed is."""
        return urlsafe_b64encode(sha256(f"{self.info.seed}/{self.info.arn}/{op}".encode()).digest()).decode()

    def has_given(self, token: str) -> bool:
        """Whether a token is that of one of this execution's ops."""
        return any(token == self.token(op) for op in range(1, self._last_op + 1))

    def drop_op(self, frame: Frame) -> None:
        """Stop waiting; tell the driver where work was under way."""
        op = self.ops.pop(frame.op, None)
        if op is not None:
            self.commands.append(CancelTask(frame.op, op))
        frame.op = 0

    # ------------------------------------------------------------ what an explorer says otherwise

    def entry(self, frame: Frame) -> int:
        """Give the id of the event at which the frame entered its state, for the causes of failures."""
        return frame.entered_id

    def retry_delay(self, frame: Frame, retrier: Retrier, attempt: int) -> int:
        """Say how long (ms) the ``attempt``-th retry that a retrier grants is waited for."""
        return delay_ms(retrier, attempt, frame.random)

    # ------------------------------------------------------------ for states: failing and ending

    def state_error(self, frame: Frame, failure: StateFailure) -> StateError:
        """Word a state's failure as AWS does, naming the state and where it was entered.

        Where a JSONata expression failed, history says so in an event of its own.
        """
        error = failure.error
        if not failure.is_bare and error.cause is not None:
            where = f"An error occurred while executing the state '{frame.state.name}'"
            error = StateError(
                error.name, f"{where} (entered at the event id #{self.entry(frame)}). {error.cause}"
            )
        if failure.location is not None:
            is_former = not HISTORY_AS_AWS.holds(frame.info)
            if is_former and frame.previous == frame.entered_id and not failure.is_late:
                # Observed: undefined_reference, in 2024. The event followed what the entry follows.
                frame.previous = frame.came_from
            self.log(frame, (history.EVALUATION_FAILED, frame.state.name, error, failure.location))
        return error

    def state_failed(self, frame: Frame, failure: StateFailure) -> None:
        """End a branch because its state failed, where the state has no Retry and no Catch."""
        error = self.state_error(frame, failure)
        self.branch_failed(frame, error, is_fatal=error.name in FATAL)

    def branch_failed(self, frame: Frame, error: StateError, *, is_fatal: bool) -> None:
        """End a branch with an error; a fatal one is caught by nothing outside either."""
        if frame.group is None or (is_fatal and HISTORY_AS_AWS.holds(frame.info)):
            self.end("FAILED", error, frame)
        else:
            frame.group.broke(self, frame, error, is_fatal=is_fatal)

    def abort(self, group: Group) -> None:
        """Stop every live branch of a group, innermost first."""
        group.unsuccessful = list(group.live)
        for frame in group.unsuccessful:
            if frame.inner is not None:
                self.abort(frame.inner)
                frame.inner, frame.fallen = None, frame.inner
            self.drop_op(frame)
            if frame in self.ready:  # between two states, or not begun
                self.ready.remove(frame)
            else:
                previous = frame.previous
                frame.state.aborted(self, frame)
                if HISTORY_AS_AWS.holds(frame.info):
                    frame.previous = previous
            group.stopped(self, frame)
        group.live.clear()

    def succeed(self, frame: Frame) -> None:
        """End the execution with the frame's value."""
        self._mark(frame)
        self.rows.append((history.SUCCEEDED, frame.value))
        self.count += 1
        self.status = "SUCCEEDED"
        self.output = frame.value
        self._close()

    def end(
        self, status: Literal["FAILED", "TIMED_OUT", "ABORTED"], error: StateError, frame: Frame | None = None
    ) -> None:
        """End the execution without a result. Observed: an aborted execution's last event follows event 0."""
        kind = {"FAILED": "Failed", "TIMED_OUT": "TimedOut", "ABORTED": "Aborted"}[status]
        self.rows.append((None, self.now, frame.previous if frame else 0))
        self.rows.append((history.FAILED, kind, error))
        self.count += 1
        self.status = status
        self.error = error
        self._close()

    def _fail_by_quota(self) -> None:
        limit = self.quotas.history_events if self.quotas else 0
        if self.quotas and self.quotas.events_take_time:
            minutes = self.quotas.duration_ms // 60_000
            cause = f"The execution has {limit:,} events, which take longer than its {minutes} minutes."
            self.end("TIMED_OUT", StateError("States.Timeout", cause))
            return
        cause = f"The execution reached the maximum number of history events ({limit})."
        self.rows.append((None, self.now, self.count))
        self.rows.append((history.FAILED, "Failed", StateError("States.Runtime", cause)))
        self.count += 1
        self.status = "FAILED"
        self.error = StateError("States.Runtime", cause)
        self._close()

    def _close(self) -> None:
        if self.status != "SUCCEEDED":
            _suspend(self.root)
        self.commands += [CancelTask(number, op) for number, op in self.ops.items()]
        self.ops.clear()
        self.ready.clear()
        self.timers.clear()


def _suspend(frame: Frame) -> None:
    """Keep what a redrive needs of a frame whose execution was ended from outside."""
    frame.op = 0
    group, frame.inner = frame.inner, None
    if group is not None:
        frame.fallen = group
        group.unsuccessful = list(group.live)
        group.live.clear()
        for child in group.unsuccessful:
            _suspend(child)


def variables_limit_cause(frame: Frame) -> str:
    """Word States.DataLimitExceeded of an Assign; AWS's own words aren't known."""
    limit = "the maximum number of bytes service limit"
    return f"The state '{frame.state.name}' assigned variables with a size exceeding {limit}."


def data_limit_cause(owner: str) -> str:
    """Word States.DataLimitExceeded. Observed: catch_state_all_data_limit_exceeded."""
    limit = "the maximum number of bytes service limit"
    return f"The state/task '{owner}' returned a result with a size exceeding {limit}."


_APPLY: dict[type[Any], Callable[[Kernel, Any], None]] = {
    Start: Kernel._start,
    TaskStarted: Kernel._started,
    TaskSubmitted: Kernel._submitted,
    TaskSucceeded: Kernel._succeeded,
    TaskFailed: Kernel._failed,
    Heartbeat: Kernel._heartbeat,
    ItemsRead: Kernel._items_read,
    MapRunUpdated: Kernel._map_run_updated,
    TimePassed: Kernel._time_passed,
    Continue: Kernel._time_passed,
    Redrive: Kernel._redrive,
    Stop: Kernel._stop,
    Fault: Kernel._faulted,
}
