"""Where an execution is: a frame per branch, each at a state; a group per running Parallel or Map.

Pure: no clock, no IO. Explicit objects instead of coroutines: a frame can be looked at, stopped and copied.
Here is also what states and kernel are to each other (``State``, ``Turn``): neither module knows the other.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple, Protocol, TypeVar

from step.asl.model import Retrier
from step.clock import format_timestamp
from step.engine import history
from step.engine.history import Row, Told
from step.engine.switches import CURRENT, INTRINSICS_AS_AWS
from step.engine.vocabulary import Command, ItemsRead, MapRunUpdated, OpenWork
from step.errors import StateError, StateFailure
from step.jsonvalue import JSONObject, JSONValue


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionInfo:
    """What doesn't change while an execution runs.

    ``start_ms`` counts from 1970; ``seed`` feeds all randomness.

    ``redrive_count`` is None for a synchronous Express execution: its context object has none.
    ``role_arn`` is None where a state is tested without one; ``context`` is what such a test gives in place
    of the context object, all but a Map's item.
    ``rules`` says which changes of behaviour it follows; see ``switches``.
    """

    arn: str
    name: str
    input: JSONValue
    start_ms: int
    role_arn: str | None
    machine_arn: str
    machine_name: str
    seed: str = "0"
    redrive_count: int | None = 0
    context: JSONObject | None = None
    rules: int = CURRENT


class Timer(Enum):
    """What a timer is for. The first two are the execution's own, the others a state's."""

    QUOTA = "the longest duration of any execution"
    EXECUTION = "TimeoutSeconds of the machine"
    WAIT = "Seconds or Timestamp of a Wait"
    RETRY = "IntervalSeconds of a retrier"
    TIMEOUT = "TimeoutSeconds of a task"
    HEARTBEAT = "HeartbeatSeconds of a task"


class Item(NamedTuple):
    """A Map iteration's item, for the context object; ``number`` counts from 0.

    ``key`` is a member's of an object that a distributed Map goes through; ``source`` says where a
    distributed Map's items come from: STATE_DATA, or an S3 URI.
    """

    number: int
    value: JSONValue
    key: str | None = None
    source: str | None = None

    @property
    def context(self) -> JSONObject:
        item: JSONObject = {"Index": self.number, "Value": self.value}
        told = {"Key": self.key, "Source": self.source}
        return item | {name: text for name, text in told.items() if text is not None}


T = TypeVar("T")


@cache
def _slots(cls: Any) -> tuple[tuple[str, ...], Callable[[object], tuple[Any, ...]]]:
    names = tuple(name for base in cls.__mro__ for name in base.__dict__.get("__slots__", ()))
    return names, attrgetter(*names)


def _copied(thing: T) -> T:
    """Copy an object with slots; what is in them is shared."""
    cls: Any = type(thing)
    names, read = _slots(cls)
    twin: T = cls.__new__(cls)
    for name, value in zip(names, read(thing), strict=True):
        setattr(twin, name, value)
    return twin


class Group:
    """The running branches of a Parallel or iterations of a Map; subclasses say what an end means."""

    __slots__ = ("live", "owner", "unsuccessful")

    def __init__(self, owner: Frame) -> None:
        self.owner = owner
        # Another run of the same state draws other random values in its branches.
        owner.draws += 1
        # Insertion-ordered: branches are aborted in the order in which they started.
        self.live: dict[Frame, None] = {}
        # What a redrive runs again: the branches that failed or were stopped.
        self.unsuccessful: list[Frame] = []

    def finished(self, turn: Turn, frame: Frame) -> None:
        """Take the result of a branch that came to its end."""
        raise NotImplementedError

    def broke(self, turn: Turn, frame: Frame, error: StateError, *, is_fatal: bool) -> None:
        """Take the failure of a branch."""
        raise NotImplementedError

    def stopped(self, turn: Turn, frame: Frame) -> None:
        """Tell history that a branch was stopped from outside."""

    def update(self, turn: Turn, given: MapRunUpdated) -> bool:
        """Take other limits; False where they are another group's."""
        return False

    def fork(self, owner: Frame, twins: dict[Frame, Frame]) -> Group:
        """Copy the group with its branches; ``twins`` takes note of what became of each frame."""
        twin = _copied(self)
        twin.owner = owner
        twin.live = {frame.fork(twin, twins): None for frame in self.live}
        twin.unsuccessful = [frame.fork(twin, twins) for frame in self.unsuccessful]
        return twin

    @property
    def key(self) -> tuple[Any, ...]:
        """What decides on how it goes on, beside its branches; see ``engine.key``."""
        raise NotImplementedError

    def redrive(self, turn: Turn) -> None:
        """Run the unsuccessful branches again, from the states they were in."""
        owner = self.owner
        owner.inner = self
        turn.open_op(owner)
        revived, self.unsuccessful = self.unsuccessful, []
        for frame in revived:
            frame.info, frame.previous = owner.info, owner.previous
            self.live[frame] = None
        for frame in revived:
            if frame in self.live and frame.redrive(turn):
                turn.ready.append(frame)


class Frame:
    """One branch at one state; the ``Scope`` of its expressions.

    ``value`` is the state's raw input; ``size`` is no less than its JSON text's bytes. ``previous`` is the id
    that the branch's next event follows. ``op`` names what the frame waits for; 0: nothing.
    """

    __slots__ = (
        "came_from",
        "deepened",
        "draws",
        "entered_at",
        "entered_id",
        "error",
        "fallen",
        "group",
        "heartbeat_at",
        "heartbeat_ms",
        "index",
        "info",
        "inner",
        "item",
        "now",
        "op",
        "path",
        "previous",
        "retries",
        "retry_count",
        "size",
        "state",
        "strand",
        "token",
        "value",
        "variables",
        "variables_size",
    )

    def __init__(
        self,
        info: ExecutionInfo,
        state: State,
        value: JSONValue,
        *,
        size: float,
        previous: int = 0,
        group: Group | None = None,
        index: int = 0,
        variables: Mapping[str, JSONValue] | None = None,
        item: Item | None = None,
        path: tuple[int, ...] = (),
        strand: str = "",
    ) -> None:
        self.info = info
        self.state = state
        self.value = value
        self.size = size
        # How much deeper the value may be nested than when it was looked at.
        self.deepened = 0
        self.previous = previous
        self.group = group
        self.index = index
        # Never changed, only replaced: inner branches share their outer branch's.
        self.variables: Mapping[str, JSONValue] = {} if variables is None else variables
        # No less than their JSON text's bytes.
        self.variables_size: float = 0
        self.item = item
        self.path = path
        self.inner: Group | None = None
        # The group whose failure failed the state, while nothing else has happened to the frame.
        self.fallen: Group | None = None
        self.op = 0
        self.retries: dict[int, int] = {}
        self.retry_count = 0
        # What the work of a state failed with last; Retry and Catch looked at it.
        self.error: StateError | None = None
        self.entered_id = 0
        # The id that the entered event follows.
        self.came_from = 0
        self.entered_at = info.start_ms
        # The kernel's time when the frame was last worked on: what its expressions see as now.
        self.now = info.start_ms
        self.heartbeat_at = 0
        self.heartbeat_ms = 0
        self.token: str | None = None
        # Names the branch and the run of the state it is in: what its random values come from.
        self.strand = strand
        self.draws = 0

    def child(
        self, group: Group, state: State, value: JSONValue, *, index: int, item: Item | None, size: float
    ) -> Frame:
        """Begin a branch inside this frame's state; its chain of events follows this frame's last."""
        frame = Frame(
            self.info,
            state,
            value,
            size=size,
            previous=self.previous,
            group=group,
            index=index,
            variables=self.variables,
            item=item,
            path=(*self.path, index),
            strand=f"{self.strand}{self.draws}.{index}/",
        )
        frame.variables_size, frame.deepened = self.variables_size, self.deepened
        frame.now = self.now
        return frame

    def fork(self, group: Group | None, twins: dict[Frame, Frame]) -> Frame:
        """Copy the frame with all that runs inside its state; values are shared."""
        twin = twins[self] = _copied(self)
        twin.group = group
        twin.retries = self.retries.copy()
        if self.inner is not None:
            twin.inner = self.inner.fork(twin, twins)
        if self.fallen is not None:
            twin.fallen = self.fallen.fork(twin, twins)
        return twin

    def redrive(self, turn: Turn) -> bool:
        """Go on after the execution has failed; say whether the frame goes on at once."""
        if not self.entered_id:
            return True
        return self.state.redrive(turn, self)

    @property
    def run(self) -> str:
        """Name the run of the group that the branch belongs to."""
        return self.strand.rpartition(".")[0]

    @property
    def has_former_functions(self) -> bool:
        """Whether intrinsic functions are those of ``former_intrinsics``."""
        return not INTRINSICS_AS_AWS.holds(self.info)

    @property
    def random(self) -> random.Random:
        """Derive randomness from seed, branch and draw, so that editing one branch changes no other."""
        self.draws += 1
        return random.Random(f"{self.info.seed}/{self.strand}{self.draws}")

    @property
    def context(self) -> JSONObject:
        """Build the context object.

        Spec: ASL "The Context Object". AWS: Step Functions developer guide, "Accessing execution data".
        """
        context = self._context if self.info.context is None else dict(self.info.context)
        if self.item is not None:
            context["Map"] = {"Item": self.item.context}
        return context

    @property
    def _context(self) -> JSONObject:
        info = self.info
        state: JSONObject = {"Name": self.state.name, "EnteredTime": format_timestamp(self.entered_at)}
        if self.state.counts_retries:
            state["RetryCount"] = self.retry_count
        execution: JSONObject = {
            "Id": info.arn,
            "Input": info.input,
            "StartTime": format_timestamp(info.start_ms),
            "Name": info.name,
            "RoleArn": info.role_arn,
        }
        if info.redrive_count is not None:
            execution["RedriveCount"] = info.redrive_count
        context: JSONObject = {
            "Execution": execution,
            "StateMachine": {"Id": info.machine_arn, "Name": info.machine_name},
            "State": state,
        }
        if self.token is not None:
            context["Task"] = {"Token": self.token}
        return context


# A straight-line state's whole work: (raw input, frame) -> (the state that follows, output).
Step = Callable[[JSONValue, Frame], tuple["State", JSONValue]]


# The errors of a state itself (not of its work) that Retry and Catch never see.
# AWS: Step Functions developer guide, "Handling errors".
# Observed: States.Runtime isn't caught even by its own name.
FATAL = frozenset({"States.Runtime", "States.DataLimitExceeded"})


class State:
    """A compiled state. It holds nothing of a run: all executions share it.

    A state with a ``step`` neither waits nor forks; the kernel visits it in its inner loop. Any other has
    ``enter``, which says whether the frame goes on at once. ``factor`` and ``plus`` bound the size of a
    step's output: at most ``factor * input + plus`` bytes. ``levels`` bounds how much deeper the output is
    nested.
    """

    kind = ""
    counts_retries = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.step: Step | None = None
        self.factor: float = 1
        self.plus: float = 0
        self.levels = 0

    def events(self, value: JSONValue, out: JSONValue) -> Iterable[Told]:
        """Read a straight-line visit's row."""
        return (history.entered(self.kind, self.name, value), history.exited(self.kind, self.name, out))

    def enter(self, turn: Turn, frame: Frame) -> bool:
        raise NotImplementedError

    def timed(self, turn: Turn, frame: Frame, what: Timer) -> bool:
        """Take a timer that the state started; say whether the frame goes on."""
        raise NotImplementedError

    def started(self, turn: Turn, frame: Frame, worker: str | None) -> None:
        """Take the news that work has begun."""

    def submitted(self, turn: Turn, frame: Frame, output: JSONValue) -> None:
        """Take the answer of an integration whose job goes on."""

    def succeeded(self, turn: Turn, frame: Frame, output: JSONValue) -> bool:
        """Take a result; say whether the frame goes on."""
        raise NotImplementedError

    def failed(self, turn: Turn, frame: Frame, error: StateError) -> bool:
        """Take a failure of work; say whether the frame goes on."""
        raise NotImplementedError

    def items_read(self, turn: Turn, frame: Frame, read: ItemsRead) -> None:
        """Take a distributed Map's next items."""
        raise NotImplementedError

    def aborted(self, turn: Turn, frame: Frame) -> None:
        """Tell history that the state was stopped while it was inside."""

    def redrive(self, turn: Turn, frame: Frame) -> bool:
        """Run the state again after it failed or was stopped; say whether the frame goes on at once."""
        return self.enter(turn, frame)


class Turn(Protocol):
    """What a state may ask of the kernel while it handles an input."""

    now: int
    ready: deque[Frame]
    # How many bytes of JSON a value may have.
    payload_limit: float
    # How often each Task state has been given out as work.
    invocations: dict[str, int]

    def enter(self, frame: Frame) -> None:
        """Log that the frame entered its state."""

    def begin(self, frame: Frame, row: Row, events: int) -> None:
        """Log in one row that the frame entered its state and that the state's work began."""

    def leave(
        self, frame: Frame, following: State, out: JSONValue, assigned: Mapping[str, JSONValue] | None = None
    ) -> None:
        """Log that the frame left its state, with its output and the variables it assigned; go on."""

    def pass_through(
        self, frame: Frame, following: State, out: JSONValue, assigned: Mapping[str, JSONValue] | None
    ) -> None:
        """Log in one row that the frame entered a straight-line state and left it; go on."""

    def leave_done(self, frame: Frame, following: State, out: JSONValue, size: float, row: Row) -> None:
        """Log in one row that a task succeeded and that its state was left with the result; go on."""

    def log(self, frame: Frame, row: Row, events: int = 1) -> None:
        """Append one row that reads as ``events`` events of the frame's branch."""

    def log_aside(self, frame: Frame, row: Row) -> None:
        """Append an event that the branch's next event doesn't follow."""

    def measure(self, value: JSONValue, owner: str) -> float:
        """Bound the size of what a state or resource gave; raises StateFailure past the quota."""

    def open_op(self, frame: Frame) -> int:
        """Name what the frame waits for from now on; whatever it waited for before is stale."""

    def start_timer(self, frame: Frame, at: int, what: Timer) -> None:
        """Call the state's ``timed`` at ``at`` (ms), unless the frame waits for something else by then."""

    def start_work(self, frame: Frame, command: Command) -> None:
        """Ask the driver for work; its answer comes back to the frame's state."""

    def drop_op(self, frame: Frame) -> None:
        """Stop waiting; work under way is cancelled."""

    def token(self, op: int) -> str:
        """Make the task token of an op: unguessable where the seed is."""

    def abort(self, group: Group) -> None:
        """Stop every live branch of a group, innermost first."""

    def retry_delay(self, frame: Frame, retrier: Retrier, attempt: int) -> int:
        """Say how long (ms) the ``attempt``-th retry that a retrier grants is waited for."""

    def state_error(self, frame: Frame, failure: StateFailure) -> StateError:
        """Word a state's failure as AWS does, naming the state and where it was entered."""

    def state_failed(self, frame: Frame, failure: StateFailure) -> None:
        """End a branch because its state failed, where the state has no Retry and no Catch."""

    def branch_failed(self, frame: Frame, error: StateError, *, is_fatal: bool) -> None:
        """End a branch with an error; a fatal one is caught by nothing outside either."""

    def succeed(self, frame: Frame) -> None:
        """End the execution with the frame's value."""


class Op(OpenWork):
    """Open work with the branch that waits for it."""

    __slots__ = ("frame",)

    def __init__(self, command: Command, frame: Frame) -> None:
        # One for every task: a call of the base class's would be felt.
        self.command = command
        self.frame = frame
        self.is_told = self.is_called = self.is_answered = False
        self.held = self.child = None

    def fork(self, frame: Frame) -> Op:
        """Copy it for the copy of its branch."""
        twin = _copied(self)
        twin.frame = frame
        return twin


class End(State):
    """What follows a terminal state: the end of its branch, or of the execution."""

    def enter(self, turn: Turn, frame: Frame) -> bool:
        if frame.group is None:
            turn.succeed(frame)
        else:
            frame.group.finished(turn, frame)
        return False


END = End("")
