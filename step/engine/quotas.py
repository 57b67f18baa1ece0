"""The limits of Step Functions, enforced with AWS's errors.

Pure: no clock, no IO.
AWS: Step Functions developer guide, "Quotas".
"""

from __future__ import annotations

from dataclasses import dataclass

# An inline Map runs at most this many iterations at once, whatever MaxConcurrency says.
INLINE_MAP_CONCURRENCY = 40
# A distributed Map runs at most this many child executions at once.
MAP_RUN_CONCURRENCY = 10_000
# A batch of a distributed Map is a child execution's input, and no larger than any.
BATCH_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """What one execution may use. ``Quotas()`` is a STANDARD workflow's."""

    payload_bytes: int = 256 * 1024
    # Of all variables together; those of one Assign are bound by payload_bytes.
    variables_bytes: int = 10 * 1024 * 1024
    history_events: int = 25_000
    duration_ms: int = 365 * 24 * 3600 * 1000
    # What is the matter where there are more events: too many of them, or too much time that they take.
    events_take_time: bool = False


# AWS has no quota of an Express workflow's events. A transition takes it longer than a millisecond, so that
# five minutes are over before 300,000 of them, of two events each: by that count an execution times out also
# where no virtual time passes.
EXPRESS = Quotas(history_events=600_000, duration_ms=5 * 60 * 1000, events_take_time=True)
# A turn that enters more states than this hands control back: a loop that never waits never returns.
TURN_BUDGET = 1_000_000
