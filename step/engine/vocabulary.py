"""Everything that goes into the kernel and comes out of it, as data.

Pure: no clock, no IO. A driver turns the world into inputs and commands into deeds; a journal of inputs
is a whole execution. ``op`` names one piece of outside work, unique within an execution.
"""

from __future__ import annotations

from typing import NamedTuple

from step.jsonvalue import JSONObject, JSONValue

# ---------------------------------------------------------------- inputs


class Start(NamedTuple):
    """Begin the execution."""

    input: JSONValue


class TaskStarted(NamedTuple):
    """An activity's worker took the task (other tasks start when they are scheduled)."""

    op: int
    worker: str | None = None


class TaskSubmitted(NamedTuple):
    """A ``.sync`` or ``.waitForTaskToken`` integration answered; the job itself goes on."""

    op: int
    output: JSONValue


class TaskSucceeded(NamedTuple):
    """Work is done: a handler's result, a job's, or a token's answer. ``output`` must be JSON."""

    op: int
    output: JSONValue


class TaskFailed(NamedTuple):
    """Work failed with an ASL error name."""

    op: int
    error: str | None
    cause: str | None


class Heartbeat(NamedTuple):
    """Work is alive."""

    op: int


class TimePassed(NamedTuple):
    """Nothing happened but time: timers that are due fire."""


class Continue(NamedTuple):
    """Go on with a turn that ran out of its budget (``Kernel.is_busy``)."""


class ItemsRead(NamedTuple):
    """A distributed Map's next items; ``is_last`` when the reader has no more.

    ``sources`` says where they come from if not from what the reader names: pairs of a number of items and
    the URI of the object that holds these.
    """

    op: int
    items: list[JSONValue]
    is_last: bool
    sources: list[JSONValue] | None = None


class MapRunUpdated(NamedTuple):
    """UpdateMapRun: other limits for a Map Run that goes on; None leaves a limit as it is."""

    run: str
    max_concurrency: int | None
    tolerated_count: float | None
    tolerated_percentage: float | None


class Stop(NamedTuple):
    """StopExecution: abort the execution from outside."""

    error: str | None
    cause: str | None


class Redrive(NamedTuple):
    """RedriveExecution: go on from the states that failed."""


class Fault(NamedTuple):
    """Step itself broke in a turn (``Kernel.fault``): the execution fails; a redrive goes on from there."""

    error: str
    cause: str


Input = (
    Start
    | TaskStarted
    | TaskSubmitted
    | TaskSucceeded
    | TaskFailed
    | Heartbeat
    | TimePassed
    | Continue
    | ItemsRead
    | MapRunUpdated
    | Stop
    | Redrive
    | Fault
)

# ---------------------------------------------------------------- commands


class StartTask(NamedTuple):
    """Do a Task state's work; answer with TaskSucceeded or TaskFailed.

    ``attempt`` counts from 0 (the context object's RetryCount); so does ``invocation``, which goes on where
    the state is entered again: in a loop, in another iteration of a Map, in a redrive. ``token`` answers from
    outside, where the resource waits for one. ``branch`` is where the state's branch is: a number for each
    Parallel or Map around it.
    """

    op: int
    state: str
    resource: str
    payload: JSONValue
    attempt: int
    token: str | None
    credentials: JSONValue
    branch: tuple[int, ...]
    invocation: int = 0


class CancelTask(NamedTuple):
    """Nobody waits for this work any more: it timed out, or its branch was stopped."""

    op: int
    work: OpenWork


class ReadItems(NamedTuple):
    """Read a distributed Map's next items, from number ``first`` on, at most so many; answer with ItemsRead.

    ``run`` is the Map Run's ARN: reads of one run go on where the last one ended. ``reader`` is the
    ItemReader with everything in it evaluated; both languages' parameters are under ``Parameters``.
    """

    op: int
    state: str
    run: str
    reader: JSONObject
    first: int
    at_most: int


class WriteResults(NamedTuple):
    """Write a distributed Map's next results; answer with TaskSucceeded.

    A result is the status of its child execution and what is to be written. The answer to the last ones is
    the state's result. ``writer`` is the ResultWriter with everything in it evaluated.
    """

    op: int
    state: str
    run: str
    writer: JSONObject
    results: list[tuple[str, JSONValue]]
    is_last: bool


class StartChild(NamedTuple):
    """Run a child execution of a distributed Map; answer with TaskSucceeded or TaskFailed.

    ``state`` is the Map's name, ``label`` what stands for it in ARNs, ``name`` the execution's own name.
    With a ``redrive_count`` it is one that has run before and didn't succeed: a Standard execution goes on
    from where it failed (give its kernel Redrive), an Express one starts anew.
    """

    op: int
    state: str
    label: str
    name: str
    is_express: bool
    input: JSONValue
    redrive_count: int = 0


Command = StartTask | CancelTask | ReadItems | WriteResults | StartChild


class OpenWork:
    """A piece of outside work that an execution waits for: the one account of it, from command to end.

    Attributes:
        command: What was asked for.
        is_told: Whether the answer comes from outside in any case: a job that was submitted, an activity's
            task that a worker has. The kernel knows; all else is noted by who drives it.
        is_called: Whether the work's own call goes on; only noted where a token may be answered meanwhile.
        is_answered: Whether its end has come and is still to be taken.
        held: An answer to the token that came before the work's own call has returned.
        child: What drives the child execution, once it has begun.
    """

    __slots__ = ("child", "command", "held", "is_answered", "is_called", "is_told")

    command: Command
    is_told: bool
    is_called: bool
    is_answered: bool
    held: Input | None
    child: object
