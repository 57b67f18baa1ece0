"""What an execution will do, as one value: two executions with equal keys go on alike.

Pure: no clock, no IO. What only tells what has been (history, ids, counters of attempts that are over) isn't
in it, so that ways which lead to the same come together. Times are relative to now.
"""

from __future__ import annotations

import marshal
from collections.abc import Collection, Mapping
from functools import cache
from hashlib import blake2b
from typing import Any, NamedTuple

from step.asl.model import Retrier
from step.asl.retry import delay_ms
from step.engine.explored_kernel import HIGHEST
from step.engine.frames import Frame, Timer
from step.engine.kernel import Kernel
from step.engine.quotas import Quotas
from step.engine.states.work import WorkState
from step.engine.vocabulary import StartTask

_SCALARS = frozenset({str, int, float, bool, bytes, type(None)})
# Each has more than one event.
_MOST_ATTEMPTS = Quotas().history_events
_TIMERS: Mapping[Timer, int] = {what: number for number, what in enumerate(Timer)}


class Seen(NamedTuple):
    """What else a machine and its handlers look at, so that it decides on what comes.

    Attributes:
        time: The time itself: a timestamp that is compared, ``$now()``, ``$$.State.EnteredTime``.
        draws: Random values and UUIDs.
        invocations: How often a state's work has been asked for: a list of answers is attached.
        deadline: How much is left of the machine's ``TimeoutSeconds`` and of the longest duration.
        attempts: How often a state has been tried again, and how long the next attempt is waited for.
    """

    time: bool = False
    draws: bool = False
    invocations: bool = False
    deadline: bool = False
    attempts: bool = True


NOTHING = Seen()
EVERYTHING = Seen(time=True, draws=True, invocations=True, deadline=True)

# The slots of Kernel, Frame, OpenWork and the groups that are in the key...
KEYED = {
    "Kernel": {"error", "fault", "invocations", "now", "ops", "output", "ready", "root", "status", "timers"},
    "Frame": {
        "draws",
        "entered_at",
        "heartbeat_at",
        "heartbeat_ms",
        "index",
        "inner",
        "item",
        "now",
        "op",
        "path",
        "retries",
        "retry_count",
        "state",
        "strand",
        "value",
        "variables",
    },
    "OpenWork": {"command", "is_told"},
    "Op": {"frame"},
    "Group": {"live"},
    "ParallelRun": {"left", "results"},
    "MapAttempt": {"at_once", "failures", "items", "left", "next_index", "results", "tolerated"},
}
# ... and those that aren't, each with the reason.
TOLD = {
    "Kernel": {
        "_budget": "of one turn",
        "_last_op": "names the next work",
        "_last_timer": "of two timers of one instant the older comes first: their order is in the key",
        "_measured": "a value measured before, so as not to measure it again",
        "_size": "its size",
        "commands": "given out at the end of a turn",
        "count": "the number of events so far: their quota is looked at along the longest way",
        "info": "what doesn't change",
        "marked_at": "where history has a mark",
        "payload_limit": "of the quotas",
        "program": "what doesn't change",
        "quotas": "what doesn't change",
        "room": "of the quotas; see count",
        "rows": "history",
    },
    "Frame": {
        "came_from": "an event's id",
        "deepened": "a bound: past it the value itself is looked at",
        "entered_id": "an event's id; it is in the causes of failures (Kernel.entry)",
        "error": "what a test of one state reads when it is over",
        "fallen": "only a redrive looks at it",
        "group": "the tree says it",
        "info": "what doesn't change; a redrive's count, which no redrive is compared by",
        "previous": "an event's id",
        "size": "a bound: past it the value itself is measured",
        "token": "names the work (Kernel.token)",
        "variables_size": "a bound: past it the variables themselves are measured",
    },
    "OpenWork": {
        "child": "what drives a child execution",
        "held": "the driver's",
        "is_answered": "the driver's",
        "is_called": "the driver's",
    },
    "Op": {},
    "Group": {
        "owner": "the tree says it",
        "unsuccessful": "only a redrive looks at it",
    },
    "ParallelRun": {"state": "its owner's"},
    "MapAttempt": {"state": "its owner's"},
}


def key(kernel: Kernel, seen: Seen = NOTHING) -> tuple[Any, ...]:
    """Say what an execution will do, as a tuple of JSON values and tuples.

    An execution that has ended is what it came to. States are known by their names.
    """
    if kernel.status != "RUNNING":
        error = kernel.error
        return (kernel.status, kernel.output, *(error or (None, None)))
    if kernel.fault is not None:
        return ("FAULT", repr(kernel.fault))
    places: dict[Frame, int] = {}
    tree = _frame(kernel, kernel.root, None, places, seen)
    now = kernel.now
    timers = tuple(
        (
            at - now if seen.attempts or what is not Timer.RETRY else 0,
            places[frame] if op else -1,
            _TIMERS[what],
        )
        for at, _, op, frame, what in sorted(kernel.timers)
        if (frame.op == op if op else seen.deadline)
    )
    ready = tuple(places[frame] for frame in kernel.ready)
    counts = kernel.invocations if seen.invocations else None
    return (tree, timers, ready, counts, now - kernel.info.start_ms if seen.time else None)


def digest(value: Any) -> bytes:
    """Name a key by 16 bytes.

    Marshal's later versions write what is referred to twice as a reference: they tell more than the value.
    """
    return blake2b(marshal.dumps(value, 2), digest_size=16).digest()


def without(value: Any, names: Collection[str]) -> Any:
    """Leave fields out of a key, wherever they are."""
    kind = type(value)
    if kind is dict:
        return {
            name: item if type(item) in _SCALARS else without(item, names)
            for name, item in value.items()
            if name not in names
        }
    if kind is list or kind is tuple:
        return [item if type(item) in _SCALARS else without(item, names) for item in value]
    return value


def _frame(
    kernel: Kernel, frame: Frame, outer: Mapping[str, Any] | None, places: dict[Frame, int], seen: Seen
) -> tuple[Any, ...]:
    places[frame] = len(places)
    state, variables = frame.state, frame.variables
    work = kernel.ops.get(frame.op)
    # Retries count in the state that counts them, from its entry on.
    is_counting = seen.attempts and frame.op and isinstance(state, WorkState)
    counts = _counts(state, frame) if is_counting else None  # type: ignore[arg-type]  # it is a WorkState
    beats = frame.heartbeat_ms and work and (frame.heartbeat_at - kernel.now, frame.heartbeat_ms)
    group = frame.inner
    inner = group and (
        group.key,
        [_frame(kernel, child, variables, places, seen) for child in sorted(group.live, key=_index)],
    )
    return (
        state.name,
        frame.value,
        None if variables is outer else dict(variables),
        frame.item and tuple(frame.item),
        counts,
        beats or None,
        work and (type(work.command).__name__, work.is_told),
        inner,
        (frame.index, frame.path),
        (frame.strand, frame.draws, _payload(work)) if seen.draws else None,
        (frame.entered_at - kernel.info.start_ms, frame.now - kernel.info.start_ms) if seen.time else None,
    )


def _counts(state: WorkState, frame: Frame) -> tuple[Any, ...]:
    tries = sorted(frame.retries.items())
    retry = state.retry
    if not any(is_endless(retry[number]) for number, _ in tries):
        return (tries, frame.retry_count)
    told = [
        (number, min(tried, _steady(retry[number])) if is_endless(retry[number]) else tried)
        for number, tried in tries
    ]
    return (told, sum(tried for _, tried in told))


def is_endless(retrier: Retrier) -> bool:
    """Whether an execution has more than all its events before a retrier is used up."""
    return retrier.max_attempts > _MOST_ATTEMPTS


@cache
def _steady(retrier: Retrier) -> int:
    """The attempt from which on a retrier waits equally long."""
    attempt = 1
    while delay_ms(retrier, attempt, HIGHEST) != delay_ms(retrier, attempt + 1, HIGHEST):
        attempt += 1
    return attempt


def _index(frame: Frame) -> int:
    return frame.index


def _payload(work: Any) -> Any:
    command = work and work.command
    return command.payload if isinstance(command, StartTask) else None
