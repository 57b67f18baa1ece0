"""Which retrier or catcher an error belongs to, and how long a retry waits.

Pure: no clock, no IO, no count of attempts: who runs the state keeps it.
Spec: ASL "Errors", "Retrying after error". AWS: Step Functions developer guide, "Handling errors".
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence

from step.asl.model import Catcher, Retrier

# AWS: the largest MaxDelaySeconds; without one no delay grows beyond it either.
_MAX_DELAY_MS = 31_622_400_000
_TIMEOUTS = frozenset({"States.Timeout", "States.HeartbeatTimeout"})


def match_error(name: str | None, error_equals: Collection[str]) -> bool:
    """Tell whether an error is among the names of a retrier or catcher.

    States.Runtime is matched by nothing, not even its own name. States.DataLimitExceeded is matched like any
    other: as a task's failure States.ALL catches it (Observed, against the documentation); where it ends
    the execution instead, nobody asks. A missed heartbeat is "States.HeartbeatTimeout" here, which
    States.Timeout matches too, though history calls it States.Timeout (Observed: heartbeat_timeout).
    """
    if name == "States.Runtime":
        return False
    if name in error_equals or "States.ALL" in error_equals:
        return True
    if name in _TIMEOUTS:
        return "States.Timeout" in error_equals
    return "States.TaskFailed" in error_equals


def match_first(entries: Sequence[Retrier | Catcher], name: str | None) -> int | None:
    """Give the index of the first retrier or catcher that matches the error, or None."""
    for index, entry in enumerate(entries):
        if match_error(name, entry.error_equals):
            return index
    return None


def delay_ms(retrier: Retrier, attempt: int, source: random.Random) -> int:
    """Compute the wait before the ``attempt``-th retry (from 1) that this retrier grants.

    With JitterStrategy FULL it is any time from 0 up to the delay.
    """
    limit = _MAX_DELAY_MS if retrier.max_delay_seconds is None else retrier.max_delay_seconds * 1000
    try:
        delay = min(limit, round(retrier.interval_seconds * 1000 * retrier.backoff_rate ** (attempt - 1)))
    except OverflowError:
        delay = limit
    return source.randint(0, delay) if retrier.jitter_strategy == "FULL" else delay
