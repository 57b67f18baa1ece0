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


EXPRESS = Quotas(history_events=10**9, duration_ms=5 * 60 * 1000)
# A turn that enters more states than this hands control back: a loop that never waits never returns.
TURN_BUDGET = 1_000_000
